//! Rows behind a table that say something of the export: `Generated on 2026-01-01`,
//! `(2 rows affected)`, `Total: 3`.

/// What such a row begins with, in languages.
const BEGINNINGS: &[&str] = &[
    "generated",
    "exported",
    "export date",
    "export from",
    "report generated",
    "report created",
    "created on",
    "created at",
    "created by",
    "printed",
    "downloaded",
    "end of",
    "total",
    "grand total",
    "count:",
    "number of",
    "source:",
    "page ",
    "erstellt am",
    "erstellt von",
    "exportiert",
    "generiert",
    "anzahl",
    "gesamt",
    "généré",
    "exporté",
    "nombre de",
    "généré le",
    "generado",
    "exportado",
    "generato",
    "esportato",
    "gerado",
    "totale",
    "сформировано",
    "выгружено",
    "итого",
    "всего",
    "导出",
    "生成时间",
    "合计",
    "总计",
    "出力日時",
];

/// What is counted behind a number: `2 rows in set`.
const COUNTED: &[&str] = &[
    "row",
    "rows",
    "record",
    "records",
    "product",
    "products",
    "item",
    "items",
    "entries",
    "categories",
    "zeilen",
    "datensätze",
    "produkte",
    "artikel",
    "lignes",
    "produits",
    "filas",
    "productos",
    "righe",
    "prodotti",
    "строк",
    "条记录",
];

/// Words that stand alone at an end.
const ENDS: &[&str] = &[
    "end of file",
    "end of report",
    "end of list",
    "end of export",
    "eof",
    "--- end ---",
    "-- end --",
    "ende",
    "fin",
];

/// Whether a text says something of an export, with a number or a date in it, or that it ends.
pub(crate) fn is_whole_footer(text: &str) -> bool {
    let text = plain(text);
    let has_number = text.contains(|sign: char| sign.is_ascii_digit());
    ENDS.contains(&text.as_str()) || has_number && (begins(&text) || counts(&text))
}

/// Whether a text is the first part of such a row, whose number or date stands in another cell:
/// `Generated on`, `Total products:`.
pub(crate) fn begins_footer(text: &str) -> bool {
    let text = plain(text);
    text.split_whitespace().count() <= 4 && begins(&text)
}

/// Whether a text is a number, a date or a time, without letters.
pub(crate) fn is_figure(text: &str) -> bool {
    !text.contains(char::is_alphabetic) || text.ends_with('Z') && text.contains('T')
}

fn plain(text: &str) -> String {
    let text = text.trim().trim_start_matches(['*', '#']).trim_start();
    let inner = text
        .strip_prefix('(')
        .and_then(|text| text.strip_suffix(')'));
    inner.unwrap_or(text).to_lowercase()
}

fn begins(text: &str) -> bool {
    let is_whole = |rest: &str| !rest.starts_with(char::is_alphabetic) || !text.is_ascii();
    let mut starts = BEGINNINGS.iter();
    starts.any(|start| text.strip_prefix(start).is_some_and(is_whole))
}

/// `2 rows affected`
fn counts(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let is_number = |word: &str| {
        word.bytes()
            .all(|byte| byte.is_ascii_digit() || b".,".contains(&byte))
    };
    let number = words.next().is_some_and(is_number);
    number && words.next().is_some_and(|word| COUNTED.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_behind_tables_is_known() {
        for text in [
            "Generated on 2026-01-01 10:00",
            "(2 rows affected)",
            "2 rows in set (0.00 sec)",
            "Exported by Shop 3.2, 2 products",
            "Total: 3 categories",
            "End of file",
            "Erstellt am 01.02.2026",
            "导出时间：2026-01-01",
        ] {
            assert!(is_whole_footer(text), "{text}");
        }
        for text in [
            "Totally 80s Posters",
            "Total Gym",
            "Pans 12",
            "2 Seater Sofas",
            "Page Turners 3",
            "Printed Shirts",
            "Generators 3000 W",
        ] {
            assert!(!is_whole_footer(text), "{text}");
        }
        assert!(begins_footer("Generated on") && begins_footer("Total products:"));
        assert!(!begins_footer("Pan") && is_figure("12,5 %") && is_figure("2026-01-01"));
    }
}
