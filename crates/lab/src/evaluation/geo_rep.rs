//! Geographical representativeness (Basu and others 2023, arXiv 2305.11080).
//!
//! **Claim.** Pictures generated for a plain noun look like the countries that the training data is full of; naming a country
//! makes them look more like home to the people there, and yet not like home.
//!
//! **Mechanism** (the paper's sections 3 and 4). People in 27 countries rate from 1 to 5 how much pictures of ten nouns look like
//! their surroundings, for the plain noun and for "noun in country"; the mean rating by country is compared.
//!
//! **Generated.** Every country has its own look of every noun, alike within a region. A training set shows countries as
//! unequally as the web does (shares by Zipf), and one caption in seven names its country. A generator learns from these pictures alone: for
//! a plain noun it favours what its training set holds many of, as models that are guided do; for a named country it uses the pictures whose
//! captions name it, as far as there are enough. Raters differ in how generous they are.
//!
//! **Controls.** Naming *another* country must not help: else longer prompts, or generous raters, would be the reason. The interval of a
//! country's mean draws raters anew, because a generous rater is generous ten times; an interval that draws single ratings
//! is the baseline there, and both are held against the truth.

mod generator;
mod raters;

use anyhow::Result;

use super::agreement::spearman;
use super::items::mean;
use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Trial,
};
use generator::{COUNTRIES, Generator, NOUNS, Prompt, Training};
use raters::{coverage, rating};

static CARD: Card = Card {
    id: "georep",
    arxiv: "2305.11080",
    title: "Inspecting the Geographical Representativeness of Images from Text-to-Image Models",
    family: Family::Evaluation,
    claim: "Pictures for a plain noun look like home to people of the countries that training data is full of; naming a \
            country raises the rating of its people, while many stay low.",
    published: "540 people in 27 countries: plain prompts reflect the United States, then India, most countries below 3 of \
                5; naming the country adds 1.44 points (DALL-E 2) and 0.75 (Stable Diffusion).",
    baseline: "The plain noun as prompt; intervals that take every rating for a person's only one.",
    kept: &[
        "27 countries, 10 nouns, 20 raters a country, ratings from 1 to 5",
        "The plain prompt and the prompt that names the country",
        "Means by country, with intervals",
    ],
    left_out: &[
        "People and generators of pictures: both are simulated, pictures are points of a few numbers",
        "The paper's search for automatic measures in place of people",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "named",
            name: "mean rating over countries: plain prompt, country named",
            unit: "of 1 to 5",
            better: Better::Higher,
        },
        Metric {
            id: "placebo",
            name: "mean rating over countries: another country named, own country named",
            unit: "of 1 to 5",
            better: Better::Higher,
        },
        Metric {
            id: "mirror",
            name: "rank correlation of a country's rating with its share of training data: country named, plain",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "low",
            name: "countries rated below 3: plain prompt, country named",
            unit: "of 27",
            better: Better::Lower,
        },
        Metric {
            id: "coverage",
            name: "95 % intervals that hold the truth: ratings drawn anew, raters drawn anew",
            unit: "",
            better: Better::Higher,
        },
    ],
    rule: &[
        Condition {
            text: "Naming the country raises the mean rating by half a point (the paper: 0.75 and 1.44)",
            metric: "named",
            expect: Expect::BetterBy(0.5),
        },
        Condition {
            text: "And by as much over naming another country",
            metric: "placebo",
            expect: Expect::BetterBy(0.5),
        },
        Condition {
            text: "Ratings of plain prompts follow the shares of training data",
            metric: "mirror",
            expect: Expect::AtLeast(0.4),
        },
        Condition {
            text: "Intervals that draw raters anew hold the truth nine times of ten, and ratings' do less, by a tenth",
            metric: "coverage",
            expect: Expect::BetterBy(0.1),
        },
        Condition {
            text: "Raters' intervals hold the truth nine times of ten",
            metric: "coverage",
            expect: Expect::AtLeast(0.9),
        },
    ],
    likely_reason: "How much naming helps depends on how many captions name the country. A little shown country of a \
                    well shown region looks like its region, so plain ratings follow shares only roughly.",
    timed: false,
};

/// Whose surroundings generated pictures look like.
pub(super) struct GeoRep;

impl Reproduction for GeoRep {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> Result<Trial> {
        let training = Training::draw(context.pick(8_000, 20_000, 60_000), &mut context.rng(1))?;
        let generator = Generator::learn(&training);
        let mut rng = context.rng(2);
        // Mean rating of each country, for what it is shown.
        let mut rated = |prompt: &dyn Fn(usize) -> Prompt| -> Result<Vec<f64>> {
            (0..COUNTRIES)
                .map(|country| {
                    let people = raters::panel(raters::PANEL, &mut rng)?;
                    let mut ratings = Vec::new();
                    for noun in 0..NOUNS {
                        for person in &people {
                            let picture = generator.picture(noun, prompt(country), &mut rng)?;
                            let home = &training.looks[noun][country];
                            ratings.push(rating(&picture, home, *person, &mut rng)?);
                        }
                    }
                    Ok(mean(ratings))
                })
                .collect()
        };
        context.progress(0.1, "ratings");
        let plain = rated(&|_| Prompt::Plain)?;
        let named = rated(&|country| Prompt::Country(country))?;
        let other = rated(&|country| Prompt::Country((country + COUNTRIES / 2) % COUNTRIES))?;
        context.progress(0.6, "intervals");
        let [by_rating, by_rater] = coverage(context.pick(60, 300, 1000), &mut context.rng(3))?;
        let all = |ratings: &[f64]| mean(ratings.iter().copied());
        let low = |ratings: &[f64]| ratings.iter().filter(|r| **r < 3.0).count() as f64;
        let line = |ratings: &[f64]| -> Vec<(f64, f64)> {
            let places = (1..=COUNTRIES).map(|place| place as f64);
            places.zip(ratings.iter().copied()).collect()
        };
        let plot = Plot::new(
            "countries",
            "How much pictures look like home",
            Axis::linear("country, by its share of training data"),
            Axis::linear("mean rating, 1 to 5"),
        )
        .line("plain prompt", line(&plain))
        .line("country named", line(&named))
        .line("another country named", line(&other));
        Ok(Trial::new()
            .measured("named", all(&plain), all(&named))
            .measured("placebo", all(&other), all(&named))
            .measured(
                "mirror",
                spearman(&training.shares, &named),
                spearman(&training.shares, &plain),
            )
            .measured("low", low(&plain), low(&named))
            .measured("coverage", by_rating, by_rater)
            .plot(plot))
    }
}
