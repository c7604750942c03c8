//! Signing in with another site: there, and back.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use domain::account::UserName;
use domain::address::MailAddress;

use super::sign_in::admit;
use super::{agent, go_on, signed_in, where_people_sign_in};
use crate::account::sso::Answer;
use crate::account::{Cookie, Cookies, next_path};
use crate::base_url::BaseUrl;
use crate::client::Client;
use crate::error::Error;
use crate::pages::query::Query;
use crate::state::App;
use crate::view::path_segment;

/// Between the words of what a browser remembers while it is away.
const SEPARATOR: char = '~';
/// How many words that is at most, beside where to go afterwards.
const WORDS_MAX: usize = 8;

fn back(base: &BaseUrl) -> String {
    base.join("/sign-in/back")
}

/// `GET /sign-in/with?next=`: to the other site.
pub(super) async fn begin(
    State(app): State<App>,
    client: Client,
    base: BaseUrl,
    query: Query,
) -> Result<Response, Error> {
    where_people_sign_in(&app)?;
    admit(&app, client)?;
    let sso = app.people.sso.as_ref().ok_or_else(none)?;
    let begun = sso.begin(&back(&base)).await.map_err(Error::Unavailable)?;
    let mut words = begun.memory;
    words.push(path_segment(next_path(query.text("next"))));
    let memory = words.join(&SEPARATOR.to_string());
    go_on(
        &begun.address,
        [Cookies::of(&app).set(Cookie::SignOn, &memory)],
    )
}

fn none() -> Error {
    Error::not_found("No other site signs people in here.")
}

/// `GET /sign-in/back?state=&code=`: from the other site.
pub(super) async fn finish(
    State(app): State<App>,
    base: BaseUrl,
    headers: HeaderMap,
    query: Query,
) -> Result<Response, Error> {
    where_people_sign_in(&app)?;
    let sso = app.people.sso.as_ref().ok_or_else(none)?;
    if !query.text("error").is_empty() {
        return Err(Error::Forbidden(format!(
            "{} did not sign you in ({}).",
            sso.name(),
            query.text("error")
        )));
    }
    let cookies = Cookies::of(&app);
    let memory = cookies.read(&headers, Cookie::SignOn);
    let mut words: Vec<String> = memory
        .unwrap_or_default()
        .split(SEPARATOR)
        .take(WORDS_MAX)
        .map(str::to_string)
        .collect();
    let next = words.pop().unwrap_or_default();
    let next = percent_encoding::percent_decode_str(&next).decode_utf8_lossy();
    if words.is_empty() {
        return Err(Error::BadRequest(
            "This browser did not begin to sign in here, or longer than ten minutes ago. Begin again."
                .to_string(),
        ));
    }
    let answer = Answer {
        state: query.text("state"),
        code: query.text("code"),
    };
    let vouched = sso
        .finish(&back(&base), &words, answer)
        .await
        .map_err(Error::Forbidden)?;
    let called = vouched.name.as_deref().or(vouched.address.as_deref());
    let name = [called, Some(vouched.subject.as_str())]
        .into_iter()
        .flatten()
        .find_map(UserName::nearest);
    // A name of letters that no name here has: they can choose another in the settings.
    let name = name.or_else(|| UserName::nearest("reader"));
    let name = name.ok_or_else(none)?;
    let address = vouched.address.as_deref();
    let address = address.and_then(|text| MailAddress::parse(text).ok());
    let identity = (vouched.issuer.as_str(), vouched.subject.as_str());
    let now = app.clock.now();
    let user = app
        .store
        .identify(identity, &name, address.as_ref(), now)
        .await?;
    let mut response = signed_in(&app, &user, &agent(&headers), next_path(&next)).await?;
    let (name, value) = cookies.unset(Cookie::SignOn);
    if let Ok(value) = value.parse() {
        response.headers_mut().append(name, value);
    }
    Ok(response)
}
