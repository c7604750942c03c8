//! Finds out who a request is from, before anything else looks at it.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, LOCATION, REFERER, VARY};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::account::UserName;
use domain::address::MailAddress;
use jiff::{SignedDuration, Timestamp};
use store::User;

use super::cookies::{Cookie, Cookies};
use super::secret;
use super::viewer::{By, Viewer, working};
use super::{Mode, TrustedProxy, next_path};
use crate::base_url::host;
use crate::cache::Accepted;
use crate::client::peer;
use crate::error::{self, Error};
use crate::origin;
use crate::state::App;
use crate::suffix::split_suffix;
use crate::view::query_value;

/// How long a session lasts after its last use.
pub(crate) const SESSION_GOOD: SignedDuration = SignedDuration::from_hours(90 * 24);

/// How old the last note of a use must be for another one.
const SEEN_STEP: SignedDuration = SignedDuration::from_hours(1);

/// Who vouches, where a proxy does, in the table of identities.
const PROXY: &str = "proxy";

/// Middleware: finds out who asks; refuses what another site makes a browser send; lets pages know for whom they are;
/// leads those who must sign in first to where they can.
pub async fn know(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let (uri, headers) = (request.uri().clone(), request.headers().clone());
    let changes = !matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    let from = peer(request.extensions());
    let viewer = match find(&app, &headers, from).await {
        Ok(viewer) => viewer,
        Err(fault) => return error::answer(&app, fault, &uri, &headers),
    };
    // A token is no right that a browser carries along by itself.
    let by_token = matches!(viewer.by(), Some(By::Token(_)));
    if changes
        && !by_token
        && let Err(fault) = origin::ours(&headers)
    {
        return error::answer(&app, fault, &uri, &headers);
    }
    request.extensions_mut().insert(viewer.clone());
    let mut response = working(viewer.clone(), next.run(request)).await;
    if changes && viewer.owns_the_machine() && !response.status().is_client_error() {
        // The pages that are kept are the owner's own.
        app.status.data_changed();
    }
    mark_as_personal(&app, &viewer, &mut response);
    if response.status() == StatusCode::UNAUTHORIZED && app.people.signs_in() {
        return led_to_sign_in(response, changes, &uri, &headers);
    }
    response
}

async fn find(app: &App, headers: &HeaderMap, from: Option<IpAddr>) -> Result<Viewer, Error> {
    if app.people.mode == Mode::Nobody {
        return Ok(Viewer::default());
    }
    if headers.contains_key(AUTHORIZATION)
        && let Some(secret) = secret::bearer(headers.get(AUTHORIZATION))
    {
        return by_token(app, secret).await;
    }
    match &app.people.mode {
        Mode::Nobody => Ok(Viewer::default()),
        Mode::Single(id) if is_of_this_machine(headers) => {
            let user = app.store.user(*id).await?;
            Ok(user.map_or_else(Viewer::default, |user| Viewer::known(user, By::Machine)))
        }
        Mode::Single(_) => Ok(Viewer::default()),
        Mode::SignIn => by_session(app, headers).await,
        Mode::Proxy(proxy) => by_proxy(app, proxy, headers, from).await,
    }
}

/// Whether a request names this machine by a name that only this machine has. A page of another site can give its own
/// name this machine's address; the browser then says that name.
fn is_of_this_machine(headers: &HeaderMap) -> bool {
    let host = host(headers).ok().flatten().unwrap_or_default();
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let address = name.parse::<std::net::IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|ip| ip.is_loopback())
}

async fn by_token(app: &App, secret: &str) -> Result<Viewer, Error> {
    let (digest, now) = (secret::digest(secret), app.clock.now());
    let Some((user, scope)) = app.store.token_user(&digest, now).await? else {
        return Err(Error::SignIn(
            "This token is not valid: it was revoked, or its time is over.".to_string(),
        ));
    };
    app.store.use_token(&digest, now).await?;
    Ok(Viewer::known(user, By::Token(scope)))
}

async fn by_session(app: &App, headers: &HeaderMap) -> Result<Viewer, Error> {
    let Some(secret) = Cookies::of(app).read(headers, Cookie::Session) else {
        return Ok(Viewer::default());
    };
    if !secret::is_secret(secret) {
        return Ok(Viewer::default());
    }
    let (digest, now) = (secret::digest(secret), app.clock.now());
    let Some(user) = app.store.session_user(&digest, now).await? else {
        return Ok(Viewer::default());
    };
    note_use(app, &user, &digest, now).await?;
    Ok(Viewer::known(user, By::Session(digest)))
}

