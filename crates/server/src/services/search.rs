//! `SearchService`

use std::sync::Arc;
use std::time::Instant;

use assort::Plan;
use assort::core::{Pixels, Space, clean};
use assort::{Catalog, GroupBy, Page, Query, Search, Step};
use assort_proto::v1::grouping::By;
use assort_proto::v1::image::Source;
use assort_proto::v1::search_products_request::Query as Asked;
use assort_proto::v1::search_result::Group;
use assort_proto::v1::search_service_server::SearchService;
use assort_proto::{picture, v1};
use tonic::{Request, Response, Status};

use crate::access::Role;
use crate::call::Call;
use crate::limits::{MAX_DEPTH, check_facets, page_size, positive};
use crate::mask::Mask;
use crate::names;
use crate::pool::deadline_exceeded;
use crate::reason::{Refusal, of_error};
use crate::served::{Served, Shared};
use crate::services::attributes::facet;
use crate::services::fitting;
use crate::token::{PageToken, digest, expired, invalid};
use crate::values::{self, stored};

/// Results of a page that does not say how many.
const USUAL: usize = 10;

/// How often a text is embedded again because the catalog moved to another space.
const ATTEMPTS: usize = 3;

/// Finding products.
pub(crate) struct Searches(pub(crate) Arc<Shared>);

/// A search, checked.
struct Wanted {
    search: Search,
    token: Option<PageToken>,
    /// Digest of the request, for the next page.
    digest: u64,
    mask: Mask,
    explain: bool,
    /// The space that the query's vector is of, if it was embedded here.
    space: Option<Space>,
}

#[tonic::async_trait]
impl SearchService for Searches {
    async fn search_products(
        &self,
        request: Request<v1::SearchProductsRequest>,
    ) -> Result<Response<v1::SearchProductsResponse>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let name = names::catalog("parent", &request.parent)?;
        let served = self.0.catalog(&call, Role::ReadOnly, name)?;
        for _ in 0..ATTEMPTS {
            let wanted = wanted(&self.0, &call, &served, request.clone()).await?;
            let found = self
                .0
                .work(&call, &served, move |served| find(served, &wanted));
            if let Some(page) = found.await? {
                return Ok(Response::new(page));
            }
        }
        let what = "the catalog is being moved to another space".to_owned();
        Err(of_error(&assort::Error::Precondition(what)))
    }
}

/// Checks a request; a text is embedded together with those of others.
async fn wanted(
    shared: &Shared,
    call: &Call,
    served: &Arc<Served>,
    mut request: v1::SearchProductsRequest,
) -> Result<Wanted, Status> {
    let top = page_size(std::mem::take(&mut request.page_size), USUAL)?;
    let token = std::mem::take(&mut request.page_token);
    let digest = digest(&request);
    let token = PageToken::decode(&token, digest)?;
    let offset = token.as_ref().map_or(Ok(0), offset)?;
    let (query, space) = match request.query {
        Some(Asked::Text(text)) => {
            let text = checked_text(&text)?;
            let vector = served.queries.ask(text, 1, call.deadline).await?;
            (Query::Vector(vector.0), Some(vector.1))
        }
        Some(Asked::Vector(vector)) => (Query::Vector(coordinates(&vector)?), None),
        Some(Asked::Like(name)) => {
            let id = names::product_of("like", &name, &served.name)?;
            (like(id, request.like_by)?, None)
        }
        Some(Asked::Picture(image)) => {
            let pixels = picture(shared, call, served, image).await?;
            (Query::Picture(pixels), None)
        }
        None => {
            let what =
                "there is nothing to search for; give a text, a vector, a picture or a product";
            return Err(Refusal::of_field("query", what).status());
        }
    };
    check_facets("facets", &request.facets)?;
    let params = request.params.unwrap_or_default();
    let grouping = request.grouping.map(group_by).transpose()?;
    let filter = Some(request.filter).filter(|filter| !filter.trim().is_empty());
    let search = Search::new(query)
        .with_filter(filter)
        // A last page may be shorter.
        .with_top(top.min(MAX_DEPTH.saturating_sub(offset)))
        .with_offset(offset)
        .with_min_similarity(request.min_similarity)
        .with_group_by(grouping.as_ref().map(|(by, _)| by.clone()))
        .with_group_size(grouping.as_ref().map_or(1, |(_, size)| *size))
        .with_facets(request.facets)
        .with_exact(params.exact)
        .with_ef(positive("params.ef", params.ef)?)
        .with_oversample(positive("params.oversample", params.oversample)?)
        .with_deadline(call.deadline.map(tokio::time::Instant::into_std));
    Ok(Wanted {
        search,
        token,
        digest,
        mask: Mask::reading(request.read_mask)?,
        explain: request.explain,
        space,
    })
}

