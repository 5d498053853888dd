// What `normalize` is compared with: the rule table that a good engineer writes for a product of their own. A text
// is cleaned in one pass; what it then is may stand in a Map; else the first of the rules that fits its first
// sentence tells. The form and the dates are found by regular expressions.

const ENTITIES = { amp: "&", apos: "'", rsquo: "'", lsquo: "'", quot: '"', ldquo: '"', rdquo: '"', nbsp: " ", lt: "<", gt: ">", ndash: "-", mdash: "-" };
const ACCENTS = { á: "a", é: "e", í: "i", ó: "o", ú: "u", ü: "u", ñ: "n", "’": "", "‘": "", "—": "-", "–": "-" };
const INLINE = /<\/?(?:b|i|em|strong|span|a|u|font)\b[^>]*>/gi;
const BLOCK = /<[a-z/!?][^>]*>/gi;

/** The text without tags and entities, as a person would see it. */
function plain(text) {
  // Most texts have neither.
  if (text.includes("&")) text = text.replace(/&(?:amp;)?(#x?[0-9a-f]+|[a-z]+);/gi, (entity, name) => {
    if (name[0] !== "#") return ENTITIES[name] ?? (/^[a-z](?:acute|tilde|uml|grave)$/i.test(name) ? name[0] : entity);
    return String.fromCodePoint(name[1] === "x" ? parseInt(name.slice(2), 16) : Number(name.slice(1)));
  });
  return text.includes("<") ? text.replace(INLINE, " ").replace(BLOCK, "\n\n") : text;
}

