//! The queue: takes the run that has waited longest, one at a time, and keeps how it goes.

use std::time::Duration;

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};
use store::{LabRun, Store};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::Limits;
use super::child::{Running, Said};

/// How often an idle runner looks for work.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How often a working runner says that it lives, and hears whether it is still wanted.
const BEAT_EVERY: Duration = Duration::from_millis(500);
/// A run whose runner was silent for so long has none any more.
const SILENT: SignedDuration = SignedDuration::from_secs(30);
const STOPPED: &str = "the server stopped while it ran; run it again";

/// Takes runs and runs them.
#[derive(Debug, Clone)]
pub(crate) struct Runner {
    pub(crate) store: Store,
    pub(crate) limits: Limits,
}

/// How a child ended.
enum End {
    Outcome(String),
    Failed(String),
    /// Somebody cancelled it; the database says so already.
    Unwanted,
}

/// Runs what is asked for, until the token says stop. `over` is called after each run.
pub(crate) async fn work(runner: Runner, stop: CancellationToken, over: impl Fn()) {
    loop {
        match runner.step(&stop).await {
            Ok(true) => over(),
            Ok(false) => {
                tokio::select! {
                    () = tokio::time::sleep(LOOK_EVERY) => {}
                    () = stop.cancelled() => return,
                }
            }
            Err(error) => {
                warn!("The lab's queue cannot be read, trying again: {error:#}");
                tokio::select! {
                    () = tokio::time::sleep(Duration::from_secs(5)) => {}
                    () = stop.cancelled() => return,
                }
            }
        }
        if stop.is_cancelled() {
            return;
        }
    }
}

impl Runner {
    /// Takes one run and brings it to its end. `false` when none waits.
    pub(crate) async fn step(&self, stop: &CancellationToken) -> Result<bool> {
        let now = Timestamp::now();
        let silent_since = now.saturating_sub(SILENT)?;
        self.store
            .give_up_lab_runs(silent_since, STOPPED, now)
            .await?;
        let Some(run) = self.store.take_lab_run(now).await? else {
            return Ok(false);
        };
        let end = self.execute(&run, stop).await;
        let (outcome, words) = match &end {
            End::Outcome(json) => (Ok(json.as_str()), "done"),
            End::Failed(reason) => (Err(reason.as_str()), reason.as_str()),
            End::Unwanted => (Err(""), "cancelled"),
        };
        self.store
            .end_lab_run(run.id, outcome, Timestamp::now())
            .await?;
        info!(
            run = run.id,
            method = run.method,
            "Lab run {}: {words}",
            run.id
        );
        Ok(true)
    }

    async fn execute(&self, run: &LabRun, stop: &CancellationToken) -> End {
        let mut child = match Running::start(&self.limits.program, &self.arguments(run)) {
            Ok(child) => child,
            Err(error) => {
                let program = self.limits.program.display();
                return End::Failed(format!("{program} cannot be started: {error}"));
            }
        };
        let deadline = Instant::now() + self.limits.time;
        let mut beat = interval(BEAT_EVERY);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut done, mut doing, mut outcome) = (0, String::new(), None);
        let early = loop {
            tokio::select! {
                said = child.next() => match said {
                    Ok(Said::Progress(d, what)) => (done, doing) = (d, what),
                    Ok(Said::Outcome(json)) => outcome = Some(json),
                    Ok(Said::Nothing) => break None,
                    Err(nonsense) => break Some(End::Failed(nonsense.to_string())),
                },
                _ = beat.tick() => {
                    let told = self.store.tell_lab_run(run.id, done, &doing, Timestamp::now()).await;
                    // A database that fails may come back before the run ends.
                    if let Ok(false) = told {
                        break Some(End::Unwanted);
                    }
                }
                () = sleep_until(deadline) => {
                    let seconds = self.limits.time.as_secs();
                    break Some(End::Failed(format!("it took longer than {seconds} s, which is the limit here")));
                }
                () = stop.cancelled() => break Some(End::Failed(STOPPED.to_string())),
            }
        };
        if let Some(end) = early {
            child.kill().await;
            return end;
        }
        // Its output is closed; what is left is its exit, which a hung program might never make.
        let ended = tokio::time::timeout(Duration::from_secs(10), child.end()).await;
        match (ended, outcome) {
            (Ok(None), Some(json)) => End::Outcome(json),
            (Ok(None), None) => End::Failed("the program ended without an outcome".to_string()),
            (Ok(Some(reason)), _) => End::Failed(reason),
            (Err(_), _) => End::Failed("the program closed its output but did not end".to_string()),
        }
    }

    fn arguments(&self, run: &LabRun) -> Vec<String> {
        let text = |text: &str| text.to_string();
        vec![
            text("run"),
            run.method.clone(),
            text("--scale"),
            run.scale.clone(),
            text("--seed"),
            run.seed.to_string(),
            text("--memory-mb"),
            self.limits.memory_mb.to_string(),
            text("--json"),
        ]
    }
}
