//! Files in files: compressed ones, and archives of one table.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::CrcReader;
use flate2::read::{DeflateDecoder, MultiGzDecoder};
use zip::{CompressionMethod, ZipArchive};

use crate::Result;
#[cfg(feature = "parquet")]
use crate::columnar::{Bytes, Columnar, Format};
use crate::kind::{Kind, Packing, holds_no_table};
use crate::refusal::{cannot_read, wrong};
#[cfg(feature = "spreadsheets")]
use crate::spreadsheet::{Book, first_table};

/// A stream of bytes.
pub(crate) type Source = Box<dyn Read + Send>;

/// How often a file may be packed: more is made to harm.
const LAYERS: usize = 4;

/// How many names of an archive a message lists.
const LISTED: usize = 10;

/// How many bytes tell the kind of a file: a header of tar.
const MAGIC: u64 = 512;

/// The bytes of a file as they lie on disk.
pub(crate) struct Base {
    source: Source,
    /// The same file once more, if it can be read from any place.
    file: Option<Counted<File>>,
}

impl Base {
    /// The bytes of a file; `position` counts those that are read.
    pub(crate) fn of_file(file: File, position: Arc<AtomicU64>) -> Self {
        // Both have one place in the file between them, and one is read at a time.
        let again = file.try_clone().ok();
        Self {
            file: again.map(|file| Counted::new(file, &position)),
            source: Box::new(Counted::new(file, &position)),
        }
    }

    /// The bytes of a stream; `position` counts those that are read.
    pub(crate) fn of_stream(stream: Source, position: Arc<AtomicU64>) -> Self {
        Self {
            source: Box::new(Counted::new(stream, &position)),
            file: None,
        }
    }
}

/// What a file holds.
pub(crate) struct Unpacked {
    /// Text, of which there is none where the table is not text.
    pub(crate) source: Source,
    /// A table that is not text.
    #[cfg(feature = "parquet")]
    pub(crate) columnar: Option<Box<Columnar>>,
    /// Where in the file it was, for messages.
    pub(crate) told: Vec<String>,
}

impl Unpacked {
    fn text(source: Source, told: Vec<String>) -> Self {
        Self {
            source,
            #[cfg(feature = "parquet")]
            columnar: None,
            told,
        }
    }

    #[cfg(feature = "parquet")]
    fn columnar(name: &str, format: Format, bytes: Bytes, told: Vec<String>) -> Result<Self> {
        let (columnar, left_out) = Columnar::open(name, format, bytes)?;
        Ok(Self {
            source: Box::new(io::empty()),
            columnar: Some(Box::new(columnar)),
            told: [told, left_out].concat(),
        })
    }
}

/// Takes the table out of what it is packed in.
///
/// # Errors
/// [`Error::Input`](crate::Error::Input) if the file cannot be read, is an archive of
/// several files, or is of a kind that holds no table.
pub(crate) fn unpack(name: &str, base: Base) -> Result<Unpacked> {
    let mut told = Vec::new();
    let mut place = Place {
        name,
        file: base.file,
        packings: Vec::new(),
    };
    let mut source = base.source;
    for _ in 0..=LAYERS {
        let (magic, rest) = split(source, MAGIC).map_err(|error| cannot_read(name, &error))?;
        let kind = Kind::of(&magic);
        let whole: Source = Box::new(Cursor::new(magic).chain(rest));
        source = match kind {
            Kind::Plain => {
                return Ok(Unpacked::text(whole, told));
            }
            Kind::NoTable(what) => return Err(wrong(name, None, holds_no_table(what))),
            Kind::Packed(packing) => {
                place.packings.push(packing);
                unpacked(packing, whole).map_err(|error| cannot_read(name, &error))?
            }
            #[cfg(feature = "spreadsheets")]
            Kind::Xls => {
                let file = place.file(whole);
                let file = file.map_err(|error| cannot_read(name, &error))?;
                let (sheet, table) = place.sheet(Book::Xls, file)?;
                told.push(sheet);
                return Ok(Unpacked::text(table, told));
            }
            #[cfg(feature = "parquet")]
            Kind::Parquet => {
                let file = place.file(whole);
                let file = file.map_err(|error| cannot_read(name, &error))?;
                let bytes = Bytes::File(file.source, file.position);
                return Unpacked::columnar(name, Format::Parquet, bytes, told);
            }
            #[cfg(feature = "parquet")]
            Kind::Arrow(format) => {
                return Unpacked::columnar(name, format, Bytes::Stream(whole), told);
            }
            Kind::Tar => {
                let (entry, member) = place.tar(whole)?;
                told.push(entry);
                member
            }
            Kind::Zip => {
                let (entry, member) = place.zip(whole)?;
                told.push(entry);
                member
            }
        };
    }
    Err(wrong(
        name,
        None,
        "this is packed more often than a table ever is",
    ))
}

