//! Any text out of the cache: no panic; what is an entry is written as it was read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use torch_edge::case::FieldNames;
use torch_edge::entry::Entry;
use torch_edge::freshness::Table;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(entry) = Entry::read(&text) {
        let again = entry.write();
        assert_eq!(Entry::read(&again).expect("an entry").body, entry.body);
        let _ = entry.renewed(&FieldNames::default(), &Table::default());
    }
});
