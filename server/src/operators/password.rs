//! Owns operators' passwords: which ones are taken, and their hashes (argon2id with OWASP's parameters).
//! Refuses rules on signs (NIST SP 800-63B §3.1.1.2), and to hash more than a few at once: each takes 19 MiB.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;
use zxcvbn::{Score, zxcvbn};

use crate::error::{Error, Result};

/// Signs of the shortest password.
pub const SHORTEST: usize = 12;
/// Signs of the longest one; more are no password.
const LONGEST: usize = 256;
/// Hashes that are made at the same time. Others wait.
const AT_ONCE: usize = 2;

/// Compared where there is no such operator, so that the answer takes as long; no password fits it.
const DECOY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$YXNzZW50LWRlY295LTAwMA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Makes and compares hashes; clones share the queue.
#[derive(Debug, Clone)]
pub struct Passwords(Arc<Semaphore>);

impl Default for Passwords {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl Passwords {
    /// The hash of a password, in PHC form with a salt of its own.
    pub async fn hash(&self, password: String) -> Result<String> {
        let hashed = self.work(move || Argon2::default().hash_password(password.as_bytes())).await?;
        hashed.map(|hash| hash.to_string()).map_err(|error| Error::Internal(format!("password: {error}")))
    }

    /// Whether that is the password; without a hash it is not, and takes as long.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<bool> {
        let known = hash.is_some();
        let fits = self.work(move || {
            let hash = hash.as_deref().unwrap_or(DECOY);
            PasswordHash::new(hash)
                .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
        });
        Ok(fits.await? && known)
    }

    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let _turn = self.0.acquire().await.map_err(|_| Error::Busy)?;
        tokio::task::spawn_blocking(work).await.map_err(|error| Error::Internal(format!("password: {error}")))
    }
}

/// Says what is wrong with a new password of somebody who is known by these words.
pub fn check(password: &str, known_by: &[&str]) -> Result<(), &'static str> {
    let signs = password.chars().count();
    if signs < SHORTEST {
        return Err("Use at least 12 characters. Any will do, spaces too.");
    }
    if signs > LONGEST {
        return Err("Use at most 256 characters.");
    }
    let words: Vec<&str> = known_by.iter().copied().flat_map(|word| word.split(['@', '.', ' '])).collect();
    let inputs: Vec<&str> = known_by.iter().copied().chain(words).chain(["assent"]).collect();
    if zxcvbn(password, &inputs).score() < Score::Three {
        return Err("This password is easy to guess. Use a few words that nobody expects together.");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_easy_to_guess_is_refused() {
        for easy in ["password1234", "aaaaaaaaaaaaaaaa", "ann@example.org", "123456789012", "qwertyuiop[]"] {
            assert!(
                check(easy, &["ann@example.org", "Ann Example"]).unwrap_err().contains("guess"),
                "{easy}"
            );
        }
        assert!(check("tiny tiger", &[]).unwrap_err().contains("at least 12"));
        assert!(check(&"x".repeat(257), &[]).unwrap_err().contains("at most 256"));
        for good in ["lamp under green river", "kaffee am dienstag im zug", "vR8#qLm2!zPw"] {
            assert_eq!(check(good, &["ann@example.org"]), Ok(()), "{good}");
        }
    }

    #[tokio::test]
    async fn a_hash_fits_its_password_only() {
        let passwords = Passwords::default();
        let hash = passwords.hash("lamp under green river".to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        let fits = async |password: &str, hash: Option<&str>| {
            passwords.verify(password.to_owned(), hash.map(str::to_owned)).await.unwrap()
        };
        assert!(fits("lamp under green river", Some(&hash)).await);
        assert!(!fits("lamp under green rive", Some(&hash)).await);
        assert!(!fits("lamp under green river", None).await);
        assert!(PasswordHash::new(DECOY).is_ok(), "the decoy takes as long as any");
    }
}
