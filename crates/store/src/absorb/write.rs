//! Brings the rows up to date with the papers in work, in as few statements as there are tables.

use std::collections::BTreeSet;

use domain::ids::PaperId;
use domain::paper::{Link, Paper};
use domain::record::Source;
use domain::signal::Signal;
use jiff::Timestamp;
use sqlx::AnyConnection;

use super::here::count_united;
use super::working::{Entry, Working};
use crate::closed;
use crate::error::Result;
use crate::lists::ListKind;
use crate::row::{COLUMNS, Columns, Rank, bind_paper, external_text};
use crate::sql::{self, insert, row_of};
use crate::time::micros;

/// The newest numbers given out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counters {
    pub(super) paper: i64,
    pub(super) seq: i64,
    pub(super) quarantine: i64,
}

impl Counters {
    pub(super) async fn read(conn: &mut AnyConnection) -> Result<Counters> {
        let mut counters = Counters::default();
        let rows = sqlx::query("SELECT name, value FROM counters")
            .fetch_all(conn)
            .await?;
        for row in &rows {
            let mut columns = Columns::of(row);
            let (name, value) = (columns.text()?, columns.int()?);
            match name {
                "paper" => counters.paper = value,
                "seq" => counters.seq = value,
                "quarantine" => counters.quarantine = value,
                _ => {}
            }
        }
        Ok(counters)
    }

    /// Writes what has moved on.
    pub(super) async fn write(self, conn: &mut AnyConnection, before: &Counters) -> Result<()> {
        let moved = [
            ("paper", self.paper, before.paper),
            ("seq", self.seq, before.seq),
            ("quarantine", self.quarantine, before.quarantine),
        ];
        for (name, value, _) in moved.into_iter().filter(|(_, now, then)| now != then) {
            sqlx::query("UPDATE counters SET value = $1 WHERE name = $2")
                .bind(value)
                .bind(name)
                .execute(&mut *conn)
                .await?;
        }
        Ok(())
    }
}

/// Writes everything. Returns the changed papers, oldest change first, and the rows that are gone.
pub(super) async fn write(
    conn: &mut AnyConnection,
    mut working: Working,
    counters: &mut Counters,
    now: Timestamp,
) -> Result<(Vec<Paper>, Vec<PaperId>)> {
    let gone = give_up(conn, &working, counters).await?;
    if !gone.is_empty() {
        count_united(conn, &mut working, now).await?;
    }
    let mut spoken_of = Vec::with_capacity(working.order.len());
    for id in std::mem::take(&mut working.order) {
        // The second time a paper is named, its entry is no longer there.
        spoken_of.extend(working.entries.remove(&id));
    }
    let mut changed: Vec<(&Entry, i64)> = Vec::new();
    for entry in spoken_of.iter().filter(|entry| entry.is_changed()) {
        counters.seq += 1;
        changed.push((entry, counters.seq));
    }
    write_papers(conn, &changed).await?;
    write_lists(conn, &changed).await?;
    write_ids_and_links(conn, &changed).await?;
    write_readings(conn, &spoken_of).await?;
    write_provenance(conn, &spoken_of, now).await?;
    let listed = changed.iter().filter(|(entry, _)| entry.is_listed_anew());
    let listed: Vec<&Paper> = listed.map(|(entry, _)| &entry.paper).collect();
    closed::append_late(conn, &listed, now).await?;
    let changed: BTreeSet<PaperId> = changed.iter().map(|(entry, _)| entry.paper.id).collect();
    let papers = spoken_of.into_iter().map(|entry| entry.paper);
    let papers = papers.filter(|paper| changed.contains(&paper.id));
    Ok((papers.collect(), gone))
}

