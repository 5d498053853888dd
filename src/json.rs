//! JSON objects as they come: every member in its order, names that stand twice included; and arrays as
//! they are written.
#![forbid(unsafe_code)]

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

/// The members of a JSON object, in the order they stand there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Object<'a, V>(pub(crate) Vec<(Cow<'a, str>, V)>);

/// A string, borrowed where it has no escapes.
#[derive(serde::Deserialize)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Object<'de, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder<V>(PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for InOrder<V> {
            type Value = Object<'de, V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de, V>, A::Error> {
                let mut members = Vec::new();
                while let Some(Text(name)) = map.next_key()? {
                    members.push((name, map.next_value()?));
                }
                Ok(Object(members))
            }
        }
        deserializer.deserialize_map(InOrder(PhantomData))
    }
}

/// An array that is written item by item.
#[cfg(feature = "worker")]
#[derive(Debug, Clone)]
pub(crate) struct Array(String);

#[cfg(feature = "worker")]
impl Array {
    pub(crate) fn new() -> Self {
        Self("[".to_owned())
    }

    /// What is JSON already.
    pub(crate) fn raw(mut self, json: &str) -> Self {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push_str(json);
        self
    }

    pub(crate) fn text(self, text: &str) -> Self {
        // A string cannot fail to serialise.
        self.raw(&serde_json::to_string(text).unwrap_or_default())
    }

    /// A text or `null`.
    pub(crate) fn maybe(self, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.text(text),
            None => self.raw("null"),
        }
    }

    pub(crate) fn number(self, number: i64) -> Self {
        self.raw(&number.to_string())
    }

    pub(crate) fn end(mut self) -> String {
        self.0.push(']');
        self.0
    }
}

// STUB until the reader comes.
#[cfg(feature = "worker")]
pub(crate) fn object(text: &str) -> Result<Vec<(Cow<'_, str>, &str)>, ()> {
    let Object(members): Object<'_, &serde_json::value::RawValue> =
        serde_json::from_str(text).map_err(|_| ())?;
    Ok(members.into_iter().map(|(n, v)| (n, v.get())).collect())
}
#[cfg(feature = "worker")]
pub(crate) fn string(text: &str) -> Result<Cow<'_, str>, ()> {
    serde_json::from_str::<Text<'_>>(text)
        .map(|Text(t)| t)
        .map_err(|_| ())
}
