//! `broadsheet-lab train WHAT`.

use anyhow::Result;
use clap::Subcommand;

use crate::train::encoder;

#[derive(Debug, Subcommand)]
pub(super) enum What {
    /// The static encoder of texts, from papers' titles and abstracts and a teacher
    Encoder(encoder::Options),
}

pub(super) fn run(what: What) -> Result<()> {
    match what {
        What::Encoder(options) => encoder::run(&options),
    }
}
