//! People: who has an account, which browsers and programs act in their name, and what was mailed to them to prove
//! that an address is theirs.
//!
//! Secrets (cookies, tokens, mailed links) come here as digests: whoever reads the database can use none of them.

mod identities;
mod links;
mod sessions;
mod tokens;
mod users;

pub use links::{LinkPurpose, MailedLink};
pub use sessions::Session;
pub use tokens::Token;
pub use users::{Join, NewUser, User};
