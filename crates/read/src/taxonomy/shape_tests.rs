//! Every shape of a taxonomy file, and the tree that is in it.

use std::io::Cursor;

use assort_core::Taxonomy;

use super::*;

fn read_as(file: &str, options: &TaxonomyOptions) -> Result<TaxonomyFile> {
    let bytes = Cursor::new(file.as_bytes().to_vec());
    read_taxonomy(Input::from_reader("tree", bytes, None)?, options)
}

/// The categories as `id = path`, or as the path alone where that is the id.
#[track_caller]
pub(super) fn tree_as(file: &str, options: &TaxonomyOptions) -> Vec<String> {
    let read = read_as(file, options).unwrap_or_else(|error| panic!("{error}\n{file}"));
    let tree = Taxonomy::from_rows(read.rows);
    let tree = tree.unwrap_or_else(|error| panic!("{error}; {}\n{file}", read.format));
    let tell = |index: u32| {
        let (id, path) = (&tree.category(index).id, tree.path(index));
        if *id == path {
            path
        } else {
            format!("{id} = {path}")
        }
    };
    let mut told: Vec<String> = (0..tree.len() as u32).map(tell).collect();
    told.sort();
    told
}

#[track_caller]
pub(super) fn check(file: &str, expected: &[&str]) {
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    let found = tree_as(file, &TaxonomyOptions::default());
    let format = read_as(file, &TaxonomyOptions::default()).unwrap().format;
    assert_eq!(found, expected, "{format}\n{file}");
}

#[track_caller]
pub(super) fn refused(file: &str, words: &[&str]) {
    let message = match read_as(file, &TaxonomyOptions::default()) {
        Err(error) => error.to_string(),
        Ok(read) => panic!("{}: {:?}", read.format, read.rows),
    };
    for word in words {
        assert!(message.contains(word), "{message}");
    }
}

pub(super) const TEA: [&str; 4] = [
    "1 = Tea",
    "2 = Tea > Green",
    "3 = Tea > Green > Sencha",
    "4 = Cups",
];

#[test]
fn parents_by_id_under_many_names() {
    for (header, root) in [
        ("id,parent,name", ""),
        ("id,pid,name", "0"),
        ("term_id,parent,name", "0"),
        ("CategoryID,ParentCategoryID,CategoryName", "NULL"),
        ("code,parent_code,label", ""),
        ("编号,父类目,名称", "0"),
        ("Código,Código padre,Nombre", ""),
        ("Kategorie-ID,Oberkategorie,Bezeichnung", "-1"),
        ("cat_id,parent_cat_id,title", ""),
        ("id,id_parent,nombre", "0"),
        ("node_id,node_parent_id,node", "0"),
    ] {
        check(
            &format!("{header}\n1,{root},Tea\n2,1,Green\n3,2,Sencha\n4,{root},Cups\n"),
            &TEA,
        );
    }
    // A root that is its own parent, and parents that became floating numbers.
    check(
        "id,parent_id,name\n1,1,Tea\n2,1,Green\n3,2,Sencha\n4,4,Cups\n",
        &TEA,
    );
    check(
        "id,parent_id,name\n1,,Tea\n2,1.0,Green\n3,2.0,Sencha\n4,,Cups\n",
        &TEA,
    );
}

#[test]
fn parents_by_name_slug_or_path() {
    check(
        "id,name,parent\n1,Tea,\n2,Green,Tea\n3,Sencha,green\n4,Cups,\n",
        &TEA,
    );
    check(
        "id,name,slug,parent_slug\n1,Tea,t,\n2,Green,g,t\n3,Sencha,s,g\n4,Cups,c,\n",
        &TEA,
    );
    check(
        "id,name,path,parent\n1,Tea,/t,\n2,Green,/t/g,/t\n3,Sencha,/t/g/s,/t/g\n4,Cups,/c,\n",
        &TEA,
    );
    check(
        "name,parent\nTea,\nGreen,Tea\nSencha,Green\nCups,\n",
        &["Tea", "Tea > Green", "Tea > Green > Sencha", "Cups"],
    );
    check(
        "child;parent\nGreen;Tea\nSencha;Green\nMugs;Cups\n",
        &[
            "Tea",
            "Tea > Green",
            "Tea > Green > Sencha",
            "Cups",
            "Cups > Mugs",
        ],
    );
}

