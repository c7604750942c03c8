//! `broadsheet-lab arena FILE` and `broadsheet-lab arena --endpoint URL ...`.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;

use super::endpoint;
use super::show::{Bar, say};
use lab::evaluation::arena::{self, Outcomes, Played, Rated, Rating, Rounds, Standing};
use lab::frame::Progress as _;

/// Rate players by outcomes of pairs: those of a file, or of tournaments that a model judges.
///
/// FILE is JSON lines or CSV with a first line of names. A line has `a` and `b` (or `model_a`, `model_b`), two players'
/// names, and `winner`: `a`, `b`, a name, or `tie`. A `prompt`, where there is one, joins the matches that share it: intervals
/// draw prompts anew.
///
///     {"a": "x", "b": "y", "winner": "a", "prompt": "p1"}
///
/// With --endpoint, answers to each prompt meet in a single-elimination bracket drawn at random, and the model there judges
/// every match (Varco Arena, arXiv 2411.01281): models less one matches a prompt, each judged in both orders. Prompts
/// and answers are JSON lines; every model must have answered every prompt.
///
///     {"id": "p1", "prompt": "..."}
///     {"id": "p1", "model": "x", "answer": "..."}
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Options {
    /// Outcomes, as JSON lines or CSV
    #[arg(required_unless_present = "endpoint", conflicts_with = "endpoint")]
    file: Option<PathBuf>,
    #[command(flatten)]
    endpoint: endpoint::Options,
    /// Prompts, as JSON lines
    #[arg(long, value_name = "FILE", requires_all = ["endpoint", "answers"])]
    prompts: Option<PathBuf>,
    /// Models' answers to the prompts, as JSON lines
    #[arg(long, value_name = "FILE", requires_all = ["endpoint", "prompts"])]
    answers: Option<PathBuf>,
    /// Judge each pair once, in an order by chance: half the calls, and a judge's favoured place becomes noise
    #[arg(long, requires = "endpoint")]
    once: bool,
    /// How many prompts are judged at the same time
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    parallel: u16,
    /// Write the judged matches to a file that this command reads
    #[arg(long, value_name = "FILE", requires = "endpoint")]
    matches: Option<PathBuf>,
    /// The player who stands at 1500; otherwise the mean of all does
    #[arg(long, value_name = "PLAYER")]
    anchor: Option<String>,
    /// How often prompts are drawn anew for the intervals
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(10..=100_000))]
    draws: u32,
    /// What brackets and draws depend on
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(options: &Options) -> Result<()> {
    let (outcomes, played) = match &options.file {
        Some(file) => (arena::read_outcomes(file)?, None),
        None => {
            let played = judged(options)?;
            (played.outcomes.clone(), Some(played))
        }
    };
    let rating = Rating {
        draws: options.draws as usize,
        seed: options.seed,
        anchor: options.anchor.clone(),
    };
    let table = arena::rate(&outcomes, &rating)?;
    if options.json {
        let mut value = serde_json::json!({
            "players": table,
            "matches": outcomes.matches.len(),
            "draws": options.draws,
            "seed": options.seed,
            "anchor": options.anchor,
        });
        if let Some(played) = &played {
            value["judge"] = serde_json::json!({
                "model": options.endpoint.model,
                "calls": played.calls,
                "unreadable": played.unreadable,
            });
        }
        return say(&serde_json::to_string_pretty(&value)?);
    }
    for line in lines(&table) {
        say(&line)?;
    }
    say(&summary(&outcomes, played.as_ref(), options))
}

/// Plays the tournaments; what was judged is written before anything else is done with it.
fn judged(options: &Options) -> Result<Played> {
    let endpoint = options.endpoint.open()?;
    let files = options.prompts.as_deref().zip(options.answers.as_deref());
    let (prompts, answers) =
        files.context("name the prompts and the answers: --prompts FILE --answers FILE")?;
    let entries = arena::read_entries(prompts, answers)?;
    // A file that cannot be written is better known before the judge is asked.
    let mut file = match &options.matches {
        None => None,
        Some(path) => {
            let file = std::fs::File::create(path);
            Some(file.with_context(|| format!("cannot write {}", path.display()))?)
        }
    };
    let bar = Bar::new("arena")?;
    let rounds = Rounds {
        seed: options.seed,
        both_orders: !options.once,
        parallel: usize::from(options.parallel),
    };
    let told = |done: usize, of: usize| bar.tell(done as f64 / of as f64, "prompts");
    let played = arena::play(&entries, &endpoint, rounds, &told)?;
    bar.done();
    if let Some(file) = &mut file {
        let mut out = std::io::BufWriter::new(file);
        for line in played.lines() {
            writeln!(out, "{}", line?)?;
        }
        out.flush().context("cannot write the matches")?;
    }
    Ok(played)
}

/// The table as lines.
fn lines(table: &[Standing]) -> Vec<String> {
    let width = table.iter().map(|s| s.name.chars().count()).max();
    let width = width.unwrap_or(0).max("player".len());
    let mut lines = vec![format!(
        "{:>3}  {:width$}  {:^24}  {:^24}  {:>7}  {:>6}  {:>6}  {:>6}",
        "", "player", "Bradley-Terry", "Elo", "matches", "won", "tied", "lost"
    )];
    lines.extend(table.iter().enumerate().map(|(place, standing)| {
        format!(
            "{:>3}  {:width$}  {:>24}  {:>24}  {:>7}  {:>6}  {:>6}  {:>6}",
            place + 1,
            standing.name,
            rated(standing.bradley_terry),
            rated(standing.elo),
            standing.matches,
            standing.won,
            standing.tied,
            standing.lost
        )
    }));
    lines
}

fn rated(rated: Rated) -> String {
    format!(
        "{:.0} ({:.0} to {:.0})",
        rated.rating, rated.low, rated.high
    )
}

fn summary(outcomes: &Outcomes, played: Option<&Played>, options: &Options) -> String {
    let zero = match &options.anchor {
        Some(name) => format!("{name} stands at 1500"),
        None => "the mean stands at 1500".to_owned(),
    };
    let mut text = format!(
        "\n{} matches; {zero}; in brackets 95 % of {} draws. Elo goes by the order of matches, Bradley-Terry does not.",
        outcomes.matches.len(),
        options.draws
    );
    if let Some(played) = played {
        text.push_str(&format!(
            "\nThe judge was asked {} times; {} replies were no verdict and count as ties.",
            played.calls, played.unreadable
        ));
    }
    text
}
