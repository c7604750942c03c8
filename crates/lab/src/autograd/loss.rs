//! Losses: matrices of one number.

use super::Matrix;
use super::tape::{Tape, Var};

impl Tape {
    /// The sum of all numbers times a factor.
    pub fn total(&mut self, a: Var, factor: f32) -> Var {
        let value = Matrix::from_elem((1, 1), self.value(a).sum() * factor);
        self.computed(value, move |seen, sums| {
            let each = seen.gradient[(0, 0)] * factor;
            sums.add(a, Matrix::from_elem(seen.values[a.0].dim(), each));
        })
    }

    /// The mean of the squares of all numbers.
    pub fn mean_square(&mut self, a: Var) -> Var {
        let squares = self.times(a, a);
        let count = self.value(a).len() as f32;
        self.total(squares, 1.0 / count)
    }

    /// Logarithms of each row's softmax.
    pub fn log_softmax(&mut self, a: Var) -> Var {
        let mut value = self.value(a).clone();
        for mut row in value.rows_mut() {
            let greatest = row.fold(f32::NEG_INFINITY, |m, &x| m.max(x));
            let sum: f32 = row.iter().map(|x| (x - greatest).exp()).sum();
            row -= greatest + sum.ln();
        }
        self.computed(value, move |seen, sums| {
            let mut part = seen.gradient.clone();
            for (mut row, own) in part.rows_mut().into_iter().zip(seen.own.rows()) {
                let total = row.sum();
                row.zip_mut_with(&own, |g, log| *g -= total * log.exp());
            }
            sums.add(a, part);
        })
    }

    /// Cross-entropy to target distributions, one a row, averaged over rows. A row of zeros asks for nothing, and still
    /// counts.
    pub fn cross_entropy_to(&mut self, logits: Var, targets: Matrix) -> Var {
        let all = self.value(logits);
        assert_eq!(all.dim(), targets.dim(), "a target for each logit");
        let rows = targets.nrows() as f32;
        let mut likely = all.clone();
        let mut sum = 0.0;
        for (mut row, target) in likely.rows_mut().into_iter().zip(targets.rows()) {
            let greatest = row.fold(f32::NEG_INFINITY, |m, &x| m.max(x));
            row -= greatest;
            let asked = |(&x, &t): (&f32, &f32)| if t > 0.0 { t * x } else { 0.0 };
            let told: f32 = row.iter().zip(target).map(asked).sum();
            row.mapv_inplace(f32::exp);
            let total = row.sum();
            row /= total;
            sum += target.sum() * total.ln() - told;
        }
        self.computed(Matrix::from_elem((1, 1), sum / rows), move |seen, sums| {
            let each = seen.gradient[(0, 0)] / rows;
            let mut part = likely.clone();
            for (mut row, target) in part.rows_mut().into_iter().zip(targets.rows()) {
                let weight = target.sum() * each;
                row.zip_mut_with(&target, |p, &t| *p = *p * weight - t * each);
            }
            sums.add(logits, part);
        })
    }

    /// Cross-entropy to one right column a row, averaged over rows.
    pub fn cross_entropy(&mut self, logits: Var, right: &[usize]) -> Var {
        let mut targets = Matrix::zeros(self.value(logits).dim());
        for (row, &column) in right.iter().enumerate() {
            targets[(row, column)] = 1.0;
        }
        self.cross_entropy_to(logits, targets)
    }

    /// Cross-entropy of yes and no, number by number, averaged over all: targets are 0 to 1.
    pub fn yes_no(&mut self, logits: Var, targets: Matrix) -> Var {
        let weights = Matrix::from_elem(targets.dim(), 1.0 / targets.len() as f32);
        self.yes_no_weighted(logits, targets, weights)
    }

    /// The same, added up with a weight for each number.
    pub fn yes_no_weighted(&mut self, logits: Var, targets: Matrix, weights: Matrix) -> Var {
        let all = self.value(logits);
        assert_eq!(all.dim(), targets.dim(), "one target a logit");
        // ln(1 + eˣ) - y x, without overflow.
        let each = |x: f32, y: f32| x.max(0.0) + (-x.abs()).exp().ln_1p() - y * x;
        let sum: f32 = all
            .iter()
            .zip(&targets)
            .zip(&weights)
            .map(|((&x, &y), &w)| w * each(x, y))
            .sum();
        self.computed(Matrix::from_elem((1, 1), sum), move |seen, sums| {
            let mut part = seen.values[logits.0].mapv(|x| 1.0 / (1.0 + (-x).exp()));
            part -= &targets;
            part *= &weights;
            part *= seen.gradient[(0, 0)];
            sums.add(logits, part);
        })
    }

    /// `KL(softmax(teacher) ‖ softmax(student))`, averaged over rows; gradients flow to both.
    pub fn divergence(&mut self, student: Var, teacher: Var) -> Var {
        let rows = self.value(student).nrows() as f32;
        let (s, t) = (self.log_softmax(student), self.log_softmax(teacher));
        let likely = self.exp(t);
        let apart = self.less(t, s);
        let weighted = self.times(likely, apart);
        self.total(weighted, 1.0 / rows)
    }

    /// The sum of several losses.
    pub fn sum(&mut self, losses: &[Var]) -> Var {
        let (first, rest) = losses.split_first().expect("at least one loss");
        rest.iter().fold(*first, |sum, &loss| self.add(sum, loss))
    }
}