/// What finds products like that of an id.
fn like(id: String, by: i32) -> Result<Query, Status> {
    match v1::LikeBy::try_from(by) {
        Ok(v1::LikeBy::Unspecified | v1::LikeBy::Text) => Ok(Query::Like(id)),
        Ok(v1::LikeBy::Picture) => Ok(Query::LikePicture(id)),
        Ok(v1::LikeBy::Both) => Ok(Query::LikeBoth(id)),
        Err(_) => {
            let what = format!("the server knows no likeness {by}");
            Err(Refusal::of_field("like_by", what).status())
        }
    }
}

/// Opens a picture that is searched by.
async fn picture(
    shared: &Shared,
    call: &Call,
    served: &Arc<Served>,
    given: v1::Image,
) -> Result<Pixels, Status> {
    let field = match given.source {
        Some(Source::Uri(_)) => "picture.uri",
        _ => "picture.data",
    };
    let reference = values::image("picture", given)
        .map_err(|wrong| Refusal::of_field(wrong.field, wrong.what).status())?;
    let reference = reference.ok_or_else(|| {
        let what = "the picture has neither data nor a URI; give one of them";
        Refusal::of_field(field, what).status()
    })?;
    let is_fetched = served.fetches_pictures && picture::is_on_the_web(&reference);
    let open = move |served: &Served| {
        let opened = served.catalog.open_picture(&reference);
        opened.map_err(|error| match error {
            assort::Error::Argument(what) => Refusal::of_field(field, what).status(),
            other => of_error(&other),
        })
    };
    match is_fetched {
        true => shared.fetch(call, served, open).await,
        false => shared.work(call, served, open).await,
    }
}

/// What to group by, and how many products of each group to give.
fn group_by(grouping: v1::Grouping) -> Result<(GroupBy, usize), Status> {
    let by = match grouping.by {
        Some(By::Content(_)) => GroupBy::Content,
        Some(By::Category(_)) => GroupBy::Category,
        Some(By::Attribute(name)) if !name.trim().is_empty() => GroupBy::Attribute(name),
        _ => {
            let what = "there is nothing to group by; give content, category or an attribute";
            return Err(Refusal::of_field("grouping.by", what).status());
        }
    };
    Ok((by, positive("grouping.size", grouping.size)?.unwrap_or(1)))
}

fn checked_text(text: &str) -> Result<String, Status> {
    let text = clean(text);
    if text.is_empty() {
        let what = "the text to search for is empty; give some words";
        return Err(Refusal::of_field("text", what).status());
    }
    Ok(text)
}

fn offset(token: &PageToken) -> Result<usize, Status> {
    let bytes = token.position.as_slice().try_into().map(u64::from_le_bytes);
    let offset = bytes.ok().and_then(|offset| usize::try_from(offset).ok());
    let offset = offset.filter(|offset| *offset <= MAX_DEPTH);
    offset.ok_or_else(|| invalid("the page token is none that this server made"))
}

/// The coordinates of a vector of the contract.
fn coordinates(vector: &v1::Vector) -> Result<Vec<f32>, Status> {
    let (coordinates, rest) = vector.data.as_chunks::<4>();
    if !rest.is_empty() || i32::try_from(coordinates.len()) != Ok(vector.dimensions) {
        let what = format!(
            "`vector.data` has {} bytes, which is not four for each of {} dimensions",
            vector.data.len(),
            vector.dimensions
        );
        return Err(Refusal::of_field("vector.data", what).status());
    }
    Ok(coordinates
        .iter()
        .copied()
        .map(f32::from_le_bytes)
        .collect())
}

