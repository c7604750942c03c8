//! `broadsheet import` from outside: every format, every packing, twice, broken, and all of one paper.

use serde_json::{Value, json};

use crate::papers::arxiv_dump;
use crate::program::{Home, gzip, same};

const TITLE: &str = "Counting Sheep with Sparse Attention";
const ABSTRACT: &str = "We count sheep at night. Dense attention looks at every pair of them and falls asleep; \
     sparse attention finds all $n$ in $O(n)$ time, stays awake, and a farmer who was asked agrees with each of the \
     counts. We release the flock, the code and the farmer\'s notes.";

/// One paper as each format tells it, with the name by which the format goes.
fn tellings() -> Vec<(&'static str, String)> {
    let daily = json!({
        "paper": {
            "id": "2401.00042", "title": TITLE, "summary": ABSTRACT, "upvotes": 12,
            "authors": [{ "name": "Ada Nwosu", "hidden": false }, { "name": "Björn Lindqvist", "hidden": false }],
            "publishedAt": "2024-01-05T10:00:00.000Z", "submittedOnDailyAt": "2024-01-08T00:00:00.000Z",
            "githubRepo": "https://github.com/example/sheep", "githubStars": 34,
        },
        "title": TITLE, "publishedAt": "2024-01-05T05:00:00.000Z", "numComments": 2,
    });
    let props = json!({ "dailyPapers": [daily], "dateString": "2024-01-08" }).to_string();
    let props = props
        .replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;");
    let dump = json!({
        "id": "2401.00042", "title": TITLE, "abstract": ABSTRACT, "authors": "Ada Nwosu, Björn Lindqvist",
        "categories": "cs.CV,cs.LG", "created": "2024-01-05", "updated": "2024-02-01",
    });
    let kaggle = json!({
        "id": "2401.00042", "submitter": "Ada Nwosu", "authors": "Ada Nwosu and Bj\\\"orn Lindqvist", "title": TITLE,
        "comments": "12 pages", "journal-ref": null, "doi": "10.1000/sheep.42", "report-no": null,
        "categories": "cs.CV cs.LG", "license": null, "abstract": format!("  {ABSTRACT}\n"),
        "versions": [
            { "version": "v1", "created": "Fri, 5 Jan 2024 10:00:00 GMT" },
            { "version": "v2", "created": "Thu, 1 Feb 2024 09:00:00 GMT" },
        ],
        "update_date": "2024-02-02", "authors_parsed": [["Nwosu", "Ada", ""], ["Lindqvist", "Björn", ""]],
    });
    let readings = "{\"id\": \"2401.00042\", \"t\": \"2024-01-09T00:00:00Z\", \"upvotes\": 15}\n\
                    {\"id\": \"2401.00042\", \"t\": \"2024-01-10T00:00:00Z\", \"upvotes\": 19, \"githubStars\": 40}\n";
    let csl = json!([{
        "id": "sheep", "type": "article", "title": TITLE, "abstract": ABSTRACT, "DOI": "10.1000/sheep.42",
        "author": [{ "given": "Ada", "family": "Nwosu" }, { "given": "Björn", "family": "Lindqvist" }],
        "issued": { "date-parts": [[2024, 1, 5]] }, "number": "arXiv:2401.00042",
    }]);
    vec![
        (
            "saved-page",
            format!(
                "Daily Papers\n\nbyAK and the research community\n\nJan 8\n\n{TITLE}\n\n{ABSTRACT}\n"
            ),
        ),
        (
            "saved-page-html",
            format!(
                "<!doctype html>\n<html><body><div class=\"SVELTE_HYDRATER contents\" data-target=\"DailyPapers\" \
                 data-props=\"{props}\"></div></body></html>\n"
            ),
        ),
        ("arxiv-jsonl", format!("{dump}\n")),
        ("arxiv-jsonl", format!("{kaggle}\n")),
        ("daily-json", json!([daily]).to_string()),
        ("daily-json", format!("{daily}\n")),
        ("daily-upvotes", readings.to_string()),
        (
            "bibtex",
            format!(
                "@article{{sheep,\n  title = {{{TITLE}}},\n  author = {{Nwosu, Ada and Lindqvist, Bj{{\\\"o}}rn}},\n  \
                 year = {{2024}},\n  eprint = {{2401.00042}},\n  archivePrefix = {{arXiv}},\n  doi = {{10.1000/sheep.42}}\n}}\n"
            ),
        ),
        (
            "ris",
            format!(
                "TY  - JOUR\r\nTI  - {TITLE}\r\nAU  - Nwosu, Ada\r\nAU  - Lindqvist, Björn\r\nPY  - 2024\r\n\
                 DO  - 10.1000/sheep.42\r\nUR  - https://arxiv.org/abs/2401.00042\r\nER  - \r\n"
            ),
        ),
        ("csl-json", csl.to_string()),
    ]
}

