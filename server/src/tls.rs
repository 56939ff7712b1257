//! Owns speaking TLS: the certificate and its key, read from their files, and read again when these change.
//! Refuses a pair that does not fit: the one before stays in use, and the log says why. And TLS before 1.2.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::config::Settings;

/// Between two looks at the files. Who replaces them and does not want to wait sends SIGHUP.
const LOOKED_AT_EVERY: Duration = Duration::from_mins(1);

/// What speaks TLS; clones share it.
#[derive(Clone)]
pub(crate) struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    current: Arc<watch::Sender<Pair>>,
}

/// A certificate with its key, and the hash of both files.
#[derive(Clone)]
struct Pair {
    hash: [u8; 32],
    acceptor: TlsAcceptor,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

impl Tls {
    /// As the settings have it; nothing where a proxy is to speak it.
    pub(crate) fn of(settings: &Settings) -> Result<Option<Self>, String> {
        let (certificate, key) = match (&settings.tls_certificate, &settings.tls_key) {
            (None, None) => return Ok(None),
            (Some(certificate), Some(key)) => (certificate.clone(), key.clone()),
            (Some(_), None) => return Err("Setting tls_key: a certificate needs its key.".to_owned()),
            (None, Some(_)) => return Err("Setting tls_certificate: a key needs its certificate.".to_owned()),
        };
        let (certificates, keys) = Self::files(&certificate, &key)?;
        let pair = Pair::new(&certificates, &keys)?;
        Ok(Some(Self { certificate, key, current: Arc::new(watch::Sender::new(pair)) }))
    }

    fn files(certificate: &PathBuf, key: &PathBuf) -> Result<(Vec<u8>, Vec<u8>), String> {
        let read = |setting: &str, path: &PathBuf| {
            std::fs::read(path)
                .map_err(|error| format!("Setting {setting}: {} cannot be read: {error}.", path.display()))
        };
        Ok((read("tls_certificate", certificate)?, read("tls_key", key)?))
    }

    /// What greets the next caller.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        self.current.borrow().acceptor.clone()
    }

    /// Looks at the files until the server ends.
    pub(crate) async fn watch(self) {
        let mut asked = Hangups::new();
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOKED_AT_EVERY) => {}
                () = asked.next() => {}
            }
            let tls = self.clone();
            // Files may be on a slow disk.
            match tokio::task::spawn_blocking(move || tls.look()).await {
                Ok(Ok(true)) => tracing::info!("the TLS certificate was replaced"),
                Ok(Ok(false)) => {}
                Ok(Err(error)) => {
                    tracing::error!(
                        error,
                        "the TLS certificate was not replaced; the one before stays in use"
                    );
                }
                Err(error) => tracing::error!(%error, "the TLS certificate could not be looked at"),
            }
        }
    }

    /// Takes the pair in the files, if it is another one; says whether it was.
    fn look(&self) -> Result<bool, String> {
        let (certificates, key) = Self::files(&self.certificate, &self.key)?;
        if self.current.borrow().hash == hash(&certificates, &key) {
            return Ok(false);
        }
        let pair = Pair::new(&certificates, &key)?;
        self.current.send_replace(pair);
        Ok(true)
    }
}

fn hash(certificates: &[u8], key: &[u8]) -> [u8; 32] {
    let length = u64::try_from(certificates.len()).unwrap_or_default().to_be_bytes();
    Sha256::new().chain_update(length).chain_update(certificates).chain_update(key).finalize().into()
}

impl Pair {
    fn new(certificates: &[u8], key: &[u8]) -> Result<Self, String> {
        let unreadable = |error| format!("Setting tls_certificate: the file is not PEM: {error}.");
        let chain = CertificateDer::pem_slice_iter(certificates).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(unreadable)?;
        if chain.is_empty() {
            return Err("Setting tls_certificate: there is no certificate in the file.".to_owned());
        }
        let private = PrivateKeyDer::from_pem_slice(key)
            .map_err(|error| format!("Setting tls_key: there is no private key in the file: {error}."))?;
        let failed = |error| format!("Settings tls_certificate and tls_key: {error}.");
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(failed)?
            .with_no_client_auth()
            .with_single_cert(chain, private)
            .map_err(failed)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { hash: hash(certificates, key), acceptor: TlsAcceptor::from(Arc::new(config)) })
    }
}

/// SIGHUP, by which an operator says that files were replaced.
struct Hangups {
    #[cfg(unix)]
    signal: Option<tokio::signal::unix::Signal>,
}

impl Hangups {
    fn new() -> Self {
        Self {
            #[cfg(unix)]
            signal: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok(),
        }
    }

    async fn next(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.signal
            && signal.recv().await.is_some()
        {
            return;
        }
        std::future::pending::<()>().await;
    }
}
