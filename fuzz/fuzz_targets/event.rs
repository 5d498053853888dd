//! Any bytes as a webhook's body: no panic; what it says of a case is kept byte for byte and is a duplicate
//! when it comes again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use torch_edge::case::FieldNames;
use torch_edge::history::{History, Lookup, Outcome, to_csv, to_json, verify_chain};
use torch_edge::time::UnixSeconds;
use torch_edge::webhook::{Event, EventNames, notice};

fuzz_target!(|bytes: &[u8]| {
    let names = FieldNames::default();
    let Ok(event) = Event::read(bytes, &EventNames::default(), &names) else {
        return;
    };
    let now = UnixSeconds(1_800_000_000);
    let Some((receipt, seen)) = event.observation(None, now) else {
        return;
    };
    let mut history = History::begin(receipt);
    let observe = |history: &History, known: bool| {
        let outcome = history.observe(seen.clone(), |_: Lookup<'_>| Ok::<_, ()>(known));
        outcome.expect("the look-up does not fail")
    };
    let Outcome::Appended(row) = observe(&history, false) else {
        panic!("the first row is new");
    };
    history.advance(&row);
    assert_eq!(observe(&history, true), Outcome::Duplicate);
    assert_eq!(verify_chain(receipt, [&row]), Ok(()));
    let _ = (notice::body(&row, &names), notice::category(&row));
    let rows = [row];
    let _ = (to_csv(receipt, &rows), to_json(receipt, &rows));
});
