//! Owns what is believed of where a request comes from: its visitor's address, and the host and scheme that they typed.
//! Refuses to believe a forwarded header that no listed proxy sent, and to let an address be logged, stored or asked for as a text.

#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request};
use ipnet::IpNet;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// How a connection came in.
#[derive(Clone, Copy)]
pub struct Arrival {
    /// The other side of it.
    pub peer: IpAddr,
    /// Whether we speak TLS on it ourselves.
    pub encrypted: bool,
}

/// The address of whoever asks, where it is one visitor's or one household's; nothing where many may share it.
///
/// It tells nobody which.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Visitor(Option<IpAddr>);

impl Visitor {
    #[cfg(test)]
    pub(crate) fn at(address: &str) -> Self {
        Self(address.parse().ok())
    }

    /// What requests are counted by; nothing where it is not known.
    #[must_use]
    pub fn group(self) -> Option<IpAddr> {
        self.0.map(group)
    }
}

impl fmt::Debug for Visitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Visitor")
    }
}

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().copied().unwrap_or_default())
    }
}

/// What counts as one: an IPv4 address, or an IPv6 network of 64 bits, which is what a household is given.
#[must_use]
pub(crate) fn group(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address @ IpAddr::V4(_) => address,
    }
}

/// Whether an address is somebody's on the internet. One of the machine's own or of a private network is more likely a proxy that
/// nobody has listed.
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            // 100.64.0.0/10 is shared among a provider's customers (RFC 6598).
            let shared = address.octets()[0] == 100 && address.octets()[1] & 0xc0 == 64;
            let own = address.is_loopback() || address.is_private() || address.is_link_local();
            !own && !shared && !address.is_unspecified()
        }
        IpAddr::V6(address) => {
            let own = address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local();
            !own && !address.is_unspecified()
        }
    }
}

/// The proxies that are believed.
#[derive(Clone, Default)]
pub struct Proxies(Arc<Inner>);

#[derive(Default)]
struct Inner {
    listed: Vec<IpNet>,
    /// Whether somebody who is not listed has sent what only proxies send.
    unlisted: AtomicBool,
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Proxies").field(&self.0.listed).finish()
    }
}

impl Proxies {
    /// Those of the setting `trusted_proxies`: addresses and networks.
    pub fn new(listed: &[String]) -> Result<Self, String> {
        let read = |text: &String| {
            let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
            network.map_err(|_| {
                format!("Setting trusted_proxies: `{text}` is no address and no network, such as 10.0.0.0/8.")
            })
        };
        let listed = listed.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Self(Arc::new(Inner { listed, unlisted: AtomicBool::new(false) })))
    }

    /// Whether forwarded headers came from somebody who is not listed: most likely a proxy that should be, and whose visitors cannot be
    /// told apart until it is.
    #[must_use]
    pub fn heard_an_unlisted_one(&self) -> bool {
        self.0.unlisted.load(Ordering::Relaxed)
    }

    fn lists(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.listed.iter().any(|network| network.contains(&address))
    }

    /// Whether a connection from there is one visitor's own.
    pub(crate) fn is_visitors(&self, peer: IpAddr) -> bool {
        is_public(peer) && !self.lists(peer)
    }

    /// Has a request say where it comes from: its visitor's address as [`Visitor`], `Host` as the visitor typed it, and
    /// `X-Forwarded-Proto` only if it is true. All that nobody should believe is gone afterwards.
    pub fn introduce(&self, mut request: Request<Body>) -> Request<Body> {
        let arrival = request.extensions().get::<Arrival>().copied();
        let peer = arrival.map(|arrival| arrival.peer);
        let headers = request.headers();
        let forwarded = [&FORWARDED_FOR, &FORWARDED_HOST, &FORWARDED_PROTO];
        let told =
            forwarded.iter().any(|name| headers.contains_key(*name)) || headers.contains_key("forwarded");
        let (mut visitor, mut host, mut scheme) = (Visitor::default(), None, None);
        match peer {
            Some(peer) if self.lists(peer) => {
                let hops = self.chain(headers);
                visitor = Visitor(hops.address);
                host = hops.of(headers, &FORWARDED_HOST).and_then(typed_host);
                scheme = hops.of(headers, &FORWARDED_PROTO).and_then(known_scheme);
            }
            Some(peer) => {
                visitor = Visitor(Some(peer).filter(|peer| is_public(*peer)));
                if told && !self.0.unlisted.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        "a proxy that is not in `trusted_proxies` forwards requests; until it is listed, its visitors are not told apart"
                    );
                }
            }
            None => {}
        }
        if scheme.is_none() && arrival.is_some_and(|arrival| arrival.encrypted) {
            scheme = known_scheme("https");
        }
        // A request that names its host in the first line means that one (RFC 9112 §3.2.2).
        let host = host.or_else(|| HeaderValue::try_from(request.uri().authority()?.as_str()).ok());
        let headers = request.headers_mut();
        for name in forwarded {
            headers.remove(name);
        }
        headers.remove("forwarded");
        if let Some(host) = host {
            headers.insert(HOST, host);
        }
        if let Some(scheme) = scheme {
            headers.insert(FORWARDED_PROTO, scheme);
        }
        request.extensions_mut().insert(visitor);
        request
    }

    /// Goes back from the proxy that is connected to us, as long as each who is named is listed.
    fn chain(&self, headers: &HeaderMap) -> Chain {
        let mut chain = Chain::default();
        for (number, entry) in from_the_right(headers, &FORWARDED_FOR).enumerate() {
            // Whatever is not an address was written by a listed proxy about somebody whom it does not want to name.
            let address = entry.and_then(address);
            chain = Chain { address, number };
            if address.is_none_or(|address| !self.lists(address)) {
                break;
            }
        }
        chain
    }
}

