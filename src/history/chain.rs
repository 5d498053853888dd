//! The hash chain: each row's hash covers the row and, through the hash before it, all rows before.
//!
//! ```text
//! hash = SHA-256(hash of the row before || row)        32 zero bytes before the first row
//! row  = field field …                                 in this order:
//!        "torch-edge/history/1", receipt_number, seq, kind, source, event_id, event_type,
//!        status_text, status_category, last_status_at, seen_at, record
//! field = length ":" bytes ","                         or "-," where there is none
//! ```
//! Lengths, `seq` and moments (seconds since 1970) are decimal digits in ASCII, a moment before 1970
//! with a minus; texts are UTF-8. The length is in bytes. Every field says where it ends, so no two
//! rows have the same bytes, and any language writes it in ten lines.
//!
//! Whoever can write the ledger can write a whole new chain, or cut off its end: a hash that is kept
//! somewhere else, or that a third party got in time, is what shows it.
#![forbid(unsafe_code)]

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use super::row::{Kind, Observation, Row, Unknown};
use crate::receipt::ReceiptNumber;
use crate::time::UnixSeconds;

/// What every row begins with: the format and its version.
const FORMAT: &str = "torch-edge/history/1";

/// A SHA-256. `Display` and `FromStr` are 64 hexadecimal digits in lower case.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash(pub(super) [u8; 32]);

impl Hash {
    /// What stands before the first row.
    pub const ZERO: Self = Self([0; 32]);
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl FromStr for Hash {
    type Err = Unknown;

    fn from_str(text: &str) -> Result<Self, Unknown> {
        let mut hash = [0; 32];
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(Unknown);
        }
        hex::decode_to_slice(text, &mut hash).map_err(|_| Unknown)?;
        Ok(Self(hash))
    }
}

/// Fields, each with its length in front.
#[derive(Default)]
pub(super) struct Fields(Vec<u8>);

impl Fields {
    pub(super) fn text(&mut self, text: Option<&str>) {
        match text {
            None => self.0.extend_from_slice(b"-,"),
            Some(text) => {
                self.0.extend_from_slice(text.len().to_string().as_bytes());
                self.0.push(b':');
                self.0.extend_from_slice(text.as_bytes());
                self.0.push(b',');
            }
        }
    }

    pub(super) fn moment(&mut self, moment: Option<UnixSeconds>) {
        self.text(moment.map(|moment| moment.0.to_string()).as_deref());
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The bytes of a row that its hash covers.
pub fn canonical(receipt: ReceiptNumber, seq: u32, kind: Kind, seen: &Observation) -> Vec<u8> {
    let mut fields = Fields::default();
    fields.text(Some(FORMAT));
    fields.text(Some(receipt.as_str()));
    fields.text(Some(&seq.to_string()));
    fields.text(Some(kind.id()));
    fields.text(Some(seen.source.id()));
    fields.text(seen.event_id.as_deref());
    fields.text(seen.event_type.as_deref());
    fields.text(seen.status_text.as_deref());
    fields.text(seen.status_category.as_deref());
    fields.moment(seen.last_status_at);
    fields.moment(Some(seen.seen_at));
    fields.text(Some(&seen.record));
    fields.0
}

/// The hash of a row whose canonical bytes are these.
pub(super) fn link(previous: Hash, row: &[u8]) -> Hash {
    let hash = Sha256::new().chain_update(previous.0).chain_update(row);
    Hash(hash.finalize().into())
}

/// Where a chain breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrokenAt {
    /// The `seq` that should stand there.
    pub seq: u32,
    /// Whether another row stands there: one is missing, doubled or moved. Otherwise the row, or one
    /// before it, is not what was written.
    pub another_row: bool,
}

impl fmt::Display for BrokenAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seq = self.seq;
        if self.another_row {
            write!(
                f,
                "the chain breaks at row {seq}: another row stands in its place"
            )
        } else {
            write!(
                f,
                "the chain breaks at row {seq}: it is not as it was written"
            )
        }
    }
}

impl std::error::Error for BrokenAt {}

/// Verifies a chain row by row, so that a long one need not be loaded whole.
#[derive(Debug, Clone, Copy)]
pub struct Chain {
    receipt: ReceiptNumber,
    seq: u32,
    head: Hash,
}

impl Chain {
    /// Before the first row of this case's ledger.
    pub fn begin(receipt: ReceiptNumber) -> Self {
        Self::after(receipt, 0, Hash::ZERO)
    }

    /// Behind the row `seq`, whose hash is known to be `head`.
    pub fn after(receipt: ReceiptNumber, seq: u32, head: Hash) -> Self {
        Self { receipt, seq, head }
    }

    /// The next row.
    ///
    /// # Errors
    /// [`BrokenAt`] where it is not the one that follows.
    pub fn follow(&mut self, row: &Row) -> Result<(), BrokenAt> {
        let seq = self.seq.saturating_add(1);
        let broken = |another_row| BrokenAt { seq, another_row };
        if row.seq != seq {
            return Err(broken(true));
        }
        let bytes = canonical(self.receipt, row.seq, row.kind, &row.observation);
        if link(self.head, &bytes) != row.hash {
            return Err(broken(false));
        }
        (self.seq, self.head) = (seq, row.hash);
        Ok(())
    }

    /// The hash of the last row that was verified.
    pub fn head(&self) -> Hash {
        self.head
    }
}

