//! `assort classify` on a server.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use assort::core::{Decision, Product, Taxonomy, UnknownTexts};
use assort::{ClassifyOptions, ErrorKind};
use assort_client::{Error, Filed, v1};

use super::Remote;
use super::values::{UnknownCategory, method};
use crate::args::{Classify, Global};
use crate::commands::classify::{Filing, refuse_own_output, run_by};
use crate::failure::{Failure, Outcome};
use crate::files::CurrentName;
use crate::hints;
use crate::progress::Console;
use crate::rejects::Rejects;

/// Products of a file that are filed together: what a call of a server takes.
const GROUP: usize = 1_000;

pub(super) fn run(args: &Classify, remote: Remote, global: &Global) -> Outcome {
    refuse_own_output(args)?;
    #[cfg(feature = "pictures")]
    if let Some(option) = args.place.given() {
        return Err(Failure::Usage(hints::option_not_on_a_server(option)));
    }
    let options = args.deciding.options();
    let filing = Served {
        options: v1::ClassifyOptions {
            top: i32::try_from(args.shown()).unwrap_or(i32::MAX),
            explain: args.explain,
            ..told(&options)
        },
        method: options.method,
        keeps: args.apply,
        remote,
        kept: AtomicUsize::new(0),
        titles: OnceLock::new(),
    };
    run_by(&filing, args, &mut Console::new(global.quiet))
}

fn told(options: &ClassifyOptions) -> v1::ClassifyOptions {
    v1::ClassifyOptions {
        method: method(options.method).into(),
        min_confidence: options.min_confidence,
        target_precision: options.target_precision,
        set_coverage: options.set_coverage,
        ..v1::ClassifyOptions::default()
    }
}

/// A catalog of a server that files.
struct Served {
    remote: Remote,
    options: v1::ClassifyOptions,
    method: assort::core::Method,
    /// Whether decisions are kept as soon as they are made.
    keeps: bool,
    /// How many were kept and not told of yet.
    kept: AtomicUsize,
    /// Titles of the products that have no label.
    titles: OnceLock<HashMap<String, String>>,
}

impl Served {
    fn filed(
        &self,
        filed: impl Future<Output = assort_client::Result<Filed>>,
    ) -> Result<Vec<Decision>, Failure> {
        let filed = self.remote.until_stopped(filed);
        let filed = filed.ok_or_else(|| Failure::Stopped("stopped".to_owned()))?;
        let filed = filed.map_err(|error| self.failure(&error))?;
        self.kept.fetch_add(filed.kept as usize, Ordering::Relaxed);
        self.remote.with_tree(|tree| {
            let decisions = filed.decisions.iter().map(|told| tree.decision(told));
            decisions.collect::<Result<_, UnknownCategory>>()
        })
    }

    fn failure(&self, error: &Error) -> Failure {
        match error.kind() {
            ErrorKind::Precondition => {
                let said = error.to_string();
                let told = hints::method_not_ready(&said, self.method, &self.remote.named());
                Failure::of(error.kind(), told)
            }
            _ => self.remote.failure(error),
        }
    }
}

impl Filing for Served {
    fn taxonomy(&self) -> Result<Arc<Taxonomy>, Failure> {
        Ok(self.remote.tree()?.0)
    }

    fn group(&self) -> Result<usize, Failure> {
        Ok(GROUP)
    }

    fn file(&self, products: &[Product]) -> Result<Vec<Decision>, Failure> {
        let catalog = &self.remote.catalog;
        self.filed(catalog.classify(products, &self.options, self.keeps))
    }

    /// They were kept when they were made.
    fn keep(&self, _: &[Product], _: &[Decision]) -> Result<usize, Failure> {
        Ok(self.kept.swap(0, Ordering::Relaxed))
    }

    fn unlabelled(&self) -> Result<Vec<String>, Failure> {
        let all = self.remote.catalog.products();
        let all = self
            .remote
            .wait(all.fields(["id", "title", "label"]).all())?;
        let unlabelled = all.into_iter().filter(|found| found.label.is_none());
        let unlabelled: Vec<Product> = unlabelled.map(|found| found.product).collect();
        let ids = unlabelled
            .iter()
            .map(|product| product.id.clone())
            .collect();
        let titles = unlabelled
            .into_iter()
            .map(|product| (product.id, product.title));
        self.titles.get_or_init(|| titles.collect());
        Ok(ids)
    }

    fn judge(&self, ids: &[String]) -> Result<(Vec<Product>, Vec<Decision>), Failure> {
        let catalog = &self.remote.catalog;
        let decisions = self.filed(catalog.classify_stored(ids, &self.options, self.keeps))?;
        let title = |id: &String| self.titles.get().and_then(|titles| titles.get(id));
        let products = ids.iter().map(|id| Product {
            id: id.clone(),
            title: title(id).cloned().unwrap_or_default(),
            ..Product::default()
        });
        Ok((products.collect(), decisions))
    }

    /// The server alone has the embedder.
    fn look(&self, _: &[Product], _: &mut UnknownTexts) -> Result<(), Failure> {
        Ok(())
    }

    fn rejects(&self, named: Option<&Path>, name: CurrentName) -> Rejects {
        Rejects::listed_or_shown(named, name)
    }
}
