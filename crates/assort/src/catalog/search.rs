//! Finding products by text, by likeness, and by filters.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use assort_core::{Pixels, vector};
use assort_index::{Bitmap, Hit, Plan};

use crate::catalog::facets::Facet;
use crate::catalog::groups::{Group, GroupBy, Groups};
use crate::catalog::{Catalog, StoredProduct};
use crate::embedding::embed_query;
use crate::knn::effort::Effort;
use crate::knn::live::by_sketches;
use crate::knn::pages::{DEEPEST, deepen};
use crate::snapshot::{FilteredRows, RowFilter, Snapshot};
use crate::store::Reader;
use crate::{Error, Result};

/// Nearest products whose values are counted for facets.
const COUNTED: usize = 1000;

/// Values of a facet that are given.
const SHOWN: usize = 10;

/// What to search for.
#[derive(Clone, Debug, PartialEq)]
pub enum Query {
    /// Products that match a text.
    Text(String),
    /// Products like the one of that id, which is not among the results.
    Like(String),
    /// Products near a unit vector of the catalog's space.
    Vector(Vec<f32>),
    /// Products whose pictures look like this one.
    Picture(Pixels),
    /// Products whose pictures look like that of the product of that id, which is not
    /// among the results.
    LikePicture(String),
    /// Products like the one of that id by text and by picture: by the mean of the two
    /// similarities, among those that are near by either. It is not among the results.
    LikeBoth(String),
}

impl Query {
    /// Whether pictures are compared.
    fn is_by_picture(&self) -> bool {
        matches!(self, Self::Picture(_) | Self::LikePicture(_))
    }
}

/// A search: a page of the products that are most similar to a query.
///
/// Products come by the similarity of their whole vectors, the most similar
/// first, and of equal ones the first imported first. Pages of one commit of a
/// catalog fit together: those of 20 from `offset` 0, 20, 40 and so on hold what
/// one search for 200 gives, in the same order, whatever the plan.
///
/// A search of graphs or codes may miss a few of the best, and the deeper it
/// goes, the fewer. It looks for 10 products, then 40, 160, and so on, up to
/// what a page needs. What it finds late stands behind what it found before,
/// even if it is more similar: a product never moves to a page that was shown
/// already. So the order by similarity holds within the first 10, the next 30,
/// the next 120, and so on; with `exact`, and in a catalog without segments, it
/// holds throughout.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Search {
    /// What to search for.
    pub query: Query,
    /// Only products that match this expression (see [`assort_core::Filter`]).
    pub filter: Option<String>,
    /// Only products whose similarity with the query is this or more, between −1 and 1.
    /// In a search that may miss some of the best, it may miss some of these too.
    pub min_similarity: Option<f32>,
    /// Put the results into groups, and count groups by `top` and `offset`. Groups stand
    /// in the order of their best products. One product that lacks what is grouped by is
    /// a group of its own.
    pub group_by: Option<GroupBy>,
    /// Products of each group to give, the best of them. With more than one a search
    /// goes on until the groups are full, and looks at all products if some never are.
    pub group_size: usize,
    /// Results to give.
    pub top: usize,
    /// Results to pass over, for paging. Beyond the last result a page is empty.
    pub offset: usize,
    /// Compare every vector: slower, and nothing is missed.
    pub exact: bool,
    /// Rows that a walk of the graph keeps: more find more, and take longer.
    /// None takes what [`Catalog::tune`] found, or else 128.
    pub ef: Option<usize>,
    /// Rows ranked by twelve bits a coordinate for each one to find. None takes 8.
    pub oversample: Option<usize>,
    /// Attributes whose values are counted among the nearest thousand products that match:
    /// see [`Catalog::facets`], which counts among all.
    pub facets: Vec<String>,
    /// When to give up: the search fails with [`Error::Late`] soon after. None searches
    /// to the end.
    pub deadline: Option<Instant>,
}

impl Search {
    /// The same with another value of [`Self::filter`].
    #[must_use]
    pub fn with_filter(mut self, filter: impl Into<Option<String>>) -> Self {
        self.filter = filter.into();
        self
    }

    /// The same with another value of [`Self::min_similarity`].
    #[must_use]
    pub fn with_min_similarity(mut self, similarity: impl Into<Option<f32>>) -> Self {
        self.min_similarity = similarity.into();
        self
    }

