//! Whether two descriptions are of the same work, where ids alone do not say so.

use std::collections::HashSet;

use domain::ids::{ExternalId, Scheme};
use domain::paper::{Author, Paper};
use domain::record::Record;
use domain::text::folded;

use super::clean::only_local;

/// Fewest characters and words of a title that is taken for a work's own: "Editorial" and "Letter to the editor" are
/// not, "A Survey of Mamba" is.
const TELLING_TITLE_CHARS: usize = 16;
const TELLING_TITLE_WORDS: usize = 3;

/// Titles that are long enough and still name a kind of text, not a work. Folded.
const KINDS_OF_TEXT: [&str; 12] = [
    "letter to the editor",
    "letters to the editor",
    "response to the editor",
    "from the editor in chief",
    "message from the editor",
    "table of contents",
    "notes on contributors",
    "list of contributors",
    "list of reviewers",
    "call for papers",
    "in this issue",
    "introduction to the special issue",
];

/// Whether a record speaks of a paper that has, or once had, the same folded title.
///
/// Never when both have an id of the same scheme with different values. A telling title is enough where a side names
/// no authors; otherwise they must share a surname. A title that tells nothing (short, or of few words) counts only
/// between two descriptions that have no other id, and have exactly the same authors: the same entry, seen again.
pub(super) fn same_work(record: &Record, paper: &Paper) -> bool {
    if conflicting(&record.ids, &paper.ids) {
        return false;
    }
    if is_telling(&record.title) {
        record.authors.is_empty()
            || paper.authors.is_empty()
            || share_surname(&record.authors, &paper.authors)
    } else {
        let names = |authors: &[Author]| authors.iter().map(Author::key).collect::<Vec<_>>();
        only_local(&record.ids)
            && only_local(&paper.ids)
            && names(&record.authors) == names(&paper.authors)
    }
}

/// Whether both have an arXiv id, and not the same. Two papers on arXiv are two papers, whatever a shared DOI says:
/// authors do enter one journal's DOI for both parts of a work.
pub(super) fn different_on_arxiv(a: &[ExternalId], b: &[ExternalId]) -> bool {
    matches!((arxiv(a), arxiv(b)), (Some(a), Some(b)) if a != b)
}

fn arxiv(ids: &[ExternalId]) -> Option<&ExternalId> {
    ids.iter().find(|id| id.scheme == Scheme::Arxiv)
}

/// Whether both have ids of a scheme, other than our own, and none in common.
fn conflicting(a: &[ExternalId], b: &[ExternalId]) -> bool {
    a.iter().any(|id| {
        id.scheme != Scheme::Local
            && b.iter().any(|other| other.scheme == id.scheme)
            && !b.contains(id)
            && !b
                .iter()
                .any(|other| other.scheme == id.scheme && a.contains(other))
    })
}

fn is_telling(title: &str) -> bool {
    let folded = folded(title);
    folded.chars().count() >= TELLING_TITLE_CHARS
        && folded.split(' ').count() >= TELLING_TITLE_WORDS
        && !KINDS_OF_TEXT.contains(&folded.as_str())
}

fn share_surname(a: &[Author], b: &[Author]) -> bool {
    let surname = |author: &Author| {
        let name = folded(&author.name);
        name.rsplit(' ').next().unwrap_or_default().to_string()
    };
    let known: HashSet<String> = a.iter().map(surname).collect();
    b.iter().any(|author| known.contains(&surname(author)))
}

#[cfg(test)]
mod tests {
    use domain::ids::PaperId;
    use domain::merge::paper_from;
    use domain::record::Source;
    use jiff::Timestamp;

    use super::*;

    const LONG: &str = "Sparse Attention for Long Documents";

    fn record(ids: &[&str], title: &str, authors: &[&str]) -> Record {
        let mut record = Record::titled(Source::Feed, Timestamp::UNIX_EPOCH, title);
        record.ids = ids.iter().map(|id| id.parse().unwrap()).collect();
        if record.ids.is_empty() {
            record.ids.push(ExternalId::local(title));
        }
        record.authors = authors.iter().map(|name| Author::named(*name)).collect();
        record
    }

    /// Two descriptions of the same title; the question must have the same answer both ways.
    #[track_caller]
    fn check(title: &str, a: (&[&str], &[&str]), b: (&[&str], &[&str]), expected: bool) {
        let (a, b) = (record(a.0, title, a.1), record(b.0, title, b.1));
        assert_eq!(same_work(&a, &paper_from(PaperId(1), &b)), expected);
        assert_eq!(same_work(&b, &paper_from(PaperId(1), &a)), expected);
    }

    #[test]
    fn telling_titles_meet_by_surname() {
        check(
            LONG,
            (&["2305.19435"], &["Ana García"]),
            (&[], &["A. Garcia", "B. Bo"]),
            true,
        );
        check(LONG, (&["2305.19435"], &["Ana García"]), (&[], &[]), true);
        check(
            LONG,
            (&["2305.19435"], &["Ana García"]),
            (&[], &["Bo Bo"]),
            false,
        );
        check(
            LONG,
            (&["2305.19435"], &["A G"]),
            (&["10.1101/2024.01"], &["B G"]),
            true,
        );
    }

    #[test]
    fn different_ids_of_one_scheme_never_meet() {
        check(
            LONG,
            (&["2305.19435"], &["A G"]),
            (&["2305.19436"], &["A G"]),
            false,
        );
        check(
            LONG,
            (&["10.1101/a"], &["A G"]),
            (&["10.1101/b", "2305.19436"], &["A G"]),
            false,
        );
    }

    #[test]
    fn editorials_never_meet() {
        check(
            "Editorial",
            (&["2305.19435"], &["A G"]),
            (&[], &["A G"]),
            false,
        );
        check(
            "A Survey of Mamba",
            (&["2408.01129"], &["A G"]),
            (&[], &[]),
            true,
        );
        check(
            "Letter to the Editor",
            (&["2408.01129"], &["A G"]),
            (&[], &[]),
            false,
        );
        check("Editorial", (&[], &["A G"]), (&[], &["B H"]), false);
        check("Editorial", (&[], &["A G"]), (&[], &["A G"]), true);
    }

    #[test]
    fn two_arxiv_ids_are_two_papers() {
        let ids = |texts: &[&str]| record(texts, LONG, &[]).ids;
        assert!(different_on_arxiv(
            &ids(&["2305.19435", "10.1101/a"]),
            &ids(&["2305.19436"])
        ));
        assert!(!different_on_arxiv(
            &ids(&["2305.19435"]),
            &ids(&["10.1101/a"])
        ));
    }
}
