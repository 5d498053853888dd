//! Any bytes: no panic, the same answer twice, and cleaning is idempotent.
#![no_main]

use libfuzzer_sys::fuzz_target;
use torch_edge::status::{by_words, clean, explain, facts, normalize};

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let (text, hint) = text.split_once('\0').unwrap_or((&text, ""));
    let told = normalize(text, Some(hint));
    assert_eq!(told, normalize(text, Some(hint)));
    assert_eq!(explain(text).category, normalize(text, None).category);
    let once = clean(text);
    assert_eq!(clean(&once), once);
    let _ = (facts(text), by_words(text));
});
