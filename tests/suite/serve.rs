//! `assort serve`, mostly as Python meets it.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::common::{Place, Ran};

/// Packages of Python that these tests need.
const MODULES: &str =
    "import grpc, grpc_tools, grpc_reflection, grpc_health, google.rpc.status_pb2";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A Python with gRPC, and the folder of the contract's modules for it; none where
/// there is none, unless one must be there.
fn python(place: &Place) -> Option<(PathBuf, PathBuf)> {
    let named = std::env::var_os("ASSORT_PYTHON").map(PathBuf::from);
    let own = root().join("target/ci-venv/bin/python");
    let tried = [named, Some(own), Some("python3".into())];
    let works = |python: &PathBuf| {
        let found = Command::new(python).args(["-c", MODULES]).output();
        found.is_ok_and(|found| found.status.success())
    };
    let Some(python) = tried.into_iter().flatten().find(works) else {
        assert!(
            std::env::var_os("ASSORT_REQUIRE_GRPC").is_none(),
            "no Python with gRPC was found"
        );
        eprintln!(
            "skipped: needs Python with grpcio-tools, grpcio-reflection and grpcio-health-checking"
        );
        return None;
    };
    let stubs = place.path("stubs");
    let generate = root().join("examples/python/generate.py");
    let generated = Command::new(&python).arg(generate).arg(&stubs).output();
    let generated = generated.unwrap();
    let said = String::from_utf8_lossy(&generated.stderr);
    assert!(generated.status.success(), "{said}");
    Some((python, stubs))
}

/// A server on a free port.
pub struct Server {
    child: Child,
    stderr: BufReader<std::process::ChildStderr>,
    pub address: String,
}

impl Server {
    pub fn start(place: &Place, arguments: &str) -> Self {
        let mut child = place.command(arguments).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.starts_with("serving ") {
            line.clear();
            assert_ne!(stderr.read_line(&mut line).unwrap(), 0, "it ended");
        }
        let address = line.rsplit(' ').next().unwrap().trim().to_owned();
        Self {
            child,
            stderr,
            address,
        }
    }

    /// Sends a signal.
    pub fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status();
        assert!(sent.unwrap().success());
    }

    /// The next line that it says; empty once it has ended.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.stderr.read_line(&mut line).unwrap();
        line
    }

    /// Sends a signal; gives the exit code and what was said since the start.
    pub fn end(mut self, signal: &str) -> (Option<i32>, String) {
        self.signal(signal);
        let mut said = String::new();
        self.stderr.read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code(), said)
    }
}

#[test]
fn a_server_ends_well_at_either_signal_and_lets_go_of_the_catalog() {
    let place = Place::with_shop();
    for signal in ["-TERM", "-INT"] {
        let server = Server::start(&place, "serve shop --listen 127.0.0.1:0");
        place
            .run("remove shop p1")
            .failed(1, &["shop is open for writing in another process"]);
        let (code, said) = server.end(signal);
        assert_eq!(code, Some(0), "{said}");
        assert!(said.ends_with("ended\n"), "{said}");
    }
    place.run("remove shop p1").done();
}

#[test]
fn a_catalog_that_is_written_to_is_served_for_reading_when_asked_for() {
    let place = Place::with_shop();
    let writer = Server::start(&place, "serve shop --listen 127.0.0.1:0");
    let refused = place.run("serve shop --listen 127.0.0.1:0");
    refused.failed(1, &["open for writing in another process", "--read-only"]);
    let reader = Server::start(&place, "serve shop --read-only --listen 127.0.0.1:0");
    assert_eq!(reader.end("-TERM").0, Some(0));
    assert_eq!(writer.end("-TERM").0, Some(0));
}

#[test]
fn a_stream_is_not_slow_because_it_is_long() {
    let place = Place::with_shop();
    let arguments = "serve shop --listen 127.0.0.1:0 --slow 0 --log-level debug";
    let server = Server::start(&place, arguments);
    place.write("more.csv", "id,title\nn1,Copper kettle\n");
    let url = format!("http://{}", server.address);
    let mut import = place.command("import shop more.csv");
    Ran::of(import.env("ASSORT_SERVER", url)).done();
    let (_, said) = server.end("-TERM");
    let lines = |method: &str, what: &str| {
        let lines = said.lines();
        let found = lines.filter(|line| line.contains(method) && line.contains(what));
        found.count()
    };
    // With this limit every other call is.
    assert!(lines("", " slow ") > 0, "{said}");
    assert_eq!(lines("StreamUpsertProducts", " slow "), 0, "{said}");
    assert_eq!(lines("StreamUpsertProducts", " stream "), 1, "{said}");
}

#[test]
fn what_cannot_be_served_is_told_with_the_remedy() {
    let place = Place::with_shop();
    place
        .run("serve shop --listen 0.0.0.0:0")
        .failed(2, &["other machines", "--keys", "--insecure"]);
    let open = Server::start(&place, "serve shop --listen 0.0.0.0:0 --insecure");
    assert_eq!(open.end("-TERM").0, Some(0));
    place
        .run("serve shop shop --read-only")
        .failed(2, &["two catalogs are named `shop`", "NAME=DIR"]);
    let two = Server::start(
        &place,
        "serve shop other=shop --read-only --listen 127.0.0.1:0",
    );
    assert_eq!(two.end("-TERM").0, Some(0));
    place.write("keys", "nobody\n");
    place
        .run("serve shop --keys keys")
        .failed(1, &["keys, line 1: a key is a name"]);
    place
        .run("serve shop --allow-origin shop.example/app")
        .failed(2, &["`shop.example/app` is no origin"]);
    place
        .run("serve shop --allow-host shop.example:80")
        .failed(2, &["`shop.example:80` is no name of a host"]);
    place.run("serve none").failed(1, &["is not a catalog"]);
}

#[test]
fn python_makes_every_call_by_grpc_and_json() {
    let place = Place::with_shop();
    let Some((python, stubs)) = python(&place) else {
        return;
    };
    let ran = Command::new(python)
        .arg(root().join("tests/python/run.py"))
        .arg(env!("CARGO_BIN_EXE_assort"))
        .arg(place.path("shop"))
        .env("PYTHONPATH", stubs)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{said}");
}

#[test]
fn the_example_in_python_stores_files_and_finds() {
    let place = Place::with_shop();
    let Some((python, stubs)) = python(&place) else {
        return;
    };
    let server = Server::start(&place, "serve shop --listen 127.0.0.1:0");
    let ran = Command::new(python)
        .arg(root().join("examples/python/client.py"))
        .args([&server.address, "shop"])
        .env("PYTHONPATH", stubs)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let (said, failed) = (
        String::from_utf8_lossy(&ran.stdout),
        String::from_utf8_lossy(&ran.stderr),
    );
    assert!(ran.status.success(), "{failed}");
    for words in ["stored up to row 3", "Kitchen > Kettles", "Chef's knife"] {
        assert!(said.contains(words), "no `{words}` in: {said}");
    }
    assert_eq!(server.end("-TERM").0, Some(0));
}
