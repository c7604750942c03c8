//! A teacher for tests: two layers, sixty-four numbers, weights that are sines.

use std::path::Path;

use safetensors::Dtype;
use safetensors::tensor::TensorView;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::processors::bert::BertProcessing;

pub(crate) const DIM: usize = 64;
const WIDE: usize = 96;
const LAYERS: usize = 2;
const POSITIONS: usize = 64;

/// Every array's name and shape, for `tokens` tokens and `positions` positions.
fn shapes(tokens: usize, positions: usize) -> Vec<(String, Vec<usize>)> {
    let mut shapes = vec![
        (
            "embeddings.word_embeddings.weight".to_owned(),
            vec![tokens, DIM],
        ),
        (
            "embeddings.position_embeddings.weight".to_owned(),
            vec![positions, DIM],
        ),
        (
            "embeddings.token_type_embeddings.weight".to_owned(),
            vec![2, DIM],
        ),
        ("embeddings.LayerNorm.weight".to_owned(), vec![DIM]),
        ("embeddings.LayerNorm.bias".to_owned(), vec![DIM]),
    ];
    for layer in 0..LAYERS {
        let mut linear = |name: &str, out: usize, into: usize| {
            let name = format!("encoder.layer.{layer}.{name}");
            shapes.push((format!("{name}.weight"), vec![out, into]));
            shapes.push((format!("{name}.bias"), vec![out]));
        };
        for part in ["query", "key", "value"] {
            linear(&format!("attention.self.{part}"), DIM, DIM);
        }
        linear("attention.output.dense", DIM, DIM);
        linear("intermediate.dense", WIDE, DIM);
        linear("output.dense", DIM, WIDE);
        for norm in ["attention.output.LayerNorm", "output.LayerNorm"] {
            shapes.push((format!("encoder.layer.{layer}.{norm}.weight"), vec![DIM]));
            shapes.push((format!("encoder.layer.{layer}.{norm}.bias"), vec![DIM]));
        }
    }
    shapes.sort();
    shapes
}

/// The network's file. The k-th array by name begins with 0.2 sin(1000 k), and norms' weights are one larger.
pub(super) fn weights(tokens: usize, positions: usize) -> Vec<u8> {
    let shapes = shapes(tokens, positions);
    let bytes: Vec<Vec<u8>> = (shapes.iter().enumerate())
        .map(|(k, (name, shape))| {
            let more = if name.ends_with("LayerNorm.weight") {
                1.0
            } else {
                0.0
            };
            let number = |n: usize| (((1000 * k + n) as f64).sin() * 0.2 + more) as f32;
            (0..shape.iter().product())
                .flat_map(|n| number(n).to_le_bytes())
                .collect()
        })
        .collect();
    let views = shapes.iter().zip(&bytes).map(|((name, shape), bytes)| {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap();
        (name.clone(), view)
    });
    safetensors::serialize(views, None).unwrap()
}

/// Writes a teacher that knows `words` into `folder`.
pub(crate) fn write(folder: &Path, words: &[&str]) {
    let tokens: Vec<&str> = ["[UNK]", "[CLS]", "[SEP]"]
        .iter()
        .chain(words)
        .copied()
        .collect();
    let path = folder.join("vocab.txt");
    std::fs::write(&path, tokens.join("\n")).unwrap();
    let model = WordPiece::from_file(path.to_str().unwrap())
        .build()
        .unwrap();
    let mut tokenizer = tokenizers::Tokenizer::new(model);
    tokenizer
        .with_normalizer(Some(BertNormalizer::default()))
        .unwrap()
        .with_pre_tokenizer(Some(BertPreTokenizer))
        .with_post_processor(Some(BertProcessing::new(
            ("[SEP]".to_owned(), 2),
            ("[CLS]".to_owned(), 1),
        )));
    tokenizer
        .save(folder.join("tokenizer.json"), false)
        .unwrap();
    std::fs::write(
        folder.join("model.safetensors"),
        weights(tokens.len(), POSITIONS),
    )
    .unwrap();
}
