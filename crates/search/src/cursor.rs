//! Page markers: opaque to everybody else, safe in addresses, and refused when damaged or of another search.

use crate::engine::{Error, Mode, Sort};

/// Where a page begins, and how its search was run: later pages must be run the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// The last hit's key; in a list by meaning, how many hits came before.
    pub(crate) after: u64,
    /// A spelling correction was applied.
    pub(crate) corrected: bool,
    /// So many of the words were demanded; 0 for all.
    pub(crate) need: u8,
}

/// Version, how it was run, the search's fingerprint, the key, a checksum.
const LEN: usize = 1 + 1 + 8 + 8 + 8;
const VERSION: u8 = 1;
const CORRECTED: u8 = 0x80;

impl Cursor {
    /// As text of hexadecimal digits.
    pub(crate) fn encode(&self, search: u64) -> String {
        let how = (self.need & !CORRECTED) | if self.corrected { CORRECTED } else { 0 };
        let mut bytes = vec![VERSION, how];
        bytes.extend(search.to_be_bytes());
        bytes.extend(self.after.to_be_bytes());
        bytes.extend(fingerprint(&bytes).to_be_bytes());
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Reads a marker that must belong to this search.
    pub(crate) fn decode(text: &str, search: u64) -> Result<Cursor, Error> {
        let bytes = bytes_of(text).ok_or(Error::Cursor)?;
        let number = |at: usize| {
            let mut eight = [0; 8];
            eight.copy_from_slice(&bytes[at..at + 8]);
            u64::from_be_bytes(eight)
        };
        let whole = number(LEN - 8) == fingerprint(&bytes[..LEN - 8]);
        if !whole || bytes[0] != VERSION || number(2) != search {
            return Err(Error::Cursor);
        }
        Ok(Cursor {
            after: number(10),
            corrected: bytes[1] & CORRECTED != 0,
            need: bytes[1] & !CORRECTED,
        })
    }
}

/// What a page marker is bound to.
pub(crate) fn search_id(text: &str, sort: Sort, mode: Mode) -> u64 {
    let mode = match mode {
        Mode::Hybrid => "hybrid:",
        Mode::Lexical => "",
        Mode::Semantic => "semantic:",
    };
    let sort = match sort {
        Sort::Relevance => "relevance:",
        Sort::Newest => "newest:",
        Sort::Votes => "votes:",
    };
    fingerprint(format!("{mode}{sort}{text}").as_bytes())
}

fn bytes_of(text: &str) -> Option<[u8; LEN]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * LEN {
        return None;
    }
    let mut bytes = [0; LEN];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |d: u8| char::from(d).to_digit(16);
        *byte = (digit(pair[0])? * 16 + digit(pair[1])?) as u8;
    }
    Some(bytes)
}

/// FNV-1a: guards against mistakes, not against forgers, who would gain nothing.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn cursors_come_back(after: u64, corrected: bool, need in 0u8..=32, search: u64) {
            let cursor = Cursor { after, corrected, need };
            let text = cursor.encode(search);
            prop_assert_eq!(Cursor::decode(&text, search).unwrap(), cursor);
            prop_assert!(Cursor::decode(&text, search ^ 1).is_err());
        }

        #[test]
        fn damage_is_noticed(after: u64, at in 0usize..52, digit in "[0-9a-f]") {
            let cursor = Cursor { after, corrected: false, need: 0 };
            let text = cursor.encode(7);
            let mut damaged = text.clone();
            damaged.replace_range(at..=at, &digit);
            prop_assert_eq!(Cursor::decode(&damaged, 7).is_ok(), damaged == text);
        }

        #[test]
        fn any_text_is_refused_kindly(text in "\\PC{0,60}") {
            prop_assert!(Cursor::decode(&text, 7).is_err());
        }
    }
}
