//! People with an account: names, roles, and what a token of theirs may do.

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

/// Shortest and longest name, in characters.
const NAME_CHARS: std::ops::RangeInclusive<usize> = 2..=30;

/// Names that people would take for the site's own voice, or that addresses of pages need.
const RESERVED: [&str; 16] = [
    "admin",
    "administrator",
    "anonymous",
    "author",
    "broadsheet",
    "deleted",
    "editor",
    "everyone",
    "me",
    "moderator",
    "nobody",
    "root",
    "staff",
    "support",
    "system",
    "webmaster",
];

/// The number of an account. Never given out twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct UserId(pub i64);

/// What a person may do. Each role may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Votes, saves, follows, comments, collects, submits.
    Reader,
    /// Also settles reports and claims, removes comments, locks threads.
    Moderator,
    /// Also runs the site: people, sources, jobs, mail.
    Admin,
}

impl Role {
    /// All of them, the least first.
    pub const ALL: [Role; 3] = [Role::Reader, Role::Moderator, Role::Admin];

    /// The word in the database, options and pages.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Reader => "reader",
            Role::Moderator => "moderator",
            Role::Admin => "admin",
        }
    }

    /// The role of a word.
    pub fn from_short(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

/// What a personal token of the API is good for. Each scope is good for what those before it are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Reads what its owner alone may read: saves, follows, private collections, notifications.
    Read,
    /// Votes, saves, follows, comments and collects in its owner's name.
    Write,
    /// Does what the owner's role may do beyond that.
    Admin,
}

impl Scope {
    /// All of them, the least first.
    pub const ALL: [Scope; 3] = [Scope::Read, Scope::Write, Scope::Admin];

    /// The word in the database and on pages.
    pub fn as_str(self) -> &'static str {
        match self {
            Scope::Read => "read",
            Scope::Write => "write",
            Scope::Admin => "admin",
        }
    }

    /// The scope of a word.
    pub fn from_short(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == word)
    }
}

/// The name under which a person votes and writes: ASCII letters, digits, `-` and `_`, so that no two of them look the
/// same, none turns the text around it, and each stands in an address as it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UserName(String);

/// Why a text is no name, in words for whoever typed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Too short or too long.
    #[error("a name has 2 to 30 characters")]
    Length,
    /// A character that no name has.
    #[error("a name is of the letters a to z, digits, - and _, and begins with a letter or digit")]
    Character,
    /// Would be taken for the site's own.
    #[error("this name is kept for the site itself; choose another")]
    Reserved,
}

impl UserName {
    /// Reads a name. White space around it is not counted.
    ///
    /// # Errors
    /// In words for whoever typed it.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let text = text.trim();
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let begins_well = text
            .chars()
            .next()
            .is_none_or(|c| c.is_ascii_alphanumeric());
        if !text.chars().all(allowed) || !begins_well {
            return Err(NameError::Character);
        }
        if !NAME_CHARS.contains(&text.len()) {
            return Err(NameError::Length);
        }
        let name = UserName(text.to_string());
        if RESERVED.contains(&name.key().as_str()) {
            return Err(NameError::Reserved);
        }
        Ok(name)
    }

    /// The name nearest to what another system calls a person, such as `Jane Müller` or `jane@example.org`; `None`
    /// where nothing of it can stand in a name.
    pub fn nearest(text: &str) -> Option<Self> {
        let text = text.split('@').next().unwrap_or_default();
        let mut near = String::new();
        for c in text.nfkd().filter(char::is_ascii) {
            match c {
                c if c.is_ascii_alphanumeric() || c == '_' => near.push(c),
                _ if near.ends_with('-') => {}
                _ => near.push('-'),
            }
        }
        let near = near.trim_matches(['-', '_']);
        let near = &near[..near.len().min(*NAME_CHARS.end())];
        match Self::parse(near) {
            Err(NameError::Reserved | NameError::Length) if !near.is_empty() => {
                Self::parse(&format!("{near}-1")).ok()
            }
            name => name.ok(),
        }
    }

    /// As it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// By what it is known: two names of one key are the same name.
    pub fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for UserName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        UserName::parse(&text)
    }
}

impl From<UserName> for String {
    fn from(name: UserName) -> String {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&str, NameError>) {
        let name = UserName::parse(text);
        assert_eq!(
            name.as_ref().map(UserName::as_str),
            expected.as_ref().copied()
        );
    }

    #[test]
    fn names_are_read_strictly() {
        check(" Jane_Doe-2 ", Ok("Jane_Doe-2"));
        check("j", Err(NameError::Length));
        check(&"j".repeat(31), Err(NameError::Length));
        check("", Err(NameError::Length));
        check("-jane", Err(NameError::Character));
        check("jane doe", Err(NameError::Character));
        check("jane\u{200b}", Err(NameError::Character));
        check("\u{202e}enaj", Err(NameError::Character));
        check("j\u{430}ne", Err(NameError::Character));
        check("jane\r\nBcc: x", Err(NameError::Character));
        check("Admin", Err(NameError::Reserved));
    }

    #[test]
    fn one_key_is_one_name() {
        let (a, b) = (
            UserName::parse("Jane").unwrap(),
            UserName::parse("jANE").unwrap(),
        );
        assert_eq!(a.key(), b.key());
    }

    #[track_caller]
    fn check_nearest(text: &str, expected: Option<&str>) {
        assert_eq!(
            UserName::nearest(text).as_ref().map(UserName::as_str),
            expected
        );
    }

    #[test]
    fn names_of_other_systems_come_near() {
        check_nearest("Jane Müller", Some("Jane-Muller"));
        check_nearest("jane@example.org", Some("jane"));
        check_nearest("admin", Some("admin-1"));
        check_nearest("j", Some("j-1"));
        check_nearest("李雷", None);
        check_nearest("", None);
    }

    proptest! {
        #[test]
        fn nearest_is_a_name_or_nothing(text in "\\PC{0,60}") {
            if let Some(name) = UserName::nearest(&text) {
                prop_assert_eq!(UserName::parse(name.as_str()), Ok(name));
            }
        }
    }

    #[test]
    fn roles_and_scopes_include_those_before_them() {
        assert!(Role::Reader < Role::Moderator && Role::Moderator < Role::Admin);
        assert!(Scope::Read < Scope::Write && Scope::Write < Scope::Admin);
        for role in Role::ALL {
            assert_eq!(Role::from_short(role.as_str()), Some(role));
        }
        for scope in Scope::ALL {
            assert_eq!(Scope::from_short(scope.as_str()), Some(scope));
        }
    }
}
