//! `broadsheet subscribers`: who gets mail, for whoever runs this.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use domain::address::MailAddress;
use domain::subscription::{Days, Rhythm, Schedule, Scope, Subscription, Wish};
use jiff::Timestamp;
use serde_json::json;
use store::{Subscriber, Suppression, Why};
use web::mail::desk::looks_back_to;
use web::mail::message::wish_words;

use super::args::{AddArgs, SubscribersAction};
use super::table::Table;
use crate::config::Config;
use crate::pipeline::Pipeline;

/// Readers read at a time.
const PER_READ: u32 = 500;

pub(crate) async fn run(
    config: &Config,
    pipeline: &Pipeline,
    action: SubscribersAction,
) -> Result<ExitCode> {
    let store = &pipeline.store;
    let now = Timestamp::now();
    match action {
        SubscribersAction::List { json } => list(pipeline, json).await?,
        SubscribersAction::Add(args) => add(config, pipeline, &args).await?,
        SubscribersAction::Remove { address } => {
            let address = MailAddress::parse(&address)?;
            let found = store.subscriber_at(&address).await?;
            let found = found.with_context(|| format!("{address} gets no mail from here"))?;
            store.forget_reader(found.reader.id).await?;
            println!("Removed {address}, with {}.", count(&found.subscriptions));
        }
        SubscribersAction::Suppress { address, why } => {
            let address = MailAddress::parse(&address)?;
            store
                .suppress(&address, Why::Operator, &why.unwrap_or_default(), now)
                .await?;
            println!("Nothing is sent to {address} from now on, whoever asks.");
        }
        SubscribersAction::Allow { address } => {
            let address = MailAddress::parse(&address)?;
            if !store.unsuppress(&address, now).await? {
                bail!("{address} is not suppressed");
            }
            println!("Mail may be sent to {address} again.");
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn count(subscriptions: &[Subscription]) -> String {
    match subscriptions.len() {
        1 => "1 subscription".to_string(),
        n => format!("{n} subscriptions"),
    }
}

async fn add(config: &Config, pipeline: &Pipeline, args: &AddArgs) -> Result<()> {
    let address = MailAddress::parse(&args.address)?;
    let wish = wish(config, args)?;
    let now = Timestamp::now();
    let next = wish.schedule.next_after(now);
    let since = looks_back_to(&wish, now);
    let store = &pipeline.store;
    let added = store
        .add_subscription(&address, &wish, next, since, now)
        .await?;
    if added.is_none() {
        bail!("{address} is suppressed; `broadsheet subscribers allow {address}` lifts that");
    }
    println!(
        "{address}: {}. The next mail can come at {next}.",
        wish_words(&wish)
    );
    Ok(())
}

/// What the options ask for; without any, the whole page on weekdays at seven in the site's time.
fn wish(config: &Config, args: &AddArgs) -> Result<Wish> {
    let scope = match (&args.query, args.cat.as_slice()) {
        (Some(query), _) => Scope::query(query)?,
        (None, []) => Scope::All,
        (None, names) => Scope::categories(&names.join(" "))?,
    };
    let rhythm = match args.weekly {
        true => Rhythm::Weekly,
        false => Rhythm::Daily,
    };
    let days = match (&args.days, rhythm) {
        (None, Rhythm::Daily) => Days::WEEKDAYS,
        (None, Rhythm::Weekly) => Days::of([jiff::civil::Weekday::Friday]),
        (Some(names), _) => {
            let day = |name: &str| {
                Days::day(name.trim()).with_context(|| {
                    format!("`{name}` is no day; days are mon, tue, wed, thu, fri, sat and sun")
                })
            };
            Days::of(names.split(',').map(day).collect::<Result<Vec<_>>>()?)
        }
    };
    let zone = args.zone.as_ref().unwrap_or(&config.written.time_zone);
    Ok(Wish {
        scope,
        schedule: Schedule::new(rhythm, days, args.hour, zone)?,
        papers_max: args.most,
        say_nothing: args.nothing,
    })
}

async fn list(pipeline: &Pipeline, json: bool) -> Result<()> {
    let store = &pipeline.store;
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let page = store.subscribers(after, PER_READ).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.reader.id);
        all.extend(page);
    }
    let mut suppressed: Vec<Suppression> = Vec::new();
    loop {
        let after = suppressed.last().map_or("", |s| s.address_key.as_str());
        let page = store.suppressions(after, PER_READ).await?;
        if page.is_empty() {
            break;
        }
        suppressed.extend(page);
    }
    if json {
        let value = json!({
            "readers": all.iter().map(reader_json).collect::<Vec<_>>(),
            "suppressed": suppressed.iter().map(suppression_json).collect::<Vec<_>>(),
        });
        println!("{}", serde_json::to_string_pretty(&value)?);
        return Ok(());
    }
    print_table(&all, &suppressed)
}

fn print_table(all: &[Subscriber], suppressed: &[Suppression]) -> Result<()> {
    if all.is_empty() && suppressed.is_empty() {
        println!("Nobody gets mail from here.");
        return Ok(());
    }
    let mut table = Table::new(&["address", "state", "next", "what"]);
    for subscriber in all {
        let address = subscriber.reader.address.to_string();
        for subscription in &subscriber.subscriptions {
            let state = match subscriber.suppression {
                Some(_) => "suppressed",
                None => subscription.state.as_str(),
            };
            table.row(vec![
                address.clone(),
                state.to_string(),
                subscription
                    .next_at
                    .map_or("-".to_string(), |at| at.to_string()),
                wish_words(&subscription.wish),
            ]);
        }
    }
    for suppression in suppressed {
        let note = format!("{} {}", suppression.why.as_str(), suppression.note);
        table.row(vec![
            suppression.address_key.clone(),
            "suppressed".to_string(),
            "-".to_string(),
            note.trim().escape_debug().to_string(),
        ]);
    }
    table.print()
}

fn reader_json(subscriber: &Subscriber) -> serde_json::Value {
    let subscriptions = subscriber.subscriptions.iter().map(|s| {
        let schedule = &s.wish.schedule;
        json!({
            "id": s.id.0,
            "state": s.state.as_str(),
            "scope": s.wish.scope.kind(),
            "about": s.wish.scope.text(),
            "rhythm": schedule.rhythm.as_str(),
            "days": schedule.days.iter().map(Days::name).collect::<Vec<_>>(),
            "hour": schedule.hour,
            "zone": schedule.zone,
            "most": s.wish.papers_max,
            "nothing": s.wish.say_nothing,
            "next": s.next_at,
        })
    });
    json!({
        "address": subscriber.reader.address.as_str(),
        "since": subscriber.reader.created,
        "refusals": subscriber.reader.refusals,
        "complaints": subscriber.reader.complaints,
        "suppressed": subscriber.suppression.is_some(),
        "subscriptions": subscriptions.collect::<Vec<_>>(),
    })
}

fn suppression_json(suppression: &Suppression) -> serde_json::Value {
    json!({
        "address": suppression.address_key,
        "why": suppression.why.as_str(),
        "note": suppression.note,
        "at": suppression.at,
    })
}
