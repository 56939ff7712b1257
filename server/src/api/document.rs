//! Owns what all operations have in common in the OpenAPI document: who may call, and how each can fail.
//! Refuses to describe a single operation; its handler does.

use assent_shared::{DecisionId, Locale, Problem, PurposeId, SiteId, VisitorId};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use utoipa::openapi::{OpenApi, RefOr, Schema};

const SUMMARY: &str = "Cookie consent with receipts that anyone can check. Instants are milliseconds since 1970 in fields \
    that end in `_at`; the queries `from` and `to` take dates (2026-11-21, from midnight UTC) or instants of RFC 3339. \
    Lists are newest first, at most `limit` long, and go on after the cursor `next`. Every error is a problem body \
    (RFC 9457) with a `code` for programs, and every answer has an `x-request-id` that is in the server's log too.";

/// The chapters, in the order in which they are read.
const CHAPTERS: &[(&str, &str)] = &[
    ("sites", "Sites and their settings"),
    ("notices", "Notices: drafts, publishing, versions"),
    ("receipts", "Receipts of decisions, their proofs and their replay"),
    ("exports", "Receipts as files"),
    ("statistics", "How many decided how, counted without identifiers"),
    ("operators", "People and their roles"),
    ("keys", "Keys of programs"),
    ("audit", "What operators did"),
    ("data", "What is stored, where, how long, and who may see it"),
    ("about", "This interface"),
    ("visitors", "What a site's pages ask for their visitors"),
    ("ledger", "What anybody may ask of a site's ledger"),
];

/// Failures that any operation may end in; status, and when.
const ALWAYS: &[(&str, &str)] = &[
    ("500", "A mistake in Assent; the log knows more under the request's id"),
    ("503", "The database or the ledger takes nothing right now; try again after `Retry-After`"),
];
/// Failures of what needs a key.
const WITH_A_KEY: &[(&str, &str)] = &[
    ("401", "No key, an unknown one, or one that has ended"),
    ("403", "The key has a grant for this site, but not this one"),
];
/// Failures of what names something in its path.
const WITH_A_NAME: &[(&str, &str)] = &[("404", "There is no such thing, or the caller may not know of it")];
/// Failures of what reads a query.
const WITH_A_QUERY: &[(&str, &str)] =
    &[("422", "What was sent cannot be read, or cannot be done; `detail` says why")];
/// Failures of what reads a body.
const WITH_A_BODY: &[(&str, &str)] =
    &[("413", "The body is longer than this address takes"), ("415", "The body is of another content type")];

/// The methods of a path item (OpenAPI 3.1 §4.8.9).
pub(crate) const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// Adds to the handlers' descriptions what they share.
pub(super) fn complete(described: &OpenApi) -> Value {
    let mut document = serde_json::to_value(described).unwrap_or_default();
    document["openapi"] = json!("3.1.0");
    document["info"] = json!({
        "title": "Assent",
        "version": env!("CARGO_PKG_VERSION"),
        "description": SUMMARY,
        "license": {"name": env!("CARGO_PKG_LICENSE"), "identifier": env!("CARGO_PKG_LICENSE")},
    });
    let mut used = Vec::new();
    if let Some(paths) = document["paths"].as_object_mut() {
        for (path, item) in paths {
            for (method, operation) in item.as_object_mut().into_iter().flatten() {
                if METHODS.contains(&method.as_str()) {
                    complete_operation(path, operation);
                    used.extend(operation["tags"].as_array().into_iter().flatten().cloned());
                }
            }
        }
    }
    let chapters = CHAPTERS.iter().filter(|(name, _)| used.iter().any(|tag| tag == name));
    document["tags"] =
        chapters.map(|(name, description)| json!({"name": name, "description": description})).collect();
    mend(&mut document);
    let components = document["components"].as_object_mut().map(std::mem::take).unwrap_or_default();
    document["components"] = Value::Object(with_shared(components));
    document
}

