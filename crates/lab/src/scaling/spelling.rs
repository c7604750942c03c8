//! Small language models of letters, on the starter shelf's summaries: whole papers are held out, and a test asks which of
//! several spellings stood in a place of them.

use std::collections::BTreeMap;

use ndarray::Array2;
use rand::RngExt as _;
use rand::seq::SliceRandom as _;

use super::layers::{Input, Network, cross_entropy_slope, log_softmax};
use crate::data::shelf;
use crate::frame::Rng;

/// Space, the letters a to z, full stop.
pub(super) const LETTERS: usize = 28;
/// How many letters a model sees before the one that it predicts.
pub(super) const CONTEXT: usize = 6;

/// What a model sees: the letters before, nearest last.
pub(super) type Before = [usize; CONTEXT];

/// Something that predicts the next letter.
pub(super) trait Model: Sync {
    /// Logarithms of probabilities of the next letter, a row for every context.
    fn predict(&self, contexts: &[Before]) -> Array2<f32>;

    /// How many numbers it has learned.
    fn parameters(&self) -> usize;
}

/// Text to learn from and text held out: whole papers each.
#[derive(Debug, Clone)]
pub(super) struct Texts {
    /// To learn from.
    pub(super) training: Vec<usize>,
    /// Held out.
    pub(super) held_out: Vec<usize>,
}

/// A word of the held-out text with wrong spellings of it: which one stood there?
#[derive(Debug, Clone)]
pub(super) struct Cloze {
    /// What stood before it.
    pub(super) before: Before,
    /// Words as letters; the first is the one that stood there.
    pub(super) choices: Vec<Vec<usize>>,
}

impl Texts {
    /// The shelf's titles and summaries, one paper in five held out.
    pub(super) fn new(rng: &mut Rng) -> Texts {
        let mut papers: Vec<&crate::data::Text> = shelf().iter().collect();
        papers.shuffle(rng);
        let (held_out, training) = papers.split_at(papers.len() / 5);
        let letters = |papers: &[&crate::data::Text]| -> Vec<usize> {
            papers
                .iter()
                .flat_map(|paper| spell(&format!("{}. {} ", paper.title, paper.summary)))
                .collect()
        };
        Texts {
            training: letters(training),
            held_out: letters(held_out),
        }
    }

    /// Cloze items from the held-out text: words of five letters and more, with wrong spellings, each with one letter
    /// in place of another.
    pub(super) fn cloze(&self, count: usize, choices: usize, rng: &mut Rng) -> Vec<Cloze> {
        let text = &self.held_out;
        let mut words = words(text);
        words.shuffle(rng);
        let items = words.into_iter().take(count).map(|(start, end)| {
            let mut spellings = vec![text[start..end].to_vec()];
            while spellings.len() < choices {
                let mut wrong = spellings[0].clone();
                let at = rng.random_range(0..wrong.len());
                // As frequent letters as the text's own: rarity shall not give it away.
                wrong[at] = text[rng.random_range(0..text.len())];
                if (1..=26).contains(&wrong[at]) && !spellings.contains(&wrong) {
                    spellings.push(wrong);
                }
            }
            Cloze {
                before: before(text, start),
                choices: spellings,
            }
        });
        items.collect()
    }
}

/// Where words of five letters and more begin and end, after the first full context.
fn words(text: &[usize]) -> Vec<(usize, usize)> {
    let mut words = Vec::new();
    let mut start = 0;
    for at in 0..=text.len() {
        if at == text.len() || !(1..=26).contains(&text[at]) {
            if at - start >= 5 && start >= CONTEXT {
                words.push((start, at));
            }
            start = at + 1;
        }
    }
    words
}

/// Bits a letter that a model needs for a text, from the first full context on.
pub(super) fn bits_per_letter(model: &dyn Model, text: &[usize]) -> f64 {
    let places: Vec<usize> = (CONTEXT..text.len()).collect();
    let mut sum = 0.0;
    for part in places.chunks(4_096) {
        let contexts: Vec<Before> = part.iter().map(|&at| before(text, at)).collect();
        let predicted = model.predict(&contexts);
        for (row, &at) in part.iter().enumerate() {
            sum -= f64::from(predicted[(row, text[at])]);
        }
    }
    sum / (places.len().max(1) as f64 * std::f64::consts::LN_2)
}

