//! A catalog that a server serves, as a source of copies.

use std::fmt;
use std::io::{self, Read};
use std::time::Duration;

use assort::copies::{CopiedFile, Manifest, Source};
use assort::{Error, Result};
use assort_client::Client;
use assort_proto::v1;
use assort_proto::v1::replication_service_client::ReplicationServiceClient;
use tokio::runtime::Runtime;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::Channel;
use tonic::{Request, Status};

use crate::chunks::Chunks;
use crate::runtime;

/// How often a silent server is asked whether it is there.
const KEEPALIVE: Duration = Duration::from_secs(20);

/// How long a server may give nothing of a file.
const SILENCE: Duration = Duration::from_secs(60);

/// How to reach a server.
#[derive(Clone, Default)]
pub struct ServerOptions {
    key: Option<String>,
    ca: Option<Vec<u8>>,
}

impl fmt::Debug for ServerOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Keys are told to nobody.
        f.debug_struct("ServerOptions")
            .field("has_key", &self.key.is_some())
            .field("has_ca", &self.ca.is_some())
            .finish()
    }
}

impl ServerOptions {
    /// The API key that calls bring; one that is read-only will do.
    #[must_use]
    pub fn with_key(self, key: Option<String>) -> Self {
        Self { key, ..self }
    }

    /// Certificates in PEM that the server's must rest on; without them, those that
    /// the system trusts.
    #[must_use]
    pub fn with_ca(self, ca: Option<Vec<u8>>) -> Self {
        Self { ca, ..self }
    }
}

/// A catalog of a server.
pub struct Server {
    url: String,
    catalog: String,
    key: Option<MetadataValue<Ascii>>,
    client: ReplicationServiceClient<Channel>,
    /// What the server told of its snapshot, and nobody has asked for yet.
    told: Option<v1::Snapshot>,
    /// Name of the snapshot whose files are read.
    snapshot: String,
    // Ends after what runs on it.
    runtime: Runtime,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Server").field(&self.url).finish()
    }
}

impl Server {
    /// The catalog at `http://HOST:PORT/catalogs/NAME`, or with `https`. Nothing is
    /// asked until it is read.
    ///
    /// # Errors
    /// [`Error::Argument`] if the address, the key or the certificates cannot be
    /// used, [`Error::Io`] if no thread can be started.
    pub fn new(url: &str, options: ServerOptions) -> Result<Self> {
        let wrong = |what: &str| Error::Argument(format!("{url}: {what}"));
        let parts = url.split_once("/catalogs/");
        let named = parts.filter(|(_, name)| !name.is_empty() && !name.contains('/'));
        let Some((address, name)) = named else {
            return Err(wrong(
                "the catalog of a server is named as http://HOST:PORT/catalogs/NAME",
            ));
        };
        let mut connect = Client::connect(address);
        if let Some(key) = options.key {
            connect = connect.key(key);
        }
        if let Some(ca) = options.ca {
            connect = connect.ca(ca);
        }
        let parts = connect.parts();
        let (endpoint, key) = parts.map_err(|error| wrong(&error.to_string()))?;
        let endpoint = endpoint
            .http2_keep_alive_interval(KEEPALIVE)
            .keep_alive_timeout(KEEPALIVE);
        let runtime = runtime::start(url)?;
        let channel = {
            let _inside = runtime.enter();
            endpoint.connect_lazy()
        };
        Ok(Self {
            url: url.to_owned(),
            catalog: format!("catalogs/{name}"),
            key,
            client: ReplicationServiceClient::new(channel),
            told: None,
            snapshot: String::new(),
            runtime,
        })
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        if let Some(key) = &self.key {
            request.metadata_mut().insert("authorization", key.clone());
        }
        request
    }

    fn failed(&self, status: &Status) -> Error {
        Error::Fetch {
            from: self.url.clone(),
            what: told(status),
        }
    }

    fn ask(&mut self, known_commit: u64) -> Result<v1::Snapshot> {
        let request = self.request(v1::GetSnapshotRequest {
            name: format!("{}/snapshot", self.catalog),
            known_commit: known_commit as i64,
        });
        let answer = self.runtime.block_on(self.client.get_snapshot(request));
        let answer = answer.map_err(|status| self.failed(&status))?;
        Ok(answer.into_inner())
    }

    /// What the server says, if it can be believed.
    fn manifest_of(&self, snapshot: &v1::Snapshot) -> Result<Manifest> {
        let strange = |what: &str| Error::Fetch {
            from: self.url.clone(),
            what: format!("the server tells {what}"),
        };
        let size = |size: i64| u64::try_from(size).map_err(|_| strange("a negative number"));
        let mut files = Vec::with_capacity(snapshot.files.len());
        for file in &snapshot.files {
            files.push(CopiedFile {
                name: file.path.clone(),
                size: size(file.size_bytes)?,
                digest: number(&file.xxh3).ok_or_else(|| strange("a file without a checksum"))?,
            });
        }
        let manifest = Manifest {
            catalog: number(&snapshot.identity),
            commit: size(snapshot.commit)?,
            format: u32::try_from(snapshot.format).map_err(|_| strange("a negative number"))?,
            assort: snapshot.assort_version.clone(),
            files,
        };
        // Nothing else is written than what a catalog has.
        let checked = Manifest::decode(manifest.encode().as_bytes());
        checked.map_err(|what| strange(&format!("files that no catalog has: {what}")))
    }
}

impl Source for Server {
    fn name(&self) -> String {
        self.url.clone()
    }

    fn is_at(&mut self, catalog: Option<u128>, commit: u64) -> Result<bool> {
        let snapshot = self.ask(commit)?;
        let same = snapshot.name.is_empty() && number(&snapshot.identity) == catalog;
        self.told = Some(snapshot).filter(|snapshot| !snapshot.name.is_empty());
        Ok(same)
    }

    fn manifest(&mut self) -> Result<Manifest> {
        let snapshot = match self.told.take() {
            Some(snapshot) => snapshot,
            None => self.ask(0)?,
        };
        let manifest = self.manifest_of(&snapshot)?;
        self.snapshot = snapshot.name;
        Ok(manifest)
    }

    fn read(&mut self, file: &CopiedFile, offset: u64) -> Result<Box<dyn Read + '_>> {
        let request = self.request(v1::ReadSnapshotFileRequest {
            name: self.snapshot.clone(),
            path: file.name.clone(),
            offset: offset as i64,
        });
        let stream = self
            .runtime
            .block_on(self.client.read_snapshot_file(request));
        let mut stream = stream.map_err(|status| self.failed(&status))?.into_inner();
        Ok(Box::new(Chunks::new(move || {
            let next = async { tokio::time::timeout(SILENCE, stream.message()).await };
            let next = self.runtime.block_on(next);
            let next = next.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?;
            let next = next.map_err(|status| io::Error::other(told(&status)))?;
            Ok(next.map(|message| message.data))
        })))
    }
}

/// 16 bytes as a number.
fn number(bytes: &[u8]) -> Option<u128> {
    bytes.try_into().ok().map(u128::from_be_bytes)
}

/// What a status says, with what was said at its bottom.
fn told(status: &Status) -> String {
    match std::error::Error::source(status) {
        Some(error) => format!("the server cannot be reached: {}", deepest(error)),
        None => status.message().to_owned(),
    }
}

fn deepest(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
