//! JSON fields as strangers send them: a field of the wrong type reads as absent and never costs the whole record.
//!
//! serde's derived readers stop at the first surprise. These types accept any JSON value, keep what they can use
//! and pass over the rest, without building a tree of it. Strings without escapes are borrowed from the input.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{BorrowedStrDeserializer, MapAccessDeserializer, StrDeserializer};
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Most elements that a list field keeps; the rest are passed over. The largest author lists are under 5,000.
pub(crate) const LIST_LEN_MAX: usize = 5_000;

/// A text, a number, an object, or something of no use here.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum Field<'a, T = IgnoredAny> {
    /// Absent, `null`, a list, or an object where `T` is [`IgnoredAny`].
    #[default]
    Nothing,
    /// A string.
    Text(Cow<'a, str>),
    /// A whole number.
    Whole(i64),
    /// A number with a fraction.
    Fraction(f64),
    /// `true` or `false`.
    Flag(bool),
    /// An object.
    Object(T),
}

impl<'a, T> Field<'a, T> {
    /// The text, if there is more than white space.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Field::Text(text) if !text.trim().is_empty() => Some(text),
            _ => None,
        }
    }

    /// The text, or the number written out in its shortest form.
    pub(crate) fn text_or_number(&self) -> Option<Cow<'_, str>> {
        match self {
            Field::Whole(n) => Some(Cow::Owned(n.to_string())),
            Field::Fraction(x) => Some(Cow::Owned(x.to_string())),
            _ => self.text().map(Cow::Borrowed),
        }
    }

    /// A count: a whole number that is not negative, as number or as text.
    pub(crate) fn count(&self) -> Option<u32> {
        match self {
            Field::Whole(n) => u32::try_from(*n).ok(),
            Field::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// Whether the field says yes.
    pub(crate) fn is_true(&self) -> bool {
        matches!(self, Field::Flag(true))
    }

    /// The object.
    pub(crate) fn object(&self) -> Option<&T> {
        match self {
            Field::Object(object) => Some(object),
            _ => None,
        }
    }
}

impl<'de: 'a, 'a, T: Deserialize<'de>> Deserialize<'de> for Field<'a, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldVisitor(PhantomData))
    }
}

struct FieldVisitor<'a, T>(PhantomData<(&'a (), T)>);

impl<'de: 'a, 'a, T: Deserialize<'de>> Visitor<'de> for FieldVisitor<'a, T> {
    type Value = Field<'a, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Field::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Field::Text(Cow::Owned(text.to_string())))
    }

    fn visit_i64<E>(self, n: i64) -> Result<Self::Value, E> {
        Ok(Field::Whole(n))
    }

    fn visit_u64<E>(self, n: u64) -> Result<Self::Value, E> {
        Ok(i64::try_from(n).map_or(Field::Nothing, Field::Whole))
    }

    fn visit_f64<E>(self, x: f64) -> Result<Self::Value, E> {
        Ok(Field::Fraction(x))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(Field::Flag(flag))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Field::Nothing)
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(Field::Nothing)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Field::Nothing)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Field::Object)
    }
}

/// A list of which at most [`LIST_LEN_MAX`] elements are kept. A lone text is a list of one; any other lone value is
/// an empty list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct List<T> {
    /// The elements that were kept.
    pub(crate) kept: Vec<T>,
    /// How many there were.
    pub(crate) total: usize,
}

impl<T> Default for List<T> {
    fn default() -> Self {
        List {
            kept: Vec::new(),
            total: 0,
        }
    }
}

impl<T> List<T> {
    fn of_one(element: T) -> Self {
        List {
            kept: vec![element],
            total: 1,
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = List<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut list = List::default();
        while list.kept.len() < LIST_LEN_MAX {
            let Some(element) = seq.next_element()? else {
                list.total = list.kept.len();
                return Ok(list);
            };
            list.kept.push(element);
        }
        list.total = list.kept.len();
        while seq.next_element::<IgnoredAny>()?.is_some() {
            list.total += 1;
        }
        Ok(list)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        T::deserialize(BorrowedStrDeserializer::new(text)).map(List::of_one)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        T::deserialize(StrDeserializer::new(text)).map(List::of_one)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(List::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(List::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(List::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(List::default())
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(List::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(List::default())
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Named<'a> {
        #[serde(borrow, default)]
        name: Field<'a>,
    }

    #[derive(Debug, Deserialize)]
    struct Sample<'a> {
        #[serde(borrow, default)]
        a: Field<'a, Named<'a>>,
        #[serde(borrow, default)]
        b: List<Field<'a>>,
    }

    #[track_caller]
    fn check(json: &str, expected: &str) {
        let sample: Sample<'_> = serde_json::from_str(json).unwrap();
        let a = match &sample.a {
            Field::Object(named) => format!("object {:?}", named.name.text()),
            other => format!("{:?} {:?}", other.text_or_number(), other.count()),
        };
        let b: Vec<_> = sample.b.kept.iter().filter_map(Field::text).collect();
        assert_eq!(
            format!("{a} | {} of {}", b.join(","), sample.b.total),
            expected
        );
    }

    #[test]
    fn wrong_types_read_as_absent() {
        check(r#"{}"#, "None None |  of 0");
        check(r#"{"a":null,"b":null}"#, "None None |  of 0");
        check(r#"{"a":[1,{"x":[]}],"b":{"c":1}}"#, "None None |  of 0");
        check(r#"{"a":" ","b":["x",1,"y"]}"#, "None None | x,y of 3");
        check(
            r#"{"a":704.0021,"b":true}"#,
            "Some(\"704.0021\") None |  of 0",
        );
        check(r#"{"a":-1,"b":1.5}"#, "Some(\"-1\") None |  of 0");
        check(r#"{"a":"12","b":"\\"}"#, "Some(\"12\") Some(12) | \\ of 1");
        check(r#"{"a":{"name":"M"},"b":-7}"#, "object Some(\"M\") |  of 0");
    }
}
