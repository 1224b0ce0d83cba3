//! References that are paths.

use crate::error::{Error, named};

/// A path within a folder or archive, its parts joined by `/`.
///
/// # Errors
/// [`Error::Outside`] if it leads out, or may on another system.
pub(crate) fn inside(reference: &str) -> Result<String, Error> {
    let refuse = |why| {
        Err(Error::Outside {
            reference: named(reference),
            why,
        })
    };
    if reference.contains('\0') {
        return refuse("it has a zero byte");
    }
    let drive = reference.as_bytes().get(1) == Some(&b':');
    if reference.starts_with(['/', '\\']) || drive || reference.starts_with("file:") {
        return refuse("it is not relative to the folder or archive of pictures");
    }
    let mut parts = Vec::new();
    for part in reference.split('/') {
        match part {
            "" | "." => {}
            ".." => return refuse("it leads out of the folder or archive of pictures by `..`"),
            part if part.split('\\').any(|part| part == "..") => {
                return refuse("it leads out of the folder or archive of pictures by `..`");
            }
            part => parts.push(part),
        }
    }
    match parts.is_empty() {
        true => refuse("it names no file"),
        false => Ok(parts.join("/")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_that_stay_inside_are_taken() {
        assert_eq!(inside("./a//b/./c.jpg").unwrap(), "a/b/c.jpg");
        assert_eq!(inside("..a/b..").unwrap(), "..a/b..");
        for reference in [
            "",
            ".",
            "/etc/passwd",
            "../a",
            "a/../../b",
            "a/..",
            "a\\..\\..\\b",
            "C:\\pictures\\a.jpg",
            "\\\\server\\a.jpg",
            "file:///etc/passwd",
            "a\0.jpg",
        ] {
            let refused = inside(reference).unwrap_err();
            assert!(matches!(refused, Error::Outside { .. }), "{refused}");
        }
    }
}
