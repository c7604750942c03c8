//! Where the sources are. Every base address can be configured: a mirror, a proxy, a test's own server.

use url::Url;

use crate::client::FetchError;

/// The base addresses of all sources, without trailing slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// arXiv's query API, before `/api/query`.
    pub arxiv_api: String,
    /// arXiv's OAI-PMH, before `/oai`.
    pub arxiv_oai: String,
    /// arXiv's announcement feeds, before `/rss/...`.
    pub arxiv_rss: String,
    /// arXiv's listing pages, before `/list/...`.
    pub arxiv_list: String,
    /// The Daily Papers API, before `/api/daily_papers`.
    pub daily_papers: String,
    /// bioRxiv's and medRxiv's API, before `/details/...`.
    pub biorxiv: String,
    /// The code host's API, before `/repos/...`.
    pub code_host: String,
}

impl Default for Endpoints {
    fn default() -> Self {
        Endpoints {
            arxiv_api: "https://export.arxiv.org".to_string(),
            arxiv_oai: "https://oaipmh.arxiv.org".to_string(),
            arxiv_rss: "https://rss.arxiv.org".to_string(),
            arxiv_list: "https://arxiv.org".to_string(),
            daily_papers: "https://huggingface.co".to_string(),
            biorxiv: "https://api.biorxiv.org".to_string(),
            code_host: "https://api.github.com".to_string(),
        }
    }
}

impl Endpoints {
    /// The same base for all: a test's server, or a proxy that fronts everything.
    pub fn all_at(base: &str) -> Self {
        Endpoints {
            arxiv_api: base.to_string(),
            arxiv_oai: base.to_string(),
            arxiv_rss: base.to_string(),
            arxiv_list: base.to_string(),
            daily_papers: base.to_string(),
            biorxiv: base.to_string(),
            code_host: base.to_string(),
        }
    }

    /// The first base that is no `http(s)` address, by its name and value.
    pub fn check(&self) -> Result<(), FetchError> {
        for base in [
            &self.arxiv_api,
            &self.arxiv_oai,
            &self.arxiv_rss,
            &self.arxiv_list,
            &self.daily_papers,
            &self.biorxiv,
            &self.code_host,
        ] {
            at(base, "/", &[])?;
        }
        Ok(())
    }
}

/// An address under a base, with a query.
pub(crate) fn at(base: &str, path: &str, query: &[(&str, &str)]) -> Result<Url, FetchError> {
    let whole = format!("{}{path}", base.trim_end_matches('/'));
    let wrong = |why: &dyn std::fmt::Display| {
        FetchError::Wrong(format!("the base address `{base}` cannot be used: {why}"))
    };
    let mut url = Url::parse(&whole).map_err(|e| wrong(&e))?;
    crate::address::check_form(&url).map_err(|e| wrong(&e))?;
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    Ok(url)
}

/// A category as it may stand in an address.
pub(crate) fn category(text: &str) -> Result<String, FetchError> {
    domain::paper::category(text).ok_or_else(|| {
        let shown: String = text.chars().filter(|c| !c.is_control()).take(60).collect();
        FetchError::Wrong(format!(
            "`{shown}` is not a category; categories look like cs.CL or hep-th"
        ))
    })
}
