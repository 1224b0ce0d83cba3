//! `assort remove`

use assort::Catalog;

use crate::args::{Global, Remove};
use crate::failure::{Done, Outcome};
use crate::text::counted;

pub(crate) fn run(args: &Remove, global: &Global) -> Outcome {
    let catalog = Catalog::open(&args.dir)?;
    // All or nothing: a mistyped id should not pass unseen. One alone needs no
    // look before, and may be damaged so that it cannot be looked at.
    if args.ids.len() > 1 {
        for id in &args.ids {
            catalog.product(id)?;
        }
    }
    let removed = catalog.remove(args.ids.iter().map(String::as_str))?;
    if let (0, Some(id)) = (removed, args.ids.first()) {
        return Err(assort::Error::NoProduct(id.clone()).into());
    }
    global.say(&format!(
        "{} removed",
        counted(removed as u64, "product", "products")
    ));
    Ok(Done::Whole)
}
