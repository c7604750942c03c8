//! `broadsheet digest`: makes and sends what is due, or shows what an address would be sent.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use domain::address::MailAddress;
use jiff::Timestamp;
use store::Lane;
use tokio_util::sync::CancellationToken;

use super::args::DigestArgs;
use crate::config::Config;
use crate::mail::{Office, Sent};
use crate::pipeline::Pipeline;

/// How often it is tried to get the right to send while another process has it.
const TRIES: u32 = 20;
/// The pause between these tries.
const PAUSE: Duration = Duration::from_millis(500);

pub(crate) async fn run(
    config: &Config,
    pipeline: &Pipeline,
    args: &DigestArgs,
) -> Result<ExitCode> {
    match &args.address {
        Some(address) => show(config, pipeline, address).await,
        None if args.dry_run => bail!("--dry-run needs --for ADDRESS: whose mail to show"),
        None => send(config, pipeline).await,
    }
}

/// Prints messages to standard output as they would be sent, lines ended as this system ends them, and everything
/// about them to standard error.
async fn show(config: &Config, pipeline: &Pipeline, address: &str) -> Result<ExitCode> {
    let address = MailAddress::parse(address)?;
    let office = Office::for_preview(config, pipeline).await?;
    let zone = &config.written.time_zone;
    let previews = office.preview(&address, zone, Timestamp::now()).await?;
    let mut out = std::io::stdout().lock();
    for preview in previews {
        match &preview.note {
            Some(note) => eprintln!("{}: {note}", preview.title),
            None => eprintln!("{}", preview.title),
        }
        if let Some(message) = preview.message {
            let text = String::from_utf8_lossy(&message).replace("\r\n", "\n");
            out.write_all(text.as_bytes())?;
            writeln!(out)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn send(config: &Config, pipeline: &Pipeline) -> Result<ExitCode> {
    let office = Arc::new(Office::open(config, pipeline).await?);
    let composed = office.compose_due(Timestamp::now()).await?;
    let sent = send_patiently(&office).await?;
    println!(
        "{} letters made for {} subscriptions that were due.",
        composed.letters, composed.looked_at
    );
    println!(
        "{} sent, {} put off, {} refused, {} given up, {} not wanted any more.",
        sent.sent, sent.put_off, sent.refused, sent.failed, sent.dropped
    );
    if let Some(why) = sent.down {
        bail!("{why}; what was not sent waits");
    }
    Ok(match sent.failed {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

async fn send_patiently(office: &Arc<Office>) -> Result<Sent> {
    let stop = CancellationToken::new();
    for _ in 0..TRIES {
        if let Some(mut sent) = office.send_due(Lane::Asked, &stop).await? {
            if sent.down.is_none()
                && let Some(more) = office.send_due(Lane::Digests, &stop).await?
            {
                sent.add(more);
            }
            return Ok(sent);
        }
        tokio::time::sleep(PAUSE).await;
    }
    bail!("another process is sending mail; it sends what is due")
}
