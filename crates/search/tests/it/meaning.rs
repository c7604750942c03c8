//! Words and meaning together, with a model of a few words in which synonyms lie together.

use encode::Encoder;
use encode::model::DIM;
use index::vectors::Model;
use search::engine::Mode;
use search::similar::may_be_same;

use super::*;

/// Words of one line mean the same.
const MEANINGS: [&[&str]; 6] = [
    // Pieces, of which any word of these letters can be made.
    &["q", "##q", "##z"],
    &["car", "automobile", "vehicle"],
    &["fast", "quick", "rapid"],
    &["medicine", "drug", "remedy"],
    &["heart", "cardiac"],
    &["planning", "scheduling"],
];

fn encoder() -> Encoder {
    let (mut tokens, mut rows) = (Vec::new(), Vec::new());
    for (axis, words) in MEANINGS.iter().enumerate() {
        for (i, word) in words.iter().enumerate() {
            tokens.push(word.to_string());
            let mut row = vec![0.0; DIM];
            row[axis] = 1.0;
            row[10 + axis] = 0.1 * i as f32;
            rows.extend(row);
        }
    }
    Encoder::from_bytes(encode::model::write("test", 1.0, &tokens, &rows).unwrap()).unwrap()
}

fn library() -> (TempDir, Engine, Vec<Paper>) {
    let mut papers = vec![
        paper(1, "The automobile", "A rapid automobile."),
        paper(2, "A car", "Planning of a car."),
        paper(3, "Cardiac remedy", "A drug for the heart."),
        paper(4, "Scheduling", "Scheduling and planning."),
        paper(5, "Xyzzy", "Nothing that the model knows."),
        paper(6, "Quick scheduling", "Rapid planning for a vehicle."),
    ];
    papers[5].categories = vec!["eess.SY".to_string()];
    let (dir, encoder) = (tempfile::tempdir().unwrap(), encoder());
    let model = Model {
        id: encoder.id().to_string(),
        dim: encoder.dim(),
    };
    let index = Index::open_with(dir.path(), model).unwrap();
    let mut writer = index.try_writer(HEAP).unwrap().unwrap();
    for paper in &papers {
        let mut vector = vec![0.0; DIM];
        encoder.encode_paper(&paper.title, &paper.abstract_text, &mut vector);
        writer.put(paper).unwrap();
        writer.put_vector(paper.id, &vector).unwrap();
    }
    writer.commit(1).unwrap();
    drop(writer);
    (dir, Engine::new(index).with_encoder(encoder), papers)
}

fn ask_in(engine: &Engine, query: &str, mode: Mode) -> Answer {
    let request = Request {
        query: query.to_string(),
        mode,
        limit: 50,
        ..Request::default()
    };
    engine.search(&request).unwrap()
}

#[test]
fn other_words_for_the_same_are_found() {
    let (_dir, engine, _) = library();
    let answer = ask_in(&engine, "cardiac medicine", Mode::Hybrid);
    assert_eq!(rows(&answer)[0], 3);
    let first = &answer.hits[0].explanation;
    assert_eq!(first.matched, ["cardiac"]);
    assert_eq!(
        (first.lexical_rank, first.semantic_rank),
        (Some(1), Some(1))
    );
    assert!(first.similarity.unwrap() > 0.9);
    assert_eq!(rows(&ask_in(&engine, "medicine", Mode::Lexical)), [0; 0]);
    assert_eq!(rows(&ask_in(&engine, "medicine", Mode::Semantic))[0], 3);
}

#[test]
fn the_query_language_stays_exact() {
    let (_dir, engine, _) = library();
    let check = |query: &str, expected: &[u32]| {
        for mode in [Mode::Hybrid, Mode::Semantic] {
            let mut found = rows(&ask_in(&engine, query, mode));
            found.sort_unstable();
            assert_eq!(found, expected, "{query} {mode:?}");
        }
    };
    check("planning cat:eess.SY", &[6]);
    check("planning -car -scheduling", &[1, 3]);
    check("vehicle \"planning of a car\"", &[2]);
    check("vehicle title:automobile", &[1]);
    check("vehicle author:nobody", &[]);
    check("car after:2020", &[]);
}

