//! How machines find what is here: `robots.txt`, the sitemap in parts, and the description that lets a browser search
//! the site from its address bar.

use std::fmt::Write;
use std::ops::Range;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::ids::PaperId;
use domain::paper::utc_day;
use store::Address;

use crate::base_url::BaseUrl;
use crate::cache::Policy;
use crate::error::Error;
use crate::lists::ListRef;
use crate::state::App;
use crate::static_files;
use crate::view::{cut, escape, paper_path};

/// How many rows of the database one part of the sitemap covers. The protocol allows 50,000 addresses.
const PART_ROWS: u32 = 10_000;

/// How many categories the sitemap names.
const CATEGORIES_MAX: usize = 1000;

/// Longest name that browsers show, in characters (OpenSearch 1.1).
const SHORT_NAME_CHARS: usize = 16;

/// Everything that this module serves.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/robots.txt", get(robots))
        .route("/opensearch.xml", get(open_search))
        .route("/sitemap.xml", get(sitemap))
        .route("/sitemap/{part}", get(sitemap_part))
}

/// Crawlers may read every paper and list, but not walk the calendar or make searches: the sitemap names every paper
/// once, and the calendar only shows the same papers again.
async fn robots(base: BaseUrl) -> Response {
    let text = format!(
        "User-agent: *\n\
         Disallow: /search\n\
         Disallow: /api/\n\
         Disallow: /mail/\n\
         Disallow: /papers/date/\n\
         Disallow: /papers/week/\n\
         Disallow: /papers/month/\n\
         Allow: /\n\
         \n\
         Sitemap: {}\n",
        base.join("/sitemap.xml")
    );
    document("text/plain; charset=utf-8", text)
}

/// OpenSearch 1.1: the search as a page and as a feed.
async fn open_search(State(app): State<App>, base: BaseUrl) -> Response {
    let name = escape(&cut(&app.site.title, SHORT_NAME_CHARS - 1));
    let title = escape(&app.site.title);
    let mut text = xml_start();
    _ = write!(
        text,
        "<OpenSearchDescription xmlns=\"http://a9.com/-/spec/opensearch/1.1/\">\n\
         <ShortName>{name}</ShortName>\n\
         <Description>Search research papers on {title}</Description>\n\
         <InputEncoding>UTF-8</InputEncoding>\n\
         <Image width=\"16\" height=\"16\" type=\"image/svg+xml\">{}</Image>\n",
        escape(&base.join(static_files::icon().address)),
    );
    for (media_type, ending) in [
        ("text/html", ""),
        ("application/atom+xml", ".atom"),
        ("application/rss+xml", ".rss"),
    ] {
        let template = base.join(&format!("/search{ending}?q={{searchTerms}}"));
        let template = escape(&template);
        _ = writeln!(text, "<Url type=\"{media_type}\" template=\"{template}\"/>");
    }
    let suggest = escape(&base.join("/suggest?q={searchTerms}"));
    let kind = "application/x-suggestions+json";
    _ = writeln!(text, "<Url type=\"{kind}\" template=\"{suggest}\"/>");
    let myself = escape(&base.join("/opensearch.xml"));
    let media_type = "application/opensearchdescription+xml";
    _ = writeln!(
        text,
        "<Url type=\"{media_type}\" rel=\"self\" template=\"{myself}\"/>\n</OpenSearchDescription>"
    );
    document("application/opensearchdescription+xml; charset=utf-8", text)
}

/// The index of the sitemap: one part for the lists and one for each [`PART_ROWS`] rows of papers.
async fn sitemap(State(app): State<App>, base: BaseUrl) -> Result<Response, Error> {
    let mut text = xml_start();
    text.push_str("<sitemapindex xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n");
    let parts = parts(&app).await?;
    let names = std::iter::once("lists".to_string()).chain((0..parts).map(|n| n.to_string()));
    for name in names {
        let address = escape(&base.join(&format!("/sitemap/{name}.xml")));
        _ = writeln!(text, "<sitemap><loc>{address}</loc></sitemap>");
    }
    text.push_str("</sitemapindex>\n");
    Ok(document("application/xml; charset=utf-8", text))
}

