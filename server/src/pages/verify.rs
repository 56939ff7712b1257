//! Owns the page on which anybody checks a file in the browser, and the verifier's files as built into this binary.
//! Refuses to receive the file: the page's policy lets it ask for nothing but its own parts.

use std::sync::LazyLock;

use askama::Template;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{Html, IntoResponse, Response};

use super::{Frame, STYLE_SOURCE, render};
use crate::error::{Error, Result};
use crate::extract::PathOf;
use crate::serve_file::Precompressed;

/// Names this build of the verifier: the first 64 bits of the SHA-256 over its glue and wasm.
const HASH: &str = env!("ASSENT_VERIFIER_HASH");

static SCRIPT: LazyLock<Precompressed> = LazyLock::new(|| {
    Precompressed::with_brotli(
        "text/javascript",
        include_bytes!(concat!(env!("ASSENT_VERIFIER_FOLDER"), "/verifier.js")).to_vec(),
        include_bytes!(concat!(env!("ASSENT_VERIFIER_FOLDER"), "/verifier.js.br")).to_vec(),
    )
});

static WASM: LazyLock<Precompressed> = LazyLock::new(|| {
    Precompressed::with_brotli(
        "application/wasm",
        include_bytes!(concat!(env!("ASSENT_VERIFIER_FOLDER"), "/verifier.wasm")).to_vec(),
        include_bytes!(concat!(env!("ASSENT_VERIFIER_FOLDER"), "/verifier.wasm.br")).to_vec(),
    )
});

/// What may run and be asked for; for the page and, because a worker has a policy of its own (CSP3 §4.2), for the script.
const OWN_PARTS: &str =
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'";

static POLICY: LazyLock<String> = LazyLock::new(|| {
    format!("{OWN_PARTS}; {}; base-uri 'none'; frame-ancestors 'none'; form-action 'none'", *STYLE_SOURCE)
});

#[derive(Template)]
#[template(path = "verify.html")]
struct VerifyPage {
    frame: Frame,
    hash: &'static str,
}

/// `GET /_assent/verify`
pub async fn get_verifier() -> Result<Response> {
    let frame = Frame { lang: "en".to_owned(), dir: "ltr", languages: vec![] };
    let mut response = Html(render(&VerifyPage { frame, hash: HASH })?).into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(CONTENT_SECURITY_POLICY, own(&POLICY));
    Ok(response)
}

/// `GET /_assent/verifier/{hash}/{file}`
pub async fn get_verifier_file(
    PathOf((hash, file)): PathOf<(String, String)>,
    headers: HeaderMap,
) -> Result<Response> {
    let file = match file.as_str() {
        "verifier.js" if hash == HASH => &*SCRIPT,
        "verifier.wasm" if hash == HASH => &*WASM,
        _ => return Err(Error::NotFound),
    };
    let mut response = file.respond(&headers, "public, max-age=31536000, immutable", "accept-encoding");
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(OWN_PARTS));
    Ok(response)
}

fn own(policy: &str) -> HeaderValue {
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}
