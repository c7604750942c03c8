//! arXiv's metadata and up-votes over time, one JSON object a line.

use crate::files::check;

#[test]
fn the_plain_table() {
    check(
        r#"{"id": "math/9201207", "title": "On  $\\ell_1$\n of Things", "abstract": "We.\n  Show.", "authors": "A. One, B. Two", "categories": "math.FA,math.AG", "created": "1989-11-17", "updated": "1999-12-03"}
{"id": "1502.0651599999999", "title": "T", "abstract": "", "authors": "", "categories": "cs.LG", "created": "2015-2-3", "updated": ""}
{"id": 704.0021, "title": "U", "created": "2007-03-31"}

{"id": "704.0021", "title": "V", "created": "2017-03-31"}
not json
{"id": "2305.19435", "title": ""}
{"id": "2305.19435", "title": "This", "abstract": "This paper has been withdrawn by the author"}
"#,
        "[arxiv-jsonl]

         id: math/9201207
         title: On $\\ell_1$ of Things
         abstract: We. Show.
         authors: A. One | B. Two
         categories: math.FA | math.AG
         submitted: 1989-11-17T00:00:00Z
         updated: 1999-12-03T00:00:00Z

         id: 1502.06516
         title: T
         categories: cs.LG
         submitted: 2015-02-03T00:00:00Z

         id: 0704.0021
         title: U
         submitted: 2007-03-31T00:00:00Z

         id: 2305.19435
         title: This
         abstract: This paper has been withdrawn by the author
         withdrawn: yes

         set aside in, line 5: the id `704.0021` may stand for 0704.0021, but the paper is dated 2017-03-31

         set aside in, line 6: not readable as JSON: expected ident at line 1 column 2

         set aside in, line 7: it has no title",
    );
}

#[test]
fn the_dump_of_arxiv_itself() {
    check(
        r#"{"id":"0704.0001","submitter":"X","authors":"C. Bal\\'azs, E. L. Berger","title":"Calculation of\n  things","comments":"37 pages","journal-ref":"J.Test. 1 (2007)","doi":"10.1000/TEST.1 not-a-doi","report-no":"R-1","categories":"hep-ph hep-ex hep-ph","license":"http://arxiv.org/licenses/nonexclusive-distrib/1.0/","abstract":"  A fully\ndifferential one.\n","versions":[{"version":"v2","created":"Tue, 24 Jul 2007 20:10:27 GMT"},{"version":"v1","created":"Mon, 2 Apr 2007 19:18:42 GMT"},{"version":"x"}],"update_date":"2008-11-26","authors_parsed":[["Balázs","C.",""],["Berger","E. L.","Jr.","Argonne"]]}"#,
        "[arxiv-jsonl]

         id: 0704.0001 | 10.1000/test.1
         title: Calculation of things
         abstract: A fully differential one.
         authors: C. Balázs | E. L. Berger Jr. (Argonne)
         categories: hep-ph | hep-ex
         versions: v1 2007-04-02T19:18:42Z | v2 2007-07-24T20:10:27Z
         submitted: 2007-04-02T19:18:42Z
         updated: 2008-11-26T00:00:00Z
         comment: 37 pages
         journal: J.Test. 1 (2007)
         licence: http://arxiv.org/licenses/nonexclusive-distrib/1.0/",
    );
    check(
        r#"{"id":"0704.0003","authors":["A. One","B. Two"],"title":"T","categories":["hep-ph","hep-ex"],"abstract":"A"}"#,
        "[arxiv-jsonl]

         id: 0704.0003
         title: T
         abstract: A
         authors: A. One | B. Two
         categories: hep-ph | hep-ex",
    );
    check(
        r#"{"id":"0704.0002","authors":"C. Bal\\'azs and\n  E. L. Berger (Argonne), for the X Collaboration","title":"T","categories":"hep-ph","abstract":"A"}"#,
        "[arxiv-jsonl]

         id: 0704.0002
         title: T
         abstract: A
         authors: C. Balázs | E. L. Berger (Argonne) | X Collaboration
         categories: hep-ph",
    );
}

#[test]
fn readings_of_one_paper_are_one_item() {
    check(
        r#"{"id": "2211.16780", "t": "2026-04-18T00:09:52Z", "upvotes": 1}
{"id": "2211.16780", "t": "2026-04-19T00:08:21Z", "upvotes": null}
{"id": "2211.16780", "t": "soon", "upvotes": 2}
{"id": "2301.00001", "t": "2026-04-18T00:09:52Z", "upvotes": 4}
{"id": "2211.16780", "t": "2026-04-20T00:08:21Z", "upvotes": 2}"#,
        "[daily-upvotes]

         of 2211.16780: daily-upvotes Some(1) at 2026-04-18T00:09:52Z | daily-upvotes None at 2026-04-19T00:08:21Z

         of 2301.00001: daily-upvotes Some(4) at 2026-04-18T00:09:52Z

         of 2211.16780: daily-upvotes Some(2) at 2026-04-20T00:08:21Z

         set aside in, line 3: `soon` is not a time",
    );
}
