//! What the analysis of text makes of real texts.

use proptest::prelude::*;

use super::*;

#[track_caller]
fn check(text: &str, expected: &str) {
    let got: Vec<String> = words(text)
        .iter()
        .map(|w| {
            let mark = if w.joined { "+" } else { "" };
            format!("{mark}{}@{}", w.surface, w.position)
        })
        .collect();
    assert_eq!(got.join(" "), expected, "words of {text:?}");
}

#[test]
fn plain_words() {
    check(
        "Attention Is All You Need!",
        "attention@0 is@1 all@2 you@3 need@4",
    );
    check(
        "Gödel, Naïve Ångström ﬁne",
        "godel@0 naive@1 angstrom@2 fine@3",
    );
    check("don't it’s", "dont@0 its@1");
    check("Søren Łukasz Straße", "soren@0 lukasz@1 strasse@2");
    check("  \u{0007} ... ", "");
}

#[test]
fn hyphens_give_parts_and_the_whole() {
    check(
        "self-attention works",
        "self@0 attention@1 +selfattention@1 works@2",
    );
    check("GPT-4", "gpt@0 4@1 +gpt4@1");
    check("state-of-the-art", "state@0 of@1 the@2 art@3");
    check("a - b pre- train", "a@0 b@1 pre@2 train@3");
    check("$k$-means", "k@0 means@1 +kmeans@1");
}

#[test]
fn latex_is_read() {
    check(r"$\ell_1$-norm", "l1@0 norm@1 +l1norm@1");
    check(
        r"\textit{synchronized} \textbf{syn}chronized",
        "synchronized@0 synchronized@1",
    );
    check(
        r#"G\"odel Erd\H{o}s Poincar\'{e} S\o ren"#,
        "godel@0 erdos@1 poincare@2 soren@3",
    );
    check(
        r"$\alpha$-stable and α",
        "alpha@0 stable@1 +alphastable@1 and@2 alpha@3",
    );
    check(r"CO$_2$ in $\mathcal{O}(n^2)$", "co2@0 in@1 o@2 n2@3");
    check(
        r"as shown in \cite{smith2020} here",
        "as@0 shown@1 in@2 here@3",
    );
    check(r"$\alpha\beta$ \frac{a}{b}", "alpha@0 beta@1 a@2 b@3");
    check(r"\Method improves", "method@0 improves@1");
    check("\\", "");
    check(r"\\ \{ \$5", "5@0");
}

#[test]
fn scripts_without_spaces() {
    check("深度学习 deep", "深@0 度@1 学@2 习@3 deep@4");
}

#[test]
fn long_words_are_cut() {
    let long = "a".repeat(100_000);
    assert_eq!(words(&long)[0].surface.len(), WORD_LEN_MAX);
}

/// The shortcut and the full analysis agree on every word that begins as asked.
#[track_caller]
fn check_beginning(text: &str, beginnings: &[char]) {
    let mut full = words(text);
    for word in &mut full {
        assert_eq!(
            word.stem.chars().next(),
            word.surface.chars().next(),
            "{}",
            word.surface
        );
        if !begins(&word.surface, beginnings) {
            word.stem.clear();
        }
    }
    assert_eq!(words_beginning(text, beginnings), full);
}

#[test]
fn a_stem_begins_like_its_word() {
    let odd = "Dying skies, yes: ugly, only early news of \\textit{synchronized} self-attention in $\\ell_1$";
    check_beginning(odd, &['s', 'd', 'y']);
}

proptest::proptest! {
    #[test]
    fn the_shortcut_is_the_full_analysis(text in "([a-zA-Zé'$-]{0,12} ){0,12}") {
        check_beginning(&text, &['a', 's', 't', 'y']);
    }
}

#[test]
fn stems_meet() {
    let stem = |text: &str| words(text).remove(0).stem;
    assert_eq!(stem("transformers"), stem("Transformer"));
    assert_eq!(stem("learning"), stem("learned"));
}

#[test]
fn names_stand_apart() {
    let mut analyzer = plain();
    let mut stream = analyzer.token_stream("Ada Lovelace\nAlan Turing");
    let mut positions = Vec::new();
    while stream.advance() {
        positions.push(stream.token().position);
    }
    assert_eq!(positions, [0, 1, NAME_GAP + 2, NAME_GAP + 3]);
}

proptest! {
    #[test]
    fn any_text_is_cut_soundly(text in r#"([a-zA-Z]{1,4}|[-{}$\\_^'" \n]|\\(textit|alpha|v|"|cite)|[äß深éÅ½\u{301}\u{200b}]|\PC){0,40}"#) {
        let mut last = 0;
        for word in words(&text) {
            prop_assert!(text.get(word.range.clone()).is_some(), "{word:?} in {text:?}");
            prop_assert!(!word.surface.is_empty());
            prop_assert!(word.surface.chars().count() <= WORD_LEN_MAX);
            prop_assert!(word.position >= last);
            last = word.position;
        }
    }
}
