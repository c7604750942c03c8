//! Harvests over OAI-PMH: page by page into the database, with the place kept, so that a stop anywhere loses at most
//! the page under way.

use anyhow::Result;
use domain::ledger::{Batch, BatchKey, BatchState, Counts, judge};
use domain::record::Source;
use jiff::Timestamp;
use jiff::civil::Date;
use sources::arxiv_oai::{Harvest, HarvestEnd, Progress, Question};
use store::Intake;

use super::keep;
use super::visiting::Visitor;
use crate::pipeline::Pipeline;

/// Harvests one day's changes of a category and writes the ledger's line.
pub(super) async fn harvest(
    visitor: &Visitor,
    pipeline: &Pipeline,
    category: &str,
    day: Date,
) -> Result<Batch> {
    let place = format!("harvest {category} {day}");
    let kept = pipeline.store.meta(&place).await?;
    let progress = kept.and_then(|json| serde_json::from_str::<Progress>(&json).ok());
    let mut harvest = match progress {
        Some(progress) if progress.end.is_none() => Harvest::resume(progress),
        _ => Harvest::new(Question {
            until: Some(day),
            ..Question::since(day, Some(&set_of(category)))
        }),
    };
    while let Some(page) = harvest.next(&visitor.client, &visitor.endpoints).await? {
        let unreadable = page.unreadable.clone();
        let (_, items) = page.split();
        let intake = Intake {
            items: &items,
            unreadable: &unreadable,
            ..Intake::default()
        };
        pipeline.take_in(&intake).await?;
        pipeline
            .store
            .set_meta(&place, &serde_json::to_string(harvest.progress())?)
            .await?;
    }
    let progress = harvest.progress();
    let key = BatchKey {
        source: Source::ArxivOai,
        category: category.to_string(),
        day,
    };
    let (state, reason) = verdict(progress);
    let batch = keep::write(
        pipeline,
        key,
        counts(progress),
        state,
        reason,
        Timestamp::now(),
    )
    .await?;
    pipeline.store.set_meta(&place, "").await?;
    Ok(batch)
}

/// Every page was stored before its place was kept, so what was received is stored.
fn counts(progress: &Progress) -> Counts {
    let nothing = progress.end == Some(HarvestEnd::NothingChanged);
    Counts {
        expected: if nothing { Some(0) } else { progress.expected },
        received: progress.received,
        stored: progress.received,
        set_aside: progress.set_aside,
        duplicates: progress.duplicates,
    }
}

fn verdict(progress: &Progress) -> (BatchState, String) {
    let (state, reason) = judge(&counts(progress), None);
    match progress.end.and_then(HarvestEnd::note) {
        // An improper end is never complete, whatever the numbers say.
        Some(note) => (
            BatchState::Short,
            if reason.is_empty() {
                note.to_string()
            } else {
                format!("{reason}; {note}")
            },
        ),
        None => (state, reason),
    }
}

/// The OAI-PMH set of a category: `group:archive:subject`. arXiv files all its physics archives under one group.
fn set_of(category: &str) -> String {
    let (archive, subject) = category
        .split_once('.')
        .map_or((category, None), |(a, s)| (a, Some(s)));
    let own_group = matches!(
        archive,
        "cs" | "econ" | "eess" | "math" | "q-bio" | "q-fin" | "stat"
    );
    let group = if own_group { archive } else { "physics" };
    match subject {
        Some(subject) => format!("{group}:{archive}:{subject}"),
        None if own_group => group.to_string(),
        None => format!("{group}:{archive}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_become_sets() {
        for (category, set) in [
            ("cs.CL", "cs:cs:CL"),
            ("cs", "cs"),
            ("hep-th", "physics:hep-th"),
            ("cond-mat.str-el", "physics:cond-mat:str-el"),
            ("physics.optics", "physics:physics:optics"),
        ] {
            assert_eq!(set_of(category), set);
        }
    }
}
