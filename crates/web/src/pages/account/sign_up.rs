//! Signing up. Where the site can send mail, an account is made by whoever follows the link in it; what the page says
//! does not tell whether an address has an account already.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use domain::account::{Role, UserName};
use domain::address::MailAddress;
use store::{Join, LinkPurpose, MailedLink, NewUser};

use super::sign_in::{admit, spent, step};
use super::{
    agent, by_mail, go_on, mail_link, own, sentence, shown_again, signed_in, typed_address,
    where_people_sign_in,
};
use crate::account::{SignUp, Viewer, password, secret};
use crate::client::Client;
use crate::error::Error;
use crate::pages::form::Form;
use crate::state::App;
use crate::view::Layout;

#[derive(Debug, Template)]
#[template(path = "sign_up.html")]
struct SignUpPage {
    layout: Layout,
    name: String,
    address: String,
    by_mail: bool,
    fault: Option<String>,
}

fn open(app: &App) -> Result<(), Error> {
    where_people_sign_in(app)?;
    match app.people.sign_up {
        SignUp::Open => Ok(()),
        SignUp::Closed => Err(Error::Forbidden(
            "Accounts are made by whoever runs this site. Ask them for one.".to_string(),
        )),
    }
}

fn page(app: &App, form: &Form, fault: Option<String>) -> SignUpPage {
    SignUpPage {
        layout: Layout::new(app, "Sign up").noindex(),
        name: form.text("name").to_string(),
        address: form.text("address").to_string(),
        by_mail: by_mail(app),
        fault,
    }
}

/// `GET /sign-up`.
pub(super) async fn show(State(app): State<App>, viewer: Viewer) -> Result<Response, Error> {
    open(&app)?;
    if viewer.user().is_some() {
        return go_on("/account", []);
    }
    own(&page(&app, &Form::default(), None))
}

/// What was wished for.
struct Wish {
    name: UserName,
    address: Option<MailAddress>,
    password: Option<String>,
}

impl Wish {
    /// Reads the form, or says what is wrong with it.
    fn read(form: &Form, by_mail: bool) -> Result<Wish, String> {
        let name = UserName::parse(form.text("name")).map_err(|e| sentence(&e.to_string()))?;
        let address = match by_mail {
            true => Some(typed_address(form.text("address"))?),
            false => None,
        };
        let typed = form.raw("password");
        // With mail a link is enough to sign in.
        let password = match typed {
            "" if by_mail => None,
            typed => {
                let told = [name.as_str(), address.as_ref().map_or("", |a| a.as_str())];
                match password::fault(typed, &told) {
                    Some(fault) => return Err(fault),
                    None => Some(typed.to_string()),
                }
            }
        };
        Ok(Wish {
            name,
            address,
            password,
        })
    }
}

