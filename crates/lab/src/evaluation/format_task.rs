//! A reader's own task for FormatSpread: items as JSON lines, and whether a reply answers one.
//!
//! ```json
//! {"fields": {"Passage": "It rains.", "Question": "Is it wet?"}, "options": ["yes", "no"], "answer": "yes"}
//! ```
//!
//! `options` may be left out, and `answer` may be a list of answers that count alike. All items have the same fields in the
//! same order. Files are strangers' bytes: everything is bounded, and what is wrong is said with its line.

use std::collections::HashSet;
use std::fmt;

use anyhow::{Context as _, Result, anyhow, ensure};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::prompt_format::{Format, OPTIONS_MAX, Question};

/// Most items of a task.
pub const ITEMS_MAX: usize = 100_000;
/// Most fields of an item.
pub const FIELDS_MAX: usize = 20;
/// Longest text of a field, an option or an answer, in bytes.
pub const TEXT_MAX: usize = 200_000;

/// A line that shows how items look.
pub const EXAMPLE: &str =
    r#"{"fields": {"Question": "Is it wet?"}, "options": ["yes", "no"], "answer": "yes"}"#;

/// One item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Names and texts, in the order of the file.
    pub fields: Vec<(String, String)>,
    /// Options to choose from, or none.
    pub options: Vec<String>,
    /// What counts as right; with options, one of them.
    pub answers: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    fields: Fields,
    #[serde(default)]
    options: Vec<String>,
    answer: Answers,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Answers {
    One(String),
    Several(Vec<String>),
}

/// An object's members in their order, which a map would lose.
struct Fields(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Fields, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry::<String, String>()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

/// Reads items, one a line; empty lines are passed over.
///
/// # Errors
/// What is wrong, with the number of its line.
pub fn read(text: &str) -> Result<Vec<Item>> {
    let mut items: Vec<Item> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let number = at + 1;
        let item = Item::read(line).with_context(|| format!("line {number}"))?;
        if let Some(first) = items.first() {
            let names = |item: &Item| item.fields.iter().map(|f| f.0.clone()).collect::<Vec<_>>();
            ensure!(
                names(first) == names(&item),
                "line {number}: its fields are {:?}, those of the first item {:?}; all items need the same, in the same order",
                names(&item),
                names(first)
            );
            ensure!(
                first.options.is_empty() == item.options.is_empty(),
                "line {number}: either all items have `options` or none"
            );
        }
        items.push(item);
        ensure!(items.len() <= ITEMS_MAX, "more than {ITEMS_MAX} items");
    }
    ensure!(
        !items.is_empty(),
        "there are no items; a line looks like {EXAMPLE}"
    );
    Ok(items)
}

impl Item {
    fn read(line: &str) -> Result<Item> {
        let Line {
            fields: Fields(fields),
            options,
            answer,
        } = serde_json::from_str(line).map_err(|error| {
            // The parser's own line is always the first.
            let said = error.to_string().replace(" at line 1 column", ", column");
            anyhow!("it is no item ({said}); one looks like {EXAMPLE}")
        })?;
        let answers = match answer {
            Answers::One(answer) => vec![answer],
            Answers::Several(answers) => answers,
        };
        ensure!(!fields.is_empty(), "`fields` is empty");
        ensure!(fields.len() <= FIELDS_MAX, "more than {FIELDS_MAX} fields");
        ensure!(
            options.len() <= OPTIONS_MAX,
            "more than {OPTIONS_MAX} options"
        );
        ensure!(options.len() != 1, "a single option is no choice");
        let texts = fields.iter().map(|field| &field.1);
        for text in texts.chain(&options).chain(&answers) {
            ensure!(text.len() <= TEXT_MAX, "a text is over {TEXT_MAX} bytes");
        }
        let mut names = HashSet::new();
        for (name, _) in &fields {
            ensure!(!name.trim().is_empty(), "a field has no name");
            ensure!(name.len() <= 200, "a field's name is over 200 bytes");
            ensure!(names.insert(name), "the field `{name}` occurs twice");
        }
        let mut known = HashSet::new();
        for option in &options {
            ensure!(!option.trim().is_empty(), "an option is empty");
            ensure!(
                known.insert(option.trim().to_lowercase()),
                "the option `{option}` occurs twice"
            );
        }
        ensure!(!answers.is_empty(), "`answer` is an empty list");
        for answer in &answers {
            ensure!(!answer.trim().is_empty(), "`answer` is empty");
            ensure!(
                options.is_empty() || options.contains(answer),
                "the answer `{answer}` is none of the options"
            );
        }
        Ok(Item {
            fields,
            options,
            answers,
        })
    }

