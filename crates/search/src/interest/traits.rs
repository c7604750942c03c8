//! What is plain to see of a text, beside its meaning: each a number that the model may weigh.

/// How many traits there are.
pub const TRAITS: usize = 13;

/// Their names, in order.
pub const NAMES: [&str; TRAITS] = [
    "words in the title",
    "a colon in the title",
    "one word before the colon",
    "a question in the title",
    "a survey, by its title",
    "a benchmark, by its title",
    "a data set, by its title",
    "a technical report, by its title",
    "words in the abstract",
    "an address in the abstract",
    "something released",
    "sizes of models",
    "days from submission to the list",
];

/// Longer waits are all the same.
const DAYS_MAX: f64 = 60.0;

/// The traits of a title and an abstract; `days` are those from submission to the day of the list.
pub fn of(title: &str, text: &str, days: Option<f64>) -> [Option<f64>; TRAITS] {
    let (title_low, text_low) = (title.to_lowercase(), text.to_lowercase());
    let yes = |is: bool| Some(f64::from(u8::from(is)));
    let in_title = |words: &[&str]| yes(words.iter().any(|word| title_low.contains(word)));
    let in_text = |words: &[&str]| yes(words.iter().any(|word| text_low.contains(word)));
    let head = title.split_once(':').map(|(head, _)| head);
    [
        Some(words(title)),
        yes(head.is_some()),
        yes(head.is_some_and(|head| head.split_whitespace().count() == 1)),
        yes(title.contains('?')),
        in_title(&["survey"]),
        in_title(&["bench"]),
        in_title(&["dataset", "data set", "corpus"]),
        in_title(&["technical report"]),
        Some(words(text)),
        in_text(&["http", "github"]),
        in_text(&["open-source", "open source", "release"]),
        yes(text_low
            .split(|c: char| !c.is_alphanumeric() && c != '.')
            .any(is_size)),
        days.map(|days| days.clamp(0.0, DAYS_MAX).ln_1p()),
    ]
}

/// The logarithm of a text's length.
fn words(text: &str) -> f64 {
    // Below 2^53.
    (text.split_whitespace().count() as f64).ln_1p()
}

/// `7b`, `1.5b`: how many parameters.
fn is_size(word: &str) -> bool {
    word.strip_suffix('b').is_some_and(|number| {
        number.starts_with(|c: char| c.is_ascii_digit())
            && number.chars().all(|c| c.is_ascii_digit() || c == '.')
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn traits_are_read() {
        let traits = of(
            "DenseBench: What Do 7B Models See?",
            "We release code at https://example.org/code. Models of 1.5B and 70b parameters.",
            Some(3.0),
        );
        let plain: Vec<f64> = traits.iter().map(|t| t.unwrap()).collect();
        let expected = [
            7f64.ln(),
            1.0,
            1.0,
            1.0,
            0.0,
            1.0,
            0.0,
            0.0,
            12f64.ln(),
            1.0,
            1.0,
            1.0,
            4f64.ln(),
        ];
        for ((got, expected), name) in plain.iter().zip(expected).zip(NAMES) {
            assert!((got - expected).abs() < 1e-12, "{name}: {got}");
        }
    }

    #[track_caller]
    fn check_size(word: &str, expected: bool) {
        assert_eq!(is_size(word), expected, "{word}");
    }

    #[test]
    fn sizes_are_digits_and_b() {
        check_size("7b", true);
        check_size("1.5b", true);
        check_size("b", false);
        check_size(".5b", false);
        check_size("x7b", false);
        check_size("7bn", false);
    }

    proptest! {
        #[test]
        fn any_text_has_finite_traits(title in "(?s).{0,80}", text in "(?s).{0,300}", days in prop::option::of(-1e9f64..1e9)) {
            for value in of(&title, &text, days).into_iter().flatten() {
                prop_assert!(value.is_finite() && value >= 0.0);
            }
        }
    }
}
