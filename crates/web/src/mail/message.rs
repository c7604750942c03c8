//! What a message says: subject, HTML and plain text of one view, without anything of HTTP or of mail's own headers.
//!
//! The HTML is one column without tables, pictures, or anything from elsewhere. Colours stand only in the style sheet,
//! for light and for dark, so a mail program that drops it shows its own colours and the text stays readable. Formulas
//! are readable lines in both forms, for mail programs know no MathML.

use std::fmt::Display;
use std::sync::Arc;

use askama::Template;
use domain::address::MailAddress;
use domain::paper::{LinkKind, Paper};
use domain::subscription::{Days, ReaderId, Rhythm, Schedule, Scope, Subscription, Wish};
use domain::text::one_line;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::note::Note;
use super::token::{Keys, Purpose};
use crate::base_url::BaseUrl;
use crate::latex;
use crate::lists::{ListRef, papers_in_words};
use crate::view::{authors_line, cut, long_date, number, paper_path, web_links, weekday_name};

/// Longest title in a message, in characters.
const TITLE_CHARS_MAX: usize = 300;

/// Longest title in a subject, in characters: what most mail programs show of one.
const SUBJECT_CHARS_MAX: usize = 90;

/// How many authors a message names.
const AUTHORS_SHOWN: usize = 4;

/// How many categories it names.
const CATEGORIES_SHOWN: usize = 4;

/// Length of an abstract's beginning, in characters.
const TEASER_CHARS: usize = 360;

/// How many unchecked sources a message names.
const OPEN_SHOWN: usize = 12;

/// Where lines of the plain text are broken, in characters. RFC 5322, section 2.1.1, asks for at most 78.
const LINE_CHARS: usize = 72;

/// How long the link to manage subscriptions in a digest is good.
const MANAGE_GOOD: jiff::SignedDuration = jiff::SignedDuration::from_hours(60 * 24);

/// A message in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// One line.
    pub subject: String,
    /// A whole document.
    pub html: String,
    /// Lines of at most some 72 characters, but for addresses.
    pub text: String,
}

/// What the ledger said of the sources when a digest was made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// How many sources there are to check.
    pub sources: u32,
    /// Those that cannot be called checked, and why, in words.
    pub open: Vec<String>,
}

impl Checked {
    /// Whether it may be said that all sources were checked. Of no sources at all it may not.
    pub fn all(&self) -> bool {
        self.sources > 0 && self.open.is_empty()
    }
}

/// A paper as messages show it. The same for all readers, so it is made once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Without markup.
    pub title: String,
    /// Its page on this site.
    pub url: String,
    /// "Ana García, Na Li and 3 more".
    pub authors: String,
    /// Categories, votes, comments.
    pub facts: String,
    /// Linked code.
    pub code: Option<String>,
    /// "Abstract", or "Summary by NAME".
    pub label: String,
    /// Its beginning, or empty.
    pub teaser: String,
}

impl Item {
    /// A paper in words.
    pub fn of(paper: &Paper, base: &BaseUrl) -> Self {
        let (label, text) = match &paper.summary {
            Some(summary) => (
                format!("Summary by {}", cut(&one_line(&summary.by), 60)),
                summary.text.as_str(),
            ),
            None => ("Abstract".to_string(), paper.abstract_text.as_str()),
        };
        let mut facts: Vec<String> = paper
            .categories
            .iter()
            .take(CATEGORIES_SHOWN)
            .cloned()
            .collect();
        if paper.votes > 0 {
            facts.push(format!("▲ {}", number(u64::from(paper.votes))));
        }
        match paper.comments {
            0 => {}
            1 => facts.push("1 comment".to_string()),
            n => facts.push(format!("{} comments", number(u64::from(n)))),
        }
        Item {
            title: plain(&paper.title, TITLE_CHARS_MAX),
            url: base.join(&paper_path(&paper.key())),
            authors: one_line(&authors_line(paper, AUTHORS_SHOWN)),
            facts: facts.join(" · "),
            code: web_links(paper, LinkKind::Code)
                .next()
                .map(|link| link.url.clone()),
            label,
            teaser: plain(text, TEASER_CHARS),
        }
    }

    fn title_lines(&self) -> String {
        wrapped(&self.title)
    }

