//! Columns of paths that their names do not tell: addresses of pages, and paths that end
//! above the row.

use std::collections::{HashMap, HashSet};

use assort_core::{clean, fold};

use super::candidates::Candidates;
use super::links::{Links, Up, marks_root};
use super::sheet::Sheet;
use super::words::is_parent_path;

/// What the addresses of pages in a column say (`/kitchen/pans`,
/// `https://shop.example/kitchen/pans.html`): the row whose address is the beginning stands
/// above. Only if all rows have one of their own, and nearly all fit.
pub(super) fn by_addresses(sheet: &Sheet, column: usize) -> Option<Links> {
    let parts: Option<Vec<Vec<&str>>> = sheet.texts(column).map(parts_of).collect();
    let parts = parts.filter(|parts| parts.len() > 1)?;
    let known: HashMap<&[&str], usize> = parts
        .iter()
        .zip(0..)
        .map(|(part, row)| (&part[..], row))
        .collect();
    if known.len() < parts.len() || parts.iter().all(|parts| parts.len() < 2) {
        return None;
    }
    let up = |parts: &Vec<&str>| match parts.split_last() {
        None | Some((_, [])) => Up::Root,
        Some((_, above)) => match known.get(above) {
            Some(up) => Up::Row(*up),
            None => Up::Missing(above.join("/")),
        },
    };
    let links = Links::new(parts.iter().map(up).collect());
    links.fits().then_some(links)
}

/// The parts of an address behind its host; none of what is no address.
fn parts_of(address: &str) -> Option<Vec<&str>> {
    let path = match address.split_once("://") {
        Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
        None => address,
    };
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let path = path.trim_matches('/');
    let path = [".html", ".htm", ".php", ".aspx"]
        .iter()
        .find_map(|end| path.strip_suffix(end))
        .unwrap_or(path);
    let parts: Vec<&str> = path.split('/').collect();
    let fits = !path.is_empty()
        && !path.contains(char::is_whitespace)
        && parts.iter().all(|part| !part.is_empty());
    fits.then_some(parts)
}

/// The column of paths that end above their row, so that its name goes below them: one that
/// is called so (`parent path`).
pub(super) fn parent_paths(sheet: &Sheet) -> Option<usize> {
    (0..sheet.columns.len())
        .find(|column| is_parent_path(&sheet.columns[*column]) && !sheet.is_blank(*column))
}

/// Whether paths of names end above the row: no last part is the row's own name, and
/// nearly all are names of other rows.
pub(super) fn end_above(columns: &Candidates, path: usize, name: usize) -> bool {
    let sheet = columns.sheet;
    let separator = columns.separator_of(path);
    let names: HashSet<String> = sheet.texts(name).map(|name| fold(&clean(name))).collect();
    let (mut known, mut filled, mut deepest) = (0, 0, 0);
    for row in 0..sheet.rows.len() {
        let cell = sheet.cell(row, path);
        if cell.is_empty() || cell.text().is_some_and(marks_root) {
            continue;
        }
        let parts = columns.names_on(row, path, separator);
        let Some(last) = parts.last().map(|last| fold(last)) else {
            return false;
        };
        if last == fold(&clean(sheet.text(row, name))) {
            return false;
        }
        filled += 1;
        deepest = deepest.max(parts.len());
        known += usize::from(names.contains(&last));
    }
    filled > 0 && deepest > 1 && known * 10 >= filled * 9
}
