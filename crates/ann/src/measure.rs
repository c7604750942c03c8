//! Measures of approximate search, as the literature defines them.

use crate::topk::Hit;

/// |found ∩ exact| / |exact|: recall@k when both lists are cut at `k`. 1 when there is nothing to find.
pub fn recall(found: &[u32], exact: &[u32]) -> f64 {
    if exact.is_empty() {
        return 1.0;
    }
    exact.iter().filter(|row| found.contains(row)).count() as f64 / exact.len() as f64
}

/// Recall that takes copies of a vector for equals: a found row counts when its true score reaches that of the
/// last exact one, up to `slack` (the rounding of scores).
pub fn recall_by_score(found: &[f32], exact: &[Hit], slack: f32) -> f64 {
    let Some(last) = exact.last() else {
        return 1.0;
    };
    let good = found
        .iter()
        .filter(|&&score| score >= last.score - slack)
        .count();
    good.min(exact.len()) as f64 / exact.len() as f64
}

/// k-Recall@N: the part of the `k` exactly nearest that is among the `n` found first
/// (AdANNS uses k = 40, N = 2048).
pub fn k_recall_at_n(found: &[u32], exact: &[u32], k: usize, n: usize) -> f64 {
    recall(&found[..n.min(found.len())], &exact[..k.min(exact.len())])
}

/// Millions of multiply-adds of an exact search: `D·N`.
pub fn exact_mflops(dim: usize, count: usize) -> f64 {
    dim as f64 * count as f64 / 1e6
}

/// Millions of multiply-adds of a search over cells: `d_c·K + nprobe·d_s·N/K`.
pub fn ivf_mflops(
    cell_dim: usize,
    cells: usize,
    probes: usize,
    scan_dim: usize,
    count: usize,
) -> f64 {
    let scanned = probes as f64 * count as f64 / cells as f64;
    (cell_dim as f64 * cells as f64 + scanned * scan_dim as f64) / 1e6
}

/// Millions of multiply-adds of a shortlist by `D_s` numbers, reranked by `D_r`: `D_s·N + k·D_r`.
pub fn rerank_mflops(
    shortlist_dim: usize,
    count: usize,
    shortlist: usize,
    rerank_dim: usize,
) -> f64 {
    (shortlist_dim as f64 * count as f64 + shortlist as f64 * rerank_dim as f64) / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Images of ImageNet-1K's training set, the database of the papers.
    const N: usize = 1_281_167;

    #[track_caller]
    fn check(got: f64, expected: f64, digits: i32) {
        assert!(
            (got - expected).abs() <= 0.5 * 10f64.powi(-digits),
            "{got} is not {expected}"
        );
    }

    #[test]
    fn published_costs_are_reproduced() {
        check(ivf_mflops(64, 1024, 1, 64, N), 0.145_609, 6);
        check(ivf_mflops(16, 1024, 1, 2048, N), 2.578_718, 6);
        check(ivf_mflops(256, 1024, 1, 64, N), 0.342_217, 6);
        check(ivf_mflops(2048, 1024, 1, 2048, N), 4.6595, 4);
        check(exact_mflops(2048, N), 2623.8, 1);
        check(exact_mflops(16, N), 20.50, 2);
        check(rerank_mflops(16, N, 200, 2048), 20.91, 2);
    }

    #[test]
    fn recalls() {
        assert_eq!(recall(&[1, 2, 3], &[3, 4]), 0.5);
        assert_eq!(recall(&[], &[]), 1.0);
        assert_eq!(k_recall_at_n(&[9, 1, 2], &[1, 2, 3, 4], 2, 2), 0.5);
        let exact = [Hit { row: 1, score: 0.9 }, Hit { row: 2, score: 0.5 }];
        assert_eq!(
            recall_by_score(&[0.9, 0.5], &exact, 1e-6),
            1.0,
            "a copy of row 2 is as good"
        );
        assert_eq!(recall_by_score(&[0.9, 0.4], &exact, 1e-6), 0.5);
    }
}
