//! What a trial is given: its size, its seed, and somebody to tell how far it is.

use rand::SeedableRng;

use super::progress::Report;

/// The generator of all trials: the same numbers on every machine and in every version.
pub type Rng = rand_xoshiro::Xoshiro256PlusPlus;

/// How much work a run may be.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// Under two seconds: part of the tests.
    Tiny,
    /// Under a minute on two cores: what a reader presses.
    Small,
    /// Minutes.
    Full,
}

impl Scale {
    /// The scale's name.
    pub fn name(self) -> &'static str {
        self.pick("tiny", "small", "full")
    }

    /// How many seeds a run of this scale has.
    pub fn seeds(self) -> u64 {
        self.pick(3, 5, 10)
    }

    /// One of three values, by scale.
    pub fn pick<T>(self, tiny: T, small: T, full: T) -> T {
        match self {
            Scale::Tiny => tiny,
            Scale::Small => small,
            Scale::Full => full,
        }
    }
}

/// One trial's circumstances.
pub struct Context<'a> {
    pub(super) scale: Scale,
    pub(super) seed: u64,
    pub(super) report: Report<'a>,
}

impl Context<'_> {
    /// How much work the trial may be.
    pub fn scale(&self) -> Scale {
        self.scale
    }

    /// One of three values, by scale.
    pub fn pick<T>(&self, tiny: T, small: T, full: T) -> T {
        self.scale.pick(tiny, small, full)
    }

    /// The trial's seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// A generator for one purpose. Purposes have numbers of their own, so that drawing more for one does not change
    /// another, and baseline and method can be given the same data.
    pub fn rng(&self, purpose: u64) -> Rng {
        // Odd multipliers spread seed and purpose over all bits before the generator's own mixing.
        let mixed = self
            .seed
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .wrapping_add(purpose.wrapping_mul(0xd1b5_4a32_d192_ed03));
        Rng::seed_from_u64(mixed)
    }

    /// Tells how far this trial is, from 0 to 1, and what it does next.
    pub fn progress(&self, done: f64, what: &str) {
        self.report.tell(done, what);
    }
}