/** The same in lower case, without accents and quotes, its white space and what is around it taken away. */
function clean(text) {
  text = text.toLowerCase();
  // Most titles are clean already.
  if (!/[^a-z0-9 ]|  |^ | $/.test(text)) return text;
  return text
    .replace(/[^\x00-\x7f]/g, (letter) => ACCENTS[letter] ?? letter)
    .replace(/['"`\\]+/g, "")
    .replace(/\s{2,}|[\t\n\r]/g, " ")
    .replace(/^[\s*-]*(?:your )?(?:current |latest |case )?(?:status|estado)(?: del? (?:su )?caso)?(?: actual)?: ?/, "")
    .replace(/^[\s*-]+|[\s.+*!-]+$|\|\d+$/g, "");
}

/** In this order: what a text is about decides before what happened, and a reversal before what it reverses. */
const RULES = [
  [/javascript|captcha|cloudflare|cookies|bad gateway|\berrors?\b|forbidden|log ?in|maintenance|unavailable|password|pagina|timed? ?out/, "unknown"],
  [/expedit.*(?:not (?:approved|granted)|denied|declined|denegad)/, "expedite_denied"],
  [/expedit.*(?:approved|granted|accepted)|(?:approved|granted).*expedit/, "expedite_approved"],
  [/expedit/, "expedite_requested"],
  [/appeal.*(?:dismissed|rejected|denied)|(?:dismissed|denied).*appeal|apelacion.*desestimada/, "appeal_dismissed"],
  [/appeal.*(?:sustained|approved|granted)|(?:sustained).*appeal/, "appeal_sustained"],
  [/intent to deny|intencion de denegar|\bnoid\b/, "intent_to_deny"],
  [/intent to (?:revoke|rescind|terminate)|intencion de revocar|\bnoir\b/, "intent_to_revoke"],
  [/notice of intent|intencion de/, "notice_of_intent"],
  [/(?:did not|failed to|missed|no).*(?:appear|appointment|show)|missed|no se presento/, "appointment_missed"],
  [/withdraw.*(?:acknowledg|complete|granted)|(?:was|has been|were) withdrawn|acknowledg.*withdraw|retirado|you withdrew/, "withdrawn"],
  [/withdraw.*(?:request|received)|(?:request|received).*withdraw|retiro/, "withdrawal_requested"],
  [/(?:cancel|rescind|no longer need).*(?:request for (?:additional |initial )?evidence|evidence)|evidence.*cancell?ed/, "request_cancelled"],
  [/(?:response|reply|answer|respuesta).*(?:received|recibi)|(?:received|recibimos).*(?:response|reply|respuesta|evidence you sent|additional evidence|documents you sent)/, "response_received"],
  [/request (?:for )?(?:additional|initial|more|further)? ?(?:initial |additional )?(?:evidence|information)|\brfe\b|(?:need|sent|mailed|requested).*(?:evidence|documentation)|solicitud de (?:evidencia|pruebas)|evidencia/, "request_for_evidence"],
  [/premium processing.*refund|refund|reembols/, "fee_refunded"],
  [/premium processing/, "premium_processing"],
  [/(?:returned|bounced|declined|insufficient).*(?:fee|check|payment|bank|funds)|(?:fee|check|payment|funds).*(?:returned|bounced|declined|issue|not accepted)|issue with payment/, "payment_issue"],
  [/interview.*(?:completed|conducted|was held)|(?:completed|conducted).*interview|entrevista.*(?:completada|realizada)/, "interview_completed"],
  [/interview.*(?:cancell?ed|descheduled)|(?:cancell?ed|descheduled).*interview|entrevista.*cancelada/, "interview_cancelled"],
  [/ready (?:for|to be scheduled for)(?: an?| your)? interview|interview.*(?:queue|waiting|line)|lista? para.*entrevista/, "interview_ready"],
  [/re-?schedul.*request|request.*re-?schedul/, "reschedule_requested"],
  [/(?:fingerprints?|biometrics?|huellas|biometri).*(?:taken|applied|completed|reuse|received|collected|captured|tomad|complet)|(?:reuse|took|collected).*(?:biometric|fingerprint)/, "biometrics_completed"],
  [/(?:fingerprints?|biometrics?|huellas|biometri).*(?:schedul|appointment|cita|programad)|(?:schedul|appointment|cita).*(?:fingerprint|biometric|huellas|biometri)|biometric/, "biometrics_scheduled"],
  [/oath|juramento|juramentacion/, "oath_scheduled"],
  [/interview|entrevista/, "interview_scheduled"],
  [/immigration (?:court|judge)|eoir|executive office|notice to appear|tribunal/, "referred"],
  [/department of state|national visa center|\bnvc\b|consulate|embassy|departamento de estado|consulado/, "sent_to_state"],
  [/certificate.*(?:issued|mailed|given)|certificado.*(?:emitido)/, "certificate_issued"],
  [/(?:card|document|tarjeta|documento|permit|parole).*(?:destroyed|destruid)|destroyed/, "document_destroyed"],
  [/(?:card|document|tarjeta|documento|permit).*(?:returned|undeliverable|being held|devuelt)|undeliverable.*(?:card|document)/, "document_returned"],
  [/notice.*(?:returned|undeliverable)|(?:returned).*notice/, "notice_returned"],
  [/(?:card|document|tarjeta|documento|permit|mail).*(?:picked up|on its way|in transit|en camino)|picked up/, "document_in_transit"],
  [/(?:card|document|tarjeta|documento|permit|certificate).*(?:delivered|entregad)|delivered.*(?:card|document)/, "document_delivered"],
  [/(?:card|document|tarjeta|documento|permit|authorization|parole).*(?:mailed|sent|shipped|enviad|envio)|(?:mailed|sent|shipped|enviamos).*(?:card|document|tarjeta|permit)/, "document_mailed"],
  [/(?:card|document|tarjeta|permit|parole).*(?:produc|print)|produc(?:ed|ing|iendo).*(?:card|document|tarjeta|parole)/, "document_produced"],
  [/not (?:been )?(?:approved|granted)|did not approve|denied|denial|denegad|denegamos|refused/, "denied"],
  [/revoked|revoke|revocad|rescinded/, "revoked"],
  [/terminated|termination|terminad/, "terminated"],
  [/reopen|reconsider|reabiert|reabri/, "reopened"],
  [/appeal|motion|apelacion|mocion/, "appeal_pending"],
  [/rejected|not accepted|rechazad|rechazamos|improperly filed/, "rejected"],
  [/approved|granted|aprobad|aprobamos|aprobo|approval/, "approved"],
  [/closed|cerrad|cerramos/, "closed"],
  [/transferred|relocated|moved to|sent to (?:another|our)|transferid|transferimos|trasladad/, "transferred"],
  [/on hold|abeyance|paused|suspended|en espera|stayed/, "on_hold"],
  [/decision (?:was |has been )?(?:made|issued|mailed|sent|posted)|made a decision|decision/, "decision_issued"],
  [/(?:name|address|date of birth|record|data|typo|correct).*(?:updated|changed|corrected)|(?:updated|corrected|changed).*(?:name|address|record|information)|actualiz/, "record_updated"],
  [/correspondence|letter|inquiry/, "correspondence_received"],
  [/processing|under review|reviewing|reviewed|pending|review|revision|proceso|procesando|pendiente/, "under_review"],
  [/received|accepted|recibid|recibimos|recibio|receipt/, "received"],
  [/notice.*(?:mailed|sent)|(?:mailed|sent).*notice|aviso/, "notice_mailed"],
];

const MONTHS = { jan: 1, feb: 2, mar: 3, apr: 4, may: 5, jun: 6, jul: 7, aug: 8, sep: 9, oct: 10, nov: 11, dec: 12, ene: 1, abr: 4, ago: 8, set: 9, dic: 12 };
const FORM = /(?<![a-z0-9])(I|N|G|AR|EOIR)-(?!797)(\d{1,4}[a-z]{0,3})(?![a-z0-9])/i;
const DATE = /(?<![a-z0-9])(?:([a-z]{3,10})\.? (\d{1,2}),? (\d{4})|(\d{1,2}) de ([a-z]{3,10}) del? (\d{4})|(\d{1,2})\/(\d{1,2})\/(\d{4})|(\d{4})-(\d\d)-(\d\d))(?![a-z0-9])/gi;
const DEADLINE = /(?:respond|response|reply|submit|answer|provide|deadline|due|file|responder|responda|respuesta|presentar|presente|enviar)\b[^.]*\b(?:by|before|until|no later than|hasta|antes del)(?: \w+)? $/i;
const MISSED = /\b(?:receive|recibe)\b[^.]*$/i;
const EVENT = /\b(?:on|as of|el|al),? $/i;

const two = (number) => String(number).padStart(2, "0");

/** Puts the form and the dates that a text says to its meaning. */
function facts(text, meaning) {
  // Most titles have no number.
  if (!/\d/.test(text)) return;
  const form = FORM.exec(text);
  if (form) meaning.form = `${form[1].toUpperCase()}-${form[2].toUpperCase()}`;
  let respond, first = true;
  for (const found of text.matchAll(DATE)) {
    const [, name, d1, y1, d2, other, y2, m3, d3, y3, y4, m4, d4] = found;
    const month = name ? MONTHS[name.slice(0, 3).toLowerCase()] : other ? MONTHS[other.slice(0, 3).toLowerCase()] : Number(m3 ?? m4);
    const [year, day] = [Number(y1 ?? y2 ?? y3 ?? y4), Number(d1 ?? d2 ?? d3 ?? d4)];
    if (!month || month > 12 || day < 1 || day > new Date(Date.UTC(year, month, 0)).getUTCDate() || year < 1900 || year > 2199) continue;
    const before = text.slice(Math.max(0, found.index - 120), found.index);
    const date = `${year}-${two(month)}-${two(day)}`;
    if (DEADLINE.test(before)) {
      if (!MISSED.test(before)) respond ??= date;
    } else if (first && EVENT.test(before)) meaning.event_date = date;
    first = false;
  }
  if (respond) meaning.respond_by = respond;
}

/** A title behind which a description begins. */
const TITLED = /^(.+?)(?:: | - |\. | )(?=(?:on|as of|el) (?:\d|january|february|march|april|may|june|july|august|september|october|november|december)|we |your )/;
const SENTENCE = /^(?:on|as of|el|al) [^,.]*\d{4}/;

/** The table: of the taxonomy's categories, with the known titles as [text, category, matched_by]. */
export function ruleTable(categories, taxonomy, known) {
  const byId = new Map(categories.map((category) => [category.id, category]));
  const exact = new Map(known.map(([text, ...told]) => [clean(plain(text)), told]));

  function decide(text) {
    const told = exact.get(text);
    if (told) return told;
    const titled = exact.get(TITLED.exec(text)?.[1]);
    if (titled) return titled;
    const stop = text.search(/[^. ]{3}[.!?](?: |$)/);
    const first = stop < 0 ? text : text.slice(0, stop + 4);
    for (const [rule, category] of RULES) {
      if (rule.test(first)) return category === "unknown" ? ["unknown", "none"] : [category, stop >= 0 || SENTENCE.test(text) ? "description" : "pattern"];
    }
    return ["unknown", "none"];
  }

  return {
    /** How a text stands in the table. */
    key: (text) => clean(plain(text)),
    exact,
    normalize(text) {
      const seen = plain(text);
      const [category, matched_by] = decide(clean(seen));
      const { id, labels, stage, outcome, action_required, final } = byId.get(category);
      const meaning = { category: id, labels, stage, outcome, action_required, final, matched_by, taxonomy };
      facts(seen, meaning);
      return meaning;
    },
  };
}
