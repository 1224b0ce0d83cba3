//! `docs/grpc.md` says what the program does.

use std::path::Path;

use assort_server::Reason;

#[test]
fn the_table_of_reasons_is_that_of_the_program() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/grpc.md");
    let text = std::fs::read_to_string(path).unwrap();
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
