//! Owns the tests of who is believed: spoofed lists, several proxies, ports, garbage.
//! Refuses a server; what is read is headers.

use super::*;

fn proxies(listed: &[&str]) -> Proxies {
    Proxies::new(&listed.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>()).unwrap()
}

/// What is left of a request from `peer` with these headers.
fn introduced(proxies: &Proxies, peer: &str, headers: &[(&'static str, &str)]) -> Request<Body> {
    let mut request = Request::builder().uri("/healthz").header("host", "shop.example");
    for (name, value) in headers {
        request = request.header(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    let mut request = request.body(Body::empty()).unwrap();
    request.extensions_mut().insert(Arrival { peer: peer.parse().unwrap(), encrypted: false });
    proxies.introduce(request)
}

fn visitor(proxies: &Proxies, peer: &str, headers: &[(&'static str, &str)]) -> Option<String> {
    let request = introduced(proxies, peer, headers);
    let Visitor(address) = request.extensions().get().copied().unwrap();
    address.map(|address| address.to_string())
}

const FOR: &str = "x-forwarded-for";

#[test]
fn nobody_is_believed_who_is_not_listed() {
    let none = Proxies::default();
    assert_eq!(visitor(&none, "198.51.100.7", &[(FOR, "203.0.113.9")]).as_deref(), Some("198.51.100.7"));
    assert!(none.heard_an_unlisted_one());
    let proxies = proxies(&["10.0.0.0/8", "2001:db8:1::/48"]);
    assert!(!proxies.heard_an_unlisted_one());
    assert_eq!(visitor(&proxies, "198.51.100.7", &[]).as_deref(), Some("198.51.100.7"));
    assert!(!proxies.heard_an_unlisted_one(), "without forwarded headers nobody was a proxy");
    let spoofed =
        [(FOR, "203.0.113.9"), ("x-forwarded-proto", "https"), ("x-forwarded-host", "evil.example")];
    let request = introduced(&proxies, "198.51.100.7", &spoofed);
    assert!(request.headers().keys().all(|name| name == HOST), "{:?}", request.headers());
    assert_eq!(request.headers()[HOST], "shop.example");
    assert_eq!(scheme(request.headers()), None);
    assert!(proxies.heard_an_unlisted_one());
}

#[test]
fn where_many_may_share_an_address_it_is_nobodys() {
    let none = Proxies::default();
    for peer in [
        "127.0.0.1",
        "::1",
        "10.1.2.3",
        "192.168.0.9",
        "172.17.0.1",
        "169.254.1.1",
        "100.64.0.1",
        "fd00::1",
        "fe80::1",
        "::ffff:10.0.0.1",
        "0.0.0.0",
    ] {
        assert_eq!(visitor(&none, peer, &[]), None, "{peer}");
        assert!(!none.is_visitors(peer.parse().unwrap()), "{peer}");
    }
    for peer in ["198.51.100.7", "2a00:1450::1", "100.128.0.1", "::ffff:198.51.100.7"] {
        assert!(visitor(&none, peer, &[]).is_some() && none.is_visitors(peer.parse().unwrap()), "{peer}");
    }
    // What a listed proxy names is a visitor's, also in a network of one's own.
    assert_eq!(
        visitor(&proxies(&["10.0.0.1"]), "10.0.0.1", &[(FOR, "10.0.0.77")]).as_deref(),
        Some("10.0.0.77")
    );
}

#[test]
fn the_visitor_is_the_rightmost_who_is_not_listed() {
    let proxies = proxies(&["10.0.0.0/8", "2001:db8:1::/48"]);
    for (told, expected) in [
        ("203.0.113.9", Some("203.0.113.9")),
        ("1.2.3.4, 203.0.113.9", Some("203.0.113.9")),
        ("1.2.3.4, 203.0.113.9, 10.9.9.9", Some("203.0.113.9")),
        ("1.2.3.4,203.0.113.9 ,10.9.9.9,2001:db8:1::5", Some("203.0.113.9")),
        ("10.0.0.1, 203.0.113.9", Some("203.0.113.9")),
        ("10.0.0.3, 10.0.0.2", Some("10.0.0.3")),
        ("203.0.113.9:4711", Some("203.0.113.9")),
        ("[2a00:1450::1]:443", Some("2a00:1450::1")),
        ("[2a00:1450::1]", Some("2a00:1450::1")),
        ("2a00:1450::1", Some("2a00:1450::1")),
        ("::ffff:203.0.113.9", Some("203.0.113.9")),
        ("203.0.113.9, unknown", None),
        ("203.0.113.9, _hidden", None),
        ("203.0.113.9,", None),
        ("", None),
        ("999.1.1.1", None),
        ("203.0.113.9\u{e9}", None),
        ("203.0.113.9; DROP", None),
    ] {
        assert_eq!(visitor(&proxies, "10.0.0.1", &[(FOR, told)]).as_deref(), expected, "{told:?}");
    }
    let two_lines = [(FOR, "1.2.3.4, 203.0.113.9"), (FOR, "10.9.9.9")];
    assert_eq!(visitor(&proxies, "::ffff:10.0.0.1", &two_lines).as_deref(), Some("203.0.113.9"));
    assert_eq!(visitor(&proxies, "10.0.0.1", &[]), None, "a proxy that names nobody");
}

#[test]
fn host_and_scheme_are_the_visitors() {
    let proxies = proxies(&["10.0.0.0/8"]);
    let told = |headers: &[(&'static str, &str)]| {
        let request = introduced(&proxies, "10.0.0.1", headers);
        (request.headers()[HOST].to_str().unwrap().to_owned(), scheme(request.headers()))
    };
    let (host, proto) = ("x-forwarded-host", "x-forwarded-proto");
    assert_eq!(told(&[(FOR, "203.0.113.9")]), ("shop.example".to_owned(), None));
    assert_eq!(
        told(&[(FOR, "203.0.113.9"), (host, "www.example:8443"), (proto, "HTTPS")]),
        ("www.example:8443".to_owned(), Some("https"))
    );
    // Two proxies: the far one heard https, the near one http. A visitor's own words stand further to the left.
    assert_eq!(told(&[(FOR, "203.0.113.9, 10.9.9.9"), (proto, "gopher, https, http")]).1, Some("https"));
    assert_eq!(told(&[(FOR, "1.1.1.1, 203.0.113.9"), (proto, "https, http")]).1, Some("http"));
    for odd in ["evil.example/x", "a@evil.example", "\"><script>", "", "a b", "x:y:z", "evil.example,"] {
        assert_eq!(told(&[(FOR, "203.0.113.9"), (host, odd)]).0, "shop.example", "{odd}");
    }
}

#[test]
fn a_host_in_the_first_line_counts() {
    let request = Request::builder().uri("http://other.example/x").header("host", "shop.example");
    let request = Proxies::default().introduce(request.body(Body::empty()).unwrap());
    assert_eq!(request.headers()[HOST], "other.example");
}

#[test]
fn an_address_is_never_said() {
    let visitor = Visitor("203.0.113.9".parse().ok());
    assert_eq!(format!("{visitor:?}"), "Visitor");
    assert_eq!(group("2a00:1450:1:2:3:4:5:6".parse().unwrap()).to_string(), "2a00:1450:1:2::");
}

#[test]
fn a_list_that_cannot_be_read_says_so() {
    assert!(Proxies::new(&["10.0.0.0/33".to_owned()]).unwrap_err().contains("10.0.0.0/33"));
    assert!(Proxies::new(&["proxy.example".to_owned()]).is_err());
}
