// The board's own words. A category's label is not among them: the proxy's answer brings it in both languages. What the
// package's elements say as well is theirs.
import { STAGES, TABLES } from "../package/element/words.js";

export { STAGES };

/** A time that is written "a.m." brings the sentence's full stop along. */
const stop = (text) => text.replace(/\.\.(?= |$)/g, ".");

const en = {
  name: "Case board", cases: (n) => `${n} ${n === 1 ? "case" : "cases"}`,
  unread: "Not available",
  add: "Add cases", lookAgain: "Look again", csv: "Download CSV", print: "Print", settings: "Access", back: "All cases", skip: "To the content",
  search: "Search", searchHint: "Receipt, name or text", stage: "Stage", all: "All stages", grouped: "Group by stage",
  columns: { name: "Case", status: "Status", text: "Official text", due: "Respond by", since: "Since", age: "As of" },
  changedCount: (n) => `${n} ${n === 1 ? "change" : "changes"} since you last looked`, seen: "Mark as seen", allSeen: "Mark all as seen",
  actionCount: (n) => `${n} ${n === 1 ? "needs" : "need"} action`, failedCount: (n) => `${n} not available`,
  was: (label) => `was ${label}`, newText: "the official text is another", is: "Changed", noMatch: "No case matches.", showing: (n, of) => `${n} of ${of} cases`,
  empty: "No cases yet", emptyHint: "Paste receipt numbers, a spreadsheet’s column or a whole e-mail, and the board keeps watch over them.",
  kept: "This list is kept in this browser only. Nobody else sees it, and clearing the browser’s data removes it.",
  progress: (done, total) => `${done} of ${total} cases read`, loading: "Reading", days: (n) => n === 0 ? "today" : n < 0 ? `${-n} ${n === -1 ? "day" : "days"} ago` : `in ${n} ${n === 1 ? "day" : "days"}`,
  live: "Live: changes appear as they happen", polling: "Looking again regularly", offline: "No connection", offlineLong: (when) => stop(`The proxy cannot be reached. You see what was last known${when ? `: the newest is from ${when}, and each case says its own time` : ""}. The board tries again by itself.`),
  notRead: "Not read yet",
  addTitle: "Add cases", addHint: "Paste, type or drop: receipt numbers one a line, a CSV file, or a whole e-mail. Receipts are found in it. A CSV column called name, client or note is kept beside each case.",
  addLabel: "Text with receipt numbers", choose: "Choose a file", dropped: (name) => `Read from ${name}`,
  found: (n) => `${n} new ${n === 1 ? "case" : "cases"} found`, already: (n) => `${n} already on the board`, bad: (n) => `${n} that cannot be ${n === 1 ? "a receipt number" : "receipt numbers"}`,
  nothingFound: "No receipt number found yet. One is three letters and ten digits, such as IOE0912345678.", line: (n) => `Line ${n}`, addThem: (n) => `Add ${n} ${n === 1 ? "case" : "cases"}`, cancel: "Cancel",
  receiptErrors: {
    empty: "nothing is written there", too_short: "too short: three letters and ten digits are needed", too_long: "too long: there are more than ten digits", expected_letter: "a letter should stand here", expected_digit: "a digit should stand here",
  },
  official: "Official text", why: "Why we label it so",
  matched: {
    title: "The text is a title that we know, word for word.", pattern: "The text is no title that we know; its words tell.", description: "The first sentence of the description tells.",
    upstream: "The text does not tell; Torch’s own category does.", none: "Neither the text nor Torch’s category tells, so it stays unknown. We do not guess.",
  },
  rule: (rule) => `Rule: ${rule}`, decisive: "The words that decided are marked in the official text.", facts: "At a glance", form: "Form", eventDate: "Date in the text", since: "Status since", torchLooked: "Torch looked",
  outcome: "Outcome", outcomes: { favorable: "Favorable", adverse: "Adverse" }, final: "Final: nothing more is expected", freshness: "How old this is", ageNow: (when) => stop(`This answer is from ${when}.`),
  fresh: (when) => stop(`It counts as fresh until ${when}; until then Torch is not asked again.`), freshOver: "It is older than its time; at the next look it is renewed.",
  reasons: { hit: "It came from the proxy’s cache.", asked: "Torch was asked for it.", stored: "It came with an earlier look at the whole list.", live: "It came by itself, when the case changed.", refreshing: "It is being renewed at this moment.", torch_timeout: "Torch did not answer in time, so an older answer stands in.", quota_exhausted: "The day’s quota is used up, so an older answer stands in.", circuit_open: "Torch has failed often and is being left alone, so an older answer stands in.", torch_unauthorized: "Torch refuses the proxy’s key, so an older answer stands in.", offline: "There is no connection, so it is what was last known.", refused: "Without access to the proxy, it is what was last known.", other: "Torch did not give a new answer, so an older one stands in." },
  old: { offline: "no connection", refused: "no access", other: "no newer answer" },
  history: "History", historyHint: (n, ok) => `${n} ${n === 1 ? "entry" : "entries"} in the ledger; ${ok ? "each is chained to the one before, and the chain is whole." : "the chain is broken: something was altered."}`,
  kinds: { "case.first_seen": "First seen", "case.status.updated": "New status", "case.status.late": "Arrived late", "case.touched": "Dated anew", "case.event": "Event" },
  sources: { webhook: "told by webhook", poll: "found by a look" }, seenAt: (when) => `seen ${when}`, noHistory: "The history is not available right now.",
  note: "Name or note", noteHint: "Kept in this browser only", copy: "Copy receipt", copied: "Copied", remove: "Remove from the board", removed: (r) => `${r} removed.`, undo: "Undo", record: "Everything that Torch says of it", newLook: "Take a new look",
  accessTitle: "Access", accessHint: "The board reads through this proxy, and needs a token to do so.", tokenLabel: "Token or grants", useToken: "Use this", forget: "Forget it", clear: "Remove the whole list from this browser", sure: (n) => `Remove ${n} cases, their names and what was last known of them from this browser?`,
  accessKept: "What you paste is kept in this tab only, until you close it. It is sent to this proxy and nowhere else.",
  accessGrant: "A grant shows the cases that it was minted for, until it expires. Paste several, one a line, for more than 200 cases.",
  accessClient: "A client’s token with the scope grant works for any case: the board trades it for grants of an hour, 200 cases each. Whoever has it can read any case, so use one only where nobody else uses this browser. With the scope ops you also see the day’s budget.",
  accessNow: { none: "No token yet.", grant: (n) => `In use: grants for ${n} ${n === 1 ? "case" : "cases"}.`, client: "In use: a client’s token, which becomes grants of an hour." },
  accessNeeded: "The board needs a token.", expired: "The grant has expired, or was refused. You see what was last known. Paste a new one to go on.", notGranted: "No grant that you pasted is good for this case.", open: "Give a token",
  badToken: "This is no token: it should be visible letters, digits and signs, without spaces.", replaced: "The token is in use.",
  budget: "Torch calls today", budgetOf: (used, limit) => `${used} of ${limit} used`, budgetUsed: (used) => `${used} used`, budgetAlt: (used, limit, at) => `${used} of ${limit} calls used by ${at}.`, budgetEnds: (when) => stop(`At this pace used up at ${when}.`), budgetSaved: (n) => `${n} calls saved by the cache.`, resets: (when) => stop(`Begins anew ${when}.`),
  demo: "Sandbox", demoHint: "A simulated Torch: no case here is real.", clockNow: (when) => stop(`Its clock stands at ${when}.`), moveDay: "One day on", moveWeek: "One week on", moveMonth: "One month on", moving: "Moving the clock …", moved: (when, n) => `The clock moved to ${when}: ${n} ${n === 1 ? "change" : "changes"} told by webhook.`, resetClock: "Today again",
  theme: "Appearance", themes: { auto: "As the device", light: "Light", dark: "Dark" }, language: "Language", notLegal: "The official status is what USCIS says. The labels are our reading of it, and no legal advice.", contract: "API contract",
  notFound: "Torch does not recognize this receipt. Check the number; a new case may take days to appear.", error: "Something went wrong", missingCase: "This case is not on the board.", printed: (when) => `Printed ${when}`,
};

