//! How texts are cut.

use encode::Encoder;
use encode::tokenizer::{MAX_BYTES, Tokenizer, words};
use proptest::prelude::*;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;

use crate::TOKENS;

fn words_of(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    words::for_each(text, |word| found.push(word.text.to_owned()));
    found
}

#[track_caller]
fn check_words(text: &str, expected: &str) {
    assert_eq!(words_of(text).join(" "), expected);
}

#[track_caller]
fn check_tokens(text: &str, expected: &[(&str, &str)]) {
    let tokenizer = Tokenizer::new(&TOKENS).unwrap();
    let found = tokenizer.tokens(text);
    let found: Vec<(&str, &str)> = found
        .iter()
        .map(|token| (TOKENS[token.row as usize], &text[token.range.clone()]))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn words_are_lower_case_letters_and_digits() {
    check_words("", "");
    check_words(
        "  Deep-Learning, 2nd ed.;(GPT4) ",
        "deep learning 2nd ed gpt4",
    );
    check_words("Don't", "don t");
}

#[test]
fn accents_go_however_they_are_written() {
    check_words("Schrödinger Poincaré Œuvre", "schrodinger poincare œuvre");
    check_words("Schro\u{308}dinger", "schrodinger");
    check_words(
        r#"Schr\"odinger, Schr{\"o}dinger, Schr\"{o}dinger"#,
        "schrodinger schrodinger schrodinger",
    );
    check_words(
        r"Erd\H{o}s Ha\v{c}ek Poincar\'e \'Etale",
        "erdos hacek poincare etale",
    );
    check_words(
        r"\O rsted, Stra\ss e, \L{}ojasiewicz",
        "o rsted strass e lojasiewicz",
    );
}

#[test]
fn latex_is_read_as_it_prints() {
    check_words(r"the $L_2$ norm, $H^{1}$, CO$_2$", "the l2 norm h1 co 2");
    check_words(r"$\mathcal{O}(n \log n)$", "o n log n");
    check_words(r"$\Lambda$CDM and $\varepsilon$", "lambda cdm and epsilon");
    check_words(r"$x_{ij}$ \textbf{bold} \cite{foo}", "x ij bold foo");
    check_words("\\", "");
    check_words("a_ b^ {}", "a b");
}

#[test]
fn other_scripts_are_words_too() {
    check_words("Привет, 世界!", "привет 世 界");
    check_words("ﬁnite x² Ｆｕｌｌ", "finite x2 full");
    check_words(
        "soft\u{ad}hyphen zero\u{200b}width nul\0l",
        "softhyphen zerowidth null",
    );
}

#[test]
fn known_words_are_one_token() {
    check_tokens(
        "deep networks",
        &[("deep", "deep"), ("networks", "networks")],
    );
}

#[test]
fn rare_words_are_cut_into_the_longest_pieces() {
    let whole = "Unbelievable";
    check_tokens(
        whole,
        &[("un", whole), ("##believ", whole), ("##able", whole)],
    );
    check_tokens("unknown", &[]);
}

#[test]
fn phrases_are_one_token() {
    check_tokens("Neural  network", &[("neural network", "Neural  network")]);
    check_tokens("neural-network", &[("neural network", "neural-network")]);
    check_tokens(
        "neural, network",
        &[("neural", "neural"), ("network", "network")],
    );
    check_tokens(
        "magnetic resonance imaging",
        &[("magnetic resonance imaging", "magnetic resonance imaging")],
    );
    check_tokens(
        "magnetic resonance deep",
        &[
            ("magnetic resonance", "magnetic resonance"),
            ("deep", "deep"),
        ],
    );
    check_tokens(
        "neural deep network",
        &[
            ("neural", "neural"),
            ("deep", "deep"),
            ("network", "network"),
        ],
    );
    check_tokens(
        "neural unknown network",
        &[("neural", "neural"), ("network", "network")],
    );
}

#[test]
fn only_the_beginning_of_a_long_text_is_read() {
    let long = "deep ".repeat(MAX_BYTES);
    let tokenizer = Tokenizer::new(&TOKENS).unwrap();
    assert_eq!(tokenizer.tokens(&long).len(), MAX_BYTES / 5);
    let wide = "é".repeat(MAX_BYTES);
    assert_eq!(tokenizer.tokens(&wide).len(), 0);
}

#[test]
fn a_phrase_without_its_words_is_refused() {
    assert!(Tokenizer::new(&["deep", "deep network"]).is_err());
    assert!(Tokenizer::new(&["a", "b", "c", "a b c"]).is_err());
    assert!(Tokenizer::new(&["deep", "deep"]).is_err());
}

/// The tokenizer that the shipped vocabulary was made for, with its words and pieces but no phrases.
fn oracle(vocabulary: &[&str]) -> tokenizers::Tokenizer {
    // It cuts no text without a token for unknown words, which the test takes out again.
    let lines = vocabulary.join("\n") + "\n[UNK]\n";
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vocab.txt");
    std::fs::write(&path, lines).unwrap();
    let model = WordPiece::from_file(path.to_str().unwrap())
        .build()
        .unwrap();
    let mut oracle = tokenizers::Tokenizer::new(model);
    oracle
        .with_normalizer(Some(BertNormalizer::new(true, true, Some(true), true)))
        .unwrap()
        .with_pre_tokenizer(Some(BertPreTokenizer));
    oracle
}

#[test]
fn words_and_pieces_agree_with_the_field_s_tokenizer() {
    let shipped = Encoder::shipped();
    let vocabulary: Vec<&str> = shipped
        .tokenizer()
        .vocabulary()
        .filter(|token| !token.contains(' '))
        .collect();
    let ours = Tokenizer::new(&vocabulary).unwrap();
    let oracle = oracle(&vocabulary);
    let texts = [
        "We present a detailed analysis of the prospects of superstring theory, anticipating much of it.",
        "Hyperparathyroidism & hypercalcaemia: immunohistochemistry of thrombocytopenic patients (n=12).",
        "Über die Gültigkeit naïver Ansätze; Poincaré, Fréchet and Gödel; Привет 世界",
        "state-of-the-art pre-training/fine-tuning on 1,024 GPUs @ 3.5e-4 -- \"quasi-isomorphic\" [1].",
        "Electroencephalographically, unbelievably co-occurring antidisestablishmentarianism!?",
        "don't can't it's Alzheimer's 5-HT2A IL-6 p<0.05 H1N1 SARS-CoV-2",
    ];
    for text in texts {
        let expected = oracle.encode(text, false).unwrap();
        let unknown = vocabulary.len() as u32;
        let expected: Vec<u32> = expected
            .get_ids()
            .iter()
            .copied()
            .filter(|id| *id != unknown)
            .collect();
        let found: Vec<u32> = ours.tokens(text).iter().map(|token| token.row).collect();
        assert_eq!(found, expected, "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_is_cut_at_characters(text in "\\PC{0,200}") {
        let tokenizer = Encoder::shipped();
        for token in tokenizer.tokenizer().tokens(&text) {
            prop_assert!(text.get(token.range).is_some_and(|part| !part.is_empty()));
        }
    }

    #[test]
    fn any_marks_and_letters_are_cut_at_characters(text in r#"[a-z0-9\\{}$^_'" .é世\x00\u{301}-]{0,80}"#) {
        words::for_each(&text, |word| {
            assert!(!word.text.is_empty());
            assert!(text.get(word.range.clone()).is_some_and(|part| !part.is_empty()));
        });
    }

    #[test]
    fn spaces_around_change_nothing(text in "[a-zA-Z ,.-]{0,80}") {
        let encoder = Encoder::shipped();
        prop_assert_eq!(encoder.encode(&text), encoder.encode(&format!("  {} \n", text)));
    }
}
