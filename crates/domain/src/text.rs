//! The normal forms in which titles and names are compared.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Lower-case letters and digits of a text, accents and LaTeX marks dropped, words split by single spaces.
///
/// `"The Na\"ive $\\ell_1$-norm"` and `"the naive l 1 norm"`-like spellings come close enough for the same title
/// in two sources to be equal in nearly all cases.
pub fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut gap = false;
    for c in text.nfkd().filter(|c| !is_combining_mark(*c)) {
        if c.is_alphanumeric() {
            if gap && !out.is_empty() {
                out.push(' ');
            }
            gap = false;
            out.extend(c.to_lowercase());
        } else if !matches!(
            c,
            '\'' | '’' | '"' | '`' | '{' | '}' | '$' | '\\' | '^' | '~'
        ) {
            gap = true;
        }
    }
    out
}

/// A 64-bit fingerprint (FNV-1a) of the [`folded`] title without spaces; equal titles of two sources meet in it.
///
/// The function is part of the database's format: it never changes.
pub fn title_key(title: &str) -> u64 {
    folded(title)
        .bytes()
        .filter(|b| *b != b' ')
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        })
}

/// The key under which one author's papers are found: folded name, words joined by `-`.
///
/// `"José A. García"` and `"Jose A Garcia"` meet; people of the same name do too, and the page says so.
pub fn author_key(name: &str) -> String {
    folded(name).replace(' ', "-")
}

/// One line: runs of white space (arXiv's hard wraps among them) become single spaces, control and
/// direction-changing characters go.
pub fn one_line(text: &str) -> String {
    if text.is_ascii() {
        return one_line_of_ascii(text);
    }
    let mut out = String::with_capacity(text.len());
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
        let mut chars = word.chars().filter(|c| !is_invisible(*c)).peekable();
        if chars.peek().is_none() {
            continue;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out.extend(chars);
    }
    out
}

/// The text with letters and their combining marks joined into single characters where Unicode has them (NFC).
pub fn composed(text: &str) -> String {
    text.nfc().collect()
}

/// The same for most texts, several times faster: in ASCII every separator is one small byte and nothing is invisible.
fn one_line_of_ascii(text: &str) -> String {
    let is_printable = text.bytes().all(|b| (b' '..0x7f).contains(&b));
    if is_printable && text.trim_ascii() == text && !text.contains("  ") {
        return text.to_string();
    }
    let mut out = Vec::with_capacity(text.len());
    for word in text
        .as_bytes()
        .split(|b| *b <= b' ' || *b == 0x7f)
        .filter(|word| !word.is_empty())
    {
        if !out.is_empty() {
            out.push(b' ');
        }
        out.extend_from_slice(word);
    }
    String::from_utf8(out).expect("ASCII cut at ASCII bytes is ASCII")
}

/// Characters that change the direction or width of what follows without being seen.
pub fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{00ad}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_meet_across_sources() {
        let a = "NERV++: An Enhanced Implicit\n  Neural Video Representation";
        let b = "NeRV++: an enhanced implicit neural video representation";
        assert_eq!(title_key(a), title_key(b));
        assert_ne!(title_key("Survey of Mamba"), title_key("A Survey of Mamba"));
    }

    #[test]
    fn names_fold() {
        assert_eq!(author_key("José A. García"), "jose-a-garcia");
        assert_eq!(author_key("Na O'Neil"), "na-oneil");
    }

    proptest::proptest! {
        #[test]
        fn the_fast_way_is_the_slow_way(text in "[\\x00-\\x7f]{0,40}") {
            // An accent sends the same text through the other branch.
            let slow = one_line(&format!("{text} é"));
            let fast = format!("{} é", one_line(&text));
            proptest::prop_assert_eq!(slow, fast.trim_start());
        }
    }

    #[test]
    fn one_line_drops_what_cannot_be_seen() {
        assert_eq!(one_line("a\n  b\u{202e}c\u{0007} d"), "a bc d");
        assert_eq!(one_line("\u{200b} \u{200b}"), "");
    }
}
