//! Certificates: the server's own, and those that callers must have.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};
use tokio_rustls::server::TlsStream;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt};

use crate::error::{Error, Result};

/// How long a caller may take to agree on a secret connection.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Connections that are ready and not taken yet.
const READY: usize = 64;

/// Files of certificates in PEM.
#[derive(Clone, Debug)]
pub struct Tls {
    /// The server's certificate, with those it rests on.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// Certificates that those of callers must rest on; none if callers need no
    /// certificate.
    pub callers: Option<PathBuf>,
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// [`Error::Read`], or [`Error::Certificate`] for one that cannot be used.
    pub(crate) fn read(&self) -> Result<Arc<ServerConfig>> {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable(&self.certificate, &error))?;
        let builder = match &self.callers {
            None => builder.with_no_client_auth(),
            Some(path) => {
                let mut roots = RootCertStore::empty();
                for certificate in certificates(path)? {
                    let added = roots.add(certificate);
                    added.map_err(|error| unusable(path, &error))?;
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
                let verifier = verifier.build().map_err(|error| unusable(path, &error))?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let own = certificates(&self.certificate)?;
        let key = PrivateKeyDer::from_pem_slice(&read(&self.key)?);
        let key = key.map_err(|error| unusable(&self.key, &error))?;
        let config = builder.with_single_cert(own, key);
        let mut config = config.map_err(|error| unusable(&self.certificate, &error))?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

/// All certificates of a file; at least one.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let text = read(path)?;
    let found: std::result::Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let found = found.map_err(|error| unusable(path, &error))?;
    match found.is_empty() {
        true => Err(unusable(path, &"it holds no certificate in PEM")),
        false => Ok(found),
    }
}

fn unusable(path: &Path, what: &dyn std::fmt::Display) -> Error {
    Error::Certificate {
        path: path.to_owned(),
        what: what.to_string(),
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    })
}

/// The certificates that are in force, which can be changed: connections that are
/// open keep those they began with.
pub(crate) struct Certificates(RwLock<Arc<ServerConfig>>);

impl Certificates {
    pub(crate) fn new(config: Arc<ServerConfig>) -> Self {
        Self(RwLock::new(config))
    }

    pub(crate) fn set(&self, config: Arc<ServerConfig>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = config;
    }

    fn acceptor(&self) -> TlsAcceptor {
        let config = self.0.read().unwrap_or_else(PoisonError::into_inner);
        TlsAcceptor::from(Arc::clone(&config))
    }

    /// Makes connections secret, each beside the others. What fails is told in the
    /// log alone.
    pub(crate) fn secure(
        self: Arc<Self>,
        mut incoming: impl Stream<Item = std::io::Result<TcpStream>> + Send + Unpin + 'static,
    ) -> ReceiverStream<std::io::Result<TlsStream<TcpStream>>> {
        let (ready, taken) = mpsc::channel(READY);
        tokio::spawn(async move {
            loop {
                let came = tokio::select! {
                    came = incoming.next() => came,
                    () = ready.closed() => break,
                };
                match came {
                    Some(Ok(stream)) => {
                        let (own, ready) = (self.acceptor(), ready.clone());
                        tokio::spawn(async move {
                            match tokio::time::timeout(HANDSHAKE, own.accept(stream)).await {
                                // The server may have ended.
                                Ok(Ok(stream)) => drop(ready.send(Ok(stream)).await),
                                Ok(Err(error)) => tracing::debug!(%error, "no secret connection"),
                                Err(_) => tracing::debug!("no secret connection in time"),
                            }
                        });
                    }
                    // The transport knows which errors pass; it may have ended.
                    Some(Err(error)) => drop(ready.send(Err(error)).await),
                    None => break,
                }
            }
        });
        ReceiverStream::new(taken)
    }
}
