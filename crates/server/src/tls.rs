//! Certificates: the server's own, and those that callers must have.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};
use tokio_rustls::server::TlsStream;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::TcpIncoming;

use crate::error::{Error, Result};

/// Forms of HTTP, the preferred one first. That of gRPC is the first.
const FORMS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// How long a caller may take to agree on a cipher.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Connections that wait to be served.
const WAITING: usize = 64;

/// How long to wait after the system gave no connection, as when it has no more files.
const PAUSE: Duration = Duration::from_millis(100);

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
    /// [`Error::Read`], or [`Error::Certificate`] for what is none.
    pub(crate) fn config(&self) -> Result<Arc<ServerConfig>> {
        let unusable = |error: &dyn std::fmt::Display| Error::Certificate(error.to_string());
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions();
        let builder = builder.map_err(|error| unusable(&error))?;
        let builder = match &self.callers {
            None => builder.with_no_client_auth(),
            Some(path) => {
                let mut roots = RootCertStore::empty();
                for certificate in certificates(path)? {
                    roots
                        .add(certificate)
                        .map_err(|error| in_file(path, &error))?;
                }
                let provider = Arc::new(ring::default_provider());
                let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
                let verifier = verifier.build().map_err(|error| in_file(path, &error))?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let key = PrivateKeyDer::from_pem_slice(&read(&self.key)?);
        let key = key.map_err(|error| in_file(&self.key, &error))?;
        let config = builder.with_single_cert(certificates(&self.certificate)?, key);
        let mut config = config.map_err(|error| in_file(&self.certificate, &error))?;
        config.alpn_protocols = FORMS.map(<[u8]>::to_vec).into();
        Ok(Arc::new(config))
    }
}

/// Something of a file cannot be used.
fn in_file(path: &Path, error: &dyn std::fmt::Display) -> Error {
    Error::Certificate(format!("{}: {error}", path.display()))
}

/// The certificates of a file, one at least.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let pem = read(path)?;
    let found: std::result::Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let found = found.map_err(|error| in_file(path, &error))?;
    match found.is_empty() {
        true => Err(in_file(path, &"there is no certificate in it")),
        false => Ok(found),
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    })
}

/// Connections whose ciphers are agreed on. Those that fail, or take too long, are
/// closed, and keep no other one waiting.
pub(crate) fn secured(
    listener: TcpListener,
    config: Arc<ServerConfig>,
) -> ReceiverStream<io::Result<TlsStream<TcpStream>>> {
    let (sender, receiver) = mpsc::channel(WAITING);
    let acceptor = TlsAcceptor::from(config);
    let mut incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    tokio::spawn(async move {
        loop {
            let next = tokio::select! {
                next = incoming.next() => next,
                () = sender.closed() => return,
            };
            let stream = match next {
                Some(Ok(stream)) => stream,
                Some(Err(error)) => {
                    tracing::warn!(%error, "no connection could be taken");
                    sleep(PAUSE).await;
                    continue;
                }
                None => return,
            };
            let (acceptor, sender) = (acceptor.clone(), sender.clone());
            tokio::spawn(async move {
                match timeout(HANDSHAKE, acceptor.accept(stream)).await {
                    // Nobody takes it if the server ends.
                    Ok(Ok(stream)) => drop(sender.send(Ok(stream)).await),
                    Ok(Err(error)) => tracing::debug!(%error, "no agreement on a cipher"),
                    Err(_) => tracing::debug!("no agreement on a cipher in time"),
                }
            });
        }
    });
    ReceiverStream::new(receiver)
}
