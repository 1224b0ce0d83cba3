//! `assort show`, `list`, `export` and `remove` on a server.

use std::sync::Arc;

use assort::StoredProduct;
use assort::core::Taxonomy;

use super::Remote;
use crate::args::Show;
use crate::commands;
use crate::commands::list::{Pages, Shelf};
use crate::commands::remove::Stock;
use crate::failure::{Failure, Outcome};

pub(super) fn show(args: &Show, remote: &Remote) -> Outcome {
    let found = remote.wait(remote.catalog.get(&args.id))?;
    let stored = remote.with_tree(|tree| tree.product(&found))?;
    commands::show::print(&stored, &remote.tree()?.0, args.format)
}

impl Shelf for Remote {
    fn taxonomy(&self) -> Result<Arc<Taxonomy>, Failure> {
        Ok(self.tree()?.0)
    }

    fn pages<'s>(&'s self, filter: Option<&'s str>) -> Pages<'s> {
        let mut pages = self.catalog.products().filter(filter.unwrap_or_default());
        Box::new(move |limit| {
            pages.set_page_size(limit);
            let page = self.wait(pages.next())?.unwrap_or_default();
            // All pages are of the tree that they were begun with.
            let tree = self.tree()?;
            let page: Result<Vec<StoredProduct>, _> =
                page.iter().map(|found| tree.product(found)).collect();
            Ok(page?)
        })
    }
}

impl Stock for Remote {
    fn find(&self, id: &str) -> Result<(), Failure> {
        self.wait(self.catalog.get(id)).map(drop)
    }

    fn matching(&self, filter: &str) -> Result<Vec<String>, Failure> {
        let found = self.catalog.products().filter(filter).fields(["id"]);
        let found = self.wait(found.all())?.into_iter();
        Ok(found.map(|found| found.product.id).collect())
    }

    fn remove(&self, ids: &[String]) -> Result<u64, Failure> {
        self.wait(self.catalog.remove(ids))
    }
}
