//! `assort serve` is told what to do by options, the environment and a file.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::common::{Place, Ran};
use crate::serve::Server;

/// The lines that `--check-config` prints, with single blanks.
fn told(ran: Ran) -> Vec<String> {
    let lines = ran.done();
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    lines.lines().map(words).collect()
}

/// Asks for a page by HTTP.
fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn an_option_goes_before_the_environment_that_before_the_file_and_that_before_what_is_usual() {
    let place = Place::with_shop();
    place.write(
        "assort.toml",
        "queue = 1\nbatch = 2\nslow = 3\n\n[catalogs]\nshop = \"shop\"\n",
    );
    let mut command = place.command("serve --config assort.toml --check-config --queue 10");
    command
        .env("ASSORT_QUEUE", "20")
        .env("ASSORT_BATCH", "21")
        .env("ASSORT_READ_ONLY", "true");
    let lines = told(Ran::of(&mut command));
    for line in [
        "catalogs/shop shop assort.toml:6",
        "queue 10 option --queue",
        "batch 21 environment ASSORT_BATCH",
        "read_only true environment ASSORT_READ_ONLY",
        "slow 3 ms assort.toml:3",
        "drain 10 s default",
        "keys none default",
        "listen 127.0.0.1:50051 default",
    ] {
        assert!(
            lines.iter().any(|one| one == line),
            "no `{line}` in {lines:#?}"
        );
    }
    // What is on can be put off.
    let off = "serve --config assort.toml --check-config --read-only=false";
    let mut command = place.command(off);
    let lines = told(Ran::of(command.env("ASSORT_READ_ONLY", "true")));
    let line = "read_only false option --read-only";
    assert!(lines.iter().any(|one| one == line), "{lines:#?}");
}

#[test]
fn directories_of_the_command_line_take_the_place_of_those_in_the_file() {
    let place = Place::with_shop();
    place.write("assort.toml", "[catalogs]\nother = \"none\"\n");
    place
        .run("serve --config assort.toml --check-config")
        .failed(1, &["none", "is not a catalog"]);
    let lines = told(place.run("serve a=shop --config assort.toml --check-config"));
    assert_eq!(lines[0], "catalogs/a shop argument");
    place.write("assort.toml", "queue = 1\n");
    place
        .run("serve --config assort.toml")
        .failed(2, &["no catalog to serve", "NAME=DIR", "[catalogs]"]);
}

#[test]
fn paths_in_the_file_begin_at_its_folder() {
    let place = Place::with_shop();
    std::fs::create_dir(place.path("etc")).unwrap();
    place.write("etc/keys", "");
    place.write(
        "etc/assort.toml",
        "keys = \"keys\"\n[catalogs]\nshop = \"../shop\"\n",
    );
    let lines = told(place.run("serve --config etc/assort.toml --check-config"));
    for line in [
        "catalogs/shop etc/../shop etc/assort.toml:3",
        "keys etc/keys etc/assort.toml:1",
    ] {
        assert!(
            lines.iter().any(|one| one == line),
            "no `{line}` in {lines:#?}"
        );
    }
}

#[test]
fn what_a_file_says_wrongly_is_told_with_its_line_and_value() {
    let place = Place::with_shop();
    for (text, words) in [
        (
            "\nqeue = 1\n",
            ["line 2, `qeue = 1`", "unknown field", "`queue`"],
        ),
        (
            "queue = \"many\"\n",
            ["line 1, `queue = \"many\"`", "string \"many\"", "nonzero"],
        ),
        ("queue = 0\n", ["line 1, `queue = 0`", "`0`", "nonzero"]),
        (
            "queue = 1\nqueue = 2\n",
            ["line 2, `queue = 2`", "duplicate", "key"],
        ),
        (
            "listen = \"here\"\n",
            ["line 1, `listen = \"here\"`", "socket address", "here"],
        ),
        (
            "log_level = \"loud\"\n",
            ["line 1, `log_level", "loud", "`warn`"],
        ),
        ("keys = \n", ["line 1, `keys =`", "value", "assort.toml"]),
        (
            "[catalogs]\nshop = 7\n",
            ["line 2, `shop = 7`", "integer `7`", "path"],
        ),
        (
            "[catalog]\nshop = \"shop\"\n",
            [
                "line 1, `[catalog]`",
                "unknown field `catalog`",
                "`catalogs`",
            ],
        ),
    ] {
        place.write("assort.toml", text);
        let ran = place.run("serve shop --config assort.toml --check-config");
        ran.failed(1, &[&["assort.toml, line"], &words[..]].concat());
    }
    place
        .run("serve shop --config none.toml --check-config")
        .failed(1, &["none.toml", "reading it failed"]);
}

