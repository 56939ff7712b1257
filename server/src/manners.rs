//! Owns what every request must look like before anybody reads it: the length of its address, its one host, a body as it is.
//! Refuses the rest, whatever it asks for.

use axum::extract::Request;
use axum::http::header::{CONTENT_ENCODING, HOST, ORIGIN, TRANSFER_ENCODING};
use axum::http::{Method, Version};

use crate::error::{Error, Result};
use crate::proxies::is_host;

/// Bytes of a path and its query; the longest that we make ourselves has 1,000.
const ADDRESS_LIMIT: usize = 8 * 1024;

/// Lets through what is well-mannered.
pub(crate) fn refuse_odd(request: &Request) -> Result<()> {
    let length = request.uri().path_and_query().map_or(0, |address| address.as_str().len());
    if length > ADDRESS_LIMIT {
        return Err(Error::AddressTooLong(ADDRESS_LIMIT));
    }
    let headers = request.headers();
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) if host.to_str().is_ok_and(is_host) => {}
        (None, None) if request.version() < Version::HTTP_11 => {}
        // RFC 9112 §3.2
        _ => return Err(Error::BadRequest("the header `Host` names one host")),
    }
    // Proxies in front may disagree with us on where such a body ends (RFC 9112 §6.1, §11.2).
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    if codings.next().is_some_and(|coding| coding != "chunked") || codings.next().is_some() {
        return Err(Error::BadRequest(
            "a body is sent with `Content-Length`, or with `Transfer-Encoding: chunked`",
        ));
    }
    // Of two origins one is a lie.
    if headers.get_all(ORIGIN).iter().nth(1).is_some() {
        return Err(Error::BadRequest("the header `Origin` names one origin"));
    }
    let mut encodings = headers.get_all(CONTENT_ENCODING).iter();
    if encodings.any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(Error::CompressedBody);
    }
    if matches!(*request.method(), Method::CONNECT | Method::TRACE) {
        return Err(Error::MethodNotAllowed);
    }
    Ok(())
}
