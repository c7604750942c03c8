//! Formats of a prompt that mean the same: the grammar of FormatSpread (Sclar et al. 2023, section 3.1).
//!
//! A prompt names its fields, puts a separator between a name and its text, and a space between two fields. Options are
//! counted by a numbering in a wrapper. A format is one choice for each of these; none of them changes what is asked:
//!
//! ```text
//! Passage: ...            PASSAGE::: ... || QUESTION::: ...
//! Question: ...           || OPTIONS:::
//! Options:                [i]: yes; [ii]: no || ANSWER:::
//! A. yes
//! B. no
//! Answer:
//! ```

use std::collections::HashSet;
use std::fmt::Write as _;

use rand::seq::IndexedRandom as _;
use serde::Serialize;

use crate::frame::Rng;

/// One way to write prompts of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct Format {
    /// How field names are written.
    pub casing: Casing,
    /// Between a field's name and its text.
    pub separator: &'static str,
    /// Between two fields.
    pub space: &'static str,
    /// How options are counted; used by prompts that have some.
    pub options: Options,
}

/// How options are counted and set apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct Options {
    /// What they are counted by.
    pub numbering: Numbering,
    /// What stands around the count, as its opening and its closing part.
    pub wrapper: (&'static str, &'static str),
    /// Between the count and the option's text.
    pub separator: &'static str,
    /// Between two options.
    pub space: &'static str,
}

/// How field names are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Casing {
    /// As they were given.
    Given,
    /// Each word with a capital.
    Title,
    /// In capitals.
    Upper,
    /// In small letters.
    Lower,
}

/// What options are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Numbering {
    /// 1, 2, 3.
    Arabic,
    /// A, B, C.
    Capital,
    /// a, b, c.
    Small,
    /// i, ii, iii.
    Roman,
    /// I, II, III.
    RomanCapital,
}

/// What is asked, apart from how it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question<'a> {
    /// Names and texts of the fields.
    pub fields: &'a [(String, String)],
    /// The options to choose from; empty where the answer is free.
    pub options: &'a [String],
    /// The name of the field that the model fills, last in the prompt.
    pub answer_name: &'a str,
}

const CASINGS: [Casing; 4] = [Casing::Given, Casing::Title, Casing::Upper, Casing::Lower];
const NUMBERINGS: [Numbering; 5] = [
    Numbering::Arabic,
    Numbering::Capital,
    Numbering::Small,
    Numbering::Roman,
    Numbering::RomanCapital,
];
/// A name and its text run together without one, so none is empty.
const SEPARATORS: [&str; 13] = [
    ": ", ":: ", "::: ", ":", "::", " : ", " - ", "- ", " ", "\t", "\n\t", "\n    ", "\n ",
];
const SPACES: [&str; 13] = [
    "\n", " \n", "\n ", " \n ", "; \n", " ", "  ", ", ", " , ", ". ", " || ", " -- ", " <sep> ",
];
const WRAPPERS: [(&str, &str); 7] = [
    ("", "."),
    ("(", ")"),
    ("", ")"),
    ("", " )"),
    ("[", "]"),
    ("<", ">"),
    ("", ""),
];
const OPTION_SEPARATORS: [&str; 6] = [" ", ": ", ":: ", " - ", "\t", "\n"];
const ROMAN: [&str; 20] = [
    "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii", "xiv", "xv",
    "xvi", "xvii", "xviii", "xix", "xx",
];

/// Most options that a question may have: letters and Roman numerals go no further here.
pub const OPTIONS_MAX: usize = ROMAN.len();

impl Casing {
    /// A name so written.
    pub fn write(self, name: &str) -> String {
        match self {
            Casing::Given => name.to_owned(),
            Casing::Upper => name.to_uppercase(),
            Casing::Lower => name.to_lowercase(),
            Casing::Title => {
                let mut starts = true;
                let mut title = String::with_capacity(name.len());
                for letter in name.chars() {
                    if starts {
                        title.extend(letter.to_uppercase());
                    } else {
                        title.extend(letter.to_lowercase());
                    }
                    starts = !letter.is_alphanumeric();
                }
                title
            }
        }
    }
}

