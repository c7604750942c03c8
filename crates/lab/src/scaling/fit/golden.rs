//! The fitter against SciPy 1.17.1 on the same made data.
//!
//! For every case `scipy.optimize.least_squares(residuals, start, method="trf", x_scale="jac", jac="3-point",
//! xtol=1e-15, ftol=1e-15, gtol=1e-15)` was run over the logarithms of positive parameters, from several starts, with
//! `loss="huber", f_scale=BEND` where a bend is given; the figures are the parameters and `cost` of its best end.

use super::{Data, Fit, Form, Options, fit, forms};

/// `level(inputs) * (1 + size * sin(7 i))`: noise that any language makes alike.
fn wavy(size: f64, clean: impl Iterator<Item = f64>) -> Vec<f64> {
    let noise = |i: usize| 1.0 + size * (7.0 * i as f64).sin();
    clean.enumerate().map(|(i, y)| y * noise(i)).collect()
}

fn check(form: &'static Form, data: &Data, huber: f64, parameters: &[f64], cost: f64) -> Fit {
    let options = Options {
        huber,
        ..Options::default()
    };
    let found = fit(form, data, &options).unwrap();
    let near = |a: f64, b: f64| (a / b - 1.0).abs() < 1e-4;
    assert!(
        found.loss <= cost * (1.0 + 1e-9) && near(found.loss, cost),
        "{}: loss {:e}, SciPy's {cost:e}",
        form.name,
        found.loss
    );
    for (at, (ours, theirs)) in found.parameters.iter().zip(parameters).enumerate() {
        let name = form.parameters[at].name;
        assert!(
            near(*ours, *theirs),
            "{} {name}: {ours}, SciPy's {theirs}",
            form.name
        );
    }
    found
}

fn sizes() -> Vec<f64> {
    (0..12).map(|i| 1e6 * 2f64.powi(i)).collect()
}

fn with_floor() -> Vec<f64> {
    wavy(
        0.004,
        sizes().into_iter().map(|x| 1.7 + 400.0 * x.powf(-0.34)),
    )
}

/// Five sizes with five amounts of data each.
fn grid() -> (Vec<f64>, Vec<f64>) {
    let n = (0..25).map(|k| 1e7 * 4f64.powi(k % 5)).collect();
    (n, (0..25).map(|k| 2e8 * 5f64.powi(k / 5)).collect())
}

fn on_grid(size: f64, law: impl Fn(f64, f64) -> f64) -> Data {
    let (n, d) = grid();
    let y = wavy(size, n.iter().zip(&d).map(|(&n, &d)| law(n, d)));
    Data::new(&[&n, &d], &y).unwrap()
}

const SQUARES: f64 = f64::INFINITY;

#[test]
fn a_power_law_with_and_without_floor() {
    let data = Data::xy(&sizes(), &with_floor()).unwrap();
    let floor = [1.71167908, 424.7895913, 0.344201551];
    check(&forms::FLOOR, &data, SQUARES, &floor, 3.57415267931e-05);
    check(
        &forms::POWER,
        &data,
        SQUARES,
        &[28.49382718, 0.1294696478],
        0.0264688099615,
    );
}

#[test]
fn one_wild_run_is_weighed_down() {
    let mut y = with_floor();
    y[4] *= 1.2;
    let data = Data::xy(&sizes(), &y).unwrap();
    let robust = [1.707927853, 417.329214, 0.3428614569];
    check(&forms::FLOOR, &data, 0.005, &robust, 0.000940434493679);
}

