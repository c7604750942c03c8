//! Brings what sources yield into a form that both engines can keep and give back exactly: otherwise a record would
//! look changed each time it comes.

use std::borrow::Cow;

use domain::ids::{ExternalId, ID_LEN_MAX, Scheme};
use domain::paper::URL_LEN_MAX;
use domain::record::{Item, Record};
use jiff::Timestamp;

/// Longest category or tag that is kept, in bytes. PostgreSQL cannot index texts over some 2,700.
const NAME_LEN_MAX: usize = 200;

/// An item as it can be kept; borrowed where nothing has to change, as for nearly all that have an id.
///
/// - Times are cut to microseconds, and NUL characters, which PostgreSQL refuses, go.
/// - Categories have no spaces; ids, links, categories and tags over their bounds go.
/// - Of several arXiv ids only the first stays: two of them are two papers.
/// - A record without any id gets the one that its title makes.
pub(super) fn clean(item: &Item) -> Cow<'_, Item> {
    match item {
        Item::Paper(record) if needs_cleaning(record) => {
            Cow::Owned(Item::Paper(Box::new(cleaned(record))))
        }
        item => Cow::Borrowed(item),
    }
}

/// The second id that a title can give: for a work whose title another work without ids has taken already.
pub(super) fn second_local_id(record: &Record) -> ExternalId {
    let names: Vec<&str> = record.authors.iter().map(|a| a.name.as_str()).collect();
    ExternalId::local(&format!("{} by {}", record.title, names.join(" and ")))
}

/// Whether the only id is the one made from the title.
pub(super) fn only_local(ids: &[ExternalId]) -> bool {
    ids.iter().all(|id| id.scheme == Scheme::Local)
}

fn needs_cleaning(record: &Record) -> bool {
    let ids = &record.ids;
    let arxiv_ids = ids.iter().filter(|id| id.scheme == Scheme::Arxiv).count();
    let texts_bad = texts(record).any(|text| text.contains('\0'));
    let times_bad = times(record).any(|at| coarse(at) != at);
    ids.is_empty()
        || arxiv_ids > 1
        || texts_bad
        || times_bad
        || !ids.iter().all(id_fits)
        || !record.links.iter().all(|link| url_fits(&link.url))
        || !record.categories.iter().all(|name| category_fits(name))
        || !record.tags.iter().all(|name| name_fits(name))
}

fn cleaned(record: &Record) -> Record {
    let mut record = record.clone();
    clean_texts(&mut record);
    clean_times(&mut record);
    let mut has_arxiv = false;
    record.ids.retain(|id| {
        let second = id.scheme == Scheme::Arxiv && has_arxiv;
        has_arxiv |= id.scheme == Scheme::Arxiv;
        id_fits(id) && !second
    });
    if record.ids.is_empty() {
        record.ids.push(ExternalId::local(&record.title));
    }
    record.links.retain(|link| url_fits(&link.url));
    record.categories.retain(|name| category_fits(name));
    record.tags.retain(|name| name_fits(name));
    record
}

fn id_fits(id: &ExternalId) -> bool {
    !id.value.is_empty() && id.value.len() <= ID_LEN_MAX && !id.value.contains('\0')
}

fn url_fits(url: &str) -> bool {
    url.len() <= URL_LEN_MAX && !url.contains('\0')
}

fn name_fits(name: &str) -> bool {
    !name.is_empty() && name.len() <= NAME_LEN_MAX && !name.contains('\0')
}

fn category_fits(name: &str) -> bool {
    name_fits(name) && !name.contains(char::is_whitespace)
}

/// A moment without what is finer than a microsecond.
fn coarse(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}

fn texts(record: &Record) -> impl Iterator<Item = &String> {
    let authors = record.authors.iter();
    let authors = authors.flat_map(|a| std::iter::once(&a.name).chain(&a.affiliation));
    let summary = record.summary.iter().flat_map(|s| [&s.text, &s.by]);
    std::iter::once(&record.title)
        .chain(&record.abstract_text)
        .chain(&record.comment)
        .chain(&record.journal_ref)
        .chain(&record.license)
        .chain(summary)
        .chain(authors)
}

fn clean_texts(record: &mut Record) {
    let authors = record.authors.iter_mut();
    let authors = authors.flat_map(|a| std::iter::once(&mut a.name).chain(&mut a.affiliation));
    let summary = record.summary.iter_mut();
    let summary = summary.flat_map(|s| [&mut s.text, &mut s.by]);
    let texts = std::iter::once(&mut record.title)
        .chain(&mut record.abstract_text)
        .chain(&mut record.comment)
        .chain(&mut record.journal_ref)
        .chain(&mut record.license)
        .chain(summary)
        .chain(authors);
    for text in texts {
        if text.contains('\0') {
            *text = text.replace('\0', "");
        }
    }
}

fn times(record: &Record) -> impl Iterator<Item = Timestamp> {
    let times = &record.times;
    let times = [
        times.submitted,
        times.announced,
        times.updated,
        times.featured,
    ];
    let versions = record.versions.iter().filter_map(|v| v.submitted);
    let links = record.links.iter().map(|link| link.at);
    times.into_iter().flatten().chain(versions).chain(links)
}

fn clean_times(record: &mut Record) {
    let times = &mut record.times;
    let moments = [
        &mut times.submitted,
        &mut times.announced,
        &mut times.updated,
        &mut times.featured,
    ];
    let versions = record.versions.iter_mut().map(|v| &mut v.submitted);
    for moment in moments.into_iter().chain(versions) {
        *moment = moment.map(coarse);
    }
    for link in &mut record.links {
        link.at = coarse(link.at);
    }
}

#[cfg(test)]
mod tests {
    use domain::record::Source;

    use super::*;

    fn record() -> Record {
        let mut record = Record::titled(Source::Feed, Timestamp::UNIX_EPOCH, "A title");
        record.ids = vec![ExternalId::arxiv("2305.19435").unwrap().0];
        record
    }

    #[test]
    fn what_can_be_kept_is_not_copied() {
        assert!(matches!(
            clean(&Item::Paper(Box::new(record()))),
            Cow::Borrowed(_)
        ));
    }

    #[test]
    fn what_cannot_be_kept_goes_and_the_rest_stays() {
        let mut dirty = record();
        dirty.title = "A\0 title".into();
        dirty.times.updated = Some(Timestamp::from_nanosecond(1_500).unwrap());
        dirty.ids.push(ExternalId::arxiv("2305.19436").unwrap().0);
        dirty.categories = vec!["cs.CL".into(), "c s".into(), String::new()];
        dirty.tags = vec!["x".repeat(NAME_LEN_MAX + 1), "two words".into()];
        assert!(needs_cleaning(&dirty));
        let got = cleaned(&dirty);
        assert!(!needs_cleaning(&got));
        assert_eq!(got.title, "A title");
        assert_eq!(
            got.times.updated,
            Some(Timestamp::from_microsecond(1).unwrap())
        );
        assert_eq!(got.ids, record().ids);
        assert_eq!(got.categories, ["cs.CL"]);
        assert_eq!(got.tags, ["two words"]);
    }

    #[test]
    fn a_record_without_ids_gets_one_from_its_title() {
        let mut bare = record();
        bare.ids.clear();
        assert_eq!(cleaned(&bare).ids, [ExternalId::local("A title")]);
        assert_ne!(second_local_id(&bare), ExternalId::local("A title"));
    }
}
