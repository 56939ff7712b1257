//! Owns the OpenAPI document as people read it: operations by chapter, with parameters, bodies, answers and an example.
//! Refuses to know any operation: whatever the document has is shown, and nothing else.

use std::fmt::Write;

use serde_json::{Value, json};

use super::document::METHODS;

/// The document, ready to be shown.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) version: String,
    pub(crate) description: String,
    pub(crate) chapters: Vec<Chapter>,
    pub(crate) shapes: Vec<Shape>,
}

/// The operations of one resource.
#[derive(Debug)]
pub(crate) struct Chapter {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) operations: Vec<Operation>,
}

/// One operation.
#[derive(Debug)]
pub(crate) struct Operation {
    /// Its name, which is its anchor too.
    pub(crate) id: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) summary: String,
    pub(crate) description: String,
    /// Who may call it.
    pub(crate) known_by: &'static str,
    pub(crate) parameters: Vec<Field>,
    /// The body's types, and what each is.
    pub(crate) body: Vec<(String, Vec<Piece>)>,
    pub(crate) answers: Vec<Answer>,
    pub(crate) example: String,
}

/// A parameter, or a field of an object.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    /// `path`, `query` or `header`; nothing for a field.
    pub(crate) place: String,
    pub(crate) required: bool,
    pub(crate) kind: Vec<Piece>,
    pub(crate) description: String,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: String,
    pub(crate) description: String,
    pub(crate) types: Vec<(String, Vec<Piece>)>,
}

/// A named schema.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) name: String,
    pub(crate) description: String,
    /// What it is, where it is no object with fields.
    pub(crate) kind: Vec<Piece>,
    pub(crate) fields: Vec<Field>,
}

/// A word of a type; a link, where it is a named schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) text: String,
    pub(crate) link: bool,
}

fn plain(text: impl Into<String>) -> Piece {
    Piece { text: text.into(), link: false }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Reads the document.
pub(crate) fn read(document: &Value) -> Reading {
    let chapters = document["tags"].as_array().into_iter().flatten().map(|tag| Chapter {
        name: text(&tag["name"]),
        description: text(&tag["description"]),
        operations: operations(document, &tag["name"]),
    });
    let schemas = document["components"]["schemas"].as_object().into_iter().flatten();
    Reading {
        version: text(&document["info"]["version"]),
        description: text(&document["info"]["description"]),
        chapters: chapters.collect(),
        shapes: schemas.map(|(name, schema)| shape(name, schema)).collect(),
    }
}

fn operations(document: &Value, tag: &Value) -> Vec<Operation> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for method in METHODS {
            if let Some(operation) = item.get(method).filter(|operation| operation["tags"][0] == *tag) {
                found.push(self::operation(document, path, method, operation));
            }
        }
    }
    found
}

fn operation(document: &Value, path: &str, method: &str, operation: &Value) -> Operation {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let answers = operation["responses"].as_object().into_iter().flatten();
    let known_by = match scheme(operation) {
        Some("key") => "An API key",
        Some(_) => "The secret of the visitor's browser",
        None => "Anybody",
    };
    Operation {
        id: text(&operation["operationId"]),
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(&operation["summary"]),
        description: text(&operation["description"]),
        known_by,
        parameters: parameters
            .map(|parameter| Field {
                name: text(&parameter["name"]),
                place: text(&parameter["in"]),
                required: parameter["required"] == true,
                kind: kind(&parameter["schema"]),
                description: text(&parameter["description"]),
            })
            .collect(),
        body: types(&operation["requestBody"]),
        answers: answers
            .map(|(status, answer)| Answer {
                status: status.clone(),
                description: text(&answer["description"]),
                types: types(answer),
            })
            .collect(),
        example: curl(document, path, method, operation),
    }
}