async fn write_papers(conn: &mut AnyConnection, changed: &[(&Entry, i64)]) -> Result<()> {
    let updates = COLUMNS[1..]
        .iter()
        .map(|name| format!("{name} = excluded.{name}"));
    let updates: Vec<String> = updates.collect();
    let head = format!("INSERT INTO papers ({})", COLUMNS.join(", "));
    let tail = format!("ON CONFLICT (id) DO UPDATE SET {}", updates.join(", "));
    insert(
        conn,
        &head,
        COLUMNS.len(),
        &tail,
        changed,
        |statement, (entry, seq)| bind_paper(statement, &entry.paper, *seq),
    )
    .await?;
    Ok(())
}

/// A row of `list_entries`.
struct ListEntry<'p> {
    kind: ListKind,
    name: &'p str,
    rank: Rank,
    paper: PaperId,
}

/// The lists in which a paper stands.
fn list_entries(paper: &Paper) -> impl Iterator<Item = ListEntry<'_>> {
    let rank = Rank::of(paper);
    let categories = paper
        .categories
        .iter()
        .map(|name| (ListKind::Category, name));
    let tags = paper.tags.iter().map(|name| (ListKind::Tag, name));
    let names: BTreeSet<(ListKind, &String)> = categories.chain(tags).collect();
    names.into_iter().map(move |(kind, name)| ListEntry {
        kind,
        name,
        rank,
        paper: paper.id,
    })
}

async fn write_lists(conn: &mut AnyConnection, changed: &[(&Entry, i64)]) -> Result<()> {
    const HEAD: &str =
        "INSERT INTO list_entries (kind, name, listed_day, votes, evidence, id_order, paper)";
    let mut wanted = Vec::new();
    for (entry, _) in changed {
        if let Some(before) = &entry.before {
            let same = Rank::of(before) == Rank::of(&entry.paper)
                && before.categories == entry.paper.categories
                && before.tags == entry.paper.tags;
            if same {
                continue;
            }
            delete_list_entries(conn, before).await?;
        }
        wanted.extend(list_entries(&entry.paper));
    }
    insert(conn, HEAD, 7, "", &wanted, |statement, entry| {
        statement
            .bind(entry.kind.number())
            .bind(entry.name)
            .bind(entry.rank.listed_day)
            .bind(entry.rank.votes)
            .bind(entry.rank.evidence)
            .bind(entry.rank.id_order)
            .bind(row_of(entry.paper))
    })
    .await?;
    Ok(())
}