#[test]
fn a_root_that_no_row_is_is_left_out_and_told() {
    let file = "Category ID;Active;Name *;Parent category\n1;1;Tea;Start\n2;1;Green;Tea\n3;1;Sencha;Green\n4;1;Cups;Start\n";
    check(file, &TEA);
    let format = read_as(file, &TaxonomyOptions::default()).unwrap().format;
    assert!(format.contains("`Start`"), "{format}");
    assert!(format.contains("ignored=Active"), "{format}");
    let file = "entity_id,parent_id,path,level,name\n1,90,90/1,1,Tea\n2,1,90/1/2,2,Green\n3,2,90/1/2/3,3,Sencha\n4,90,90/4,1,Cups\n";
    check(file, &TEA);
}

#[test]
fn paths_of_ids_are_no_names() {
    check(
        "id,path,name\n1,1,Tea\n2,1/2,Green\n3,1/2/3,Sencha\n4,4,Cups\n",
        &TEA,
    );
    check(
        "id,path,name\n1,0/1,Tea\n2,0/1/2,Green\n3,0/1/2/3,Sencha\n4,0/4,Cups\n",
        &TEA,
    );
    check(
        "id,ancestors,name\n1,,Tea\n2,1,Green\n3,\"1,2\",Sencha\n4,,Cups\n",
        &TEA,
    );
    check(
        "id,name,path\n1,Tea,tea\n2,Green,tea/green\n3,Sencha,tea/green/sencha-x\n4,Cups,cups\n",
        &TEA,
    );
}

#[test]
fn a_full_name_that_is_no_path_is_passed_over() {
    check(
        "Id,ParentCategoryId,Name,FullName\n1,,Tea,All that is brewed\n2,1,Green,Not black\n3,2,Sencha,Steamed / rolled\n4,,Cups,To drink\n",
        &TEA,
    );
    // A taxonomy as WordPress calls it.
    check(
        "term_id,name,taxonomy,parent\n1,Tea,product_cat,0\n2,Green,product_cat,1\n3,Sencha,product_cat,2\n4,Cups,product_cat,0\n",
        &TEA,
    );
}

#[test]
fn paths_and_parents_that_contradict_are_refused() {
    let file = "id,parent_id,name,path\n1,,Tea,Tea\n2,1,Green,Tea > Green\n3,2,Sencha,Tea > Sencha\n4,3,Cups,Tea > Cups\n";
    refused(file, &["line 4", "`path`", "another tree"]);
    let stated = TaxonomyOptions {
        path: Some("path".to_owned()),
        ..TaxonomyOptions::default()
    };
    assert_eq!(
        tree_as(file, &stated),
        [
            "1 = Tea",
            "2 = Tea > Green",
            "3 = Tea > Sencha",
            "4 = Tea > Cups"
        ]
    );
    let agreeing = "id,parent_id,name,path\n1,,Tea,Tea\n2,1,Green,Tea > Green\n3,2,Sencha,Tea > Green > Sencha\n4,,Cups,Cups\n";
    check(agreeing, &TEA);
}

