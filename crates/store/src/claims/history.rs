//! Links and tags that people say a paper has, with their history.
//!
//! Each saying is an event: added, withdrawn by the one who added it, removed by a moderator. The newest event of a
//! thing says how it stands. What stands is also among the paper's own links (as said by [`Source::Reader`]) and tags,
//! so that evidence, lists, feeds and the index follow by themselves.

use std::collections::HashMap;

use domain::account::UserId;
use domain::ids::PaperId;
use domain::paper::{Link, LinkKind, Paper};
use domain::record::Source;
use domain::text::one_line;
use jiff::{SignedDuration, Timestamp};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::authorship::REASON_CHARS_MAX;
use super::decisions::{NewDecision, record};
use crate::Store;
use crate::absorb::amend;
use crate::collections::kept_text;
use crate::error::Result;
use crate::row::Columns;
use crate::sql::{next_number, row_of, word};
use crate::time::{micros, moment};

/// Most links of a paper that readers' claims may stand behind.
pub const LINKS_MAX: usize = 40;
/// Most tags of a paper that readers' claims may stand behind.
pub const TAGS_MAX: usize = 10;
/// Most links and tags that one person may add within a day.
pub const CLAIMS_PER_DAY_MAX: u32 = 60;
/// Most events of a paper that are looked at. The bounds above keep honest papers far below it.
const EVENTS_MAX: i64 = 2_000;
/// Shortest and longest tag, in characters.
const TAG_CHARS: std::ops::RangeInclusive<usize> = 2..=40;

/// What is claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClaimKind {
    /// A link of this kind; one of [`ClaimKind::LINKS`].
    Link(LinkKind),
    /// A tag.
    Tag,
}

impl ClaimKind {
    /// The kinds of links that people may claim.
    pub const LINKS: [LinkKind; 4] = [
        LinkKind::Code,
        LinkKind::Model,
        LinkKind::Data,
        LinkKind::Project,
    ];

    /// The word in the database and in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            ClaimKind::Link(kind) => kind.as_str(),
            ClaimKind::Tag => "tag",
        }
    }

    /// The kind of a word, if people may claim it.
    pub fn from_short(word: &str) -> Option<Self> {
        if word == "tag" {
            return Some(ClaimKind::Tag);
        }
        let kind = LinkKind::from_short(word)?;
        Self::LINKS.contains(&kind).then_some(ClaimKind::Link(kind))
    }
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimAct {
    /// Somebody said so.
    Added,
    /// They took it back.
    Withdrawn,
    /// A moderator took it away.
    Removed,
}

impl ClaimAct {
    const ALL: [ClaimAct; 3] = [ClaimAct::Added, ClaimAct::Withdrawn, ClaimAct::Removed];

    /// The word in the database and for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            ClaimAct::Added => "added",
            ClaimAct::Withdrawn => "withdrawn",
            ClaimAct::Removed => "removed",
        }
    }

    fn from_short(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.as_str() == word)
    }
}

/// One line of a paper's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimEvent {
    /// What it is about.
    pub kind: ClaimKind,
    /// The address, or the tag.
    pub value: String,
    /// What was done.
    pub act: ClaimAct,
    /// By whom; `None` after that account went.
    pub account: Option<UserId>,
    /// Their name.
    pub name: Option<String>,
    /// When.
    pub at: Timestamp,
    /// Why it was removed.
    pub reason: String,
}

/// What became of saying something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// It stands now, or does not stand any more.
    Done,
    /// It was so already.
    Already,
    /// It was removed by a moderator and stays so.
    Barred,
    /// The paper has as many as it may have.
    Full,
    /// The person has said [`CLAIMS_PER_DAY_MAX`] things within a day.
    TooMany,
    /// The text is no address, or no tag.
    Unfit,
    /// Somebody else said it: only they or a moderator can take it away.
    NotTheirs,
    /// The paper is not here.
    UnknownPaper,
}

/// A tag in the one form in which all tags of readers are kept: in lower case, one space between words, 2 to 40
/// characters, with at least one letter or digit and nothing that cannot be seen.
pub fn reader_tag(text: &str) -> Option<String> {
    if text.len() > 400 {
        return None;
    }
    let tag = one_line(&domain::text::composed(text)).to_lowercase();
    let tag = tag.trim_start_matches('#').trim().to_string();
    let fits = TAG_CHARS.contains(&tag.chars().count())
        && tag.chars().any(char::is_alphanumeric)
        && tag
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '.' | '+' | '_' | '/' | '&'));
    fits.then_some(tag)
}

