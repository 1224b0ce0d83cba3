//! Sharded catalogs: what tasks send is there once, whoever is killed or tries again.

use std::path::Path as FilePath;
use std::sync::Arc;
use std::time::Duration;

use assort::core::{Embedder, Space, Taxonomy};
use assort::{Catalog, Error, Query, Search};
use assort_replica::sharded::{Commit, Shard, Sharded, Version};
use assort_testkit::toy::Toy;
use axum::http::StatusCode;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use tempfile::TempDir;
use tokio_stream::StreamExt;

use crate::common::products;
use crate::s3::S3;

/// Products of a shard.
const EACH: usize = 40;

fn toy() -> Arc<Toy> {
    Arc::new(Toy::new("a"))
}

fn part(place: &FilePath, name: &str, number: u64) -> Catalog {
    let taxonomy = Taxonomy::from_paths(["Kitchen > Kettles", "Kitchen > Knives"]).unwrap();
    let catalog = Catalog::create(place.join(name), &taxonomy, toy(), "toy").unwrap();
    let catalog = catalog.with_live_limit(20);
    catalog.put(products(number as usize * EACH, EACH)).unwrap();
    catalog
}

/// A place for shards, and one for catalogs.
struct Job {
    sharded: Sharded,
    store: Arc<InMemory>,
    place: TempDir,
}

impl Job {
    fn new() -> Self {
        let store = Arc::new(InMemory::new());
        Self {
            sharded: Sharded::on("memory:///all", store.clone(), Path::from("all")).unwrap(),
            store,
            place: tempfile::tempdir().unwrap(),
        }
    }

    fn put(&self, number: u64, attempt: &str) -> Shard {
        let catalog = part(self.place.path(), &format!("{number}-{attempt}"), number);
        self.sharded
            .put(&catalog, number, attempt, None, &mut ())
            .unwrap()
    }

    fn assembled(&self, version: &Version) -> Catalog {
        assembled(&self.sharded, version, &self.place.path().join("cache"))
    }

    /// How many objects there are.
    fn objects(&self) -> usize {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let listed = async { self.store.list(None).collect::<Vec<_>>().await };
        runtime.block_on(listed).len()
    }
}

fn assembled(sharded: &Sharded, version: &Version, cache: &FilePath) -> Catalog {
    let directory = cache.join(format!("version {}", version.number));
    let report = sharded
        .assemble(version, cache, &directory, &mut ())
        .unwrap();
    assert_eq!(report.products, version.products());
    sharded.sweep(&[version], cache);
    let catalog = Catalog::open_read_only(directory).unwrap();
    assert_eq!(catalog.check().unwrap(), []);
    catalog.with_embedder(toy()).unwrap()
}

fn ids(catalog: &Catalog) -> Vec<String> {
    let mut ids = catalog.ids(None, usize::MAX).unwrap();
    ids.sort_unstable();
    ids
}

