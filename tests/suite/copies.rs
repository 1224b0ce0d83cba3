//! `assort backup`, `assort restore` and `assort replicate`.

use std::time::Duration;

use crate::common::Place;

#[test]
fn a_backup_is_made_brought_up_to_date_and_restored() {
    let place = Place::with_indexed_shop();
    let said = place.run("backup shop backup").ended(0).stderr;
    assert!(
        said.contains("1 file copied") && said.contains("shared"),
        "{said}"
    );
    let again = place.run("backup shop backup").ended(0).stderr;
    assert!(again.contains("nothing is new"), "{again}");
    place.write("more.csv", "id,title\nnew,Enamel mug\n");
    place.run("import shop more.csv").done();
    let said = place.run("backup shop backup").ended(0).stderr;
    assert!(said.contains("there already"), "{said}");
    assert!(
        place
            .run("check backup")
            .ended(0)
            .stderr
            .contains("9 products")
    );
    let found = place.run("search backup mug --top 1 --format jsonl").done();
    assert!(found.contains("Enamel mug"), "{found}");
    place.run("restore backup again").done();
    let shown = place.run("show again new --format json").done();
    assert!(shown.contains("Enamel mug"), "{shown}");
    let refused = place.run("restore backup again").ended(1).stderr;
    assert!(refused.contains("already holds a catalog"), "{refused}");
    let refused = place.run("backup again shop").ended(1).stderr;
    assert!(refused.contains("already holds a catalog"), "{refused}");
}

#[test]
fn a_wrong_byte_of_a_backup_is_refused_with_its_file() {
    let place = Place::with_shop();
    place.run("backup shop backup").done();
    let mut bytes = std::fs::read(place.path("backup/catalog.redb")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    place.write("backup/catalog.redb", bytes);
    let refused = place.run("restore backup again").ended(1).stderr;
    assert!(refused.contains("backup/catalog.redb"), "{refused}");
    assert!(refused.contains("checksum"), "{refused}");
    place.run("stats again").ended(1);
}

#[test]
fn what_cannot_be_copied_is_refused() {
    let place = Place::with_shop();
    for (command, code, what) in [
        ("backup nothing backup", 1, "is not a catalog"),
        ("restore nothing shop-2", 1, "it has no manifest"),
        ("replicate http://127.0.0.1:1 replica", 2, "/catalogs/NAME"),
        ("replicate backup replica --key-file key", 2, "--key-file"),
        (
            "replicate http://127.0.0.1:1/catalogs/shop r --ca none",
            1,
            "none",
        ),
    ] {
        let refused = place.run(command).ended(code).stderr;
        assert!(refused.contains(what), "{command}: {refused}");
    }
}

#[test]
#[cfg(unix)]
fn a_replica_follows_until_it_is_stopped() {
    let place = Place::with_shop();
    place.run("backup shop backup").done();
    let mut command = place.command("replicate backup replica --every 1");
    let follower = command.spawn().unwrap();
    let until = |products: u64| {
        for _ in 0..600 {
            let ran = place.run("stats replica --format json");
            let stats: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap_or_default();
            if stats["products"] == products {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("the replica never had {products} products");
    };
    until(8);
    place.write("more.csv", "id,title\nnew,Enamel mug\n");
    place.run("import shop more.csv").done();
    place.run("backup shop backup").done();
    until(9);
    let id = follower.id().to_string();
    let sent = std::process::Command::new("kill").arg(id).status();
    assert!(sent.unwrap().success());
    let ended = follower.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(130));
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(said.contains("the replica is whole"), "{said}");
}
