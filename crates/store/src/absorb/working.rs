//! The papers that a batch speaks of, in memory: fetched at once, changed item by item, then written.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use domain::ids::{ExternalId, PaperId, Scheme};
use domain::merge;
use domain::paper::Paper;
use domain::record::{Item, Record, Source};
use domain::signal::{Reading, Signal};
use sqlx::AnyConnection;

use super::Outcome;
use super::clean::{only_local, second_local_id};
use super::identity::{different_on_arxiv, same_work};
use crate::error::{Error, Result};
use crate::papers;
use crate::row::{Columns, external_text, read_external, title_key};
use crate::signals::{self, Newest};
use crate::sql::{fetch_in, paper_id};
use crate::time::micros;

/// A paper in work.
pub(super) struct Entry {
    pub(super) paper: Paper,
    /// As it is in the database; nothing for a new one.
    pub(super) before: Option<Box<Paper>>,
    /// Readings that came, by signal and moment; of two for one moment the larger.
    pub(super) readings: BTreeMap<(Signal, i64), Option<u32>>,
    /// Who spoke of it, and whether that changed anything.
    pub(super) sources: BTreeMap<Source, bool>,
    newest: Newest,
}

/// The papers in work, and how they are found.
pub(super) struct Working {
    pub(super) entries: HashMap<PaperId, Entry>,
    /// Papers in the order in which they were first spoken of: the order of change numbers.
    pub(super) order: Vec<PaperId>,
    /// Papers that turned out to be one: (kept, given up), in order.
    pub(super) united: Vec<(PaperId, Entry)>,
    by_id: HashMap<ExternalId, PaperId>,
    by_title: HashMap<i64, Vec<PaperId>>,
    newest_paper: u32,
}

/// Which paper a record means.
struct Meant {
    paper: Option<PaperId>,
    /// Other papers that the record's ids show to be the same.
    same: Vec<PaperId>,
    /// Ids that belong to other works and stay with them.
    foreign: Vec<ExternalId>,
}

