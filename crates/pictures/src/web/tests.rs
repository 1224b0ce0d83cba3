use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use super::*;

/// Answers each connection with the next of `answers`, in which `PORT` stands for its
/// own port; gives the port.
fn serve(answers: Vec<String>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            while lines
                .next()
                .is_some_and(|line| line.is_ok_and(|line| !line.is_empty()))
            {}
            let answer = answer.replace("PORT", &port.to_string());
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    port
}

fn redirect(to: &str) -> String {
    format!(
        "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{body}")
}

/// As in a test all servers are on this machine: those of one address are allowed.
fn web(urls: Urls) -> Web {
    Web::from_addresses(urls, |address| address == IpAddr::from([127, 0, 0, 1]))
}

fn fetch(answers: Vec<String>, limits: &Limits) -> Result<Vec<u8>, Error> {
    let port = serve(answers);
    web(Urls::default()).fetch(&format!("http://127.0.0.1:{port}/a b.jpg"), limits)
}

#[test]
fn a_picture_is_fetched_over_redirects() {
    let answers = vec![
        redirect("/b.jpg"),
        redirect("http://127.0.0.1:PORT/c.jpg"),
        ok("bytes"),
    ];
    assert_eq!(fetch(answers, &Limits::default()).unwrap(), b"bytes");
}

#[test]
fn no_address_that_is_not_public_is_asked() {
    let web = Web::new(Urls::default());
    for url in [
        "http://127.0.0.1/a.jpg",
        "http://localhost:8080/a.jpg",
        "http://[::1]/a.jpg",
        "http://0x7f.1/a.jpg",
        "http://2130706433/a.jpg",
        "http://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/a.jpg",
        "http://[::ffff:192.168.0.1]/a.jpg",
    ] {
        let refused = web.fetch(url, &Limits::default()).unwrap_err();
        assert!(matches!(refused, Error::UrlRefused { .. }), "{refused}");
        assert!(
            refused.to_string().contains("not a public one"),
            "{refused}"
        );
    }
}

#[test]
fn a_redirect_gains_nothing() {
    for (to, words) in [
        ("http://127.0.0.2/a.jpg", "not a public one"),
        ("http://169.254.169.254/", "not a public one"),
        ("file:///etc/passwd", "leads to `file:`"),
        ("http://me:secret@127.0.0.1/", "a user's name"),
    ] {
        let refused = fetch(vec![redirect(to)], &Limits::default()).unwrap_err();
        assert!(matches!(refused, Error::UrlRefused { .. }), "{refused}");
        assert!(refused.to_string().contains(words), "{refused}");
    }
    let endless = fetch(vec![redirect("/again"); 6], &Limits::default()).unwrap_err();
    assert!(
        endless.to_string().contains("more than 5 times"),
        "{endless}"
    );
}

#[test]
fn size_and_time_have_a_limit() {
    let limits = Limits::default().with_bytes(1000);
    let endless = ok(&"x".repeat(100_000));
    let refused = fetch(vec![endless], &limits).unwrap_err();
    assert!(
        matches!(refused, Error::TooManyBytes { bytes: None, .. }),
        "{refused}"
    );
    let stated = "HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n".to_owned();
    let refused = fetch(vec![stated], &limits).unwrap_err();
    assert!(
        refused.to_string().contains("999999999999 bytes"),
        "{refused}"
    );

    // Accepts, and never answers.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let urls = Urls::default().with_timeout(Duration::from_millis(200));
    let slow = web(urls).fetch(&format!("http://127.0.0.1:{port}/"), &limits);
    assert!(matches!(slow, Err(Error::Fetch { .. })), "{slow:?}");
}

#[test]
fn what_the_server_says_is_told() {
    let answer = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned();
    let told = fetch(vec![answer], &Limits::default()).unwrap_err();
    assert!(told.to_string().contains("404 Not Found"), "{told}");
    let web = web(Urls::default());
    let wrong = web.fetch("http://[half", &Limits::default()).unwrap_err();
    assert!(matches!(wrong, Error::UrlRefused { .. }), "{wrong}");
}
