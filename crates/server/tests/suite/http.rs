//! A client of HTTP, as plain as can be.

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::common::Shop;

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(one, _)| one == name)?;
        Some(found.1.as_str())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The one value of the body.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert_eq!(
            self.header("content-type"),
            Some("application/json; charset=utf-8"),
            "{}",
            self.text()
        );
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The value of a call that was done.
    #[track_caller]
    pub(crate) fn done(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text());
        self.json()
    }

    /// The error of a call that was refused, by its status and the reason.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, reason: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        let error = self.json()["error"].clone();
        assert_eq!(error["code"], status);
        let details = error["details"].as_array().unwrap();
        let kind = "type.googleapis.com/google.rpc.ErrorInfo";
        let info = details.iter().find(|one| one["@type"] == kind).unwrap();
        assert_eq!(
            (&info["domain"], &info["reason"]),
            (&"assort".into(), &reason.into())
        );
        error
    }
}

/// A detail of an error, by the last part of its type.
pub(crate) fn detail<'e>(error: &'e Value, kind: &str) -> &'e Value {
    let details = error["details"].as_array().unwrap();
    let is = |one: &&Value| one["@type"].as_str().unwrap().ends_with(kind);
    details.iter().find(is).unwrap()
}

impl Shop {
    /// Makes a call by HTTP/1.0, whose answers end with the connection.
    pub(crate) async fn http(
        &self,
        verb: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        let mut request = format!("{verb} {path} HTTP/1.0\r\nhost: {}\r\n", self.address);
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() || verb == "POST" {
            request.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        request.push_str("\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.write_all(body).await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        read(&bytes)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.http("GET", path, &[], b"").await
    }

    /// Sends JSON.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        let headers = [("content-type", "application/json")];
        let body = body.to_string();
        self.http("POST", path, &headers, body.as_bytes()).await
    }
}

fn read(bytes: &[u8]) -> Answer {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    let (head, body) = bytes.split_at(end.unwrap());
    let mut lines = std::str::from_utf8(head).unwrap().split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap();
    let headers = lines.map(|line| {
        let (name, value) = line.split_once(':').unwrap();
        (name.to_owned(), value.trim().to_owned())
    });
    Answer {
        status: status.parse().unwrap(),
        headers: headers.collect(),
        body: body[4..].to_vec(),
    }
}
