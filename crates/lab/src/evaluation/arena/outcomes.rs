//! Files of outcomes: JSON lines or CSV, told apart by their first character.
//!
//! A line has two players, `a` and `b` (or `model_a` and `model_b`, as published arenas call them), and a `winner`: `a`, `b` (or
//! `model_a`, `model_b`, or the winner's own name) or `tie` (or `draw`, or anything that begins with `tie`, as
//! `tie (bothbad)`). A `prompt` (or `question_id`) may say which matches belong together. Other fields are left alone.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use super::super::pairwise::{Match, Winner};
use super::{Outcomes, PLAYERS_MAX, csv};

/// Bounds of what is read: far beyond any arena that was played.
const LINE_BYTES_MAX: u64 = 1 << 20;
const MATCHES_MAX: usize = 2_000_000;
const NAME_CHARS_MAX: usize = 200;

/// What a line says.
#[derive(Debug, Default)]
struct Line {
    a: Option<String>,
    b: Option<String>,
    winner: Option<String>,
    prompt: Option<String>,
}

/// Reads a file of outcomes.
///
/// # Errors
/// When the file cannot be read, or a line of it; the line and the reason are named.
pub fn read(path: &Path) -> Result<Outcomes> {
    let mut lines = Lines::open(path)?;
    let mut header: Option<Vec<String>> = None;
    let mut collected = Collected::default();
    let mut first = true;
    while let Some((number, text)) = lines.next()? {
        let at = || format!("{}, line {number}", path.display());
        let line = if text.trim_start().starts_with('{') && header.is_none() {
            from_json(&text).with_context(at)?
        } else {
            let fields = csv::fields(&text)
                .map_err(anyhow::Error::msg)
                .with_context(at)?;
            if first {
                header = Some(fields);
                first = false;
                continue;
            }
            let header = header
                .as_deref()
                .context("it is neither JSON nor CSV with a first line of names");
            from_fields(header.with_context(at)?, &fields).with_context(at)?
        };
        first = false;
        collected.add(line).with_context(at)?;
    }
    ensure!(
        !collected.outcomes.matches.is_empty(),
        "{} has no match: a line is as {{\"a\": \"x\", \"b\": \"y\", \"winner\": \"a\"}}",
        path.display()
    );
    Ok(collected.outcomes)
}

/// A file's lines that are not empty, bounded, with their numbers.
pub(super) struct Lines {
    reader: BufReader<File>,
    number: usize,
    path: String,
}

impl Lines {
    pub(super) fn open(path: &Path) -> Result<Lines> {
        let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        Ok(Lines {
            reader: BufReader::new(file),
            number: 0,
            path: path.display().to_string(),
        })
    }

    pub(super) fn next(&mut self) -> Result<Option<(usize, String)>> {
        loop {
            let mut bytes = Vec::new();
            let read = (&mut self.reader)
                .take(LINE_BYTES_MAX + 1)
                .read_until(b'\n', &mut bytes)
                .with_context(|| format!("cannot read {}", self.path))?;
            if read == 0 {
                return Ok(None);
            }
            self.number += 1;
            let at = || format!("{}, line {}", self.path, self.number);
            ensure!(
                bytes.len() as u64 <= LINE_BYTES_MAX,
                "{}: longer than {LINE_BYTES_MAX} bytes",
                at()
            );
            // A mark that some editors put before everything else.
            let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
            let text = std::str::from_utf8(bytes)
                .with_context(at)?
                .trim_end_matches('\n');
            if !text.trim().is_empty() {
                return Ok(Some((self.number, text.to_owned())));
            }
        }
    }
}

fn from_json(text: &str) -> Result<Line> {
    let value: Value = serde_json::from_str(text)?;
    let mut line = Line::default();
    for (key, value) in value.as_object().context("it is no JSON object")? {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => continue,
        };
        line.set(key, text);
    }
    Ok(line)
}

fn from_fields(header: &[String], fields: &[String]) -> Result<Line> {
    ensure!(
        header.len() == fields.len(),
        "{} fields where the first line names {}",
        fields.len(),
        header.len()
    );
    let mut line = Line::default();
    for (key, text) in header.iter().zip(fields) {
        line.set(key, text.clone());
    }
    Ok(line)
}

impl Line {
    fn set(&mut self, key: &str, text: String) {
        let place = match key {
            "a" | "model_a" => &mut self.a,
            "b" | "model_b" => &mut self.b,
            "winner" => &mut self.winner,
            "prompt" | "question_id" => &mut self.prompt,
            _ => return,
        };
        *place = Some(text);
    }
}

#[derive(Default)]
struct Collected {
    outcomes: Outcomes,
    players: HashMap<String, usize>,
    prompts: HashMap<String, usize>,
    prompts_seen: usize,
}

impl Collected {
    fn add(&mut self, line: Line) -> Result<()> {
        let missing = |what| format!("there is no `{what}`: a line needs `a`, `b` and `winner`");
        let a = line.a.with_context(|| missing("a"))?;
        let b = line.b.with_context(|| missing("b"))?;
        let winner = line.winner.with_context(|| missing("winner"))?;
        ensure!(a != b, "`{a}` plays against itself");
        let winner = self::winner(&winner, &a, &b)?;
        ensure!(
            self.outcomes.matches.len() < MATCHES_MAX,
            "more than {MATCHES_MAX} matches"
        );
        let (a, b) = (self.player(a)?, self.player(b)?);
        // A match without a prompt is one of its own.
        let new = self.prompts_seen;
        let prompt = match line.prompt {
            Some(name) => *self.prompts.entry(name).or_insert(new),
            None => new,
        };
        self.prompts_seen = new + usize::from(prompt == new);
        self.outcomes.matches.push(Match { a, b, winner });
        self.outcomes.prompt.push(prompt);
        Ok(())
    }

