//! Trees as shops and tools write them out, and what is no tree.

use super::shape_tests::{TEA, check, refused, tree_as};
use super::*;

const PAIRED: [&str; 5] = [
    "10 = Tea",
    "11 = Tea > Green",
    "12 = Tea > Black",
    "20 = Cups",
    "21 = Cups > Mugs",
];

#[test]
fn codes_and_names_in_pairs_are_levels() {
    for header in [
        "cid1,cname1,cid2,cname2",
        "一级类目ID,一级类目名称,二级类目ID,二级类目名称",
        "大分類コード,大分類名,中分類コード,中分類名",
        "Код раздела,Раздел,Код категории,Категория",
        "Ref,Shelf,Ref below,Board",
        "dept_id,dept,class_id,class",
    ] {
        check(
            &format!("{header}\n10,Tea,11,Green\n10,Tea,12,Black\n20,Cups,21,Mugs\n"),
            &PAIRED,
        );
    }
    check(
        "Shelf;Ref;Board;Ref below\nTea;10;Green;11\nTea;10;Black;12\nCups;20;Mugs;21\n",
        &PAIRED,
    );
}

#[test]
fn a_level_beside_levels_is_one_by_what_is_in_it() {
    let tree = [
        "Tea > Green > Sencha > Loose",
        "Tea > Green > Sencha > Bags",
        "Tea > Black",
        "Cups > Big > Mugs",
    ];
    let expected: std::collections::BTreeSet<String> = tree
        .iter()
        .flat_map(|path| {
            let names: Vec<&str> = path.split(" > ").collect();
            (1..=names.len())
                .map(move |end| names[..end].join(" > "))
                .collect::<Vec<_>>()
        })
        .collect();
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    for header in [
        "대분류,중분류,소분류,세분류",
        "Kategoria,Podkategoria,Podpodkategoria,Grupa podpodkategorii",
        "Category,Subcategory,Sub-subcategory,Last category",
    ] {
        check(
            &format!(
                "{header}\nTea,Green,Sencha,Loose\nTea,Green,Sencha,Bags\nTea,Black,,\nCups,Big,Mugs,\n"
            ),
            &expected,
        );
    }
    // What tells of a level is none.
    check(
        "Category,Subcategory,Subcategory slug,Owner\nTea,Green,green-tea,Ann\nTea,Black,black-tea,Ann\nCups,Big,big-cups,Bob\n",
        &["Tea", "Tea > Green", "Tea > Black", "Cups", "Cups > Big"],
    );
}

#[test]
fn addresses_of_pages_tell_the_tree() {
    for (header, paths) in [
        (
            "url_path",
            ["tea", "tea/green", "tea/green/sencha-loose", "cups"],
        ),
        ("url", ["/tea", "/tea/green", "/tea/green/s", "/cups"]),
        (
            "link",
            [
                "https://a.example/tea",
                "https://a.example/tea/green/",
                "https://a.example/tea/green/s?x=1",
                "https://a.example/cups",
            ],
        ),
        (
            "page",
            [
                "tea.html",
                "tea/green.html",
                "tea/green/s.html",
                "cups.html",
            ],
        ),
        (
            "url",
            ["/c/tea", "/c/tea/green", "/c/tea/green/s", "/c/cups"],
        ),
    ] {
        let rows: String = ["Tea", "Green", "Sencha", "Cups"]
            .iter()
            .zip(paths)
            .zip(1..)
            .map(|((name, path), id)| format!("{id},{path},{name}\n"))
            .collect();
        check(&format!("id,{header},name\n{rows}"), &TEA);
    }
}

#[test]
fn names_go_below_paths_of_their_parents() {
    check(
        "name,parent path\nTea,\nGreen,Tea\nSencha,Tea/Green\nCups,\n",
        &["Tea", "Tea > Green", "Tea > Green > Sencha", "Cups"],
    );
    check(
        "id,name,breadcrumb\n1,Tea,\n2,Green,Tea\n3,Sencha,Tea > Green\n4,Cups,\n",
        &TEA,
    );
    // Names in another language than the paths are no names below them.
    check(
        "id,name,path\n1,Tee,Tea\n2,Gruen,Tea > Green\n3,Tassen,Cups\n",
        &["1 = Tee", "2 = Tee > Gruen", "3 = Tassen"],
    );
}

