//! Which cells are merged in sheets of OpenDocument, which the library does not tell.

use std::collections::HashMap;
use std::io::{BufReader, Read, Seek};

use calamine::Dimensions;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

/// How many merged cells of a workbook are known. More are no table.
const MOST: usize = 1 << 20;

/// Cells that are merged over several rows, by the names of their sheets.
///
/// What cannot be read has none: the library tells why when it reads the cells.
pub(crate) fn merged_cells(file: impl Read + Seek) -> HashMap<String, Vec<Dimensions>> {
    let mut sheets = Sheets::default();
    if let Ok(mut archive) = zip::ZipArchive::new(file)
        && let Ok(content) = archive.by_name("content.xml")
    {
        let mut reader = Reader::from_reader(BufReader::new(content));
        reader.config_mut().check_end_names = false;
        let mut buffer = Vec::new();
        while let Ok(event) = reader.read_event_into(&mut buffer) {
            match event {
                Event::Start(start) => sheets.begin(&start),
                Event::Empty(start) => {
                    sheets.begin(&start);
                    sheets.end(start.name().as_ref());
                }
                Event::End(end) => sheets.end(end.name().as_ref()),
                Event::Eof => break,
                _ => {}
            }
            buffer.clear();
        }
    }
    sheets.merged
}

/// Where in a workbook its elements are.
#[derive(Default)]
struct Sheets {
    merged: HashMap<String, Vec<Dimensions>>,
    count: usize,
    sheet: String,
    row: u32,
    /// How many rows the open one stands for.
    rows: u32,
    column: u32,
}

impl Sheets {
    fn begin(&mut self, start: &BytesStart<'_>) {
        match start.name().as_ref() {
            "table:table" => {
                self.sheet = attribute(start, "table:name").unwrap_or_default();
                self.row = 0;
            }
            "table:table-row" => {
                self.rows = number(start, "table:number-rows-repeated");
                self.column = 0;
            }
            "table:table-cell" | "table:covered-table-cell" => self.cell(start),
            _ => {}
        }
    }

    fn end(&mut self, name: &str) {
        if name == "table:table-row" {
            self.row = self.row.saturating_add(self.rows);
        }
    }

    fn cell(&mut self, start: &BytesStart<'_>) {
        let place = (self.row, self.column);
        let columns = number(start, "table:number-columns-repeated");
        self.column = self.column.saturating_add(columns);
        let rows = number(start, "table:number-rows-spanned");
        if rows > 1 && self.count < MOST {
            self.count += 1;
            let end = (place.0.saturating_add(rows - 1), place.1);
            let merged = self.merged.entry(self.sheet.clone()).or_default();
            merged.push(Dimensions::new(place, end));
        }
    }
}

/// A number that an element states, 1 if it does not.
fn number(start: &BytesStart<'_>, name: &str) -> u32 {
    let number = attribute(start, name).and_then(|value| value.parse().ok());
    number.unwrap_or(1)
}

fn attribute(start: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = start.try_get_attribute(name).ok()??;
    let value = found.normalized_value(XmlVersion::Implicit1_0).ok()?;
    Some(value.into_owned())
}
