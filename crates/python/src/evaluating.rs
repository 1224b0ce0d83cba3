//! What evaluations find, as Python has it.

use assort::core::Spread;
use assort::{CrossValidation, Evaluation, Fold};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Adds the figures of an evaluation to what is told.
pub(crate) fn add_figures(told: &Bound<'_, PyDict>, found: &Evaluation) -> PyResult<()> {
    let scores = &found.report.scores;
    told.set_item("products", found.report.products)?;
    told.set_item("coverage", found.report.coverage)?;
    told.set_item("accuracy", scores.accuracy)?;
    told.set_item("balanced_accuracy", scores.balanced_accuracy)?;
    told.set_item("weighted_f1", scores.weighted_f1)?;
    told.set_item("macro_f1", scores.macro_f1)?;
    told.set_item("hierarchical_f1", found.report.hierarchical_f1)?;
    told.set_item("ece", found.confidence.ece)?;
    told.set_item("is_calibrated", found.is_calibrated)
}

/// Adds what is known of the parts of a cross-validation.
pub(crate) fn add_folds(told: &Bound<'_, PyDict>, parts: &CrossValidation) -> PyResult<()> {
    let py = told.py();
    let folds = parts.folds.iter().map(|fold| {
        let told = PyDict::new(py);
        told.set_item("labels", fold.labels)?;
        told.set_item("products", fold.products)?;
        for (name, figure) in Fold::FIGURES {
            told.set_item(name, figure(fold))?;
        }
        PyResult::Ok(told)
    });
    let over_folds = PyDict::new(py);
    for (name, figure) in Fold::FIGURES {
        over_folds.set_item(name, spread(py, parts.spread(figure))?)?;
    }
    told.set_item("over_folds", over_folds)?;
    told.set_item("folds", folds.collect::<PyResult<Vec<_>>>()?)?;
    told.set_item("sparse_categories", parts.sparse_categories)?;
    told.set_item("sparse_products", parts.sparse_products)?;
    told.set_item("taught", parts.taught)
}

fn spread(py: Python<'_>, spread: Spread) -> PyResult<Bound<'_, PyDict>> {
    let told = PyDict::new(py);
    told.set_item("mean", spread.mean)?;
    told.set_item("std", spread.deviation)?;
    Ok(told)
}
