//! A reader's CSV as measurements, with every fault named by line and column.

use std::path::Path;
use std::str::FromStr;

use anyhow::{Context as _, Result, anyhow, bail, ensure};

use lab::scaling::fit::{Data, Form, Residual};

/// A file larger than this is no table of training runs.
const MOST_BYTES: u64 = 16 << 20;

/// A table as text.
#[derive(Debug)]
pub(super) struct Runs {
    file: String,
    names: Vec<String>,
    // (line in the file, cells)
    rows: Vec<(usize, Vec<String>)>,
}

/// The columns that are fitted: inputs in the form's order, then the output.
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) inputs: Vec<String>,
    pub(super) output: String,
}

/// Which runs are held out.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cut {
    /// This part of the runs, the largest by the product of their inputs.
    Largest(f64),
    /// Runs whose column is above (or below) a value.
    Beyond {
        column: String,
        above: bool,
        value: f64,
    },
}

impl FromStr for Cut {
    type Err = String;

    fn from_str(text: &str) -> Result<Cut, String> {
        let wrong =
            || format!("`{text}` is neither a part like 0.25 nor a condition like params>1e8");
        let number = |text: &str| text.trim().parse::<f64>().ok().filter(|v| v.is_finite());
        if let Some((column, value)) = text.split_once(['>', '<']) {
            let value = number(value).ok_or_else(wrong)?;
            return Ok(Cut::Beyond {
                column: column.trim().to_owned(),
                above: text.contains('>'),
                value,
            });
        }
        match number(text).ok_or_else(wrong)? {
            part if part > 0.0 && part < 1.0 => Ok(Cut::Largest(part)),
            part => Err(format!("{part} is no part between 0 and 1")),
        }
    }
}

impl Runs {
    pub(super) fn read(file: &Path) -> Result<Runs> {
        let name = file.display().to_string();
        let size = std::fs::metadata(file)
            .with_context(|| format!("cannot read {name}"))?
            .len();
        ensure!(
            size <= MOST_BYTES,
            "{name} has {size} bytes; a table of runs has at most {MOST_BYTES}"
        );
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {name}"))?;
        Runs::parse(&name, &text)
    }

