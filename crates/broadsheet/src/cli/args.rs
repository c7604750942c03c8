//! What can be typed, with the help texts.

mod user;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use jiff::civil::Date;
use search::engine::Mode;

use crate::{evaluating, importing};
pub(crate) use user::{UserAction, UserArgs};

/// Your own Daily Papers: takes in every new paper, ranks the day, finds papers again.
///
/// Start with `broadsheet serve` and open http://127.0.0.1:8080.
#[derive(Debug, Parser)]
#[command(name = "broadsheet", version, max_term_width = 100)]
pub(crate) struct Args {
    /// Folder of database and index [default: the user's data folder]
    #[arg(long, global = true, env = "BROADSHEET_DATA", value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Configuration file [default: broadsheet.toml in the data folder, if there]
    #[arg(long, global = true, env = "BROADSHEET_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// How log lines are written to standard error; what is logged is set by BROADSHEET_LOG
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text, value_name = "FORM")]
    pub(crate) log_format: LogFormat,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The form of log lines.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for programs.
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the site and fetch new papers on schedule
    Serve(ServeArgs),
    /// Read papers from files: saved Daily Papers pages, arXiv or Daily Papers JSON, BibTeX, RIS, CSL-JSON
    Import(ImportArgs),
    /// Fetch new papers from the configured sources now
    Fetch(FetchArgs),
    /// Print the newest day's papers
    Today(ListArgs),
    /// Print the newest week's papers
    Week(ListArgs),
    /// Print the trending papers
    Trending(TrendingArgs),
    /// Search: words, "phrases", author:NAME cat:cs.CL after:2024-01 before:2024-06 -not
    Search(SearchArgs),
    /// Print the papers nearest in meaning to one paper, or to several taken together
    Similar(SimilarArgs),
    /// List pairs of papers that may be one paper under two ids
    Duplicates(DuplicatesArgs),
    /// Print one paper by arXiv id, DOI or address
    Paper(PaperArgs),
    /// Write every paper to standard output
    Export(ExportArgs),
    /// Print the completeness ledger: expected, received, stored, and why they differ
    Coverage(CoverageArgs),
    /// List, show or retry records that could not be read
    Quarantine(QuarantineArgs),
    /// Send the mail that is due, or show what an address would be sent
    Digest(DigestArgs),
    /// List, add, remove or suppress those who get mail
    Subscribers(SubscribersArgs),
    /// Take in a delivery report or a complaint that a mail server sent back
    Bounce(BounceArgs),
    /// Build the search index anew from the database
    Rebuild,
    /// Write a copy of the whole database, while the server runs
    Backup(BackupArgs),
    /// Put a backup in place of the database (stop the server first)
    Restore(RestoreArgs),
    /// Measure how well searches find what people judged relevant: nDCG@10, recall@100, MRR, time
    Eval(EvalArgs),
    /// Measure how well trending foretells what readers turn to, beside other sites' formulas: nDCG@5, Spearman
    EvalTrending(EvalTrendingArgs),
    /// List and run papers' methods: their central claims against their baselines
    Lab(LabArgs),
    /// List, add, lock and remove accounts
    User(UserArgs),
    /// Check database, index, configuration and clock
    Doctor,
    /// Show or check the configuration
    Config(ConfigArgs),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ServeArgs {
    /// Address to listen on [default: 127.0.0.1:8080, or `listen` of the configuration]
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<SocketAddr>,
    /// Never call out: serve what is here
    #[arg(long)]
    pub(crate) offline: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ImportArgs {
    /// Files to read, plain, gzip or zstd; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Read the files as this format instead of recognising it
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Read files again that were imported completely before
    #[arg(long)]
    again: bool,
    /// Print the outcome as one JSON object
    #[arg(long)]
    json: bool,
}

impl ImportArgs {
    pub(crate) fn options(self) -> importing::Options {
        importing::Options {
            files: self.files,
            format: self.format,
            again: self.again,
            json: self.json,
        }
    }
}

#[derive(Debug, ClapArgs)]
pub(crate) struct FetchArgs {
    /// Only these sources: arxiv-feed, arxiv-api, arxiv-oai, daily-papers, biorxiv, feed
    #[arg(value_name = "SOURCE")]
    pub(crate) only: Vec<String>,
}

/// The forms in which lists are printed.
#[derive(Debug, Clone, Copy, ClapArgs)]
#[group(multiple = false)]
pub(crate) struct Form {
    /// JSON, one array
    #[arg(long)]
    pub(crate) json: bool,
    /// Ids only, one a line
    #[arg(long)]
    pub(crate) ids: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ListArgs {
    /// Another day (2026-11-23), week (2026-W48) or month (2026-11) than the newest
    #[arg(value_name = "WHEN")]
    pub(crate) when: Option<String>,
    /// Only this category, such as cs.CL
    #[arg(long, value_name = "CATEGORY")]
    pub(crate) cat: Option<String>,
    /// At most this many
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=1000), value_name = "N")]
    pub(crate) limit: u32,
    #[command(flatten)]
    pub(crate) form: Form,
}

