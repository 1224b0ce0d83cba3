//! Certificates: the server's own, and those that callers must have.

use std::path::{Path, PathBuf};

use tonic::transport::{Certificate, Identity, ServerTlsConfig};

use crate::error::{Error, Result};

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
    pub(crate) fn config(&self) -> Result<ServerTlsConfig> {
        let identity = Identity::from_pem(read(&self.certificate)?, read(&self.key)?);
        let config = ServerTlsConfig::new().identity(identity);
        Ok(match &self.callers {
            Some(path) => config.client_ca_root(Certificate::from_pem(read(path)?)),
            None => config,
        })
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    })
}
