//! Reads status texts from standard input, one a line, and prints what each means:
//! `category<TAB>matched_by<TAB>line`. With `--explain`, the rule and the deciding words follow; with
//! `--words`, no title is known and the grammar alone decides. With `--json`, a line is a list of the text
//! and the upstream's category or `null`, and a line comes out for it: what it means and why, as the npm
//! package's `normalize` and `explain` tell it.
//!
//! ```sh
//! echo 'Case Was Approved' | cargo run --quiet --example normalize -- --explain
//! echo '["Case Was Approved", null]' | cargo run --quiet --example normalize -- --json
//! ```

use std::io::{self, BufRead, Write};

use serde::Serialize;
use torch_edge::status::{MatchedBy, Normalized, by_words, explain, normalize};

/// What the package tells of a text.
#[derive(Serialize)]
struct Told {
    normalized: Normalized,
    explained: Explained,
}

#[derive(Serialize)]
struct Explained {
    category: &'static str,
    matched_by: &'static str,
    rule: &'static str,
    words: Vec<String>,
}

fn tell(line: &[u8]) -> io::Result<Told> {
    let (text, category): (String, Option<String>) = serde_json::from_slice(line)?;
    let why = explain(&text);
    Ok(Told {
        normalized: normalize(&text, category.as_deref()),
        explained: Explained {
            category: why.category.id(),
            matched_by: why.matched_by.id(),
            rule: why.rule,
            words: why.words,
        },
    })
}

fn main() -> io::Result<()> {
    let flag = |name: &str| std::env::args().skip(1).any(|arg| arg == name);
    let (explaining, words, json) = (flag("--explain"), flag("--words"), flag("--json"));
    let mut out = io::BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().split(b'\n') {
        let line = line?;
        if json {
            serde_json::to_writer(&mut out, &tell(&line)?)?;
            writeln!(out)?;
            continue;
        }
        // A line that is not UTF-8 is read as the web would: the bad bytes replaced.
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end_matches('\r');
        let mut told = normalize(line, None);
        if words {
            told.category = by_words(line);
            told.matched_by = MatchedBy::Pattern;
        }
        write!(out, "{}\t{}\t{line}", told.category, told.matched_by.id())?;
        if explaining {
            write!(out, "\t{}", explain(line))?;
        }
        writeln!(out)?;
    }
    out.flush()
}
