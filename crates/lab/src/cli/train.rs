//! `broadsheet-lab train WHAT`.

use anyhow::Result;
use clap::Subcommand;

use crate::train::{encoder, interest};

#[derive(Debug, Subcommand)]
pub(super) enum What {
    /// The static encoder of texts, from papers' titles and abstracts and a teacher
    Encoder(encoder::Options),
    /// Predicted interest, from how the Daily Papers of earlier days were voted on
    Interest(interest::Options),
}

pub(super) fn run(what: What) -> Result<()> {
    match what {
        What::Encoder(options) => encoder::run(&options),
        What::Interest(options) => interest::run(&options),
    }
}