/// One part: `lists.xml` or `{number}.xml`, counted from 0.
async fn sitemap_part(
    State(app): State<App>,
    base: BaseUrl,
    Path(file): Path<String>,
) -> Result<Response, Error> {
    let not_found = || Error::not_found("The sitemap has no such part.");
    let name = file.strip_suffix(".xml").ok_or_else(not_found)?;
    let mut text = xml_start();
    text.push_str("<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n");
    if name == "lists" {
        push_lists(&mut text, &app, &base).await?;
    } else {
        let number: u32 = name.parse().map_err(|_| not_found())?;
        let papers = papers_of_part(&app, number).await?;
        if papers.is_empty() && number > 0 {
            return Err(not_found());
        }
        for paper in &papers {
            push_paper(&mut text, paper, &base);
        }
    }
    text.push_str("</urlset>\n");
    Ok(document("application/xml; charset=utf-8", text))
}

async fn push_lists(text: &mut String, app: &App, base: &BaseUrl) -> Result<(), Error> {
    let mut paths = vec!["/".to_string(), "/papers/trending".to_string()];
    let categories = app.store.categories().await?;
    paths.extend(
        categories
            .into_iter()
            .take(CATEGORIES_MAX)
            .map(|(name, _)| ListRef::Category(name).path()),
    );
    for path in paths {
        let address = escape(&base.join(&path));
        _ = writeln!(text, "<url><loc>{address}</loc></url>");
    }
    Ok(())
}

fn push_paper(text: &mut String, paper: &Address, base: &BaseUrl) {
    let address = escape(&base.join(&paper_path(&paper.key)));
    _ = write!(text, "<url><loc>{address}</loc>");
    if let Some(at) = paper.updated {
        _ = write!(text, "<lastmod>{}</lastmod>", utc_day(at));
    }
    text.push_str("</url>\n");
}

/// How many parts the papers take. Rows may have gaps, so counting papers gives a first guess only; from there a look
/// at what follows finds the end.
async fn parts(app: &App) -> Result<u32, Error> {
    let papers = app.store.totals().await?.papers;
    let mut parts = u32::try_from(papers / u64::from(PART_ROWS)).unwrap_or(u32::MAX);
    while let Some(rows) = rows(parts) {
        match app.store.sitemap(before(rows.start), 1).await?.first() {
            Some(next) => parts = next.paper.0 / PART_ROWS + 1,
            None => break,
        }
    }
    Ok(parts)
}

async fn papers_of_part(app: &App, part: u32) -> Result<Vec<Address>, Error> {
    let Some(rows) = rows(part) else {
        return Ok(Vec::new());
    };
    let mut papers = app.store.sitemap(before(rows.start), PART_ROWS).await?;
    papers.retain(|address| rows.contains(&address.paper.0));
    Ok(papers)
}

/// The rows that a part covers; `None` beyond the last row that there can be.
fn rows(part: u32) -> Option<Range<u32>> {
    let first = part.checked_mul(PART_ROWS)?;
    Some(first..first.checked_add(PART_ROWS)?)
}

/// The row to read after, so that a row is the first.
fn before(row: u32) -> Option<PaperId> {
    row.checked_sub(1).map(PaperId)
}

fn xml_start() -> String {
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_string()
}

fn document(media_type: &'static str, text: String) -> Response {
    Policy::Settled.on(([(CONTENT_TYPE, media_type)], text).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(row: u32) {
        let part = row / PART_ROWS;
        assert!(rows(part).unwrap().contains(&row));
        assert!(before(rows(part).unwrap().start).is_none_or(|after| after.0 < row));
        assert!(!rows(part + 1).is_some_and(|rows| rows.contains(&row)));
    }

    #[test]
    fn every_row_is_in_one_part() {
        for row in [0, 1, 9_999, 10_000, 10_001, 249_999, 250_000] {
            check(row);
        }
        assert_eq!(rows(u32::MAX / PART_ROWS), None);
    }
}