#[test]
fn level_columns() {
    let tree = [
        "Tea",
        "Tea > Green",
        "Tea > Green > Sencha",
        "Tea > Black",
        "Cups",
        "Cups > Big",
        "Cups > Big > Mugs",
    ];
    for header in [
        "Category,Subcategory,Sub-subcategory",
        "level_1,level_2,level_3",
        "L1,L2,L3",
        "Department,Class,Subclass",
        "Kategorie,Unterkategorie,Unterunterkategorie",
        "一级类目,二级类目,三级类目",
        "Main Category,Sub Category,Sub Sub Category",
    ] {
        check(
            &format!("{header}\nTea,Green,Sencha\nTea,Black,\nCups,Big,Mugs\n"),
            &tree,
        );
    }
    // Merged cells of a spreadsheet.
    check(
        "Level 1,Level 2,Level 3\nTea,,\n,Green,\n,,Sencha\n,Black,\nCups,,\n,Big,\n,,Mugs\n",
        &tree,
    );
    // Names of columns that say nothing, of levels that say it all.
    check(
        "Abteilung X;Reihe Y\nTea;Green\nTea;Black\nTea;White\nCups;Big\nCups;Small\n",
        &[
            "Tea",
            "Tea > Green",
            "Tea > Black",
            "Tea > White",
            "Cups",
            "Cups > Big",
            "Cups > Small",
        ],
    );
    refused(
        "Category,Subcategory\nTea,Green\n,Black\nCups,Big\nCups,Small\n",
        &["line 3", "`Category`"],
    );
    refused(
        "Subclass,Class,Department\nSencha,Green,Tea\nMatcha,Green,Tea\nAssam,Black,Tea\nMugs,Big,Cups\nBowls,Big,Cups\n",
        &["root"],
    );
}

#[test]
fn levels_with_ids_codes_and_definitions() {
    check(
        "id,level1,level2,level3\n1,Tea,,\n2,Tea,Green,\n3,Tea,Green,Sencha\n4,Cups,,\n",
        &TEA,
    );
    let tree = [
        "10 = Tea/Herbs",
        "1010 = Tea/Herbs > Green",
        "101010 = Tea/Herbs > Green > Sencha",
        "101020 = Tea/Herbs > Green > Matcha",
    ];
    check(
        "Segment,Segment Name,Family,Family Name,Class,Class Name\n10,Tea/Herbs,1010,Green,101010,Sencha\n10,Tea/Herbs,1010,Green,101020,Matcha\n",
        &tree,
    );
    check(
        "Level1Code,Level1Name,Level2Code,Level2Name,Level3Code,Level3Name\n10,Tea/Herbs,1010,Green,101010,Sencha\n10,Tea/Herbs,1010,Green,101020,Matcha\n",
        &tree,
    );
    let file = "SegmentCode,SegmentTitle,SegmentDefinition,FamilyCode,FamilyTitle,FamilyDefinition\n10,Tea/Herbs,To brew,1010,Green,Steamed\n10,Tea/Herbs,To brew,1020,Black,Rolled\n";
    check(
        file,
        &[
            "10 = Tea/Herbs",
            "1010 = Tea/Herbs > Green",
            "1020 = Tea/Herbs > Black",
        ],
    );
    let rows = read_as(file, &TaxonomyOptions::default()).unwrap().rows;
    let told: Vec<_> = rows.iter().map(|row| row.descriptions.join("+")).collect();
    assert_eq!(told, ["To brew", "Steamed", "Rolled"]);
}

#[test]
fn hierarchy_in_codes() {
    check(
        "Code,Name\n30000000,Tea\n30120000,Green\n30121500,Sencha\n30121600,Matcha\n41000000,Cups\n41100000,Mugs\n",
        &[
            "30000000 = Tea",
            "30120000 = Tea > Green",
            "30121500 = Tea > Green > Sencha",
            "30121600 = Tea > Green > Matcha",
            "41000000 = Cups",
            "41100000 = Cups > Mugs",
        ],
    );
    check(
        "code,description,name\n1,,Tea\n1.1,,Green\n1.1.1,,Sencha\n2,,Cups\n",
        &[
            "1 = Tea",
            "1.1 = Tea > Green",
            "1.1.1 = Tea > Green > Sencha",
            "2 = Cups",
        ],
    );
    check(
        "id,name\n7,Tea\n8,Cups\n9,Pots\n",
        &["7 = Tea", "8 = Cups", "9 = Pots"],
    );
}

