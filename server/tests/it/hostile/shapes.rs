//! Owns requests of odd shapes: smuggling, huge heads, long addresses, hosts that are none.
//! Refuses an HTTP library; the bytes are written by hand.

use super::{LAST, say, statuses, unharmed};
use crate::harness::{Engine, PAGE, TestServer, both_engines, refusal};

both_engines!(no_request_hides_in_another, heads_have_their_limits, a_host_is_one_host);

/// The head of a decision, without what says how long it is.
fn post(more: &str) -> String {
    format!(
        "POST /_assent/shop/decisions HTTP/1.1\r\nHost: x\r\nOrigin: {PAGE}\r\nContent-Type: application/json\r\n{more}\r\n"
    )
}

/// What would be recorded if it were taken for a request.
fn hidden() -> String {
    let body = refusal(1).to_string();
    post(&format!("Content-Length: {}\r\n", body.len())) + &body
}

async fn no_request_hides_in_another(engine: Engine) {
    let server = TestServer::start(engine).await;
    let hidden = hidden();
    let length = hidden.len();
    // What is sent first, and what may be said: the answers to it and to what follows, if that is heard at all.
    let shapes = [
        (
            "both lengths",
            post(&format!("Content-Length: {}\r\nTransfer-Encoding: chunked\r\n", length + 5))
                + "0\r\n\r\n"
                + &hidden,
        ),
        (
            "both, the other way round",
            post(&format!("Transfer-Encoding: chunked\r\nContent-Length: {}\r\n", length + 5))
                + "0\r\n\r\n"
                + &hidden,
        ),
        ("two lengths", post(&format!("Content-Length: 0\r\nContent-Length: {length}\r\n")) + &hidden),
        ("a list of lengths", post(&format!("Content-Length: 0, {length}\r\n")) + &hidden),
        ("a signed length", post(&format!("Content-Length: +{length}\r\n")) + &hidden),
        ("a negative length", post("Content-Length: -1\r\n") + &hidden),
        ("a length in hex", post("Content-Length: 0x10\r\n") + &hidden),
        ("a length beyond numbers", post("Content-Length: 99999999999999999999\r\n") + &hidden),
        ("an unknown coding", post("Transfer-Encoding: xchunked\r\n") + "0\r\n\r\n" + &hidden),
        ("a coding with a control sign", post("Transfer-Encoding: \u{b}chunked\r\n") + "0\r\n\r\n" + &hidden),
        ("chunked and then not", post("Transfer-Encoding: chunked, identity\r\n") + "0\r\n\r\n" + &hidden),
        (
            "chunked twice",
            post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n" + &hidden,
        ),
        ("gzip within chunks", post("Transfer-Encoding: gzip, chunked\r\n") + "0\r\n\r\n" + &hidden),
        ("a space before the colon", post("Transfer-Encoding : chunked\r\n") + "0\r\n\r\n" + &hidden),
        ("a folded line", post("Transfer-Encoding:\r\n chunked\r\n") + "0\r\n\r\n" + &hidden),
        ("a header without a name", post(": x\r\nContent-Length: 0\r\n") + &hidden),
        ("a NUL in a header", post("X-A: a\0b\r\nContent-Length: 0\r\n") + &hidden),
        ("a bare CR in a header", post("X-A: a\rContent-Length: 0\r\n") + &hidden),
        (
            "chunks in HTTP/1.0",
            post("Transfer-Encoding: chunked\r\n").replace("1.1", "1.0") + "0\r\n\r\n" + &hidden,
        ),
        ("a chunk without a size", post("Transfer-Encoding: chunked\r\n") + "\r\n\r\n" + &hidden),
        ("a chunk of a negative size", post("Transfer-Encoding: chunked\r\n") + "-1\r\n\r\n" + &hidden),
        (
            "a chunk beyond numbers",
            post("Transfer-Encoding: chunked\r\n") + "fffffffffffffffff\r\n" + &hidden,
        ),
        ("a chunk ended by a bare LF", post("Transfer-Encoding: chunked\r\n") + "0\n\n" + &hidden),
        (
            "a very long chunk extension",
            post("Transfer-Encoding: chunked\r\n") + "1;" + &"a".repeat(100_000) + "\r\nx\r\n0\r\n\r\n",
        ),
        ("another protocol", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned() + &hidden),
        ("a version that is none", hidden.replace("HTTP/1.1", "HTTP/1.9")),
        ("no version", "GET /healthz\r\n\r\n".to_owned() + &hidden),
        ("a method that is none", hidden.replace("POST", "PO ST")),
        ("TLS to a port without", "\x16\x03\x01\x02\0\x01\0\x01\u{fc}\x03\x03".to_owned() + &hidden),
    ];
    for (shape, bytes) in shapes {
        let said = say(&server, bytes + LAST).await;
        let said = statuses(&said);
        assert!(
            said.len() <= 1 && said.iter().all(|status| (400..500).contains(status)),
            "{shape}: {said:?}"
        );
    }
    // These are heard, each as the one request that it is.
    let bare = "GET /healthz HTTP/1.1\nHost: x\n\n";
    for (shape, bytes, first) in [
        ("bare LF", bare.to_owned(), 200),
        ("a chunk extension", post("Transfer-Encoding: chunked\r\n") + "2;a=\"0\"\r\n{}\r\n0\r\n\r\n", 422),
        ("the same length twice", post("Content-Length: 2\r\nContent-Length: 2\r\n") + "{}", 422),
        (
            "a trailer",
            post("Transfer-Encoding: chunked\r\nTrailer: Origin\r\n")
                + "2\r\n{}\r\n0\r\nOrigin: https://evil.example\r\n\r\n",
            422,
        ),
    ] {
        assert_eq!(statuses(&say(&server, bytes + LAST).await), [first, 200], "{shape}");
    }
    unharmed(server).await;
}

