//! The first account of a site: an admin's. Whoever makes it must have seen what the server printed when it started.

use askama::Template;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use domain::account::{Role, UserName};
use domain::address::MailAddress;
use store::{Join, NewUser};

use super::sign_in::admit;
use super::{agent, own, sentence, shown_again, signed_in, typed_address, where_people_sign_in};
use crate::account::{password, secret};
use crate::client::Client;
use crate::error::Error;
use crate::pages::form::Form;
use crate::pages::query::Query;
use crate::state::App;
use crate::view::Layout;

#[derive(Debug, Template)]
#[template(path = "set_up.html")]
struct SetUpPage {
    layout: Layout,
    code: String,
    name: String,
    address: String,
    fault: Option<String>,
}

/// Only while nobody has an account.
async fn needed(app: &App) -> Result<(), Error> {
    where_people_sign_in(app)?;
    if app.people.setup_code.is_none() || app.store.count_users().await? > 0 {
        return Err(Error::NotFound {
            text: "This site is set up already.".to_string(),
            links: vec![("Sign in".to_string(), "/sign-in".to_string())],
        });
    }
    Ok(())
}

/// `GET /set-up?code=`.
pub(super) async fn show(State(app): State<App>, query: Query) -> Result<Response, Error> {
    needed(&app).await?;
    own(&SetUpPage {
        layout: Layout::new(&app, "Set up").noindex(),
        code: query.text("code").to_string(),
        name: String::new(),
        address: String::new(),
        fault: None,
    })
}

/// What was typed, read.
fn read(app: &App, form: &Form) -> Result<(UserName, Option<MailAddress>), String> {
    let code = app.people.setup_code.as_deref().unwrap_or_default();
    // Digests are compared, so that how long it takes tells nothing of the code.
    if secret::digest(form.text("code")) != secret::digest(code) {
        return Err(
            "This is not the code that the server printed when it started. It prints a new one at each start."
                .to_string(),
        );
    }
    let name = UserName::parse(form.text("name")).map_err(|e| sentence(&e.to_string()))?;
    let address = match form.text("address") {
        "" => None,
        text => Some(typed_address(text)?),
    };
    let told = [name.as_str(), form.text("address")];
    match password::fault(form.raw("password"), &told) {
        Some(fault) => Err(fault),
        None => Ok((name, address)),
    }
}

/// `POST /set-up` with `code`, `name`, `address` and `password`.
pub(super) async fn make(
    State(app): State<App>,
    client: Client,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Error> {
    needed(&app).await?;
    admit(&app, client)?;
    let form = Form::read(&body);
    let (name, address) = match read(&app, &form) {
        Ok(read) => read,
        Err(fault) => {
            return Ok(shown_again(own(&SetUpPage {
                layout: Layout::new(&app, "Set up").noindex(),
                code: form.text("code").to_string(),
                name: form.text("name").to_string(),
                address: form.text("address").to_string(),
                fault: Some(fault),
            })?));
        }
    };
    let hash = app.people.passwords.hash(form.raw("password")).await?;
    let new = NewUser {
        name: &name,
        address: address.as_ref(),
        password: Some(&hash),
        role: Role::Admin,
    };
    match app.store.add_first_admin(&new, app.clock.now()).await? {
        Some(Join::Joined(id)) => {
            let user = app.store.user(id).await?;
            let user = user.ok_or_else(|| Error::not_found("The account is gone."))?;
            signed_in(&app, &user, &agent(&headers), "/account").await
        }
        _ => Err(Error::NotFound {
            text: "Somebody was faster: this site is set up already.".to_string(),
            links: vec![("Sign in".to_string(), "/sign-in".to_string())],
        }),
    }
}
