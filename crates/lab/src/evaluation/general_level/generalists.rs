//! Eight tasks on digits, specialists, and generalists whose tasks share an encoder or not.

use anyhow::Result;
use nalgebra::DMatrix;
use rand::RngExt as _;
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand_distr::{Distribution as _, Normal};

use super::super::items::mean;
use super::super::ridge::{Linear, matrix, one_hot};
use crate::data::digits;
use crate::frame::Rng;

/// All tasks, and how many of them, the first ones, are of comprehension.
pub(super) const TASKS: usize = 8;
pub(super) const COMPREHENSION: usize = 5;
/// How many classes each task of comprehension has.
const CLASSES: [usize; COMPREHENSION] = [10, 2, 2, 2, 3];
/// Pictures that scores are measured on.
const TEST: usize = 500;
/// What a specialist learnt from.
const SPECIALISTS_EXAMPLES: usize = 150;
const PENALTY: f64 = 1.0;
/// How much fainter an encoder shows what its tasks do not need: a penalty eleven times as large.
const FAINT: f64 = 0.3;

/// A task: what is seen of every picture, and what is to be said.
struct Task {
    seen: DMatrix<f64>,
    aims: DMatrix<f64>,
    // Of the class, for tasks of comprehension.
    labels: Vec<usize>,
}

/// Everything that models are made from.
pub(super) struct Workshop {
    tasks: Vec<Task>,
    test: Vec<usize>,
    pool: Vec<usize>,
}

/// A generalist's scores, and those of the same one that learnt each task alone.
pub(super) struct Generalist {
    pub(super) scores: Vec<f64>,
    pub(super) alone: Vec<f64>,
}

impl Workshop {
    pub(super) fn open(rng: &mut Rng) -> Result<Workshop> {
        let all = digits();
        let pixels = matrix(&all.pixels);
        let mut tasks: Vec<Task> = (0..COMPREHENSION)
            .map(|task| {
                let labels: Vec<usize> = (0..all.len())
                    .map(|at| class(task, all.labels[at], pixels.row(at).sum()))
                    .collect();
                Task {
                    seen: pixels.clone(),
                    aims: one_hot(&labels, CLASSES[task]),
                    labels,
                }
            })
            .collect();
        let noise = Normal::new(0.0, 0.4)?;
        let noisy = pixels.map(|pixel| pixel + noise.sample(rng));
        for seen in [half(&pixels), noisy, coarse(&pixels)] {
            tasks.push(Task {
                seen,
                aims: pixels.clone(),
                labels: Vec::new(),
            });
        }
        let mut order: Vec<usize> = (0..all.len()).collect();
        order.shuffle(rng);
        let pool = order.split_off(TEST);
        Ok(Workshop {
            tasks,
            test: order,
            pool,
        })
    }

    /// The score of each task's specialist: all pixels, one task.
    pub(super) fn specialists(&self, rng: &mut Rng) -> Vec<f64> {
        self.tasks
            .iter()
            .map(|task| {
                let examples = self.examples(SPECIALISTS_EXAMPLES, rng);
                let (x, y) = task.rows(&examples);
                let model = Linear::fit(&x, &y, PENALTY);
                task.score(
                    &model.predict(&task.seen.select_rows(&self.test)),
                    &self.test,
                )
            })
            .collect()
    }

    /// A generalist of a size and a diet drawn by chance.
    pub(super) fn generalist(&self, shared: bool, rng: &mut Rng) -> Generalist {
        let width = *[4, 8, 12, 16, 24].choose(rng).unwrap_or(&8);
        let seen = rng.random_range(40f64.ln()..300f64.ln()).exp() as usize;
        let examples: Vec<Vec<usize>> = self
            .tasks
            .iter()
            .map(|_| self.examples(seen, rng))
            .collect();
        let weights: Vec<DMatrix<f64>> = self
            .tasks
            .iter()
            .zip(&examples)
            .map(|(task, examples)| {
                let (x, y) = task.rows(examples);
                let weights = Linear::fit(&x, &y, PENALTY).of_inputs();
                // Tasks of many outputs are not more important than others.
                let size = weights.norm().max(1e-12);
                weights / size
            })
            .collect();
        let alone: Vec<f64> = (0..TASKS)
            .map(|task| {
                let encoder = encoder(&weights[task..=task], width);
                self.with_head(task, &encoder, &examples[task])
            })
            .collect();
        let scores = if shared {
            let encoder = encoder(&weights, width);
            (0..TASKS)
                .map(|task| self.with_head(task, &encoder, &examples[task]))
                .collect()
        } else {
            alone.clone()
        };
        Generalist { scores, alone }
    }

    fn examples(&self, count: usize, rng: &mut Rng) -> Vec<usize> {
        self.pool.sample(rng, count).copied().collect()
    }

