//! `/search?q=`: results with the reason for each, or the query language where nothing is asked yet.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::hit::{Explanation, Segment};
use domain::paper::Paper;
use search::engine::{Answer, Mode, Request, Sort};
use search::marker::Marker;

use super::query::Query;
use super::talk::follows::FollowView;
use super::talk::marks::Reach;
use super::{announce, feeds, html};
use crate::base_url::BaseUrl;
use crate::cache::Policy;
use crate::error::Error;
use crate::latex;
use crate::lists::{ListRef, papers_in_words};
use crate::state::App;
use crate::suffix::Suffix;
use crate::view::{CardView, Html, Layout, TITLE_CHARS_MAX, cut, paper_path, query_value};

/// How many results a page shows: fewer than lists do, for each says why it is there.
const RESULTS_LEN: usize = 20;

/// Length of the stretch of abstract that is shown, in characters.
const SNIPPET_CHARS: usize = 240;

/// What is said where a search finds nothing and the engine has no better advice.
const NOTHING_FOUND: &str = "Nothing here has these words. Fewer or other words may find more; most titles and \
                             abstracts are in English.";

/// Longest text of a filter field, in characters.
const FILTER_CHARS_MAX: usize = 100;

/// The orders: the value in the address, and words.
pub const SORTS: [(&str, &str); 3] = [
    ("relevance", "Best match first"),
    ("newest", "Newest first"),
    ("votes", "Most votes first"),
];

/// By what papers are found: the value in the address, and words.
pub const MODES: [(&str, &str); 3] = [
    ("hybrid", "Words and meaning"),
    ("lexical", "Words only"),
    ("semantic", "Meaning only"),
];

#[derive(Debug, Template)]
#[template(path = "search.html")]
struct SearchPage {
    follow: FollowView,
    layout: Layout,
    query: String,
    sort: &'static str,
    mode: &'static str,
    corrected: Option<String>,
    hint: Option<String>,
    counted: String,
    hits: Vec<HitView>,
    next: Option<String>,
    /// The same query by words alone, where more papers have them than are listed.
    all_with_words: Option<String>,
}

/// A result.
#[derive(Debug)]
struct HitView {
    card: CardView,
    /// Stretches, and whether they match.
    title: Vec<(Html, bool)>,
    snippet_label: &'static str,
    snippet: Vec<Segment>,
    why: String,
}

/// `GET /search`.
pub async fn show(State(app): State<App>, base: BaseUrl, query: Query) -> Result<Response, Error> {
    let sort = sort(query.text("sort"))?;
    let mode = mode(query.text("mode"))?;
    if let Some(composed) = composed(&query) {
        let path = address(&composed, sort, mode);
        return Ok(Redirect::to(&path).into_response());
    }
    let list = ListRef::search(query.text("q"))?;
    let ListRef::Search(words) = &list else {
        return Err(Error::Render("a search is no search".to_string()));
    };
    let mut layout = Layout::new(&app, list.title());
    layout.find = false;
    layout.noindex = true;
    if words.is_empty() {
        layout.title = "Search".to_string();
        return html(&blank(layout, sort, mode), Policy::Settled);
    }
    let request = Request {
        query: words.clone(),
        mode,
        sort,
        limit: RESULTS_LEN,
        cursor: Some(query.text("cursor").to_string()).filter(|c| !c.is_empty()),
    };
    let engine = app.engine.clone();
    let answer = tokio::task::spawn_blocking(move || engine.search(&request)).await??;
    if let Some(id) = &answer.direct {
        return Ok(Redirect::to(&paper_path(&id.key())).into_response());
    }
    announce(&mut layout, &list, &base);
    let rows: Vec<_> = answer.hits.iter().map(|h| h.paper).collect();
    let papers = app.store.papers(&rows).await?;
    let mut page = filled(layout, words, (sort, mode), &answer, &papers);
    let reach = Reach::on(&app, &rows).await?;
    for hit in &mut page.hits {
        hit.card.marks.reach(&reach);
    }
    page.follow = FollowView::of(&app, &list).await?;
    html(&page, Policy::Living)
}

/// `GET /search.atom`.
pub async fn atom(State(app): State<App>, base: BaseUrl, query: Query) -> Result<Response, Error> {
    feed(&app, &base, &query, Suffix::Atom).await
}

/// `GET /search.rss`.
pub async fn rss(State(app): State<App>, base: BaseUrl, query: Query) -> Result<Response, Error> {
    feed(&app, &base, &query, Suffix::Rss).await
}

