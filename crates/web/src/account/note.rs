//! Short mails that accounts need: each says one thing and has one link.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use domain::address::MailAddress;

/// A mail with one link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// To whom.
    pub to: MailAddress,
    /// What it is about.
    pub subject: String,
    /// What it says, a paragraph each.
    pub paragraphs: Vec<String>,
    /// The link's words and address.
    pub link: (String, String),
}

/// What a [`Postman`] returns.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;

/// Takes notes to their addresses, or puts them where that will be done.
pub trait Postman: Send + Sync + fmt::Debug {
    /// Takes a note on. An error says in words why it cannot be sent at all.
    fn take(&self, note: Note) -> Sending<'_>;
}
