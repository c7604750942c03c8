//! Take-out: everything that is kept of a person, as JSON lines.

use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::Response;
use serde_json::{Value, json};
use store::User;
use store::talk::Talk;

use crate::account::Viewer;
use crate::cache::not_kept;
use crate::error::Error;
use crate::state::App;

/// `GET /account/export.jsonl`.
pub(super) async fn lines(State(app): State<App>, viewer: Viewer) -> Result<Response, Error> {
    let user = viewer.reader()?;
    let text = everything(&app, user)
        .await?
        .iter()
        .map(|line| format!("{line}\n"))
        .collect::<String>();
    let name = format!("attachment; filename=\"{}.jsonl\"", user.name);
    Ok(not_kept((
        [
            (CONTENT_TYPE, "application/x-ndjson".to_string()),
            (CONTENT_DISPOSITION, name),
        ],
        text,
    )))
}

/// What they did and said.
fn talk(talk: Talk) -> Vec<Value> {
    fn named<T: serde::Serialize>(kind: &str, things: &[T]) -> Vec<Value> {
        let line = |thing| json!({"kind": kind, "what": thing});
        things.iter().map(line).collect()
    }
    let parts = [
        named("vote", &talk.votes),
        named("save", &talk.saves),
        named("hide", &talk.hides),
        named("follow", &talk.follows),
        named("comment", &talk.comments),
        named("report", &talk.reports),
        named("notice", &talk.notices),
        named("notice-off", &talk.notices_off),
    ];
    parts.concat()
}

/// Every line; each says what it is in `kind`.
async fn everything(app: &App, user: &User) -> Result<Vec<Value>, Error> {
    let mut lines = vec![json!({
        "kind": "account",
        "name": user.name,
        "address": user.address.as_ref().map(ToString::to_string),
        "role": user.role,
        "about": user.about,
        "created": user.created,
        "seen": user.seen,
    })];
    let sessions = app.store.sessions(user.id, app.clock.now()).await?;
    lines.extend(sessions.iter().map(|s| {
        json!({"kind": "session", "agent": s.agent, "created": s.created, "seen": s.seen, "expires": s.expires})
    }));
    let tokens = app.store.tokens(user.id).await?;
    lines.extend(tokens.iter().map(|t| {
        json!({"kind": "token", "name": t.name, "scope": t.scope, "created": t.created, "used": t.used, "expires": t.expires})
    }));
    lines.extend(talk(app.store.talk_of(user.id).await?));
    lines.extend(app.store.claims_of(user.id).await?);
    if let Some(address) = &user.address
        && let Some(subscriber) = app.store.subscriber_at(address).await?
    {
        lines.extend(subscriber.subscriptions.iter().map(|s| {
            let words = crate::mail::message::wish_words(&s.wish);
            json!({"kind": "subscription", "what": words, "created": s.created})
        }));
    }
    Ok(lines)
}
