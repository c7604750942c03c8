//! Work by recall.

/// What a search costs and finds, averaged over queries.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    /// Thousand multiply-adds.
    pub(super) work: f64,
    /// Share of the ten nearest that were found.
    pub(super) recall: f64,
}

/// Points in the order of their effort.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Curve(pub(super) Vec<Point>);

impl Curve {
    /// The work that a recall takes, on the line from the last point below it to the first one that reaches it; infinite
    /// where none does.
    pub(super) fn work_at(&self, recall: f64) -> f64 {
        let Some(at) = self.0.iter().position(|point| point.recall >= recall) else {
            return f64::INFINITY;
        };
        let reaching = self.0[at];
        let Some(below) = at.checked_sub(1).map(|at| self.0[at]) else {
            return reaching.work;
        };
        let part = (recall - below.recall) / (reaching.recall - below.recall);
        below.work + part * (reaching.work - below.work)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_read_off_between_points() {
        let points = [(1.0, 0.5), (3.0, 0.9), (7.0, 1.0)];
        let curve = Curve(points.map(|(work, recall)| Point { work, recall }).to_vec());
        assert!((curve.work_at(0.7) - 2.0).abs() < 1e-12);
        assert_eq!(curve.work_at(0.9), 3.0);
        assert_eq!(curve.work_at(0.2), 1.0);
        assert!(Curve(Vec::new()).work_at(0.1).is_infinite());
    }
}