    /// What is asked.
    pub fn question<'a>(&'a self, answer_name: &'a str) -> Question<'a> {
        Question {
            fields: &self.fields,
            options: &self.options,
            answer_name,
        }
    }

    /// The answer as an example shows it in a format: an option's marker, or the text.
    pub fn shown_answer(&self, format: &Format) -> String {
        let right = self.options.iter().position(|o| *o == self.answers[0]);
        right.map_or_else(|| self.answers[0].clone(), |at| format.options.marker(at))
    }

    /// Whether a reply begins with a right answer: an option's marker or text, or the text of a free answer, without regard
    /// to case. Of several that a reply could begin with, the longest counts.
    pub fn is_right(&self, reply: &str, format: &Format, answer_name: &str) -> bool {
        let reply = without_name(reply, answer_name);
        if self.options.is_empty() {
            return self.answers.iter().any(|a| prefix(&reply, a).is_some());
        }
        let mut chosen: Option<(usize, usize)> = None;
        for (at, option) in self.options.iter().enumerate() {
            let Some(length) = begins_with_option(&reply, format, at, option) else {
                continue;
            };
            if chosen.is_none_or(|(longest, _)| length > longest) {
                chosen = Some((length, at));
            }
        }
        chosen.is_some_and(|(_, at)| self.answers.contains(&self.options[at]))
    }
}

/// A reply in small letters from its first sign on, without the answer's name that some models repeat, and without
/// what opens quotes and brackets.
fn without_name(reply: &str, answer_name: &str) -> String {
    let opening = |c: char| c.is_whitespace() || "\"'*`([<".contains(c);
    let reply = reply.trim_start_matches(opening).to_lowercase();
    let name = answer_name.to_lowercase();
    let named = reply.strip_prefix(&name).filter(|rest| {
        let rest = rest.trim_start_matches('*').trim_start();
        rest.starts_with([':', '-', '='])
    });
    match named {
        Some(rest) => rest
            .trim_start_matches(|c: char| opening(c) || ":-=".contains(c))
            .to_owned(),
        None => reply,
    }
}

/// How many bytes of a reply are this text, where the reply begins with it and the word ends there.
fn prefix(reply: &str, text: &str) -> Option<usize> {
    let text = text.trim().to_lowercase();
    let rest = reply.strip_prefix(&text)?;
    let ends = !rest.starts_with(char::is_alphanumeric);
    (ends || text.ends_with(|c: char| !c.is_alphanumeric())).then_some(text.len())
}