#[test]
fn sizes_and_tokens() {
    let data = on_grid(0.003, |n, d| {
        1.69 + 406.4 * n.powf(-0.34) + 410.7 * d.powf(-0.28)
    });
    let squares = [
        1.692164767,
        402.950006,
        0.3393511871,
        429.4515827,
        0.2823167415,
    ];
    check(
        &forms::CHINCHILLA,
        &data,
        SQUARES,
        &squares,
        5.13418611201e-05,
    );
    let robust = [
        1.675503581,
        370.1666621,
        0.3338972004,
        420.7937843,
        0.2810299288,
    ];
    check(&forms::CHINCHILLA, &data, 0.001, &robust, 3.19165487894e-05);
    let data = on_grid(0.003, |n, d| 90.0 * n.powf(-0.2) + 30.0 * d.powf(-0.15));
    let sum = [89.49462178, 0.1995299305, 30.82195648, 0.151492972];
    check(&forms::SUM, &data, SQUARES, &sum, 5.19020179289e-05);
    let data = on_grid(0.003, |n, d| {
        1.7 + 190.0 * n.powf(-0.27) + 260.0 * d.powf(-0.27)
    });
    let tied = [1.701868536, 192.6053634, 265.1211335, 0.270855271];
    check(&forms::TIED, &data, SQUARES, &tied, 5.23393640629e-05);
    let data = on_grid(0.02, |n, d| 131.0 * n.powf(-0.8) * d.powf(0.25));
    let product = [135.4065467, -0.8004672809, 0.2489429175];
    check(&forms::PRODUCT, &data, SQUARES, &product, 0.00240129101769);
}

#[test]
fn levels_and_bends() {
    let x: Vec<f64> = (0..16).map(|i| f64::from(i) * 0.25).collect();
    let noise = |i: usize| 0.01 * (7.0 * i as f64).sin();
    let curve = |law: &dyn Fn(f64) -> f64| {
        let y: Vec<f64> = x
            .iter()
            .enumerate()
            .map(|(i, &x)| law(x) + noise(i))
            .collect();
        Data::xy(&x, &y).unwrap()
    };
    let data = curve(&|x| 0.25 + 0.7 / (1.0 + (-2.5 * (x - 2.0)).exp()));
    let sigmoid = [0.2617586828, 0.6804755049, 2.737676138, 2.010431692];
    check(&forms::SIGMOID, &data, SQUARES, &sigmoid, 0.000118872946951);
    // The same curve against e^x is the same curve in logarithms.
    let powers: Vec<f64> = x.iter().map(|x| x.exp()).collect();
    let data = Data::xy(&powers, data.outputs()).unwrap();
    let hill = [sigmoid[0], sigmoid[1], sigmoid[2], sigmoid[3].exp()];
    check(&forms::HILL, &data, SQUARES, &hill, 0.000118872946951);
    let data = curve(&|x| 0.3 + 2.0 * (-0.9 * x).exp());
    let exponential = [0.2986111797, 2.006663101, 0.8997924712];
    check(
        &forms::EXPONENTIAL,
        &data,
        SQUARES,
        &exponential,
        0.000358863709397,
    );

    let x: Vec<f64> = (0..24)
        .map(|j| 10f64.powf(2.0 + 0.25 * f64::from(j)))
        .collect();
    let truth = [5.0, 0.1, 0.6, 3e4, 0.5];
    let y = wavy(0.01, x.iter().map(|&x| (forms::BROKEN.value)(&truth, &[x])));
    let data = Data::xy(&x, &y).unwrap();
    let broken = [
        5.169969512,
        0.1051218596,
        0.5989529116,
        30858.52674,
        0.4436670021,
    ];
    check(&forms::BROKEN, &data, SQUARES, &broken, 0.000343094916364);
}

#[test]
fn what_cannot_be_fitted_says_why() {
    let error = |form, x: &[f64], y: &[f64]| {
        let data = Data::xy(x, y).unwrap();
        fit(form, &data, &Options::default())
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        error(&forms::FLOOR, &[1.0, 2.0], &[1.0, 2.0]),
        "`floor` has 3 parameters; 2 runs are too few to fit it"
    );
    assert_eq!(
        error(&forms::POWER, &[1.0, 2.0], &[1.0, -2.0]),
        "`power` compares logarithms, and an output is -2: outputs must be above zero"
    );
    assert_eq!(
        error(&forms::HILL, &[0.0, 2.0, 3.0, 4.0], &[1.0; 4]),
        "`hill` takes powers of its inputs, and one is 0: inputs must be above zero"
    );
    assert_eq!(
        error(&forms::CHINCHILLA, &[1.0; 6], &[1.0; 6]),
        "`chinchilla` has 2 inputs (n, d); the data have 1"
    );
}
