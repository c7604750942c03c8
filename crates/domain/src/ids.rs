//! The ids by which the world knows a paper: arXiv ids, DOIs, OpenReview ids and the rest, each in one normal form.
//!
//! Ids decide whether two records are the same paper, so parsing is strict: what is not recognised is an error,
//! never a guess.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The row of a paper in the database. Stable for the database's life, never shown to the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PaperId(pub u32);

/// Longest id value that is accepted, in bytes. The longest real DOIs are under 200.
pub const ID_LEN_MAX: usize = 300;

/// Who issued an id. The order is the order of preference for a paper's public address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// arXiv, without version: `2305.19435`, `math/9201207`.
    Arxiv,
    /// Digital Object Identifier, lower-cased: `10.1101/2024.01.02.573939`.
    Doi,
    /// OpenReview forum id.
    OpenReview,
    /// ACL Anthology id.
    Acl,
    /// PubMed number.
    Pubmed,
    /// A web address, for a post that has no other id.
    Url,
    /// Made here from the title, for a paper that came without any id.
    Local,
}

impl Scheme {
    /// The short name used in the database, in addresses and in exports.
    pub fn as_str(self) -> &'static str {
        match self {
            Scheme::Arxiv => "arxiv",
            Scheme::Doi => "doi",
            Scheme::OpenReview => "openreview",
            Scheme::Acl => "acl",
            Scheme::Pubmed => "pubmed",
            Scheme::Url => "url",
            Scheme::Local => "local",
        }
    }

    /// The scheme of a short name.
    pub fn from_short(name: &str) -> Option<Self> {
        Some(match name {
            "arxiv" => Scheme::Arxiv,
            "doi" => Scheme::Doi,
            "openreview" => Scheme::OpenReview,
            "acl" => Scheme::Acl,
            "pubmed" | "pmid" => Scheme::Pubmed,
            "url" => Scheme::Url,
            "local" => Scheme::Local,
            _ => return None,
        })
    }
}

/// One id of a paper, in the scheme's normal form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ExternalId {
    /// Who issued it.
    pub scheme: Scheme,
    /// The id itself, normalised.
    pub value: String,
}

/// Why a text is no id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Neither old (`math/9201207`) nor new form (`2305.19435`).
    #[error("`{0}` is not an arXiv id; ids look like 2305.19435 or math/9201207")]
    NotArxiv(String),
    /// A DOI starts with `10.`, a registrant and a slash.
    #[error("`{0}` is not a DOI; DOIs look like 10.1101/2024.01.02.573939")]
    NotDoi(String),
    /// Nothing that is known.
    #[error("`{0}` is not an id known here; try an arXiv id (2305.19435) or a DOI (10.1101/...)")]
    Unknown(String),
    /// Over [`ID_LEN_MAX`] bytes.
    #[error("the id is {0} bytes long; the longest accepted is {ID_LEN_MAX}")]
    TooLong(usize),
}

impl ExternalId {
    /// An arXiv id, with the version that the text carried, if any.
    ///
    /// Accepts what people paste: `arXiv:2305.19435v2`, `https://arxiv.org/abs/2305.19435`,
    /// `https://arxiv.org/pdf/2305.19435v1.pdf`, `math.GT/0309136` (the subject class is dropped).
    pub fn arxiv(text: &str) -> Result<(Self, Option<u16>), IdError> {
        check_len(text)?;
        let bare = strip_arxiv_prefix(text.trim());
        let (body, version) = split_version(bare);
        let value = arxiv_new(body).or_else(|| arxiv_old(body));
        match value {
            Some(value) => Ok((
                ExternalId {
                    scheme: Scheme::Arxiv,
                    value,
                },
                version,
            )),
            None => Err(IdError::NotArxiv(excerpt(text))),
        }
    }

