//! A training that can be stopped and gone on with.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};

use super::Matrix;
use super::tape::{Tape, Var};
use super::weights::{Adam, Weights};
use crate::frame::{Context, Rng, Saved};

/// Weights and their optimiser.
#[derive(Debug, Clone)]
pub struct Learner {
    /// The weights as they stand.
    pub weights: Weights,
    adam: Adam,
}

/// How long and how fast to train.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a> {
    /// The training's name, unique within a trial.
    pub name: &'a str,
    /// The number that its draws have in [`Context::rng`].
    pub purpose: u32,
    /// Steps in all.
    pub steps: usize,
    /// Adam's rate; it falls linearly to a tenth.
    pub rate: f32,
    /// What part of the trial it is, for telling how far it is: from and to.
    pub part: (f64, f64),
}

/// How many checkpoints a training writes, the last one at its end.
const CHECKPOINTS: usize = 10;

impl Learner {
    /// Untrained.
    pub fn new(weights: Weights) -> Learner {
        Learner {
            weights,
            adam: Adam::new(0.0),
        }
    }

    /// Trains as planned: `loss` is computed anew for each step, from weights and a generator of its own. A generator a step
    /// is what makes a training that was interrupted come out as one that was not: nothing but weights and moments must be
    /// kept.
    ///
    /// Where the run keeps checkpoints, it goes on from the last one and writes ten on the way.
    ///
    /// # Errors
    /// The loss's, and those of checkpoints.
    pub fn train(
        &mut self,
        plan: &Plan<'_>,
        context: &Context<'_>,
        mut loss: impl FnMut(&mut Tape, &Weights, &mut Rng) -> Result<Var>,
    ) -> Result<()> {
        let checkpoint = context.checkpoint(&format!("{}, {} steps", plan.name, plan.steps));
        let mut from = 0;
        if let Some(saved) = checkpoint.as_ref().map(|c| c.read()).transpose()?.flatten() {
            from = saved.step;
            self.restore(saved, plan)?;
        }
        let every = plan.steps.div_ceil(CHECKPOINTS).max(1);
        for step in from..plan.steps {
            let rng = &mut context.rng(u64::from(plan.purpose) << 32 | step as u64);
            let mut tape = Tape::new();
            let loss = loss(&mut tape, &self.weights, rng)?;
            let done = step as f32 / plan.steps as f32;
            self.adam.set_rate(plan.rate * (1.0 - 0.9 * done));
            let gradients = tape.gradients(loss);
            self.adam.step(&mut self.weights, &gradients);
            let (start, end) = plan.part;
            let done = (step + 1) as f64 / plan.steps as f64;
            context.progress(start + (end - start) * done, plan.name);
            if let Some(checkpoint) = &checkpoint
                && ((step + 1) % every == 0 || step + 1 == plan.steps)
            {
                checkpoint.write(step + 1, self.arrays())?;
            }
        }
        Ok(())
    }

    /// Weights and moments, each with a name.
    fn arrays(&self) -> Vec<(String, Matrix)> {
        let weights = self.weights.iter().enumerate();
        let mut arrays: Vec<(String, Matrix)> = weights
            .map(|(at, w)| (format!("weights-{at:03}"), w.clone()))
            .collect();
        for (at, (mean, square)) in self.adam.moments().iter().enumerate() {
            arrays.push((format!("mean-{at:03}"), mean.clone()));
            arrays.push((format!("square-{at:03}"), square.clone()));
        }
        arrays
    }

