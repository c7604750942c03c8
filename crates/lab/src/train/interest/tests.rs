//! The recipe on papers of which we know what readers like.

use search::interest::{Model, write};

use super::*;

const WORDS: [&str; 8] = [
    "graph", "speech", "protein", "video", "parsing", "quantum", "fairness", "pruning",
];

fn options() -> Options {
    Options {
        papers: Vec::new(),
        out: PathBuf::new(),
        before: "2026-03-01".parse().unwrap(),
        seed: 1,
        penalty: 1.0,
        trait_scale: 0.07,
        half_life_days: 365.0,
    }
}

/// Forty days of twelve papers each; readers like video, and surveys less.
fn papers() -> Vec<Paper> {
    let mut random = Random::new(7);
    let mut papers = Vec::new();
    for day in 0..40 {
        for n in 0..12 {
            let word = WORDS[random.below(WORDS.len())];
            let survey = n % 4 == 0;
            let title = match survey {
                true => format!("A survey of {word}"),
                false => format!("On {word}"),
            };
            let liked = 5 + 60 * u32::from(word == "video") - 4 * u32::from(survey);
            papers.push(Paper {
                text: format!("We study {word} and more about {word}."),
                title,
                day: 20_000 + day,
                featured: true,
                submitted_day: Some(20_000 + day - 2),
                // Days differ in readers.
                votes: liked * (1 + u32::try_from(day).unwrap() % 3)
                    + u32::try_from(random.below(3)).unwrap(),
            });
        }
    }
    papers
}

#[test]
fn what_readers_like_is_learned() {
    let encoder = Encoder::shipped();
    let examples = examples(&encoder, &papers());
    let parts = learn(&encoder, &examples, &options()).unwrap();
    assert_eq!(
        (parts.papers, parts.first_day, parts.last_day),
        (480, 20_000, 20_039)
    );
    let survey = parts.traits[traits::NAMES
        .iter()
        .position(|n| n.starts_with("a survey"))
        .unwrap()];
    assert!(survey.weight < 0.0);
    let model = Model::read(&write(&parts)).unwrap();
    let place = |title: &str, text: &str| {
        let mut vector = vec![0.0; encoder.dim()];
        encoder.encode_paper(title, text, &mut vector);
        let traits = traits::of(title, text, Some(2.0));
        (
            model.place(model.number(&vector, &traits)),
            model.is_familiar(&vector),
        )
    };
    let (video, familiar) = place("On video", "We study video and more about video.");
    let (parsing, _) = place(
        "A survey of parsing",
        "We study parsing and more about parsing.",
    );
    assert!(
        familiar && video.low > parsing.high,
        "{video:?} {parsing:?}"
    );
    let (_, familiar) = place(
        "Dark matter halos",
        "Galaxies rotate too fast for their stars.",
    );
    assert!(!familiar);
}

#[test]
fn the_same_papers_give_the_same_bytes() {
    let encoder = Encoder::shipped();
    let all = examples(&encoder, &papers());
    let bytes = |penalty| {
        let options = Options {
            penalty,
            ..options()
        };
        write(&learn(&encoder, &all, &options).unwrap())
    };
    assert_eq!(bytes(20.0), bytes(20.0));
    assert_ne!(bytes(20.0), bytes(40.0));
    assert!(learn(&encoder, &all[..24], &options()).is_err());
}
