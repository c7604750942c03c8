//! `/users/{name}`: what everybody may see of a person.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use domain::account::{Role, UserName};

use crate::account::Viewer;
use crate::cache::Policy;
use crate::error::Error;
use crate::pages::html;
use crate::state::App;
use crate::view::{Layout, month_name};

#[derive(Debug, Template)]
#[template(path = "profile.html")]
struct ProfilePage {
    layout: Layout,
    name: String,
    about: String,
    since: String,
    role: Option<&'static str>,
    locked: bool,
    own: bool,
}

/// `GET /users/{name}`.
pub(super) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Path(name): Path<String>,
) -> Result<Response, Error> {
    let nobody = || Error::not_found("Nobody here has this name.");
    let name = UserName::parse(&name).map_err(|_| nobody())?;
    let user = app.store.user_named(&name).await?.ok_or_else(nobody)?;
    let since = user.created.to_zoned(app.site.time_zone.clone()).date();
    let page = ProfilePage {
        layout: Layout::new(&app, user.name.as_str()).noindex(),
        since: format!("{} {}", month_name(since.month()), since.year()),
        role: (user.role != Role::Reader).then(|| user.role.as_str()),
        locked: user.locked.is_some(),
        own: viewer.id() == Some(user.id),
        name: user.name.into(),
        about: user.about,
    };
    html(&page, Policy::Momentary)
}