/// `GET /search.json`.
pub async fn json(State(app): State<App>, base: BaseUrl, query: Query) -> Result<Response, Error> {
    feed(&app, &base, &query, Suffix::Json).await
}

async fn feed(app: &App, base: &BaseUrl, query: &Query, suffix: Suffix) -> Result<Response, Error> {
    let list = ListRef::search(query.text("q"))?;
    if list == ListRef::Search(String::new()) {
        let text = "A feed of a search needs a query: /search.atom?q=cat:cs.CL";
        return Err(Error::BadRequest(text.to_string()));
    }
    feeds::list(app, &list, suffix, base).await
}

fn blank(layout: Layout, sort: Sort, mode: Mode) -> SearchPage {
    SearchPage {
        layout,
        query: String::new(),
        sort: name(sort),
        mode: mode_name(mode),
        corrected: None,
        hint: None,
        counted: String::new(),
        hits: Vec::new(),
        next: None,
        all_with_words: None,
        follow: FollowView::default(),
    }
}

fn filled(
    layout: Layout,
    words: &str,
    (sort, mode): (Sort, Mode),
    answer: &Answer,
    papers: &[Paper],
) -> SearchPage {
    // The store leaves out papers that went since the index last looked, so results are matched by row.
    let explained = |paper: &Paper| {
        let hit = answer.hits.iter().find(|h| h.paper == paper.id);
        hit.map(|h| &h.explanation)
    };
    let next = answer.next.as_ref().map(|cursor| {
        format!(
            "{}&cursor={}",
            address(words, sort, mode),
            query_value(cursor)
        )
    });
    let last_of_the_best = answer.mode == Mode::Hybrid && next.is_none() && answer.total > 0;
    let all_with_words = last_of_the_best.then(|| address(words, sort, Mode::Lexical));
    SearchPage {
        query: words.to_string(),
        corrected: answer.corrected.clone(),
        hint: answer
            .hint
            .clone()
            .or_else(|| answer.hits.is_empty().then(|| NOTHING_FOUND.to_string())),
        counted: counted(answer, sort),
        hits: papers
            .iter()
            .map(|paper| hit(paper, explained(paper), &answer.marker))
            .collect(),
        next,
        all_with_words,
        ..blank(layout, sort, mode)
    }
}

/// The address of a search, as short as it can be.
fn address(words: &str, sort: Sort, mode: Mode) -> String {
    let mut path = format!("/search?q={}", query_value(words));
    if sort != Sort::default() {
        path.push_str(&format!("&sort={}", name(sort)));
    }
    if mode != Mode::default() {
        path.push_str(&format!("&mode={}", mode_name(mode)));
    }
    path
}

/// How much was found, and by what.
fn counted(answer: &Answer, sort: Sort) -> String {
    let total = papers_in_words(answer.total as u64);
    match answer.mode {
        _ if answer.hits.is_empty() => papers_in_words(0),
        Mode::Lexical => format!("{total}, {}", words_of(sort)),
        Mode::Hybrid => match answer.total {
            0 => "No paper has all of these words; the nearest in words and meaning come first"
                .to_string(),
            1 => "One paper has all of these words; ordered by words and meaning".to_string(),
            _ => format!("{total} with all of these words; ordered by words and meaning"),
        },
        Mode::Semantic => format!("The nearest {total} in meaning"),
    }
}

fn hit(paper: &Paper, explanation: Option<&Explanation>, marker: &Marker) -> HitView {
    let (snippet_label, text) = match &paper.summary {
        _ if !paper.abstract_text.is_empty() => ("Abstract", &paper.abstract_text),
        Some(summary) => ("Summary", &summary.text),
        None => ("", &paper.abstract_text),
    };
    HitView {
        card: CardView::without_texts(paper),
        title: marker
            .mark(&cut(&paper.title, TITLE_CHARS_MAX))
            .iter()
            .map(|s| (latex::html(&s.text), s.marked))
            .collect(),
        snippet_label,
        snippet: if text.is_empty() {
            Vec::new()
        } else {
            marker
                .snippet(text, SNIPPET_CHARS)
                .into_iter()
                .map(readable)
                .collect()
        },
        why: explanation.map(why).unwrap_or_default(),
    }
}

/// The marker never cuts inside a formula or a command, so each stretch can be made readable by itself.
fn readable(segment: Segment) -> Segment {
    Segment {
        text: latex::plain(&segment.text),
        marked: segment.marked,
    }
}