/// The windows over which trending is counted.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum TrendWindow {
    /// One day
    #[value(name = "1")]
    Day,
    /// Seven days
    #[value(name = "7")]
    Week,
    /// Thirty days
    #[value(name = "30")]
    Month,
}

impl TrendWindow {
    pub(crate) fn days(self) -> u32 {
        match self {
            TrendWindow::Day => 1,
            TrendWindow::Week => 7,
            TrendWindow::Month => 30,
        }
    }
}

#[derive(Debug, ClapArgs)]
pub(crate) struct TrendingArgs {
    /// Days that gains are counted over
    #[arg(long, value_enum, default_value_t = TrendWindow::Week, value_name = "DAYS")]
    pub(crate) window: TrendWindow,
    /// At most this many
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=1000), value_name = "N")]
    pub(crate) limit: u32,
    #[command(flatten)]
    pub(crate) form: Form,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct SearchArgs {
    /// The query; several words need no quotes, but one that begins with `-` does: 'attention -survey'
    #[arg(required = true, value_name = "QUERY")]
    pub(crate) query: Vec<String>,
    /// At most this many
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000), value_name = "N")]
    pub(crate) limit: u32,
    /// By what papers are found; another order than by relevance is by words alone
    #[arg(long, value_enum, default_value_t = ModeArg::Hybrid)]
    pub(crate) mode: ModeArg,
    /// Order of the hits
    #[arg(long, value_enum, default_value_t = SortArg::Relevance)]
    pub(crate) sort: SortArg,
    #[command(flatten)]
    pub(crate) form: Form,
}

/// By what papers are found.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ModeArg {
    /// Words and meaning
    Hybrid,
    /// Words alone
    Lexical,
    /// Meaning alone
    Semantic,
}

impl From<ModeArg> for Mode {
    fn from(mode: ModeArg) -> Mode {
        match mode {
            ModeArg::Hybrid => Mode::Hybrid,
            ModeArg::Lexical => Mode::Lexical,
            ModeArg::Semantic => Mode::Semantic,
        }
    }
}

#[derive(Debug, ClapArgs)]
pub(crate) struct SimilarArgs {
    /// arXiv ids, DOIs, or addresses that hold one
    #[arg(required = true, value_name = "ID")]
    pub(crate) papers: Vec<String>,
    /// At most this many
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000), value_name = "N")]
    pub(crate) limit: u32,
    #[command(flatten)]
    pub(crate) form: Form,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct DuplicatesArgs {
    /// JSON, one object a line
    #[arg(long)]
    pub(crate) json: bool,
}

/// Order of hits.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum SortArg {
    /// Best match first
    Relevance,
    /// Newest first
    Newest,
    /// Most votes first
    Votes,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct PaperArgs {
    /// arXiv id, DOI, or an address that holds one
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// JSON
    #[arg(long, conflicts_with = "bibtex")]
    pub(crate) json: bool,
    /// BibTeX
    #[arg(long)]
    pub(crate) bibtex: bool,
}

