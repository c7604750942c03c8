//! Where fits start. Given the exponents, most forms are sums of known columns, and the best sum has an answer: so a
//! grid over the exponents alone covers what would be a grid over all parameters.

use super::data::Data;
use super::regress::{line, linear};

/// Exponents of laws of size and data lie here, from very flat to steeper than a parabola's inverse.
const EXPONENTS: [f64; 8] = [0.05, 0.12, 0.2, 0.3, 0.45, 0.65, 1.0, 1.7];

fn logs(values: &[f64]) -> Vec<f64> {
    values.iter().map(|v| v.ln()).collect()
}

/// The best factors of given columns, by relative errors; a factor that would be negative becomes a small positive
/// one, from which the fitter can let the term grow or vanish.
fn factors(columns: &[Vec<f64>], y: &[f64]) -> Option<Vec<f64>> {
    let weights: Vec<f64> = y.iter().map(|y| 1.0 / (y * y)).collect();
    let found = linear(columns, y, &weights)?;
    let mean = |column: &[f64]| column.iter().sum::<f64>() / column.len() as f64;
    let level = mean(y);
    let least = |column: &[f64]| 1e-3 * level / mean(column);
    let pairs = found.iter().zip(columns);
    Some(pairs.map(|(f, column)| f.max(least(column))).collect())
}

fn power_of(values: &[f64], exponent: f64) -> Vec<f64> {
    values.iter().map(|v| v.powf(-exponent)).collect()
}

pub(super) fn power(data: &Data) -> Vec<Vec<f64>> {
    let (intercept, slope) = line(&logs(&data.column(0)), &logs(data.outputs()));
    vec![vec![intercept.exp(), -slope]]
}

pub(super) fn floor(data: &Data) -> Vec<Vec<f64>> {
    let x = data.column(0);
    let least = Data::span(data.outputs()).0;
    // A floor anywhere between nothing and the least output leaves a power law above it.
    let floors = [1e-4, 0.1, 0.3, 0.5, 0.7, 0.85, 0.93, 0.98].map(|part| part * least);
    let above = floors.iter().map(|floor| {
        let left: Vec<f64> = data.outputs().iter().map(|y| y - floor).collect();
        let (intercept, slope) = line(&logs(&x), &logs(&left));
        vec![*floor, intercept.exp(), (-slope).max(0.01)]
    });
    let ones = vec![1.0; data.len()];
    let by_exponent = EXPONENTS.iter().filter_map(|&exponent| {
        let f = factors(&[ones.clone(), power_of(&x, exponent)], data.outputs())?;
        Some(vec![f[0], f[1], exponent])
    });
    above.chain(by_exponent).collect()
}

pub(super) fn sum(data: &Data) -> Vec<Vec<f64>> {
    two_powers(data, false)
}

pub(super) fn chinchilla(data: &Data) -> Vec<Vec<f64>> {
    two_powers(data, true)
}

pub(super) fn tied(data: &Data) -> Vec<Vec<f64>> {
    let both = two_powers(data, true).into_iter();
    let same = both.filter(|start| start[2] == start[4]);
    same.map(|s| vec![s[0], s[1], s[3], s[4]]).collect()
}

fn two_powers(data: &Data, with_floor: bool) -> Vec<Vec<f64>> {
    let (n, d) = (data.column(0), data.column(1));
    let pairs = EXPONENTS
        .iter()
        .flat_map(|&alpha| EXPONENTS.iter().map(move |&beta| (alpha, beta)));
    let start = |(alpha, beta)| {
        let mut columns = vec![power_of(&n, alpha), power_of(&d, beta)];
        if with_floor {
            columns.push(vec![1.0; data.len()]);
        }
        let f = factors(&columns, data.outputs())?;
        let both = vec![f[0], alpha, f[1], beta];
        Some(match with_floor {
            true => [vec![f[2]], both].concat(),
            false => both,
        })
    };
    pairs.filter_map(start).collect()
}

