//! Drafting and checking: acceptance, and decoding by it.

use rand::RngExt;

use crate::frame::Rng;
use crate::scaling::letters::{Before, LETTERS, draw, shares};
use crate::scaling::net::{Net, Pass};

/// Drafts before a check.
const CHAIN: usize = 4;

/// A model's text, letter by letter.
struct Author<'a> {
    net: &'a Net,
    before: Before,
    pass: Pass,
}

impl<'a> Author<'a> {
    fn new(net: &'a Net) -> Author<'a> {
        // A space, a full stop, a space: the beginning of a sentence.
        Author {
            net,
            before: [26, 27, 26],
            pass: Pass::default(),
        }
    }

    fn shares(&mut self) -> [f32; LETTERS] {
        let found = shares(self.net, &self.before, &mut self.pass);
        std::array::from_fn(|letter| found[letter])
    }

    fn add(&mut self, letter: u8) {
        self.before = [self.before[1], self.before[2], letter];
    }
}

/// Places of the target's own text, where drafts will be wanted.
pub(super) fn own_places(target: &Net, count: usize, rng: &mut Rng) -> Vec<Before> {
    let mut author = Author::new(target);
    let mut place = || {
        for _ in 0..5 {
            let letter = draw(&author.shares(), rng) as u8;
            author.add(letter);
        }
        author.before
    };
    (0..count).map(|_| place()).collect()
}

/// The mean chance that a draft is accepted: the overlap of both models' shares.
pub(super) fn acceptance(target: &Net, drafter: &Net, places: &[Before]) -> f64 {
    let (mut for_target, mut for_drafter) = (Pass::default(), Pass::default());
    let overlaps = places.iter().map(|before| {
        let p = shares(target, before, &mut for_target);
        let q = shares(drafter, before, &mut for_drafter);
        p.iter()
            .zip(q)
            .map(|(p, q)| f64::from(p.min(*q)))
            .sum::<f64>()
    });
    overlaps.sum::<f64>() / places.len() as f64
}

/// Letters that came out, with what stood before each, and how often the target was called.
pub(super) struct Decoded {
    pub(super) letters: Vec<(Before, u8)>,
    pub(super) calls: usize,
}

/// Speculative decoding: chains of drafts, each checked by one call of the target.
pub(super) fn decode(target: &Net, drafter: &Net, count: usize, rng: &mut Rng) -> Decoded {
    let mut decoded = Decoded {
        letters: Vec::new(),
        calls: 0,
    };
    let (mut checks, mut drafts) = (Author::new(target), Author::new(drafter));
    while decoded.letters.len() < count {
        decoded.calls += 1;
        drafts.before = checks.before;
        for at in 0..=CHAIN {
            // The target's shares at all places of a chain come from one call.
            let p = checks.shares();
            let (letter, goes_on) = if at == CHAIN {
                (draw(&p, rng), false)
            } else {
                let q = drafts.shares();
                check_draft(&p, &q, rng)
            };
            decoded.letters.push((checks.before, letter as u8));
            checks.add(letter as u8);
            drafts.add(letter as u8);
            if !goes_on {
                break;
            }
        }
    }
    decoded
}

/// Drafts a letter by `q` and checks it by `p`: the letter that stands, and whether it was the draft.
fn check_draft(p: &[f32; LETTERS], q: &[f32; LETTERS], rng: &mut Rng) -> (usize, bool) {
    let drafted = draw(q, rng);
    if rng.random::<f32>() * q[drafted] < p[drafted] {
        return (drafted, true);
    }
    let rest: [f32; LETTERS] = std::array::from_fn(|at| (p[at] - q[at]).max(0.0));
    let sum: f32 = rest.iter().sum();
    (draw(&rest.map(|share| share / sum), rng), false)
}

/// The target's own text, a call a letter.
pub(super) fn decode_alone(target: &Net, count: usize, rng: &mut Rng) -> Vec<(Before, u8)> {
    let mut author = Author::new(target);
    let mut next = || {
        let before = author.before;
        let letter = draw(&author.shares(), rng) as u8;
        author.add(letter);
        (before, letter)
    };
    (0..count).map(|_| next()).collect()
}

/// How far decoded letters are from the target's shares at their places: half the sum of distances between how often
/// each letter came and how often it should have.
pub(super) fn distance(target: &Net, letters: &[(Before, u8)]) -> f64 {
    let mut surplus = [0.0f64; LETTERS];
    let mut pass = Pass::default();
    for (before, letter) in letters {
        surplus[usize::from(*letter)] += 1.0;
        for (surplus, share) in surplus.iter_mut().zip(shares(target, before, &mut pass)) {
            *surplus -= f64::from(*share);
        }
    }
    0.5 * surplus.iter().map(|s| s.abs()).sum::<f64>() / letters.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scaling::letters::{Writer, network};
    use crate::scaling::net::Unit;
    use rand::SeedableRng;

    fn two() -> (Net, Net) {
        let net = |seed| network(8, Unit::Relu, false, &mut Rng::seed_from_u64(seed));
        (net(1), net(2))
    }

    #[test]
    fn a_drafter_like_the_target_is_always_accepted() {
        let (target, other) = two();
        let places = Writer::new(Rng::seed_from_u64(3)).places(30);
        assert!((acceptance(&target, &target, &places) - 1.0).abs() < 1e-5);
        assert!(acceptance(&target, &other, &places) < 0.9);
        let decoded = decode(&target, &target, 500, &mut Rng::seed_from_u64(4));
        assert_eq!(decoded.calls * (CHAIN + 1), decoded.letters.len());
    }

    #[test]
    fn checked_drafts_are_distributed_as_the_target() {
        let mut rng = Rng::seed_from_u64(5);
        let spread = |seed: usize| {
            let weights: [f32; LETTERS] = std::array::from_fn(|at| ((at * seed) % 7 + 1) as f32);
            weights.map(|w| w / weights.iter().sum::<f32>())
        };
        let (p, q) = (spread(3), spread(5));
        let mut counts = [0u32; LETTERS];
        let mut accepted = 0;
        for _ in 0..50_000 {
            let (letter, was_draft) = check_draft(&p, &q, &mut rng);
            counts[letter] += 1;
            accepted += u32::from(was_draft);
        }
        for (count, p) in counts.iter().zip(p) {
            assert!((f64::from(*count) / 50_000.0 - f64::from(p)).abs() < 0.005);
        }
        let overlap: f32 = p.iter().zip(q).map(|(p, q)| p.min(q)).sum();
        assert!((f64::from(accepted) / 50_000.0 - f64::from(overlap)).abs() < 0.01);
    }
}