/// The logarithm of each choice's probability under a model, a row for every item.
pub(super) fn choose(model: &dyn Model, items: &[Cloze]) -> Vec<Vec<f64>> {
    let mut contexts = Vec::new();
    let mut letters = Vec::new();
    for item in items {
        for word in &item.choices {
            let mut seen = item.before;
            for &letter in word {
                contexts.push(seen);
                letters.push(letter);
                seen.rotate_left(1);
                seen[CONTEXT - 1] = letter;
            }
        }
    }
    let predicted = model.predict(&contexts);
    let mut each = letters
        .iter()
        .enumerate()
        .map(|(row, &letter)| f64::from(predicted[(row, letter)]));
    items
        .iter()
        .map(|item| {
            let words = item.choices.iter();
            words
                .map(|word| each.by_ref().take(word.len()).sum())
                .collect()
        })
        .collect()
}

/// The share of items whose first choice has the greatest score.
pub(super) fn accuracy(scores: &[Vec<f64>]) -> f64 {
    let right = scores.iter().filter(|choices| chosen(choices) == 0).count();
    right as f64 / scores.len().max(1) as f64
}

/// The choice with the greatest score.
pub(super) fn chosen(scores: &[f64]) -> usize {
    (0..scores.len())
        .max_by(|&a, &b| scores[a].total_cmp(&scores[b]))
        .unwrap_or(0)
}

/// A network over the letters before.
#[derive(Debug, Clone)]
pub(super) struct Neural(pub(super) Network);

impl Neural {
    /// An untrained one with a hidden layer of `width`.
    pub(super) fn new(width: usize, rng: &mut Rng) -> Neural {
        Neural(Network::new(
            &[CONTEXT * LETTERS, width, LETTERS],
            CONTEXT,
            rng,
        ))
    }

    /// Trains on places of the text drawn at random, 32 a step; `look` sees the model after every step.
    pub(super) fn train(
        &mut self,
        text: &[usize],
        steps: usize,
        rate: f32,
        rng: &mut Rng,
        mut look: impl FnMut(usize, &Neural),
    ) {
        for step in 1..=steps {
            let places: Vec<usize> = (0..32)
                .map(|_| rng.random_range(CONTEXT..text.len()))
                .collect();
            let contexts: Vec<Before> = places.iter().map(|&at| before(text, at)).collect();
            let next: Vec<usize> = places.iter().map(|&at| text[at]).collect();
            let seen = rows(&contexts);
            let input = Input {
                places: &seen,
                each: CONTEXT,
            };
            self.0
                .step(input, rate, |scores| cross_entropy_slope(scores, &next));
            look(step, self);
        }
    }
}

impl Model for Neural {
    fn predict(&self, contexts: &[Before]) -> Array2<f32> {
        let mut scores = self.0.outputs(Input {
            places: &rows(contexts),
            each: CONTEXT,
        });
        log_softmax(&mut scores);
        scores
    }

    fn parameters(&self) -> usize {
        self.0.parameters()
    }
}

/// Counts of letters after the `order - 1` letters before, mixed with shorter ones (Witten and Bell, 1991).
#[derive(Debug, Clone)]
pub(super) struct Counted {
    // By how many letters before: those letters -> counts of the next.
    levels: Vec<BTreeMap<Vec<usize>, [u32; LETTERS]>>,
}

impl Counted {
    /// Counts a text.
    pub(super) fn new(text: &[usize], order: usize) -> Counted {
        let mut levels = vec![BTreeMap::new(); order.clamp(1, CONTEXT + 1)];
        for at in CONTEXT..text.len() {
            for (length, level) in levels.iter_mut().enumerate() {
                let counts = level
                    .entry(text[at - length..at].to_vec())
                    .or_insert([0; LETTERS]);
                counts[text[at]] += 1;
            }
        }
        Counted { levels }
    }