/// Searches; gives nothing if the vector of the query is of another space than the
/// catalog.
fn find(served: &Served, wanted: &Wanted) -> Result<Option<v1::SearchProductsResponse>, Status> {
    let found = served.with_taxonomy(|catalog| {
        let begun = Instant::now();
        let found = tracing::info_span!("search").in_scope(|| search(catalog, &wanted.search));
        served.searches.observe(begun.elapsed().as_secs_f64());
        found
    });
    if let Some(space) = &wanted.space {
        let now = served.catalog.space().map_err(|error| of_error(&error))?;
        if now != *space {
            return Ok(None);
        }
    }
    let (page, taxonomy) = found?;
    let state = served.page_state(page.state);
    let token = wanted.token.as_ref();
    if token.is_some_and(|token| token.state != state) {
        return Err(expired());
    }
    let matches = page.matches;
    let is_grouped = wanted.search.group_by.is_some();
    let steps = match wanted.explain {
        true => page.steps.iter().map(step).collect(),
        false => Vec::new(),
    };
    let found = page.found.into_iter().map(|found| v1::SearchResult {
        product: Some(
            wanted
                .mask
                .read(stored(found.product, &served.name, &taxonomy)),
        ),
        similarity: found.similarity,
        group: found.group.map(|group| Group {
            number: group.number as i32,
            value: group.value,
        }),
    });
    let mut results: Vec<v1::SearchResult> = found.collect();
    let is_full = counted(&results) == wanted.search.top;
    let is_cut = fitting(&mut results);
    if is_cut && is_grouped {
        leave_whole_groups(&mut results);
    }
    let next = wanted.search.offset + counted(&results);
    let goes_on = next < MAX_DEPTH.min(matches as usize) && (is_full || is_cut);
    let token = (goes_on && !results.is_empty()).then(|| PageToken {
        state,
        position: (next as u64).to_le_bytes().to_vec(),
    });
    Ok(Some(v1::SearchProductsResponse {
        facets: page.facets.into_iter().map(facet).collect(),
        results,
        next_page_token: token.map_or_else(String::new, |token| token.encode(wanted.digest)),
        matches: matches as i64,
        steps,
    }))
}

fn search(catalog: &Catalog, search: &Search) -> Result<Page, Status> {
    catalog.search(search).map_err(|error| match error {
        assort::Error::Argument(what) => {
            Refusal::of_field(refused_field(catalog, search), what).status()
        }
        assort::Error::Late => deadline_exceeded(),
        other => of_error(&other),
    })
}

/// The field without which a search that was refused would be done.
fn refused_field(catalog: &Catalog, search: &Search) -> &'static str {
    let is_done = |search: &Search| catalog.search(search).is_ok();
    let mut without = search.clone().with_facets(Vec::new());
    if is_done(&without) {
        return "facets";
    }
    without = without.with_group_by(None);
    if is_done(&without) {
        return "grouping";
    }
    match is_done(&without.with_filter(None)) {
        true => "filter",
        false => "query",
    }
}

/// How many results there are, or groups of them.
fn counted(results: &[v1::SearchResult]) -> usize {
    let same = |a: &v1::SearchResult, b: &v1::SearchResult| a.group.is_some() && a.group == b.group;
    results.chunk_by(same).count()
}

/// Takes the last group away, which may have been cut, unless it is the only one.
fn leave_whole_groups(results: &mut Vec<v1::SearchResult>) {
    let last = results.last().map(|last| last.group.clone());
    let whole = results
        .iter()
        .position(|result| Some(&result.group) == last.as_ref());
    if let Some(whole @ 1..) = whole {
        results.truncate(whole);
    }
}

fn step(step: &Step) -> v1::SearchStep {
    use v1::search_step::Plan as Told;
    let plan = match step.plan {
        Plan::Exact => Told::Exact,
        Plan::Scan => Told::Scan,
        Plan::Graph => Told::Graph,
        Plan::FilteredGraph => Told::FilteredGraph,
        _ => Told::Unspecified,
    };
    v1::SearchStep {
        segment: step.segment.map(|number| number as i32),
        products: step.products as i64,
        matches: step.matches as i64,
        plan: plan.into(),
    }
}
