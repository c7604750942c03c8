//! What a text gets: one mark a skill, one for the topic, one for making sense, one for its length.

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};

/// What the grader says of a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Grade {
    /// Whether each skill asked for is shown, in their order.
    pub(super) skills: Vec<bool>,
    /// Whether it is on the topic.
    pub(super) topic: bool,
    /// Whether it makes sense.
    pub(super) sense: bool,
}

/// All marks of a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Marks {
    /// Whether each skill is shown, and not merely named.
    pub(super) skills: Vec<bool>,
    pub(super) topic: bool,
    pub(super) sense: bool,
    /// Whether it has no more sentences than allowed.
    pub(super) short: bool,
}

impl Grade {
    /// Reads a grader's reply: the first JSON object in it.
    pub(super) fn read(reply: &str, skills: usize) -> Result<Grade> {
        let start = reply.find('{').context("there is no JSON object in it")?;
        let mut objects = serde_json::Deserializer::from_str(&reply[start..]).into_iter::<Grade>();
        let grade = objects.next().context("there is no JSON object in it")??;
        ensure!(
            grade.skills.len() == skills,
            "it grades {} skills of {skills}",
            grade.skills.len()
        );
        Ok(grade)
    }
}

impl Marks {
    /// The marks of a text. A skill whose name stands in the text gets none: naming it is not showing it.
    pub(super) fn of(text: &str, grade: Grade, names: &[&str]) -> Marks {
        let lower = text.to_lowercase();
        let shown = grade.skills.iter().zip(names);
        Marks {
            short: sentences(text) <= sentences_max(names.len()),
            skills: shown
                .map(|(&shown, name)| shown && !lower.contains(&name.to_lowercase()))
                .collect(),
            topic: grade.topic,
            sense: grade.sense,
        }
    }

    /// All marks.
    pub(super) fn full(&self) -> bool {
        self.all_skills() && self.others()
    }

    /// All marks for skills.
    pub(super) fn all_skills(&self) -> bool {
        self.skills.iter().all(|&shown| shown)
    }

    /// The share of skills, where the other marks are there.
    pub(super) fn fraction(&self) -> f64 {
        if !self.others() {
            return 0.0;
        }
        let shown = self.skills.iter().filter(|&&shown| shown).count();
        shown as f64 / self.skills.len().max(1) as f64
    }

    fn others(&self) -> bool {
        self.topic && self.sense && self.short
    }
}

/// As many sentences as skills less one are allowed, and one for a single skill.
pub(super) fn sentences_max(skills: usize) -> usize {
    skills.saturating_sub(1).max(1)
}

/// Counts sentences: stretches with letters that end in full stops, question or exclamation marks before a blank or the
/// end, or at the end of the text.
pub(super) fn sentences(text: &str) -> usize {
    let mut count = 0;
    let mut letters = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        letters |= c.is_alphanumeric();
        // Signs of the end may be followed by quotes and brackets that close.
        let ends = ".?!…。？！".contains(c)
            && chars.peek().is_none_or(|next| {
                next.is_whitespace() || "\"'”’)]".contains(*next) || "。？！".contains(c)
            });
        if ends && letters {
            count += 1;
            letters = false;
        }
    }
    count + usize::from(letters)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sentences_are_counted() {
        let check = |text, expected| assert_eq!(sentences(text), expected, "{text}");
        check("", 0);
        check("One without end", 1);
        check("One. Two! Three?", 3);
        check("He said \"no.\" Then he left...", 2);
        check("It costs 3.50 dollars, i.e. little?!", 2);
        check("合同有效。你同意吗？", 2);
        check("...", 0);
    }

    #[test]
    fn a_grade_is_found_in_a_reply() {
        let reply =
            "Sure:\n```json\n{\"skills\": [true, false], \"topic\": true, \"sense\": true}\n```";
        let grade = Grade::read(reply, 2).unwrap();
        assert_eq!(grade.skills, [true, false]);
        for wrong in [
            "",
            "no",
            "{",
            "{\"skills\": [true]}",
            "{\"skills\":[true],\"topic\":true,\"sense\":true}",
        ] {
            assert!(Grade::read(wrong, 2).is_err(), "{wrong}");
        }
    }

    #[test]
    fn marks_are_all_or_a_share() {
        let grade = Grade {
            skills: vec![true, true, true],
            topic: true,
            sense: true,
        };
        let names = ["irony", "metaphor", "red herring"];
        let marks = Marks::of("Sewing is a river. How lovely.", grade.clone(), &names);
        assert!(marks.full());
        let named = Marks::of("Sewing, with Irony.", grade.clone(), &names);
        assert_eq!(named.skills, [false, true, true]);
        assert!((named.fraction() - 2.0 / 3.0).abs() < 1e-12 && !named.all_skills());
        let long = Marks::of("One. Two. Three.", grade, &names);
        assert!(long.all_skills() && !long.full());
        assert_eq!(long.fraction(), 0.0);
    }

    proptest! {
        #[test]
        fn any_reply_is_read_or_refused(reply in ".{0,120}", skills in 0usize..5) {
            let _ = Grade::read(&reply, skills);
            prop_assert!(sentences(&reply) <= reply.chars().count());
        }
    }
}
