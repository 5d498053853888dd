//! The browser's face, inside of wasm: what it gives is what the core says, and how it is framed.
//!
//! Run in Node and in Chromium, by `node scripts/wasm.mjs`. Nothing here calls `begin`: the memory that it takes back
//! is also that of the test harness. That a call needs no memory but for what it gives is tested here; that `begin`
//! gives the next call the memory of the last, in tests/package/vectors.test.mjs.
#![cfg(target_arch = "wasm32")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test may say what it means"
)]

use std::arch::wasm32::memory_size;
use std::hint::black_box;

use js_sys::{Function, JsString};
use serde_json::Value;
use torch_edge::browser;
use torch_edge::receipt::ReceiptNumber;
use torch_edge::status::{self, Category, Date, MatchedBy};
use wasm_bindgen::prelude::{Closure, JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;

/// Files of the vectors, and the column that is the text.
const TEXTS: [(&str, usize); 10] = [
    (include_str!("vectors/corpus/titles.tsv"), 0),
    (include_str!("vectors/corpus/spanish.tsv"), 0),
    (include_str!("vectors/titles-more.tsv"), 0),
    (include_str!("vectors/unseen.tsv"), 0),
    (include_str!("vectors/unseen-2.tsv"), 0),
    (include_str!("vectors/unseen-3.tsv"), 0),
    (include_str!("vectors/unseen-4.tsv"), 0),
    (include_str!("vectors/outcomes.tsv"), 0),
    (include_str!("vectors/corpus/descriptions.tsv"), 3),
    (include_str!("vectors/descriptions-more.tsv"), 3),
];
const WEBHOOKS: &str = include_str!("vectors/webhooks.json");

fn texts() -> Vec<&'static str> {
    let lines = |file: &'static str| file.lines().filter(|line| !line.starts_with('#'));
    let texts: Vec<_> = TEXTS
        .iter()
        .flat_map(|(file, column)| lines(file).filter_map(|line| line.split('\t').nth(*column)))
        .collect();
    assert!(texts.len() > 1400, "{}", texts.len());
    texts
}

/// Each with a NUL behind it.
fn framed<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<u8> {
    let mut framed = Vec::new();
    for text in texts {
        framed.extend_from_slice(text.as_bytes());
        framed.push(0);
    }
    framed
}

fn place(category: Category) -> u32 {
    Category::all().position(|other| other == category).unwrap() as u32
}

const MATCHED_BY: [MatchedBy; 5] = [
    MatchedBy::Title,
    MatchedBy::Pattern,
    MatchedBy::Description,
    MatchedBy::Upstream,
    MatchedBy::None,
];

fn day(date: Date) -> u32 {
    u32::from(date.year()) << 9 | u32::from(date.month()) << 5 | u32::from(date.day())
}

/// What the core says of a text, in the words that the face should give.
fn expected(text: &str, category: Option<&str>) -> Vec<u32> {
    let told = status::normalize(text, category);
    let by = MATCHED_BY.iter().position(|by| *by == told.matched_by);
    let mut words = vec![place(told.category) | (by.unwrap() as u32) << 8];
    if let Some(form) = told.form {
        words[0] |= 1 << 11;
        words.push(form.as_str().len() as u32);
        words.extend(form.as_str().bytes().map(u32::from));
    }
    for (bit, date) in [(12, told.event_date), (13, told.respond_by)] {
        if let Some(date) = date {
            words[0] |= 1 << bit;
            words.push(day(date));
        }
    }
    words
}

#[wasm_bindgen_test]
fn ok_all_texts_of_the_vectors_at_once_are_what_the_core_says_of_each() {
    let texts = texts();
    let told = browser::normalize(&framed(texts.iter().flat_map(|text| [*text, ""])));
    let each: Vec<_> = texts.iter().flat_map(|text| expected(text, None)).collect();
    assert_eq!(told, each);
}

#[wasm_bindgen_test]
fn ok_the_upstreams_category_stands_behind_its_text_and_belongs_to_no_other() {
    let pairs = [
        ("Something", "RFE"),
        ("", "Approved"),
        ("", ""),
        ("Case Was Denied", "x"),
        ("Something", ""),
    ];
    let told = browser::normalize(&framed(pairs.iter().flat_map(|(text, by)| [*text, *by])));
    let each: Vec<_> = pairs
        .iter()
        .flat_map(|(text, by)| expected(text, Some(*by)))
        .collect();
    assert_eq!(told, each);
    assert!(browser::normalize(&[]).is_empty());
}

#[wasm_bindgen_test]
fn ok_a_text_ends_where_its_nul_is_wherever_that_is() {
    let texts: Vec<String> = (0..40).map(|length| "é".repeat(length)).collect();
    for length in 0..40 {
        let long = "\u{80}\u{1}".repeat(length);
        let many = texts
            .iter()
            .flat_map(|text| [text.as_str(), "", "Case Was Denied", "", &long, "RFE"]);
        let told = browser::normalize(&framed(many));
        let each = [
            expected("é", None),
            expected("Case Was Denied", None),
            expected("", Some("RFE")),
        ];
        assert_eq!(told, each.concat().repeat(texts.len()), "{length}");
    }
}

#[wasm_bindgen_test]
fn ok_a_nul_means_in_a_text_what_any_control_character_does() {
    for text in [
        "\0",
        "Case Was\0Approved",
        "\0Case\0\0Was Approved\0",
        "I-\u{0}485",
    ] {
        assert_eq!(
            expected(text, None),
            expected(&text.replace('\0', "\u{1}"), None)
        );
    }
}