/// How many bytes of a reply name an option: its text, its marker, or its count alone where that cannot be a word.
fn begins_with_option(reply: &str, format: &Format, at: usize, option: &str) -> Option<usize> {
    let by_text = prefix(reply, option);
    let count = format.options.numbering.write(at);
    let by_count = prefix(reply, &count).filter(|&length| {
        let rest = &reply[length..];
        let after = rest.trim_start();
        let closes = after.starts_with(|c: char| ".)]>:,;*\"'`".contains(c));
        after.is_empty() || rest.starts_with('\n') || closes || prefix(after, option).is_some()
    });
    by_text.max(by_count)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::prompt_format::Numbering;
    use super::*;

    #[test]
    fn items_are_read_in_order() {
        let text = "{\"fields\": {\"b\": \"1\", \"a\": \"2\"}, \"answer\": [\"x\", \"y\"]}\n\n";
        let items = read(text).unwrap();
        let names: Vec<&str> = items[0].fields.iter().map(|f| f.0.as_str()).collect();
        assert_eq!(names, ["b", "a"]);
        assert_eq!(items[0].answers, ["x", "y"]);
        assert_eq!(read(EXAMPLE).unwrap()[0].options, ["yes", "no"]);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let check = |second: &str, error: &str| {
            let text = format!("{EXAMPLE}\n{second}\n");
            let found = format!("{:#}", read(&text).unwrap_err());
            assert!(found.starts_with(error), "{found}");
        };
        check(
            "{",
            "line 2: it is no item (EOF while parsing an object, column 1); one looks like",
        );
        check(
            r#"{"fields": {"Question": "?"}, "options": ["a", "b"], "answer": "c"}"#,
            "line 2: the answer `c` is none of the options",
        );
        check(
            r#"{"fields": {"Query": "?"}, "options": ["a", "b"], "answer": "b"}"#,
            "line 2: its fields are [\"Query\"], those of the first item [\"Question\"]",
        );
        check(
            r#"{"fields": {"Question": "?"}, "answer": "b"}"#,
            "line 2: either all items have `options` or none",
        );
        check(
            r#"{"fields": {"Question": "?", "Question": "!"}, "answer": "b"}"#,
            "line 2: the field `Question` occurs twice",
        );
        check(
            r#"{"fields": {"Question": "?"}, "options": ["a", "A "], "answer": "a"}"#,
            "line 2: the option `A ` occurs twice",
        );
        check(
            r#"{"fields": {"Question": "?"}, "answer": "b", "anser": 1}"#,
            "line 2: it is no item",
        );
        assert!(read("\n").is_err());
    }

    fn check(numbering: Numbering, reply: &str, right: bool) {
        let item = Item {
            fields: vec![("Question".to_owned(), "?".to_owned())],
            options: ["yes", "no", "not sure"].map(str::to_owned).to_vec(),
            answers: vec!["no".to_owned()],
        };
        let mut format = Format::PLAIN;
        format.options.numbering = numbering;
        assert_eq!(item.is_right(reply, &format, "Answer"), right, "{reply}");
    }

    #[test]
    fn a_reply_is_right_by_marker_or_text() {
        let capital = Numbering::Capital;
        for right in [
            "B",
            "B.",
            " b) no",
            "(B)",
            "No.",
            "no, it is dry",
            "Answer: B",
            "**B**",
            "B no",
        ] {
            check(capital, right, true);
        }
        for wrong in [
            "A",
            "nothing",
            "not sure",
            "C. not sure",
            "Because no",
            "B or C",
            "",
            "Answer",
        ] {
            check(capital, wrong, false);
        }
        check(Numbering::Roman, "ii. no", true);
        check(Numbering::Roman, "iii", false);
        check(Numbering::Roman, "I think no", false);
        check(Numbering::Arabic, "2", true);
        check(Numbering::Arabic, "20", false);
    }

    #[test]
    fn free_answers_are_matched_from_the_start() {
        let item = Item {
            fields: Vec::new(),
            options: Vec::new(),
            answers: vec!["Paris".to_owned(), "the city of Paris".to_owned()],
        };
        let right = |reply| item.is_right(reply, &Format::PLAIN, "Answer");
        assert!(right("paris") && right("Paris, of course") && right("ANSWER - \"Paris\""));
        assert!(right("The city of Paris."));
        assert!(!right("Parisian") && !right("It is Paris"));
    }

    proptest! {
        /// Any bytes are read or refused, and any reply is judged.
        #[test]
        fn nothing_panics(text in ".{0,200}", reply in ".{0,100}", name in ".{0,5}") {
            let _ = read(&text);
            let item = read(EXAMPLE).unwrap().remove(0);
            let _ = item.is_right(&reply, &Format::PLAIN, &name);
        }

        /// The answer that an example shows is a right reply in the same format.
        #[test]
        fn what_is_shown_is_right(seed: u64) {
            use rand::SeedableRng as _;
            let mut rng = crate::frame::Rng::seed_from_u64(seed);
            let item = read(EXAMPLE).unwrap().remove(0);
            let question = item.question("Answer");
            for format in super::super::prompt_format::formats(&question, 20, &mut rng) {
                let shown = item.shown_answer(&format);
                prop_assert!(item.is_right(&shown, &format, "Answer"), "{shown}");
            }
        }
    }
}
