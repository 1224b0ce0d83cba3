//! `docs/grpc.md` says what the program does.

use std::path::Path;

use assort_server::Reason;

use crate::common::Shop;

fn text() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/grpc.md");
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn the_table_of_reasons_is_that_of_the_program() {
    let text = text();
    let cell = |line: &str, at: usize| {
        let cell = line.split('|').nth(at).unwrap_or_default();
        cell.trim().trim_matches('`').to_owned()
    };
    let rows = text
        .lines()
        .skip_while(|line| !line.starts_with("| reason |"));
    let rows = rows.skip(2).take_while(|line| line.starts_with('|'));
    let told: Vec<[String; 3]> = rows
        .map(|line| [cell(line, 1), cell(line, 2), cell(line, 3)])
        .collect();
    let known = Reason::ALL.map(|reason| {
        let code = format!("{:?}", reason.code());
        let mut name = String::new();
        for letter in code.chars() {
            if letter.is_uppercase() && !name.is_empty() {
                name.push('_');
            }
            name.extend(letter.to_uppercase());
        }
        let wait = reason.retry_after();
        let wait = wait.map_or_else(|| "no".to_owned(), |wait| format!("after {wait:?}"));
        [reason.as_str().to_owned(), name, wait]
    });
    assert_eq!(told, known);
}

/// What a console shows: commands, and what each prints.
fn commands(text: &str) -> Vec<(String, String)> {
    let blocks = text.split("```console\n").skip(1);
    let blocks = blocks.filter_map(|block| block.split("```").next());
    let mut commands: Vec<(String, String)> = Vec::new();
    for block in blocks {
        for line in block.lines() {
            if let Some(command) = line.strip_prefix("$ ") {
                commands.push((command.to_owned(), String::new()));
                continue;
            }
            let (command, printed) = commands.last_mut().unwrap();
            let goes_on = command.ends_with('\\') || command.matches('\'').count() % 2 == 1;
            let into = if goes_on { command } else { printed };
            into.push('\n');
            into.push_str(line);
        }
    }
    commands
}

/// The words of a command, which may stand in quotes.
fn words(command: &str) -> Vec<String> {
    let parts = command.split('\'').enumerate();
    let words = parts.flat_map(|(at, part)| match at % 2 {
        1 => vec![part.to_owned()],
        _ => part
            .split_whitespace()
            .filter(|word| *word != "\\")
            .map(str::to_owned)
            .collect(),
    });
    words.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_curl_shows_is_what_the_server_answers() {
    let shop = Shop::with_pictures().await;
    let curls = commands(&text()).into_iter();
    let curls: Vec<_> = curls
        .filter(|(command, _)| command.starts_with("curl "))
        .collect();
    assert!(curls.len() >= 8, "{curls:?}");
    for (command, printed) in curls {
        let (mut verb, mut path, mut body) = ("GET", String::new(), String::new());
        let mut headers: Vec<(String, String)> = Vec::new();
        let words = words(&command);
        let mut words = words.iter().skip(1);
        while let Some(word) = words.next() {
            let mut value = || words.next().unwrap().clone();
            match word.as_str() {
                "-s" => {}
                "-X" => {
                    verb = if value() == "DELETE" {
                        "DELETE"
                    } else {
                        "POST"
                    }
                }
                "-H" => {
                    let value = value();
                    let (name, value) = value.split_once(": ").unwrap();
                    headers.push((name.to_owned(), value.to_owned()));
                }
                option @ ("--json" | "--data-binary") => {
                    (verb, body) = ("POST", value());
                    if option == "--json" {
                        headers.push(("content-type".to_owned(), "application/json".to_owned()));
                    }
                }
                address => path = address.strip_prefix("localhost:50051").unwrap().to_owned(),
            }
        }
        if path.ends_with("WaitOperation") {
            shop.http("POST", "/v1/catalogs/shop:seal", &[], b"")
                .await
                .done();
        }
        let headers = headers.iter();
        let headers: Vec<_> = headers
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let answer = shop.http(verb, &path, &headers, body.as_bytes()).await;
        let told = answer.text().trim();
        let expected = printed.trim().trim_end_matches('…');
        assert!(told.starts_with(expected), "{command}\n{told}");
        assert_eq!(
            answer.status == 200,
            !expected.contains("\"error\""),
            "{command}\n{told}"
        );
    }
}