#[wasm_bindgen_test]
fn ok_bytes_that_are_no_text_and_frames_that_are_cut_trap_nothing() {
    let whole = framed(["Case Was Approved", "RFE", "é", "Case"]);
    for end in 0..whole.len() {
        assert!(browser::normalize(&whole[..end]).len() <= 2, "{end}");
    }
    for from in 1..=255u8 {
        let mut bytes: Vec<u8> = (0..64).map(|at| from.wrapping_mul(at | 1).max(1)).collect();
        bytes.push(0);
        assert_eq!(
            browser::normalize(&bytes).first().map(|word| word >> 11),
            Some(0)
        );
    }
}

#[wasm_bindgen_test]
fn ok_normalization_needs_no_memory_but_for_what_it_gives() {
    let text = "Case Was Approved On May 1, 2024. ".repeat(120);
    let megabyte = framed(std::iter::repeat_n([text.as_str(), ""], 256).flatten());
    assert!(megabyte.len() > 1_000_000);
    let once = browser::normalize(&megabyte).capacity() * 4;
    let before = memory_size::<0>();
    for _ in 0..50 {
        black_box(browser::normalize(black_box(&megabyte)));
    }
    // A vector that grows has been half as large before, and a quarter, and nothing of that comes back here.
    let grown = (memory_size::<0>() - before) * 65_536;
    assert!(
        grown <= 50 * 2 * once + 65_536,
        "{grown} bytes, of {once} each"
    );
}

#[wasm_bindgen_test]
fn ok_what_is_no_character_comes_over_the_boundary_as_one_that_stands_for_it() {
    let explain = Closure::<dyn Fn(String) -> String>::new(|text: String| browser::explain(&text));
    let explain: &Function = explain.as_ref().unchecked_ref();
    let ask = |units: &[u16]| {
        let text = JsString::from_char_code(units);
        let told = explain.call1(&JsValue::NULL, &text).unwrap();
        told.as_string().unwrap()
    };
    let plain = |text: &str| text.encode_utf16().collect::<Vec<u16>>();
    assert_eq!(
        ask(&plain("Caso Aprobado — sí 😀")),
        browser::explain("Caso Aprobado — sí 😀")
    );
    for lone in [0xD800, 0xDBFF, 0xDC00, 0xDFFF] {
        let units = [plain("Case "), vec![lone], plain(" Approved")].concat();
        assert_eq!(
            ask(&units),
            browser::explain("Case \u{FFFD} Approved"),
            "{lone:x}"
        );
    }
}

#[wasm_bindgen_test]
fn ok_explanations_are_the_cores() {
    let mut places = [0usize; 2];
    for text in texts() {
        let why = status::explain(text);
        let told = browser::explain(text);
        let mut letters = told.chars();
        assert_eq!(letters.next().map(u32::from), Some(place(why.category)));
        let by = letters.next().unwrap() as usize;
        assert_eq!(MATCHED_BY.get(by), Some(&why.matched_by));
        places[usize::from(letters.next().unwrap() == '\0')] += 1;
        let words: String = why.words.iter().map(|word| format!("\n{word}")).collect();
        assert_eq!(letters.as_str(), words, "{text}");
    }
    assert!(places[0] > 500 && places[1] > 200, "{places:?}");
}

#[wasm_bindgen_test]
fn ok_receipts_are_read_and_explained_as_by_the_core() {
    assert_eq!(
        browser::parse_receipt(" ioe-001-234-5678 "),
        b"IOE0012345678"
    );
    for text in [
        "",
        "IOE",
        "IOEO012345678",
        "1OE0012345678",
        "IOE00123456789",
        "\0",
        "ÄOE0012345678",
    ] {
        let error = ReceiptNumber::parse(text).unwrap_err();
        let lines = format!("{}\n{}\n{}", error.code(), error.position(), error);
        let told = String::from_utf8(browser::parse_receipt(text)).unwrap();
        assert_eq!(
            told.split('\n').take(2).collect::<Vec<_>>(),
            lines.split('\n').take(2).collect::<Vec<_>>()
        );
        assert_eq!(told.split('\n').count(), 3, "{told}");
    }
}

#[wasm_bindgen_test]
fn ok_webhooks_are_verified_as_the_vectors_say_and_signed_as_was_published() {
    let vectors: Value = serde_json::from_str(WEBHOOKS).unwrap();
    for case in vectors["cases"].as_array().unwrap() {
        let text = |name: &str| case[name].as_str().unwrap_or_default();
        let body = match case["body"].as_str() {
            Some(body) => body.as_bytes().to_vec(),
            None => hex::decode(text("body_hex")).unwrap(),
        };
        let fields: Vec<&str> = case["headers"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|field| [field[0].as_str().unwrap(), field[1].as_str().unwrap()])
            .collect();
        let party = [text("scheme"), text("header"), text("secret")];
        let mut texts = party.to_vec();
        texts.push(text("previous"));
        texts.extend(&fields);
        let now = case["now"].as_f64().unwrap();
        let told = browser::verify_webhook(&texts.join("\0"), &body, now, 300.0);
        let accepted = told.starts_with('c') || told.starts_with('p');
        assert_eq!(accepted, case["expect"] == "ok", "{}: {told}", case["name"]);
        assert!(accepted || told.starts_with('!'), "{told}");
        if text("name") == "w1_published_3" {
            let code = browser::webhook_code(&party.join("\0"), &body);
            assert_eq!(format!("sha256={}", hex::encode(code)), fields[1]);
        }
    }
}
