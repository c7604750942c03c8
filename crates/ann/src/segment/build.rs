//! Training a segment: axes, cells, codebooks, and the ranges of the stored bytes.

use super::encode::{Encoder, assemble, assign, residual, rotated_prefixes, unbiasing_factor};
use super::{MAX_DIM, Meta, Metric, Model, Segment, SegmentConfig, step_table};
use crate::error::Error;
use crate::kernels;
use crate::kmeans::{KMeans, KMeansConfig};
use crate::matrix::Rows;
use crate::pq::{Bits, ProductQuantizer};
use crate::random::Random;
use crate::rotation::{Hadamard, Rotation};
use crate::scalar;

/// Vectors that codebooks and axes are trained on, at most.
const SAMPLE: usize = 32_768;

impl Segment {
    /// Trains on the vectors and encodes them. Rows need no order; each may occur once.
    pub fn build(
        rows: &[u32],
        vectors: &[f32],
        dim: usize,
        config: &SegmentConfig,
    ) -> Result<Segment, Error> {
        Segment::build_labelled(rows, vectors, dim, config, "")
    }

    /// The same with the label of what made the vectors.
    pub(crate) fn build_labelled(
        rows: &[u32],
        vectors: &[f32],
        dim: usize,
        config: &SegmentConfig,
        label: &str,
    ) -> Result<Segment, Error> {
        check_config(dim, rows.len(), config)?;
        check_vectors(rows, vectors, dim)?;
        let scaled = unit_vectors(vectors, dim, config.metric);
        let vectors = Rows::new(scaled.as_deref().unwrap_or(vectors), dim);
        let (model, cells) = train(vectors, config, label);
        let codes = Encoder::new(&model).encode_all(rows, vectors, &cells);
        assemble(model, codes)?.calibrated(rows, vectors, &config.calibration, config.seed)
    }
}

/// Refuses what cannot be built, saying why.
fn check_config(dim: usize, count: usize, config: &SegmentConfig) -> Result<(), Error> {
    let refuse = |reason: String| Err(Error::Configuration(reason));
    if !(1..=MAX_DIM).contains(&dim) {
        return refuse(format!("{dim} dimensions; 1 to {MAX_DIM} can be indexed"));
    }
    if count == 0 {
        return refuse("no vectors to train on".into());
    }
    if !(1..=2).contains(&config.planes) {
        return refuse(format!(
            "{} refining bytes a coordinate; 1 or 2",
            config.planes
        ));
    }
    if config.cell_dim.is_some_and(|d| !(1..=dim).contains(&d)) {
        return refuse(format!(
            "a coarse dimension beyond the {dim} of the vectors"
        ));
    }
    if config
        .parts
        .is_some_and(|p| !(1..=dim.min(1024)).contains(&p))
    {
        return refuse(format!("parts of the code beyond the {dim} dimensions"));
    }
    if !config.calibration.len().is_multiple_of(dim) {
        return refuse(format!(
            "queries for calibration that are not of {dim} numbers"
        ));
    }
    if config.cells.is_some_and(|k| !(1..=1 << 24).contains(&k)) {
        return refuse("cells beyond 1 to 16,777,216".into());
    }
    Ok(())
}

/// Refuses counts that differ, numbers that are not finite, and rows given twice.
pub(crate) fn check_vectors(rows: &[u32], vectors: &[f32], dim: usize) -> Result<(), Error> {
    if rows.len().checked_mul(dim) != Some(vectors.len()) {
        return Err(Error::Count {
            rows: rows.len(),
            vectors: vectors.len() / dim,
        });
    }
    let broken = vectors
        .chunks_exact(dim)
        .position(|v| v.iter().any(|x| !x.is_finite()));
    if let Some(at) = broken {
        return Err(Error::NotFinite { row: rows[at] });
    }
    let mut seen = roaring::RoaringBitmap::new();
    match rows.iter().find(|&&row| !seen.insert(row)) {
        Some(&row) => Err(Error::Repeated { row }),
        None => Ok(()),
    }
}

/// The vectors scaled to length 1, where the metric asks for it and they are not. Zeros stay zeros.
pub(crate) fn unit_vectors(vectors: &[f32], dim: usize, metric: Metric) -> Option<Vec<f32>> {
    let is_unit = |v: &[f32]| (kernels::dot(v, v) - 1.0).abs() < 1e-5;
    if metric != Metric::Cosine || vectors.chunks_exact(dim).all(is_unit) {
        return None;
    }
    let mut scaled = vectors.to_vec();
    scaled.chunks_exact_mut(dim).for_each(to_unit);
    Some(scaled)
}