/// The first way by which a caller can be known.
fn scheme(operation: &Value) -> Option<&str> {
    let schemes = operation["security"].as_array().into_iter().flatten().filter_map(Value::as_object);
    schemes.flat_map(|scheme| scheme.keys()).map(String::as_str).next()
}

/// The media types of a body or an answer.
fn types(of: &Value) -> Vec<(String, Vec<Piece>)> {
    let content = of["content"].as_object().into_iter().flatten();
    content.map(|(media, content)| (media.clone(), kind(&content["schema"]))).collect()
}

/// What a schema is, in a few words.
fn kind(schema: &Value) -> Vec<Piece> {
    if let Some(reference) = schema["$ref"].as_str() {
        return vec![Piece { text: reference.rsplit('/').next().unwrap_or_default().to_owned(), link: true }];
    }
    for (keyword, joint) in [("oneOf", " or "), ("anyOf", " or "), ("allOf", " and ")] {
        if let Some(choices) = schema[keyword].as_array() {
            let mut pieces = Vec::new();
            for choice in choices {
                if !pieces.is_empty() {
                    pieces.push(plain(joint));
                }
                pieces.extend(kind(choice));
            }
            return pieces;
        }
    }
    if let Some(values) = schema["enum"].as_array() {
        let values: Vec<String> = values.iter().map(|value| value.to_string().replace('"', "")).collect();
        return vec![plain(format!("one of {}", values.join(", ")))];
    }
    let names: Vec<&str> = match &schema["type"] {
        Value::String(name) => vec![name],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ => vec!["any"],
    };
    let mut pieces = Vec::new();
    for name in names {
        if !pieces.is_empty() {
            pieces.push(plain(" or "));
        }
        match name {
            "array" => {
                pieces.push(plain("list of "));
                pieces.extend(kind(&schema["items"]));
            }
            "object" if schema["additionalProperties"].is_object() => {
                pieces.push(plain("map to "));
                pieces.extend(kind(&schema["additionalProperties"]));
            }
            name => pieces.push(plain(format!("{name}{}", bounds(schema, name)))),
        }
    }
    pieces
}

/// What a schema says of its values beside their type.
fn bounds(schema: &Value, name: &str) -> String {
    let mut told = String::new();
    match (name, &schema["minimum"], &schema["maximum"]) {
        ("integer" | "number", Value::Number(least), Value::Number(most)) => {
            let _ = write!(told, " from {least} to {most}");
        }
        ("integer" | "number", Value::Number(least), _) => {
            let _ = write!(told, " from {least}");
        }
        _ => {}
    }
    if name == "string"
        && let Some(pattern) = schema["pattern"].as_str()
    {
        let _ = write!(told, " like {pattern}");
    }
    if let Some(default) = schema.get("default").filter(|default| !default.is_null()) {
        let _ = write!(told, ", {default} if left out");
    }
    told
}

fn shape(name: &str, schema: &Value) -> Shape {
    let required = schema["required"].as_array();
    let is_required = |name: &str| required.is_some_and(|list| list.iter().any(|one| one == name));
    let fields = schema["properties"].as_object().into_iter().flatten().map(|(name, field)| Field {
        name: name.clone(),
        place: String::new(),
        required: is_required(name),
        kind: kind(field),
        description: text(&field["description"]),
    });
    let fields: Vec<Field> = fields.collect();
    Shape {
        name: name.to_owned(),
        description: text(&schema["description"]),
        kind: if fields.is_empty() { kind(schema) } else { Vec::new() },
        fields,
    }
}

