//! Digits to be found, turned, read and compared, and models that learnt to.

use anyhow::Result;
use nalgebra::DMatrix;
use rand::RngExt as _;
use rand::seq::SliceRandom;
use rand_distr::{Distribution as _, Normal};

use super::super::ridge::{Linear, one_hot};
use crate::data::digits;
use crate::frame::Rng;

/// A task that needs two abilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pair {
    /// Find a digit on a larger picture, then read it.
    FindRead,
    /// Tell how a digit is turned, then read it upright.
    TurnRead,
    /// Read a clear and a faint digit, and say which is greater.
    ReadFaint,
}

impl Pair {
    pub(super) const ALL: [Pair; 3] = [Pair::FindRead, Pair::TurnRead, Pair::ReadFaint];

    pub(super) fn name(self) -> &'static str {
        match self {
            Pair::FindRead => "find, read",
            Pair::TurnRead => "turn, read",
            Pair::ReadFaint => "read two, compare",
        }
    }
}

/// A picture of 8 by 8.
type Picture = [f64; 64];

/// Side of the larger picture that digits are found on.
const FIELD: usize = 14;
/// Where a digit may be on it: 3 by 3 places, three pixels apart.
const PLACES: usize = 9;
const TURNS: usize = 4;
const DIGITS: usize = 10;

/// What an item needs of luck, drawn once: every model gets the same items.
#[derive(Clone)]
struct Item {
    picture: Picture,
    digit: usize,
    place: usize,
    field: Vec<f64>,
    turn: usize,
    faint: Picture,
}

/// Pictures to learn from, and to be measured on: parts on one set, cross tasks on another.
pub(super) struct World {
    train: Vec<Item>,
    parts: Vec<Item>,
    cross: Vec<Item>,
}

/// What a model has learnt: classes from pixels.
pub(super) struct Model {
    find: Linear,
    turn: Linear,
    read: Linear,
    faint: Linear,
}

impl World {
    /// Draws items: `test` of them for parts and as many for cross tasks at most, the others to learn from.
    pub(super) fn draw(test: usize, rng: &mut Rng) -> Result<World> {
        let all = digits();
        let mut order: Vec<usize> = (0..all.len()).collect();
        order.shuffle(rng);
        let noise = Normal::new(0.0, 0.3)?;
        let mut items = Vec::with_capacity(order.len());
        for at in order {
            let picture = all.pixels[at].map(f64::from);
            items.push(Item::draw(picture, all.labels[at], noise, rng));
        }
        let test = test.min(items.len() / 3);
        let cross = items.split_off(items.len() - test);
        let parts = items.split_off(items.len() - test);
        Ok(World {
            train: items,
            parts,
            cross,
        })
    }

    /// A model that saw, for each ability, a number of examples drawn evenly on a scale of factors.
    pub(super) fn model(&self, rng: &mut Rng) -> Model {
        let mut learn = |input: &dyn Fn(&Item) -> Vec<f64>, class: &dyn Fn(&Item) -> usize, of| {
            let most = (self.train.len() as f64).ln();
            let seen = rng.random_range(15f64.ln()..most).exp() as usize;
            let mut examples: Vec<&Item> = self.train.iter().collect();
            examples.shuffle(rng);
            examples.truncate(seen);
            let labels: Vec<usize> = examples.iter().map(|item| class(item)).collect();
            let rows: Vec<Vec<f64>> = examples.iter().map(|item| input(item)).collect();
            Linear::fit(&matrix(&rows), &one_hot(&labels, of), 1.0)
        };
        Model {
            find: learn(&|item| item.field.clone(), &|item| item.place, PLACES),
            turn: learn(&|item| item.turned().to_vec(), &|item| item.turn, TURNS),
            read: learn(&|item| item.picture.to_vec(), &|item| item.digit, DIGITS),
            faint: learn(&|item| item.faint.to_vec(), &|item| item.digit, DIGITS),
        }
    }

