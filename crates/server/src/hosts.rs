//! For whom calls are meant: the names that a server answers to.
//!
//! A page can be given a name that leads to its own server first, and to 127.0.0.1 a
//! moment later (DNS rebinding). The browser then takes a server on the machine itself
//! for the page's own, and lets the page read its answers. What gives it away is the
//! name, which the browser sends along.

use std::collections::BTreeSet;
use std::net::IpAddr;

use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Request};

use crate::error::{Error, Result};

/// Names that a server answers to, beside `localhost` and addresses of the machine itself.
pub(crate) struct Hosts(BTreeSet<String>);

impl Hosts {
    /// Reads names of hosts.
    ///
    /// # Errors
    /// [`Error::Host`] for a text that is none.
    pub(crate) fn read(names: &[String]) -> Result<Self> {
        let names = names.iter().map(|name| {
            let read = host(name).filter(|_| !name.contains(['@', '/', '*']));
            // A port says nothing of for whom a call is meant.
            let read = read.filter(|host| host.len() == name.trim_end_matches('.').len());
            read.ok_or_else(|| Error::Host(name.clone()))
        });
        names.collect::<Result<_>>().map(Self)
    }

    /// The name of a call that is meant for another server, if it is. Browsers always
    /// send one; a call without any is of another program.
    pub(crate) fn stranger<'h>(&self, headers: &'h HeaderMap) -> Option<&'h HeaderValue> {
        let mut named = headers.get_all(HOST).iter();
        named.find(|value| {
            let host = value.to_str().ok().and_then(host);
            !host.is_some_and(|host| is_own(&host) || self.0.contains(&host))
        })
    }
}

/// Says in the header `host` for whom a call is meant: HTTP/2 has it in the address.
pub(crate) fn name<B>(request: &mut Request<B>) {
    let authority = request.uri().authority().map(Authority::as_str);
    let named = authority.and_then(|authority| HeaderValue::from_str(authority).ok());
    if let Some(named) = named {
        request.headers_mut().append(HOST, named);
    }
}

/// The host of an authority, without its port, in small letters.
fn host(authority: &str) -> Option<String> {
    let authority: Authority = authority.parse().ok()?;
    let host = authority.host().trim_end_matches('.').to_ascii_lowercase();
    (!host.is_empty()).then_some(host)
}

/// Whether a host is the machine itself, whoever is asked.
fn is_own(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let address = address.parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_answers_to_the_machine_itself_and_to_names_it_was_given() {
        let hosts = Hosts::read(&["Shop.internal".to_owned(), "10.0.0.7".to_owned()]).unwrap();
        for (host, answers) in [
            ("localhost", true),
            ("LOCALHOST:50051", true),
            ("localhost.", true),
            ("127.0.0.1:50051", true),
            ("127.1.2.3", true),
            ("[::1]:50051", true),
            ("[::ffff:127.0.0.1]", true),
            ("shop.internal:80", true),
            ("10.0.0.7", true),
            ("evil.example", false),
            ("evil.example:50051", false),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("localhost@evil.example", false),
            ("10.0.0.8", false),
            ("[2001:db8::1]:50051", false),
            ("not a host", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(HOST, HeaderValue::from_str(host).unwrap())]);
            assert_eq!(hosts.stranger(&headers).is_none(), answers, "{host}");
        }
        assert!(hosts.stranger(&HeaderMap::new()).is_none());
    }

    #[test]
    fn each_name_that_a_call_gives_counts() {
        let hosts = Hosts::read(&[]).unwrap();
        let mut request = Request::new(());
        *request.uri_mut() = "http://evil.example/v1/catalogs".parse().unwrap();
        request
            .headers_mut()
            .insert(HOST, HeaderValue::from_static("localhost"));
        assert!(hosts.stranger(request.headers()).is_none());
        name(&mut request);
        assert_eq!(hosts.stranger(request.headers()).unwrap(), "evil.example");
    }

    #[test]
    fn a_name_of_a_host_has_no_scheme_and_no_port() {
        for (name, is_one) in [
            ("shop.internal", true),
            ("shop.internal.", true),
            ("[fd00::7]", true),
            ("10.0.0.7", true),
            ("shop.internal:80", false),
            ("http://shop.internal", false),
            ("shop.internal/app", false),
            ("me@shop.internal", false),
            ("*", false),
            ("", false),
        ] {
            assert_eq!(Hosts::read(&[name.to_owned()]).is_ok(), is_one, "{name}");
        }
    }
}