/// The outcome of an import of one file.
#[track_caller]
fn import(home: &Home, args: &[&str]) -> Value {
    let args: Vec<_> = ["import", "--json"]
        .into_iter()
        .chain(args.iter().copied())
        .collect();
    let report = home.json(&args);
    assert_eq!(report["errors"], json!([]));
    report["files"][0].clone()
}

/// The exported papers that are not of the starter shelf.
fn imported(home: &Home) -> Vec<Value> {
    let papers = home.ok(&["export"]);
    let papers = papers
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let of_shelf = |paper: &Value| paper["sources"][0]["source"] == "shelf";
    papers.filter(|paper| !of_shelf(paper)).collect()
}

#[test]
fn every_format_is_recognised() {
    for (format, text) in tellings() {
        let home = Home::new();
        let report = import(&home, &[&home.file("file", &text)]);
        assert_eq!(report["format"], format, "{report}");
        assert_eq!(report["set_aside"], 0, "{report}");
        if format == "daily-upvotes" {
            assert_eq!(
                report["unknown"], report["reading_sets"],
                "no paper is made of readings alone: {report}"
            );
            continue;
        }
        assert_eq!(report["new"], 1, "{report}");
        let papers = imported(&home);
        assert_eq!(papers.len(), 1);
        assert_eq!(papers[0]["title"], TITLE, "{format}");
        assert_eq!(
            home.ok(&["search", "--ids", "--mode", "lexical", "sheep"])
                .lines()
                .count(),
            1,
            "{format} is searchable at once"
        );
    }
}

#[test]
fn one_paper_from_every_format_is_one_paper() {
    let home = Home::new();
    let files: Vec<_> = tellings()
        .iter()
        .enumerate()
        .map(|(n, (_, text))| home.file(&format!("telling-{n}"), text))
        .collect();
    for file in &files {
        import(&home, &[file]);
    }
    let papers = imported(&home);
    assert_eq!(papers.len(), 1, "{papers:#?}");
    let paper = &papers[0];
    let ids: Vec<_> = paper["ids"]
        .as_array()
        .unwrap()
        .iter()
        .map(|id| id["value"].as_str().unwrap())
        .collect();
    assert!(
        ids.contains(&"2401.00042") && ids.contains(&"10.1000/sheep.42"),
        "{ids:?}"
    );
    assert_eq!(paper["key"], "2401.00042", "arXiv's id is the address");
    assert_eq!(paper["categories"], json!(["cs.CV", "cs.LG"]));
    assert_eq!(paper["authors"][1]["name"], "Björn Lindqvist");
    assert_eq!(paper["versions"].as_array().unwrap().len(), 2);
    assert_eq!(
        paper["votes"], 12,
        "undated counts are as new as the import"
    );
    assert_eq!(paper["stars"], 34);
    let dated = json!({ "signal": "daily-upvotes", "at": "2024-01-10T00:00:00Z", "value": 19 });
    assert!(paper["readings"].as_array().unwrap().contains(&dated));
    assert!(
        paper["links"]
            .to_string()
            .contains("https://github.com/example/sheep")
    );
    let sources = paper["sources"].to_string();
    for source in ["saved-page", "arxiv-dump", "daily-papers", "bibliography"] {
        assert!(sources.contains(source), "{source} is among {sources}");
    }
}

#[test]
fn the_order_of_files_does_not_matter_to_identity() {
    let home = Home::new();
    for (n, (_, text)) in tellings().iter().enumerate().rev() {
        import(&home, &[&home.file(&format!("telling-{n}"), text)]);
    }
    let papers = imported(&home);
    assert_eq!(papers.len(), 1, "{papers:#?}");
    assert_eq!(papers[0]["key"], "2401.00042");
}

#[test]
fn packing_does_not_matter() {
    let dump = arxiv_dump(30);
    let plain = Home::new();
    import(&plain, &[&plain.file("dump.jsonl", &dump)]);
    let expected = titles(&plain);
    assert_eq!(expected.len(), 30);

    for packed in [
        gzip(dump.as_bytes()),
        zstd::encode_all(dump.as_bytes(), 3).unwrap(),
    ] {
        let home = Home::new();
        import(&home, &[&home.file("dump", packed)]);
        assert_eq!(titles(&home), expected);
    }
    for piped in [dump.as_bytes().to_vec(), gzip(dump.as_bytes())] {
        let home = Home::new();
        let ran = home.run_reading(&["import", "-"], &piped);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert_eq!(titles(&home), expected);
    }
}

fn titles(home: &Home) -> Vec<String> {
    imported(home)
        .iter()
        .map(|paper| paper["title"].as_str().unwrap().to_string())
        .collect()
}

