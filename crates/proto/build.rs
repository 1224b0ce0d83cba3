//! Compiles the contract, without `protoc`.

use std::error::Error;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    // Asked for as it runs: a build folder that several checkouts share keeps this program.
    let own = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    let root = own.join("../../proto");
    let folder = root.join("assort/v1");
    println!("cargo:rerun-if-changed={}", root.display());
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(&folder)? {
        let path = entry?.path();
        if path.extension() == Some("proto".as_ref()) {
            files.push(path);
        }
    }
    files.sort();
    let mut compiler = protox::Compiler::new([&root])?;
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files(&files)?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    // The bytes as they are compiled keep options that the structs do not know.
    std::fs::write(
        out.join("descriptor.binpb"),
        compiler.encode_file_descriptor_set(),
    )?;
    let descriptors = compiler.file_descriptor_set();
    let mut config = prost_build::Config::new();
    // Messages stand in `google.protobuf.Any` by their names.
    config.enable_type_names();
    config.type_name_domain(["."], "type.googleapis.com");
    // Their examples would be taken for Rust.
    config.disable_comments([".google"]);
    tonic_prost_build::configure()
        .extern_path(".google.rpc", "::tonic_types::pb")
        .bytes(".assort.v1.Vector.data")
        .compile_fds_with_config(descriptors, config)?;
    Ok(())
}
