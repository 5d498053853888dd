//! A request's header fields, as a verifier asks for them.
#![forbid(unsafe_code)]

use std::borrow::Cow;

/// What stands under one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field<'a> {
    /// Nothing.
    Absent,
    /// One value, as it came: not trimmed, not decoded.
    Once(Cow<'a, str>),
    /// More than one field of that name.
    Doubled,
}

/// Header fields by name.
pub trait Headers {
    /// What stands under `name`, which is in lower case; a field's name matches in any case.
    fn field(&self, name: &str) -> Field<'_>;
}

impl<H: Headers + ?Sized> Headers for &H {
    fn field(&self, name: &str) -> Field<'_> {
        (**self).field(name)
    }
}

/// Pairs of name and value, in any order.
impl<K: AsRef<str>, V: AsRef<str>> Headers for [(K, V)] {
    fn field(&self, name: &str) -> Field<'_> {
        let mut values = self
            .iter()
            .filter(|(key, _)| key.as_ref().eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_ref());
        match (values.next(), values.next()) {
            (None, _) => Field::Absent,
            (Some(value), None) => Field::Once(Cow::Borrowed(value)),
            (Some(_), Some(_)) => Field::Doubled,
        }
    }
}

/// A look-up on a platform that joins fields of one name with a comma and a space, such as
/// `Headers.get` of the Fetch standard.
///
/// Such a look-up cannot tell a doubled field. It does no harm: the joined value is no timestamp, no secret and
/// no signature, and in a list of signatures the comma at an entry's end gives it away. Only in a list with
/// commas, as of `timestamped-hex`, a second field that holds neither `t=` nor `v1=` is passed over, like any
/// entry that is neither.
#[derive(Debug, Clone, Copy)]
pub struct Joined<F>(
    /// The value under a name in lower case.
    pub F,
);

impl<F: Fn(&str) -> Option<String>> Headers for Joined<F> {
    fn field(&self, name: &str) -> Field<'_> {
        self.0(name).map_or(Field::Absent, |value| Field::Once(Cow::Owned(value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_a_field_is_absent_or_there_once_or_doubled() {
        let pairs = [("A", "1"), ("b", " 2"), ("B", "2")];
        assert_eq!(pairs[..].field("a"), Field::Once("1".into()));
        assert_eq!(pairs[..].field("b"), Field::Doubled);
        assert_eq!(pairs[..].field("c"), Field::Absent);
        let joined = Joined(|name: &str| (name == "b").then(|| "2, 2".to_owned()));
        assert_eq!(joined.field("b"), Field::Once("2, 2".into()));
        assert_eq!(joined.field("a"), Field::Absent);
    }
}
