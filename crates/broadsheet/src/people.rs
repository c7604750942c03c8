//! Accounts as the configuration wants them.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use domain::account::{Role, UserId, UserName};
use jiff::Timestamp;
use store::{Join, NewUser, Store};
use tracing::{info, warn};
use web::account::{self, People, TrustedProxy, secret};
use web::state::Clock;

use crate::config::{Config, Mode, SignUp};
use crate::sign_on;

/// What the owner of a machine is called until they choose another name.
const OWNER: &str = "owner";
/// Under what the key that marks browsers is kept.
const BROWSER_KEY: &str = "browser-key";

/// The accounts of a server that listens on `listen`.
pub(crate) async fn open(config: &Config, store: &Store, listen: SocketAddr) -> Result<People> {
    let written = &config.written.accounts;
    let sign_up = match written.sign_up {
        SignUp::Open => account::SignUp::Open,
        SignUp::Closed => account::SignUp::Closed,
    };
    let mode = match mode(config, listen) {
        Mode::Single => {
            if !listen.ip().is_loopback() {
                warn!(
                    "accounts.mode is \"single\" and {listen} is open to others: whoever names this machine `localhost` in a request acts as its owner"
                );
            }
            account::Mode::Single(owner(store).await?)
        }
        Mode::Proxy => account::Mode::Proxy(TrustedProxy {
            name_header: header(&written.proxy_header)?,
            address_header: match written.proxy_address_header.as_str() {
                "" => None,
                name => Some(header(name)?),
            },
            from: written.proxy_from.clone(),
        }),
        Mode::Nobody => account::Mode::Nobody,
        Mode::SignIn | Mode::Auto => account::Mode::SignIn,
    };
    let key = browser_key(store).await?;
    let mut people = People::new(mode, sign_up, &key, &Clock::system());
    let user_agent = sources::client::Config::with_contact(&config.written.contact).user_agent();
    people.sso = sign_on::open(&written.openid, &user_agent)?;
    if people.signs_in() && store.count_users().await? == 0 {
        people.setup_code = Some(secret::fresh()?[..16].into());
    }
    Ok(people)
}

/// What the configuration comes to.
fn mode(config: &Config, listen: SocketAddr) -> Mode {
    let alone = listen.ip().is_loopback() && config.written.base_url.is_empty();
    match config.written.accounts.mode {
        Mode::Auto if alone => Mode::Single,
        Mode::Auto => Mode::SignIn,
        mode => mode,
    }
}

/// Says how the first account is made, while there is none.
pub(crate) fn say(people: &People, config: &Config, address: SocketAddr) {
    if let Some(code) = &people.setup_code {
        let base = match config.written.base_url.trim_end_matches('/') {
            "" => format!("http://{address}"),
            base => base.to_string(),
        };
        info!(
            "Nobody has an account yet. Make the first one, the admin's, at {base}/set-up?code={code}"
        );
    }
}

fn header(name: &str) -> Result<web::account::HeaderName> {
    name.to_ascii_lowercase()
        .parse()
        .with_context(|| format!("`{name}` is not the name of a header"))
}

/// The one whose machine this is: the first admin, made now where there is none.
async fn owner(store: &Store) -> Result<UserId> {
    if let Some(admin) = store.first_admin().await? {
        return Ok(admin.id);
    }
    let mut number = 1;
    loop {
        let text = match number {
            1 => OWNER.to_string(),
            n => format!("{OWNER}-{n}"),
        };
        let name = UserName::parse(&text)?;
        let new = NewUser {
            name: &name,
            address: None,
            password: None,
            role: Role::Admin,
        };
        if let Join::Joined(id) = store.add_user(&new, Timestamp::now()).await? {
            return Ok(id);
        }
        number += 1;
    }
}

/// The key that marks browsers, made at the first start.
async fn browser_key(store: &Store) -> Result<[u8; secret::LEN]> {
    let kept = store.meta_or(BROWSER_KEY, &secret::fresh()?).await?;
    secret::unhex(&kept).context("the database holds a damaged key; run `broadsheet doctor`")
}
