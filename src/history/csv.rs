//! A ledger as CSV (RFC 4180), for a spreadsheet.
//!
//! A cell that a spreadsheet would take for a formula gets an apostrophe in front: one that starts
//! with `=`, `+`, `-`, `@`, their full-width forms, a tab or a line break. The `record` holds Torch's
//! record, the official text within it; the hashes are of the ledger, not of the cells.
#![forbid(unsafe_code)]

use super::row::Row;
use crate::receipt::ReceiptNumber;

/// The first line: the columns' names. Moments are RFC 3339.
pub const HEADER: &str = "seq,receipt_number,kind,source,event_id,event_type,status_text,\
    status_category,last_status_at,seen_at,hash,record\r\n";

/// One row as a line.
pub fn line(receipt: ReceiptNumber, row: &Row) -> String {
    let seen = &row.observation;
    let moment = |moment: Option<crate::time::UnixSeconds>| {
        moment.map(|moment| moment.to_rfc3339().unwrap_or_else(|| moment.0.to_string()))
    };
    let (seq, hash) = (row.seq.to_string(), row.hash.to_string());
    let (status_at, seen_at) = (moment(seen.last_status_at), moment(Some(seen.seen_at)));
    let cells = [
        Some(seq.as_str()),
        Some(receipt.as_str()),
        Some(row.kind.id()),
        Some(seen.source.id()),
        seen.event_id.as_deref(),
        seen.event_type.as_deref(),
        seen.status_text.as_deref(),
        seen.status_category.as_deref(),
        status_at.as_deref(),
        seen_at.as_deref(),
        Some(hash.as_str()),
        Some(seen.record.as_str()),
    ];
    let cells = cells.map(|cell| self::cell(cell.unwrap_or_default()));
    format!("{}\r\n", cells.join(","))
}

/// A whole ledger.
pub fn to_csv<'a>(receipt: ReceiptNumber, rows: impl IntoIterator<Item = &'a Row>) -> String {
    let mut csv = HEADER.to_owned();
    for row in rows {
        csv.push_str(&line(receipt, row));
    }
    csv
}

/// A cell: no formula, and in quotation marks where it must be.
fn cell(text: &str) -> String {
    let guard = if text.starts_with(begins_a_formula) {
        "'"
    } else {
        ""
    };
    if text.contains(['"', ',', '\r', '\n']) {
        format!("\"{guard}{}\"", text.replace('"', "\"\""))
    } else {
        format!("{guard}{text}")
    }
}

fn begins_a_formula(c: char) -> bool {
    matches!(
        c,
        '=' | '+'
            | '-'
            | '@'
            | '\t'
            | '\r'
            | '\n'
            | '\u{ff1d}'
            | '\u{ff0b}'
            | '\u{ff0d}'
            | '\u{ff20}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{History, Observation, Source};
    use crate::time::UnixSeconds;
    use proptest::prelude::*;

    fn row(text: &str, category: Option<&str>) -> Row {
        let seen = Observation {
            source: Source::Webhook,
            event_id: Some("evt_1".into()),
            event_type: None,
            status_text: Some(text.into()),
            status_category: category.map(str::to_owned),
            last_status_at: Some(UnixSeconds(784_111_777)),
            seen_at: UnixSeconds(784_111_800),
            record: r#"{"a":"b"}"#.into(),
        };
        let outcome = History::begin(receipt()).observe(seen, |_| Ok::<_, ()>(false));
        outcome.unwrap().row().unwrap().clone()
    }

    fn receipt() -> ReceiptNumber {
        "ABC1234567890".parse().unwrap()
    }

    /// The cells of one line (RFC 4180); `None` where it is none.
    fn cells(line: &str) -> Option<Vec<String>> {
        let (mut cells, mut rest) = (Vec::new(), line.strip_suffix("\r\n")?);
        loop {
            let mut cell = String::new();
            if let Some(quoted) = rest.strip_prefix('"') {
                rest = quoted;
                loop {
                    let (part, behind) = rest.split_once('"')?;
                    cell.push_str(part);
                    rest = behind;
                    match rest.strip_prefix('"') {
                        Some(behind) => rest = behind,
                        None => break,
                    }
                    cell.push('"');
                }
            } else {
                let (bare, behind) = rest.split_at(rest.find(',').unwrap_or(rest.len()));
                cell.push_str(bare);
                rest = behind;
                if cell.contains(['"', '\r', '\n']) {
                    return None;
                }
            }
            cells.push(cell);
            match rest.strip_prefix(',') {
                Some(behind) => rest = behind,
                None => return rest.is_empty().then_some(cells),
            }
        }
    }

    #[test]
    fn ok_a_ledger_is_written_line_by_line() {
        let row = row("Case Was \"Received\", and", None);
        let csv = to_csv(receipt(), [&row]);
        assert_eq!(
            csv,
            format!(
                "seq,receipt_number,kind,source,event_id,event_type,status_text,status_category,\
                 last_status_at,seen_at,hash,record\r\n\
                 1,ABC1234567890,case.status.updated,webhook,evt_1,,\"Case Was \"\"Received\"\", and\",,\
                 1994-11-06T08:49:37Z,1994-11-06T08:50:00Z,{},\"{{\"\"a\"\":\"\"b\"\"}}\"\r\n",
                row.hash
            )
        );
        assert_eq!(to_csv(receipt(), []), HEADER);
    }

    #[test]
    fn ok_no_cell_is_a_formula() {
        for (text, expected) in [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "\"'\r=1\""),
            ("\n=1", "\"'\n=1\""),
            ("=cmd|' /C calc'!A0,\"", "\"'=cmd|' /C calc'!A0,\"\"\""),
            ("\u{ff1d}1", "'\u{ff1d}1"),
            ("1-1", "1-1"),
            ("", ""),
        ] {
            assert_eq!(cell(text), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn ok_any_text_is_read_back_but_for_the_apostrophe(text: String, category: Option<String>) {
            let row = row(&text, category.as_deref());
            let cells = cells(&line(receipt(), &row));
            let cells = cells.as_ref().map_or(&[][..], |cells| cells);
            prop_assert_eq!(cells.len(), 12);
            prop_assert!(!cells.iter().any(|cell| cell.starts_with(begins_a_formula)));
            let guard = if text.starts_with(begins_a_formula) { "'" } else { "" };
            prop_assert_eq!(&cells[6], &format!("{guard}{text}"));
        }
    }
}