    /// Scores from 1 to 5: of the two parts, and of the task that needs both.
    pub(super) fn scores(&self, model: &Model, pair: Pair) -> [f64; 3] {
        let read = share(
            &self.parts,
            &model.read,
            |i| i.picture.to_vec(),
            |i| i.digit,
        );
        let read = score(read, DIGITS);
        match pair {
            Pair::FindRead => {
                let find = share(&self.parts, &model.find, |i| i.field.clone(), |i| i.place);
                [
                    score(find, PLACES),
                    read,
                    score(self.find_read(model), DIGITS),
                ]
            }
            Pair::TurnRead => {
                let turn = share(
                    &self.parts,
                    &model.turn,
                    |i| i.turned().to_vec(),
                    |i| i.turn,
                );
                [
                    score(turn, TURNS),
                    read,
                    score(self.turn_read(model), DIGITS),
                ]
            }
            Pair::ReadFaint => {
                let faint = share(&self.parts, &model.faint, |i| i.faint.to_vec(), |i| i.digit);
                [read, score(faint, DIGITS), score(self.compare(model), 2)]
            }
        }
    }

    /// How often a digit is read from where it was thought to be.
    fn find_read(&self, model: &Model) -> f64 {
        let fields: Vec<Vec<f64>> = self.cross.iter().map(|item| item.field.clone()).collect();
        let places = model.find.classes(&matrix(&fields));
        let cut: Vec<Vec<f64>> = fields
            .iter()
            .zip(places)
            .map(|(field, place)| cut_out(field, place))
            .collect();
        self.read_right(model, &cut)
    }

    /// How often a digit is read after being turned as it was thought to need.
    fn turn_read(&self, model: &Model) -> f64 {
        let turned: Vec<Picture> = self.cross.iter().map(Item::turned).collect();
        let rows: Vec<Vec<f64>> = turned.iter().map(|picture| picture.to_vec()).collect();
        let turns = model.turn.classes(&matrix(&rows));
        let upright: Vec<Vec<f64>> = turned
            .iter()
            .zip(turns)
            .map(|(picture, turn)| rotate(picture, TURNS - turn).to_vec())
            .collect();
        self.read_right(model, &upright)
    }

    fn read_right(&self, model: &Model, rows: &[Vec<f64>]) -> f64 {
        let said = model.read.classes(&matrix(rows));
        let right = said
            .iter()
            .zip(&self.cross)
            .filter(|(s, item)| **s == item.digit);
        right.count() as f64 / self.cross.len().max(1) as f64
    }

    /// How often the greater of two digits is told, one clear and one faint; read as equal, by a coin.
    fn compare(&self, model: &Model) -> f64 {
        let rows = |of: fn(&Item) -> Vec<f64>| self.cross.iter().map(of).collect::<Vec<_>>();
        let clear = model
            .read
            .classes(&matrix(&rows(|item| item.picture.to_vec())));
        let faint = model
            .faint
            .classes(&matrix(&rows(|item| item.faint.to_vec())));
        let (mut points, mut pairs) = (0.0, 0.0);
        // Each item's clear picture against the next one's faint picture.
        for at in 1..self.cross.len() {
            let (first, second) = (self.cross[at - 1].digit, self.cross[at].digit);
            if first == second {
                continue;
            }
            pairs += 1.0;
            points += match clear[at - 1].cmp(&faint[at]) {
                std::cmp::Ordering::Equal => 0.5,
                said => f64::from(u8::from(said == first.cmp(&second))),
            };
        }
        points / f64::max(pairs, 1.0)
    }
}

impl Item {
    fn draw(picture: Picture, digit: usize, noise: Normal<f64>, rng: &mut Rng) -> Item {
        let place = rng.random_range(0..PLACES);
        let mut field: Vec<f64> = (0..FIELD * FIELD).map(|_| noise.sample(rng)).collect();
        for (at, pixel) in picture.iter().enumerate() {
            field[on_field(place, at)] += pixel;
        }
        Item {
            picture,
            digit,
            place,
            field,
            turn: rng.random_range(0..TURNS),
            faint: picture.map(|pixel| 0.3 * (1.0 - pixel) + 0.5 * noise.sample(rng)),
        }
    }

