//! `AdminService`

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use assort::copies::CopyOptions;
use assort::core::{Source, Weights};
use assort::{Adoption, Catalog, DistillOptions, DistillReport, Observer, ProblemKind, TrainHeads};
use assort_proto::longrunning::Operation;
use assort_proto::v1;
use assort_proto::v1::admin_service_server::AdminService;
use assort_proto::v1::distill_student_response::Accuracy;
use prost::{Message, Name};
use tonic::{Request, Response, Status};

use crate::access::Role;
use crate::call::Call;
use crate::limits::positive;
use crate::names;
use crate::reason::{Reason, Refusal, refuse};
use crate::served::{Embedders, OpenEmbedder, Served, Shared};

/// Recall that is tuned for, and products to measure with, unless told otherwise.
const RECALL: f64 = 0.95;
const QUERIES: usize = 1_000;

/// Long work on catalogs.
pub(crate) struct Admin(pub(crate) Arc<Shared>);

#[tonic::async_trait]
impl AdminService for Admin {
    async fn train_head(
        &self,
        request: Request<v1::TrainHeadRequest>,
    ) -> Result<Response<Operation>, Status> {
        let (call, request) = (Call::of(&request)?, request.into_inner());
        let served = self.served(&call, &request.name)?;
        let options = TrainHeads::default()
            .with_count(positive("heads", request.heads)?)
            .with_epochs(positive("epochs", request.epochs)?)
            .with_seed(request.seed);
        let only_validate = request.validate_only;
        let begin = self.begin(
            &served,
            "TrainHead",
            only_validate,
            move |catalog, observer| {
                let report = catalog.train(&options, observer)?;
                Ok(v1::TrainHeadResponse {
                    labels: report.labels as i64,
                    categories: report.categories as i64,
                    held_out: report.held_out as i64,
                    head_accuracy: report.head_accuracy,
                    accuracy: report.accuracy,
                    accuracy_without: report.accuracy_without,
                    in_force: report.in_force,
                    contents: report.contents as i64,
                    attributes: report.attributes as i64,
                    features: report.features as i64,
                    bytes: report.bytes as i64,
                    weights: weights(&report.weights),
                })
            },
        );
        let begun = served.remembered.once(&request.request_id, &request, begin);
        begun.await.map(Response::new)
    }

    async fn distill_student(
        &self,
        request: Request<v1::DistillStudentRequest>,
    ) -> Result<Response<Operation>, Status> {
        let (call, request) = (Call::of(&request)?, request.into_inner());
        let served = self.served(&call, &request.name)?;
        let mut options = DistillOptions::default().with_start(served.start.clone());
        if let Some(sample) = positive("sample", request.sample)? {
            options = options.with_sample(sample);
        }
        if let Some(quality) = request.min_quality {
            options = options.with_min_quality(quality);
        }
        let teacher = Arc::clone(&served.teacher);
        let only_validate = request.validate_only;
        let begin = self.begin(
            &served,
            "DistillStudent",
            only_validate,
            move |catalog, observer| {
                let outcome = catalog.distill_and_adopt(&teacher(catalog)?, &options, observer)?;
                let report = outcome.made.report;
                let adopted = matches!(
                    outcome.adoption,
                    Adoption::Moved(_) | Adoption::AlreadyThere
                );
                Ok(distilled(&report, adopted))
            },
        );
        let begun = served.remembered.once(&request.request_id, &request, begin);
        begun.await.map(Response::new)
    }

    async fn compact_catalog(
        &self,
        request: Request<v1::CompactCatalogRequest>,
    ) -> Result<Response<Operation>, Status> {
        let served = self.served(&Call::of(&request)?, &request.get_ref().name)?;
        let begun = self.begin(&served, "CompactCatalog", false, |catalog, observer| {
            let saved = catalog.compact(observer)?;
            Ok(v1::CompactCatalogResponse {
                saved_bytes: saved as i64,
            })
        });
        begun.await.map(Response::new)
    }

