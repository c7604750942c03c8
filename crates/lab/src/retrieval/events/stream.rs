//! A stream of short texts about names whose meanings burst, and queries with what was relevant then.

use rand::RngExt as _;
use rand::seq::IndexedRandom as _;
use rand_distr::{Distribution, Poisson};

use crate::frame::Rng;

/// Weeks of the stream.
const WEEKS: usize = 60;
/// The first week of testing.
const TESTING: usize = 40;
/// Meanings of a name, the first of them busy.
const MEANINGS: usize = 3;
/// Words of one meaning.
const WORDS: usize = 12;
/// Words of a meaning that a burst is about.
const FOCUS: usize = 4;
/// Words that stand anywhere.
const FILLING: usize = 30;
/// Words of a text.
pub(super) const LENGTH: usize = 8;
/// Words of a query.
pub(super) const ASKED: usize = 2;
/// Words of an event.
pub(super) const EVENT: usize = 5;
/// Weeks that a burst lasts.
const BURST: usize = 3;
/// Texts a week: of a busy meaning, of a quiet one, and of a burst on top.
const RATES: [f64; 3] = [3.0, 0.3, 8.0];
/// How much a term must stand out from the eight weeks before, in deviations.
const STANDS_OUT: f64 = 3.0;

/// A text of the stream.
#[derive(Debug, Clone)]
pub(super) struct Text {
    pub(super) week: usize,
    /// Name and meaning that it is about.
    meaning: usize,
    /// Whether it was written because of a burst.
    news: bool,
    pub(super) words: [usize; LENGTH],
}

/// What a query asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The bare name while one of its meanings bursts: that burst's texts are meant.
    Burst,
    /// One meaning, by one of its words: all its texts are meant.
    Static,
}

/// A query at a time.
#[derive(Debug, Clone)]
pub(super) struct Query {
    pub(super) week: usize,
    pub(super) kind: Kind,
    pub(super) words: [usize; ASKED],
    /// The event of the name, as far as the stream before the query shows one.
    pub(super) event: Option<[usize; EVENT]>,
    /// Texts before the query that are meant, in their order.
    pub(super) relevant: Vec<usize>,
    /// Texts before the query of the same name that are not meant.
    pub(super) others: Vec<usize>,
}

/// A burst: a meaning, the week that it starts in, and the words that its texts are about.
#[derive(Debug, Clone, Copy)]
struct Burst {
    meaning: usize,
    start: usize,
    focus: [usize; FOCUS],
}

/// Texts in the order of their weeks.
pub(super) struct Stream {
    names: usize,
    pub(super) texts: Vec<Text>,
    bursts: Vec<Burst>,
    /// Texts of each week with each word.
    counts: Vec<Vec<u32>>,
}

impl Stream {
    pub(super) fn new(names: usize, rng: &mut Rng) -> Stream {
        let mut stream = Stream {
            names,
            texts: Vec::new(),
            bursts: Vec::new(),
            counts: Vec::new(),
        };
        for name in 0..names {
            let mut week = rng.random_range(8..20);
            while week + BURST < WEEKS {
                let meaning = name * MEANINGS + rng.random_range(0..MEANINGS);
                stream.bursts.push(Burst {
                    meaning,
                    start: week,
                    focus: std::array::from_fn(|_| stream.word(meaning, rng)),
                });
                week += rng.random_range(8..20);
            }
        }
        for week in 0..WEEKS {
            for meaning in 0..names * MEANINGS {
                let rate = RATES[usize::from(meaning % MEANINGS > 0)];
                stream.write(week, meaning, rate, None, rng);
                let burst = stream
                    .bursts
                    .iter()
                    .find(|b| b.meaning == meaning && b.at(week));
                if let Some(focus) = burst.map(|b| b.focus) {
                    stream.write(week, meaning, RATES[2], Some(focus), rng);
                }
            }
        }
        stream.counts = (0..WEEKS).map(|week| stream.count(week)).collect();
        stream
    }

    /// Words are numbered: names, then the words of each meaning, then the filling.
    pub(super) fn vocabulary(&self) -> usize {
        self.names * (1 + MEANINGS * WORDS) + FILLING
    }

    fn word(&self, meaning: usize, rng: &mut Rng) -> usize {
        self.names + meaning * WORDS + rng.random_range(0..WORDS)
    }

