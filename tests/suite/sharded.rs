//! Sharded catalogs: served and followed, restored, and rid of what no version names.

#![cfg(feature = "object-store")]

use std::path::Path;
use std::time::{Duration, Instant};

use assort::{Catalog, Pack};
use assort_embed::{Options, Spec};
use assort_replica::sharded::{Commit, Shard, Sharded};

use crate::common::{Place, lines};
use crate::serve::Server;

/// The shop of the tests as shards in a folder.
struct Job {
    place: Place,
    url: String,
    sharded: Sharded,
}

impl Job {
    fn new() -> Self {
        let place = Place::with_shop();
        let url = format!("file://{}", place.path("store").display());
        let sharded = Sharded::open(&url).unwrap();
        Self {
            place,
            url,
            sharded,
        }
    }

    fn pack(&self) -> Pack {
        self.place.run("pack shop").done();
        let pack = Pack::open(self.place.path("shop.pack")).unwrap();
        let embedder = assort_embed::open(&Spec::Bundled, &Options::default());
        pack.with_embedder(embedder.unwrap()).unwrap()
    }

    /// A shard of products, which a pack has filed.
    fn put(&self, part: u64, pack: &Pack, rows: &str) -> Shard {
        let name = format!("part-{part}");
        drop(Catalog::of_pack(self.place.path(&name), pack).unwrap());
        self.place.write("rows.csv", format!("id,title\n{rows}"));
        self.place.run(&format!("import {name} rows.csv")).done();
        let catalog = Catalog::open(self.place.path(&name)).unwrap();
        let digest = Some(pack.digest());
        let shard = self.sharded.put(&catalog, part, "a", digest, &mut ());
        shard.unwrap()
    }

    fn commit(&self, shards: Vec<Shard>, job: &str) {
        self.sharded.commit(shards, job, Commit::Append).unwrap();
    }
}

/// Ids that a server finds for a text.
fn found(place: &Place, server: &Server, text: &str) -> Vec<String> {
    let asked = format!(
        "--server http://{} search shop --format jsonl --top 9",
        server.address
    );
    let found = lines(&place.run_with(&asked, text).done());
    found
        .iter()
        .map(|one| one["id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_sharded_catalog_is_served_and_a_new_version_misses_no_answer() {
    let job = Job::new();
    let cache = job.place.path("cache").display().to_string();
    let serve = format!("serve shop={} --listen 127.0.0.1:0 --poll 1s", job.url);
    job.place.run(&serve).failed(2, &["--cache DIR"]);
    let serve = format!("{serve} --cache {cache}");
    job.place
        .run(&serve)
        .failed(1, &["no version", "df.write.format"]);
    let pack = job.pack();
    job.sharded.put_pack(&pack, &mut ()).unwrap();
    let shards = vec![
        job.put(0, &pack, "a,Steel kettle\nb,Enamel kettle\n"),
        job.put(1, &pack, "c,Copper kettle\n"),
    ];
    job.commit(shards, "one");
    job.place.run(&format!("{serve} --check-config")).done();
    let server = Server::start(&job.place, &serve);
    let mut ids = found(&job.place, &server, "kettle");
    ids.sort_unstable();
    assert_eq!(ids, ["a", "b", "c"]);
    job.place
        .run(&serve)
        .failed(1, &["in use by another server"]);
    // It is filed by the pack, which knows the shop's labels.
    let classify = format!(
        "--server http://{} classify shop --format jsonl --text",
        server.address
    );
    let told = job.place.run_with(&classify, "Steel kettle").done();
    let own = job
        .place
        .run_with("classify shop.pack --format jsonl --text", "Steel kettle")
        .done();
    let confidence = |text: &str| lines(text)[0]["confidence"].as_f64();
    assert_eq!(confidence(&told), confidence(&own), "{told}{own}");
    let next = job.put(2, &pack, "d,Glass kettle\n");
    job.commit(vec![next], "two");
    let begun = Instant::now();
    while found(&job.place, &server, "kettle").len() < 4 {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "it is not followed"
        );
    }
    let refused = format!("--server http://{} remove shop a", server.address);
    job.place.run(&refused).failed(2, &["reading only"]);
    let (code, said) = server.end("-TERM");
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("a new version is served"), "{said}");
    assert!(!said.contains("WARN"), "{said}");
    assert!(!said.contains("press Ctrl-C again"), "{said}");
    // Another start has all of it at hand.
    let server = Server::start(&job.place, &serve);
    assert_eq!(found(&job.place, &server, "kettle").len(), 4);
    server.end("-TERM");
}

#[test]
fn the_last_version_is_restored_as_one_catalog_and_others_are_collected() {
    let job = Job::new();
    let pack = job.pack();
    let first = job.put(0, &pack, "a,Steel kettle\n");
    job.commit(vec![first], "one");
    let next = job.put(1, &pack, "a,Cast iron kettle\nb,Bread knife\n");
    job.commit(vec![next], "two");
    let restored = job.place.run(&format!("restore {} all", job.url)).ended(0);
    restored.said(&["version 2: 2 products of 2 shards", "1 product gave way"]);
    let shown = job.place.run("show all a --format json").done();
    assert!(shown.contains("Cast iron kettle"), "{shown}");
    job.place.run("check all").done();
    assert!(!Path::new(&job.place.path("all.shards")).exists());
    let again = job.place.run(&format!("restore {} all", job.url));
    again.failed(1, &["already holds a catalog"]);
    let gc = |more: &str| {
        job.place
            .run(&format!("gc {}{more}", job.url))
            .ended(0)
            .stderr
    };
    assert!(gc("").starts_with("removed 0 versions, 0 shards"));
    assert!(gc(" --keep 1").starts_with("removed 1 version, 0 shards"));
    let nothing = format!("gc file://{}", job.place.path("typo").display());
    job.place.run(&nothing).failed(1, &["has no version"]);
    job.place
        .run("gc ftp://a")
        .failed(2, &["s3://BUCKET/PREFIX"]);
    let refused = job
        .place
        .run(&format!("gc {} --older-than soon", job.url))
        .ended(2);
    assert!(
        refused.stderr.contains("`soon` is no time"),
        "{}",
        refused.stderr
    );
}
