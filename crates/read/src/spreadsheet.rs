//! Workbooks of Excel and OpenDocument, as CSV.
//!
//! A sheet is written to a temporary file that nobody else sees, a line for each of its
//! rows, so that what is read of it, and the lines that are blamed, are those of the sheet.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{
    Data, DataRef, Dimensions, ExcelDateTime, Ods, Reader, SheetType, SheetVisible, Xls, Xlsb, Xlsx,
};

use crate::merged_cells::merged_cells;

/// How many rows tell how wide a table is.
const SAMPLE: usize = 20;

/// How many cells of one row are filled that are merged with others: more are no table.
const MOST_MERGED: usize = 256;

/// What a workbook was written by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Book {
    /// Excel since 2007.
    Xlsx,
    /// Excel since 2007, in binary.
    Xlsb,
    /// Excel before 2007.
    Xls,
    /// OpenOffice, LibreOffice, Google.
    Ods,
}

/// The first sheet with a table in it as CSV, and which one it is, for messages.
///
/// # Errors
/// Why there is none, as a predicate about the file.
pub(crate) fn first_table(book: Book, file: impl Read + Seek) -> Result<(String, File), String> {
    let mut file = BufReader::new(file);
    // The library is not written for files that were made to harm.
    let found = catch_unwind(AssertUnwindSafe(|| match book {
        Book::Xlsx => opened::<_, Xlsx<_>>(file, |book, name, lines| {
            lines.merged = Merged::new(book.merge_cells_by_sheet_name(name).map_err(told)?);
            let mut cells = book.worksheet_cells_reader(name).map_err(told)?;
            while let Some(cell) = cells.next_cell().map_err(told)? {
                let text = text_of_ref(cell.get_value());
                lines.put(cell.get_position(), text).map_err(told)?;
            }
            Ok(())
        }),
        Book::Xlsb => opened::<_, Xlsb<_>>(file, |book, name, lines| {
            let mut cells = book.worksheet_cells_reader(name).map_err(told)?;
            while let Some(cell) = cells.next_cell().map_err(told)? {
                let text = text_of_ref(cell.get_value());
                lines.put(cell.get_position(), text).map_err(told)?;
            }
            Ok(())
        }),
        Book::Xls => opened::<_, Xls<_>>(file, |book, name, lines| {
            lines.merged = Merged::new(book.merge_cells_by_sheet_name(name).map_err(told)?);
            whole(book, name, lines)
        }),
        Book::Ods => {
            let merged = merged_cells(&mut file);
            file.rewind().map_err(told)?;
            opened::<_, Ods<_>>(file, |book, name, lines| {
                lines.merged = Merged::new(merged.get(name).cloned().unwrap_or_default());
                whole(book, name, lines)
            })
        }
    }));
    found.unwrap_or_else(|_| Err("is a damaged workbook".to_owned()))
}

fn told(error: impl std::fmt::Display) -> String {
    format!("is a workbook that cannot be read: {error}")
}

/// The cells of a sheet that is read as a whole.
fn whole<S, R>(book: &mut R, name: &str, lines: &mut Lines) -> Result<(), String>
where
    S: Read + Seek,
    R: Reader<S, Error: std::fmt::Display>,
{
    let range = book.worksheet_range(name).map_err(told)?;
    let (top, left) = range.start().unwrap_or_default();
    for (row, column, value) in range.used_cells() {
        let place = (top + row as u32, left + column as u32);
        lines.put(place, text_of(value)).map_err(told)?;
    }
    Ok(())
}