/// Scales to length 1; zeros stay zeros.
pub(crate) fn to_unit(vector: &mut [f32]) {
    let norm = kernels::dot(vector, vector).sqrt();
    if norm > 0.0 && norm.is_finite() {
        vector.iter_mut().for_each(|x| *x /= norm);
    }
}

/// Everything that is learned, and the cell of every vector.
fn train(vectors: Rows<'_>, config: &SegmentConfig, label: &str) -> (Model, Vec<u32>) {
    let (n, dim) = (vectors.len(), vectors.dim());
    let cell_count = config
        .cells
        .unwrap_or((4.0 * (n as f64).sqrt()) as usize)
        .clamp(1, n);
    let cell_dim = config.cell_dim.unwrap_or(dim.div_ceil(2));
    let parts = config.parts.unwrap_or(dim.div_ceil(4)).min(1024);
    let mut random = Random::new(config.seed);
    let sample = vectors.pick(&random.sample(n, SAMPLE));
    let (rotation, energy) = Rotation::principal(Rows::new(&sample, dim));
    let meta = Meta {
        dim: dim as u32,
        count: n as u32,
        cells: cell_count as u32,
        cell_dim: cell_dim as u32,
        parts: parts as u32,
        planes: config.planes as u32,
        metric: u32::from(config.metric == Metric::InnerProduct),
        trained: n as u32,
        seed: config.seed,
        factor_low: 1.0,
        factor_step: 0.0,
        step_low: 0.0,
        step_low2: 0.0,
    };
    let blank = ProductQuantizer::blank(meta.code_dim(), parts);
    let mut model = Model {
        meta,
        label: label.to_owned(),
        energy: energy.iter().map(|&x| x as f32).collect(),
        spread: Hadamard::new(dim, config.seed),
        order: Vec::new(),
        quantizer: blank,
        centroids: Vec::new(),
        centroid_steps: Vec::new(),
        reach: Vec::new(),
        steps: [[0.0; 256]; 2],
        rotation,
    };
    let cells = train_cells(&mut model, vectors, &mut random);
    train_codes(&mut model, vectors, &cells, config, &mut random);
    (model, cells)
}

/// Cells by k-means on the coarse prefix; their centroids in all dimensions are the means of their vectors.
fn train_cells(model: &mut Model, vectors: Rows<'_>, random: &mut Random) -> Vec<u32> {
    let (dim, cell_dim, cells) = (
        model.meta.dim(),
        model.meta.cell_dim(),
        model.meta.cells as usize,
    );
    let config = KMeansConfig {
        seed: random.next(),
        ..KMeansConfig::default()
    };
    let wanted = cells.saturating_mul(config.points_per_centroid);
    let sample = vectors.pick(&random.sample(vectors.len(), wanted));
    let prefixes = rotated_prefixes(&model.rotation, Rows::new(&sample, dim), cell_dim);
    let kmeans = KMeans::fit(Rows::new(&prefixes, cell_dim), cells, config);
    let mut padded = vec![0f32; cells * dim];
    for (to, from) in padded
        .chunks_exact_mut(dim)
        .zip(kmeans.centroids.chunks_exact(cell_dim))
    {
        to[..cell_dim].copy_from_slice(from);
    }
    set_centroids(model, &padded);
    let assigned = assign(model, vectors);
    // Means in the given coordinates, then rotated: a rotation of means is the mean of rotations.
    let mut sums = vec![0f32; cells * dim];
    let mut counts = vec![0f32; cells];
    for (vector, &cell) in vectors.iter().zip(&assigned) {
        let cell = cell as usize;
        counts[cell] += 1.0;
        kernels::add_scaled(&mut sums[cell * dim..(cell + 1) * dim], 1.0, vector);
    }
    let mut means = model.rotation.apply_all(Rows::new(&sums, dim));
    let norms: Vec<f32> = vectors.iter().map(|v| kernels::dot(v, v)).collect();
    for ((mean, &count), kept) in means
        .chunks_exact_mut(dim)
        .zip(&counts)
        .zip(padded.chunks_exact(dim))
    {
        if count > 0.0 {
            mean.iter_mut().for_each(|x| *x /= count);
        } else {
            mean.copy_from_slice(kept);
        }
    }
    set_centroids(model, &means);
    model.reach = reaches(&means, &norms, &assigned, dim);
    assigned
}

/// Root mean square coordinate of what each cell's mean leaves of its vectors: mean ‖x‖² − ‖mean‖².
fn reaches(means: &[f32], norms: &[f32], assigned: &[u32], dim: usize) -> Vec<f32> {
    let cells = means.len() / dim;
    let (mut energy, mut counts) = (vec![0f32; cells], vec![0f32; cells]);
    for (norm, &cell) in norms.iter().zip(assigned) {
        energy[cell as usize] += norm;
        counts[cell as usize] += 1.0;
    }
    let rest = |(cell, mean): (usize, &[f32])| {
        let mean_energy = energy[cell] / counts[cell].max(1.0);
        ((mean_energy - kernels::dot(mean, mean)).max(0.0) / dim as f32).sqrt()
    };
    means.chunks_exact(dim).enumerate().map(rest).collect()
}