async fn heads_have_their_limits(engine: Engine) {
    let server = TestServer::start(engine).await;
    let get = |address: &str, more: &str| {
        format!("GET {address} HTTP/1.1\r\nHost: x\r\n{more}Connection: close\r\n\r\n")
    };
    let many = (0..200).map(|number| format!("X-{number}: x\r\n")).collect::<Vec<_>>().concat();
    for (shape, bytes, expected) in [
        ("a head of 20 KiB", get("/healthz", &format!("Cookie: {}\r\n", "c".repeat(20_000))), 200),
        ("a head of 40 KiB", get("/healthz", &format!("Cookie: {}\r\n", "c".repeat(40_000))), 431),
        ("a head of 4 MiB", get("/healthz", &format!("Cookie: {}\r\n", "c".repeat(4 << 20))), 431),
        ("two hundred headers", get("/healthz", &many), 431),
        ("an address of 8 KiB", get(&format!("/healthz?{}", "a".repeat(8_000)), ""), 200),
        ("an address of 9 KiB", get(&format!("/healthz?{}", "a".repeat(9_000)), ""), 414),
        ("an address of 30 KiB", get(&format!("/{}", "a".repeat(30_000)), ""), 414),
        ("a method of 9 KiB", get("/healthz", "").replace("GET", &"G".repeat(9_000)), 405),
    ] {
        let said = statuses(&say(&server, bytes).await);
        // Who goes on writing after the answer may lose it with the connection.
        let lost = said.is_empty() && shape == "a head of 4 MiB";
        assert!(lost || said == [expected], "{shape}: {said:?}");
    }
    unharmed(server).await;
}

async fn a_host_is_one_host(engine: Engine) {
    let server = TestServer::start(engine).await;
    for hosts in [
        "",
        "Host: a\r\nHost: b\r\n",
        "Host: a\r\nHost: a\r\n",
        "Host: \r\n",
        "Host: a/b\r\n",
        "Host: u@a\r\n",
        "Host: a b\r\n",
        "Host: \"><script>\r\n",
        "Host: a:b\r\n",
        "Host: é\r\n",
    ] {
        let said = say(&server, format!("GET /healthz HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n")).await;
        assert_eq!(statuses(&said), [400], "{hosts}");
        assert!(!said.contains("<script>"), "{said}");
    }
    for hosts in ["Host: a\r\n", "Host: a.example:8080\r\n", "Host: [::1]:80\r\n", "Host: 127.0.0.1\r\n"] {
        let said = say(&server, format!("GET /healthz HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n")).await;
        assert_eq!(statuses(&said), [200], "{hosts}");
    }
    assert!(say(&server, "GET /healthz HTTP/1.0\r\n\r\n").await.starts_with("HTTP/1.0 200"));
    // The first line's host is the one that counts: this is no form under the shop's host.
    let form = format!(
        "POST https://evil.example/_assent/shop/choices HTTP/1.1\r\nHost: shop.example\r\nOrigin: {PAGE}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    assert_eq!(statuses(&say(&server, form).await), [403]);
    unharmed(server).await;
}
