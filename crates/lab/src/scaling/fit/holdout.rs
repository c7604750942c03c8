//! The test of a scaling law: fitted to small runs, judged on large ones.

use anyhow::{Result, ensure};

use super::data::Data;
use super::fitted::{Fit, Options, fit};
use super::form::Form;

/// What a form, fitted to some runs, says of others.
#[derive(Debug, Clone)]
pub struct HoldOut {
    /// The form, fitted to the first runs only.
    pub fit: Fit,
    /// Mean relative error on the runs that it was fitted to.
    pub fitted_error: f64,
    /// Mean relative error on the runs held out.
    pub held_out_error: f64,
    /// Greatest relative error on the runs held out.
    pub worst_error: f64,
}

/// Fits a form to `fitted` and judges it on `held_out`.
///
/// # Errors
/// As [`fit`], and where nothing is held out.
pub fn hold_out(
    form: &'static Form,
    fitted: &Data,
    held_out: &Data,
    options: &Options,
) -> Result<HoldOut> {
    ensure!(
        !held_out.is_empty(),
        "nothing is held out: all {} runs are on the fitted side",
        fitted.len()
    );
    let fit = fit(form, fitted, options)?;
    let errors = fit.relative_errors(held_out);
    Ok(HoldOut {
        fitted_error: fit.mean_relative_error(fitted),
        held_out_error: errors.iter().sum::<f64>() / errors.len() as f64,
        worst_error: errors.iter().copied().fold(0.0, f64::max),
        fit,
    })
}

#[cfg(test)]
mod tests {
    use super::super::forms;
    use super::*;

    #[test]
    fn the_right_form_extrapolates_and_a_form_without_floor_does_not() {
        let x: Vec<f64> = (0..10).map(|i| 1e5 * 4f64.powi(i)).collect();
        let y: Vec<f64> = x.iter().map(|x| 1.5 + 90.0 * x.powf(-0.3)).collect();
        let (small, large) = Data::xy(&x, &y).unwrap().split(|row| row[0] < 1e8);
        let judge = |form| hold_out(form, &small, &large, &Options::default()).unwrap();
        assert!(judge(&forms::FLOOR).worst_error < 1e-4);
        let bare = judge(&forms::POWER);
        assert!(bare.held_out_error > 3.0 * bare.fitted_error && bare.held_out_error > 0.05);
        assert!(hold_out(&forms::POWER, &small, &large.at(&[]), &Options::default()).is_err());
    }
}
