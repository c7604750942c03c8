//! What an answer may cost, and what it did cost.

/// What finding an answer took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    /// Multiply-adds, as the literature counts them; a table look-up counts as one.
    pub multiply_adds: u64,
    /// Cells looked into.
    pub cells: u64,
    /// Codes scanned.
    pub scanned: u64,
    /// Vectors scored by their fine codes or exactly.
    pub refined: u64,
}

impl std::ops::AddAssign for Spent {
    fn add_assign(&mut self, other: Spent) {
        self.multiply_adds += other.multiply_adds;
        self.cells += other.cells;
        self.scanned += other.scanned;
        self.refined += other.refined;
    }
}
