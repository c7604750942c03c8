//! What was computed, in order, and the way back.

use super::Matrix;
use super::product::matrix;
use super::weights::{Slot, Weights};

/// A value on a tape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Var(pub(super) usize);

/// What a node's way back may look at.
pub(super) struct Seen<'a> {
    /// All values of the tape.
    pub(super) values: &'a [Matrix],
    /// The node's own value.
    pub(super) own: &'a Matrix,
    /// The loss's gradient by that value.
    pub(super) gradient: &'a Matrix,
}

type Back = Box<dyn Fn(&Seen<'_>, &mut Sums)>;

/// The gradients by all values, as far as they are known.
pub(super) struct Sums(Vec<Option<Matrix>>);

impl Sums {
    /// Adds a part of the gradient by a value.
    pub(super) fn add(&mut self, to: Var, part: Matrix) {
        match &mut self.0[to.0] {
            Some(sum) => *sum += &part,
            none => *none = Some(part),
        }
    }
}

/// Records a computation.
#[derive(Default)]
pub struct Tape {
    values: Vec<Matrix>,
    backs: Vec<Option<Back>>,
    bound: Vec<(Slot, Var)>,
}

/// The gradients by the weights that a tape used.
#[derive(Debug, Clone)]
pub struct Gradients(Vec<(Slot, Matrix)>);

impl Gradients {
    /// The gradient by these weights; `None` when the loss does not depend on them.
    pub fn of(&self, slot: Slot) -> Option<&Matrix> {
        self.0.iter().find(|(s, _)| *s == slot).map(|(_, g)| g)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &(Slot, Matrix)> {
        self.0.iter()
    }
}

impl Tape {
    /// Nothing computed yet.
    pub fn new() -> Tape {
        Tape::default()
    }

    /// A value that nothing is learned for.
    pub fn constant(&mut self, value: Matrix) -> Var {
        // Views of others may lie in another order.
        let value = matrix(
            value.nrows(),
            value.ncols(),
            value.iter().copied().collect(),
        );
        self.push(value, None)
    }

    /// Weights, as they are now. Asked twice for the same, it gives the same value: a tape is for one network.
    pub fn weights(&mut self, weights: &Weights, slot: Slot) -> Var {
        if let Some(&(_, var)) = self.bound.iter().find(|(s, _)| *s == slot) {
            debug_assert_eq!(self.value(var), weights.get(slot), "one network's weights");
            return var;
        }
        let var = self.constant(weights.get(slot).clone());
        self.bound.push((slot, var));
        var
    }

    /// A value.
    pub fn value(&self, var: Var) -> &Matrix {
        &self.values[var.0]
    }

    /// The number of a matrix of one number.
    pub fn number(&self, var: Var) -> f32 {
        let value = self.value(var);
        assert_eq!(value.dim(), (1, 1), "one number");
        value[(0, 0)]
    }

    pub(super) fn push(&mut self, value: Matrix, back: Option<Back>) -> Var {
        self.values.push(value);
        self.backs.push(back);
        Var(self.values.len() - 1)
    }

    /// Adds a value with its way back, which adds to the gradients by what it was computed from.
    pub(super) fn computed(
        &mut self,
        value: Matrix,
        back: impl Fn(&Seen<'_>, &mut Sums) + 'static,
    ) -> Var {
        self.push(value, Some(Box::new(back)))
    }

    /// The gradients of a loss by all weights used. Panics unless the loss is one number.
    pub fn gradients(&self, loss: Var) -> Gradients {
        assert_eq!(self.value(loss).dim(), (1, 1), "a loss is one number");
        let mut sums = Sums(vec![None; self.values.len()]);
        sums.add(loss, Matrix::ones((1, 1)));
        for at in (0..=loss.0).rev() {
            let Some(back) = &self.backs[at] else {
                continue;
            };
            // Taken out: nothing earlier on the tape needs it any more.
            if let Some(gradient) = sums.0[at].take() {
                back(
                    &Seen {
                        values: &self.values,
                        own: &self.values[at],
                        gradient: &gradient,
                    },
                    &mut sums,
                );
            }
        }
        let of = |(slot, var): &(Slot, Var)| Some((*slot, sums.0[var.0].clone()?));
        Gradients(self.bound.iter().filter_map(of).collect())
    }
}
