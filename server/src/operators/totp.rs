//! Owns the one-time codes of operators (RFC 6238): a new secret, how it is handed over, and which step a code is of.
//! Refuses to decide whether that step may be used; the store takes each once.

use std::fmt::Write;

use data_encoding::BASE32_NOPAD;
use qrcodegen::{QrCode, QrCodeEcc};
use totp_rs::{Builder, Secret, Totp};

use crate::error::{Error, Result};

/// Bytes of a secret, as many as SHA-1 has (RFC 4226 §4, R6).
const SECRET_BYTES: usize = 20;
/// White squares around a QR code (ISO/IEC 18004 §6.3.8).
const MARGIN: i32 = 4;

/// A new secret, base32.
pub fn new_secret() -> Result<String> {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| Error::Internal(format!("no random numbers: {error}")))?;
    Ok(BASE32_NOPAD.encode(&bytes))
}

/// The step of a code that is valid at `now`, or one step (30 seconds) before or after.
pub fn step(secret: &str, code: &str, now: i64) -> Result<Option<i64>> {
    let code: String = code.chars().filter(|sign| !sign.is_whitespace()).collect();
    let seconds = u64::try_from(now / 1000).unwrap_or_default();
    let step = totp(secret, "operator")?.check(&code, seconds);
    Ok(step.and_then(|step| i64::try_from(step).ok()))
}

/// The code at `now`, as an authenticator app shows it.
pub fn code(secret: &str, now: i64) -> Result<String> {
    let seconds = u64::try_from(now / 1000).unwrap_or_default();
    Ok(totp(secret, "operator")?.generate(seconds).to_string())
}

/// What an authenticator app needs to know, for a camera and for a keyboard.
#[derive(Debug, Clone)]
pub struct Handover {
    /// `otpauth://…`, which opens the app on the same device.
    pub address: String,
    /// The same as a QR code: an SVG picture.
    pub picture: String,
    /// The secret in groups of four.
    pub typed: String,
}

impl Handover {
    /// Hands `secret` over to the app of the operator with that e-mail address.
    pub fn new(secret: &str, email: &str) -> Result<Self> {
        let address = totp(secret, email)?.to_url().map_err(|error| broken(&error))?;
        let code = QrCode::encode_text(&address, QrCodeEcc::Medium).map_err(|error| broken(&error))?;
        let groups: Vec<&str> =
            (0..secret.len()).step_by(4).filter_map(|at| secret.get(at..secret.len().min(at + 4))).collect();
        Ok(Self { picture: picture(&code), address, typed: groups.join(" ") })
    }
}

/// Black on white in dark pages too: some cameras do not read it the other way round.
fn picture(code: &QrCode) -> String {
    let side = code.size() + 2 * MARGIN;
    let mut squares = String::new();
    for (y, x) in (0..code.size()).flat_map(|y| (0..code.size()).map(move |x| (y, x))) {
        if code.get_module(x, y) {
            let _ = write!(squares, "M{} {}h1v1h-1z", x + MARGIN, y + MARGIN);
        }
    }
    format!(
        "<svg role=\"img\" aria-label=\"QR code with the secret that is written below\" width=\"240\" height=\"240\" \
         viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/>\
         <path fill=\"#000\" d=\"{squares}\"/></svg>"
    )
}

fn totp(secret: &str, email: &str) -> Result<Totp> {
    let secret = Secret::try_from_base32(secret).map_err(|error| broken(&error))?;
    let account = email.replace(':', " ");
    Builder::new()
        .with_secret(secret)
        .with_account_name(account)
        .with_issuer(Some("Assent"))
        .build()
        .map_err(|error| broken(&error))
}

fn broken(error: &dyn std::fmt::Display) -> Error {
    Error::Internal(format!("one-time codes: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B: the secret of its SHA-1 examples.
    const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    #[test]
    fn codes_are_those_of_the_standard() {
        // The last six of its eight digits.
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            assert_eq!(super::code(SECRET, seconds * 1000).unwrap(), code);
            assert_eq!(step(SECRET, code, seconds * 1000).unwrap(), Some(seconds / 30));
        }
    }

    #[test]
    fn a_code_is_good_for_its_step_and_one_on_either_side() {
        let now = 1_111_111_109_000;
        for (off, good) in [(-60, false), (-30, true), (0, true), (30, true), (60, false)] {
            assert_eq!(step(SECRET, "081 804", now - off * 1000).unwrap().is_some(), good, "{off}");
        }
        for odd in ["", "81804", "0818040", "O81804", "081804x"] {
            assert_eq!(step(SECRET, odd, now).unwrap(), None, "{odd}");
        }
    }

    #[test]
    fn a_secret_is_handed_over() {
        let secret = new_secret().unwrap();
        assert_eq!(secret.len(), 32);
        let handover = Handover::new(&secret, "ann@example.org").unwrap();
        assert!(handover.address.starts_with("otpauth://totp/Assent:ann"), "{}", handover.address);
        assert!(
            handover.address.contains(&format!("secret={secret}"))
                && handover.address.contains("issuer=Assent")
        );
        assert_eq!(handover.typed.replace(' ', ""), secret);
        assert!(handover.picture.contains("h1v1h-1z"));
    }
}
