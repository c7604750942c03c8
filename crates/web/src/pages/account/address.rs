//! Another mail address: it counts once the link that was mailed to it is followed.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use store::{LinkPurpose, MailedLink};

use super::sign_in::{spent, step};
use super::{go_on, in_person, mail_link, own, settings, shown_again, typed_address};
use crate::account::{Viewer, secret};
use crate::error::Error;
use crate::pages::form::Form;
use crate::state::App;

/// `POST /account/address` with `address`.
pub(super) async fn ask(
    State(app): State<App>,
    viewer: Viewer,
    body: Bytes,
) -> Result<Response, Error> {
    let user = in_person(&viewer)?;
    let form = Form::read(&body);
    let address = match typed_address(form.text("address")) {
        Ok(address) => address,
        Err(fault) => {
            let page = settings::page(&app, &viewer, Some(fault), None).await?;
            return Ok(shown_again(own(&page)?));
        }
    };
    let shown = format!(
        "A mail is on its way to {address}. Your address is changed when you follow the link in it, within two hours."
    );
    // Where the address is somebody else's no mail goes out, and nothing says so.
    if app.store.user_at(&address).await?.is_none() {
        let link = MailedLink {
            purpose: LinkPurpose::Address,
            account: Some(user.id),
            address,
            name: None,
            password: None,
        };
        let named = format!(
            "With this link {} gets this address, within two hours.",
            user.name
        );
        let words = [
            named.as_str(),
            "If this is not you, do nothing: nothing will change.",
        ];
        mail_link(&app, &link, ("Your address at", &words, "Use this address")).await?;
    }
    own(&step(&app, "Look at your mail", &[&shown]))
}

/// `GET /account/address/{token}`.
pub(super) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Path(token): Path<String>,
) -> Result<Response, Error> {
    let user = in_person(&viewer)?;
    let digest = secret::digest(&token);
    let link = app.store.link(&digest, app.clock.now());
    let link = link.await?;
    let link = link.filter(|l| l.purpose == LinkPurpose::Address && l.account == Some(user.id));
    let link = link.ok_or_else(spent)?;
    let words = format!("{} will be the address of {}.", link.address, user.name);
    let mut page = step(&app, "Use this address", &[&words]);
    page.button = Some((format!("/account/address/{token}"), "Use this address"));
    own(&page)
}

/// `POST /account/address/{token}`.
pub(super) async fn confirm(
    State(app): State<App>,
    viewer: Viewer,
    Path(token): Path<String>,
) -> Result<Response, Error> {
    let user = in_person(&viewer)?;
    let (digest, now) = (secret::digest(&token), app.clock.now());
    let link = app.store.link(&digest, now).await?;
    if link.is_none_or(|l| l.purpose != LinkPurpose::Address || l.account != Some(user.id)) {
        return Err(spent());
    }
    let link = app.store.take_link(&digest, now).await?.ok_or_else(spent)?;
    if !app.store.set_address(user.id, &link.address).await? {
        return Err(spent());
    }
    go_on("/account", [])
}
