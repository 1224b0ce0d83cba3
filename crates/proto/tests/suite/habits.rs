//! Habits of the contract, which make it one that can grow.

use std::collections::HashMap;

use prost_reflect::DescriptorPool;
use prost_reflect::prost_types::FileDescriptorProto;

use crate::listing::{PACKAGE, contract, http, own};

fn files(pool: &DescriptorPool) -> Vec<FileDescriptorProto> {
    let files = pool.files().filter(|file| file.package_name() == PACKAGE);
    files
        .map(|file| file.file_descriptor_proto().clone())
        .collect()
}

/// Comments before elements, by where these stand in a file.
fn comments(file: &FileDescriptorProto) -> HashMap<Vec<i32>, String> {
    let info = file.source_code_info.as_ref();
    let locations = info.map(|info| info.location.as_slice());
    let commented = locations.unwrap_or_default().iter().filter_map(|location| {
        let text = location.leading_comments.as_ref()?.trim().to_owned();
        (!text.is_empty()).then(|| (location.path.clone(), text))
    });
    commented.collect()
}

#[test]
fn every_service_call_message_field_and_value_has_a_comment() {
    let pool = contract();
    let mut elements: Vec<(String, String, Vec<i32>)> = Vec::new();
    let mut add = |file: &str, name: &str, path: &[i32]| {
        elements.push((file.to_owned(), name.to_owned(), path.to_vec()));
    };
    for service in pool.services().filter(|it| it.package_name() == PACKAGE) {
        let file = service.parent_file();
        add(file.name(), service.full_name(), service.path());
        for method in service.methods() {
            add(file.name(), method.full_name(), method.path());
        }
    }
    for message in pool.all_messages().filter(own) {
        let file = message.parent_file();
        add(file.name(), message.full_name(), message.path());
        for field in message.fields() {
            add(file.name(), field.full_name(), field.path());
        }
    }
    for one in pool.all_enums().filter(|it| it.package_name() == PACKAGE) {
        let file = one.parent_file();
        add(file.name(), one.full_name(), one.path());
        for value in one.values() {
            add(file.name(), value.full_name(), value.path());
        }
    }
    let known: HashMap<String, HashMap<Vec<i32>, String>> = files(&pool)
        .iter()
        .map(|file| (file.name().to_owned(), comments(file)))
        .collect();
    let bare: Vec<String> = elements
        .iter()
        .filter(|(file, _, path)| !known[file].contains_key(path))
        .map(|(file, name, _)| format!("{file}: {name}"))
        .collect();
    assert!(elements.len() > 200, "{} elements", elements.len());
    assert!(bare.is_empty(), "without a comment:\n{}", bare.join("\n"));
}

#[test]
fn every_enum_begins_with_an_unspecified_value_and_its_values_with_its_name() {
    for one in contract()
        .all_enums()
        .filter(|it| it.package_name() == PACKAGE)
    {
        let mut prefix = String::new();
        for letter in one.name().chars() {
            if letter.is_uppercase() && !prefix.is_empty() {
                prefix.push('_');
            }
            prefix.extend(letter.to_uppercase());
        }
        let zero = one.get_value(0).unwrap();
        assert_eq!(
            zero.name(),
            format!("{prefix}_UNSPECIFIED"),
            "{}",
            one.full_name()
        );
        for value in one.values() {
            let begins = value.name().starts_with(&format!("{prefix}_"));
            assert!(
                begins,
                "{} does not begin with {prefix}_",
                value.full_name()
            );
        }
    }
}

#[test]
fn every_call_takes_a_request_of_its_own_and_has_a_path_over_http_unless_it_streams_in() {
    for service in contract()
        .services()
        .filter(|it| it.package_name() == PACKAGE)
    {
        for method in service.methods() {
            let name = method.full_name();
            assert_eq!(
                method.input().name(),
                format!("{}Request", method.name()),
                "{name}"
            );
            assert_eq!(
                http(&method).is_some(),
                !method.is_client_streaming(),
                "{name}"
            );
        }
    }
}
