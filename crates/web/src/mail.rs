//! Mail as far as it is pages and words: the signed links, what a message says, and the desk at which readers
//! subscribe. Nothing is sent from here: requests become letters in the database, and the program sends those.

pub mod desk;
pub mod message;
pub mod note;
pub mod token;
