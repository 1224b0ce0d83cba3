//! `TaxonomyService`

use std::sync::Arc;

use assort::core::{Category, CategoryIndex, CategoryRow, Place, Taxonomy, clean};
use assort_proto::v1;
use assort_proto::v1::category::Translation;
use assort_proto::v1::taxonomy_service_server::TaxonomyService;
use tonic::{Request, Response, Status};

use crate::access::Role;
use crate::call::Call;
use crate::limits::page_size;
use crate::names;
use crate::reason::{Reason, Refusal, of_error, refuse};
use crate::served::{Served, Shared, Turn};
use crate::services::fitting;
use crate::token::{PageToken, digest, expired, invalid};

/// Categories of a page that does not say how many.
const USUAL: usize = 100;

/// Category trees of catalogs.
pub(crate) struct Taxonomies(pub(crate) Arc<Shared>);

#[tonic::async_trait]
impl TaxonomyService for Taxonomies {
    async fn get_taxonomy(
        &self,
        request: Request<v1::GetTaxonomyRequest>,
    ) -> Result<Response<v1::Taxonomy>, Status> {
        let call = Call::of(&request)?;
        let name = names::part("name", &request.get_ref().name, "taxonomy")?;
        let served = self.0.catalog(&call, Role::ReadOnly, name)?;
        let work = |served: &Served| Ok(described(&served.name, &*taxonomy(served)?));
        self.0.work(&call, &served, work).await.map(Response::new)
    }

    async fn list_categories(
        &self,
        request: Request<v1::ListCategoriesRequest>,
    ) -> Result<Response<v1::ListCategoriesResponse>, Status> {
        let call = Call::of(&request)?;
        let mut request = request.into_inner();
        let name = names::part("parent", &request.parent, "taxonomy")?;
        let served = self.0.catalog(&call, Role::ReadOnly, name)?;
        let size = page_size(std::mem::take(&mut request.page_size), USUAL)?;
        let token = std::mem::take(&mut request.page_token);
        let digest = digest(&request);
        let token = PageToken::decode(&token, digest)?;
        let work = move |served: &Served| {
            let taxonomy = taxonomy(served)?;
            list(&taxonomy, &request.find, size, token.as_ref(), digest)
        };
        self.0.work(&call, &served, work).await.map(Response::new)
    }

    async fn import_taxonomy(
        &self,
        request: Request<v1::ImportTaxonomyRequest>,
    ) -> Result<Response<v1::ImportTaxonomyResponse>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let name = names::part("name", &request.name, "taxonomy")?;
        let served = self.0.writable(&call, Role::Admin, name)?;
        let turn = Turn::alone(&served, &call).await?;
        let work = move |served: &Served| {
            let _turn = turn;
            import(served, request)
        };
        self.0.work(&call, &served, work).await.map(Response::new)
    }
}

fn taxonomy(served: &Served) -> Result<Arc<Taxonomy>, Status> {
    served.catalog.taxonomy().map_err(|error| of_error(&error))
}

fn described(catalog: &str, taxonomy: &Taxonomy) -> v1::Taxonomy {
    v1::Taxonomy {
        name: format!("catalogs/{catalog}/taxonomy"),
        etag: format!("{:016x}", state(taxonomy)),
        categories: taxonomy.len() as i64,
        leaves: taxonomy.leaves().count() as i64,
        levels: taxonomy.depth() as i32,
    }
}

/// Digest of all that a tree says, short enough for etags and page tokens.
fn state(taxonomy: &Taxonomy) -> u64 {
    taxonomy.content_hash() as u64
}

fn list(
    taxonomy: &Taxonomy,
    find: &str,
    size: usize,
    token: Option<&PageToken>,
    digest: u64,
) -> Result<v1::ListCategoriesResponse, Status> {
    let state = state(taxonomy);
    if token.is_some_and(|token| token.state != state) {
        return Err(expired());
    }
    let all: Vec<CategoryIndex> = match find.trim() {
        "" => (0..taxonomy.len() as CategoryIndex).collect(),
        find => taxonomy.find(find),
    };
    let from = match token {
        None => 0,
        Some(token) => {
            let position = token.position.as_slice().try_into().map(u64::from_le_bytes);
            let unknown = |_| invalid("the page token is none that this server made");
            position.map_err(unknown)? as usize
        }
    };
    let page = all.iter().skip(from).take(size);
    let mut categories: Vec<v1::Category> = page.map(|index| told(taxonomy, *index)).collect();
    fitting(&mut categories);
    let next = from.saturating_add(categories.len());
    let token = (!categories.is_empty() && next < all.len()).then(|| PageToken {
        state,
        position: (next as u64).to_le_bytes().to_vec(),
    });
    Ok(v1::ListCategoriesResponse {
        categories,
        next_page_token: token.map_or_else(String::new, |token| token.encode(digest)),
        etag: format!("{state:016x}"),
    })
}