    async fn seal_catalog(
        &self,
        request: Request<v1::SealCatalogRequest>,
    ) -> Result<Response<Operation>, Status> {
        let served = self.served(&Call::of(&request)?, &request.get_ref().name)?;
        let begun = self.begin(&served, "SealCatalog", false, |catalog, observer| {
            catalog.wait_until_indexed(observer)?;
            Ok(v1::SealCatalogResponse {})
        });
        begun.await.map(Response::new)
    }

    async fn tune_catalog(
        &self,
        request: Request<v1::TuneCatalogRequest>,
    ) -> Result<Response<Operation>, Status> {
        let (call, request) = (Call::of(&request)?, request.into_inner());
        let served = self.served(&call, &request.name)?;
        let recall = request.recall.unwrap_or(RECALL);
        if !(0.0..=1.0).contains(&recall) {
            let what = format!("`recall` is {recall}, and lies between 0 and 1");
            return Err(Refusal::of_field("recall", what).status());
        }
        let queries = positive("queries", request.queries)?.unwrap_or(QUERIES);
        let only_validate = request.validate_only;
        let begun = self.begin(
            &served,
            "TuneCatalog",
            only_validate,
            move |catalog, observer| {
                let tuning = catalog.tune(recall, queries, observer)?;
                Ok(v1::TuneCatalogResponse {
                    ef: tuning.ef as i64,
                    recall: tuning.recall,
                    queries: tuning.queries as i64,
                    slack: Some(tuning.slack).filter(|slack| slack.is_finite()),
                })
            },
        );
        begun.await.map(Response::new)
    }

    async fn reembed_catalog(
        &self,
        request: Request<v1::ReembedCatalogRequest>,
    ) -> Result<Response<Operation>, Status> {
        let (call, request) = (Call::of(&request)?, request.into_inner());
        let served = self.served(&call, &request.name)?;
        let open = self.embedder(&request.embedder)?;
        let only_validate = request.validate_only;
        let begin = self.begin(
            &served,
            "ReembedCatalog",
            only_validate,
            move |catalog, observer| {
                let (embedder, spec) = open()?;
                let report = catalog.reembed(embedder, &spec, observer)?;
                if report.stopped {
                    return Err(assort::Error::Interrupted);
                }
                catalog.wait_until_indexed(observer)?;
                catalog.prepare(observer)?;
                Ok(v1::ReembedCatalogResponse {
                    products: report.products as i64,
                    embedded: report.embedded as i64,
                })
            },
        );
        let begun = served.remembered.once(&request.request_id, &request, begin);
        begun.await.map(Response::new)
    }

    async fn backup_catalog(
        &self,
        request: Request<v1::BackupCatalogRequest>,
    ) -> Result<Response<Operation>, Status> {
        let (call, request) = (Call::of(&request)?, request.into_inner());
        let name = names::catalog("name", &request.name)?;
        // Also of a catalog that is served for reading only.
        let served = self.0.catalog(&call, Role::Admin, name)?;
        let to = self.backup(&request.backup)?;
        let only_validate = request.validate_only;
        let begin = self.begin(
            &served,
            "BackupCatalog",
            only_validate,
            move |catalog, observer| {
                let report = catalog.backup(&to, CopyOptions::default(), observer)?;
                Ok(v1::BackupCatalogResponse {
                    commit: report.commit as i64,
                    size_bytes: report.size as i64,
                    copied_bytes: report.bytes as i64,
                })
            },
        );
        let begun = served.remembered.once(&request.request_id, &request, begin);
        begun.await.map(Response::new)
    }

    async fn check_catalog(
        &self,
        request: Request<v1::CheckCatalogRequest>,
    ) -> Result<Response<Operation>, Status> {
        let (call, request) = (Call::of(&request)?, request.into_inner());
        let served = match request.repair {
            true => self.served(&call, &request.name)?,
            false => {
                let name = names::catalog("name", &request.name)?;
                self.0.catalog(&call, Role::Admin, name)?
            }
        };
        let begun = self.begin(&served, "CheckCatalog", false, move |catalog, observer| {
            let repaired = match request.repair {
                true => catalog.repair(observer)?,
                false => 0,
            };
            Ok(v1::CheckCatalogResponse {
                problems: catalog.check()?.iter().map(problem).collect(),
                repaired: repaired as i64,
            })
        });
        begun.await.map(Response::new)
    }
}

