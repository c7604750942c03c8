//! News for one person: answers, mentions, comments on what is theirs, moderators' doings, papers of what they follow.
//!
//! A notice has a topic, and a person has one notice a topic: more of the same renews it instead of piling up. Only
//! the newest [`NOTICES_MAX`] are kept.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use domain::account::{UserId, UserName};
use domain::ids::PaperId;
use domain::paper::utc_day;
use jiff::Timestamp;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::comments::Comment;
use super::follows::FollowKind;
use super::{authors_of, keys_of, next_number};
use crate::Store;
use crate::error::Result;
use crate::papers::in_order;
use crate::row::Columns;
use crate::sql::{count, fetch_in, paper_id, row_of, word};
use crate::time::{micros, moment};

/// How many notices a person has at most; the oldest go.
pub const NOTICES_MAX: u32 = 500;

/// How many names in one comment are told that they were mentioned.
const MENTIONS_MAX: usize = 10;

/// How many people are told of one comment because they keep its paper.
const KEEPERS_MAX: i64 = 500;

/// What news is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoticeKind {
    /// Somebody answered a comment of theirs.
    Reply,
    /// Somebody wrote `@name`.
    Mention,
    /// Somebody commented on a paper that they wrote or saved.
    Comment,
    /// A moderator did something with what is theirs.
    Moderation,
    /// New papers of something that they follow.
    Paper,
}

impl NoticeKind {
    /// All of them, in the order of the settings.
    pub const ALL: [NoticeKind; 5] = [
        NoticeKind::Reply,
        NoticeKind::Mention,
        NoticeKind::Comment,
        NoticeKind::Moderation,
        NoticeKind::Paper,
    ];

    /// The word in the database and in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            NoticeKind::Reply => "reply",
            NoticeKind::Mention => "mention",
            NoticeKind::Comment => "comment",
            NoticeKind::Moderation => "moderation",
            NoticeKind::Paper => "paper",
        }
    }

    /// The kind of a word.
    pub fn from_short(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// A piece of news.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Its number.
    pub id: i64,
    /// What it is about.
    pub kind: NoticeKind,
    /// When it last happened.
    pub at: Timestamp,
    /// The paper.
    pub paper: Option<PaperId>,
    /// The paper's key.
    pub key: Option<String>,
    /// The paper's title.
    pub title: Option<String>,
    /// The comment.
    pub comment: Option<i64>,
    /// Who wrote the comment.
    pub by: Option<String>,
    /// How many times it happened: papers of a follow.
    pub tally: u32,
    /// A moderator's words; or what is followed, as `kind:value`.
    pub text: String,
    /// Not looked at yet.
    pub unread: bool,
}

/// News to be.
pub(super) struct News<'a> {
    pub(super) kind: NoticeKind,
    pub(super) topic: &'a str,
    pub(super) paper: Option<PaperId>,
    pub(super) comment: Option<i64>,
    pub(super) tally: u32,
    pub(super) text: &'a str,
}

impl Store {
    /// A person's notices, the newest first.
    pub async fn notices(&self, account: UserId, limit: u32) -> Result<Vec<Notice>> {
        const SQL: &str = "SELECT n.id, n.kind, n.at, n.paper, p.title, n.comment, u.name, n.tally, n.text, n.unread \
            FROM notices n LEFT JOIN papers p ON p.id = n.paper LEFT JOIN comments c ON c.id = n.comment \
            LEFT JOIN users u ON u.id = c.account WHERE n.account = $1 ORDER BY n.at DESC, n.id DESC LIMIT $2";
        let mut tx = self.begin_read().await?;
        let rows = sqlx::query(SQL)
            .bind(account.0)
            .bind(i64::from(limit.min(NOTICES_MAX)))
            .fetch_all(&mut *tx)
            .await?;
        let mut notices: Vec<Notice> = rows.iter().map(read_notice).collect::<Result<_>>()?;
        let papers: BTreeSet<PaperId> = notices.iter().filter_map(|n| n.paper).collect();
        let papers: Vec<PaperId> = papers.into_iter().collect();
        let keys = keys_of(&mut tx, &papers).await?;
        for notice in &mut notices {
            notice.key = notice.paper.and_then(|paper| keys.get(&paper).cloned());
        }
        Ok(notices)
    }

    /// How many notices a person has not looked at.
    pub async fn notices_unread(&self, account: UserId) -> Result<u32> {
        const SQL: &str = "SELECT count(*) FROM notices WHERE account = $1 AND unread = 1";
        let row = sqlx::query(SQL)
            .bind(account.0)
            .fetch_one(self.readers())
            .await?;
        count(Columns::of(&row).int()?)
    }

