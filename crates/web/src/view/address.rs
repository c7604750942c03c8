//! Addresses within the site, with every part encoded for its place.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What may stand bare in a path's segment.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b':')
    .remove(b'@')
    .remove(b',')
    .remove(b';')
    .remove(b'(')
    .remove(b')');

/// What may stand bare in a paper's address: keys keep their slashes.
const KEY: &AsciiSet = &SEGMENT.remove(b'/');

/// The address of a paper's page.
pub fn paper_path(key: &str) -> String {
    // Proxies merge repeated slashes, so the second one of a web address used as a key is written out.
    let encoded = utf8_percent_encode(key, KEY).to_string();
    format!("/papers/{}", encoded.replace("//", "/%2F"))
}

/// A text as one segment of a path.
pub fn path_segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// A text as a value in a query string.
pub fn query_value(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_encoded() {
        assert_eq!(paper_path("math/9201207"), "/papers/math/9201207");
        assert_eq!(
            paper_path("10.1000/a?b#c<d>"),
            "/papers/10.1000/a%3Fb%23c%3Cd%3E"
        );
        assert_eq!(
            paper_path("url:https://example.org/a"),
            "/papers/url:https:/%2Fexample.org/a"
        );
        assert_eq!(path_segment("a/b c"), "a%2Fb%20c");
        assert_eq!(query_value("cat:cs.CL a&b"), "cat:cs.CL%20a%26b");
    }
}
