//! Asking a model many questions: in parallel, counted, and with answers kept in a file so that a run that broke off goes on
//! where it was.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use lab::evaluation::endpoint::{Endpoint, Message, Sampling};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// The most that is read of any file given to a command.
const FILE_BYTES_MAX: u64 = 256 << 20;

/// How many questions are asked at once, and where answers are kept. Flatten into a command's options.
#[derive(Debug, Args)]
#[group(skip)]
pub(super) struct Options {
    /// Questions asked at the same time
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256))]
    parallel: u16,
    /// Keep answers in this file, and do not ask again what it holds
    #[arg(long, value_name = "FILE")]
    keep: Option<PathBuf>,
}

/// A model, and the answers that it gave before.
pub(super) struct Asker {
    endpoint: Endpoint,
    sampling: Sampling,
    pool: rayon::ThreadPool,
    kept: Option<Kept>,
    asked: AtomicUsize,
}

struct Kept {
    answers: HashMap<String, String>,
    file: Mutex<File>,
    path: PathBuf,
}

/// A line of the file of answers.
#[derive(Serialize, Deserialize)]
struct Line {
    question: String,
    answer: String,
}

impl Asker {
    pub(super) fn new(endpoint: Endpoint, sampling: Sampling, options: &Options) -> Result<Asker> {
        let threads = usize::from(options.parallel);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        Ok(Asker {
            endpoint,
            sampling,
            pool: pool.build().context("cannot start threads")?,
            kept: options.keep.as_deref().map(Kept::open).transpose()?,
            asked: AtomicUsize::new(0),
        })
    }

    /// The model's name.
    pub(super) fn model(&self) -> &str {
        self.endpoint.model()
    }

    /// How many questions were really asked until now.
    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    /// The answers to conversations, in their order.
    pub(super) fn all(&self, questions: &[Vec<Message>]) -> Result<Vec<String>> {
        self.pool
            .install(|| questions.par_iter().map(|q| self.one(q)).collect())
    }

    fn one(&self, messages: &[Message]) -> Result<String> {
        let question = self.key(messages)?;
        if let Some(answer) = self.kept.as_ref().and_then(|k| k.answers.get(&question)) {
            return Ok(answer.clone());
        }
        let answer = self.endpoint.answer(messages, self.sampling)?;
        self.asked.fetch_add(1, Ordering::Relaxed);
        if let Some(kept) = &self.kept {
            kept.add(&Line {
                question,
                answer: answer.clone(),
            })?;
        }
        Ok(answer)
    }

    /// All that an answer depends on.
    fn key(&self, messages: &[Message]) -> Result<String> {
        let Sampling {
            temperature,
            tokens_max,
            seed,
        } = self.sampling;
        let parts = (self.model(), messages, temperature, tokens_max, seed);
        Ok(serde_json::to_string(&parts)?)
    }
}

impl Kept {
    /// Reads the file, or begins it. A line that cannot be read, as one that a killed run left half written, is passed over.
    fn open(path: &Path) -> Result<Kept> {
        let text = if path.exists() {
            read_file(path)?
        } else {
            String::new()
        };
        let lines = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        let answers = lines
            .map(|line: Line| (line.question, line.answer))
            .collect();
        let begin = || {
            let mut file = OpenOptions::new().create(true).append(true).open(path)?;
            if !text.is_empty() && !text.ends_with('\n') {
                file.write_all(b"\n")?;
            }
            Ok(file)
        };
        let file = begin().map_err(|error: std::io::Error| anyhow::Error::from(error));
        let file = file.with_context(|| format!("cannot keep answers in {}", path.display()))?;
        Ok(Kept {
            answers,
            file: Mutex::new(file),
            path: path.to_owned(),
        })
    }

    fn add(&self, line: &Line) -> Result<()> {
        let mut text = serde_json::to_string(line)?;
        text.push('\n');
        let mut file = self
            .file
            .lock()
            .unwrap_or_else(|broken| broken.into_inner());
        // In one call, so that lines of several threads do not mix.
        file.write_all(text.as_bytes())
            .with_context(|| format!("cannot keep an answer in {}", self.path.display()))
    }
}

/// A file's text, bounded.
pub(super) fn read_file(path: &Path) -> Result<String> {
    let read = || -> Result<String> {
        let file = File::open(path)?;
        let mut bytes = Vec::new();
        file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
        ensure!(
            bytes.len() as u64 <= FILE_BYTES_MAX,
            "it is larger than {} MiB",
            FILE_BYTES_MAX >> 20
        );
        let text = String::from_utf8(bytes).context("it is no UTF-8 text")?;
        // A mark at the start, which some editors write, belongs to no line.
        Ok(match text.strip_prefix('\u{feff}') {
            Some(rest) => rest.to_owned(),
            None => text,
        })
    };
    read().with_context(|| format!("cannot read {}", path.display()))
}
