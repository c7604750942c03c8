//! Mail: readers and their subscriptions, what is new to each, letters on their way, and addresses that are not
//! written to.
//!
//! A **letter** is one message. It is a row before anything is handed to a mail server, and every step is written
//! down before it is taken, so that a process that dies leaves behind how far it came:
//!
//! ```text
//!  compose            take_letters            hand_over                settle
//!  ------> waiting ------------------> (lease) ----------> handing ----------> sent | refused | failed | dropped
//!             ^                            |                  |
//!             +------ postpone, give_back -+                  +--> lease ends: handed over again
//! ```
//!
//! `waiting` means that no mail server has seen the text; such a letter can be dropped, and its papers are new to the
//! reader again. `handing` means that one may have it; such a letter is only ever handed over again, the same.
//!
//! What is **new** to a subscription is told by editions: each time that papers are found on the list of a day on
//! which they were not before, they get the next edition's number (`listings`), and a subscription remembers the
//! edition that it has seen. So a paper is considered once for each day on whose list it comes to stand, however late
//! it arrives; and what a reader was sent is in `sent_papers`, for good.

mod asking;
mod letters;
mod listing;
mod notes;
mod returns;
mod rows;
mod subscribers;

use domain::address::MailAddress;
use domain::ids::PaperId;
use domain::subscription::{ReaderId, Subscription, SubscriptionId};
use jiff::Timestamp;
use jiff::civil::Date;

pub use asking::{Asked, MailBounds};
pub use letters::Draft;
pub use listing::{About, Candidate};
pub use notes::NoteBounds;
pub use returns::{REFUSALS_MAX, Refused};
pub use subscribers::{MailTotals, Subscriber};

/// A row of the table of letters. Numbers are never given out twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LetterId(pub i64);

/// Who gets mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// The row.
    pub id: ReaderId,
    /// Where to.
    pub address: MailAddress,
    /// Since when the address is known.
    pub created: Timestamp,
    /// Permanent refusals in a row.
    pub refusals: u32,
    /// How often the reader has called a letter spam.
    pub complaints: u32,
}

/// What a letter is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LetterKind {
    /// Papers, or word that there are none.
    Digest,
    /// Asks the owner of an address whether they want a subscription.
    Confirm,
    /// Brings the link under which subscriptions are changed.
    Manage,
    /// A short message that somebody waits for, such as an account's link.
    Note,
}

/// The two ways out: who waits for a letter must not wait for a morning's digests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Letters that somebody has asked for and waits for: everything but digests.
    Asked,
    /// Digests.
    Digests,
}

impl LetterKind {
    /// The short name in the database and in measurements.
    pub fn as_str(self) -> &'static str {
        match self {
            LetterKind::Digest => "digest",
            LetterKind::Confirm => "confirm",
            LetterKind::Manage => "manage",
            LetterKind::Note => "note",
        }
    }

    fn from_short(name: &str) -> Option<Self> {
        [
            LetterKind::Digest,
            LetterKind::Confirm,
            LetterKind::Manage,
            LetterKind::Note,
        ]
        .into_iter()
        .find(|kind| kind.as_str() == name)
    }
}

/// How far a letter has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LetterState {
    /// No mail server has seen its text.
    Waiting,
    /// A mail server may have taken it.
    Handing,
    /// A mail server has taken it.
    Sent,
    /// The mail server refuses the address.
    Refused,
    /// The mail server refuses the letter, or has put it off too often.
    Failed,
    /// It was not wanted any more before it was sent.
    Dropped,
}

impl LetterState {
    /// The short name in the database and in measurements.
    pub fn as_str(self) -> &'static str {
        match self {
            LetterState::Waiting => "waiting",
            LetterState::Handing => "handing",
            LetterState::Sent => "sent",
            LetterState::Refused => "refused",
            LetterState::Failed => "failed",
            LetterState::Dropped => "dropped",
        }
    }

    fn from_short(name: &str) -> Option<Self> {
        [
            LetterState::Waiting,
            LetterState::Handing,
            LetterState::Sent,
            LetterState::Refused,
            LetterState::Failed,
            LetterState::Dropped,
        ]
        .into_iter()
        .find(|state| state.as_str() == name)
    }
}

/// One message, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The row.
    pub id: LetterId,
    /// What for.
    pub kind: LetterKind,
    /// To whom.
    pub reader: ReaderId,
    /// Of which subscription, if of one.
    pub subscription: Option<SubscriptionId>,
    /// When it was due by the schedule, or asked for.
    pub slot: Timestamp,
    /// How far it has come.
    pub state: LetterState,
    /// Of a digest: how many papers were new to the subscription, sent or not.
    pub found: u32,
    /// In the caller's own text: of a digest what the ledger said, of a note what it says, empty once it is settled.
    pub content: String,
    /// When it was made.
    pub composed: Timestamp,
    /// How often it has been taken: by this a taker knows whether the letter is still theirs.
    pub attempts: u32,
    /// How often a mail server has put it off.
    pub refusals: u32,
    /// Why it was not sent last, or empty.
    pub last_error: String,
}

/// Everything that writing a letter needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addressed {
    /// To whom.
    pub reader: Reader,
    /// Of which subscription; `None` where it is of none, or has ended.
    pub subscription: Option<Subscription>,
    /// Whether the address must not be written to.
    pub suppressed: bool,
    /// Of a digest: its papers, in order.
    pub papers: Vec<PaperId>,
}

/// A subscription of which a letter is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Which.
    pub subscription: Subscription,
    /// When it was due.
    pub slot: Timestamp,
    /// Whether an earlier digest of it has not been sent yet.
    pub unsent: bool,
}

/// Why an address is not written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    /// Mail servers refuse it for good.
    Bounce,
    /// Its owner has called our letters spam more than once.
    Complaint,
    /// Whoever runs this said so.
    Operator,
}

impl Why {
    /// The short name in the database and in lists.
    pub fn as_str(self) -> &'static str {
        match self {
            Why::Bounce => "bounce",
            Why::Complaint => "complaint",
            Why::Operator => "operator",
        }
    }

    fn from_short(name: &str) -> Option<Self> {
        [Why::Bounce, Why::Complaint, Why::Operator]
            .into_iter()
            .find(|why| why.as_str() == name)
    }
}

/// An address that is not written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    /// The address in lower case.
    pub address_key: String,
    /// Why.
    pub why: Why,
    /// More about it, for people.
    pub note: String,
    /// Since when.
    pub at: Timestamp,
}

/// The day before which nothing is looked at, where nothing else is said.
const LONG_AGO: Date = Date::constant(1900, 1, 1);