/// Who stands at the far end of the listed proxies.
#[derive(Default)]
struct Chain {
    address: Option<IpAddr>,
    /// How many entries stand to the right of theirs.
    number: usize,
}

impl Chain {
    /// What the proxy that named them said of them in another header; the only thing said, if each of them replaces it.
    fn of<'a>(&self, headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
        from_the_right(headers, name).take(self.number + 1).last().flatten()
    }
}

/// The entries of a list that may stand in several headers, the last one first; nothing in place of what is no text.
fn from_the_right<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = Option<&'a str>> {
    let lines: Vec<_> = headers.get_all(name).iter().collect();
    lines.into_iter().rev().flat_map(|line| {
        let entries: Vec<_> = match line.to_str() {
            Ok(line) => line.rsplit(',').map(|entry| Some(entry.trim())).collect(),
            Err(_) => vec![None],
        };
        entries
    })
}

/// An address, with a port or without.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().ok().or_else(|| text.parse().ok().map(|with_port: SocketAddr| with_port.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

/// A host with or without a port, and nothing else.
fn typed_host(text: &str) -> Option<HeaderValue> {
    is_host(text).then(|| HeaderValue::from_str(text).ok()).flatten()
}

/// Whether that is what a `Host` may say.
pub(crate) fn is_host(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~:[]".contains(&byte));
    let is_whole = |authority: Authority| {
        let rest = text.strip_prefix(authority.host()).unwrap_or_default();
        let port = rest.strip_prefix(':');
        !authority.host().is_empty()
            && (rest.is_empty() || port.is_some_and(|port| port.parse::<u16>().is_ok()))
    };
    plain && text.parse::<Authority>().is_ok_and(is_whole)
}

fn known_scheme(text: &str) -> Option<HeaderValue> {
    let known = ["http", "https"].into_iter().find(|known| text.eq_ignore_ascii_case(known));
    known.map(HeaderValue::from_static)
}

/// The scheme that the visitor typed, where a listed proxy says so.
#[must_use]
pub(crate) fn scheme(headers: &HeaderMap) -> Option<&'static str> {
    let told = headers.get(FORWARDED_PROTO)?;
    Some(if told == "https" { "https" } else { "http" })
}
