//! How far a run is.

use std::sync::Mutex;

/// Somebody who is told how far a run is.
pub trait Progress: Sync {
    /// `done` goes from 0 to 1 and never back; `what` is what is being done, in a few words.
    fn tell(&self, done: f64, what: &str);
}

/// Nobody.
pub struct Silent;

impl Progress for Silent {
    fn tell(&self, _done: f64, _what: &str) {}
}

/// How far each trial of a run is: they run beside each other, and the run is as far as their mean.
pub(super) struct Board<'a> {
    to: &'a dyn Progress,
    // (each trial's part, the last told)
    state: Mutex<(Vec<f64>, f64)>,
}

impl<'a> Board<'a> {
    pub(super) fn new(to: &'a dyn Progress, trials: usize) -> Board<'a> {
        Board {
            to,
            state: Mutex::new((vec![0.0; trials], 0.0)),
        }
    }

    pub(super) fn report(&'a self, trial: usize) -> Report<'a> {
        Report { board: self, trial }
    }
}

/// One trial's line on the board.
pub(super) struct Report<'a> {
    board: &'a Board<'a>,
    trial: usize,
}

impl Report<'_> {
    pub(super) fn tell(&self, done: f64, what: &str) {
        // A panicking trial ends the run; until then the others may still tell.
        let mut state = match self.board.state.lock() {
            Ok(state) => state,
            Err(poisoned) => poisoned.into_inner(),
        };
        let (parts, told) = &mut *state;
        parts[self.trial] = parts[self.trial].max(done.clamp(0.0, 1.0));
        let mean = parts.iter().sum::<f64>() / parts.len() as f64;
        // One line a percent is enough for a bar.
        if mean >= *told + 0.01 || (mean >= 1.0 && *told < 1.0) {
            *told = mean;
            self.board.to.tell(mean, what);
        }
    }
}
