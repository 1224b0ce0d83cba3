//! Connecting to a server, and making calls.

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use assort_proto::v1;
use assort_proto::v1::catalog_service_client::CatalogServiceClient;
use assort_proto::v1::server_service_client::ServerServiceClient;
use tokio::sync::OnceCell;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Request, Response, Status};

use crate::batches::Size;
use crate::error::{Error, Result, deepest};
use crate::retry::{Retries, asked};

/// Bytes of an answer that are read at most, which is far above what servers give.
pub(crate) const MOST_ANSWER: usize = 256 << 20;

/// How long a connection may take to be made.
const CONNECTING: Duration = Duration::from_secs(10);

/// A server that is being connected to; `.await` gives the [`Client`].
///
/// ```no_run
/// # async fn example() -> assort_client::Result<()> {
/// use assort_client::Client;
///
/// let ca = std::fs::read("ca.pem").unwrap_or_default();
/// let client = Client::connect("https://assort.internal:50051")
///     .key("5f3c…")
///     .ca(ca)
///     .await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is connected until it is awaited"]
pub struct Connect {
    url: String,
    key: Option<String>,
    ca: Option<Vec<u8>>,
    identity: Option<(Vec<u8>, Vec<u8>)>,
    timeout: Option<Duration>,
    retries: Retries,
}

impl fmt::Debug for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Keys are told to nobody.
        f.debug_struct("Connect")
            .field("url", &self.url)
            .field("timeout", &self.timeout)
            .field("retries", &self.retries)
            .finish_non_exhaustive()
    }
}

impl Connect {
    /// The key that calls bring.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Certificates, in PEM, that the server's must rest on; without them, those that the
    /// system trusts.
    pub fn ca(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.ca = Some(pem.into());
        self
    }

    /// The client's own certificate and its private key, in PEM, for servers that ask their
    /// callers for one.
    pub fn certificate(
        mut self,
        certificate: impl Into<Vec<u8>>,
        private_key: impl Into<Vec<u8>>,
    ) -> Self {
        self.identity = Some((certificate.into(), private_key.into()));
        self
    }

    /// How long each call may take, with all its tries; streams and long work apart.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// How often calls are made again that the server had no room for.
    pub fn retries(mut self, retries: Retries) -> Self {
        self.retries = retries;
        self
    }

    /// How to reach the server, and the header `authorization` of calls, for those who
    /// make calls themselves.
    ///
    /// # Errors
    /// [`Error::Address`], [`Error::Certificates`], [`Error::Key`].
    pub fn parts(&self) -> Result<(Endpoint, Option<MetadataValue<Ascii>>)> {
        let address = |what: &str| Error::Address {
            url: self.url.clone(),
            what: what.to_owned(),
        };
        let is_https = self.url.starts_with("https://");
        if !is_https && !self.url.starts_with("http://") {
            return Err(address("it begins with neither http:// nor https://"));
        }
        if !is_https && (self.ca.is_some() || self.identity.is_some()) {
            return Err(address("certificates need an address with https://"));
        }
        let endpoint = Endpoint::from_shared(self.url.clone());
        let mut endpoint = endpoint.map_err(|error| address(&deepest(&error)))?;
        if endpoint.uri().path() != "/" {
            return Err(address("there is something behind the host and the port"));
        }
        endpoint = endpoint
            .connect_timeout(CONNECTING)
            .tcp_nodelay(true)
            .http2_adaptive_window(true)
            .tcp_keepalive(Some(Duration::from_secs(30)));
        if is_https {
            let tls = tls(self.ca.clone(), self.identity.clone());
            let with_tls = endpoint.tls_config(tls);
            endpoint = with_tls.map_err(|error| Error::Certificates(deepest(&error)))?;
        }
        let key = self.key.as_ref();
        let key = key.map(|key| format!("Bearer {key}").parse());
        let mut key: Option<MetadataValue<Ascii>> = key.transpose().map_err(|_| Error::Key)?;
        key.iter_mut().for_each(|key| key.set_sensitive(true));
        Ok((endpoint, key))
    }

    async fn connect(self) -> Result<Client> {
        let (endpoint, key) = self.parts()?;
        let connected = endpoint.connect().await;
        let channel = connected.map_err(|error| Error::of_transport(&self.url, deepest(&error)))?;
        Ok(Client(Arc::new(Connection {
            channel,
            url: self.url,
            key,
            timeout: self.timeout,
            retries: self.retries,
            info: OnceCell::new(),
        })))
    }
}