fn complete_operation(path: &str, operation: &mut Value) {
    let operators = path.starts_with("/api/v1/");
    let open = operation.get("security").is_some_and(|security| security == &json!([{}]));
    if operators && !open {
        operation["security"] = json!([{"key": []}]);
    }
    let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
    let is_in = |place: &str| parameters.iter().any(|parameter| parameter["in"] == place);
    let has_body = operation.get("requestBody").is_some();
    let failures = [
        (true, ALWAYS),
        (operators && !open, WITH_A_KEY),
        (is_in("path") || parameters.iter().any(|parameter| parameter["name"] == "site"), WITH_A_NAME),
        (is_in("query") || has_body, WITH_A_QUERY),
        (has_body, WITH_A_BODY),
    ];
    if operation.get("responses").is_none() {
        operation["responses"] = json!({});
    }
    for (status, when) in failures.into_iter().filter(|(applies, _)| *applies).flat_map(|(_, list)| list) {
        if operation["responses"].get(status).is_none() {
            operation["responses"][status] = problem(when);
        }
    }
}

fn problem(when: &str) -> Value {
    let schema = json!({"$ref": "#/components/schemas/Problem"});
    json!({"description": when, "content": {"application/problem+json": {"schema": schema}}})
}

/// Mends what the descriptions say of a type alone, and what is not so where the type stands.
fn mend(document: &mut Value) {
    // A type that refuses unknown fields does so by itself, and not where it is a part of another one.
    let mut parts = Vec::new();
    let mut found = |schema: &Value| {
        for part in schema["allOf"].as_array().into_iter().flatten() {
            parts.extend(part["$ref"].as_str().and_then(|name| name.strip_prefix('#')).map(str::to_owned));
        }
    };
    each(document, &mut found);
    // Its id is written, and never read, so the derived description lacks it.
    parts.push("/components/schemas/Service".to_owned());
    for part in parts {
        if let Some(part) = document.pointer_mut(&part).and_then(Value::as_object_mut) {
            part.remove("additionalProperties");
        }
    }
    each_mut(document, &mut |fields| {
        // 32 bits without a sign reach further than OpenAPI's int32.
        if fields.get("format").is_some_and(|format| format == "int32")
            && fields.get("minimum").is_some_and(|least| least.as_i64() >= Some(0))
        {
            fields.insert("format".to_owned(), json!("int64"));
            fields.entry("maximum").or_insert(json!(u32::MAX));
        }
        // An empty field of a form is no wish, and the same addresses take forms.
        if fields.get("in").is_some_and(|place| place == "query")
            && let Some(name) = fields.get("schema").and_then(|schema| schema.get("$ref")).cloned()
        {
            let schema = json!({"anyOf": [{"$ref": name}, {"type": "string", "maxLength": 0}]});
            fields.insert("schema".to_owned(), schema);
        }
    });
    // A problem body has a content type of its own, which handlers need not say each time.
    for item in document["paths"].as_object_mut().into_iter().flat_map(Map::values_mut) {
        for operation in item.as_object_mut().into_iter().flat_map(Map::values_mut) {
            let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else {
                continue;
            };
            for content in responses.values_mut().filter_map(|one| one.get_mut("content")?.as_object_mut()) {
                let of = content.get("application/json").map(|json| &json["schema"]["$ref"]);
                if of.is_some_and(|name| name == "#/components/schemas/Problem")
                    && let Some(problem) = content.remove("application/json")
                {
                    content.insert("application/problem+json".to_owned(), problem);
                }
            }
        }
    }
}

/// As [`each`], for objects that may be changed.
fn each_mut(value: &mut Value, change: &mut impl FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Object(fields) => {
            change(fields);
            fields.values_mut().for_each(|field| each_mut(field, change));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| each_mut(item, change)),
        _ => {}
    }
}

/// Every value inside a value, and the value itself.
fn each(value: &Value, found: &mut impl FnMut(&Value)) {
    found(value);
    match value {
        Value::Object(fields) => fields.values().for_each(|field| each(field, found)),
        Value::Array(items) => items.iter().for_each(|item| each(item, found)),
        _ => {}
    }
}

