//! A paper's picture: a card with its title and authors, drawn as SVG. The API's items must have one.

use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use domain::ids::ExternalId;
use domain::paper::Paper;

use crate::cache::Policy;
use crate::error::Error;
use crate::latex;
use crate::state::App;
use crate::view::{authors_line, cut, escape, paper_path};

/// About how many characters of the title's size fit on the card's width.
const LINE_CHARS: usize = 38;

/// How many lines the title may take.
const LINES_MAX: usize = 5;

/// How many authors are named.
const AUTHORS_MAX: usize = 3;

/// The address of the picture of the paper with this key.
pub(super) fn path(key: &str) -> String {
    let page = paper_path(key);
    let encoded = page.strip_prefix("/papers/").unwrap_or(&page);
    format!("/thumbnails/{encoded}.svg")
}

/// Answers with the picture.
pub(super) async fn thumbnail(
    State(app): State<App>,
    Path(file): Path<String>,
) -> Result<Response, Error> {
    let not_found = || Error::not_found("There is no picture at this address.");
    let key = file.strip_suffix(".svg").ok_or_else(not_found)?;
    let id: ExternalId = key.parse().map_err(|_| not_found())?;
    let paper = app.store.paper(&id).await?.ok_or_else(not_found)?;
    let card = card(&app.site.title, &paper);
    let response = ([(CONTENT_TYPE, "image/svg+xml; charset=utf-8")], card).into_response();
    Ok(Policy::Settled.on(response))
}

/// The card, 1200 by 630: the shape in which links are previewed.
fn card(site: &str, paper: &Paper) -> String {
    let mut svg = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1200 630\" width=\"1200\" height=\"630\">\
         <rect width=\"1200\" height=\"630\" fill=\"#fbfaf7\"/>\
         <path d=\"M60 110h1080M60 116h1080\" stroke=\"#1c1b19\" stroke-width=\"2\"/>\
         <g fill=\"#1c1b19\" font-family=\"Georgia, serif\">",
    );
    let mut text = |y: usize, size: usize, line: &str| {
        let line = escape(&visible(line));
        svg.push_str(&format!(
            "<text x=\"60\" y=\"{y}\" font-size=\"{size}\">{line}</text>"
        ));
    };
    text(88, 36, &cut(site, 50));
    for (number, line) in lines(&latex::plain(&paper.title)).iter().enumerate() {
        text(200 + 66 * number, 54, line);
    }
    text(545, 30, &cut(&authors_line(paper, AUTHORS_MAX), 72));
    text(590, 26, &cut(&paper.key(), 80));
    svg.push_str("</g></svg>");
    svg
}

/// A title broken at words into lines that fit.
fn lines(title: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in title.split_whitespace() {
        let word = cut(word, LINE_CHARS);
        let full = lines.len() == LINES_MAX;
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= LINE_CHARS => {
                line.push(' ');
                line.push_str(&word);
            }
            Some(line) if full => {
                line.push_str(" …");
                break;
            }
            _ => lines.push(word),
        }
    }
    lines
}

/// XML forbids control characters and two that are none.
fn visible(text: &str) -> String {
    let forbidden = |c: &char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}');
    text.chars().filter(|c| !forbidden(c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_broken_at_words() {
        let words = "word ".repeat(100);
        let lines = lines(&words);
        assert_eq!(lines.len(), LINES_MAX);
        assert!(lines.iter().all(|l| l.chars().count() <= LINE_CHARS + 2));
        assert!(lines[LINES_MAX - 1].ends_with(" …"));
        assert!(super::lines("").is_empty());
    }

    #[test]
    fn addresses_of_pictures() {
        assert_eq!(path("2305.19435"), "/thumbnails/2305.19435.svg");
        assert_eq!(path("math/9201207"), "/thumbnails/math/9201207.svg");
        assert_eq!(path("10.1/a?b"), "/thumbnails/10.1/a%3Fb.svg");
    }
}
