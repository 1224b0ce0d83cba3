//! The contract as JSON over HTTP.

use assort_proto::DESCRIPTORS;
use prost_reflect::{DescriptorPool, MethodDescriptor};
use serde_json::json;

use crate::common::{Shop, guarded};
use crate::http::detail;

/// The verb and path that the contract has for a method, with names in place of
/// stars.
fn annotated(method: &MethodDescriptor) -> Option<(String, String)> {
    let extension = method
        .parent_pool()
        .get_extension_by_name("google.api.http")?;
    let options = method.options();
    let rule = options.get_extension(&extension).as_message().cloned()?;
    let verbs = ["get", "put", "post", "delete", "patch"];
    let (verb, path) = verbs.into_iter().find_map(|verb| {
        let path = rule.get_field_by_name(verb)?.as_str()?.to_owned();
        (!path.is_empty()).then_some((verb, path))
    })?;
    let path = path
        .replace("catalogs/*", "catalogs/shop")
        .replace("**", "shop/1");
    let mut plain = String::new();
    for part in path.split('{') {
        plain.push_str(
            &part
                .split_once('=')
                .map_or(part, |(_, part)| part)
                .replace('}', ""),
        );
    }
    Some((verb.to_uppercase(), plain))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_method_of_the_contract_answers_on_its_path() {
    let shop = Shop::open().await;
    let pool = DescriptorPool::decode(DESCRIPTORS).unwrap();
    let services: Vec<_> = pool.services().collect();
    let methods: Vec<_> = services
        .iter()
        .flat_map(prost_reflect::ServiceDescriptor::methods)
        .collect();
    assert!(methods.len() >= 32, "{}", methods.len());
    for method in methods {
        let service = method.parent_service();
        let name = format!("{}/{}", service.full_name(), method.name());
        let own = ("POST".to_owned(), format!("/{name}"));
        let ways = [Some(own), annotated(&method)].into_iter().flatten();
        for (at, (verb, path)) in ways.enumerate() {
            let answer = shop.http(&verb, &path, &[], b"").await;
            let error = answer.text();
            assert!(
                answer.status != 405 && !error.contains("there is nothing at"),
                "{name}: {verb} {path}: {error}"
            );
            // It came to the method itself.
            let counted = format!("assort_calls_total{{method=\"{name}\",code=");
            let metrics = shop.get("/metrics").await;
            let lines = metrics
                .text()
                .lines()
                .filter(|line| line.starts_with(&counted));
            let counts =
                lines.map(|line| line.rsplit(' ').next().unwrap().parse::<usize>().unwrap());
            assert_eq!(counts.sum::<usize>(), at + 1, "{name}: {verb} {path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_is_stored_found_filed_and_removed() {
    let shop = Shop::open().await;
    let products = "/v1/catalogs/shop/products";
    let mug = json!({
        "id": "a/b 100%",
        "title": "Mug, ünlike others",
        "attributes": {"price": {"money": {"amount": "12.50"}}, "old": {"boolean": true}},
        "image": {"data": "iVBORw==", "mediaType": "image/png"},
    });
    let batch = json!({"products": [mug]});
    let stored = shop.post(&format!("{products}:batchUpsert"), &batch).await;
    // Numbers of 64 bits are texts, and what is 0 is left out.
    assert_eq!(stored.done(), json!({"counts": {"added": "1"}}));

    // The name `catalogs/shop/products/a%2Fb 100%25`, with its `%` and blank escaped.
    let path = format!("{products}/a%252Fb%20100%2525");
    let got = shop.get(&path).await.done();
    assert_eq!(got["id"], "a/b 100%");
    assert_eq!(got["title"], "Mug, ünlike others");
    assert_eq!(
        got["image"],
        json!({"data": "iVBORw==", "mediaType": "image/png"})
    );
    let masked = shop
        .get(&format!("{path}?readMask=title,image.mediaType"))
        .await;
    masked.refused(400, "ARGUMENT");
    let masked = shop.get(&format!("{path}?read_mask=title")).await.done();
    assert_eq!(masked, json!({"title": "Mug, ünlike others"}));

    let page = format!("{products}?pageSize=3&filter=price%20%3E%203&acrossCommits=true");
    let page = shop.get(&page).await.done();
    assert_eq!(page["products"].as_array().unwrap().len(), 3);
    let token = page["nextPageToken"].as_str().unwrap();
    let next =
        format!("{products}?pageSize=3&filter=price+%3E+3&acrossCommits=true&pageToken={token}");
    assert_eq!(
        shop.get(&next).await.done()["products"]
            .as_array()
            .unwrap()
            .len(),
        3
    );

    let search = json!({"text": "kettle", "page_size": 2, "explain": true});
    let found = shop
        .post(&format!("{products}:search"), &search)
        .await
        .done();
    assert_eq!(found["matches"], "9");
    assert_eq!(found["steps"][0]["plan"], "PLAN_EXACT");
    // As short as a number of 32 bits is written.
    let similarity = found["results"][0]["similarity"].to_string();
    assert!(similarity.len() <= 12, "{similarity}");

    let classify = json!({"products": [{"title": "Electric kettle"}], "options": {"method": "METHOD_ZERO_SHOT"}});
    let filed = shop
        .post(&format!("{products}:classify"), &classify)
        .await
        .done();
    assert!(
        filed["decisions"][0]["category"]["path"].is_string(),
        "{filed}"
    );

    assert_eq!(shop.http("DELETE", &path, &[], b"").await.done(), json!({}));
    let error = shop.get(&path).await.refused(404, "NOT_FOUND");
    assert_eq!(error["status"], "NOT_FOUND");
    assert_eq!(detail(&error, "ResourceInfo")["resourceName"], "a/b 100%");
}

#[tokio::test(flavor = "multi_thread")]
async fn long_work_is_begun_and_followed() {
    let shop = Shop::open().await;
    let begun = shop
        .http("POST", "/v1/catalogs/shop:check", &[], b"")
        .await
        .done();
    let name = begun["name"].as_str().unwrap();
    let wait = "/google.longrunning.Operations/WaitOperation";
    let ended = shop
        .post(wait, &json!({"name": name, "timeout": "20s"}))
        .await
        .done();
    assert_eq!(ended["done"], true);
    // What stands in it is told with its type.
    let kind = "type.googleapis.com/assort.v1.CheckCatalogResponse";
    assert_eq!(ended["response"], json!({"@type": kind}));
    assert_eq!(ended["metadata"]["method"], "CheckCatalog");
    assert_eq!(shop.get(&format!("/v1/{name}")).await.done(), ended);
    let listed = shop.get("/v1/operations").await.done();
    assert_eq!(listed["operations"], json!([ended]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_where_it_stands() {
    let shop = Shop::open().await;
    let search = "/v1/catalogs/shop/products:search";
    for (body, field, words) in [
        (
            json!({"txt": "kettle"}),
            Some("txt"),
            "unrecognized field name 'txt'",
        ),
        (
            json!({"params": {"eff": 1}}),
            Some("params.eff"),
            "unrecognized field name 'eff'",
        ),
        (
            json!({"pageSize": "many"}),
            Some("pageSize"),
            "invalid digit",
        ),
        (
            json!({"text": "a", "like": "b"}),
            None,
            "multiple fields provided for oneof 'query'",
        ),
        (json!(["text"]), None, "expected a map"),
    ] {
        let error = shop.post(search, &body).await.refused(400, "MALFORMED");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(words), "{message}");
        if let Some(field) = field {
            let violations = &detail(&error, "BadRequest")["fieldViolations"];
            assert_eq!(violations[0]["field"], field, "{error}");
        }
    }
    let products = "/v1/catalogs/shop/products";
    for (query, field, words) in [
        ("pagesize=3", "pagesize", "the call has no field `pagesize`"),
        ("pageSize=3&pageSize=4", "pageSize", "is given twice"),
        ("parent=catalogs/other", "parent", "stands in the path"),
        (
            "acrossCommits=yes",
            "acrossCommits",
            "can be `true` or `false`",
        ),
    ] {
        let error = shop
            .get(&format!("{products}?{query}"))
            .await
            .refused(400, "ARGUMENT");
        assert_eq!(
            detail(&error, "BadRequest")["fieldViolations"][0]["field"],
            field
        );
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(words), "{message}");
    }
    let elsewhere = shop
        .post(&format!("{search}?pageSize=3"), &json!({"text": "a"}))
        .await;
    elsewhere.refused(400, "ARGUMENT");
    let other = json!({"parent": "catalogs/other", "text": "kettle"});
    let error = shop.post(search, &other).await.refused(400, "ARGUMENT");
    assert_eq!(
        error["message"],
        "`parent` of the body is another than in the path, `catalogs/shop`"
    );
    let same = json!({"parent": "catalogs/shop", "text": "kettle"});
    shop.post(search, &same).await.done();

    // Neither a form nor a text is JSON, and a call that only reads has no body.
    for form in [
        "application/x-www-form-urlencoded",
        "text/plain",
        "application/json; charset=latin1",
    ] {
        let sent = shop
            .http("POST", search, &[("content-type", form)], b"{}")
            .await;
        let error = sent.refused(400, "MALFORMED");
        assert!(
            error["message"]
                .as_str()
                .unwrap()
                .contains("content-type: application/json")
        );
    }
    shop.http(
        "GET",
        products,
        &[("content-type", "application/json")],
        b"{}",
    )
    .await
    .refused(400, "MALFORMED");
    let broken = shop.http(
        "POST",
        search,
        &[("content-type", "application/json")],
        b"{\"text\": ",
    );
    broken.await.refused(400, "MALFORMED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_is_none_and_a_verb_that_is_wrong_are_told() {
    let shop = Shop::open().await;
    for path in [
        "/",
        "/v1",
        "/v1/catalog",
        "/v1/catalogs/shop/products:sort",
        "/index.html",
    ] {
        let error = shop.get(path).await.refused(404, "NOT_FOUND");
        assert_eq!(error["message"], format!("there is nothing at `{path}`"));
    }
    shop.get("/v1/catalogs/shop/products/%ff")
        .await
        .refused(400, "MALFORMED");
    for (verb, path, allowed) in [
        ("GET", "/v1/catalogs/shop/products:search", "POST"),
        ("GET", "/v1/catalogs/shop:compact", "POST"),
        ("PUT", "/v1/catalogs/shop/products/p1", "GET, DELETE"),
        ("POST", "/v1/catalogs", "GET"),
        ("GET", "/assort.v1.ServerService/GetServerInfo", "POST"),
    ] {
        let answer = shop.http(verb, path, &[], b"").await;
        answer.refused(405, "UNIMPLEMENTED");
        assert_eq!(answer.header("allow"), Some(allowed), "{verb} {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_too_large_has_the_reason_that_it_has_in_grpc() {
    let shop = Shop::open().await;
    let long = json!({"products": [{"id": "a", "title": "b", "text": "x".repeat(17 << 20)}]});
    let answer = shop
        .post("/v1/catalogs/shop/products:batchUpsert", &long)
        .await;
    let error = answer.refused(400, "MESSAGE_TOO_LARGE");
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("16777216 bytes")
    );
    // Short as text, and long as a message.
    let numbers = vec![0; 4 << 20];
    let attributes = json!({"a": {"numbers": {"values": numbers}}});
    let long = json!({"products": [{"id": "a", "title": "b", "attributes": attributes}]});
    let answer = shop
        .post("/v1/catalogs/shop/products:batchUpsert", &long)
        .await;
    answer.refused(400, "MESSAGE_TOO_LARGE");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_and_request_ids_hold_for_json_too() {
    let shop = guarded().await;
    let call = async |verb: &str, path: &str, key: &str| {
        let bearer = format!("Bearer {key}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("x-request-id", "mine-7"),
        ];
        let headers = if key.is_empty() {
            &headers[1..]
        } else {
            &headers[..]
        };
        shop.http(verb, path, headers, b"").await
    };
    let missing = call("GET", "/v1/catalogs/shop", "").await;
    missing.refused(401, "KEY_MISSING");
    assert_eq!(missing.header("www-authenticate"), Some("Bearer"));
    assert_eq!(missing.header("x-request-id"), Some("mine-7"));
    call("GET", "/v1/catalogs/shop", "wrong")
        .await
        .refused(401, "KEY_UNKNOWN");
    let told = call("GET", "/v1/catalogs/shop", "reader").await;
    assert_eq!(told.done()["name"], "catalogs/shop");
    assert_eq!(told.header("x-request-id"), Some("mine-7"));
    let path = "/v1/catalogs/shop/products/p1";
    call("DELETE", path, "reader")
        .await
        .refused(403, "KEY_FORBIDS");
    call("DELETE", path, "writer").await.done();
    // Who has no key does not learn what there is.
    call("GET", "/v1/nothing", "")
        .await
        .refused(401, "KEY_MISSING");
    call("PUT", path, "").await.refused(401, "KEY_MISSING");
    call("GET", "/v1/nothing", "reader")
        .await
        .refused(404, "NOT_FOUND");
    // Health needs none.
    let health = call("POST", "/grpc.health.v1.Health/Check", "").await;
    assert_eq!(health.done(), json!({"status": "SERVING"}));
}
