//! The usual forms. Equations are written as they are computed; `x`, `n` and `d` must be above zero where they are
//! raised to a power.

use super::form::{Form, Parameter, Residual};
use super::starts;

/// Every form here, in the order in which help texts show them.
pub static ALL: [&Form; 11] = [
    &POWER,
    &FLOOR,
    &BROKEN,
    &EXPONENTIAL,
    &LOGARITHM,
    &SIGMOID,
    &HILL,
    &PRODUCT,
    &SUM,
    &TIED,
    &CHINCHILLA,
];

/// The form of a short name.
pub fn find(name: &str) -> Option<&'static Form> {
    ALL.iter().copied().find(|form| form.name == name)
}

/// A power law that goes to zero: a straight line on paper with two logarithmic axes.
pub static POWER: Form = Form {
    name: "power",
    equation: "y = a x^-alpha",
    inputs: &["x"],
    parameters: &[Parameter::positive("a"), Parameter::any("alpha")],
    residual: Residual::Log,
    positive_inputs: true,
    value: |p, x| p[0] * x[0].powf(-p[1]),
    starts: starts::power,
};

/// A power law with an irreducible part (Henighan and others, "Scaling laws for autoregressive generative modeling",
/// 2020, equation 1.1).
pub static FLOOR: Form = Form {
    name: "floor",
    equation: "y = e + a x^-alpha",
    inputs: &["x"],
    parameters: &[
        Parameter::positive("e"),
        Parameter::positive("a"),
        Parameter::positive("alpha"),
    ],
    residual: Residual::Log,
    positive_inputs: true,
    value: |p, x| p[0] + p[1] * x[0].powf(-p[2]),
    starts: starts::floor,
};

/// One power law up to a break, another beyond (Caballero and others, "Broken neural scaling laws", 2022, equation 1
/// with one break and no floor). `width` is how many e-folds of `x` the bend takes.
pub static BROKEN: Form = Form {
    name: "broken",
    equation: "y = a x^-alpha (1 + (x / break)^(1 / width))^(-(beta - alpha) width)",
    inputs: &["x"],
    parameters: &[
        Parameter::positive("a"),
        Parameter::any("alpha"),
        Parameter::any("beta"),
        Parameter::positive("break"),
        Parameter::positive("width"),
    ],
    residual: Residual::Log,
    positive_inputs: true,
    value: |p, x| {
        let bend = softplus((x[0] / p[3]).ln() / p[4]) * p[4];
        p[0] * x[0].powf(-p[1]) * (-(p[2] - p[1]) * bend).exp()
    },
    starts: starts::broken,
};

/// What is left falls by equal parts in equal steps.
pub static EXPONENTIAL: Form = Form {
    name: "exponential",
    equation: "y = e + a exp(-rate x)",
    inputs: &["x"],
    parameters: &[
        Parameter::any("e"),
        Parameter::any("a"),
        Parameter::positive("rate"),
    ],
    residual: Residual::Plain,
    positive_inputs: false,
    value: |p, x| p[0] + p[1] * (-p[2] * x[0]).exp(),
    starts: starts::exponential,
};

/// Equal factors of `x` add equal amounts.
pub static LOGARITHM: Form = Form {
    name: "logarithm",
    equation: "y = a + b ln x",
    inputs: &["x"],
    parameters: &[Parameter::any("a"), Parameter::any("b")],
    residual: Residual::Plain,
    positive_inputs: true,
    value: |p, x| p[0] + p[1] * x[0].ln(),
    starts: starts::logarithm,
};

/// A rise (or, with a negative slope, a fall) between two levels, along `x` itself: a score against a loss.
pub static SIGMOID: Form = Form {
    name: "sigmoid",
    equation: "y = low + height / (1 + exp(-slope (x - middle)))",
    inputs: &["x"],
    parameters: &[
        Parameter::any("low"),
        Parameter::positive("height"),
        Parameter::any("slope"),
        Parameter::any("middle"),
    ],
    residual: Residual::Plain,
    positive_inputs: false,
    value: |p, x| p[0] + p[1] / (1.0 + (-p[2] * (x[0] - p[3])).exp()),
    starts: starts::sigmoid,
};

