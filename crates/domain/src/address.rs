//! Mail addresses of readers: read strictly, for what is accepted here is handed to mail servers and shown on pages.

use std::fmt;

use crate::text::is_invisible;

/// Longest address, in bytes (RFC 5321, section 4.5.3.1.3: a path of 256 with its angle brackets).
const ADDRESS_LEN_MAX: usize = 254;
/// Longest part before the `@`, in bytes (RFC 5321, section 4.5.3.1.1).
const LOCAL_LEN_MAX: usize = 64;
/// Longest domain, in bytes (RFC 5321, section 4.5.3.1.2).
const DOMAIN_LEN_MAX: usize = 253;

/// A mail address that can be written to: ASCII, without white space, quotes or brackets, the domain in lower case and
/// in its ASCII form (`user@xn--mnchen-3ya.example`). Two of the same [`key`](MailAddress::key) are one reader.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MailAddress {
    text: String,
    /// Where the `@` stands.
    at: usize,
}

/// Why a text is no mail address that is written to, in words for whoever typed it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// Nothing was given.
    #[error("no mail address was given; type one such as name@example.org")]
    Empty,
    /// Longer than any mail server takes.
    #[error(
        "the mail address is longer than {ADDRESS_LEN_MAX} characters; no mail server takes it"
    )]
    TooLong,
    /// A line break or another control character: the way to add headers to somebody's message.
    #[error(
        "the mail address holds a line break or another control character; type it by hand, on one line"
    )]
    Control,
    /// A character that is not seen, or turns the text around.
    #[error(
        "the mail address holds a character that cannot be seen or that changes the direction of the text ({name}); \
         type it by hand instead of pasting it"
    )]
    Invisible {
        /// Its code point, such as `U+202E`.
        name: String,
    },
    /// White space, quotes, brackets, commas: more than one bare address.
    #[error(
        "`{character}` cannot stand in a mail address here; give one bare address such as name@example.org"
    )]
    Character {
        /// Which.
        character: char,
    },
    /// No `@`, or more than one.
    #[error("a mail address has one @, such as name@example.org")]
    At,
    /// What stands before the `@`.
    #[error(
        "what stands before the @ must be 1 to {LOCAL_LEN_MAX} letters, digits and signs such as . + - _, with no dot first, \
         last or twice in a row"
    )]
    Local,
    /// A letter outside ASCII before the `@`, which most mail servers cannot take (RFC 6531).
    #[error(
        "`{character}` before the @ is not taken by most mail servers; letters beyond a to z can stand only after the @"
    )]
    LocalNotAscii {
        /// Which.
        character: char,
    },
    /// What stands after the `@`.
    #[error("what stands after the @ is not the name of a mail domain such as example.org")]
    Domain,
}

impl MailAddress {
    /// Reads an address. White space around it is not counted.
    ///
    /// ```
    /// use domain::address::MailAddress;
    /// let address = MailAddress::parse(" Jane.Doe@MÜNCHEN.example ").unwrap();
    /// assert_eq!(address.as_str(), "Jane.Doe@xn--mnchen-3ya.example");
    /// assert!(MailAddress::parse("jane@example.org\r\nBcc: all@example.org").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        // Spaces alone: a line break at the end is as suspect as one within.
        let text = text.trim_matches(' ');
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        check_characters(text)?;
        if text.len() > ADDRESS_LEN_MAX {
            return Err(AddressError::TooLong);
        }
        let (local, domain) = text.split_once('@').ok_or(AddressError::At)?;
        if domain.contains('@') {
            return Err(AddressError::At);
        }
        check_local(local)?;
        let domain = ascii_domain(domain)?;
        let text = format!("{local}@{domain}");
        if text.len() > ADDRESS_LEN_MAX {
            return Err(AddressError::TooLong);
        }
        Ok(MailAddress {
            at: local.len(),
            text,
        })
    }

    /// The address as it is written to.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What stands before the `@`, as typed.
    pub fn local(&self) -> &str {
        &self.text[..self.at]
    }

    /// The domain, in lower case and ASCII.
    pub fn domain(&self) -> &str {
        &self.text[self.at + 1..]
    }

    /// By what one reader is known: the address in lower case. The part before the `@` may by the letter of RFC 5321
    /// be told apart by case, but no mail server in use does so, and one person must not count as several.
    pub fn key(&self) -> String {
        self.text.to_ascii_lowercase()
    }
}

impl fmt::Display for MailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Without the address: what is printed for finding faults ends in logs, and readers' addresses must not.
impl fmt::Debug for MailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailAddress(..)")
    }
}

fn check_characters(text: &str) -> Result<(), AddressError> {
    for character in text.chars() {
        if character.is_control() {
            return Err(AddressError::Control);
        }
        if is_invisible(character) || is_hidden(character) {
            let name = format!("U+{:04X}", u32::from(character));
            return Err(AddressError::Invisible { name });
        }
        if character.is_whitespace() || "\"<>()[],;:\\".contains(character) {
            return Err(AddressError::Character { character });
        }
    }
    Ok(())
}

/// Further characters without a picture of their own, which titles may hold and addresses have no use for: fillers,
/// variation selectors, tags, and the separators that are no control characters.
fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{2028}' | '\u{2029}' | '\u{206a}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{e0000}'..='\u{e0fff}')
}

/// RFC 5321's `Dot-string`: its quoted form is not in use, and a way to smuggle.
fn check_local(local: &str) -> Result<(), AddressError> {
    if let Some(character) = local.chars().find(|c| !c.is_ascii()) {
        return Err(AddressError::LocalNotAscii { character });
    }
    let atom = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b))
    };
    if local.len() > LOCAL_LEN_MAX || !local.split('.').all(atom) {
        return Err(AddressError::Local);
    }
    Ok(())
}