fn wanted(parts: impl IntoIterator<Item = u64>) -> Vec<String> {
    let parts = parts.into_iter();
    let all = parts.flat_map(|number| products(number as usize * EACH, EACH));
    let mut ids: Vec<String> = all.map(|product| product.id).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn a_version_names_one_attempt_of_each_part_and_becomes_one_catalog() {
    let job = Job::new();
    assert_eq!(job.sharded.last().unwrap(), None);
    // The first attempt of part 1 was killed after it had sent all.
    job.put(1, "killed");
    let shards: Vec<Shard> = (0..3).map(|number| job.put(number, "a")).collect();
    let told: Vec<Shard> = shards
        .iter()
        .map(|s| Shard::decode(&s.encode()).unwrap())
        .collect();
    assert_eq!(told, shards);
    let version = job
        .sharded
        .commit(shards.clone(), "job", Commit::Replace)
        .unwrap();
    assert_eq!((version.number, version.products()), (1, 3 * EACH as u64));
    assert_eq!(job.sharded.last().unwrap(), Some(version.clone()));
    let catalog = job.assembled(&version);
    assert_eq!(ids(&catalog), wanted(0..3));
    let search = Search::new(Query::Text("kettle".to_owned())).with_top(1_000);
    let found = catalog.search(&search).unwrap().found;
    let mut found: Vec<String> = found
        .into_iter()
        .map(|one| one.product.product.id)
        .collect();
    found.sort_unstable();
    assert_eq!(found, wanted(0..3));
    // The driver asks again, since it heard no answer.
    let again = job.sharded.commit(shards, "job", Commit::Replace).unwrap();
    assert_eq!(again, version);
    let more = job.put(7, "a");
    let next = job
        .sharded
        .commit(vec![more], "job 2", Commit::Append)
        .unwrap();
    assert_eq!((next.number, next.shards.len()), (2, 4));
    assert_eq!(ids(&job.assembled(&next)), wanted([0, 1, 2, 7]));
    let there = || {
        std::fs::read_dir(job.place.path().join("cache/shards"))
            .unwrap()
            .count()
    };
    assert_eq!(there(), 4);
    job.sharded
        .sweep(&[&version], &job.place.path().join("cache"));
    assert_eq!(there(), 3);
    assert_eq!(job.sharded.version(1).unwrap(), version);
}

#[test]
fn what_does_not_belong_together_is_not_committed() {
    let job = Job::new();
    let refused = |shards: Vec<Shard>, what: &str| {
        let error = job
            .sharded
            .commit(shards, "job", Commit::Append)
            .unwrap_err();
        assert!(error.to_string().contains(what), "{error}");
        assert_eq!(job.sharded.last().unwrap(), None);
    };
    let (one, other) = (job.put(1, "a"), job.put(1, "b"));
    refused(vec![one.clone(), other], "two shards have part 1");
    let mut two = job.put(2, "a");
    two.taxonomy += 1;
    refused(vec![one.clone(), two.clone()], "another taxonomy");
    two.taxonomy -= 1;
    two.space.model = "another".to_owned();
    refused(vec![one.clone(), two.clone()], "other vectors");
    two.space = one.space.clone();
    two.digest += 1;
    refused(vec![one.clone(), two.clone()], "not as it was sent");
    two.digest -= 1;
    two.name = "000002-gone".to_owned();
    refused(vec![one.clone(), two], "000002-gone");
    let named = job
        .sharded
        .put(&part(job.place.path(), "x", 5), 5, "../x", None, &mut ());
    assert!(matches!(named, Err(Error::Argument(_))), "{named:?}");
    assert!(Shard::decode("{}").unwrap_err().contains("no shard"));
    let elsewhere = one.encode().replace("000001-a", "../000001");
    assert!(
        Shard::decode(&elsewhere)
            .unwrap_err()
            .contains("`../000001`")
    );
    assert_eq!(Space::from(one.space), *toy().space());
}

#[test]
fn jobs_that_commit_at_the_same_time_both_do_in_some_order() {
    let job = Job::new();
    let shards: Vec<Shard> = (0..6).map(|number| job.put(number, "a")).collect();
    std::thread::scope(|scope| {
        for shard in &shards {
            let sharded = &job.sharded;
            let name = format!("job {}", shard.part);
            scope.spawn(move || {
                sharded
                    .commit(vec![shard.clone()], &name, Commit::Append)
                    .unwrap()
            });
        }
    });
    let last = job.sharded.last().unwrap().unwrap();
    assert_eq!((last.number, last.shards.len()), (6, 6));
    assert_eq!(ids(&job.assembled(&last)), wanted(0..6));
}

#[test]
fn what_no_version_names_is_removed_and_all_else_stays() {
    let job = Job::new();
    let first = job.put(0, "a");
    job.sharded
        .commit(vec![first], "job", Commit::Replace)
        .unwrap();
    let second = job.put(1, "a");
    let last = job
        .sharded
        .commit(vec![second], "job 2", Commit::Replace)
        .unwrap();
    job.put(2, "lost");
    let strange = Path::from("all/notes.txt");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let put = job.store.put(&strange, PutPayload::from("mine"));
    runtime.block_on(put).unwrap();
    let before = job.objects();
    // A job that has not committed may have sent what is young.
    let report = job.sharded.gc(5, Duration::from_secs(3600)).unwrap();
    assert_eq!((report.objects, job.objects()), (0, before));
    let report = job.sharded.gc(5, Duration::ZERO).unwrap();
    assert_eq!((report.versions, report.shards), (0, 1));
    let report = job.sharded.gc(1, Duration::ZERO).unwrap();
    assert_eq!((report.versions, report.shards), (1, 1));
    assert!(report.bytes > 0);
    assert_eq!(job.sharded.versions().unwrap(), [2]);
    assert_eq!(ids(&job.assembled(&last)), wanted([1]));
    assert!(runtime.block_on(job.store.get(&strange)).is_ok());
    // A version that cannot be read may name anything.
    let name = Path::from("all/versions/0000000003.json");
    for (text, what) in [
        ("{}", "no version"),
        ("{\"layout\": 2}", "newer Assort"),
        (
            "{\"layout\": 1, \"number\": 2, \"job\": \"\", \"assort\": \"\", \"shards\": []}",
            "version 2",
        ),
    ] {
        let put = job.store.put(&name, PutPayload::from(text));
        runtime.block_on(put).unwrap();
        let refused = job.sharded.gc(1, Duration::ZERO).unwrap_err().to_string();
        assert!(
            refused.contains("0000000003.json") && refused.contains(what),
            "{refused}"
        );
    }
    assert_eq!(job.sharded.versions().unwrap(), [2, 3]);
}

#[test]
fn a_store_that_fails_now_and_then_gives_the_same_or_a_clean_error() {
    let place = tempfile::tempdir().unwrap();
    let s3 = S3::start();
    let sharded = s3.sharded();
    // Told to try again: the client does.
    s3.kept.lock().unwrap().refuse = Some((3, StatusCode::SERVICE_UNAVAILABLE));
    let shards: Vec<Shard> = (0..2)
        .map(|number| {
            let catalog = part(place.path(), &format!("a{number}"), number);
            sharded.put(&catalog, number, "a", None, &mut ()).unwrap()
        })
        .collect();
    let version = sharded.commit(shards, "job", Commit::Replace).unwrap();
    assert_eq!(
        ids(&assembled(&sharded, &version, &place.path().join("cache"))),
        wanted(0..2)
    );
    // Refused for good: nothing is named, and another try goes through.
    let catalog = part(place.path(), "b", 5);
    for every in [1, 2] {
        s3.kept.lock().unwrap().refuse = Some((every, StatusCode::BAD_REQUEST));
        let failed = sharded
            .put(&catalog, 5, "a", None, &mut ())
            .and_then(|shard| sharded.commit(vec![shard], "job 2", Commit::Append));
        let failed = failed.unwrap_err();
        assert!(matches!(failed, Error::Send { .. }), "{failed}");
        assert_eq!(sharded.last().unwrap(), Some(version.clone()));
    }
    s3.kept.lock().unwrap().refuse = None;
    let shard = sharded.put(&catalog, 5, "b", None, &mut ()).unwrap();
    let next = sharded
        .commit(vec![shard], "job 2", Commit::Append)
        .unwrap();
    assert_eq!(
        ids(&assembled(&sharded, &next, &place.path().join("cache"))),
        wanted([0, 1, 5])
    );
}

#[test]
fn a_shard_is_fetched_once_by_many_and_refused_where_it_has_changed() {
    let job = Job::new();
    let shard = job.put(3, "a");
    let cache = job.place.path().join("cache");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let path = job.sharded.fetch(&shard, &cache, &mut ()).unwrap();
                assert_eq!(ids(&Catalog::open_read_only(path).unwrap()), wanted([3]));
            });
        }
    });
    let other = job.put(4, "a");
    let swapped = Shard {
        digest: other.digest,
        ..shard
    };
    let refused = job.sharded.fetch(&swapped, &cache, &mut ()).unwrap_err();
    assert!(
        refused.to_string().contains("not what its version says"),
        "{refused}"
    );
}
