//! What we write, read back by somebody else's reader.

use biblatex::{Bibliography, ChunksExt, Person};
use domain::text::one_line;
use proptest::prelude::*;

use super::bibtex::citation_key;
use super::*;
use crate::samples::{bare_paper, hostile_paper, paper};

/// The only entry of a bibliography.
#[track_caller]
fn read(text: &str) -> biblatex::Entry {
    let parsed = Bibliography::parse(text).unwrap_or_else(|e| panic!("{e:?} in\n{text}"));
    let mut entries = parsed.into_vec();
    assert_eq!(entries.len(), 1, "{text}");
    entries.remove(0)
}

fn printed(person: &Person) -> String {
    let parts = [
        &person.given_name,
        &person.prefix,
        &person.name,
        &person.suffix,
    ];
    let parts: Vec<&str> = parts.into_iter().map(String::as_str).collect();
    parts
        .join(" ")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn an_arxiv_paper_as_bibtex() {
    let expected = "\
@misc{hinton2015distilling,
  title = {Distilling the Knowledge in a {NeRV} \\& {$K$}-Network},
  author = {Hinton, Geoffrey and Vinyals, Oriol and van Beethoven, Ludwig},
  year = {2015},
  month = {3},
  eprint = {1503.02531},
  archivePrefix = {arXiv},
  primaryClass = {stat.ML},
  doi = {10.5555/distil},
  url = {https://arxiv.org/abs/1503.02531},
}
";
    assert_eq!(bibtex(&paper()), expected);
}

#[test]
fn bibtex_comes_back_the_same() {
    let paper = paper();
    let entry = read(&bibtex(&paper));
    let authors: Vec<String> = entry.author().unwrap().iter().map(printed).collect();
    let expected: Vec<&str> = paper.authors.iter().map(|a| a.name.as_str()).collect();
    assert_eq!(authors, expected);
    assert_eq!(entry.get("eprint").unwrap().format_verbatim(), "1503.02531");
    let title = entry.title().unwrap().format_verbatim();
    assert_eq!(title, "Distilling the Knowledge in a NeRV & $K$-Network");
}

#[test]
fn a_journal_makes_an_article() {
    let mut paper = bare_paper();
    paper.ids = vec![ExternalId::doi("10.1000/x_y{z}").unwrap()];
    paper.journal_ref = Some("J. Exp. & Theory 12".to_string());
    let entry = read(&bibtex(&paper));
    assert_eq!(entry.entry_type, biblatex::EntryType::Article);
    assert_eq!(
        entry
            .get("journal")
            .or(entry.get("journaltitle"))
            .unwrap()
            .format_verbatim(),
        "J. Exp. & Theory 12"
    );
    assert_eq!(
        entry.doi().unwrap(),
        "10.1000/x_y%7bz%7d"
            .replace("%7b", "%7B")
            .replace("%7d", "%7D")
    );
}

#[test]
fn groups_and_missing_authors() {
    let mut paper = bare_paper();
    paper.authors = vec![domain::paper::Author::named("The ATLAS Collaboration")];
    paper.authors_total = Some(2900);
    let text = bibtex(&paper);
    assert!(
        text.contains("author = {{The ATLAS Collaboration} and others}"),
        "{text}"
    );
    assert_eq!(citation_key(&paper), "atlasnduntitled");
    assert_eq!(citation_key(&bare_paper()), "anonnduntitled");
}

#[test]
fn keys_do_not_repeat() {
    let mut keys = CitationKeys::default();
    let texts: String = (0..60).map(|_| keys.bibtex(&paper())).collect();
    let parsed = Bibliography::parse(&texts).unwrap();
    let mut seen: Vec<&str> = parsed.keys().collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 60);
    assert_eq!(seen[..2], ["hinton2015distilling", "hinton2015distillinga"]);
}

#[test]
fn a_paper_as_ris() {
    let expected = "\
TY  - UNPB\r
TI  - Distilling the Knowledge in a NeRV & $K$-Network\r
AU  - Hinton, Geoffrey\r
AU  - Vinyals, Oriol\r
AU  - van Beethoven, Ludwig\r
PY  - 2015\r
DA  - 2015/03/09\r
AB  - A very simple way to improve <b>almost</b> any algorithm.\r
PB  - arXiv\r
AN  - arXiv:1503.02531\r
DO  - 10.5555/distil\r
UR  - https://arxiv.org/abs/1503.02531\r
KW  - stat.ML\r
KW  - cs.LG\r
KW  - distillation\r
ER  - \r
";
    assert_eq!(ris(&paper()), expected);
}

