// The elements' own words. A category's label is not among them: the proxy's answer brings it in both languages.

/** Where a case can stand, in the order in which a list shows it. */
export const STAGES = ["intake", "biometrics", "review", "evidence", "interview", "decision", "delivery", "appeal", "closed", "unknown"];

export const TABLES = {
  en: {
    language: "en",
    stages: STAGES.map((stage) => stage[0].toUpperCase() + stage.slice(1)),
    stage: "Stage: ",
    loading: "Loading …",
    due: "Action required",
    by: "Respond by ",
    official: "Official text: ",
    number: "Receipt ending in ",
    show: "Show: ",
    asOf: "As of ",
    reasons: [", being renewed", ", because Torch does not answer", ", because the quota is used up", ", because Torch refuses the key"],
    missing: "Case not found",
    check: "Check the number. A new case may take days to appear.",
    failed: "Status not available",
    again: "Try again",
    useless: "Trying again will not help until this is mended.",
    noClient: "No client: call setClient().",
    cases: "Cases",
    changed: " cases have changed: ",
    more: " more",
  },
  es: {
    language: "es",
    stages: ["Recepción", "Biometría", "Revisión", "Evidencia", "Entrevista", "Decisión", "Entrega", "Apelación", "Cerrado", "Desconocida"],
    stage: "Etapa: ",
    loading: "Cargando …",
    due: "Se requiere acción",
    by: "Responda a más tardar el ",
    official: "Texto oficial: ",
    number: "Recibo que termina en ",
    show: "Mostrar: ",
    asOf: "Consultado ",
    reasons: [", en renovación", ", porque Torch no responde", ", porque se agotó la cuota", ", porque Torch rechaza la clave"],
    missing: "Caso no encontrado",
    check: "Verifique el número. Un caso nuevo puede tardar días en aparecer.",
    failed: "Estado no disponible",
    again: "Reintentar",
    useless: "Reintentar no ayudará hasta que esto se corrija.",
    noClient: "Falta el cliente: llame a setClient().",
    cases: "Casos",
    changed: " casos han cambiado: ",
    more: " más",
  },
};

/** The words in the language of an element: its own `lang` or that of the nearest around it; English where it is neither. */
export function wordsOf(element) {
  let found;
  for (let at = element; at && !found; at = at.getRootNode().host) found = at.closest("[lang]");
  return TABLES[/^es\b/i.test(found?.lang) ? "es" : "en"];
}

export const dateOf = (at, words) => (words.dates ??= new Intl.DateTimeFormat(words.language, { dateStyle: "long" })).format(at);

/** How long ago, or in how long. Of what has just been it says "now". */
export function near(at, words) {
  const seconds = (at - Date.now()) / 1000;
  const [unit, size] = [["day", 86_400], ["hour", 3600], ["minute", 60]].find(([, each]) => Math.abs(seconds) >= each) ?? ["second", 1];
  words.times ??= new Intl.RelativeTimeFormat(words.language, { numeric: "auto" });
  return words.times.format(Math.trunc(size > 1 ? seconds / size : Math.max(0, seconds)), unit);
}