async fn note_use(app: &App, user: &User, digest: &str, now: Timestamp) -> Result<(), Error> {
    if now.duration_since(user.seen) > SEEN_STEP {
        app.store.saw_user(user.id, now).await?;
        let expires = now + SESSION_GOOD;
        app.store.use_session(digest, now, expires).await?;
    }
    Ok(())
}

async fn by_proxy(
    app: &App,
    proxy: &TrustedProxy,
    headers: &HeaderMap,
    from: Option<IpAddr>,
) -> Result<Viewer, Error> {
    if !from.is_some_and(|ip| proxy.from.contains(&ip)) {
        return Ok(Viewer::default());
    }
    let text = |name| headers.get(name).and_then(|v| v.to_str().ok());
    let subject = text(&proxy.name_header).map(str::trim).unwrap_or_default();
    if subject.is_empty() {
        return Ok(Viewer::default());
    }
    let user = match app.store.identified(PROXY, subject).await? {
        Some(user) => user,
        None => {
            let name = UserName::nearest(subject).ok_or_else(|| {
                Error::Forbidden(format!(
                    "The proxy calls you `{subject}`, of which no name can be made here."
                ))
            })?;
            let address = proxy.address_header.as_ref().and_then(text);
            let address = address.and_then(|text| MailAddress::parse(text).ok());
            let now = app.clock.now();
            let identity = (PROXY, subject);
            app.store
                .identify(identity, &name, address.as_ref(), now)
                .await?
        }
    };
    if user.locked.is_some() {
        return Err(Error::Forbidden(format!(
            "Your account is locked: {}",
            user.lock_reason
        )));
    }
    let now = app.clock.now();
    if now.duration_since(user.seen) > SEEN_STEP {
        app.store.saw_user(user.id, now).await?;
    }
    Ok(Viewer::known(user, By::Proxy))
}

/// A page of somebody who is known must not be kept for others, nor for them when they have acted; and a page of
/// nobody's not for those who have signed in since.
fn mark_as_personal(app: &App, viewer: &Viewer, response: &mut Response) {
    let headers = response.headers_mut();
    let page = headers
        .get(CONTENT_TYPE)
        .is_some_and(|t| t.as_bytes().starts_with(b"text/html"));
    let not_stored = headers
        .get(CACHE_CONTROL)
        .is_some_and(|c| c.as_bytes() == b"no-store");
    if viewer.user().is_some() && !not_stored && (page || viewer.is_one_of_many()) {
        let policy = HeaderValue::from_static("private, no-cache");
        headers.insert(CACHE_CONTROL, policy);
    }
    if page && app.people.mode != Mode::Nobody {
        headers.append(VARY, HeaderValue::from_static("Cookie"));
    }
}

/// People are led to the page where they sign in, and from there back; programs get the failure as it is.
fn led_to_sign_in(response: Response, changes: bool, uri: &Uri, headers: &HeaderMap) -> Response {
    let path = uri.path();
    let program = Accepted::of(headers) != Accepted::Html
        || headers.contains_key(AUTHORIZATION)
        || path.starts_with("/api/")
        || split_suffix(path).1.is_some();
    if program {
        return response;
    }
    let back = if changes {
        let referer = headers.get(REFERER).and_then(|v| v.to_str().ok());
        let page = referer.and_then(|r| url::Url::parse(r).ok());
        page.map_or("/".to_string(), |page| page.path().to_string())
    } else {
        uri.path_and_query()
            .map_or("/".to_string(), ToString::to_string)
    };
    let address = format!("/sign-in?next={}", query_value(next_path(&back)));
    let no_store = (CACHE_CONTROL, "no-store".to_string());
    (StatusCode::SEE_OTHER, [(LOCATION, address), no_store]).into_response()
}

#[cfg(test)]
mod tests {
    use axum::http::header::HOST;

    use super::*;

    #[test]
    fn only_names_of_this_machine_alone_are_its_owners() {
        let check = |host: &str, expected: bool| {
            let headers = HeaderMap::from_iter([(HOST, host.parse().unwrap())]);
            assert_eq!(is_of_this_machine(&headers), expected, "{host}");
        };
        check("localhost:8080", true);
        check("127.0.0.1:8080", true);
        check("127.1.2.3", true);
        check("[::1]:8080", true);
        check("papers.example.org", false);
        check("127.0.0.1.evil.example.org", false);
        check("localhost.evil.example.org", false);
        check("192.168.1.2:8080", false);
        assert!(!is_of_this_machine(&HeaderMap::new()));
    }
}
