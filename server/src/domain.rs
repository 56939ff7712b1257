//! Owns the registrable domain of an origin, by the public suffix list: the widest domain that its cookies may have.
//! Refuses to guess one for addresses, for `localhost`, and for names under which strangers register theirs.

use url::{Host, Url};

use crate::store::Site;

/// The registrable domain of an origin's host: `shop.co.uk` of `https://www.shop.co.uk`.
#[must_use]
pub fn registrable(origin: &str) -> Option<String> {
    let url = Url::parse(origin).ok()?;
    // The URL's own parser knows every way to write an IP address (URL §3.5).
    let Some(Host::Domain(host)) = url.host() else { return None };
    // The list's crate reads a rooted name as the plain one; but the two do not see each other's cookies.
    let rooted = host.ends_with('.');
    psl::domain_str(host).filter(|_| !rooted).map(str::to_owned)
}

impl Site {
    /// The domain of the cookies that are set for a page of `origin`, where the site's subdomains share them.
    #[must_use]
    pub fn cookie_domain(&self, origin: &str) -> Option<String> {
        registrable(origin).filter(|_| self.share_subdomains)
    }

    /// Every domain that the site's cookies have, each once; none where its hosts keep theirs to themselves.
    #[must_use]
    pub fn cookie_domains(&self) -> Vec<String> {
        let mut domains: Vec<String> =
            self.origins.iter().filter_map(|origin| self.cookie_domain(origin)).collect();
        domains.sort_unstable();
        domains.dedup();
        domains
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_as_wide_as_cookies_may_go() {
        for (origin, domain) in [
            ("https://shop.example", Some("shop.example")),
            ("https://www.shop.example:8443", Some("shop.example")),
            ("https://a.b.shop.co.uk", Some("shop.co.uk")),
            ("https://ann.github.io", Some("ann.github.io")),
            ("https://www.ann.github.io", Some("ann.github.io")),
            ("https://www.xn--mnchen-3ya.de", Some("xn--mnchen-3ya.de")),
            ("https://co.uk", None),
            ("https://github.io", None),
            ("https://com", None),
            ("http://localhost:8080", None),
            ("http://intranet", None),
            ("http://127.0.0.1:8080", None),
            ("http://127.1", None),
            ("http://0x7f000001", None),
            ("http://[::1]:8080", None),
            ("https://shop.example.", None),
            ("null", None),
            ("", None),
        ] {
            assert_eq!(registrable(origin).as_deref(), domain, "{origin}");
        }
    }
}
