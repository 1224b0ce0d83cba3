//! The contract as lines, each of which clients rely on.

use prost_reflect::{
    Cardinality, DescriptorPool, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor,
    MethodDescriptor,
};

/// Package of the contract.
pub(crate) const PACKAGE: &str = "assort.v1";

/// The contract as it is compiled.
pub(crate) fn contract() -> DescriptorPool {
    DescriptorPool::decode(assort_proto::DESCRIPTORS).unwrap()
}

/// Everything that a client relies on, a line each, in order.
pub(crate) fn listing(pool: &DescriptorPool) -> Vec<String> {
    let mut lines = Vec::new();
    for service in pool.services().filter(|it| it.package_name() == PACKAGE) {
        lines.extend(service.methods().map(|method| method_line(&method)));
    }
    for message in pool.all_messages().filter(own) {
        lines.push(format!("message {}", message.full_name()));
        lines.extend(message.fields().map(|field| field_line(&field)));
    }
    for one in pool.all_enums().filter(|it| it.package_name() == PACKAGE) {
        lines.extend(value_lines(&one));
    }
    lines.sort();
    lines
}

/// Whether a message is of the contract, and written in it.
pub(crate) fn own(message: &MessageDescriptor) -> bool {
    message.package_name() == PACKAGE && !message.is_map_entry()
}

fn method_line(method: &MethodDescriptor) -> String {
    let stream = |is: bool| if is { "stream " } else { "" };
    format!(
        "rpc {} ({}{}) returns ({}{}) {}",
        method.full_name(),
        stream(method.is_client_streaming()),
        method.input().full_name(),
        stream(method.is_server_streaming()),
        method.output().full_name(),
        http(method).unwrap_or_default(),
    )
    .trim_end()
    .to_owned()
}

/// The verb and path of a method over HTTP.
pub(crate) fn http(method: &MethodDescriptor) -> Option<String> {
    let pool = method.parent_pool();
    let extension = pool.get_extension_by_name("google.api.http")?;
    let options = method.options();
    if !options.has_extension(&extension) {
        return None;
    }
    let rule = options.get_extension(&extension);
    let rule = rule.as_message()?;
    let verbs = ["get", "put", "post", "delete", "patch"];
    let (verb, path) = verbs.into_iter().find_map(|verb| {
        let path = rule.get_field_by_name(verb)?.as_str()?.to_owned();
        (!path.is_empty()).then_some((verb, path))
    })?;
    Some(format!("{verb} {path}"))
}

fn field_line(field: &FieldDescriptor) -> String {
    let kind = match field.kind() {
        Kind::Message(message) if field.is_map() => {
            let value = message.map_entry_value_field();
            format!("map<string, {}>", kind_name(&value.kind()))
        }
        kind => kind_name(&kind),
    };
    let how = match field.cardinality() {
        _ if field.is_map() => "",
        Cardinality::Repeated => "repeated ",
        _ if field.containing_oneof().is_some() => "optional ",
        _ => "",
    };
    format!(
        "field {} = {} {how}{kind}",
        field.full_name(),
        field.number()
    )
}

fn kind_name(kind: &Kind) -> String {
    match kind {
        Kind::Message(message) => message.full_name().to_owned(),
        Kind::Enum(one) => one.full_name().to_owned(),
        scalar => format!("{scalar:?}").to_lowercase(),
    }
}

fn value_lines(one: &EnumDescriptor) -> impl Iterator<Item = String> {
    let lines = one.values().map(|value| {
        let (parent, name, number) = (value.parent_enum(), value.name(), value.number());
        format!("value {}.{name} = {number}", parent.full_name())
    });
    lines.collect::<Vec<_>>().into_iter()
}
