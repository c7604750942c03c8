//! `broadsheet bounce`: takes in what mail servers send back, from a file or a mail server's pipe.

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use domain::address::MailAddress;
use domain::subscription::{ReaderId, SubscriptionId};
use jiff::Timestamp;
use store::{LetterId, REFUSALS_MAX};

use super::args::BounceArgs;
use crate::mail::{REPORT_LEN_MAX, Report, letter_named, read_reports};
use crate::pipeline::Pipeline;

/// Of whose letter a report is.
#[derive(Debug, Clone, Copy)]
struct About {
    reader: ReaderId,
    subscription: Option<SubscriptionId>,
}

/// What is no report, or none that can be believed, is said and is no failure: a mail server that is told of a
/// failure would send the report back.
pub(crate) async fn run(pipeline: &Pipeline, args: &BounceArgs) -> Result<ExitCode> {
    let found = read_reports(&read(&args.file)?);
    if found.reports.is_empty() {
        println!("This is no delivery report and no complaint; nothing is changed.");
        return Ok(ExitCode::SUCCESS);
    }
    let named = named(pipeline, &found.message_ids).await?;
    for report in &found.reports {
        let recipient = match report {
            Report::Bounce { recipient, .. } | Report::Complaint { recipient } => recipient,
        };
        let about = match (named, recipient) {
            (Some(about), _) => Some(about),
            (None, Some(address)) if args.trust => by_address(pipeline, address).await?,
            _ => None,
        };
        match about {
            Some(about) => take_in(pipeline, about, report).await?,
            None => println!(
                "This report names no letter of ours, so it may be anybody's; nothing is changed. --trust believes the \
                 address in it."
            ),
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn read(file: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = REPORT_LEN_MAX as u64;
    if file == Path::new("-") {
        std::io::stdin()
            .lock()
            .take(limit)
            .read_to_end(&mut bytes)?;
    } else {
        let open =
            std::fs::File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
        open.take(limit).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// The letter that one of these ids names, if we have signed it and still know it.
async fn named(pipeline: &Pipeline, message_ids: &[String]) -> Result<Option<About>> {
    for id in message_ids {
        let Some(number) = letter_named(&pipeline.store, id).await? else {
            continue;
        };
        if let Some(letter) = pipeline.store.letter(LetterId(number)).await? {
            return Ok(Some(About {
                reader: letter.reader,
                subscription: letter.subscription,
            }));
        }
    }
    Ok(None)
}

async fn by_address(pipeline: &Pipeline, address: &MailAddress) -> Result<Option<About>> {
    let found = pipeline.store.subscriber_at(address).await?;
    Ok(found.map(|subscriber| About {
        reader: subscriber.reader.id,
        subscription: None,
    }))
}

async fn take_in(pipeline: &Pipeline, about: About, report: &Report) -> Result<()> {
    let store = &pipeline.store;
    let now = Timestamp::now();
    const GONE: &str = "The reader is not here any more; nothing is changed.";
    match report {
        Report::Bounce {
            permanent: false, ..
        } => println!("The letter is late, or may still arrive; nothing is changed."),
        Report::Bounce { note, .. } => {
            let counted = store.count_refusal(about.reader, note, now).await?;
            match counted {
                None => println!("{GONE}"),
                Some(counted) if counted.suppressed => println!(
                    "Refused for good {} times: nothing is sent to this address from now on.",
                    counted.refusals
                ),
                Some(counted) => println!(
                    "Refused for good, {} of {REFUSALS_MAX} times until nothing is sent any more.",
                    counted.refusals
                ),
            }
        }
        Report::Complaint { .. } => {
            let note = "called spam by its reader";
            let counted = store
                .count_complaint(about.reader, about.subscription, note, now)
                .await?;
            match counted {
                None => println!("{GONE}"),
                Some(true) => println!(
                    "A complaint, and not the first: nothing is sent to this address from now on."
                ),
                Some(false) if about.subscription.is_some() => {
                    println!("A complaint: the subscription has ended.");
                }
                Some(false) => println!("A complaint; it is counted, and no subscription ends."),
            }
        }
    }
    Ok(())
}
