//! Owns TLS on the server's own port: a real certificate authority, a real client, files that change.
//! Refuses a client that looks away; each trusts one authority and no other.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use reqwest::Client;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{LAST, PATIENCE};
use crate::harness::{Engine, TestServer, both_engines};
use crate::process::assent;

both_engines!(it_speaks_tls_and_nothing_else);

/// An authority of a test's own.
fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Writes a certificate for this machine by that authority, and its key.
fn issue(authority: &CertifiedIssuer<'static, KeyPair>, folder: &Path) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    std::fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
    std::fs::write(folder.join("certificate.pem"), certificate.pem()).unwrap();
}

/// A client that trusts that authority only.
fn trusting(authority: &CertifiedIssuer<'static, KeyPair>) -> rustls::ClientConfig {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(authority.der().clone()).unwrap();
    rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

type Stream = tokio_rustls::client::TlsStream<TcpStream>;

async fn connect(config: rustls::ClientConfig, port: u16) -> std::io::Result<Stream> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    TlsConnector::from(Arc::new(config)).connect("localhost".try_into().unwrap(), stream).await
}

/// What `/healthz` says, and then the connection ends.
async fn healthy(stream: &mut Stream) -> std::io::Result<String> {
    stream.write_all(LAST.as_bytes()).await?;
    let mut said = String::new();
    stream.read_to_string(&mut said).await?;
    Ok(said)
}

async fn ask(config: rustls::ClientConfig, port: u16) -> std::io::Result<String> {
    healthy(&mut connect(config, port).await?).await
}

async fn it_speaks_tls_and_nothing_else(engine: Engine) {
    let mut server = TestServer::start(engine).await;
    let authority = authority();
    let folder = TempDir::new().unwrap();
    issue(&authority, folder.path());
    server
        .change_settings(|settings| {
            settings.tls_certificate = Some(folder.path().join("certificate.pem"));
            settings.tls_key = Some(folder.path().join("key.pem"));
        })
        .await;
    let port = server.server().address().port();
    assert!(ask(trusting(&authority), port).await.unwrap().starts_with("HTTP/1.1 200"));
    assert!(
        ask(trusting(&self::authority()), port).await.is_err(),
        "another authority's client trusts it not"
    );
    assert!(
        Client::new().get(format!("http://127.0.0.1:{port}/healthz")).send().await.is_err(),
        "no plain HTTP"
    );
    let link = assent::operators::links::first(server.server().app()).await.unwrap().unwrap();
    assert!(link.starts_with("https://"), "{link}");
    server.change_settings(|settings| (settings.tls_certificate, settings.tls_key) = (None, None)).await;
    server.finish().await;
}

/// A server of its own process, so that a signal reaches nobody else.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Serving {
    fn hang_up(&self) {
        assert!(Command::new("kill").args(["-HUP", &self.0.id().to_string()]).status().unwrap().success());
    }
}

/// Waits until something holds.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn another_certificate_is_taken_while_it_serves_and_a_bad_one_is_not() {
    let folder = TempDir::new().unwrap();
    let (first, second) = (authority(), authority());
    issue(&first, folder.path());
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let settings = "tls_certificate = \"certificate.pem\"\ntls_key = \"key.pem\"\n";
    std::fs::write(folder.path().join("assent.toml"), settings).unwrap();
    let log = std::fs::File::create(folder.path().join("log")).unwrap();
    let mut command = assent(folder.path(), &["serve", "--port", &port.to_string()]);
    let serving = Serving(command.stdout(Stdio::null()).stderr(log).spawn().unwrap());
    let is_of = async |authority: &CertifiedIssuer<'static, KeyPair>| {
        ask(trusting(authority), port).await.is_ok_and(|said| said.starts_with("HTTP/1.1 200"))
    };
    let logged =
        |text: &str| std::fs::read_to_string(folder.path().join("log")).unwrap().matches(text).count();
    until("it starts", async || is_of(&first).await).await;

    // A connection that is open stays open, whatever happens to the files.
    let mut open = connect(trusting(&first), port).await.unwrap();

    std::fs::write(folder.path().join("certificate.pem"), "no certificate").unwrap();
    serving.hang_up();
    until("the bad file is told", async || logged("was not replaced") == 1).await;
    assert!(is_of(&first).await, "the one before stays in use");
    let other = KeyPair::generate().unwrap();
    issue(&second, folder.path());
    std::fs::write(folder.path().join("key.pem"), other.serialize_pem()).unwrap();
    serving.hang_up();
    until("a key of another certificate is told", async || logged("was not replaced") == 2).await;
    assert!(is_of(&first).await && !is_of(&second).await);
    issue(&second, folder.path());
    serving.hang_up();
    until("the new one is taken", async || is_of(&second).await).await;
    assert!(!is_of(&first).await);
    assert!(healthy(&mut open).await.unwrap().starts_with("HTTP/1.1 200"));
    assert_eq!(logged("the TLS certificate was replaced"), 1);
}

#[test]
fn a_half_pair_is_refused_at_the_start() {
    let folder = TempDir::new().unwrap();
    for (settings, said) in [
        ("tls_certificate = \"c.pem\"", "a certificate needs its key"),
        ("tls_key = \"k.pem\"", "a key needs its certificate"),
        ("tls_certificate = \"c.pem\"\ntls_key = \"k.pem\"", "cannot be read"),
    ] {
        std::fs::write(folder.path().join("assent.toml"), settings).unwrap();
        let output = assent(folder.path(), &["serve", "--port", "0"]).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && told.contains(said), "{told}");
    }
}