#[test]
fn tables_without_a_header() {
    check(
        "1,Tea,,,\n2,Tea,Green,,\n3,Tea,Green,Sencha,\n4,Cups,,,\n",
        &TEA,
    );
    check(
        "1\tTea\n2\tTea\tGreen\n3\tTea\tGreen\tSencha\n4\tCups\n",
        &TEA,
    );
    check(
        "1,Tea\n2,Tea > Green\n3,Tea > Green > Sencha\n4,Cups\n",
        &TEA,
    );
    check(
        "1;0;Tea\n2;1;Green\n3;2;Sencha\n4;0;Cups\n5;4;Mugs\n",
        &[
            "1 = Tea",
            "2 = Tea > Green",
            "3 = Tea > Green > Sencha",
            "4 = Cups",
            "5 = Cups > Mugs",
        ],
    );
    check(
        "Tea,Green\nTea,Black\nCups,Big\n",
        &["Tea", "Tea > Green", "Tea > Black", "Cups", "Cups > Big"],
    );
}

#[test]
fn lists_of_paths() {
    check(
        "Tea\n\"Tea > Green, loose\"\n\"Tea > 6\"\" tins\"\nCups\n",
        &["Tea", "Tea > Green, loose", "Tea > 6\" tins", "Cups"],
    );
    check(
        "11 - Tea & Co,,\n12 - Tea & Co > Green,,\n",
        &["11 = Tea & Co", "12 = Tea & Co > Green"],
    );
    for heading in [
        "Kategorie",
        "Category",
        "path",
        "Full Path",
        "Catégories",
        "分类",
        "Product Category",
    ] {
        check(
            &format!("{heading}\nTea\nTea > Green, loose\nCups\n"),
            &["Tea", "Tea > Green, loose", "Cups"],
        );
    }
    check(
        "Category\nCategory > Tea\n",
        &["Category", "Category > Tea"],
    );
    check(
        "Tea\n\tGreen\n\t\tSencha\n\tBlack\nCups\n",
        &[
            "Tea",
            "Tea > Green",
            "Tea > Green > Sencha",
            "Tea > Black",
            "Cups",
        ],
    );
    check(
        "Tea\n  Green\n    Sencha\n  Black\nCups\n",
        &[
            "Tea",
            "Tea > Green",
            "Tea > Green > Sencha",
            "Tea > Black",
            "Cups",
        ],
    );
    check(
        "- Tea\n  - Green\n- Cups\n",
        &["Tea", "Tea > Green", "Cups"],
    );
    refused("Tea\n    Green\n  Black\n", &["line 3", "set in"]);
    check("\"v1\"\n[{\"name\": \"Tea\"}]\n", &["Tea"]);
}

#[test]
fn separators_of_all_kinds() {
    for separator in [
        " > ", ">", " >> ", "＞", "»", " › ", " → ", "/", " / ", "|", "::", " : ", "\\", ";", ",",
        " &gt; ",
    ] {
        let file = format!(
            "Tea &amp; Co\nTea &amp; Co{separator}Green\nTea &amp; Co{separator}Green{separator}Sencha\nCups\n"
        );
        check(
            &file,
            &[
                "Tea & Co",
                "Tea & Co > Green",
                "Tea & Co > Green > Sencha",
                "Cups",
            ],
        );
    }
    check(
        "Tea\\/Herbs\nTea\\/Herbs/Green\nCups/Big \\/ Small\n",
        &[
            "Tea/Herbs",
            "Tea/Herbs > Green",
            "Cups",
            "Cups > Big / Small",
        ],
    );
}

