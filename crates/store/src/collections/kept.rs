//! Collections made, changed, found and taken away, and who is a member.

use domain::account::UserId;
use domain::ids::PaperId;
use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe};

use super::{
    COLLECTIONS_MAX, Collected, Collection, MEMBERS_MAX, NOTE_CHARS_MAX, TITLE_CHARS_MAX,
    Visibility, kept_text, slug_of,
};
use crate::Store;
use crate::error::Result;
use crate::row::Columns;
use crate::sql::{count, next_number, row_of, word};
use crate::time::{micros, moment};

/// A collection to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewCollection<'a> {
    /// Whose it is.
    pub owner: UserId,
    /// For people; bounded by [`TITLE_CHARS_MAX`].
    pub title: &'a str,
    /// A few words about it.
    pub note: &'a str,
    /// Who may see it.
    pub visibility: Visibility,
}

/// New title, note, slug and visibility of a collection.
#[derive(Debug, Clone, Copy)]
pub struct CollectionChange<'a> {
    /// For people.
    pub title: &'a str,
    /// A few words about it.
    pub note: &'a str,
    /// The last part of the address; brought into form by [`slug_of`].
    pub slug: &'a str,
    /// Who may see it.
    pub visibility: Visibility,
}

/// The columns of [`read`]; `$1` is the reader's account, or -1.
const SELECT: &str = "SELECT c.id, c.account, u.name, c.slug, c.title, c.note, c.visibility, c.created, c.changed, \
    (SELECT count(*) FROM collection_items i WHERE i.collection = c.id), \
    (SELECT count(*) FROM collection_members m WHERE m.collection = c.id AND m.account = $1) \
    FROM collections c JOIN users u ON u.id = c.account";

impl Store {
    /// Makes a collection. Where the title's slug is taken, a number follows it. `None` when the owner has
    /// [`COLLECTIONS_MAX`] already.
    pub async fn make_collection(
        &self,
        new: NewCollection<'_>,
        now: Timestamp,
    ) -> Result<Option<Collection>> {
        const INSERT: &str = "INSERT INTO collections (id, account, slug, title, note, visibility, created, changed) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $7)";
        let mut tx = self.begin_write().await?;
        let taken = sqlx::query("SELECT slug FROM collections WHERE account = $1")
            .bind(new.owner.0)
            .fetch_all(&mut *tx)
            .await?;
        let taken = taken
            .iter()
            .map(|row| Columns::of(row).text())
            .collect::<Result<Vec<_>>>()?;
        if taken.len() >= COLLECTIONS_MAX as usize {
            return Ok(None);
        }
        let title = kept_text(&domain::text::one_line(new.title), TITLE_CHARS_MAX);
        let wish = slug_of(&title);
        let numbered = (2..).map(|n| format!("{wish}-{n}"));
        let mut slugs = std::iter::once(wish.clone()).chain(numbered);
        let slug = slugs.find(|slug| !taken.contains(&slug.as_str()));
        let id = next_number(&mut tx, "collection").await?;
        sqlx::query(INSERT)
            .bind(id)
            .bind(new.owner.0)
            .bind(slug.unwrap_or(wish))
            .bind(title)
            .bind(kept_text(new.note, NOTE_CHARS_MAX))
            .bind(new.visibility.as_str())
            .bind(micros(now))
            .execute(&mut *tx)
            .await?;
        let made = by_id(&mut tx, id, new.owner).await?;
        tx.commit().await?;
        Ok(made)
    }

    /// Changes title, note, slug and visibility.
    pub async fn change_collection(
        &self,
        id: i64,
        change: CollectionChange<'_>,
        now: Timestamp,
    ) -> Result<Collected> {
        const TAKEN: &str = "SELECT 1 FROM collections WHERE slug = $2 AND id <> $1 \
            AND account = (SELECT account FROM collections WHERE id = $1)";
        const SQL: &str = "UPDATE collections SET title = $2, note = $3, slug = $4, visibility = $5, changed = $6 \
            WHERE id = $1";
        let slug = slug_of(change.slug);
        let mut tx = self.begin_write().await?;
        let taken = sqlx::query(TAKEN)
            .bind(id)
            .bind(slug.as_str())
            .fetch_optional(&mut *tx)
            .await?;
        if taken.is_some() {
            return Ok(Collected::SlugTaken);
        }
        let done = sqlx::query(SQL)
            .bind(id)
            .bind(kept_text(
                &domain::text::one_line(change.title),
                TITLE_CHARS_MAX,
            ))
            .bind(kept_text(change.note, NOTE_CHARS_MAX))
            .bind(slug)
            .bind(change.visibility.as_str())
            .bind(micros(now))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(done_or_unknown(done.rows_affected()))
    }

    /// Takes a collection away, with its items and members.
    pub async fn delete_collection(&self, id: i64) -> Result<bool> {
        let mut tx = self.begin_write().await?;
        let mut gone = 0;
        for sql in [
            "DELETE FROM collection_items WHERE collection = $1",
            "DELETE FROM collection_members WHERE collection = $1",
            "DELETE FROM collections WHERE id = $1",
        ] {
            let done = sqlx::query(sql).bind(id).execute(&mut *tx).await?;
            gone = done.rows_affected();
        }
        tx.commit().await?;
        Ok(gone > 0)
    }

