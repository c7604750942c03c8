//! Which texts the teacher reads: titles, and single sentences of abstracts.

use super::papers::Paper;
use crate::train::random::Random;

/// Shorter sentences say little ("We find that it does.").
const MIN_SENTENCE_BYTES: usize = 30;

/// `most` texts: every other one the title of a paper, every other one a sentence of another paper's abstract.
pub(crate) fn choose(papers: &[Paper], most: usize, seed: u64) -> Vec<String> {
    let mut random = Random::new(seed);
    let mut order: Vec<&Paper> = papers.iter().collect();
    random.shuffle(&mut order);
    let mut texts = Vec::with_capacity(most);
    for (n, paper) in order.into_iter().enumerate() {
        if texts.len() >= most {
            break;
        }
        if n % 2 == 0 {
            texts.push(paper.title.clone());
            continue;
        }
        let sentences: Vec<&str> = split(&paper.abstract_text)
            .filter(|sentence| sentence.len() >= MIN_SENTENCE_BYTES)
            .collect();
        texts.extend(
            sentences
                .get(random.below(sentences.len()))
                .map(|s| (*s).to_owned()),
        );
    }
    texts
}

/// The sentences of a text: cut after a full stop or its like, before a capital letter.
pub(crate) fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let ends = rest.as_bytes().windows(3).position(
            |three| matches!(three, [b'.' | b'?' | b'!', b' ', next] if next.is_ascii_uppercase()),
        );
        // An ASCII byte's end is a character's end.
        let (sentence, after) = rest.split_at(ends.map_or(rest.len(), |at| at + 1));
        rest = after.trim_start();
        Some(sentence)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        assert_eq!(split(text).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn sentences_end_before_capitals() {
        check("", &[]);
        check("One. Two! three? Four", &["One.", "Two! three?", "Four"]);
        check(
            "Of 3.5 GeV. É is no ASCII.",
            &["Of 3.5 GeV. É is no ASCII."],
        );
    }
}
