//! Every address that the site itself links must lead somewhere, and walking them must end.

use std::collections::{BTreeSet, VecDeque};

use crate::site::{TestSite, some_papers};

/// Most pages that the walk may find before it is called endless.
const PAGES_MAX: usize = 400;

#[tokio::test]
async fn all_links_lead_somewhere() {
    let site = TestSite::with(some_papers()).await;
    let mut seen = BTreeSet::from(["/".to_string(), "/sitemap.xml".to_string()]);
    let mut waiting: VecDeque<_> = seen.iter().cloned().collect();
    while let Some(target) = waiting.pop_front() {
        let answer = site.get(&target).await;
        let status = answer.status;
        assert!(
            status.is_success() || status.is_redirection(),
            "{target}: {status}"
        );
        if !answer.header("content-type").starts_with("text/html") {
            continue;
        }
        for link in links(&answer.text()) {
            if seen.insert(link.clone()) {
                waiting.push_back(link);
            }
        }
        assert!(seen.len() < PAGES_MAX, "the walk does not end: {seen:?}");
    }
    // Days without papers have no address anywhere, however long one walks.
    let days: Vec<_> = seen
        .iter()
        .filter_map(|p| p.strip_prefix("/papers/date/"))
        .filter(|d| d.len() == 10)
        .collect();
    assert_eq!(days, ["2026-10-01", "2026-11-19", "2026-11-20"]);
}

/// The addresses within the site of a page's links, pictures and files.
fn links(page: &str) -> Vec<String> {
    // What a form sends is no link to follow.
    let page = page.replace("method=\"post\" action=\"", "");
    ["href=\"", "src=\"", "action=\""]
        .iter()
        .flat_map(|attribute| page.split(attribute).skip(1))
        .filter_map(|rest| rest.split('"').next())
        .map(|value| value.replace("&amp;", "&").replace("&#38;", "&"))
        .map(|value| value.split('#').next().unwrap_or_default().to_string())
        .filter(|value| value.starts_with('/'))
        .collect()
}