impl Store {
    /// A person says that a paper has a link or a tag.
    pub async fn add_claim(
        &self,
        paper: PaperId,
        kind: ClaimKind,
        text: &str,
        by: UserId,
        now: Timestamp,
    ) -> Result<Said> {
        let Some(value) = value_of(kind, text, now) else {
            return Ok(Said::Unfit);
        };
        let mut tx = self.begin_write().await?;
        let Some(current) = crate::papers::load(&mut tx, &[paper]).await?.remove(&paper) else {
            return Ok(Said::UnknownPaper);
        };
        let events = events(&mut tx, paper).await?;
        let last = events
            .iter()
            .rev()
            .find(|e| e.kind == kind && e.value == value);
        if has(&current, kind, &value) {
            return Ok(Said::Already);
        }
        if last.is_some_and(|e| e.act == ClaimAct::Removed) {
            return Ok(Said::Barred);
        }
        let is_tag = |kind: ClaimKind| kind == ClaimKind::Tag;
        let alike = standing(&events).filter(|e| is_tag(e.kind) == is_tag(kind));
        let most = if is_tag(kind) { TAGS_MAX } else { LINKS_MAX };
        if alike.count() >= most || events.len() as i64 >= EVENTS_MAX {
            return Ok(Said::Full);
        }
        if said_since(&mut tx, by, now - SignedDuration::from_hours(24)).await?
            >= i64::from(CLAIMS_PER_DAY_MAX)
        {
            return Ok(Said::TooMany);
        }
        let event = NewEvent {
            paper,
            kind,
            value: &value,
            act: ClaimAct::Added,
            by,
            reason: "",
        };
        event.write(&mut tx, now).await?;
        amend(&mut tx, paper, now, |paper| add(paper, kind, &value, now)).await?;
        tx.commit().await?;
        Ok(Said::Done)
    }

    /// The person who said it takes it back.
    pub async fn withdraw_claim(
        &self,
        paper: PaperId,
        kind: ClaimKind,
        value: &str,
        by: UserId,
        now: Timestamp,
    ) -> Result<Said> {
        self.end_claim(paper, kind, value, by, None, now).await
    }

    /// A moderator takes away what somebody said; it cannot be said again.
    pub async fn remove_claim(
        &self,
        paper: PaperId,
        kind: ClaimKind,
        value: &str,
        moderator: UserId,
        reason: &str,
        now: Timestamp,
    ) -> Result<Said> {
        self.end_claim(paper, kind, value, moderator, Some(reason), now)
            .await
    }

    async fn end_claim(
        &self,
        paper: PaperId,
        kind: ClaimKind,
        value: &str,
        by: UserId,
        removed_for: Option<&str>,
        now: Timestamp,
    ) -> Result<Said> {
        let mut tx = self.begin_write().await?;
        let events = events(&mut tx, paper).await?;
        let stands = standing(&events).find(|e| e.kind == kind && e.value == value);
        let Some(stands) = stands else {
            return Ok(Said::Already);
        };
        let act = match removed_for {
            Some(_) => ClaimAct::Removed,
            None if stands.account != Some(by) => return Ok(Said::NotTheirs),
            None => ClaimAct::Withdrawn,
        };
        let reason = kept_text(removed_for.unwrap_or_default(), REASON_CHARS_MAX);
        let event = NewEvent {
            paper,
            kind,
            value,
            act,
            by,
            reason: &reason,
        };
        event.write(&mut tx, now).await?;
        if act == ClaimAct::Removed {
            let decision = NewDecision {
                moderator: by,
                act: "removed",
                paper,
                account: stands.account,
                about: &format!("{}: {value}", kind.as_str()),
                reason: &reason,
            };
            record(&mut tx, decision, now).await?;
        }
        amend(&mut tx, paper, now, |paper| take_away(paper, kind, value)).await?;
        tx.commit().await?;
        Ok(Said::Done)
    }

    /// Everything that was said of a paper, oldest first.
    pub async fn claim_history(&self, paper: PaperId) -> Result<Vec<ClaimEvent>> {
        let mut tx = self.begin_read().await?;
        events(&mut tx, paper).await
    }

    /// What people say of a paper and stands: links and tags with who said it.
    pub async fn standing_claims(&self, paper: PaperId) -> Result<Vec<ClaimEvent>> {
        let events = self.claim_history(paper).await?;
        Ok(standing(&events).cloned().collect())
    }

    /// The newest links and tags that people added anywhere, for moderators: paper and event.
    pub async fn newest_claims(&self, limit: u32) -> Result<Vec<(PaperId, ClaimEvent)>> {
        const SQL: &str = "SELECT e.kind, e.value, e.act, e.account, u.name, e.at, e.reason, e.paper \
            FROM paper_claims e LEFT JOIN users u ON u.id = e.account \
            WHERE e.act = 'added' AND NOT EXISTS (SELECT 1 FROM paper_claims later WHERE later.paper = e.paper \
                AND later.kind = e.kind AND later.value = e.value AND later.id > e.id) \
            ORDER BY e.id DESC LIMIT $1";
        let rows = sqlx::query(SQL)
            .bind(i64::from(limit))
            .fetch_all(self.readers())
            .await?;
        rows.iter()
            .map(|row| {
                let mut columns = Columns::of(row);
                let event = read_columns(&mut columns)?;
                Ok((crate::sql::paper_id(columns.int()?)?, event))
            })
            .collect()
    }
}

