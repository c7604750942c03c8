//! Mail: digests, and the few letters that belong to them.
//!
//! ```text
//!  due subscriptions -> compose -> letters in the database -> sending -> mail server or folder
//!                       picking                              outgoing    courier
//!                       checked                              (words from web::mail)
//! ```
//!
//! The states of a letter, and what is written down when, are told in `store`'s `mail.rs`. A letter is only ever
//! written from what is in the database, so it has the same id each time that it is handed over.
//!
//! **Sending once.** What is new to a reader, the letter that holds it and the subscription's next date are one
//! transaction. Before a letter's text is handed over, that is written down; after the server's answer, how it ended.
//! A process that dies before the first leaves a letter that nobody has seen; after the second, one that is done.
//! Between them SMTP gives no way to ask whether the server took it (RFC 5321, section 4.5.3.2.6 and RFC 1047). Such a
//! letter is handed over again with the same `Message-ID`, so that a receiver that has it can tell: rather one letter
//! twice, recognisably, than none. Into a folder a letter is put under a name of its own, so there it is exactly once.

mod bounce;
mod checked;
mod compose;
mod courier;
mod outgoing;
mod picking;
mod preview;
mod regular;
mod sending;

use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, Weak};

use anyhow::{Context, Result, bail};
use lettre::message::Mailbox;
use store::Store;
use tokio::sync::Mutex;
use web::base_url::BaseUrl;
use web::mail::desk::Desk;
use web::mail::message::Links;
use web::mail::token::{Keys, SECRET_LEN, hex};

use crate::config::mail::{Mail, Transport, mailbox};
use crate::config::{Config, Sources};
use crate::pipeline::Pipeline;
use courier::Courier;
use outgoing::Signer;

pub(crate) use bounce::{REPORT_LEN_MAX, Report, read_reports};
pub(crate) use regular::send_regularly;
pub(crate) use sending::Sent;

/// Everything that writing and sending letters needs.
#[derive(Debug)]
pub(crate) struct Office {
    pipeline: Pipeline,
    sources: Sources,
    /// The site's name.
    site: String,
    base: BaseUrl,
    keys: Keys,
    settings: Mail,
    from: Mailbox,
    signer: Option<Signer>,
    courier: Courier,
    /// Held while letters are sent, where the database is a file that other processes of this machine may open.
    lock_file: Option<PathBuf>,
    /// The right to send, while one of this process's lanes has it.
    right: Mutex<Weak<SendingRight>>,
}

impl Office {
    /// Opens it: reads key and password, but calls nobody.
    pub(crate) async fn open(config: &Config, pipeline: &Pipeline) -> Result<Self> {
        let settings = &config.written.mail;
        if !settings.is_on() {
            bail!(
                "mail is switched off; set mail.transport in the configuration (see docs/mail.md)"
            );
        }
        let keys = kept_keys(&pipeline.store).await?;
        let mut office = Office::without_courier(config, pipeline, keys)?;
        office.courier = Courier::open(&office.settings, &office.from)?;
        Ok(office)
    }

    /// One that writes messages and sends none.
    fn without_courier(config: &Config, pipeline: &Pipeline, keys: Keys) -> Result<Self> {
        let settings = config.written.mail.clone();
        let from = match settings.from.as_str() {
            "" => "Broadsheet <broadsheet@localhost>".parse()?,
            given => mailbox("mail.from", given)?,
        };
        Ok(Office {
            pipeline: pipeline.clone(),
            sources: config.written.sources.clone(),
            site: config.written.title.clone(),
            base: base(config),
            keys,
            signer: Signer::open(&settings, &from)?,
            courier: Courier::Nobody,
            lock_file: config.uses_file().then(|| config.data.join("mail.lock")),
            right: Mutex::default(),
            from,
            settings,
        })
    }

    fn links(&self) -> Links<'_> {
        Links {
            base: &self.base,
            keys: &self.keys,
        }
    }

    /// Takes the right to send, or a share of it where this process has it already. `None` when another process of this
    /// machine has it; it sends what is due.
    async fn lock(&self) -> Result<Option<Arc<SendingRight>>> {
        let mut held = self.right.lock().await;
        if let Some(right) = held.upgrade() {
            return Ok(Some(right));
        }
        let Some(path) = &self.lock_file else {
            return Ok(Some(Arc::new(SendingRight(None))));
        };
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
            .with_context(|| format!("cannot open {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Ok(None),
            Err(std::fs::TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", path.display()));
            }
        }
        // Whoever held a lease is dead: the system gave us their lock.
        self.pipeline.store.end_leases().await?;
        let right = Arc::new(SendingRight(Some(file)));
        *held = Arc::downgrade(&right);
        Ok(Some(right))
    }

    /// Asks the mail server whether it would take mail, without sending any; the folder, whether it can be written.
    pub(crate) async fn try_out(&self) -> Result<String> {
        self.courier.try_out().await
    }

    /// The name in DNS under which receivers look for the signature's public key, if messages are signed.
    pub(crate) fn signature_place(&self) -> Option<&str> {
        self.signer.as_ref().map(Signer::place)
    }

    /// Whether links are such as mail programs accept for one click (RFC 8058 wants https).
    pub(crate) fn has_https(&self) -> bool {
        self.base.0.starts_with("https://")
    }
}

/// The right to send letters, until dropped.
#[derive(Debug)]
struct SendingRight(#[expect(dead_code, reason = "the file's lock is what is held")] Option<File>);

/// The site's address, for links in mails.
fn base(config: &Config) -> BaseUrl {
    let written = &config.written;
    BaseUrl(match written.base_url.trim_end_matches('/') {
        "" => format!("http://{}", written.listen),
        given => given.to_string(),
    })
}

/// The keys of this installation, made at the first use.
async fn kept_keys(store: &Store) -> Result<Keys> {
    let secret = store.mail_secret(&fresh_secret()?).await?;
    read_keys(&secret)
}

/// The keys of this installation, if mail was ever switched on.
async fn known_keys(store: &Store) -> Result<Option<Keys>> {
    let secret = store.known_mail_secret().await?;
    secret.as_deref().map(read_keys).transpose()
}

/// The number of the letter whose message has this id, if we have signed it.
pub(crate) async fn letter_named(store: &Store, message_id: &str) -> Result<Option<i64>> {
    let keys = known_keys(store).await?;
    Ok(keys.and_then(|keys| keys.letter_of(message_id)))
}

fn read_keys(secret: &str) -> Result<Keys> {
    Keys::from_hex(secret).context(
        "the secret that links in mails are signed with is damaged; restore a backup, or delete the row `mail-secret` of \
         the table `meta`, which ends all links in older mails",
    )
}

fn fresh_secret() -> Result<String> {
    let mut secret = [0; SECRET_LEN];
    getrandom::fill(&mut secret).context("the system gives no random numbers")?;
    Ok(hex(&secret))
}

/// The desk at which readers subscribe: a working one where letters are sent, one for links in older mails where they
/// were.
pub(crate) async fn desk(config: &Config, store: &Store, offline: bool) -> Result<Option<Desk>> {
    let mail = &config.written.mail;
    let sends = mail.is_on() && !(offline && mail.transport == Transport::Smtp);
    let keys = match mail.is_on() {
        true => Some(kept_keys(store).await?),
        false => known_keys(store).await?,
    };
    Ok(keys.map(|keys| Desk::new(sends, keys)))
}
