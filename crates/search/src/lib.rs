//! Policy: parse the query, retrieve, rank, trend, explain. No clock, no SQL, no network.
//!
//! - [`engine`] answers a search in one readable function; start there.
//! - [`query`] is the language readers type, `plan` turns it into what the index understands.
//! - `correct` forgives typing errors, [`marker`] highlights, `cursor` pages.
//! - [`standing`] answers the queries of subscriptions, to the letter.
//! - [`measure`] says how good a ranking is.
//! - [`trend`] ranks by readers' signals, [`interest`] foretells where there are none yet.
//!
//! Everything here is a plain function of the index's snapshot and its arguments; the same question to the same
//! snapshot has the same answer.

mod atoms;
mod correct;
mod cursor;
pub mod engine;
pub mod feedback;
pub mod fuse;
#[cfg(test)]
mod golden;
pub mod interest;
mod lexical;
pub mod marker;
mod meaning;
pub mod measure;
mod plan;
pub mod query;
pub mod similar;
pub mod standing;
mod stop_words;
pub mod trend;
mod window;
