//! Without ONNX Runtime there is one clear error and no panic. The search
//! depends on the environment of the process, so each case runs in its own.

use std::path::Path;
use std::process::Command;

use assort_embed::{Options, Spec, open};

/// Names the model folder for the process that tries to open it.
const FOLDER: &str = "ASSORT_TEST_FOLDER";

#[test]
fn open_in_a_process_of_its_own() {
    // In a plain run of all tests there is nothing to open here.
    if let Some(folder) = std::env::var_os(FOLDER) {
        let opened = open(&Spec::Dir(folder.into()), &Options::default());
        println!("opening said: {}", opened.err().unwrap());
    }
}

fn opened_with(folder: &Path, library: &Path) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "runtime::open_in_a_process_of_its_own",
            "--nocapture",
        ])
        .env(FOLDER, folder)
        .env("ORT_DYLIB_PATH", library)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
#[cfg_attr(
    not(feature = "onnxruntime-dynamic"),
    ignore = "the runtime is linked in"
)]
fn a_missing_or_wrong_library_is_one_clear_error() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, "{}").unwrap();
        path
    };
    write("model.onnx");
    write("tokenizer.json");
    let wrong = write("libonnxruntime.so");
    let gone = folder.path().join("gone.so");
    for (library, cause) in [
        (&wrong, "could not be loaded"),
        (&gone, "where no such library is"),
    ] {
        let said = opened_with(folder.path(), library);
        for words in [
            cause,
            &*library.to_string_lossy(),
            "pip install onnxruntime",
            "ORT_DYLIB_PATH",
        ] {
            assert!(said.contains(words), "{words} is not in: {said}");
        }
    }
}
