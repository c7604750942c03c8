//! Notes: short messages that one person waits for, with one link, such as the one that proves an account's address.
//! They go by the same way as all mail, but not behind the digests.

use domain::address::MailAddress;
use domain::text::one_line;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{Asked, NoteBounds};

use crate::error::Error;
use crate::state::App;
use crate::view::cut;

/// How many notes are sent.
pub const BOUNDS: NoteBounds = NoteBounds {
    a_day: 10,
    an_hour: 600,
};

/// Longest subject, in characters.
const SUBJECT_CHARS_MAX: usize = 120;
/// Most paragraphs.
const LINES_MAX: usize = 8;
/// Longest paragraph, in characters.
const LINE_CHARS_MAX: usize = 600;

/// A short message of the site to one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// One line.
    pub subject: String,
    /// What stands before the link, a paragraph each. Text, never markup.
    pub lines: Vec<String>,
    /// What the link says.
    pub link_words: String,
    /// Where the link leads, on this site: a path with its query, beginning with a slash.
    pub path: String,
    /// Until when the link is good. A note that could not be sent until then is not sent at all.
    pub until: Timestamp,
}

impl Note {
    /// The note within its bounds, every text on one line, and the path one of this site.
    fn bounded(&self) -> Note {
        let line = |text: &String| cut(&one_line(text), LINE_CHARS_MAX);
        Note {
            subject: cut(&one_line(&self.subject), SUBJECT_CHARS_MAX),
            lines: self.lines.iter().take(LINES_MAX).map(line).collect(),
            link_words: cut(&one_line(&self.link_words), SUBJECT_CHARS_MAX),
            path: format!("/{}", self.path.trim_start_matches('/')),
            until: self.until,
        }
    }
}

/// Puts a note to an address on its way. The caller's page says the same whatever comes back, or it tells strangers
/// which addresses are known; an error is that this site sends no mail.
pub async fn send_note(app: &App, to: &MailAddress, note: &Note) -> Result<Asked, Error> {
    let desk = app.mail.as_deref().filter(|desk| desk.sending);
    let desk =
        desk.ok_or_else(|| Error::Unavailable("Mail is switched off on this site.".to_string()))?;
    let content = serde_json::to_string(&note.bounded())
        .map_err(|e| Error::Unavailable(format!("The mail could not be written: {e}")))?;
    let now = app.clock.now();
    let asked = app.store.queue_note(to, &content, BOUNDS, now).await?;
    let outcome = match asked {
        Asked::Letter(_) => "note",
        Asked::Unknown => "unknown",
        Asked::Enough => "enough",
        Asked::Suppressed => "suppressed",
        Asked::Busy => "busy",
    };
    metrics::counter!("mail_requests_total", "outcome" => outcome).increment(1);
    if let Asked::Letter(_) = asked {
        desk.wake.notify_one();
    }
    Ok(asked)
}
