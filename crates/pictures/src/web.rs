//! Pictures on the web.

use std::fmt;
use std::io::Read;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Body, http};
use url::Url;

use crate::address::is_public;
use crate::error::{Error, named};
use crate::limits::Limits;

/// How pictures on the web are fetched. [`Limits`] say how large they may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Urls {
    /// The longest that one picture may take, from the name to the last byte: 20 seconds
    /// by default.
    pub timeout: Duration,
    /// How often an address may lead to another one: 5 times by default.
    pub redirects: u32,
}

impl Default for Urls {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(20),
            redirects: 5,
        }
    }
}

impl Urls {
    /// The same with another value of [`Self::timeout`].
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The same with another value of [`Self::redirects`].
    #[must_use]
    pub fn with_redirects(mut self, redirects: u32) -> Self {
        self.redirects = redirects;
        self
    }
}

/// Fetches from public addresses.
pub(crate) struct Web {
    urls: Urls,
    agent: Agent,
}

impl Web {
    pub(crate) fn new(urls: Urls) -> Self {
        Self::from_addresses(urls, is_public)
    }

    /// As [`Self::new`], with another rule of what may be connected to.
    fn from_addresses(urls: Urls, may_connect: fn(IpAddr) -> bool) -> Self {
        let config = Agent::config_builder()
            // A proxy would resolve names by itself, and connect to any address.
            .proxy(None)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .user_agent("assort")
            .accept("image/jpeg,image/png,image/webp,image/gif,image/*;q=0.5")
            .build();
        let resolver = Checked {
            inner: DefaultResolver::default(),
            may_connect,
        };
        Self {
            urls,
            agent: Agent::with_parts(config, DefaultConnector::new(), resolver),
        }
    }

    /// The bytes of what a reference leads to, over redirects.
    pub(crate) fn fetch(&self, reference: &str, limits: &Limits) -> Result<Vec<u8>, Error> {
        let end = Instant::now() + self.urls.timeout;
        let mut url = Url::parse(reference).map_err(|error| refused(reference, error))?;
        for _ in 0..=self.urls.redirects {
            check(reference, &url)?;
            let response = self.get(reference, &url, end)?;
            let status = response.status();
            if status.is_redirection() {
                url = next(reference, &url, &response)?;
            } else if status.is_success() {
                return body(reference, response.into_body(), limits);
            } else {
                return Err(failed(reference, format!("the server answers {status}")));
            }
        }
        let times = self.urls.redirects;
        Err(failed(
            reference,
            format!("it leads to other addresses more than {times} times"),
        ))
    }

    fn get(&self, reference: &str, url: &Url, end: Instant) -> Result<http::Response<Body>, Error> {
        let left = end.saturating_duration_since(Instant::now());
        // A time of nothing would be no limit at all.
        let left = left.max(Duration::from_millis(1));
        let request = self.agent.get(url.as_str()).config();
        let request = request.timeout_global(Some(left)).build();
        request.call().map_err(|error| match error {
            ureq::Error::Other(cause) if cause.is::<NotPublic>() => refused(reference, cause),
            error => failed(reference, error),
        })
    }
}

/// Refuses an address, the first or one that another leads to, that is never asked.
fn check(reference: &str, url: &Url) -> Result<(), Error> {
    if !matches!(url.scheme(), "http" | "https") {
        let scheme = url.scheme();
        return Err(refused(reference, format!("it leads to `{scheme}:`")));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused(reference, "a user's name is in it"));
    }
    Ok(())
}

/// Where a redirect leads.
fn next(reference: &str, url: &Url, response: &http::Response<Body>) -> Result<Url, Error> {
    let to = response.headers().get(http::header::LOCATION);
    let to = to.and_then(|to| to.to_str().ok());
    let to = to.and_then(|to| url.join(to).ok());
    to.ok_or_else(|| failed(reference, "it leads to an address that cannot be read"))
}

fn body(reference: &str, body: Body, limits: &Limits) -> Result<Vec<u8>, Error> {
    let too_many = |bytes| Error::TooManyBytes {
        reference: named(reference),
        bytes,
        limit: limits.bytes,
    };
    let stated = body.content_length();
    if let Some(bytes) = stated.filter(|bytes| *bytes > limits.bytes) {
        return Err(too_many(Some(bytes)));
    }
    let mut bytes = Vec::new();
    let reader = body.into_reader();
    let read = reader
        .take(limits.bytes.saturating_add(1))
        .read_to_end(&mut bytes);
    read.map_err(|error| failed(reference, error))?;
    match bytes.len() as u64 > limits.bytes {
        true => Err(too_many(None)),
        false => Ok(bytes),
    }
}

fn refused(reference: &str, why: impl fmt::Display) -> Error {
    Error::UrlRefused {
        reference: named(reference),
        why: why.to_string(),
    }
}

fn failed(reference: &str, cause: impl fmt::Display) -> Error {
    Error::Fetch {
        reference: named(reference),
        cause: cause.to_string(),
    }
}

/// Resolves names, and gives an address only if all of a name are allowed. What it gives
/// is what is connected to: a name that is resolved again later to another address gains
/// nothing.
#[derive(Debug)]
struct Checked {
    inner: DefaultResolver,
    may_connect: fn(IpAddr) -> bool,
}

impl fmt::Debug for Web {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Web").field("urls", &self.urls).finish()
    }
}

impl Resolver for Checked {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let addresses = self.inner.resolve(uri, config, timeout)?;
        let mut all = addresses.iter().map(SocketAddr::ip);
        match all.find(|address| !(self.may_connect)(*address)) {
            Some(address) => {
                let host = uri.host().unwrap_or_default().to_owned();
                Err(ureq::Error::Other(Box::new(NotPublic { host, address })))
            }
            None => Ok(addresses),
        }
    }
}

/// A host has an address that is not to be connected to.
#[derive(Debug, thiserror::Error)]
#[error("{host} has the address {address}, which is not a public one")]
struct NotPublic {
    host: String,
    address: IpAddr,
}

#[cfg(test)]
mod tests;