    fn player(&mut self, name: String) -> Result<usize> {
        if let Some(number) = self.players.get(&name) {
            return Ok(*number);
        }
        check_name(&name)?;
        let number = self.outcomes.players.len();
        ensure!(
            number < PLAYERS_MAX,
            "`{name}` is one player more than the {PLAYERS_MAX} that are rated together"
        );
        self.outcomes.players.push(name.clone());
        self.players.insert(name, number);
        Ok(number)
    }
}

/// Names are printed: they must be short and without control characters.
pub(super) fn check_name(name: &str) -> Result<()> {
    ensure!(!name.trim().is_empty(), "a player has no name");
    ensure!(
        name.chars().count() <= NAME_CHARS_MAX && !name.chars().any(char::is_control),
        "a player's name is longer than {NAME_CHARS_MAX} characters or has control characters"
    );
    Ok(())
}

/// Who won, as a line says it: by place, by name, or nobody.
fn winner(said: &str, a: &str, b: &str) -> Result<Winner> {
    let by_name = match said {
        _ if said == a => Some(Winner::First),
        _ if said == b => Some(Winner::Second),
        _ => None,
    };
    let by_place = match said {
        "a" | "A" | "model_a" => Some(Winner::First),
        "b" | "B" | "model_b" => Some(Winner::Second),
        _ if said == "draw" || said.starts_with("tie") => Some(Winner::Tie),
        _ => None,
    };
    match (by_name, by_place) {
        (Some(name), Some(place)) if name != place => bail!(
            "`{said}` is both a player's name and a place; say `model_a` or `model_b`, or name players otherwise"
        ),
        (Some(winner), _) | (_, Some(winner)) => Ok(winner),
        (None, None) => bail!("the winner `{}` is neither `a`, `b` nor `tie`", shown(said)),
    }
}

/// Strangers' words, fit to be shown.
fn shown(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(60)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &[u8]) -> Result<Outcomes> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("outcomes");
        std::fs::write(&path, text).unwrap();
        read(&path)
    }

    fn check_error(text: &[u8], says: &str) {
        let error = format!("{:#}", read_text(text).unwrap_err());
        assert!(error.contains(says), "{error}");
    }

    #[test]
    fn json_lines_and_csv_say_the_same() {
        let json = br#"
            {"a": "x", "b": "y", "winner": "a", "note": [1]}
            {"model_a": "y", "model_b": "z", "winner": "tie (bothbad)"}
            {"a": "z", "b": "x", "winner": "x"}
        "#;
        let csv = b"\xef\xbb\xbfwinner,a,b\r\na,x,y\r\n\r\ndraw,y,z\nmodel_b,z,x\n";
        let found = read_text(json).unwrap();
        assert_eq!(found, read_text(csv).unwrap());
        assert_eq!(found.players, ["x", "y", "z"]);
        let winners: Vec<_> = found.matches.iter().map(|m| m.winner).collect();
        assert_eq!(winners, [Winner::First, Winner::Tie, Winner::Second]);
        assert_eq!(found.prompt, [0, 1, 2]);
    }

    #[test]
    fn prompts_join_matches() {
        let found = read_text(b"a,b,winner,prompt\nx,y,a,p1\nx,y,b,p2\ny,x,a,p1\n").unwrap();
        assert_eq!(found.prompt, [0, 1, 0]);
        let mixed = br#"{"a":"x","b":"y","winner":"a"}
{"a":"x","b":"y","winner":"a","question_id":7}
{"a":"x","b":"y","winner":"a"}
{"a":"x","b":"y","winner":"a","question_id":7}"#;
        assert_eq!(read_text(mixed).unwrap().prompt, [0, 1, 2, 1]);
    }

    #[test]
    fn bad_lines_are_named_with_the_reason() {
        check_error(b"", "has no match");
        check_error(b"a,b,winner\n", "has no match");
        check_error(
            b"a,b,winner\nx,y\n",
            "line 2: 2 fields where the first line names 3",
        );
        check_error(b"a,b,winner\nx,y,c\n", "line 2: the winner `c` is neither");
        check_error(b"a,b,winner\nx,x,a\n", "`x` plays against itself");
        check_error(b"a,winner\nx,a\n", "there is no `b`");
        check_error(b"a,b,winner\n,y,b\n", "a player has no name");
        check_error(b"a,b,winner\nb,a,b\n", "both a player's name and a place");
        check_error(b"{\"a\": \"x\"\n", "line 1");
        check_error(
            b"{\"a\":\"x\",\"b\":\"\\u001b[2J\",\"winner\":\"a\"}\n",
            "control characters",
        );
        check_error(b"a,b,winner\nx,\xff,a\n", "line 2");
        check_error(
            &vec![b'a'; (LINE_BYTES_MAX + 2) as usize],
            "line 1: longer than",
        );
        let many: String = (0..=PLAYERS_MAX).map(|p| format!("p{p},q,a\n")).collect();
        check_error(format!("a,b,winner\n{many}").as_bytes(), "one player more");
        assert!(read(Path::new("/no/such/file")).is_err());
    }
}