#[test]
fn a_second_import_changes_nothing() {
    let home = Home::new();
    let files: Vec<_> = tellings()
        .iter()
        .enumerate()
        .map(|(n, (_, text))| home.file(&format!("telling-{n}"), text))
        .collect();
    files.iter().for_each(|file| drop(import(&home, &[file])));
    let before = home.ok(&["export"]);
    for file in &files {
        assert!(
            import(&home, &[file])["already"].is_u64(),
            "a file is recognised by its content"
        );
    }
    same(&home.ok(&["export"]), &before);
    for file in &files {
        let again = import(&home, &["--again", file]);
        assert_eq!(
            (&again["new"], &again["changed"]),
            (&json!(0), &json!(0)),
            "{again}"
        );
    }
    same(&home.ok(&["export"]), &before);
}

#[test]
fn an_unreadable_line_is_set_aside_and_the_rest_goes_in() {
    let home = Home::new();
    let dump = arxiv_dump(3);
    let mut lines: Vec<_> = dump.lines().collect();
    lines.insert(1, "{\"id\": \"2401.09999\", \"title\": \"Cut off");
    let report = import(&home, &[&home.file("dump.jsonl", lines.join("\n"))]);
    assert_eq!(
        (&report["new"], &report["set_aside"]),
        (&json!(3), &json!(1)),
        "{report}"
    );

    let listed = home.json(&["quarantine", "list", "--json"]);
    let record = &listed[0];
    assert_eq!(
        record["unreadable"]["place"], "dump.jsonl, line 2",
        "{record}"
    );
    let number = record["id"].to_string();
    assert!(
        home.ok(&["quarantine", "list"])
            .contains("dump.jsonl, line 2")
    );
    let shown = home.ok(&["quarantine", "show", &number]);
    assert!(
        shown.contains("2401.09999") && shown.contains("why"),
        "{shown}"
    );

    assert!(
        home.fails(&["quarantine", "retry", &number], 1)
            .contains("still cannot be read")
    );
    assert!(
        home.ok(&["quarantine", "retry"])
            .contains("0 read and stored, 1 still set aside")
    );
    assert!(
        home.fails(&["quarantine", "show", "777"], 1)
            .contains("no record 777")
    );
    let coverage = home.json(&["coverage", "--json"]);
    let line = coverage
        .as_array()
        .unwrap()
        .iter()
        .find(|line| line["key"]["category"] == "dump.jsonl")
        .unwrap();
    assert_eq!(line["counts"]["set_aside"], 1, "{line}");
}

#[test]
fn what_is_no_file_of_papers_says_so_and_the_others_go_in() {
    let home = Home::new();
    let good = home.file("good.jsonl", arxiv_dump(2));
    let strange = home.file("strange.txt", "Dear diary,\nnothing happened today.\n");
    let empty = home.file("empty.json", "");
    let ran = home.run(&["import", &strange, &empty, "nowhere.jsonl", &good]);
    assert_eq!(ran.code, 1);
    for said in [
        "strange.txt is in no known format",
        "empty.json is empty",
        "nowhere.jsonl",
    ] {
        assert!(ran.err.contains(said), "{said}: {}", ran.err);
    }
    assert!(ran.out.contains("2 new"), "{}", ran.out);
    assert_eq!(imported(&home).len(), 2);
    let said = home.fails(&["import", "--format", "word", &good], 1);
    assert!(
        said.contains("`word` is no format") && said.contains("arxiv-jsonl"),
        "{said}"
    );
}

#[test]
fn a_truncated_archive_keeps_what_came() {
    let home = Home::new();
    let packed = gzip(arxiv_dump(3_000).as_bytes());
    let file = home.file("cut.jsonl.gz", &packed[..packed.len() / 2]);
    let ran = home.run(&["import", &file]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("cut.jsonl.gz"), "{}", ran.err);
    let report = home.run(&["doctor"]);
    assert_eq!(report.code, 1);
    assert!(report.out.contains("cut.jsonl.gz"), "{}", report.out);
    assert!(
        imported(&home).len() > 1_000,
        "what came before the damage is kept"
    );
    // The whole file is another file: it brings the rest, and what was there stays as it is.
    let whole = import(&home, &[&home.file("whole.jsonl.gz", &packed)]);
    assert_eq!(imported(&home).len(), 3_000, "{whole}");
}

#[test]
fn readings_of_the_shelf_make_it_trend() {
    let home = Home::new();
    let mut lines = String::new();
    let now = jiff::Timestamp::now();
    for (hours_ago, upvotes) in [(60, 1), (36, 9), (12, 40)] {
        let at = now - jiff::SignedDuration::from_hours(hours_ago);
        let reading = json!({ "id": "2402.18305", "t": at.to_string(), "upvotes": upvotes });
        lines.push_str(&format!("{reading}\n"));
    }
    let report = import(&home, &[&home.file("readings.jsonl", lines)]);
    assert_eq!(report["unknown"], 0, "{report}");
    assert_eq!(home.ok(&["trending", "--ids"]).trim(), "2402.18305");
}