/// The operation as a command line.
fn curl(document: &Value, path: &str, method: &str, operation: &Value) -> String {
    let mut command = "curl".to_owned();
    if method != "get" {
        let _ = write!(command, " -X {}", method.to_uppercase());
    }
    if let Some(scheme) = scheme(operation) {
        let secret = if scheme == "key" { "KEY" } else { "SECRET" };
        let _ = write!(command, " \\\n  -H 'Authorization: Bearer {secret}'");
    }
    if let Some((media, content)) =
        operation["requestBody"]["content"].as_object().and_then(|all| all.iter().next())
    {
        let _ = write!(command, " \\\n  -H 'Content-Type: {media}'");
        if media == "application/json" {
            let _ = write!(command, " \\\n  -d '{}'", example(document, &content["schema"], 4));
        } else {
            command += " \\\n  --data-binary @FILE";
        }
    }
    let path = path.replace("{site}", "shop").replace(['{', '}'], "");
    let _ = write!(command, " \\\n  https://consent.example{path}");
    command
}

/// A value of a schema, as deep as it makes sense.
fn example(document: &Value, schema: &Value, depth: u32) -> Value {
    if let Some(given) = schema.get("example").or_else(|| schema.get("default")) {
        return given.clone();
    }
    if let Some(reference) = schema["$ref"].as_str() {
        let target = reference.strip_prefix('#').and_then(|place| document.pointer(place));
        return match target {
            Some(target) if depth > 0 => example(document, target, depth - 1),
            _ => Value::Null,
        };
    }
    for keyword in ["oneOf", "anyOf", "allOf"] {
        if let Some(first) =
            schema[keyword].as_array().and_then(|choices| choices.iter().find(|one| one["type"] != "null"))
        {
            return example(document, first, depth);
        }
    }
    if let Some(first) = schema["enum"].as_array().and_then(|values| values.first()) {
        return first.clone();
    }
    let name = match &schema["type"] {
        Value::Array(names) => names.first().and_then(Value::as_str).unwrap_or_default(),
        name => name.as_str().unwrap_or_default(),
    };
    match name {
        "object" => {
            let fields = schema["properties"].as_object().into_iter().flatten();
            let fields =
                fields.map(|(name, field)| (name.clone(), example(document, field, depth.saturating_sub(1))));
            Value::Object(fields.collect())
        }
        "array" => json!([example(document, &schema["items"], depth.saturating_sub(1))]),
        "integer" | "number" => schema.get("minimum").cloned().unwrap_or(json!(1)),
        "boolean" => json!(true),
        "string" => json!("…"),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::DOCUMENT;

    #[test]
    fn every_operation_is_shown_once_with_all_that_it_has() {
        let reading = read(&DOCUMENT);
        let shown: Vec<&Operation> =
            reading.chapters.iter().flat_map(|chapter| &chapter.operations).collect();
        let described = DOCUMENT["paths"].as_object().unwrap().values();
        let described =
            described.flat_map(|item| METHODS.iter().filter(|method| item.get(**method).is_some()));
        assert_eq!(shown.len(), described.count());
        let export = shown.iter().find(|operation| operation.path.ends_with("/audit/export")).unwrap();
        assert_eq!((export.known_by, export.method.as_str()), ("An API key", "GET"));
        assert!(export.parameters.iter().any(|parameter| parameter.name == "format"));
        let ok = export.answers.iter().find(|answer| answer.status == "200").unwrap();
        assert_eq!(ok.types.len(), 2);
        let decision = shown.iter().find(|operation| operation.path.ends_with("/decisions")).unwrap();
        assert!(
            decision.example.contains("-X POST") && decision.example.contains("\"method\":\"accept_all\""),
            "{}",
            decision.example
        );
        // Every link of a type leads to a shape.
        let names: Vec<&str> = reading.shapes.iter().map(|shape| shape.name.as_str()).collect();
        let of_fields = reading.shapes.iter().flat_map(|shape| &shape.fields).flat_map(|field| &field.kind);
        let of_answers = shown
            .iter()
            .flat_map(|one| &one.answers)
            .flat_map(|answer| answer.types.iter().flat_map(|(_, kind)| kind));
        for piece in of_fields.chain(of_answers).filter(|piece| piece.link) {
            assert!(names.contains(&piece.text.as_str()), "{}", piece.text);
        }
    }
}