    /// Trains a task's head on encoded examples, and measures it.
    fn with_head(&self, task: usize, encoder: &DMatrix<f64>, examples: &[usize]) -> f64 {
        let task = &self.tasks[task];
        let (x, y) = task.rows(examples);
        let head = Linear::fit(&(x * encoder), &y, PENALTY);
        let said = head.predict(&(task.seen.select_rows(&self.test) * encoder));
        task.score(&said, &self.test)
    }
}

impl Task {
    fn rows(&self, places: &[usize]) -> (DMatrix<f64>, DMatrix<f64>) {
        (self.seen.select_rows(places), self.aims.select_rows(places))
    }

    /// Comprehension: the share of right classes. Generation: the share of the pictures' variance that is drawn right,
    /// 0 at least.
    fn score(&self, said: &DMatrix<f64>, places: &[usize]) -> f64 {
        if self.labels.is_empty() {
            let aims = self.aims.select_rows(places);
            let middle = aims.row_mean();
            let spread: f64 = aims
                .row_iter()
                .map(|row| (row - &middle).norm_squared())
                .sum();
            return (1.0 - (said - aims).norm_squared() / spread).max(0.0);
        }
        mean(said.row_iter().zip(places).map(|(row, &place)| {
            let class = row.transpose().argmax().0;
            f64::from(u8::from(class == self.labels[place]))
        }))
    }
}

/// All directions of the pixels, those that matter most to these tasks' weights first; behind the first `width` they are
/// faint, so that a head's penalty holds it to the first ones without forbidding the others.
fn encoder(weights: &[DMatrix<f64>], width: usize) -> DMatrix<f64> {
    let columns: Vec<_> = weights.iter().flat_map(|w| w.column_iter()).collect();
    let all = DMatrix::from_columns(&columns);
    // Of pixels by pixels: quicker than of the wide matrix itself, and the same directions.
    let found = (&all * all.transpose()).symmetric_eigen();
    let mut order: Vec<usize> = (0..found.eigenvalues.len()).collect();
    order.sort_by(|&a, &b| found.eigenvalues[b].total_cmp(&found.eigenvalues[a]));
    let mut encoder = found.eigenvectors.select_columns(&order);
    for mut column in encoder.column_iter_mut().skip(width.min(columns.len())) {
        column *= FAINT;
    }
    encoder
}

/// The class of a digit in a task of comprehension; the last one goes by how much ink there is.
fn class(task: usize, digit: usize, ink: f64) -> usize {
    match task {
        0 => digit,
        1 => digit % 2,
        2 => usize::from(digit >= 5),
        3 => usize::from([0, 6, 8, 9].contains(&digit)),
        _ => usize::from(ink > 18.0) + usize::from(ink > 21.0),
    }
}

/// The left half alone.
fn half(pixels: &DMatrix<f64>) -> DMatrix<f64> {
    DMatrix::from_fn(pixels.nrows(), 64, |row, at| {
        if at % 8 < 4 { pixels[(row, at)] } else { 0.0 }
    })
}

/// Every four pixels as their mean.
fn coarse(pixels: &DMatrix<f64>) -> DMatrix<f64> {
    DMatrix::from_fn(pixels.nrows(), 64, |row, at| {
        let corner = at / 16 * 16 + at % 8 / 2 * 2;
        [0, 1, 8, 9]
            .map(|off| pixels[(row, corner + off)])
            .iter()
            .sum::<f64>()
            / 4.0
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;

    #[test]
    fn every_task_is_learnt_better_than_by_guessing() {
        let mut rng = Rng::seed_from_u64(4);
        let workshop = Workshop::open(&mut rng).unwrap();
        let scores = workshop.specialists(&mut rng);
        for (task, classes) in CLASSES.iter().enumerate() {
            assert!(scores[task] > 1.2 / *classes as f64, "{task}: {scores:?}");
        }
        for score in &scores[COMPREHENSION..] {
            assert!(*score > 0.2, "{scores:?}");
        }
    }

    #[test]
    fn coverage_alone_gains_nothing() {
        let mut rng = Rng::seed_from_u64(4);
        let workshop = Workshop::open(&mut rng).unwrap();
        let made = workshop.generalist(false, &mut rng);
        assert_eq!(made.scores, made.alone);
        let made = workshop.generalist(true, &mut rng);
        assert_ne!(made.scores, made.alone);
    }

    #[test]
    fn an_encoder_shows_the_tasks_directions_and_the_others_faintly() {
        let weights = DMatrix::from_fn(64, 2, |row, column| f64::from(u8::from(row == column)));
        let encoder = encoder(&[weights], 5);
        let shown = |pixel: usize| encoder.row(pixel).norm();
        assert!((shown(0) - 1.0).abs() < 1e-9 && (shown(1) - 1.0).abs() < 1e-9);
        assert!((shown(2) - FAINT).abs() < 1e-9);
    }
}
