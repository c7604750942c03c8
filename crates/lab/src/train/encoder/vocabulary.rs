//! Choosing the vocabulary: the teacher's words and pieces, more words, and phrases.

use std::collections::{HashMap, HashSet};

use encode::tokenizer::words;
use rayon::prelude::*;

/// How many tokens of each kind are added to the teacher's own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) words: usize,
    pub(crate) phrases: usize,
}

/// Words and phrases rarer than this in the texts are not learned from enough to deserve a row.
const MIN_COUNT: u32 = 20;
/// Longer words are formulae and addresses.
const MAX_WORD_BYTES: usize = 30;
/// Words that begin or end no phrase: they say how a sentence goes on, not what it is about.
const FUNCTION_WORDS: &str = "a about above after all also an and any are as at be because been before being below \
    between both but by can could did do does doing down during each few for from further had has have having \
    he her here his how however i if in into is it its just may me might more most must my no nor not now of off \
    on once only or other our out over own s same shall she should so some such t than that the their them then \
    there these they this those through thus to too under until up upon very via was we well were what when where \
    which while who whom why will with within without would you your one two three first second show shows \
    shown present paper propose proposed study studied using used use based new both et al 0 1 2 3 4 5 6 7 8 9";

/// The vocabulary, in the order of the rows: `known` tokens of the teacher, then frequent words of `texts` that are not
/// among them, then frequent phrases of both.
pub(crate) fn choose(known: Vec<String>, texts: &[&str], sizes: Sizes) -> Vec<String> {
    let mut tokens = known;
    let mut rows: HashMap<String, u32> = (0..)
        .zip(&tokens)
        .map(|(row, token)| (token.clone(), row))
        .collect();
    for word in frequent_words(texts, &rows, sizes.words) {
        rows.insert(word.clone(), tokens.len() as u32);
        tokens.push(word);
    }
    let idle: HashSet<u32> = FUNCTION_WORDS
        .split_whitespace()
        .filter_map(|word| rows.get(word).copied())
        .collect();
    let phrases = frequent_phrases(texts, &rows, &idle, sizes.phrases);
    let spell = |phrase: &[u32]| {
        let words: Vec<&str> = phrase
            .iter()
            .map(|row| tokens[*row as usize].as_str())
            .collect();
        words.join(" ")
    };
    let phrases: Vec<String> = phrases.iter().map(|phrase| spell(phrase)).collect();
    tokens.extend(phrases);
    tokens
}

/// The most frequent words that are not yet tokens.
fn frequent_words(texts: &[&str], rows: &HashMap<String, u32>, most: usize) -> Vec<String> {
    let count = |mut counts: HashMap<String, u32>, text: &&str| {
        words::for_each(text, |word| {
            let letters = word.text.bytes().any(|b| b.is_ascii_lowercase()) && word.text.is_ascii();
            if !letters || word.text.len() > MAX_WORD_BYTES || rows.contains_key(word.text) {
                return;
            }
            match counts.get_mut(word.text) {
                Some(count) => *count += 1,
                None => {
                    counts.insert(word.text.to_owned(), 1);
                }
            }
        });
        counts
    };
    let counts = texts
        .par_iter()
        .fold(HashMap::new, count)
        .reduce(HashMap::new, add);
    best(counts, most, |_, count| f64::from(count))
}