fn opened<S, R>(
    file: S,
    cells: impl Fn(&mut R, &str, &mut Lines) -> Result<(), String>,
) -> Result<(String, File), String>
where
    S: Read + Seek,
    R: Reader<S, Error: std::fmt::Display>,
{
    let mut book = R::new(file).map_err(told)?;
    let sheets = book.sheets_metadata().iter();
    let sheets = sheets.filter(|sheet| {
        sheet.typ == SheetType::WorkSheet && sheet.visible == SheetVisible::Visible
    });
    let names: Vec<String> = sheets.map(|sheet| sheet.name.clone()).collect();
    let of = match names.len() {
        1 => String::new(),
        many => format!(" of {many}"),
    };
    // A list is a table of one column, if there is no better one.
    let mut list = None;
    for name in &names {
        let mut lines = Lines::new().map_err(told)?;
        cells(&mut book, name, &mut lines)?;
        lines.row_is_over().map_err(told)?;
        let table = lines.columns > 1 && lines.rows > 1;
        let filled = lines.merged.told();
        let found = (lines.rows > 0).then_some((format!("sheet `{name}`{of}{filled}"), lines));
        if table || list.is_none() {
            list = found.or(list);
        }
        if table {
            break;
        }
    }
    let (told_of, lines) = list.ok_or("is a workbook without a table in it")?;
    let file = lines.finish().map_err(told)?;
    Ok((told_of, file))
}

/// Writes cells as lines of CSV.
struct Lines {
    file: BufWriter<File>,
    /// The row that is gathered, counted from 0.
    row: u32,
    cells: Vec<String>,
    /// The first rows, until the width of the table is known.
    first: Vec<(u32, Vec<String>)>,
    /// Lines that are written.
    written: u32,
    /// Rows with something in them, and how wide the widest of the first is.
    rows: usize,
    columns: usize,
    merged: Merged,
}

impl Lines {
    fn new() -> io::Result<Self> {
        Ok(Self {
            file: BufWriter::new(tempfile::tempfile()?),
            row: 0,
            cells: Vec::new(),
            first: Vec::new(),
            written: 0,
            rows: 0,
            columns: 0,
            merged: Merged::default(),
        })
    }

    fn put(&mut self, (row, column): (u32, u32), text: String) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        if row != self.row {
            self.row_is_over()?;
            self.row = row;
        }
        let column = column as usize;
        if self.cells.len() <= column {
            self.cells.resize(column + 1, String::new());
        }
        self.cells[column] = text;
        Ok(())
    }

    fn row_is_over(&mut self) -> io::Result<()> {
        if self.cells.is_empty() {
            return Ok(());
        }
        self.rows += 1;
        self.merged.fill(self.row, &mut self.cells);
        let row = (self.row, std::mem::take(&mut self.cells));
        if self.rows > SAMPLE {
            self.write_first()?;
            return self.write(row);
        }
        self.columns = self.columns.max(row.1.len());
        self.first.push(row);
        Ok(())
    }

    fn write_first(&mut self) -> io::Result<()> {
        for row in std::mem::take(&mut self.first) {
            self.write(row)?;
        }
        Ok(())
    }

    fn write(&mut self, (row, mut cells): (u32, Vec<String>)) -> io::Result<()> {
        while self.written < row {
            self.file.write_all(b"\n")?;
            self.written += 1;
        }
        if cells.len() < self.columns {
            cells.resize(self.columns, String::new());
        }
        for (at, cell) in cells.iter().enumerate() {
            if at > 0 {
                self.file.write_all(b",")?;
            }
            // A line break in a cell would make two lines of a row.
            let cell = cell.replace(['\r', '\n'], " ");
            match cell.contains([',', '"']) {
                true => write!(self.file, "\"{}\"", cell.replace('"', "\"\""))?,
                false => self.file.write_all(cell.as_bytes())?,
            }
        }
        self.file.write_all(b"\n")?;
        self.written += 1;
        Ok(())
    }

    fn finish(mut self) -> io::Result<File> {
        self.row_is_over()?;
        self.write_first()?;
        let mut file = self
            .file
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        file.seek(SeekFrom::Start(0))?;
        Ok(file)
    }
}

/// Cells that are merged over several rows, of which only the first has the value.
#[derive(Default)]
struct Merged {
    /// Those whose rows are still to come, the last row first.
    ahead: Vec<Dimensions>,
    /// Those whose rows are being read, with their values.
    open: Vec<(Dimensions, String)>,
    /// Cells that were filled.
    filled: u32,
}