#[test]
fn rows_of_one_id_are_languages_where_a_column_says_so() {
    let file = "id,locale,path\n1,en,Tea\n2,en,Tea > Green\n1,de_AT,Tee\n2,de_AT,Tee > Grün\n";
    check(file, &TEA[..2]);
    let rows = read_as(file, &TaxonomyOptions::default()).unwrap().rows;
    assert_eq!(
        rows[1].translations,
        [(
            "de-at".to_owned(),
            vec!["Tee".to_owned(), "Grün".to_owned()]
        )]
    );
    let file = "id,language,name,parent\n1,en,Tea,\n1,fr,Thé,\n2,en,Green,1\n2,fr,Vert,1\n";
    check(file, &TEA[..2]);
    let rows = read_as("id,path\n1,Tea\n1,Cups\n", &TaxonomyOptions::default())
        .unwrap()
        .rows;
    assert_eq!(Taxonomy::from_rows(rows).unwrap_err().line(), Some(3));
}

#[test]
fn what_is_no_taxonomy_is_refused() {
    refused(
        "Handle,Title,Vendor,Product Category,Variant SKU,Variant Price\na,Green tea,Leaf,Tea > Green,S-1,3.50\nb,Mug,Clay,Cups,S-2,9.00\n",
        &["products", "Vendor"],
    );
    refused(
        "id,title,shelf\n1,Cup,Tea > Green\n2,Mug,Tea > Green\n3,Pot,Tea > Black\n",
        &["products", "several rows", "`shelf`"],
    );
    refused(
        "id,ref,name\n1,0,Tea\n2,1,Green\n3,1,Black\n4,0,Cups\n5,4,Mugs\n",
        &["`ref`", "parents"],
    );
    refused(
        "id,name,where\n1,Tea,Tea\n2,Green,Tea > Green\n3,Black,Tea > Black\n",
        &["`where`", "paths"],
    );
    refused("alpha,beta\nx y,1\nz,2\n", &["alpha, beta"]);
}

#[test]
fn columns_that_are_stated_are_taken() {
    let options = |id: &str, parent: &str, name: &str| TaxonomyOptions {
        id: Some(id.to_owned()),
        parent: Some(parent.to_owned()),
        name: Some(name.to_owned()),
        ..TaxonomyOptions::default()
    };
    let file = "nr,up,word,path\n1,,Tea,x > y\n2,1,Green,x\n3,2,Sencha,z\n4,,Cups,x > z\n";
    assert_eq!(tree_as(file, &options("nr", "up", "WORD")).len(), 4);
    assert_eq!(
        tree_as("1,,Tea\n2,1,Green\n", &options("1", "2", "3")),
        TEA[..2]
    );
    let levels = TaxonomyOptions {
        levels: vec!["b".to_owned(), "a".to_owned()],
        ..TaxonomyOptions::default()
    };
    assert_eq!(
        tree_as("a,b\nGreen,Tea\nBlack,Tea\n", &levels),
        ["Tea", "Tea > Black", "Tea > Green"]
    );
    let missing = read_as(file, &options("nr", "above", "word"))
        .unwrap_err()
        .to_string();
    assert!(
        missing.contains("no column is called `above`; the columns are nr, up"),
        "{missing}"
    );
}

#[test]
fn outlines_by_numbers_levels_and_drawn_lines() {
    check(
        "1 Tea\n1.1 Green\n1.1.1 Sencha\n2 Cups\n",
        &[
            "1 = Tea",
            "1.1 = Tea > Green",
            "1.1.1 = Tea > Green > Sencha",
            "2 = Cups",
        ],
    );
    let names = ["Tea", "Tea > Green", "Tea > Green > Sencha", "Cups"];
    check("Tea\n├── Green\n│   └── Sencha\nCups\n", &names);
    check("Tea\n- Green\n-- Sencha\nCups\n", &names);
    check("*Tea\n**Green\n***Sencha\n*Cups\n", &names);
    check("+ Tea\n+ Cups\n", &["Tea", "Cups"]);
    check("+Tea\n+Cups\n", &["+Tea", "+Cups"]);
    check("level,name\n1,Tea\n2,Green\n3,Sencha\n1,Cups\n", &names);
    check(
        "id,level,name\n1,0,Tea\n2,1,Green\n3,2,Sencha\n4,0,Cups\n",
        &TEA,
    );
}

