//! BibTeX, RIS and CSL-JSON.

use proptest::prelude::*;

use crate::files::{check, import};

#[test]
fn bibtex_entries_are_read_one_by_one() {
    check(
        r#"% a comment with @ in it
@string{jot = "Journal of " # {Tests}}
@comment{ignored, title = {x}}
@preamble{"\newcommand{\x}{y}"}
@article{one,
  title = {{BERT}s and {\'E}tudes: $O(n_{2})$ --- a ``Test''},
  author = "G{\"o}del, Kurt and Ada Lovelace and {The X Collaboration} and King, Jr., Martin and others",
  journal = jot, volume = 12, number = "3", pages = {45--67},
  year = 2019, month = mar, day = 4,
  doi = {10.1000/ABC\_1}, url = "https://example.org/a_b",
  keywords = {tests, Trees; tests},
  abstract = {One
    two.}
}
@misc{two, title={Attention}, eprint={1706.03762}, archivePrefix={arXiv}, primaryClass={cs.CL}, year={2017}}
@article(three, title = {Round (brackets)}, journal = {CoRR}, volume = {abs/1706.03763}, year = {2017})
@book{four, title = "No braces close {here", year = 1999}
@article{five, title = {After the broken one}, year = 2001, month = 5, note = {arXiv preprint arXiv:math/0309136}}
@inproceedings{six, author = {A B}}
@article{seven, title = {Last}, url = {https://aclanthology.org/2020.acl-main.1/}, journal = unknownword}
@article{eight, title = {Never closed}"#,
        r#"[bibtex]

         id: 10.1000/abc_1
         title: BERTs and Études: $O(n_{2})$ — a “Test”
         abstract: One two.
         authors: Kurt Gödel | Ada Lovelace | The X Collaboration | Martin King Jr.
         tags: tests | Trees
         announced: 2019-03-04T00:00:00Z
         links: page https://example.org/a_b
         journal: Journal of Tests 12(3), 45–67, 2019

         id: 1706.03762
         title: Attention
         categories: cs.CL

         id: 1706.03763
         title: Round (brackets)
         journal: CoRR abs/1706.03763, 2017

         id: math/0309136
         title: After the broken one
         comment: arXiv preprint arXiv:math/0309136

         id: acl:2020.acl-main.1
         title: Last
         links: page https://aclanthology.org/2020.acl-main.1/
         journal: unknownword

         set aside in, line 17: the BibTeX entry breaks off at `title = "No braces close {here", year =`

         set aside in, line 19: it has no title

         set aside in, line 21: the BibTeX entry breaks off at ``"#,
    );
}

#[test]
fn old_encodings_are_read() {
    check(
        b"@article{a, title = {\xdcber B\xe4ume}, year = {1998}}",
        "[bibtex]

         title: Über Bäume
         announced: 1998-01-01T00:00:00Z",
    );
}

#[test]
fn abbreviations_cannot_grow_without_bound() {
    let mut file = String::from("@string{a = {0123456789}}\n");
    for _ in 0..40 {
        file.push_str("@string{a = a # a # a # a}\n");
    }
    file.push_str("@article{x, title = {T}, journal = a}");
    let got = import(file.as_bytes());
    assert!(got.contains("title: T"), "{got}");
    assert!(got.len() < 10_000);
}

#[test]
fn a_file_may_be_one_endless_line() {
    let entry = |n: usize| {
        format!(
            "@misc{{k{n}, title = {{T {n}}}, note = {{{}}}}} ",
            "x".repeat(n % 700)
        )
    };
    let file: String = (0..4_000).map(entry).collect();
    let got = import(file.as_bytes());
    assert_eq!(got.matches("title: T ").count(), 4_000);
    assert!(!got.contains("set aside"));
}

#[test]
fn ris_entries_end_where_they_say() {
    check(
        "\u{feff}TY  - JOUR\r\nTI  - Trees and\r\n forests\r\nAU  - Lovelace, Ada\r\nAU  - Gödel, Kurt, Jr.\r\nPY  - 2019/03/04/\r\n\
         JO  - Journal\r\nVL  - 12\r\nIS  - 3\r\nSP  - 45\r\nEP  - 67\r\nDO  - 10.1000/abc\r\nKW  - trees\r\nKW  - forests\r\n\
         UR  - https://arxiv.org/abs/1706.03762v2\r\nAB  - We grow.\r\nER  - \r\n\r\n\
         TY  - CONF\nT1  - Second\nY1  - 2020\nTY  - JOUR\nAU  - Nobody\nER  - \n",
        "[ris]

         id: 10.1000/abc | 1706.03762
         title: Trees and forests
         abstract: We grow.
         authors: Ada Lovelace | Kurt Gödel Jr.
         tags: trees | forests
         announced: 2019-03-04T00:00:00Z
         links: page https://arxiv.org/abs/1706.03762v2
         journal: Journal 12(3), 45–67, 2019

         title: Second
         announced: 2020-01-01T00:00:00Z

         set aside in, line 22: it has no title",
    );
}

#[test]
fn csl_items_come_as_list_or_lines() {
    let items = r#"[
      {"id":"a","type":"article-journal","title":["H<sub>2</sub>O &amp; more"],"container-title":["Journal"],"volume":12,"page":"45-67",
       "author":[{"family":"Lovelace","given":"Ada"},{"family":"Berg","given":"A.","non-dropping-particle":"van der"},{"literal":"The X Group"},7],
       "issued":{"date-parts":[[2019,3,4]]},"DOI":"10.1000/ABC","URL":"https://example.org/","PMID":"123","abstract":"<jats:p>We grow.</jats:p>"},
      {"type":"report","title":"Preprint","number":"arXiv:1706.03762","issued":{"date-parts":[["2017"]]}},
      {"type":"book","author":"nobody"}
    ]"#;
    check(
        items,
        "[csl-json]

         id: 10.1000/abc | pubmed:123
         title: H2O & more
         abstract: We grow.
         authors: Ada Lovelace | A. van der Berg | The X Group
         announced: 2019-03-04T00:00:00Z
         links: page https://example.org/
         journal: Journal 12, 45-67, 2019

         id: 1706.03762
         title: Preprint

         set aside in, line 6: it has no title",
    );
    check(
        "{\"title\":\"A\",\"type\":\"book\"}\n{\"title\":\"B\",\"issued\":{\"raw\":\"May 2001\"}}\n",
        "[csl-json]

         title: A

         title: B
         announced: 2001-05-01T00:00:00Z",
    );
}

proptest! {
    #[test]
    fn any_bibtex_is_safe(body in "([@{}\",=#\\\\ \n()a]|and |title = |@string\\{|@article\\{k,|\\PC){0,60}") {
        let _ = import(format!("@article{{k, {body}").as_bytes());
    }

    #[test]
    fn any_ris_is_safe(body in "(TY  - |ER  - |AU  - |\n|, |[a-z/-]|\\PC){0,60}") {
        let _ = import(format!("TY  - JOUR\n{body}").as_bytes());
    }
}
