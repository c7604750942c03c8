//! The query part of a page's address, read leniently: unknown and broken parts are passed over, of a name given
//! twice the first counts.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::error::Error;
use crate::lists::page_slice;
use store::Slice;

/// How many parameters are looked at.
const PARAMETERS_MAX: usize = 32;

/// What stands after the question mark, decoded.
#[derive(Debug, Clone, Default)]
pub struct Query(Vec<(String, String)>);

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        Ok(Query(
            pairs
                .take(PARAMETERS_MAX)
                .map(|(k, v)| (k.into_owned(), v.into_owned()))
                .collect(),
        ))
    }
}

impl Query {
    /// A parameter's text without white space around it; absent and blank are the same.
    pub fn text(&self, name: &str) -> &str {
        let value = self.0.iter().find(|(key, _)| key == name);
        value.map(|(_, v)| v.trim()).unwrap_or_default()
    }

    /// The page of a list, counted from 1, and its slice.
    pub fn page(&self) -> Result<(u32, Slice), Error> {
        let text = self.text("page");
        let page = if text.is_empty() {
            Some(1)
        } else {
            text.parse().ok()
        };
        page.and_then(|page| Some((page, page_slice(page)?)))
            .ok_or_else(|| {
                Error::BadRequest(
                    "There is no such page of a list. Pages count from 1; what lies deep is found sooner by day or by \
                     search."
                        .to_string(),
                )
            })
    }
}