/// Form of an export.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ExportFormat {
    /// JSON, one paper a line
    Jsonl,
    /// BibTeX
    Bibtex,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ExportArgs {
    /// Form
    #[arg(long, value_enum, default_value_t = ExportFormat::Jsonl)]
    pub(crate) format: ExportFormat,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct CoverageArgs {
    /// Only lines that are not settled
    #[arg(long)]
    pub(crate) open: bool,
    /// From this day on
    #[arg(long, value_name = "DAY")]
    pub(crate) since: Option<String>,
    /// At most this many lines
    #[arg(long, default_value_t = 60, value_name = "N")]
    pub(crate) limit: u32,
    /// JSON, one array
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct QuarantineArgs {
    #[command(subcommand)]
    pub(crate) action: QuarantineAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum QuarantineAction {
    /// List records set aside, newest first
    List {
        /// At most this many
        #[arg(long, default_value_t = 50, value_name = "N")]
        limit: u32,
        /// JSON, one array
        #[arg(long)]
        json: bool,
    },
    /// Show one record: where it came from, why it is here, its bytes
    Show {
        /// Its number
        id: i64,
    },
    /// Read records again, after the program or the record's neighbours changed; all of them without a number
    Retry {
        /// Its number
        id: Option<i64>,
    },
}

#[derive(Debug, ClapArgs)]
pub(crate) struct DigestArgs {
    /// Send nothing and write nothing down: print whole messages as they would be sent
    #[arg(long, requires = "address")]
    pub(crate) dry_run: bool,
    /// Whose messages to print
    #[arg(long = "for", requires = "dry_run", value_name = "ADDRESS")]
    pub(crate) address: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct SubscribersArgs {
    #[command(subcommand)]
    pub(crate) action: SubscribersAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SubscribersAction {
    /// List readers with their subscriptions, and suppressed addresses
    List {
        /// JSON, one object
        #[arg(long)]
        json: bool,
    },
    /// Subscribe an address without asking its owner, who has asked you
    Add(AddArgs),
    /// Forget an address, with its subscriptions and what it was sent
    Remove {
        /// Mail address
        address: String,
    },
    /// Never write to an address, whoever asks
    Suppress {
        /// Mail address
        address: String,
        /// Why, for the list
        #[arg(long, value_name = "TEXT")]
        why: Option<String>,
    },
    /// Allow mail to a suppressed address again
    Allow {
        /// Mail address
        address: String,
    },
}

#[derive(Debug, ClapArgs)]
pub(crate) struct AddArgs {
    /// Mail address
    pub(crate) address: String,
    /// Only papers that have everything that this search asks for
    #[arg(long, conflicts_with = "cat", value_name = "QUERY")]
    pub(crate) query: Option<String>,
    /// Only papers of this category, such as cs.CL; may be given several times
    #[arg(long, value_name = "CATEGORY")]
    pub(crate) cat: Vec<String>,
    /// Once a week instead of on each day
    #[arg(long)]
    pub(crate) weekly: bool,
    /// Days, such as mon,thu [default: Monday to Friday; fri if weekly]
    #[arg(long, value_name = "DAYS")]
    pub(crate) days: Option<String>,
    /// From this hour on
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u8).range(0..=23), value_name = "HOUR")]
    pub(crate) hour: u8,
    /// Time zone, such as Europe/Berlin [default: the site's]
    #[arg(long, value_name = "ZONE")]
    pub(crate) zone: Option<String>,
    /// At most this many papers
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u8).range(1..=50), value_name = "N")]
    pub(crate) most: u8,
    /// Write also when there is nothing new
    #[arg(long)]
    pub(crate) nothing: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct BounceArgs {
    /// Message to read; `-` is standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Believe the address in a report that names no letter of ours
    #[arg(long)]
    pub(crate) trust: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct BackupArgs {
    /// File to write; must not exist
    pub(crate) file: PathBuf,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct RestoreArgs {
    /// Backup to read
    pub(crate) file: PathBuf,
    /// Move an existing database aside instead of refusing
    #[arg(long)]
    pub(crate) replace: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct EvalArgs {
    /// Folder of a test collection in BEIR's form: corpus.jsonl, queries.jsonl (or with .zst) and qrels.tsv
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// By what papers are found
    #[arg(long, value_enum, default_value_t = ModeArg::Hybrid)]
    mode: ModeArg,
    /// Other queries of the folder, such as queries_train
    #[arg(long, default_value = "queries", value_name = "NAME")]
    queries: String,
    /// Other judgements of the folder, such as qrels_train
    #[arg(long, default_value = "qrels", value_name = "NAME")]
    qrels: String,
    /// Write the rankings to this file, in trec_eval's form
    #[arg(long, value_name = "FILE")]
    run: Option<PathBuf>,
    /// Print the outcome as one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

impl EvalArgs {
    pub(crate) fn options(self) -> evaluating::Options {
        evaluating::Options {
            folder: self.folder,
            mode: self.mode.into(),
            queries: self.queries,
            qrels: self.qrels,
            run: self.run,
        }
    }
}

#[derive(Debug, ClapArgs)]
pub(crate) struct EvalTrendingArgs {
    /// Daily Papers JSON, up-votes over time, and lists that another site called trending; plain, gzip or zstd
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The first test day; what the program learned is from before
    #[arg(long, default_value = "2026-03-01", value_name = "DATE")]
    split: Date,
    /// Test up to before this day
    #[arg(long, value_name = "DATE")]
    until: Option<Date>,
    /// Print each day: papers, nDCG@5, our first five and the five that were
    #[arg(long, conflicts_with = "json")]
    pub(crate) days: bool,
    /// Print the outcome as one JSON object, with each day
    #[arg(long)]
    pub(crate) json: bool,
}

impl EvalTrendingArgs {
    pub(crate) fn options(self) -> evaluating::trending::Options {
        evaluating::trending::Options {
            files: self.files,
            split: self.split,
            until: self.until,
        }
    }
}

#[derive(Debug, ClapArgs)]
pub(crate) struct LabArgs {
    #[command(subcommand)]
    pub(crate) action: LabAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LabAction {
    /// List the papers that run, with the verdicts of this release
    List {
        /// The whole cards, as one JSON array
        #[arg(long)]
        json: bool,
    },
    /// Run one paper's method here and keep what comes out
    Run {
        /// Short name or arXiv id
        id: String,
        /// How much work: tiny (2 s), small (a minute), full (minutes)
        #[arg(long, default_value = "small", value_parser = ["tiny", "small", "full"])]
        scale: String,
        /// The first seed
        #[arg(long, default_value_t = 1, value_name = "N")]
        seed: u32,
        /// The run with its outcome, as JSON
        #[arg(long)]
        json: bool,
    },
    /// List the runs of this server, newest first
    Runs {
        /// At most this many
        #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=1000), value_name = "N")]
        limit: u32,
        /// JSON, one array
        #[arg(long)]
        json: bool,
    },
    /// Stop a run that waits or runs
    Cancel {
        /// Its number
        run: i64,
    },
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    pub(crate) action: ConfigAction,
}

#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum ConfigAction {
    /// Check the configuration and print what it comes to, secrets hidden
    Check,
}
