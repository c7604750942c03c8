//! "I am an author of this paper": claimed by a person, decided by a moderator.
//!
//! A claim goes `pending -> approved | refused`, and an approved one may be revoked, which makes it refused. Each
//! claim is a row of its own: whoever was refused may claim again, and both stay.

use domain::account::UserId;
use domain::ids::PaperId;
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::decisions::{NewDecision, record};
use crate::Store;
use crate::collections::kept_text;
use crate::error::Result;
use crate::row::Columns;
use crate::sql::{next_number, paper_id, row_of, word};
use crate::time::{micros, moment, moments};

/// Most claims of one person that may wait for a decision.
pub const PENDING_MAX: u32 = 20;
/// Longest text that a person says for their claim, in characters.
const WORDS_CHARS_MAX: usize = 1_000;
/// Longest reason of a decision, in characters.
pub(super) const REASON_CHARS_MAX: usize = 500;
/// Longest name of an author, in characters.
const AUTHOR_CHARS_MAX: usize = 200;

/// How a claim stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthorshipState {
    /// A moderator has not looked yet.
    Pending,
    /// A moderator agreed.
    Approved,
    /// A moderator did not, or took the agreement back.
    Refused,
}

impl AuthorshipState {
    const ALL: [AuthorshipState; 3] = [
        AuthorshipState::Pending,
        AuthorshipState::Approved,
        AuthorshipState::Refused,
    ];

    /// The word in the database and for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            AuthorshipState::Pending => "pending",
            AuthorshipState::Approved => "approved",
            AuthorshipState::Refused => "refused",
        }
    }

    fn from_short(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == word)
    }
}

/// A claim to be made.
#[derive(Debug, Clone, Copy)]
pub struct AuthorshipOrder<'a> {
    /// Who claims.
    pub account: UserId,
    /// Which paper.
    pub paper: PaperId,
    /// Which of the names printed on it is theirs.
    pub author: &'a str,
    /// What they say for it: a page that names them, an address of mail.
    pub words: &'a str,
}

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claimed {
    /// It waits for a moderator, under this number.
    Pending(i64),
    /// The person has claimed it already, and the claim waits or was approved.
    Already,
    /// [`PENDING_MAX`] claims of the person wait.
    TooMany,
    /// The paper is not here.
    UnknownPaper,
}

/// A claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorshipClaim {
    /// Its number.
    pub id: i64,
    /// Who claims.
    pub account: UserId,
    /// Their name.
    pub name: String,
    /// Which paper.
    pub paper: PaperId,
    /// The name as printed.
    pub author: String,
    /// What they say for it.
    pub words: String,
    /// How it stands.
    pub state: AuthorshipState,
    /// When it was made.
    pub at: Timestamp,
    /// When it was decided.
    pub decided: Option<Timestamp>,
    /// By whom.
    pub decided_by: Option<String>,
    /// Why.
    pub reason: String,
}

const SELECT: &str = "SELECT a.id, a.account, u.name, a.paper, a.author, a.words, a.state, a.at, a.decided, m.name, \
    a.reason FROM authorship_claims a JOIN users u ON u.id = a.account LEFT JOIN users m ON m.id = a.decided_by";

impl Store {
    /// Takes a claim in, to be decided.
    pub async fn claim_authorship(
        &self,
        order: AuthorshipOrder<'_>,
        now: Timestamp,
    ) -> Result<Claimed> {
        const STANDING: &str = "SELECT id FROM authorship_claims WHERE account = $1 AND paper = $2 \
            AND state <> 'refused' LIMIT 1";
        const PENDING: &str =
            "SELECT count(*) FROM authorship_claims WHERE account = $1 AND state = 'pending'";
        const INSERT: &str = "INSERT INTO authorship_claims (id, account, paper, author, words, state, at, reason) \
            VALUES ($1, $2, $3, $4, $5, 'pending', $6, '')";
        let mut tx = self.begin_write().await?;
        let paper = sqlx::query("SELECT id FROM papers WHERE id = $1")
            .bind(row_of(order.paper))
            .fetch_optional(&mut *tx)
            .await?;
        if paper.is_none() {
            return Ok(Claimed::UnknownPaper);
        }
        let standing = sqlx::query(STANDING)
            .bind(order.account.0)
            .bind(row_of(order.paper))
            .fetch_optional(&mut *tx)
            .await?;
        if standing.is_some() {
            return Ok(Claimed::Already);
        }
        let pending = sqlx::query(PENDING)
            .bind(order.account.0)
            .fetch_one(&mut *tx)
            .await?;
        if Columns::of(&pending).int()? >= i64::from(PENDING_MAX) {
            return Ok(Claimed::TooMany);
        }
        let id = next_number(&mut tx, "claim").await?;
        sqlx::query(INSERT)
            .bind(id)
            .bind(order.account.0)
            .bind(row_of(order.paper))
            .bind(kept_text(order.author, AUTHOR_CHARS_MAX))
            .bind(kept_text(order.words, WORDS_CHARS_MAX))
            .bind(micros(now))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(Claimed::Pending(id))
    }

