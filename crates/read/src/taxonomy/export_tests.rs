//! Tests of what programs and people do to trees when they export them.

use assort_core::Taxonomy;

use crate::doubts;

use super::shape_tests::{check, refused};
use super::*;

/// The form that is told of a file, and what is doubted of its tree.
#[track_caller]
fn told(file: &str) -> (String, String) {
    let bytes = std::io::Cursor::new(file.as_bytes().to_vec());
    let input = Input::from_reader("tree", bytes, None).unwrap();
    let read = read_taxonomy(input, &TaxonomyOptions::default()).unwrap();
    let tree = Taxonomy::from_rows(read.rows).unwrap();
    (read.format, doubts(&tree).join("; "))
}

#[test]
fn a_class_with_two_codes_is_refused() {
    let file = |code: &str| {
        format!(
            "Segment,Segment Name,Family,Family Name\n10,Home,1010,Kitchen\n{code},Home,1110,Bath\n"
        )
    };
    let read = read_taxonomy(
        Input::from_reader("tree", std::io::Cursor::new(file("11").into_bytes()), None).unwrap(),
        &TaxonomyOptions::default(),
    );
    let error = Taxonomy::from_rows(read.unwrap().rows).unwrap_err();
    assert_eq!(error.line(), Some(3));
    assert!(
        error.to_string().contains("`11` here and `10` on line 2"),
        "{error}"
    );
    let tree = ["10 = Home", "1010 = Home > Kitchen", "1110 = Home > Bath"];
    check(&file("10"), &tree);
    // A code that is left out once is that of the other rows.
    check(&file(""), &tree);
    check(&file("10").replacen("10,Home", ",Home", 1), &tree);
}

#[test]
fn numbers_of_products_behind_names_are_no_ids() {
    let tree = [
        "Garden",
        "Home",
        "Home > Bath",
        "Home > Kitchen",
        "Home > Kitchen > Pans",
    ];
    for file in [
        "Home (120)\n  Kitchen (80)\n    Pans (45)\n  Bath (40)\nGarden (7)\n",
        "Home (2)\n  Kitchen (1)\n    Pans (1)\n  Bath (1)\nGarden (1)\n",
        "Home (120)\n├── Kitchen (80)\n│   └── Pans (45)\n└── Bath (40)\nGarden (7)\n",
        "Home (120)\nHome > Kitchen (80)\nHome > Kitchen > Pans (45)\nHome > Bath (40)\nGarden (7)\n",
    ] {
        check(file, &tree);
        assert!(
            told(file).0.contains("numbers behind the names left out"),
            "{file}"
        );
    }
    // Ids grow on the way down.
    check(
        "Home (1)\n  Kitchen (2)\n",
        &["1 = Home", "2 = Home > Kitchen"],
    );
}

#[test]
fn numbers_of_products_are_told_in_tables_too() {
    for file in [
        "id,parent,name\n1,,Home (80)\n2,1,Kitchen (80)\n",
        r#"[{"id":1,"name":"Home (80)","children":[{"id":2,"name":"Kitchen (80)"}]}]"#,
    ] {
        check(file, &["1 = Home", "2 = Home > Kitchen"]);
        assert!(
            told(file)
                .0
                .contains("the numbers behind the names are left out")
        );
    }
    let nested = r#"[{"name":"Home (2)","children":[{"name":"Kitchen (1)"},{"name":"Bath (1)"}]}]"#;
    check(nested, &["Home", "Home > Bath", "Home > Kitchen"]);
}

#[test]
fn titles_above_a_list_are_no_categories() {
    for file in [
        "Category list 2026\n\nHome\nHome > Kitchen\n",
        "My Shop\n=======\nHome\nHome > Kitchen\n",
    ] {
        check(file, &["Home", "Home > Kitchen"]);
    }
    check(
        "Garden\nHome\nHome > Kitchen\n",
        &["Garden", "Home", "Home > Kitchen"],
    );
    check(
        "Home ➔ Kitchen\nHome ➔ Bath\n",
        &["Home", "Home > Bath", "Home > Kitchen"],
    );
    check(
        "大カテゴリ,中カテゴリ\n家,台所\n家,風呂\n",
        &["家", "家 > 台所", "家 > 風呂"],
    );
}

#[test]
fn rows_behind_a_tree_are_no_categories() {
    for (file, tree) in [
        (
            "Home\nHome > Kitchen\nTotal: 2 categories\n",
            &["Home", "Home > Kitchen"][..],
        ),
        (
            "Home\n  Kitchen\nGenerated on 2026-01-01 10:00\n",
            &["Home", "Home > Kitchen"],
        ),
        (
            "id,path\n1,Home\n2,Home > Kitchen\nTotal,2\n",
            &["1 = Home", "2 = Home > Kitchen"],
        ),
        (
            "id,parent,name\n1,,Home\n2,1,Kitchen\n\nGenerated on 2026-01-01\n",
            &["1 = Home", "2 = Home > Kitchen"],
        ),
        (
            "Department,Category,SKU count\nHome,Kitchen,12\nHome,Bath,3\nGrand Total,,15\n",
            &["Home", "Home > Bath", "Home > Kitchen"],
        ),
    ] {
        check(file, tree);
        assert!(
            told(file)
                .0
                .contains("1 row behind the categories left out"),
            "{file}"
        );
    }
    check("Home\nHome > Total\n", &["Home", "Home > Total"]);
    check(
        "Toys\nToys > Total Gym 3000\n",
        &["Toys", "Toys > Total Gym 3000"],
    );
}