fn unpacked(packing: Packing, source: Source) -> io::Result<Source> {
    Ok(match packing {
        Packing::Gzip => Box::new(MultiGzDecoder::new(BufReader::new(source))),
        Packing::Zstd => Box::new(zstd::stream::read::Decoder::new(source)?),
    })
}

/// The first bytes, as many as there are up to `length`, and what follows.
pub(crate) fn split(mut source: Source, length: u64) -> io::Result<(Vec<u8>, Source)> {
    let mut start = Vec::new();
    source.by_ref().take(length).read_to_end(&mut start)?;
    Ok((start, source))
}

/// Where an archive is: it is read twice, for its names and for the table.
struct Place<'n> {
    name: &'n str,
    file: Option<Counted<File>>,
    /// What the archive is packed in, from the outside.
    packings: Vec<Packing>,
}

impl Place<'_> {
    /// The archive as a file that can be read from any place.
    fn file(&mut self, whole: Source) -> io::Result<Counted<File>> {
        if let Some(mut file) = self.file.take_if(|_| self.packings.is_empty()) {
            file.seek(SeekFrom::Start(0))?;
            return Ok(file);
        }
        let mut whole = whole;
        let mut kept = tempfile::tempfile()?;
        io::copy(&mut whole, &mut kept)?;
        kept.seek(SeekFrom::Start(0))?;
        Ok(Counted::new(kept, &Arc::default()))
    }

    /// The archive from its beginning, with what had to be kept of it.
    fn again(&mut self, kept: Option<File>) -> io::Result<Source> {
        if let Some(mut kept) = kept {
            kept.seek(SeekFrom::Start(0))?;
            return Ok(Box::new(kept));
        }
        let mut file = self.file.take().ok_or(io::ErrorKind::NotSeekable)?;
        file.seek(SeekFrom::Start(0))?;
        let mut source: Source = Box::new(file);
        for packing in self.packings.drain(..) {
            source = unpacked(packing, source)?;
        }
        Ok(source)
    }

    /// The first table of a workbook, as CSV.
    #[cfg(feature = "spreadsheets")]
    fn sheet(&self, book: Book, mut file: Counted<File>) -> Result<(String, Source)> {
        let failed = |error: io::Error| cannot_read(self.name, &error);
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        let (told, table) = first_table(book, file)
            .map_err(|message| wrong(self.name, None, format!("this {message}")))?;
        Ok((told, Box::new(table)))
    }

    fn tar(&mut self, whole: Source) -> Result<(String, Source)> {
        let name = self.name;
        let failed = |error: io::Error| cannot_read(name, &error);
        let (members, kept) = match self.file {
            Some(_) => (listed(whole).map_err(failed)?, None),
            None => {
                let mut kept = self.file(whole).map_err(failed)?.source;
                let again = kept.try_clone().map_err(failed)?;
                kept.seek(SeekFrom::Start(0)).map_err(failed)?;
                (listed(Box::new(kept)).map_err(failed)?, Some(again))
            }
        };
        let member = only(name, members)?;
        let mut source = self.again(kept).map_err(failed)?;
        io::copy(&mut source.by_ref().take(member.start), &mut io::sink()).map_err(failed)?;
        Ok((told(&member), Box::new(source.take(member.size))))
    }

    fn zip(&mut self, whole: Source) -> Result<(String, Source)> {
        let name = self.name;
        let failed = |error: io::Error| cannot_read(name, &error);
        let damaged = |error: zip::result::ZipError| match error {
            zip::result::ZipError::Io(error) => cannot_read(name, &error),
            error => wrong(
                name,
                None,
                format!("this is a damaged ZIP archive: {error}"),
            ),
        };
        let file = self.file(whole).map_err(failed)?;
        let mut archive = ZipArchive::new(file).map_err(damaged)?;
        let mut members = Vec::new();
        for at in 0..archive.len() {
            let entry = archive.by_index_raw(at).map_err(damaged)?;
            let method = match entry.compression() {
                _ if entry.encrypted() => Err("is encrypted".to_owned()),
                CompressionMethod::Stored => Ok(Method::Stored),
                CompressionMethod::Deflated => Ok(Method::Deflated),
                other => Err(format!("is compressed in a way that is not read: {other}")),
            };
            members.push(Member {
                name: String::from_utf8_lossy(entry.name_raw()).into_owned(),
                start: entry.data_start().unwrap_or_default(),
                size: entry.compressed_size(),
                whole: entry.size(),
                sum: Some(entry.crc32()),
                method,
            });
        }
        match document(&members) {
            None => {}
            #[cfg(feature = "spreadsheets")]
            Some(Document::Book(book)) => return self.sheet(book, archive.into_inner()),
            Some(Document::NoTable(what)) => {
                return Err(wrong(name, None, holds_no_table(what)));
            }
        }
        let member = only(name, members)?;
        let method = match &member.method {
            Ok(method) => *method,
            Err(why) => {
                let message = format!("the file `{}` of the archive {why}", member.name);
                return Err(wrong(name, None, message));
            }
        };
        let mut file = archive.into_inner();
        file.seek(SeekFrom::Start(member.start)).map_err(failed)?;
        let packed = BufReader::new(file.take(member.size));
        let plain: Source = match method {
            Method::Stored => Box::new(packed),
            Method::Deflated => Box::new(DeflateDecoder::new(packed)),
        };
        let told = told(&member);
        let checked = Checked {
            source: CrcReader::new(plain.take(member.whole)),
            sum: member.sum,
        };
        Ok((told, Box::new(checked)))
    }
}

