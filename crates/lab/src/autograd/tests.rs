//! Gradients against differences, products against sums, and a network that learns.

use rand::SeedableRng;

use super::product::{product, product_transposed, transposed_product};
use super::{Adam, Attention, Matrix, Slot, Tape, Var, Weights};
use crate::frame::Rng;

/// A matrix of sines: `sin(start)`, `sin(start + 1)` and so on, row after row.
fn sines(rows: usize, columns: usize, start: f32) -> Matrix {
    let at = |(i, j)| (start + (i * columns + j) as f32).sin();
    Matrix::from_shape_fn((rows, columns), at)
}

/// The gradients of a loss by two matrices are what differences say.
#[track_caller]
fn check(shapes: [(usize, usize); 2], loss: impl Fn(&mut Tape, Var, Var) -> Var) {
    let mut weights = Weights::new();
    let slots: Vec<Slot> = shapes
        .iter()
        .zip([1.0, 100.0])
        .map(|(&(rows, columns), start)| weights.add(sines(rows, columns, start)))
        .collect();
    let compute = |weights: &Weights| {
        let mut tape = Tape::new();
        let vars: Vec<Var> = slots.iter().map(|&s| tape.weights(weights, s)).collect();
        let out = loss(&mut tape, vars[0], vars[1]);
        // Different weights on different places, so that nothing cancels.
        let (rows, columns) = tape.value(out).dim();
        let mixed = tape.constant(sines(rows, columns, 7.0));
        let mixed = tape.times(out, mixed);
        let total = tape.total(mixed, 1.0);
        (tape.number(total), tape.gradients(total))
    };
    let gradients = compute(&weights).1;
    for &slot in &slots {
        let (rows, columns) = weights.get(slot).dim();
        for at in (0..rows * columns).map(|i| (i / columns, i % columns)) {
            let step = 1e-2;
            let start = weights.get(slot)[at];
            let mut side = |x: f32| {
                weights.get_mut(slot)[at] = x;
                compute(&weights).0
            };
            let slope = (side(start + step) - side(start - step)) / (2.0 * step);
            weights.get_mut(slot)[at] = start;
            let told = gradients.of(slot).map_or(0.0, |g| g[at]);
            assert!(
                (told - slope).abs() < 0.01 * (1.0 + slope.abs()),
                "at {at:?}: told {told}, found {slope}"
            );
        }
    }
}

#[test]
fn products_are_sums_of_products() {
    let (a, b) = (sines(3, 4, 1.0), sines(4, 5, 2.0));
    let c = product(&a, &b);
    let sum: f32 = (0..4).map(|k| a[(2, k)] * b[(k, 3)]).sum();
    assert!((c[(2, 3)] - sum).abs() < 1e-6);
    let turned = |m: &Matrix| m.t().as_standard_layout().to_owned();
    assert_eq!(transposed_product(&turned(&a), &b), c);
    assert_eq!(product_transposed(&a, &turned(&b)), c);
}

#[test]
fn gradients_of_products() {
    check([(3, 4), (4, 2)], |t, a, b| t.product(a, b));
    check([(3, 4), (5, 4)], |t, a, b| t.inner(a, b));
    check([(3, 4), (3, 4)], |t, a, b| t.times(a, b));
    check([(3, 4), (3, 1)], |t, a, b| t.times_column(a, b));
    check([(3, 4), (1, 4)], |t, a, b| t.add_row(a, b));
    check([(3, 4), (3, 4)], |t, a, b| t.less(a, b));
}

#[test]
fn gradients_of_what_is_done_number_by_number() {
    check([(3, 4), (3, 4)], |t, a, b| {
        let (a, b) = (t.sigmoid(a), t.exp(b));
        t.add(a, b)
    });
    check([(3, 3), (3, 3)], |t, a, b| {
        let (a, b) = (t.scale(a, 2.0), t.relu(b));
        t.add(a, b)
    });
}

#[test]
fn gradients_of_rows_and_columns() {
    check([(3, 4), (3, 2)], |t, a, b| {
        let joined = t.join(a, b);
        t.columns(joined, 1..5)
    });
    check([(4, 3), (6, 3)], |t, a, b| {
        let (a, b) = (t.rows(a, &[3, 1, 3]), t.run_means(b, 2));
        t.add(a, b)
    });
    check([(4, 3), (2, 3)], |t, a, b| {
        let a = t.run_maxima(a, 2);
        t.add(a, b)
    });
    check([(3, 4), (3, 4)], |t, a, b| {
        let (a, b) = (t.unit(a), t.normalised(b));
        t.add(a, b)
    });
}

#[test]
fn gradients_of_losses() {
    check([(3, 4), (3, 4)], |t, a, b| {
        let (a, b) = (t.cross_entropy(a, &[1, 0, 3]), t.mean_square(b));
        t.add(a, b)
    });
    check([(3, 4), (3, 4)], |t, a, b| t.divergence(a, b));
    check([(3, 2), (3, 2)], |t, a, b| {
        let targets = Matrix::from_shape_fn((3, 2), |(i, j)| ((i + j) % 2) as f32);
        let (a, b) = (t.yes_no(a, targets), t.total(b, 0.5));
        t.add(a, b)
    });
}

#[test]
fn gradients_of_attention() {
    let how = |visible| Attention {
        queries: 2,
        keys: 3,
        visible,
    };
    check([(4, 3), (6, 3)], |t, q, k| {
        let v = t.scale(k, 0.5);
        t.attention(q, k, v, how(Vec::new()))
    });
    let mask = [1, 0, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1].map(|x| x == 1);
    check([(4, 3), (6, 3)], |t, q, k| {
        t.attention(q, k, k, how(mask.to_vec()))
    });
}

#[test]
fn divergence_is_as_published() {
    // Golden values of a student and a teacher of sines, at temperature 1.
    let mut tape = Tape::new();
    let (student, teacher) = (sines(2, 4, 401.0), sines(2, 4, 501.0));
    let (s, t) = (tape.constant(student), tape.constant(teacher));
    let apart = tape.divergence(s, t);
    assert!((tape.number(apart) - 0.038_175_43).abs() < 1e-5);
    let same = tape.divergence(s, s);
    assert!(tape.number(same).abs() < 1e-6);
}

#[test]
fn a_small_network_learns_exclusive_or() {
    let mut rng = Rng::seed_from_u64(1);
    let mut weights = Weights::new();
    let first = weights.dense(2, 8, 1.5, &mut rng);
    let bias = weights.bias(8);
    let second = weights.dense(8, 2, 1.0, &mut rng);
    let mut adam = Adam::new(0.05);
    let x = ndarray::arr2(&[[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]);
    let mut loss = f32::INFINITY;
    for _ in 0..200 {
        let mut tape = Tape::new();
        let vars = [first, bias, second].map(|slot| tape.weights(&weights, slot));
        let input = tape.constant(x.clone());
        let hidden = tape.linear(input, vars[0], vars[1]);
        let hidden = tape.relu(hidden);
        let logits = tape.product(hidden, vars[2]);
        let out = tape.cross_entropy(logits, &[0, 1, 1, 0]);
        loss = tape.number(out);
        let gradients = tape.gradients(out);
        adam.step(&mut weights, &gradients);
    }
    assert!(loss < 0.05, "{loss}");
}
