//! The child: one run of the lab's program, from its first line to its end.

use std::path::Path;
use std::process::{ExitStatus, Stdio};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::task::JoinHandle;

/// Longest line that is read: an outcome with its drawn plots is some ten kilobytes.
const LINE_LEN_MAX: u64 = 4 * 1024 * 1024;
/// How much is kept of what the program says on standard error.
const ERRORS_LEN_MAX: u64 = 16 * 1024;
/// How much of it readers are shown.
const REASON_CHARS: usize = 400;

/// What the child said.
#[derive(Debug, PartialEq)]
pub(super) enum Said {
    /// How far it is, in thousandths, and what it does.
    Progress(u32, String),
    /// What came out: the lab's JSON.
    Outcome(String),
    /// It closed its output.
    Nothing,
}

/// A line that no lab writes, in words.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum Nonsense {
    #[error("it wrote a line of more than {} MiB", LINE_LEN_MAX / 1024 / 1024)]
    TooLong,
    #[error("it wrote what cannot be read: {0}")]
    Unreadable(String),
    #[error("its output broke off: {0}")]
    Broken(String),
}

/// A running program. Dropping it ends it.
pub(super) struct Running {
    child: Child,
    lines: BufReader<ChildStdout>,
    errors: JoinHandle<String>,
}

impl Running {
    /// Starts a program with its arguments.
    pub(super) fn start(program: &Path, arguments: &[String]) -> std::io::Result<Running> {
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let missing = || std::io::Error::other("the child has no output");
        let lines = BufReader::new(child.stdout.take().ok_or_else(missing)?);
        let mut errors = child.stderr.take().ok_or_else(missing)?;
        let errors = tokio::spawn(async move {
            let mut kept = Vec::new();
            // What cannot be read of its complaints is not worth another complaint.
            let _ = (&mut errors)
                .take(ERRORS_LEN_MAX)
                .read_to_end(&mut kept)
                .await;
            // Read on: a full pipe would block the child.
            let _ = tokio::io::copy(&mut errors, &mut tokio::io::sink()).await;
            String::from_utf8_lossy(&kept).into_owned()
        });
        Ok(Running {
            child,
            lines,
            errors,
        })
    }

    /// What it says next.
    pub(super) async fn next(&mut self) -> Result<Said, Nonsense> {
        let mut line = Vec::new();
        let mut bounded = (&mut self.lines).take(LINE_LEN_MAX);
        bounded
            .read_until(b'\n', &mut line)
            .await
            .map_err(|error| Nonsense::Broken(error.to_string()))?;
        if line.is_empty() {
            return Ok(Said::Nothing);
        }
        if line.last() != Some(&b'\n') && line.len() as u64 >= LINE_LEN_MAX {
            return Err(Nonsense::TooLong);
        }
        read(&line)
    }

    /// Waits for its end and says how it ended; `None` is well.
    pub(super) async fn end(mut self) -> Option<String> {
        let status = self.child.wait().await;
        let said = self.errors.await.unwrap_or_default();
        match status {
            Ok(status) if status.success() => None,
            Ok(status) => Some(reason(status, &said)),
            Err(error) => Some(format!("it could not be waited for: {error}")),
        }
    }

    /// Ends it now.
    pub(super) async fn kill(mut self) {
        // It may have ended by itself meanwhile.
        let _ = self.child.kill().await;
    }
}

fn read(line: &[u8]) -> Result<Said, Nonsense> {
    let unreadable = || {
        let text: String = String::from_utf8_lossy(line).chars().take(80).collect();
        Nonsense::Unreadable(text.trim().to_string())
    };
    let value: Value = serde_json::from_slice(line).map_err(|_| unreadable())?;
    if let Some(progress) = value.get("progress") {
        let done = progress["done"].as_f64().unwrap_or(0.0).clamp(0.0, 1.0);
        let what = progress["what"].as_str().unwrap_or_default();
        let what = what.chars().filter(|c| !c.is_control()).take(200).collect();
        return Ok(Said::Progress((done * 1000.0) as u32, what));
    }
    let outcome = value.get("outcome").ok_or_else(unreadable)?;
    // The site must be able to show it.
    serde_json::from_value::<web::lab::Outcome>(outcome.clone()).map_err(|_| unreadable())?;
    Ok(Said::Outcome(outcome.to_string()))
}

fn reason(status: ExitStatus, said: &str) -> String {
    let last: Vec<&str> = said.lines().filter(|l| !l.trim().is_empty()).collect();
    let last = last.last().copied().unwrap_or_default();
    let last: String = last
        .chars()
        .filter(|c| !c.is_control())
        .take(REASON_CHARS)
        .collect();
    if last.is_empty() {
        format!("the program ended with {status}")
    } else {
        format!("the program ended with {status} and said: {last}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_or_refused() {
        let progress = br#"{"progress":{"done":0.25,"what":"seed 1 of 5"}}"#;
        assert_eq!(
            read(progress).unwrap(),
            Said::Progress(250, "seed 1 of 5".to_string())
        );
        let beyond = br#"{"progress":{"done":7,"what":"a\u0007b"}}"#;
        assert_eq!(
            read(beyond).unwrap(),
            Said::Progress(1000, "ab".to_string())
        );
        for nonsense in [
            &b"hello"[..],
            b"{}",
            b"[]",
            br#"{"outcome":{}}"#,
            b"\xff\xfe",
        ] {
            assert!(read(nonsense).is_err(), "{nonsense:?}");
        }
    }
}
