//! Comments' Markdown as HTML: paragraphs, emphasis, lists, quotes, code, links and maths; nothing else.
//!
//! Strangers write it, so it passes two locks. The first writes every element itself, from the parser's events, and
//! every text escaped: raw HTML is text, pictures are their description, links lead to the web alone and show the host
//! that they lead to. The second is an allow-list over the result. Maths is put in last: [`latex`] has its own gate.

use std::collections::HashMap;
use std::sync::LazyLock;

use ammonia::Builder;
use domain::text::is_invisible;
use pulldown_cmark::{CodeBlockKind, Event, LinkType, Options, Parser, Tag, TagEnd};

use crate::account::next_path;
use crate::latex;
use crate::view::{Html, cut, escape};

/// Longest source that is rendered, in bytes: 10,000 characters of up to four. What is longer is shown as it is, cut.
const SOURCE_LEN_MAX: usize = 40_000;

/// Deepest nesting of quotes, lists and emphasis; what lies deeper is shown at this depth.
const DEPTH_MAX: usize = 12;

/// Longest HTML of one comment, in bytes: what is longer is shown as its source.
const HTML_LEN_MAX: usize = 400_000;

/// These stand around the number of a formula until the second lock is passed; sources cannot hold them.
const FORMULA: (char, char) = ('\u{e000}', '\u{e001}');

/// The elements that a comment may have, beside those of formulas.
pub const ELEMENTS: [&str; 14] = [
    "a",
    "blockquote",
    "br",
    "code",
    "del",
    "em",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "span",
    "strong",
    "ul",
];

static ALLOWED: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut allowed = Builder::empty();
    allowed
        .tags(ELEMENTS.into_iter().collect())
        .tag_attributes(HashMap::from([
            ("a", ["href"].into_iter().collect()),
            ("ol", ["start"].into_iter().collect()),
        ]))
        .allowed_classes(HashMap::from([("span", ["host"].into_iter().collect())]))
        .url_schemes(["http", "https"].into_iter().collect())
        .url_relative(ammonia::UrlRelative::PassThrough)
        .link_rel(Some("nofollow ugc noopener"));
    allowed
});

/// A comment as HTML, safe to write into element content.
pub fn html(source: &str) -> Html {
    let source = visible(source);
    if source.len() > SOURCE_LEN_MAX {
        return as_written(&source);
    }
    let options = Options::ENABLE_MATH | Options::ENABLE_STRIKETHROUGH;
    let mut writer = Writer::default();
    for event in Parser::new_ext(&source, options) {
        writer.event(event);
        if writer.out.len() > HTML_LEN_MAX {
            return as_written(&source);
        }
    }
    let clean = ALLOWED.clean(&writer.finish()).to_string();
    Html(with_formulas(&clean, &writer.formulas))
}

/// The source without what cannot be seen: characters of no width or that turn the direction of what follows, control
/// characters, and those that this module uses itself.
fn visible(source: &str) -> String {
    let kept = |c: &char| match c {
        '\n' | '\t' => true,
        '\u{061c}' | '\u{180e}' | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' => false,
        '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}' => false,
        c => !c.is_control() && !is_invisible(*c) && *c != FORMULA.0 && *c != FORMULA.1,
    };
    let plain = source.replace(['\u{2028}', '\u{2029}'], "\n");
    plain.replace("\r\n", "\n").chars().filter(kept).collect()
}

fn as_written(source: &str) -> Html {
    let text = escape(&cut(source, SOURCE_LEN_MAX));
    Html(format!("<pre>{text}</pre>"))
}

