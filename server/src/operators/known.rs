//! Owns the mark of a browser in which an operator has signed in before: whoever guesses elsewhere does not hold it up.
//! Refuses to let it open anything; it stands for no password and no code.

use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::sessions::Rules;
use crate::extract::cookie;

/// A year.
const MAX_AGE_SECONDS: u32 = 365 * 86_400;

/// Made from the secret of the operator's codes, so every server knows it, nothing is stored, and new codes end it.
fn mac(operator: &str, secret: &str) -> Option<Hmac<Sha256>> {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    Some(mac.chain_update(b"assent known browser ").chain_update(operator))
}

fn name(rules: Rules) -> &'static str {
    if rules.secure { "__Host-assent_known" } else { "assent_known" }
}

/// Whether the request comes from a browser in which that operator has signed in; compared in constant time.
#[must_use]
pub fn is_known(headers: &HeaderMap, rules: Rules, operator: &str, secret: &str) -> bool {
    let mark = cookie(headers, name(rules)).and_then(|mark| BASE64URL_NOPAD.decode(mark.as_bytes()).ok());
    mark.zip(mac(operator, secret)).is_some_and(|(mark, mac)| mac.verify_slice(&mark).is_ok())
}

/// Marks the browser.
pub fn mark(response: &mut Response, rules: Rules, operator: &str, secret: &str) {
    let Some(mac) = mac(operator, secret) else { return };
    let (name, mark) = (name(rules), BASE64URL_NOPAD.encode(&mac.finalize().into_bytes()));
    let secure = if rules.secure { "; Secure" } else { "" };
    let cookie =
        format!("{name}={mark}; HttpOnly; Max-Age={MAX_AGE_SECONDS}; Path=/; SameSite=Strict{secure}");
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}
