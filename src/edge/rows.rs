//! What a Durable Object's SQLite answers: rows of texts and nulls.

use wasm_bindgen::JsValue;

use super::glue::{self, State};
use crate::json::{self, Array};

/// A row of a statement's answer: texts, and nothing for null.
pub(super) type Cells = Vec<Option<String>>;

/// What is stored cannot be read, or the storage fails.
#[derive(Debug)]
pub(super) struct StorageError(String);

impl std::fmt::Display for StorageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<JsValue> for StorageError {
    fn from(error: JsValue) -> Self {
        Self(super::observe::says(&error))
    }
}

impl From<StorageError> for JsValue {
    fn from(error: StorageError) -> Self {
        js_sys::Error::new(&error.0).into()
    }
}

type Result<T> = std::result::Result<T, StorageError>;

/// Runs a statement.
pub(super) fn select(state: &State, statement: &str, values: Array) -> Result<Vec<Cells>> {
    let rows = glue::rows(state, statement, &values.end())?;
    json::table(&rows).map_err(|_| unreadable())
}

/// What is stored is not what it should be.
pub(super) fn unreadable() -> StorageError {
    StorageError("what is stored cannot be read".to_owned())
}

/// A cell; nothing for null.
pub(super) fn cell(cells: &Cells, at: usize) -> Option<&str> {
    cells.get(at)?.as_deref()
}

/// A cell that must be there, read as what it should be.
pub(super) fn parse<T: std::str::FromStr>(cells: &Cells, at: usize) -> Result<T> {
    cell(cells, at)
        .and_then(|text| text.parse().ok())
        .ok_or_else(unreadable)
}

/// A cell's own copy.
pub(super) fn text(cells: &Cells, at: usize) -> Option<String> {
    cell(cells, at).map(str::to_owned)
}
