//! How records become papers: a pure function, so that it can be tested without a database.
//!
//! Rules. Ids, links, versions, tags and readings only add up. Title, abstract, authors and categories belong to
//! the source of highest [authority](crate::record::Source::authority) that gave them; among equals the record with the newer
//! `updated` time wins, and without such times the one that came last. An empty value never replaces a full one.
//! Submitted and announced times keep the earliest, updated the latest, featured the earliest.
//! A record merged twice changes nothing the second time.

use jiff::Timestamp;

use crate::ids::{ExternalId, PaperId};
use crate::paper::{Link, Paper, TextSources, Times, Version};
use crate::record::{Record, Source};

/// A new paper made of one record. The id is given by the store.
pub fn paper_from(id: PaperId, record: &Record) -> Paper {
    let given = |empty: bool| (!empty).then_some(record.source);
    let mut paper = Paper {
        id,
        ids: Vec::new(),
        title: record.title.clone(),
        abstract_text: record.abstract_text.clone().unwrap_or_default(),
        authors: record.authors.clone(),
        authors_total: record.authors_total,
        categories: record.categories.clone(),
        tags: Vec::new(),
        versions: Vec::new(),
        times: Times::default(),
        links: Vec::new(),
        summary: None,
        comment: None,
        journal_ref: None,
        license: None,
        withdrawn: record.withdrawn,
        text_sources: TextSources {
            title: record.source,
            abstract_text: given(record.abstract_text.as_deref().is_none_or(str::is_empty)),
            authors: given(record.authors.is_empty()),
            categories: given(record.categories.is_empty()),
        },
        votes: 0,
        comments: 0,
        stars: None,
    };
    absorb_sets(&mut paper, record);
    absorb_times(&mut paper, record);
    absorb_notes(&mut paper, record, true);
    if paper.ids.is_empty() {
        paper.ids.push(ExternalId::local(&record.title));
    }
    paper
}

/// Takes a record into the paper that it speaks of. Returns whether anything changed.
/// Readings are not part of it: the store keeps them as a series.
pub fn absorb(paper: &mut Paper, record: &Record) -> bool {
    let newer = match (record.times.updated, paper.times.updated) {
        (Some(new), Some(old)) => new >= old,
        (None, Some(_)) => false,
        (_, None) => true,
    };
    let may = |current: Option<Source>| match current {
        None => true,
        Some(current) if record.source.authority() == current.authority() => newer,
        Some(current) => record.source.authority() > current.authority(),
    };
    let mut changed = false;
    if may(Some(paper.text_sources.title)) {
        changed |= replace(&mut paper.title, record.title.clone());
        changed |= replace(&mut paper.text_sources.title, record.source);
    }
    if let Some(text) = record.abstract_text.as_ref().filter(|t| !t.is_empty())
        && may(paper.text_sources.abstract_text)
    {
        changed |= replace(&mut paper.abstract_text, text.clone());
        changed |= replace(&mut paper.text_sources.abstract_text, Some(record.source));
    }
    if !record.authors.is_empty() && may(paper.text_sources.authors) {
        changed |= replace(&mut paper.authors, record.authors.clone());
        changed |= replace(&mut paper.authors_total, record.authors_total);
        changed |= replace(&mut paper.text_sources.authors, Some(record.source));
    }
    if !record.categories.is_empty() && may(paper.text_sources.categories) {
        changed |= replace(&mut paper.categories, record.categories.clone());
        changed |= replace(&mut paper.text_sources.categories, Some(record.source));
    }
    if record.withdrawn && !paper.withdrawn {
        paper.withdrawn = true;
        changed = true;
    }
    let leads = record.source.authority() >= paper.text_sources.title.authority();
    changed |= absorb_sets(paper, record);
    changed |= absorb_notes(paper, record, leads && newer);
    changed |= absorb_times(paper, record);
    changed
}

/// Takes another paper, found to be the same work, into this one. What both know is decided by authority and age as
/// for records; ids, links, versions and tags add up. The counts of signals are left: they follow from the readings.
pub fn unite(paper: &mut Paper, other: &Paper) {
    let newer = other.times.updated > paper.times.updated;
    let wins = |mine: Option<Source>, theirs: Option<Source>| match (mine, theirs) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(mine), Some(theirs)) if mine.authority() == theirs.authority() => newer,
        (Some(mine), Some(theirs)) => theirs.authority() > mine.authority(),
    };
    let leads = wins(
        Some(paper.text_sources.title),
        Some(other.text_sources.title),
    );
    if leads {
        paper.title.clone_from(&other.title);
        paper.text_sources.title = other.text_sources.title;
    }
    if wins(
        paper.text_sources.abstract_text,
        other.text_sources.abstract_text,
    ) {
        paper.abstract_text.clone_from(&other.abstract_text);
        paper.text_sources.abstract_text = other.text_sources.abstract_text;
    }
    if wins(paper.text_sources.authors, other.text_sources.authors) {
        paper.authors.clone_from(&other.authors);
        paper.authors_total = other.authors_total;
        paper.text_sources.authors = other.text_sources.authors;
    }
    if wins(paper.text_sources.categories, other.text_sources.categories) {
        paper.categories.clone_from(&other.categories);
        paper.text_sources.categories = other.text_sources.categories;
    }
    paper.withdrawn |= other.withdrawn;
    let rest = as_record(other);
    absorb_sets(paper, &rest);
    absorb_notes(paper, &rest, leads);
    absorb_times(paper, &rest);
}

