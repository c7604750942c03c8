//! From text to words: the one analysis that titles, abstracts, names, queries and highlighting share.
//!
//! What it does, in order of how often it matters:
//! - words are runs of letters and digits, lower-cased, without accents (NFKD), cut at [`WORD_LEN_MAX`] characters;
//! - LaTeX is read, not indexed: `\textit{sync}hronized` is `synchronized`, `$\ell_1$` is `l1`, `Erd\H{o}s` is
//!   `erdos`, `\alpha` and `α` are `alpha`;
//! - `self-attention` is `self`, `attention` and, spanning both, `selfattention`, so that the spellings
//!   `self attention`, `self-attention` and `selfattention` find each other;
//! - each Chinese or Japanese character is a word, for nothing separates theirs;
//! - in titles and abstracts words are stemmed (English); in names they are not.
//!
//! Stop words stay: phrases need them.

use std::ops::Range;

use domain::text::is_invisible;
use tantivy::tokenizer::{RawTokenizer, Stemmer, TextAnalyzer, Token, TokenStream, Tokenizer};
use unicode_normalization::char::{decompose_compatible, is_combining_mark};

use crate::latex::{self, Command};

/// Longest word in characters; the rest of a longer one is not looked at.
pub const WORD_LEN_MAX: usize = 40;

/// Distance in positions between two authors' names: more than any slop, so that no phrase spans two people.
pub(crate) const NAME_GAP: usize = 16;

/// Longest argument of a reference command (`\cite{...}`) that is skipped, in bytes.
const ARGUMENT_LEN_MAX: usize = 200;

/// A word of a text, as titles and abstracts are indexed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Folded, not stemmed: what a reader would recognise.
    pub surface: String,
    /// Folded and stemmed: what the index holds.
    pub stem: String,
    /// Where it stands in the text, in bytes; never cuts a character.
    pub range: Range<usize>,
    /// Number of the word in the text.
    pub position: usize,
    /// Whether this is the joined form of the hyphenated pair that ends at this position.
    pub joined: bool,
}

/// All words of a text. The result is as long as the text allows; bound strangers' texts before.
pub fn words(text: &str) -> Vec<Word> {
    let mut found = Vec::new();
    let mut analyzer = stemmed();
    let mut stream = analyzer.token_stream(text);
    let mut plain = analyzer_of(Kind::Prose);
    let mut surfaces = plain.token_stream(text);
    while stream.advance() && surfaces.advance() {
        let token = stream.token();
        found.push(Word {
            surface: surfaces.token().text.clone(),
            stem: token.text.clone(),
            range: token.offset_from..token.offset_to,
            position: token.position,
            joined: token.position_length > 1,
        });
    }
    found
}

/// The words of a text; those that begin with one of `beginnings` (folded first characters) with their stems, the
/// others with an empty stem, so that neighbours stay neighbours.
///
/// Stemming is most of the work of reading a text, and no English stem begins with another character than its word.
pub fn words_beginning(text: &str, beginnings: &[char]) -> Vec<Word> {
    let mut found = Vec::new();
    let mut splitter = analyzer_of(Kind::Prose);
    let mut stemmer = TextAnalyzer::builder(RawTokenizer::default())
        .filter(Stemmer::default())
        .build();
    let mut stream = splitter.token_stream(text);
    while stream.advance() {
        let token = stream.token();
        let wanted = begins(&token.text, beginnings);
        found.push(Word {
            surface: token.text.clone(),
            stem: if wanted {
                stem(&mut stemmer, &token.text)
            } else {
                String::new()
            },
            range: token.offset_from..token.offset_to,
            position: token.position,
            joined: token.position_length > 1,
        });
    }
    found
}

fn begins(word: &str, beginnings: &[char]) -> bool {
    word.chars().next().is_some_and(|c| beginnings.contains(&c))
}

fn stem(stemmer: &mut TextAnalyzer, word: &str) -> String {
    let mut stream = stemmer.token_stream(word);
    let stemmed = stream.advance().then(|| stream.token().text.clone());
    stemmed.unwrap_or_default()
}

/// A single text without accents, case and punctuation: how tags are compared.
pub(crate) fn folded(text: &str) -> String {
    domain::text::folded(text)
}

/// The analyser of titles and abstracts.
pub(crate) fn stemmed() -> TextAnalyzer {
    TextAnalyzer::builder(Splitter::new(Kind::Prose))
        .filter(Stemmer::default())
        .build()
}

/// The analyser of author names (one a line) and of the spelling dictionary: no stems.
pub(crate) fn plain() -> TextAnalyzer {
    analyzer_of(Kind::Names)
}

fn analyzer_of(kind: Kind) -> TextAnalyzer {
    TextAnalyzer::builder(Splitter::new(kind)).build()
}

/// Whether a line break is a space or the border between two names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Prose,
    Names,
}

#[derive(Clone)]
struct Splitter {
    kind: Kind,
    token: Token,
}

impl Splitter {
    fn new(kind: Kind) -> Self {
        Splitter {
            kind,
            token: Token::default(),
        }
    }
}