fn with_formulas(clean: &str, formulas: &[String]) -> String {
    let mut out = String::with_capacity(clean.len());
    let mut rest = clean;
    while let Some((before, after)) = rest.split_once(FORMULA.0) {
        out.push_str(before);
        let (number, after) = after.split_once(FORMULA.1).unwrap_or_default();
        let formula = number.parse().ok().and_then(|n: usize| formulas.get(n));
        out.push_str(formula.map_or("", String::as_str));
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Writes events as HTML.
#[derive(Debug, Default)]
struct Writer {
    out: String,
    formulas: Vec<String>,
    /// What is open, as how it is closed; nothing for what is not shown as an element.
    open: Vec<String>,
    /// How many of them are elements.
    depth: usize,
}

impl Writer {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(&tag),
            Event::End(end) => self.end(end),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => {
                self.out.push_str(&escape(&text));
            }
            Event::Code(text) => self
                .out
                .push_str(&format!("<code>{}</code>", escape(&text))),
            Event::InlineMath(formula) => self.formula(&format!("${formula}$")),
            Event::DisplayMath(formula) => self.formula(&format!("$${formula}$$")),
            Event::SoftBreak => self.out.push('\n'),
            Event::HardBreak => self.out.push_str("<br>"),
            Event::Rule => self.out.push_str("<hr>"),
            Event::FootnoteReference(text) => self.out.push_str(&escape(&text)),
            Event::TaskListMarker(_) => {}
        }
    }

    fn formula(&mut self, source: &str) {
        let number = self.formulas.len();
        self.formulas.push(latex::html(source).0);
        self.out.push(FORMULA.0);
        self.out.push_str(&number.to_string());
        self.out.push(FORMULA.1);
    }

    fn start(&mut self, tag: &Tag<'_>) {
        let (begin, end) = match tag {
            Tag::Paragraph | Tag::HtmlBlock => ("<p>".to_string(), "</p>".to_string()),
            // A comment has no headings: those are the page's.
            Tag::Heading { .. } => ("<p><strong>".to_string(), "</strong></p>".to_string()),
            Tag::BlockQuote(_) => both("blockquote"),
            Tag::List(None) => both("ul"),
            Tag::List(Some(first)) => (format!("<ol start=\"{first}\">"), "</ol>".to_string()),
            Tag::Item => both("li"),
            Tag::Emphasis => both("em"),
            Tag::Strong => both("strong"),
            Tag::Strikethrough => both("del"),
            Tag::CodeBlock(CodeBlockKind::Indented | CodeBlockKind::Fenced(_)) => {
                ("<pre><code>".to_string(), "</code></pre>".to_string())
            }
            Tag::Link {
                link_type,
                dest_url,
                ..
            } => link(*link_type, dest_url),
            _ => (String::new(), String::new()),
        };
        let shown = !begin.is_empty() && self.depth < DEPTH_MAX;
        self.open.push(if shown { end } else { String::new() });
        if shown {
            self.depth += 1;
            self.out.push_str(&begin);
        }
    }

    fn end(&mut self, _: TagEnd) {
        match self.open.pop() {
            Some(end) if !end.is_empty() => {
                self.depth -= 1;
                self.out.push_str(&end);
            }
            // Words of what lies too deep must not run together.
            _ => self.out.push(' '),
        }
    }

    fn finish(&mut self) -> String {
        while let Some(end) = self.open.pop() {
            self.out.push_str(&end);
        }
        std::mem::take(&mut self.out)
    }
}

fn both(name: &str) -> (String, String) {
    (format!("<{name}>"), format!("</{name}>"))
}

