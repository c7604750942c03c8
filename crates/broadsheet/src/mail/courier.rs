//! Who takes a message away: a mail server, or a folder.
//!
//! Of SMTP this drives the commands itself, on lettre's connection: between "the server takes letters for this
//! address" and "here is the text" the caller writes down that the server may have it from now on.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use lettre::Address;
use lettre::message::Mailbox;
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, TlsParameters, TlsParametersBuilder,
};
use lettre::transport::smtp::commands::{Data, Mail as MailFrom, Rcpt, Rset};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::config::mail::{Mail, Smtp, Tls, Transport, mailbox};

/// How long a server may think about a text that it has received whole. RFC 5321, section 4.5.3.2.6, asks for ten
/// minutes, for who gives up sooner sends letters twice.
const VERDICT_MAX: Duration = Duration::from_secs(600);

/// Longest reason that is kept of a server's words, in characters.
const REASON_CHARS: usize = 300;

/// Who takes messages away.
#[derive(Debug)]
pub(super) enum Courier {
    /// A mail server.
    Smtp(Box<SmtpCourier>),
    /// A folder.
    Folder(PathBuf),
    /// Nobody: mail is switched off.
    Nobody,
}

/// A mail server and how to talk to it.
pub(super) struct SmtpCourier {
    settings: Smtp,
    hello: ClientId,
    tls: Option<TlsParameters>,
    login: Option<Credentials>,
    /// The envelope's sender.
    sender: Address,
}

/// Without the password.
impl std::fmt::Debug for SmtpCourier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let courier = &mut f.debug_struct("SmtpCourier");
        courier
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// What a server said about one letter, or that nothing could be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It has the letter.
    Taken,
    /// It takes nothing for this address, for good.
    AddressRefused(String),
    /// It does not take this letter, for good.
    LetterRefused(String),
    /// It has not taken the letter now, and may later.
    PutOff(String),
    /// The connection was lost after the text had been handed over: the server may have it or not.
    Unknown(String),
}

/// Nothing can be sent at all at present: no server, no encryption, no login, or it refuses the sender.
#[derive(Debug)]
pub(super) struct Down(pub(super) String);

impl std::fmt::Display for Down {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Down {}

/// A connection to the server, opened at the first letter and kept for the next.
#[derive(Default)]
pub(super) struct Line {
    connection: Option<AsyncSmtpConnection>,
    /// Whether it has carried a letter already; then the server may have closed it meanwhile.
    used: bool,
}

impl Courier {
    pub(super) fn open(settings: &Mail, from: &Mailbox) -> Result<Self> {
        Ok(match settings.transport {
            Transport::Off => Courier::Nobody,
            Transport::Folder => Courier::Folder(settings.folder.clone()),
            Transport::Smtp => Courier::Smtp(Box::new(SmtpCourier::open(settings, from)?)),
        })
    }

    /// How many letters may be on their way at the same time.
    pub(super) fn hands(&self) -> usize {
        match self {
            Courier::Smtp(smtp) => usize::from(smtp.settings.connections),
            Courier::Folder(_) | Courier::Nobody => 1,
        }
    }

