//! `ClassificationService`

use std::sync::Arc;

use assort::core::Product;
use assort::{Catalog, ClassifyOptions};
use assort_proto::v1::classification_service_server::ClassificationService;
use assort_proto::v1::stream_classify_products_request::{Message, Rows};
use assort_proto::v1::stream_classify_products_response::RowDecision;
use assort_proto::{picture, v1};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use crate::access::Role;
use crate::call::Call;
use crate::decisions::{self, Asked, Filed};
use crate::limits::check_batch;
use crate::names;
use crate::reason::{Refusal, of_error};
use crate::served::{Served, Shared, Turn};
use crate::services::rows::{Numbers, no_rows, not_opened, rejected};
use crate::services::{message, stopping};
use crate::values;

/// Answers that wait for their reader.
const ANSWERS: usize = 4;

/// Filing products.
pub(crate) struct Classification(pub(crate) Arc<Shared>);

#[tonic::async_trait]
impl ClassificationService for Classification {
    async fn classify_products(
        &self,
        request: Request<v1::ClassifyProductsRequest>,
    ) -> Result<Response<v1::ClassifyProductsResponse>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let name = names::catalog("parent", &request.parent)?;
        let served = match request.keep {
            true => self.0.writable(&call, Role::ReadWrite, name)?,
            false => self.0.catalog(&call, Role::ReadOnly, name)?,
        };
        let options = request.options.unwrap_or_default();
        let parsed = decisions::options(&options)?;
        if !request.names.is_empty() && !request.products.is_empty() {
            let what = "`products` and `names` are both given; give one of them";
            return Err(Refusal::of_field("names", what).status());
        }
        let (ids, filed) = if request.names.is_empty() {
            check_batch("products", request.products.len())?;
            let products = products(request.products)?;
            let ids: Vec<String> = products.iter().map(|product| product.id.clone()).collect();
            let filed = ask(&self.0, &call, &served, products, &options, &parsed).await?;
            (ids, filed)
        } else {
            check_batch("names", request.names.len())?;
            let ids = ids(&served, &request.names)?;
            let (asked, how) = (ids.clone(), parsed.clone());
            let work = move |served: &Served| stored(served, &asked, &how);
            (ids, self.0.work(&call, &served, work).await?)
        };
        let (told, kept) = match request.keep {
            true => {
                let turn = Turn::beside_others(&served, &call).await?;
                let keep = move |served: &Served| {
                    let _turn = turn;
                    keep(&served.catalog, &ids, filed, &parsed)
                };
                self.0.work(&call, &served, keep).await?
            }
            false => (filed.into_iter().map(|filed| filed.told).collect(), 0),
        };
        Ok(Response::new(v1::ClassifyProductsResponse {
            decisions: told,
            kept,
        }))
    }

    type StreamClassifyProductsStream =
        ReceiverStream<Result<v1::StreamClassifyProductsResponse, Status>>;

    async fn stream_classify_products(
        &self,
        request: Request<Streaming<v1::StreamClassifyProductsRequest>>,
    ) -> Result<Response<Self::StreamClassifyProductsStream>, Status> {
        let call = Call::of(&request)?;
        let mut messages = request.into_inner();
        let first = message(&mut messages)
            .await?
            .and_then(|first| first.message);
        let Some(Message::Open(open)) = first else {
            return Err(not_opened());
        };
        let name = names::catalog("parent", &open.parent)?;
        let served = self.0.catalog(&call, Role::ReadOnly, name)?;
        let options = open.options.unwrap_or_default();
        let stream = Stream {
            parsed: decisions::options(&options)?,
            options,
            call,
            served,
            shared: Arc::clone(&self.0),
            numbers: Numbers::default(),
        };
        let (answers, receiver) = mpsc::channel(ANSWERS);
        tokio::spawn(stream.run(messages, answers));
        Ok(Response::new(ReceiverStream::new(receiver)))
    }
}

/// A stream of products that are filed as they come.
struct Stream {
    shared: Arc<Shared>,
    served: Arc<Served>,
    call: Call,
    options: v1::ClassifyOptions,
    parsed: ClassifyOptions,
    numbers: Numbers,
}

type Answer = Result<v1::StreamClassifyProductsResponse, Status>;

