//! Passwords: argon2id with the parameters of RFC 9106's second choice scaled to OWASP's floor (19 MiB, two passes),
//! a few at a time so that a rush of sign-ins cannot take all memory.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::error::Error;

/// Memory of one hash, in KiB; passes; lanes.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);

/// How many are computed at the same time.
const AT_ONCE: usize = 4;

/// Shortest and longest password, in characters and bytes (NIST SP 800-63B asks for at least 8 and up to 64 or more).
const CHARS_MIN: usize = 10;
const LEN_MAX: usize = 512;

/// A hash of no password, to spend the same time on names that nobody has.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$YnJvYWRzaGVldG5vYm9keQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Passwords that guessers try first, beside the reader's own name and address.
const COMMON: [&str; 12] = [
    "1234567890",
    "12345678910",
    "password12",
    "password123",
    "password1234",
    "passwordpassword",
    "qwertyuiop",
    "qwerty12345",
    "iloveyou123",
    "0123456789",
    "abcdefghij",
    "broadsheet",
];

/// Hashes and checks passwords. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Hasher {
    places: Arc<Semaphore>,
}

impl Default for Hasher {
    fn default() -> Self {
        Hasher {
            places: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }
}

impl Hasher {
    /// The hash of a password, with its parameters and a fresh salt.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub async fn hash(&self, password: &str) -> Result<String, Error> {
        let password = password.to_string();
        self.work(move || hash(&password)).await?
    }

    /// Whether this is the password of that hash. Without a hash it is not, after the same time.
    ///
    /// # Errors
    /// When the kept hash is none.
    pub async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool, Error> {
        if password.len() > LEN_MAX {
            return Ok(false);
        }
        let password = password.to_string();
        let known = hash.is_some();
        let hash = hash.unwrap_or(NOBODYS).to_string();
        let same = self.work(move || verify(&password, &hash)).await??;
        Ok(same && known)
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        // The semaphore is never closed.
        let _place = self.places.acquire().await;
        Ok(tokio::task::spawn_blocking(work).await?)
    }
}

/// The hash of a password, for the command line.
///
/// # Errors
/// When the system gives no randomness.
pub fn hash(password: &str) -> Result<String, Error> {
    let failed = |e: &dyn std::fmt::Display| Error::Render(format!("hashing a password: {e}"));
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None).map_err(|e| failed(&e))?;
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash: PasswordHash = argon
        .hash_password(password.as_bytes())
        .map_err(|e| failed(&e))?;
    Ok(hash.to_string())
}

fn verify(password: &str, hash: &str) -> Result<bool, Error> {
    let hash = PasswordHash::new(hash)
        .map_err(|e| Error::Render(format!("a kept password's hash cannot be read: {e}")))?;
    Ok(Argon2::default()
        .verify_password(password.as_bytes(), &hash)
        .is_ok())
}

/// Why a password is not taken, in words for whoever chose it; `told` are their name and address.
pub fn fault(password: &str, told: &[&str]) -> Option<String> {
    if password.chars().count() < CHARS_MIN {
        return Some(format!("A password has at least {CHARS_MIN} characters."));
    }
    if password.len() > LEN_MAX {
        return Some(format!("A password has at most {LEN_MAX} bytes."));
    }
    let folded = password.to_lowercase();
    let mut letters = folded.chars();
    let first = letters.next();
    let one_letter = letters.all(|c| Some(c) == first);
    let own = told
        .iter()
        .any(|t| !t.is_empty() && folded == t.to_lowercase());
    (one_letter || own || COMMON.contains(&folded.as_str()))
        .then(|| "This password is among the first that are guessed. Choose another.".to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_by_its_hash_alone() {
        let hasher = Hasher::default();
        let hash = hasher.hash("correct horse battery").await.unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        assert_ne!(hash, hasher.hash("correct horse battery").await.unwrap());
        assert!(
            hasher
                .verify("correct horse battery", Some(&hash))
                .await
                .unwrap()
        );
        assert!(!hasher.verify("correct horse", Some(&hash)).await.unwrap());
        assert!(!hasher.verify("correct horse battery", None).await.unwrap());
        assert!(
            !hasher
                .verify(&"x".repeat(10_000), Some(&hash))
                .await
                .unwrap()
        );
        assert!(hasher.verify("x", Some("nonsense")).await.is_err());
    }

    #[test]
    fn weak_passwords_are_refused_in_words() {
        let check = |password: &str, taken: bool| {
            let told = ["jane", "jane.doe@example.org"];
            assert_eq!(fault(password, &told).is_none(), taken, "{password}");
        };
        check("correct horse battery", true);
        check("short", false);
        check("Password123", false);
        check("aaaaaaaaaaaaaa", false);
        check("Jane.Doe@example.org", false);
        check(&"x1".repeat(300), false);
        check("pässwörterwörter", true);
    }
}