    fn byline(&self) -> String {
        let parts = [self.authors.as_str(), self.facts.as_str()];
        let parts: Vec<&str> = parts.into_iter().filter(|p| !p.is_empty()).collect();
        wrapped(&parts.join(" · "))
    }

    fn teaser_lines(&self) -> String {
        wrapped(&format!("{}: {}", self.label, self.teaser))
    }
}

/// Where the links of messages lead, and who signs them.
#[derive(Debug, Clone)]
pub struct Links<'a> {
    /// The site.
    pub base: &'a BaseUrl,
    /// Signs.
    pub keys: &'a Keys,
}

impl Links<'_> {
    /// The address that ends a subscription. Asked for with POST it does so at once (RFC 8058); with GET it asks first.
    pub fn unsubscribe(&self, subscription: &Subscription) -> String {
        let token = self
            .keys
            .sign(Purpose::Unsubscribe, subscription.id.0, None);
        self.base.join(&format!("/mail/unsubscribe/{token}"))
    }

    /// The address at which a reader's subscriptions are changed, good until a moment.
    pub fn manage(&self, reader: ReaderId, until: Timestamp) -> String {
        let token = self.keys.sign(Purpose::Manage, reader.0, Some(until));
        self.base.join(&format!("/mail/manage/{token}"))
    }

    fn manage_from(&self, reader: ReaderId, from: Timestamp) -> String {
        let until = from.saturating_add(MANAGE_GOOD).unwrap_or(Timestamp::MAX);
        self.manage(reader, until)
    }
}

/// A digest, as it is to be written.
#[derive(Debug, Clone)]
pub struct Digest<'a> {
    /// The site's name.
    pub site: &'a str,
    /// Links and who signs them.
    pub links: Links<'a>,
    /// To whom.
    pub address: &'a MailAddress,
    /// Of which subscription.
    pub subscription: &'a Subscription,
    /// When it was due.
    pub slot: Timestamp,
    /// The papers, in order.
    pub items: &'a [Arc<Item>],
    /// How many papers were new, shown or not.
    pub found: u32,
    /// What the ledger said.
    pub checked: &'a Checked,
}

#[derive(Debug, Template)]
#[template(path = "mail_digest.html")]
struct DigestHtml<'a>(View<'a>);

#[derive(Debug, Template)]
#[template(path = "mail_digest.txt", whitespace = "preserve")]
struct DigestText<'a>(View<'a>);

/// What both forms of a digest show.
#[derive(Debug, Clone)]
struct View<'a> {
    site: &'a str,
    subject: String,
    heading: String,
    lead: String,
    items: &'a [Arc<Item>],
    /// What the ledger said, as sentences.
    ledger: String,
    open: Vec<String>,
    more: Option<String>,
    why: String,
    manage: String,
    unsubscribe: String,
    coverage: String,
}

/// Writes a digest.
pub fn digest(digest: &Digest<'_>) -> Result<Message, askama::Error> {
    let view = view(digest);
    let html = DigestHtml(view.clone()).render()?;
    let text = tidy(&DigestText(view.clone()).render()?);
    Ok(Message {
        subject: view.subject,
        html,
        text,
    })
}

fn view<'a>(digest: &Digest<'a>) -> View<'a> {
    let Digest {
        subscription,
        links,
        checked,
        ..
    } = digest;
    let wish = &subscription.wish;
    let date = wish.schedule.date(digest.slot);
    let shown = digest.items.len();
    let heading = match wish.schedule.rhythm {
        Rhythm::Daily => long_date(date),
        Rhythm::Weekly => format!("The week until {}", long_date(date)),
    };
    let unshown = u64::from(digest.found).saturating_sub(shown as u64);
    View {
        site: digest.site,
        subject: subject(digest.items, checked),
        heading,
        lead: lead(shown, digest.found, &wish.scope),
        items: digest.items,
        ledger: ledger_words(shown, checked),
        open: checked.open.iter().take(OPEN_SHOWN).cloned().collect(),
        more: (unshown > 0).then(|| links.base.join(&scope_path(&wish.scope))),
        why: format!(
            "You get this because {} asked for it: {}.",
            digest.address,
            wish_words(wish)
        ),
        manage: links.manage_from(subscription.reader, digest.slot),
        unsubscribe: links.unsubscribe(subscription),
        coverage: links.base.join("/about/coverage"),
    }
}

