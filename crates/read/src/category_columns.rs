//! Which column of a taxonomy file means what.

use crate::names::plain;

/// ISO 639-1, but `id` and `no`, which mean other things in a header.
const LANGUAGES: &str = " aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch \
    co cr cs cu cv cy da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he \
    hi ho hr ht hu hy hz ia ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw \
    ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn nr nv ny oc oj \
    om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw \
    ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu ";

// Names as `plain` leaves them.
const ID: &[&str] = &[
    "id",
    "categoryid",
    "code",
    "categorycode",
    "gid",
    "cid",
    "编号",
    "类目id",
    "分类id",
    "类目编号",
];
const PARENT: &[&str] = &[
    "parent",
    "parentid",
    "parentcategory",
    "parentcategoryid",
    "parentcode",
    "父类目",
    "父类目id",
    "父分类",
    "父分类id",
    "父id",
    "上级类目",
    "上级分类",
];
const PATH: &[&str] = &[
    "path",
    "fullpath",
    "categorypath",
    "fullname",
    "breadcrumb",
    "taxonomy",
    "路径",
    "类目路径",
    "分类路径",
];
const NAME: &[&str] = &[
    "name",
    "category",
    "categoryname",
    "label",
    "名称",
    "类目",
    "类目名称",
    "分类",
    "分类名称",
];
const DESCRIPTIONS: &[&str] = &["description", "descriptions", "描述", "说明"];
const ALIASES: &[&str] = &["alias", "aliases", "synonym", "synonyms", "别名", "同义词"];
const EXAMPLES: &[&str] = &["example", "examples", "示例", "例子"];

/// What a column holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Id,
    Parent,
    /// The path, or the name where parents are given.
    Main,
    Descriptions,
    Aliases,
    Examples,
    /// The same in another language, a path or only the own name.
    Translation {
        language: String,
        path: bool,
    },
    Ignored,
}

/// What the columns of a taxonomy file mean.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    main: String,
    /// Whether rows give their parent's id instead of a path.
    pub(crate) child: bool,
}

impl Layout {
    /// Finds the column that holds the tree. A refusal is a message for the
    /// user.
    pub(crate) fn new(columns: &[String]) -> Result<Self, String> {
        let find = |names: &[&str]| {
            let guess = |name: &&str| columns.iter().find(|column| plain(column) == *name);
            names.iter().find_map(guess)
        };
        let child = find(PARENT).is_some();
        let translated = || {
            let own =
                |column: &&String| matches!(suffixed(column), Some((path, _)) if path != child);
            columns.iter().find(own)
        };
        let bare = || columns.iter().find(|column| language(column).is_some());
        let (main, child) = match find(PATH) {
            Some(path) => (Some(path), false),
            None => (find(NAME).or_else(bare).or_else(translated), child),
        };
        let Some(main) = main else {
            return Err(format!(
                "no column is called `path` or `name`; the columns are {}",
                columns.join(", ")
            ));
        };
        if child && find(ID).is_none() {
            return Err("rows with a parent need a column `id` that parents refer to".to_owned());
        }
        let main = main.clone();
        Ok(Self { main, child })
    }

    /// Whether a line names columns of a taxonomy.
    pub(crate) fn is_header(columns: &[String]) -> bool {
        let known = |name: &String| [ID, PARENT, PATH, NAME].iter().any(|list| has(list, name));
        match columns {
            [one] => has(PATH, one) || has(NAME, one),
            _ => columns.iter().any(known),
        }
    }

