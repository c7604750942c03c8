//! Text to tokens: words, pieces of rare words, and frequent phrases.
//!
//! A word that the vocabulary knows is one token. Another word is cut greedily into the longest pieces that the
//! vocabulary knows (WordPiece; pieces inside a word are spelt `##tion`), and dropped when that fails. Words that
//! stand side by side and make a phrase of the vocabulary ("neural network", "magnetic resonance imaging") are
//! one token instead of their own.

use std::ops::Range;

use crate::Error;

mod table;
pub mod words;

use table::{Phrases, Words};
use words::Word;

pub use words::MAX_BYTES;

/// Longer words are no words: they are dropped unread, as BERT's tokenizer does.
const MAX_WORD_BYTES: usize = 100;
/// Spells a piece that stands inside a word.
const INSIDE: &str = "##";

/// A row of the model and the part of the text that it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The row.
    pub row: u32,
    /// Bytes of the word that the token is or lies in; of all its words when it is a phrase.
    pub range: Range<usize>,
}

/// Cuts texts into tokens of one vocabulary.
#[derive(Debug, Clone)]
pub struct Tokenizer {
    words: Words,
    phrases: Phrases,
    /// Bytes of the longest token, so that no longer piece is looked for.
    longest: usize,
}

impl Tokenizer {
    /// A tokenizer whose rows are numbered as in `tokens`: words as they are, pieces with `##`, phrases with a
    /// single space between their words.
    ///
    /// # Errors
    /// When a token is there twice, or a phrase's words are not all tokens, or a phrase of three or more words
    /// stands there without its beginning.
    pub fn new(tokens: &[&str]) -> Result<Tokenizer, Error> {
        let words = Words::new(tokens)
            .map_err(|token| Error::Content(format!("token {token:?} is there twice")))?;
        let mut phrases = Vec::new();
        for (row, token) in (0..).zip(tokens) {
            let Some((first, last)) = token.rsplit_once(' ') else {
                continue;
            };
            match (words.find(first.as_bytes()), words.find(last.as_bytes())) {
                (Some(first), Some(last)) => phrases.push((first, last, row)),
                _ => {
                    let reason = format!("phrase {token:?} is there without {first:?} or {last:?}");
                    return Err(Error::Content(reason));
                }
            }
        }
        Ok(Tokenizer {
            words,
            phrases: Phrases::new(&phrases),
            longest: tokens.iter().map(|token| token.len()).max().unwrap_or(0),
        })
    }

    /// All tokens as the vocabulary spells them, in the order of their rows.
    pub fn vocabulary(&self) -> impl ExactSizeIterator<Item = &str> {
        let rows = 0..self.words.len() as u32;
        rows.map(|row| self.words.text(row).unwrap_or_default())
    }

    /// The tokens of the first [`MAX_BYTES`] bytes of `text`, in its order.
    pub fn tokens(&self, text: &str) -> Vec<Token> {
        let mut tokens = Vec::new();
        self.for_each(text, |row, range| tokens.push(Token { row, range }));
        tokens
    }

    /// Calls `each` with the row and the bytes of every token in the first [`MAX_BYTES`] bytes of `text`.
    pub fn for_each(&self, text: &str, mut each: impl FnMut(u32, Range<usize>)) {
        // The last word or phrase is held back: the next word may make it longer.
        let mut held: Option<(u32, Range<usize>)> = None;
        let mut piece = String::new();
        words::for_each(text, |word| {
            let whole = self.words.find(word.text.as_bytes());
            let longer = match (&held, whole) {
                (Some((first, _)), Some(last)) if word.joined => self.phrases.find(*first, last),
                _ => None,
            };
            if let (Some(phrase), Some((row, range))) = (longer, &mut held) {
                *row = phrase;
                range.end = word.range.end;
                return;
            }
            if let Some((row, range)) = held.take() {
                each(row, range);
            }
            match whole {
                Some(row) => held = Some((row, word.range)),
                None => self.pieces(&word, &mut piece, &mut each),
            }
        });
        if let Some((row, range)) = held {
            each(row, range);
        }
    }

    /// Cuts a word into the longest pieces from the left; calls `each` for none of them when some part is unknown.
    fn pieces(
        &self,
        word: &Word<'_>,
        piece: &mut String,
        each: &mut impl FnMut(u32, Range<usize>),
    ) {
        if word.text.len() > MAX_WORD_BYTES {
            return;
        }
        // A word has at most as many pieces as bytes.
        let mut rows = [0; MAX_WORD_BYTES];
        let mut count = 0;
        let mut rest = word.text;
        while !rest.is_empty() {
            let inside = if count == 0 { "" } else { INSIDE };
            let Some((row, len)) = self.longest_piece(inside, rest, piece) else {
                return;
            };
            rows[count] = row;
            count += 1;
            rest = &rest[len..];
        }
        for row in &rows[..count] {
            each(*row, word.range.clone());
        }
    }

    /// The longest beginning of `rest` that is a token after `inside`: its row, and its bytes in `rest`.
    fn longest_piece(&self, inside: &str, rest: &str, piece: &mut String) -> Option<(u32, usize)> {
        let most = self.longest.saturating_sub(inside.len());
        let mut len = rest.floor_char_boundary(most);
        piece.clear();
        piece.push_str(inside);
        piece.push_str(&rest[..len]);
        while len > 0 {
            if let Some(row) = self.words.find(&piece.as_bytes()[..inside.len() + len]) {
                return Some((row, len));
            }
            len = rest.floor_char_boundary(len - 1);
        }
        None
    }
}