const es = {
  name: "Tablero de casos", cases: (n) => `${n} ${n === 1 ? "caso" : "casos"}`,
  unread: "No disponible",
  add: "Agregar casos", lookAgain: "Consultar de nuevo", csv: "Descargar CSV", print: "Imprimir", settings: "Acceso", back: "Todos los casos", skip: "Ir al contenido",
  search: "Buscar", searchHint: "Recibo, nombre o texto", stage: "Etapa", all: "Todas las etapas", grouped: "Agrupar por etapa",
  columns: { name: "Caso", status: "Estado", text: "Texto oficial", due: "Responder antes de", since: "Desde", age: "Consultado" },
  changedCount: (n) => `${n} ${n === 1 ? "cambio" : "cambios"} desde su última visita`, seen: "Marcar como visto", allSeen: "Marcar todo como visto",
  actionCount: (n) => `${n} ${n === 1 ? "requiere" : "requieren"} acción`, failedCount: (n) => `${n} no ${n === 1 ? "disponible" : "disponibles"}`,
  was: (label) => `antes: ${label}`, newText: "el texto oficial es otro", is: "Cambió", noMatch: "Ningún caso coincide.", showing: (n, of) => `${n} de ${of} casos`,
  empty: "Aún no hay casos", emptyHint: "Pegue números de recibo, una columna de una hoja de cálculo o un correo entero, y el tablero los vigila.",
  kept: "Esta lista se guarda solo en este navegador. Nadie más la ve, y se pierde al borrar los datos del navegador.",
  progress: (done, total) => `${done} de ${total} casos leídos`, loading: "Leyendo", days: (n) => n === 0 ? "hoy" : n < 0 ? `hace ${-n} ${n === -1 ? "día" : "días"}` : `en ${n} ${n === 1 ? "día" : "días"}`,
  live: "En vivo: los cambios aparecen al ocurrir", polling: "Se consulta con regularidad", offline: "Sin conexión", offlineLong: (when) => stop(`No se puede llegar al proxy. Se muestra lo último conocido${when ? `: lo más reciente es de ${when}, y cada caso indica su hora` : ""}. El tablero lo vuelve a intentar solo.`),
  notRead: "Aún sin leer",
  addTitle: "Agregar casos", addHint: "Pegue, escriba o arrastre: números de recibo uno por línea, un archivo CSV o un correo entero. Los recibos se encuentran solos. Una columna CSV llamada nombre, cliente o nota se guarda junto a cada caso.",
  addLabel: "Texto con números de recibo", choose: "Elegir un archivo", dropped: (name) => `Leído de ${name}`,
  found: (n) => `${n} ${n === 1 ? "caso nuevo encontrado" : "casos nuevos encontrados"}`, already: (n) => `${n} ya en el tablero`, bad: (n) => `${n} que no ${n === 1 ? "puede ser un número" : "pueden ser números"} de recibo`,
  nothingFound: "Aún no se encuentra ningún número de recibo: son tres letras y diez dígitos, como IOE0912345678.", line: (n) => `Línea ${n}`, addThem: (n) => `Agregar ${n} ${n === 1 ? "caso" : "casos"}`, cancel: "Cancelar",
  receiptErrors: {
    empty: "no hay nada escrito", too_short: "demasiado corto: hacen falta tres letras y diez dígitos", too_long: "demasiado largo: hay más de diez dígitos", expected_letter: "aquí debería haber una letra", expected_digit: "aquí debería haber un dígito",
  },
  official: "Texto oficial", why: "Por qué lo etiquetamos así",
  matched: {
    title: "El texto es un título que conocemos, palabra por palabra.", pattern: "El texto no es un título conocido; lo dicen sus palabras.", description: "Lo dice la primera oración de la descripción.",
    upstream: "El texto no lo dice; lo dice la categoría de Torch.", none: "No lo dicen ni el texto ni la categoría de Torch: queda como desconocido. No adivinamos.",
  },
  rule: (rule) => `Regla: ${rule}`, decisive: "Las palabras que decidieron están marcadas en el texto oficial.", facts: "De un vistazo", form: "Formulario", eventDate: "Fecha en el texto", since: "Estado desde", torchLooked: "Torch consultó",
  outcome: "Resultado", outcomes: { favorable: "Favorable", adverse: "Adverso" }, final: "Final: no se espera nada más", freshness: "Qué tan reciente es", ageNow: (when) => stop(`Esta respuesta es de ${when}.`),
  fresh: (when) => stop(`Vigente hasta las ${when}; hasta entonces no se pregunta de nuevo a Torch.`), freshOver: "Ya pasó su vigencia; en la próxima consulta se renueva.",
  reasons: { hit: "Vino de la memoria del proxy.", asked: "Se le preguntó a Torch.", stored: "Vino con una consulta anterior de toda la lista.", live: "Llegó por sí sola, al cambiar el caso.", refreshing: "Se está renovando en este momento.", torch_timeout: "Torch no respondió a tiempo; se muestra una respuesta anterior.", quota_exhausted: "Se agotó la cuota del día; se muestra una respuesta anterior.", circuit_open: "Torch ha fallado a menudo y se le deja descansar; se muestra una respuesta anterior.", torch_unauthorized: "Torch rechaza la clave del proxy; se muestra una respuesta anterior.", offline: "No hay conexión; se muestra lo último conocido.", refused: "Sin acceso al proxy, se muestra lo último conocido.", other: "Torch no dio una respuesta nueva; se muestra una anterior." },
  old: { offline: "sin conexión", refused: "sin acceso", other: "sin respuesta nueva" },
  history: "Historial", historyHint: (n, ok) => `${n} ${n === 1 ? "entrada" : "entradas"} en el libro; ${ok ? "cada una enlazada con la anterior, y la cadena está íntegra." : "la cadena está rota: algo fue alterado."}`,
  kinds: { "case.first_seen": "Visto por primera vez", "case.status.updated": "Estado nuevo", "case.status.late": "Llegó tarde", "case.touched": "Fechado de nuevo", "case.event": "Evento" },
  sources: { webhook: "avisado por webhook", poll: "hallado al consultar" }, seenAt: (when) => `visto ${when}`, noHistory: "El historial no está disponible en este momento.",
  note: "Nombre o nota", noteHint: "Se guarda solo en este navegador", copy: "Copiar recibo", copied: "Copiado", remove: "Quitar del tablero", removed: (r) => `${r} quitado.`, undo: "Deshacer", record: "Todo lo que Torch dice de él", newLook: "Consultar de nuevo",
  accessTitle: "Acceso", accessHint: "El tablero lee por este proxy, y para ello necesita un token.", tokenLabel: "Token o permisos", useToken: "Usar", forget: "Olvidarlo", clear: "Quitar toda la lista de este navegador", sure: (n) => `¿Quitar de este navegador ${n} casos, sus nombres y lo último conocido de ellos?`,
  accessKept: "Lo que pegue se guarda solo en esta pestaña, hasta que la cierre. Se envía a este proxy y a nadie más.",
  accessGrant: "Un permiso muestra los casos para los que se emitió, hasta que vence. Pegue varios, uno por línea, para más de 200 casos.",
  accessClient: "Un token de cliente con el alcance grant sirve para cualquier caso: el tablero lo cambia por permisos de una hora, de 200 casos cada uno. Quien lo tiene puede leer cualquier caso: úselo solo donde nadie más usa este navegador. Con el alcance ops se ve también la cuota del día.",
  accessNow: { none: "Aún no hay token.", grant: (n) => `En uso: permisos para ${n} ${n === 1 ? "caso" : "casos"}.`, client: "En uso: un token de cliente, que se cambia por permisos de una hora." },
  accessNeeded: "El tablero necesita un token.", expired: "El permiso venció o fue rechazado. Se muestra lo último conocido. Pegue uno nuevo para continuar.", notGranted: "Ningún permiso pegado sirve para este caso.", open: "Dar un token",
  badToken: "Esto no es un token: debe ser de letras, dígitos y signos visibles, sin espacios.", replaced: "El token está en uso.",
  budget: "Llamadas a Torch hoy", budgetOf: (used, limit) => `${used} de ${limit} usadas`, budgetUsed: (used) => `${used} usadas`, budgetAlt: (used, limit, at) => `${used} de ${limit} llamadas usadas hasta ${at}.`, budgetEnds: (when) => stop(`A este ritmo se agota: ${when}.`), budgetSaved: (n) => `${n} llamadas ahorradas por la memoria.`, resets: (when) => stop(`Nueva cuota: ${when}.`),
  demo: "Simulador", demoHint: "Un Torch simulado: ningún caso es real.", clockNow: (when) => stop(`Su reloj marca ${when}.`), moveDay: "Un día más", moveWeek: "Una semana más", moveMonth: "Un mes más", moving: "Moviendo el reloj …", moved: (when, n) => `El reloj pasó a ${when}: ${n} ${n === 1 ? "cambio avisado" : "cambios avisados"} por webhook.`, resetClock: "Volver a hoy",
  theme: "Aspecto", themes: { auto: "Como el dispositivo", light: "Claro", dark: "Oscuro" }, language: "Idioma", notLegal: "El estado oficial es lo que dice USCIS. Las etiquetas son nuestra lectura y no son asesoría legal.", contract: "Contrato de la API",
  notFound: "Torch no reconoce este recibo. Verifique el número; un caso nuevo puede tardar días en aparecer.", error: "Algo salió mal", missingCase: "Este caso no está en el tablero.", printed: (when) => `Impreso ${when}`,
};