    pub(crate) fn role(&self, column: &str) -> Role {
        if column == self.main {
            return Role::Main;
        }
        let lists = [
            (ID, Role::Id),
            (
                PARENT,
                if self.child {
                    Role::Parent
                } else {
                    Role::Ignored
                },
            ),
            (DESCRIPTIONS, Role::Descriptions),
            (ALIASES, Role::Aliases),
            (EXAMPLES, Role::Examples),
        ];
        if let Some((_, role)) = lists.into_iter().find(|(list, _)| has(list, column)) {
            return role;
        }
        if let Some(language) = language(column) {
            let path = !self.child;
            return Role::Translation { language, path };
        }
        match suffixed(column) {
            Some((path, language)) => Role::Translation {
                language,
                // Where names hold paths, translated names do as well.
                path: path || (!self.child && has(NAME, &self.main)),
            },
            None => Role::Ignored,
        }
    }
}

fn has(list: &[&str], column: &str) -> bool {
    list.contains(&plain(column).as_str())
}

/// `zh`, `zh-CN`, `pt_BR`: a language code with or without a region.
fn language(column: &str) -> Option<String> {
    let code = column.trim().replace('_', "-").to_ascii_lowercase();
    let (language, region) = code.split_once('-').unwrap_or((&code, "cn"));
    let known = language.len() == 2 && LANGUAGES.contains(&format!(" {language} "));
    let plausible =
        (2..=4).contains(&region.len()) && region.bytes().all(|b| b.is_ascii_alphanumeric());
    (known && plausible).then(|| code.clone())
}

/// `path_zh`, `name.zh-CN`: whether it is a path, and the language.
fn suffixed(column: &str) -> Option<(bool, String)> {
    let starts = column.match_indices(['_', '.', '-', ' ']);
    starts.into_iter().find_map(|(at, _)| {
        let (stem, suffix) = (&column[..at], &column[at + 1..]);
        let path = has(PATH, stem);
        (path || has(NAME, stem)).then_some((path, language(suffix)?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(header: &str) -> Vec<Role> {
        let columns: Vec<_> = header.split(',').map(str::to_owned).collect();
        let layout = Layout::new(&columns).unwrap();
        columns.iter().map(|column| layout.role(column)).collect()
    }

    fn translation(language: &str, path: bool) -> Role {
        let language = language.to_owned();
        Role::Translation { language, path }
    }

    #[test]
    fn headers_with_paths_are_understood() {
        let found = [
            Role::Id,
            Role::Main,
            translation("zh-cn", true),
            Role::Ignored,
        ];
        assert_eq!(roles("id,path,path_zh_CN,level"), found);
        let found = [Role::Id, Role::Main, translation("zh", true)];
        assert_eq!(roles("id,en,zh"), found);
        assert_eq!(roles("id,path,zh"), found);
        assert_eq!(roles("Category ID,path_en,path_zh"), found);
        assert_eq!(roles("类目ID,类目,类目.zh"), found);
        let found = [Role::Main, Role::Ignored, translation("zh", false)];
        assert_eq!(roles("full_path,name,name_zh"), found);
    }

    #[test]
    fn headers_with_parents_are_understood() {
        let found = [Role::Id, Role::Parent, Role::Main, translation("zh", false)];
        assert_eq!(roles("id,parent,name,name_zh"), found);
        assert_eq!(roles("id,parent_id,category,zh"), found);
        assert_eq!(roles("编号,父类目,name_en,name_zh"), found);
    }

    #[test]
    fn further_columns_are_understood() {
        assert_eq!(
            roles("path,descriptions,alias,Examples"),
            [
                Role::Main,
                Role::Descriptions,
                Role::Aliases,
                Role::Examples
            ]
        );
    }

    #[test]
    fn headers_without_a_tree_are_refused() {
        let columns =
            |header: &str| -> Vec<String> { header.split(',').map(str::to_owned).collect() };
        let message = Layout::new(&columns("id,price")).unwrap_err();
        assert!(message.contains("the columns are id, price"), "{message}");
        let message = Layout::new(&columns("parent,name")).unwrap_err();
        assert!(message.contains("`id`"), "{message}");
        assert!(!Layout::is_header(&columns("Clothing, Shoes")));
        assert!(Layout::is_header(&columns("code,Kategorie")));
    }
}