/// "Contains sparse, attention. Score by words: title 7.2, abstract 3.1. 2nd by words, 5th by meaning; nearness .71."
fn why(explanation: &Explanation) -> String {
    let mut words = Vec::new();
    if !explanation.matched.is_empty() {
        words.push(format!("Contains {}.", explanation.matched.join(", ")));
    }
    let parts: Vec<_> = explanation
        .parts
        .iter()
        .map(|(field, score)| format!("{field} {score:.1}"))
        .collect();
    if !parts.is_empty() {
        words.push(format!("Score by words: {}.", parts.join(", ")));
    }
    let ranks = [
        (explanation.lexical_rank, "words"),
        (explanation.semantic_rank, "meaning"),
    ];
    let mut places: Vec<_> = ranks
        .into_iter()
        .filter_map(|(rank, by)| Some(format!("No. {} by {by}", rank?)))
        .collect();
    if let Some(cosine) = explanation.similarity {
        places.push(format!("nearness in meaning {cosine:.2}"));
    }
    if !places.is_empty() {
        words.push(format!("{}.", places.join(", ")));
    }
    words.join(" ")
}

/// The query that the filter form's fields make together with the words; `None` when no filter is filled in.
fn composed(query: &Query) -> Option<String> {
    let mut parts = vec![query.text("q").to_string()];
    for field in ["author", "cat", "after", "before"] {
        let value = cut(query.text(field), FILTER_CHARS_MAX).replace('"', " ");
        if value.trim().is_empty() {
            continue;
        }
        let quote = if value.contains(char::is_whitespace) {
            "\""
        } else {
            ""
        };
        parts.push(format!("{field}:{quote}{}{quote}", value.trim()));
    }
    (parts.len() > 1).then(|| parts.join(" ").trim().to_string())
}

fn sort(text: &str) -> Result<Sort, Error> {
    match text {
        "" | "relevance" => Ok(Sort::Relevance),
        "newest" => Ok(Sort::Newest),
        "votes" => Ok(Sort::Votes),
        _ => Err(Error::BadRequest(
            "Results can be ordered by relevance, newest or votes: sort=newest.".to_string(),
        )),
    }
}

fn mode(text: &str) -> Result<Mode, Error> {
    match text {
        "" | "hybrid" => Ok(Mode::Hybrid),
        "lexical" => Ok(Mode::Lexical),
        "semantic" => Ok(Mode::Semantic),
        _ => Err(Error::BadRequest(
            "Papers can be found by words and meaning, by words, or by meaning: mode=hybrid, mode=lexical or \
             mode=semantic."
                .to_string(),
        )),
    }
}

fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Hybrid => "hybrid",
        Mode::Lexical => "lexical",
        Mode::Semantic => "semantic",
    }
}

fn name(sort: Sort) -> &'static str {
    match sort {
        Sort::Relevance => "relevance",
        Sort::Newest => "newest",
        Sort::Votes => "votes",
    }
}

fn words_of(sort: Sort) -> String {
    let found = SORTS.iter().find(|(value, _)| *value == name(sort));
    found
        .map(|(_, words)| words.to_lowercase())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::extract::FromRequestParts;

    #[track_caller]
    fn check(uri: &str, expected: Option<&str>) {
        let (mut parts, ()) = axum::http::Request::get(uri).body(()).unwrap().into_parts();
        let query = futures_now(Query::from_request_parts(&mut parts, &()));
        assert_eq!(composed(&query.unwrap()).as_deref(), expected);
    }

    /// The extractor never waits, so one poll is enough.
    fn futures_now<F: Future>(future: F) -> F::Output {
        let mut future = std::pin::pin!(future);
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match future.as_mut().poll(&mut context) {
            std::task::Poll::Ready(value) => value,
            std::task::Poll::Pending => unreachable!("reading a query waits for nothing"),
        }
    }

    #[test]
    fn the_form_composes_the_query_language() {
        check("/search?q=a", None);
        check("/search?q=a&cat=&author=%20", None);
        check("/search?q=a+b&cat=cs.CL", Some("a b cat:cs.CL"));
        check("/search?author=Jane+%22Doe", Some("author:\"Jane  Doe\""));
        check(
            "/search?q=&after=2026-01-01&before=2026-02-01",
            Some("after:2026-01-01 before:2026-02-01"),
        );
    }
}