impl Stream {
    /// Answers one message after the other, until there are no more or nobody reads.
    async fn run(
        mut self,
        mut messages: Streaming<v1::StreamClassifyProductsRequest>,
        answers: mpsc::Sender<Answer>,
    ) {
        let mut stops = self.shared.stopping.clone();
        loop {
            let next = tokio::select! {
                next = message(&mut messages) => next,
                stopped = stopping(&mut stops) => Err(stopped),
            };
            let answer = match next {
                Ok(None) => return,
                Ok(Some(message)) => match message.message {
                    Some(Message::Rows(rows)) => self.answer(rows).await,
                    _ => Err(no_rows()),
                },
                Err(status) => Err(status),
            };
            let ended = answer.is_err();
            if answers.send(answer).await.is_err() || ended {
                return;
            }
        }
    }

    async fn answer(&mut self, rows: Rows) -> Answer {
        let numbers = self.numbers.take(rows.first_row, rows.products.len())?;
        let mut answer = v1::StreamClassifyProductsResponse::default();
        let (mut taken, mut products) = (Vec::new(), Vec::new());
        for (row, given) in numbers.zip(rows.products) {
            let id = given.id.clone();
            match values::product(given, false) {
                Ok(product) => {
                    taken.push(row);
                    products.push(product);
                }
                Err(wrong) => answer.rejected.push(rejected(row, id, wrong)),
            }
        }
        if !products.is_empty() {
            let filed = ask(
                &self.shared,
                &self.call,
                &self.served,
                products,
                &self.options,
                &self.parsed,
            );
            let decisions = taken.into_iter().zip(filed.await?);
            answer.decisions = decisions
                .map(|(row, filed)| RowDecision {
                    row,
                    decision: Some(filed.told),
                })
                .collect();
        }
        Ok(answer)
    }
}

/// Files products together with those of others; alone where their pictures are fetched.
async fn ask(
    shared: &Shared,
    call: &Call,
    served: &Arc<Served>,
    products: Vec<Product>,
    options: &v1::ClassifyOptions,
    parsed: &ClassifyOptions,
) -> Result<Vec<Filed>, Status> {
    let size = products.len();
    let mut images = products.iter().filter_map(|one| one.image.as_deref());
    let is_fetched = served.fetches_pictures && images.any(picture::is_on_the_web);
    let asked = Asked {
        products,
        options: *options,
        parsed: parsed.clone(),
    };
    if !is_fetched {
        return served.filing.ask(asked, size, call.deadline).await;
    }
    let alone = move |served: &Served| decisions::file_alone(&served.filer, &served.name, &asked);
    shared.fetch(call, served, alone).await
}

/// Files products of the catalog.
fn stored(
    served: &Served,
    ids: &[String],
    options: &ClassifyOptions,
) -> Result<Vec<Filed>, Status> {
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    decisions::file_stored(&served.filer, &served.name, &ids, options)
}

/// Keeps decisions in the catalog.
fn keep(
    catalog: &Catalog,
    ids: &[String],
    filed: Vec<Filed>,
    options: &ClassifyOptions,
) -> Result<(Vec<v1::Decision>, i64), Status> {
    let decisions = filed.iter().map(|filed| &filed.decision);
    let kept = catalog
        .apply(
            options.method,
            ids.iter().map(String::as_str).zip(decisions),
        )
        .map_err(|error| of_error(&error))?;
    Ok((
        filed.into_iter().map(|filed| filed.told).collect(),
        kept as i64,
    ))
}

fn ids(served: &Served, names: &[String]) -> Result<Vec<String>, Status> {
    let ids = (0..)
        .zip(names)
        .map(|(at, name)| names::product_of(&format!("names[{at}]"), name, &served.name));
    ids.collect()
}

/// Products of a request; one that cannot be filed refuses all of them.
fn products(given: Vec<v1::Product>) -> Result<Vec<Product>, Status> {
    let mut products = Vec::with_capacity(given.len());
    let mut refusal: Option<Refusal> = None;
    for (at, given) in given.into_iter().enumerate() {
        match values::product(given, false) {
            Ok(product) => products.push(product),
            Err(wrong) => refusal = Some(wrong.among("products", at, refusal)),
        }
    }
    refusal.map_or(Ok(products), |refusal| Err(refusal.status()))
}
