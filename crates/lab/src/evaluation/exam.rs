//! Examinations as AGIEval gives them: questions with options or with a gap, prompts, and reading the answer out of what a
//! model writes.

use std::fmt::Write as _;

/// A question of an examination.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// What is asked.
    pub text: String,
    /// Options to choose from; empty where a gap is to be filled.
    pub options: Vec<String>,
    /// The right answer: an option's letter, or what fills the gap.
    pub answer: String,
}

/// The letter of the option at a place.
pub fn letter(at: usize) -> char {
    char::from(b'A' + (at % 26) as u8)
}

/// The zero-shot prompt for a question.
pub fn prompt(question: &Question) -> String {
    let mut text = format!("Question: {}\n", question.text);
    if question.options.is_empty() {
        text.push_str("Fill the gap. Answer:");
        return text;
    }
    text.push_str("Options:");
    for (at, option) in question.options.iter().enumerate() {
        let _ = write!(text, " ({}) {option}", letter(at));
    }
    let last = letter(question.options.len() - 1);
    let _ = write!(text, "\nFrom A through {last}, the answer is");
    text
}

/// Whether a reply answers a question rightly.
pub fn is_right(reply: &str, question: &Question) -> bool {
    if question.options.is_empty() {
        return read_gap(reply).is_some_and(|filled| same(&filled, &question.answer));
    }
    let chosen = read_choice(reply, &question.options).map(letter);
    chosen.is_some_and(|chosen| question.answer == chosen.to_string())
}

/// The option that a reply chooses. In this order counts: what is boxed; what follows the last "answer"; the last letter in
/// brackets; the only letter that stands alone; the only option whose text occurs. A reply that leaves open which one it
/// means has none.
pub fn read_choice(reply: &str, options: &[String]) -> Option<usize> {
    let count = options.len();
    if let Some(boxed) = after_last(reply, "\\boxed{") {
        return first_letter(boxed, count);
    }
    let lower = reply.to_ascii_lowercase();
    // ASCII lower case keeps every byte's place.
    if let Some(at) = lower.rfind("answer") {
        let rest = &reply[at + "answer".len()..];
        let said = rest.split(['\n', ';']).next().unwrap_or(rest);
        if let Some(chosen) = first_letter(said, count) {
            return Some(chosen);
        }
    }
    let letters = letters(reply, count);
    if let Some((_, chosen)) = letters.iter().rfind(|(bracketed, _)| *bracketed) {
        return Some(*chosen);
    }
    let mut alone = letters.iter().map(|(_, chosen)| *chosen);
    if let Some(chosen) = alone.next()
        && alone.all(|other| other == chosen)
    {
        return Some(chosen);
    }
    let mut named = (0..count).filter(|&at| {
        let option = options[at].trim().to_ascii_lowercase();
        !option.is_empty() && lower.contains(&option)
    });
    named.next().filter(|_| named.next().is_none())
}

/// What a reply fills a gap with: what is boxed, or what follows the last "answer is", `=` or `:`, or the whole reply where it
/// is one short line.
pub fn read_gap(reply: &str) -> Option<String> {
    let clean = |text: &str| {
        let quoting = ['$', '*', '"', '`', ' '];
        let text = text.trim().trim_start_matches(quoting);
        let ends = |c: char| quoting.contains(&c) || ".,;!".contains(c);
        let text = text.trim_end_matches(ends);
        (!text.is_empty()).then(|| text.to_owned())
    };
    if let Some(boxed) = after_last(reply, "\\boxed{") {
        return clean(boxed.split('}').next()?);
    }
    let lower = reply.to_ascii_lowercase();
    if let Some(at) = lower.rfind("answer is") {
        let rest = &reply[at + "answer is".len()..];
        let said = rest.lines().next().unwrap_or(rest).trim();
        let value = after_last(said, "=").unwrap_or(said);
        return clean(value.trim_start_matches(':'));
    }
    let last = reply.lines().rfind(|line| !line.trim().is_empty())?;
    let value = after_last(last, "=").or_else(|| after_last(last, ":"));
    clean(value.unwrap_or(last))
}

/// Whether two answers are alike: as numbers where both are, otherwise without regard to case and blanks.
fn same(a: &str, b: &str) -> bool {
    let number = |text: &str| text.replace(',', "").trim().parse::<f64>().ok();
    match (number(a), number(b)) {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * b.abs().max(1.0),
        _ => {
            let plain = |text: &str| text.split_whitespace().collect::<String>().to_lowercase();
            plain(a) == plain(b)
        }
    }
}