    fn filling(&self, rng: &mut Rng) -> usize {
        self.vocabulary() - FILLING + rng.random_range(0..FILLING)
    }

    /// Texts of a week, so many on average. Three of five have the name; four words are of the meaning, in a burst most of
    /// them of its focus; the rest stands anywhere.
    fn write(
        &mut self,
        week: usize,
        meaning: usize,
        rate: f64,
        focus: Option<[usize; FOCUS]>,
        rng: &mut Rng,
    ) {
        let count: f64 = Poisson::new(rate).map_or(0.0, |p| p.sample(rng));
        for _ in 0..count as usize {
            let mut words = [0; LENGTH];
            for (at, word) in words.iter_mut().enumerate() {
                *word = match (at, focus) {
                    (0, _) if rng.random_bool(0.6) => meaning / MEANINGS,
                    (1..=4, Some(focus)) if rng.random_bool(0.75) => {
                        focus[rng.random_range(0..FOCUS)]
                    }
                    (1..=4, _) => self.word(meaning, rng),
                    _ => self.filling(rng),
                };
            }
            self.texts.push(Text {
                week,
                meaning,
                news: focus.is_some(),
                words,
            });
        }
    }

    fn count(&self, week: usize) -> Vec<u32> {
        let mut counts = vec![0; self.vocabulary()];
        for text in self.texts.iter().filter(|text| text.week == week) {
            for (at, &word) in text.words.iter().enumerate() {
                // A text counts once for a word.
                if !text.words[..at].contains(&word) {
                    counts[word] += 1;
                }
            }
        }
        counts
    }

    /// How many texts are of weeks before this one.
    pub(super) fn before(&self, week: usize) -> usize {
        self.texts.partition_point(|text| text.week < week)
    }

    /// The event of a name as the stream before a week shows it: terms of the last two weeks' texts with the name that
    /// stand out from the eight weeks before, the clearest first. `None` when fewer than two do.
    fn event(&self, name: usize, week: usize) -> Option<[usize; EVENT]> {
        const RECENT: usize = 2;
        const PAST: usize = 8;
        let recent = week.checked_sub(RECENT)?;
        let past = recent.checked_sub(PAST)?;
        let sum = |from: usize, to: usize, word: usize| -> f64 {
            self.counts[from..to]
                .iter()
                .map(|c| f64::from(c[word]))
                .sum()
        };
        let mut terms: Vec<(f64, usize)> = Vec::new();
        let texts = &self.texts[self.before(recent)..self.before(week)];
        for text in texts.iter().filter(|text| text.words.contains(&name)) {
            for &word in text.words.iter().filter(|&&word| word >= self.names) {
                let usual = sum(past, recent, word) * RECENT as f64 / PAST as f64;
                let z = (sum(recent, week, word) - usual) / (usual + 1.0).sqrt();
                if z > STANDS_OUT && terms.iter().all(|term| term.1 != word) {
                    terms.push((z, word));
                }
            }
        }
        terms.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        if terms.len() < 2 {
            return None;
        }
        // A short event repeats its terms.
        Some(std::array::from_fn(|at| {
            terms[at % terms.len().min(EVENT)].1
        }))
    }

    /// Queries of the training weeks, and of the testing weeks: for each burst one a week after its first, and as many for
    /// each of `static_each` draws.
    pub(super) fn queries(&self, static_each: usize, rng: &mut Rng) -> (Vec<Query>, Vec<Query>) {
        let mut all = Vec::new();
        for burst in &self.bursts {
            for week in burst.start + 1..=burst.start + BURST {
                let name = burst.meaning / MEANINGS;
                let words = [name, self.filling(rng)];
                all.push(self.query(Kind::Burst, burst.meaning, words, week, burst.start));
            }
        }
        for name in 0..self.names {
            for _ in 0..static_each {
                let meaning = name * MEANINGS + rng.random_range(0..MEANINGS);
                let words = [name, self.word(meaning, rng)];
                let week = rng.random_range(12..WEEKS);
                all.push(self.query(Kind::Static, meaning, words, week, 0));
            }
            // Half as many again while a burst of the name is on: the gate must learn when not to follow.
            let near: Vec<Burst> = self
                .bursts
                .iter()
                .copied()
                .filter(|b| b.meaning / MEANINGS == name)
                .collect();
            for _ in 0..static_each.div_ceil(2) {
                let Some(burst) = near.choose(rng) else {
                    continue;
                };
                let meaning = name * MEANINGS + rng.random_range(0..MEANINGS);
                let words = [name, self.word(meaning, rng)];
                let week = burst.start + rng.random_range(1..=BURST);
                all.push(self.query(Kind::Static, meaning, words, week, 0));
            }
        }
        all.retain(|query| !query.relevant.is_empty());
        all.into_iter().partition(|query| query.week < TESTING)
    }

