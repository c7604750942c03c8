//! The Daily Papers in JSON, in each shape that was ever sent.

use domain::record::Source;
use proptest::prelude::*;
use sources::daily_json::{parse_item, parse_list, repository_url};

use crate::files::{seen, sketch};

#[track_caller]
fn check(json: &str, expected: &str) {
    let got = match parse_item(json.as_bytes(), Source::DailyPapers, seen()) {
        Ok(record) => sketch(&record),
        Err(why) => format!("unfit: {why}"),
    };
    let expected: Vec<_> = expected.lines().map(str::trim).collect();
    assert_eq!(got, expected.join("\n").trim());
}

#[test]
fn the_api_wraps_a_paper() {
    check(
        r#"{"paper":{"id":"2608.00001","authors":[{"_id":"1","name":"Ada  Example","hidden":false},
            {"name":"Not Me","hidden":true},{"name":"Bo Sample"}],
            "publishedAt":"2026-08-20T00:00:00.000Z","submittedOnDailyAt":"2026-08-21T00:00:00.000Z",
            "title":"A Title\n  on Two Lines","summary":"One.\nTwo.","upvotes":163,"projectPage":"https://example.org/p",
            "githubRepo":"https://github.com/o/digit.git","githubStars":8,"ai_summary":"Short.",
            "ai_keywords":["agents","Agents"],"ai_summary_model":"a/model","organization":{"name":"g","fullname":"G Inc"},
            "mediaUrls":["https://example.org/a.mp4"]},
            "publishedAt":"2026-08-19T20:00:00.000Z","title":"A Title on Two Lines","numComments":1,
            "mediaUrls":["https://example.org/a.mp4"],"unknown":{"x":[]}}"#,
        "id: 2608.00001
         title: A Title on Two Lines
         abstract: One. Two.
         authors: Ada Example | Bo Sample
         tags: G Inc | agents
         submitted: 2026-08-20T00:00:00Z
         featured: 2026-08-21T00:00:00Z
         links: code https://github.com/o/digit | project https://example.org/p | media https://example.org/a.mp4
         summary: Short. (a/model)
         readings: daily-upvotes Some(163) at 2026-11-23T08:00:00Z | daily-comments Some(1) at 2026-11-23T08:00:00Z | stars Some(8) at 2026-11-23T08:00:00Z",
    );
}

#[test]
fn dumps_are_flat_and_date_their_counts() {
    check(
        r#"{"id":"2405.00002v2","title":"T","summary":"S","authors":["A B","C D"],"publishedAt":"2024-05-23T02:53:25.000Z",
            "submittedOnDailyAt":"2024-05-27T00:00:00.000Z","numComments":0,"tags":["Vision"],"upvotes":7,
            "upvotesAt":"2024-05-27T16:54:31Z","arxiv_categories":["cs.AI","cs.LG","no good"],"organization":"Lab",
            "ai_summary":"Short."}"#,
        "id: 2405.00002
         title: T
         abstract: S
         authors: A B | C D
         categories: cs.AI | cs.LG
         tags: Lab | Vision
         submitted: 2024-05-23T02:53:25Z
         featured: 2024-05-27T00:00:00Z
         summary: Short. (unnamed model on Daily Papers)
         readings: daily-upvotes Some(7) at 2024-05-27T16:54:31Z | daily-comments Some(0) at 2024-05-27T16:54:31Z",
    );
}

#[test]
fn the_outer_time_was_once_the_day_of_featuring() {
    check(
        r#"{"paper":{"id":"2405.00003","title":"T","publishedAt":"2024-05-27T17:58:01.000Z"},"publishedAt":"2024-05-28T03:01:41.833Z"}"#,
        "id: 2405.00003
         title: T
         submitted: 2024-05-27T17:58:01Z
         featured: 2024-05-28T03:01:41.833Z",
    );
}

#[test]
fn a_wrong_field_costs_only_itself() {
    check(
        r#"{"id":"2405.00004","title":"T","summary":7,"authors":"A, B","upvotes":"many","upvotesAt":[],"tags":{"a":1},
            "githubRepo":"javascript:alert(1)","numComments":-3,"publishedAt":"soon","linkedModels":[{"id":"o/m"},{},4]}"#,
        "id: 2405.00004
         title: T
         authors: A | B
         links: model https://huggingface.co/o/m",
    );
}

#[test]
fn without_id_or_title_there_is_no_paper() {
    check(r#"{"title":"T"}"#, "unfit: it has no id");
    check(
        r#"{"id":"2405.00004","title":" "}"#,
        "unfit: it has no title",
    );
    check(
        r#"{"id":"x","title":"T"}"#,
        "unfit: `x` is not an arXiv id; ids look like 2305.19435 or math/9201207",
    );
    check(
        r#"{"id":"2405.00004","#,
        "unfit: not readable as JSON: EOF while parsing a value at line 1 column 19",
    );
}

#[test]
fn repository_names_keep_their_last_letters() {
    let check = |text: &str, expected: &str| assert_eq!(repository_url(text), expected);
    check(
        "https://github.com/o/digit.git",
        "https://github.com/o/digit",
    );
    check(
        "https://github.com/o/1d-tokenizer/",
        "https://github.com/o/1d-tokenizer",
    );
    check("https://github.com/o/swig", "https://github.com/o/swig");
    check("github.com/o/a.i", "https://github.com/o/a.i");
    check("git@github.com:o/tig.git", "https://github.com/o/tig");
}

#[test]
fn one_bad_item_does_not_cost_the_list() {
    let body = br#"[{"paper":{"id":"2405.00001","title":"A"}},{"paper":{"id":"2405.00002"}},17,{"paper":{"id":"2405.00003","title":"C"}}]"#;
    let list = parse_list(
        body,
        Source::DailyPapers,
        seen(),
        "daily papers of 2024-05-01",
    );
    assert_eq!(list.items.len(), 2);
    let why: Vec<_> = list
        .unreadable
        .iter()
        .map(|u| format!("{}: {}", u.place, u.reason))
        .collect();
    assert_eq!(
        why[0],
        "daily papers of 2024-05-01, item 2: it has no title"
    );
    assert!(
        why[1]
            .starts_with("daily papers of 2024-05-01, item 3: not readable as JSON: invalid type"),
        "{}",
        why[1]
    );
    assert_eq!(
        parse_list(
            br#"{"id":"2405.00001","title":"A"}"#,
            Source::DailyPapers,
            seen(),
            "x"
        )
        .items
        .len(),
        1
    );
}

proptest! {
    #[test]
    fn any_bytes_are_safe(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse_list(&bytes, Source::DailyPapers, seen(), "x");
    }

    #[test]
    fn any_field_values_are_safe(values in prop::collection::vec("null|-?[0-9]{1,25}|\"[a-z:/.{}0-9]{0,12}\"|\\[1,\"a\",\\{\\}\\]|\\{\"name\":\\{\\}\\}|true|1e999|2\\.5", 8)) {
        let keys = ["summary", "authors", "upvotes", "upvotesAt", "githubRepo", "organization", "paper", "mediaUrls"];
        let fields: Vec<_> = keys.iter().zip(&values).map(|(key, value)| format!("\"{key}\":{value}")).collect();
        let json = format!("{{\"id\":\"2405.00001\",\"title\":\"T\",{}}}", fields.join(","));
        let _ = parse_item(json.as_bytes(), Source::DailyPapers, seen());
    }
}
