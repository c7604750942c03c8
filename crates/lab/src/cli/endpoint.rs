//! The options of every command that asks a language model.

use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Args;
use lab::evaluation::endpoint::{Endpoint, Settings};

/// Where the model is. Flatten into a command's options.
#[derive(Debug, Args)]
#[group(skip)]
pub(super) struct Options {
    /// Base address of an OpenAI-compatible endpoint, as http://127.0.0.1:8000/v1
    #[arg(long, value_name = "URL", requires = "model")]
    pub(super) endpoint: Option<String>,
    /// The model's name, as the endpoint knows it
    #[arg(long, value_name = "NAME", requires = "endpoint")]
    pub(super) model: Option<String>,
    /// The environment variable that holds the endpoint's key, if it wants one
    #[arg(long, value_name = "VARIABLE", default_value = "BROADSHEET_LAB_KEY")]
    key_env: String,
    /// Seconds that one question may take
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
}

impl Options {
    /// The endpoint that the options name.
    pub(super) fn open(&self) -> Result<Endpoint> {
        let url = self
            .endpoint
            .clone()
            .context("a model is asked here: name its endpoint with --endpoint URL")?;
        let model = self
            .model
            .clone()
            .context("name the endpoint's model with --model NAME")?;
        Endpoint::new(Settings {
            url,
            model,
            key: std::env::var(&self.key_env).ok(),
            timeout: Duration::from_secs(self.timeout),
        })
    }
}
