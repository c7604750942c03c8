//! Signing in: by name and password, or by a mailed link; and out again.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use domain::account::UserName;
use domain::address::MailAddress;
use store::{LinkPurpose, MailedLink, User};

use super::{
    agent, by_mail, go_on, mail_link as send_link, own, shown_again, signed_in,
    where_people_sign_in,
};
use crate::account::{Cookie, Cookies, SignUp, Viewer, next_path, secret};
use crate::client::Client;
use crate::error::Error;
use crate::pages::form::Form;
use crate::pages::query::Query;
use crate::state::App;
use crate::view::Layout;

#[derive(Debug, Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    layout: Layout,
    who: String,
    next: String,
    fault: Option<String>,
    by_mail: bool,
    elsewhere: Option<String>,
    sign_up: bool,
    set_up: bool,
}

/// A page with a few words, and one button where something remains to be done.
#[derive(Debug, Template)]
#[template(path = "account_step.html")]
pub(super) struct StepPage {
    pub(super) layout: Layout,
    pub(super) title: String,
    pub(super) words: Vec<String>,
    /// The address to which the button posts, and its words.
    pub(super) button: Option<(String, &'static str)>,
    /// A field that the button sends along: its name, label and value.
    pub(super) field: Option<(&'static str, &'static str, String)>,
    pub(super) fault: Option<String>,
}

/// `GET /sign-in`.
pub(super) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    query: Query,
) -> Result<Response, Error> {
    where_people_sign_in(&app)?;
    let next = next_path(query.text("next")).to_string();
    if viewer.user().is_some() {
        return go_on(&next, []);
    }
    own(&page(&app, String::new(), next, None).await?)
}

async fn page(
    app: &App,
    who: String,
    next: String,
    fault: Option<String>,
) -> Result<SignInPage, Error> {
    let people = &app.people;
    Ok(SignInPage {
        layout: Layout::new(app, "Sign in").noindex(),
        who,
        next,
        fault,
        by_mail: by_mail(app),
        elsewhere: people.sso.as_ref().map(|sso| sso.name().to_string()),
        sign_up: people.sign_up == SignUp::Open,
        set_up: people.setup_code.is_some() && app.store.count_users().await? == 0,
    })
}