fn told(taxonomy: &Taxonomy, index: CategoryIndex) -> v1::Category {
    let category = taxonomy.category(index);
    let lineage = taxonomy.lineage(index).into_iter();
    let translations = category.translations.iter();
    v1::Category {
        id: category.id.clone(),
        path: lineage
            .map(|at| taxonomy.category(at).name.clone())
            .collect(),
        parent_id: parent(taxonomy, category),
        display_name: category.name.clone(),
        descriptions: category.descriptions.clone(),
        aliases: category.aliases.clone(),
        examples: category.examples.clone(),
        translations: translations
            .map(|(language, path)| Translation {
                language: language.clone(),
                path: path.clone(),
            })
            .collect(),
    }
}

fn parent(taxonomy: &Taxonomy, category: &Category) -> String {
    let parent = category.parent.map(|parent| taxonomy.category(parent));
    parent.map_or_else(String::new, |parent| parent.id.clone())
}

fn import(
    served: &Served,
    request: v1::ImportTaxonomyRequest,
) -> Result<v1::ImportTaxonomyResponse, Status> {
    let now = taxonomy(served)?;
    let etag = format!("{:016x}", state(&now));
    if !request.etag.is_empty() && request.etag != etag {
        let what = "the tree was changed since its etag was read; read it again";
        let refusal = refuse(Reason::EtagMismatch, what);
        return Err(refusal
            .with_resource("assort.v1.Taxonomy", &request.name)
            .status());
    }
    let rows = (1..)
        .zip(request.categories)
        .map(|(line, given)| row(line, given));
    let rows: Vec<CategoryRow> = rows.collect::<Result<_, Status>>()?;
    let taxonomy = Taxonomy::from_rows(rows).map_err(|error| {
        let line = error
            .line()
            .map(|line| format!("categories[{}]", line.saturating_sub(1)));
        let field = line.unwrap_or_else(|| "categories".to_owned());
        Refusal::of_field(field, error.to_string()).status()
    })?;
    let orphans = match request.validate_only {
        true => served.catalog.labels_outside(&taxonomy),
        false => served.catalog.replace_taxonomy(&taxonomy),
    };
    Ok(v1::ImportTaxonomyResponse {
        taxonomy: Some(described(&served.name, &taxonomy)),
        orphaned_labels: orphans.map_err(|error| of_error(&error))? as i64,
    })
}

/// A category as a row of a taxonomy file; rows are counted from 1.
fn row(line: u64, given: v1::Category) -> Result<CategoryRow, Status> {
    let by_path = !given.path.is_empty();
    let by_parent = !given.parent_id.is_empty() || !given.display_name.is_empty();
    let place = match (by_path, by_parent) {
        (true, _) => Place::Path(given.path.iter().map(|name| clean(name)).collect()),
        (false, true) => Place::Child {
            parent: Some(given.parent_id).filter(|parent| !parent.is_empty()),
            name: clean(&given.display_name),
        },
        (false, false) => {
            let field = format!("categories[{}]", line - 1);
            let what = format!("`{field}` has neither a path nor a name");
            return Err(Refusal::of_field(field, what).status());
        }
    };
    let texts = |texts: Vec<String>| {
        let texts = texts.iter().map(|text| clean(text));
        texts.filter(|text| !text.is_empty()).collect()
    };
    let translations = given.translations.into_iter();
    Ok(CategoryRow {
        line,
        id: Some(given.id.trim().to_owned()).filter(|id| !id.is_empty()),
        place,
        descriptions: texts(given.descriptions),
        aliases: texts(given.aliases),
        examples: texts(given.examples),
        translations: translations
            .map(|translation| (translation.language, texts(translation.path)))
            .collect(),
    })
}
