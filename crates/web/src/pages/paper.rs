//! `/papers/{id}`: everything that is known of one paper, and who said it.

mod meta;
mod record;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use domain::ids::{ExternalId, Scheme};
use domain::paper::{LinkKind, Paper};
use domain::signal::Signal;
use domain::window::Window;

use super::lab::block::{self, Block};
use super::neighbours;
use super::similar::{self, NearPapers};
use super::{html, sparkline};
use crate::base_url::BaseUrl;
use crate::cache::Policy;
use crate::error::Error;
use crate::formats;
use crate::latex;
use crate::state::App;
use crate::suffix::{PaperFormat, split_suffix};
use crate::view::{
    Anchor, Html, Layout, category, cut, more_authors, number, paper_path, prediction, query_value,
    short_date, signal_name, tag, web_links,
};
use record::Claim;

pub(crate) use record::source_name;

/// How many authors the page names. A few papers have thousands.
const AUTHORS_SHOWN: usize = 150;

#[derive(Debug, Template)]
#[template(path = "paper.html")]
struct PaperPage {
    layout: Layout,
    title: Html,
    withdrawn: bool,
    authors: Vec<AuthorView>,
    more_authors: String,
    votes: u32,
    /// Where it would probably stand, where nobody has voted yet.
    prediction: Option<String>,
    comments: u32,
    categories: Vec<Anchor>,
    tags: Vec<Anchor>,
    /// The places where people go on: the PDF, the code.
    actions: Vec<Anchor>,
    /// Maker and text.
    summary: Option<(String, Html)>,
    abstract_text: Option<Html>,
    /// Comment, journal, licence.
    remarks: Vec<(&'static str, Html)>,
    links: Vec<(&'static str, Vec<Claim>)>,
    signals: Vec<SignalView>,
    times: Vec<(&'static str, String)>,
    ids: Vec<(&'static str, String, Option<String>)>,
    provenance: Vec<(&'static str, String)>,
    versions: Vec<(String, Option<String>, String)>,
    near: NearPapers,
    lab: Option<Block>,
    /// The other forms.
    takeaways: Vec<Anchor>,
    bibtex: String,
    previous: Option<Anchor>,
    day: Option<Anchor>,
    next: Option<Anchor>,
}

#[derive(Debug)]
struct AuthorView {
    name: String,
    href: String,
    affiliation: Option<String>,
}

/// The history of one signal.
#[derive(Debug)]
struct SignalView {
    name: &'static str,
    /// What the picture shows, in words.
    words: String,
    lines: Vec<String>,
}

/// `GET /papers/{*id}`.
pub async fn show(
    State(app): State<App>,
    base: BaseUrl,
    headers: HeaderMap,
    Path(segment): Path<String>,
) -> Result<Response, Error> {
    let (text, format) = form(&app, &segment).await?;
    let (id, version) = match ExternalId::arxiv(text) {
        Ok((id, version)) => (id, version),
        Err(_) => (text.parse().map_err(|_| no_id(text))?, None),
    };
    let format = format.or_else(|| formats::wants_markdown(&headers).then_some(PaperFormat::Md));
    if let Some(format) = format {
        return formats::respond(&app, &id, format, &base).await;
    }
    let Some(paper) = app.store.paper(&id).await? else {
        return Err(unknown(&id));
    };
    let key = paper.key();
    if version.is_some() || key != text {
        // Not for ever: a paper's main id may change when a better one becomes known.
        return Ok(Redirect::temporary(&paper_path(&key)).into_response());
    }
    let page = filled(&app, &base, &paper).await?;
    html(&page, Policy::Living)
}

/// The id's text, and the form asked for by its ending. Only arXiv ids never end like a form; of other ids one that
/// is known here with its ending is meant whole.
async fn form<'a>(app: &App, segment: &'a str) -> Result<(&'a str, Option<PaperFormat>), Error> {
    let (body, suffix) = split_suffix(segment);
    let Some(format) = suffix.and_then(|s| s.paper()) else {
        return Ok((segment, None));
    };
    if ExternalId::arxiv(body).is_err()
        && let Ok(whole) = segment.parse::<ExternalId>()
        && app.store.paper(&whole).await?.is_some()
    {
        return Ok((segment, None));
    }
    Ok((body, Some(format)))
}

fn no_id(text: &str) -> Error {
    let text = cut(text, 100);
    Error::NotFound {
        text: format!(
            "“{text}” is no id of a paper. Ids look like 2305.19435, math/9201207 or 10.1101/2024.01.02.573939."
        ),
        links: vec![(
            format!("Search for {text}"),
            format!("/search?q={}", query_value(&text)),
        )],
    }
}

/// The paper is not here, but the id says where it is.
fn unknown(id: &ExternalId) -> Error {
    let name = record::scheme_name(id.scheme);
    let mut links = Vec::new();
    if let Some(url) = id.url()
        && let Some(url) = domain::paper::clean_url(&url)
    {
        let place = match id.scheme {
            Scheme::Arxiv => "arXiv".to_string(),
            Scheme::Doi => "its publisher".to_string(),
            Scheme::Url => cut(&url, 80),
            _ => name.to_string(),
        };
        links.push((format!("Read it at {place}"), url));
    }
    Error::NotFound {
        text: format!(
            "The paper with the {name} {} has not come in here, or not yet.",
            cut(&id.value, 100)
        ),
        links,
    }
}

async fn filled(app: &App, base: &BaseUrl, paper: &Paper) -> Result<PaperPage, Error> {
    let readings = app.store.readings(paper.id).await?;
    let provenance = app.store.provenance(paper.id).await?;
    let day = paper.times.listed_day();
    let (previous, next) = match day {
        Some(day) => neighbours::around(app, paper, day).await?,
        None => (None, None),
    };
    let path = paper_path(&paper.key());
    Ok(PaperPage {
        layout: meta::layout(app, base, paper),
        title: latex::html(&paper.title),
        withdrawn: paper.withdrawn,
        authors: paper
            .authors
            .iter()
            .take(AUTHORS_SHOWN)
            .map(author)
            .collect(),
        more_authors: more_authors(paper, AUTHORS_SHOWN),
        votes: paper.votes,
        prediction: (paper.votes == 0)
            .then(|| app.engine.interest(paper))
            .flatten()
            .map(|interest| prediction(&interest)),
        comments: paper.comments,
        categories: paper.categories.iter().map(|c| category(c)).collect(),
        tags: paper.tags.iter().take(30).map(|t| tag(t)).collect(),
        actions: actions(paper),
        summary: paper
            .summary
            .as_ref()
            .map(|s| (cut(&s.by, 80), latex::linked_html(&s.text))),
        abstract_text: (!paper.abstract_text.is_empty()).then(|| latex::html(&paper.abstract_text)),
        remarks: record::remarks(paper),
        links: record::links(paper),
        signals: Signal::ALL
            .into_iter()
            .filter_map(|s| signal(&readings, s))
            .collect(),
        times: record::times(paper),
        ids: record::ids(paper),
        provenance: record::provenance(&provenance),
        versions: record::versions(paper),
        near: similar::to_paper(app, paper).await?,
        lab: block::of(app, paper).await?,
        takeaways: takeaways(&path),
        bibtex: formats::bibtex(paper),
        previous,
        day: day.map(|day| Anchor {
            text: short_date(day),
            href: Window::Day(day).path(),
        }),
        next,
    })
}

fn author(author: &domain::paper::Author) -> AuthorView {
    let anchor = crate::view::author(author);
    AuthorView {
        name: anchor.text,
        href: anchor.href,
        affiliation: author.affiliation.as_deref().map(|a| cut(a, 120)),
    }
}

/// The paper itself, then the newest claim of each kind of link that people look for first.
fn actions(paper: &Paper) -> Vec<Anchor> {
    let mut actions = Vec::new();
    let mut add = |text: &str, href: String| {
        actions.push(Anchor {
            text: text.to_string(),
            href,
        });
    };
    if let Some(id) = paper.arxiv() {
        add("arXiv", format!("https://arxiv.org/abs/{id}"));
        add("PDF", format!("https://arxiv.org/pdf/{id}"));
    }
    if let Some(url) = paper.doi().and_then(record::doi_url) {
        add("DOI", url);
    }
    let kinds = [
        (LinkKind::Pdf, "PDF"),
        (LinkKind::Page, "Page"),
        (LinkKind::Code, "Code"),
        (LinkKind::Project, "Project"),
    ];
    for (kind, words) in kinds {
        let has_pdf = kind == LinkKind::Pdf && paper.arxiv().is_some();
        if let Some(link) = web_links(paper, kind).next().filter(|_| !has_pdf) {
            add(words, link.url.clone());
        }
    }
    actions
}

fn signal(readings: &[domain::signal::Reading], signal: Signal) -> Option<SignalView> {
    let known: Vec<_> = readings
        .iter()
        .filter(|r| r.signal == signal)
        .filter_map(|r| Some((r.at, r.value?)))
        .collect();
    let ((first_at, first), (last_at, last)) = (*known.first()?, *known.last()?);
    let name = signal_name(signal);
    let day = |at| short_date(domain::paper::utc_day(at));
    let (first, last) = (number(u64::from(first)), number(u64::from(last)));
    let words = if known.len() == 1 {
        format!("{name}: {last} on {}", day(last_at))
    } else {
        format!(
            "{name}: {last} on {}, {first} on {}, {} readings",
            day(last_at),
            day(first_at),
            known.len()
        )
    };
    Some(SignalView {
        name,
        words,
        lines: sparkline::lines(readings, signal),
    })
}

fn takeaways(path: &str) -> Vec<Anchor> {
    [
        ("BibTeX", "bib"),
        ("RIS", "ris"),
        ("Markdown", "md"),
        ("JSON", "json"),
    ]
    .into_iter()
    .map(|(name, ending)| Anchor {
        text: name.to_string(),
        href: format!("{path}.{ending}"),
    })
    .collect()
}
