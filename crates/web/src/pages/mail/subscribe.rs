//! `/subscribe`: asks for mail. The answer is the same whether an address is known or not; what is new to it comes by
//! mail, and only its owner reads that.

use askama::Template;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::address::MailAddress;
use domain::subscription::{Scope, Wish};
use store::Asked;

use super::wish::{Fields, read, zones};
use super::{AnswerPage, answer, capital, desk};
use crate::account::viewer;
use crate::client::Client;
use crate::error::Error;
use crate::lists::QUERY_CHARS_MAX;
use crate::mail::desk::{BOUNDS, Desk};
use crate::pages::form::Form;
use crate::pages::query::Query;
use crate::state::App;
use crate::view::{Layout, cut};

/// The page.
#[derive(Debug, Template)]
#[template(path = "subscribe.html")]
struct SubscribePage {
    layout: Layout,
    /// Mail is switched off.
    off: bool,
    /// What was wrong with what was sent.
    fault: Option<String>,
    address: String,
    fields: Fields,
    zones: &'static [String],
}

impl SubscribePage {
    fn new(app: &App, fields: Fields) -> Self {
        let mut layout = Layout::new(app, "By mail");
        layout.description = format!("New papers of {} by mail, daily or weekly.", layout.site);
        SubscribePage {
            layout,
            off: !app.mail.as_ref().is_some_and(|desk| desk.sending),
            fault: None,
            address: String::new(),
            fields,
            zones: zones(),
        }
    }
}

/// `GET /subscribe`; `?q=` and `?cat=` fill the form in.
pub(super) async fn show(State(app): State<App>, query: Query) -> Result<Response, Error> {
    let zone = app.site.time_zone.iana_name().unwrap_or("UTC");
    let mut fields = Fields::fresh(zone);
    let (words, category) = (query.text("q"), query.text("cat"));
    if !words.is_empty() {
        fields.scope = "query".to_string();
        fields.query = cut(words, QUERY_CHARS_MAX);
    } else if !category.is_empty() {
        fields.scope = "categories".to_string();
        fields.categories = cut(category, 60);
    }
    let mut page = SubscribePage::new(&app, fields);
    if let Some(address) = viewer().user().and_then(|user| user.address.as_ref()) {
        page.address = address.to_string();
    }
    answer(&page)
}

/// `POST /subscribe`.
pub(super) async fn take(
    State(app): State<App>,
    client: Client,
    body: Bytes,
) -> Result<Response, Error> {
    let desk = sending(&app)?;
    let form = Form::read(&body);
    let asked = MailAddress::parse(form.raw("address"))
        .map_err(|e| e.to_string())
        .and_then(|address| Ok((address, wanted(&form)?)));
    match asked {
        Err(fault) => refused(&app, &form, &fault),
        Ok((address, wish)) => {
            desk.admit(client, app.clock.now())?;
            ask(&app, desk, &address, Some(&wish)).await
        }
    }
}

/// `POST /subscribe/link`: asks for the link under which subscriptions are changed.
pub(super) async fn link(
    State(app): State<App>,
    client: Client,
    body: Bytes,
) -> Result<Response, Error> {
    let desk = sending(&app)?;
    let form = Form::read(&body);
    match MailAddress::parse(form.raw("address")) {
        Err(fault) => refused(&app, &form, &fault.to_string()),
        Ok(address) => {
            desk.admit(client, app.clock.now())?;
            ask(&app, desk, &address, None).await
        }
    }
}

fn sending(app: &App) -> Result<&Desk, Error> {
    let off = || Error::NotFound {
        text: "Mail is switched off on this site.".to_string(),
        links: vec![("Every list is a feed".to_string(), "/feeds".to_string())],
    };
    desk(app).ok().filter(|d| d.sending).ok_or_else(off)
}

/// The wish, if it can be granted: a query must ask for something, and for more than one paper.
fn wanted(form: &Form) -> Result<Wish, String> {
    let wish = read(form).map_err(|e| e.to_string())?;
    checked(wish)
}

/// The wish, if its query can find something.
pub(super) fn checked(wish: Wish) -> Result<Wish, String> {
    if let Scope::Query(text) = &wish.scope {
        let parsed = search::query::parse(text);
        if let Some(id) = &parsed.direct {
            return Err(format!(
                "{id} is one paper, not a search; type words, author:name or cat:cs.CL"
            ));
        }
        if parsed.items.is_empty() || !text.contains(char::is_alphanumeric) {
            return Err(
                "the search asks for nothing; type words, author:name or cat:cs.CL".to_string(),
            );
        }
        if let Some(hint) = parsed.hints.first() {
            return Err(format!("the search is not understood as typed: {hint}"));
        }
    }
    Ok(wish)
}

/// The form again, with everything that was typed and the reason.
fn refused(app: &App, form: &Form, fault: &str) -> Result<Response, Error> {
    let mut page = SubscribePage::new(app, Fields::returned(form));
    if !form.has("scope") {
        let zone = app.site.time_zone.iana_name().unwrap_or("UTC");
        page.fields = Fields::fresh(zone);
    }
    page.address = cut(form.text("address"), 300);
    let end = if fault.ends_with('.') { "" } else { "." };
    page.fault = Some(format!("{}{end}", capital(fault)));
    let mut response = answer(&page)?;
    *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(response)
}

async fn ask(
    app: &App,
    desk: &Desk,
    address: &MailAddress,
    wish: Option<&Wish>,
) -> Result<Response, Error> {
    let now = app.clock.now();
    let asked = app.store.ask_for_mail(address, wish, BOUNDS, now).await?;
    let outcome = match asked {
        Asked::Letter(kind) => kind.as_str(),
        Asked::Unknown => "unknown",
        Asked::Enough => "enough",
        Asked::Suppressed => "suppressed",
        Asked::Busy => "busy",
    };
    metrics::counter!("mail_requests_total", "outcome" => outcome).increment(1);
    if let Asked::Letter(_) = asked {
        desk.wake.notify_one();
    }
    if asked == Asked::Busy {
        return Err(Error::TooMany(
            "This site was asked for more mail than it sends within an hour. Try again later."
                .to_string(),
        ));
    }
    // From here on the answer is the same for every address.
    let page = AnswerPage::new(app, "Look into your mail");
    let page = match wish {
        Some(_) => page.saying(
            "A mail is on its way to the address that you gave. Follow the link in it and say yes: until then nothing \
             is sent.",
        ),
        None => page.saying(
            "If this address gets mail from here, a mail with the link to change it is on its way.",
        ),
    };
    let page = page
        .saying("The link is good for two days. An address gets at most three such mails a day, so if none comes, look into the folder for spam, and try again tomorrow.")
        .linking("Today's papers", "/");
    Ok(answer(&page)?.into_response())
}
