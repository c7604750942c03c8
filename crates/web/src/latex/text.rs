//! Text-mode LaTeX as HTML or plain text: quotes, dashes, accents, and the commands that abstracts really use.

use super::accents;
use super::links::{Address, address_at};
use crate::view::escape;

/// Deepest nesting of groups that is followed; deeper braces are dropped.
const DEPTH_MAX: usize = 50;

/// Commands whose argument is set in another style: name, and the HTML element, or none.
const STYLES: &[(&str, Option<&str>)] = &[
    ("emph", Some("em")),
    ("textit", Some("em")),
    ("textsl", Some("em")),
    ("it", Some("em")),
    ("em", Some("em")),
    ("textbf", Some("strong")),
    ("bf", Some("strong")),
    ("texttt", Some("code")),
    ("tt", Some("code")),
    ("url", None),
    ("textsc", None),
    ("sc", None),
    ("textrm", None),
    ("rm", None),
    ("textsf", None),
    ("textnormal", None),
    ("text", None),
    ("mbox", None),
    ("underline", None),
    ("uppercase", None),
    ("textsuperscript", Some("sup")),
    ("textsubscript", Some("sub")),
];

/// Commands that stand for a character or a few.
const SYMBOLS: &[(&str, &str)] = &[
    ("ss", "ß"),
    ("o", "ø"),
    ("O", "Ø"),
    ("l", "ł"),
    ("L", "Ł"),
    ("ae", "æ"),
    ("AE", "Æ"),
    ("oe", "œ"),
    ("OE", "Œ"),
    ("aa", "å"),
    ("AA", "Å"),
    ("i", "ı"),
    ("j", "ȷ"),
    ("S", "§"),
    ("P", "¶"),
    ("dag", "†"),
    ("copyright", "©"),
    ("pounds", "£"),
    ("euro", "€"),
    ("ldots", "…"),
    ("dots", "…"),
    ("textellipsis", "…"),
    ("textendash", "–"),
    ("textemdash", "—"),
    ("textquoteleft", "‘"),
    ("textquoteright", "’"),
    ("textquotedblleft", "“"),
    ("textquotedblright", "”"),
    ("textbackslash", "\\"),
    ("textasciitilde", "~"),
    ("textunderscore", "_"),
    ("textregistered", "®"),
    ("texttrademark", "™"),
    ("textdegree", "°"),
    ("textmu", "µ"),
    ("textgreater", ">"),
    ("textless", "<"),
    ("slash", "/"),
    ("newline", " "),
    ("par", " "),
    ("noindent", ""),
    ("LaTeX", "LaTeX"),
    ("TeX", "TeX"),
    ("item", "• "),
    ("xspace", " "),
    ("eg", "e.g."),
    ("ie", "i.e."),
    ("etal", "et al."),
    ("etc", "etc."),
    ("vs", "vs."),
    ("aka", "a.k.a."),
    ("wrt", "w.r.t."),
];

/// Commands whose first argument is not for reading: colours, sizes, keys of references, addresses of links.
const DROPPING: &[&str] = &[
    "color",
    "textcolor",
    "label",
    "ref",
    "cite",
    "citep",
    "citet",
    "href",
    "vspace",
    "hspace",
];

/// Writes pieces of text one after another.
pub(super) struct Writer {
    out: String,
    html: bool,
    /// Web addresses become links.
    links: bool,
    /// What closes each open group, innermost last.
    open: Vec<&'static str>,
}

impl Writer {
    /// Writes HTML.
    pub(super) fn html() -> Self {
        Writer {
            out: String::new(),
            html: true,
            links: false,
            open: Vec::new(),
        }
    }

    /// Writes HTML in which web addresses are links.
    pub(super) fn linked() -> Self {
        Writer {
            links: true,
            ..Self::html()
        }
    }

    /// Writes plain text.
    pub(super) fn plain() -> Self {
        Writer {
            html: false,
            ..Self::html()
        }
    }

    /// Writes markup that is known to be safe.
    pub(super) fn markup(&mut self, html: &str) {
        self.out.push_str(html);
    }

    /// Writes a formula's source as it is, set off as such in HTML.
    pub(super) fn verbatim(&mut self, source: &str) {
        if self.html {
            self.out.push_str("<code class=\"tex\">");
            self.out.push_str(&escape(source));
            self.out.push_str("</code>");
        } else {
            self.out.push_str(source);
        }
    }

    /// Closes what is still open and gives what was written.
    pub(super) fn finish(mut self) -> String {
        while let Some(close) = self.open.pop() {
            self.out.push_str(close);
        }
        self.out
    }

