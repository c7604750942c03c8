//! A paper as a RIS record, for reference managers. Lines end in carriage return and line feed, as the format says.

use domain::paper::{LinkKind, Paper};
use domain::text::one_line;
use jiff::tz::TimeZone;

use super::names::Name;
use crate::times;

/// The record, from `TY` to `ER`.
pub fn ris(paper: &Paper) -> String {
    let mut out = String::new();
    let journal = paper.journal_ref.as_deref().map(one_line);
    // UNPB is what reference managers read as a preprint.
    let kind = if journal.is_some() { "JOUR" } else { "UNPB" };
    line(&mut out, "TY", kind);
    line(&mut out, "TI", &paper.title);
    for author in &paper.authors {
        line(&mut out, "AU", &filed(&Name::parse(&author.name)));
    }
    if let Some(at) = times::known_published(paper) {
        let date = at.to_zoned(TimeZone::UTC).date();
        line(&mut out, "PY", &format!("{:04}", date.year()));
        let (year, month, day) = (date.year(), date.month(), date.day());
        line(&mut out, "DA", &format!("{year:04}/{month:02}/{day:02}"));
    }
    line(&mut out, "AB", &paper.abstract_text);
    line(&mut out, "JO", journal.as_deref().unwrap_or_default());
    if let Some(id) = paper.arxiv() {
        line(&mut out, "PB", "arXiv");
        line(&mut out, "AN", &format!("arXiv:{id}"));
    }
    line(&mut out, "DO", paper.doi().unwrap_or_default());
    line(&mut out, "UR", &paper.main_id().url().unwrap_or_default());
    for link in paper.links_of(LinkKind::Pdf) {
        line(&mut out, "L1", &link.url);
    }
    for word in paper.categories.iter().chain(&paper.tags) {
        line(&mut out, "KW", word);
    }
    out.push_str("ER  - \r\n");
    out
}

/// One tag. The value stays on its line whatever it holds, so that no value can start another tag.
fn line(out: &mut String, tag: &str, value: &str) {
    let value = one_line(value);
    if !value.is_empty() {
        out.push_str(tag);
        out.push_str("  - ");
        out.push_str(&value);
        out.push_str("\r\n");
    }
}

fn filed(name: &Name) -> String {
    match name {
        Name::Whole(name) => name.clone(),
        Name::Person {
            given,
            family,
            suffix,
        } if suffix.is_empty() => format!("{family}, {given}"),
        Name::Person {
            given,
            family,
            suffix,
        } => format!("{family}, {given}, {suffix}"),
    }
}
