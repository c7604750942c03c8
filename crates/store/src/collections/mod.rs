//! Collections: papers that a person keeps in an order of their own, with notes; private, shared with some, or public.
//!
//! Who may see a collection and who may change it is decided here ([`Collection::may_see`], [`Collection::may_edit`]),
//! so that pages, feeds and the API cannot disagree. Places are numbers with gaps of none: an item's place is how many
//! items stand before it.

mod items;
mod kept;

use domain::account::UserId;
use jiff::Timestamp;

pub use items::{CollectionItem, MoveTo};
pub(crate) use items::{FORGET_ITEMS, MOVES};
pub use kept::{CollectionChange, NewCollection};

/// Most papers in a collection.
pub const ITEMS_MAX: u32 = 1_000;
/// Most collections of one person.
pub const COLLECTIONS_MAX: u32 = 200;
/// Most people with whom a collection is shared.
pub const MEMBERS_MAX: u32 = 50;
/// Longest title, in characters.
pub const TITLE_CHARS_MAX: usize = 120;
/// Longest note of a collection or of an item, in characters.
pub const NOTE_CHARS_MAX: usize = 2_000;
/// Longest slug, in bytes.
pub const SLUG_LEN_MAX: usize = 60;

/// Who may see a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Visibility {
    /// Its owner.
    Private,
    /// Its owner and its members, who may also change it.
    Shared,
    /// Everyone; members may change it.
    Public,
}

impl Visibility {
    /// All of them, the narrowest first.
    pub const ALL: [Visibility; 3] = [Visibility::Private, Visibility::Shared, Visibility::Public];

    /// The word in the database and in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Visibility::Private => "private",
            Visibility::Shared => "shared",
            Visibility::Public => "public",
        }
    }

    /// The visibility of a word.
    pub fn from_short(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|v| v.as_str() == word)
    }
}

/// A collection without its papers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collection {
    /// Its row.
    pub id: i64,
    /// Whose it is.
    pub owner: UserId,
    /// The owner's name, as it stands in the address.
    pub owner_name: String,
    /// The last part of the address; unique for its owner.
    pub slug: String,
    /// For people.
    pub title: String,
    /// A few words about it; may be empty.
    pub note: String,
    /// Who may see it.
    pub visibility: Visibility,
    /// When it was made.
    pub created: Timestamp,
    /// When anything of it last changed.
    pub changed: Timestamp,
    /// How many papers are in it.
    pub papers: u32,
    /// Whether the reader for whom it was loaded is a member.
    pub is_member: bool,
}

impl Collection {
    /// Whether the reader may see it.
    pub fn may_see(&self, reader: Option<UserId>) -> bool {
        match self.visibility {
            Visibility::Public => true,
            Visibility::Shared => self.is_member || reader == Some(self.owner),
            Visibility::Private => reader == Some(self.owner),
        }
    }

    /// Whether the reader may add, move and remove papers and write notes. Title and visibility are the owner's.
    pub fn may_edit(&self, reader: Option<UserId>) -> bool {
        let member = self.is_member && self.visibility != Visibility::Private;
        reader.is_some() && (reader == Some(self.owner) || member)
    }
}

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Collected {
    /// Done.
    Done,
    /// It was so already.
    Already,
    /// The collection holds [`ITEMS_MAX`] papers, or there are [`COLLECTIONS_MAX`] of them, or [`MEMBERS_MAX`] members.
    Full,
    /// The owner has another collection under this slug.
    SlugTaken,
    /// The collection, paper or person is not here.
    Unknown,
}

/// The slug that a title gives: `Papers to read!` is `papers-to-read`. A title without letters or digits gives
/// `collection`.
pub fn slug_of(title: &str) -> String {
    let mut slug = domain::text::folded(title).replace(' ', "-");
    let mut end = slug.len().min(SLUG_LEN_MAX);
    while !slug.is_char_boundary(end) {
        end -= 1;
    }
    slug.truncate(end);
    let slug = slug.trim_matches('-');
    if slug.is_empty() {
        "collection".to_string()
    } else {
        slug.to_string()
    }
}

/// A text as it is kept: no NUL, which PostgreSQL refuses, and within a bound of characters.
pub(crate) fn kept_text(text: &str, chars_max: usize) -> String {
    let clean = text.chars().filter(|c| *c == '\n' || !c.is_control());
    clean.take(chars_max).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(title: &str, slug: &str) {
        assert_eq!(slug_of(title), slug);
    }

    #[test]
    fn slugs_are_made_of_titles() {
        check("Papers to read!", "papers-to-read");
        check("  José's $O(n)$ ", "joses-o-n");
        check("日本語", "日本語");
        check("../../etc/passwd", "etc-passwd");
        check("\u{202e}\u{200b}", "collection");
        check("a.atom", "a-atom");
    }

    proptest! {
        #[test]
        fn any_title_gives_a_slug_that_stands_in_an_address(title in "\\PC{0,200}") {
            let slug = slug_of(&title);
            prop_assert!(!slug.is_empty() && slug.len() <= SLUG_LEN_MAX);
            prop_assert!(slug.chars().all(|c| c == '-' || c.is_alphanumeric()), "{}", slug);
            prop_assert_eq!(slug_of(&slug), slug);
        }
    }
}
