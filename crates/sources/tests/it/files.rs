//! What the tests of file formats share: records written out in few lines, so that a whole record is compared at once.

use std::fmt::Write as _;

use domain::record::{Item, Record};
use jiff::Timestamp;
use sources::files::{Context, Input, parse_chunk};

/// The moment at which all tests' imports began.
pub(crate) fn seen() -> Timestamp {
    "2026-11-23T08:00:00Z".parse().unwrap()
}

/// A record with only what it holds, one field a line.
pub(crate) fn sketch(record: &Record) -> String {
    let mut out = String::new();
    let mut field = |name: &str, values: &[String]| {
        if !values.is_empty() {
            writeln!(out, "{name}: {}", values.join(" | ")).unwrap();
        }
    };
    let list = |values: &[String]| values.to_vec();
    let one = |value: &Option<String>| value.iter().cloned().collect::<Vec<_>>();
    field(
        "id",
        &record.ids.iter().map(|id| id.key()).collect::<Vec<_>>(),
    );
    field("title", std::slice::from_ref(&record.title));
    field("abstract", &one(&record.abstract_text));
    let authors = record.authors.iter().map(|a| match &a.affiliation {
        Some(place) => format!("{} ({place})", a.name),
        None => a.name.clone(),
    });
    field("authors", &authors.collect::<Vec<_>>());
    field(
        "authors total",
        &one(&record.authors_total.map(|n| n.to_string())),
    );
    field("categories", &list(&record.categories));
    field("tags", &list(&record.tags));
    let versions = record
        .versions
        .iter()
        .map(|v| format!("v{} {}", v.number, v.submitted.unwrap_or_default()));
    field("versions", &versions.collect::<Vec<_>>());
    let times = record.times;
    field("submitted", &one(&times.submitted.map(|at| at.to_string())));
    field("announced", &one(&times.announced.map(|at| at.to_string())));
    field("updated", &one(&times.updated.map(|at| at.to_string())));
    field("featured", &one(&times.featured.map(|at| at.to_string())));
    let links = record
        .links
        .iter()
        .map(|link| format!("{} {}", link.kind.as_str(), link.url));
    field("links", &links.collect::<Vec<_>>());
    field(
        "summary",
        &one(&record
            .summary
            .as_ref()
            .map(|s| format!("{} ({})", s.text, s.by))),
    );
    field("comment", &one(&record.comment));
    field("journal", &one(&record.journal_ref));
    field("licence", &one(&record.license));
    field(
        "withdrawn",
        &one(&record.withdrawn.then(|| "yes".to_string())),
    );
    let readings = record
        .readings
        .iter()
        .map(|r| format!("{} {:?} at {}", r.signal.as_str(), r.value, r.at));
    field("readings", &readings.collect::<Vec<_>>());
    out.trim_end().to_string()
}

/// Items, each [sketched](sketch), with an empty line between.
pub(crate) fn sketch_items(items: &[Item]) -> String {
    let each = items.iter().map(|item| match item {
        Item::Paper(record) => sketch(record),
        Item::Readings { id, readings, .. } => {
            let readings = readings
                .iter()
                .map(|r| format!("{} {:?} at {}", r.signal.as_str(), r.value, r.at));
            format!("of {id}: {}", readings.collect::<Vec<_>>().join(" | "))
        }
        Item::Deleted { id, at, .. } => format!("{id} deleted at {at}"),
    });
    each.collect::<Vec<_>>().join("\n\n")
}

/// What a file of these bytes yields: format, items, and what was set aside.
pub(crate) fn import(bytes: &[u8]) -> String {
    let reader = Box::new(std::io::Cursor::new(bytes.to_vec()));
    let input = match Input::from_reader("in", reader, None) {
        Ok(input) => input,
        Err(error) => return format!("refused: {error}"),
    };
    let format = input.format();
    let mut out = vec![format!("[{format}]")];
    for chunk in input.chunks() {
        match chunk {
            Ok(chunk) => {
                let parsed = parse_chunk(format, &chunk, &context());
                out.extend((!parsed.items.is_empty()).then(|| sketch_items(&parsed.items)));
                out.extend(
                    parsed
                        .unreadable
                        .iter()
                        .map(|u| format!("set aside {}: {}", u.place, u.reason)),
                );
            }
            Err(error) => out.push(format!("ended: {error}")),
        }
    }
    out.join("\n\n")
}

/// What every test's records are read with.
pub(crate) fn context() -> Context {
    Context {
        seen: seen(),
        name: "in".to_string(),
    }
}

/// Compares what [`import`] says with what was expected, in which lines may be indented.
#[track_caller]
pub(crate) fn check(bytes: impl AsRef<[u8]>, expected: &str) {
    let expected: Vec<_> = expected.trim().lines().map(str::trim).collect();
    assert_eq!(import(bytes.as_ref()), expected.join("\n"));
}