/// Stores centroids in bytes.
fn set_centroids(model: &mut Model, centroids: &[f32]) {
    let dim = model.meta.dim();
    model.centroid_steps = centroids.chunks_exact(dim).map(scalar::step_for).collect();
    model.centroids = vec![0; centroids.len()];
    let codes = model
        .centroids
        .chunks_exact_mut(dim)
        .zip(centroids.chunks_exact(dim));
    for ((code, centroid), &step) in codes.zip(&model.centroid_steps) {
        scalar::quantise(centroid, step, code);
    }
}

/// The product code's axes and codebooks, and the ranges of factors and steps, from a sample.
fn train_codes(
    model: &mut Model,
    vectors: Rows<'_>,
    cells: &[u32],
    config: &SegmentConfig,
    random: &mut Random,
) {
    let dim = model.meta.dim();
    let picks = random.sample(vectors.len(), SAMPLE);
    let sample = vectors.pick(&picks);
    let mut rest = model.rotation.apply_all(Rows::new(&sample, dim));
    for (rotated, &pick) in rest.chunks_exact_mut(dim).zip(&picks) {
        let y = rotated.to_vec();
        residual(model, &y, cells[pick], rotated);
    }
    let rest = Rows::new(&rest, dim);
    let mut variance = vec![0f64; dim];
    rest.iter().for_each(|r| {
        variance
            .iter_mut()
            .zip(r)
            .for_each(|(v, x)| *v += f64::from(x * x))
    });
    model.order = crate::opq::balanced_order(&variance, model.meta.parts());
    let code_dim = model.meta.code_dim();
    let mut ordered = vec![0f32; rest.len() * code_dim];
    for (row, out) in rest.iter().zip(ordered.chunks_exact_mut(code_dim)) {
        model.reorder(row, out);
    }
    let ordered = Rows::new(&ordered, code_dim);
    let kmeans = KMeansConfig {
        iterations: 12,
        points_per_centroid: 2048,
        seed: random.next(),
    };
    model.quantizer = ProductQuantizer::train(
        ordered,
        model.meta.parts(),
        Bits::Four,
        config.training,
        kmeans,
    );
    set_ranges(model, ordered);
}

/// Ranges of the unbiasing factors and of the quantisation steps, from sampled leftovers of the cells.
fn set_ranges(model: &mut Model, ordered: Rows<'_>) {
    let (mut factors, mut steps) = (Vec::new(), Vec::new());
    let mut codes = vec![0u8; model.meta.parts()];
    let mut decoded = vec![0f32; ordered.dim()];
    let mut spread = vec![0f32; model.meta.dim()];
    for row in ordered.iter().take(4096) {
        model.quantizer.encode(row, &mut codes);
        model.quantizer.decode(&codes, &mut decoded);
        factors.push(unbiasing_factor(row, &decoded));
        for ((&to, x), y) in model.order.iter().zip(row).zip(&decoded) {
            if let Some(value) = spread.get_mut(to as usize) {
                *value = x - y;
            }
        }
        model.spread.apply(&mut spread);
        steps.push(scalar::step_for(&spread));
    }
    factors.sort_by(f32::total_cmp);
    steps.sort_by(f32::total_cmp);
    let quantile = |sorted: &[f32], q: f64| sorted[((sorted.len() - 1) as f64 * q) as usize];
    let (low, high) = (quantile(&factors, 0.002), quantile(&factors, 0.998));
    model.meta.factor_low = low;
    model.meta.factor_step = (high - low) / 255.0;
    // The stored bytes span a factor of 256: 16 on each side of the usual step, and in any case up to what
    // a whole vector needs. Where training leaves nothing over (few vectors, or copies of a few), rows
    // that join later still do. The second plane encodes what rounding by the first leaves, a few steps
    // over 127.
    let energy: f32 = model.energy.iter().sum();
    let length = if energy > 0.0 { energy.sqrt() } else { 1.0 };
    let whole = 4.0 * length / (model.meta.dim() as f32).sqrt() / 127.0;
    model.meta.step_low = (quantile(&steps, 0.5) / 16.0).max(whole / 256.0);
    model.meta.step_low2 = model.meta.step_low * 2.0 / 127.0;
    model.steps = [
        step_table(model.meta.step_low),
        step_table(model.meta.step_low2),
    ];
}