/// By the whole key, for there is no other index on these rows.
async fn delete_list_entries(conn: &mut AnyConnection, paper: &Paper) -> Result<()> {
    const SQL: &str = "DELETE FROM list_entries WHERE kind = $1 AND name = $2 AND listed_day = $3 \
        AND votes = $4 AND evidence = $5 AND id_order = $6 AND paper = $7";
    for entry in list_entries(paper) {
        sqlx::query(SQL)
            .bind(entry.kind.number())
            .bind(entry.name)
            .bind(entry.rank.listed_day)
            .bind(entry.rank.votes)
            .bind(entry.rank.evidence)
            .bind(entry.rank.id_order)
            .bind(row_of(paper.id))
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

async fn write_ids_and_links(conn: &mut AnyConnection, changed: &[(&Entry, i64)]) -> Result<()> {
    const IDS: &str = "INSERT INTO paper_ids (external, paper)";
    const LINKS: &str = "INSERT INTO links (paper, kind, url, source, at)";
    // What a united paper brought along was moved already; hence the conflicts that are none. Of a link that both had,
    // the claim of the kept paper stands.
    const IDS_KNOWN: &str = "ON CONFLICT (external) DO NOTHING";
    const LINKS_KNOWN: &str =
        "ON CONFLICT (paper, kind, url) DO UPDATE SET source = excluded.source, at = excluded.at";
    let mut ids = Vec::new();
    let mut links: Vec<(PaperId, &Link)> = Vec::new();
    for (entry, _) in changed {
        let paper = &entry.paper;
        let before = entry.before.as_deref();
        let known_ids = before.map_or(&[][..], |paper| &paper.ids);
        let known_links = before.map_or(&[][..], |paper| &paper.links);
        let new_ids = paper.ids.iter().filter(|id| !known_ids.contains(id));
        ids.extend(new_ids.map(|id| (external_text(id), paper.id)));
        let new_links = paper
            .links
            .iter()
            .filter(|link| !known_links.contains(link));
        links.extend(new_links.map(|link| (paper.id, link)));
    }
    insert(conn, IDS, 2, IDS_KNOWN, &ids, |statement, (id, paper)| {
        statement.bind(id.as_str()).bind(row_of(*paper))
    })
    .await?;
    insert(
        conn,
        LINKS,
        5,
        LINKS_KNOWN,
        &links,
        |statement, (paper, link)| {
            statement
                .bind(row_of(*paper))
                .bind(link.kind.as_str())
                .bind(link.url.as_str())
                .bind(link.source.as_str())
                .bind(micros(link.at))
        },
    )
    .await?;
    Ok(())
}

async fn write_readings(conn: &mut AnyConnection, spoken_of: &[Entry]) -> Result<()> {
    const HEAD: &str = "INSERT INTO readings (paper, signal, at, value)";
    // Of two readings of one moment the larger stands, and any before a failed one: so their order does not matter.
    const TAIL: &str = "ON CONFLICT (paper, signal, at) DO UPDATE SET value = excluded.value \
        WHERE readings.value IS NULL AND excluded.value IS NOT NULL OR readings.value < excluded.value";
    // What is counted here is counted anew, and may be less.
    const TAIL_HERE: &str = "ON CONFLICT (paper, signal, at) DO UPDATE SET value = excluded.value";
    type Row = (PaperId, Signal, i64, Option<u32>);
    let came = spoken_of.iter().flat_map(|entry| {
        let readings = entry.readings.iter();
        readings.map(|((signal, at), value)| (entry.paper.id, *signal, *at, *value))
    });
    let counted = spoken_of.iter().flat_map(|entry| {
        let here = entry.here.iter();
        here.map(|(signal, (at, total))| (entry.paper.id, *signal, *at, Some(*total)))
    });
    let (came, counted): (Vec<Row>, Vec<Row>) = (came.collect(), counted.collect());
    for (tail, rows) in [(TAIL, came), (TAIL_HERE, counted)] {
        insert(
            conn,
            HEAD,
            4,
            tail,
            &rows,
            |statement, (paper, signal, at, value)| {
                statement
                    .bind(row_of(*paper))
                    .bind(signal.as_str())
                    .bind(*at)
                    .bind(value.map(i64::from))
            },
        )
        .await?;
    }
    Ok(())
}

async fn write_provenance(
    conn: &mut AnyConnection,
    spoken_of: &[Entry],
    now: Timestamp,
) -> Result<()> {
    const HEAD: &str = "INSERT INTO provenance (paper, source, first_seen, last_changed)";
    const CHANGED: &str =
        "ON CONFLICT (paper, source) DO UPDATE SET last_changed = excluded.last_changed";
    const UNCHANGED: &str = "ON CONFLICT (paper, source) DO NOTHING";
    for (wanted, tail) in [(true, CHANGED), (false, UNCHANGED)] {
        let rows = spoken_of.iter().flat_map(|entry| {
            let sources = entry
                .sources
                .iter()
                .filter(|(_, changed)| **changed == wanted);
            sources.map(|(source, _)| (entry.paper.id, *source))
        });
        let rows: Vec<(PaperId, Source)> = rows.collect();
        insert(conn, HEAD, 4, tail, &rows, |statement, (paper, source)| {
            statement
                .bind(row_of(*paper))
                .bind(source.as_str())
                .bind(micros(now))
                .bind(micros(now))
        })
        .await?;
    }
    Ok(())
}

/// What hangs on a paper, moved from one row ($2) to another ($1); what that has already stays as it is there.
const MOVES: [&str; 13] = [
    "UPDATE paper_ids SET paper = $1 WHERE paper = $2",
    "INSERT INTO links (paper, kind, url, source, at) \
        SELECT CAST($1 AS INTEGER), kind, url, source, at FROM links WHERE paper = $2 ON CONFLICT DO NOTHING",
    "INSERT INTO readings (paper, signal, at, value) \
        SELECT CAST($1 AS INTEGER), signal, at, value FROM readings WHERE paper = $2 \
        ON CONFLICT (paper, signal, at) DO UPDATE SET value = excluded.value \
            WHERE readings.value IS NULL AND excluded.value IS NOT NULL OR readings.value < excluded.value",
    "INSERT INTO provenance (paper, source, first_seen, last_changed) \
        SELECT CAST($1 AS INTEGER), source, first_seen, last_changed FROM provenance WHERE paper = $2 \
        ON CONFLICT (paper, source) DO UPDATE SET first_seen = CASE \
            WHEN excluded.first_seen < provenance.first_seen THEN excluded.first_seen ELSE provenance.first_seen END",
    "INSERT INTO announcements (source, category, day, paper, kind) \
        SELECT source, category, day, CAST($1 AS INTEGER), kind FROM announcements WHERE paper = $2 \
        ON CONFLICT DO NOTHING",
    "INSERT INTO sent_papers (reader, paper, letter, place) \
        SELECT reader, CAST($1 AS INTEGER), letter, place FROM sent_papers WHERE paper = $2 ON CONFLICT DO NOTHING",
    "DELETE FROM sent_papers WHERE paper = $1",
    "DELETE FROM listings WHERE paper = $1",
    "UPDATE closed_entries SET paper = $1 WHERE paper = $2 AND NOT EXISTS (SELECT 1 FROM closed_entries has \
        WHERE has.paper = $1 AND has.kind = closed_entries.kind AND has.first_day = closed_entries.first_day)",
    "DELETE FROM closed_entries WHERE paper = $1",
    "DELETE FROM links WHERE paper = $1",
    "DELETE FROM readings WHERE paper = $1",
    "DELETE FROM provenance WHERE paper = $1",
];

/// Takes the rows of united papers out of the database. Returns those that were in it.
async fn give_up(
    conn: &mut AnyConnection,
    working: &Working,
    counters: &mut Counters,
) -> Result<Vec<PaperId>> {
    let mut gone = Vec::new();
    for (kept, entry) in &working.united {
        // One that came and went within the batch was never there.
        let Some(before) = &entry.before else {
            continue;
        };
        counters.seq += 1;
        delete_list_entries(conn, before).await?;
        move_and_delete(conn, *kept, before.id, counters.seq).await?;
        gone.push(before.id);
    }
    Ok(gone)
}

async fn move_and_delete(
    conn: &mut AnyConnection,
    kept: PaperId,
    gone: PaperId,
    seq: i64,
) -> Result<()> {
    let (kept, gone) = (sql::row_of(kept), sql::row_of(gone));
    let moves = MOVES
        .iter()
        .chain(&crate::collections::MOVES)
        .chain(&crate::claims::MOVES)
        .chain(&crate::webhooks::MOVES)
        .chain(&crate::talk::MOVES);
    for sql in moves.copied() {
        let statement = sqlx::query(sql);
        let statement = match sql.contains("$2") {
            true => statement.bind(kept).bind(gone),
            false => statement.bind(gone),
        };
        statement.execute(&mut *conn).await?;
    }
    for sql in [
        "DELETE FROM announcements WHERE paper = $1",
        "DELETE FROM papers WHERE id = $1",
    ] {
        sqlx::query(sql).bind(gone).execute(&mut *conn).await?;
    }
    sqlx::query("INSERT INTO gone (seq, paper) VALUES ($1, $2)")
        .bind(seq)
        .bind(gone)
        .execute(conn)
        .await?;
    Ok(())
}