    pub(super) async fn try_out(&self) -> Result<String> {
        match self {
            Courier::Nobody => bail!("mail is switched off"),
            Courier::Folder(folder) => {
                let probe = folder.join(".broadsheet-probe");
                put(folder, &probe, b"").await?;
                tokio::fs::remove_file(&probe).await?;
                Ok(format!("messages are written into {}", folder.display()))
            }
            Courier::Smtp(smtp) => {
                let mut connection = smtp.connect().await?;
                let encrypted = match connection.is_encrypted() {
                    true => "encrypted",
                    false => "not encrypted",
                };
                let _ = timeout(smtp.patience(), connection.quit()).await;
                let (host, port) = (&smtp.settings.host, smtp.settings.port());
                Ok(format!(
                    "the mail server {host}:{port} answers, {encrypted}"
                ))
            }
        }
    }
}

impl SmtpCourier {
    fn open(settings: &Mail, from: &Mailbox) -> Result<Self> {
        let smtp = settings.smtp.clone();
        let tls = match smtp.tls {
            Tls::None => None,
            Tls::Starttls | Tls::Implicit => Some(tls_parameters(&smtp)?),
        };
        let hello = match smtp.hello.as_str() {
            "" => from.email.domain().to_string(),
            given => given.to_string(),
        };
        let sender = match settings.bounce_to.as_str() {
            "" => from.email.clone(),
            given => mailbox("mail.bounce_to", given)?.email,
        };
        let login = match smtp.user.is_empty() {
            true => None,
            false => Some(Credentials::new(smtp.user.clone(), smtp.secret()?)),
        };
        Ok(SmtpCourier {
            hello: ClientId::Domain(hello),
            tls,
            login,
            sender,
            settings: smtp,
        })
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(u64::from(self.settings.timeout_seconds))
    }

    /// A connection on which the server has greeted us; where it is encrypted from the first byte, lettre's own.
    ///
    /// Otherwise ours without delay: lettre writes a text and its end one after the other, and the system would hold the
    /// end back until the server acknowledges the text, which takes 40 ms a letter.
    async fn greeted(&self) -> Result<AsyncSmtpConnection, String> {
        let smtp = &self.settings;
        let server = (smtp.host.as_str(), smtp.port());
        if smtp.tls == Tls::Implicit {
            let (limit, tls) = (Some(self.patience()), self.tls.clone());
            return AsyncSmtpConnection::connect_tokio1(server, limit, &self.hello, tls, None)
                .await
                .map_err(|e| reason(&e));
        }
        let stream = TcpStream::connect(server)
            .await
            .map_err(|e| e.to_string())?;
        stream.set_nodelay(true).map_err(|e| e.to_string())?;
        AsyncSmtpConnection::connect_with_transport(Box::new(stream), &self.hello)
            .await
            .map_err(|e| reason(&e))
    }

    /// A connection, encrypted and logged in as configured. Never less: a server that does not offer encryption where
    /// it is asked for gets neither password nor letter.
    async fn connect(&self) -> Result<AsyncSmtpConnection, Down> {
        let smtp = &self.settings;
        let place = format!("{}:{}", smtp.host, smtp.port());
        let down = |what: &str, why: String| Down(format!("{what} {place}: {why}"));
        let late = |what: &str| {
            let seconds = smtp.timeout_seconds;
            down(what, format!("no answer within {seconds} seconds"))
        };
        const CONNECT: &str = "cannot reach the mail server";
        let mut connection = timeout(self.patience(), self.greeted())
            .await
            .map_err(|_| late(CONNECT))?
            .map_err(|why| down(CONNECT, why))?;
        if let Some(tls) = self.tls.clone().filter(|_| smtp.tls == Tls::Starttls) {
            const ENCRYPT: &str = "cannot encrypt the connection to the mail server";
            if !connection.can_starttls() {
                connection.abort().await;
                let why = "it does not offer STARTTLS, and nothing is sent without; if it shall be, set mail.smtp.tls";
                return Err(down(ENCRYPT, why.to_string()));
            }
            timeout(self.patience(), connection.starttls(tls, &self.hello))
                .await
                .map_err(|_| late(ENCRYPT))?
                .map_err(|e| down(ENCRYPT, reason(&e)))?;
        }
        if let Some(login) = &self.login {
            const LOGIN: &str = "cannot log in to the mail server";
            timeout(self.patience(), connection.auth(DEFAULT_MECHANISMS, login))
                .await
                .map_err(|_| late(LOGIN))?
                .map_err(|e| down(LOGIN, reason(&e)))?;
        }
        Ok(connection)
    }

