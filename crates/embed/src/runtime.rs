//! Loading ONNX Runtime.

use std::sync::{Mutex, PoisonError};

use ort::environment::{Environment, EnvironmentBuilder};

use crate::Error;

/// The environment all sessions of this process share, made on first use.
pub(crate) fn environment() -> Result<Environment, Error> {
    // ONNX Runtime allows one environment per process, and drops it with its
    // last handle: this one is kept.
    static KEPT: Mutex<Option<Environment>> = Mutex::new(None);
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(environment) = kept.as_ref() {
        return Ok(environment.clone());
    }
    let environment =
        builder()?
            .with_telemetry(false)
            .build()
            .map_err(|e| Error::RuntimeMissing {
                cause: format!("which did not start ({e})"),
            })?;
    // Several sessions run beside each other, each on a thread of ours: a
    // tokenizer that spreads over all cores as well would only be in the way.
    tokenizers::utils::parallelism::set_parallelism(false);
    Ok(kept.insert(environment).clone())
}

#[cfg(not(feature = "onnxruntime-dynamic"))]
fn builder() -> Result<EnvironmentBuilder, Error> {
    Ok(ort::init())
}

#[cfg(feature = "onnxruntime-dynamic")]
fn builder() -> Result<EnvironmentBuilder, Error> {
    let mut refused = Vec::new();
    for library in library::candidates(&library::Places::of_this_process())? {
        match ort::init_from(&library) {
            Ok(builder) => return Ok(builder),
            Err(e) => refused.push(e.to_string()),
        }
    }
    Err(Error::RuntimeMissing {
        cause: match refused.as_slice() {
            [] => "which was not found on this machine".to_owned(),
            reasons => format!("which could not be loaded ({})", reasons.join("; ")),
        },
    })
}

#[cfg(feature = "onnxruntime-dynamic")]
mod library {
    use std::cmp::Reverse;
    use std::env;
    use std::path::{Path, PathBuf};

    use crate::Error;

    /// Where system packages put libraries.
    const SYSTEM: [&str; 7] = [
        "/usr/lib",
        "/usr/local/lib",
        "/usr/lib64",
        "/usr/lib/x86_64-linux-gnu",
        "/usr/lib/aarch64-linux-gnu",
        "/usr/local/lib64",
        "/opt/homebrew/lib",
    ];

    /// What the search depends on.
    #[derive(Default)]
    pub(super) struct Places {
        /// What `ORT_DYLIB_PATH` says: a file or a folder.
        pub(super) named: Option<PathBuf>,
        /// The folder of the running program.
        pub(super) program: Option<PathBuf>,
        /// Roots of Python environments: each has `lib/python3*/site-packages`.
        pub(super) pythons: Vec<PathBuf>,
        /// Folders of libraries.
        pub(super) system: Vec<PathBuf>,
    }

    impl Places {
        pub(super) fn of_this_process() -> Self {
            let folder = |name| {
                env::var_os(name)
                    .filter(|v| !v.is_empty())
                    .map(PathBuf::from)
            };
            let program = env::current_exe().ok();
            Self {
                named: folder("ORT_DYLIB_PATH"),
                program: program.and_then(|p| p.parent().map(Path::to_owned)),
                pythons: [
                    folder("VIRTUAL_ENV"),
                    folder("CONDA_PREFIX"),
                    folder("HOME").map(|home| home.join(".local")),
                    Some(PathBuf::from("/usr/local")),
                    Some(PathBuf::from("/usr")),
                ]
                .into_iter()
                .flatten()
                .collect(),
                system: SYSTEM.iter().map(PathBuf::from).collect(),
            }
        }
    }

    /// The libraries to try, the likeliest first. If one is named, only that:
    /// a program that silently runs another runtime than it was told to is
    /// hard to understand.
    pub(super) fn candidates(places: &Places) -> Result<Vec<PathBuf>, Error> {
        if let Some(named) = &places.named {
            let found = if named.is_dir() {
                libraries_in(named)
            } else {
                Vec::from_iter(named.is_file().then(|| named.clone()))
            };
            if found.is_empty() {
                return Err(Error::RuntimeMissing {
                    cause: format!(
                        "but ORT_DYLIB_PATH names {}, where no such library is",
                        named.display()
                    ),
                });
            }
            return Ok(found);
        }
        let mut found = Vec::new();
        for folder in places.program.iter().chain(&places.system) {
            found.extend(libraries_in(folder));
        }
        for root in &places.pythons {
            for packages in packages_of(root) {
                found.extend(libraries_in(&packages.join("onnxruntime").join("capi")));
            }
            found.extend(libraries_in(&root.join("lib")));
        }
        let mut seen = std::collections::HashSet::new();
        found.retain(|path| seen.insert(path.clone()));
        Ok(found)
    }

