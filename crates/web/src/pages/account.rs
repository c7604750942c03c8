//! One's own account: signing up, in and out, settings, take-out and leaving.

mod address;
mod export;
mod keys;
mod leave;
mod profile;
mod set_up;
mod settings;
mod sign_in;
mod sign_on;
mod sign_up;

use axum::Router;
use axum::http::header::LOCATION;
use axum::http::{HeaderName, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use domain::address::MailAddress;
use jiff::SignedDuration;
use store::{LinkPurpose, MailedLink, User};

use crate::account::secret;
use crate::account::{Cookies, Viewer};
use crate::cache::not_kept;
use crate::error::Error;
use crate::mail::note::{Note, send_note};
use crate::state::App;

/// How long a mailed link is good.
const LINK_GOOD: SignedDuration = SignedDuration::from_hours(2);
/// How many links go to one address within [`LINKS_WITHIN`].
const LINKS_MAX: u32 = 5;
const LINKS_WITHIN: SignedDuration = SignedDuration::from_hours(1);

/// What is one person's alone: nothing of it may be kept.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/sign-in", get(sign_in::show).post(sign_in::enter))
        .route("/sign-in/link", post(sign_in::mail_link))
        .route("/sign-in/with", get(sign_on::begin))
        .route("/sign-in/back", get(sign_on::finish))
        .route(
            "/sign-in/{token}",
            get(sign_in::show_link).post(sign_in::follow_link),
        )
        .route("/sign-out", post(sign_in::leave))
        .route("/sign-up", get(sign_up::show).post(sign_up::ask))
        .route(
            "/sign-up/{token}",
            get(sign_up::show_link).post(sign_up::confirm),
        )
        .route("/set-up", get(set_up::show).post(set_up::make))
        .route("/account", get(settings::show))
        .route("/account/profile", post(settings::profile))
        .route("/account/password", post(settings::password))
        .route("/account/address", post(address::ask))
        .route(
            "/account/address/{token}",
            get(address::show).post(address::confirm),
        )
        .route("/account/sessions", post(keys::close_session))
        .route("/account/tokens", post(keys::add_token))
        .route("/account/tokens/{token}/revoke", post(keys::revoke_token))
        .route("/account/export.jsonl", get(export::lines))
        .route("/account/delete", get(leave::show).post(leave::delete))
        .route("/users/{name}", get(profile::show))
}

/// Sends the browser on, with cookies.
fn go_on(
    to: &str,
    cookies: impl IntoIterator<Item = (HeaderName, String)>,
) -> Result<Response, Error> {
    let mut response = not_kept((StatusCode::SEE_OTHER, [(LOCATION, to.to_string())]));
    for (name, value) in cookies {
        let value = value
            .parse()
            .map_err(|e| Error::Render(format!("a cookie cannot be set: {e}")))?;
        response.headers_mut().append(name, value);
    }
    Ok(response)
}

/// A page that shows what was typed again, with what is wrong about it.
fn shown_again(page: Response) -> Response {
    let mut page = not_kept(page);
    *page.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    page
}

/// A page that only its reader may see.
fn own(page: &impl askama::Template) -> Result<Response, Error> {
    Ok(not_kept(axum::response::Html(page.render()?)))
}

/// Whoever is known by a session or the machine: a token, which may leak, does not change an account.
fn in_person(viewer: &Viewer) -> Result<&User, Error> {
    if matches!(viewer.by(), Some(crate::account::By::Token(_))) {
        return Err(Error::Forbidden(
            "An account is changed in the browser, not with a token.".to_string(),
        ));
    }
    viewer.reader()
}

/// Whether the site can mail links.
fn by_mail(app: &App) -> bool {
    app.mail.as_ref().is_some_and(|desk| desk.sending)
}

/// Keeps a link and mails it, unless too many went to this address lately: then nothing happens, and nothing says so.
async fn mail_link(
    app: &App,
    link: &MailedLink,
    (subject, lines, link_words): (&str, &[&str], &str),
) -> Result<(), Error> {
    let (secret, now) = (secret::fresh()?, app.clock.now());
    let (digest, until) = (secret::digest(&secret), now + LINK_GOOD);
    let kept = app
        .store
        .keep_link(&digest, link, (now, until), (now - LINKS_WITHIN, LINKS_MAX));
    if !kept.await? {
        return Ok(());
    }
    let folder = match link.purpose {
        LinkPurpose::SignUp => "sign-up",
        LinkPurpose::SignIn => "sign-in",
        LinkPurpose::Address => "account/address",
    };
    let note = Note {
        subject: format!("{subject} {}", app.site.title),
        lines: lines.iter().map(ToString::to_string).collect(),
        link_words: link_words.to_string(),
        path: format!("/{folder}/{secret}"),
        until,
    };
    // Whatever became of it, the page says the same.
    send_note(app, &link.address, &note).await?;
    Ok(())
}

/// Signs a browser in and sends it on.
async fn signed_in(app: &App, user: &User, agent: &str, next: &str) -> Result<Response, Error> {
    use crate::account::Cookie;
    if user.locked.is_some() {
        return Err(Error::Forbidden(format!(
            "This account is locked: {}",
            user.lock_reason
        )));
    }
    let (secret, now) = (secret::fresh()?, app.clock.now());
    let expires = now + crate::account::SESSION_GOOD;
    let digest = secret::digest(&secret);
    app.store
        .open_session(user.id, &digest, agent, now, expires)
        .await?;
    app.store.saw_user(user.id, now).await?;
    let cookies = Cookies::of(app);
    let mark = app.people.marker.mark(user.id.0);
    go_on(
        next,
        [
            cookies.set(Cookie::Session, &secret),
            cookies.set(Cookie::Browser, &mark),
        ],
    )
}

/// What a browser calls itself.
fn agent(headers: &axum::http::HeaderMap) -> String {
    let agent = headers.get(axum::http::header::USER_AGENT);
    agent.map_or(String::new(), |a| {
        String::from_utf8_lossy(a.as_bytes()).into_owned()
    })
}

/// An address as typed, or what is wrong with it as a sentence.
fn typed_address(text: &str) -> Result<MailAddress, String> {
    MailAddress::parse(text).map_err(|e| sentence(&e.to_string()))
}

/// The words of a typed error as a sentence.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string());
    let text = format!("{}{}", first.unwrap_or_default(), letters.as_str());
    if text.ends_with('.') {
        text
    } else {
        format!("{text}.")
    }
}

/// Where accounts are others' business there is no page for signing in.
fn where_people_sign_in(app: &App) -> Result<(), Error> {
    if app.people.signs_in() {
        return Ok(());
    }
    Err(Error::not_found(match app.people.mode {
        crate::account::Mode::Single(_) => {
            "Nobody signs in here: this site is for the one who runs it."
        }
        crate::account::Mode::Proxy(_) => "The server in front of this site signs people in.",
        _ => "This site has no accounts.",
    }))
}