    /// The same with another value of [`Self::group_by`].
    #[must_use]
    pub fn with_group_by(mut self, by: impl Into<Option<GroupBy>>) -> Self {
        self.group_by = by.into();
        self
    }

    /// The same with another value of [`Self::group_size`].
    #[must_use]
    pub fn with_group_size(mut self, products: usize) -> Self {
        self.group_size = products;
        self
    }

    /// The same with another value of [`Self::top`].
    #[must_use]
    pub fn with_top(mut self, top: usize) -> Self {
        self.top = top;
        self
    }

    /// The same with another value of [`Self::offset`].
    #[must_use]
    pub fn with_offset(mut self, offset: usize) -> Self {
        self.offset = offset;
        self
    }

    /// The same with another value of [`Self::exact`].
    #[must_use]
    pub fn with_exact(mut self, exact: bool) -> Self {
        self.exact = exact;
        self
    }

    /// The same with another value of [`Self::ef`].
    #[must_use]
    pub fn with_ef(mut self, ef: impl Into<Option<usize>>) -> Self {
        self.ef = ef.into();
        self
    }

    /// The same with another value of [`Self::oversample`].
    #[must_use]
    pub fn with_oversample(mut self, oversample: impl Into<Option<usize>>) -> Self {
        self.oversample = oversample.into();
        self
    }

    /// The same with another value of [`Self::facets`].
    #[must_use]
    pub fn with_facets(mut self, facets: Vec<String>) -> Self {
        self.facets = facets;
        self
    }

    /// The same with another value of [`Self::deadline`].
    #[must_use]
    pub fn with_deadline(mut self, deadline: impl Into<Option<Instant>>) -> Self {
        self.deadline = deadline.into();
        self
    }
}

impl Search {
    /// The ten best results for `query`.
    pub fn new(query: Query) -> Self {
        Self {
            query,
            filter: None,
            min_similarity: None,
            group_by: None,
            group_size: 1,
            top: 10,
            offset: 0,
            exact: false,
            ef: None,
            oversample: None,
            facets: Vec::new(),
            deadline: None,
        }
    }
}

/// A product found by a search.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The product.
    pub product: StoredProduct,
    /// Cosine similarity with the query, between −1 and 1.
    pub similarity: f32,
    /// The group it is in, of a search for groups.
    pub group: Option<Group>,
}

/// A page of results.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The results, in the order that [`Search`] promises.
    pub found: Vec<Found>,
    /// Number of products that match the filter, or of all products, whatever their
    /// similarity and their groups.
    pub matches: u64,
    /// How each part of the catalog was searched.
    pub steps: Vec<Step>,
    /// How many of the nearest products have each value of [`Search::facets`].
    pub facets: Vec<Facet>,
    /// State of what was searched (see [`Catalog::content_state`]).
    pub state: u64,
}

/// How a part of the catalog was searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Number of the segment; none for live vectors, which are in no segment
    /// yet.
    pub segment: Option<u32>,
    /// Products it has.
    pub products: usize,
    /// Products of it that may be found.
    pub matches: usize,
    /// What was done; of a search that went deeper and deeper, what was done
    /// last.
    pub plan: Plan,
}

impl Catalog {
    /// Finds the most similar products. Live vectors are all compared, or if they are
    /// more than 4,096, those that look likely; segments are searched as is quickest:
    /// by a walk of their graph, which may miss a few of the best, or by a scan of what
    /// matches. There are always as many results as asked for, or as there are matches; of
    /// a search with [`Search::min_similarity`], as are found to be similar enough, and of
    /// one for groups, as there are groups.
    ///
    /// ```no_run
    /// # fn example(catalog: &assort::Catalog) -> assort::Result<()> {
    /// use assort::{Query, Search};
    ///
    /// let query = Query::Text("something warm to sleep in".into());
    /// let search = Search::new(query).with_filter("price < 60 and category under \"Camping\"".to_owned());
    /// for found in catalog.search(&search)?.found {
    ///     println!("{:.2} {}", found.similarity, found.product.product.title);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Argument`] for a filter, a vector, a least similarity or a size of groups
    /// that cannot be used,
    /// [`Error::NoProduct`], [`Error::NoEmbedder`] for a text query, [`Error::NoPictures`] and
    /// [`Error::NoPictureEmbedder`] for one by pictures.
    pub fn search(&self, search: &Search) -> Result<Page> {
        if search.offset.saturating_add(search.top) > DEEPEST {
            return Err(Error::argument(format!(
                "results are given up to the {DEEPEST}th; ask for fewer, or narrow the search with a filter"
            )));
        }
        search.min_similarity.map_or(Ok(()), check_similarity)?;
        if search.group_size == 0 {
            return Err(Error::argument("a group of no product cannot be given"));
        }
        self.again_if_moved(|| match &search.query {
            Query::LikeBoth(id) => self.find_like_both(search, id),
            _ => self.find(search),
        })
    }

