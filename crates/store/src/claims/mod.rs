//! What people say of papers: that they should be here, that they wrote them, what belongs to them.
//!
//! Nothing is overwritten: a claim that is withdrawn, refused or removed stays with who did it, when and why. Every
//! decision of a moderator goes through [`decisions::record`].

mod authorship;
mod decisions;
mod history;
mod person;
mod submissions;

pub use authorship::{AuthorshipClaim, AuthorshipOrder, AuthorshipState, Claimed, PENDING_MAX};
pub use decisions::Decision;
pub use history::{
    CLAIMS_PER_DAY_MAX, ClaimAct, ClaimEvent, ClaimKind, LINKS_MAX, Said, TAGS_MAX, reader_tag,
};
pub(crate) use person::forget;
pub use submissions::{Submission, SubmissionOrder, SubmissionState, Submitted};

/// What hangs on a united paper, moved from one row ($2) to another ($1).
pub(crate) const MOVES: [&str; 4] = [
    "UPDATE submissions SET paper = $1 WHERE paper = $2",
    "UPDATE authorship_claims SET paper = $1 WHERE paper = $2",
    "UPDATE paper_claims SET paper = $1 WHERE paper = $2",
    "UPDATE decisions SET paper = $1 WHERE paper = $2",
];