    fn turned(&self) -> Picture {
        rotate(&self.picture, self.turn)
    }
}

/// Where a picture's pixel is on the field.
fn on_field(place: usize, pixel: usize) -> usize {
    let (top, left) = (place / 3 * 3, place % 3 * 3);
    (top + pixel / 8) * FIELD + left + pixel % 8
}

fn cut_out(field: &[f64], place: usize) -> Vec<f64> {
    (0..64).map(|pixel| field[on_field(place, pixel)]).collect()
}

/// A picture turned by quarters, clockwise.
fn rotate(picture: &Picture, quarters: usize) -> Picture {
    let mut turned = *picture;
    for _ in 0..quarters % TURNS {
        let before = turned;
        for (at, pixel) in turned.iter_mut().enumerate() {
            *pixel = before[(7 - at % 8) * 8 + at / 8];
        }
    }
    turned
}

/// The share of items whose class a model tells.
fn share(
    items: &[Item],
    model: &Linear,
    input: impl Fn(&Item) -> Vec<f64>,
    class: impl Fn(&Item) -> usize,
) -> f64 {
    let rows: Vec<Vec<f64>> = items.iter().map(input).collect();
    let said = model.classes(&matrix(&rows));
    let right = said
        .iter()
        .zip(items)
        .filter(|(said, item)| **said == class(item));
    right.count() as f64 / items.len().max(1) as f64
}

/// A share of right answers as a score from 1 (guessing among `options`) to 5.
fn score(share: f64, options: usize) -> f64 {
    let chance = 1.0 / options as f64;
    1.0 + 4.0 * ((share - chance) / (1.0 - chance)).max(0.0)
}

fn matrix(rows: &[Vec<f64>]) -> DMatrix<f64> {
    let columns = rows.first().map_or(0, Vec::len);
    DMatrix::from_fn(rows.len(), columns, |row, column| rows[row][column])
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;

    #[test]
    fn guessing_scores_one_and_knowing_five() {
        let check = |share, options, points: f64| {
            assert!((score(share, options) - points).abs() < 1e-12);
        };
        check(0.1, 10, 1.0);
        check(0.55, 10, 3.0);
        check(1.0, 2, 5.0);
        check(0.2, 2, 1.0);
    }

    #[test]
    fn four_quarters_are_a_whole_turn() {
        let mut picture = [0.0; 64];
        // The top left corner goes to the top right one.
        picture[0] = 1.0;
        assert_eq!(rotate(&picture, 1)[7], 1.0);
        assert_eq!(rotate(&rotate(&picture, 1), 3), picture);
    }

    #[test]
    fn what_lies_on_a_field_is_cut_out_again() {
        let noise = Normal::new(0.0, 0.0).unwrap();
        let mut rng = Rng::seed_from_u64(2);
        let picture = digits().pixels[5].map(f64::from);
        for _ in 0..20 {
            let item = Item::draw(picture, 5, noise, &mut rng);
            assert_eq!(cut_out(&item.field, item.place), picture);
        }
    }

    #[test]
    fn more_examples_make_better_parts() {
        let mut rng = Rng::seed_from_u64(2);
        let world = World::draw(300, &mut rng).unwrap();
        let scores: Vec<[f64; 3]> = (0..8)
            .map(|_| world.scores(&world.model(&mut rng), Pair::FindRead))
            .collect();
        let reads = || scores.iter().map(|s| s[1]);
        assert!(reads().fold(0.0, f64::max) > 4.0, "{scores:?}");
        assert!(reads().fold(5.0, f64::min) < 4.0, "{scores:?}");
    }
}
