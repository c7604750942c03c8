//! Statements over many rows or keys: built so that few different texts exist, for every connection keeps the
//! statements that it has prepared.

use domain::ids::PaperId;
use sqlx::any::{Any, AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{AnyConnection, AssertSqlSafe, Encode, Row, Type};

use crate::error::{Error, Result};

/// A statement with what is bound to it so far.
pub(crate) type Statement<'q> = Query<'q, Any, AnyArguments>;

/// Most parameters of one statement. SQLite looks each one up by its name along a list of all of them, so the time for
/// a statement grows with the square of their number; from here on that outweighs what fewer statements save.
const PARAMETERS_MAX: usize = 128;

/// Keys of one `IN` list, smallest first. A list is filled up to one of these by repeating its last key.
const KEYS: [usize; 4] = [1, 8, 32, PARAMETERS_MAX];

/// Inserts rows: `head VALUES (...), (...) tail`. Returns how many rows were written.
pub(crate) async fn insert<T>(
    conn: &mut AnyConnection,
    head: &str,
    columns: usize,
    tail: &str,
    rows: &[T],
    bind: impl for<'q> Fn(Statement<'q>, &T) -> Statement<'q>,
) -> Result<u64> {
    let mut written = 0;
    let mut rest = rows;
    let mut size = (PARAMETERS_MAX / columns).max(1);
    while !rest.is_empty() {
        let sql = format!("{head} VALUES {} {tail}", tuples(size, columns));
        while let Some((chunk, after)) = rest.split_at_checked(size) {
            let statement = sqlx::query(AssertSqlSafe(sql.clone()));
            let statement = chunk.iter().fold(statement, &bind);
            written += statement.execute(&mut *conn).await?.rows_affected();
            rest = after;
        }
        // What is left over goes in smaller statements of a few fixed sizes.
        size = (size / 8).max(1);
    }
    Ok(written)
}

/// Selects by keys: `{keys}` in the text stands for the list. `first` are bound before the keys, from `$1` on.
pub(crate) async fn fetch_in<'k, K>(
    conn: &mut AnyConnection,
    sql: &str,
    first: &[i64],
    keys: &'k [K],
) -> Result<Vec<AnyRow>>
where
    K: Encode<'k, Any> + Type<Any> + Clone,
{
    let largest = KEYS[KEYS.len() - 1];
    let mut rows = Vec::new();
    for chunk in keys.chunks(largest) {
        let size = KEYS.into_iter().find(|size| *size >= chunk.len());
        let size = size.unwrap_or(largest);
        let list = placeholders(first.len() + 1, size);
        let text = sql.replace("{keys}", &list);
        let mut statement = sqlx::query(AssertSqlSafe(text));
        for value in first {
            statement = statement.bind(*value);
        }
        let last = &chunk[chunk.len() - 1];
        let filled = chunk.iter().chain(std::iter::repeat(last)).take(size);
        for key in filled {
            statement = statement.bind(key.clone());
        }
        rows.extend(statement.fetch_all(&mut *conn).await?);
    }
    Ok(rows)
}

/// The one number that a statement answers with.
pub(crate) async fn number(conn: &mut AnyConnection, sql: &'static str) -> Result<i64> {
    let row = sqlx::query(sql).fetch_one(conn).await?;
    Ok(row.try_get(0)?)
}

/// The next number of a counter, within a transaction that [`Store::begin_write`](crate::Store::begin_write) began.
pub(crate) async fn next_number(conn: &mut AnyConnection, counter: &'static str) -> Result<i64> {
    let sql = "UPDATE counters SET value = value + 1 WHERE name = $1 RETURNING value";
    let row = sqlx::query(sql).bind(counter).fetch_one(conn).await?;
    Ok(row.try_get(0)?)
}

/// `$from, ..., $(from + count - 1)`.
fn placeholders(from: usize, count: usize) -> String {
    let names: Vec<String> = (from..from + count).map(|n| format!("${n}")).collect();
    names.join(",")
}

/// `($1,$2),($3,$4)`: placeholders for rows of some columns.
fn tuples(rows: usize, columns: usize) -> String {
    let tuples: Vec<String> = (0..rows)
        .map(|row| format!("({})", placeholders(row * columns + 1, columns)))
        .collect();
    tuples.join(",")
}

/// A paper's row as SQL has it.
pub(crate) fn row_of(id: PaperId) -> i64 {
    i64::from(id.0)
}

/// A paper's row as the rest of the program has it.
pub(crate) fn paper_id(row: i64) -> Result<PaperId> {
    u32::try_from(row)
        .map(PaperId)
        .map_err(|_| Error::Damaged(format!("paper row {row} is out of range")))
}

/// A count that must fit.
pub(crate) fn count(value: i64) -> Result<u32> {
    u32::try_from(value).map_err(|_| Error::Damaged(format!("{value} is no count")))
}

/// A number of rows or records, never negative.
pub(crate) fn total(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// A word that stands for one of our values.
pub(crate) fn word<T>(text: &str, read: impl Fn(&str) -> Option<T>) -> Result<T> {
    read(text).ok_or_else(|| Error::Damaged(format!("unknown word `{text}`")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_count_on_through_rows() {
        assert_eq!(tuples(2, 3), "($1,$2,$3),($4,$5,$6)");
        assert_eq!(placeholders(2, 3), "$2,$3,$4");
    }
}
