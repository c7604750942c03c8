//! `broadsheet-lab list`.

use anyhow::Result;
use clap::Args;

use super::show::say;
use lab::ALL;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Print the whole cards, as a JSON array
    #[arg(long)]
    json: bool,
    /// Print cards and the outcomes that ship as a page of Markdown
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
}

pub(super) fn run(options: &Options) -> Result<()> {
    if options.json {
        let cards: Vec<_> = ALL.iter().map(|paper| paper.card()).collect();
        return say(&serde_json::to_string_pretty(&cards)?);
    }
    if options.markdown {
        return say(super::markdown::page()?.trim_end());
    }
    let width = ALL.iter().map(|p| p.card().id.len()).max().unwrap_or(0);
    let mut family = None;
    for card in ALL.iter().map(|paper| paper.card()) {
        if family != Some(card.family) {
            family = Some(card.family);
            say(&format!("\n{}", card.family.name()))?;
        }
        say(&format!(
            "  {:width$}  {:10}  {}",
            card.id, card.arxiv, card.title
        ))?;
    }
    say("\nbroadsheet-lab run ID runs one of them.")
}
