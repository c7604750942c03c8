//! Every paper at scale `tiny`.

use lab::ALL;
use lab::frame::{Reproduction, Scale, Silent, Verdict, run};
use rayon::prelude::*;

/// The verdict that ships for a tiny run with seed 1.
fn shipped(id: &str) -> Verdict {
    let line = lab::SHIPPED
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .find(|line| line["card"]["id"] == id)
        .unwrap_or_else(|| panic!("no outcome of {id} ships: `broadsheet-lab table --write`"));
    serde_json::from_value(line["tiny"].clone()).unwrap()
}

#[test]
fn tiny_runs_come_out_as_they_did() {
    let differ: Vec<String> = ALL
        .par_iter()
        .filter_map(|paper| {
            let id = paper.card().id;
            let outcome = run(*paper, Scale::Tiny, 1, &Silent).unwrap();
            let kept = shipped(id);
            (outcome.verdict != kept && !paper.card().timed).then(|| {
                format!(
                    "{id}: kept {}, now {}",
                    kept.words(),
                    outcome.verdict.words()
                )
            })
        })
        .collect();
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

#[test]
fn a_seed_decides_everything() {
    // One a family is enough: they share their code.
    let mut families = Vec::new();
    for paper in ALL.iter() {
        let card = paper.card();
        if card.timed || families.contains(&card.family) {
            continue;
        }
        families.push(card.family);
        let rows = |paper: &dyn Reproduction| run(paper, Scale::Tiny, 7, &Silent).unwrap().rows;
        assert_eq!(rows(*paper), rows(*paper), "{}", card.id);
    }
}

#[test]
fn what_ships_is_what_can_be_run() {
    let ids: Vec<String> = lab::SHIPPED
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|line| line["card"]["id"].as_str().unwrap().to_owned())
        .collect();
    let all: Vec<_> = ALL.iter().map(|paper| paper.card().id).collect();
    assert_eq!(ids, all);
}
