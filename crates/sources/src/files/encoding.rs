//! Bytes as text: UTF-8, or else Windows-1252, in which old reference managers wrote.

use std::borrow::Cow;

use encoding_rs::WINDOWS_1252;

/// The text of strangers' bytes.
pub(super) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => WINDOWS_1252.decode_without_bom_handling(bytes).0,
    }
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
