//! `assort remove`

use assort::Catalog;

use crate::args::{Global, Remove};
use crate::failure::{Done, Failure, Outcome};
use crate::text::counted;

pub(crate) fn run(args: &Remove, global: &Global) -> Outcome {
    let catalog = Catalog::open(&args.dir)?;
    // All or nothing: a mistyped id should not pass unseen.
    for id in &args.ids {
        catalog.product(id)?;
    }
    let removed = catalog.remove(args.ids.iter().map(String::as_str))?;
    if removed == 0 {
        return Err(Failure::Failed("no product was removed".to_owned()));
    }
    global.say(&format!(
        "{} removed",
        counted(removed as u64, "product", "products")
    ));
    Ok(Done::Whole)
}