    /// A DOI, from the bare form, `doi:...` or a `doi.org` address. Lower-cased, for DOIs ignore case.
    ///
    /// arXiv's own DOIs (`10.48550/arXiv.2305.19435`) are arXiv ids and come back as such.
    pub fn doi(text: &str) -> Result<Self, IdError> {
        check_len(text)?;
        let lower = text.trim().to_lowercase();
        let mut bare = lower.as_str();
        for prefix in [
            "https://",
            "http://",
            "dx.",
            "doi.org/",
            "www.doi.org/",
            "doi:",
        ] {
            bare = bare.strip_prefix(prefix).unwrap_or(bare).trim_start();
        }
        if let Some(rest) = bare.strip_prefix("10.48550/arxiv.") {
            return Self::arxiv(rest).map(|(id, _)| id);
        }
        let decoded = percent_encoding::percent_decode_str(bare)
            .decode_utf8_lossy()
            .into_owned();
        let ok = decoded
            .strip_prefix("10.")
            .and_then(|rest| rest.split_once('/'))
            .is_some_and(|(registrant, suffix)| {
                registrant.len() >= 4
                    && registrant.bytes().all(|b| b.is_ascii_digit() || b == b'.')
                    && !suffix.is_empty()
                    && !suffix.chars().any(|c| c.is_whitespace() || c.is_control())
            });
        if !ok {
            return Err(IdError::NotDoi(excerpt(text)));
        }
        let value = decoded.trim_end_matches(['.', ',', ';']).to_string();
        Ok(ExternalId {
            scheme: Scheme::Doi,
            value,
        })
    }

    /// An id of a scheme whose values need only a bound and no white space.
    pub fn plain(scheme: Scheme, value: &str) -> Result<Self, IdError> {
        check_len(value)?;
        match scheme {
            Scheme::Arxiv => Self::arxiv(value).map(|(id, _)| id),
            Scheme::Doi => Self::doi(value),
            _ => {
                let value = value.trim();
                let bad =
                    value.is_empty() || value.chars().any(|c| c.is_whitespace() || c.is_control());
                if bad {
                    return Err(IdError::Unknown(excerpt(value)));
                }
                Ok(ExternalId {
                    scheme,
                    value: value.to_string(),
                })
            }
        }
    }

    /// The id that a title alone gives: 16 hexadecimal digits of its [`title_key`](crate::text::title_key).
    pub fn local(title: &str) -> Self {
        let value = format!("{:016x}", crate::text::title_key(title));
        ExternalId {
            scheme: Scheme::Local,
            value,
        }
    }

    /// The paper's address in this product: the bare value for arXiv and DOI, `scheme:value` for the rest.
    pub fn key(&self) -> String {
        match self.scheme {
            Scheme::Arxiv | Scheme::Doi => self.value.clone(),
            other => format!("{}:{}", other.as_str(), self.value),
        }
    }

    /// The page at the issuer, for people.
    pub fn url(&self) -> Option<String> {
        Some(match self.scheme {
            Scheme::Arxiv => format!("https://arxiv.org/abs/{}", self.value),
            Scheme::Doi => format!("https://doi.org/{}", self.value),
            Scheme::OpenReview => format!("https://openreview.net/forum?id={}", self.value),
            Scheme::Acl => format!("https://aclanthology.org/{}", self.value),
            Scheme::Pubmed => format!("https://pubmed.ncbi.nlm.nih.gov/{}/", self.value),
            Scheme::Url => self.value.clone(),
            Scheme::Local => return None,
        })
    }
}

/// Reads a key as a reader types or pastes it: a bare arXiv id or DOI, their addresses, or `scheme:value`.
impl FromStr for ExternalId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        check_len(text)?;
        let text = text.trim();
        if let Ok((id, _)) = Self::arxiv(text) {
            return Ok(id);
        }
        if let Ok(id) = Self::doi(text) {
            return Ok(id);
        }
        if let Some(forum) = text
            .split_once("openreview.net/")
            .and_then(|(_, rest)| rest.split_once("id="))
        {
            let id = forum.1.split('&').next().unwrap_or_default();
            return Self::plain(Scheme::OpenReview, id);
        }
        if let Some((scheme, value)) = text.split_once(':')
            && let Some(scheme) = Scheme::from_short(&scheme.to_lowercase())
        {
            return Self::plain(scheme, value);
        }
        Err(IdError::Unknown(excerpt(text)))
    }
}

impl fmt::Display for ExternalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key())
    }
}

fn check_len(text: &str) -> Result<(), IdError> {
    if text.len() > ID_LEN_MAX {
        Err(IdError::TooLong(text.len()))
    } else {
        Ok(())
    }
}

/// Enough of a stranger's text to recognise it in a message.
fn excerpt(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}