#[test]
fn what_the_environment_says_wrongly_is_told_with_its_variable() {
    let place = Place::with_shop();
    let mut command = place.command("serve shop --check-config");
    let ran = Ran::of(command.env("ASSORT_QUEUE", "many"));
    ran.ended(2).said(&["'many'", "--queue", "ASSORT_QUEUE"]);
    let ran = place.run("serve shop --check-config --queue many").ended(2);
    assert!(!ran.stderr.contains("ASSORT_QUEUE"), "{ran:#?}");
}

#[test]
fn what_does_not_go_together_is_refused_without_listening() {
    let place = Place::with_shop();
    let certificates = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/certificates");
    let file = |name: &str| certificates.join(name).display().to_string();
    let check = |arguments: &str| place.run(&format!("serve shop --check-config {arguments}"));
    check(&format!("--certificate {}", file("server.pem"))).failed(
        2,
        &[
            "`certificate` is given (option --certificate)",
            "`private_key` is not",
        ],
    );
    check(&format!("--client-ca {}", file("ca.pem"))).failed(2, &["`client_ca`", "`certificate`"]);
    check("--listen 0.0.0.0:1").failed(2, &["other machines", "--insecure"]);
    check("shop").failed(2, &["two catalogs are named `shop`"]);
    check("--keys none").failed(1, &["none: reading it failed"]);
    let wrong = format!(
        "--certificate {} --private-key {}",
        file("server.pem"),
        file("client.key")
    );
    check(&wrong).failed(1, &["server.pem: it cannot be used"]);
    place.write("empty.pem", "");
    let empty = format!(
        "--certificate empty.pem --private-key {}",
        file("server.key")
    );
    check(&empty).failed(
        1,
        &["empty.pem: it cannot be used: it holds no certificate"],
    );
    let right = format!(
        "--certificate {} --private-key {}",
        file("server.pem"),
        file("server.key")
    );
    check(&right).done();
}

#[test]
fn a_configuration_is_checked_beside_the_server_that_runs() {
    let place = Place::with_shop();
    let server = Server::start(&place, "serve shop --listen 127.0.0.1:0");
    place.run("serve shop --check-config").done();
    assert_eq!(server.end("-TERM").0, Some(0));
}

/// Waits until the server has logged a line with all of these words.
fn wait(server: &mut Server, words: &[&str]) -> String {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let line = server.line();
        if words.iter().all(|word| line.contains(word)) {
            return line;
        }
        assert!(!line.is_empty() && Instant::now() < until, "no {words:?}");
    }
}