impl Tokenizer for Splitter {
    type TokenStream<'a> = Splitting<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Splitting<'a> {
        self.token.reset();
        Splitting {
            text,
            at: 0,
            kind: self.kind,
            next_position: 0,
            pair: Pair::default(),
            token: &mut self.token,
        }
    }
}

/// The hyphenated chain being read, to give a pair's joined form after its second part.
#[derive(Debug, Default)]
struct Pair {
    /// How many words the chain has so far.
    parts: usize,
    /// The words so far, joined, and where the first begins. Kept here because a filter may stem the token.
    joined: String,
    from: usize,
    /// The joined word is due after the word just given.
    due: bool,
}

struct Splitting<'a> {
    text: &'a str,
    at: usize,
    kind: Kind,
    next_position: usize,
    pair: Pair,
    token: &'a mut Token,
}

impl TokenStream for Splitting<'_> {
    fn advance(&mut self) -> bool {
        if self.pair.due {
            self.give_joined();
            return true;
        }
        self.token.text.clear();
        self.token.position_length = 1;
        if !self.find_word() {
            return false;
        }
        self.token.position = self.next_position;
        self.next_position += 1;
        self.note_hyphen();
        true
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

impl<'a> Splitting<'a> {
    fn char_at(&self, at: usize) -> Option<char> {
        let byte = *self.text.as_bytes().get(at)?;
        if byte.is_ascii() {
            Some(char::from(byte))
        } else {
            self.text.get(at..)?.chars().next()
        }
    }

    /// Finds the next word and fills the token with it.
    fn find_word(&mut self) -> bool {
        while let Some(c) = self.char_at(self.at) {
            let from = self.at;
            if c.is_alphanumeric() {
                if is_cjk(c) {
                    self.at += c.len_utf8();
                    self.pair.parts = 0;
                    self.push_folded(c, &mut 0);
                    self.finish(from, self.at);
                } else {
                    self.read_word(from);
                }
                if !self.token.text.is_empty() {
                    return true;
                }
                continue;
            }
            if c == '\\' {
                if self.begin_with_command(from) {
                    return true;
                }
                continue;
            }
            if c == '\n' && self.kind == Kind::Names {
                self.next_position += NAME_GAP;
            }
            if !is_joiner(c) && !is_hyphen(c) {
                self.pair.parts = 0;
            }
            self.at += c.len_utf8();
        }
        false
    }

    /// At a backslash between words. Returns whether a word came of it.
    fn begin_with_command(&mut self, from: usize) -> bool {
        let (name, after) = self.command_name(from);
        if name.is_empty() {
            // `\"`, `\,` or a lone backslash: skip it and the character it rules.
            self.at = after.max(from + 1);
            return false;
        }
        match latex::command(name) {
            Command::Letters(_) | Command::Name => {
                self.read_word(from);
                !self.token.text.is_empty()
            }
            Command::Reference => {
                self.at = self.after_argument(after);
                false
            }
            Command::Accent | Command::Markup => {
                self.at = after;
                false
            }
        }
    }

    /// Reads one word from here, with the LaTeX inside it.
    fn read_word(&mut self, from: usize) {
        let mut count = 0;
        let mut end = from;
        while let Some(c) = self.char_at(self.at) {
            if c.is_ascii_alphanumeric() {
                if count < WORD_LEN_MAX {
                    self.token.text.push(c.to_ascii_lowercase());
                    count += 1;
                }
                self.at += 1;
                end = self.at;
            } else if c == '\\' {
                if !self.command_inside(end > from, &mut count) {
                    break;
                }
                // An accent before its letter is part of the word only if the letter follows.
                if self
                    .text
                    .as_bytes()
                    .get(self.at.wrapping_sub(1))
                    .is_some_and(u8::is_ascii_alphabetic)
                {
                    end = self.at;
                }
            } else if is_joiner(c) {
                if c == '}' && self.text.as_bytes().get(self.at + 1) == Some(&b'{') {
                    break;
                }
                self.at += c.len_utf8();
            } else if c.is_alphanumeric() && !is_cjk(c) {
                self.push_folded(c, &mut count);
                self.at += c.len_utf8();
                end = self.at;
            } else if is_combining_mark(c) {
                self.at += c.len_utf8();
                end = self.at;
            } else {
                break;
            }
        }
        self.finish(from, end);
    }

    /// A command within a word. Returns whether the word goes on after it.
    fn command_inside(&mut self, begun: bool, count: &mut usize) -> bool {
        let (name, after) = self.command_name(self.at);
        if name.is_empty() {
            let accent = self.text.as_bytes().get(self.at + 1).copied();
            if matches!(
                accent,
                Some(b'"' | b'\'' | b'`' | b'^' | b'~' | b'=' | b'.' | b'-')
            ) {
                self.at += 2;
                return true;
            }
            return false;
        }
        match latex::command(name) {
            Command::Accent => {
                self.at = self.after_space(after);
                true
            }
            Command::Markup => {
                self.at = after;
                true
            }
            Command::Letters(letters) => {
                self.push_letters(letters, count);
                self.at = after;
                // `S\o ren`: TeX drops the space that ends the command; `\ell x` in maths are two.
                if begun && letters.len() <= 2 && name != "ell" {
                    self.at = self.after_space(after);
                }
                true
            }
            Command::Name if !begun && *count == 0 => {
                self.push_letters(&name.to_ascii_lowercase(), count);
                self.at = after;
                // `\alpha x` is two words, `\alpha_1` one: only a joiner goes on.
                self.char_at(after).is_some_and(is_joiner)
            }
            Command::Name | Command::Reference => false,
        }
    }

    fn push_letters(&mut self, letters: &str, count: &mut usize) {
        for c in letters.chars().take(WORD_LEN_MAX.saturating_sub(*count)) {
            self.token.text.push(c);
            *count += 1;
        }
    }

    /// Adds a character without accents and in lower case.
    fn push_folded(&mut self, c: char, count: &mut usize) {
        let text = &mut self.token.text;
        let mut push = |c: char| {
            if *count < WORD_LEN_MAX && c.is_alphanumeric() && !is_combining_mark(c) {
                text.push(c);
                *count += 1;
            }
        };
        decompose_compatible(c, |part| match part {
            'ø' | 'Ø' => push('o'),
            'ł' | 'Ł' => push('l'),
            'đ' | 'Đ' => push('d'),
            'ß' => "ss".chars().for_each(&mut push),
            'æ' | 'Æ' => "ae".chars().for_each(&mut push),
            'œ' | 'Œ' => "oe".chars().for_each(&mut push),
            _ => part.to_lowercase().for_each(&mut push),
        });
    }

    /// Sets the token's place, and the name of a lone Greek letter in its stead.
    fn finish(&mut self, from: usize, end: usize) {
        self.token.offset_from = from;
        self.token.offset_to = end.max(from);
        let mut chars = self.token.text.chars();
        if let (Some(only), None) = (chars.next(), chars.next())
            && let Some(name) = latex::greek(only)
        {
            self.token.text.clear();
            self.token.text.push_str(name);
        }
        if self.at <= from {
            // Never stand still, whatever the text.
            self.at = from + self.char_at(from).map_or(1, char::len_utf8);
        }
    }

    /// After a word: keeps the chain of hyphenated words, and makes the pair's joined form due.
    fn note_hyphen(&mut self) {
        self.pair.parts += 1;
        let linked = self.char_at(self.at).is_some_and(is_hyphen)
            && self
                .char_at(self.at + self.char_at(self.at).map_or(1, char::len_utf8))
                .is_some_and(|c| c.is_alphanumeric() || c == '\\' || is_joiner(c));
        match (self.pair.parts, linked) {
            (1, true) => {
                self.pair.joined.clear();
                self.pair.joined.push_str(&self.token.text);
                self.pair.from = self.token.offset_from;
            }
            (2, false) => {
                self.pair.joined.push_str(&self.token.text);
                self.pair.due = self.pair.joined.chars().count() <= WORD_LEN_MAX;
                self.pair.parts = 0;
            }
            (_, false) => self.pair.parts = 0,
            (_, true) => {}
        }
    }

    fn give_joined(&mut self) {
        self.pair.due = false;
        self.token.text.clear();
        self.token.text.push_str(&self.pair.joined);
        self.token.offset_from = self.pair.from;
        self.token.position_length = 2;
    }

    /// The letters after a backslash, and where they end. No letters: the place after the ruled character.
    fn command_name(&self, backslash: usize) -> (&'a str, usize) {
        let rest = &self.text.as_bytes()[(backslash + 1).min(self.text.len())..];
        let len = rest.iter().take_while(|b| b.is_ascii_alphabetic()).count();
        let after = backslash + 1 + len;
        if len == 0 {
            let ruled = self
                .char_at(backslash + 1)
                .map_or(0, |c| if c.is_ascii_punctuation() { 1 } else { 0 });
            return ("", (after + ruled).min(self.text.len()));
        }
        (self.text.get(backslash + 1..after).unwrap_or(""), after)
    }

    fn after_space(&self, at: usize) -> usize {
        at + usize::from(self.text.as_bytes().get(at) == Some(&b' '))
    }

    fn after_argument(&self, at: usize) -> usize {
        let rest = &self.text.as_bytes()[at.min(self.text.len())..];
        if rest.first() != Some(&b'{') {
            return at;
        }
        let close = rest.iter().take(ARGUMENT_LEN_MAX).position(|b| *b == b'}');
        at + close.map_or(0, |close| close + 1)
    }
}

/// What stands inside words without being part of them: TeX's grouping, apostrophes, invisible characters.
fn is_joiner(c: char) -> bool {
    matches!(c, '{' | '}' | '$' | '_' | '^' | '\'' | '’') || (!c.is_ascii() && is_invisible(c))
}

fn is_hyphen(c: char) -> bool {
    matches!(c, '-' | '\u{2010}' | '\u{2011}')
}

/// Scripts written without spaces: each character counts as a word.
fn is_cjk(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3134f}')
}

#[cfg(test)]
mod tests;
