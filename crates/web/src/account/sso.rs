//! Signing in with another site (OpenID Connect), as far as pages need to know of it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

/// What signing in begins with: the browser goes to `address`, and what is in `memory` is needed when it comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// Where the browser goes.
    pub address: String,
    /// What must be remembered until it is back: state, nonce and verifier, in words of letters and digits.
    pub memory: Vec<String>,
}

/// For whom the other site vouches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vouched {
    /// Who vouches.
    pub issuer: String,
    /// By what the issuer knows the person.
    pub subject: String,
    /// What the issuer calls them.
    pub name: Option<String>,
    /// Their address, where the issuer has verified it.
    pub address: Option<String>,
}

/// What a step of signing in returns; an error says in words for the reader what went wrong.
pub type Step<'a, T> = Pin<Box<dyn Future<Output = Result<T, String>> + Send + 'a>>;

/// With what the browser came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer<'a> {
    /// What was sent along at the beginning.
    pub state: &'a str,
    /// What the other site's own door gives the person's facts for.
    pub code: &'a str,
}

/// Another site that signs people in.
pub trait SingleSignOn: Send + Sync + fmt::Debug {
    /// What the other site is called, on the button.
    fn name(&self) -> &str;

    /// Begins; `back` is the address to which the browser returns.
    fn begin<'a>(&'a self, back: &'a str) -> Step<'a, Begun>;

    /// Ends: with what was remembered, and with what the browser came back.
    fn finish<'a>(
        &'a self,
        back: &'a str,
        memory: &'a [String],
        answer: Answer<'a>,
    ) -> Step<'a, Vouched>;
}