/// A rise between two levels along the logarithm of `x`: a score against a size.
pub static HILL: Form = Form {
    name: "hill",
    equation: "y = low + height / (1 + (middle / x)^slope)",
    inputs: &["x"],
    parameters: &[
        Parameter::any("low"),
        Parameter::positive("height"),
        Parameter::any("slope"),
        Parameter::positive("middle"),
    ],
    residual: Residual::Plain,
    positive_inputs: true,
    value: |p, x| p[0] + p[1] / (1.0 + (p[3] / x[0]).powf(p[2])),
    starts: starts::hill,
};

/// Powers of two inputs multiplied: the best learning rate against size and data.
pub static PRODUCT: Form = Form {
    name: "product",
    equation: "y = a n^alpha d^beta",
    inputs: &["n", "d"],
    parameters: &[
        Parameter::positive("a"),
        Parameter::any("alpha"),
        Parameter::any("beta"),
    ],
    residual: Residual::Log,
    positive_inputs: true,
    value: |p, x| p[0] * x[0].powf(p[1]) * x[1].powf(p[2]),
    starts: starts::product,
};

/// Two power laws added, without a floor: loss against size and steps (Kaplan and others, "Scaling laws for neural
/// language models", 2020, equation 1.6, with each constant as a factor).
pub static SUM: Form = Form {
    name: "sum",
    equation: "y = a n^-alpha + b d^-beta",
    inputs: &["n", "d"],
    parameters: &[
        Parameter::positive("a"),
        Parameter::positive("alpha"),
        Parameter::positive("b"),
        Parameter::positive("beta"),
    ],
    residual: Residual::Log,
    positive_inputs: true,
    value: |p, x| p[0] * x[0].powf(-p[1]) + p[2] * x[1].powf(-p[3]),
    starts: starts::sum,
};

/// Loss against parameters and tokens with one exponent for both, which is loss against compute and tokens a
/// parameter (Gadre and others, "Language models scale reliably with over-training and on downstream tasks", 2024,
/// equation 4: with `c = 6 n d` and `m = d / n`, `(a m^eta + b m^-eta) c^-eta` is such a sum with `alpha = 2 eta`).
pub static TIED: Form = Form {
    name: "tied",
    equation: "y = e + a n^-alpha + b d^-alpha",
    inputs: &["n", "d"],
    parameters: &[
        Parameter::positive("e"),
        Parameter::positive("a"),
        Parameter::positive("b"),
        Parameter::positive("alpha"),
    ],
    residual: Residual::Log,
    positive_inputs: true,
    value: |p, x| p[0] + p[1] * x[0].powf(-p[3]) + p[2] * x[1].powf(-p[3]),
    starts: starts::tied,
};

/// Loss against parameters and tokens (Hoffmann and others, "Training compute-optimal large language models", 2022,
/// equation 2).
pub static CHINCHILLA: Form = Form {
    name: "chinchilla",
    equation: "y = e + a n^-alpha + b d^-beta",
    inputs: &["n", "d"],
    parameters: &[
        Parameter::positive("e"),
        Parameter::positive("a"),
        Parameter::positive("alpha"),
        Parameter::positive("b"),
        Parameter::positive("beta"),
    ],
    residual: Residual::Log,
    positive_inputs: true,
    value: |p, x| p[0] + p[1] * x[0].powf(-p[2]) + p[3] * x[1].powf(-p[4]),
    starts: starts::chinchilla,
};

/// `ln(1 + e^v)` without overflow.
fn softplus(v: f64) -> f64 {
    v.max(0.0) + (-v.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_found() {
        for form in ALL {
            assert!(std::ptr::eq(find(form.name).unwrap(), form));
        }
        assert!(find("cubic").is_none());
    }

    #[test]
    fn a_broken_law_is_one_law_on_each_side() {
        // a 2, alpha 0.5 before, beta 0.1 beyond 1e4, a narrow bend.
        let value = |x: f64| (BROKEN.value)(&[2.0, 0.5, 0.1, 1e4, 0.05], &[x]);
        assert!((value(1e2) - 2.0 * 0.1).abs() < 1e-9);
        let beyond = 2.0 * 1e4f64.powf(-0.5) * (1e8f64 / 1e4).powf(-0.1);
        assert!((value(1e8) / beyond - 1.0).abs() < 1e-9);
        assert!(softplus(800.0) == 800.0 && softplus(-800.0) == 0.0);
    }
}
