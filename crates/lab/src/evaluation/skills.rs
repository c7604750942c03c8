//! Skills of writing that rules can detect, each with a clause that shows it, and marks for a text.

use super::combinations::Combination;

/// A clause that shows a skill, and how the skill is detected in a text's lower-case words or its letters.
pub(super) struct Skill {
    clause: &'static str,
    shown: fn(&Text) -> bool,
}

/// A text as rules look at it.
struct Text {
    letters: String,
    words: Vec<String>,
}

impl Text {
    fn new(text: &str) -> Text {
        let letters = text.to_lowercase();
        let words = letters
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect();
        Text { letters, words }
    }

    fn has(&self, words: &[&str]) -> bool {
        self.words
            .windows(words.len())
            .any(|window| window.iter().zip(words).all(|(a, b)| a == b))
    }

    /// Whether one word comes somewhere before another.
    fn order(&self, first: &str, second: &str) -> bool {
        let at = self.words.iter().position(|word| word == first);
        at.is_some_and(|at| self.words[at + 1..].iter().any(|word| word == second))
    }
}

/// All skills.
pub(super) static SKILLS: [Skill; 20] = [
    // simile
    skill("quiet as a stone", |t| t.has(&["as", "a"])),
    // rhetorical question
    skill("who could ask for more?", |t| t.letters.contains('?')),
    // aside
    skill("(or so they say)", |t| {
        t.letters
            .split_once('(')
            .is_some_and(|(_, rest)| rest.contains(')'))
    }),
    // quotation
    skill("\"enough\" they said", |t| {
        t.letters.matches('"').count() >= 2
    }),
    // figures
    skill("in 7 parts", |t| {
        t.letters.contains(|c: char| c.is_ascii_digit())
    }),
    // condition
    skill("if it rains then it pours", |t| t.order("if", "then")),
    // contrast
    skill("whereas others wait", |t| t.has(&["whereas"])),
    // concession
    skill("although nobody saw it", |t| t.has(&["although"])),
    // enumeration
    skill("first slowly and second firmly", |t| {
        t.order("first", "second")
    }),
    // alliteration
    skill("busy brown bears", |t| {
        t.words.windows(3).any(|w| {
            w.iter()
                .all(|word| word.len() > 3 && word.as_bytes()[0] == w[0].as_bytes()[0])
        })
    }),
    // doubling
    skill("again again it grew", |t| {
        t.words.windows(2).any(|w| w[0] == w[1])
    }),
    // superlative
    skill("the oldest of all", |t| {
        t.words
            .windows(2)
            .any(|w| w[0] == "the" && w[1].ends_with("est"))
    }),
    // order in time
    skill("before dawn came", |t| t.has(&["before"])),
    // cause
    skill("because time is short", |t| t.has(&["because"])),
    // hedge
    skill("perhaps by chance", |t| t.has(&["perhaps"])),
    // authority
    skill("experts agree on it", |t| t.has(&["experts", "agree"])),
    // paraphrase
    skill("that is to say once more", |t| {
        t.has(&["that", "is", "to", "say"])
    }),
    // negation
    skill("it is not over", |t| t.has(&["not"])),
    // address
    skill("like you know", |t| t.has(&["you"])),
    // restriction
    skill("only here", |t| t.has(&["only"])),
];

/// All topics.
pub(super) static TOPICS: [&str; 20] = [
    "sewing",
    "gardening",
    "chess",
    "rivers",
    "bread",
    "trains",
    "maps",
    "clocks",
    "bridges",
    "kites",
    "salt",
    "lamps",
    "harbours",
    "violins",
    "orchards",
    "letters",
    "markets",
    "snow",
    "glass",
    "wool",
];

const fn skill(clause: &'static str, shown: fn(&Text) -> bool) -> Skill {
    Skill { clause, shown }
}

/// What a text gets for a combination: the paper's marks, but for whether it makes sense, which rules cannot tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marks {
    pub(super) skills_shown: usize,
    pub(super) skills_asked: usize,
    pub(super) on_topic: bool,
    pub(super) short: bool,
}

impl Marks {
    /// Every mark is given.
    pub(super) fn full(&self) -> bool {
        self.skills_shown == self.skills_asked && self.on_topic && self.short
    }

    /// The share of skills, if the other marks are given.
    pub(super) fn fraction(&self) -> f64 {
        if self.on_topic && self.short {
            self.skills_shown as f64 / self.skills_asked.max(1) as f64
        } else {
            0.0
        }
    }
}

/// Marks a text. It may have as many sentences as skills less one, and one where one skill is asked for.
pub(super) fn mark(text: &str, asked: &Combination) -> Marks {
    let read = Text::new(text);
    let sentences = text
        .split_inclusive(['.', '?', '!'])
        .filter(|s| s.len() > 1);
    let most = asked.skills.len().saturating_sub(1).max(1);
    Marks {
        skills_shown: asked
            .skills
            .iter()
            .filter(|&&at| (SKILLS[at].shown)(&read))
            .count(),
        skills_asked: asked.skills.len(),
        on_topic: read.has(&[TOPICS[asked.topic]]),
        short: sentences.count() <= most,
    }
}

/// One sentence on a topic with these skills' clauses.
pub(super) fn write(topic: usize, skills: &[usize]) -> String {
    let mut clauses: Vec<&str> = skills.iter().map(|&at| SKILLS[at].clause).collect();
    // A question ends the sentence.
    clauses.sort_by_key(|clause| clause.ends_with('?'));
    let mut text = format!("On {}", TOPICS[topic]);
    for clause in clauses {
        text.push_str(", ");
        text.push_str(clause);
    }
    if !text.ends_with('?') {
        text.push('.');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, skills: &[&str], topic: &str, expected: (usize, bool, bool)) {
        let place = |clause: &&str| SKILLS.iter().position(|s| s.clause == *clause).unwrap();
        let asked = Combination {
            skills: skills.iter().map(place).collect(),
            topic: TOPICS.iter().position(|t| *t == topic).unwrap(),
        };
        let marks = mark(text, &asked);
        assert_eq!(
            (marks.skills_shown, marks.on_topic, marks.short),
            expected,
            "{text}"
        );
    }

    #[test]
    fn texts_are_marked() {
        check(
            "Bread rises, white as a cloud, because the yeast works.",
            &["quiet as a stone", "because time is short"],
            "bread",
            (2, true, true),
        );
        check(
            "Bread rises. It is not over.",
            &["it is not over", "because time is short"],
            "bread",
            (1, true, false),
        );
        check(
            "Then if it snows.",
            &["if it rains then it pours"],
            "snow",
            (0, false, true),
        );
        check(
            "Snow, slowly, slowly.",
            &["again again it grew"],
            "snow",
            (1, true, true),
        );
    }

    #[test]
    fn a_clause_shows_its_own_skill_and_no_other() {
        for (at, skill) in SKILLS.iter().enumerate() {
            for topic in 0..TOPICS.len() {
                let text = Text::new(&write(topic, &[at]));
                let shown: Vec<&str> = SKILLS
                    .iter()
                    .filter(|other| (other.shown)(&text))
                    .map(|other| other.clause)
                    .collect();
                assert_eq!(shown, [skill.clause]);
            }
        }
    }

    #[test]
    fn all_clauses_together_get_full_marks() {
        let asked = Combination {
            skills: (0..SKILLS.len()).collect(),
            topic: 3,
        };
        let marks = mark(&write(3, &asked.skills), &asked);
        assert!(marks.full());
        assert_eq!(marks.fraction(), 1.0);
        assert!(!mark(&write(4, &asked.skills), &asked).full());
    }
}
