//! `assort search` on a server.

use assort::GroupBy;
use assort_client::Search;

use super::Remote;
#[cfg(feature = "pictures")]
use crate::args::LikeBy;
use crate::args::{Global, SearchArgs};
use crate::commands;
use crate::failure::{Failure, Outcome};

pub(super) fn run(args: &SearchArgs, remote: &Remote, global: &Global) -> Outcome {
    let results = remote.wait(remote.catalog.search(&asked(args)?))?;
    let page = remote.with_tree(|tree| tree.page(&results))?;
    commands::search::print(&page, &remote.tree()?.0, args, global)
}

fn asked(args: &SearchArgs) -> Result<Search, Failure> {
    let mut search = query(args)?;
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
    Ok(search)
}

fn query(args: &SearchArgs) -> Result<Search, Failure> {
    #[cfg(feature = "pictures")]
    if let Some(image) = &args.image {
        let file = std::fs::read(image).map_err(|error| {
            Failure::Failed(format!("{} cannot be read: {error}", image.display()))
        })?;
        return Ok(Search::picture(file));
    }
    let Some(id) = &args.like else {
        return Ok(Search::text(args.text.clone().unwrap_or_default()));
    };
    #[cfg(feature = "pictures")]
    match args.by {
        LikeBy::Text => {}
        LikeBy::Picture => return Ok(Search::like_picture(id)),
        LikeBy::Both => return Ok(Search::like_both(id)),
    }
    Ok(Search::like(id))
}