fn after_last<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    text.rsplit_once(mark).map(|(_, after)| after)
}

fn first_letter(text: &str, count: usize) -> Option<usize> {
    letters(text, count).first().map(|(_, chosen)| *chosen)
}

/// The capital letters of options that stand alone, and whether each is in brackets. A single `A` that begins a phrase, as in
/// "A train leaves", is an article and does not count.
fn letters(text: &str, count: usize) -> Vec<(bool, usize)> {
    let chars: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    for (at, &c) in chars.iter().enumerate() {
        let place = (c as u32).wrapping_sub(u32::from('A')) as usize;
        if place >= count.min(26) {
            continue;
        }
        let before = at.checked_sub(1).map(|at| chars[at]);
        let after = chars.get(at + 1).copied();
        let joins = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '\'');
        if joins(before) || joins(after) {
            continue;
        }
        let article = c == 'A' && is_article(&chars[at + 1..]);
        if !article {
            found.push((before == Some('(') && after == Some(')'), place));
        }
    }
    found
}

/// Whether what follows an `A` makes it an article: a word that is none of those that follow the name of an option.
fn is_article(after: &[char]) -> bool {
    let Some((' ', rest)) = after.split_first() else {
        return false;
    };
    let word: String = rest.iter().take_while(|c| c.is_alphabetic()).collect();
    let after_a_name = [
        "is", "was", "or", "and", "cannot", "can", "must", "because", "since",
    ];
    word.starts_with(char::is_lowercase) && !after_a_name.contains(&word.as_str())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn options() -> Vec<String> {
        ["12", "15", "42", "about half"].map(str::to_owned).to_vec()
    }

    #[test]
    fn choices_are_read() {
        let check = |reply: &str, expected: Option<char>| {
            assert_eq!(
                read_choice(reply, &options()).map(letter),
                expected,
                "{reply}"
            );
        };
        check("C", Some('C'));
        check("(B)", Some('B'));
        check(" c", None);
        check("The answer is (D).", Some('D'));
        check("Answer: B", Some('B'));
        check(
            "A is wrong, since 12 is even. So the answer is C",
            Some('C'),
        );
        check("A train leaves at noon. It takes (B) hours.", Some('B'));
        check("(A) is too small and (B) too large, hence (C)", Some('C'));
        check("We get $\\boxed{D}$, not the answer A", Some('D'));
        check("It must be about half", Some('D'));
        check("Either A or B", None);
        check("The answer is E", None);
        check("It is 42.", Some('C'));
        check("", None);
    }

    #[test]
    fn gaps_are_read() {
        let check = |reply: &str, expected: Option<&str>| {
            assert_eq!(read_gap(reply).as_deref(), expected, "{reply}");
        };
        check("42", Some("42"));
        check("x = 6, so x * 7 = 42.", Some("42"));
        check("The answer is $42$.", Some("42"));
        check("the answer is: y = -3", Some("-3"));
        check("First 40.\nThen \\boxed{42}", Some("42"));
        check("Thinking...\nAnswer: 1,000\n", Some("1,000"));
        check(" \n", None);
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        assert!(same("1,000", "1000.0"));
        assert!(same("New  York", "new york"));
        assert!(!same("42", "43"));
    }

    #[test]
    fn a_prompt_lists_the_options() {
        let question = Question {
            text: "What is 6 times 7?".to_owned(),
            options: options(),
            answer: "C".to_owned(),
        };
        assert_eq!(
            prompt(&question),
            "Question: What is 6 times 7?\nOptions: (A) 12 (B) 15 (C) 42 (D) about half\nFrom A through D, the answer is"
        );
        assert!(is_right("C", &question) && !is_right("B", &question));
    }

    proptest! {
        /// Whatever a model writes, reading it ends, and a letter in brackets at the end is found.
        #[test]
        fn any_reply_can_be_read(reply in ".{0,200}", at in 0usize..4) {
            let _ = read_gap(&reply);
            let chosen = read_choice(&reply, &options());
            prop_assert!(chosen.is_none_or(|chosen| chosen < 4));
            let clear = format!("so the answer is ({})", letter(at));
            prop_assert_eq!(read_choice(&clear, &options()), Some(at));
        }
    }
}
