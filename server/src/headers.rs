//! Owns what every answer tells a browser that it may not do with it (OWASP Secure Headers Project).
//! Refuses to overrule an answer that says something itself, but for sniffing.

use axum::extract::Request;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};

const EMBEDDING: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const OPENER: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const PERMISSIONS: HeaderName = HeaderName::from_static("permissions-policy");

/// What none of our pages needs.
const NOTHING: &str = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()";
/// What an answer may do that is no page, should a browser take it for one.
const INERT: &str = "default-src 'none'; frame-ancestors 'none'";

/// Whether it is something that sites' pages embed and fetch; everything else is for pages of our own.
pub(crate) fn are_for_sites(request: &Request) -> bool {
    request.uri().path().starts_with("/_assent/")
}

/// Adds what an answer lacks. `hsts` is for how many days browsers keep to https, where the settings say it.
pub(crate) fn shield(headers: &mut HeaderMap, for_sites: bool, hsts: Option<&HeaderValue>) {
    add(headers, for_sites);
    if let Some(hsts) = hsts {
        headers.insert(STRICT_TRANSPORT_SECURITY, hsts.clone());
    }
}

/// The value of HSTS, where it is wanted (RFC 6797 §6.1).
pub(crate) fn hsts(days: u32) -> Option<HeaderValue> {
    (days > 0).then(|| HeaderValue::try_from(format!("max-age={}", u64::from(days) * 86_400)).ok()).flatten()
}

fn add(headers: &mut HeaderMap, for_sites: bool) {
    // Once, and not while they are added.
    headers.reserve(8);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let declared = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is = |part: &str| declared.contains(part);
    let policy = headers.get(CONTENT_SECURITY_POLICY).and_then(|value| value.to_str().ok());
    let (framed, is_page) =
        (policy.is_some_and(|policy| policy.contains("frame-ancestors 'self'")), is("html"));
    // The demo's pages are a shop's, and say for themselves what they may do.
    let is_shops = is_page && policy.is_none();
    // A worker lives under the policy of its script.
    let is_inert = policy.is_none() && !is_page && !is("javascript") && !is("wasm") && !is("css");
    let mut default = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    default(EMBEDDING, if for_sites { "cross-origin" } else { "same-origin" });
    if is_shops {
        return;
    }
    default(X_FRAME_OPTIONS, if framed { "SAMEORIGIN" } else { "DENY" });
    default(REFERRER_POLICY, "same-origin");
    default(CACHE_CONTROL, "no-store");
    if is_inert {
        default(CONTENT_SECURITY_POLICY, INERT);
    }
    if is_page {
        default(OPENER, "same-origin");
        default(PERMISSIONS, NOTHING);
    }
}