impl Working {
    /// Fetches what the items may speak of. `newest_paper` is the newest row given out.
    pub(super) async fn load(
        conn: &mut AnyConnection,
        items: &[Cow<'_, Item>],
        newest_paper: i64,
    ) -> Result<Working> {
        let by_id = fetch_by_id(conn, items).await?;
        let by_title = fetch_by_title(conn, items, &by_id).await?;
        let ids = by_id.values().chain(by_title.values().flatten());
        let ids: HashSet<PaperId> = ids.copied().collect();
        let ids: Vec<PaperId> = ids.into_iter().collect();
        let papers = papers::load(conn, &ids).await?;
        let mut newest = signals::newest(conn, &ids).await?;
        let entries = papers.into_iter().map(|(id, paper)| {
            let entry = Entry {
                before: Some(Box::new(paper.clone())),
                paper,
                readings: BTreeMap::new(),
                sources: BTreeMap::new(),
                newest: newest.remove(&id).unwrap_or_default(),
            };
            (id, entry)
        });
        let entries: HashMap<PaperId, Entry> = entries.collect();
        if let Some(lost) = ids.iter().find(|id| !entries.contains_key(id)) {
            return Err(Error::Damaged(format!("paper row {} has no id", lost.0)));
        }
        Ok(Working {
            entries,
            order: Vec::new(),
            united: Vec::new(),
            by_id,
            by_title,
            newest_paper: u32::try_from(newest_paper)
                .map_err(|_| Error::Damaged(format!("the paper counter is {newest_paper}")))?,
        })
    }

    /// Takes one item into the papers.
    pub(super) fn take(&mut self, item: &Item) -> Outcome {
        match item {
            Item::Paper(record) => self.take_record(record),
            Item::Readings {
                id,
                readings,
                source,
            } => self.take_known(id, *source, |entry| entry.take_readings(readings)),
            Item::Deleted { id, source, .. } => self.take_known(id, *source, |entry| {
                let changed = !entry.paper.withdrawn;
                entry.paper.withdrawn = true;
                changed
            }),
        }
    }

    /// Puts kept papers in the place of those that were given up after an item had named them.
    pub(super) fn settle(&self, outcomes: Vec<Outcome>) -> Vec<Outcome> {
        let kept: HashMap<PaperId, PaperId> = self
            .united
            .iter()
            .map(|(kept, gone)| (gone.paper.id, *kept))
            .collect();
        let follow = |mut id: PaperId| {
            while let Some(next) = kept.get(&id) {
                id = *next;
            }
            id
        };
        let settle = |outcome: Outcome| match outcome.paper().filter(|id| kept.contains_key(id)) {
            Some(id) => Outcome::Changed(follow(id)),
            None => outcome,
        };
        outcomes.into_iter().map(settle).collect()
    }

    /// The newest row given out, those of this batch included.
    pub(super) fn newest_paper(&self) -> i64 {
        i64::from(self.newest_paper)
    }

    fn take_known(
        &mut self,
        id: &ExternalId,
        source: Source,
        change: impl FnOnce(&mut Entry) -> bool,
    ) -> Outcome {
        let Some(paper) = self.by_id.get(id).copied() else {
            return Outcome::UnknownPaper;
        };
        self.order.push(paper);
        let entry = self.entry(paper);
        let changed = change(entry);
        entry.note(source, changed);
        if changed {
            Outcome::Changed(paper)
        } else {
            Outcome::Unchanged(paper)
        }
    }

    fn take_record(&mut self, record: &Record) -> Outcome {
        let meant = self.meant(record);
        let record = self.own_ids(record, &meant);
        let (paper, is_new, mut changed) = match meant.paper {
            None => (self.insert(&record), true, true),
            Some(paper) => {
                let kept = meant.same.iter().fold(paper, |a, b| self.unite(a, *b));
                let entry = self.entry(kept);
                let changed = merge::absorb(&mut entry.paper, &record);
                (kept, false, changed || !meant.same.is_empty())
            }
        };
        self.order.push(paper);
        let entry = self.entry(paper);
        changed |= entry.take_readings(&record.readings);
        entry.note(record.source, changed);
        self.register(paper);
        match (is_new, changed) {
            (true, _) => Outcome::Inserted(paper),
            (false, true) => Outcome::Changed(paper),
            (false, false) => Outcome::Unchanged(paper),
        }
    }

    /// Finds the paper that a record means: by its ids, preferred ones first, else by its title.
    fn meant(&self, record: &Record) -> Meant {
        let mut ids: Vec<&ExternalId> = record.ids.iter().collect();
        ids.sort();
        let mut same: Vec<PaperId> = Vec::new();
        let mut foreign = Vec::new();
        for id in ids {
            let Some(hit) = self.by_id.get(id).filter(|hit| !same.contains(hit)) else {
                continue;
            };
            let paper = &self.entries[hit].paper;
            let agrees = match id.scheme {
                Scheme::Local => same_work(record, paper),
                _ => {
                    let others = same.iter().map(|id| self.entries[id].paper.ids.as_slice());
                    let mut all = others.chain([record.ids.as_slice()]);
                    !all.any(|ids| different_on_arxiv(ids, &paper.ids))
                }
            };
            if agrees {
                same.push(*hit);
            } else {
                foreign.push(id.clone());
            }
        }
        same.sort();
        let by_id = same.first().copied();
        same.drain(..same.len().min(1));
        Meant {
            paper: by_id.or_else(|| self.meant_by_title(record)),
            same,
            foreign,
        }
    }

    fn meant_by_title(&self, record: &Record) -> Option<PaperId> {
        let candidates = self.by_title.get(&title_key(&record.title));
        let candidates = candidates.into_iter().flatten().copied();
        let by_title = candidates
            .filter(|id| {
                self.entries
                    .get(id)
                    .is_some_and(|e| same_work(record, &e.paper))
            })
            .min();
        by_title.or_else(|| {
            let second = only_local(&record.ids).then(|| second_local_id(record))?;
            self.by_id.get(&second).copied()
        })
    }

    /// The record without ids that belong to other works; with a second id from its title when none is left.
    fn own_ids<'r>(&self, record: &'r Record, meant: &Meant) -> Cow<'r, Record> {
        if meant.foreign.is_empty() {
            return Cow::Borrowed(record);
        }
        let mut own = record.clone();
        own.ids.retain(|id| !meant.foreign.contains(id));
        if own.ids.is_empty() && meant.paper.is_none() {
            own.ids.push(second_local_id(record));
        }
        Cow::Owned(own)
    }

    fn insert(&mut self, record: &Record) -> PaperId {
        self.newest_paper += 1;
        let id = PaperId(self.newest_paper);
        let entry = Entry {
            paper: merge::paper_from(id, record),
            before: None,
            readings: BTreeMap::new(),
            sources: BTreeMap::new(),
            newest: Newest::new(),
        };
        self.entries.insert(id, entry);
        id
    }

    /// Makes one paper of two; the older row stays. Returns it.
    fn unite(&mut self, a: PaperId, b: PaperId) -> PaperId {
        let (kept, given_up) = (a.min(b), a.max(b));
        let Some(gone) = self.entries.remove(&given_up) else {
            return kept;
        };
        for id in &gone.paper.ids {
            self.by_id.insert(id.clone(), kept);
        }
        for ids in self.by_title.values_mut() {
            for id in ids.iter_mut().filter(|id| **id == given_up) {
                *id = kept;
            }
        }
        self.entry(kept).unite(&gone);
        self.united.push((kept, gone));
        kept
    }

    /// Makes a paper findable by the ids and the title that it has now.
    fn register(&mut self, paper: PaperId) {
        let entry = &self.entries[&paper];
        for id in &entry.paper.ids {
            if !self.by_id.contains_key(id) {
                self.by_id.insert(id.clone(), paper);
            }
        }
        let same_title = self.by_title.entry(title_key(&entry.paper.title));
        let same_title = same_title.or_default();
        if !same_title.contains(&paper) {
            same_title.push(paper);
        }
    }

    fn entry(&mut self, paper: PaperId) -> &mut Entry {
        self.entries.get_mut(&paper).expect(
            "every row in the maps is loaded, inserted, or put in the place of a united one",
        )
    }
}

