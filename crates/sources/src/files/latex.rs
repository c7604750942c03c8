//! LaTeX's accents and letters as Unicode, for names and bibliographies; maths stays as it is.
//!
//! One pass with a pending accent instead of a parser of groups: names need no more, and nothing can nest too deep.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

/// Accent commands that are one sign: `\'e`, `\'{e}`.
const SIGN_ACCENTS: &[(char, char)] = &[
    ('\'', '\u{301}'),
    ('`', '\u{300}'),
    ('^', '\u{302}'),
    ('"', '\u{308}'),
    ('~', '\u{303}'),
    ('=', '\u{304}'),
    ('.', '\u{307}'),
];

/// Accent commands that are one letter: `\v{s}`, `\v s`.
const LETTER_ACCENTS: &[(&str, char)] = &[
    ("u", '\u{306}'),
    ("v", '\u{30c}'),
    ("H", '\u{30b}'),
    ("c", '\u{327}'),
    ("k", '\u{328}'),
    ("r", '\u{30a}'),
    ("b", '\u{331}'),
    ("d", '\u{323}'),
];

/// Commands that are letters or signs by themselves.
const LETTERS: &[(&str, &str)] = &[
    ("ss", "ß"),
    ("ae", "æ"),
    ("AE", "Æ"),
    ("oe", "œ"),
    ("OE", "Œ"),
    ("aa", "å"),
    ("AA", "Å"),
    ("o", "ø"),
    ("O", "Ø"),
    ("l", "ł"),
    ("L", "Ł"),
    ("i", "i"),
    ("j", "j"),
    ("dh", "ð"),
    ("DH", "Ð"),
    ("th", "þ"),
    ("TH", "Þ"),
    ("dj", "đ"),
    ("DJ", "Đ"),
    ("ng", "ŋ"),
    ("NG", "Ŋ"),
    ("textendash", "–"),
    ("textemdash", "—"),
    ("ldots", "…"),
    ("dots", "…"),
    ("textquoteright", "’"),
    ("textquoteleft", "‘"),
    ("textquotedblleft", "“"),
    ("textquotedblright", "”"),
    ("textregistered", "®"),
    ("texttrademark", "™"),
    ("copyright", "©"),
    ("textbackslash", "\\"),
];

/// Commands that only say how something looks; their content stays.
const STYLES: &[&str] = &[
    "emph",
    "textit",
    "textbf",
    "textsc",
    "texttt",
    "textrm",
    "textsf",
    "textup",
    "textnormal",
    "text",
    "mbox",
    "it",
    "bf",
    "em",
    "rm",
    "sc",
    "tt",
    "uppercase",
    "lowercase",
    "protect",
    "relax",
    "url",
];

/// A name in Unicode: accents composed, braces and unknown commands' backslashes gone.
pub(crate) fn name(text: &str) -> Cow<'_, str> {
    if !text.contains(['\\', '{', '}', '~', '$']) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(Decoder::new(text, false).run())
}

/// A title or abstract in Unicode; what stands between dollar signs is left alone, and so are unknown commands.
pub(crate) fn text(text: &str) -> Cow<'_, str> {
    if !text.contains(['\\', '{', '}', '~', '`', '\'', '-']) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(Decoder::new(text, true).run())
}

struct Decoder<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    out: String,
    /// An accent that waits for its letter.
    accent: Option<char>,
    in_maths: bool,
    keeps_latex: bool,
}

impl<'a> Decoder<'a> {
    fn new(text: &'a str, keeps_latex: bool) -> Self {
        Decoder {
            rest: text.chars().peekable(),
            out: String::with_capacity(text.len()),
            accent: None,
            in_maths: false,
            keeps_latex,
        }
    }

    fn run(mut self) -> String {
        while let Some(c) = self.rest.next() {
            match c {
                '$' if self.keeps_latex => {
                    self.in_maths = !self.in_maths;
                    self.out.push(c);
                }
                _ if self.in_maths => self.maths(c),
                '\\' => self.command(),
                '{' | '}' | '$' => {}
                '~' => self.out.push(' '),
                '-' if self.keeps_latex => self.dashes(),
                '`' | '\'' if self.keeps_latex && self.rest.next_if_eq(&c).is_some() => {
                    self.out.push(if c == '`' { '“' } else { '”' });
                }
                c if c.is_whitespace() && self.accent.is_some() => {}
                c => self.letter(c),
            }
        }
        self.out.nfc().collect()
    }

