//! XML as strangers send it: cut into its entries first, so that one broken entry costs no other; then each entry as
//! a small tree with bounds.
//!
//! No entity is ever expanded beyond one character, so a document never grows while it is read.

use std::borrow::Cow;

use domain::text::one_line;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// Deepest nesting that is read.
const DEPTH_MAX: usize = 40;

/// Most elements of one tree. The longest author lists have some 3,000 names of three elements each.
const ELEMENTS_MAX: usize = 50_000;

/// The bytes of a document as text; what is not UTF-8 becomes the replacement character.
pub(crate) fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes))
}

/// A document cut into entries and what surrounds them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Pieces<'a> {
    /// Everything outside the entries.
    pub(crate) frame: String,
    /// In the order found.
    pub(crate) entries: Vec<Piece<'a>>,
    /// Whether the bound on entries was reached.
    pub(crate) cut: bool,
}

/// One entry's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// From its opening tag to its closing tag.
    Whole(&'a str),
    /// Without its closing tag: another entry began, or the document broke off.
    Torn(&'a str),
}

/// Cuts a document at the elements of a name, which do not nest. At most `entries_max` entries are cut out.
pub(crate) fn pieces<'a>(text: &'a str, name: &str, entries_max: usize) -> Pieces<'a> {
    let mut out = Pieces {
        frame: String::new(),
        entries: Vec::new(),
        cut: false,
    };
    let mut scanner = Scanner::new(text, name);
    let mut open: Option<usize> = None;
    let mut frame_from = 0;
    while let Some(mark) = scanner.next_mark() {
        match mark {
            Mark::Open(at) => {
                match open {
                    Some(from) => out.entries.push(Piece::Torn(&text[from..at])),
                    None => out.frame.push_str(&text[frame_from..at]),
                }
                if out.entries.len() >= entries_max {
                    out.cut = true;
                    return out;
                }
                open = Some(at);
                frame_from = at;
            }
            Mark::Close(end) => {
                if let Some(from) = open.take() {
                    out.entries.push(Piece::Whole(&text[from..end]));
                    frame_from = end;
                }
            }
        }
    }
    match open {
        Some(from) => out.entries.push(Piece::Torn(&text[from..])),
        None => out.frame.push_str(&text[frame_from..]),
    }
    out
}

/// A tag of the name looked for.
enum Mark {
    /// Where an opening tag begins.
    Open(usize),
    /// Where a closing tag, or an opening tag that closes itself, ends.
    Close(usize),
}

struct Scanner<'a> {
    text: &'a str,
    open: String,
    close: String,
    at: usize,
    /// An opening tag at this place closes itself there.
    closing: Option<usize>,
    /// Once a comment or CDATA section was found unclosed, no later one can close either: looking again and again
    /// would cost the square of the length.
    comments: bool,
    cdata: bool,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str, name: &str) -> Self {
        Scanner {
            text,
            open: format!("<{name}"),
            close: format!("</{name}"),
            at: 0,
            closing: None,
            comments: true,
            cdata: true,
        }
    }

    fn next_mark(&mut self) -> Option<Mark> {
        if let Some(end) = self.closing.take() {
            return Some(Mark::Close(end));
        }
        loop {
            let start = self.at + self.text[self.at..].find('<')?;
            let rest = &self.text[start..];
            self.at = start + 1;
            if self.comments && rest.starts_with("<!--") {
                match rest.find("-->") {
                    Some(end) => self.at = start + end,
                    None => self.comments = false,
                }
            } else if self.cdata && rest.starts_with("<![CDATA[") {
                match rest.find("]]>") {
                    Some(end) => self.at = start + end,
                    None => self.cdata = false,
                }
            } else if let Some(after) = named(rest, &self.close) {
                let end = after.find('>')? + rest.len() - after.len() + 1;
                self.at = start + end;
                return Some(Mark::Close(self.at));
            } else if let Some(after) = named(rest, &self.open) {
                if let Some(end) = after.find(['>', '<'])
                    && after[..=end].ends_with('>')
                    && after[..end].ends_with('/')
                {
                    self.at = start + rest.len() - after.len() + end + 1;
                    self.closing = Some(self.at);
                }
                return Some(Mark::Open(start));
            }
        }
    }
}

/// What follows a tag's name, if the text begins with it and the name ends there.
fn named<'a>(text: &'a str, tag: &str) -> Option<&'a str> {
    let after = text.strip_prefix(tag)?;
    let ends = after.starts_with(|c: char| c.is_ascii_whitespace() || matches!(c, '>' | '/'));
    ends.then_some(after)
}

