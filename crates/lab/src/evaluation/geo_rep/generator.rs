//! Countries' looks, a training set that shows them unequally, and a generator that learns from it.

use anyhow::Result;
use rand::RngExt as _;
use rand_distr::weighted::WeightedIndex;
use rand_distr::{Distribution as _, Normal};

use crate::frame::Rng;

pub(super) const COUNTRIES: usize = 27;
pub(super) const NOUNS: usize = 10;
/// Countries of a region look alike.
const REGIONS: usize = 6;
/// How many numbers a picture is.
const SIZE: usize = 6;
/// How unequal shares are: the k-th country has 1 / k^1.2 of the first one's.
const ZIPF: f64 = 1.2;
/// The share of captions that name the country.
const NAMED: f64 = 0.15;
/// How many captions must name a country until they count half against all of the noun's pictures.
const ENOUGH: f64 = 10.0;
/// How strongly a plain prompt favours what is frequent: shares to this power.
const GUIDANCE: f64 = 2.0;

/// A picture: what of it a rater's eye goes by.
pub(super) type Picture = [f64; SIZE];

/// What a generator is asked for, besides the noun.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Prompt {
    /// Nothing.
    Plain,
    /// A country.
    Country(usize),
}

/// Pictures with captions, and the looks that they were taken from.
pub(super) struct Training {
    /// Each noun's look in each country: `[noun][country]`.
    pub(super) looks: Vec<Vec<Picture>>,
    /// Each country's share of the pictures.
    pub(super) shares: Vec<f64>,
    // (noun, country if the caption names it, picture).
    captioned: Vec<(usize, Option<usize>, Picture)>,
}

impl Training {
    pub(super) fn draw(pictures: usize, rng: &mut Rng) -> Result<Training> {
        let unit = Normal::new(0.0, 1.0)?;
        let mut vector =
            |size: f64| -> Picture { std::array::from_fn(|_| size * unit.sample(rng)) };
        let looks: Vec<Vec<Picture>> = (0..NOUNS)
            .map(|_| {
                let regions: Vec<Picture> = (0..REGIONS).map(|_| vector(1.0)).collect();
                (0..COUNTRIES)
                    .map(|country| plus(&regions[country % REGIONS], &vector(0.5)))
                    .collect()
            })
            .collect();
        let shares: Vec<f64> = (1..=COUNTRIES).map(|k| (k as f64).powf(-ZIPF)).collect();
        let country = WeightedIndex::new(&shares)?;
        let mut captioned = Vec::with_capacity(pictures);
        for _ in 0..pictures {
            let (noun, from) = (rng.random_range(0..NOUNS), country.sample(rng));
            let variety: Picture = std::array::from_fn(|_| 0.4 * unit.sample(rng));
            let named = rng.random_bool(NAMED).then_some(from);
            captioned.push((noun, named, plus(&looks[noun][from], &variety)));
        }
        Ok(Training {
            looks,
            shares,
            captioned,
        })
    }
}

/// What was learnt: pictures by noun and by noun and named country, with weights for plain prompts.
pub(super) struct Generator {
    plain: Vec<(Vec<Picture>, Option<WeightedIndex<f64>>)>,
    named: Vec<Vec<Vec<Picture>>>,
}

impl Generator {
    /// Learns from captions and pictures alone; where a picture without a named country is from is not looked at.
    pub(super) fn learn(training: &Training) -> Generator {
        let mut pictures = vec![Vec::new(); NOUNS];
        let mut named = vec![vec![Vec::new(); COUNTRIES]; NOUNS];
        for (noun, country, picture) in &training.captioned {
            pictures[*noun].push(*picture);
            if let Some(country) = country {
                named[*noun][*country].push(*picture);
            }
        }
        let plain = pictures
            .into_iter()
            .map(|pictures| {
                let weights = densities(&pictures);
                let weights = weights.iter().map(|d| d.powf(GUIDANCE - 1.0));
                let draw = WeightedIndex::new(weights).ok();
                (pictures, draw)
            })
            .collect();
        Generator { plain, named }
    }

    /// A new picture.
    pub(super) fn picture(&self, noun: usize, prompt: Prompt, rng: &mut Rng) -> Result<Picture> {
        if let Prompt::Country(country) = prompt {
            let known = &self.named[noun][country];
            let trust = known.len() as f64 / (known.len() as f64 + ENOUGH);
            if rng.random_bool(trust) {
                return Ok(known[rng.random_range(0..known.len())]);
            }
        }
        let (pictures, draw) = &self.plain[noun];
        let draw = draw
            .as_ref()
            .ok_or_else(|| anyhow::anyhow!("no picture of noun {noun} to learn from"))?;
        Ok(pictures[draw.sample(rng)])
    }
}

/// How crowded it is around each picture: kernel density against every so many of them.
fn densities(pictures: &[Picture]) -> Vec<f64> {
    // A few hundred others tell the density well enough.
    let step = (pictures.len() / 400).max(1);
    pictures
        .iter()
        .map(|picture| {
            let others = pictures.iter().step_by(step);
            let near = others.map(|other| (-distance2(picture, other) / 0.5).exp());
            near.sum::<f64>() + 1e-9
        })
        .collect()
}

pub(super) fn distance2(a: &Picture, b: &Picture) -> f64 {
    a.iter().zip(b).map(|(x, y)| (x - y).powi(2)).sum()
}

fn plus(a: &Picture, b: &Picture) -> Picture {
    std::array::from_fn(|at| a[at] + b[at])
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;

    #[test]
    fn crowded_places_are_dense() {
        let mut pictures = vec![[0.0; SIZE]; 9];
        pictures.push([3.0; SIZE]);
        let found = densities(&pictures);
        assert!((found[0] - 9.0).abs() < 1e-6 && (found[9] - 1.0).abs() < 1e-6);
    }

    #[test]
    fn shares_fall_and_named_pictures_are_of_their_country() {
        let training = Training::draw(4000, &mut Rng::seed_from_u64(1)).unwrap();
        assert!(training.shares.windows(2).all(|pair| pair[0] > pair[1]));
        for (noun, named, picture) in &training.captioned {
            if let Some(country) = named {
                // Six numbers with variance 0.16 each: 0.96 on average, never as much as 8.
                assert!(distance2(picture, &training.looks[*noun][*country]) < 8.0);
            }
        }
    }

    #[test]
    fn a_country_that_is_well_known_is_drawn_as_it_is() {
        let mut rng = Rng::seed_from_u64(1);
        let training = Training::draw(20_000, &mut rng).unwrap();
        let generator = Generator::learn(&training);
        let mut off = |prompt| {
            let pictures = (0..200).map(|_| generator.picture(3, prompt, &mut rng).unwrap());
            pictures
                .map(|p| distance2(&p, &training.looks[3][0]))
                .sum::<f64>()
                / 200.0
        };
        let (named, another) = (off(Prompt::Country(0)), off(Prompt::Country(3)));
        assert!(named < 2.0 && another > 2.0 * named, "{named} {another}");
    }
}