/// `POST /sign-up` with `name`, `address` and `password`.
pub(super) async fn ask(
    State(app): State<App>,
    client: Client,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Error> {
    open(&app)?;
    admit(&app, client)?;
    let form = Form::read(&body);
    let by_mail = by_mail(&app);
    let again = |fault: String| Ok(shown_again(own(&page(&app, &form, Some(fault)))?));
    let wish = match Wish::read(&form, by_mail) {
        Ok(wish) => wish,
        Err(fault) => return again(fault),
    };
    // Names are public, so this tells nothing that a profile's page would not.
    if app.store.user_named(&wish.name).await?.is_some() {
        return again(format!("The name {} is taken. Choose another.", wish.name));
    }
    let hash = match &wish.password {
        Some(typed) => Some(app.people.passwords.hash(typed).await?),
        None => None,
    };
    match wish.address {
        Some(address) => by_link(&app, wish.name, address, hash).await,
        None => {
            let new = NewUser {
                name: &wish.name,
                address: None,
                password: hash.as_deref(),
                role: Role::Reader,
            };
            match app.store.add_user(&new, app.clock.now()).await? {
                Join::Joined(id) => {
                    let user = app.store.user(id).await?.ok_or_else(spent)?;
                    signed_in(&app, &user, &agent(&headers), "/").await
                }
                _ => again(format!("The name {} is taken. Choose another.", wish.name)),
            }
        }
    }
}

/// Mails a link: to make the account, or to sign in where the address has one.
async fn by_link(
    app: &App,
    name: UserName,
    address: MailAddress,
    password: Option<String>,
) -> Result<Response, Error> {
    let shown = format!(
        "A mail is on its way to {address}. The link in it makes the account; it is good once, for two hours."
    );
    match app.store.user_at(&address).await? {
        None => {
            let link = MailedLink {
                purpose: LinkPurpose::SignUp,
                account: None,
                address,
                name: Some(name),
                password,
            };
            let words = [
                "With this link you make your account, within two hours.",
                "If you did not ask for it, do nothing: without it there will be no account.",
            ];
            mail_link(app, &link, ("Your account at", &words, "Make the account")).await?;
        }
        Some(user) => {
            let link = MailedLink {
                purpose: LinkPurpose::SignIn,
                account: Some(user.id),
                address,
                name: None,
                password: None,
            };
            let there = format!("You have an account already; its name is {}.", user.name);
            let words = [
                there.as_str(),
                "With this link you sign in to it, once, within two hours. If you did not ask for it, do nothing.",
            ];
            mail_link(app, &link, ("Your account at", &words, "Sign in")).await?;
        }
    }
    own(&step(app, "Look at your mail", &[&shown]))
}

/// `GET /sign-up/{token}`.
pub(super) async fn show_link(
    State(app): State<App>,
    Path(token): Path<String>,
) -> Result<Response, Error> {
    where_people_sign_in(&app)?;
    let digest = secret::digest(&token);
    let link = app.store.link(&digest, app.clock.now());
    let link = link.await?.filter(|l| l.purpose == LinkPurpose::SignUp);
    let link = link.ok_or_else(spent)?;
    let name = link.name.map(String::from).unwrap_or_default();
    confirm_page(&app, &token, name, None)
}

fn confirm_page(
    app: &App,
    token: &str,
    name: String,
    fault: Option<String>,
) -> Result<Response, Error> {
    let mut page = step(
        app,
        "Make the account",
        &["Your address is confirmed by this button."],
    );
    page.button = Some((format!("/sign-up/{token}"), "Make the account"));
    page.field = Some(("name", "Name", name));
    page.fault = fault;
    let again = page.fault.is_some();
    let page = own(&page)?;
    Ok(if again { shown_again(page) } else { page })
}

/// `POST /sign-up/{token}` with `name`.
pub(super) async fn confirm(
    State(app): State<App>,
    headers: HeaderMap,
    Path(token): Path<String>,
    body: Bytes,
) -> Result<Response, Error> {
    where_people_sign_in(&app)?;
    let form = Form::read(&body);
    let (digest, now) = (secret::digest(&token), app.clock.now());
    let typed = form.text("name");
    let name = match UserName::parse(typed) {
        Ok(name) => name,
        Err(e) => {
            let fault = sentence(&e.to_string());
            return confirm_page(&app, &token, typed.to_string(), Some(fault));
        }
    };
    let join = app.store.join_by_link(&digest, &name, Role::Reader, now);
    match join.await?.ok_or_else(spent)? {
        Join::Joined(id) => {
            let user = app.store.user(id).await?.ok_or_else(spent)?;
            signed_in(&app, &user, &agent(&headers), "/").await
        }
        Join::NameTaken => {
            let fault = format!("The name {name} was taken meanwhile. Choose another.");
            confirm_page(&app, &token, typed.to_string(), Some(fault))
        }
        // The same person followed an earlier link first.
        Join::AddressTaken => Err(Error::NotFound {
            text: "This address has an account by now.".to_string(),
            links: vec![("Sign in".to_string(), "/sign-in".to_string())],
        }),
    }
}
