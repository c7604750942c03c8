//! Which texts the teacher reads: titles, and single sentences of abstracts.

use super::papers::Paper;
use crate::train::random::Random;

/// Shorter sentences say little ("We find that it does.").
const MIN_SENTENCE_BYTES: usize = 30;

/// The titles of the first `titles` papers, and one sentence each of the abstracts of `sentences` others.
pub(crate) fn choose(papers: &[Paper], titles: usize, sentences: usize, seed: u64) -> Vec<String> {
    let mut random = Random::new(seed);
    let (titled, others) = papers.split_at(titles.min(papers.len()));
    let mut texts: Vec<String> = titled.iter().map(|paper| paper.title.clone()).collect();
    for paper in others.iter().take(sentences) {
        let long: Vec<&str> = split(&paper.abstract_text)
            .filter(|sentence| sentence.len() >= MIN_SENTENCE_BYTES)
            .collect();
        texts.extend(long.get(random.below(long.len())).map(|s| (*s).to_owned()));
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
    fn titles_and_sentences_come_from_different_papers() {
        let paper = |n: usize| Paper {
            title: format!("Title {n}"),
            abstract_text: format!(
                "Short. Sentence number {n} is long enough to be taught. Short."
            ),
        };
        let papers: Vec<Paper> = (0..5).map(paper).collect();
        let texts = choose(&papers, 2, 2, 1);
        let sentence = |n| format!("Sentence number {n} is long enough to be taught.");
        assert_eq!(
            texts,
            [
                "Title 0".to_owned(),
                "Title 1".to_owned(),
                sentence(2),
                sentence(3)
            ]
        );
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