/// What a paper has beside title, abstract, authors and categories, as its title's source would say it.
fn as_record(paper: &Paper) -> Record {
    let mut record = Record::titled(paper.text_sources.title, Timestamp::UNIX_EPOCH, "");
    record.ids.clone_from(&paper.ids);
    record.links.clone_from(&paper.links);
    record.tags.clone_from(&paper.tags);
    record.versions.clone_from(&paper.versions);
    record.times = paper.times;
    record.summary.clone_from(&paper.summary);
    record.comment.clone_from(&paper.comment);
    record.journal_ref.clone_from(&paper.journal_ref);
    record.license.clone_from(&paper.license);
    record
}

/// What only adds up.
fn absorb_sets(paper: &mut Paper, record: &Record) -> bool {
    let mut changed = false;
    for id in &record.ids {
        if !paper.ids.contains(id) {
            paper.ids.push(id.clone());
            changed = true;
        }
    }
    paper.ids.sort();
    for link in &record.links {
        changed |= absorb_link(&mut paper.links, link);
    }
    paper
        .links
        .sort_by(|a, b| (a.kind, a.at, &a.url).cmp(&(b.kind, b.at, &b.url)));
    for tag in &record.tags {
        if !paper.tags.contains(tag) {
            paper.tags.push(tag.clone());
            changed = true;
        }
    }
    for version in &record.versions {
        changed |= absorb_version(&mut paper.versions, version);
    }
    changed
}

/// A link is claimed once. What a reader of the site said first becomes the word of the source that says it too.
fn absorb_link(links: &mut Vec<Link>, new: &Link) -> bool {
    let known = links
        .iter_mut()
        .find(|link| link.kind == new.kind && link.url == new.url);
    match known {
        Some(known) if known.source == Source::Reader && new.source != Source::Reader => {
            *known = new.clone();
            true
        }
        Some(_) => false,
        None => {
            links.push(new.clone());
            true
        }
    }
}

fn absorb_version(versions: &mut Vec<Version>, new: &Version) -> bool {
    match versions.binary_search_by_key(&new.number, |v| v.number) {
        Ok(i) if versions[i].submitted.is_none() && new.submitted.is_some() => {
            versions[i].submitted = new.submitted;
            true
        }
        Ok(_) => false,
        Err(i) => {
            versions.insert(i, new.clone());
            true
        }
    }
}

fn absorb_times(paper: &mut Paper, record: &Record) -> bool {
    let old = paper.times;
    let earliest = |a: Option<_>, b: Option<_>| match (a, b) {
        (Some(a), Some(b)) => Some(std::cmp::min(a, b)),
        (a, b) => a.or(b),
    };
    let new = record.times;
    paper.times = Times {
        submitted: earliest(old.submitted, new.submitted),
        announced: earliest(old.announced, new.announced),
        updated: old.updated.max(new.updated),
        featured: earliest(old.featured, new.featured),
    };
    paper.times != old
}

fn absorb_notes(paper: &mut Paper, record: &Record, leads: bool) -> bool {
    let mut changed = false;
    let notes = [
        (&mut paper.comment, &record.comment),
        (&mut paper.journal_ref, &record.journal_ref),
        (&mut paper.license, &record.license),
    ];
    for (current, new) in notes {
        if new.is_some() && (current.is_none() || leads) {
            changed |= replace(current, new.clone());
        }
    }
    // The shelf's own words stay until a source brings a summary; later summaries replace earlier ones.
    let replaces = paper.summary.is_none() || record.source > Source::Shelf;
    if record.summary.is_some() && replaces {
        changed |= replace(&mut paper.summary, record.summary.clone());
    }
    changed
}