/// A file of an archive.
struct Member {
    name: String,
    /// Where its bytes are.
    start: u64,
    /// How many they are in the archive.
    size: u64,
    /// How many they are when they are unpacked.
    whole: u64,
    sum: Option<u32>,
    /// How they are compressed, or why they cannot be read.
    method: std::result::Result<Method, String>,
}

#[derive(Clone, Copy)]
enum Method {
    Stored,
    Deflated,
}

/// The files of a tar archive.
fn listed(source: Source) -> io::Result<Vec<Member>> {
    let mut archive = tar::Archive::new(source);
    let mut members = Vec::new();
    for entry in archive.entries()? {
        let entry = entry?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        members.push(Member {
            name: String::from_utf8_lossy(&entry.path_bytes()).into_owned(),
            start: entry.raw_file_position(),
            size: entry.size(),
            whole: entry.size(),
            sum: None,
            method: Ok(Method::Stored),
        });
    }
    Ok(members)
}

/// A document that is a ZIP archive.
enum Document {
    /// A workbook.
    #[cfg(feature = "spreadsheets")]
    Book(Book),
    /// One without a table.
    NoTable(&'static str),
}

/// What a ZIP archive is that is a document of some program.
fn document(members: &[Member]) -> Option<Document> {
    let has = |name: &str| members.iter().any(|member| member.name == name);
    let ends = |end: &str| members.iter().any(|member| member.name.ends_with(end));
    #[cfg(feature = "spreadsheets")]
    for (part, book) in [
        ("xl/workbook.xml", Book::Xlsx),
        ("xl/workbook.bin", Book::Xlsb),
        ("content.xml", Book::Ods),
    ] {
        if has(part) && (book != Book::Ods || has("mimetype")) {
            return Some(Document::Book(book));
        }
    }
    Some(Document::NoTable(match () {
        () if has("xl/workbook.xml") || has("xl/workbook.bin") => "an Excel workbook",
        () if has("word/document.xml") => "a Word document",
        () if has("ppt/presentation.xml") => "a PowerPoint presentation",
        () if has("mimetype") && has("content.xml") => "an OpenDocument file",
        () if has("META-INF/MANIFEST.MF") => "a Java archive",
        () if ends("/data.pkl") => "a PyTorch model",
        () => return None,
    }))
}

/// The one table of an archive.
fn only(name: &str, mut members: Vec<Member>) -> Result<Member> {
    members.retain(|member| may_be_a_table(&member.name));
    if let [_] = members[..]
        && let Some(member) = members.pop()
    {
        return Ok(member);
    }
    if members.is_empty() {
        return Err(wrong(
            name,
            None,
            "this is an archive without a table in it",
        ));
    }
    let mut names: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
    let more = names.len().saturating_sub(LISTED);
    names.truncate(LISTED);
    let more = match more {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let names = names.join(", ");
    let message = format!(
        "this is an archive of several files ({names}{more}); unpack it, and name the one with the table"
    );
    Err(wrong(name, None, message))
}

/// Whether a file of an archive is none of those that archives have beside the table.
fn may_be_a_table(name: &str) -> bool {
    const BESIDE: [&str; 9] = [
        ".jpg", ".jpeg", ".png", ".gif", ".webp", ".svg", ".pdf", ".md", ".html",
    ];
    let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let lower = base.to_ascii_lowercase();
    let hidden = base.is_empty() || base.starts_with('.') || name.starts_with("__MACOSX/");
    let system = ["thumbs.db", "desktop.ini"].contains(&lower.as_str());
    !hidden && !system && !BESIDE.iter().any(|end| lower.ends_with(end))
}

fn told(member: &Member) -> String {
    format!("file `{}` of the archive", member.name)
}

/// The bytes of a file in a ZIP archive, which end in an error if they are damaged.
struct Checked {
    source: CrcReader<io::Take<Source>>,
    sum: Option<u32>,
}

impl Read for Checked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        if count > 0 || buffer.is_empty() {
            return Ok(count);
        }
        if self.source.get_ref().limit() > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match self.sum {
            Some(sum) if sum != self.source.crc().sum() => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the checksum of the file in the archive is wrong; it is damaged",
            )),
            _ => Ok(0),
        }
    }
}