fn tls(ca: Option<Vec<u8>>, identity: Option<(Vec<u8>, Vec<u8>)>) -> ClientTlsConfig {
    let tls = match ca {
        Some(pem) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem)),
        None => ClientTlsConfig::new().with_native_roots(),
    };
    match identity {
        Some((certificate, key)) => tls.identity(Identity::from_pem(certificate, key)),
        None => tls,
    }
}

impl IntoFuture for Connect {
    type Output = Result<Client>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<Client>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.connect())
    }
}

/// A server. Clones share its connection, which is made anew when it breaks.
#[derive(Clone)]
pub struct Client(Arc<Connection>);

struct Connection {
    channel: Channel,
    url: String,
    key: Option<MetadataValue<Ascii>>,
    timeout: Option<Duration>,
    retries: Retries,
    info: OnceCell<v1::ServerInfo>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Client").field(&self.0.url).finish()
    }
}

impl Client {
    /// Connects to the server at `http://HOST:PORT` or, if it has a certificate,
    /// `https://HOST:PORT`.
    ///
    /// # Errors
    /// When awaited: [`Error::Address`], [`Error::Certificates`], [`Error::Key`],
    /// [`Error::Unreachable`], [`Error::Untrusted`].
    pub fn connect(url: impl Into<String>) -> Connect {
        Connect {
            url: url.into(),
            key: None,
            ca: None,
            identity: None,
            timeout: None,
            retries: Retries::default(),
        }
    }

    /// The address that it was connected to by.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// The server's version, and what requests may hold; asked once.
    ///
    /// # Errors
    /// As all calls, see [`Error`].
    pub async fn info(&self) -> Result<&v1::ServerInfo> {
        let ask = || {
            self.call(v1::GetServerInfoRequest {}, |channel, request| async move {
                ServerServiceClient::new(channel)
                    .get_server_info(request)
                    .await
            })
        };
        self.0.info.get_or_try_init(ask).await
    }

    /// The catalogs that the key may read, by name.
    ///
    /// # Errors
    /// As all calls, see [`Error`].
    pub async fn catalogs(&self) -> Result<Vec<v1::Catalog>> {
        let request = v1::ListCatalogsRequest {};
        let answer = self.call(request, |channel, request| async move {
            CatalogServiceClient::new(channel)
                .list_catalogs(request)
                .await
        });
        Ok(answer.await?.catalogs)
    }

    /// What the server takes in a message.
    pub(crate) async fn size(&self) -> Result<Size> {
        let limits = self.limits().await?;
        let number = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
        Ok(Size::of(
            number(limits.max_batch_size.into()),
            number(limits.max_request_bytes),
        ))
    }

    /// What requests may hold, as the server tells it.
    ///
    /// # Errors
    /// As all calls, see [`Error`].
    pub async fn limits(&self) -> Result<v1::Limits> {
        let limits = self.info().await?.limits;
        limits.ok_or_else(|| Error::Answer("the server tells no limits".to_owned()))
    }

    pub(crate) fn retries(&self) -> Retries {
        self.0.retries
    }

    pub(crate) fn channel(&self) -> Channel {
        self.0.channel.clone()
    }

    /// A request with the key.
    pub(crate) fn request<Q>(&self, message: Q) -> Request<Q> {
        let mut request = Request::new(message);
        if let Some(key) = &self.0.key {
            request.metadata_mut().insert("authorization", key.clone());
        }
        request
    }

    pub(crate) fn error(&self, status: &Status) -> Error {
        Error::of(status, &self.0.url)
    }

    /// Makes a call, again and again where the server has no room for it.
    pub(crate) async fn call<Q: Clone, A, F>(
        &self,
        message: Q,
        send: impl Fn(Channel, Request<Q>) -> F,
    ) -> Result<A>
    where
        F: Future<Output = std::result::Result<Response<A>, Status>>,
    {
        let (begun, mut tries) = (Instant::now(), 0);
        loop {
            let left = self.0.timeout;
            let left = left.map(|timeout| timeout.saturating_sub(begun.elapsed()));
            let mut request = self.request(message.clone());
            if let Some(left) = left {
                request.set_timeout(left);
            }
            let error = match send(self.channel(), request).await {
                Ok(answer) => return Ok(answer.into_inner()),
                Err(status) => self.error(&status),
            };
            tries += 1;
            let first = asked(&error);
            let wait =
                first.and_then(|first| self.0.retries.wait(first, tries, begun.elapsed(), left));
            match wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(error),
            }
        }
    }
}
