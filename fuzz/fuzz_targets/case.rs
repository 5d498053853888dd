//! Any bytes as an answer of Torch: no panic; a record that is read comes out with every byte of it, and
//! comes out of what is made of it again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use torch_edge::case::{Case, FieldNames, without_normalized};
use torch_edge::entry::Entry;
use torch_edge::freshness::Table;
use torch_edge::status::normalize;
use torch_edge::time::UnixSeconds;

fuzz_target!(|bytes: &[u8]| {
    let names = FieldNames::default();
    let one = Case::read(bytes, &names);
    let many = Case::read_batch(bytes, &names);
    for case in one.into_iter().chain(many.into_iter().flatten().flatten()) {
        let record = case.record();
        assert!(record.starts_with('{') && record.ends_with('}'));
        let normalized = normalize(&case.status_text, case.status_category.as_deref());
        let body = case.with_normalized(&normalized);
        assert_eq!(without_normalized(&body).as_deref(), Some(record));
        let again = Case::read(body.as_bytes(), &names).expect("what is made of a record is one");
        assert_eq!(again.status_text, case.status_text);
        let text = Entry::of_case(&case, &Table::default(), UnixSeconds(1_800_000_000));
        assert_eq!(Entry::read(&text).expect("an entry").body, body);
    }
});