    fn restore(&mut self, saved: Saved, plan: &Plan) -> Result<()> {
        ensure!(
            saved.step <= plan.steps,
            "a checkpoint of {} is after its last step",
            plan.name
        );
        let mut arrays: BTreeMap<String, Matrix> = saved.arrays.into_iter().collect();
        let mut taken = |kind: &str| -> Result<Vec<Matrix>> {
            let like = self.weights.iter().enumerate();
            like.map(|(at, like)| {
                let name = format!("{kind}-{at:03}");
                let kept = arrays.remove(&name).filter(|kept| kept.dim() == like.dim());
                kept.with_context(|| {
                    format!("a checkpoint of {} has no fitting `{name}`", plan.name)
                })
            })
            .collect()
        };
        let (means, squares, weights) = (taken("mean")?, taken("square")?, taken("weights")?);
        self.weights.iter_mut().zip(weights).for_each(|(w, kept)| {
            *w = kept;
        });
        let moments = means.into_iter().zip(squares).collect();
        self.adam = Adam::resumed(saved.step as i32, moments);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use anyhow::bail;
    use rand::RngExt as _;

    use super::*;
    use crate::frame::{
        Better, Card, Condition, Expect, Family, Metric, Reproduction, Scale, Silent, Trial, run,
        run_with,
    };

    /// Trains a line through random points; with `fails_at`, the step of this number ends it.
    struct Fits {
        fails_at: Option<usize>,
    }

    static CARD: Card = Card {
        id: "fits",
        arxiv: "0000.00000",
        title: "A training to be stopped",
        family: Family::Networks,
        claim: "",
        published: "",
        baseline: "",
        kept: &[],
        left_out: &[],
        used_in: None,
        metrics: &[Metric {
            id: "weight",
            name: "weight",
            unit: "",
            better: Better::Higher,
        }],
        rule: &[Condition {
            text: "",
            metric: "weight",
            expect: Expect::BetterBy(0.0),
        }],
        likely_reason: "",
        timed: false,
    };

    impl Reproduction for Fits {
        fn card(&self) -> &'static Card {
            &CARD
        }

        fn trial(&self, context: &Context<'_>) -> Result<Trial> {
            let mut weights = Weights::new();
            let slope = weights.dense(3, 1, 1.0, &mut context.rng(1));
            let start = weights.get(slope)[(0, 0)];
            let plan = Plan {
                name: "line",
                purpose: 2,
                steps: 25,
                rate: 0.1,
                part: (0.0, 1.0),
            };
            let mut learner = Learner::new(weights);
            let asked = Cell::new(0);
            learner.train(&plan, context, |tape, weights, rng| {
                asked.set(asked.get() + 1);
                if self.fails_at == Some(asked.get()) {
                    bail!("the power went");
                }
                let slope = tape.weights(weights, slope);
                let points = Matrix::from_shape_simple_fn((4, 3), || rng.random());
                let aims = Matrix::from_shape_fn((4, 1), |(i, _)| points[(i, 0)] - points[(i, 2)]);
                let aims = tape.constant(aims);
                let points = tape.constant(points);
                let told = tape.product(points, slope);
                let off = tape.less(told, aims);
                Ok(tape.mean_square(off))
            })?;
            let end = learner.weights.get(slope)[(0, 0)];
            Ok(Trial::new().measured("weight", f64::from(start), f64::from(end)))
        }
    }

    #[test]
    fn an_interrupted_training_comes_out_as_one_that_was_not() {
        let whole = run(&Fits { fails_at: None }, Scale::Tiny, 3, &Silent).unwrap();
        // Checkpoints every third step: steps 13 and 14 are lost and done again.
        for fails_at in [1, 2, 4, 14, 25] {
            let folder = tempfile::tempdir().unwrap();
            let kept = Some(folder.path());
            let stopped = Fits {
                fails_at: Some(fails_at),
            };
            run_with(&stopped, Scale::Tiny, 3, &Silent, kept).unwrap_err();
            let again = run_with(&Fits { fails_at: None }, Scale::Tiny, 3, &Silent, kept).unwrap();
            assert_eq!(again.rows, whole.rows, "stopped at {fails_at}");
            // All is done: not one step more.
            let last = Fits { fails_at: Some(1) };
            let last = run_with(&last, Scale::Tiny, 3, &Silent, kept).unwrap();
            assert_eq!(last.rows, whole.rows);
        }
    }

    #[test]
    fn another_networks_checkpoint_is_refused() {
        let saved = Saved {
            step: 1,
            arrays: vec![("mean-000".to_owned(), Matrix::zeros((2, 2)))],
        };
        let mut weights = Weights::new();
        weights.bias(3);
        let plan = Plan {
            name: "line",
            purpose: 0,
            steps: 2,
            rate: 0.1,
            part: (0.0, 1.0),
        };
        let told = Learner::new(weights).restore(saved, &plan).unwrap_err();
        assert_eq!(
            told.to_string(),
            "a checkpoint of line has no fitting `mean-000`"
        );
    }
}