fn strip_arxiv_prefix(text: &str) -> &str {
    let mut bare = text;
    for scheme in ["https://", "http://"] {
        bare = bare.strip_prefix(scheme).unwrap_or(bare);
    }
    for host in ["www.arxiv.org/", "export.arxiv.org/", "arxiv.org/"] {
        if let Some(path) = bare.strip_prefix(host) {
            let path = ["abs/", "pdf/", "html/", "format/"]
                .iter()
                .find_map(|p| path.strip_prefix(p));
            let Some(path) = path else { return text };
            let path = path.split(['?', '#']).next().unwrap_or(path);
            return path
                .strip_suffix(".pdf")
                .unwrap_or(path)
                .trim_end_matches('/');
        }
    }
    for prefix in ["arXiv:", "arxiv:", "ARXIV:", "oai:arXiv.org:"] {
        bare = bare.strip_prefix(prefix).unwrap_or(bare).trim_start();
    }
    bare
}

fn split_version(text: &str) -> (&str, Option<u16>) {
    if let Some((body, version)) = text.rsplit_once('v')
        && !version.is_empty()
        && version.len() <= 3
        && version.bytes().all(|b| b.is_ascii_digit())
        && let Ok(number) = version.parse::<u16>()
        && number > 0
    {
        return (body, Some(number));
    }
    (text, None)
}

/// `YYMM.NNNN` until 2014-12, `YYMM.NNNNN` from 2015-01.
fn arxiv_new(text: &str) -> Option<String> {
    let (yymm, number) = text.split_once('.')?;
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if yymm.len() != 4 || !digits(yymm) || !digits(number) {
        return None;
    }
    let year_month: u16 = yymm.parse().ok()?;
    let month = year_month % 100;
    let wanted = if year_month >= 1501 { 5 } else { 4 };
    ((1..=12).contains(&month) && year_month >= 704 && number.len() == wanted)
        .then(|| text.to_string())
}

/// `archive/YYMMNNN`, with an optional subject class (`math.GT/0309136`) that is not part of the identity.
fn arxiv_old(text: &str) -> Option<String> {
    let (archive, number) = text.split_once('/')?;
    let archive = archive.split('.').next().unwrap_or(archive);
    let name_ok = (2..=10).contains(&archive.len())
        && archive.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
        && archive.starts_with(|c: char| c.is_ascii_lowercase());
    let number_ok = number.len() == 7 && number.bytes().all(|b| b.is_ascii_digit());
    let month: u16 = number.get(2..4)?.parse().ok()?;
    (name_ok && number_ok && (1..=12).contains(&month)).then(|| format!("{archive}/{number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let got = text
            .parse::<ExternalId>()
            .map(|id| format!("{} {}", id.scheme.as_str(), id.value));
        assert_eq!(got.unwrap_or_else(|e| format!("error: {e}")), expected);
    }

    #[test]
    fn arxiv_forms_meet_in_one() {
        for text in [
            "2305.19435",
            " 2305.19435v2 ",
            "arXiv:2305.19435",
            "https://arxiv.org/abs/2305.19435v1",
            "http://export.arxiv.org/pdf/2305.19435v3.pdf",
            "https://doi.org/10.48550/arXiv.2305.19435",
            "oai:arXiv.org:2305.19435",
        ] {
            check(text, "arxiv 2305.19435");
        }
        check("math.GT/0309136v1", "arxiv math/0309136");
        check("cond-mat/9901001", "arxiv cond-mat/9901001");
    }

    #[test]
    fn digits_follow_the_month() {
        assert!(ExternalId::arxiv("1412.1234").is_ok());
        assert!(
            ExternalId::arxiv("1412.12345").is_err(),
            "five digits began in 2015"
        );
        assert!(
            ExternalId::arxiv("1501.1234").is_err(),
            "four digits ended in 2014"
        );
        assert!(
            ExternalId::arxiv("2313.00001").is_err(),
            "there is no month 13"
        );
    }

    #[test]
    fn dois_ignore_case_and_wrapping() {
        check(
            "https://doi.org/10.1101/2024.01.02.573939",
            "doi 10.1101/2024.01.02.573939",
        );
        check("DOI: 10.1000/ABC.", "doi 10.1000/abc");
        check("openreview:abc_DE-1", "openreview abc_DE-1");
        check("https://openreview.net/forum?id=abc&x=1", "openreview abc");
    }

    #[test]
    fn what_is_no_id_says_so() {
        check(
            "attention",
            "error: `attention` is not an id known here; try an arXiv id (2305.19435) or a DOI (10.1101/...)",
        );
        check(
            &"9".repeat(400),
            "error: the id is 400 bytes long; the longest accepted is 300",
        );
    }
}
