//! Stars of code repositories, as GitHub's API tells them: one repository a call, asked whether anything changed.
//!
//! Format: <https://docs.github.com/en/rest/repos/repos#get-a-repository>. Without an account the host allows sixty
//! calls an hour; whoever makes the round keeps to that. An answer changes whenever anything about the repository
//! does, so "not modified" says that the stars are what they were.

use jiff::Timestamp;
use serde::Deserialize;
use url::Url;

use crate::client::{Client, FetchError, Request, Response, Visit, Visited};
use crate::endpoints::{self, Endpoints};
use crate::lenient::Field;
use crate::unfit::Unfit;

/// How the addresses begin at which the host shows its repositories.
pub const ADDRESS: &str = "https://github.com/";

/// Longest answer that is read: usual ones have some seven thousand bytes.
const BODY_MAX: usize = 256 * 1024;
/// Longest name of an owner or a repository. The host's own bounds are 39 and 100.
const NAME_MAX: usize = 100;

/// A repository of the host.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Repository {
    owner: String,
    name: String,
}

impl Repository {
    /// The repository that a link leads into, whatever page of it; nothing for links that lead elsewhere. Names do not
    /// tell upper from lower case.
    pub fn of(link: &str) -> Option<Repository> {
        let url = Url::parse(link).ok()?;
        let host = url.host_str()?;
        if !matches!(url.scheme(), "http" | "https")
            || !matches!(host, "github.com" | "www.github.com")
        {
            return None;
        }
        let mut parts = url.path_segments()?;
        let (owner, name) = (parts.next()?, parts.next()?);
        let name = name.strip_suffix(".git").unwrap_or(name);
        (is_name(owner) && is_name(name)).then(|| Repository {
            owner: owner.to_ascii_lowercase(),
            name: name.to_ascii_lowercase(),
        })
    }

    /// "owner/name".
    pub fn key(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }
}

/// What may stand in an address as it is, and leads nowhere else.
fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=NAME_MAX).contains(&name.len())
        && name.chars().all(plain)
        && name.contains(|c: char| c != '.')
}

/// What a call brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stars {
    /// As many as at the last remembered visit.
    Unchanged,
    /// So many.
    Counted {
        /// How many.
        stars: u32,
        /// When.
        at: Timestamp,
        /// To be [remembered](Client::remember) once the number is stored.
        visited: Option<Visited>,
    },
    /// There is no such repository, or none that strangers may see.
    Gone,
}

#[derive(Debug, Deserialize)]
struct Answer<'a> {
    #[serde(borrow, default)]
    stargazers_count: Field<'a>,
}

/// The stars in an answer.
pub fn parse(body: &[u8]) -> Result<u32, Unfit> {
    let answer: Answer<'_> = serde_json::from_slice(body)?;
    let stars = answer.stargazers_count.count();
    stars.ok_or(Unfit::Missing("number of stars"))
}

/// Asks for a repository's stars.
///
/// # Errors
/// When the host does not answer, wants no calls, or answers with something else.
pub async fn fetch(
    client: &Client,
    endpoints: &Endpoints,
    repository: &Repository,
    visit: Visit,
) -> Result<Stars, FetchError> {
    let path = format!("/repos/{}/{}", repository.owner, repository.name);
    let url = endpoints::at(&endpoints.code_host, &path, &[])?;
    let asked = url.to_string();
    let request = Request {
        body_max: Some(BODY_MAX),
        ..Request::configured(url).visit(visit)
    };
    let page = match client.get(&request).await {
        Ok(Response::Fresh(page)) => page,
        Ok(Response::NotModified) => return Ok(Stars::Unchanged),
        Err(FetchError::Refused {
            status: 404 | 410 | 451,
            ..
        }) => return Ok(Stars::Gone),
        Err(error) => return Err(error),
    };
    let stars = parse(&page.body).map_err(|why| FetchError::Unreadable {
        url: asked,
        why: why.to_string(),
    })?;
    Ok(Stars::Counted {
        stars,
        at: page.at,
        visited: page.visited,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(link: &str, expected: Option<&str>) {
        assert_eq!(
            Repository::of(link).map(|r| r.key()).as_deref(),
            expected,
            "{link}"
        );
    }

    #[test]
    fn links_lead_into_repositories() {
        check(
            "https://github.com/Example/Attention",
            Some("example/attention"),
        );
        check(
            "https://github.com/example/attention.git",
            Some("example/attention"),
        );
        check(
            "http://www.github.com/example/a.b_c/tree/main/src?x#y",
            Some("example/a.b_c"),
        );
        check("https://github.com/example", None);
        check("https://github.com/example/", None);
        check("https://github.com/example/..", None);
        check("https://github.com/example/a%2Fb", None);
        check("https://github.com.example.org/a/b", None);
        check("https://gist.github.com/a/b", None);
        check("ftp://github.com/a/b", None);
        check("no address", None);
        check(&format!("https://github.com/a/{}", "b".repeat(101)), None);
    }

    #[test]
    fn stars_are_read() {
        let read = |body: &str| parse(body.as_bytes()).map_err(|e| e.to_string());
        assert_eq!(
            read("{\"id\":1,\"stargazers_count\":42,\"owner\":{\"id\":2}}"),
            Ok(42)
        );
        assert_eq!(
            read("{\"message\":\"x\"}"),
            Err("it has no number of stars".to_string())
        );
        assert_eq!(
            read("{\"stargazers_count\":-1}"),
            Err("it has no number of stars".to_string())
        );
        assert!(
            read("<html>")
                .unwrap_err()
                .starts_with("not readable as JSON")
        );
    }

    proptest! {
        #[test]
        fn a_repositorys_address_stays_on_its_path(link in "https://github\\.com/[ -~]{0,60}") {
            if let Some(repository) = Repository::of(&link) {
                let path = format!("/repos/{}", repository.key());
                let url = endpoints::at("https://api.example.org", &path, &[]).unwrap();
                prop_assert_eq!(url.path(), path);
            }
        }

        #[test]
        fn any_bytes_are_an_error_and_no_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(parse(&body).is_err());
        }
    }
}
