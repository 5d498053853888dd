//! Reads status texts from standard input, one a line, and prints what each means:
//! `category<TAB>matched_by<TAB>line`. With `--explain`, the rule and the deciding words follow; with
//! `--words`, no title is known and the grammar alone decides.
//!
//! ```sh
//! echo 'Case Was Approved' | cargo run --quiet --example normalize -- --explain
//! ```

use std::io::{self, BufRead, Write};

use torch_edge::status::{MatchedBy, by_words, explain, normalize};

fn main() -> io::Result<()> {
    let flag = |name: &str| std::env::args().skip(1).any(|arg| arg == name);
    let (explaining, words) = (flag("--explain"), flag("--words"));
    let mut out = io::BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().split(b'\n') {
        let line = line?;
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
