//! Vocabularies of every size from one text: the most frequent pair of neighbours becomes a token, again and again
//! (Sennrich, Haddow and Birch, 2016).

use std::collections::BTreeMap;

use crate::scaling::spelling::LETTERS;

/// A text in one vocabulary.
#[derive(Debug, Clone)]
pub(super) struct Encoded {
    /// How many tokens there are.
    pub(super) vocabulary: usize,
    /// The text.
    pub(super) tokens: Vec<usize>,
    // Pairs in the order in which they became tokens, and how many letters each token has.
    pairs: Vec<(usize, usize)>,
    lengths: Vec<usize>,
}

impl Encoded {
    /// A text in vocabularies of these sizes, smallest first. Pairs are found in this text, or taken from the same
    /// vocabularies of another.
    pub(super) fn all(text: &[usize], sizes: &[usize], like: Option<&[Encoded]>) -> Vec<Encoded> {
        let given = like
            .and_then(|all| all.last())
            .map(|largest| &largest.pairs);
        let mut now = Encoded {
            vocabulary: LETTERS,
            tokens: text.to_vec(),
            pairs: Vec::new(),
            lengths: vec![1; LETTERS],
        };
        let mut all = Vec::with_capacity(sizes.len());
        for &size in sizes {
            while now.vocabulary < size {
                let next = match given {
                    Some(pairs) => pairs.get(now.pairs.len()).copied(),
                    None => now.most_frequent(),
                };
                let Some(pair) = next else { break };
                now.merge(pair);
            }
            all.push(now.clone());
        }
        all
    }

    /// The most frequent pair whose first part does not end a word; the first in order among equals.
    fn most_frequent(&self) -> Option<(usize, usize)> {
        let mut counts: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        for pair in self.tokens.windows(2) {
            if !self.ends_word(pair[0]) {
                *counts.entry((pair[0], pair[1])).or_default() += 1;
            }
        }
        let order = |a: &((usize, usize), usize), b: &((usize, usize), usize)| {
            a.1.cmp(&b.1).then_with(|| b.0.cmp(&a.0))
        };
        counts.into_iter().max_by(order).map(|(pair, _)| pair)
    }

    /// Whether a token's last letter is a space or a full stop.
    fn ends_word(&self, token: usize) -> bool {
        let mut last = token;
        while last >= LETTERS {
            last = self.pairs[last - LETTERS].1;
        }
        last == 0 || last == LETTERS - 1
    }

    fn merge(&mut self, pair: (usize, usize)) {
        let token = self.vocabulary;
        let mut merged = Vec::with_capacity(self.tokens.len());
        let mut at = 0;
        while at < self.tokens.len() {
            if self.tokens[at] == pair.0 && self.tokens.get(at + 1) == Some(&pair.1) {
                merged.push(token);
                at += 2;
            } else {
                merged.push(self.tokens[at]);
                at += 1;
            }
        }
        self.tokens = merged;
        self.lengths
            .push(self.lengths[pair.0] + self.lengths[pair.1]);
        self.pairs.push(pair);
        self.vocabulary += 1;
    }

    /// How many letters the text has from this token on.
    pub(super) fn letters_from(&self, token: usize) -> usize {
        self.tokens[token..].iter().map(|&t| self.lengths[t]).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_pair_becomes_a_token() {
        // "ab abc ab": a 1, b 2, c 3.
        let text = [1, 2, 0, 1, 2, 3, 0, 1, 2];
        let all = Encoded::all(&text, &[LETTERS, LETTERS + 1, LETTERS + 2], None);
        assert_eq!(all[0].tokens, text);
        assert_eq!(all[1].tokens, [28, 0, 28, 3, 0, 28]);
        // Then every pair comes once ("ab" + space, "ab" + c, c + space): the first in order, by letters' numbers.
        assert_eq!(all[2].pairs, [(1, 2), (3, 0)]);
        assert!(all.iter().all(|encoded| encoded.letters_from(0) == 9));
        let again = Encoded::all(&[1, 2, 3, 3], &[LETTERS + 2], Some(&all));
        assert_eq!(again[0].tokens, [28, 3, 3]);
    }

    #[test]
    fn no_token_goes_on_beyond_a_word() {
        let text = [1, 0, 1, 0, 1, 0, 1, 0, 1, 0];
        let all = Encoded::all(&text, &[LETTERS + 5], None);
        // "a" + space is the only pair that can be merged.
        assert_eq!(all[0].pairs, [(1, 0)]);
    }
}