impl Merged {
    fn new(mut merged: Vec<Dimensions>) -> Self {
        merged.retain(|cell| cell.end.0 > cell.start.0);
        merged.sort_unstable_by_key(|cell| std::cmp::Reverse(cell.start));
        Self {
            ahead: merged,
            ..Self::default()
        }
    }

    /// Fills the cells of a row that are merged with one above.
    fn fill(&mut self, row: u32, cells: &mut Vec<String>) {
        self.open.retain(|(cell, _)| cell.end.0 >= row);
        for (cell, value) in &self.open {
            let column = cell.start.1 as usize;
            if cells.len() <= column {
                cells.resize(column + 1, String::new());
            }
            if cells[column].is_empty() {
                cells[column].clone_from(value);
                self.filled += 1;
            }
        }
        while let Some(cell) = self.ahead.pop_if(|cell| cell.start.0 <= row) {
            let value = cells.get(cell.start.1 as usize);
            let value = value.filter(|value| cell.start.0 == row && !value.is_empty());
            if self.open.len() < MOST_MERGED {
                self.open.extend(value.map(|value| (cell, value.clone())));
            }
        }
    }

    fn told(&self) -> String {
        match self.filled {
            0 => String::new(),
            1 => ", 1 cell filled that is merged with one above".to_owned(),
            many => format!(", {many} cells filled that are merged with one above"),
        }
    }
}

fn text_of_ref(value: &DataRef<'_>) -> String {
    match value {
        DataRef::SharedString(text) => (*text).to_owned(),
        other => text_of(&Data::from(other.clone())),
    }
}

fn text_of(value: &Data) -> String {
    match value {
        Data::Int(number) => number.to_string(),
        Data::Float(number) => number_of(*number),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text.clone(),
        Data::Bool(is) => is.to_string(),
        Data::DateTime(time) => time_of(time),
        Data::Error(_) | Data::Empty => String::new(),
    }
}

/// A number with the 15 digits that spreadsheets know of it.
fn number_of(number: f64) -> String {
    let known: Option<f64> = format!("{number:.14e}").parse().ok();
    known.unwrap_or(number).to_string()
}