#[test]
fn a_heading_of_levels_is_no_category() {
    for sign in ["/", " > ", "|"] {
        let file = [
            "Level 1/Level 2/Level 3",
            "Home/Kitchen/Pans",
            "Home/Kitchen/Pots",
            "Home/Bath/Taps",
        ]
        .map(|line| line.replace('/', sign));
        let (format, _) = told(&(file.join("\n") + "\n"));
        assert!(!format.contains("column 1"), "{format}");
        let tree = [
            "Home",
            "Home > Bath",
            "Home > Bath > Taps",
            "Home > Kitchen",
            "Home > Kitchen > Pans",
            "Home > Kitchen > Pots",
        ];
        check(&(file.join("\n") + "\n"), &tree);
    }
}

#[test]
fn codes_in_names_are_ids() {
    let tree = ["10 = Home", "1010 = Home > Kitchen", "1020 = Home > Bath"];
    for file in [
        "Level 1,Level 2\n10 - Home,1010 - Kitchen\n10 - Home,1020 - Bath\n",
        "10:Home\n10:Home > 1010:Kitchen\n10:Home > 1020:Bath\n",
        "Home|10\nHome|10>Kitchen|1010\nHome|10>Bath|1020\n",
        "10 - Home\n  1010 - Kitchen\n  1020 - Bath\n",
    ] {
        check(file, &tree);
    }
    check(
        "Sofas > 2 Seater\nSofas > 3 Seater\n",
        &["Sofas", "Sofas > 2 Seater", "Sofas > 3 Seater"],
    );
}

#[test]
fn names_in_several_languages_are_translations() {
    for file in [
        "id,parent,name\n1,,en:Home|de:Haus\n2,1,en:Kitchen|de:Küche\n",
        "id,parent,name\n1,,\"{\"\"en\"\":\"\"Home\"\",\"\"de\"\":\"\"Haus\"\"}\"\n2,1,\"{\"\"en\"\":\"\"Kitchen\"\",\"\"de\"\":\"\"Küche\"\"}\"\n",
        r#"[{"id":1,"name":[{"lang":"en","value":"Home"},{"lang":"de","value":"Haus"}]},{"id":2,"parent":1,"name":[{"lang":"en","value":"Kitchen"},{"lang":"de","value":"Küche"}]}]"#,
    ] {
        check(file, &["1 = Home", "2 = Home > Kitchen"]);
        assert!(told(file).0.contains("translations=name.de"), "{file}");
    }
}

#[test]
fn ids_that_programs_changed_are_mended_or_doubted() {
    let file = "id,parent_id,name\n1.0,,Home\n2.0,1.0,Kitchen\n";
    check(file, &["1 = Home", "2 = Home > Kitchen"]);
    assert!(told(file).0.ends_with("are read without `.0`"));
    let (_, doubt) = told("id,path\n1-Jan,Home\n2-Jan,Home > Kitchen\n");
    assert!(
        doubt.contains("dates that a spreadsheet has made, such as `1-Jan`"),
        "{doubt}"
    );
    let (_, doubt) = told("id,parent,name\n1,NULL,Home\n2,1,NULL\n");
    assert!(doubt.contains("1 name is none, such as `NULL`"), "{doubt}");
}

#[test]
fn zeros_among_letters_are_told() {
    for file in [
        "Home\nHome > Kit\0chen\nGarden\nGarden > Tools\n",
        "id,path\n1,Home\n2,Home > Kit\0chen\n3,Garden\n",
    ] {
        assert!(told(file).0.contains("1 line with NUL bytes"), "{file}");
    }
}

#[test]
fn other_forms_of_exports_are_trees() {
    check(
        "Kitchen:\nPans\nPots\n\nGarden:\nSpades\n",
        &[
            "Garden",
            "Garden > Spades",
            "Kitchen",
            "Kitchen > Pans",
            "Kitchen > Pots",
        ],
    );
    check(
        "Level 1,Level 2,Level 3\nHome,All,All\nHome,Kitchen,All\nHome,Kitchen,Pans\nGarden,All,All\n",
        &["Garden", "Home", "Home > Kitchen", "Home > Kitchen > Pans"],
    );
    check(
        r#"{"id":{"0":1,"1":2},"path":{"0":"Home","1":"Home > Kitchen"}}"#,
        &["1 = Home", "2 = Home > Kitchen"],
    );
    let mysql = "<mysqldump><table_data name=\"categories\">\
        <row><field name=\"id\">1</field><field name=\"name\">Home</field><field name=\"parent_id\"></field></row>\
        <row><field name=\"id\">2</field><field name=\"name\">Kitchen</field><field name=\"parent_id\">1</field></row></table_data></mysqldump>";
    check(mysql, &["1 = Home", "2 = Home > Kitchen"]);
    let (_, doubt) = told("Home > Kitchen\nHome > Pots\nHome/Bath\n");
    assert!(doubt.contains("`/` separates"), "{doubt}");
    refused(
        "id,path\n1,Home\n\nid,name\nx,y\n",
        &["line 4", "another table begins"],
    );
}
