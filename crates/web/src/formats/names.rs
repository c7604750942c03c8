//! A person's printed name, cut into the parts that bibliographies file it by.

use domain::text::one_line;

/// A name as bibliographies see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Name {
    /// A person.
    Person {
        /// `Ludwig`; empty for people with one name.
        given: String,
        /// `van Beethoven`: with the particles before it.
        family: String,
        /// `Jr.`, `III`; mostly empty.
        suffix: String,
    },
    /// A group, or a name that cannot be cut safely: printed as it is.
    Whole(String),
}

/// Words that tell a collaboration from a person.
const GROUP_WORDS: [&str; 12] = [
    "collaboration",
    "consortium",
    "team",
    "group",
    "project",
    "initiative",
    "committee",
    "university",
    "institute",
    "network",
    "community",
    "the",
];

/// Endings of a name that belong to neither part.
const SUFFIXES: [&str; 8] = ["jr", "jr.", "sr", "sr.", "ii", "iii", "iv", "ph.d."];

impl Name {
    /// Cuts a name in reading order (`Ludwig van Beethoven`) or in filing order (`van Beethoven, Ludwig`).
    pub(super) fn parse(printed: &str) -> Name {
        let printed = one_line(printed);
        let words: Vec<&str> = printed.split(' ').collect();
        let is_group = words
            .iter()
            .any(|w| GROUP_WORDS.contains(&w.to_lowercase().as_str()));
        // "and" parts authors in BibTeX, so a name with that word must stay in one piece.
        let has_and = words.iter().any(|w| w.eq_ignore_ascii_case("and"));
        if is_group || has_and {
            return Name::Whole(printed);
        }
        let commas: Vec<&str> = printed.split(',').map(str::trim).collect();
        match commas.as_slice() {
            [name] => in_reading_order(name, ""),
            [name, suffix] if is_suffix(suffix) => in_reading_order(name, suffix),
            [family, given] if !family.is_empty() && !given.is_empty() => Name::Person {
                given: (*given).to_string(),
                family: (*family).to_string(),
                suffix: String::new(),
            },
            _ => Name::Whole(printed),
        }
    }

    /// The one word by which a citation key names this author.
    pub(super) fn key_word(&self) -> &str {
        let name = match self {
            Name::Person { family, .. } => family,
            Name::Whole(name) => name.strip_prefix("The ").unwrap_or(name),
        };
        match self {
            Name::Person { .. } => name.rsplit(' ').next().unwrap_or(name),
            Name::Whole(_) => name.split(' ').next().unwrap_or(name),
        }
    }
}

fn is_suffix(word: &str) -> bool {
    SUFFIXES.contains(&word.to_lowercase().as_str())
}

fn in_reading_order(name: &str, suffix: &str) -> Name {
    let mut words: Vec<&str> = name.split(' ').filter(|w| !w.is_empty()).collect();
    let mut suffix = suffix;
    if suffix.is_empty()
        && words.len() > 2
        && let Some(last) = words.last().copied()
        && is_suffix(last)
    {
        suffix = last;
        words.pop();
    }
    if words.len() < 2 {
        return Name::Whole(name.to_string());
    }
    // Particles (van, de la) are written small and stand between the parts.
    let particle = words[1..words.len() - 1]
        .iter()
        .position(|w| w.starts_with(char::is_lowercase));
    let family_at = particle.map_or(words.len() - 1, |at| at + 1);
    Name::Person {
        given: words[..family_at].join(" "),
        family: words[family_at..].join(" "),
        suffix: suffix.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(printed: &str, expected: &str) {
        let got = match Name::parse(printed) {
            Name::Person {
                given,
                family,
                suffix,
            } => format!("{family} | {given} | {suffix}"),
            Name::Whole(name) => format!("={name}"),
        };
        assert_eq!(got, expected);
    }

    #[test]
    fn names_in_their_parts() {
        check("Geoffrey E. Hinton", "Hinton | Geoffrey E. | ");
        check("Ludwig van Beethoven", "van Beethoven | Ludwig | ");
        check("Maria  de la Cruz\n Vega", "de la Cruz Vega | Maria | ");
        check("Hinton, Geoffrey", "Hinton | Geoffrey | ");
        check("Sammy Davis Jr.", "Davis | Sammy | Jr.");
        check("Sammy Davis, Jr.", "Davis | Sammy | Jr.");
        check("de Vries", "Vries | de | ");
        check("Plato", "=Plato");
        check("The ATLAS Collaboration", "=The ATLAS Collaboration");
        check("Qwen Team", "=Qwen Team");
        check("Bob and Alice", "=Bob and Alice");
        check("a, b, c", "=a, b, c");
        check(",", "=,");
        check("", "=");
        check("王 小明", "小明 | 王 | ");
    }
}
