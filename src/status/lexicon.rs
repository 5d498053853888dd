//! The words that carry meaning, English and Spanish, each with its symbol.
//!
//! A symbol is what the grammar sees of a word: *who or what* (a noun), *what happened* (an event),
//! and the small words that join, negate and subordinate (links). The lists below are the whole
//! vocabulary; a hash table over them is computed when the crate is compiled, so that the binary
//! holds no word.
#![forbid(unsafe_code)]

use super::table::Taken;
use super::text::fold_into;

/// A symbol: nouns from 0, events from 64, links from 128.
pub(super) type Sym = u8;

/// A word that means nothing to the grammar.
pub(super) const UNLISTED: Sym = 255;

/// A number, or a word with a number before it.
pub(super) const DIGITS: Sym = 254;

/// Whether a symbol says who or what.
pub(super) const fn is_noun(sym: Sym) -> bool {
    sym < 64
}

/// Whether a symbol says what happened.
pub(super) const fn is_event(sym: Sym) -> bool {
    sym >= 64 && sym < 128
}

/// Numbers the symbols of one kind and lists their words.
macro_rules! symbols {
    ($LIST:ident, $Order:ident from $base:literal: $($(#[$doc:meta])* $NAME:ident = $words:literal;)*) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        #[repr(u8)]
        enum $Order { $($NAME),* }
        $($(#[$doc])* pub(super) const $NAME: Sym = $base + $Order::$NAME as Sym;)*
        const $LIST: &[(Sym, &str)] = &[$(($NAME, $words)),*];
    };
}

symbols! { NOUNS, Noun from 0:
    CASE = "case cases renewal application applications petition petitions form forms benefit \
        benefits package report reports asylum naturalization parole authorization extension adjustment \
        residence residency tps daca deferred claim registration \
        caso casos peticion peticiones formulario formularios solicitudes beneficio beneficios expediente \
        expedientes tramite asilo naturalizacion autorizacion residencia";
    REQUEST = "request requests solicitud pedido";
    APPEAL = "appeal motion motions apelacion apelaciones mocion mociones";
    APPEALS = "appeals";
    AAO = "aao bia appellate board apelativa junta";
    EXPEDITE = "expedite expedited expediting expedition acelerado acelerada acelerar agilizar agilizacion \
        expedito expedita urgente urgent";
    PREMIUM = "premium pre precertification prioritario";
    FEE = "fee fees payment payments remittance check funds tarifa tarifas pago pagos cheque fondos";
    BIO = "biometric biometrics fingerprint fingerprints fingerprinting fingerprinted huella huellas \
        dactilares biometria biometrico biometricos biometrica biometricas";
    APPT = "appointment appointments cita citas";
    INTERVIEW = "interview interviews interviewed entrevista entrevistas entrevistado entrevistada";
    EVIDENCE = "evidence rfe rfes evidencia evidencias pruebas prueba";
    INFO = "information documentation informacion documentacion";
    INTENT = "intent intends intend intended intention proposed propose proposes intencion";
    NOID = "noid";
    NOIR = "noir noit";
    NOTICE = "notice notices notification notifications aviso avisos notificacion notificaciones";
    RECEIPT = "receipt recibo";
    ACCEPTANCE = "acceptance aceptacion";
    LETTER = "letter letters correspondence correspondencia carta cartas mailpiece";
    CARD = "card cards permit ead greencard tarjeta tarjetas permiso";
    DOC = "document documents passport exam documento documentos pasaporte";
    CERT = "certificate certificates certificado certificados";
    OATH = "oath ceremony ceremonies juramentacion juramento ceremonia";
    DECISION = "decision decisions determination resolucion determinacion";
    RESPONSE = "response responses reply answer answers respuesta respuestas contestacion";
    OFFICE = "office offices center centers location jurisdiction facility oficina oficinas centro \
        jurisdiccion";
    STATE = "state visas nvc dos embassy embassies consulate consulates consular consul departamento consulado \
        embajada";
    VISA = "visa";
    INTERNATIONAL = "international overseas internacional ";
    EOIR = "executive eoir judge nta proceedings juez comparecencia";
    IMMIGRATION = "immigration inmigracion";
    COURT = "court tribunal corte";
    POSTAL = "post postal usps carrier correos";
    RECORD = "name birth address addresses nombre nacimiento direccion domicilio record records data datos \
        typo details profile registro";
    BULLETIN = "bulletin boletin";
    LITIGATION = "litigation litigio";
    BANK = "bank banco";
    WE = "we us our uscis nos nuestro nuestra ours";
    YOU = "you me i applicant applicants petitioner beneficiary attorney attorneys representative le usted \
        solicitante abogado yo";
    DUPLICATE = "duplicate copy duplicado duplicada copia";
    REPLACEMENT = "replacement replace reemplazo";
    OTHER_NOTICE = "amended continuation eligibility welcome modified reminder enmendado continuacion \
        elegibilidad";
    APPROVAL = "approval approvals aprobacion";
    DENIAL = "denial denials denegacion";
    REVOCATION = "revocation rescission revocacion";
    TERMINATION = "termination terminacion";
    REJECTION = "rejection rechazo";
    WITHDRAWAL = "withdrawal retiro desistimiento";
    CANCELLATION = "cancellation cancelation cancelacion";
    REFUND = "refund refunds reembolso devolucion";
    TRANSFERRAL = "transferral relocation transferencia traslado";
    ACTION = "action actions accion acciones";
    OTHER = "another new different local otra otro nueva nuevo";
    FROM = "from desde";
    BACK = "back";
    LINE = "line queue queued ready fila cola listo lista listos listas";
    CDC = "cdc";
    STATUS = "status";
    PROBLEM = "insufficient problem problems issue issues incorrect insuficientes insuficiente problema \
        problemas";
    SIGNATURE = "signature";
    FILING_WORD = "filing filings";
    WAIVER = "waiver waivers exencion";
    NOT_A_STATUS = "url page javascript cookies browser http https error errors server gateway forbidden \
        captcha cloudflare blocked login session password access permission connection maintenance \
        unavailable timeout pagina servidor sesion acceso";
}

symbols! { EVENTS, Event from 64:
    RECEIVE = "received receive receives receiving recibido recibida recibidos recibidas recibimos \
        recibio recibieron recibir";
    ACCEPT = "accepted accept accepts aceptado aceptada aceptamos acepto aceptadas";
    REJECT = "rejected reject rejects rejecting rechazado rechazada rechazados rechazadas rechazamos ";
    SEND = "sent send sends sending mailed mail mailing emailed email emails forwarded forward forwarding \
        shipped ship ships resent dispatched provided enviado enviada enviados enviadas enviamos envio \
        enviaron enviar reenviado reenviada mandamos mando mandado mandada";
    SCHEDULE = "set scheduled schedule schedules scheduling booked programado programada programados programadas \
        programamos programo programar agendado agendada agendamos";
    RESCHEDULE = "rescheduled postponed reschedule rescheduling reprogramado reprogramada reprogramamos reprogramo \
        reprogramar reprogramacion";
    CANCEL = "cancelled canceled cancel cancels cancelling canceling descheduled deschedule voided cancelado \
        cancelada canceladas cancelamos cancelo cancelar";
    COMPLETE = "completed complete completes conducted concluded finished completado completada \
        completados completadas completamos completo realizado realizada realizo concluida concluyo";
    TAKE = "taken took take collected captured applied reuse reused reusing tomado tomada tomadas tomados \
        tomaron tomamos tomo capturado capturadas recolectado recolectadas reutilizado reutilizadas \
        reutilizamos reutilizaremos aplicadas aplicado";
    APPROVE = "approved approve approves approving granted grant grants granting favorable aprobado aprobada \
        aprobados aprobadas aprobamos aprobo aprobaron aprobar otorgado otorgada otorgamos otorgo concedido \
        concedida concedimos concedio";
    DENY = "denied deny denies denying refused denegado denegada denegados denegadas denegamos denego \
        denegaron denegar negado negada negamos nego";
    REVOKE = "revoked revoke revokes revoking rescinded rescind rescinds rescinding revocado revocada \
        revocamos revoco revocar rescindido rescindida rescindimos";
    REVERSE = "reversed reverse overturned vacated revertido revertida revertimos revirtio anulado anulada \
        anulo";
    TERMINATE = "terminated terminate terminates terminating terminado terminada terminamos termino \
        terminar";
    CLOSE = "closed close closes closing closure cerrado cerrada cerrados cerramos cerro cerrar cierre";
    REOPEN = "reopened reopen reopens reopening reconsidered reconsider reconsidering reconsideration \
        reabierto reabierta reabrimos reabrio reabrir reconsiderando reconsiderado reconsiderar";
    WITHDRAW = "withdrawn withdraw withdrew withdraws withdrawing retirado retirada retiramos retirar \
        desistido";
    ACKNOWLEDGE = "acknowledged acknowledge acknowledgement acknowledgment acknowledging acknowledges \
        reconocido reconocida reconocimiento acuse confirmado";
    TRANSFER = "transferred transfer transfers transferring routed relocated relocate moved move transferido \
        transferida transferidos transferimos transfirio trasladado trasladada trasladamos movido \
        movida movimos";
    PRODUCE = "produced reproduced produce producing production printed printing manufactured producido producida \
        producidos produciendo produccion produjimos produjo producir impreso impresa";
    DELIVER = "delivered deliver delivers delivering delivery given handed entregado entregada entregados entregadas \
        entrego entregamos entregar";
    PICK_UP = "picked pickup way camino recogio recogido recogida recogieron transit transito";
    RETURN = "returned lost return returns returning devuelto devuelta devueltos devolvio devolvimos devolver \
        devolviendo regresado regresada regreso";
    COME = "came come comes vino";
    UNDELIVERABLE = "undeliverable undelivered";
    HOLD = "hold holding abeyance paused pause suspended suspend suspension stayed stopped espera pausa \
        pausado pausada suspendido suspendida detenido detenida retenido retenida reteniendo retenemos";
    HELD = "held";
    DESTROY = "destroyed destroy destroys destruction destruido destruida destruidos destruimos destruyo";
    REFUNDED = "refunded reembolsado reembolsada reembolsamos reembolsara reembolsaremos";
    UPDATE = "updated update updates corrected correct changed change changes amending actualizado actualizada \
        actualizados actualizamos actualizo actualizar corregido corregida corregimos cambiado cambiada \
        cambiamos cambio";
    REVIEW = "review reviewed reviewing reviews processing process pending assigned asignado awaiting working consideration \
        examined adjudicated revision revisado revisada revisando revisamos pendiente pendientes \
        procesando proceso tramitando procesamiento evaluando";
    PROCESSED = "processed procesado procesada";
    DISMISS = "dismissed dismiss dismissal desestimado desestimada desestimamos desestimo desestimacion";
    SUSTAIN = "sustained sustain";
    REMAND = "remanded remand ";
    CERTIFY = "certified certify certification certificada certifico certificamos";
    AFFIRM = "affirmed affirm affirming reaffirmed reaffirm upheld uphold afirmado afirmada reafirmado \
        reafirmada ratificado ratificada ratifico ratificamos confirmada";
    ASK = "requested asked need needs needed requires required solicitado solicitada solicitamos solicito \
        pedimos necesitamos necesita requiere";
    ISSUE = "issued issuing served emitido emitida emitimos emitio expedido expedida expedimos";
    REFER = "referred refer referral remitido remitida remitimos remitio referido referida referimos";
    WAIVE = "waived waive eximido eximida exento";
    FILE = "filed submitted resubmitted submit presentado presentada presento presentamos sometido";
    APPEAR = "appear appeared attend attended comparecio comparecer presentarse asistio asistir";
    NO_SHOW = "noshow missed";
    RESUME = "resumed resume resumes reanudado reanudada reanudamos";
    LIFT = "off lifted removed released cleared lift levantado levantada levantamos";
    ABANDON = "abandoned abandonment abandoning abandonado abandonada abandono";
    RESPOND = "respond responded responds responding responder respondio respondido respondimos";
    DECIDE = "decided determined decide decidio decidimos determinamos determinado";
    MAKE = "made rendered posted make reached hecha publicada";
    EXPLAIN = "explaining explains explain explicando explica";
    NOTIFY = "notified notify notifying informed informing inform reported notificamos notificado \
        informamos";
    DECLINE = "declined overdue missing bounced dishonored ";
    CURRENT = "current vigente";
    ELIGIBLE = "eligible meet meets met qualify qualifies elegible";
    ORDER = "ordered ordering ordenado ordenada ordenamos ordeno";
    RECOMMEND = "recommended recommend recommendation considering considers contemplating possible potential recomendado";
    HAVE = "placed put enrolled colocado colocada pusimos colocamos";
    ARRIVE = "arrived arrives llego llegado";
    PAY = "pay paid owed";
}

symbols! { LINKS, Link from 128:
    NOT = "not no never neither ni nobody none cannot unable failed failure fails fail didnt wasnt couldnt \
        isnt hasnt werent dont doesnt havent nunca nadie ningun ninguna";
    AND = "and y e";
    OR = "or o u nor";
    BUT = "but pero however then later subsequently luego posteriormente";
    BECAUSE = "because since due who when so while although unless until how why whether where porque \
        debido cuando aunque hasta como donde";
    WHICH = "which cual";
    YET = "yet still todavia aun";
    AFTER = "after before following upon once despues antes tras";
    THAT = "that que";
    IF = "if si please";
    TO = "to para";
    WILL = "will must debe shall wont enviaremos notificaremos programaremos haremos sera seran";
    MAY = "may might would should podria podriamos";
    COULD = "can could puede podra podemos pudo pudimos";
    ON = "on el al";
    OF = "of del de";
    AS = "as";
    AT = "at in en";
    BY = "by por";
    BE = "be been being was is are were has have had fue ha han sido esta estan siendo ser estar se es ";
    MONTH = "january february march april june july august september october november december enero \
        febrero marzo abril mayo junio julio agosto septiembre setiembre octubre noviembre diciembre jan feb \
        mar apr jun jul aug sep sept oct nov dec";
    ARTICLE = "the a an my your su sus la los las un una mi tu";
    FORM_LETTER = "n g ar ";
    NUMBER = "number numbers num numero numeros";
    SHOW = "show mostrar";
    ONLY = "service administratively automatically previously currently recently now formally officially successfully \
        actively already administrativamente automaticamente actualmente activamente for with without within longer one any its this their time over";
}

/// The slots of the table, of which more than half are taken.
const SLOTS: usize = Taken::<64>::SLOTS;
/// The words of the lists.
const WORDS: usize = 1269;

/// The words: which slots are taken, and of each that is a check and its symbol.
///
/// Sixteen bits and a slot are kept of a word, because the table is most of what normalization weighs:
/// of a hundred thousand words that are in no list, one is taken for a word that is.
struct Table {
    taken: Taken<64>,
    checks: [u16; WORDS],
    symbols: [Sym; WORDS],
}

/// Where a key's search begins, and what is kept of the key.
const fn place(key: u64) -> (usize, u16) {
    let mixed = key.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    ((mixed >> 53) as usize, (mixed >> 32) as u16)
}

#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "evaluated at compile time only, where a panic is a build error"
)]
const fn build(lists: [&[(Sym, &str)]; 3]) -> Table {
    let mut keys = [0; SLOTS];
    let mut symbols = [0; SLOTS];
    let mut list = 0;
    while list < lists.len() {
        let mut entry = 0;
        while entry < lists[list].len() {
            let (sym, words) = lists[list][entry];
            let words = words.as_bytes();
            let (mut at, mut key) = (0, 0);
            while at <= words.len() {
                if at < words.len() && words[at] != b' ' {
                    key = fold_into(key, words[at]);
                } else if key != 0 {
                    let (mut slot, check) = place(key);
                    while keys[slot] != 0 {
                        assert!(place(keys[slot]).1 != check, "a word that is listed twice");
                        slot = (slot + 1) % SLOTS;
                    }
                    keys[slot] = key;
                    symbols[slot] = sym;
                    key = 0;
                }
                at += 1;
            }
            entry += 1;
        }
        list += 1;
    }
    let mut table = Table {
        taken: Taken::of(&keys),
        checks: [0; WORDS],
        symbols: [0; WORDS],
    };
    let (mut slot, mut word) = (0, 0);
    while slot < SLOTS {
        if keys[slot] != 0 {
            table.checks[word] = place(keys[slot]).1;
            table.symbols[word] = symbols[slot];
            word += 1;
        }
        slot += 1;
    }
    assert!(word == WORDS, "WORDS is another number than there are");
    table
}

static TABLE: Table = build([NOUNS, EVENTS, LINKS]);

/// The symbol of a word, by its key.
pub(super) fn symbol(key: u64) -> Sym {
    let (mut slot, check) = place(key);
    // The table is never full, so the search ends at an empty slot.
    while let Some(word) = TABLE.taken.place(slot) {
        if TABLE.checks.get(word) == Some(&check) {
            return TABLE.symbols.get(word).copied().unwrap_or(UNLISTED);
        }
        slot = slot.wrapping_add(1) % SLOTS;
    }
    UNLISTED
}