/// The number of papers and the first one's title; without papers, whether that is certain.
fn subject(items: &[Arc<Item>], checked: &Checked) -> String {
    match items.first() {
        Some(first) => {
            let count = papers_in_words(items.len() as u64);
            format!("{count}: {}", cut(&first.title, SUBJECT_CHARS_MAX))
        }
        None if checked.all() => "Nothing new, and all sources were checked".to_string(),
        None => "Nothing new so far, but not all sources were checked".to_string(),
    }
}

fn lead(shown: usize, found: u32, scope: &Scope) -> String {
    let all = papers_in_words(u64::from(found));
    match shown {
        0 => format!("There are no new papers for {scope}."),
        shown if shown as u64 >= u64::from(found) => format!("{all} for {scope}."),
        shown => format!("The first {shown} of {all} for {scope}."),
    }
}

/// "All sources were checked" is said only where the ledger has it so.
fn ledger_words(shown: usize, checked: &Checked) -> String {
    let sources = match checked.sources {
        1 => "the one source".to_string(),
        n => format!("all {n} sources"),
    };
    if checked.all() {
        return match shown {
            0 => format!(
                "This is certain: {sources} of this site were checked, and what they announced has all come in."
            ),
            _ => format!("What {sources} of this site announced has all come in."),
        };
    }
    match (checked.sources, shown) {
        (0, 0) => "No sources are checked regularly by this site, so it may have missed some.".to_string(),
        (0, _) => String::new(),
        (_, 0) => "But this is not certain yet. What comes in later is in the next mail. Not checked, or not whole:".to_string(),
        _ => "Not everything has come in yet; what comes later is in the next mail. Not checked, or not whole:".to_string(),
    }
}

/// The page that shows what a scope is about.
fn scope_path(scope: &Scope) -> String {
    match scope {
        Scope::All => "/".to_string(),
        Scope::Categories(names) => match names.as_slice() {
            [one] => ListRef::Category(one.clone()).path(),
            many => {
                let query = many.iter().map(|name| format!("cat:{name}"));
                ListRef::Search(query.collect::<Vec<_>>().join(" OR ")).path()
            }
        },
        Scope::Follows => "/following".to_string(),
        Scope::Query(query) => format!("{}&sort=newest", ListRef::Search(query.clone()).path()),
    }
}

/// "the whole page, on Monday to Friday from 07:00 (Europe/Berlin), at most 20 papers".
pub fn wish_words(wish: &Wish) -> String {
    format!("{}, {}", wish.scope, order_words(wish))
}

/// "on Monday to Friday from 07:00 (Europe/Berlin), at most 20 papers".
pub fn order_words(wish: &Wish) -> String {
    let papers = match wish.papers_max {
        1 => "1 paper".to_string(),
        n => format!("{n} papers"),
    };
    let nothing = if wish.say_nothing {
        ", also when there is nothing new"
    } else {
        ""
    };
    format!(
        "{}, at most {papers}{nothing}",
        schedule_words(&wish.schedule)
    )
}

/// "on Monday to Friday from 07:00 (Europe/Berlin)".
pub fn schedule_words(schedule: &Schedule) -> String {
    let days = match (schedule.rhythm, schedule.days) {
        (Rhythm::Weekly, days) => {
            let day = days.iter().next().map_or("day", weekday_name);
            format!("every {day}")
        }
        (_, Days::WEEKDAYS) => "on Monday to Friday".to_string(),
        (_, days) if days.len() == 7 => "every day".to_string(),
        (_, days) => {
            let names: Vec<_> = days.iter().map(weekday_name).collect();
            format!("on {}", names.join(", "))
        }
    };
    format!("{days} from {:02}:00 ({})", schedule.hour, schedule.zone)
}

#[derive(Debug, Template)]
#[template(path = "mail_note.html")]
struct NoteHtml<'a>(NoteView<'a>);

#[derive(Debug, Template)]
#[template(path = "mail_note.txt", whitespace = "preserve")]
struct NoteText<'a>(NoteView<'a>);

/// A short message with one link.
#[derive(Debug, Clone)]
struct NoteView<'a> {
    site: &'a str,
    subject: String,
    paragraphs: Vec<String>,
    link_words: String,
    link: String,
    last: String,
}

