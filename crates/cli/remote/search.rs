//! `assort search` on a server.

use assort::GroupBy;
use assort_client::Search;

use super::Remote;
use crate::args::{Global, SearchArgs};
use crate::commands;
use crate::failure::Outcome;

pub(super) fn run(args: &SearchArgs, remote: &Remote, global: &Global) -> Outcome {
    let results = remote.wait(remote.catalog.search(&asked(args)))?;
    let page = remote.with_tree(|tree| tree.page(&results))?;
    commands::search::print(&page, &remote.tree()?.0, args, global)
}

fn asked(args: &SearchArgs) -> Search {
    let mut search = match (&args.text, &args.like) {
        (_, Some(id)) => Search::like(id),
        (text, None) => Search::text(text.clone().unwrap_or_default()),
    };
    search = search
        .filter(args.filter.clone().unwrap_or_default())
        .top(args.top.into())
        .offset(args.offset)
        .exact(args.exact)
        .explain(args.explain)
        .facets(&args.facets);
    let size = args.group_size.into();
    search = match &args.group_by {
        None => search,
        Some(GroupBy::Content) => search.by_content(size),
        Some(GroupBy::Category) => search.by_category(size),
        Some(GroupBy::Attribute(name)) => search.by_attribute(name, size),
        Some(_) => search,
    };
    if let Some(least) = args.min_similarity {
        search = search.min_similarity(least);
    }
    if let Some(ef) = args.ef {
        search = search.ef(ef.into());
    }
    if let Some(products) = args.oversample {
        search = search.oversample(products.into());
    }
    search
}
