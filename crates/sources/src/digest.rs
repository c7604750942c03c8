//! Fingerprints of what an announcement held, to tell a repeated one.

use sha2::{Digest, Sha256};

/// SHA-256, hexadecimal, of a set of ids: their order and repetitions do not count.
pub fn digest<I>(ids: I) -> String
where
    I: IntoIterator<Item: Into<String>>,
{
    let mut ids: Vec<String> = ids.into_iter().map(Into::into).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut hash = Sha256::new();
    for id in ids {
        hash.update(id.as_bytes());
        // A byte that no id holds: `ab` and `c` differ from `a` and `bc`.
        hash.update([0]);
    }
    hex(&hash.finalize())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut out, byte| {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_repetition_do_not_count() {
        assert_eq!(digest(["b", "a", "b"]), digest(["a", "b"]));
        assert_ne!(digest(["ab", "c"]), digest(["a", "bc"]));
        assert_eq!(
            digest(["a"]),
            "ffe9aaeaa2a2d5048174df0b80599ef0197ec024c4b051bc9860cff58ef7f9f3",
            "SHA-256 of the bytes 61 00"
        );
    }
}
