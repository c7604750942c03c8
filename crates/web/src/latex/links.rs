//! Web addresses in running text, as abstracts give them: `code is at https://github.com/a/b.`

use domain::paper::clean_url;

/// An address at the start of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Address<'a> {
    /// As people read it.
    pub(super) shown: String,
    /// In normal form.
    pub(super) href: String,
    /// The text after it.
    pub(super) rest: &'a str,
}

/// The address at the start of a text, if there is one.
///
/// TeX's escapes inside it (`\_`, `\%`, `\#`, `\&`, `\~`) are resolved; a full stop or comma at its end belongs to the
/// sentence.
pub(super) fn address_at(text: &str) -> Option<Address<'_>> {
    if !text.starts_with("https://") && !text.starts_with("http://") {
        return None;
    }
    let (mut shown, mut rest) = (String::new(), text);
    // How much is certain: after it only marks that may belong to the sentence have come.
    let (mut shown_len, mut rest_after) = (0, text);
    while let Some((c, after)) = next(rest) {
        shown.push(c);
        rest = after;
        if !matches!(c, '.' | ',' | ';' | ':' | '!' | '?') {
            (shown_len, rest_after) = (shown.len(), rest);
        }
    }
    shown.truncate(shown_len);
    Some(Address {
        href: clean_url(&shown)?,
        shown,
        rest: rest_after,
    })
}

/// The next character of the address, unescaped, and what follows it.
fn next(text: &str) -> Option<(char, &str)> {
    let mut chars = text.chars();
    let c = match chars.next()? {
        '\\' => chars.next().filter(|c| "_%#&~".contains(*c))?,
        c if c.is_whitespace() || "<>\"'`{}|^$()[]".contains(c) => return None,
        c => c,
    };
    Some((c, chars.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(&str, &str)>) {
        let got = address_at(text);
        assert_eq!(got.as_ref().map(|a| (a.href.as_str(), a.rest)), expected);
    }

    #[test]
    fn addresses_end_where_sentences_go_on() {
        check("https://a.org/b. More", Some(("https://a.org/b", ". More")));
        check(
            "https://a.org/x.y?z=1, and",
            Some(("https://a.org/x.y?z=1", ", and")),
        );
        check(
            "https://a.org/x\\_y\\%20z}",
            Some(("https://a.org/x_y%20z", "}")),
        );
        check("https://a.org/~joe)", Some(("https://a.org/~joe", ")")));
        check(
            "https://a.org/\"onclick=x",
            Some(("https://a.org/", "\"onclick=x")),
        );
        check("https://", None);
        check("https://...", None);
        check("http://user:word@a.org/", None);
        check("ftp://a.org", None);
    }
}