/// `POST /sign-in` with `who` (a name or an address), `password` and `next`.
pub(super) async fn enter(
    State(app): State<App>,
    client: Client,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Error> {
    where_people_sign_in(&app)?;
    let form = Form::read(&body);
    let (who, password) = (form.text("who"), form.raw("password"));
    let next = next_path(form.text("next"));
    admit(&app, client)?;
    let user = find(&app, who).await?;
    let known_browser = user.as_ref().is_some_and(|user| {
        let mark = Cookies::of(&app).read(&headers, Cookie::Browser);
        mark.is_some_and(|mark| app.people.marker.is_marked(mark, user.id.0))
    });
    let throttles = &app.people.throttles;
    let key = user
        .as_ref()
        .map_or_else(|| who.to_ascii_lowercase(), |user| user.id.0.to_string());
    let throttle = if known_browser {
        &throttles.device
    } else {
        &throttles.name
    };
    // Counted before the password is looked at, so that a thousand tries at once are a thousand.
    if let Err(Error::TooMany(words)) = throttle.admit(&key, "Too many tries for this account") {
        let way_out = if by_mail(&app) {
            " A mailed link still works, and so does a browser in which you have signed in before."
        } else {
            " A browser in which you have signed in before still works."
        };
        return Err(Error::TooMany(format!("{words}{way_out}")));
    }
    let hash = match &user {
        Some(user) => app.store.password_of(user.id).await?,
        None => None,
    };
    let right = app.people.passwords.verify(password, hash.as_deref());
    match (right.await?, user) {
        (true, Some(user)) => signed_in(&app, &user, &agent(&headers), next).await,
        _ => {
            let fault = "No account has this name and password.".to_string();
            let page = page(&app, who.to_string(), next.to_string(), Some(fault)).await?;
            Ok(shown_again(own(&page)?))
        }
    }
}

/// Counts a try of a network, where it can be told.
pub(super) fn admit(app: &App, client: Client) -> Result<(), Error> {
    match client.0 {
        Some(network) => {
            let words = "Too many tries came from your network";
            app.people.throttles.network.admit(&network, words)
        }
        None => Ok(()),
    }
}

/// By name or address.
async fn find(app: &App, who: &str) -> Result<Option<User>, Error> {
    if who.contains('@') {
        return match MailAddress::parse(who) {
            Ok(address) => Ok(app.store.user_at(&address).await?),
            Err(_) => Ok(None),
        };
    }
    match UserName::parse(who) {
        Ok(name) => Ok(app.store.user_named(&name).await?),
        Err(_) => Ok(None),
    }
}

/// `POST /sign-in/link` with `who`: mails a link, if there is such an account with an address. The answer is the same
/// whether or not.
pub(super) async fn mail_link(
    State(app): State<App>,
    client: Client,
    body: Bytes,
) -> Result<Response, Error> {
    where_people_sign_in(&app)?;
    admit(&app, client)?;
    if !by_mail(&app) {
        return Err(Error::Unavailable(
            "This site cannot send mail; sign in with your password.".to_string(),
        ));
    }
    let form = Form::read(&body);
    let user = find(&app, form.text("who")).await?;
    if let Some(user) = user.filter(|user| user.locked.is_none())
        && let Some(address) = user.address
    {
        let link = MailedLink {
            purpose: LinkPurpose::SignIn,
            account: Some(user.id),
            address,
            name: None,
            password: None,
        };
        let words = [
            "With this link you sign in, once, within two hours.",
            "If you did not ask for it, do nothing: nobody can sign in without it.",
        ];
        send_link(&app, &link, ("Sign in to", &words, "Sign in")).await?;
    }
    let words = [
        "If there is an account of this name or address, a link was mailed to it. It is good once, for two hours.",
        "Nothing came? Look among junk mail, and whether the name is right. At most five links go out in an hour.",
    ];
    own(&step(&app, "Look at your mail", &words))
}

pub(super) fn step(app: &App, title: &str, words: &[&str]) -> StepPage {
    StepPage {
        layout: Layout::new(app, title).noindex(),
        title: title.to_string(),
        words: words.iter().map(ToString::to_string).collect(),
        button: None,
        field: None,
        fault: None,
    }
}

/// A link that is used up, over, or none of ours.
pub(super) fn spent() -> Error {
    Error::NotFound {
        text: "This link is not good: it was used already, its two hours are over, or it was cut in two on the way."
            .to_string(),
        links: vec![("Sign in, or ask for a new link".to_string(), "/sign-in".to_string())],
    }
}

/// `GET /sign-in/{token}`: only a button, for programs that check mails open every link in them.
pub(super) async fn show_link(
    State(app): State<App>,
    Path(token): Path<String>,
) -> Result<Response, Error> {
    where_people_sign_in(&app)?;
    let digest = secret::digest(&token);
    let link = app.store.link(&digest, app.clock.now());
    let link = link.await?.filter(|l| l.purpose == LinkPurpose::SignIn);
    link.ok_or_else(spent)?;
    let mut page = step(
        &app,
        "Sign in",
        &["One more step: this browser will be signed in."],
    );
    page.button = Some((format!("/sign-in/{token}"), "Sign in"));
    own(&page)
}

/// `POST /sign-in/{token}`.
pub(super) async fn follow_link(
    State(app): State<App>,
    headers: HeaderMap,
    Path(token): Path<String>,
) -> Result<Response, Error> {
    where_people_sign_in(&app)?;
    let (digest, now) = (secret::digest(&token), app.clock.now());
    let link = app.store.link(&digest, now).await?;
    if link.is_none_or(|l| l.purpose != LinkPurpose::SignIn) {
        return Err(spent());
    }
    let link = app.store.take_link(&digest, now).await?.ok_or_else(spent)?;
    let user = match link.account {
        Some(account) => app.store.user(account).await?,
        None => None,
    };
    signed_in(&app, &user.ok_or_else(spent)?, &agent(&headers), "/").await
}

/// `POST /sign-out`.
pub(super) async fn leave(State(app): State<App>, viewer: Viewer) -> Result<Response, Error> {
    if let (Some(id), Some(session)) = (viewer.id(), viewer.session()) {
        app.store.close_session(id, session).await?;
    }
    go_on("/", [Cookies::of(&app).unset(Cookie::Session)])
}
