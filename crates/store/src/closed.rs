//! Lists of days, weeks and months that are over: closed once, and their order stands from then on, so that an
//! address, a feed or a mail never shows another order than before. What comes later is put at the end, in the order
//! of arrival, and said to be late.
//!
//! Closing is one transaction a window. Late arrivals are put in by [`absorb`](crate::Store::absorb), in the
//! transaction that lists them, so no moment exists at which they could stand elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use domain::ids::PaperId;
use domain::paper::Paper;
use domain::window::Window;
use jiff::{SignedDuration, Timestamp, ToSpan};
use sqlx::AnyConnection;
use sqlx::AssertSqlSafe;

use crate::Store;
use crate::error::Result;
use crate::lists::{List, Slice};
use crate::papers::in_order;
use crate::row::{Columns, Rank};
use crate::sql::{count, fetch_in, insert, paper_id, row_of};
use crate::time::{day_number, micros, moments};

/// A window as the tables name it: kind and first day.
type Key = (i64, i64);

/// An import that wrote nothing for so long was killed, and does not hold a closing back.
const IMPORT_SILENT_MAX: SignedDuration = SignedDuration::from_hours(1);

impl Store {
    /// Closes a window: its list is now as it is, for good. `false` where it was closed before, or has no papers but
    /// those of the starter shelf, which are a beginning and no list that anybody could vote on.
    pub async fn close_window(&self, window: Window, now: Timestamp) -> Result<bool> {
        const ENTRIES: &str = "INSERT INTO closed_entries (kind, first_day, place, paper) \
            SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT), \
              ROW_NUMBER() OVER (ORDER BY votes DESC, evidence DESC, id_order DESC, id DESC), id \
            FROM papers WHERE listed_day >= $3 AND listed_day <= $4";
        const BEYOND_SHELF: &str = "SELECT p.id FROM papers p JOIN provenance v ON v.paper = p.id \
            WHERE p.listed_day >= $1 AND p.listed_day <= $2 AND v.source <> 'shelf' LIMIT 1";
        const WINDOW: &str =
            "INSERT INTO closed_windows (kind, first_day, closed) VALUES ($1, $2, $3)";
        let (kind, first) = key(window);
        let mut tx = self.begin_write().await?;
        if closed_at(&mut tx, (kind, first)).await?.is_some() {
            return Ok(false);
        }
        let last = day_number(window.last());
        let any = sqlx::query(BEYOND_SHELF).bind(first).bind(last);
        if any.fetch_optional(&mut *tx).await?.is_none() {
            return Ok(false);
        }
        sqlx::query(ENTRIES)
            .bind(kind)
            .bind(first)
            .bind(first)
            .bind(last)
            .execute(&mut *tx)
            .await?;
        sqlx::query(WINDOW)
            .bind(kind)
            .bind(first)
            .bind(micros(now))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The windows with papers that ended before the day of `now` and are not closed yet, oldest first: days, then
    /// weeks, then months. While a file is being imported there are none, for its papers are no late arrivals; and a
    /// window in which the ledger still waits for an announcement has three more days.
    pub async fn windows_to_close(&self, now: Timestamp) -> Result<Vec<Window>> {
        const IMPORTS: &str = "SELECT count(*) FROM checkpoints WHERE done = 0 AND updated > $1";
        const AWAITED: &str = "SELECT DISTINCT day FROM batches \
            WHERE settled = 0 AND day >= $1 AND source <> 'code-host'";
        const CLOSED: &str = "SELECT kind, first_day FROM closed_windows";
        let today = domain::paper::utc_day(now);
        let patience = today.saturating_sub(4.days());
        let listed = self.days().await?;
        let mut tx = self.begin_read().await?;
        let silent = now.checked_sub(IMPORT_SILENT_MAX).unwrap_or(Timestamp::MIN);
        let imports = sqlx::query(IMPORTS)
            .bind(micros(silent))
            .fetch_one(&mut *tx)
            .await?;
        if Columns::of(&imports).int()? > 0 {
            return Ok(Vec::new());
        }
        let awaited = sqlx::query(AWAITED)
            .bind(day_number(patience))
            .fetch_all(&mut *tx)
            .await?;
        let awaited: Vec<i64> = awaited
            .iter()
            .map(|row| Columns::of(row).int())
            .collect::<Result<_>>()?;
        let closed = sqlx::query(CLOSED).fetch_all(&mut *tx).await?;
        let closed: BTreeSet<Key> = closed.iter().map(read_key).collect::<Result<_>>()?;
        let open = |window: &Window| {
            let (first, last) = (day_number(window.first()), day_number(window.last()));
            let waits = awaited.iter().any(|day| (first..=last).contains(day));
            window.last() < today
                && !closed.contains(&key(*window))
                && !(waits && window.last() >= patience)
        };
        let days = listed.iter().map(|(day, _)| *day);
        let around = days
            .flat_map(windows_of)
            .map(|window| (key(window), window));
        let windows: BTreeMap<Key, Window> = around.collect();
        Ok(windows.into_values().filter(open).collect())
    }

    /// A slice of a window's list, if that is closed.
    pub(crate) async fn closed_list(
        &self,
        window: Window,
        category: Option<&str>,
        slice: Slice,
    ) -> Result<Option<List>> {
        const OF: &str = "closed_entries e WHERE e.kind = $1 AND e.first_day = $2";
        // A category's papers by their own list of categories: the other way round there is no index.
        const IN_CATEGORY: &str = "closed_entries e JOIN papers p ON p.id = e.paper \
            WHERE e.kind = $1 AND e.first_day = $2 \
              AND REPLACE(' ' || p.categories || ' ', $3, '') <> ' ' || p.categories || ' '";
        let (kind, first) = key(window);
        let mut tx = self.begin_read().await?;
        let Some(closed) = closed_at(&mut tx, (kind, first)).await? else {
            return Ok(None);
        };
        let name = category.map(|name| format!(" {name} "));
        let (from, next) = if category.is_some() {
            (IN_CATEGORY, 4)
        } else {
            (OF, 3)
        };
        let bind = |sql: String| {
            let statement = sqlx::query(AssertSqlSafe(sql)).bind(kind).bind(first);
            match &name {
                Some(name) => statement.bind(name.clone()),
                None => statement,
            }
        };
        let total = bind(format!("SELECT count(*) FROM {from}"))
            .fetch_one(&mut *tx)
            .await?;
        let sql = format!(
            "SELECT e.paper, e.added FROM {from} ORDER BY e.place LIMIT ${next} OFFSET ${}",
            next + 1
        );
        let rows = bind(sql)
            .bind(i64::from(slice.limit))
            .bind(i64::from(slice.offset))
            .fetch_all(&mut *tx)
            .await?;
        let mut ids = Vec::with_capacity(rows.len());
        let mut late = Vec::new();
        for row in &rows {
            let mut columns = Columns::of(row);
            let paper = paper_id(columns.int()?)?;
            ids.push(paper);
            late.extend(columns.opt_int()?.map(|_| paper));
        }
        Ok(Some(List {
            papers: in_order(&mut tx, &ids).await?,
            total: count(Columns::of(&total).int()?)?,
            closed: Some(closed),
            late,
        }))
    }
}

/// Puts papers that were just listed at the end of every closed window that they fall into: among those that came
/// together, in the order of lists. One that stands there already keeps its place.
pub(crate) async fn append_late(
    conn: &mut AnyConnection,
    listed: &[&Paper],
    now: Timestamp,
) -> Result<()> {
    const HEAD: &str = "INSERT INTO closed_entries (kind, first_day, place, paper, added)";
    const TAIL: &str = "ON CONFLICT (paper, kind, first_day) DO NOTHING";
    let mut late: Vec<(Key, &Paper)> = Vec::new();
    for paper in listed {
        let windows = paper.times.listed_day().into_iter().flat_map(windows_of);
        late.extend(windows.map(|window| (key(window), *paper)));
    }
    let wanted: BTreeSet<Key> = late.iter().map(|(key, _)| *key).collect();
    let mut last_places = last_places(conn, &wanted).await?;
    late.retain(|(key, _)| last_places.contains_key(key));
    if late.is_empty() {
        return Ok(());
    }
    late.sort_by_key(|(key, paper)| {
        let rank = Rank::of(paper);
        (
            *key,
            std::cmp::Reverse((rank.votes, rank.evidence, rank.id_order, paper.id)),
        )
    });
    let rows: Vec<(Key, i64, PaperId)> = late
        .into_iter()
        .filter_map(|(key, paper)| {
            let place = last_places.get_mut(&key)?;
            *place += 1;
            Some((key, *place, paper.id))
        })
        .collect();
    insert(
        conn,
        HEAD,
        5,
        TAIL,
        &rows,
        |statement, (key, place, paper)| {
            statement
                .bind(key.0)
                .bind(key.1)
                .bind(*place)
                .bind(row_of(*paper))
                .bind(micros(now))
        },
    )
    .await?;
    Ok(())
}

/// The last place of each of these windows that is closed.
async fn last_places(
    conn: &mut AnyConnection,
    wanted: &BTreeSet<Key>,
) -> Result<BTreeMap<Key, i64>> {
    const CLOSED: &str =
        "SELECT kind, first_day FROM closed_windows WHERE kind = $1 AND first_day IN ({keys})";
    const LAST: &str =
        "SELECT COALESCE(MAX(place), 0) FROM closed_entries WHERE kind = $1 AND first_day = $2";
    let mut places = BTreeMap::new();
    for kind in 0..=2 {
        let firsts: Vec<i64> = wanted
            .iter()
            .filter(|key| key.0 == kind)
            .map(|key| key.1)
            .collect();
        for row in fetch_in(conn, CLOSED, &[kind], &firsts).await? {
            let key = read_key(&row)?;
            let last = sqlx::query(LAST).bind(key.0).bind(key.1);
            let last = last.fetch_one(&mut *conn).await?;
            places.insert(key, Columns::of(&last).int()?);
        }
    }
    Ok(places)
}

async fn closed_at(conn: &mut AnyConnection, (kind, first): Key) -> Result<Option<Timestamp>> {
    const SQL: &str = "SELECT closed FROM closed_windows WHERE kind = $1 AND first_day = $2";
    let row = sqlx::query(SQL)
        .bind(kind)
        .bind(first)
        .fetch_optional(conn)
        .await?;
    moments(row.map(|row| Columns::of(&row).int()).transpose()?)
}

/// The three windows that a day lies in.
fn windows_of(day: jiff::civil::Date) -> [Window; 3] {
    [
        Window::Day(day),
        Window::week_of(day),
        Window::month_of(day),
    ]
}

fn key(window: Window) -> Key {
    let kind = match window {
        Window::Day(_) => 0,
        Window::Week(_) => 1,
        Window::Month(_) => 2,
    };
    (kind, day_number(window.first()))
}

fn read_key(row: &sqlx::any::AnyRow) -> Result<Key> {
    let mut columns = Columns::of(row);
    Ok((columns.int()?, columns.int()?))
}