/// The components, with the problem body and the ways to be known.
fn with_shared(mut components: Map<String, Value>) -> Map<String, Value> {
    // utoipa collects what bodies name, not what parameters name.
    let mut shared = Vec::new();
    add::<Problem>(&mut shared);
    add::<SiteId>(&mut shared);
    add::<DecisionId>(&mut shared);
    add::<VisitorId>(&mut shared);
    add::<PurposeId>(&mut shared);
    add::<Locale>(&mut shared);
    let schemas = components.entry("schemas").or_insert_with(|| json!({}));
    for (name, schema) in shared {
        if schemas.get(&name).is_none() {
            schemas[&name] = serde_json::to_value(schema).unwrap_or_default();
        }
    }
    components.insert(
        "securitySchemes".to_owned(),
        json!({
            "key": {"type": "http", "scheme": "bearer", "description": "An API key, as `assent key create` or the page of keys shows it once"},
            "secret": {"type": "http", "scheme": "bearer", "description": "The secret of the visitor's browser, where the server is on another host than the page"},
            "cookie": {"type": "apiKey", "in": "cookie", "name": "assent_id", "description": "The secret of the visitor's browser, on the page's own host"},
        }),
    );
    components
}

fn add<T: ToSchema>(to: &mut Vec<(String, RefOr<Schema>)>) {
    to.push((T::name().into_owned(), T::schema()));
    T::schemas(to);
}

#[cfg(test)]
mod tests {
    use crate::api::DOCUMENT;

    use super::*;

    /// Every operation, with its path and method.
    fn operations() -> Vec<(String, &'static Value)> {
        let paths = DOCUMENT["paths"].as_object().expect("there are paths");
        let of = |(path, item): (&String, &'static Value)| {
            let path = path.clone();
            let methods = item.as_object().into_iter().flatten();
            methods
                .map(move |(method, operation)| (format!("{method} {path}"), operation))
                .collect::<Vec<_>>()
        };
        paths.iter().flat_map(of).collect()
    }

    #[test]
    fn every_operation_has_a_chapter_a_summary_and_a_name_of_its_own() {
        let mut ids = std::collections::BTreeSet::new();
        assert!(operations().len() > 5);
        for (at, operation) in operations() {
            let summary = operation["summary"].as_str().unwrap_or_default();
            assert!(!summary.is_empty() && !summary.contains("`GET "), "{at}: {summary}");
            assert!(ids.insert(operation["operationId"].to_string()), "{at}: another has this operationId");
            let tags = operation["tags"].as_array().map(Vec::len);
            assert_eq!(tags, Some(1), "{at} is in one chapter");
            assert!(
                CHAPTERS.iter().any(|(name, _)| operation["tags"][0] == *name),
                "{at}: a chapter of the list"
            );
            // A parameter of the path for each brace, and for no other.
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let mut named: Vec<String> = parameters
                .iter()
                .filter(|parameter| parameter["in"] == "path")
                .map(|parameter| format!("{{{}}}", parameter["name"].as_str().unwrap_or_default()))
                .collect();
            named.sort();
            let mut braces: Vec<String> =
                at.split('/').filter(|part| part.starts_with('{')).map(str::to_owned).collect();
            braces.sort();
            assert_eq!(named, braces, "{at}: the path's names are its parameters");
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn check(value: &Value) {
            match value {
                Value::Object(fields) => {
                    if let Some(Value::String(reference)) = fields.get("$ref") {
                        let target = reference.strip_prefix('#').and_then(|place| DOCUMENT.pointer(place));
                        assert!(
                            target.is_some(),
                            "{reference} is not in the document; a parameter's type needs #[param(inline)]"
                        );
                    }
                    fields.values().for_each(check);
                }
                Value::Array(items) => items.iter().for_each(check),
                _ => {}
            }
        }
        check(&DOCUMENT);
    }
}
