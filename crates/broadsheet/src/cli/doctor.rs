//! `broadsheet doctor`: looks at everything that can be wrong and says what to do about it.

use std::process::ExitCode;

use anyhow::Result;
use domain::ledger::BatchState;
use jiff::civil::date;
use jiff::{SignedDuration, Timestamp};

use crate::config::{Config, without_password};
use crate::mail::Office;
use crate::pipeline::Pipeline;

/// Letters that wait for longer than this are worth a word: a mail server may put them off for hours.
const UNSENT_TOO_LONG: SignedDuration = SignedDuration::from_hours(12);

/// Prints one line per finding; the exit code is 1 when something needs doing.
pub(crate) async fn run(config: &Config) -> Result<ExitCode> {
    let mut findings = Findings::default();
    findings.good(&format!("data folder {}", config.data.display()));
    match &config.file {
        Some(file) => findings.good(&format!("configuration {}", file.display())),
        None => findings.good("configuration: defaults, no file"),
    }
    if config.written.contact.is_empty() {
        findings.note("contact is empty; the sources ask callers to name one (BROADSHEET_CONTACT=mail@example.org)");
    }
    let now = Timestamp::now().to_zoned(config.time_zone.clone()).date();
    if now < date(2025, 1, 1) {
        findings.bad(&format!(
            "the clock says {now}; set it, or nothing new is ever today"
        ));
    }
    match Pipeline::open(config).await {
        Ok(pipeline) => {
            look_at(&pipeline, config, &mut findings).await?;
            look_at_mail(&pipeline, config, &mut findings).await?;
        }
        Err(error) => findings.bad(&format!("{error:#}")),
    }
    println!(
        "{}",
        if findings.bad == 0 {
            "All well."
        } else {
            "Something needs doing."
        }
    );
    Ok(if findings.bad == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Whether mail could be sent: key, password, folder, or a conversation with the mail server up to the login.
async fn look_at_mail(pipeline: &Pipeline, config: &Config, findings: &mut Findings) -> Result<()> {
    if !config.written.mail.is_on() {
        findings.good("mail is switched off");
        return Ok(());
    }
    let office = match Office::open(config, pipeline).await {
        Ok(office) => office,
        Err(error) => {
            findings.bad(&format!("mail: {error:#}"));
            return Ok(());
        }
    };
    match office.try_out().await {
        Ok(well) => findings.good(&format!("mail: {well}")),
        Err(error) => findings.bad(&format!("mail: {error:#}")),
    }
    if !office.has_https() {
        findings.note(
            "mail: base_url is not https, so mail programs offer no unsubscribing by one click, and large providers may \
             refuse the mail",
        );
    }
    match office.signature_place() {
        Some(place) => findings.note(&format!(
            "mail is signed; the public key must be in DNS at {place}"
        )),
        None => findings.note(
            "mail is not signed here (mail.dkim.key_file); large providers refuse what nobody signs, so the mail server \
             must do it",
        ),
    }
    let totals = pipeline.store.mail_totals().await?;
    findings.good(&format!(
        "mail: {} subscriptions, {} addresses suppressed, {} letters not sent yet",
        totals.active, totals.suppressed, totals.unsent
    ));
    if let Some(since) = totals.unsent_since
        && Timestamp::now().duration_since(since) > UNSENT_TOO_LONG
    {
        findings.bad(&format!(
            "mail: letters have been waiting since {since}; does the server run, and does the mail server take them?"
        ));
    }
    Ok(())
}

async fn look_at(pipeline: &Pipeline, config: &Config, findings: &mut Findings) -> Result<()> {
    let totals = pipeline.store.totals().await?;
    let place = without_password(&config.database_url());
    let size = totals
        .bytes
        .map_or_else(String::new, |b| format!(", {:.1} MB", b as f64 / 1e6));
    findings.good(&format!(
        "database {place}: {} papers, {} readings{size}",
        totals.papers, totals.readings
    ));
    let damage = pipeline.store.check().await?;
    if damage.is_empty() {
        findings.good("database is sound");
    }
    for line in damage {
        findings.bad(&format!(
            "database: {line}; restore a backup (`broadsheet restore FILE --replace`)"
        ));
    }
    let (index, seq) = (pipeline.index.seq(), pipeline.store.seq().await?);
    if index == seq {
        findings.good(&format!(
            "index holds {} papers and is up to date",
            pipeline.index.papers()
        ));
    } else if index > seq {
        findings.bad("the index is of another database; run `broadsheet rebuild`");
    } else {
        findings.note(&format!(
            "the index is {} changes behind; the server catches up by itself",
            seq - index
        ));
    }
    if totals.quarantined > 0 {
        findings.note(&format!(
            "{} records are set aside; see `broadsheet quarantine list`",
            totals.quarantined
        ));
    }
    for batch in pipeline.store.batches(None, true, 5).await? {
        let key = &batch.key;
        let line = format!(
            "{} {} {}: {}",
            key.source.as_str(),
            key.category,
            key.day,
            batch.reason
        );
        if batch.state == BatchState::Failed {
            findings.bad(&line)
        } else {
            findings.note(&line)
        }
    }
    Ok(())
}

#[derive(Debug, Default)]
struct Findings {
    bad: u32,
}

impl Findings {
    fn good(&self, text: &str) {
        println!("ok    {text}");
    }

    fn note(&self, text: &str) {
        println!("note  {text}");
    }

    fn bad(&mut self, text: &str) {
        println!("BAD   {text}");
        self.bad += 1;
    }
}
