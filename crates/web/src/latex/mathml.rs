//! A gate for markup that was made from strangers' formulas: only known MathML elements and attributes pass, tags
//! must balance, and inline styles, which the site's content policy forbids, are dropped.

/// Deepest nesting of elements; browsers grow slow beyond some hundreds.
const DEPTH_MAX: usize = 100;

/// Longest markup of one formula, in bytes.
const MARKUP_LEN_MAX: usize = 60_000;

const ELEMENTS: &[&str] = &[
    "math",
    "menclose",
    "merror",
    "mfrac",
    "mi",
    "mmultiscripts",
    "mn",
    "mo",
    "mover",
    "mpadded",
    "mphantom",
    "mroot",
    "mrow",
    "ms",
    "mspace",
    "msqrt",
    "mstyle",
    "msub",
    "msubsup",
    "msup",
    "mtable",
    "mtd",
    "mtext",
    "mtr",
    "munder",
    "munderover",
];

const ATTRIBUTES: &[&str] = &[
    "accent",
    "accentunder",
    "class",
    "columnalign",
    "depth",
    "display",
    "displaystyle",
    "fence",
    "form",
    "height",
    "largeop",
    "linethickness",
    "lspace",
    "mathvariant",
    "maxsize",
    "minsize",
    "movablelimits",
    "notation",
    "rspace",
    "scriptlevel",
    "separator",
    "stretchy",
    "symmetric",
    "voffset",
    "width",
];

/// The markup if all of it may pass. A `<` or `&` that begins nothing known is text and is escaped.
pub(super) fn sanitized(markup: &str) -> Option<String> {
    if markup.len() > MARKUP_LEN_MAX {
        return None;
    }
    let mut out = String::with_capacity(markup.len());
    let mut open: Vec<&str> = Vec::new();
    let mut rest = markup;
    while let Some(c) = rest.chars().next() {
        let tail = &rest[c.len_utf8()..];
        match c {
            '<' if tail.starts_with('/') => {
                let (name, after) = tail[1..].split_once('>')?;
                if open.pop() != Some(name) {
                    return None;
                }
                out.push_str("</");
                out.push_str(name);
                out.push('>');
                rest = after;
            }
            '<' if tail.starts_with(|c: char| c.is_ascii_alphabetic()) => {
                rest = element(tail, &mut out, &mut open)?;
            }
            '<' => {
                out.push_str("&lt;");
                rest = tail;
            }
            '&' => {
                out.push_str(if is_entity(tail) { "&" } else { "&amp;" });
                rest = tail;
            }
            '>' => {
                out.push_str("&gt;");
                rest = tail;
            }
            c => {
                out.push(c);
                rest = tail;
            }
        }
    }
    open.is_empty().then_some(out)
}

/// One start tag, from its name on; gives what follows it.
fn element<'a>(tag: &'a str, out: &mut String, open: &mut Vec<&'a str>) -> Option<&'a str> {
    let end = tag.find(|c: char| !c.is_ascii_alphabetic())?;
    let (name, mut rest) = tag.split_at(end);
    if !ELEMENTS.contains(&name) || open.len() >= DEPTH_MAX {
        return None;
    }
    out.push('<');
    out.push_str(name);
    loop {
        rest = rest.trim_start_matches(' ');
        if let Some(after) = rest.strip_prefix("/>") {
            out.push_str("/>");
            return Some(after);
        }
        if let Some(after) = rest.strip_prefix('>') {
            out.push('>');
            open.push(name);
            return Some(after);
        }
        let (attribute, after) = rest.split_once("=\"")?;
        let (value, after) = after.split_once('"')?;
        rest = after;
        if attribute == "style" {
            continue;
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | '-' | '%' | '_');
        if !ATTRIBUTES.contains(&attribute) || !value.chars().all(plain) {
            return None;
        }
        for part in [" ", attribute, "=\"", value, "\""] {
            out.push_str(part);
        }
    }
}

fn is_entity(tail: &str) -> bool {
    ["amp;", "lt;", "gt;", "quot;", "nbsp;", "#39;"]
        .iter()
        .any(|e| tail.starts_with(e))
}

/// Whether every start tag of a piece of HTML has its end tag, in order.
#[cfg(test)]
pub(super) fn balanced(html: &str) -> bool {
    let mut open = Vec::new();
    let mut rest = html;
    while let Some((_, tail)) = rest.split_once('<') {
        let Some((tag, after)) = tail.split_once('>') else {
            return false;
        };
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name) {
                return false;
            }
        } else if !tag.ends_with('/') {
            open.push(tag.split(' ').next().unwrap_or_default());
        }
    }
    open.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(markup: &str, expected: Option<&str>) {
        assert_eq!(sanitized(markup).as_deref(), expected);
    }

    #[test]
    fn only_mathml_passes() {
        check("<mi>x</mi>", Some("<mi>x</mi>"));
        check("<mo><</mo>", Some("<mo>&lt;</mo>"));
        check("<mo>&lt;</mo>", Some("<mo>&lt;</mo>"));
        check("<mi>a & b</mi>", Some("<mi>a &amp; b</mi>"));
        check(
            "<mi style=\"color: red\" class=\"a\">x</mi>",
            Some("<mi class=\"a\">x</mi>"),
        );
        check("<mspace width=\"1em\" />", Some("<mspace width=\"1em\"/>"));
        check("<script>x</script>", None);
        check("<mi onclick=\"x\">x</mi>", None);
        check("<mi><b>x</b></mi>", None);
        check("<mi>x", None);
        check("x</mi>", None);
        check("<mi>x</mo>", None);
        check("<mi class=\"<\">x</mi>", None);
    }
}
