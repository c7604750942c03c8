//! Text to words: lower case, without accents, punctuation and LaTeX mark-up.
//!
//! What is left is what BERT's "uncased" tokenizer leaves, without its punctuation, plus what abstracts need:
//! - `Poincar\'e`, `Schr\"{o}dinger` and `Erd\H{o}s` are the words they print as,
//! - `\alpha` is the word "alpha"; other commands (`\mathcal`, `\textbf`) are mark-up and vanish,
//! - `L_2`, `$CO_{2}$` and `H^1` are the words "l2", "co2" and "h1".

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Of a longer text only this many bytes are read, about ten pages: nobody's abstract or query is longer.
pub const MAX_BYTES: usize = 1 << 15;

/// Commands that print as a word. All others are mark-up.
const SPOKEN: [&str; 34] = [
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa",
    "lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi",
    "omega", "log", "exp", "sin", "cos", "tan", "det", "ker", "dim", "max", "min", "sum",
];
/// Commands that put an accent on the letter in the braces after them.
const ACCENTS: &[u8] = b"cvHukrbdt";
/// Commands that are letters themselves.
const LETTERS: [(&str, &str); 9] = [
    ("o", "o"),
    ("O", "o"),
    ("l", "l"),
    ("L", "l"),
    ("ss", "ss"),
    ("ae", "ae"),
    ("aa", "a"),
    ("i", "i"),
    ("j", "j"),
];

/// A word as the vocabulary spells it, and where it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word<'a> {
    /// Lower case letters and digits, or one ideograph; never empty.
    pub text: &'a str,
    /// Its bytes in the text, accents and all.
    pub range: Range<usize>,
    /// Whether only spaces or hyphens stand between it and the word before, so that both may make a phrase.
    pub joined: bool,
}

/// Calls `each` with every word in the first [`MAX_BYTES`] bytes of `text`.
pub fn for_each(text: &str, each: impl FnMut(Word<'_>)) {
    let text = &text[..text.floor_char_boundary(MAX_BYTES)];
    let mut splitter = Splitter {
        text,
        word: String::with_capacity(32),
        start: 0,
        joined: false,
        each,
    };
    splitter.run();
}

struct Splitter<'t, F> {
    text: &'t str,
    /// The word being read, as far as it goes.
    word: String,
    /// Where it began.
    start: usize,
    /// Whether it follows the word before it directly.
    joined: bool,
    each: F,
}

impl<F: FnMut(Word<'_>)> Splitter<'_, F> {
    fn run(&mut self) {
        let bytes = self.text.as_bytes();
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            at = match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => self.letters(at),
                b' ' | b'-' | b'\t' | b'\n' | b'\r' => self.gap(at, 1),
                b'\\' => self.command(at),
                b'_' | b'^' => self.script(at),
                // Braces group letters of one word: `Schr{\"o}dinger`.
                b'{' | b'}' => at + 1,
                0x21..=0x7e => self.mark(at, 1),
                // Control characters are no part of any text.
                0..=0x1f | 0x7f => at + 1,
                0x80.. => self.wide(at),
            };
        }
        self.end(self.text.len());
    }

    /// All ASCII letters and digits from here on.
    fn letters(&mut self, at: usize) -> usize {
        let rest = &self.text[at..];
        let end = rest.bytes().position(|byte| !byte.is_ascii_alphanumeric());
        let letters = &rest[..end.unwrap_or(rest.len())];
        if self.word.is_empty() {
            self.start = at;
        }
        let before = self.word.len();
        self.word.push_str(letters);
        self.word[before..].make_ascii_lowercase();
        at + letters.len()
    }

    /// A space or hyphen: the word ends, but a phrase may go on.
    fn gap(&mut self, at: usize, len: usize) -> usize {
        self.end(at);
        at + len
    }

    /// Anything that ends a phrase too.
    fn mark(&mut self, at: usize, len: usize) -> usize {
        self.end(at);
        self.joined = false;
        at + len
    }

    fn end(&mut self, at: usize) {
        if self.word.is_empty() {
            return;
        }
        (self.each)(Word {
            text: &self.word,
            range: self.start..at,
            joined: self.joined,
        });
        self.word.clear();
        self.joined = true;
    }

    /// `_` or `^`: a digit after it belongs to the letters before it, anything else stands by itself.
    fn script(&mut self, at: usize) -> usize {
        let after = self.text.as_bytes().get(at + 1..).unwrap_or_default();
        let digit = match after {
            [b'{', digit, b'}', ..] => digit,
            [digit, ..] => digit,
            [] => &0,
        };
        if digit.is_ascii_digit() && !self.word.is_empty() {
            return at + 1;
        }
        self.mark(at, 1)
    }

    /// A backslash and what it commands.
    fn command(&mut self, at: usize) -> usize {
        let after = at + 1;
        let rest = self.text.get(after..).unwrap_or_default();
        let name = rest.len()
            - rest
                .trim_start_matches(|c: char| c.is_ascii_alphabetic())
                .len();
        let (name, rest) = rest.split_at(name);
        match (name.as_bytes(), rest.as_bytes().first()) {
            // `\'e` and `\"{o}`: the accent goes, the letter stays in its word.
            ([], Some(b'\'' | b'"' | b'`' | b'^' | b'~' | b'=' | b'.')) => after + 1,
            ([], _) => self.mark(at, 1),
            ([accent], Some(b'{')) if ACCENTS.contains(accent) => after + 1,
            _ => self.named(at, name),
        }
    }

    /// A command with a name: a letter, a word of its own, or mark-up.
    fn named(&mut self, at: usize, name: &str) -> usize {
        let end = at + 1 + name.len();
        if let Some((_, letter)) = LETTERS.iter().find(|(command, _)| *command == name) {
            if self.word.is_empty() {
                self.start = at;
            }
            self.word.push_str(letter);
            return end;
        }
        // `\beta-decay` is a phrase as "beta-decay" is; mark-up stands between words.
        self.end(at);
        let word = name
            .strip_prefix("var")
            .unwrap_or(name)
            .to_ascii_lowercase();
        if !SPOKEN.contains(&word.as_str()) {
            return self.mark(at, 1 + name.len());
        }
        self.start = at;
        self.word.push_str(&word);
        self.end(end);
        end
    }

    /// A character beyond ASCII.
    fn wide(&mut self, at: usize) -> usize {
        let Some(c) = self.text.get(at..).and_then(|rest| rest.chars().next()) else {
            return self.text.len();
        };
        let len = c.len_utf8();
        if c.is_whitespace() || ('\u{2010}'..='\u{2013}').contains(&c) {
            return self.gap(at, len);
        }
        if is_invisible(c) {
            return at + len;
        }
        if is_ideograph(c) {
            self.end(at);
            self.start = at;
            self.word.push(c);
            return self.gap(at + len, 0);
        }
        let before = self.word.len();
        let lower = c.to_lowercase().nfkd().filter(|c| !is_combining_mark(*c));
        self.word.extend(
            lower
                .flat_map(char::to_lowercase)
                .filter(|c| c.is_alphanumeric()),
        );
        if self.word.len() == before && !is_combining_mark(c) {
            return self.mark(at, len);
        }
        if before == 0 {
            self.start = at;
        }
        at + len
    }
}

/// Characters that print nothing: they neither end a word nor belong to it.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fffd}')
}

/// Chinese and Japanese characters, each a word by itself as in BERT's tokenizer.
fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}
