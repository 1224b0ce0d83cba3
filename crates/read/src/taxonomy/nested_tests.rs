//! Taxonomies in JSON, and the trees that are in them.

use super::shape_tests::{TEA, check};

#[test]
fn json_with_children() {
    check(
        "{\"id\":1,\"name\":\"Tea\",\"children\":[{\"id\":2,\"name\":\"Green\",\"children\":[{\"id\":3,\"name\":\"Sencha\"}]}]}\n{\"id\":4,\"name\":\"Cups\",\"children\":[]}\n",
        &TEA,
    );
    check(
        "{\"id\":0,\"categories\":[{\"id\":1,\"title\":\"Tea\",\"subcategories\":[{\"id\":2,\"title\":\"Green\",\"subcategories\":[{\"id\":3,\"title\":\"Sencha\"}]}]},{\"id\":4,\"title\":\"Cups\"}]}\n",
        &TEA,
    );
    let by_names = [
        "Tea",
        "Tea > Green",
        "Tea > Green > Sencha",
        "Tea > Black",
        "Cups",
    ];
    check(
        "{\"Tea\":{\"Green\":[\"Sencha\"],\"Black\":[]},\"Cups\":{}}\n",
        &by_names,
    );
    check(
        "{\"name\":\"Tea\",\"children\":[{\"name\":\"Green\",\"children\":[\"Sencha\"]},\"Black\"]}\n{\"name\":\"Cups\"}\n",
        &by_names,
    );
    check(
        "{\"1\":{\"name\":\"Tea\",\"parent\":null},\"2\":{\"name\":\"Green\",\"parent\":1},\"3\":{\"name\":\"Sencha\",\"parent\":2},\"4\":{\"name\":\"Cups\",\"parent\":null}}\n",
        &TEA,
    );
    check(
        "{\"id\":1,\"name\":\"Tea\",\"children\":[2]}\n{\"id\":2,\"name\":\"Green\",\"parent\":1}\n{\"id\":3,\"name\":\"Sencha\",\"parent\":2}\n{\"id\":4,\"name\":\"Cups\"}\n",
        &TEA,
    );
    check(
        "{\"id\":\"1\",\"name\":\"Tea\",\"children\":[\"2\"]}\n{\"id\":\"2\",\"name\":\"Green\",\"children\":[\"3\"]}\n{\"id\":\"3\",\"name\":\"Sencha\"}\n{\"id\":\"4\",\"name\":\"Cups\"}\n",
        &TEA,
    );
    check(
        "{\"code\":\"1\",\"parent\":null,\"labels\":{\"en_US\":\"Tea\",\"de_DE\":\"Tee\"}}\n{\"code\":\"2\",\"parent\":\"1\",\"labels\":{\"en_US\":\"Green\",\"de_DE\":\"Grün\"}}\n",
        &TEA[..2],
    );
}

#[test]
fn objects_of_publishers() {
    let categories = "[{\"id\":\"gid://shopify/TaxonomyCategory/t\",\"level\":0,\"name\":\"Tea\",\"full_name\":\"Tea\",\"parent_id\":null,\"attributes\":[{\"name\":\"Colour\"}],\"children\":[{\"id\":\"gid://shopify/TaxonomyCategory/t-1\",\"name\":\"Green\"}],\"ancestors\":[]},{\"id\":\"gid://shopify/TaxonomyCategory/t-1\",\"level\":1,\"name\":\"Green\",\"full_name\":\"Tea > Green\",\"parent_id\":\"gid://shopify/TaxonomyCategory/t\",\"attributes\":[],\"children\":[],\"ancestors\":[{\"id\":\"gid://shopify/TaxonomyCategory/t\",\"name\":\"Tea\"}]}]";
    let tree = ["t = Tea", "t-1 = Tea > Green"];
    let vertical = format!("{{\"name\":\"Tea\",\"prefix\":\"t\",\"categories\":{categories}}}\n");
    check(&vertical, &tree);
    check(
        &format!(
            "{{\"version\":\"1\",\"verticals\":[{}]}}\n",
            vertical.trim()
        ),
        &tree,
    );
    let lines = categories.trim_matches(['[', ']']).replace(
        "},{\"id\":\"gid://shopify/TaxonomyCategory/t-1\",\"level\"",
        "}\n{\"id\":\"gid://shopify/TaxonomyCategory/t-1\",\"level\"",
    );
    check(&lines, &tree);
    check(
        "{\"id\":1,\"parent_id\":0,\"name\":\"Tea\",\"children_data\":[{\"id\":2,\"parent_id\":1,\"name\":\"Green\",\"children_data\":[{\"id\":3,\"parent_id\":2,\"name\":\"Sencha\",\"children_data\":[]}]}]}\n{\"id\":4,\"parent_id\":0,\"name\":\"Cups\",\"children_data\":[]}\n",
        &TEA,
    );
}

#[test]
fn nodes_have_their_category_beside_those_below_it() {
    check(
        "{\"rootCategoryNode\":{\"category\":{\"categoryId\":\"1\",\"categoryName\":\"Tea\"},\"childCategoryTreeNodes\":[{\"category\":{\"categoryId\":\"2\",\"categoryName\":\"Green\"},\"childCategoryTreeNodes\":[{\"category\":{\"categoryId\":\"3\",\"categoryName\":\"Sencha\"},\"leafCategoryTreeNode\":true}]}]}}",
        &TEA[..3],
    );
}