/// Counts the bytes that pass.
struct Counted<S> {
    source: S,
    position: Arc<AtomicU64>,
}

impl<S> Counted<S> {
    fn new(source: S, position: &Arc<AtomicU64>) -> Self {
        Self {
            source,
            position: Arc::clone(position),
        }
    }
}

impl<S: Read> Read for Counted<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.position.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

impl<S: Seek> Seek for Counted<S> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.source.seek(to)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::write::SimpleFileOptions;

    use super::*;

    const TABLE: &[u8] = b"id,title\n1,Kettle\n";

    fn zipped(files: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().compression_method(method);
        for (name, bytes) in files {
            archive.start_file(*name, options).unwrap();
            archive.write_all(bytes).unwrap();
        }
        archive.finish().unwrap().into_inner()
    }

    fn tarred(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut archive = tar::Builder::new(Vec::new());
        for (name, bytes) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            archive.append_data(&mut header, name, *bytes).unwrap();
        }
        archive.into_inner().unwrap()
    }

    fn gzipped(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// What is in a file, and where, or why not; from a stream and from a file alike.
    fn read(bytes: &[u8]) -> std::result::Result<(Vec<u8>, Vec<String>), String> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        let bases = [
            Base::of_stream(Box::new(Cursor::new(bytes.to_vec())), Arc::default()),
            Base::of_file(file, Arc::default()),
        ];
        let [stream, file] = bases.map(|base| {
            let unpacked = unpack("feed", base).map_err(|error| error.to_string())?;
            let (mut source, mut all) = (unpacked.source, Vec::new());
            let read = source.read_to_end(&mut all);
            read.map_err(|error| cannot_read("feed", &error).to_string())?;
            Ok((all, unpacked.told))
        });
        assert_eq!(stream, file);
        stream
    }

    #[test]
    fn the_one_table_of_an_archive_is_read() {
        let beside: &[(&str, &[u8])] = &[
            ("__MACOSX/._feed.csv", b"x"),
            (".DS_Store", b"x"),
            ("images/1.JPG", b"x"),
            ("out/feed.csv", TABLE),
        ];
        let tar = tarred(beside);
        for archive in [
            zipped(beside, CompressionMethod::Stored),
            zipped(beside, CompressionMethod::Deflated),
            gzipped(&tar),
            zstd::stream::encode_all(&tar[..], 1).unwrap(),
            gzipped(&zipped(beside, CompressionMethod::Deflated)),
            tar,
        ] {
            let (bytes, told) = read(&archive).unwrap();
            assert_eq!(bytes, TABLE);
            assert_eq!(told, ["file `out/feed.csv` of the archive"]);
        }
    }

    #[test]
    fn a_table_may_be_packed_twice() {
        let inner = gzipped(TABLE);
        let (bytes, told) = read(&tarred(&[("feed.csv.gz", &inner)])).unwrap();
        assert_eq!((bytes.as_slice(), told.len()), (TABLE, 1));
        let mut deep = TABLE.to_vec();
        for _ in 0..9 {
            deep = gzipped(&deep);
        }
        assert!(read(&deep).unwrap_err().contains("packed more often"));
    }

    #[test]
    fn archives_of_several_files_or_none_are_refused_with_their_names() {
        let several: &[(&str, &[u8])] = &[("a.csv", TABLE), ("b.csv", TABLE)];
        for archive in [
            tarred(several),
            gzipped(&tarred(several)),
            zipped(several, CompressionMethod::Stored),
        ] {
            let message = read(&archive).unwrap_err();
            assert!(
                message.contains("several files (a.csv, b.csv)"),
                "{message}"
            );
        }
        let none = read(&tarred(&[("photo.png", b"x")])).unwrap_err();
        assert!(none.contains("without a table"), "{none}");
        let word: &[(&str, &[u8])] = &[("word/document.xml", b"<w/>")];
        let word = read(&zipped(word, CompressionMethod::Stored)).unwrap_err();
        assert!(word.contains("a Word document"), "{word}");
    }

    #[test]
    fn damaged_archives_are_errors_and_no_short_files() {
        let table = TABLE.repeat(100);
        let files: &[(&str, &[u8])] = &[("a.csv", &table)];
        let mut cut = gzipped(&tarred(files));
        cut.truncate(cut.len() - 40);
        assert!(read(&cut).unwrap_err().contains("cut off"));
        let mut changed = zipped(files, CompressionMethod::Stored);
        let at = changed
            .windows(6)
            .position(|word| word == b"Kettle")
            .unwrap();
        changed[at] = b'M';
        assert!(read(&changed).unwrap_err().contains("checksum"));
    }
}
