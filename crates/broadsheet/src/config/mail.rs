//! Section `[mail]`: whether and how mail is sent.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use domain::address::MailAddress;
use lettre::message::Mailbox;
use serde::{Deserialize, Serialize};

/// Whether and how mail is sent. Off where nothing is said.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Mail {
    /// Where messages go.
    pub(crate) transport: Transport,
    /// Who writes: `Papers <papers@example.org>`.
    pub(crate) from: String,
    /// Where answers go; empty: to `from`.
    pub(crate) reply_to: String,
    /// Where mail servers send what they could not deliver: the envelope's sender. Empty: the address in `from`.
    pub(crate) bounce_to: String,
    /// The list's id (RFC 2919); empty: `digest.` and the host of `base_url`.
    pub(crate) list_id: String,
    /// Folder of the transport `folder`.
    pub(crate) folder: PathBuf,
    /// The mail server.
    pub(crate) smtp: Smtp,
    /// The signature.
    pub(crate) dkim: Dkim,
}

/// Where messages go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Transport {
    /// Nowhere: mail is switched off.
    Off,
    /// To a mail server.
    Smtp,
    /// Into a folder, one `.eml` file each.
    Folder,
}

/// A mail server that takes messages for anybody.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Smtp {
    /// Its name.
    pub(crate) host: String,
    /// Its port; 0: 465 where TLS comes first, 587 otherwise.
    pub(crate) port: u16,
    /// How the connection is encrypted.
    pub(crate) tls: Tls,
    /// A certificate authority beside the system's, as PEM.
    pub(crate) ca_file: PathBuf,
    /// Name to log in with; empty: without.
    pub(crate) user: String,
    /// Password to log in with.
    pub(crate) password: String,
    /// File that holds the password alone, instead of `password`.
    pub(crate) password_file: PathBuf,
    /// Name given to the server; empty: the domain of `from`.
    pub(crate) hello: String,
    /// Connections at the same time.
    pub(crate) connections: u8,
    /// How long the server may take for each answer, in seconds.
    pub(crate) timeout_seconds: u16,
}

/// Without the password.
impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let smtp = &mut f.debug_struct("Smtp");
        smtp.field("host", &self.host)
            .field("port", &self.port)
            .field("tls", &self.tls)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// How the connection to a mail server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Tls {
    /// By STARTTLS; a server that does not offer it gets nothing.
    Starttls,
    /// From the first byte.
    Implicit,
    /// Not at all: for a mail server on this machine, or on a network that is trusted.
    None,
}

/// A signature by which receivers know that a message is the domain's (RFC 6376).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Dkim {
    /// File of the private key; empty: messages are not signed here.
    pub(crate) key_file: PathBuf,
    /// The key's name: its public half is at `SELECTOR._domainkey.DOMAIN` in DNS.
    pub(crate) selector: String,
    /// The domain that signs; empty: that of `from`.
    pub(crate) domain: String,
}

impl Default for Mail {
    fn default() -> Self {
        Mail {
            transport: Transport::Off,
            from: String::new(),
            reply_to: String::new(),
            bounce_to: String::new(),
            list_id: String::new(),
            folder: PathBuf::new(),
            smtp: Smtp::default(),
            dkim: Dkim::default(),
        }
    }
}

impl Default for Smtp {
    fn default() -> Self {
        Smtp {
            host: String::new(),
            port: 0,
            tls: Tls::Starttls,
            ca_file: PathBuf::new(),
            user: String::new(),
            password: String::new(),
            password_file: PathBuf::new(),
            hello: String::new(),
            connections: 4,
            timeout_seconds: 60,
        }
    }
}

impl Mail {
    /// Whether mail is switched on.
    pub(crate) fn is_on(&self) -> bool {
        self.transport != Transport::Off
    }

    /// The settings as they may be shown.
    pub(crate) fn without_secrets(mut self) -> Self {
        if !self.smtp.password.is_empty() {
            self.smtp.password = "***".to_string();
        }
        self
    }

