//! From words to the bytes of a message: headers, parts, signature.

use std::fmt;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use domain::address::MailAddress;
use jiff::Timestamp;
use lettre::message::dkim::{
    DkimCanonicalization, DkimCanonicalizationType, DkimConfig, DkimSigningAlgorithm,
    DkimSigningKey,
};
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, MultiPart, SinglePart};
use store::LetterKind;
use web::mail::message::Message;

use super::Office;
use crate::config::mail::{Mail, mailbox};

/// What a message has beside its words.
#[derive(Debug, Clone)]
pub(super) struct Cover<'a> {
    pub(super) kind: LetterKind,
    /// The number of the letter; 0 for a preview.
    pub(super) letter: i64,
    /// When the letter was made: its date, whenever it is handed over.
    pub(super) composed: Timestamp,
    pub(super) to: &'a MailAddress,
    /// The address that ends the subscription that it is of.
    pub(super) unsubscribe: Option<String>,
}

impl Office {
    /// The whole message. The same cover and words give the same bytes, but for the time in a signature.
    pub(super) fn write(&self, cover: &Cover<'_>, words: Message) -> Result<Vec<u8>> {
        let id = self.keys.message_id(cover.letter);
        let domain = self.from.email.domain();
        let seconds = u64::try_from(cover.composed.as_second()).unwrap_or(0);
        let mut builder = lettre::Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, cover.to.as_str().parse()?))
            .subject(words.subject)
            .date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
            .message_id(Some(format!("<{id}@{domain}>")));
        if !self.settings.reply_to.is_empty() {
            builder = builder.reply_to(mailbox("mail.reply_to", &self.settings.reply_to)?);
        }
        let mut headers = vec![("Auto-Submitted", "auto-generated".to_string())];
        if cover.kind == LetterKind::Digest {
            headers.push(("Precedence", "list".to_string()));
            headers.push(("List-Id", format!("<{}>", self.list_id())));
        }
        if let Some(address) = &cover.unsubscribe {
            headers.push(("List-Unsubscribe", format!("<{address}>")));
            // RFC 8058, section 3.1: the address must be https, and a POST to it without anything else must do.
            if self.has_https() {
                let one_click = "List-Unsubscribe=One-Click".to_string();
                headers.push(("List-Unsubscribe-Post", one_click));
            }
        }
        for (name, value) in headers {
            builder = builder.raw_header(header(name, value)?);
        }
        let parts = MultiPart::alternative()
            .boundary(format!("=_{id}"))
            .singlepart(part(ContentType::TEXT_PLAIN, words.text)?)
            .singlepart(part(ContentType::TEXT_HTML, words.html)?);
        let mut message = builder.multipart(parts)?;
        if let Some(signer) = &self.signer {
            message.sign(&signer.config);
        }
        Ok(message.formatted())
    }

    fn list_id(&self) -> String {
        if !self.settings.list_id.is_empty() {
            return self.settings.list_id.clone();
        }
        let host = self.base.0.split("://").nth(1).unwrap_or_default();
        let host = host.split(['/', ':']).next().unwrap_or_default();
        format!("digest.{host}")
    }
}

/// A header of ours: ASCII without line breaks, and never folded, for what is in angle brackets must stay whole.
fn header(name: &'static str, value: String) -> Result<HeaderValue> {
    if !value.bytes().all(|b| (b' '..0x7f).contains(&b)) {
        bail!(
            "the header {name} would hold more than plain characters: {}",
            value.escape_debug()
        );
    }
    let name = HeaderName::new_from_ascii_str(name);
    Ok(HeaderValue::dangerous_new_pre_encoded(
        name,
        value.clone(),
        value,
    ))
}

/// A part in quoted-printable: lines of bounded length whatever the text holds, and readable to who looks at it.
fn part(kind: ContentType, text: String) -> Result<SinglePart> {
    let encoding = ContentTransferEncoding::QuotedPrintable;
    let body = Body::new_with_encoding(text, encoding)
        .map_err(|_| anyhow::anyhow!("a part of the message cannot be encoded"))?;
    Ok(SinglePart::builder().content_type(kind).body(body))
}

/// Signs messages for a domain (DKIM, RFC 6376).
pub(super) struct Signer {
    config: DkimConfig,
    /// Where receivers look for the public key.
    place: String,
}

/// Without the key.
impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").finish_non_exhaustive()
    }
}

/// What is signed. RFC 8058, section 4, wants the headers of one click among it.
const SIGNED: [&str; 10] = [
    "From",
    "To",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "MIME-Version",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
];

impl Signer {
    /// Reads the key, if one is configured.
    pub(super) fn open(settings: &Mail, from: &Mailbox) -> Result<Option<Self>> {
        let dkim = &settings.dkim;
        if dkim.key_file.as_os_str().is_empty() {
            return Ok(None);
        }
        let name = dkim.key_file.display();
        let text = std::fs::read_to_string(&dkim.key_file)
            .with_context(|| format!("cannot read mail.dkim.key_file {name}"))?;
        let key = read_key(text.trim()).with_context(|| {
            format!(
                "mail.dkim.key_file {name} holds no key that can be used: wanted is an RSA key as PEM that begins with \
                 `-----BEGIN RSA PRIVATE KEY-----`, or the 32 bytes of an Ed25519 key in base64. A key that begins with \
                 `-----BEGIN PRIVATE KEY-----` becomes one by `openssl rsa -traditional -in OLD -out NEW`"
            )
        })?;
        let domain = match dkim.domain.as_str() {
            "" => from.email.domain().to_string(),
            given => given.to_string(),
        };
        let relaxed = DkimCanonicalization {
            header: DkimCanonicalizationType::Relaxed,
            body: DkimCanonicalizationType::Relaxed,
        };
        let headers = SIGNED.map(HeaderName::new_from_ascii_str).to_vec();
        Ok(Some(Signer {
            place: format!("{}._domainkey.{domain}", dkim.selector),
            config: DkimConfig::new(dkim.selector.clone(), domain, key, headers, relaxed),
        }))
    }

    /// The name in DNS under which receivers look for the public key.
    pub(super) fn place(&self) -> &str {
        &self.place
    }
}

fn read_key(text: &str) -> Result<DkimSigningKey> {
    let algorithm = match text.starts_with("-----BEGIN") {
        true => DkimSigningAlgorithm::Rsa,
        false => DkimSigningAlgorithm::Ed25519,
    };
    Ok(DkimSigningKey::new(text, algorithm)?)
}