impl Admin {
    /// The catalog of a request that writes.
    fn served(&self, call: &Call, name: &str) -> Result<Arc<Served>, Status> {
        let name = names::catalog("name", name)?;
        self.0.writable(call, Role::Admin, name)
    }

    /// What opens an embedder that the operator named.
    fn embedder(&self, name: &str) -> Result<OpenEmbedder, Status> {
        let Embedders(known) = &self.0.embedders;
        known.get(name).cloned().ok_or_else(|| {
            let names: Vec<&str> = known.keys().map(String::as_str).collect();
            let known = match names.as_slice() {
                [] => "none".to_owned(),
                names => format!("`{}`", names.join("`, `")),
            };
            let what = format!(
                "catalogs of this server cannot be moved to the embedder `{name}`; its operator named {known}"
            );
            Refusal::of_field("embedder", what).status()
        })
    }

    /// The directory of a backup.
    fn backup(&self, name: &str) -> Result<PathBuf, Status> {
        if !names::is_catalog(name) {
            let what = format!(
                "`backup` is `{name}`, and a name has letters, digits, `-`, `_` and `.` alone"
            );
            return Err(Refusal::of_field("backup", what).status());
        }
        match &self.0.backups {
            Some(folder) => Ok(folder.join(name)),
            None => {
                let what = "the operator of this server named no folder of backups";
                Err(refuse(Reason::Precondition, what).status())
            }
        }
    }

    /// What begins an operation, or checks only that it could begin.
    fn begin<R, W>(
        &self,
        served: &Arc<Served>,
        method: &'static str,
        only_validate: bool,
        work: W,
    ) -> impl Future<Output = Result<Operation, Status>> + Send + use<R, W>
    where
        R: Message + Name,
        W: FnOnce(&Catalog, &mut dyn Observer) -> assort::Result<R> + Send + 'static,
    {
        let (shared, served) = (Arc::clone(&self.0), Arc::clone(served));
        async move {
            if only_validate {
                served.operations.check_free()?;
                return Ok(Operation {
                    done: true,
                    ..Operation::default()
                });
            }
            let operations = served.operations.clone();
            let stopping = shared.stopping.clone();
            operations.begin(method, stopping, move |observer| {
                work(&served.catalog, observer)
            })
        }
    }
}

fn problem(problem: &assort::Problem) -> v1::Problem {
    use v1::problem::Kind;
    let kind = match problem.kind {
        ProblemKind::Checksums => Kind::Checksums,
        ProblemKind::Store => Kind::Store,
        ProblemKind::Product(_) => Kind::Product,
        ProblemKind::Segment => Kind::Segment,
        ProblemKind::Index => Kind::Index,
        ProblemKind::Labels => Kind::Labels,
        ProblemKind::Pictures => Kind::Pictures,
        _ => Kind::Unspecified,
    };
    let product_id = match &problem.kind {
        ProblemKind::Product(id) => id.clone(),
        _ => String::new(),
    };
    v1::Problem {
        kind: kind.into(),
        what: problem.what.clone(),
        product_id,
    }
}

fn weights(weights: &Weights) -> HashMap<String, f32> {
    let all = Source::ALL.into_iter();
    all.map(|source| (source.as_str().to_owned(), weights.of(source)))
        .collect()
}

fn distilled(report: &DistillReport, adopted: bool) -> v1::DistillStudentResponse {
    let accuracy = report.accuracy.map(|accuracy| Accuracy {
        zero_shot_teacher: accuracy.zero_shot_teacher,
        zero_shot_student: accuracy.zero_shot_student,
        zero_shot_mixed: accuracy.zero_shot_mixed,
        neighbor_teacher: accuracy.neighbor_teacher,
        neighbor_student: accuracy.neighbor_student,
    });
    v1::DistillStudentResponse {
        learned: report.learned as i64,
        held_out: report.held_out as i64,
        cosine: report.cosine,
        overlap: report.overlap,
        bytes: report.size as i64,
        adopted,
        taught: report.taught as i64,
        rounding: report.rounding,
        accuracy,
        left: report.left,
        queries: report.queries.as_str().to_owned(),
        rate: report.rate,
        seconds: report.seconds,
    }
}