    /// A query for the texts of a meaning from a week on.
    fn query(
        &self,
        kind: Kind,
        meaning: usize,
        words: [usize; ASKED],
        week: usize,
        from: usize,
    ) -> Query {
        let known = || self.texts[..self.before(week)].iter().enumerate();
        let is = |text: &Text| {
            let new = kind == Kind::Static || (text.week >= from && text.news);
            text.meaning == meaning && new
        };
        let name = meaning / MEANINGS;
        let other = |text: &Text| !is(text) && text.meaning / MEANINGS == name;
        Query {
            week,
            kind,
            words,
            event: self.event(name, week),
            relevant: known().filter(|(_, t)| is(t)).map(|(at, _)| at).collect(),
            others: known()
                .filter(|(_, t)| other(t))
                .map(|(at, _)| at)
                .collect(),
        }
    }
}

impl Burst {
    fn at(&self, week: usize) -> bool {
        (self.start..self.start + BURST).contains(&week)
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn stream() -> Stream {
        Stream::new(10, &mut Rng::seed_from_u64(4))
    }

    #[test]
    fn queries_know_nothing_of_what_comes_after() {
        let stream = stream();
        let (train, test) = stream.queries(3, &mut Rng::seed_from_u64(1));
        assert!(!train.is_empty() && !test.is_empty());
        for query in train.iter().chain(&test) {
            let known = stream.before(query.week);
            assert!(
                query
                    .relevant
                    .iter()
                    .chain(&query.others)
                    .all(|&at| at < known)
            );
            assert!(query.relevant.is_sorted());
        }
        // The same event without the weeks that follow.
        let mut cut = self::stream();
        for (week, counts) in cut.counts.iter_mut().enumerate() {
            if week >= TESTING {
                counts.fill(0);
            }
        }
        let known = cut.before(TESTING);
        cut.texts.truncate(known);
        for name in 0..10 {
            assert_eq!(cut.event(name, TESTING), stream.event(name, TESTING));
        }
    }

    #[test]
    fn most_bursts_are_noticed_and_their_terms_are_of_the_meaning() {
        let stream = stream();
        let (train, test) = stream.queries(0, &mut Rng::seed_from_u64(1));
        let all: Vec<&Query> = train.iter().chain(&test).collect();
        let noticed: Vec<&&Query> = all.iter().filter(|q| q.event.is_some()).collect();
        assert!(
            noticed.len() * 10 > all.len() * 6,
            "{} of {}",
            noticed.len(),
            all.len()
        );
        let mut of_meaning = 0;
        for query in &noticed {
            let meaning = stream.texts[query.relevant[0]].meaning;
            let words = stream.names + meaning * WORDS..stream.names + (meaning + 1) * WORDS;
            let terms = query.event.unwrap_or_default();
            of_meaning += terms.iter().filter(|term| words.contains(term)).count();
        }
        assert!(of_meaning * 10 > noticed.len() * EVENT * 8);
    }

    #[test]
    fn a_quiet_name_has_no_event() {
        let stream = stream();
        let quiet = (0..stream.names).flat_map(|name| (12..WEEKS).map(move |week| (name, week)));
        let bursting = |name: usize, week: usize| {
            stream.bursts.iter().any(|b| {
                b.meaning / MEANINGS == name && (b.start..b.start + BURST + 2).contains(&week)
            })
        };
        let (mut all, mut with) = (0, 0);
        for (name, week) in quiet.filter(|&(name, week)| !bursting(name, week)) {
            all += 1;
            with += usize::from(stream.event(name, week).is_some());
        }
        assert!(with * 5 < all, "{with} of {all}");
    }
}
