//! What a subscriber asks for: a message of its socket, read.
#![forbid(unsafe_code)]

use super::{MAX_MESSAGE, MAX_RECEIPTS};
use crate::json;
use crate::problem::{Code, Problem};
use crate::receipt::ReceiptNumber;

/// A case that is named; or what was written in its place, cut to 64 characters, and what is wrong with it.
pub type Asked = Result<ReceiptNumber, (String, Problem)>;

/// What a message asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// To be told of these cases from now on.
    Subscribe {
        /// The cases.
        receipts: Vec<Asked>,
        /// And of what came behind this.
        cursor: Option<String>,
    },
    /// To be told of these no longer.
    Unsubscribe(Vec<Asked>),
}

/// A message that cannot be carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong with it.
    pub problem: Problem,
    /// Whoever sends that does not speak this protocol: the socket is closed.
    pub closes: Option<u16>,
}

/// It is no message of this protocol.
const MALFORMED: u16 = 4400;
/// It is too big (RFC 6455, 7.4.1).
const TOO_BIG: u16 = 1009;

impl Request {
    /// Reads a message.
    ///
    /// # Errors
    /// [`Fault`]: it is too long, not of this protocol, of an unknown type, or names too many cases.
    pub fn read(message: &str) -> Result<Self, Fault> {
        if message.len() > MAX_MESSAGE {
            let detail = "A message has 64 KiB at most. Name the cases in several.";
            return Err(Fault {
                problem: Problem::new(Code::BodyTooLarge, detail),
                closes: Some(TOO_BIG),
            });
        }
        let wrong = |_| Fault::malformed();
        let (mut kind, mut list, mut cursor) = (None, None, None);
        for (name, value) in json::object(message).map_err(wrong)? {
            match name.as_ref() {
                "type" => kind = Some(json::string(value).map_err(wrong)?),
                "receipts" => list = Some(json::array(value).map_err(wrong)?),
                "cursor" if value != "null" => {
                    cursor = Some(json::string(value).map_err(wrong)?.into_owned());
                }
                // What a newer client may add.
                _ => {}
            }
        }
        let kind = kind.ok_or_else(Fault::malformed)?;
        if !matches!(kind.as_ref(), "subscribe" | "unsubscribe") {
            let detail = "There are messages of the types `subscribe` and `unsubscribe`, and the text `ping`.";
            return Err(Fault::of(Code::BodyMalformed, detail));
        }
        let list = list.ok_or_else(Fault::malformed)?;
        if list.len() > MAX_RECEIPTS {
            let detail = format!("A message names {MAX_RECEIPTS} cases at most.");
            return Err(Fault {
                problem: Problem::new(Code::TooManyReceipts, detail),
                closes: None,
            });
        }
        let receipts = list.into_iter().map(|value| {
            let typed = json::string(value).map_err(wrong)?;
            Ok(ReceiptNumber::parse(&typed)
                .map_err(|error| (typed.chars().take(64).collect(), error.into())))
        });
        let receipts = receipts.collect::<Result<_, Fault>>()?;
        Ok(match kind.as_ref() {
            "subscribe" => Self::Subscribe { receipts, cursor },
            _ => Self::Unsubscribe(receipts),
        })
    }
}

impl Fault {
    fn of(code: Code, detail: &'static str) -> Self {
        Self {
            problem: Problem::new(code, detail),
            closes: None,
        }
    }

    /// For what is no message of this protocol, such as bytes.
    pub fn malformed() -> Self {
        Self {
            closes: Some(MALFORMED),
            ..Self::of(
                Code::BodyMalformed,
                r#"A message is a JSON text such as {"type":"subscribe","receipts":["IOE0912345678"],"cursor":"…"}; without `cursor` from now on."#,
            )
        }
    }

    /// For one message more than a socket may send within a minute.
    pub fn too_many_messages() -> Self {
        Self {
            closes: Some(4429),
            ..Self::of(
                Code::RateLimited,
                "A socket may send 120 messages a minute. Connect again, and name many cases in one message.",
            )
        }
    }
}
