//! Papers made up for tests: as many as wanted, always the same.

use std::fmt::Write;

use serde_json::json;

/// Numbers that look random and are the same in every run (SplitMix64).
#[derive(Debug, Clone)]
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[usize::try_from(self.below(from.len() as u64)).unwrap()]
    }
}

const WORDS: [&str; 32] = [
    "adaptive",
    "attention",
    "bandit",
    "bayesian",
    "causal",
    "contrastive",
    "decoding",
    "diffusion",
    "distillation",
    "embedding",
    "estimation",
    "federated",
    "gradient",
    "graph",
    "kernel",
    "language",
    "latent",
    "learning",
    "neural",
    "optimal",
    "policy",
    "pruning",
    "quantum",
    "ranking",
    "retrieval",
    "robust",
    "sampling",
    "sparse",
    "spectral",
    "transformer",
    "transport",
    "vision",
];
const NAMES: [&str; 10] = [
    "Ada Nwosu",
    "Björn Lindqvist",
    "Chen Wei",
    "Daria Petrova",
    "Élodie Martin",
    "Farid Haddad",
    "Grace Okafor",
    "Hiro Tanaka",
    "Inés García",
    "Jakub Nowak",
];
const CATEGORIES: [&str; 6] = ["cs.CL", "cs.CV", "cs.LG", "math.OC", "quant-ph", "stat.ML"];

/// A dump of arXiv metadata, one JSON object a line: `count` papers from 2401.00001 on.
pub(crate) fn arxiv_dump(count: u32) -> String {
    let mut numbers = Numbers(u64::from(count));
    (1..=count).fold(String::new(), |mut dump, n| {
        writeln!(dump, "{}", arxiv_line(n, &mut numbers)).unwrap();
        dump
    })
}

fn arxiv_line(n: u32, numbers: &mut Numbers) -> String {
    let text = |numbers: &mut Numbers, words: u32| {
        let words: Vec<_> = (0..words).map(|_| numbers.pick(&WORDS)).collect();
        words.join(" ")
    };
    let distinct = |numbers: &mut Numbers, from: &[&'static str], most: usize| {
        let start = usize::try_from(numbers.below(from.len() as u64)).unwrap();
        let count = 1 + usize::try_from(numbers.below(most as u64)).unwrap();
        let chosen: Vec<_> = from
            .iter()
            .cycle()
            .skip(start)
            .take(count)
            .copied()
            .collect();
        chosen
    };
    let paper = json!({
        // A month's numbers have five digits; 40,000 papers a month are enough.
        "id": format!("24{:02}.{:05}", 1 + n / 40_000, n % 40_000),
        "title": format!("Paper {n} on {}", text(numbers, 5)),
        "abstract": format!("We study {}. It is {} for $O(n^{})$.", text(numbers, 30), text(numbers, 8), n % 7),
        "authors": distinct(numbers, &NAMES, 4).join(", "),
        "categories": distinct(numbers, &CATEGORIES, 2).join(","),
        "created": format!("2024-01-{:02}", 1 + n % 28),
        "updated": "",
    });
    paper.to_string()
}
