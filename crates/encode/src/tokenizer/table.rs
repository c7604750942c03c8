//! Two small hash tables that are filled once and read often: token by text, phrase by its two parts.
//!
//! Both are open addressed with linear probing and at most one quarter full, so a miss, the usual case for
//! phrases, costs one look. The standard map would keep a copy of every token's text.

/// Marks a slot as free; no row has this number.
const FREE: u32 = u32::MAX;

/// Finds a token's row by its text. The texts themselves lie outside, in one string.
#[derive(Debug, Clone)]
pub(super) struct Words {
    slots: Vec<u32>,
    text: Box<str>,
    /// Where each row's text ends in `text`.
    ends: Vec<u32>,
}

impl Words {
    /// A table of `tokens`; `Err` holds the first text that is there twice.
    pub(super) fn new<'a>(tokens: &[&'a str]) -> Result<Words, &'a str> {
        let mut words = Words {
            slots: vec![FREE; slots_for(tokens.len())],
            text: tokens.concat().into(),
            ends: Vec::with_capacity(tokens.len()),
        };
        let mut end = 0;
        for (row, token) in (0..).zip(tokens) {
            end += token.len() as u32;
            words.ends.push(end);
            let slot = words.slot(token.as_bytes());
            if words.slots[slot] != FREE {
                return Err(token);
            }
            words.slots[slot] = row;
        }
        Ok(words)
    }

    /// The row of the token with this text.
    pub(super) fn find(&self, text: &[u8]) -> Option<u32> {
        let row = self.slots[self.slot(text)];
        (row != FREE).then_some(row)
    }

    /// The slot where `text` lies or would lie. There is always a free slot, so the search ends.
    fn slot(&self, text: &[u8]) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = hash_bytes(text) & mask;
        while self.slots[slot] != FREE && self.bytes_of(self.slots[slot]) != text {
            slot = (slot + 1) & mask;
        }
        slot
    }

    /// The text of the token in this row.
    pub(super) fn text(&self, row: u32) -> Option<&str> {
        let row = row as usize;
        let end = *self.ends.get(row)?;
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        self.text.get(start as usize..end as usize)
    }

    /// How many tokens there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    fn bytes_of(&self, row: u32) -> &[u8] {
        let row = row as usize;
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.text.as_bytes()[start as usize..self.ends[row] as usize]
    }
}

/// Finds a phrase's row by the rows of its beginning and its last word.
#[derive(Debug, Clone)]
pub(super) struct Phrases {
    slots: Vec<(u64, u32)>,
}

impl Phrases {
    /// A table of (beginning, last word, phrase).
    pub(super) fn new(phrases: &[(u32, u32, u32)]) -> Phrases {
        let mut table = Phrases {
            slots: vec![(0, FREE); slots_for(phrases.len())],
        };
        for (first, last, phrase) in phrases {
            let key = key(*first, *last);
            let slot = table.slot(key);
            table.slots[slot] = (key, *phrase);
        }
        table
    }

    /// The row of the phrase that `first` and `last` make.
    pub(super) fn find(&self, first: u32, last: u32) -> Option<u32> {
        let (_, row) = self.slots[self.slot(key(first, last))];
        (row != FREE).then_some(row)
    }

    fn slot(&self, key: u64) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = fold(key) & mask;
        while self.slots[slot].1 != FREE && self.slots[slot].0 != key {
            slot = (slot + 1) & mask;
        }
        slot
    }
}

fn key(first: u32, last: u32) -> u64 {
    u64::from(first) << 32 | u64::from(last)
}

/// A power of two, at least four times as many as there are things to keep.
fn slots_for(things: usize) -> usize {
    (4 * things.max(1)).next_power_of_two()
}

/// Mixes eight bytes at a time. The vocabulary is ours, so nobody can choose keys to collide in the table.
fn hash_bytes(text: &[u8]) -> usize {
    let mut state = text.len() as u64;
    let (eights, rest) = text.as_chunks::<8>();
    for eight in eights {
        state = mix(state ^ u64::from_le_bytes(*eight));
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    fold(state ^ u64::from_le_bytes(last))
}

fn fold(key: u64) -> usize {
    (mix(key) >> 20) as usize
}

/// Multiplication by an odd constant (2^64 over the golden ratio) carries low bits up; the shift brings them back down.
fn mix(key: u64) -> u64 {
    let product = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    product ^ (product >> 32)
}