    /// A person has looked at one notice, or at all up to a moment. Returns how many were unread.
    pub async fn read_notices(
        &self,
        account: UserId,
        one: Option<i64>,
        until: Timestamp,
    ) -> Result<u64> {
        const ALL: &str =
            "UPDATE notices SET unread = 0 WHERE account = $1 AND unread = 1 AND at <= $2";
        const ONE: &str =
            "UPDATE notices SET unread = 0 WHERE account = $1 AND unread = 1 AND id = $2";
        let done = match one {
            Some(id) => sqlx::query(ONE).bind(account.0).bind(id),
            None => sqlx::query(ALL).bind(account.0).bind(micros(until)),
        };
        Ok(done.execute(self.writers()).await?.rows_affected())
    }

    /// The kinds of news that a person does not want.
    pub async fn notices_off(&self, account: UserId) -> Result<Vec<NoticeKind>> {
        let rows = sqlx::query("SELECT kind FROM notices_off WHERE account = $1 ORDER BY kind")
            .bind(account.0)
            .fetch_all(self.readers())
            .await?;
        rows.iter()
            .map(|row| word(Columns::of(row).text()?, NoticeKind::from_short))
            .collect()
    }

    /// Says which kinds of news a person does not want from now on.
    pub async fn set_notices_off(&self, account: UserId, off: &[NoticeKind]) -> Result<()> {
        let mut tx = self.begin_write().await?;
        sqlx::query("DELETE FROM notices_off WHERE account = $1")
            .bind(account.0)
            .execute(&mut *tx)
            .await?;
        let kinds: BTreeSet<NoticeKind> = off.iter().copied().collect();
        for kind in kinds {
            sqlx::query("INSERT INTO notices_off (account, kind) VALUES ($1, $2)")
                .bind(account.0)
                .bind(kind.as_str())
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Tells those who follow a category, author or tag of new papers: one notice a follow and day, which counts.
    /// Returns how many people were told.
    pub async fn tell_followers(&self, papers: &[PaperId], now: Timestamp) -> Result<u64> {
        const SQL: &str = "SELECT kind, value, account FROM follows WHERE value IN ({keys})";
        if papers.is_empty() {
            return Ok(0);
        }
        let mut tx = self.begin_write().await?;
        let mut tallies: BTreeMap<(FollowKind, String), u32> = BTreeMap::new();
        for paper in in_order(&mut tx, papers).await? {
            let categories = paper.categories.iter().cloned();
            let tags = paper.tags.iter().cloned();
            let authors = paper.authors.iter().map(domain::paper::Author::key);
            let named = categories.map(|c| (FollowKind::Category, c));
            let named = named.chain(tags.map(|t| (FollowKind::Tag, t)));
            let named: BTreeSet<_> = named
                .chain(authors.map(|a| (FollowKind::Author, a)))
                .collect();
            for name in named {
                *tallies.entry(name).or_default() += 1;
            }
        }
        let values: BTreeSet<&str> = tallies.keys().map(|(_, value)| value.as_str()).collect();
        let values: Vec<&str> = values.into_iter().collect();
        let day = utc_day(now);
        let mut told = BTreeSet::new();
        for row in fetch_in(&mut tx, SQL, &[], &values).await? {
            let mut columns = Columns::of(&row);
            let kind = word(columns.text()?, FollowKind::from_short)?;
            let value = columns.text()?.to_string();
            let account = UserId(columns.int()?);
            let Some(tally) = tallies.get(&(kind, value.clone())) else {
                continue;
            };
            let text = format!("{}:{value}", kind.as_str());
            let news = News {
                kind: NoticeKind::Paper,
                topic: &format!("{text}:{day}"),
                paper: None,
                comment: None,
                tally: *tally,
                text: &text,
            };
            tell(&mut tx, &[account], &news, now).await?;
            told.insert(account);
        }
        tx.commit().await?;
        Ok(told.len() as u64)
    }
}

/// Writes news for people who want this kind of it.
pub(super) async fn tell(
    conn: &mut AnyConnection,
    accounts: &[UserId],
    news: &News<'_>,
    now: Timestamp,
) -> Result<()> {
    const OFF: &str = "SELECT account, kind FROM notices_off WHERE account IN ({keys})";
    const PUT: &str = "INSERT INTO notices (id, account, kind, topic, at, paper, comment, tally, text, unread) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1) ON CONFLICT (account, topic) DO UPDATE SET \
        at = excluded.at, unread = 1, tally = notices.tally + excluded.tally, text = excluded.text";
    const TRIM: &str = "DELETE FROM notices WHERE account = $1 AND id NOT IN \
        (SELECT id FROM notices WHERE account = $1 ORDER BY at DESC, id DESC LIMIT $2)";
    let keys: Vec<i64> = accounts.iter().map(|account| account.0).collect();
    let mut off = HashSet::new();
    for row in fetch_in(conn, OFF, &[], &keys).await? {
        let mut columns = Columns::of(&row);
        let account = columns.int()?;
        if word(columns.text()?, NoticeKind::from_short)? == news.kind {
            off.insert(account);
        }
    }
    for account in keys.into_iter().filter(|account| !off.contains(account)) {
        let id = next_number(conn, "notice").await?;
        sqlx::query(PUT)
            .bind(id)
            .bind(account)
            .bind(news.kind.as_str())
            .bind(news.topic)
            .bind(micros(now))
            .bind(news.paper.map(row_of))
            .bind(news.comment)
            .bind(i64::from(news.tally))
            .bind(news.text)
            .execute(&mut *conn)
            .await?;
        sqlx::query(TRIM)
            .bind(account)
            .bind(i64::from(NOTICES_MAX))
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

/// Tells whom a new comment concerns, each once: who is answered, who is named, who wrote or keeps the paper.
pub(super) async fn tell_of_comment(
    conn: &mut AnyConnection,
    comment: &Comment,
    answered: Option<&Comment>,
    now: Timestamp,
) -> Result<()> {
    const KEEPERS: &str = "SELECT account FROM marks WHERE paper = $1 AND kind = 'save' \
        ORDER BY at DESC, account LIMIT $2";
    let mut told: HashSet<UserId> = comment.account.into_iter().collect();
    let answered = answered.and_then(|a| a.account);
    let named = named_in(conn, &comment.body).await?;
    let rows = sqlx::query(KEEPERS)
        .bind(row_of(comment.paper))
        .bind(KEEPERS_MAX)
        .fetch_all(&mut *conn)
        .await?;
    let mut concerned = authors_of(conn, comment.paper).await?;
    for row in &rows {
        concerned.push(UserId(Columns::of(row).int()?));
    }
    let topic = format!("comment:{}", comment.id);
    for (kind, accounts) in [
        (NoticeKind::Reply, answered.into_iter().collect()),
        (NoticeKind::Mention, named),
        (NoticeKind::Comment, concerned),
    ] {
        let accounts: Vec<UserId> = accounts;
        let new: Vec<UserId> = accounts.into_iter().filter(|a| told.insert(*a)).collect();
        let news = News {
            kind,
            topic: &topic,
            paper: Some(comment.paper),
            comment: Some(comment.id),
            tally: 1,
            text: "",
        };
        tell(conn, &new, &news, now).await?;
    }
    Ok(())
}

/// The people whose names stand in a text as `@name`.
async fn named_in(conn: &mut AnyConnection, body: &str) -> Result<Vec<UserId>> {
    const SQL: &str = "SELECT id FROM users WHERE name_key IN ({keys}) ORDER BY id";
    let names = mentions(body);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let rows = fetch_in(conn, SQL, &[], &names).await?;
    rows.iter()
        .map(|row| Ok(UserId(Columns::of(row).int()?)))
        .collect()
}

/// Keys of names that a text mentions: after an `@` that no word or address runs into.
fn mentions(body: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut before = ' ';
    let mut rest = body.chars();
    while let Some(c) = rest.next() {
        if c == '@' && !before.is_alphanumeric() && !matches!(before, '.' | '/' | '_' | '-') {
            let text = rest.as_str();
            let end = text.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_'));
            let name = &text[..end.unwrap_or(text.len())];
            if let Ok(name) = UserName::parse(name.trim_end_matches(['-', '_']))
                && !found.contains(&name.key())
            {
                found.push(name.key());
            }
        }
        if found.len() >= MENTIONS_MAX {
            break;
        }
        before = c;
    }
    found
}

fn read_notice(row: &AnyRow) -> Result<Notice> {
    let mut columns = Columns::of(row);
    Ok(Notice {
        id: columns.int()?,
        kind: word(columns.text()?, NoticeKind::from_short)?,
        at: moment(columns.int()?)?,
        paper: columns.opt_int()?.map(paper_id).transpose()?,
        key: None,
        title: columns.opt_text()?,
        comment: columns.opt_int()?,
        by: columns.opt_text()?,
        tally: count(columns.int()?)?,
        text: columns.text()?.to_string(),
        unread: columns.int()? != 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, expected: &[&str]) {
        assert_eq!(mentions(body), expected);
    }

    #[test]
    fn names_are_found_in_texts() {
        check("@Jane and (@bo-b), again @jane.", &["jane", "bo-b"]);
        check("jane@example.org, https://x.org/@jane, a_@jane", &[]);
        check("@", &[]);
        check("@admin @j @-x", &[]);
        check("@jane- @li_", &["jane", "li"]);
        let many: String = (0..50).map(|n| format!("@name{n} ")).collect();
        assert_eq!(mentions(&many).len(), MENTIONS_MAX);
    }
}