#[test]
fn json_of_shops_and_widgets() {
    let below = [
        "1 = All",
        "2 = All > Tea",
        "3 = All > Tea > Green",
        "4 = All > Cups",
    ];
    // Magento's tree has an outermost category.
    check(
        r#"{"id":1,"parent_id":0,"name":"All","level":0,"children_data":[{"id":2,"parent_id":1,"name":"Tea","children_data":[{"id":3,"parent_id":2,"name":"Green","children_data":[]}]},{"id":4,"parent_id":1,"name":"Cups","children_data":[]}]}"#,
        &below,
    );
    check(
        r#"{"id":1,"name":"All","children":[{"id":2,"parent":1,"name":"Tea","children":[{"id":3,"parent":2,"name":"Green"}]},{"id":4,"parent":1,"name":"Cups"}]}"#,
        &below,
    );
    check(
        r#"{"name":"All","children":[{"name":"Tea","children":[{"name":"Green"}]},{"name":"Cups"}]}"#,
        &["All", "All > Tea", "All > Tea > Green", "All > Cups"],
    );
    check(
        r#"{"id":2,"parent_id":1,"name":"Default","children_data":[{"id":3,"parent_id":2,"name":"Tea","children_data":[]}]}"#,
        &["2 = Default", "3 = Default > Tea"],
    );
    // Strapi keeps all but the id apart.
    check(
        r#"{"data":[{"id":1,"attributes":{"name":"Tea","parent":{"data":null}}},{"id":2,"attributes":{"name":"Green","parent":{"data":{"id":1}}}},{"id":3,"attributes":{"name":"Sencha","parent":{"data":{"id":2}}}},{"id":4,"attributes":{"name":"Cups","parent":{"data":null}}}]}"#,
        &TEA,
    );
    // Children by their ids.
    check(
        r#"[{"id":1,"name":"Tea","children":[2]},{"id":2,"name":"Green","children":[3]},{"id":3,"name":"Sencha","children":[]},{"id":4,"name":"Cups"}]"#,
        &TEA,
    );
    check(
        r#"[{"value":1,"label":"Tea","children":[{"value":2,"label":"Green","children":[{"value":3,"label":"Sencha"}]}]},{"value":4,"label":"Cups"}]"#,
        &TEA,
    );
    check(
        r##"[{"id":"1","parent":"#","text":"Tea"},{"id":"2","parent":"1","text":"Green"},{"id":"3","parent":"2","text":"Sencha"},{"id":"4","parent":"#","text":"Cups"}]"##,
        &TEA,
    );
}

