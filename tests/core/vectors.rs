//! The vectors as rows.

use torch_edge::status::Category;

/// A text and what it means.
pub(crate) struct Case {
    pub(crate) text: &'static str,
    pub(crate) category: Category,
    /// The column that says what kind of text it is.
    pub(crate) kind: &'static str,
}

fn rows(tsv: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    tsv.lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| line.split('\t').collect())
}

fn case(text: &'static str, category: &str, kind: &'static str) -> Case {
    let category = category
        .parse()
        .unwrap_or_else(|_| panic!("no category {category}: {text}"));
    Case {
        text,
        category,
        kind,
    }
}

/// Files whose columns are text, category, kind.
macro_rules! titles {
    ($($name:ident = $file:literal;)*) => {
        $(pub(crate) fn $name() -> Vec<Case> {
            rows(include_str!(concat!("../vectors/", $file)))
                .map(|row| case(row[0], row[1], row[2]))
                .collect()
        })*
    };
}

/// Files whose columns are category, language, kind, text.
macro_rules! descriptions {
    ($($name:ident = $file:literal;)*) => {
        $(pub(crate) fn $name() -> Vec<Case> {
            rows(include_str!(concat!("../vectors/", $file)))
                .map(|row| case(row[3], row[0], row[2]))
                .collect()
        })*
    };
}

titles! {
    titles = "corpus/titles.tsv";
    spanish = "corpus/spanish.tsv";
    titles_more = "titles-more.tsv";
    unseen = "unseen.tsv";
    unseen_2 = "unseen-2.tsv";
    unseen_3 = "unseen-3.tsv";
    unseen_4 = "unseen-4.tsv";
    outcomes = "outcomes.tsv";
}

descriptions! {
    descriptions = "corpus/descriptions.tsv";
    descriptions_more = "descriptions-more.tsv";
}