/// A link to the web, with its host where the words do not show it; or to a page of this site. Anything else is text.
fn link(kind: LinkType, target: &str) -> (String, String) {
    let begin = |href: &str| format!("<a href=\"{}\">", escape(href));
    if target.len() > 1 && next_path(target) == target {
        return (begin(target), "</a>".to_string());
    }
    let Ok(url) = url::Url::parse(target) else {
        return Default::default();
    };
    let Some(host) = url
        .host_str()
        .filter(|_| matches!(url.scheme(), "http" | "https"))
    else {
        return Default::default();
    };
    // What stands before an `@` would be taken for the host.
    if !url.username().is_empty() || url.password().is_some() {
        return Default::default();
    }
    let end = match kind {
        LinkType::Autolink => "</a>".to_string(),
        _ => format!("</a> <span class=\"host\">({})</span>", escape(host)),
    };
    (begin(url.as_str()), end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(source: &str, expected: &str) {
        assert_eq!(html(source).0, expected);
    }

    #[test]
    fn what_people_write() {
        check(
            "Fine *work*, **really**.",
            "<p>Fine <em>work</em>, <strong>really</strong>.</p>",
        );
        check(
            "> said\n\nanswer",
            "<blockquote><p>said</p></blockquote><p>answer</p>",
        );
        check("- a\n- b", "<ul><li>a</li><li>b</li></ul>");
        check("3. a", "<ol start=\"3\"><li>a</li></ol>");
        check("`x < y`", "<p><code>x &lt; y</code></p>");
        check("# Big", "<p><strong>Big</strong></p>");
        check("~~no~~ a  \nb", "<p><del>no</del> a<br>b</p>");
        check("```rust\n<b>\n```", "<pre><code>&lt;b&gt;\n</code></pre>");
        assert!(html("so $x^2$ is").0.contains("<math"));
        assert!(html("$$\\sum_i x_i$$").0.contains("display=\"block\""));
    }

    #[test]
    fn links_show_where_they_lead() {
        check(
            "[here](https://example.org/a?b=1&c)",
            "<p><a href=\"https://example.org/a?b=1&amp;c\" rel=\"nofollow ugc noopener\">here</a> \
             <span class=\"host\">(example.org)</span></p>",
        );
        check(
            "<https://example.org/>",
            "<p><a href=\"https://example.org/\" rel=\"nofollow ugc noopener\">https://example.org/</a></p>",
        );
        check(
            "[p](/papers/2305.19435)",
            "<p><a href=\"/papers/2305.19435\" rel=\"nofollow ugc noopener\">p</a></p>",
        );
        assert!(html("[a](https://exаmple.org)").0.contains("(xn--"));
    }

    #[test]
    fn nothing_hostile_comes_through() {
        for source in [
            "[x](javascript:alert(1))",
            "[x](JaVaScRiPt:alert(1))",
            "[x](data:text/html;base64,PHNjcmlwdD4=)",
            "[x](//evil.example.org)",
            "[x](/\\evil.example.org)",
            "[x](vbscript:x)",
            "[x](&#106;avascript:alert(1))",
            "[x](https://example.org@evil.example.net/)",
            "<javascript:alert(1)>",
        ] {
            let got = html(source).0;
            assert!(!got.contains("href"), "{source}: {got}");
        }
        for source in [
            "<script>alert(1)</script>",
            "a <img src=x onerror=alert(1)> b",
            "<svg/onload=alert(1)>",
            "<!-- --><style>*{display:none}</style>",
            "&lt;script&gt;alert(1)&lt;/script&gt;",
            "<iframe srcdoc='<script>x</script>'>",
            "</div></article><form action=/sign-out method=post>",
            "`<b>` $<script>$ $$\\text{<script>alert(1)</script>}$$",
        ] {
            let got = html(source).0;
            assert_allowed(&got, source);
        }
        let picture = html("![tracked](https://evil.example.org/x.png)").0;
        assert_eq!(picture, "<p>tracked </p>");
    }

    #[test]
    fn what_cannot_be_seen_is_gone() {
        check(
            "a\u{202e}b\u{200b}c\u{2066}d\u{feff}\u{00ad}",
            "<p>abcd</p>",
        );
        check("e\u{e0041}f\u{061c}\u{3164}\u{e000}0\u{e001}", "<p>ef0</p>");
        check("a\u{7}\u{0}b\u{2028}c", "<p>ab\nc</p>");
    }

    #[test]
    fn deep_and_long_sources_stay_bounded() {
        for source in [
            ">".repeat(1_000) + " deep",
            "> ".repeat(10_000) + "deep",
            "- ".repeat(5_000),
            "*a ".repeat(3_000),
            "[".repeat(10_000),
            "**_".repeat(3_000) + "x" + &"_**".repeat(3_000),
            "$x$ ".repeat(2_500),
            "`".repeat(10_000),
            "[a]: https://example.org/".to_string()
                + &"x".repeat(2_000)
                + "\n\n"
                + &"[a]".repeat(2_500),
            "\\(".repeat(5_000),
            "a".repeat(1 << 20),
        ] {
            let got = html(&source).0;
            assert!(got.len() < 3_000_000, "{}", got.len());
            let depth = got.matches("<blockquote>").count();
            assert!(depth <= DEPTH_MAX, "{depth}");
            assert_allowed(&got, &source[..20]);
        }
    }

    /// Every element is of the list or of a formula, and no attribute runs code.
    #[track_caller]
    fn assert_allowed(html: &str, source: &str) {
        for piece in html.split('<').skip(1) {
            let name = piece.trim_start_matches('/');
            let end = name.find(|c: char| !c.is_ascii_alphanumeric());
            let name = &name[..end.unwrap_or(name.len())];
            let formula = name == "math"
                || name.starts_with('m') && name != "marquee" && name != "meta" && name != "map";
            assert!(
                ELEMENTS.contains(&name) || formula,
                "<{name}> of {source:?}: {html}"
            );
            let tag = piece
                .split('>')
                .next()
                .unwrap_or_default()
                .to_ascii_lowercase();
            assert!(
                !tag.contains(" on") && !tag.contains("style="),
                "{tag} of {source:?}"
            );
            assert!(
                !tag.contains("javascript:") && !tag.contains("data:"),
                "{tag} of {source:?}"
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn only_allowed_elements(source in "[<>\"'=&#;:/()\\[\\]!*_`~$\\\\{}\\-+. \\n\\ta-fhijlnoprstvx0-9\u{202e}\u{e000}]{0,120}") {
            assert_allowed(&html(&source).0, &source);
        }

        #[test]
        fn only_allowed_elements_of_real_pieces(pieces in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..25)) {
            let source = pieces.concat();
            assert_allowed(&html(&source).0, &source);
        }
    }

    const PIECES: &[&str] = &[
        "<script>",
        "</script>",
        "<img src=x onerror=y>",
        "<a href=\"javascript:x\">",
        "[x](",
        ")",
        "javascript:",
        "https://a.b/",
        "\n",
        "\n\n",
        "> ",
        "- ",
        "1. ",
        "```",
        "`",
        "**",
        "_",
        "~~",
        "$",
        "$$",
        "\\(",
        "x^2",
        "&lt;",
        "&#x3c;",
        "&#106;",
        "![",
        "]",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<?",
        "\u{202e}",
        "\u{200b}",
        "\\",
        "<svg ",
        "onload=x>",
        "style=",
        "\"",
        "'",
        "[x]: ",
        "data:text/html,",
        " ",
        "a",
        "</p>",
        "<p ",
        "<math>",
        "\\text{",
        "}",
        "\\href{javascript:x}{y}",
    ];
}
