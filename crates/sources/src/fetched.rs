//! What a visit to a source brought, in the shape that the completeness ledger wants.

use std::collections::HashSet;

use domain::ids::ExternalId;
use domain::ledger::{AnnounceKind, BatchKey};
use domain::record::{Item, Record, Unreadable};

use crate::client::Visited;
use crate::digest::digest;

/// One announcement, or one range of a harvest, as it came.
#[derive(Debug, Clone, PartialEq)]
pub struct Fetched {
    /// Whose announcement, of which category and day.
    pub key: BatchKey,
    /// How many records the source says there are, where it says so.
    pub expected: Option<u32>,
    /// The records, each once, in the source's order.
    pub entries: Vec<(AnnounceKind, Item)>,
    /// What could not be read.
    pub unreadable: Vec<Unreadable>,
    /// Records that came more than once.
    pub duplicates: u32,
    /// What was odd, in words for people; the ledger's reason takes them up.
    pub notes: Vec<String>,
    /// To be given to [`Client::remember`](crate::client::Client::remember) once everything above is stored.
    pub visited: Vec<Visited>,
}

impl Fetched {
    /// A fingerprint of the ids, by which a repeated announcement is told from a new one.
    pub fn digest(&self) -> String {
        digest(self.entries.iter().map(|(_, item)| item_key(item)))
    }

    /// Kinds and items apart, in the same order, as the store takes them.
    pub fn split(self) -> (Vec<AnnounceKind>, Vec<Item>) {
        self.entries.into_iter().unzip()
    }
}

/// Collects records and drops what came before.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    pub(crate) entries: Vec<(AnnounceKind, Item)>,
    pub(crate) unreadable: Vec<Unreadable>,
    pub(crate) duplicates: u32,
    pub(crate) notes: Vec<String>,
    seen: HashSet<String>,
}

impl Gathered {
    /// Takes a paper in. Returns whether it is new here.
    pub(crate) fn paper(&mut self, kind: AnnounceKind, record: Record) -> bool {
        self.item(kind, Item::Paper(Box::new(record)))
    }

    /// Takes an item in. Returns whether it is new here.
    pub(crate) fn item(&mut self, kind: AnnounceKind, item: Item) -> bool {
        let new = self.seen.insert(item_key(&item));
        if new {
            self.entries.push((kind, item));
        } else {
            self.duplicates += 1;
        }
        new
    }

    /// Whether a paper of this id came.
    pub(crate) fn has(&self, id: &ExternalId) -> bool {
        self.seen.contains(&id.key())
    }

    /// Adds a note, once.
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// The whole, under its key.
    pub(crate) fn into_fetched(self, key: BatchKey, expected: Option<u32>) -> Fetched {
        Fetched {
            key,
            expected,
            entries: self.entries,
            unreadable: self.unreadable,
            duplicates: self.duplicates,
            notes: self.notes,
            visited: Vec::new(),
        }
    }
}

/// The id by which two items are the same.
fn item_key(item: &Item) -> String {
    match item {
        Item::Paper(record) => match record.ids.first() {
            Some(id) => id.key(),
            None => ExternalId::local(&record.title).key(),
        },
        Item::Readings { id, .. } | Item::Deleted { id, .. } => id.key(),
    }
}
