//! Sharded catalogs.

use std::path::PathBuf;
use std::time::Duration;

use assort_replica::sharded::{Commit, Shard, Sharded as AssortSharded, Version};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::catalog::Catalog;
use crate::error::{invalid, raised};
use crate::pack::Pack;
use crate::work::{followed, same_process};

/// A sharded catalog, and the process that opened it. Shards are texts, as tasks tell them
/// to whoever commits.
#[pyclass(frozen, module = "assort._assort")]
pub(crate) struct Sharded(AssortSharded, u32);

#[pymethods]
impl Sharded {
    #[new]
    fn new(url: &str) -> PyResult<Self> {
        let sharded = AssortSharded::open(url).map_err(raised)?;
        Ok(Self(sharded, std::process::id()))
    }

    /// Sends a catalog as a shard.
    #[pyo3(signature = (catalog, part, attempt, pack=None, rejected=0))]
    fn put(
        &self,
        py: Python<'_>,
        catalog: &Catalog,
        part: u64,
        attempt: &str,
        pack: Option<&Pack>,
        rejected: u64,
    ) -> PyResult<String> {
        let (sharded, catalog) = (self.here()?, catalog.here()?);
        let pack = pack.map(|pack| pack.opened().digest());
        let shard = followed(py, None, |observer| {
            sharded.put(catalog, part, attempt, pack, observer)
        })?;
        Ok(Shard { rejected, ..shard }.encode())
    }

    /// Sends a pack, unless it is there.
    fn put_pack(&self, py: Python<'_>, pack: &Pack) -> PyResult<()> {
        let sharded = self.here()?;
        followed(py, None, |observer| {
            sharded.put_pack(pack.opened(), observer)
        })
    }

    /// Names shards in a new version.
    fn commit<'py>(
        &self,
        py: Python<'py>,
        shards: Vec<String>,
        job: &str,
        append: bool,
    ) -> PyResult<Bound<'py, PyDict>> {
        let sharded = self.here()?;
        let how = match append {
            true => Commit::Append,
            false => Commit::Replace,
        };
        let shards = shards.iter().map(|shard| decoded(shard));
        let shards = shards.collect::<PyResult<Vec<Shard>>>()?;
        let version = followed(py, None, |_| sharded.commit(shards, job, how))?;
        told(py, &version)
    }

    fn versions(&self, py: Python<'_>) -> PyResult<Vec<u64>> {
        let sharded = self.here()?;
        followed(py, None, |_| sharded.versions())
    }

    fn version<'py>(&self, py: Python<'py>, number: u64) -> PyResult<Bound<'py, PyDict>> {
        let sharded = self.here()?;
        let version = followed(py, None, |_| sharded.version(number))?;
        told(py, &version)
    }

    /// The copy of a shard in a folder.
    fn fetch(&self, py: Python<'_>, shard: &str, cache: PathBuf) -> PyResult<PathBuf> {
        let (sharded, shard) = (self.here()?, decoded(shard)?);
        followed(py, None, |observer| sharded.fetch(&shard, &cache, observer))
    }

    /// Makes one catalog of a version; gives its products, and how many gave way.
    fn assemble(
        &self,
        py: Python<'_>,
        number: u64,
        cache: PathBuf,
        directory: PathBuf,
    ) -> PyResult<(u64, u64)> {
        let sharded = self.here()?;
        let report = followed(py, None, |observer| {
            let version = sharded.version(number)?;
            sharded.assemble(&version, &cache, &directory, observer)
        })?;
        Ok((report.products, report.replaced))
    }

    /// Removes what no version names; gives versions, shards, objects and bytes.
    fn gc(
        &self,
        py: Python<'_>,
        keep: usize,
        seconds: f64,
    ) -> PyResult<(usize, usize, usize, u64)> {
        let sharded = self.here()?;
        let age = Duration::try_from_secs_f64(seconds);
        let age = age.map_err(|_| invalid(format!("{seconds} seconds are no age")))?;
        let report = followed(py, None, |_| sharded.gc(keep, age))?;
        Ok((report.versions, report.shards, report.objects, report.bytes))
    }
}

impl Sharded {
    fn here(&self) -> PyResult<&AssortSharded> {
        same_process(self.1, "sharded catalog")?;
        Ok(&self.0)
    }
}

fn decoded(shard: &str) -> PyResult<Shard> {
    Shard::decode(shard).map_err(invalid)
}

fn told<'py>(py: Python<'py>, version: &Version) -> PyResult<Bound<'py, PyDict>> {
    let told = PyDict::new(py);
    told.set_item("number", version.number)?;
    told.set_item("job", &version.job)?;
    told.set_item("products", version.products())?;
    told.set_item("rejected", version.rejected())?;
    told.set_item("pack", version.pack().map(|pack| format!("{pack:032x}")))?;
    let shards = version.shards.iter().map(Shard::encode);
    told.set_item("shards", shards.collect::<Vec<_>>())?;
    Ok(told)
}