    fn maths(&mut self, c: char) {
        self.out.push(c);
        // An escaped dollar does not end the maths.
        if c == '\\'
            && let Some(next) = self.rest.next()
        {
            self.out.push(next);
        }
    }

    fn letter(&mut self, c: char) {
        self.out.push(c);
        self.out.extend(self.accent.take());
    }

    fn dashes(&mut self) {
        let mut count = 1;
        while count < 3 && self.rest.next_if_eq(&'-').is_some() {
            count += 1;
        }
        self.out.push(match count {
            1 => '-',
            2 => '–',
            _ => '—',
        });
    }

    fn command(&mut self) {
        let Some(first) = self.rest.next() else {
            return;
        };
        if !first.is_ascii_alphabetic() {
            return self.sign(first);
        }
        let mut word = String::from(first);
        while let Some(c) = self.rest.next_if(char::is_ascii_alphabetic) {
            word.push(c);
        }
        let accent = LETTER_ACCENTS.iter().find(|(name, _)| *name == word);
        if let Some((_, accent)) = accent {
            self.accent = Some(*accent);
        } else if let Some((_, letter)) = LETTERS.iter().find(|(name, _)| *name == word) {
            self.skip_space();
            self.out.push_str(letter);
            self.out.extend(self.accent.take());
        } else if STYLES.contains(&word.as_str()) {
            self.skip_space();
        } else {
            if self.keeps_latex {
                self.out.push('\\');
            }
            self.out.push_str(&word);
        }
    }

    /// A backslash and a sign: an accent, an escape, or a space.
    fn sign(&mut self, sign: char) {
        if let Some((_, accent)) = SIGN_ACCENTS.iter().find(|(name, _)| *name == sign) {
            self.accent = Some(*accent);
        } else if sign == '$' && self.keeps_latex {
            // A bare dollar would begin maths for whoever shows the text.
            self.out.push_str("\\$");
        } else if sign.is_whitespace() || matches!(sign, ',' | ';' | ':' | '\\') {
            self.out.push(' ');
        } else if !matches!(sign, '!' | '/' | '-') {
            // Those three only move what is printed closer, or say where a word may be broken.
            self.out.push(sign);
        }
    }

    /// The space that ends a command's name is not part of the text.
    fn skip_space(&mut self) {
        while self.rest.next_if(|c| c.is_whitespace()).is_some() {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(latex: &str, expected: &str) {
        assert_eq!(name(latex), expected);
    }

    #[test]
    fn names_become_unicode() {
        check("Ada Lovelace", "Ada Lovelace");
        check(r#"Erwin Schr\"odinger"#, "Erwin Schrödinger");
        check(r#"Erwin Schr{\"o}dinger"#, "Erwin Schrödinger");
        check(r#"K. G\"{o}del"#, "K. Gödel");
        check(
            r"Paul Erd\H{o}s and \'{E}. Galois",
            "Paul Erdős and É. Galois",
        );
        check(r#"\v{S}\'ark\"ozy, Ho\v s"#, "Šárközy, Hoš");
        check(
            r"Mart\'{\i}nez, \O{}rsted, \L ukasz, Stra{\ss}e",
            "Martínez, Ørsted, Łukasz, Straße",
        );
        check(r"Fran\c{c}ois \.Inan\c c", "François İnanç");
        check(r"J.~Doe \\ Co", "J. Doe   Co");
        check(r"\", "");
        check(r"\'", "");
    }

    #[test]
    fn texts_keep_their_maths() {
        assert_eq!(
            text(r"{BERT}: $O(n_{\text{max}}\$)$ --- for \$5"),
            r"BERT: $O(n_{\text{max}}\$)$ — for \$5"
        );
        assert_eq!(
            text(r"``Quoted'' \emph{words} \& \LaTeX, don't"),
            r"“Quoted” words & \LaTeX, don't"
        );
        assert_eq!(text("page 1--2, a-b"), "page 1–2, a-b");
    }

    proptest! {
        #[test]
        fn any_text_is_safe(latex in "([a-z{}$~ '`-]|\\\\){0,40}|\\PC{0,40}") {
            let _ = (name(&latex), text(&latex));
        }
    }
}
