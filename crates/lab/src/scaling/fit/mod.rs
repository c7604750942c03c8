//! Curves through measurements: the fitter of the scaling papers and of `broadsheet-lab fit`.
//!
//! A [`Form`] says what the curve looks like ([`forms`] has the usual ones; a paper with a form of its own writes a
//! `static`). [`fit`] finds its parameters: many starts, each polished by Levenberg and Marquardt's method, least sum
//! of Huber's loss over residuals of logarithms or plain ones. Then
//!
//! - [`bootstrap()`] says how well parameters and predictions are known,
//! - [`hold_out`] fits the small runs and judges on the large ones, which is what a scaling law is for,
//! - [`plot`] draws measurements and curves.
//!
//! ```
//! use lab::scaling::fit::{Data, Options, fit, forms};
//! let sizes = [1e6, 1e7, 1e8, 1e9];
//! let losses = sizes.map(|n: f64| 1.7 + 400.0 * n.powf(-0.34));
//! let fitted = fit(&forms::FLOOR, &Data::xy(&sizes, &losses)?, &Options::default())?;
//! assert!((fitted.parameter("alpha") - 0.34).abs() < 1e-4);
//! assert!((fitted.predict(&[1e10]) - 1.7 - 400.0 * 1e10f64.powf(-0.34)).abs() < 1e-4);
//! # anyhow::Ok(())
//! ```

mod bootstrap;
mod data;
mod fitted;
mod form;
pub mod forms;
mod holdout;
mod minimise;
mod plot;
mod regress;
mod starts;

#[cfg(test)]
mod golden;

pub use bootstrap::{Bootstrap, Interval, bootstrap};
pub use data::Data;
pub use fitted::{Fit, Options, fit};
pub use form::{Form, Parameter, Range, Residual};
pub use holdout::{HoldOut, hold_out};
pub use plot::{curve, measured_and_fitted, measured_and_predicted};
pub use regress::{line, linear};
