//! Owns a response that was compressed before anybody asked: its encodings, its ETag, its caching.
//! Refuses to compress while a request waits.

use std::io::Write;

use axum::body::Bytes;
use axum::http::header::{
    ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use data_encoding::{BASE64, HEXLOWER};
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

/// Lets pages of any origin embed a response, also those that isolate themselves (Fetch §3.7, COEP `require-corp`).
const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Bytes in every encoding that browsers take.
#[derive(Debug, Clone)]
pub struct Precompressed {
    content_type: &'static str,
    etag: HeaderValue,
    identity: Bytes,
    brotli: Bytes,
    gzip: Bytes,
}

impl Precompressed {
    /// Compresses `identity` as far as it goes.
    #[must_use]
    pub fn new(content_type: &'static str, identity: Vec<u8>) -> Self {
        let mut brotli = Vec::new();
        let parameters = brotli::enc::BrotliEncoderParams { quality: 11, ..Default::default() };
        // Writing to memory cannot fail; an empty encoding would never be served, see `best`.
        if brotli::BrotliCompress(&mut identity.as_slice(), &mut brotli, &parameters).is_err() {
            brotli.clear();
        }
        Self::with_brotli(content_type, identity, brotli)
    }

    /// Takes the brotli form from a build step.
    #[must_use]
    pub fn with_brotli(content_type: &'static str, identity: Vec<u8>, brotli: Vec<u8>) -> Self {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        let gzip = gzip.write_all(&identity).and_then(|()| gzip.finish()).unwrap_or_default();
        // Weak: the encodings' bytes differ, what they mean does not (RFC 9110 §8.8.1).
        let etag = format!("W/\"{}\"", HEXLOWER.encode(&Sha256::digest(&identity)[..8]));
        Self {
            content_type,
            etag: HeaderValue::try_from(etag).unwrap_or(HeaderValue::from_static("W/\"\"")),
            identity: identity.into(),
            brotli: brotli.into(),
            gzip: gzip.into(),
        }
    }

    /// The size of the brotli form in bytes.
    #[must_use]
    pub fn brotli_len(&self) -> usize {
        self.brotli.len()
    }

    /// The bytes as they are without an encoding.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.identity
    }

    /// The hash that Subresource Integrity knows these bytes by; it is taken over what an encoding decodes to.
    #[must_use]
    pub fn integrity(&self) -> String {
        format!("sha256-{}", BASE64.encode(&Sha256::digest(&self.identity)))
    }

    /// Answers a request: 304 if the caller has these bytes, else the smallest encoding that it takes.
    #[must_use]
    pub fn respond(&self, request: &HeaderMap, cache_control: &'static str, vary: &'static str) -> Response {
        let known = request
            .get_all(IF_NONE_MATCH)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .any(|value| value.split(',').any(|etag| etag.trim().as_bytes() == self.etag.as_bytes()));
        let mut response = if known {
            crate::error::not_modified()
        } else {
            let (encoding, body) = self.best(request);
            let mut response = body.into_response();
            if let Some(encoding) = encoding {
                response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
            }
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
            response
        };
        let headers = response.headers_mut();
        headers.insert(ETAG, self.etag.clone());
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache_control));
        headers.insert(VARY, HeaderValue::from_static(vary));
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers.insert(CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
        response
    }

    fn best(&self, request: &HeaderMap) -> (Option<&'static str>, Bytes) {
        let accepted = request.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if accepts(accepted, "br") && !self.brotli.is_empty() {
            (Some("br"), self.brotli.clone())
        } else if accepts(accepted, "gzip") && !self.gzip.is_empty() {
            (Some("gzip"), self.gzip.clone())
        } else {
            (None, self.identity.clone())
        }
    }
}

/// Whether an `Accept-Encoding` header names `encoding` without forbidding it (RFC 9110 §12.5.3).
pub(crate) fn accepts(header: &str, encoding: &str) -> bool {
    header.split(',').any(|part| {
        let mut pieces = part.split(';').map(str::trim);
        let named = pieces.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding));
        named && !pieces.any(|piece| matches!(piece, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_encoding_that_is_taken_is_served() {
        let file = Precompressed::new("text/plain", b"a".repeat(1000));
        let encoding = |accepted: &'static str| {
            let headers = HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(accepted))]);
            file.best(&headers).0
        };
        assert_eq!(encoding("gzip, deflate, br, zstd"), Some("br"));
        assert_eq!(encoding("gzip, br;q=0"), Some("gzip"));
        assert_eq!(encoding("zstd"), None);
        assert_eq!(file.best(&HeaderMap::new()).1.len(), 1000);
    }
}
