//! Leaving: the account and what was done with it go.

use askama::Template;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;

use super::sign_in::step;
use super::{in_person, own, shown_again};
use crate::account::{Cookie, Cookies, Viewer};
use crate::error::Error;
use crate::pages::form::Form;
use crate::state::App;
use crate::view::Layout;

#[derive(Debug, Template)]
#[template(path = "leave.html")]
struct LeavePage {
    layout: Layout,
    name: String,
    fault: Option<String>,
}

fn page(app: &App, name: &str, fault: Option<String>) -> LeavePage {
    LeavePage {
        layout: Layout::new(app, "Delete your account").noindex(),
        name: name.to_string(),
        fault,
    }
}

/// Where the machine itself is the account, there is nothing to leave.
fn can_leave(viewer: &Viewer) -> Result<&store::User, Error> {
    if viewer.owns_the_machine() {
        return Err(Error::Forbidden(
            "This site is yours alone: to leave, remove its data folder.".to_string(),
        ));
    }
    in_person(viewer)
}

/// `GET /account/delete`.
pub(super) async fn show(State(app): State<App>, viewer: Viewer) -> Result<Response, Error> {
    let user = can_leave(&viewer)?;
    own(&page(&app, user.name.as_str(), None))
}

/// `POST /account/delete` with `name`, typed as a second thought.
pub(super) async fn delete(
    State(app): State<App>,
    viewer: Viewer,
    body: Bytes,
) -> Result<Response, Error> {
    let user = can_leave(&viewer)?;
    let form = Form::read(&body);
    if !form.text("name").eq_ignore_ascii_case(user.name.as_str()) {
        let fault = "Type your name as it stands above.".to_string();
        return Ok(shown_again(own(&page(
            &app,
            user.name.as_str(),
            Some(fault),
        ))?));
    }
    if !app.store.remove_user(user.id).await? {
        return Err(Error::Forbidden(
            "You are the last admin. Make somebody else one first.".to_string(),
        ));
    }
    if let Some(address) = &user.address
        && let Some(subscriber) = app.store.subscriber_at(address).await?
    {
        app.store.forget_reader(subscriber.reader.id).await?;
    }
    app.status.data_changed();
    let words = ["Your account and what you did with it are deleted."];
    let mut page = step(&app, "Deleted", &words);
    page.layout.who = crate::view::Who::default();
    let mut response = own(&page)?;
    let (name, value) = Cookies::of(&app).unset(Cookie::Session);
    if let Ok(value) = value.parse() {
        response.headers_mut().append(name, value);
    }
    Ok(response)
}
