//! How the formula came to be what it is: shown on the page that explains it.

/// One change of the formula.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// The first version of the program that ranks so.
    pub version: &'static str,
    /// What changed, for readers.
    pub what: &'static str,
}

/// All changes, newest first. A change of the formula adds a line here.
pub const CHANGES: [Change; 2] = [
    Change {
        version: "0.1.0",
        what: "Age counts announcements; attention fades as 1 / (1 + age). What is usual is fitted by field each \
               night. Fields take turns. The first three places want more than one signal from elsewhere. \
               Lists of a day, week or month are closed when it is over. How much gains come in bursts is \
               what the median paper shows.",
    },
    Change {
        version: "0.1.0, before its release",
        what: "Gamma-Poisson rates with one fixed prior a signal; a weekend counted as the end of its Friday.",
    },
];
