//! A made language whose first token matters to the end, with its exact probabilities.

use rand::RngExt as _;
use rand::seq::SliceRandom as _;

use crate::frame::Rng;

/// Words.
pub(super) const WORDS: usize = 16;
/// Topics, which are tokens too: those after the words. One begins every text.
pub(super) const TOPICS: usize = 4;
/// All tokens.
pub(super) const TOKENS: usize = WORDS + TOPICS;

/// How likely the next word is the one that follows the last word in this topic, and how likely the one that follows the
/// last but one in every topic. What is left is spread over all words.
const BY_TOPIC: f64 = 0.55;
const BY_LAST_BUT_ONE: f64 = 0.3;

/// Which word follows which.
#[derive(Debug, Clone)]
pub(super) struct Language {
    // For each topic, the word after each word.
    by_topic: [Vec<usize>; TOPICS],
    by_last_but_one: Vec<usize>,
}

impl Language {
    /// A language of its own for every generator.
    pub(super) fn new(rng: &mut Rng) -> Language {
        let mut shuffled = || {
            let mut words: Vec<usize> = (0..WORDS).collect();
            words.shuffle(rng);
            words
        };
        Language {
            by_topic: std::array::from_fn(|_| shuffled()),
            by_last_but_one: shuffled(),
        }
    }

    /// The next word's probabilities after the tokens so far, of which the first is the topic.
    pub(super) fn next(&self, before: &[usize]) -> [f64; WORDS] {
        let mut shares = [(1.0 - BY_TOPIC - BY_LAST_BUT_ONE) / WORDS as f64; WORDS];
        let word = |back: usize| {
            let at = before.len().checked_sub(back)?;
            (at > 0).then(|| before[at])
        };
        let spread = |shares: &mut [f64; WORDS], weight: f64| {
            shares.iter_mut().for_each(|p| *p += weight / WORDS as f64);
        };
        match word(1) {
            Some(last) => shares[self.by_topic[before[0] - WORDS][last]] += BY_TOPIC,
            None => spread(&mut shares, BY_TOPIC),
        }
        match word(2) {
            Some(last_but_one) => shares[self.by_last_but_one[last_but_one]] += BY_LAST_BUT_ONE,
            None => spread(&mut shares, BY_LAST_BUT_ONE),
        }
        shares
    }

    /// A text of so many tokens, its topic first.
    pub(super) fn text(&self, length: usize, rng: &mut Rng) -> Vec<usize> {
        let mut text = vec![WORDS + rng.random_range(0..TOPICS)];
        while text.len() < length {
            let mut left = rng.random::<f64>();
            let next = self.next(&text).iter().position(|p| {
                left -= p;
                left < 0.0
            });
            text.push(next.unwrap_or(WORDS - 1));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    #[test]
    fn probabilities_add_up_and_are_those_of_the_rules() {
        let rng = &mut Rng::seed_from_u64(1);
        let language = Language::new(rng);
        let text = language.text(40, rng);
        for at in 1..40 {
            let sum: f64 = language.next(&text[..at]).iter().sum();
            assert!((sum - 1.0).abs() < 1e-12);
        }
        let shares = language.next(&[WORDS + 2, 3, 7]);
        let by_topic = language.by_topic[2][7];
        let expected = 0.15 / 16.0 + 0.55;
        let both = language.by_last_but_one[3] == by_topic;
        let expected = expected + if both { 0.3 } else { 0.0 };
        assert!((shares[by_topic] - expected).abs() < 1e-12);
        // After the topic alone nothing is known.
        assert!((language.next(&[WORDS])[5] - 1.0 / 16.0).abs() < 1e-12);
    }

    #[test]
    fn words_come_as_often_as_they_should() {
        let rng = &mut Rng::seed_from_u64(2);
        let language = Language::new(rng);
        let text = language.text(20_000, rng);
        let rule = &language.by_topic[text[0] - WORDS];
        let followed = text[1..].windows(2).filter(|pair| rule[pair[0]] == pair[1]);
        let share = followed.count() as f64 / 19_998.0;
        // 0.55 by the topic, 0.15 / 16 by chance, and now and then by the last but one.
        assert!((0.55..0.62).contains(&share), "{share}");
    }
}
