//! `/admin/people`: who has an account, and what an admin can do about it.

use askama::Template;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{Html, Response};
use axum::routing::get;
use domain::account::{Role, UserId, UserName};
use store::User;

use super::form::Form;
use super::query::Query;
use crate::account::Viewer;
use crate::cache::not_kept;
use crate::error::Error;
use crate::state::App;
use crate::view::{Layout, plain_date};

/// People of a page.
const PAGE_LEN: u32 = 100;
/// Longest reason of a lock, in characters.
const REASON_CHARS: usize = 200;

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/admin/people", get(show).post(change))
}

#[derive(Debug, Template)]
#[template(path = "people.html")]
struct PeoplePage {
    layout: Layout,
    total: u64,
    people: Vec<PersonView>,
    roles: Vec<&'static str>,
    find: String,
    after: Option<i64>,
}

#[derive(Debug)]
struct PersonView {
    user: User,
    created: String,
    seen: String,
}

/// `GET /admin/people?q=NAME&after=ID`.
async fn show(State(app): State<App>, viewer: Viewer, query: Query) -> Result<Response, Error> {
    viewer.admin()?;
    let find = query.text("q");
    let mut people = match find {
        "" => {
            let after = query.text("after").parse().ok().map(UserId);
            app.store.users_after(after, PAGE_LEN + 1).await?
        }
        name => match UserName::parse(name) {
            Ok(name) => app.store.user_named(&name).await?.into_iter().collect(),
            Err(_) => Vec::new(),
        },
    };
    let more = people.len() > PAGE_LEN as usize;
    people.truncate(PAGE_LEN as usize);
    let day = |at: jiff::Timestamp| plain_date(at.to_zoned(app.site.time_zone.clone()).date());
    let page = PeoplePage {
        layout: Layout::new(&app, "People").noindex(),
        total: app.store.count_users().await?,
        after: people.last().filter(|_| more).map(|user| user.id.0),
        people: people
            .into_iter()
            .map(|user| PersonView {
                created: day(user.created),
                seen: day(user.seen),
                user,
            })
            .collect(),
        roles: Role::ALL.map(Role::as_str).to_vec(),
        find: find.to_string(),
    };
    Ok(not_kept(Html(page.render()?)))
}

/// `POST /admin/people` with `account` and `role`, or `lock` and `reason`, or `unlock`.
async fn change(State(app): State<App>, viewer: Viewer, body: Bytes) -> Result<Response, Error> {
    viewer.admin()?;
    let form = Form::read(&body);
    let nobody = || Error::not_found("There is no such account.");
    let id = UserId(form.text("account").parse().map_err(|_| nobody())?);
    let user = app.store.user(id).await?.ok_or_else(nobody)?;
    let now = app.clock.now();
    let done = if form.has("lock") {
        let reason: String = form.text("reason").chars().take(REASON_CHARS).collect();
        if reason.is_empty() {
            return Err(Error::BadRequest(
                "Say why the account is locked; its owner will read it.".to_string(),
            ));
        }
        app.store.set_locked(user.id, Some(&reason), now).await?
    } else if form.has("unlock") {
        app.store.set_locked(user.id, None, now).await?
    } else {
        let role = Role::from_short(form.text("role")).ok_or_else(|| {
            Error::BadRequest("A role is reader, moderator or admin.".to_string())
        })?;
        app.store.set_role(user.id, role).await?
    };
    if !done {
        return Err(Error::Forbidden(
            "This is the last admin. Make somebody else one first.".to_string(),
        ));
    }
    let to = (LOCATION, "/admin/people".to_string());
    Ok(not_kept((StatusCode::SEE_OTHER, [to])))
}