/// A date or time as ISO 8601 has it.
fn time_of(time: &ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, _) = time.to_ymd_hms_milli();
    let clock = format!("{hour:02}:{minute:02}:{second:02}");
    if time.is_duration() || time.as_f64() < 1.0 {
        return clock;
    }
    let date = format!("{year:04}-{month:02}-{day:02}");
    match time.as_f64().fract() == 0.0 {
        true => date,
        false => format!("{date}T{clock}"),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use zip::write::SimpleFileOptions;

    use super::*;

    /// A workbook with sheets of rows of cells in the XML of Excel.
    fn workbook(sheets: &[(&str, &str)]) -> Vec<u8> {
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let mut put = |name: &str, text: &str| {
            archive
                .start_file(name, SimpleFileOptions::default())
                .unwrap();
            archive.write_all(text.as_bytes()).unwrap();
        };
        let (mut list, mut links) = (String::new(), String::new());
        for (at, (name, rows)) in sheets.iter().enumerate() {
            let (rows, merged) = rows.split_at(rows.find("<mergeCells").unwrap_or(rows.len()));
            list += &format!(r#"<sheet name="{name}" sheetId="{at}" r:id="r{at}"/>"#);
            links += &format!(
                r#"<Relationship Id="r{at}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/{at}.xml"/>"#
            );
            put(
                &format!("xl/worksheets/{at}.xml"),
                &format!(
                    r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{rows}</sheetData>{merged}</worksheet>"#
                ),
            );
        }
        put(
            "_rels/.rels",
            r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="b" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#,
        );
        put(
            "xl/workbook.xml",
            &format!(
                r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>{list}</sheets></workbook>"#
            ),
        );
        put(
            "xl/_rels/workbook.xml.rels",
            &format!(
                r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{links}</Relationships>"#
            ),
        );
        put(
            "xl/styles.xml",
            r#"<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>"#,
        );
        archive.finish().unwrap().into_inner()
    }

    fn row(number: u32, cells: &[&str]) -> String {
        let cell = |(at, text): (usize, &&str)| {
            let place = format!("{}{number}", char::from(b'A' + at as u8));
            match text.strip_prefix('#') {
                Some(number) => format!(r#"<c r="{place}"><v>{number}</v></c>"#),
                None => match text.strip_prefix('@') {
                    Some(date) => format!(r#"<c r="{place}" s="1"><v>{date}</v></c>"#),
                    None => format!(r#"<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>"#),
                },
            }
        };
        let cells: String = cells.iter().enumerate().map(cell).collect();
        format!(r#"<row r="{number}">{cells}</row>"#)
    }

    fn read(book: Book, bytes: &[u8]) -> Result<(String, String), String> {
        let (told, mut file) = first_table(book, Cursor::new(bytes))?;
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        Ok((told, text))
    }

    #[test]
    fn the_first_sheet_with_a_table_becomes_csv() {
        let notes = row(1, &["Made by hand"]);
        let table = [
            row(2, &["id", "title", "price", "since"]),
            row(3, &["#7", "Kettle, 1\" rim", "#19.9", "@45000"]),
            row(5, &["#4006381333931", "Mug\nblue"]),
        ];
        let bytes = workbook(&[("Notes", &notes), ("Goods", &table.concat())]);
        let (told, text) = read(Book::Xlsx, &bytes).unwrap();
        assert_eq!(told, "sheet `Goods` of 2");
        assert_eq!(
            text,
            "\nid,title,price,since\n7,\"Kettle, 1\"\" rim\",19.9,2023-03-15\n\n4006381333931,Mug blue,,\n"
        );
    }

    #[test]
    fn cells_that_are_merged_with_one_above_are_filled() {
        let rows = [
            row(1, &["id", "title", "category"]),
            row(2, &["#1", "Mug", "Kitchen"]),
            row(3, &["#2", "Pan"]),
            row(4, &["#3", "Pot"]),
            row(5, &["#4", "Hose"]),
            row(6, &["", "Note"]),
        ];
        let merged = r#"<mergeCells><mergeCell ref="C2:C4"/><mergeCell ref="B6:C6"/></mergeCells>"#;
        let bytes = workbook(&[("Goods", &(rows.concat() + merged))]);
        let (told, text) = read(Book::Xlsx, &bytes).unwrap();
        assert_eq!(
            told,
            "sheet `Goods`, 2 cells filled that are merged with one above"
        );
        let expected =
            "id,title,category\n1,Mug,Kitchen\n2,Pan,Kitchen\n3,Pot,Kitchen\n4,Hose,\n,Note,\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn merged_cells_of_opendocument_are_filled() {
        let cell = |text: &str| {
            format!(
                r#"<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>"#
            )
        };
        let rows = [
            ["id", "title", "category"].map(cell).concat(),
            cell("1")
                + &cell("Mug")
                + r#"<table:table-cell office:value-type="string" table:number-rows-spanned="3" table:number-columns-spanned="1"><text:p>Kitchen</text:p></table:table-cell>"#,
            cell("2") + &cell("Pan") + "<table:covered-table-cell/>",
            cell("3") + &cell("Pot") + "<table:covered-table-cell/>",
            cell("4") + &cell("Hose"),
        ];
        let row = |row: &String| format!("<table:table-row>{row}</table:table-row>");
        let rows: String = rows.iter().map(row).collect();
        let above = r#"<table:table-row table:number-rows-repeated="2"><table:table-cell table:number-columns-repeated="3"/></table:table-row>"#;
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let parts = [
            (
                "mimetype",
                "application/vnd.oasis.opendocument.spreadsheet".to_owned(),
            ),
            ("META-INF/manifest.xml", "<manifest:manifest/>".to_owned()),
            (
                "content.xml",
                format!(
                    r#"<office:document-content><office:body><office:spreadsheet><table:table table:name="A &amp; B">{above}{rows}</table:table></office:spreadsheet></office:body></office:document-content>"#
                ),
            ),
        ];
        for (name, text) in &parts {
            archive
                .start_file(*name, SimpleFileOptions::default())
                .unwrap();
            archive.write_all(text.as_bytes()).unwrap();
        }
        let bytes = archive.finish().unwrap().into_inner();
        let (told, text) = read(Book::Ods, &bytes).unwrap();
        assert_eq!(
            told,
            "sheet `A & B`, 2 cells filled that are merged with one above"
        );
        assert_eq!(
            text,
            "\n\nid,title,category\n1,Mug,Kitchen\n2,Pan,Kitchen\n3,Pot,Kitchen\n4,Hose,\n"
        );
    }

    fn input(rows: &[String]) -> crate::Input {
        let bytes = workbook(&[("Goods", &rows.concat())]);
        crate::Input::from_reader("book", Cursor::new(bytes), None).unwrap()
    }

    #[test]
    fn headers_are_found_below_titles() {
        let rows = [
            row(1, &["Spring range", "as of", "#2024"]),
            row(3, &["Ref", "Label", "Colour"]),
            row(4, &["#1", "Mug", "red"]),
            row(5, &["#2", "Pan", "blue"]),
        ];
        let mapping = crate::Mapping::default()
            .with_id("Ref".to_owned())
            .with_title("Label".to_owned());
        let products = crate::ProductReader::new(input(&rows), &mapping).unwrap();
        assert_eq!(products.skipped(), 1);
        let told = "id=Ref title=Label attributes=Colour";
        assert_eq!(products.columns().to_string(), told);
        let options = crate::TaxonomyOptions::default()
            .with_levels(["Label", "Colour"].map(str::to_owned).to_vec());
        let tree = crate::read_taxonomy(input(&rows), &options).unwrap();
        assert_eq!(tree.rows.len(), 2);
        let told = "(1 line before the header skipped) (sheet `Goods`) columns levels=Label,Colour";
        assert!(tree.format.contains(told), "{}", tree.format);
        let list = [
            row(1, &["All our categories"]),
            row(2, &["Category path"]),
            row(3, &["Home"]),
            row(4, &["Home > Pans"]),
        ];
        let tree = crate::read_taxonomy(input(&list), &crate::TaxonomyOptions::default()).unwrap();
        assert_eq!(tree.rows.len(), 2);
        let told = "below the heading `Category path`, with 1 line above it left out";
        assert!(tree.format.contains(told), "{}", tree.format);
    }

    #[test]
    fn a_list_is_read_if_there_is_no_table() {
        let list = [row(1, &["A"]), row(2, &["A > B"])].concat();
        let (told, text) = read(Book::Xlsx, &workbook(&[("Tree", &list)])).unwrap();
        assert_eq!(
            (told.as_str(), text.as_str()),
            ("sheet `Tree`", "A\nA > B\n")
        );
        let none = read(Book::Xlsx, &workbook(&[("Empty", "")])).unwrap_err();
        assert_eq!(none, "is a workbook without a table in it");
    }

    #[test]
    fn damaged_workbooks_are_refused() {
        let good = workbook(&[("Goods", &row(1, &["id", "title"]))]);
        for book in [Book::Xlsx, Book::Xlsb, Book::Xls, Book::Ods] {
            assert!(read(book, b"PK\x03\x04").is_err());
            assert!(read(book, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1").is_err());
            assert!(read(book, &good[..good.len() / 2]).is_err());
        }
    }

    #[test]
    fn numbers_are_written_as_people_see_them() {
        assert_eq!(number_of(5.0), "5");
        assert_eq!(number_of(0.1 + 0.2), "0.3");
        assert_eq!(number_of(-19.95), "-19.95");
    }
}