/// The domain as mail servers know it: UTS 46 to ASCII, at least two labels, no address of a machine.
fn ascii_domain(domain: &str) -> Result<String, AddressError> {
    if domain.contains(['%', '/', '?', '#', '_']) {
        return Err(AddressError::Domain);
    }
    let Ok(url::Host::Domain(ascii)) = url::Host::parse(domain) else {
        return Err(AddressError::Domain);
    };
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let labels: Vec<&str> = ascii.split('.').collect();
    let top_is_a_name = labels
        .last()
        .is_some_and(|top| top.len() >= 2 && !top.bytes().all(|b| b.is_ascii_digit()));
    let fits = ascii.len() <= DOMAIN_LEN_MAX
        && labels.len() >= 2
        && labels.into_iter().all(label)
        && top_is_a_name;
    fits.then_some(ascii).ok_or(AddressError::Domain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(MailAddress::parse(text).unwrap().as_str(), expected);
    }

    #[track_caller]
    fn refused(text: &str, words: &str) {
        let said = MailAddress::parse(text).unwrap_err().to_string();
        assert!(said.contains(words), "{text:?}: {said}");
    }

    #[test]
    fn plain_addresses_stay_as_they_are() {
        check("jane@example.org", "jane@example.org");
        check(
            "  Jane.Doe+papers@Example.ORG ",
            "Jane.Doe+papers@example.org",
        );
        check("o'neil_1@mail.example.co.uk", "o'neil_1@mail.example.co.uk");
        check("a/b=c@example.org", "a/b=c@example.org");
        assert_eq!(
            MailAddress::parse("Jane@Example.org").unwrap().key(),
            MailAddress::parse("jane@EXAMPLE.org").unwrap().key()
        );
    }

    #[test]
    fn domains_in_other_scripts_become_ascii() {
        check("jane@münchen.example", "jane@xn--mnchen-3ya.example");
        check("jane@例え.テスト", "jane@xn--r8jz45g.xn--zckzah");
        check("jane@דוגמה.example", "jane@xn--6dbbec0c.example");
        check("jane@ＥＸＡＭＰＬＥ.org", "jane@example.org");
        refused("jané@example.org", "`é` before the @");
    }

    #[test]
    fn headers_cannot_be_added() {
        for text in [
            "jane@example.org\r\nBcc: all@example.org",
            "jane@example.org\nSubject: hello",
            "jane\r@example.org",
            "jane@example.org\0",
            "jane@example.org\n",
            "\tjane@example.org",
            "jane@example.org\u{85}",
        ] {
            refused(text, "line break");
        }
        refused("jane@example.org, all@example.org", "`,` cannot stand");
        refused("Jane <jane@example.org>", "` ` cannot stand");
        refused("\"jane doe\"@example.org", "`\"` cannot stand");
        refused("jane@example.org bcc:x", "` ` cannot stand");
        refused(
            "jane%0d%0a@exa%0d%0ample.org",
            "not the name of a mail domain",
        );
    }

    #[test]
    fn what_is_not_seen_is_refused_and_named() {
        refused("jane\u{202e}gro.elpmaxe@example.org", "U+202E");
        refused("jane\u{200b}@example.org", "U+200B");
        refused("jane@exam\u{200d}ple.org", "U+200D");
        refused("jane@exam\u{00ad}ple.org", "U+00AD");
        refused("\u{feff}jane@example.org", "U+FEFF");
        refused("jane\u{3164}@example.org", "U+3164");
        refused("jane@example.org\u{fe0f}", "U+FE0F");
        refused("jane@exa\u{2066}mple.org", "U+2066");
        refused("jane@exa\u{e0041}mple.org", "U+E0041");
    }

    #[test]
    fn what_cannot_be_written_to_is_refused() {
        refused("", "no mail address was given");
        refused("jane", "one @");
        refused("jane@example@org", "one @");
        refused("@example.org", "before the @");
        refused(".jane@example.org", "before the @");
        refused("ja..ne@example.org", "before the @");
        refused(&format!("{}@example.org", "a".repeat(65)), "before the @");
        refused(&format!("jane@{}.org", "a".repeat(300)), "longer than");
        for domain in [
            "",
            "localhost",
            "127.0.0.1",
            "2130706433",
            "0x7f.1",
            "example",
            "example.org.",
            "-example.org",
            "exa_mple.org",
            ".org",
            "example..org",
            "example.1",
            "xn--a.example",
        ] {
            refused(&format!("jane@{domain}"), "after the @");
        }
        refused("jane@[127.0.0.1]", "`[` cannot stand");
    }

    #[test]
    fn an_address_is_not_printed_for_finding_faults() {
        let address = MailAddress::parse("jane@example.org").unwrap();
        assert_eq!(format!("{address:?}"), "MailAddress(..)");
    }

    proptest! {
        #[test]
        fn what_is_accepted_is_plain(text in "\\PC{0,40}|[a-z.+@ \\r\\n\"<>-]{1,30}|[a-z]{1,5}@\\PC{1,20}") {
            if let Ok(address) = MailAddress::parse(&text) {
                let plain = |b: u8| b.is_ascii_graphic() && !b"\"<>()[],;:\\ ".contains(&b);
                prop_assert!(address.as_str().bytes().all(plain));
                prop_assert_eq!(address.as_str().matches('@').count(), 1);
                // Reading it again changes nothing.
                prop_assert_eq!(&MailAddress::parse(address.as_str()).unwrap(), &address);
            }
        }
    }
}
