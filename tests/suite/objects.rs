//! Copies in object stores, as the commands name them.

use crate::common::Place;

#[test]
#[cfg(not(feature = "object-store"))]
fn a_program_without_the_feature_says_so() {
    let place = Place::with_shop();
    for command in [
        "backup shop s3://backups/shop",
        "restore gs://backups/shop again",
        "replicate file:///backups/shop replica",
    ] {
        let words = ["built without the feature `object-store`", "://"];
        place.run(command).failed(2, &words);
    }
}

#[test]
fn an_address_that_no_copy_has_is_refused() {
    let place = Place::with_shop();
    for command in [
        "backup shop ftp://backups/shop",
        "restore http://127.0.0.1:1/catalogs/shop again",
        "replicate ftp://backups/shop replica",
    ] {
        let words = ["s3://BUCKET/PREFIX", "assort replicate"];
        place.run(command).failed(2, &words);
    }
}

#[test]
#[cfg(feature = "object-store")]
fn a_backup_in_an_object_store_is_replicated_and_restored() {
    let place = Place::with_indexed_shop();
    let url = format!("file://{}", place.path("store").display());
    let refused = place.run(&format!("restore {url} again")).ended(1).stderr;
    assert!(
        refused.contains(&format!("`assort backup CATALOG {url}`")),
        "{refused}"
    );
    let said = place.run_with("backup shop", &url).ended(0).stderr;
    assert!(said.contains("files copied"), "{said}");
    let again = place.run_with("backup shop", &url).ended(0).stderr;
    assert!(again.contains("nothing is new"), "{again}");
    place.write("more.csv", "id,title\nnew,Enamel mug\n");
    place.run("import shop more.csv").done();
    let said = place.run_with("backup shop", &url).ended(0).stderr;
    assert!(said.contains("there already"), "{said}");
    place.run(&format!("replicate {url} replica")).done();
    place.run(&format!("restore {url} again")).done();
    for copy in ["replica", "again"] {
        let shown = place.run(&format!("show {copy} new --format json")).done();
        assert!(shown.contains("Enamel mug"), "{shown}");
        place.run(&format!("check {copy}")).done();
    }
    let refused = place.run_with("backup shop --no-links", &url);
    refused.failed(2, &["--no-links"]);
    let refused = place.run(&format!("replicate {url} r --key-file key"));
    refused.failed(2, &["--key-file"]);
}

#[test]
#[cfg(feature = "object-store")]
fn a_changed_object_is_named_and_mended_as_the_message_says() {
    let place = Place::with_shop();
    let url = format!("file://{}", place.path("store").display());
    place.run_with("backup shop", &url).done();
    for object in std::fs::read_dir(place.path("store/files")).unwrap() {
        let path = object.unwrap().path();
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 4;
        std::fs::write(&path, bytes).unwrap();
    }
    let refused = place
        .run(&format!("replicate {url} replica"))
        .ended(1)
        .stderr;
    assert!(refused.contains("checksum"), "{refused}");
    assert!(
        refused.contains("`assort backup CATALOG URL --verify`"),
        "{refused}"
    );
    place.run(&format!("backup shop {url} --verify")).done();
    place.run(&format!("replicate {url} replica")).done();
    place.run("check replica").done();
}

#[test]
#[cfg(feature = "object-store")]
fn settings_come_from_the_environment() {
    let place = Place::with_shop();
    let run = |allowed: &str| {
        let mut command = place.command("backup shop s3://backups/shop");
        command
            .env("AWS_ACCESS_KEY_ID", "a-key")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_ENDPOINT", "http://127.0.0.1:1")
            .env("AWS_ALLOW_HTTP", allowed);
        crate::common::Ran::of(&mut command)
    };
    run("true").failed(
        1,
        &["s3://backups/shop", "http://127.0.0.1:1/backups", "refused"],
    );
    run("perhaps").failed(2, &["s3://backups/shop", "perhaps"]);
}