    /// Asks the server whether it takes a letter for this address, over the line's connection or a new one. `None`
    /// when it does, and waits for the text.
    pub(super) async fn offer(
        &self,
        line: &mut Line,
        to: &Address,
    ) -> Result<Option<Verdict>, Down> {
        loop {
            if line
                .connection
                .as_ref()
                .is_none_or(AsyncSmtpConnection::has_broken)
            {
                line.connection = Some(self.connect().await?);
                line.used = false;
            }
            match self.envelope(line, to).await {
                Ok(verdict) => return Ok(verdict),
                // A server may close a connection after some letters, or some idle time: once more on a new one.
                Err(_) if line.used => line.connection = None,
                Err(error) => {
                    line.connection = None;
                    return Err(error);
                }
            }
        }
    }

    async fn envelope(&self, line: &mut Line, to: &Address) -> Result<Option<Verdict>, Down> {
        let place = &self.settings.host;
        let sender = MailFrom::new(Some(self.sender.clone()), vec![]);
        if let Err(error) = self.say(line, sender).await {
            // Of the sender, or of all letters: that is no reader's fault.
            return Err(Down(format!(
                "the mail server {place} takes nothing from {}: {error}",
                self.sender
            )));
        }
        match self.say(line, Rcpt::new(to.clone(), vec![])).await {
            Ok(_) => Ok(None),
            // The server took the sender a moment ago, so it is there: this address may be what it stumbles over, and
            // must not keep all others waiting.
            Err(Said::Lost(words)) => {
                line.connection = None;
                Ok(Some(Verdict::PutOff(words)))
            }
            Err(Said::No { permanent, words }) => {
                let verdict = match permanent {
                    true if is_policy(&words) => Verdict::LetterRefused(words),
                    true => Verdict::AddressRefused(words),
                    false => Verdict::PutOff(words),
                };
                if self.say(line, Rset).await.is_err() {
                    line.connection = None;
                }
                line.used = true;
                Ok(Some(verdict))
            }
        }
    }

    /// Takes an offer back.
    pub(super) async fn withdraw(&self, line: &mut Line) {
        if self.say(line, Rset).await.is_err() {
            line.connection = None;
        }
    }

    /// Hands the text over after an offer was taken. From the call on the server may have it.
    pub(super) async fn hand_over(&self, line: &mut Line, text: &[u8]) -> Verdict {
        line.used = true;
        let refused = |permanent, words| match permanent {
            true => Verdict::LetterRefused(words),
            false => Verdict::PutOff(words),
        };
        match self.say(line, Data).await {
            Ok(_) => {}
            Err(Said::No { permanent, words }) => {
                self.withdraw(line).await;
                return refused(permanent, words);
            }
            // The text has not been sent, so nobody has it.
            Err(Said::Lost(words)) => {
                line.connection = None;
                return Verdict::PutOff(words);
            }
        }
        let Some(connection) = line.connection.as_mut() else {
            return Verdict::PutOff("the connection is gone".to_string());
        };
        let verdict = match timeout(VERDICT_MAX, connection.message(text)).await {
            Ok(Ok(_)) => Verdict::Taken,
            Ok(Err(error)) => match Said::of(&error) {
                Said::No { permanent, words } => refused(permanent, words),
                Said::Lost(words) => Verdict::Unknown(words),
            },
            Err(_) => Verdict::Unknown("no answer to the whole text in time".to_string()),
        };
        if matches!(verdict, Verdict::Unknown(_)) {
            line.connection = None;
        }
        verdict
    }

    async fn say(
        &self,
        line: &mut Line,
        command: impl std::fmt::Display,
    ) -> Result<Response, Said> {
        let Some(connection) = line.connection.as_mut() else {
            return Err(Said::Lost("there is no connection".to_string()));
        };
        match timeout(self.patience(), connection.command(command)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(Said::of(&error)),
            Err(_) => Err(Said::Lost(format!(
                "no answer within {} seconds",
                self.settings.timeout_seconds
            ))),
        }
    }

