//! The query part of an API address. Unknown names are ignored, as clients of this API expect; of a name that is given
//! twice the first counts.

use std::ops::RangeInclusive;

use crate::error::Error;

/// How many parameters are looked at.
const PARAMS_MAX: usize = 32;

/// What stands after the question mark, decoded.
#[derive(Debug)]
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    /// Reads `a=b&c=d`.
    pub(super) fn parse(query: Option<&str>) -> Params {
        let pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        Params(
            pairs
                .take(PARAMS_MAX)
                .map(|(k, v)| (k.into(), v.into()))
                .collect(),
        )
    }

    /// A parameter's text, unless it is absent or blank.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(key, _)| key == name)?;
        Some(value.trim()).filter(|value| !value.is_empty())
    }

    /// A whole number within a range, or the default where it is not given.
    pub(super) fn number(
        &self,
        name: &str,
        range: RangeInclusive<u32>,
        default: u32,
    ) -> Result<u32, Error> {
        let Some(text) = self.text(name) else {
            return Ok(default);
        };
        match text.parse() {
            Ok(number) if range.contains(&number) => Ok(number),
            _ => {
                let (first, last) = (range.start(), range.end());
                let message = format!("`{name}` must be a whole number from {first} to {last}");
                Err(Error::BadRequest(message))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(query: &str, expected: Result<u32, &str>) {
        let got = Params::parse(Some(query)).number("limit", 1..=100, 50);
        assert_eq!(
            got.map_err(|e| e.to_string()),
            expected.map_err(str::to_string)
        );
    }

    #[test]
    fn numbers_are_bounded() {
        let error = Err("`limit` must be a whole number from 1 to 100");
        check("", Ok(50));
        check("limit=&x=1", Ok(50));
        check("limit=100", Ok(100));
        check("limit=7&limit=8", Ok(7));
        check("limit=0", error);
        check("limit=101", error);
        check("limit=-1", error);
        check("limit=1e2", error);
        check("limit=99999999999999999999", error);
        check("limit=%ff", error);
    }

    #[test]
    fn texts_are_decoded() {
        let params = Params::parse(Some("q=a+b%26c&empty=%20"));
        assert_eq!(params.text("q"), Some("a b&c"));
        assert_eq!(params.text("empty"), None);
        assert_eq!(params.text("other"), None);
    }
}
