//! `/admin/mail`: what waits to be sent, and which addresses are not written to.

use askama::Template;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{Html, Response};
use domain::address::MailAddress;
use serde_json::json;
use store::{Letter, Suppression};

use super::{SHOWN, time};
use crate::account::Viewer;
use crate::cache::not_kept;
use crate::error::Error;
use crate::pages::acted::acted;
use crate::pages::form::Form;
use crate::pages::query::Query;
use crate::state::App;
use crate::view::{Layout, cut, number};

#[derive(Debug, Template)]
#[template(path = "admin_mail.html")]
struct MailPage {
    layout: Layout,
    /// Mail is switched off.
    off: bool,
    totals: Vec<(&'static str, String)>,
    letters: Vec<LetterView>,
    suppressed: Vec<SuppressionView>,
    /// The address after which the list goes on.
    after: Option<String>,
}

#[derive(Debug)]
struct LetterView {
    words: String,
    error: String,
}

#[derive(Debug)]
struct SuppressionView {
    address: String,
    words: String,
}

/// `GET /admin/mail?after=ADDRESS`.
pub(super) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    query: Query,
) -> Result<Response, Error> {
    viewer.admin()?;
    let totals = app.store.mail_totals().await?;
    let letters = app.store.unsent_letters(SHOWN).await?;
    let suppressed = app.store.suppressions(query.text("after"), SHOWN).await?;
    let more = suppressed.len() == SHOWN as usize;
    let since = totals.unsent_since.map_or("-".to_string(), time);
    let page = MailPage {
        layout: Layout::new(&app, "Mail").noindex(),
        off: !app.mail.as_ref().is_some_and(|desk| desk.sending),
        totals: vec![
            ("Subscriptions", number(totals.active)),
            ("Waiting for a yes", number(totals.pending)),
            ("Paused", number(totals.paused)),
            ("Letters not sent yet", number(totals.unsent)),
            ("The oldest due since", since),
            ("Addresses not written to", number(totals.suppressed)),
        ],
        letters: letters.iter().map(letter).collect(),
        after: suppressed
            .last()
            .filter(|_| more)
            .map(|s| s.address_key.clone()),
        suppressed: suppressed.iter().map(suppression).collect(),
    };
    Ok(not_kept(Html(page.render()?)))
}

/// A letter without its address: whoever runs the site needs no list of who reads it.
fn letter(letter: &Letter) -> LetterView {
    LetterView {
        words: format!(
            "Letter {}, {}, made {}; taken {} times, put off {} times",
            letter.id.0,
            letter.kind.as_str(),
            time(letter.composed),
            letter.attempts,
            letter.refusals
        ),
        error: cut(&letter.last_error, 300),
    }
}

fn suppression(suppression: &Suppression) -> SuppressionView {
    let note = cut(&suppression.note, 200);
    let dash = if note.is_empty() { "" } else { ": " };
    SuppressionView {
        address: suppression.address_key.clone(),
        words: format!(
            "{}, since {}{dash}{note}",
            suppression.why.as_str(),
            time(suppression.at)
        ),
    }
}

/// `POST /admin/mail` with `allow`: an address may be written to again.
pub(super) async fn allow(
    State(app): State<App>,
    viewer: Viewer,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Error> {
    viewer.admin()?;
    let form = Form::read(&body);
    let missing = || Error::not_found("This address is not among those that are not written to.");
    let address = MailAddress::parse(form.text("allow")).map_err(|_| missing())?;
    if !app.store.unsuppress(&address, app.clock.now()).await? {
        return Err(missing());
    }
    Ok(acted(&headers, "/admin/mail", json!({ "done": true })))
}
