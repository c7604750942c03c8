//! Results of several systems on the same items, and slices of the items.

/// How each system did on each item.
#[derive(Debug, Clone, PartialEq)]
pub struct Results {
    /// The slice of each item.
    pub slice: Vec<usize>,
    /// How many slices.
    pub slices: usize,
    /// Each system's points, one an item: 0 to 1.
    pub points: Vec<Vec<f64>>,
}

/// What changed from one system to another, as shares of all items.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Changes {
    /// Wrong before and right now.
    pub gained: f64,
    /// Right before and wrong now.
    pub lost: f64,
}

impl Results {
    /// A system's mean over all items.
    pub fn overall(&self, system: usize) -> f64 {
        mean(self.points[system].iter().copied())
    }

    /// The places of a slice's items.
    pub fn items_of(&self, slice: usize) -> Vec<usize> {
        (0..self.slice.len())
            .filter(|&item| self.slice[item] == slice)
            .collect()
    }

    /// Every system's mean on every slice: `[system][slice]`; 0 for a slice without items.
    pub fn table(&self) -> Vec<Vec<f64>> {
        let items: Vec<Vec<usize>> = (0..self.slices).map(|s| self.items_of(s)).collect();
        self.points
            .iter()
            .map(|points| {
                items
                    .iter()
                    .map(|places| mean(places.iter().map(|&item| points[item])))
                    .collect()
            })
            .collect()
    }

    /// The same systems on some of the items.
    #[must_use]
    pub fn on(&self, items: &[usize]) -> Results {
        Results {
            slice: items.iter().map(|&item| self.slice[item]).collect(),
            slices: self.slices,
            points: self
                .points
                .iter()
                .map(|points| items.iter().map(|&item| points[item]).collect())
                .collect(),
        }
    }
}

/// What changed between two systems' points on the same items; half a point and more is right.
pub fn changes(before: &[f64], after: &[f64]) -> Changes {
    let right = |points: &f64| *points >= 0.5;
    let share = |was: bool| {
        mean(before.iter().zip(after).map(|(b, a)| {
            let changed = right(b) == was && right(a) != was;
            f64::from(u8::from(changed))
        }))
    };
    Changes {
        gained: share(false),
        lost: share(true),
    }
}

/// The mean; 0 of nothing.
pub fn mean(values: impl IntoIterator<Item = f64>) -> f64 {
    let (mut sum, mut n) = (0.0, 0usize);
    for value in values {
        sum += value;
        n += 1;
    }
    sum / n.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> Results {
        Results {
            slice: vec![0, 0, 1, 1],
            slices: 3,
            points: vec![vec![1.0, 1.0, 0.0, 0.0], vec![1.0, 0.0, 1.0, 0.0]],
        }
    }

    #[test]
    fn a_mean_hides_what_the_table_shows() {
        let results = two();
        assert_eq!((results.overall(0), results.overall(1)), (0.5, 0.5));
        assert_eq!(results.table(), [[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]]);
        assert_eq!(
            results.on(&[0, 3]).table(),
            [[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]
        );
    }

    #[test]
    fn what_was_gained_and_lost_is_told_apart() {
        let results = two();
        let found = changes(&results.points[0], &results.points[1]);
        assert_eq!((found.gained, found.lost), (0.25, 0.25));
    }
}
