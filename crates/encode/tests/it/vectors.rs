//! What vectors are like.

use encode::Encoder;
use proptest::prelude::*;

use crate::small;

fn length(vector: &[f32]) -> f32 {
    vector.iter().map(|x| x * x).sum::<f32>().sqrt()
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>() / (length(a) * length(b))
}

#[test]
fn vectors_have_unit_length_or_none() {
    let encoder = small();
    assert!((length(&encoder.encode("deep neural network")) - 1.0).abs() < 1e-6);
    for nothing in ["", " \t\n", "?!", "zzz", "\0\u{1}\u{7f}", "世界"] {
        assert_eq!(length(&encoder.encode(nothing)), 0.0, "{nothing:?}");
        assert_eq!(encoder.weights(nothing), []);
    }
}

#[test]
fn word_order_matters_only_for_phrases() {
    let encoder = small();
    assert!(
        cosine(
            &encoder.encode("deep network"),
            &encoder.encode("network deep")
        ) > 0.999_999
    );
    assert!(
        cosine(
            &encoder.encode("neural network"),
            &encoder.encode("network neural")
        ) < 0.9
    );
}

#[test]
fn a_title_counts_as_much_as_the_model_says() {
    let encoder = small();
    let mut paper = [0.0; 256];
    encoder.encode_paper("deep", "network", &mut paper);
    // The small model's titles weigh 2.
    assert!(cosine(&paper, &encoder.encode("deep deep network")) > 0.999_999);
    encoder.encode_paper("", "", &mut paper);
    assert_eq!(length(&paper), 0.0);
}

#[test]
fn shares_name_their_words_and_add_up_to_one() {
    let encoder = small();
    let text = "Deep, unbelievable neural networks? Neural network!";
    let weights = encoder.weights(text);
    let words: Vec<&str> = weights
        .iter()
        .map(|(range, _)| &text[range.clone()])
        .collect();
    assert_eq!(
        words,
        [
            "Deep",
            "unbelievable",
            "neural",
            "networks",
            "Neural network"
        ]
    );
    let sum: f32 = weights.iter().map(|(_, share)| share).sum();
    assert!((sum - 1.0).abs() < 1e-5);
}

#[test]
fn clones_and_threads_agree() {
    let encoder = Encoder::shipped();
    let clone = encoder.clone();
    let there = std::thread::spawn(move || clone.encode("graph neural networks"))
        .join()
        .unwrap();
    assert_eq!(there, encoder.encode("graph neural networks"));
}

#[test]
fn the_shipped_model_knows_what_belongs_together() {
    let encoder = Encoder::shipped();
    let nearer = |query: &str, near: &str, far: &str| {
        let query = encoder.encode(query);
        let (near, far) = (encoder.encode(near), encoder.encode(far));
        for dim in [64, 128, 256] {
            let (near, far) = (
                cosine(&query[..dim], &near[..dim]),
                cosine(&query[..dim], &far[..dim]),
            );
            assert!(near > far, "at {dim}: {near} is not above {far}");
        }
    };
    nearer("car", "automobile", "galaxy");
    nearer(
        "heart attack",
        "myocardial infarction",
        "machine translation",
    );
    nearer(
        "teaching machines to translate",
        "neural machine translation of languages",
        "dark matter halos",
    );
    nearer(
        "exoplanet atmospheres",
        "transmission spectra of hot Jupiters",
        "sorting algorithms",
    );
    nearer(
        "kidney disease",
        "chronic renal failure in patients",
        "quantum field theory",
    );
}

#[test]
fn hostile_texts_end_in_time_and_sense() {
    let encoder = Encoder::shipped();
    let texts = [
        "a".repeat(1 << 20),
        "\\".repeat(1 << 20),
        "\\alpha{".repeat(1 << 17),
        "a\u{301}".repeat(1 << 18),
        "\u{fdfa}".repeat(1 << 18),
        "##".repeat(1 << 19),
        "zzzzzzzzqqqqqqqqxxxxxxxxjjjjjjjj ".repeat(1 << 15),
        "neural network ".repeat(1 << 16),
        "\u{1d400}\u{10ffff}\u{0}".repeat(1 << 16),
    ];
    for text in &texts {
        let vector = encoder.encode(text);
        assert!(vector.iter().all(|x| x.is_finite()));
        let length = length(&vector);
        assert!(length == 0.0 || (length - 1.0).abs() < 1e-4);
    }
}

proptest! {
    #[test]
    fn any_text_has_unit_length_or_none(text in any::<String>()) {
        let length = length(&Encoder::shipped().encode(&text));
        prop_assert!(length == 0.0 || (length - 1.0).abs() < 1e-4);
    }
}