/// Verifies a whole ledger, its rows in the order of `seq` from 1.
///
/// # Errors
/// [`BrokenAt`] names the first row that does not follow.
pub fn verify_chain<'a>(
    receipt: ReceiptNumber,
    rows: impl IntoIterator<Item = &'a Row>,
) -> Result<(), BrokenAt> {
    let mut chain = Chain::begin(receipt);
    rows.into_iter().try_for_each(|row| chain.follow(row))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{History, Source};
    use proptest::prelude::*;

    fn receipt() -> ReceiptNumber {
        "ABC1234567890".parse().unwrap()
    }

    fn rows(count: usize) -> Vec<Row> {
        let mut history = History::begin(receipt());
        (1..)
            .take(count)
            .map(|at| {
                let seen = Observation {
                    source: Source::Webhook,
                    event_id: Some(format!("e{at}")),
                    event_type: None,
                    status_text: Some(format!("status {at}")),
                    status_category: Some(String::new()),
                    last_status_at: Some(UnixSeconds(at)),
                    seen_at: UnixSeconds(at),
                    record: "{}".to_owned(),
                };
                let outcome = history.observe(seen, |_| Ok::<_, ()>(false)).unwrap();
                let row = outcome.row().unwrap().clone();
                history.advance(&row);
                row
            })
            .collect()
    }

    #[test]
    fn ok_the_bytes_of_a_row_are_as_documented() {
        let rows = rows(2);
        let row = &rows[1];
        let bytes = canonical(receipt(), row.seq, row.kind, &row.observation);
        let text = "20:torch-edge/history/1,13:ABC1234567890,1:2,19:case.status.updated,7:webhook,\
                    2:e2,-,8:status 2,0:,1:2,1:2,2:{},";
        assert_eq!(String::from_utf8(bytes).unwrap(), text);
        let chained = [rows[0].hash.0.as_slice(), text.as_bytes()].concat();
        assert_eq!(row.hash, Hash(Sha256::digest(chained).into()));
    }

    #[test]
    fn ok_a_chain_is_verified_whole_or_from_a_row_whose_hash_is_known() {
        let rows = rows(5);
        assert_eq!(verify_chain(receipt(), &rows), Ok(()));
        assert_eq!(verify_chain(receipt(), []), Ok(()));
        let mut chain = Chain::after(receipt(), 3, rows[2].hash);
        assert_eq!(
            rows[3..].iter().try_for_each(|row| chain.follow(row)),
            Ok(())
        );
        assert_eq!(chain.head(), rows[4].hash);
    }

    #[test]
    fn err_a_row_missing_doubled_or_moved_is_named() {
        let whole = rows(4);
        let broken = |change: fn(&mut Vec<Row>)| {
            let mut rows = whole.clone();
            change(&mut rows);
            verify_chain(receipt(), &rows).unwrap_err().to_string()
        };
        let another =
            |seq: u32| format!("the chain breaks at row {seq}: another row stands in its place");
        assert_eq!(broken(|rows| drop(rows.remove(0))), another(1));
        assert_eq!(broken(|rows| drop(rows.remove(2))), another(3));
        assert_eq!(broken(|rows| rows.insert(1, rows[0].clone())), another(2));
        assert_eq!(broken(|rows| rows.swap(1, 2)), another(2));
        assert_eq!(
            broken(|rows| rows[1].hash = Hash::ZERO),
            "the chain breaks at row 2: it is not as it was written"
        );
        let other = "ABC1234567891".parse().unwrap();
        assert_eq!(verify_chain(other, &whole).unwrap_err().seq, 1);
    }

    #[test]
    fn err_any_field_that_is_changed_breaks_the_chain_there() {
        let changes: [fn(&mut Row); 9] = [
            |row| row.kind = Kind::Late,
            |row| row.observation.source = Source::Poll,
            |row| row.observation.event_id = None,
            |row| row.observation.event_type = Some(String::new()),
            |row| row.observation.status_text = Some("other".into()),
            |row| row.observation.status_category = None,
            |row| row.observation.last_status_at = None,
            |row| row.observation.seen_at = UnixSeconds(-2),
            |row| row.observation.record = "{ }".into(),
        ];
        for change in changes {
            let mut rows = rows(3);
            change(&mut rows[1]);
            let broken = BrokenAt {
                seq: 2,
                another_row: false,
            };
            assert_eq!(verify_chain(receipt(), &rows), Err(broken));
        }
    }

    #[test]
    fn ok_a_hash_is_64_digits_in_lower_case() {
        let digits = "0".repeat(62) + "af";
        let hash: Hash = digits.parse().unwrap();
        assert_eq!(hash.to_string(), digits);
        for text in [
            "",
            "00",
            &digits.to_uppercase(),
            &"0".repeat(63),
            &format!("{digits} "),
        ] {
            assert_eq!(text.parse::<Hash>(), Err(Unknown), "{text}");
        }
    }

    proptest! {
        #[test]
        fn ok_no_two_lists_of_fields_have_the_same_bytes(a: Vec<Option<String>>, b: Vec<Option<String>>) {
            let bytes = |fields: &[Option<String>]| {
                let mut all = Fields::default();
                fields.iter().for_each(|field| all.text(field.as_deref()));
                all.0
            };
            prop_assert_eq!(a == b, bytes(&a) == bytes(&b));
            // What moves from one field to the next is seen.
            let moved: Vec<_> = a.iter().flatten().cloned().reduce(|one, two| one + &two).into_iter().map(Some).collect();
            prop_assert_eq!(a == moved, bytes(&a) == bytes(&moved));
        }
    }
}
