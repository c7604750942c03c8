//! The links in mails: each carries what it is for and a signature, so that nobody can make one up, and no table of
//! links need be kept.
//!
//! ```text
//! token = id "-" expiry "-" tag        12-1764230400-9f86d081884c7d659a2feaa0c55ad015a3bf4f1b
//! tag   = first 20 bytes of HMAC-SHA256(secret, "broadsheet-mail 1" NUL purpose NUL id NUL expiry), hexadecimal
//! ```
//!
//! `expiry` is seconds since 1970, 0 for never. Numbers of subscriptions and readers are never given out twice, so a
//! link never comes to mean something else. Who has the link is taken for the owner of the mailbox that it was sent to.

use std::fmt::Write;

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;

/// Length of the secret, in bytes.
pub const SECRET_LEN: usize = 32;

/// How many bytes of the authentication code a link carries (RFC 2104, section 5, asks for at least half).
const TAG_LEN: usize = 20;

/// How many of them a message's id carries: enough that nobody guesses one, and short enough for a header's line.
const ID_TAG_LEN: usize = 12;

/// What a link is for. A link for one thing is none for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Says yes to a subscription, by its number.
    Confirm,
    /// Ends a subscription, by its number.
    Unsubscribe,
    /// Changes a reader's subscriptions, by the reader's number.
    Manage,
    /// Names a letter, by its number: the part of a message's id before the `@`.
    Letter,
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Purpose::Confirm => "confirm",
            Purpose::Unsubscribe => "unsubscribe",
            Purpose::Manage => "manage",
            Purpose::Letter => "letter",
        }
    }
}

/// Why a link is not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is none of ours, or was changed on the way.
    #[error(
        "this link is not valid; it may have been cut in two on the way: copy it from the mail again, whole"
    )]
    Forged,
    /// Its time is over.
    #[error("this link has expired; ask for a new one")]
    Expired,
}

/// Signs links, and recognises them.
#[derive(Clone)]
pub struct Keys {
    mac: Hmac<Sha256>,
}

/// Without the secret.
impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(..)")
    }
}

impl Keys {
    /// From the secret, as hexadecimal digits. `None` where they are not [`SECRET_LEN`] bytes.
    pub fn from_hex(secret: &str) -> Option<Self> {
        let bytes = unhex(secret)?;
        let mac = Hmac::<Sha256>::new_from_slice(&bytes).ok()?;
        (bytes.len() == SECRET_LEN).then_some(Keys { mac })
    }

    /// A link's token.
    pub fn sign(&self, purpose: Purpose, id: i64, expires: Option<Timestamp>) -> String {
        let expiry = expires.map_or(0, Timestamp::as_second);
        let tag = self.tag(purpose, id, expiry);
        format!("{id}-{expiry}-{}", hex(&tag[..TAG_LEN]))
    }

    /// The number in a token that we have signed for this purpose.
    pub fn open(&self, purpose: Purpose, token: &str, now: Timestamp) -> Result<i64, TokenError> {
        let mut parts = token.splitn(3, '-');
        let mut part = || parts.next().ok_or(TokenError::Forged);
        let (id, expiry, tag) = (number(part()?)?, number(part()?)?, part()?);
        self.verify(purpose, id, expiry, tag, TAG_LEN)?;
        if expiry != 0 && now.as_second() >= expiry {
            return Err(TokenError::Expired);
        }
        Ok(id)
    }

    /// The part before the `@` of the id of a letter's message: the same each time that the letter is handed over, so
    /// that a mail server which has it already can tell.
    pub fn message_id(&self, letter: i64) -> String {
        let tag = self.tag(Purpose::Letter, letter, 0);
        format!("letter.{letter}.{}", hex(&tag[..ID_TAG_LEN]))
    }

    /// The number of the letter whose message has this id, `<...>` or bare, whatever stands after the `@`.
    pub fn letter_of(&self, message_id: &str) -> Option<i64> {
        let id = message_id.trim().trim_start_matches('<');
        let local = id.split('@').next()?;
        let (number_text, tag) = local.strip_prefix("letter.")?.split_once('.')?;
        let letter = number(number_text).ok()?;
        self.verify(Purpose::Letter, letter, 0, tag, ID_TAG_LEN)
            .ok()?;
        Some(letter)
    }

    fn verify(
        &self,
        purpose: Purpose,
        id: i64,
        expiry: i64,
        tag: &str,
        len: usize,
    ) -> Result<(), TokenError> {
        let tag = unhex(tag)
            .filter(|tag| tag.len() == len)
            .ok_or(TokenError::Forged)?;
        // In constant time: how long it takes must not tell how much of a guess was right.
        let mac = self.mac_of(purpose, id, expiry);
        mac.verify_truncated_left(&tag)
            .map_err(|_| TokenError::Forged)
    }

    fn tag(&self, purpose: Purpose, id: i64, expiry: i64) -> [u8; 32] {
        self.mac_of(purpose, id, expiry)
            .finalize()
            .into_bytes()
            .into()
    }