#[test]
fn names_of_what_holds_categories_are_no_categories() {
    let tree = ["Tea", "Tea > Green", "Cups"];
    check(
        r#"{"children":{"Tea":{"children":{"Green":{}}},"Cups":{}}}"#,
        &tree,
    );
    check(r#"{"paths":["Tea","Tea > Green","Cups"]}"#, &tree);
    check(r#"{"categories":{"Tea":{"Green":{}},"Cups":{}}}"#, &tree);
}

#[test]
fn elements_in_elements_are_a_tree() {
    check(
        r#"<list><category id="1" name="Tea"><category id="2" name="Green"><category id="3" name="Sencha"/></category></category><category id="4" name="Cups"/></list>"#,
        &TEA,
    );
    check(
        r#"<opml version="2.0"><body><outline text="Tea"><outline text="Green"/><outline text="Black"/></outline><outline text="Cups"/></body></opml>"#,
        &["Tea", "Tea > Green", "Tea > Black", "Cups"],
    );
    check(
        r#"<schema><segment code="1" text="Tea" definition="All"><family code="2" text="Green"><class code="3" text="Sencha"><attType code="9" text="Origin"><attValue code="8" text="Japan"/></attType></class></family></segment><segment code="4" text="Cups"/></schema>"#,
        &TEA,
    );
}

#[test]
fn names_that_are_values_of_elements() {
    let category = |id: u8, name: &str, parent: u8| {
        format!(
            r#"<Category ID="{id}"><Name ID="7{id}" Value="{name}" langid="1"/><Name ID="8{id}" Value="Anders" langid="4"/><ParentCategory ID="{parent}"/></Category>"#
        )
    };
    let all = [
        category(1, "Tea", 1),
        category(2, "Green", 1),
        category(3, "Sencha", 2),
        category(4, "Cups", 4),
    ];
    check(&format!("<List>{}</List>", all.concat()), &TEA);
}

#[test]
fn names_set_in_by_dashes_dots_blanks_and_lines() {
    let tree = [
        "Tea",
        "Tea > Green",
        "Tea > Green > Sencha",
        "Cups",
        "Cups > Mugs",
    ];
    for file in [
        "Tea\n— Green\n— — Sencha\nCups\n— Mugs\n",
        "Tea\n..Green\n....Sencha\nCups\n..Mugs\n",
        "name,color\nTea,\n— Green,\n— — Sencha,\nCups,\n— Mugs,\n",
        "name;color\nTea;\n  Green;\n    Sencha;\nCups;\n  Mugs;\n",
        "Tea\n|-- Green\n|   `-- Sencha\nCups\n`-- Mugs\n",
    ] {
        check(file, &tree);
    }
    check(
        "|-- Tea\n|   |-- Green\n|   |   `-- Sencha\n`-- Cups\n    `-- Mugs\n",
        &tree,
    );
    check("1\tTea\n\t2\tGreen\n\t\t3\tSencha\n4\tCups\n", &TEA);
}

#[test]
fn arrows_and_dashes_separate_and_may_stand_at_the_ends() {
    let tree = [
        "Tea",
        "Tea > Green",
        "Tea > Green > Sencha",
        "Cups",
        "Cups > Mugs",
    ];
    for sign in [" -> ", "->", " => ", "=>", " -- ", "--"] {
        let file = tree.map(|path| path.replace(" > ", sign)).join("\n");
        check(&format!("{file}\n"), &tree);
    }
    check(
        "Tea >\nTea > Green >\nTea > Green > Sencha >\n> Cups\n> Cups > Mugs\n",
        &tree,
    );
}

#[test]
fn what_is_no_taxonomy_is_refused_for_what_it_is() {
    for (file, word) in [
        (
            "Artikelnummer;Bezeichnung;Kategorie;Preis\nA1;Kanne;Tee > Kannen;3,00\nA2;Tasse;Tassen;4,00\n",
            "products",
        ),
        (
            "[{\"id\":1,\"title\":\"Pot\",\"price\":3,\"category\":\"Tea\"},{\"id\":2,\"title\":\"Mug\",\"price\":4,\"category\":\"Cups\"}]",
            "products",
        ),
        (
            "Dear Ann,\nhere is what we talked about last week.\nPlease have a look at it soon.\nBob\n",
            "prose",
        ),
        (
            "- name: Tea\n  children:\n    - name: Green\n- name: Cups\n",
            "YAML",
        ),
    ] {
        refused(file, &[word]);
    }
}

#[test]
fn products_beside_their_brands_are_no_levels() {
    refused(
        "id,brand name,model name,product name\n1,Ann,X1,Pot\n2,Ann,X2,Mug\n3,Bob,X3,Cup\n4,Cid,X4,Pan\n",
        &["no columns are levels"],
    );
    refused(
        "No.,Description,Item Group\nA,Pot of tea,T1\nB,Mug,T2\n",
        &["no columns are levels"],
    );
}

#[test]
fn headings_in_many_languages_are_no_categories() {
    for heading in ["الفئة", "หมวดหมู่", "Rubrique", "Productgroep", "Κατηγορία"]
    {
        check(
            &format!("{heading}\nTea\nTea > Green\nCups\n"),
            &["Tea", "Tea > Green", "Cups"],
        );
    }
}

#[test]
fn codes_are_found_under_other_names_and_with_signs_in_them() {
    let options = TaxonomyOptions::default()
        .with_id("klass".to_owned())
        .with_name("Benennung".to_owned());
    assert_eq!(
        tree_as(
            "klass,Benennung\n19-00-00-00,Tea\n19-01-00-00,Green\n19-01-01-00,Sencha\n20-00-00-00,Cups\n20-01-00-00,Mugs\n",
            &options
        ),
        [
            "19-00-00-00 = Tea",
            "19-01-00-00 = Tea > Green",
            "19-01-01-00 = Tea > Green > Sencha",
            "20-00-00-00 = Cups",
            "20-01-00-00 = Cups > Mugs",
        ]
    );
    check(
        "HS Code;Beschreibung\n01;Tea\n0101;Green\n010121;Sencha\n02;Cups\n0201;Mugs\n",
        &[
            "01 = Tea",
            "0101 = Tea > Green",
            "010121 = Tea > Green > Sencha",
            "02 = Cups",
            "0201 = Cups > Mugs",
        ],
    );
    for header in [
        "Kategorie-Nr;Name;Elternkategorie",
        "카테고리번호;이름;상위카테고리번호",
        "Группа ID;Название;ID родительской группы",
    ] {
        check(
            &format!("{header}\n1;Tea;\n2;Green;1\n3;Sencha;2\n4;Cups;\n"),
            &TEA,
        );
    }
}

#[test]
fn paths_before_ids_without_a_header() {
    check(
        "Tea,1\nTea > Green,2\nTea > Green > Sencha,3\nCups,4\n",
        &TEA,
    );
}