#[test]
fn what_has_no_meaning_is_searched_by_words() {
    let (_dir, engine, _) = library();
    for query in ["cat:cs.CL", "author:lovelace", "2401.00003", "", "-car"] {
        let answer = ask_in(&engine, query, Mode::Hybrid);
        assert_eq!(answer.mode, Mode::Lexical, "{query}");
    }
    // What only its pieces are known of is no word.
    for mode in [Mode::Hybrid, Mode::Semantic] {
        assert_eq!(rows(&ask_in(&engine, "qqzz", mode)), [0; 0]);
        assert!(!rows(&ask_in(&engine, "qqzz automobile", mode)).is_empty());
    }
    // Words that the model does not know are still words.
    assert_eq!(rows(&ask_in(&engine, "xyzzy", Mode::Hybrid)), [5]);
    for query in ["語", "\u{202e}\u{0}", "the of and", "\"", "a:b:c -"] {
        ask_in(&engine, query, Mode::Hybrid);
        ask_in(&engine, query, Mode::Semantic);
    }
    let long = "car planning ".repeat(80_000);
    assert!(!ask_in(&engine, &long, Mode::Hybrid).hits.is_empty());
}

#[test]
fn mistyped_words_are_corrected_before_meaning_is_asked() {
    let (_dir, engine, _) = library();
    let answer = ask_in(&engine, "schedulng", Mode::Hybrid);
    assert_eq!(answer.corrected.as_deref(), Some("scheduling"));
    assert!(rows(&answer).contains(&4));
}

#[test]
fn pages_follow_each_other_without_gap_or_repeat() {
    let (_dir, engine, _) = library();
    let whole = rows(&ask_in(&engine, "rapid car planning", Mode::Hybrid));
    assert!(whole.len() >= 4);
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let request = Request {
            query: "rapid car planning".to_string(),
            limit: 2,
            cursor,
            ..Request::default()
        };
        let answer = engine.search(&request).unwrap();
        seen.extend(rows(&answer));
        cursor = answer.next;
        if cursor.is_none() {
            break;
        }
        let other = Request {
            mode: Mode::Lexical,
            ..request
        };
        let other = Request {
            cursor: cursor.clone(),
            ..other
        };
        assert!(
            engine.search(&other).is_err(),
            "a marker belongs to its mode"
        );
    }
    assert_eq!(seen, whole);
}

#[test]
fn similar_papers_leave_the_given_ones_out() {
    let (_dir, engine, papers) = library();
    let near = engine.similar(&[&papers[3]], 2).unwrap();
    assert_eq!(near[0].paper, PaperId(6), "{near:?}");
    let both = engine.similar(&[&papers[0], &papers[1]], 10).unwrap();
    assert!(both.iter().all(|n| n.paper.0 > 2), "{both:?}");
    assert!(engine.similar(&[], 5).unwrap().is_empty());
    assert!(
        engine.similar(&[&papers[4]], 5).unwrap().is_empty(),
        "no word is known"
    );
}

#[test]
fn the_same_paper_twice_is_only_a_suggestion() {
    let a = paper(1, "Deep Residual Learning for Image Recognition", "");
    let check = |title: &str, similarity: f32, expected: bool| {
        assert_eq!(
            may_be_same(&a, &paper(2, title, ""), similarity),
            expected,
            "{title}"
        );
    };
    check("Deep residual learning for image recognition.", 0.99, true);
    check("Deep Residual Learning for Image Recognition", 0.9, false);
    check("Identity Mappings in Deep Residual Networks", 0.99, false);
    check("", 1.0, false);
}

#[test]
fn without_vectors_words_serve_and_the_reader_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let other = Model {
        id: "another".to_string(),
        dim: DIM,
    };
    drop(Index::open_with(dir.path(), other).unwrap());
    let index = Index::open(dir.path()).unwrap();
    let mut writer = index.try_writer(HEAP).unwrap().unwrap();
    writer.put(&paper(1, "A car", "")).unwrap();
    writer.commit(1).unwrap();
    let engine = Engine::new(index).with_encoder(encoder());
    let answer = ask_in(&engine, "car", Mode::Hybrid);
    assert_eq!((rows(&answer), answer.mode), (vec![1], Mode::Lexical));
    assert!(answer.hint.unwrap().contains("being prepared"));
}
