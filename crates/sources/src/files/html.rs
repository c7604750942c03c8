//! Just enough of HTML to find data that stands in a page: elements with their attributes.

/// An attribute's name in lower case and its value as it stands, between quotes or bare.
pub(super) type Attribute<'a> = (String, &'a str);

/// The attributes of each element of a page, in order. Comments, scripts and style sheets are passed over.
pub(super) fn elements(html: &str) -> impl Iterator<Item = Vec<Attribute<'_>>> {
    let mut rest = html;
    std::iter::from_fn(move || {
        loop {
            let start = rest.find('<')?;
            rest = &rest[start + 1..];
            if let Some(comment) = rest.strip_prefix("!--") {
                rest = after(comment, "-->");
                continue;
            }
            let name_len = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
            if name_len == 0 {
                continue;
            }
            let name = rest[..name_len].to_ascii_lowercase();
            rest = &rest[name_len..];
            let attributes = attributes(&mut rest);
            if matches!(name.as_str(), "script" | "style") {
                rest = after(rest, "</");
            }
            return Some(attributes);
        }
    })
}

/// Reads attributes up to the end of the tag.
fn attributes<'a>(rest: &mut &'a str) -> Vec<Attribute<'a>> {
    let mut attributes = Vec::new();
    loop {
        *rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        let is_end = |c: char| c.is_whitespace() || matches!(c, '=' | '>' | '/');
        let name_len = rest.find(is_end).unwrap_or(rest.len());
        let name = rest[..name_len].to_ascii_lowercase();
        *rest = rest[name_len..].trim_start();
        let value = match rest.strip_prefix('=') {
            Some(after_sign) => {
                *rest = after_sign.trim_start();
                value(rest)
            }
            None => "",
        };
        if !name.is_empty() {
            attributes.push((name, value));
        }
        if rest.is_empty() {
            return attributes;
        }
        if let Some(after_tag) = rest.strip_prefix('>') {
            *rest = after_tag;
            return attributes;
        }
    }
}

fn value<'a>(rest: &mut &'a str) -> &'a str {
    for quote in ['"', '\''] {
        if let Some(quoted) = rest.strip_prefix(quote) {
            let (value, after) = quoted.split_once(quote).unwrap_or((quoted, ""));
            *rest = after;
            return value;
        }
    }
    let len = rest
        .find(|c: char| c.is_whitespace() || c == '>')
        .unwrap_or(rest.len());
    let (value, after) = rest.split_at(len);
    *rest = after;
    value
}

/// What follows the first occurrence; nothing if there is none.
fn after<'a>(text: &'a str, mark: &str) -> &'a str {
    text.split_once(mark).map_or("", |(_, after)| after)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(html: &str, expected: &[(&str, &str)]) {
        let got: Vec<_> = elements(html).flatten().collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(name, value)| (name.to_string(), *value))
            .collect();
        assert_eq!(got, expected);
    }

    #[test]
    fn attributes_are_read_however_they_are_quoted() {
        check(
            r#"<p><div class="a > b" DATA-X='"' y = z/><br/>"#,
            &[("class", "a > b"), ("data-x", "\""), ("y", "z/")],
        );
        check(
            r#"<!-- <a b="c"> --><script>if (a<b && "x") {}</script><i j>"#,
            &[("j", "")],
        );
        check(r#"1 < 2 <a b="never closed"#, &[("b", "never closed")]);
    }

    proptest! {
        #[test]
        fn any_text_is_safe(html in "([a-c<>/=\"'&;#x! -]|<!--|-->|script|\\PC){0,60}") {
            let _ = elements(&html).count();
        }
    }
}