impl Entry {
    /// Whether the database has to be brought up to date.
    pub(super) fn is_changed(&self) -> bool {
        self.before.as_deref() != Some(&self.paper)
    }

    /// Whether it is new, or stands on another day than before.
    pub(super) fn is_listed_anew(&self) -> bool {
        let before = self.before.as_deref();
        before.is_none_or(|before| before.times.listed_day() != self.paper.times.listed_day())
    }

    /// Keeps readings that are new. Whether the paper's numbers change.
    fn take_readings(&mut self, readings: &[Reading]) -> bool {
        for reading in readings {
            let at = micros(reading.at);
            let kept = self.readings.entry((reading.signal, at)).or_default();
            *kept = (*kept).max(reading.value);
            if let Some(value) = reading.value {
                self.note_newest(reading.signal, at, value);
            }
        }
        !readings.is_empty() && self.count()
    }

    fn note_newest(&mut self, signal: Signal, at: i64, value: u32) {
        let newest = self.newest.entry(signal).or_insert((at, value));
        *newest = (*newest).max((at, value));
    }

    /// Counts votes, comments and stars anew. Whether they change.
    fn count(&mut self) -> bool {
        let newest = |signal| self.newest.get(&signal).map(|(_, value)| *value);
        let sum = |a, b| u32::saturating_add(newest(a).unwrap_or(0), newest(b).unwrap_or(0));
        let votes = sum(Signal::Votes, Signal::DailyUpvotes);
        let comments = sum(Signal::Comments, Signal::DailyComments);
        let stars = newest(Signal::Stars);
        let paper = &mut self.paper;
        let before = (paper.votes, paper.comments, paper.stars);
        (paper.votes, paper.comments, paper.stars) = (votes, comments, stars);
        before != (votes, comments, stars)
    }

    fn note(&mut self, source: Source, changed: bool) {
        *self.sources.entry(source).or_default() |= changed;
    }

    fn unite(&mut self, gone: &Entry) {
        merge::unite(&mut self.paper, &gone.paper);
        for (key, value) in &gone.readings {
            let kept = self.readings.entry(*key).or_default();
            *kept = (*kept).max(*value);
        }
        for (source, changed) in &gone.sources {
            self.note(*source, *changed);
        }
        for (signal, (at, value)) in &gone.newest {
            self.note_newest(*signal, *at, *value);
        }
        self.count();
    }
}

/// The ids by which an item may find its paper.
fn ids_of<'i>(item: &'i Item) -> impl Iterator<Item = Cow<'i, ExternalId>> {
    let (given, second) = match item {
        Item::Paper(record) => {
            let second = only_local(&record.ids).then(|| second_local_id(record));
            (record.ids.as_slice(), second)
        }
        Item::Readings { id, .. } | Item::Deleted { id, .. } => (std::slice::from_ref(id), None),
    };
    let given = given.iter().map(Cow::Borrowed);
    given.chain(second.map(Cow::Owned))
}

async fn fetch_by_id(
    conn: &mut AnyConnection,
    items: &[Cow<'_, Item>],
) -> Result<HashMap<ExternalId, PaperId>> {
    const SQL: &str = "SELECT paper, external FROM paper_ids WHERE external IN ({keys})";
    let ids = items.iter().flat_map(|item| ids_of(item));
    let ids: HashSet<String> = ids.map(|id| external_text(&id)).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let rows = fetch_in(conn, SQL, &[], &ids).await?;
    rows.iter()
        .map(|row| {
            let mut columns = Columns::of(row);
            let paper = paper_id(columns.int()?)?;
            Ok((read_external(columns.text()?)?, paper))
        })
        .collect()
}

/// Papers with the titles of those records that no issuer's id has found.
async fn fetch_by_title(
    conn: &mut AnyConnection,
    items: &[Cow<'_, Item>],
    by_id: &HashMap<ExternalId, PaperId>,
) -> Result<HashMap<i64, Vec<PaperId>>> {
    const SQL: &str = "SELECT id, title_key FROM papers WHERE title_key IN ({keys})";
    let titles = items.iter().filter_map(|item| match item.as_ref() {
        Item::Paper(record) => Some(record),
        _ => None,
    });
    let unknown = titles.filter(|record| {
        let mut issued = record.ids.iter().filter(|id| id.scheme != Scheme::Local);
        !issued.any(|id| by_id.contains_key(id))
    });
    let keys: HashSet<i64> = unknown.map(|record| title_key(&record.title)).collect();
    let keys: Vec<i64> = keys.into_iter().collect();
    let mut by_title: HashMap<i64, Vec<PaperId>> = HashMap::new();
    for row in fetch_in(conn, SQL, &[], &keys).await? {
        let mut columns = Columns::of(&row);
        let paper = paper_id(columns.int()?)?;
        by_title.entry(columns.int()?).or_default().push(paper);
    }
    Ok(by_title)
}
