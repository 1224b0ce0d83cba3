//! What can be called over HTTP, as the contract's annotations say.

use std::sync::Arc;

use axum::http::Method as Verb;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor,
    Value,
};

use super::template::Template;

/// The option of a method that says its path.
const ANNOTATION: &str = "google.api.http";

/// Fields of that option that name a verb of HTTP.
const VERBS: [(&str, Verb); 5] = [
    ("get", Verb::GET),
    ("put", Verb::PUT),
    ("post", Verb::POST),
    ("delete", Verb::DELETE),
    ("patch", Verb::PATCH),
];

/// A method of the contract.
#[derive(Debug)]
pub(crate) struct Method {
    /// Where gRPC has it: `/assort.v1.ProductService/GetProduct`.
    pub(crate) path: String,
    pub(crate) input: MessageDescriptor,
    pub(crate) output: MessageDescriptor,
    pub(crate) streams_in: bool,
    pub(crate) streams_out: bool,
}

/// Which part of a request stands in the body; the rest stands in path and query.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    Nothing,
    Whole,
    Field(FieldDescriptor),
}

/// A way to call a method.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) verb: Verb,
    pub(crate) template: Template,
    pub(crate) part: Part,
    pub(crate) method: Arc<Method>,
}

/// Why a path leads nowhere.
pub(crate) enum Miss {
    /// There is no such path.
    Path,
    /// There is, with these verbs.
    Verb(Vec<Verb>),
    /// It is no text.
    Text,
}

/// A route with what its path says.
pub(crate) struct Found<'r> {
    pub(crate) route: &'r Route,
    /// Fields and their values.
    pub(crate) values: Vec<(&'r str, String)>,
}

/// All routes.
#[derive(Debug)]
pub(crate) struct Routes(Vec<Route>);

impl Routes {
    /// The routes of all methods: those of their annotations, and for each method
    /// POST at the path that it has in gRPC.
    pub(crate) fn of(pool: &DescriptorPool) -> Self {
        let services: Vec<_> = pool.services().collect();
        let methods = services
            .iter()
            .flat_map(prost_reflect::ServiceDescriptor::methods);
        Self(methods.flat_map(|method| of_method(&method)).collect())
    }

    /// The route of a path.
    pub(crate) fn find<'r>(&'r self, verb: &Verb, path: &str) -> Result<Found<'r>, Miss> {
        let matching = self.0.iter().filter_map(|route| {
            let segments = route.template.matches(path)?;
            Some((route, segments))
        });
        let mut matching: Vec<_> = matching.collect();
        let weights = matching.iter().map(|(route, _)| route.template.weight());
        let most = weights.max().ok_or(Miss::Path)?;
        matching.retain(|(route, _)| route.template.weight() == most);
        let meant = matching.iter().find(|(route, _)| route.verb == *verb);
        let Some((route, segments)) = meant else {
            let verbs = matching.iter().map(|(route, _)| route.verb.clone());
            return Err(Miss::Verb(verbs.collect()));
        };
        let values = route.template.values(segments).ok_or(Miss::Text)?;
        Ok(Found { route, values })
    }
}

fn of_method(described: &MethodDescriptor) -> Vec<Route> {
    let service = described.parent_service();
    let method = Arc::new(Method {
        path: format!("/{}/{}", service.full_name(), described.name()),
        input: described.input(),
        output: described.output(),
        streams_in: described.is_client_streaming(),
        streams_out: described.is_server_streaming(),
    });
    let own = Template::parse(&method.path).map(|template| Route {
        verb: Verb::POST,
        template,
        part: Part::Whole,
        method: Arc::clone(&method),
    });
    let rule = rule(described);
    let more = rule.as_ref().map(additional).unwrap_or_default();
    let rules = rule.into_iter().chain(more);
    let annotated = rules.filter_map(|rule| of_rule(&rule, &method));
    annotated.chain(own).collect()
}

/// The annotation of a method.
fn rule(method: &MethodDescriptor) -> Option<DynamicMessage> {
    let extension = method.parent_pool().get_extension_by_name(ANNOTATION)?;
    let options = method.options();
    if !options.has_extension(&extension) {
        return None;
    }
    options.get_extension(&extension).as_message().cloned()
}

/// Further rules of a rule.
fn additional(rule: &DynamicMessage) -> Vec<DynamicMessage> {
    let more = rule.get_field_by_name("additional_bindings");
    let more = more.as_ref().and_then(|more| more.as_list());
    let rules = more
        .unwrap_or_default()
        .iter()
        .filter_map(Value::as_message);
    rules.cloned().collect()
}

/// A route as a rule has it; none for a rule of a form that the contract has not.
fn of_rule(rule: &DynamicMessage, method: &Arc<Method>) -> Option<Route> {
    let text = |field: &str| {
        let value = rule.get_field_by_name(field)?;
        let text = value.as_str()?.to_owned();
        (!text.is_empty()).then_some(text)
    };
    let (verb, path) = VERBS
        .into_iter()
        .find_map(|(field, verb)| Some((verb, text(field)?)))?;
    let template = Template::parse(&path)?;
    let is_text = |field: &str| {
        let field = method.input.get_field_by_name(field);
        field.is_some_and(|field| field.kind() == Kind::String && !field.is_list())
    };
    if !template.fields().all(is_text) {
        return None;
    }
    let part = match text("body").as_deref() {
        None => Part::Nothing,
        Some("*") => Part::Whole,
        Some(field) => Part::Field(method.input.get_field_by_name(field)?),
    };
    Some(Route {
        verb,
        template,
        part,
        method: Arc::clone(method),
    })
}