    fn mac_of(&self, purpose: Purpose, id: i64, expiry: i64) -> Hmac<Sha256> {
        let mut mac = self.mac.clone();
        let said = format!("broadsheet-mail 1\0{}\0{id}\0{expiry}", purpose.name());
        mac.update(said.as_bytes());
        mac
    }
}

/// A number as we write it: no sign, no leading zeros, so that a token has one form.
fn number(text: &str) -> Result<i64, TokenError> {
    let number: i64 = text.parse().map_err(|_| TokenError::Forged)?;
    if number < 0 || number.to_string() != text {
        return Err(TokenError::Forged);
    }
    Ok(number)
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes = pairs
        .iter()
        .map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?));
    rest.is_empty().then(|| bytes.collect())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keys(byte: &str) -> Keys {
        Keys::from_hex(&byte.repeat(SECRET_LEN)).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    const NOW: &str = "2026-11-23T08:00:00Z";

    #[test]
    fn the_signature_is_hmac_sha256() {
        // Made with Python: hmac.new(bytes([0xab] * 32), b"broadsheet-mail 1\0confirm\x0012\x001764230400", "sha256").
        let token = keys("ab").sign(Purpose::Confirm, 12, Some(at("2025-11-27T08:00:00Z")));
        assert_eq!(
            token,
            "12-1764230400-8848fdf54cff442bf8482b8c4f140b70027891b8"
        );
    }

    #[test]
    fn a_link_is_good_for_one_thing_and_one_time() {
        let keys = keys("ab");
        let token = keys.sign(Purpose::Confirm, 12, Some(at("2026-11-25T08:00:00Z")));
        assert_eq!(keys.open(Purpose::Confirm, &token, at(NOW)), Ok(12));
        // Again: the link does not wear out, what it leads to is the same the second time.
        assert_eq!(keys.open(Purpose::Confirm, &token, at(NOW)), Ok(12));
        assert_eq!(
            keys.open(Purpose::Confirm, &token, at("2026-11-25T08:00:00Z")),
            Err(TokenError::Expired)
        );
        for other in [Purpose::Unsubscribe, Purpose::Manage, Purpose::Letter] {
            assert_eq!(keys.open(other, &token, at(NOW)), Err(TokenError::Forged));
        }
        let stranger = self::keys("cd");
        assert_eq!(
            stranger.open(Purpose::Confirm, &token, at(NOW)),
            Err(TokenError::Forged)
        );
        let lasting = keys.sign(Purpose::Unsubscribe, 3, None);
        assert_eq!(
            keys.open(Purpose::Unsubscribe, &lasting, at("2099-01-01T00:00:00Z")),
            Ok(3)
        );
    }

    #[test]
    fn changed_links_are_refused() {
        let keys = keys("ab");
        let token = keys.sign(Purpose::Unsubscribe, 12, None);
        let tag = token.rsplit('-').next().unwrap();
        for forged in [
            format!("13-0-{tag}"),
            format!("12-1999999999-{tag}"),
            format!("012-0-{tag}"),
            format!("+12-0-{tag}"),
            format!("12-0-{}", tag.to_uppercase()),
            format!("12-0-{}", &tag[..38]),
            format!("12-0-{tag}00"),
            format!("12-0-{tag}-x"),
            "12-0-".to_string(),
            "12-0".to_string(),
            String::new(),
            "--".to_string(),
            format!("-12-0-{tag}"),
        ] {
            assert_eq!(
                keys.open(Purpose::Unsubscribe, &forged, at(NOW)),
                Err(TokenError::Forged),
                "{forged}"
            );
        }
    }

    #[test]
    fn ids_of_messages_name_their_letter() {
        let keys = keys("ab");
        let id = keys.message_id(77);
        assert_eq!(
            keys.letter_of(&format!("<{id}@papers.example.org>")),
            Some(77)
        );
        assert_eq!(keys.letter_of(&id), Some(77));
        assert_eq!(keys.letter_of(&id.replace("77", "78")), None);
        assert_eq!(self::keys("cd").letter_of(&id), None);
        assert_eq!(keys.letter_of("<20261123@mail.example.org>"), None);
    }

    #[test]
    fn secrets_have_one_length() {
        assert!(Keys::from_hex("ab").is_none());
        assert!(Keys::from_hex(&"zz".repeat(SECRET_LEN)).is_none());
        assert_eq!(format!("{:?}", keys("ab")), "Keys(..)");
    }

    proptest! {
        #[test]
        fn no_text_is_a_link_by_chance(text in "\\PC{0,80}|[0-9]{1,3}-[0-9]{1,3}-[0-9a-f]{40}") {
            prop_assert!(keys("ab").open(Purpose::Manage, &text, at(NOW)).is_err());
            prop_assert!(keys("ab").letter_of(&text).is_none());
        }
    }
}