#[test]
fn a_parent_by_a_name_that_several_rows_have_is_refused() {
    refused(
        "id,name,parent\n1,Tea,\n2,Cups,\n3,More,Tea\n4,More,Cups\n5,Tins,More\n",
        &["line 6", "`More`", "several rows"],
    );
}

#[test]
fn parents_that_are_a_level_are_one() {
    check(
        "Parent Category,Category,Subcategory\nTea,Green,Sencha\nTea,Black,N/A\n",
        &["Tea", "Tea > Green", "Tea > Green > Sencha", "Tea > Black"],
    );
    check(
        "Product Category,Product Subcategory\nTea,Green\nTea,Black\n",
        &["Tea", "Tea > Green", "Tea > Black"],
    );
    check("A/B///C\nA/B\nA/B///D\n", &["A/B", "A/B > C", "A/B > D"]);
}

#[test]
fn lists_in_cells_are_paths() {
    check(
        "id,breadcrumbs\n1,\"[\"\"Tea\"\"]\"\n2,\"[\"\"Tea\"\", \"\"Green\"\"]\"\n",
        &TEA[..2],
    );
}

#[test]
fn roots_alone_keep_the_signs_in_their_names() {
    check(
        "id\tparent_id\tname\tpath\n1\t\ta>b\ta>b\n2\t\ta>c\ta>c\n",
        &["1 = a>b", "2 = a>c"],
    );
}

#[test]
fn tables_that_are_cut_at_rare_signs() {
    check(
        "id^parent_id^name\n1^^Tea\n2^1^Green\n3^2^Sencha\n4^^Cups\n",
        &TEA,
    );
    check(
        "id~path\n1~Tea\n2~Tea > Green\n3~Tea > Green > Sencha\n4~Cups\n",
        &TEA,
    );
}

#[test]
fn translations_of_publishers_that_name_two_categories_alike_keep_both() {
    let google = "# Google_Product_Taxonomy_Version: 2021-09-21\n1 - Tea\n2 - Tea > Green\n3 - Tea > Green\n";
    let three = ["1 = Tea", "2 = Tea > Green", "3 = Tea > Green (3)"];
    check(google, &three);
    let told = read_as(google, &TaxonomyOptions::default()).unwrap().format;
    let expected = "1 category has the path of another id, and the id behind the name, first that of `Tea > Green`";
    assert!(told.contains(expected), "{told}");
    // What is below one of them is below that one.
    let gid = "gid://shopify/TaxonomyCategory/";
    let shopify = format!(
        "{gid}te : Tea\n{gid}te-1 : Tea > Green\n{gid}te-1-1 : Tea > Green > Bags\n{gid}te-2 : Tea > Green\n{gid}te-2-1 : Tea > Green > Bags\n{gid}te-2-1-1 : Tea > Green > Bags > Big\n"
    );
    check(
        &shopify,
        &[
            "te = Tea",
            "te-1 = Tea > Green",
            "te-1-1 = Tea > Green > Bags",
            "te-2 = Tea > Green (te-2)",
            "te-2-1 = Tea > Green (te-2) > Bags",
            "te-2-1-1 = Tea > Green (te-2) > Bags > Big",
        ],
    );
}

#[test]
fn a_sign_at_the_end_of_few_lines_is_of_a_name() {
    let google = "1 - Tea\n2 - Tea > Green;\n3 - Tea > Green; > Sencha\n";
    check(
        google,
        &["1 = Tea", "2 = Tea > Green;", "3 = Tea > Green; > Sencha"],
    );
}
