//! A paper as Markdown (CommonMark with tables), for people and language models.
//!
//! Nothing in a paper's text can become markup: every character that Markdown gives a meaning is escaped. Formulas
//! made of harmless characters only stay as they are, so that readers who typeset maths can.

use std::fmt::Write;

use domain::paper::{LinkKind, Paper};
use domain::text::one_line;

use crate::times;

/// The page: title, authors, a table of what is known, abstract, links. `page_url` is the paper's page here.
pub fn markdown(paper: &Paper, page_url: &str) -> String {
    let title = escaped(&paper.title);
    let title = if title.is_empty() {
        escaped(&paper.key())
    } else {
        title
    };
    let mut out = format!("# {title}\n\n");
    if paper.withdrawn {
        out.push_str("**This paper was withdrawn.**\n\n");
    }
    if !paper.authors.is_empty() {
        let names: Vec<String> = paper.authors.iter().map(|a| escaped(&a.name)).collect();
        out.push_str(&names.join(", "));
        let total = paper.authors_total.map_or(0, usize::from);
        if let Some(more @ 1..) = total.checked_sub(names.len()) {
            _ = write!(out, " and {more} more");
        }
        out.push_str("\n\n");
    }
    push_table(&mut out, paper, page_url);
    if let Some(summary) = paper
        .summary
        .as_ref()
        .filter(|s| !one_line(&s.text).is_empty())
    {
        push_section(&mut out, "Summary", &summary.text);
        _ = write!(out, "Summary by {}.\n\n", escaped(&summary.by));
    }
    push_section(&mut out, "Abstract", &paper.abstract_text);
    push_links(&mut out, paper);
    out
}

fn push_section(out: &mut String, heading: &str, text: &str) {
    let text = escaped(text);
    if !text.is_empty() {
        _ = write!(out, "## {heading}\n\n{text}\n\n");
    }
}

fn push_table(out: &mut String, paper: &Paper, page_url: &str) {
    out.push_str("| | |\n|---|---|\n");
    let mut row = |name: &str, value: &str| {
        if !value.is_empty() {
            _ = writeln!(out, "| {name} | {value} |");
        }
    };
    row("Page", &autolink(page_url));
    for id in &paper.ids {
        if let Some(url) = id.url() {
            row(id.scheme.as_str(), &autolink(&url));
        }
    }
    let day = |at: jiff::Timestamp| domain::paper::utc_day(at).to_string();
    row(
        "Published",
        &times::known_published(paper).map(day).unwrap_or_default(),
    );
    row("Updated", &paper.times.updated.map(day).unwrap_or_default());
    row("Categories", &escaped(&paper.categories.join(", ")));
    row("Tags", &escaped(&paper.tags.join(", ")));
    row(
        "Journal",
        &escaped(paper.journal_ref.as_deref().unwrap_or_default()),
    );
    row(
        "Comment",
        &escaped(paper.comment.as_deref().unwrap_or_default()),
    );
    row("Votes", &paper.votes.to_string());
    row(
        "Stars",
        &paper.stars.map(|s| s.to_string()).unwrap_or_default(),
    );
    out.push('\n');
}

fn push_links(out: &mut String, paper: &Paper) {
    if paper.links.is_empty() {
        return;
    }
    out.push_str("## Links\n\n");
    for kind in LinkKind::ALL {
        for link in paper.links_of(kind) {
            let source = link.source.as_str();
            let link = autolink(&link.url);
            _ = writeln!(out, "- {}: {link} (from {source})", kind.as_str());
        }
    }
}

/// An address between angle brackets. Angle brackets, spaces and backslashes in it are encoded, so it ends where it should.
fn autolink(url: &str) -> String {
    let mut out = String::from("<");
    for c in url.chars() {
        match c {
            '<' => out.push_str("%3C"),
            '>' => out.push_str("%3E"),
            '|' => out.push_str("%7C"),
            '\\' => out.push_str("%5C"),
            '`' => out.push_str("%60"),
            c if c.is_whitespace() || c.is_control() => out.push_str("%20"),
            c => out.push(c),
        }
    }
    out.push('>');
    out
}

/// A text on one line with every character escaped that could be markup.
fn escaped(text: &str) -> String {
    let text = one_line(text);
    let mut out = String::with_capacity(text.len() + 16);
    let mut parts = text.split('$').peekable();
    let mut inside = false;
    while let Some(part) = parts.next() {
        // The last part has no `$` after it, so it is no formula even if one was opened.
        let formula = inside && parts.peek().is_some();
        if formula && is_harmless(part) {
            out.push_str(part);
        } else {
            push_escaped(&mut out, part);
        }
        if parts.peek().is_some() {
            out.push('$');
        }
        inside = !inside;
    }
    out
}

/// Whether a formula holds nothing that Markdown could take for a link, code, HTML, emphasis or a table's border.
fn is_harmless(formula: &str) -> bool {
    !formula.contains(['[', ']', '<', '>', '`', '*', '|', '!', '&', '~', '#'])
}

fn push_escaped(out: &mut String, text: &str) {
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    let mut at_start = out.is_empty();
    let mut number_so_far = at_start;
    while let Some(c) = chars.next() {
        let after = chars.peek().copied().unwrap_or(' ');
        let special = match c {
            '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '!' | '&' => true,
            // Within a word it is a letter like any other.
            '_' => !(before.is_alphanumeric() && after.is_alphanumeric()),
            // At the start these make lists and underlines.
            '-' | '+' | '=' => at_start,
            '.' | ')' => number_so_far && before.is_ascii_digit(),
            _ => false,
        };
        if special {
            out.push('\\');
        }
        out.push(c);
        at_start = false;
        number_so_far &= c.is_ascii_digit();
        before = c;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(escaped(text), expected);
    }

    #[test]
    fn markup_is_escaped() {
        check("a * b_c _d_", "a \\* b_c \\_d\\_");
        check("[x](javascript:y)", "\\[x\\](javascript:y)");
        check("<script>&lt;", "\\<script\\>\\&lt;");
        check("a | b\n\n# c", "a \\| b \\# c");
        check("- item", "\\- item");
        check("2024. A year", "2024\\. A year");
        check("in 2024. Then", "in 2024. Then");
    }

    #[test]
    fn harmless_formulas_stay() {
        check("the $\\ell_1$ norm", "the $\\ell_1$ norm");
        check("$[x](y)$", "$\\[x\\](y)$");
        check("costs $5 and `x`", "costs $5 and \\`x\\`");
        check("$a$ and $b*", "$a$ and $b\\*");
    }

    #[test]
    fn addresses_end_where_they_should() {
        assert_eq!(
            autolink("https://a.b/<x> |`y`"),
            "<https://a.b/%3Cx%3E%20%7C%60y%60>"
        );
    }
}
