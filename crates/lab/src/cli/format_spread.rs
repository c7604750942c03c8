//! `broadsheet-lab format-spread FILE`: how much a model's accuracy depends on the format of the prompt.

use std::fmt::Write as _;
use std::ops::Range;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use lab::evaluation::bandit::{self, Budget};
use lab::evaluation::bootstrap::{self, Interval};
use lab::evaluation::endpoint::{Message, Sampling};
use lab::evaluation::format_task::{self, Item};
use lab::evaluation::prompt_format::{Format, formats};
use lab::frame::{Progress as _, Rng};
use rand::SeedableRng as _;
use serde::Serialize;

use super::asking::{self, Asker};
use super::endpoint;
use super::show::{Bar, number, say};

const HELP: &str = "\
FILE holds one item a line, as JSON:
  {\"fields\": {\"Question\": \"Is it wet?\"}, \"options\": [\"yes\", \"no\"], \"answer\": \"yes\"}

`options` may be left out; `answer` may be a list of answers that count alike. All items have the same fields.

Formats are drawn from a grammar of equal ones: casing of names, separators, spaces, numbering of options. The plain \
format is asked on all items; then Thompson sampling spends --calls questions, half on finding the best format and half \
on the worst; these two are then asked on the items they lack. A few hundred items make for intervals that say something.

Examples:
  broadsheet-lab format-spread items.jsonl --dry-run
  broadsheet-lab format-spread items.jsonl --endpoint http://127.0.0.1:8000/v1 --model NAME";

#[derive(Debug, Args)]
#[group(skip)]
#[command(after_help = HELP)]
pub(super) struct Options {
    /// Items, as JSON lines
    file: PathBuf,
    #[command(flatten)]
    endpoint: endpoint::Options,
    /// Formats to search, the plain one among them
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(2..=2000))]
    formats: u32,
    /// Questions that the search may ask; 50 a format if not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    calls: Option<u32>,
    /// Questions asked before the search looks again
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    batch: u32,
    /// Items from the start of the file that are shown as examples, and not asked
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=64))]
    shots: u32,
    /// What the model is told of its task; the same in all formats
    #[arg(long, value_name = "TEXT")]
    instruction: Option<String>,
    /// The name of the field that the model fills
    #[arg(long, value_name = "NAME", default_value = "Answer")]
    answer_name: String,
    /// Most tokens of an answer
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=4096))]
    tokens: u32,
    /// Decides which formats are drawn and how the search goes
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    asking: asking::Options,
    /// Print what would be asked, and ask nothing
    #[arg(long)]
    dry_run: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// A task as it is asked.
struct Task {
    shown: Vec<Item>,
    asked: Vec<Item>,
    formats: Vec<Format>,
    instruction: String,
    answer_name: String,
    budget: Budget,
}

/// What is told at the end.
#[derive(Serialize)]
struct Report {
    model: String,
    items: usize,
    formats: usize,
    asked: usize,
    plain: Told,
    best: Told,
    worst: Told,
    range: f64,
    range_interval: Interval,
    tried: Vec<Tried>,
}

/// A format, tried on all items.
#[derive(Serialize)]
struct Told {
    format: Format,
    accuracy: f64,
    interval: Interval,
    prompt: String,
}

/// What the search saw of a format.
#[derive(Serialize)]
struct Tried {
    format: Format,
    tried: usize,
    right: usize,
}

pub(super) fn run(options: &Options) -> Result<()> {
    let task = Task::read(options)?;
    if options.dry_run {
        return say(&task.plan(options.json)?);
    }
    let endpoint = options.endpoint.open()?;
    let asker = Asker::new(
        endpoint,
        Sampling::likeliest(options.tokens),
        &options.asking,
    )?;
    let report = task.search(&asker, options.seed)?;
    if options.json {
        return say(&serde_json::to_string(&report)?);
    }
    say(&report.text()?)
}

impl Task {
    fn read(options: &Options) -> Result<Task> {
        let text = asking::read_file(&options.file)?;
        let named = || format!("{}", options.file.display());
        let mut shown = format_task::read(&text).with_context(named)?;
        let shots = options.shots as usize;
        anyhow::ensure!(
            shown.len() > shots,
            "{} holds {} items: too few to show {shots} and to ask some",
            named(),
            shown.len()
        );
        let asked = shown.split_off(shots);
        let mut rng = Rng::seed_from_u64(options.seed);
        let question = asked[0].question(&options.answer_name);
        let formats = formats(&question, options.formats as usize, &mut rng);
        let calls = options
            .calls
            .map_or(50 * formats.len(), |calls| calls as usize);
        let usual = if asked[0].options.is_empty() {
            "Answer in as few words as possible, with nothing but the answer."
        } else {
            "Answer with the marker of one option and nothing else."
        };
        Ok(Task {
            budget: Budget {
                calls: calls.min(formats.len() * asked.len()),
                batch: options.batch as usize,
                items: asked.len(),
            },
            instruction: options
                .instruction
                .clone()
                .unwrap_or_else(|| usual.to_owned()),
            answer_name: options.answer_name.clone(),
            shown,
            asked,
            formats,
        })
    }

    /// The prompt of an item in a format, with the examples before it.
    fn prompt(&self, format: &Format, item: &Item) -> String {
        let mut text = String::new();
        for example in &self.shown {
            let answer = example.shown_answer(format);
            let question = example.question(&self.answer_name);
            text.push_str(&format.prompt(&question, Some(&answer)));
            text.push_str("\n\n");
        }
        text + &format.prompt(&item.question(&self.answer_name), None)
    }

