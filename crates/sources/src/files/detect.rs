//! Which format a file is in, told from its beginning alone; names and endings are not asked.

use super::Format;
use crate::json_scan::{self, ValueEnd};

/// Whether there is nothing to recognise: white space, or an empty list.
pub(super) fn is_empty(head: &[u8]) -> bool {
    let visible: Vec<u8> = json_scan::trim_front(head)
        .iter()
        .copied()
        .filter(|b| !b.is_ascii_whitespace())
        .take(3)
        .collect();
    visible.is_empty() || visible == b"[]"
}

/// The format of what begins so.
pub(super) fn format(head: &[u8]) -> Option<Format> {
    let text = json_scan::trim_front(head);
    match text.first()? {
        b'<' => is_html(text).then_some(Format::SavedPageHtml),
        b'{' => json_format(text),
        b'[' => json_format(json_scan::trim_front(&text[1..])),
        _ => text_format(text),
    }
}

/// Whether JSON stands one value a line. A list or a value over several lines is cut by its brackets instead.
pub(super) fn is_lines(head: &[u8]) -> bool {
    let text = json_scan::trim_front(head);
    let first_len = text.iter().position(|b| *b == b'\n');
    let (first, rest) = text.split_at(first_len.unwrap_or(text.len()));
    let whole = match ValueEnd::default().feed(first) {
        Some(end) => first[end..].trim_ascii().is_empty(),
        // One line, longer than what is looked at.
        None => first_len.is_none(),
    };
    // A damaged first line before sound ones must not cost the rest.
    text.starts_with(b"{") && (whole || rest.starts_with(b"\n{"))
}

fn is_html(text: &[u8]) -> bool {
    let lower = text[..text.len().min(4096)].to_ascii_lowercase();
    let has = |tag: &[u8]| lower.windows(tag.len()).any(|window| window == tag);
    has(b"<!doctype html") || has(b"<html") || has(b"<body") || has(b"<div")
}

/// Tells objects by the names of their members.
fn json_format(object: &[u8]) -> Option<Format> {
    let names: Vec<&[u8]> = json_scan::members(object).map(|(name, _)| name).collect();
    let has = |name: &str| names.contains(&name.as_bytes());
    let has_any = |wanted: &[&str]| wanted.iter().any(|name| has(name));
    if has("paper") || (has("id") && has_any(&["summary", "submittedOnDailyAt", "publishedAt"])) {
        Some(Format::DailyJson)
    } else if has("id") && has("t") && has("upvotes") {
        Some(Format::UpvotesJsonl)
    } else if has("id") && has("categories") && has_any(&["abstract", "authors"]) {
        Some(Format::ArxivJsonl)
    } else if has("title") && has_any(&["type", "issued", "container-title", "author", "DOI"]) {
        Some(Format::CslJson)
    } else {
        None
    }
}

fn text_format(text: &[u8]) -> Option<Format> {
    let lines = || {
        text.split(|b| matches!(b, b'\n' | b'\r'))
            .map(<[u8]>::trim_ascii)
    };
    if lines().any(is_ris_start) {
        Some(Format::Ris)
    } else if lines().any(is_bibtex_start) {
        Some(Format::Bibtex)
    } else {
        let is_heading = |line: &[u8]| line.eq_ignore_ascii_case(b"Daily Papers");
        lines().any(is_heading).then_some(Format::SavedPageText)
    }
}

/// `TY  - JOUR`
pub(super) fn is_ris_start(line: &[u8]) -> bool {
    let spaced = line.strip_prefix(b"TY").map(<[u8]>::trim_ascii_start);
    line.starts_with(b"TY ") && spaced.is_some_and(|rest| rest.starts_with(b"-"))
}

/// `@article{...`
pub(super) fn is_bibtex_start(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"@") else {
        return false;
    };
    let letters = rest.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    let after = rest[letters..].trim_ascii_start();
    letters > 0 && matches!(after.first(), Some(b'{' | b'('))
}
