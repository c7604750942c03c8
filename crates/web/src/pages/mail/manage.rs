//! `/mail/manage/...`: a reader's subscriptions, to be changed, paused, ended.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use domain::subscription::{ReaderId, State as Standing, Subscription, SubscriptionId};

use super::subscribe::checked;
use super::wish::{Fields, read, zones};
use super::{AnswerPage, answer, capital, frame, gone, opened};
use crate::error::Error;
use crate::mail::desk::looks_back_to;
use crate::mail::message::{order_words, wish_words};
use crate::mail::token::Purpose;
use crate::pages::form::Form;
use crate::state::App;
use crate::view::Layout;

const GONE: &str = "Nothing is kept about this address any more.";

/// The page.
#[derive(Debug, Template)]
#[template(path = "mail_manage.html")]
struct ManagePage {
    layout: Layout,
    /// Where forms send to.
    action: String,
    address: String,
    /// What has just been done, or was wrong.
    notice: Option<String>,
    subscriptions: Vec<Entry>,
    zones: &'static [String],
}

/// One subscription.
#[derive(Debug)]
struct Entry {
    id: i64,
    title: String,
    words: String,
    pending: bool,
    paused: bool,
    fields: Fields,
}

/// `GET`: shows them.
pub(super) async fn show(
    State(app): State<App>,
    Path(token): Path<String>,
) -> Result<Response, Error> {
    let reader = ReaderId(opened(&app, Purpose::Manage, &token)?);
    page(&app, reader, &token, None).await
}

/// `POST`: does what a button says, and shows them again.
pub(super) async fn take(
    State(app): State<App>,
    Path(token): Path<String>,
    body: Bytes,
) -> Result<Response, Error> {
    let reader = ReaderId(opened(&app, Purpose::Manage, &token)?);
    let form = Form::read(&body);
    if form.text("do") == "forget" {
        app.store.forget_reader(reader).await?;
        metrics::counter!("mail_forgotten_total").increment(1);
        let page = AnswerPage::new(&app, "Everything is deleted")
            .saying("Your address, your subscriptions and the list of what you were sent are gone. No more mail will come.")
            .linking("Today's papers", "/");
        return answer(&page);
    }
    let notice = match act(&app, reader, &form).await? {
        Ok(done) => done,
        Err(fault) => {
            let mut response = page(&app, reader, &token, Some(fault)).await?;
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            return Ok(response);
        }
    };
    page(&app, reader, &token, Some(notice)).await
}

/// What was done, or the fault, in words.
async fn act(app: &App, reader: ReaderId, form: &Form) -> Result<Result<String, String>, Error> {
    let nothing = || "Nothing was changed: this subscription is not there any more.".to_string();
    let Some(subscription) = theirs(app, reader, form).await? else {
        return Ok(Err(nothing()));
    };
    let (store, now, id) = (&app.store, app.clock.now(), subscription.id);
    let wish = &subscription.wish;
    let (done, words) = match form.text("do") {
        "end" => (
            store.end_subscription(id, now).await?,
            format!("Ended: no more mail will come about {}.", wish.scope),
        ),
        "pause" => {
            let since = subscription.since;
            let done = store
                .pause_subscription(id, reader, None, since, now)
                .await?;
            (done, format!("Paused: {}.", wish.scope))
        }
        "resume" => {
            let next = wish.schedule.next_after(now);
            let since = looks_back_to(wish, now);
            let done = store
                .pause_subscription(id, reader, Some(next), since, now)
                .await?;
            (done, format!("Goes on: {}.", wish.scope))
        }
        "change" => {
            let changed = match read(form).map_err(|e| e.to_string()).and_then(checked) {
                Ok(changed) => changed,
                Err(fault) => return Ok(Err(format!("Nothing was changed: {fault}."))),
            };
            let next = changed.schedule.next_after(now);
            let since = looks_back_to(&changed, now);
            let done = store
                .change_subscription(id, reader, &changed, next, since, now)
                .await?;
            (done, format!("Changed: {}.", wish_words(&changed)))
        }
        _ => {
            return Ok(Err(
                "Nothing was changed: the form was incomplete.".to_string()
            ));
        }
    };
    Ok(if done { Ok(words) } else { Err(nothing()) })
}

/// The subscription that a form names, if it is this reader's.
async fn theirs(app: &App, reader: ReaderId, form: &Form) -> Result<Option<Subscription>, Error> {
    let Ok(id) = form.text("subscription").parse() else {
        return Ok(None);
    };
    let found = app.store.subscription(SubscriptionId(id)).await?;
    Ok(found.filter(|s| s.reader == reader))
}

async fn page(
    app: &App,
    reader: ReaderId,
    token: &str,
    notice: Option<String>,
) -> Result<Response, Error> {
    let found = app.store.subscriber(reader).await?;
    let subscriber = found.ok_or_else(|| gone(GONE))?;
    let notice = match (&subscriber.suppression, notice) {
        (Some(_), notice) => Some(format!(
            "{} Mail to this address is stopped, because mail servers refused it or it was reported as spam; whoever \
             runs this site can lift that.",
            notice.unwrap_or_default()
        )),
        (None, notice) => notice,
    };
    let page = ManagePage {
        layout: frame(app, "Your mail"),
        action: format!("/mail/manage/{token}"),
        address: subscriber.reader.address.to_string(),
        notice: notice.map(|text| text.trim().to_string()),
        subscriptions: subscriber.subscriptions.iter().map(entry).collect(),
        zones: zones(),
    };
    answer(&page)
}

fn entry(subscription: &Subscription) -> Entry {
    Entry {
        id: subscription.id.0,
        title: capital(&subscription.wish.scope.to_string()),
        words: capital(&order_words(&subscription.wish)),
        pending: subscription.state == Standing::Pending,
        paused: subscription.state == Standing::Paused,
        fields: Fields::of(&subscription.wish),
    }
}
