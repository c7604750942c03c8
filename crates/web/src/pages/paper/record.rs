//! The lower half of a paper's page: ids, times, versions, claims and sources, each with who says so.

use domain::ids::Scheme;
use domain::paper::{LinkKind, Paper, clean_url, utc_day};
use domain::record::Source;
use jiff::Timestamp;
use store::Provenance;

use crate::latex;
use crate::view::{Html, cut, escape, plain_date, short_date, web_links};

/// How many claims of one kind are shown.
const CLAIMS_MAX: usize = 20;

/// A link that somebody claims to belong to the paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) text: String,
    pub(super) href: String,
    pub(super) source: &'static str,
    pub(super) day: String,
}

/// A source's name for people.
pub(crate) fn source_name(source: Source) -> &'static str {
    match source {
        Source::CodeHost => "the code's host",
        Source::Shelf => "the starter shelf",
        Source::SavedPage => "a saved Daily Papers page",
        Source::Bibliography => "a bibliography",
        Source::Feed => "a feed",
        Source::DailyPapers => "Daily Papers",
        Source::ArxivDump => "an arXiv dump",
        Source::ArxivFeed => "arXiv's announcements",
        Source::Biorxiv => "bioRxiv and medRxiv",
        Source::ArxivApi => "arXiv's API",
        Source::ArxivOai => "arXiv's OAI-PMH",
    }
}

/// An id scheme's name for people.
pub(super) fn scheme_name(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Arxiv => "arXiv id",
        Scheme::Doi => "DOI",
        Scheme::OpenReview => "OpenReview id",
        Scheme::Acl => "ACL Anthology id",
        Scheme::Pubmed => "PubMed id",
        Scheme::Url => "address",
        Scheme::Local => "local id",
    }
}

/// A DOI's address, if it can be one in an attribute.
pub(super) fn doi_url(doi: &str) -> Option<String> {
    clean_url(&format!("https://doi.org/{doi}"))
}

/// Kinds of links with their claims.
pub(super) fn links(paper: &Paper) -> Vec<(&'static str, Vec<Claim>)> {
    let name = |kind| match kind {
        LinkKind::Code => "Code",
        LinkKind::Project => "Project page",
        LinkKind::Data => "Data",
        LinkKind::Model => "Models",
        LinkKind::Pdf => "PDF",
        LinkKind::Page => "Page",
        LinkKind::Media => "Pictures and films",
    };
    LinkKind::ALL
        .into_iter()
        .filter_map(|kind| {
            let claims: Vec<_> = web_links(paper, kind)
                .take(CLAIMS_MAX)
                .map(|link| Claim {
                    text: cut(bare(&link.url), 80),
                    href: link.url.clone(),
                    source: source_name(link.source),
                    day: short_date(utc_day(link.at)),
                })
                .collect();
            (!claims.is_empty()).then(|| (name(kind), claims))
        })
        .collect()
}

/// The address as people say it.
fn bare(url: &str) -> &str {
    let url = url.split_once("://").map_or(url, |(_, rest)| rest);
    url.strip_prefix("www.")
        .unwrap_or(url)
        .trim_end_matches('/')
}

/// The four times, apart.
pub(super) fn times(paper: &Paper) -> Vec<(&'static str, String)> {
    let times = &paper.times;
    let named = [
        ("Submitted", times.submitted),
        ("Announced", times.announced),
        ("Updated", times.updated),
        ("Featured", times.featured),
    ];
    named
        .into_iter()
        .filter_map(|(name, at)| Some((name, moment(at?))))
        .collect()
}

/// The date, and the time where the source gave one: sources give bare dates as midnight.
fn moment(at: Timestamp) -> String {
    let day = plain_date(utc_day(at));
    match at.strftime("%H:%M").to_string().as_str() {
        "00:00" => day,
        time => format!("{day}, {time} UTC"),
    }
}

/// All ids with their pages.
pub(super) fn ids(paper: &Paper) -> Vec<(&'static str, String, Option<String>)> {
    let mut ids: Vec<_> = paper.ids.iter().collect();
    ids.sort();
    ids.iter()
        .map(|id| {
            let url = id.url().and_then(|url| clean_url(&url));
            (scheme_name(id.scheme), cut(&id.value, 120), url)
        })
        .collect()
}

/// Version, its page at the issuer, when it was submitted.
pub(super) fn versions(paper: &Paper) -> Vec<(String, Option<String>, String)> {
    paper
        .versions
        .iter()
        .map(|version| {
            let name = format!("v{}", version.number);
            let page = paper
                .arxiv()
                .map(|id| format!("https://arxiv.org/abs/{id}{name}"));
            let day = version
                .submitted
                .map(moment)
                .unwrap_or("unknown".to_string());
            (name, page, day)
        })
        .collect()
}

/// Who said something of the paper, and when.
pub(super) fn provenance(said: &[Provenance]) -> Vec<(&'static str, String)> {
    said.iter()
        .map(|p| {
            let first = short_date(utc_day(p.first_seen));
            let last = short_date(utc_day(p.last_changed));
            let words = if first == last {
                format!("seen {first}")
            } else {
                format!("first seen {first}, last change {last}")
            };
            (source_name(p.source), words)
        })
        .collect()
}

/// Comment, journal and licence.
pub(super) fn remarks(paper: &Paper) -> Vec<(&'static str, Html)> {
    let mut remarks = Vec::new();
    if let Some(comment) = &paper.comment {
        remarks.push(("Comment", latex::linked_html(&cut(comment, 600))));
    }
    if let Some(journal) = &paper.journal_ref {
        remarks.push(("Published", latex::html(&cut(journal, 300))));
    }
    if let Some(license) = &paper.license {
        let text = escape(&cut(bare(license), 100));
        let shown = match clean_url(license) {
            Some(url) => format!(
                "<a href=\"{}\" rel=\"license nofollow\">{text}</a>",
                escape(&url)
            ),
            None => text,
        };
        remarks.push(("Licence", Html(shown)));
    }
    remarks
}
