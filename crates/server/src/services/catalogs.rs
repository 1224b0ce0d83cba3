//! `CatalogService`

use std::sync::Arc;

use assort::core::{Method, Space};
use assort::{Stats, TaskState};
use assort_proto::v1;
use assort_proto::v1::background_task::State;
use assort_proto::v1::catalog_service_server::CatalogService;
use tonic::{Request, Response, Status};

use crate::access::Role;
use crate::call::Call;
use crate::names;
use crate::reason::of_error;
use crate::served::{Served, Shared};

/// The catalogs that are open.
pub(crate) struct Catalogs(pub(crate) Arc<Shared>);

#[tonic::async_trait]
impl CatalogService for Catalogs {
    async fn list_catalogs(
        &self,
        request: Request<v1::ListCatalogsRequest>,
    ) -> Result<Response<v1::ListCatalogsResponse>, Status> {
        let call = Call::of(&request)?;
        let own = self.0.catalogs.all().into_iter();
        let mut catalogs = Vec::new();
        for served in own.filter(|served| call.access.reads(&served.name)) {
            catalogs.push(self.0.work(&call, &served, describe).await?);
        }
        Ok(Response::new(v1::ListCatalogsResponse { catalogs }))
    }

    async fn get_catalog(
        &self,
        request: Request<v1::GetCatalogRequest>,
    ) -> Result<Response<v1::Catalog>, Status> {
        let call = Call::of(&request)?;
        let name = names::catalog("name", &request.get_ref().name)?;
        let served = self.0.catalog(&call, Role::ReadOnly, name)?;
        self.0
            .work(&call, &served, describe)
            .await
            .map(Response::new)
    }

    async fn get_catalog_stats(
        &self,
        request: Request<v1::GetCatalogStatsRequest>,
    ) -> Result<Response<v1::CatalogStats>, Status> {
        let call = Call::of(&request)?;
        let name = names::part("name", &request.get_ref().name, "stats")?;
        let served = self.0.catalog(&call, Role::ReadOnly, name)?;
        let count = |served: &Served| {
            let stats = served.catalog.stats().map_err(|error| of_error(&error))?;
            Ok(told(format!("catalogs/{}/stats", served.name), &stats))
        };
        self.0.work(&call, &served, count).await.map(Response::new)
    }
}

fn describe(served: &Served) -> Result<v1::Catalog, Status> {
    let space = served.catalog.space().map_err(|error| of_error(&error))?;
    let health = served.catalog.health();
    Ok(v1::Catalog {
        name: format!("catalogs/{}", served.name),
        space: Some(space_told(&space)),
        read_only: served.read_only,
        indexing: Some(task(&health.indexing)),
        learning: Some(task(&health.learning)),
    })
}

fn space_told(space: &Space) -> v1::Space {
    v1::Space {
        model: space.model.clone(),
        fingerprint: space.fingerprint.clone(),
        dimensions: space.dimensions as i32,
    }
}

fn task(state: &TaskState) -> v1::BackgroundTask {
    let (state, failures) = match state {
        TaskState::Idle => (State::Idle, 0),
        TaskState::Working => (State::Working, 0),
        TaskState::Retrying { failures, .. } => (State::Retrying, *failures),
        _ => (State::Unspecified, 0),
    };
    v1::BackgroundTask {
        state: state.into(),
        failures: failures as i32,
    }
}

fn method(method: Method) -> i32 {
    let told = match method {
        Method::Auto => v1::Method::Auto,
        Method::ZeroShot => v1::Method::ZeroShot,
        Method::Neighbors => v1::Method::Neighbors,
        Method::Head => v1::Method::Head,
        Method::Pictures => v1::Method::Pictures,
    };
    told.into()
}

fn told(name: String, stats: &Stats) -> v1::CatalogStats {
    let segments = stats.segments.iter().map(|segment| v1::Segment {
        number: segment.number as i32,
        products: segment.products as i64,
        dead: segment.dead as i64,
    });
    let moving = stats.moving_to.as_ref();
    v1::CatalogStats {
        name,
        products: stats.products as i64,
        labelled: stats.labelled as i64,
        decided: stats.decided as i64,
        categories: stats.categories as i64,
        leaves: stats.leaves as i64,
        levels: stats.levels as i32,
        live: stats.live as i64,
        segments: segments.collect(),
        bytes: stats.bytes as i64,
        tuned_recall: stats.tuned.map(|(_, recall)| recall),
        familiarity: stats.familiarity,
        moving_to: moving.map(|(space, _)| space_told(space)),
        moved: moving.map_or(0, |(_, moved)| *moved as i64),
        space: Some(space_told(&stats.space)),
        calibrated: stats.calibrated.iter().map(|one| method(*one)).collect(),
        tuned_ef: stats.tuned.map(|(ef, _)| i64::from(ef)),
    }
}