fn replace<T: PartialEq>(current: &mut T, new: T) -> bool {
    let changed = *current != new;
    *current = new;
    changed
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::paper::{Author, LinkKind};

    fn record(source: Source, title: &str, updated: Option<i64>) -> Record {
        let at = |s| Timestamp::from_second(s).unwrap();
        let mut record = Record::titled(source, at(0), title);
        record.times.updated = updated.map(at);
        record
    }

    #[test]
    fn the_issuer_outranks_who_quotes_it() {
        let mut paper = paper_from(PaperId(1), &record(Source::ArxivOai, "Issued", Some(5)));
        assert!(!absorb(
            &mut paper,
            &record(Source::SavedPage, "Quoted", None)
        ));
        assert_eq!(paper.title, "Issued");
    }

    #[test]
    fn an_older_version_never_replaces_a_newer_one() {
        let mut paper = paper_from(PaperId(1), &record(Source::ArxivOai, "Second", Some(9)));
        absorb(&mut paper, &record(Source::ArxivApi, "First", Some(3)));
        assert_eq!(paper.title, "Second");
        absorb(&mut paper, &record(Source::ArxivApi, "Third", Some(12)));
        assert_eq!(paper.title, "Third");
    }

    #[test]
    fn a_weaker_source_fills_what_is_empty() {
        let mut paper = paper_from(PaperId(1), &record(Source::ArxivOai, "T", Some(5)));
        let mut page = record(Source::SavedPage, "t", None);
        page.abstract_text = Some("An abstract.".into());
        page.authors = vec![Author::named("A. Author")];
        assert!(absorb(&mut paper, &page));
        assert_eq!(paper.abstract_text, "An abstract.");
        assert_eq!(paper.authors.len(), 1);
    }

    #[test]
    fn uniting_keeps_the_better_text_and_all_ids() {
        let doi = ExternalId::doi("10.1101/2024.01.02.573939").unwrap();
        let arxiv = ExternalId::arxiv("2305.19435").unwrap().0;
        let mut quoted = record(Source::DailyPapers, "Quoted", None);
        quoted.ids = vec![doi.clone()];
        quoted.abstract_text = Some("Only here.".into());
        let mut paper = paper_from(PaperId(1), &quoted);
        let mut issued = record(Source::ArxivOai, "Issued", Some(5));
        issued.ids = vec![arxiv.clone()];
        unite(&mut paper, &paper_from(PaperId(2), &issued));
        assert_eq!(paper.id, PaperId(1));
        assert_eq!(paper.title, "Issued");
        assert_eq!(paper.abstract_text, "Only here.");
        assert_eq!(paper.ids, [arxiv, doi]);
        assert!(!absorb(&mut paper, &quoted) && !absorb(&mut paper, &issued));
    }

    fn any_record() -> impl Strategy<Value = Record> {
        let source = prop::sample::select(Source::ALL.to_vec());
        let links = prop::collection::vec((0u8..4, 0i64..5), 0..4);
        let versions = prop::collection::vec((1u16..5, prop::option::of(0i64..9)), 0..4);
        (
            source,
            "[a-c]{1,3}",
            prop::option::of("[x-z]{0,3}"),
            prop::option::of(0i64..9),
            links,
            versions,
        )
            .prop_map(|(source, title, abstract_text, updated, links, versions)| {
                let at = |s| Timestamp::from_second(s).unwrap();
                let mut r = record(source, &title, updated);
                r.abstract_text = abstract_text;
                r.ids = vec![ExternalId::arxiv("2305.19435").unwrap().0];
                r.links = links
                    .into_iter()
                    .filter_map(|(n, t)| {
                        Link::new(
                            LinkKind::Code,
                            &format!("https://example.org/{n}"),
                            source,
                            at(t),
                        )
                    })
                    .collect();
                r.versions = versions
                    .into_iter()
                    .map(|(number, s)| Version {
                        number,
                        submitted: s.map(at),
                    })
                    .collect();
                r
            })
    }

    proptest! {
        #[test]
        fn merging_twice_changes_nothing(first in any_record(), second in any_record()) {
            let mut paper = paper_from(PaperId(1), &first);
            absorb(&mut paper, &second);
            let once = paper.clone();
            prop_assert!(!absorb(&mut paper, &second));
            prop_assert_eq!(once, paper);
        }

        #[test]
        fn sets_do_not_depend_on_the_order(first in any_record(), second in any_record()) {
            let mut ab = paper_from(PaperId(1), &first);
            absorb(&mut ab, &second);
            let mut ba = paper_from(PaperId(1), &second);
            absorb(&mut ba, &first);
            let urls = |p: &Paper| { let mut u: Vec<_> = p.links.iter().map(|l| l.url.clone()).collect(); u.sort(); u };
            let numbers = |p: &Paper| p.versions.iter().map(|v| v.number).collect::<Vec<_>>();
            prop_assert_eq!(urls(&ab), urls(&ba));
            prop_assert_eq!(numbers(&ab), numbers(&ba));
            prop_assert_eq!(ab.times, ba.times);
        }
    }
}
