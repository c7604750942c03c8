//! `/account/webhooks`: addresses that a person has told of new papers.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::paper::utc_day;
use domain::text::one_line;
use jiff::Timestamp;
use serde_json::{Value, json};
use store::{Delivery, DeliveryState, NewDelivery, NewWebhook, User, Webhook};

use super::acted::acted;
use super::form::Form;
use crate::account::{Viewer, secret};
use crate::cache::{Accepted, not_kept};
use crate::error::Error;
use crate::lists::QUERY_CHARS_MAX;
use crate::policy::CheckAddress;
use crate::state::App;
use crate::view::{Layout, cut, short_date};

/// How many of a webhook's deliveries are listed.
const DELIVERIES_SHOWN: u32 = 10;

/// The pages, each person's own.
pub(crate) fn private_routes() -> Router<App> {
    Router::new()
        .route("/account/webhooks", get(show).post(make))
        .route("/account/webhooks/{id}", post(change))
}

#[derive(Debug, Template)]
#[template(path = "webhooks.html")]
struct WebhooksPage {
    layout: Layout,
    closed: bool,
    /// Of the webhook that was just made; shown this once.
    secret: Option<String>,
    webhooks: Vec<WebhookView>,
    url: String,
    query: String,
    error: String,
}

#[derive(Debug)]
struct WebhookView {
    id: i64,
    url: String,
    query: String,
    made: String,
    /// Why nothing is sent, if so.
    paused: Option<String>,
    status: String,
    deliveries: Vec<DeliveryView>,
}

#[derive(Debug)]
struct DeliveryView {
    what: String,
    words: String,
    failed: bool,
}

/// `GET /account/webhooks`.
async fn show(
    State(app): State<App>,
    viewer: Viewer,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let user = viewer.reader()?;
    if Accepted::of(&headers) == Accepted::Json {
        let mut list = Vec::new();
        for webhook in app.store.webhooks_of(user.id).await? {
            let deliveries = app
                .store
                .deliveries_of(webhook.id, DELIVERIES_SHOWN)
                .await?;
            list.push(webhook_json(&webhook, &deliveries));
        }
        return Ok(not_kept(Json(list)));
    }
    Ok(not_kept(Html(filled(&app, user).await?.render()?)))
}

fn webhook_json(webhook: &Webhook, deliveries: &[Delivery]) -> Value {
    let deliveries: Vec<_> = deliveries
        .iter()
        .map(|d| {
            json!({
                "id": d.id, "state": d.state.as_str(), "papers": d.papers, "attempts": d.attempts,
                "last_error": d.last_error, "created": d.created, "ended": d.ended,
            })
        })
        .collect();
    json!({
        "id": webhook.id, "url": webhook.url, "query": webhook.query, "created": webhook.created,
        "paused": webhook.paused, "failures": webhook.failures, "last_status": webhook.last_status,
        "deliveries": deliveries,
    })
}

async fn filled(app: &App, user: &User) -> Result<WebhooksPage, Error> {
    let mut webhooks = Vec::new();
    for webhook in app.store.webhooks_of(user.id).await? {
        let deliveries = app
            .store
            .deliveries_of(webhook.id, DELIVERIES_SHOWN)
            .await?;
        webhooks.push(WebhookView {
            id: webhook.id,
            made: short_date(utc_day(webhook.created)),
            paused: webhook.paused.map(|_| webhook.last_status.clone()),
            status: status(&webhook),
            url: webhook.url,
            query: webhook.query,
            deliveries: deliveries.iter().map(delivery).collect(),
        });
    }
    Ok(WebhooksPage {
        layout: Layout::new(app, "Webhooks").noindex(),
        closed: app.policy.webhooks.is_none(),
        secret: None,
        webhooks,
        url: String::new(),
        query: String::new(),
        error: String::new(),
    })
}

fn status(webhook: &Webhook) -> String {
    match (webhook.failures, webhook.last_status.as_str()) {
        (0, "") => "nothing was sent yet".to_string(),
        (0, last) => format!("last answer: {last}"),
        (n, last) => format!("{n} attempts in a row failed: {last}"),
    }
}

fn delivery(delivery: &Delivery) -> DeliveryView {
    let what = match delivery.papers {
        0 => "a test".to_string(),
        1 => "1 paper".to_string(),
        n => format!("{n} papers"),
    };
    let day = |at: Timestamp| at.strftime("%Y-%m-%d %H:%M UTC").to_string();
    let words = match delivery.state {
        DeliveryState::Sent => format!("sent {}", day(delivery.ended.unwrap_or(delivery.created))),
        DeliveryState::Failed => format!("given up: {}", delivery.last_error),
        DeliveryState::Waiting if delivery.attempts == 0 => "waits to be sent".to_string(),
        DeliveryState::Waiting => format!(
            "failed ({}), tried again {}",
            delivery.last_error,
            day(delivery.next_at)
        ),
    };
    DeliveryView {
        what: format!("{}: {what}", day(delivery.created)),
        words,
        failed: delivery.state == DeliveryState::Failed,
    }
}

