//! `assort remove`

use assort::Catalog;

use crate::args::{Global, Remove};
use crate::failure::{Done, Failure, Outcome};
use crate::text::counted;

/// Products that are looked up together.
const PAGE: usize = 4096;

pub(crate) fn run(args: &Remove, global: &Global) -> Outcome {
    let catalog = Catalog::open(&args.dir)?;
    let ids = match &args.filter {
        Some(filter) => matching(&catalog, filter)?,
        None => args.ids.clone(),
    };
    // All or nothing: a mistyped id should not pass unseen. One alone needs no
    // look before, and may be damaged so that it cannot be looked at.
    if args.filter.is_none() && (ids.len() > 1 || args.dry_run) {
        for id in &ids {
            catalog.product(id)?;
        }
    }
    if args.dry_run {
        let count = counted(ids.len() as u64, "product", "products");
        global.say(&format!("{count} would be removed"));
        return Ok(Done::Whole);
    }
    let removed = catalog.remove(ids.iter().map(String::as_str))?;
    if let (0, None, Some(id)) = (removed, &args.filter, ids.first()) {
        return Err(assort::Error::NoProduct(id.clone()).into());
    }
    global.say(&format!(
        "{} removed",
        counted(removed as u64, "product", "products")
    ));
    Ok(Done::Whole)
}

/// Ids of the products that match a filter.
fn matching(catalog: &Catalog, filter: &str) -> Result<Vec<String>, Failure> {
    let mut ids: Vec<String> = Vec::new();
    loop {
        let page = catalog.list(Some(filter), ids.last().map(String::as_str), PAGE)?;
        let is_last = page.len() < PAGE;
        ids.extend(page.into_iter().map(|stored| stored.product.id));
        if is_last {
            return Ok(ids);
        }
    }
}