impl Numbering {
    /// The count of the option at this place, the first being 0.
    pub fn write(self, at: usize) -> String {
        let letter = |first: u8| char::from(first + (at % 26) as u8).to_string();
        match self {
            Numbering::Arabic => (at + 1).to_string(),
            Numbering::Capital => letter(b'A'),
            Numbering::Small => letter(b'a'),
            Numbering::Roman => ROMAN[at % ROMAN.len()].to_owned(),
            Numbering::RomanCapital => ROMAN[at % ROMAN.len()].to_uppercase(),
        }
    }
}

impl Options {
    /// The count of an option in its wrapper.
    pub fn marker(&self, at: usize) -> String {
        let (open, close) = self.wrapper;
        format!("{open}{}{close}", self.numbering.write(at))
    }
}

impl Format {
    /// The plain format that people write: `Name: text`, a field a line, options `A.`, `B.`.
    pub const PLAIN: Format = Format {
        casing: Casing::Given,
        separator: ": ",
        space: "\n",
        options: Options {
            numbering: Numbering::Capital,
            wrapper: ("", "."),
            separator: " ",
            space: "\n",
        },
    };

    /// Whether the format can be read: a break of the line within a field needs breaks between fields, and so with options.
    pub fn is_sound(&self) -> bool {
        let breaks = |text: &str| text.contains('\n');
        // Without wrapper and with nothing but a blank, the count would read as a word of the option.
        let bare = self.options.wrapper == ("", "") && self.options.separator.trim().is_empty();
        (!breaks(self.separator) || breaks(self.space))
            && (!breaks(self.options.separator) || breaks(self.options.space))
            && !bare
    }

    /// A prompt in this format, up to the place where the answer belongs. With `answer`, the answer stands there, as in an
    /// example that is shown before.
    pub fn prompt(&self, question: &Question<'_>, answer: Option<&str>) -> String {
        let mut parts: Vec<String> = question
            .fields
            .iter()
            .map(|(name, text)| format!("{}{}{text}", self.casing.write(name), self.separator))
            .collect();
        if !question.options.is_empty() {
            let listed: Vec<String> = question
                .options
                .iter()
                .enumerate()
                .map(|(at, text)| {
                    format!(
                        "{}{}{text}",
                        self.options.marker(at),
                        self.options.separator
                    )
                })
                .collect();
            // Options that have a line each start on a line of their own.
            let start = if self.options.space.contains('\n') {
                "\n"
            } else {
                self.separator
            };
            let start = format!("{}{}{start}", self.casing.write("Options"), self.name_end());
            parts.push(start + &listed.join(self.options.space));
        }
        let mut text = parts.join(self.space);
        text.push_str(self.space);
        let _ = write!(text, "{}", self.casing.write(question.answer_name));
        match answer {
            Some(answer) => text + self.separator + answer,
            None => text + self.separator.trim_end(),
        }
    }

    /// What ends the name `Options` where its list starts on another line.
    fn name_end(&self) -> &'static str {
        if self.options.space.contains('\n') {
            self.separator.trim()
        } else {
            ""
        }
    }
}

/// `count` formats that write this question differently, [`Format::PLAIN`] first; fewer where the grammar has no more.
pub fn formats(question: &Question<'_>, count: usize, rng: &mut Rng) -> Vec<Format> {
    let mut found = vec![Format::PLAIN];
    let mut seen = HashSet::from([Format::PLAIN.prompt(question, None)]);
    // Drawing goes on until what is new becomes rare: then the grammar has hardly any more.
    let mut in_vain = 0;
    while found.len() < count && in_vain < 2000 {
        let format = draw(rng);
        if format.is_sound() && seen.insert(format.prompt(question, None)) {
            found.push(format);
            in_vain = 0;
        } else {
            in_vain += 1;
        }
    }
    found.truncate(count);
    found
}