for (const table of [en, es]) {
  const shared = TABLES[table === es ? "es" : "en"];
  Object.assign(table, { element: shared, action: shared.due, stages: Object.fromEntries(STAGES.map((stage, index) => [stage, shared.stages[index]])) });
}
export const tables = { en, es };
/** A choice that is remembered; where the browser keeps nothing, it is none. */
export const remembered = (name) => { try { return localStorage.getItem(`board.${name}`); } catch { return null; } };
export const remember = (name, value) => { try { localStorage.setItem(`board.${name}`, value); } catch { /* Then not. */ } };

let lang = remembered("lang") ?? (/^es\b/i.test(navigator.language) ? "es" : "en");
export const language = () => lang;
export const t = () => tables[lang];
export function speak(next) {
  lang = tables[next] ? next : "en";
  document.documentElement.lang = lang;
}

const formats = new Map();
const format = (options) => {
  const key = lang + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(lang === "es" ? "es-US" : "en-US", options));
  return formats.get(key);
};
const written = (at, options) => (Number.isNaN(+new Date(at)) ? String(at ?? "") : format(options).format(new Date(at)));
/** A day as the text itself says it, `2026-04-17`, is the same day everywhere. */
export const day = (text) => written(`${text}T12:00:00`, { dateStyle: "medium" });
export const date = (at) => written(at, { dateStyle: "medium" });
export const moment = (at) => written(at, { dateStyle: "medium", timeStyle: "short" });
/** A time of today is an hour; any other has its date. */
export const clock = (at) => written(at, new Date(at).toDateString() === new Date().toDateString() ? { timeStyle: "short" } : { month: "short", day: "numeric", hour: "numeric", minute: "2-digit" });
export const number = (value) => new Intl.NumberFormat(lang === "es" ? "es-US" : "en-US").format(value);
/** Whole days from today until a day. */
export const daysUntil = (text) => Math.round((new Date(`${text}T00:00:00`) - new Date(new Date().toDateString())) / 86_400_000);
/** A category's label, as the answer brings it. */
export const label = (normalized) => normalized?.labels?.[lang] ?? normalized?.labels?.en ?? t().stages.unknown;