    /// Takes a claim back that nobody has decided yet. `false` when there is none of this number by this person.
    pub async fn withdraw_authorship(&self, id: i64, account: UserId) -> Result<bool> {
        const SQL: &str =
            "DELETE FROM authorship_claims WHERE id = $1 AND account = $2 AND state = 'pending'";
        let done = sqlx::query(SQL)
            .bind(id)
            .bind(account.0)
            .execute(self.writers())
            .await?;
        Ok(done.rows_affected() > 0)
    }

    /// A moderator approves or refuses a claim that waits, or takes the approval of one back. `false` when it does not
    /// stand so that this could be decided: somebody else was faster.
    pub async fn decide_authorship(
        &self,
        id: i64,
        approve: bool,
        moderator: UserId,
        reason: &str,
        now: Timestamp,
    ) -> Result<bool> {
        const SQL: &str = "UPDATE authorship_claims SET state = $2, decided = $3, decided_by = $4, reason = $5 \
            WHERE id = $1";
        let mut tx = self.begin_write().await?;
        let sql = format!("{SELECT} WHERE a.id = $1");
        let row = sqlx::query(AssertSqlSafe(sql))
            .bind(id)
            .fetch_optional(&mut *tx)
            .await?;
        let Some(claim) = row.as_ref().map(read).transpose()? else {
            return Ok(false);
        };
        let (state, act) = match (claim.state, approve) {
            (AuthorshipState::Pending, true) => (AuthorshipState::Approved, "approved"),
            (AuthorshipState::Pending, false) => (AuthorshipState::Refused, "refused"),
            (AuthorshipState::Approved, false) => (AuthorshipState::Refused, "revoked"),
            _ => return Ok(false),
        };
        let reason = kept_text(reason, REASON_CHARS_MAX);
        sqlx::query(SQL)
            .bind(id)
            .bind(state.as_str())
            .bind(micros(now))
            .bind(moderator.0)
            .bind(reason.as_str())
            .execute(&mut *tx)
            .await?;
        let decision = NewDecision {
            moderator,
            act,
            paper: claim.paper,
            account: Some(claim.account),
            about: &format!("author: {}", claim.author),
            reason: &reason,
        };
        record(&mut tx, decision, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Claims that wait, oldest first.
    pub async fn pending_authorship(&self, limit: u32) -> Result<Vec<AuthorshipClaim>> {
        self.authorship_where("a.state = 'pending' AND $1 = 0", 0, "a.id", limit)
            .await
    }

    /// Claims of a paper that were approved or wait.
    pub async fn authorship_of_paper(&self, paper: PaperId) -> Result<Vec<AuthorshipClaim>> {
        const STANDING: &str = "a.paper = $1 AND a.state <> 'refused'";
        self.authorship_where(STANDING, row_of(paper), "a.id", 200)
            .await
    }

    /// Claims of a person, newest first.
    pub async fn authorship_of(&self, account: UserId, limit: u32) -> Result<Vec<AuthorshipClaim>> {
        self.authorship_where("a.account = $1", account.0, "a.id DESC", limit)
            .await
    }

    async fn authorship_where(
        &self,
        condition: &'static str,
        bound: i64,
        order: &'static str,
        limit: u32,
    ) -> Result<Vec<AuthorshipClaim>> {
        let sql = format!("{SELECT} WHERE {condition} ORDER BY {order} LIMIT $2");
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(bound)
            .bind(i64::from(limit))
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(read).collect()
    }
}

fn read(row: &AnyRow) -> Result<AuthorshipClaim> {
    let mut columns = Columns::of(row);
    Ok(AuthorshipClaim {
        id: columns.int()?,
        account: UserId(columns.int()?),
        name: columns.text()?.to_string(),
        paper: paper_id(columns.int()?)?,
        author: columns.text()?.to_string(),
        words: columns.text()?.to_string(),
        state: word(columns.text()?, AuthorshipState::from_short)?,
        at: moment(columns.int()?)?,
        decided: moments(columns.opt_int()?)?,
        decided_by: columns.opt_text()?,
        reason: columns.text()?.to_string(),
    })
}
