//! Finding the borders of JSON values without building them: how long lists are cut element by element, and how
//! one member is found in a page's data. Iterative, so that no depth of nesting can exhaust the stack.

/// Feels for the end of one JSON value whose bytes are fed piece by piece.
///
/// It trusts brackets and quotes only; whether the value is sound JSON is its reader's matter.
#[derive(Debug, Clone, Default)]
pub(crate) struct ValueEnd {
    depth: u64,
    in_string: bool,
    escaped: bool,
    /// A number or word has begun at depth zero; it ends at a delimiter, which is not part of it.
    in_word: bool,
}

impl ValueEnd {
    /// Feeds the next bytes; white space before the value must be gone. If the value ends among them, the number
    /// of bytes that belong to it.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Option<usize> {
        for (index, &byte) in bytes.iter().enumerate() {
            if self.in_string {
                if self.escaped {
                    self.escaped = false;
                } else if byte == b'\\' {
                    self.escaped = true;
                } else if byte == b'"' {
                    self.in_string = false;
                    if self.depth == 0 {
                        return Some(index + 1);
                    }
                }
                continue;
            }
            match byte {
                b'"' if !self.in_word => self.in_string = true,
                b'{' | b'[' if !self.in_word => self.depth += 1,
                b'}' | b']' if self.depth > 0 => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return Some(index + 1);
                    }
                }
                b',' | b']' | b'}' | b':' | b' ' | b'\t' | b'\r' | b'\n' if self.depth == 0 => {
                    return Some(index);
                }
                _ if self.depth == 0 => self.in_word = true,
                _ => {}
            }
        }
        None
    }
}

/// The elements of a list, as they stand in the text. A list that ends too early gives its last piece as it is.
pub(crate) fn elements(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = after_opening(list, b'[');
    std::iter::from_fn(move || {
        rest = skip(rest, |b| b == b',' || b.is_ascii_whitespace());
        let first = *rest.first()?;
        if first == b']' {
            return None;
        }
        Some(take_value(&mut rest))
    })
}

/// The members of an object: the key as it stands in the text, without quotes, and the value.
pub(crate) fn members(object: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = after_opening(object, b'{');
    std::iter::from_fn(move || {
        rest = skip(rest, |b| b == b',' || b.is_ascii_whitespace());
        if *rest.first()? != b'"' {
            return None;
        }
        let key = take_value(&mut rest);
        rest = skip(rest, |b| b == b':' || b.is_ascii_whitespace());
        let value = take_value(&mut rest);
        let key = key.strip_prefix(b"\"").unwrap_or(key);
        Some((key.strip_suffix(b"\"").unwrap_or(key), value))
    })
}

/// The value of an object's member.
pub(crate) fn member<'a>(object: &'a [u8], name: &str) -> Option<&'a [u8]> {
    members(object)
        .find(|(key, _)| *key == name.as_bytes())
        .map(|(_, value)| value)
}

/// White space and a byte order mark taken off the front.
pub(crate) fn trim_front(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    skip(bytes, |b| b.is_ascii_whitespace())
}

fn after_opening(bytes: &[u8], opening: u8) -> &[u8] {
    match trim_front(bytes) {
        [first, rest @ ..] if *first == opening => rest,
        _ => &[],
    }
}

fn take_value<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    // A delimiter where a value should be would be of no length: it is taken, so that every step moves on.
    let len = ValueEnd::default()
        .feed(rest)
        .unwrap_or(rest.len())
        .max(1)
        .min(rest.len());
    let (value, after) = rest.split_at(len);
    *rest = after;
    value
}

fn skip(bytes: &[u8], unwanted: impl Fn(u8) -> bool) -> &[u8] {
    let start = bytes
        .iter()
        .position(|b| !unwanted(*b))
        .unwrap_or(bytes.len());
    &bytes[start..]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(list: &str, expected: &[&str]) {
        let got: Vec<_> = elements(list.as_bytes())
            .map(String::from_utf8_lossy)
            .collect();
        assert_eq!(got, expected);
    }

    #[test]
    fn lists_are_cut_at_their_commas() {
        check(
            r#" [ {"a":"]},"} , [1,[2]], "x\"]" ,7,true ] 9"#,
            &[r#"{"a":"]},"}"#, "[1,[2]]", r#""x\"]""#, "7", "true"],
        );
        check("[]", &[]);
        check("{}", &[]);
        check("[1,{\"a\":2", &["1", "{\"a\":2"]);
    }

    #[test]
    fn members_are_found_by_name() {
        let object = br#"{"a": {"b": 1}, "b": [2, 3], "c": "d"}"#;
        assert_eq!(member(object, "b"), Some(&b"[2, 3]"[..]));
        assert_eq!(member(object, "d"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_safe(bytes in prop::collection::vec(prop::sample::select(b"[]{}\",:\\ a1\n".to_vec()), 0..80)) {
            let total: usize = elements(&bytes).map(<[u8]>::len).sum();
            prop_assert!(total <= bytes.len());
            prop_assert!(members(&bytes).count() <= bytes.len());
        }

        #[test]
        fn feeding_in_pieces_is_feeding_at_once(bytes in prop::collection::vec(prop::sample::select(b"[]{}\",:\\ a1".to_vec()), 1..60), cut in 0usize..60) {
            let cut = cut.min(bytes.len());
            let whole = ValueEnd::default().feed(&bytes);
            let mut pieces = ValueEnd::default();
            let split = pieces.feed(&bytes[..cut]).or_else(|| pieces.feed(&bytes[cut..]).map(|len| len + cut));
            prop_assert_eq!(whole, split);
        }
    }
}
