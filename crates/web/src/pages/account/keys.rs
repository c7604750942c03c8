//! What acts in one's name: signed-in browsers, and tokens for programs.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use domain::account::Scope;
use jiff::SignedDuration;

use super::{go_on, in_person, own, settings, shown_again};
use crate::account::{Viewer, secret};
use crate::error::Error;
use crate::pages::form::Form;
use crate::state::App;

/// Longest name of a token, in characters.
const NAME_CHARS: usize = 60;

/// `POST /account/sessions` with `session` (a digest) or `others`.
pub(super) async fn close_session(
    State(app): State<App>,
    viewer: Viewer,
    body: Bytes,
) -> Result<Response, Error> {
    let user = in_person(&viewer)?;
    let form = Form::read(&body);
    if form.has("others") {
        let keep = viewer.session().unwrap_or_default();
        app.store.close_other_sessions(user.id, keep).await?;
    } else {
        let session = form.text("session");
        app.store.close_session(user.id, session).await?;
    }
    go_on("/account#browsers", [])
}

/// `POST /account/tokens` with `name`, `scope` and `days`: shows the token, this once.
pub(super) async fn add_token(
    State(app): State<App>,
    viewer: Viewer,
    body: Bytes,
) -> Result<Response, Error> {
    let user = in_person(&viewer)?;
    let form = Form::read(&body);
    let fault = |words: &str| Some(words.to_string());
    let name = form.text("name");
    let scope = Scope::from_short(form.text("scope"));
    let days = match form.text("days") {
        "" => Some(None),
        text => text
            .parse()
            .ok()
            .filter(|d| (1..=3_650).contains(d))
            .map(Some),
    };
    let wrong = match (name.chars().count(), scope, days) {
        (1..=NAME_CHARS, Some(_), Some(_)) => None,
        (0, ..) => fault("Give the token a name, by which you will know what it is for."),
        (_, Some(_), Some(_)) => fault("The name of a token has at most 60 characters."),
        (_, None, _) => fault("A token is for reading, for writing, or for everything."),
        (.., None) => fault("A token is good for 1 to 3650 days, or, left empty, until revoked."),
    };
    let (Some(scope), Some(days), None) = (scope, days, &wrong) else {
        let page = settings::page(&app, &viewer, wrong, None).await?;
        return Ok(shown_again(own(&page)?));
    };
    let (secret, now) = (secret::fresh()?, app.clock.now());
    let expires = days.map(|days: i64| now + SignedDuration::from_hours(24 * days));
    let digest = secret::digest(&secret);
    let added = app
        .store
        .add_token(user.id, &digest, name, scope, now, expires);
    let token = match added.await? {
        Some(_) => Ok(format!("{}{secret}", secret::TOKEN_PREFIX)),
        None => Err("You have fifty tokens; revoke one first."),
    };
    let page = match token {
        Ok(token) => settings::page(&app, &viewer, None, Some(token)).await?,
        Err(words) => settings::page(&app, &viewer, fault(words), None).await?,
    };
    own(&page)
}

/// `POST /account/tokens/{token}/revoke`.
pub(super) async fn revoke_token(
    State(app): State<App>,
    viewer: Viewer,
    Path(token): Path<String>,
) -> Result<Response, Error> {
    let user = in_person(&viewer)?;
    let id = token.parse().unwrap_or(0);
    if !app.store.revoke_token(user.id, id).await? {
        return Err(Error::not_found("There is no such token of yours."));
    }
    go_on("/account#tokens", [])
}
