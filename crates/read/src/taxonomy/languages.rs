//! Columns whose cells have a name in several languages: `en:Home|de:Haus`.

use std::collections::BTreeSet;

use crate::translated::{language_of, texts};

use super::sheet::{Cell, Sheet};

/// Parts such columns: the language that most rows have stays, and each other one gets a
/// column of its own, which is called after it (`name.de`).
pub(super) fn part(sheet: &mut Sheet) {
    for column in 0..sheet.columns.len() {
        let filled = sheet.texts(column).filter(|text| !text.is_empty());
        let Some(main) = language_of(filled) else {
            continue;
        };
        let told = sheet
            .texts(column)
            .map(|text| texts(text).unwrap_or_default());
        let told: Vec<Vec<(String, String)>> = told.collect();
        let languages = told.iter().flatten().map(|(code, _)| code.as_str());
        let mut languages: BTreeSet<&str> = languages.collect();
        languages.remove(main.as_str());
        let called = sheet.columns[column].clone();
        let others = languages.iter().map(|code| format!("{called}.{code}"));
        let first = sheet.columns.len();
        sheet.columns.extend(others);
        for (row, texts) in sheet.rows.iter_mut().zip(&told) {
            if texts.is_empty() {
                continue;
            }
            row.cells
                .resize(sheet.columns.len(), Cell::Text(String::new()));
            let text = |code: &str| {
                let own = texts.iter().find(|(known, _)| known == code);
                own.map_or(String::new(), |(_, text)| text.clone())
            };
            row.cells[column] = Cell::Text(text(&main));
            for (code, at) in languages.iter().zip(first..) {
                row.cells[at] = Cell::Text(text(code));
            }
        }
    }
}