/// An element with what is in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Element {
    /// Without its prefix.
    pub(crate) name: String,
    attributes: Vec<(String, String)>,
    nodes: Vec<Node>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    Text(String),
    Element(Element),
}

/// Why a tree is not whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum XmlError {
    /// Not well-formed.
    #[error("not well-formed XML: {0}")]
    Malformed(String),
    /// It ends in the middle.
    #[error("the XML breaks off inside `{0}`")]
    BreaksOff(String),
    /// Over a bound.
    #[error("the XML is nested deeper than {DEPTH_MAX} or holds more than {ELEMENTS_MAX} elements")]
    TooMuch,
    /// There is no element at all.
    #[error("there is no XML element")]
    Nothing,
}

/// Reads a text's first element. With an error comes what was whole before it.
pub(crate) fn parse(text: &str) -> (Element, Option<XmlError>) {
    let mut reader = Reader::from_str(text);
    reader.config_mut().allow_dangling_amp = true;
    let mut tree = Tree::default();
    let error = loop {
        match reader.read_event() {
            Ok(Event::Eof) => break tree.unfinished(),
            Ok(event) => match tree.take(&event) {
                Ok(false) => {}
                Ok(true) => break None,
                Err(e) => break Some(e),
            },
            Err(e) => break Some(XmlError::Malformed(e.to_string())),
        }
    };
    (tree.closed(), error)
}

/// Reads a text's first element, or says why it cannot be read whole.
pub(crate) fn parse_whole(text: &str) -> Result<Element, XmlError> {
    match parse(text) {
        (element, None) => Ok(element),
        (_, Some(error)) => Err(error),
    }
}

/// The elements that are still open, outermost first.
#[derive(Default)]
struct Tree {
    open: Vec<Element>,
    root: Option<Element>,
    count: usize,
}

impl Tree {
    /// Takes an event in. Returns whether the root is closed.
    fn take(&mut self, event: &Event<'_>) -> Result<bool, XmlError> {
        match event {
            Event::Start(tag) => {
                self.admit()?;
                self.open.push(element(tag));
            }
            Event::Empty(tag) => {
                self.admit()?;
                return Ok(self.put(element(tag)));
            }
            Event::End(_) => {
                if let Some(done) = self.open.pop() {
                    return Ok(self.put(done));
                }
            }
            Event::Text(text) => self.text(&text.xml10_content()),
            Event::CData(text) => self.text(&text.xml10_content()),
            Event::GeneralRef(name) => {
                let resolved = match name.resolve_char_ref() {
                    Ok(Some(c)) => c.to_string(),
                    _ => match quick_xml::escape::resolve_html5_entity(name) {
                        Some(known) => known.to_string(),
                        None => format!("&{};", &**name),
                    },
                };
                self.text(&resolved);
            }
            _ => {}
        }
        Ok(false)
    }

    fn admit(&mut self) -> Result<(), XmlError> {
        self.count += 1;
        if self.open.len() >= DEPTH_MAX || self.count > ELEMENTS_MAX {
            return Err(XmlError::TooMuch);
        }
        Ok(())
    }

    fn put(&mut self, done: Element) -> bool {
        match self.open.last_mut() {
            Some(parent) => {
                parent.nodes.push(Node::Element(done));
                false
            }
            None => {
                self.root = Some(done);
                true
            }
        }
    }

    fn text(&mut self, text: &str) {
        let Some(parent) = self.open.last_mut() else {
            return;
        };
        match parent.nodes.last_mut() {
            Some(Node::Text(before)) => before.push_str(text),
            _ => parent.nodes.push(Node::Text(text.to_string())),
        }
    }

    /// What the end of the input means here.
    fn unfinished(&self) -> Option<XmlError> {
        match self.open.last() {
            Some(inner) => Some(XmlError::BreaksOff(inner.name.clone())),
            None if self.root.is_none() => Some(XmlError::Nothing),
            None => None,
        }
    }

    /// The root, with whatever is open closed.
    fn closed(mut self) -> Element {
        while let Some(done) = self.open.pop() {
            self.put(done);
        }
        self.root.unwrap_or_default()
    }
}

fn element(tag: &BytesStart<'_>) -> Element {
    let attributes = tag
        .attributes()
        .with_checks(false)
        .filter_map(Result::ok)
        .take(64)
        .map(|a| {
            let name = a.key.as_ref().to_string();
            let value = match quick_xml::escape::unescape(&a.value) {
                Ok(value) => value.into_owned(),
                Err(_) => a.value.into_owned(),
            };
            (name, value)
        })
        .collect();
    Element {
        name: tag.local_name().as_ref().to_string(),
        attributes,
        nodes: Vec::new(),
    }
}