/// The phrases of two words, then of three, that say most: how often they occur times how much more often
/// than their words by chance (a phrase's share of the pointwise mutual information).
fn frequent_phrases(
    texts: &[&str],
    rows: &HashMap<String, u32>,
    idle: &HashSet<u32>,
    most: usize,
) -> Vec<Vec<u32>> {
    let sentences: Vec<Vec<Vec<u32>>> = texts.par_iter().map(|text| runs(text, rows)).collect();
    let words = sentences
        .par_iter()
        .flatten()
        .flatten()
        .map(|_| 1_u64)
        .sum::<u64>() as f64;
    let mut single = vec![0_u32; rows.len()];
    sentences
        .iter()
        .flatten()
        .flatten()
        .for_each(|row| single[*row as usize] += 1);
    let pairs = count_runs(&sentences, |run| {
        (!idle.contains(&run[0]) && !idle.contains(&run[1])).then(|| [run[0], run[1]])
    });
    let worth = |count: u32, first: u32, last: u32| {
        let by_chance = f64::from(first) * f64::from(last) / words;
        f64::from(count) * (f64::from(count) / by_chance).ln()
    };
    let of_pair =
        |pair: &[u32; 2], count| worth(count, single[pair[0] as usize], single[pair[1] as usize]);
    // A fifth of the room is for phrases of three words.
    let chosen = best(pairs.clone(), most - most / 5, of_pair);
    let beginnings: HashSet<[u32; 2]> = chosen.iter().copied().collect();
    let triples = count_runs(&sentences, |run| {
        let [a, b, c] = [run[0], run[1], *run.get(2)?];
        (beginnings.contains(&[a, b]) && !idle.contains(&c)).then_some([a, b, c])
    });
    let triples = best(triples, most / 5, |[a, b, c], count| {
        worth(count, pairs[&[*a, *b]], single[*c as usize])
    });
    let pairs = chosen.iter().map(|pair| pair.to_vec());
    pairs
        .chain(triples.iter().map(|triple| triple.to_vec()))
        .collect()
}

/// The text's runs of tokens that are whole words and stand side by side.
fn runs(text: &str, rows: &HashMap<String, u32>) -> Vec<Vec<u32>> {
    let mut runs = Vec::new();
    let mut run = Vec::new();
    words::for_each(text, |word| {
        let row = rows.get(word.text);
        if !word.joined || row.is_none() {
            runs.push(std::mem::take(&mut run));
        }
        run.extend(row);
    });
    runs.push(run);
    runs.retain(|run| run.len() > 1);
    runs
}

/// Counts what `pick` takes from the tokens beginning at each place.
fn count_runs<const N: usize>(
    texts: &[Vec<Vec<u32>>],
    pick: impl Fn(&[u32]) -> Option<[u32; N]> + Sync,
) -> HashMap<[u32; N], u32> {
    let count = |mut counts: HashMap<[u32; N], u32>, text: &Vec<Vec<u32>>| {
        for run in text {
            for at in 0..run.len() - 1 {
                if let Some(phrase) = pick(&run[at..]) {
                    *counts.entry(phrase).or_insert(0) += 1;
                }
            }
        }
        counts
    };
    let mut counts = texts
        .par_chunks(texts.len().div_ceil(rayon::current_num_threads()).max(1))
        .map(|texts| texts.iter().fold(HashMap::new(), count))
        .reduce(HashMap::new, add);
    counts.retain(|_, count| *count >= MIN_COUNT);
    counts
}

fn add<K: std::hash::Hash + Eq>(a: HashMap<K, u32>, b: HashMap<K, u32>) -> HashMap<K, u32> {
    let (mut large, small) = if a.len() > b.len() { (a, b) } else { (b, a) };
    for (key, count) in small {
        *large.entry(key).or_insert(0) += count;
    }
    large
}

/// The `most` keys of highest worth among those frequent enough, best first; equals in the keys' own order.
fn best<K: Ord + Clone>(
    counts: HashMap<K, u32>,
    most: usize,
    worth: impl Fn(&K, u32) -> f64,
) -> Vec<K> {
    let frequent = counts.into_iter().filter(|(_, count)| *count >= MIN_COUNT);
    let mut ranked: Vec<(f64, K)> = frequent
        .map(|(key, count)| (worth(&key, count), key))
        .collect();
    ranked.sort_unstable_by(|(a, x), (b, y)| b.total_cmp(a).then_with(|| x.cmp(y)));
    ranked.truncate(most);
    ranked.into_iter().map(|(_, key)| key).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequent_words_and_phrases_are_found() {
        let known: Vec<String> = ["neural", "the", "network", "of"]
            .map(String::from)
            .to_vec();
        let noise = ["the network of the", "neural of neural the network, neural"];
        let mut texts = vec!["The neural-network encoder of quarks. Neural network encoder"; 30];
        texts.extend(noise.repeat(10));
        let sizes = Sizes {
            words: 10,
            phrases: 10,
        };
        let tokens = choose(known, &texts, sizes);
        let new: Vec<&str> = tokens[4..].iter().map(String::as_str).collect();
        assert_eq!(
            new,
            [
                "encoder",
                "quarks",
                "network encoder",
                "neural network",
                "neural network encoder"
            ]
        );
    }
}