    fn messages(&self, format: &Format, item: &Item) -> Vec<Message> {
        let user = Message::user(self.prompt(format, item));
        if self.instruction.trim().is_empty() {
            return vec![user];
        }
        vec![Message::system(self.instruction.clone()), user]
    }

    /// The most that a run asks: the search, the plain format, and the two ends on what they lack.
    fn asked_max(&self) -> usize {
        let all = self.formats.len() * self.asked.len();
        (self.budget.calls + 3 * self.asked.len()).min(all)
    }

    fn plan(&self, json: bool) -> Result<String> {
        let prompts = self.formats.iter().map(|f| self.prompt(f, &self.asked[0]));
        if json {
            let formats: Vec<_> = self
                .formats
                .iter()
                .zip(prompts)
                .map(|(format, prompt)| serde_json::json!({"format": format, "prompt": prompt}))
                .collect();
            let plan = serde_json::json!({
                "items": self.asked.len(),
                "examples": self.shown.len(),
                "instruction": self.instruction,
                "asked_at_most": self.asked_max(),
                "formats": formats,
            });
            return Ok(plan.to_string());
        }
        let mut text = String::new();
        for (at, prompt) in prompts.enumerate() {
            writeln!(
                text,
                "--- format {} of {}\n{prompt}",
                at + 1,
                self.formats.len()
            )?;
        }
        writeln!(text, "---\ninstruction: {}", self.instruction)?;
        write!(
            text,
            "{} items, {} formats: at most {} questions would be asked; nothing was",
            self.asked.len(),
            self.formats.len(),
            self.asked_max()
        )?;
        Ok(text)
    }

    fn search(&self, asker: &Asker, seed: u64) -> Result<Report> {
        let bar = Bar::new("format-spread")?;
        let total = self.asked_max() as f64;
        // What every item came out as in every format; none where it was not asked.
        let mut known = vec![vec![None; self.asked.len()]; self.formats.len()];
        let mut ask = |arm: usize, items: Range<usize>| -> Result<usize> {
            bar.tell((asker.asked() as f64 / total).min(1.0), "asking");
            self.ask(asker, arm, items.clone(), &mut known[arm])?;
            Ok(known[arm][items]
                .iter()
                .filter(|&&right| right == Some(true))
                .count())
        };
        let all = 0..self.asked.len();
        let plain = ask(0, all.clone())?;
        let prior = bandit::prior(plain as f64 / self.asked.len() as f64);
        let mut rng = Rng::seed_from_u64(seed);
        let found = bandit::thompson(self.formats.len(), self.budget, prior, &mut rng, &mut ask)?;
        ask(found.best, all.clone())?;
        ask(found.worst, all)?;
        bar.done();
        let outcome = |arm: usize| -> Vec<f64> {
            let right = known[arm].iter().map(|&right| right == Some(true));
            right.map(|right| f64::from(u8::from(right))).collect()
        };
        let (best, worst) = (outcome(found.best), outcome(found.worst));
        let differences: Vec<f64> = best.iter().zip(&worst).map(|(b, w)| b - w).collect();
        let tried = (0..self.formats.len()).map(|arm| Tried {
            format: self.formats[arm],
            tried: found.tally.tried[arm],
            right: found.tally.right[arm],
        });
        Ok(Report {
            model: asker.model().to_owned(),
            items: self.asked.len(),
            formats: self.formats.len(),
            asked: asker.asked(),
            plain: self.told(0, &outcome(0), &mut rng),
            best: self.told(found.best, &best, &mut rng),
            worst: self.told(found.worst, &worst, &mut rng),
            range: mean(&differences),
            range_interval: bootstrap::mean_interval(&differences, 2000, &mut rng),
            tried: tried.collect(),
        })
    }

    /// Asks those of some items that were not asked in this format.
    fn ask(
        &self,
        asker: &Asker,
        arm: usize,
        items: Range<usize>,
        known: &mut [Option<bool>],
    ) -> Result<()> {
        let format = &self.formats[arm];
        let missing: Vec<usize> = items.filter(|&item| known[item].is_none()).collect();
        for some in missing.chunks(self.budget.batch) {
            let questions: Vec<_> = some
                .iter()
                .map(|&item| self.messages(format, &self.asked[item]))
                .collect();
            for (&item, reply) in some.iter().zip(asker.all(&questions)?) {
                let right = self.asked[item].is_right(&reply, format, &self.answer_name);
                known[item] = Some(right);
            }
        }
        Ok(())
    }

    fn told(&self, arm: usize, outcome: &[f64], rng: &mut Rng) -> Told {
        Told {
            format: self.formats[arm],
            accuracy: mean(outcome),
            interval: bootstrap::mean_interval(outcome, 2000, rng),
            prompt: self.prompt(&self.formats[arm], &self.asked[0]),
        }
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

impl Report {
    fn text(&self) -> Result<String> {
        let mut text = String::new();
        writeln!(
            text,
            "{}: {} formats on {} items, {} questions asked\n",
            self.model, self.formats, self.items, self.asked
        )?;
        let mut line = |name: &str, value: f64, interval: &Interval| {
            writeln!(
                text,
                "{name:6} {} ({} to {})",
                number(value),
                number(interval.low),
                number(interval.high)
            )
        };
        line("plain", self.plain.accuracy, &self.plain.interval)?;
        line("best", self.best.accuracy, &self.best.interval)?;
        line("worst", self.worst.accuracy, &self.worst.interval)?;
        line("range", self.range, &self.range_interval)?;
        writeln!(
            text,
            "\nIntervals: 95 %, over items, for the formats that were found."
        )?;
        writeln!(text, "\n--- the best format\n{}", self.best.prompt)?;
        write!(text, "\n--- the worst format\n{}", self.worst.prompt)?;
        Ok(text)
    }
}
