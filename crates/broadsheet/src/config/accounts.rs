//! Accounts: who may have one, and how people come to be known.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

/// How people come to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Mode {
    /// `Single` where only this machine reaches the server and no `base_url` says otherwise, else `SignIn`.
    Auto,
    /// One person, without signing in.
    Single,
    /// People sign in here.
    SignIn,
    /// A proxy in front signs people in.
    Proxy,
    /// Nobody: read only.
    Nobody,
}

/// Who may make an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SignUp {
    /// Everybody.
    Open,
    /// Nobody: an admin makes accounts.
    Closed,
}

/// Accounts.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Accounts {
    /// How people come to be known.
    pub(crate) mode: Mode,
    /// Who may make an account.
    pub(crate) sign_up: SignUp,
    /// With mode `proxy`: the header with the person's name.
    pub(crate) proxy_header: String,
    /// With mode `proxy`: the header with their mail address; empty for none.
    pub(crate) proxy_address_header: String,
    /// With mode `proxy`: the addresses from which the proxy connects.
    pub(crate) proxy_from: Vec<IpAddr>,
    /// Another site that signs people in.
    pub(crate) openid: OpenId,
}

/// Another site that signs people in, by OpenID Connect.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct OpenId {
    /// Its issuer, such as `https://login.example.org/realms/lab`; empty for none.
    pub(crate) issuer: String,
    /// By what it knows this site.
    pub(crate) client_id: String,
    /// By what this site proves it.
    pub(crate) client_secret: String,
    /// What it is called, on the button.
    pub(crate) name: String,
}

impl Default for Accounts {
    fn default() -> Self {
        Accounts {
            mode: Mode::Auto,
            sign_up: SignUp::Open,
            proxy_header: "Remote-User".to_string(),
            proxy_address_header: String::new(),
            proxy_from: vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
            openid: OpenId::default(),
        }
    }
}

impl Accounts {
    /// Whether every value can be.
    pub(crate) fn check(&self) -> Result<()> {
        let headers = [
            ("accounts.proxy_header", &self.proxy_header, false),
            (
                "accounts.proxy_address_header",
                &self.proxy_address_header,
                true,
            ),
        ];
        for (key, name, may_be_empty) in headers {
            let named = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
            if !name.bytes().all(named) || (name.is_empty() && !may_be_empty) {
                bail!("{key}: `{name}` is not the name of a header");
            }
        }
        if self.mode == Mode::Proxy && self.proxy_from.is_empty() {
            bail!("accounts.proxy_from is empty: no proxy would be believed");
        }
        let openid = &self.openid;
        if !openid.issuer.is_empty() {
            if domain::paper::clean_url(&openid.issuer).is_none() {
                bail!(
                    "accounts.openid.issuer `{}` is not an http or https address",
                    openid.issuer
                );
            }
            if openid.client_id.is_empty() {
                bail!("accounts.openid.client_id is empty");
            }
        }
        Ok(())
    }
}
