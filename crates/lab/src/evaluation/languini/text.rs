//! Text without end: words follow each other as they do in the starter shelf's summaries.

use std::collections::HashMap;

use rand::RngExt as _;

use crate::data::shelf;
use crate::frame::Rng;

/// Different signs: the letters `a` to `z`, and the blank as the last.
pub(super) const SIGNS: usize = 27;
const BLANK: u8 = 26;
/// How often the next word is one that has followed this one; otherwise it is any word, by its frequency.
const FOLLOWS: f64 = 0.8;

/// A chain of words.
pub(super) struct Source {
    /// All words of the summaries in a row, as signs.
    words: Vec<Vec<u8>>,
    /// For each place in that row, the places after the same word.
    after: Vec<Vec<u32>>,
}

impl Source {
    pub(super) fn new() -> Source {
        let mut words: Vec<Vec<u8>> = Vec::new();
        for text in shelf() {
            let letters = text.summary.to_lowercase();
            let split = letters.split(|c: char| !c.is_ascii_lowercase());
            let signs = split.filter(|word| !word.is_empty());
            words.extend(signs.map(|word| word.bytes().map(|b| b - b'a').collect()));
        }
        let mut places: HashMap<&[u8], Vec<u32>> = HashMap::new();
        for (at, word) in words.iter().enumerate() {
            let next = (at + 1) % words.len();
            places.entry(word).or_default().push(next as u32);
        }
        let after = words
            .iter()
            .map(|word| places[word.as_slice()].clone())
            .collect();
        Source { words, after }
    }

    /// So many signs.
    pub(super) fn write(&self, signs: usize, rng: &mut Rng) -> Vec<u8> {
        let mut text = Vec::with_capacity(signs + 20);
        let mut at = rng.random_range(0..self.words.len());
        while text.len() < signs {
            text.extend_from_slice(&self.words[at]);
            text.push(BLANK);
            at = if rng.random::<f64>() < FOLLOWS {
                let after = &self.after[at];
                after[rng.random_range(0..after.len())] as usize
            } else {
                rng.random_range(0..self.words.len())
            };
        }
        text.truncate(signs);
        text
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn text_is_made_of_the_shelf_s_words() {
        let source = Source::new();
        let text = source.write(5000, &mut Rng::seed_from_u64(1));
        assert_eq!(text.len(), 5000);
        let known: std::collections::HashSet<&[u8]> =
            source.words.iter().map(Vec::as_slice).collect();
        let mut words = text.split(|&sign| sign == BLANK).collect::<Vec<_>>();
        // The last one may be cut.
        words.pop();
        assert!(words.len() > 500 && words.iter().all(|word| known.contains(word)));
    }
}
