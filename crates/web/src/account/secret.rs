//! Secrets that nobody can guess, and what is kept of them.

use std::fmt;

use axum::http::HeaderValue;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::error::Error;

/// Bytes of a secret.
pub const LEN: usize = 32;

/// What a personal token begins with, so that people and scanners recognise one that has leaked.
pub const TOKEN_PREFIX: &str = "bsp_";

/// A new secret from the system's randomness, as hexadecimal digits.
///
/// # Errors
/// When the system has none to give.
pub fn fresh() -> Result<String, Error> {
    let mut bytes = [0; LEN];
    getrandom::fill(&mut bytes)
        .map_err(|e| Error::Render(format!("the system gave no randomness: {e}")))?;
    Ok(hex(&bytes))
}

/// What is kept of a secret: its SHA-256. Secrets are random and long, so nothing slower is needed.
pub fn digest(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

/// Whether a text can be one of our secrets at all.
pub fn is_secret(text: &str) -> bool {
    text.len() == 2 * LEN && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |n: u8| char::from(DIGITS[usize::from(n)]);
    bytes
        .iter()
        .flat_map(|b| [digit(b >> 4), digit(b & 15)])
        .collect()
}

/// Hexadecimal digits as bytes.
pub fn unhex(text: &str) -> Option<[u8; LEN]> {
    if !is_secret(text) {
        return None;
    }
    let mut bytes = [0; LEN];
    for (i, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * i..2 * i + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// Marks a browser from which somebody has signed in to an account, so that wrong guesses of strangers elsewhere do not
/// keep that browser out.
#[derive(Clone)]
pub(crate) struct Marker(Hmac<Sha256>);

impl Marker {
    pub(crate) fn new(key: &[u8; LEN]) -> Self {
        #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
        Marker(Hmac::<Sha256>::new_from_slice(key).expect("a key of any length"))
    }

    /// The mark of a browser that signed in to this account.
    pub(crate) fn mark(&self, account: i64) -> String {
        format!(
            "{account}-{}",
            hex(&self.of(account).finalize().into_bytes())
        )
    }

    /// Whether this is the mark of a browser that signed in to this account.
    pub(crate) fn is_marked(&self, mark: &str, account: i64) -> bool {
        let tag = mark
            .strip_prefix(&account.to_string())
            .and_then(|rest| rest.strip_prefix('-'))
            .and_then(unhex);
        tag.is_some_and(|tag| self.of(account).verify_slice(&tag).is_ok())
    }

    fn of(&self, account: i64) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        mac.update(format!("broadsheet-browser 1\0{account}").as_bytes());
        mac
    }
}

/// Without the key.
impl fmt::Debug for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Marker(..)")
    }
}

/// The secret of an `Authorization: Bearer bsp_...` header.
pub(crate) fn bearer(header: Option<&HeaderValue>) -> Option<&str> {
    let text = header?.to_str().ok()?;
    let (scheme, token) = text.split_once(' ')?;
    let secret = token.trim().strip_prefix(TOKEN_PREFIX)?;
    (scheme.eq_ignore_ascii_case("bearer") && is_secret(secret)).then_some(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_long_and_never_the_same() {
        let (a, b) = (fresh().unwrap(), fresh().unwrap());
        assert!(is_secret(&a) && a != b);
        assert_eq!(hex(&unhex(&a).unwrap()), a);
        assert_ne!(digest(&a), a);
        assert!(!is_secret("0123") && !is_secret(&a.to_uppercase().replace('0', "G")));
    }

    #[test]
    fn a_digest_is_sha256() {
        // FIPS 180-2, appendix B.1.
        assert_eq!(
            digest("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn marks_are_of_one_account_and_one_site() {
        let marker = Marker::new(&[7; LEN]);
        let mark = marker.mark(12);
        assert!(marker.is_marked(&mark, 12));
        assert!(!marker.is_marked(&mark, 1) && !marker.is_marked(&mark, 13));
        assert!(!Marker::new(&[8; LEN]).is_marked(&mark, 12));
        assert!(!marker.is_marked(&mark[..mark.len() - 1], 12));
        assert!(!marker.is_marked("", 12));
    }

    #[test]
    fn tokens_are_read_from_the_header() {
        let secret = "0a".repeat(LEN);
        let check = |header: String, expected: Option<&str>| {
            assert_eq!(bearer(Some(&header.parse().unwrap())), expected);
        };
        check(format!("Bearer bsp_{secret}"), Some(&secret));
        check(format!("bearer  bsp_{secret} "), Some(&secret));
        check(format!("Bearer {secret}"), None);
        check(format!("Basic bsp_{secret}"), None);
        check("Bearer hf_abc".to_string(), None);
        assert_eq!(bearer(None), None);
    }
}