    /// Probabilities of the next letter.
    pub(super) fn row(&self, before: &Before) -> [f64; LETTERS] {
        let mut mixed = [1.0 / LETTERS as f64; LETTERS];
        for (length, level) in self.levels.iter().enumerate() {
            let Some(counts) = level.get(&before[CONTEXT - length..]) else {
                break;
            };
            let all: u32 = counts.iter().sum();
            let kinds = counts.iter().filter(|count| **count > 0).count();
            // As much weight for what is new here as there were kinds of letters.
            let known = f64::from(all) / (f64::from(all) + kinds as f64);
            for (mixed, &count) in mixed.iter_mut().zip(counts) {
                *mixed = known * f64::from(count) / f64::from(all) + (1.0 - known) * *mixed;
            }
        }
        mixed
    }
}

impl Model for Counted {
    fn predict(&self, contexts: &[Before]) -> Array2<f32> {
        let mut out = Array2::zeros((contexts.len(), LETTERS));
        for (mut row, before) in out.outer_iter_mut().zip(contexts) {
            for (to, p) in row.iter_mut().zip(self.row(before)) {
                *to = p.ln() as f32;
            }
        }
        out
    }

    fn parameters(&self) -> usize {
        let kept = |counts: &[u32; LETTERS]| counts.iter().filter(|count| **count > 0).count();
        self.levels
            .iter()
            .flat_map(|level| level.values())
            .map(kept)
            .sum()
    }
}

/// The places of one-hot inputs of each context.
fn rows(contexts: &[Before]) -> Vec<usize> {
    let each = |before: &Before| {
        let mut places = *before;
        places
            .iter_mut()
            .enumerate()
            .for_each(|(at, letter)| *letter += at * LETTERS);
        places
    };
    contexts.iter().flat_map(each).collect()
}

fn before(text: &[usize], at: usize) -> Before {
    let mut before = [0; CONTEXT];
    before.copy_from_slice(&text[at - CONTEXT..at]);
    before
}

/// A text as letters: everything else is one space, ends of sentences are full stops.
fn spell(text: &str) -> Vec<usize> {
    let mut letters = Vec::with_capacity(text.len());
    for character in text.chars() {
        let letter = match character.to_ascii_lowercase() {
            letter @ 'a'..='z' => letter as usize - 'a' as usize + 1,
            '.' | '?' | '!' => 27,
            _ => 0,
        };
        if letter != 0 || letters.last() != Some(&0) {
            letters.push(letter);
        }
    }
    letters
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    #[test]
    fn texts_are_spelled() {
        assert_eq!(spell("Ab, (Z)."), [1, 2, 0, 26, 0, 27]);
        let texts = Texts::new(&mut Rng::seed_from_u64(1));
        assert!(texts.training.len() > 3 * texts.held_out.len() && texts.held_out.len() > 5_000);
    }

    #[test]
    fn counts_are_mixed_as_witten_and_bell_do() {
        // After "aaaaaa" come a (3 times) and b (once): at order 1 the four letters a, a, a, b have two kinds.
        let text = [1, 1, 1, 1, 1, 1, 1, 1, 1, 2];
        let one = Counted::new(&text, 1);
        let row = one.row(&[1; CONTEXT]);
        let expected = 4.0 / 6.0 * 0.75 + 2.0 / 6.0 / 28.0;
        assert!((row[1] - expected).abs() < 1e-12, "{}", row[1]);
        assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        let two = Counted::new(&text, 2).row(&[1; CONTEXT]);
        assert!((two[1] - (4.0 / 6.0 * 0.75 + 2.0 / 6.0 * row[1])).abs() < 1e-12);
        assert_eq!(one.parameters(), 2);
    }

    #[test]
    fn longer_counts_need_fewer_bits_and_choose_better() {
        let rng = &mut Rng::seed_from_u64(2);
        let texts = Texts::new(rng);
        let items = texts.cloze(200, 4, rng);
        assert!(items.len() == 200 && items.iter().all(|item| item.choices.len() == 4));
        let judge = |order| {
            let model = Counted::new(&texts.training, order);
            let scores = choose(&model, &items);
            (bits_per_letter(&model, &texts.held_out), accuracy(&scores))
        };
        let (first, third) = (judge(1), judge(3));
        assert!(
            first.0 > third.0 + 0.5 && third.1 > first.1 + 0.1,
            "{first:?} {third:?}"
        );
        assert!((3.5..4.5).contains(&first.0));
    }
}