fn checker(app: &App) -> Result<&CheckAddress, Error> {
    app.policy.webhooks.as_ref().ok_or_else(|| {
        Error::Forbidden(
            "This site sends no webhooks; its admin has switched them off.".to_string(),
        )
    })
}

/// `POST /account/webhooks` with `url` and `query`.
async fn make(
    State(app): State<App>,
    viewer: Viewer,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Error> {
    let user = viewer.writer()?;
    let check = checker(&app)?;
    let form = Form::read(&body);
    let query = one_line(form.text("query"));
    let is_json = Accepted::of(&headers) == Accepted::Json;
    let fault = match check(form.text("url")) {
        Err(why) => format!("Messages cannot be sent there: {why}."),
        Ok(_) if query.chars().count() > QUERY_CHARS_MAX => {
            format!("The query is longer than {QUERY_CHARS_MAX} characters.")
        }
        Ok(url) => {
            let secret = fresh_secret()?;
            let new = NewWebhook {
                account: user.id,
                url: &url,
                secret: &secret,
                query: &query,
            };
            match app.store.make_webhook(new, app.clock.now()).await? {
                Some(id) if is_json => {
                    let body = json!({ "id": id, "url": url, "query": query, "secret": secret });
                    return Ok(not_kept((StatusCode::CREATED, Json(body))));
                }
                Some(_) => {
                    let mut page = filled(&app, user).await?;
                    page.secret = Some(secret);
                    return Ok(not_kept((StatusCode::CREATED, Html(page.render()?))));
                }
                None => format!(
                    "You have {} webhooks, which is as many as one may have.",
                    store::WEBHOOKS_MAX
                ),
            }
        }
    };
    if is_json {
        return Err(Error::BadRequest(fault));
    }
    let mut page = filled(&app, user).await?;
    page.url = cut(form.text("url"), 2_000);
    page.query = query;
    page.error = fault;
    Ok(not_kept((StatusCode::BAD_REQUEST, Html(page.render()?))))
}

/// A secret as Standard Webhooks spells them: `whsec_` and the base64 of 32 random bytes.
fn fresh_secret() -> Result<String, Error> {
    let bytes = secret::unhex(&secret::fresh()?)
        .ok_or_else(|| Error::Render("a fresh secret is not hexadecimal".to_string()))?;
    Ok(format!("whsec_{}", STANDARD.encode(bytes)))
}

/// `POST /account/webhooks/{id}` with `act`: `test`, `pause`, `resume`, `delete`.
async fn change(
    State(app): State<App>,
    viewer: Viewer,
    headers: HeaderMap,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Error> {
    let user = viewer.writer()?;
    let id = id.parse().unwrap_or(-1);
    let webhook = app.store.webhook(id, user.id).await?;
    let webhook = webhook.ok_or_else(|| Error::not_found("You have no webhook of this number."))?;
    let now = app.clock.now();
    match Form::read(&body).text("act") {
        "test" => {
            checker(&app)?;
            let waits = app.store.deliveries_of(id, DELIVERIES_SHOWN).await?;
            let tests = |d: &&Delivery| d.papers == 0 && d.state == DeliveryState::Waiting;
            if waits.iter().any(|d| tests(&d)) {
                return Err(Error::BadRequest(
                    "A test waits to be sent already.".to_string(),
                ));
            }
            let delivery = NewDelivery {
                webhook: id,
                papers: Vec::new(),
                payload: test_payload(&app, &webhook, now),
            };
            app.store.queue_deliveries(&[], 0, &[delivery], now).await?;
        }
        "pause" => _ = app.store.pause_webhook(id, true, now).await?,
        "resume" => _ = app.store.pause_webhook(id, false, now).await?,
        "delete" => _ = app.store.delete_webhook(id).await?,
        _ => {
            return Err(Error::BadRequest(
                "What to do is test, pause, resume or delete.".to_string(),
            ));
        }
    }
    Ok(acted(
        &headers,
        "/account/webhooks",
        json!({ "done": true }),
    ))
}

fn test_payload(app: &App, webhook: &Webhook, now: Timestamp) -> String {
    json!({
        "type": "test",
        "timestamp": now,
        "data": { "site": app.site.title, "query": webhook.query, "papers": [] },
        "text": format!("{}: this is a test of your webhook.", app.site.title),
    })
    .to_string()
}