    /// The folders under a Python's root in which packages are installed.
    fn packages_of(root: &Path) -> Vec<PathBuf> {
        let mut pythons: Vec<PathBuf> = entries(&root.join("lib"))
            .into_iter()
            .filter(|name| name.starts_with("python3"))
            .map(|name| root.join("lib").join(name))
            .collect();
        pythons.sort_by_key(|path| Reverse(numbers(&path.to_string_lossy())));
        pythons.push(root.join("Lib"));
        pythons
            .iter()
            .flat_map(|python| [python.join("site-packages"), python.join("dist-packages")])
            .collect()
    }

    /// The ONNX Runtime libraries in `folder`, the newest first.
    fn libraries_in(folder: &Path) -> Vec<PathBuf> {
        let mut names: Vec<String> = entries(folder)
            .into_iter()
            .filter(|name| is_library(name))
            .collect();
        names.sort_by_key(|name| Reverse(numbers(name)));
        names.into_iter().map(|name| folder.join(name)).collect()
    }

    fn entries(folder: &Path) -> Vec<String> {
        std::fs::read_dir(folder)
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect()
    }

    fn is_library(name: &str) -> bool {
        name == "onnxruntime.dll"
            || name == "libonnxruntime.so"
            || name.starts_with("libonnxruntime.so.")
            || (name.starts_with("libonnxruntime.") && name.ends_with(".dylib"))
    }

    /// The numbers in a name, by which `1.9` comes before `1.32`.
    fn numbers(name: &str) -> Vec<u64> {
        name.split(|c: char| !c.is_ascii_digit())
            .filter_map(|digits| digits.parse().ok())
            .collect()
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        fn touch(path: &Path) {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }

        #[test]
        fn a_named_file_or_folder_is_the_only_candidate() {
            let root = tempfile::tempdir().unwrap();
            let file = root.path().join("capi/libonnxruntime.so.1.24.0");
            touch(&file);
            touch(&root.path().join("other/libonnxruntime.so"));
            for named in [file.clone(), root.path().join("capi")] {
                let places = Places {
                    named: Some(named),
                    system: vec![root.path().join("other")],
                    ..Places::default()
                };
                assert_eq!(candidates(&places).unwrap(), std::slice::from_ref(&file));
            }
        }

        #[test]
        fn a_named_place_without_the_library_is_an_error_that_names_it() {
            let root = tempfile::tempdir().unwrap();
            for named in [root.path().to_owned(), root.path().join("gone.so")] {
                let places = Places {
                    named: Some(named.clone()),
                    ..Places::default()
                };
                let error = candidates(&places).unwrap_err().to_string();
                assert!(error.contains(&named.display().to_string()), "{error}");
                assert!(error.contains("pip install onnxruntime"), "{error}");
            }
        }

        #[test]
        fn beside_the_program_comes_before_system_before_python() {
            let root = tempfile::tempdir().unwrap();
            let at = |path: &str| root.path().join(path);
            let expected = [
                at("bin/libonnxruntime.so"),
                at("usr/libonnxruntime.so.1.32.0"),
                at("usr/libonnxruntime.so.1.9.0"),
                at(
                    "venv/lib/python3.12/site-packages/onnxruntime/capi/libonnxruntime.1.26.0.dylib",
                ),
                at("venv/lib/python3.9/site-packages/onnxruntime/capi/onnxruntime.dll"),
            ];
            expected.iter().for_each(|path| touch(path));
            touch(&at("usr/libonnxruntime_providers_shared.so"));
            let places = Places {
                named: None,
                program: Some(at("bin")),
                system: vec![at("missing"), at("usr")],
                pythons: vec![at("venv"), at("venv")],
            };
            assert_eq!(candidates(&places).unwrap(), expected);
        }

        #[test]
        fn nothing_anywhere_is_no_candidate() {
            assert!(candidates(&Places::default()).unwrap().is_empty());
        }
    }
}