#[test]
fn a_paper_as_markdown() {
    let expected = "\
# Distilling the Knowledge in a NeRV \\& $K$-Network

Geoffrey Hinton, Oriol Vinyals, Ludwig van Beethoven

| | |
|---|---|
| Page | <https://papers.example/papers/1503.02531> |
| arxiv | <https://arxiv.org/abs/1503.02531> |
| doi | <https://doi.org/10.5555/distil> |
| Published | 2015-03-09 |
| Updated | 2015-03-11 |
| Categories | stat.ML, cs.LG |
| Tags | distillation |
| Comment | NIPS 2014 workshop |
| Votes | 12 |
| Stars | 76 |

## Summary

Small networks learn from large ones.

Summary by a reader.

## Abstract

A very simple way to improve \\<b\\>almost\\</b\\> any algorithm.

## Links

- code: <https://github.com/hinton/distil> (from daily-papers)
- project: <https://distil.example/> (from daily-papers)
- data: <https://huggingface.co/datasets/hinton/digits> (from daily-papers)
- model: <https://huggingface.co/hinton/small?x=1> (from daily-papers)
";
    let page_url = "https://papers.example/papers/1503.02531";
    assert_eq!(markdown(&paper(), page_url), expected);
}

#[test]
fn a_paper_as_json_tells_everything() {
    let paper = paper();
    let readings = [domain::signal::Reading {
        signal: domain::signal::Signal::Stars,
        at: paper.times.featured.unwrap(),
        value: None,
    }];
    let whole =
        paper_json(&paper).with_history("https://a/papers/1503.02531".to_string(), &[], &readings);
    let value = serde_json::to_value(&whole).unwrap();
    assert_eq!(value["key"], "1503.02531");
    assert_eq!(value["ids"][1]["url"], "https://doi.org/10.5555/distil");
    assert_eq!(value["times"]["submitted"], "2015-03-09T15:44:49Z");
    assert_eq!(value["links"][0]["source"], "daily-papers");
    assert_eq!(value["readings"][0]["signal"], "stars");
    assert!(value["readings"][0]["value"].is_null());
    assert!(value.get("journal_ref").is_none());
    let exported = serde_json::to_value(paper_json(&paper)).unwrap();
    assert!(exported.get("url").is_none() && exported.get("readings").is_none());
}

#[test]
fn markdown_is_given_to_who_asks_for_it() {
    let check = |accept: &'static str, expected| {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        assert_eq!(wants_markdown(&headers), expected, "{accept}");
    };
    check("text/markdown", true);
    check("text/markdown, */*;q=0.1", true);
    check("text/html,application/xhtml+xml,*/*;q=0.8", false);
    check("*/*", false);
    assert!(!wants_markdown(&HeaderMap::new()));
}

proptest! {
    #[test]
    fn any_paper_is_one_bibtex_entry(paper in hostile_paper()) {
        let entry = read(&bibtex(&paper));
        prop_assert_eq!(&entry.key, &citation_key(&paper));
        let named = paper.authors.iter().filter(|a| !one_line(&a.name).is_empty());
        let authors = entry.author().map_or(0, |authors| authors.len());
        prop_assert_eq!(authors, named.count());
    }

    #[test]
    fn plain_titles_come_back(words in "[A-Za-z0-9&%#_^$.:()é]{1,9}( [A-Za-z0-9&%#_^.:()é]{1,9}){0,5}") {
        // Two dollar signs make a formula, which is not plain.
        prop_assume!(words.matches('$').count() < 2);
        let mut paper = paper();
        paper.title = words.clone();
        let entry = read(&bibtex(&paper));
        prop_assert_eq!(entry.title().unwrap().format_verbatim(), words);
    }

    #[test]
    fn any_paper_is_one_ris_record(paper in hostile_paper()) {
        let text = ris(&paper);
        let lines: Vec<&str> = text.split_terminator("\r\n").collect();
        for line in &lines {
            let (tag, _) = line.split_once("  - ").unwrap();
            prop_assert!(tag.len() == 2 && tag.bytes().all(|b| b.is_ascii_alphanumeric()));
            prop_assert!(!line.contains(['\r', '\n']));
        }
        let ends = lines.iter().filter(|l| l.starts_with("ER  - ")).count();
        prop_assert_eq!(ends, 1);
    }

    #[test]
    fn any_paper_keeps_markdowns_shape(paper in hostile_paper()) {
        let text = markdown(&paper, "https://papers.example/papers/x");
        let headings = text.lines().filter(|l| l.starts_with('#')).count();
        // The strategy gives summary and abstract the same text.
        let texts = if one_line(&paper.abstract_text).is_empty() { 0 } else { 2 };
        let expected = 2 + texts;
        prop_assert_eq!(headings, expected, "{}", text);
        for line in text.lines().filter(|l| l.starts_with("| ")) {
            let bars = line.replace("\\\\", "").replace("\\|", "").matches('|').count();
            prop_assert_eq!(bars, 3, "{}", line);
        }
    }
}