#[test]
fn hangup_changes_what_can_be_changed_and_tells_the_rest() {
    let place = Place::with_shop();
    // SHA-256 of `first` and `second`.
    let first = "a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e";
    let second = "16367aacb67a4a017c8da8ab95682ccb390863780f7114dda0a0e0c55644c7c4";
    let keys = |digest: &str| place.write("keys", format!("one admin * {digest}\n"));
    let configure = |rest: &str| {
        let text = format!(
            "keys = \"keys\"\nlisten = \"127.0.0.1:0\"\n{rest}\n[catalogs]\nshop = \"shop\"\n"
        );
        place.write("assort.toml", text);
    };
    keys(first);
    configure("slow = 100000\nlog_level = \"info\"");
    let mut server = Server::start(&place, "serve --config assort.toml");
    let address = server.address.clone();
    let metrics = |key: &str| {
        let mut stream = TcpStream::connect(&address).unwrap();
        let request = format!(
            "GET /metrics HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text.starts_with("HTTP/1.1 200")
    };
    assert!(metrics("first") && !metrics("second"));
    assert!(get(&address, "/healthz").ends_with("serving\n"));

    // Everything is slow from here on.
    keys(second);
    configure("slow = 0\nbatch = 8");
    server.signal("-HUP");
    wait(&mut server, &["read again", "keys=1"]);
    assert!(!metrics("first") && metrics("second"));
    wait(&mut server, &["WARN", "slow", "metrics"]);

    // What is wrong changes nothing, whatever it is.
    keys(first);
    configure("slow = 0\nqueue = \"many\"");
    server.signal("-HUP");
    wait(
        &mut server,
        &["ERROR", "all stays as it is", "line 4", "queue"],
    );
    configure("slow = 100000");
    place.write("keys", "nobody\n");
    server.signal("-HUP");
    wait(
        &mut server,
        &["ERROR", "all stays as it is", "keys, line 1"],
    );
    assert!(metrics("second"));
    wait(&mut server, &["WARN", "slow", "metrics"]);

    // What needs a restart is named.
    keys(second);
    place.write(
        "assort.toml",
        "listen = \"127.0.0.1:1\"\nslow = 100000\nlog_level = \"error\"\n[catalogs]\nother = \"shop\"\n",
    );
    server.signal("-HUP");
    wait(
        &mut server,
        &["WARN", "catalogs/other = shop", "needs a restart"],
    );
    wait(&mut server, &["`keys = none`", "needs a restart"]);
    wait(
        &mut server,
        &["`listen = 127.0.0.1:1` (assort.toml:1)", "needs a restart"],
    );
    wait(&mut server, &["`catalogs/shop` is gone", "needs a restart"]);
    assert!(metrics("second") && !metrics("first"));
    // From here on errors alone are logged.
    let (code, said) = server.end("-TERM");
    assert_eq!((code, said.as_str()), (Some(0), "ended\n"));
}

#[test]
fn the_example_configuration_has_every_key_and_holds() {
    let place = Place::with_shop();
    let operations = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/operations");
    let text = std::fs::read_to_string(operations.join("assort.toml")).unwrap();
    place.write("assort.toml", &text);
    let usual = told(place.run("serve shop --check-config"));
    let lines = told(place.run("serve --config assort.toml --check-config"));
    // Each value is the usual one, but says where it is from.
    for (usual, line) in usual.iter().zip(&lines).skip(1) {
        let origin = |line: &str| line.rsplit_once(' ').unwrap().0.to_owned();
        assert_eq!(origin(usual), origin(line));
    }
    for line in usual.iter().skip(1) {
        let key = line.split(' ').next().unwrap();
        let is_said = |text: &str| {
            text.lines()
                .any(|line| line.starts_with(&format!("{key} = ")))
        };
        assert!(
            is_said(&text) || is_said(&text.replace("# ", "")),
            "no {key}"
        );
    }
    // The keys in comments are keys, too.
    let all: Vec<&str> = text
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(line) if line.contains(" = \"") || line.starts_with("threads = ") => line,
            _ => line,
        })
        .collect();
    place.write("assort.toml", all.join("\n"));
    let said = place
        .run("serve --config assort.toml --check-config")
        .ended(1);
    assert!(
        said.stderr.contains("keys.txt: reading it failed"),
        "{said:#?}"
    );
}

#[test]
fn the_example_unit_waits_longer_than_open_calls_may_take() {
    let operations = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/operations");
    let unit = std::fs::read_to_string(operations.join("assort.service")).unwrap();
    let found = unit
        .lines()
        .find_map(|line| line.strip_prefix("TimeoutStopSec="));
    let seconds: u64 = found.unwrap().trim_end_matches('s').parse().unwrap();
    let place = Place::with_shop();
    let lines = told(place.run("serve shop --check-config"));
    let drain = lines.iter().find_map(|line| line.strip_prefix("drain "));
    let drain: u64 = drain.unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!(seconds > drain + 1);
    for word in [
        "ExecReload=/bin/kill -HUP",
        "ProtectSystem=strict",
        "NoNewPrivileges=yes",
    ] {
        assert!(unit.contains(word), "no {word}");
    }
}