fn draw(rng: &mut Rng) -> Format {
    fn one<T: Copy>(of: &[T], rng: &mut Rng) -> T {
        *of.choose(rng).expect("lists of choices are not empty")
    }
    Format {
        casing: one(&CASINGS, rng),
        separator: one(&SEPARATORS, rng),
        space: one(&SPACES, rng),
        options: Options {
            numbering: one(&NUMBERINGS, rng),
            wrapper: one(&WRAPPERS, rng),
            separator: one(&OPTION_SEPARATORS, rng),
            space: one(&SPACES, rng),
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;

    use super::*;
    use crate::frame::Rng;

    fn fields() -> Vec<(String, String)> {
        [("Passage", "It rains."), ("the question", "Is it wet?")]
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .to_vec()
    }

    fn check(format: Format, options: &[&str], answer: Option<&str>, expected: &str) {
        let fields = fields();
        let options: Vec<String> = options.iter().map(|&o| o.to_owned()).collect();
        let question = Question {
            fields: &fields,
            options: &options,
            answer_name: "Answer",
        };
        assert_eq!(format.prompt(&question, answer), expected);
    }

    #[test]
    fn the_plain_format_is_what_people_write() {
        check(
            Format::PLAIN,
            &[],
            None,
            "Passage: It rains.\nthe question: Is it wet?\nAnswer:",
        );
        check(
            Format::PLAIN,
            &["yes", "no"],
            Some("A."),
            "Passage: It rains.\nthe question: Is it wet?\nOptions:\nA. yes\nB. no\nAnswer: A.",
        );
    }

    #[test]
    fn another_format_says_the_same() {
        let format = Format {
            casing: Casing::Title,
            separator: " - ",
            space: " || ",
            options: Options {
                numbering: Numbering::Roman,
                wrapper: ("[", "]"),
                separator: ": ",
                space: ", ",
            },
        };
        check(
            format,
            &["yes", "no"],
            None,
            "Passage - It rains. || The Question - Is it wet? || Options - [i]: yes, [ii]: no || Answer -",
        );
    }

    #[test]
    fn a_break_within_a_field_needs_breaks_between_fields() {
        let check = |separator, space, sound| {
            let format = Format {
                separator,
                space,
                ..Format::PLAIN
            };
            assert_eq!(format.is_sound(), sound, "{separator:?} {space:?}");
        };
        check("\n\t", " || ", false);
        check("\n\t", "\n", true);
        check(": ", " || ", true);
    }

    #[test]
    fn a_grammar_without_options_has_hundreds_of_formats() {
        let fields = fields();
        let question = Question {
            fields: &fields,
            options: &[],
            answer_name: "Answer",
        };
        let all = formats(&question, 10_000, &mut Rng::seed_from_u64(1));
        // 4 casings, and per pair of separator and space: 10 * 13 without breaks and 3 * 5 with. Casings that write
        // these names alike, and separators that differ where the prompt ends only, would be counted once.
        assert_eq!(all.len(), 4 * (10 * 13 + 3 * 5));
    }

    proptest! {
        /// Every field, option and name is there, whatever the format; and all prompts differ.
        #[test]
        fn no_format_loses_anything(seed: u64, count in 1usize..60) {
            let fields = fields();
            let options = ["yes".to_owned(), "no".to_owned(), "perhaps".to_owned()];
            let question = Question { fields: &fields, options: &options, answer_name: "Answer" };
            let all = formats(&question, count, &mut Rng::seed_from_u64(seed));
            prop_assert_eq!(all.len(), count);
            let prompts: HashSet<String> = all.iter().map(|f| f.prompt(&question, None)).collect();
            prop_assert_eq!(prompts.len(), count);
            for format in all {
                let prompt = format.prompt(&question, None);
                for (name, text) in &fields {
                    prop_assert!(prompt.contains(text));
                    prop_assert!(prompt.to_lowercase().contains(&name.to_lowercase()));
                }
                for (at, option) in options.iter().enumerate() {
                    prop_assert!(prompt.contains(option));
                    prop_assert!(prompt.contains(&format.options.marker(at)));
                }
            }
        }
    }
}
