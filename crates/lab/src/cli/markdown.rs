//! `broadsheet-lab list --markdown`: the page `docs/papers.md`, from the cards and the outcomes that ship.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use super::show::{estimate, number};
use lab::ALL;
use lab::frame::{Card, Family, Met, Outcome, Verdict};

const HEAD: &str = "\
# Papers that run

Made by `broadsheet-lab list --markdown > docs/papers.md` from the cards and from the outcomes that ship. How a paper is tested and judged
is told in [lab.md](lab.md). Values are means over seeds with 95 % intervals (Student's t).
";

#[derive(Deserialize)]
struct Shipped {
    outcome: Outcome,
}

/// The whole page.
pub(super) fn page() -> Result<String> {
    let outcomes = lab::SHIPPED
        .lines()
        .map(|line| Ok(serde_json::from_str::<Shipped>(line)?.outcome))
        .collect::<Result<Vec<_>>>()
        .context("the outcomes that ship cannot be read")?;
    let mut page = HEAD.to_owned();
    summary(&mut page, &outcomes)?;
    for family in Family::ALL {
        let cards: Vec<&Card> = ALL
            .iter()
            .map(|paper| paper.card())
            .filter(|card| card.family == family)
            .collect();
        if cards.is_empty() {
            continue;
        }
        write!(page, "\n## {}\n", family.name())?;
        for card in cards {
            let outcome = outcomes.iter().find(|outcome| outcome.id == card.id);
            let outcome = outcome.with_context(|| format!("no outcome of {} ships", card.id))?;
            section(&mut page, card, outcome)?;
        }
    }
    Ok(page)
}

fn summary(page: &mut String, outcomes: &[Outcome]) -> Result<()> {
    let count = |verdict| outcomes.iter().filter(|o| o.verdict == verdict).count();
    writeln!(
        page,
        "\n{} papers: {} claims hold here, {} hold in part, {} do not. All of it took {:.0} s.",
        outcomes.len(),
        count(Verdict::Holds),
        count(Verdict::HoldsInPart),
        count(Verdict::DoesNotHoldHere),
        outcomes.iter().map(|o| o.seconds).sum::<f64>()
    )?;
    if let Some(first) = outcomes.first() {
        writeln!(
            page,
            "Machine: {}, {}, scale {}, seeds {} to {}.",
            first.machine,
            first.date,
            first.scale.name(),
            first.seed,
            first.seed + first.seeds - 1
        )?;
    }
    Ok(())
}

fn section(page: &mut String, card: &Card, outcome: &Outcome) -> Result<()> {
    writeln!(page, "\n### {}\n", card.title)?;
    writeln!(
        page,
        "`{}`, [arXiv {}](https://arxiv.org/abs/{}), {} s. **The claim {}.**\n",
        card.id,
        card.arxiv,
        card.arxiv,
        number(outcome.seconds),
        outcome.verdict.words()
    )?;
    writeln!(
        page,
        "{} The paper prints: {}\n",
        card.claim, card.published
    )?;
    writeln!(page, "- Compared with: {}", card.baseline)?;
    writeln!(page, "- Kept: {}", card.kept.join("; "))?;
    writeln!(page, "- Left out: {}", card.left_out.join("; "))?;
    if let Some(place) = card.used_in {
        writeln!(page, "- In this product: {place}")?;
    }
    if outcome.verdict != Verdict::Holds {
        writeln!(page, "- Likely reason: {}", card.likely_reason)?;
    }
    writeln!(page, "\n| Metric | Baseline | Method |\n|---|---|---|")?;
    for row in &outcome.rows {
        let unit = if row.unit.is_empty() { "" } else { ", " };
        writeln!(
            page,
            "| {}{unit}{} | {} | {} |",
            row.name,
            row.unit,
            estimate(&row.baseline),
            estimate(&row.method)
        )?;
    }
    writeln!(
        page,
        "\n| Condition, written before the run | Found | Bound | Met |\n|---|---|---|---|"
    )?;
    for condition in &outcome.conditions {
        let met = match condition.met {
            Met::Clearly => "yes",
            Met::OnAverage => "on average",
            Met::Not => "no",
        };
        writeln!(
            page,
            "| {} | {} | {} | {met} |",
            condition.text,
            estimate(&condition.quantity),
            number(condition.bound)
        )?;
    }
    Ok(())
}