/// The address or tag as it is kept.
fn value_of(kind: ClaimKind, text: &str, now: Timestamp) -> Option<String> {
    match kind {
        ClaimKind::Link(kind) => Link::new(kind, text, Source::Reader, now).map(|link| link.url),
        ClaimKind::Tag => reader_tag(text),
    }
}

fn has(paper: &Paper, kind: ClaimKind, value: &str) -> bool {
    match kind {
        ClaimKind::Link(kind) => paper.links_of(kind).any(|link| link.url == value),
        ClaimKind::Tag => paper.tags.iter().any(|tag| tag == value),
    }
}

fn add(paper: &mut Paper, kind: ClaimKind, value: &str, now: Timestamp) {
    match kind {
        ClaimKind::Tag => paper.tags.push(value.to_string()),
        ClaimKind::Link(kind) => paper.links.extend(Link::new(
            kind,
            value,
            Source::Reader,
            Timestamp::from_microsecond(micros(now)).unwrap_or(now),
        )),
    }
}

/// A link that a source claims as well has that source's name by now, and stays.
fn take_away(paper: &mut Paper, kind: ClaimKind, value: &str) {
    match kind {
        ClaimKind::Tag => paper.tags.retain(|tag| tag != value),
        ClaimKind::Link(kind) => paper
            .links
            .retain(|l| l.kind != kind || l.url != value || l.source != Source::Reader),
    }
}

/// Of each thing the newest event, where that is an addition; oldest first.
fn standing(events: &[ClaimEvent]) -> impl Iterator<Item = &ClaimEvent> {
    let mut newest: HashMap<(ClaimKind, &str), usize> = HashMap::new();
    for (place, event) in events.iter().enumerate() {
        newest.insert((event.kind, event.value.as_str()), place);
    }
    events.iter().enumerate().filter_map(move |(place, event)| {
        let is_newest = newest.get(&(event.kind, event.value.as_str())) == Some(&place);
        (is_newest && event.act == ClaimAct::Added).then_some(event)
    })
}

/// An event to be written.
struct NewEvent<'a> {
    paper: PaperId,
    kind: ClaimKind,
    value: &'a str,
    act: ClaimAct,
    by: UserId,
    reason: &'a str,
}

impl NewEvent<'_> {
    async fn write(&self, conn: &mut AnyConnection, now: Timestamp) -> Result<()> {
        const SQL: &str = "INSERT INTO paper_claims (id, paper, kind, value, act, account, at, reason) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let id = next_number(conn, "claim").await?;
        sqlx::query(SQL)
            .bind(id)
            .bind(row_of(self.paper))
            .bind(self.kind.as_str())
            .bind(self.value)
            .bind(self.act.as_str())
            .bind(self.by.0)
            .bind(micros(now))
            .bind(self.reason)
            .execute(conn)
            .await?;
        Ok(())
    }
}

async fn events(conn: &mut AnyConnection, paper: PaperId) -> Result<Vec<ClaimEvent>> {
    const SQL: &str = "SELECT e.kind, e.value, e.act, e.account, u.name, e.at, e.reason FROM paper_claims e \
        LEFT JOIN users u ON u.id = e.account WHERE e.paper = $1 ORDER BY e.id LIMIT $2";
    let rows = sqlx::query(SQL)
        .bind(row_of(paper))
        .bind(EVENTS_MAX)
        .fetch_all(conn)
        .await?;
    rows.iter().map(read).collect()
}

async fn said_since(conn: &mut AnyConnection, by: UserId, since: Timestamp) -> Result<i64> {
    const SQL: &str =
        "SELECT count(*) FROM paper_claims WHERE account = $1 AND at > $2 AND act = 'added'";
    let row = sqlx::query(SQL)
        .bind(by.0)
        .bind(micros(since))
        .fetch_one(conn)
        .await?;
    Columns::of(&row).int()
}

fn read(row: &AnyRow) -> Result<ClaimEvent> {
    read_columns(&mut Columns::of(row))
}

fn read_columns(columns: &mut Columns<'_>) -> Result<ClaimEvent> {
    Ok(ClaimEvent {
        kind: word(columns.text()?, ClaimKind::from_short)?,
        value: columns.text()?.to_string(),
        act: word(columns.text()?, ClaimAct::from_short)?,
        account: columns.opt_int()?.map(UserId),
        name: columns.opt_text()?,
        at: moment(columns.int()?)?,
        reason: columns.text()?.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(reader_tag(text).as_deref(), expected);
    }

    #[test]
    fn tags_have_one_form() {
        check(" #Graph   Networks ", Some("graph networks"));
        check("C++", Some("c++"));
        check("e\u{301}tude", Some("étude"));
        check("日本語", Some("日本語"));
        check("x", None);
        check(&"x".repeat(41), None);
        check(&"x".repeat(40), Some(&"x".repeat(40)));
        check("\u{200b}\u{200b}", None);
        check("a\u{202e}b", Some("ab"));
        check("<script>", None);
        check("--", None);
        check(&"x".repeat(1_000_000), None);
    }
}
