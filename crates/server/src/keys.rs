//! API keys: a file with a line for each, which holds a digest and never the key.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use ring::digest::{SHA256, digest};
use subtle::ConstantTimeEq;
use tonic::Status;

use crate::access::{Access, Role};
use crate::error::{Error, Result};
use crate::reason::{Reason, refuse};

/// What begins the value of the header `authorization`.
const BEARER: &str = "Bearer ";

/// Bytes of a digest.
const DIGEST: usize = 32;

const SECONDS_OF_A_DAY: u64 = 24 * 60 * 60;

/// The keys of a file, which can be replaced by those of a later one.
pub(crate) struct Keys(RwLock<Arc<[Key]>>);

struct Key {
    digest: [u8; DIGEST],
    access: Access,
    /// First day on which it is no good, counted from 1970.
    expires: Option<u64>,
}

impl Keys {
    /// Reads a file of keys.
    ///
    /// # Errors
    /// [`Error::Read`], or [`Error::Keys`] for a line that is none.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        Ok(Self(RwLock::new(read(path)?)))
    }

    /// Puts other keys in their place.
    pub(crate) fn replace(&self, by: &Self) {
        let keys = by.all();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.all().len()
    }

    fn all(&self) -> Arc<[Key]> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What the caller that brings this header may do.
    pub(crate) fn access(
        &self,
        authorization: Option<&str>,
    ) -> std::result::Result<Access, Status> {
        let bearer = authorization.and_then(|value| value.strip_prefix(BEARER));
        let Some(key) = bearer.map(str::trim).filter(|key| !key.is_empty()) else {
            let what =
                "the call brings no key; send it as the metadata `authorization: Bearer KEY`";
            return Err(refuse(Reason::KeyMissing, what).status());
        };
        let given = digest(&SHA256, key.as_bytes());
        let all = self.all();
        // All are compared, so that the time says nothing of which one is near.
        let mut found: Option<&Key> = None;
        for known in all.iter() {
            if bool::from(known.digest.ct_eq(given.as_ref())) {
                found = Some(known);
            }
        }
        match found {
            Some(key) if key.expires.is_none_or(|day| today() < day) => Ok(key.access.clone()),
            Some(_) => Err(refuse(Reason::KeyUnknown, "the key has expired").status()),
            None => Err(refuse(Reason::KeyUnknown, "the server does not know the key").status()),
        }
    }
}

/// Days since 1970.
fn today() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs() / SECONDS_OF_A_DAY)
}

fn read(path: &Path) -> Result<Arc<[Key]>> {
    let text = std::fs::read_to_string(path).map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    })?;
    let lines = (1..).zip(text.lines());
    let lines =
        lines.map(|(number, line)| (number, line.split('#').next().unwrap_or_default().trim()));
    let keys = lines
        .filter(|(_, line)| !line.is_empty())
        .map(|(line, text)| {
            parse(text).map_err(|what| Error::Keys {
                path: path.to_owned(),
                line,
                what,
            })
        });
    keys.collect()
}

/// `NAME ROLE CATALOGS DIGEST [expires=YYYY-MM-DD]`
fn parse(line: &str) -> std::result::Result<Key, String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let (name, role, catalogs, hex, expires) = match words[..] {
        [name, role, catalogs, hex] => (name, role, catalogs, hex, None),
        [name, role, catalogs, hex, expires] => (name, role, catalogs, hex, Some(expires)),
        _ => {
            return Err(
                "a key is a name, a role, its catalogs, and the SHA-256 of the key, divided by blanks"
                    .to_owned(),
            );
        }
    };
    let known = Role::ALL.into_iter().find(|known| known.as_str() == role);
    let role = known
        .ok_or_else(|| format!("`{role}` is no role; there are read-only, read-write and admin"))?;
    let catalogs = (catalogs != "*").then(|| catalogs.split(',').map(str::to_owned).collect());
    Ok(Key {
        digest: from_hex(hex).ok_or("the SHA-256 of a key has 64 hexadecimal digits")?,
        access: Access {
            name: name.into(),
            role,
            catalogs,
        },
        expires: expires.map(day).transpose()?,
    })
}

fn from_hex(text: &str) -> Option<[u8; DIGEST]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let bytes = pairs.iter().map(|pair| {
        let pair = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(pair, 16).ok()
    });
    bytes.collect::<Option<Vec<u8>>>()?.try_into().ok()
}

/// `expires=YYYY-MM-DD` as days since 1970.
fn day(text: &str) -> std::result::Result<u64, String> {
    let wrong = || format!("`{text}` is not of the form expires=2030-12-31");
    let date = text.strip_prefix("expires=").ok_or_else(wrong)?;
    let parts: Option<Vec<u64>> = date.split('-').map(|part| part.parse().ok()).collect();
    match parts.as_deref() {
        Some(&[year @ 1970..=9999, month @ 1..=12, day @ 1..=31]) => {
            Ok(days(year, month) + day - 1)
        }
        _ => Err(wrong()),
    }
}

/// Days from 1970 to the first day of a month.
fn days(year: u64, month: u64) -> u64 {
    let leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let years: u64 = (1970..year).map(|year| 365 + u64::from(leap(year))).sum();
    let months = (1..month).map(|month| match month {
        2 => 28 + u64::from(leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    });
    years + months.sum::<u64>()
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;

    /// SHA-256 of `secret`.
    const SECRET: &str = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";

    fn keys(text: &str) -> Result<Keys> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keys");
        std::fs::write(&path, text).unwrap();
        Keys::read(&path)
    }

    #[test]
    fn a_key_is_known_by_its_digest_and_has_its_role_and_catalogs() {
        let keys = keys(&format!(
            "# ours\nsearch read-only shop,other {SECRET} # a note\n"
        ))
        .unwrap();
        let access = keys.access(Some("Bearer secret")).unwrap();
        assert_eq!((&*access.name, access.role), ("search", Role::ReadOnly));
        assert!(access.check(Role::ReadOnly, "other").is_ok());
        for (role, catalog) in [(Role::ReadWrite, "shop"), (Role::ReadOnly, "third")] {
            let status = access.check(role, catalog).unwrap_err();
            assert_eq!(status.code(), Code::PermissionDenied);
        }
        for header in [None, Some("secret"), Some("Bearer "), Some("Bearer wrong")] {
            let status = keys.access(header).unwrap_err();
            assert_eq!(status.code(), Code::Unauthenticated, "{header:?}");
        }
    }

    #[test]
    fn a_key_expires_with_its_day() {
        let of = |day: &str| keys(&format!("a admin * {SECRET} expires={day}")).unwrap();
        let expired = of("2020-02-29").access(Some("Bearer secret")).unwrap_err();
        assert!(expired.message().contains("expired"));
        assert!(of("9999-12-31").access(Some("Bearer secret")).is_ok());
        assert_eq!(day("expires=1970-01-01"), Ok(0));
        assert_eq!(day("expires=2024-03-01"), Ok(19_783));
    }

    #[test]
    fn a_line_that_is_no_key_is_refused_with_its_number() {
        for (line, what) in [
            ("search read-only shop", "a key is a name"),
            (&format!("a reader * {SECRET}"), "`reader` is no role"),
            ("a admin * 00", "64 hexadecimal digits"),
            (&format!("a admin * {SECRET} soon"), "expires=2030-12-31"),
            (
                &format!("a admin * {SECRET} expires=2030-13-01"),
                "expires=2030-12-31",
            ),
        ] {
            let error = keys(&format!("\n{line}\n")).err().unwrap().to_string();
            assert!(error.contains("line 2") && error.contains(what), "{error}");
        }
    }
}
