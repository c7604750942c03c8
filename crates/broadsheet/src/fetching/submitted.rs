//! Papers that readers asked for, one after the other: each a job, fetched by its id through the same gates as all
//! else.

use std::time::Duration;

use anyhow::{Context, Result};
use domain::ids::{ExternalId, PaperId, Scheme};
use domain::record::{Item, Record};
use jiff::{SignedDuration, Timestamp};
use sources::arxiv_api;
use sources::client::FetchError;
use store::{Intake, Job, Submission, SubmissionState};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use web::state::Status;

use super::visiting::Visitor;
use crate::config::Config;
use crate::pipeline::Pipeline;

/// How often the queue is looked at. One small read.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long a fetch may take before another server takes the job.
const LEASE: SignedDuration = SignedDuration::from_mins(10);

/// Works on submissions until it is time to stop.
pub(crate) async fn work(
    config: Config,
    pipeline: Pipeline,
    status: Status,
    stop: CancellationToken,
) {
    let visitor = match Visitor::new(&config, &pipeline) {
        Ok(visitor) => visitor,
        Err(error) => {
            warn!("Submitted papers cannot be fetched: {error:#}");
            return;
        }
    };
    let age_days_max = config.written.submissions.age_days_max;
    loop {
        let step = next(&visitor, &pipeline, age_days_max);
        let worked = tokio::select! {
            worked = step => worked,
            () = stop.cancelled() => return,
        };
        match worked {
            Ok(true) => {
                status.data_changed();
                continue;
            }
            Ok(false) => {}
            Err(error) => warn!("A submitted paper could not be worked on: {error:#}"),
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Works on the next submission, if one is due. Whether there was one.
async fn next(visitor: &Visitor, pipeline: &Pipeline, age_days_max: u32) -> Result<bool> {
    let store = &pipeline.store;
    let taken = store
        .take_job_of(Submission::JOB, Timestamp::now(), LEASE)
        .await?;
    let Some(job) = taken else {
        return Ok(false);
    };
    let number = job.payload.parse().unwrap_or(-1);
    let waiting = store
        .submission(number)
        .await?
        .filter(|s| s.state == SubmissionState::Waiting);
    let Some(submission) = waiting else {
        store.finish_job(&job).await?;
        return Ok(true);
    };
    match outcome(visitor, pipeline, &submission, age_days_max).await {
        Ok(outcome) => {
            let outcome = outcome.as_ref().map(|id| *id).map_err(String::as_str);
            info!(
                submission = submission.id,
                taken = outcome.is_ok(),
                "Settled a submission"
            );
            store
                .settle_submission(submission.id, outcome, Timestamp::now())
                .await?;
            store.finish_job(&job).await?;
        }
        Err(error) => failed(pipeline, &job, &submission, &error).await?,
    }
    Ok(true)
}

/// A fault of the source's is tried again later; a fault of ours as well, and the log has it.
async fn failed(
    pipeline: &Pipeline,
    job: &Job,
    submission: &Submission,
    error: &anyhow::Error,
) -> Result<()> {
    let why = match error.downcast_ref::<FetchError>() {
        Some(fault) => fault.to_string(),
        None => {
            warn!(submission = submission.id, "{error:#}");
            "something went wrong here; it has been written to the log".to_string()
        }
    };
    let store = &pipeline.store;
    let now = Timestamp::now();
    match store.fail_job(job, &why, now).await? {
        Some(_) => {
            let words = format!("It is tried again: {why}.");
            store.explain_submission(submission.id, &words).await?;
        }
        None => {
            let words = format!("It could not be fetched after several tries: {why}.");
            store
                .settle_submission(submission.id, Err(&words), now)
                .await?;
        }
    }
    Ok(())
}

/// The paper, or why it is refused.
async fn outcome(
    visitor: &Visitor,
    pipeline: &Pipeline,
    submission: &Submission,
    age_days_max: u32,
) -> Result<Result<PaperId, String>> {
    let id = &submission.external;
    if let Some(paper) = pipeline.store.paper(id).await? {
        return Ok(Ok(paper.id));
    }
    let mut record = match fetched(visitor, id).await? {
        Ok(record) => record,
        Err(why) => return Ok(Err(why)),
    };
    if let Some(why) = too_old(&record, age_days_max, Timestamp::now()) {
        return Ok(Err(why));
    }
    // Somebody chose it for this site's page, so it stands on the list of that day.
    record.times.featured = Some(submission.at);
    let items = [Item::Paper(Box::new(record))];
    let intake = Intake {
        items: &items,
        ..Intake::default()
    };
    let absorbed = pipeline.take_in(&intake).await?;
    let paper = absorbed.outcomes.first().and_then(|o| o.paper());
    pipeline.catch_up(|_, _| ()).await?;
    Ok(Ok(paper.context("a submitted record became no paper")?))
}

async fn fetched(visitor: &Visitor, id: &ExternalId) -> Result<Result<Record, String>> {
    if id.scheme != Scheme::Arxiv {
        return Ok(Err(format!(
            "No source here can fetch {id}. Submit it again with its title."
        )));
    }
    let ids = std::slice::from_ref(id);
    let (mut records, unreadable) =
        arxiv_api::by_ids(&visitor.client, &visitor.endpoints, ids).await?;
    Ok(match (records.pop(), unreadable.first()) {
        (Some(record), _) => Ok(record),
        (None, Some(set_aside)) => Err(format!(
            "arXiv's record of it could not be read: {}.",
            set_aside.reason
        )),
        (None, None) => Err(format!("arXiv has no paper with the id {}.", id.value)),
    })
}

/// Why a paper is too old to be submitted; nothing where there is no limit or no date.
fn too_old(record: &Record, age_days_max: u32, now: Timestamp) -> Option<String> {
    let submitted = record.times.submitted.filter(|_| age_days_max > 0)?;
    let days = now.duration_since(submitted).as_hours() / 24;
    (days > i64::from(age_days_max)).then(|| {
        format!("It is {days} days old; papers of at most {age_days_max} days are taken here.")
    })
}

#[cfg(test)]
mod tests {
    use domain::record::Source;

    use super::*;

    #[test]
    fn the_age_limit_holds_where_there_is_one() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let mut record = Record::titled(Source::ArxivApi, now, "T");
        assert_eq!(too_old(&record, 30, now), None);
        record.times.submitted = Some("2026-10-24T12:00:00Z".parse().unwrap());
        assert_eq!(too_old(&record, 30, now), None);
        assert_eq!(too_old(&record, 0, now), None);
        let why = too_old(&record, 29, now).unwrap();
        assert_eq!(
            why,
            "It is 30 days old; papers of at most 29 days are taken here."
        );
    }
}