    fn parse(file: &str, text: &str) -> Result<Runs> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut lines = text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
            .map(|(at, line)| (at + 1, cells(line)));
        let (_, names) = lines
            .next()
            .with_context(|| format!("{file} is empty: it needs a line of column names"))?;
        ensure!(
            names.iter().any(|name| name.parse::<f64>().is_err()),
            "{file} begins with numbers: its first line must name the columns"
        );
        for (at, name) in names.iter().enumerate() {
            ensure!(
                !names[..at].contains(name),
                "{file} has two columns `{name}`"
            );
        }
        let rows: Vec<_> = lines.collect();
        for (line, cells) in &rows {
            ensure!(
                cells.len() == names.len(),
                "{file} line {line} has {} cells where the first line names {} columns",
                cells.len(),
                names.len()
            );
        }
        Ok(Runs {
            file: file.to_owned(),
            names,
            rows,
        })
    }

    /// The columns asked for, or the first ones and the last.
    pub(super) fn columns(&self, form: &Form, x: &[String], y: Option<&str>) -> Result<Columns> {
        let wanted = form.inputs.len();
        let output = match y {
            Some(name) => name.to_owned(),
            None => self.names.last().context("a header has a name")?.clone(),
        };
        let inputs = match x.is_empty() {
            false => x.to_vec(),
            true => {
                let others = self.names.iter().filter(|name| **name != output);
                others.take(wanted).cloned().collect()
            }
        };
        ensure!(
            inputs.len() == wanted,
            "`{}` has {wanted} input{} ({}): give as many columns with --x",
            form.name,
            if wanted == 1 { "" } else { "s" },
            form.inputs.join(", ")
        );
        for name in inputs.iter().chain([&output]) {
            self.place(name)?;
        }
        Ok(Columns { inputs, output })
    }

    fn place(&self, column: &str) -> Result<usize> {
        let at = self.names.iter().position(|name| name == column);
        at.with_context(|| {
            format!(
                "{} has no column `{column}`; it has {}",
                self.file,
                self.names.join(", ")
            )
        })
    }

    /// A column as numbers.
    fn numbers(&self, column: &str) -> Result<Vec<f64>> {
        let at = self.place(column)?;
        let number = |(line, cells): &(usize, Vec<String>)| {
            let value = cells[at]
                .parse::<f64>()
                .ok()
                .filter(|value| value.is_finite());
            value.with_context(|| {
                format!(
                    "{} line {line}, column `{column}`: `{}` is no number",
                    self.file, cells[at]
                )
            })
        };
        self.rows.iter().map(number).collect()
    }

    /// The measurements, each looked at for what the form needs.
    pub(super) fn data(&self, form: &Form, columns: &Columns) -> Result<Data> {
        let inputs = columns
            .inputs
            .iter()
            .map(|name| self.numbers(name))
            .collect::<Result<Vec<_>>>()?;
        let output = self.numbers(&columns.output)?;
        if form.positive_inputs {
            for (name, values) in columns.inputs.iter().zip(&inputs) {
                self.above_zero(name, values, form)?;
            }
        }
        if form.residual == Residual::Log {
            self.above_zero(&columns.output, &output, form)?;
        }
        let needed = form.parameters.len();
        ensure!(
            output.len() >= needed,
            "{} has {} run{}; `{}` has {needed} parameters and needs at least as many runs",
            self.file,
            output.len(),
            if output.len() == 1 { "" } else { "s" },
            form.name
        );
        Data::new(
            &inputs.iter().map(Vec::as_slice).collect::<Vec<_>>(),
            &output,
        )
    }

    fn above_zero(&self, column: &str, values: &[f64], form: &Form) -> Result<()> {
        let stray = values.iter().position(|value| *value <= 0.0);
        match stray {
            None => Ok(()),
            Some(at) => bail!(
                "{} line {}, column `{column}`: {} must be above zero for `{}`",
                self.file,
                self.rows[at].0,
                values[at],
                form.name
            ),
        }
    }

    /// The places of the runs to fit, and of those held out.
    pub(super) fn cut(&self, cut: &Cut, data: &Data) -> Result<(Vec<usize>, Vec<usize>)> {
        let places = 0..data.len();
        let (fitted, held_out): (Vec<usize>, Vec<usize>) = match cut {
            Cut::Beyond {
                column,
                above,
                value,
            } => {
                let values = self.numbers(column)?;
                places.partition(|&at| {
                    if *above {
                        values[at] <= *value
                    } else {
                        values[at] >= *value
                    }
                })
            }
            Cut::Largest(part) => {
                let sizes: Vec<f64> = data
                    .rows()
                    .map(|(inputs, _)| inputs.iter().product())
                    .collect();
                let mut order: Vec<usize> = places.collect();
                order.sort_by(|&a, &b| sizes[a].total_cmp(&sizes[b]));
                let held = (part * data.len() as f64).round() as usize;
                let held_out = order.split_off(order.len() - held.min(order.len()));
                (order, held_out)
            }
        };
        ensure!(
            !held_out.is_empty(),
            "--holdout holds out none of the {} runs",
            data.len()
        );
        ensure!(
            !fitted.is_empty(),
            "--holdout leaves none of the {} runs to fit",
            data.len()
        );
        Ok((fitted, held_out))
    }
}

/// The inputs of `--predict`.
pub(super) fn inputs(form: &Form, text: &str) -> Result<Vec<f64>> {
    let values = text
        .split(',')
        .map(|part| {
            part.trim()
                .parse::<f64>()
                .ok()
                .filter(|value| value.is_finite())
        })
        .collect::<Option<Vec<f64>>>()
        .ok_or_else(|| anyhow!("--predict {text}: numbers with commas between are expected"))?;
    ensure!(
        values.len() == form.inputs.len(),
        "--predict {text}: `{}` has {} inputs ({})",
        form.name,
        form.inputs.len(),
        form.inputs.join(", ")
    );
    ensure!(
        !form.positive_inputs || values.iter().all(|value| *value > 0.0),
        "--predict {text}: inputs of `{}` must be above zero",
        form.name
    );
    Ok(values)
}