    /// Says goodbye.
    pub(super) async fn hang_up(&self, line: &mut Line) {
        if let Some(mut connection) = line.connection.take() {
            let _ = timeout(self.patience(), connection.quit()).await;
        }
    }
}

/// Why a command was not granted.
#[derive(Debug)]
enum Said {
    /// The server answers no.
    No { permanent: bool, words: String },
    /// No answer came.
    Lost(String),
}

impl Said {
    fn of(error: &SmtpError) -> Said {
        match (error.is_permanent(), error.is_transient()) {
            // 421: the server closes the connection (RFC 5321, section 3.8).
            (_, true) if error.status().is_some_and(|code| u16::from(code) == 421) => {
                Said::Lost(reason(error))
            }
            (false, false) => Said::Lost(reason(error)),
            (permanent, _) => Said::No {
                permanent,
                words: reason(error),
            },
        }
    }
}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Said::No { words, .. } | Said::Lost(words) => f.write_str(words),
        }
    }
}

/// An error with its causes, on one line, bounded: servers' words are strangers' words. They like to repeat the address,
/// and readers' addresses must not come into logs.
fn reason(error: &SmtpError) -> String {
    let mut words = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let text = cause.to_string();
        if !words.contains(&text) {
            words.push_str(": ");
            words.push_str(&text);
        }
        source = cause.source();
    }
    without_addresses(&words)
        .chars()
        .take(REASON_CHARS)
        .collect()
}

/// The words on one line, whatever looks like a mail address left out.
fn without_addresses(words: &str) -> String {
    let line = domain::text::one_line(words);
    let words = line.split(' ').map(|word| match word.contains('@') {
        true => "(address)",
        false => word,
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Whether a refusal is of the server's policy (RFC 3463, X.7.X) and not of the address: no relaying, a block list.
fn is_policy(words: &str) -> bool {
    words
        .split(|c: char| c.is_whitespace() || matches!(c, ':' | '-' | '#' | '('))
        .any(|word| word.starts_with("5.7.") && word.len() <= 8)
}

fn tls_parameters(smtp: &Smtp) -> Result<TlsParameters> {
    let mut builder: TlsParametersBuilder = TlsParameters::builder(smtp.host.clone());
    if !smtp.ca_file.as_os_str().is_empty() {
        let name = smtp.ca_file.display();
        let pem = std::fs::read(&smtp.ca_file)
            .with_context(|| format!("cannot read mail.smtp.ca_file {name}"))?;
        let certificate = Certificate::from_pem(&pem)
            .with_context(|| format!("mail.smtp.ca_file {name} holds no certificate as PEM"))?;
        builder = builder.add_root_certificate(certificate);
    }
    builder
        .build_rustls()
        .context("TLS cannot be set up for the mail server")
}

/// Writes a message into a folder under its name, whole or not at all. The same message twice is one file.
pub(super) async fn put(folder: &Path, file: &Path, bytes: &[u8]) -> Result<()> {
    let failed = |path: &Path| format!("cannot write {}", path.display());
    tokio::fs::create_dir_all(folder)
        .await
        .with_context(|| failed(folder))?;
    let part = file.with_extension("part");
    let mut open = tokio::fs::File::create(&part)
        .await
        .with_context(|| failed(&part))?;
    tokio::io::AsyncWriteExt::write_all(&mut open, bytes)
        .await
        .with_context(|| failed(&part))?;
    open.sync_all().await.with_context(|| failed(&part))?;
    drop(open);
    tokio::fs::rename(&part, file)
        .await
        .with_context(|| failed(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_left_out_of_reasons() {
        assert_eq!(
            without_addresses("550 5.1.1 <jane@example.org>:\r\n no such user"),
            "550 5.1.1 (address) no such user"
        );
    }

    #[test]
    fn policies_are_told_from_addresses() {
        assert!(is_policy(
            "permanent error (550): 5.7.1 Relay access denied"
        ));
        assert!(is_policy("550-5.7.26 unauthenticated"));
        assert!(!is_policy("permanent error (550): 5.1.1 no such user"));
        assert!(!is_policy("user 15.7.1 unknown, version 5.7.1234567"));
    }
}
