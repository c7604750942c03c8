//! What machines read in a paper page's head: Google Scholar's and Zotero's `citation_*`, and OpenGraph.

use domain::paper::{LinkKind, Paper, utc_day};

use crate::base_url::BaseUrl;
use crate::latex;
use crate::state::App;
use crate::view::{Layout, authors_line, cut, paper_path, web_links};

/// How many authors the head names.
const AUTHORS_MAX: usize = 100;

/// Length of the description, in characters.
const DESCRIPTION_CHARS: usize = 200;

/// The frame of the paper's page.
pub(super) fn layout(app: &App, base: &BaseUrl, paper: &Paper) -> Layout {
    let title = latex::plain(&paper.title);
    let mut layout = Layout::new(app, cut(&title, 150));
    layout.canonical = base.join(&paper_path(&paper.key()));
    let text = match &paper.summary {
        Some(summary) => &summary.text,
        None => &paper.abstract_text,
    };
    layout.description = match latex::plain(&cut(text, 1_000)) {
        text if text.is_empty() => authors_line(paper, 3),
        text => cut(&text, DESCRIPTION_CHARS),
    };
    layout.metas = citation(paper, &title, &layout.canonical);
    let card = [
        ("og:type", "article".to_string()),
        ("og:site_name", layout.site.clone()),
        ("og:title", title),
        ("og:description", layout.description.clone()),
        ("og:url", layout.canonical.clone()),
    ];
    let card = card
        .into_iter()
        .map(|(name, value)| ("property", name, value));
    layout.metas.extend(card);
    layout
}

type Meta = (&'static str, &'static str, String);

fn citation(paper: &Paper, title: &str, page: &str) -> Vec<Meta> {
    let mut metas = Vec::new();
    let mut add = |name, value: String| metas.push(("name", name, value));
    add("citation_title", title.to_string());
    for author in paper.authors.iter().take(AUTHORS_MAX) {
        add("citation_author", latex::plain(&author.name));
    }
    let times = &paper.times;
    let published = times.submitted.or(times.announced).or(times.featured);
    if let Some(at) = published {
        let day = utc_day(at).strftime("%Y/%m/%d").to_string();
        add("citation_publication_date", day);
    }
    if let Some(journal) = &paper.journal_ref {
        add("citation_journal_title", journal.clone());
    }
    if let Some(doi) = paper.doi() {
        add("citation_doi", doi.to_string());
    }
    if let Some(id) = paper.arxiv() {
        add("citation_arxiv_id", id.to_string());
        add("citation_pdf_url", format!("https://arxiv.org/pdf/{id}"));
    } else if let Some(pdf) = web_links(paper, LinkKind::Pdf).next() {
        add("citation_pdf_url", pdf.url.clone());
    }
    add("citation_abstract_html_url", page.to_string());
    metas
}
