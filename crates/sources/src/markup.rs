//! HTML as strangers put it into feeds, reduced to its text.

use crate::bounds;

/// Longest HTML that is looked at, in bytes.
const HTML_LEN_MAX: usize = 1024 * 1024;

/// Elements whose text nobody reads.
const UNREAD: [&str; 5] = ["script", "style", "template", "noscript", "svg"];

/// Elements that stand within a line; every other one separates words.
const INLINE: [&str; 16] = [
    "a", "abbr", "b", "bdi", "cite", "code", "em", "font", "i", "mark", "s", "small", "span",
    "strong", "sub", "sup",
];

/// The text of HTML on one line of at most `chars_max` characters; nothing if there is none. Tags go, character
/// names are resolved, scripts and styles go with what is in them.
pub(crate) fn plain(html: &str, chars_max: usize) -> Option<String> {
    let mut rest = bounds::prefix(html, HTML_LEN_MAX);
    let mut text = String::new();
    while let Some(at) = rest.find('<') {
        unescape(&rest[..at], &mut text);
        rest = &rest[at..];
        let Some(after) = tag(rest, &mut text) else {
            // A bare "<", as in "a < b": text like any other.
            text.push('<');
            rest = &rest[1..];
            continue;
        };
        rest = after;
    }
    unescape(rest, &mut text);
    bounds::line(&text, chars_max)
}

/// Passes over the tag or comment that begins the text, if one does. Returns what follows it.
fn tag<'a>(text: &'a str, out: &mut String) -> Option<&'a str> {
    if let Some(comment) = text.strip_prefix("<!--") {
        return Some(comment.split_once("-->").map_or("", |(_, after)| after));
    }
    let inside = text.strip_prefix('<')?;
    let named = inside.strip_prefix('/').unwrap_or(inside);
    if !named.starts_with(|c: char| c.is_ascii_alphabetic() || c == '!' || c == '?') {
        return None;
    }
    let (tag, after) = inside.split_once('>').unwrap_or((inside, ""));
    let name_end = named.find(|c: char| !c.is_ascii_alphanumeric());
    let name = named[..name_end.unwrap_or(named.len())].to_ascii_lowercase();
    if !INLINE.contains(&name.as_str()) {
        out.push(' ');
    }
    let opens = !tag.starts_with('/') && !tag.ends_with('/');
    if opens && UNREAD.contains(&name.as_str()) {
        return Some(after_end_of(&name, after));
    }
    Some(after)
}

/// What follows the end tag of an element; nothing if it never ends.
fn after_end_of<'a>(name: &str, text: &'a str) -> &'a str {
    let end = text.match_indices("</").find(|(at, _)| {
        let found = text.get(at + 2..at + 2 + name.len());
        found.is_some_and(|found| found.eq_ignore_ascii_case(name))
    });
    match end {
        Some((at, _)) => text[at..].split_once('>').map_or("", |(_, after)| after),
        None => "",
    }
}

/// Adds a text with its character names resolved; a name that is not known stays as it is.
pub(crate) fn unescape(text: &str, out: &mut String) {
    // The longest of HTML's names has 31 letters.
    const NAME_LEN_MAX: usize = 32;
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let name = bounds::prefix(&rest[1..], NAME_LEN_MAX)
            .split_once(';')
            .map(|(name, _)| name);
        match name.and_then(|name| Some((name, character(name)?))) {
            Some((name, character)) => {
                out.push_str(&character);
                rest = &rest[name.len() + 2..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
}

fn character(name: &str) -> Option<String> {
    let Some(number) = name.strip_prefix('#') else {
        return quick_xml::escape::resolve_html5_entity(name).map(str::to_string);
    };
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => number.parse().ok()?,
    };
    char::from_u32(code).map(String::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(html: &str, expected: &str) {
        assert_eq!(plain(html, 100).unwrap_or_default(), expected);
    }

    #[test]
    fn html_becomes_text() {
        check(
            "<p>One <b>t</b>wo</p><p>three&nbsp;&amp;&#x20;four</p>",
            "One two three & four",
        );
        check("a < b and c > d", "a < b and c > d");
        check("x<script>alert('</b>')</SCRIPT >y", "x y");
        check("x<style>p{}", "x");
        check("a<!-- b --> c<br/>d &unknown; R&D", "a c d &unknown; R&D");
        check("&lt;b&gt; stays text", "<b> stays text");
        check("<img src=x onerror=alert(1)>", "");
        check("&#0;&#xd800;&#99999999999;", "&#xd800;&#99999999999;");
    }

    proptest! {
        #[test]
        fn any_html_is_bounded(html in "(<[a-z/!-]*|>|&#?[a-z0-9]*;?|script|é|\\PC){0,40}") {
            let text = plain(&html, 20).unwrap_or_default();
            prop_assert!(text.chars().count() <= 20);
        }
    }
}
