//! Bytes as text: UTF-8, or else Windows-1252, in which old reference managers wrote.

use std::borrow::Cow;

/// What Windows-1252 has from 0x80 to 0x9f; five places are empty.
const HIGH: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// The text of strangers' bytes.
pub(super) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let text = bytes.iter().map(|byte| match byte {
        0x80..=0x9f => HIGH[usize::from(byte - 0x80)],
        _ => char::from(*byte),
    });
    Cow::Owned(text.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_bytes_are_read() {
        assert_eq!(decode("Gödel".as_bytes()), "Gödel");
        assert_eq!(decode(b"G\xf6del \x96 \x80"), "Gödel – €");
    }
}