    /// The collection at an address, whoever may see it: the caller asks [`Collection::may_see`].
    pub async fn collection(
        &self,
        owner: &str,
        slug: &str,
        reader: Option<UserId>,
    ) -> Result<Option<Collection>> {
        let sql = format!("{SELECT} WHERE u.name_key = $2 AND c.slug = $3");
        let row = sqlx::query(AssertSqlSafe(sql))
            .bind(number(reader))
            .bind(owner.to_ascii_lowercase())
            .bind(slug)
            .fetch_optional(self.readers())
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// The collections that a person owns or may change, last changed first.
    pub async fn collections_of(&self, person: UserId) -> Result<Vec<Collection>> {
        let sql = format!(
            "{SELECT} WHERE c.account = $1 OR c.visibility <> 'private' AND c.id IN \
             (SELECT collection FROM collection_members WHERE account = $1) ORDER BY c.changed DESC, c.id DESC LIMIT $2"
        );
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(person.0)
            .bind(i64::from(COLLECTIONS_MAX * 2))
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(read).collect()
    }

    /// The public collections that hold something, last changed first.
    pub async fn public_collections(&self, offset: u32, limit: u32) -> Result<Vec<Collection>> {
        let sql = format!(
            "{SELECT} WHERE c.visibility = 'public' AND EXISTS \
             (SELECT 1 FROM collection_items i WHERE i.collection = c.id) \
             ORDER BY c.changed DESC, c.id DESC LIMIT $2 OFFSET $3"
        );
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(number(None))
            .bind(i64::from(limit))
            .bind(i64::from(offset))
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(read).collect()
    }

    /// The public collections in which a paper stands, last changed first.
    pub async fn collections_with(&self, paper: PaperId, limit: u32) -> Result<Vec<Collection>> {
        let sql = format!(
            "{SELECT} WHERE c.visibility = 'public' AND c.id IN \
             (SELECT collection FROM collection_items WHERE paper = $2) ORDER BY c.changed DESC, c.id DESC LIMIT $3"
        );
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(number(None))
            .bind(row_of(paper))
            .bind(i64::from(limit))
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(read).collect()
    }

    /// Shares a collection with a person, by name.
    pub async fn add_member(&self, id: i64, name: &str, now: Timestamp) -> Result<Collected> {
        const WHO: &str = "SELECT u.id FROM users u JOIN collections c ON c.id = $1 \
            WHERE u.name_key = $2 AND u.locked IS NULL AND u.id <> c.account";
        const COUNT: &str = "SELECT count(*) FROM collection_members WHERE collection = $1";
        const INSERT: &str = "INSERT INTO collection_members (collection, account, at) VALUES ($1, $2, $3) \
            ON CONFLICT (collection, account) DO NOTHING";
        let mut tx = self.begin_write().await?;
        let who = sqlx::query(WHO)
            .bind(id)
            .bind(name.trim().to_ascii_lowercase())
            .fetch_optional(&mut *tx)
            .await?;
        let Some(who) = who else {
            return Ok(Collected::Unknown);
        };
        let members = sqlx::query(COUNT).bind(id).fetch_one(&mut *tx).await?;
        if Columns::of(&members).int()? >= i64::from(MEMBERS_MAX) {
            return Ok(Collected::Full);
        }
        let done = sqlx::query(INSERT)
            .bind(id)
            .bind(Columns::of(&who).int()?)
            .bind(micros(now))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(match done.rows_affected() {
            0 => Collected::Already,
            _ => Collected::Done,
        })
    }

    /// Takes a person out of a collection's members, by name.
    pub async fn remove_member(&self, id: i64, name: &str) -> Result<bool> {
        const SQL: &str = "DELETE FROM collection_members WHERE collection = $1 AND account IN \
            (SELECT id FROM users WHERE name_key = $2)";
        let done = sqlx::query(SQL)
            .bind(id)
            .bind(name.trim().to_ascii_lowercase())
            .execute(self.writers())
            .await?;
        Ok(done.rows_affected() > 0)
    }

    /// The names of a collection's members, in the order in which they came.
    pub async fn members(&self, id: i64) -> Result<Vec<String>> {
        const SQL: &str = "SELECT u.name FROM collection_members m JOIN users u ON u.id = m.account \
            WHERE m.collection = $1 ORDER BY m.at, u.id LIMIT $2";
        let rows = sqlx::query(SQL)
            .bind(id)
            .bind(i64::from(MEMBERS_MAX))
            .fetch_all(self.readers())
            .await?;
        rows.iter()
            .map(|row| Ok(Columns::of(row).text()?.to_string()))
            .collect()
    }
}

async fn by_id(conn: &mut AnyConnection, id: i64, reader: UserId) -> Result<Option<Collection>> {
    let sql = format!("{SELECT} WHERE c.id = $2");
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(reader.0)
        .bind(id)
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(read).transpose()
}

/// Notes that something of a collection changed.
pub(super) async fn touch(conn: &mut AnyConnection, id: i64, now: Timestamp) -> Result<()> {
    sqlx::query("UPDATE collections SET changed = $2 WHERE id = $1")
        .bind(id)
        .bind(micros(now))
        .execute(conn)
        .await?;
    Ok(())
}

pub(super) fn done_or_unknown(rows: u64) -> Collected {
    match rows {
        0 => Collected::Unknown,
        _ => Collected::Done,
    }
}

fn number(reader: Option<UserId>) -> i64 {
    reader.map_or(-1, |reader| reader.0)
}

fn read(row: &AnyRow) -> Result<Collection> {
    let mut columns = Columns::of(row);
    Ok(Collection {
        id: columns.int()?,
        owner: UserId(columns.int()?),
        owner_name: columns.text()?.to_string(),
        slug: columns.text()?.to_string(),
        title: columns.text()?.to_string(),
        note: columns.text()?.to_string(),
        visibility: word(columns.text()?, Visibility::from_short)?,
        created: moment(columns.int()?)?,
        changed: moment(columns.int()?)?,
        papers: count(columns.int()?)?,
        is_member: columns.int()? > 0,
    })
}