    /// Refuses what cannot be. Nothing is looked up or opened here: that is `doctor`'s work, and sending's.
    pub(super) fn check(&self, base_url: &str) -> Result<()> {
        for (key, text) in [
            ("mail.reply_to", &self.reply_to),
            ("mail.bounce_to", &self.bounce_to),
            ("mail.from", &self.from),
        ] {
            if !text.is_empty() {
                mailbox(key, text)?;
            }
        }
        let plain = |text: &str| {
            text.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
        };
        for (key, text) in [
            ("mail.list_id", &self.list_id),
            ("mail.smtp.hello", &self.smtp.hello),
            ("mail.smtp.host", &self.smtp.host),
            ("mail.dkim.selector", &self.dkim.selector),
            ("mail.dkim.domain", &self.dkim.domain),
        ] {
            // An address of IPv6 has colons.
            let is_ip = key == "mail.smtp.host" && text.parse::<std::net::IpAddr>().is_ok();
            if !plain(text) && !is_ip {
                bail!("{key} `{text}` is not a name of letters, digits, dots and dashes");
            }
        }
        if !self.is_on() {
            return Ok(());
        }
        if self.from.is_empty() {
            bail!("mail.from is empty; say who writes, such as \"Papers <papers@example.org>\"");
        }
        if base_url.is_empty() {
            bail!("mail needs base_url, such as https://papers.example.org: its links lead there");
        }
        if self.transport == Transport::Folder && self.folder.as_os_str().is_empty() {
            bail!("mail.folder is empty; name the folder that messages are written into");
        }
        if !self.dkim.key_file.as_os_str().is_empty() && self.dkim.selector.is_empty() {
            bail!("mail.dkim.selector is empty; it names the key in DNS");
        }
        if self.transport == Transport::Smtp {
            self.smtp.check()?;
        }
        Ok(())
    }
}

impl Smtp {
    fn check(&self) -> Result<()> {
        if self.host.is_empty() {
            bail!("mail.smtp.host is empty; name the mail server");
        }
        if !(1..=50).contains(&self.connections) {
            bail!(
                "mail.smtp.connections is {}; 1 to 50 are possible",
                self.connections
            );
        }
        if !(1..=600).contains(&self.timeout_seconds) {
            bail!(
                "mail.smtp.timeout_seconds is {}; 1 to 600 are possible",
                self.timeout_seconds
            );
        }
        let has_file = !self.password_file.as_os_str().is_empty();
        let has_password = !self.password.is_empty() || has_file;
        if !self.password.is_empty() && has_file {
            bail!("mail.smtp has both password and password_file; keep one");
        }
        if self.user.is_empty() == has_password {
            bail!("mail.smtp needs user and password together, or neither");
        }
        if self.tls == Tls::None && has_password && !self.is_here() {
            bail!(
                "mail.smtp.tls is none, and the password would cross the network to {} for all to read; use starttls or \
                 implicit",
                self.host
            );
        }
        Ok(())
    }

    /// Whether the server is on this machine.
    fn is_here(&self) -> bool {
        let loopback = |ip: std::net::IpAddr| ip.is_loopback();
        self.host == "localhost" || self.host.parse().is_ok_and(loopback)
    }

    /// The port, said or usual.
    pub(crate) fn port(&self) -> u16 {
        match (self.port, self.tls) {
            (0, Tls::Implicit) => 465,
            (0, _) => 587,
            (port, _) => port,
        }
    }

    /// The password, wherever it is.
    pub(crate) fn secret(&self) -> Result<String> {
        if self.password_file.as_os_str().is_empty() {
            return Ok(self.password.clone());
        }
        let text = std::fs::read_to_string(&self.password_file).with_context(|| {
            format!(
                "cannot read mail.smtp.password_file {}",
                self.password_file.display()
            )
        })?;
        Ok(text.trim_end_matches(['\r', '\n']).to_string())
    }
}

/// A name with an address, or an address alone.
pub(crate) fn mailbox(key: &str, text: &str) -> Result<Mailbox> {
    let fault =
        || format!("{key} `{text}` is not a mail address such as \"Papers <papers@example.org>\"");
    if text.chars().any(char::is_control) {
        bail!("{key} holds a control character");
    }
    let mailbox: Mailbox = text.parse().with_context(fault)?;
    // By our own rules too: one bare ASCII address.
    let address = MailAddress::parse(mailbox.email.as_ref()).with_context(fault)?;
    Ok(Mailbox::new(
        mailbox.name,
        address.as_str().parse().with_context(fault)?,
    ))
}
