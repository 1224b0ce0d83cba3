//! Object stores by their addresses.

use std::error::Error as StdError;
use std::io;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use assort::{Error, Result};
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::client::ClientConfigKey;
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreScheme, RetryConfig};
use url::Url;

/// How long a store may give and take nothing: a part of a file on a slow line, most of all.
const SILENCE: &str = "120s";

/// How long a request may take: files are as long as they are.
const REQUEST: &str = "1day";

/// How often a request is made again, and for how long.
const RETRIES: usize = 4;
const RETRYING: Duration = Duration::from_secs(60);

/// Where machines in the clouds are told their keys.
const LENDERS: [&str; 2] = ["169.254.169.254", "metadata.google.internal"];

/// A store by its builder and the keys of its settings, of which those count that `ours`
/// tells. The builders have the same methods and no trait.
macro_rules! built {
    ($builder:ident, $key:ident, $url:expr, $settings:expr, $ours:expr) => {{
        encrypt_by_ring();
        let builder = $builder::new()
            .with_config($key::Client(ClientConfigKey::Timeout), REQUEST)
            .with_config($key::Client(ClientConfigKey::ReadTimeout), SILENCE);
        let builder = known($settings, $ours).fold(builder, |builder, (key, value)| {
            builder.with_config(key, value)
        });
        let store = builder.with_url($url).with_retry(retries()).build();
        store.map(|store| Arc::new(store) as Arc<dyn ObjectStore>)
    }};
}

/// The store of an address, and the place in it.
pub(crate) fn open(
    url: &str,
    settings: impl IntoIterator<Item = (String, String)>,
) -> Result<(Arc<dyn ObjectStore>, Path)> {
    let wrong = |what: String| Error::Argument(format!("{url}: {what}"));
    let parsed = Url::parse(url).map_err(|error| wrong(error.to_string()))?;
    let known = ObjectStoreScheme::parse(&parsed).ok();
    let schemes = ["s3", "gs", "az", "abfs", "abfss", "file"];
    let known = known.filter(|_| schemes.contains(&parsed.scheme()));
    let Some((scheme, prefix)) = known else {
        let what = "an object store is named as s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, az://CONTAINER/PREFIX or file:///FOLDER";
        return Err(wrong(what.to_owned()));
    };
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return Err(wrong("nothing follows the prefix".to_owned()));
    }
    let store = match scheme {
        ObjectStoreScheme::AmazonS3 => {
            built!(AmazonS3Builder, AmazonS3ConfigKey, url, settings, |name| {
                name.starts_with("AWS_")
            })
        }
        ObjectStoreScheme::GoogleCloudStorage => {
            let ours = |name: &str| name.starts_with("GOOGLE_") || name == "SERVICE_ACCOUNT";
            built!(
                GoogleCloudStorageBuilder,
                GoogleConfigKey,
                url,
                settings,
                ours
            )
        }
        ObjectStoreScheme::MicrosoftAzure => {
            built!(
                MicrosoftAzureBuilder,
                AzureConfigKey,
                url,
                settings,
                |name| { name.starts_with("AZURE_") }
            )
        }
        _ if prefix.is_root() => return Err(wrong("it names no folder".to_owned())),
        _ => Ok(Arc::new(LocalFileSystem::new().with_fsync(true)) as Arc<dyn ObjectStore>),
    };
    Ok((store.map_err(|error| wrong(said(&error)))?, prefix))
}

/// Settings of a store among all of the environment.
fn known<K: FromStr>(
    settings: impl IntoIterator<Item = (String, String)>,
    ours: impl Fn(&str) -> bool,
) -> impl Iterator<Item = (K, String)> {
    let ours = settings.into_iter().filter(move |(name, _)| ours(name));
    ours.filter_map(|(name, value)| Some((name.to_lowercase().parse().ok()?, value)))
}

fn retries() -> RetryConfig {
    RetryConfig {
        max_retries: RETRIES,
        retry_timeout: RETRYING,
        ..RetryConfig::default()
    }
}

/// Calls need a provider of cryptography, which the program may have chosen already.
fn encrypt_by_ring() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Why a store refuses every call, if that is what an error says.
pub(crate) fn refusal(error: &object_store::Error) -> Option<String> {
    let said = said(error);
    match error {
        object_store::Error::NotFound { .. } if said.contains("NoSuchBucket") => {
            Some("there is no such bucket".to_owned())
        }
        object_store::Error::Unauthenticated { .. }
        | object_store::Error::PermissionDenied { .. } => {
            Some(format!("the store does not let the caller in: {said}"))
        }
        _ if LENDERS.iter().any(|lender| said.contains(lender)) => Some(
            "no keys for the store are given, and there is no service that lends this machine any"
                .to_owned(),
        ),
        _ => None,
    }
}

/// The error of a store within one of its writers.
pub(crate) fn within(error: io::Error) -> object_store::Error {
    let within = error.downcast::<object_store::Error>();
    within.unwrap_or_else(|error| object_store::Error::Generic {
        store: "object store",
        source: error.into(),
    })
}

/// What an error says, with what is at its bottom, on one line.
pub(crate) fn said(error: &object_store::Error) -> String {
    let mut said = error.to_string();
    let mut deepest: &dyn StdError = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    let bottom = deepest.to_string();
    if !said.contains(&bottom) {
        said = format!("{said}: {bottom}");
    }
    let words: Vec<&str> = said.split_whitespace().collect();
    words.join(" ")
}