fn written(note: NoteView<'_>) -> Result<Message, askama::Error> {
    Ok(Message {
        subject: note.subject.clone(),
        html: NoteHtml(note.clone()).render()?,
        text: tidy(&NoteText(note).render()?),
    })
}

/// Writes a note.
pub fn note(site: &str, base: &BaseUrl, note: &Note) -> Result<Message, askama::Error> {
    written(NoteView {
        site,
        subject: note.subject.clone(),
        paragraphs: note.lines.clone(),
        link_words: note.link_words.clone(),
        link: base.join(&note.path),
        last: format!(
            "The link is good until {}. If it was not you who asked for it, do nothing.",
            minute(note.until)
        ),
    })
}

/// Asks the owner of an address whether a subscription is wanted. What somebody has typed is not in it: until the owner
/// says yes, whoever asked may be anybody, and must not be able to have words of theirs sent to others.
pub fn confirm(
    site: &str,
    links: &Links<'_>,
    subscription: &Subscription,
    until: Timestamp,
) -> Result<Message, askama::Error> {
    let token = links
        .keys
        .sign(Purpose::Confirm, subscription.id.0, Some(until));
    written(NoteView {
        site,
        subject: format!("Do you want mail from {site}?"),
        paragraphs: vec![
            format!(
                "Somebody, probably you, asked {site} to send new papers to this address: {}, {}.",
                match subscription.wish.scope {
                    Scope::All => "the whole page",
                    Scope::Categories(_) => "those of some categories",
                    Scope::Query(_) => "those that a search finds",
                    Scope::Follows => "those that you follow there",
                },
                schedule_words(&subscription.wish.schedule)
            ),
            "Nothing is sent until you say yes. Follow the link, see what was asked for, and press the button:"
                .to_string(),
        ],
        link_words: "Yes, send me this".to_string(),
        link: links.base.join(&format!("/mail/confirm/{token}")),
        last: format!(
            "The link is good until {}. If it was not you, do nothing: no mail will come, and the request is deleted.",
            minute(until)
        ),
    })
}

/// Brings the link under which a reader's subscriptions are changed.
pub fn manage(
    site: &str,
    links: &Links<'_>,
    reader: ReaderId,
    until: Timestamp,
) -> Result<Message, askama::Error> {
    written(NoteView {
        site,
        subject: format!("Your mail from {site}"),
        paragraphs: vec![format!(
            "Somebody, probably you, asked {site} for new mail to this address, or for the link to change what it gets. \
             Under this link you can see, change, pause and end it, and make room for more:"
        )],
        link_words: "Your subscriptions".to_string(),
        link: links.manage(reader, until),
        last: format!(
            "The link is good until {}. Who has it can change your subscriptions, so keep it to yourself. If it was \
             not you who asked, do nothing.",
            minute(until)
        ),
    })
}

/// "23 November 2026, 08:00 UTC".
fn minute(at: Timestamp) -> String {
    at.strftime("%-d %B %Y, %H:%M UTC").to_string()
}

/// A text of strangers' without markup, on one line, cut.
fn plain(text: &str, chars_max: usize) -> String {
    // Cut before as well, so that a text of any length costs little.
    let short = cut(text, 4 * chars_max);
    cut(&one_line(&latex::plain(&short)), chars_max)
}

/// Text in lines. Words longer than a line, such as addresses, stay whole.
fn wrapped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 40);
    let mut width = 0;
    for word in text.split_whitespace() {
        let chars = word.chars().count();
        if width > 0 && width + 1 + chars > LINE_CHARS {
            out.push('\n');
            width = 0;
        }
        if width > 0 {
            out.push(' ');
            width += 1;
        }
        out.push_str(word);
        width += chars;
    }
    out
}

/// For the templates of the plain text.
fn lines(text: impl Display) -> String {
    wrapped(&text.to_string())
}

/// No white space at ends of lines, and never two empty lines in a row: templates leave some behind.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut empty = true;
    for line in text.lines().map(str::trim_end) {
        if line.is_empty() && empty {
            continue;
        }
        empty = line.is_empty();
        out.push_str(line);
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

#[cfg(test)]
#[path = "message/tests.rs"]
mod tests;