    fn find(&self, search: &Search) -> Result<Page> {
        let (reader, texts) = self.state.view()?;
        let snapshot = match search.query.is_by_picture() {
            true => self.state.pictures(&reader)?.ok_or(Error::NoPictures)?,
            false => Arc::clone(&texts),
        };
        let (query, without) = self.query_vector(&reader, &snapshot, &search.query)?;
        let matching = match &search.filter {
            Some(expression) => {
                let taxonomy = self.state.taxonomy_in(&reader)?;
                let rows = self.filters.rows(&reader, &texts, &taxonomy, expression)?;
                Some(match search.query.is_by_picture() {
                    true => Arc::new(FilteredRows::new(&snapshot, rows.rows.clone())),
                    false => rows,
                })
            }
            None => None,
        };
        let filter = matching.as_deref().map_or(RowFilter::All, RowFilter::Rows);
        let wanted = match search.top {
            0 => 0,
            top => search.offset + top,
        };
        let effort = effort(search, &reader)?;
        let mut results = match &search.group_by {
            Some(by) => {
                let taxonomy = self.state.taxonomy_in(&reader)?;
                Results::Groups(Groups::new(&reader, taxonomy, by, search.group_size))
            }
            None => Results::Hits(Vec::new()),
        };
        let least = search.min_similarity.unwrap_or(f32::NEG_INFINITY);
        let depth = match wanted {
            0 => 0,
            _ => deepen(
                &snapshot,
                &query,
                results.likely(wanted),
                filter,
                without,
                effort,
                |found| {
                    let near = found.fresh.iter().filter(|hit| hit.similarity >= least);
                    near.copied().try_for_each(|hit| results.add(hit))?;
                    let is_done = found.last < least || results.are_whole(wanted);
                    Ok(match is_done {
                        true => ControlFlow::Break(()),
                        false => ControlFlow::Continue(()),
                    })
                },
            )?,
        };
        let mut found = Vec::with_capacity(search.top);
        for (hit, group) in results.page(search.offset, search.top) {
            if let Some(product) = self.stored(&reader, hit.row)? {
                found.push(Found {
                    product,
                    similarity: hit.similarity.clamp(-1.0, 1.0),
                    group,
                });
            }
        }
        let facets = match search.facets.is_empty() {
            true => Vec::new(),
            false => {
                let mut rows = Bitmap::default();
                deepen(
                    &snapshot,
                    &query,
                    COUNTED,
                    filter,
                    without,
                    effort,
                    |found| {
                        let near = found.fresh.iter().filter(|hit| hit.similarity >= least);
                        near.for_each(|hit| {
                            rows.insert(hit.row);
                        });
                        Ok(match found.last < least || rows.len() >= COUNTED {
                            true => ControlFlow::Break(()),
                            false => ControlFlow::Continue(()),
                        })
                    },
                )?;
                let taxonomy = self.state.taxonomy_in(&reader)?;
                let names: Vec<&str> = search.facets.iter().map(String::as_str).collect();
                self.facets_of(&reader, &taxonomy, Some(&rows), &names, SHOWN)?
            }
        };
        let matches = match &matching {
            Some(matching) => matching.rows.len() as u64,
            None => reader.counts()?.products,
        };
        Ok(Page {
            found,
            matches,
            facets,
            steps: steps(&snapshot, depth, filter, effort),
            state: reader.content_state()?,
        })
    }

