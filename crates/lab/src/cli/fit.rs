//! `broadsheet-lab fit RUNS.csv --form FORM`: the lab's fitter on a reader's own runs.

mod report;
mod runs;

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use clap::builder::PossibleValuesParser;
use rand::SeedableRng as _;

use super::show::say;
use lab::frame::Rng;
use lab::scaling::fit::{Data, Form, Options as Fitting, bootstrap, fit, forms, hold_out};
use report::{Report, Shown};
use runs::{Cut, Runs};

/// The forms, for the help text.
const FORMS: &str = "\
Forms:
  power        y = a x^-alpha
  floor        y = e + a x^-alpha                            a power law over an irreducible part
  broken       y = a x^-alpha (1 + (x/break)^(1/width))^(-(beta-alpha) width)
  exponential  y = e + a exp(-rate x)
  logarithm    y = a + b ln x
  sigmoid      y = low + height / (1 + exp(-slope (x - middle)))
  hill         y = low + height / (1 + (middle/x)^slope)     a sigmoid in ln x
  product      y = a n^alpha d^beta                          two inputs
  sum          y = a n^-alpha + b d^-beta                    two inputs
  tied         y = e + a n^-alpha + b d^-alpha               two inputs
  chinchilla   y = e + a n^-alpha + b d^-beta                two inputs

The file has a line of column names, then one run a line, with commas between. Lines that are
empty or begin with # are left out.

  broadsheet-lab fit runs.csv --form floor --x params --y loss --holdout 'params>1e8'
  broadsheet-lab fit runs.csv --form chinchilla --x params,tokens --y loss --predict 7e9,1.4e11";

#[derive(Debug, Args)]
#[command(after_long_help = FORMS, after_help = "--help lists the forms and shows examples.")]
pub(super) struct Options {
    /// The runs, as CSV with a line of column names
    file: PathBuf,
    /// What the curve looks like; --help has the equations
    #[arg(long, value_parser = PossibleValuesParser::new(forms::ALL.map(|form| form.name)), hide_possible_values = true, value_name = "FORM")]
    form: String,
    /// The columns of the inputs, in the form's order [default: the file's first columns]
    #[arg(long, value_delimiter = ',', value_name = "COLUMN")]
    x: Vec<String>,
    /// The column of what was measured [default: the file's last column]
    #[arg(long, value_name = "COLUMN")]
    y: Option<String>,
    /// Runs to judge on and not to fit: `params>1e8` for a column, or 0.25 for the largest quarter by the product of
    /// the inputs
    #[arg(long, value_name = "RUNS")]
    holdout: Option<Cut>,
    /// Also predict for these inputs; may be given more than once
    #[arg(long, value_name = "X[,X]")]
    predict: Vec<String>,
    /// Residuals larger than this count by size and not squared; `inf` for least squares
    #[arg(long, default_value_t = 0.01, value_name = "SIZE")]
    huber: f64,
    /// How many times to resample the runs for 95 % intervals; 0 for none
    #[arg(long, default_value_t = 200, value_name = "N", value_parser = clap::value_parser!(u16).range(0..=10_000))]
    bootstrap: u16,
    /// The seed of the resampling
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Draw the runs and the curve into this file
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

pub(super) fn run(options: &Options) -> Result<()> {
    let form = forms::find(&options.form).context("the parser lets only known forms in")?;
    ensure!(options.huber > 0.0, "--huber must be above zero");
    let runs = Runs::read(&options.file)?;
    let columns = runs.columns(form, &options.x, options.y.as_deref())?;
    let data = runs.data(form, &columns)?;
    let (fitted, held_out) = match &options.holdout {
        None => (data.clone(), data.at(&[])),
        Some(cut) => {
            let (fitted, held_out) = runs.cut(cut, &data)?;
            (data.at(&fitted), data.at(&held_out))
        }
    };
    let report = report(options, form, &fitted, &held_out)?;
    let shown = Shown {
        columns: &columns,
        report: &report,
    };
    if let Some(file) = &options.svg {
        let svg = shown.plot(&fitted, &held_out).svg()?;
        std::fs::write(file, svg).with_context(|| format!("cannot write {}", file.display()))?;
    }
    if options.json {
        return say(&shown.json().to_string());
    }
    say(&shown.text()?)
}

/// Everything that is computed from the runs.
fn report(
    options: &Options,
    form: &'static Form,
    fitted: &Data,
    held_out: &Data,
) -> Result<Report> {
    let fitting = Fitting {
        huber: options.huber,
        ..Fitting::default()
    };
    let inputs = options
        .predict
        .iter()
        .map(|text| runs::inputs(form, text))
        .collect::<Result<Vec<_>>>()?;
    let judged = match held_out.is_empty() {
        true => None,
        false => Some(hold_out(form, fitted, held_out, &fitting)?),
    };
    let fit = match &judged {
        Some(judged) => judged.fit.clone(),
        None => fit(form, fitted, &fitting)?,
    };
    let resampled = match options.bootstrap {
        0 => None,
        draws => {
            let mut rng = Rng::seed_from_u64(options.seed);
            Some(bootstrap(
                &fit,
                fitted,
                &fitting,
                usize::from(draws),
                &mut rng,
            )?)
        }
    };
    Ok(Report {
        error: fit.mean_relative_error(fitted),
        explained: fit.explained(fitted),
        runs: fitted.len(),
        held_out_runs: held_out.len(),
        inputs,
        fit,
        judged,
        resampled,
    })
}
