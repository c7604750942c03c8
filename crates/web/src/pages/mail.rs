//! `/subscribe`, and the pages that links in mails lead to: say yes, change, end.
//!
//! Following a link changes nothing: programs that look for viruses follow every link in a mail. Each page asks, and
//! its button does it. The one exception is what RFC 8058 wants: a bare POST to the address in a message's
//! `List-Unsubscribe` ends the subscription at once.
//!
//! None of these answers is kept, by us or by anybody, and whether an address is known here no answer tells.

mod confirm;
mod manage;
mod subscribe;
mod unsubscribe;
mod wish;

use askama::Template;
use axum::Router;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;

use crate::cache::not_kept;
use crate::error::Error;
use crate::mail::desk::Desk;
use crate::mail::token::{Purpose, TokenError};
use crate::state::App;
use crate::view::Layout;

/// Everything about mail. These stand outside of the cache.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/subscribe", get(subscribe::show).post(subscribe::take))
        .route(
            "/subscribe/link",
            get(subscribe::show).post(subscribe::link),
        )
        .route(
            "/mail/confirm/{token}",
            get(confirm::show).post(confirm::take),
        )
        .route("/mail/manage/{token}", get(manage::show).post(manage::take))
        .route(
            "/mail/unsubscribe/{token}",
            get(unsubscribe::show).post(unsubscribe::take),
        )
}

/// A short page: a heading, sentences, and at most one button.
#[derive(Debug, Template)]
#[template(path = "mail_answer.html")]
struct AnswerPage {
    layout: Layout,
    heading: String,
    paragraphs: Vec<String>,
    /// Where the button sends to, its words, and the hidden field that it sends.
    button: Option<Button>,
    /// Words and address of places to go on.
    links: Vec<(String, String)>,
}

#[derive(Debug)]
struct Button {
    action: String,
    words: &'static str,
    field: (&'static str, &'static str),
}

impl AnswerPage {
    fn new(app: &App, heading: impl Into<String>) -> Self {
        let heading = heading.into();
        AnswerPage {
            layout: frame(app, &heading),
            heading,
            paragraphs: Vec::new(),
            button: None,
            links: Vec::new(),
        }
    }

    fn saying(mut self, sentence: impl Into<String>) -> Self {
        self.paragraphs.push(sentence.into());
        self
    }

    fn linking(mut self, words: &str, href: impl Into<String>) -> Self {
        self.links.push((words.to_string(), href.into()));
        self
    }
}

/// The frame of all these pages: search engines have no business here.
fn frame(app: &App, title: &str) -> Layout {
    Layout::new(app, title).noindex()
}

fn answer(page: &impl Template) -> Result<Response, Error> {
    Ok(not_kept(Html(page.render()?).into_response()))
}

/// The desk; where there is none, mail was never switched on here.
fn desk(app: &App) -> Result<&Desk, Error> {
    app.mail.as_deref().ok_or_else(|| Error::NotFound {
        text: "Mail is switched off on this site.".to_string(),
        links: vec![("Every list is a feed".to_string(), "/feeds".to_string())],
    })
}

/// The number in a link.
fn opened(app: &App, purpose: Purpose, token: &str) -> Result<i64, Error> {
    let desk = desk(app)?;
    let opened = desk.keys.open(purpose, token, app.clock.now());
    opened.map_err(|error| {
        let what = match error {
            TokenError::Forged => "forged",
            TokenError::Expired => "expired",
        };
        metrics::counter!("mail_links_refused_total", "why" => what).increment(1);
        gone(format!("{}.", capital(&error.to_string())))
    })
}

/// A link leads nowhere any more; the text says why.
fn gone(text: impl Into<String>) -> Error {
    Error::NotFound {
        text: text.into(),
        links: vec![(
            "Subscribe, or have a new link mailed to you".to_string(),
            "/subscribe".to_string(),
        )],
    }
}

/// With a capital first letter.
fn capital(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string());
    first.unwrap_or_default() + chars.as_str()
}