    fn query_vector(
        &self,
        reader: &Reader<'_>,
        snapshot: &Snapshot,
        query: &Query,
    ) -> Result<(Vec<f32>, Option<u32>)> {
        match query {
            Query::Text(text) => {
                let text = assort_core::clean(text);
                if text.is_empty() {
                    return Err(Error::argument(
                        "the text to search for is empty; give some words",
                    ));
                }
                let embedder = self.embedder_for(reader)?;
                Ok((embed_query(embedder.as_ref(), &text)?, None))
            }
            Query::Picture(pixels) => Ok((self.picture_vector(reader, pixels)?, None)),
            Query::LikePicture(id) => {
                let row = reader
                    .row(id)?
                    .ok_or_else(|| Error::NoProduct(id.clone()))?;
                let vector = snapshot.vector(row)?.ok_or_else(|| {
                    Error::argument(format!(
                        "the product `{id}` has no picture that was embedded"
                    ))
                })?;
                Ok((vector, Some(row)))
            }
            Query::Like(id) | Query::LikeBoth(id) => {
                let missing = || Error::NoProduct(id.clone());
                let row = reader.row(id)?.ok_or_else(missing)?;
                let vector = snapshot.vector(row)?.ok_or_else(missing)?;
                Ok((vector, Some(row)))
            }
            Query::Vector(given) => {
                let mut vector = given.clone();
                vector::normalize(&mut vector);
                vector::check_units(&vector, 1, reader.space()?.dimensions as usize)
                    .map_err(|what| Error::argument(format!("the query {what}")))?;
                Ok((vector, None))
            }
        }
    }
}

/// Refuses a least similarity that is none.
pub(super) fn check_similarity(least: f32) -> Result<()> {
    match (-1.0..=1.0).contains(&least) {
        true => Ok(()),
        false => Err(Error::argument(format!(
            "the least similarity is {least}, and similarities are between -1 and 1"
        ))),
    }
}

/// How thoroughly a search looks.
pub(super) fn effort(search: &Search, reader: &Reader<'_>) -> Result<Effort> {
    let tuned = Effort::tuned(reader.tuning()?);
    Ok(Effort {
        ef: search.ef.unwrap_or(tuned.ef),
        oversample: search.oversample.unwrap_or(tuned.oversample),
        exact: search.exact,
        deadline: search.deadline,
        ..tuned
    })
}

/// What was found so far, in the order that [`Search`] promises.
enum Results<'a> {
    Hits(Vec<Hit>),
    Groups(Groups<'a>),
}

impl Results<'_> {
    /// Rows that will be needed for `wanted` results, probably.
    fn likely(&self, wanted: usize) -> usize {
        match self {
            Self::Hits(_) => wanted,
            Self::Groups(_) => 4 * wanted,
        }
    }

    fn add(&mut self, hit: Hit) -> Result<()> {
        match self {
            Self::Hits(hits) => {
                hits.push(hit);
                Ok(())
            }
            Self::Groups(groups) => groups.add(hit),
        }
    }

    /// Whether further rows change nothing about the first `wanted` results.
    fn are_whole(&mut self, wanted: usize) -> bool {
        match self {
            Self::Hits(hits) => hits.len() >= wanted,
            Self::Groups(groups) => groups.are_whole(wanted),
        }
    }

    /// The `top` results from `offset` on, each with its group.
    fn page(self, offset: usize, top: usize) -> Vec<(Hit, Option<Group>)> {
        match self {
            Self::Hits(hits) => {
                let page = hits.into_iter().skip(offset).take(top);
                page.map(|hit| (hit, None)).collect()
            }
            Self::Groups(groups) => {
                let groups = groups.into_all().into_iter().zip(1..);
                let page = groups.skip(offset).take(top);
                page.flat_map(|(members, number)| {
                    let value = members.value;
                    let hits = members.hits.into_iter();
                    hits.map(move |hit| {
                        let value = value.clone();
                        (hit, Some(Group { number, value }))
                    })
                })
                .collect()
            }
        }
    }
}

/// How the parts of a catalog are searched for the best `depth` rows.
fn steps(snapshot: &Snapshot, depth: usize, filter: RowFilter<'_>, effort: Effort) -> Vec<Step> {
    let live = Step {
        segment: None,
        products: snapshot.live().len(),
        matches: match filter {
            RowFilter::All => snapshot.live().len(),
            _ => snapshot.live_matches(filter),
        },
        plan: match by_sketches(snapshot, effort) {
            true => Plan::Scan,
            false => Plan::Exact,
        },
    };
    let sealed = effort.plans(snapshot, depth, filter).into_iter();
    let sealed = sealed.map(|(segment, products, matches, plan)| Step {
        segment: Some(segment),
        products,
        matches,
        plan,
    });
    let live = Some(live).filter(|live| live.products > 0);
    live.into_iter().chain(sealed).collect()
}