pub(super) fn product(data: &Data) -> Vec<Vec<f64>> {
    let columns = [
        vec![1.0; data.len()],
        logs(&data.column(0)),
        logs(&data.column(1)),
    ];
    let weights = vec![1.0; data.len()];
    let found = linear(&columns, &logs(data.outputs()), &weights);
    let level = logs(data.outputs()).iter().sum::<f64>() / data.len() as f64;
    // Where the inputs go together the exponents are not decided: level is then as good as any.
    let start = found.unwrap_or_else(|| vec![level, 0.0, 0.0]);
    vec![vec![start[0].exp(), start[1], start[2]]]
}

pub(super) fn logarithm(data: &Data) -> Vec<Vec<f64>> {
    let (a, b) = line(&logs(&data.column(0)), data.outputs());
    vec![vec![a, b]]
}

pub(super) fn exponential(data: &Data) -> Vec<Vec<f64>> {
    let x = data.column(0);
    let (low, high) = Data::span(&x);
    let rates = [0.1, 0.5, 1.0, 2.0, 4.0, 8.0, 20.0, 60.0].map(|r| r / (high - low));
    let (ones, weights) = (vec![1.0; data.len()], vec![1.0; data.len()]);
    let start = |rate: f64| {
        // Counted from the first x, so that far-off x lose no digits; then moved back.
        let fall: Vec<f64> = x.iter().map(|x| (-rate * (x - low)).exp()).collect();
        let f = linear(&[ones.clone(), fall], data.outputs(), &weights)?;
        Some(vec![f[0], f[1] * (rate * low).exp(), rate])
    };
    rates.into_iter().filter_map(start).collect()
}

pub(super) fn broken(data: &Data) -> Vec<Vec<f64>> {
    let (x, y) = (logs(&data.column(0)), logs(data.outputs()));
    let (low, high) = Data::span(&x);
    let mut starts = Vec::new();
    for part in [0.2, 0.35, 0.5, 0.65, 0.8] {
        let at = low + part * (high - low);
        // Two lines that meet at the break: level, slope, and the change of slope beyond.
        let beyond: Vec<f64> = x.iter().map(|x| (x - at).max(0.0)).collect();
        let columns = [vec![1.0; x.len()], x.clone(), beyond];
        let Some(f) = linear(&columns, &y, &vec![1.0; x.len()]) else {
            continue;
        };
        for width in [0.05, 0.3, 1.0] {
            let (alpha, beta) = (-f[1], -(f[1] + f[2]));
            starts.push(vec![f[0].exp(), alpha, beta, at.exp(), width]);
        }
    }
    starts
}

pub(super) fn sigmoid(data: &Data) -> Vec<Vec<f64>> {
    steps(&data.column(0), data.outputs())
}

pub(super) fn hill(data: &Data) -> Vec<Vec<f64>> {
    let mut starts = steps(&logs(&data.column(0)), data.outputs());
    starts
        .iter_mut()
        .for_each(|start| start[3] = start[3].exp());
    starts
}

/// Steps between two levels: for every middle and slope the best levels.
fn steps(x: &[f64], y: &[f64]) -> Vec<Vec<f64>> {
    let (low, high) = Data::span(x);
    let (ones, weights) = (vec![1.0; x.len()], vec![1.0; x.len()]);
    let mut starts = Vec::new();
    for middle in [-0.2, 0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95, 1.2] {
        let middle = low + middle * (high - low);
        for slope in [1.5, 4.0, 10.0, 30.0].map(|s| s / (high - low)) {
            let step: Vec<f64> = x
                .iter()
                .map(|x| 1.0 / (1.0 + (-slope * (x - middle)).exp()))
                .collect();
            let Some(f) = linear(&[ones.clone(), step], y, &weights) else {
                continue;
            };
            // A negative height is a positive one the other way round.
            starts.push(match f[1] > 0.0 {
                true => vec![f[0], f[1], slope, middle],
                false => vec![f[0] + f[1], -f[1], -slope, middle],
            });
        }
    }
    starts
}