    /// Writes words with their text-mode commands.
    pub(super) fn text(&mut self, text: &str) {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if c == 'h'
                && self.links
                && let Some(address) = address_at(rest)
            {
                self.link(&address);
                rest = address.rest;
                continue;
            }
            rest = &rest[c.len_utf8()..];
            rest = match c {
                '\\' => self.command(rest),
                '{' => self.begin(rest, None).unwrap_or(rest),
                '}' => {
                    if let Some(close) = self.open.pop() {
                        self.out.push_str(close);
                    }
                    rest
                }
                '~' => self.tie(rest),
                '`' | '\'' => self.quote(c, rest),
                '-' => self.dash(rest),
                c => {
                    self.char(c);
                    rest
                }
            };
        }
    }

    fn link(&mut self, address: &Address<'_>) {
        let (href, shown) = (escape(&address.href), escape(&address.shown));
        let link = format!("<a href=\"{href}\" rel=\"nofollow ugc\">{shown}</a>");
        self.out.push_str(&link);
    }

    fn char(&mut self, c: char) {
        match c {
            '&' if self.html => self.out.push_str("&amp;"),
            '<' if self.html => self.out.push_str("&lt;"),
            '>' if self.html => self.out.push_str("&gt;"),
            '"' if self.html => self.out.push_str("&quot;"),
            '\'' if self.html => self.out.push_str("&#39;"),
            c => self.out.push(c),
        }
    }

    fn chars(&mut self, text: &str) {
        for c in text.chars() {
            self.char(c);
        }
    }

    /// Opens a group in a style. `None` when groups are nested too deeply already.
    fn begin<'a>(&mut self, rest: &'a str, element: Option<&'static str>) -> Option<&'a str> {
        if self.open.len() >= DEPTH_MAX {
            return None;
        }
        let (open, close) = match element.filter(|_| self.html) {
            Some("em") => ("<em>", "</em>"),
            Some("strong") => ("<strong>", "</strong>"),
            Some("code") => ("<code>", "</code>"),
            Some("sup") => ("<sup>", "</sup>"),
            Some("sub") => ("<sub>", "</sub>"),
            _ => ("", ""),
        };
        self.out.push_str(open);
        self.open.push(close);
        Some(rest)
    }

    /// After a backslash.
    fn command<'a>(&mut self, rest: &'a str) -> &'a str {
        let Some(first) = rest.chars().next() else {
            self.char('\\');
            return rest;
        };
        if let Some((letter, after)) = accents::accented(rest) {
            self.chars(&letter);
            return after;
        }
        let after_first = &rest[first.len_utf8()..];
        if !first.is_ascii_alphabetic() {
            match first {
                '%' | '&' | '_' | '#' | '$' | '{' | '}' => self.char(first),
                '\\' | ' ' | ',' | ';' | ':' => self.char(' '),
                '-' | '/' | '!' | '@' => {}
                other => {
                    self.char('\\');
                    self.char(other);
                }
            }
            return after_first;
        }
        let end = rest
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        self.named(name, after)
    }

    fn named<'a>(&mut self, name: &str, after: &'a str) -> &'a str {
        if let Some((_, element)) = STYLES.iter().find(|(n, _)| *n == name) {
            return match after.trim_start().strip_prefix('{') {
                Some(inside) => self.begin(inside, *element).unwrap_or(inside),
                // `{\em words}`: the style lasts until the group ends; dropping it loses no words.
                None => after.trim_start(),
            };
        }
        if let Some((_, text)) = SYMBOLS.iter().find(|(n, _)| *n == name) {
            self.chars(text);
            return after
                .strip_prefix("{}")
                .unwrap_or(after.trim_start_matches(' '));
        }
        if DROPPING.contains(&name)
            && let Some((_, after)) = after
                .trim_start()
                .strip_prefix('{')
                .and_then(|inside| inside.split_once('}'))
        {
            return after;
        }
        self.char('\\');
        self.chars(name);
        after
    }

    /// `~` is a space that does not break, except in addresses (`/~name`).
    fn tie<'a>(&mut self, rest: &'a str) -> &'a str {
        let in_address = self.out.ends_with('/') || self.out.is_empty() || self.out.ends_with(' ');
        self.out.push(if in_address { '~' } else { '\u{a0}' });
        rest
    }

    /// Two in a row are double quotes; a single backquote opens, a single quote is left as it is.
    fn quote<'a>(&mut self, c: char, rest: &'a str) -> &'a str {
        if let Some(after) = rest.strip_prefix(c) {
            self.out.push(if c == '`' { '“' } else { '”' });
            return after;
        }
        self.char(if c == '`' { '‘' } else { c });
        rest
    }

    /// Two are an en dash, three an em dash; an option's name (` --help`) keeps its hyphens.
    fn dash<'a>(&mut self, rest: &'a str) -> &'a str {
        if let Some(after) = rest.strip_prefix("--") {
            self.out.push('—');
            return after;
        }
        if let Some(after) = rest.strip_prefix('-') {
            let option = (self.out.is_empty() || self.out.ends_with([' ', '(']))
                && after.starts_with(|c: char| c.is_ascii_alphabetic());
            self.out.push_str(if option { "--" } else { "–" });
            return after;
        }
        self.out.push('-');
        rest
    }
}
