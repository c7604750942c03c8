//! People who rate, and how well a mean of their ratings is known.

use anyhow::Result;
use rand_distr::{Distribution as _, Normal};

use super::super::bootstrap::{interval, mean_interval};
use super::super::items::mean;
use super::generator::{NOUNS, Picture, distance2};
use crate::frame::Rng;

/// People asked in a country.
pub(super) const PANEL: usize = 20;
/// How much people differ in how generous they are, in points.
const GENEROSITY: f64 = 0.6;
/// How much one person's rating changes from one time to the next, in points.
const MOOD: f64 = 0.5;
/// Squared distance at which a picture looks half like home.
const HALF: f64 = 3.0;

/// People, each by how generous they are.
pub(super) fn panel(people: usize, rng: &mut Rng) -> Result<Vec<f64>> {
    let generosity = Normal::new(0.0, GENEROSITY)?;
    Ok((0..people).map(|_| generosity.sample(rng)).collect())
}

/// What a person says of a picture: 5 looks just like home, 1 not at all.
pub(super) fn rating(picture: &Picture, home: &Picture, person: f64, rng: &mut Rng) -> Result<f64> {
    let alike = HALF / (HALF + distance2(picture, home));
    let mood = Normal::new(0.0, MOOD)?.sample(rng);
    Ok((1.0 + 4.0 * alike + person + mood).round().clamp(1.0, 5.0))
}

/// How often 95 % intervals hold the true mean of a country: drawing single ratings anew, drawing people anew.
pub(super) fn coverage(panels: usize, rng: &mut Rng) -> Result<[f64; 2]> {
    // Pictures of one country, from just like home to not at all.
    let home = Picture::default();
    let pictures: Vec<Picture> = (0..NOUNS)
        .map(|noun| std::array::from_fn(|at| if at == 0 { 0.4 * noun as f64 } else { 0.0 }))
        .collect();
    let asked = |people: usize, rng: &mut Rng| -> Result<Vec<Vec<f64>>> {
        panel(people, rng)?
            .into_iter()
            .map(|person| {
                let rate = |picture| rating(picture, &home, person, rng);
                pictures.iter().map(rate).collect()
            })
            .collect()
    };
    // Enough people to know the truth to a hundredth of a point.
    let truth = mean(asked(20_000, rng)?.into_iter().flatten());
    let mut held = [0.0; 2];
    for _ in 0..panels {
        let ratings = asked(PANEL, rng)?;
        let flat: Vec<f64> = ratings.iter().flatten().copied().collect();
        let people: Vec<f64> = ratings.iter().map(|r| mean(r.iter().copied())).collect();
        let by_rating = mean_interval(&flat, 300, rng);
        let by_rater = interval(people.len(), 300, rng, |places| {
            mean(places.iter().map(|&at| people[at]))
        });
        for (count, interval) in held.iter_mut().zip([by_rating, by_rater]) {
            *count += f64::from(u8::from(interval.holds(truth))) / panels as f64;
        }
    }
    Ok(held)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;

    #[test]
    fn ratings_fall_with_distance_and_stay_on_the_scale() {
        let mut rng = Rng::seed_from_u64(6);
        let home = Picture::default();
        let mut at = |x: f64| {
            let picture: Picture = std::array::from_fn(|i| if i == 0 { x } else { 0.0 });
            let ratings: Vec<f64> = (0..300)
                .map(|_| rating(&picture, &home, 0.0, &mut rng).unwrap())
                .collect();
            assert!(
                ratings
                    .iter()
                    .all(|r| (1.0..=5.0).contains(r) && r.fract() == 0.0)
            );
            mean(ratings)
        };
        let found = [at(0.0), at(3f64.sqrt()), at(10.0)];
        assert!(found[0] > 4.6 && found[2] < 1.4, "{found:?}");
        assert!((found[1] - 3.0).abs() < 0.15, "{found:?}");
    }
}