/// A line's cells: commas between, double quotes around cells that have commas, two quotes for one.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    let mut letters = line.trim_end().chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, quoted) {
            ('"', true) if letters.peek() == Some(&'"') => {
                letters.next();
                if let Some(cell) = cells.last_mut() {
                    cell.push('"');
                }
            }
            ('"', _) => quoted = !quoted,
            (',', false) => cells.push(String::new()),
            (letter, _) => {
                if let Some(cell) = cells.last_mut() {
                    cell.push(letter);
                }
            }
        }
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use lab::scaling::fit::forms;

    use super::*;

    const TEXT: &str =
        "name,n,d,loss\n# made by hand\n\"a, first\",1e6,2e8,3.5\n\nb,2e6,2e8,3.2\nc,4e6,2e8,3.0\n";

    fn runs(text: &str) -> Runs {
        Runs::parse("runs.csv", text).unwrap()
    }

    fn fault(text: &str, x: &[&str]) -> String {
        let read = || -> Result<Data> {
            let runs = Runs::parse("runs.csv", text)?;
            let x: Vec<String> = x.iter().map(|&name| name.to_owned()).collect();
            runs.data(&forms::POWER, &runs.columns(&forms::POWER, &x, None)?)
        };
        read().unwrap_err().to_string()
    }

    #[test]
    fn columns_are_taken_by_name() {
        let runs = runs(TEXT);
        let columns = runs
            .columns(&forms::POWER, &["n".to_owned()], None)
            .unwrap();
        let data = runs.data(&forms::POWER, &columns).unwrap();
        assert_eq!(
            (data.column(0), data.outputs()),
            (vec![1e6, 2e6, 4e6], &[3.5, 3.2, 3.0][..])
        );
        assert_eq!(cells("\"a \"\"b\"\", c\", d "), ["a \"b\", c", "d"]);
    }

    #[test]
    fn faults_are_named_with_their_place() {
        let check = |text: &str, x: &[&str], expected: &str| assert_eq!(fault(text, x), expected);
        check(
            TEXT,
            &["params"],
            "runs.csv has no column `params`; it has name, n, d, loss",
        );
        check(
            TEXT,
            &["name"],
            "runs.csv line 3, column `name`: `a, first` is no number",
        );
        check(
            "n,loss\n1,2\n-3,4\n",
            &[],
            "runs.csv line 3, column `n`: -3 must be above zero for `power`",
        );
        check(
            "n,loss\n1,0\n3,4\n",
            &[],
            "runs.csv line 2, column `loss`: 0 must be above zero for `power`",
        );
        check(
            "n,loss\n1,2\n",
            &[],
            "runs.csv has 1 run; `power` has 2 parameters and needs at least as many runs",
        );
        check(
            "n,loss\n1,2,3\n",
            &[],
            "runs.csv line 2 has 3 cells where the first line names 2 columns",
        );
        check(
            "1,2\n3,4\n",
            &[],
            "runs.csv begins with numbers: its first line must name the columns",
        );
        check("n,n\n3,4\n", &[], "runs.csv has two columns `n`");
        check(
            "# nothing\n",
            &[],
            "runs.csv is empty: it needs a line of column names",
        );
        check(
            TEXT,
            &["n", "d"],
            "`power` has 1 input (x): give as many columns with --x",
        );
        check(
            "n,loss\ninf,2\n2,2\n",
            &[],
            "runs.csv line 2, column `n`: `inf` is no number",
        );
    }

    #[test]
    fn a_cut_holds_out_by_size_or_by_column() {
        let runs = runs(TEXT);
        let columns = runs
            .columns(&forms::SUM, &["n".to_owned(), "d".to_owned()], None)
            .unwrap();
        let data = Data::new(&[&[1e6, 2e6, 4e6], &[2e8; 3]], &[3.5, 3.2, 3.0]).unwrap();
        assert_eq!(columns.output, "loss");
        let cut = |text: &str| runs.cut(&text.parse().unwrap(), &data);
        assert_eq!(cut("n>1.5e6").unwrap(), (vec![0], vec![1, 2]));
        assert_eq!(cut("loss<3.1").unwrap(), (vec![0, 1], vec![2]));
        assert_eq!(cut("0.34").unwrap(), (vec![0, 1], vec![2]));
        assert_eq!(
            cut("n>1").unwrap_err().to_string(),
            "--holdout leaves none of the 3 runs to fit"
        );
        assert_eq!(
            cut("0.1").unwrap_err().to_string(),
            "--holdout holds out none of the 3 runs"
        );
        assert!("1.5".parse::<Cut>().is_err() && "n>x".parse::<Cut>().is_err());
    }
}