impl Element {
    /// An attribute, by its name as written.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }

    /// The elements directly inside.
    pub(crate) fn elements(&self) -> impl Iterator<Item = &Element> {
        self.nodes.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// The elements of a name directly inside.
    pub(crate) fn children<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.elements().filter(move |e| e.name == name)
    }

    /// The first element of a name directly inside.
    pub(crate) fn child(&self, name: &str) -> Option<&Element> {
        self.elements().find(|e| e.name == name)
    }

    /// The first element of a name anywhere inside.
    pub(crate) fn descendant(&self, name: &str) -> Option<&Element> {
        self.elements().find_map(|e| {
            if e.name == name {
                Some(e)
            } else {
                e.descendant(name)
            }
        })
    }

    /// All text inside, deeper elements' included, as written.
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        self.text_into(&mut out);
        out
    }

    fn text_into(&self, out: &mut String) {
        for node in &self.nodes {
            match node {
                Node::Text(text) => out.push_str(text),
                Node::Element(element) => element.text_into(out),
            }
        }
    }

    /// The text inside on one line; nothing if there is none.
    pub(crate) fn line(&self) -> Option<String> {
        Some(one_line(&self.text())).filter(|text| !text.is_empty())
    }

    /// The first non-empty text of the elements of a name directly inside, on one line.
    pub(crate) fn line_of(&self, name: &str) -> Option<String> {
        self.children(name).find_map(Element::line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check_pieces(text: &str, expected: &[&str], frame: &str) {
        let pieces = pieces(text, "e", 10);
        let got: Vec<String> = pieces
            .entries
            .iter()
            .map(|piece| match piece {
                Piece::Whole(text) => format!("whole {text}"),
                Piece::Torn(text) => format!("torn {text}"),
            })
            .collect();
        assert_eq!(got, expected);
        assert_eq!(pieces.frame, frame);
    }

    #[test]
    fn entries_are_cut_apart() {
        check_pieces(
            "<f><e>1</e> <e a='x'>2</e ><e/><em>n</em></f>",
            &["whole <e>1</e>", "whole <e a='x'>2</e >", "whole <e/>"],
            "<f> <em>n</em></f>",
        );
        check_pieces(
            "<f><e>1<e>2</e><e>3",
            &["torn <e>1", "whole <e>2</e>", "torn <e>3"],
            "<f>",
        );
        check_pieces(
            "<f><e><![CDATA[</e>]]></e><!-- <e> --></f>",
            &["whole <e><![CDATA[</e>]]></e>"],
            "<f><!-- <e> --></f>",
        );
        check_pieces("no xml", &[], "no xml");
    }

    #[test]
    fn trees_hold_text_in_order() {
        let (e, error) =
            parse("<a x='1 &amp; 2'>one <b>two</b> &lt;three&#33; &nosuch; &eacute; R&D</a>");
        assert_eq!(error, None);
        assert_eq!(e.text(), "one two <three! &nosuch; é R&D");
        assert_eq!(e.attribute("x"), Some("1 & 2"));
    }

    #[test]
    fn what_is_whole_comes_with_the_error() {
        let (e, error) = parse("<a><b>1</b><c>2");
        assert_eq!(e.line_of("b").as_deref(), Some("1"));
        assert_eq!(error, Some(XmlError::BreaksOff("c".to_string())));
        assert!(matches!(
            parse("<a><b></a>").1,
            Some(XmlError::Malformed(_))
        ));
        assert_eq!(parse(&"<a>".repeat(100)).1, Some(XmlError::TooMuch));
        assert_eq!(parse("  ").1, Some(XmlError::Nothing));
    }

    #[test]
    fn entities_do_not_multiply() {
        let bomb = "<!DOCTYPE a [<!ENTITY b \"&c;&c;\"><!ENTITY c \"boom\">]><a>&b;&b;</a>";
        assert_eq!(parse(bomb).0.text(), "&b;&b;");
    }

    proptest! {
        #[test]
        fn any_text_is_cut_without_loss(text in "(<e>|</e>|<e/>|<!--|-->|<!\\[CDATA\\[|]]>|[a-zé<>/ ]){0,40}") {
            let pieces = pieces(&text, "e", 1000);
            let inside: usize = pieces.entries.iter().map(|p| match p {
                Piece::Whole(t) | Piece::Torn(t) => t.len(),
            }).sum();
            prop_assert_eq!(inside + pieces.frame.len(), text.len());
            parse(&text);
        }
    }
}
