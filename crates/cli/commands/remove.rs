//! `assort remove`

use assort::Catalog;

use crate::args::{Global, Remove};
use crate::failure::{Done, Failure, Outcome};
use crate::notes;
use crate::text::counted;

/// Products that are looked up together.
const PAGE: usize = 4096;

/// What products are removed from.
pub(crate) trait Stock {
    /// Fails if there is no product of that id.
    fn find(&self, id: &str) -> Result<(), Failure>;

    /// Ids of the products that match a filter.
    fn matching(&self, filter: &str) -> Result<Vec<String>, Failure>;

    /// Removes products; gives how many there were.
    fn remove(&self, ids: &[String]) -> Result<u64, Failure>;
}

impl Stock for Catalog {
    fn find(&self, id: &str) -> Result<(), Failure> {
        self.product(id)?;
        Ok(())
    }

    fn matching(&self, filter: &str) -> Result<Vec<String>, Failure> {
        let mut ids: Vec<String> = Vec::new();
        loop {
            let page = self.list(Some(filter), ids.last().map(String::as_str), PAGE)?;
            let is_last = page.len() < PAGE;
            ids.extend(page.into_iter().map(|stored| stored.product.id));
            if is_last {
                return Ok(ids);
            }
        }
    }

    fn remove(&self, ids: &[String]) -> Result<u64, Failure> {
        Ok(Self::remove(self, ids.iter().map(String::as_str))? as u64)
    }
}

pub(crate) fn run(args: &Remove, global: &Global) -> Outcome {
    let catalog = Catalog::open(&args.dir)?;
    // What is removed can tell nothing any more.
    notes::tell_of_filter(&catalog, args.filter.as_deref(), global)?;
    run_on(&catalog, args, global)
}

/// Removes what the arguments name.
pub(crate) fn run_on(stock: &dyn Stock, args: &Remove, global: &Global) -> Outcome {
    let ids = match &args.filter {
        Some(filter) => stock.matching(filter)?,
        None => args.ids.clone(),
    };
    // All or nothing: a mistyped id should not pass unseen. One alone needs no
    // look before, and may be damaged so that it cannot be looked at.
    if args.filter.is_none() && (ids.len() > 1 || args.dry_run) {
        for id in &ids {
            stock.find(id)?;
        }
    }
    if args.dry_run {
        let count = counted(ids.len() as u64, "product", "products");
        global.say(&format!("{count} would be removed"));
        return Ok(Done::Whole);
    }
    let removed = stock.remove(&ids)?;
    if let (0, None, Some(id)) = (removed, &args.filter, ids.first()) {
        return Err(assort::Error::NoProduct(id.clone()).into());
    }
    global.say(&format!(
        "{} removed",
        counted(removed, "product", "products")
    ));
    Ok(Done::Whole)
}
