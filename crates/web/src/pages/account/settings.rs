//! `/account`: what one can set about oneself.

use askama::Template;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use domain::account::{Scope, UserName};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use store::{Session, Token, User};

use super::{by_mail, go_on, in_person, own, sentence, shown_again};
use crate::account::{Viewer, password};
use crate::error::Error;
use crate::pages::form::Form;
use crate::state::App;
use crate::view::{Layout, cut, plain_date};

/// Longest text about oneself, in characters.
const ABOUT_CHARS: usize = 500;

#[derive(Debug, Template)]
#[template(path = "account.html")]
pub(super) struct SettingsPage {
    layout: Layout,
    user: User,
    /// Whether they sign in here, with a password and in browsers.
    signs_in: bool,
    by_mail: bool,
    since: String,
    sessions: Vec<SessionView>,
    tokens: Vec<TokenView>,
    fault: Option<String>,
    /// A token that was just made.
    token: Option<String>,
}

#[derive(Debug)]
struct SessionView {
    digest: String,
    words: String,
    this: bool,
}

#[derive(Debug)]
struct TokenView {
    id: i64,
    name: String,
    words: String,
}

/// `GET /account`.
pub(super) async fn show(State(app): State<App>, viewer: Viewer) -> Result<Response, Error> {
    in_person(&viewer)?;
    own(&page(&app, &viewer, None, None).await?)
}

/// The page, with what is wrong or a token that was just made.
pub(super) async fn page(
    app: &App,
    viewer: &Viewer,
    fault: Option<String>,
    token: Option<String>,
) -> Result<SettingsPage, Error> {
    let user = viewer.reader()?;
    let zone = &app.site.time_zone;
    let sessions = app.store.sessions(user.id, app.clock.now()).await?;
    let tokens = app.store.tokens(user.id).await?;
    Ok(SettingsPage {
        layout: Layout::new(app, "Your account").noindex(),
        signs_in: app.people.signs_in(),
        by_mail: by_mail(app),
        since: day(user.created, zone),
        sessions: sessions
            .into_iter()
            .map(|s| SessionView::new(s, viewer, zone))
            .collect(),
        tokens: tokens.iter().map(|t| TokenView::new(t, zone)).collect(),
        fault,
        token,
        user: user.clone(),
    })
}

fn day(at: Timestamp, zone: &TimeZone) -> String {
    plain_date(at.to_zoned(zone.clone()).date())
}

impl SessionView {
    fn new(session: Session, viewer: &Viewer, zone: &TimeZone) -> Self {
        let agent = match session.agent.as_str() {
            "" => "A browser that does not say its name".to_string(),
            agent => cut(agent, 80),
        };
        let (since, seen) = (day(session.created, zone), day(session.seen, zone));
        SessionView {
            words: format!("{agent}, since {since}, last used {seen}"),
            this: viewer.session() == Some(session.digest.as_str()),
            digest: session.digest,
        }
    }
}

impl TokenView {
    fn new(token: &Token, zone: &TimeZone) -> Self {
        let scope = match token.scope {
            Scope::Read => "reads",
            Scope::Write => "reads and writes",
            Scope::Admin => "everything your role may",
        };
        let used = token.used.map_or("never used".to_string(), |at| {
            format!("last used {}", day(at, zone))
        });
        let ends = token.expires.map_or(String::new(), |at| {
            format!(", good until {}", day(at, zone))
        });
        let made = day(token.created, zone);
        TokenView {
            id: token.id,
            name: token.name.clone(),
            words: format!("{scope}; made {made}, {used}{ends}"),
        }
    }
}

/// `POST /account/profile` with `name` and `about`.
pub(super) async fn profile(
    State(app): State<App>,
    viewer: Viewer,
    body: Bytes,
) -> Result<Response, Error> {
    let user = in_person(&viewer)?;
    let form = Form::read(&body);
    let about = form.text("about");
    let name = UserName::parse(form.text("name"));
    let fault = match &name {
        Err(e) => Some(sentence(&e.to_string())),
        Ok(_) if about.chars().count() > ABOUT_CHARS => Some(format!(
            "What you say of yourself has at most {ABOUT_CHARS} characters."
        )),
        Ok(name) if *name != user.name && !app.store.rename_user(user.id, name).await? => {
            Some(format!("The name {name} is taken. Choose another."))
        }
        Ok(_) => None,
    };
    if fault.is_some() {
        let mut page = page(&app, &viewer, fault, None).await?;
        page.user.about = cut(about, 4 * ABOUT_CHARS);
        return Ok(shown_again(own(&page)?));
    }
    app.store.set_about(user.id, about).await?;
    go_on("/account", [])
}

/// `POST /account/password` with `old` and `new`; an empty new one is removed, where a mailed link still signs in.
pub(super) async fn password(
    State(app): State<App>,
    viewer: Viewer,
    body: Bytes,
) -> Result<Response, Error> {
    let user = in_person(&viewer)?;
    let form = Form::read(&body);
    let people = &app.people;
    people
        .throttles
        .device
        .admit(&user.id.0.to_string(), "Too many tries")?;
    let kept = app.store.password_of(user.id).await?;
    let right = match &kept {
        None => true,
        hash => {
            people
                .passwords
                .verify(form.raw("old"), hash.as_deref())
                .await?
        }
    };
    let new = form.raw("new");
    let reachable = user.address.is_some() && by_mail(&app);
    let told = [
        user.name.as_str(),
        user.address.as_ref().map_or("", |a| a.as_str()),
    ];
    let fault = match new {
        _ if !right => Some("The old password is not right.".to_string()),
        "" if reachable => None,
        "" => Some("Without a password you could not sign in any more.".to_string()),
        new => password::fault(new, &told),
    };
    if fault.is_some() {
        let page = page(&app, &viewer, fault, None).await?;
        return Ok(shown_again(own(&page)?));
    }
    let hash = match new {
        "" => None,
        new => Some(people.passwords.hash(new).await?),
    };
    let keep = viewer.session();
    app.store
        .set_password(user.id, hash.as_deref(), keep)
        .await?;
    go_on("/account", [])
}
