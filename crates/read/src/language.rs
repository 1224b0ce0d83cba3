//! Languages at the ends of columns' names.

/// ISO 639-1, but `id`, `no` and `nr`, which mean other things in a header.
const LANGUAGES: &str = " aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch \
    co cr cs cu cv cy da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he \
    hi ho hr ht hu hy hz ia ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw \
    ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn nv ny oc oj \
    om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw \
    ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu ";

/// Whether a code is one of a language.
pub(crate) fn is_language(code: &str) -> bool {
    code.len() == 2 && LANGUAGES.contains(&format!(" {} ", code.to_ascii_lowercase()))
}

/// A name without the language, and what follows it, that it ends in: `name` of
/// `name-en_US` and `name_de`.
pub(crate) fn without_language(name: &str) -> Option<&str> {
    let mut cuts = name.match_indices(['-', '_', '.', ' ', '(', '[']);
    cuts.find_map(|(at, _)| {
        let behind = &name[at + 1..];
        let end = behind.find(|c: char| !c.is_ascii_alphabetic());
        let code = &behind[..end.unwrap_or(behind.len())];
        // `Nom de l’attribut` and `name_is_new` go on with words of their own.
        let rest = behind[code.len()..].trim_end_matches([')', ']']);
        let is_locale = rest.is_empty() || is_region(rest);
        (is_language(code) && is_locale).then(|| name[..at].trim())
    })
}

/// Whether what follows a language begins with a region or a script: `_US`, `-Hans`, `-419`.
fn is_region(rest: &str) -> bool {
    let rest = rest.strip_prefix(['-', '_', '.']).unwrap_or_default();
    let region = rest.split(|c: char| !c.is_ascii_alphanumeric()).next();
    let region = region.unwrap_or_default();
    let is_script = region.len() == 4 && region.starts_with(|c: char| c.is_ascii_uppercase());
    let is_number = region.len() == 3 && region.bytes().all(|byte| byte.is_ascii_digit());
    is_script || is_number || region.len() == 2 && !region.bytes().all(|byte| byte.is_ascii_digit())
}

/// The last part of a name with a language among those before it: `title` of
/// `translations.en.title`.
pub(crate) fn behind_language(name: &str) -> Option<&str> {
    let (before, last) = name.rsplit_once('.')?;
    let is_code = |part: &str| is_language(part.split(['-', '_']).next().unwrap_or_default());
    before.split('.').any(is_code).then_some(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_come_off_names() {
        for name in [
            "name-en_US",
            "name_de",
            "name.fr-FR-ecommerce",
            "name (en)",
            "name zh-Hans",
            "name[es-419]",
        ] {
            assert_eq!(without_language(name), Some("name"), "{name}");
        }
        for name in [
            "name",
            "product_id",
            "name_short",
            "en_name",
            "Nom de l’attribut 1",
            "name_is_new",
            "title_to_print",
        ] {
            assert_eq!(without_language(name), None, "{name}");
        }
        assert_eq!(behind_language("translations.en-GB.title"), Some("title"));
        assert_eq!(behind_language("seller.address.title"), None);
    }
}
