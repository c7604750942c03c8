//! How good a model is at finding the abstract of a title it never saw.

use anyhow::Result;
use rayon::prelude::*;

use encode::Encoder;
use encode::model::{DIM, PREFIXES};

use super::papers::Paper;

/// Prints, for each prefix, how often a title's nearest abstract is its own.
pub(crate) fn print(model: Vec<u8>, papers: &[Paper]) -> Result<()> {
    let size = model.len();
    let encoder = Encoder::from_bytes(model)?;
    println!("{}: {:.1} MB", encoder.id(), size as f64 / 1e6);
    println!(
        "a title's nearest abstract among {} is its own:",
        papers.len()
    );
    for dim in PREFIXES {
        println!("{dim:4} numbers: {:.4}", recall_at_1(&encoder, papers, dim));
    }
    Ok(())
}

/// The share of `papers` whose title is nearer to their own abstract than to any other's, by the first `dim` numbers.
fn recall_at_1(encoder: &Encoder, papers: &[Paper], dim: usize) -> f64 {
    let encode = |text: &str| {
        let mut vector = [0.0; DIM];
        encoder.encode_into(text, &mut vector);
        let length = vector[..dim].iter().map(|x| x * x).sum::<f32>().sqrt();
        vector[..dim]
            .iter()
            .map(|x| x / length.max(f32::MIN_POSITIVE))
            .collect::<Vec<f32>>()
    };
    let titles: Vec<Vec<f32>> = papers
        .par_iter()
        .map(|paper| encode(&paper.title))
        .collect();
    let abstracts: Vec<Vec<f32>> = papers
        .par_iter()
        .map(|paper| encode(&paper.abstract_text))
        .collect();
    let found = titles.par_iter().enumerate().filter(|(own, title)| {
        let dot = |n: usize| {
            title
                .iter()
                .zip(&abstracts[n])
                .map(|(a, b)| a * b)
                .sum::<f32>()
        };
        let own_dot = dot(*own);
        (0..abstracts.len()).all(|other| other == *own || dot(other) < own_dot)
    });
    found.count() as f64 / papers.len() as f64
}
