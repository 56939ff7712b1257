//! Owns the fields of the editor: how each shows a key of the notice file, and what of a form goes back under that key.
//! Refuses to know any key; `sections.rs` lists them.

use std::collections::BTreeMap;

use toml::{Table, Value};

/// What a field is for the eye and for the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One line of text.
    Line,
    /// Several sentences.
    Area,
    /// A list of texts, one a line. Where `none` is set, the word `none` stands for the empty list, which is not the same as
    /// saying nothing.
    List {
        /// Whether an empty list can be said.
        none: bool,
    },
    /// Yes or no, and which of them need not be said.
    Check {
        /// What the key means when it is left out.
        default: bool,
    },
    /// One of these words, with what people read; the first is the one that need not be said.
    Choice(Vec<(&'static str, &'static str)>),
    /// A colour, and the one that need not be said.
    Colour(String),
    /// A number from 0 to 255, and the one that need not be said.
    Number(i64),
}

/// A key of the notice file, as a form shows it.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    /// The key path: `purposes.analytics.texts.en.name`; also the input's name and id.
    pub(crate) key: String,
    /// Its label.
    pub(crate) label: String,
    /// What to write.
    pub(crate) hint: String,
    pub(crate) kind: Kind,
    /// The built-in word, where there is one.
    pub(crate) placeholder: String,
    /// The language of what is written.
    pub(crate) lang: Option<String>,
    /// The same text in the notice's first language, and that language.
    pub(crate) beside: Option<(String, String)>,
    check: Option<Check>,
}

/// Says what is wrong with what was typed.
type Check = fn(&str) -> Result<(), String>;

impl Field {
    pub(crate) fn new(kind: Kind, key: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            label: label.into(),
            hint: String::new(),
            kind,
            placeholder: String::new(),
            lang: None,
            beside: None,
            check: None,
        }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    pub(crate) fn placeholder(mut self, text: impl Into<String>) -> Self {
        self.placeholder = text.into();
        self
    }

    pub(crate) fn lang(mut self, lang: impl Into<String>) -> Self {
        self.lang = Some(lang.into());
        self
    }

    pub(crate) fn beside(mut self, beside: Option<(String, String)>) -> Self {
        self.beside = beside;
        self
    }

    /// Holds each text that is written against a type of the vocabulary.
    pub(crate) fn is<T: std::str::FromStr<Err: std::fmt::Display>>(mut self) -> Self {
        self.check = Some(|text| text.parse::<T>().map(drop).map_err(|error| error.to_string()));
        self
    }

    /// What the form shows of the file.
    pub(crate) fn shown(&self, file: &Table) -> String {
        let value = get(file, &self.key);
        match (&self.kind, value) {
            (Kind::List { none: true }, Some(Value::Array(list))) if list.is_empty() => "none".to_owned(),
            (Kind::List { .. }, Some(Value::Array(list))) => {
                list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n")
            }
            (_, Some(Value::String(text))) => text.clone(),
            (_, Some(Value::Integer(number))) => number.to_string(),
            (_, Some(Value::Boolean(yes))) => if *yes { "on" } else { "" }.to_owned(),
            (Kind::Check { default: true }, _) => "on".to_owned(),
            (Kind::Choice(words), _) => words.first().map(|(word, _)| (*word).to_owned()).unwrap_or_default(),
            (Kind::Colour(default), _) => default.clone(),
            (Kind::Number(default), _) => default.to_string(),
            _ => String::new(),
        }
    }

    /// What the form sent for it; a box that is not ticked sends nothing.
    pub(crate) fn sent(&self, form: &[(String, String)]) -> String {
        let sent = form.iter().rev().find(|(name, _)| *name == self.key).map(|(_, value)| value.as_str());
        // Browsers send line ends as two signs.
        sent.unwrap_or_default().trim().replace("\r\n", "\n")
    }

    /// The value that a text stands for; nothing where it need not be said.
    fn value(&self, text: &str) -> Result<Option<Value>, String> {
        let check = |text: &str| self.check.map_or(Ok(()), |check| check(text));
        Ok(match &self.kind {
            Kind::Line | Kind::Area if text.is_empty() => None,
            Kind::Line => {
                check(text)?;
                Some(Value::String(text.replace('\n', " ")))
            }
            Kind::Area => {
                check(text)?;
                Some(Value::String(text.to_owned()))
            }
            Kind::List { none: true } if text.eq_ignore_ascii_case("none") => Some(Value::Array(vec![])),
            Kind::List { .. } => {
                let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
                lines.iter().try_for_each(|line| check(line))?;
                let list: Vec<Value> = lines.into_iter().map(|line| Value::String(line.to_owned())).collect();
                (!list.is_empty()).then_some(Value::Array(list))
            }
            Kind::Check { default } => {
                let yes = !text.is_empty();
                (yes != *default).then_some(Value::Boolean(yes))
            }
            Kind::Choice(words) => {
                if words.iter().all(|(word, _)| *word != text) {
                    return Err("Choose one of these.".to_owned());
                }
                (words.first().is_some_and(|(first, _)| *first != text))
                    .then(|| Value::String(text.to_owned()))
            }
            Kind::Colour(default) => {
                check(text)?;
                (text != default).then(|| Value::String(text.to_owned()))
            }
            Kind::Number(default) => {
                let number: u8 = text.parse().map_err(|_| "Write a number from 0 to 255.".to_owned())?;
                let number = i64::from(number);
                (number != *default).then_some(Value::Integer(number))
            }
        })
    }
}

/// Puts what a form sent into the file; what cannot be taken is said by key, and leaves its key as it was.
pub(crate) fn take<'a>(
    fields: impl Iterator<Item = &'a Field>,
    form: &[(String, String)],
    file: &mut Table,
) -> BTreeMap<String, String> {
    let mut errors = BTreeMap::new();
    for field in fields {
        match field.value(&field.sent(form)) {
            Ok(value) => set(file, &field.key, value),
            Err(error) => {
                errors.insert(field.key.clone(), error);
            }
        }
    }
    errors
}

/// What stands under a key path.
pub(crate) fn get<'a>(file: &'a Table, key: &str) -> Option<&'a Value> {
    let mut segments = key.split('.');
    let mut value = file.get(segments.next()?)?;
    for segment in segments {
        value = match value {
            Value::Table(table) => table.get(segment)?,
            Value::Array(list) => list.get(place(list, segment)?)?,
            _ => return None,
        };
    }
    Some(value)
}

/// Where in a list a segment leads: to the entry of that id, or of that number.
fn place(list: &[Value], segment: &str) -> Option<usize> {
    let by_id = list.iter().position(|entry| entry.get("id").and_then(Value::as_str) == Some(segment));
    by_id.or_else(|| segment.parse().ok())
}

/// Puts a value under a key path, or takes it away; tables on the way are made, and those that say nothing any more removed.
pub(crate) fn set(file: &mut Table, key: &str, value: Option<Value>) {
    let segments: Vec<&str> = key.split('.').collect();
    set_in(file, &segments, value, &[]);
}

fn set_in<'a>(table: &mut Table, segments: &[&'a str], value: Option<Value>, above: &[&'a str]) {
    let [first, rest @ ..] = segments else { return };
    if rest.is_empty() {
        match value {
            Some(value) => {
                table.insert((*first).to_owned(), value);
            }
            None => {
                table.remove(*first);
            }
        }
        return;
    }
    let here: Vec<&str> = above.iter().copied().chain([*first]).collect();
    let removing = value.is_none();
    match table.get_mut(*first) {
        Some(Value::Table(inner)) => set_in(inner, rest, value, &here),
        Some(Value::Array(list)) => {
            let [segment, rest @ ..] = rest else { return };
            let Some(at) = place(list, segment) else { return };
            if rest.is_empty() {
                match value {
                    Some(value) if at < list.len() => list[at] = value,
                    Some(value) => list.push(value),
                    None if at < list.len() => drop(list.remove(at)),
                    None => {}
                }
                return;
            }
            if at >= list.len() {
                list.push(Value::Table(Table::new()));
            }
            let newest = list.len() - 1;
            let here: Vec<&str> = here.iter().copied().chain([*segment]).collect();
            if let Some(Value::Table(inner)) = list.get_mut(at.min(newest)) {
                set_in(inner, rest, value, &here);
            }
        }
        _ if removing => {}
        _ => {
            let mut inner = Table::new();
            // The first cookie of a purpose begins its list.
            if *first == "cookies" {
                let mut entry = Table::new();
                set_in(&mut entry, &rest[1..], value, &here);
                table.insert((*first).to_owned(), Value::Array(vec![Value::Table(entry)]));
            } else {
                set_in(&mut inner, rest, value, &here);
                table.insert((*first).to_owned(), Value::Table(inner));
            }
        }
    }
    tidy(table, first, &here);
}

/// Leaves out tables that say nothing, and says what their types demand in those that say something.
fn tidy(table: &mut Table, name: &str, here: &[&str]) {
    let demanded: &[&str] = match here {
        ["authority" | "dpo"] => &["name", "contact"],
        ["purposes", _, "texts", _] => &["name", "description"],
        ["controller" | "appearance"] | ["appearance", "light" | "dark"] => &[],
        _ => return,
    };
    let Some(Value::Table(inner)) = table.get_mut(name) else { return };
    if inner.values().all(|value| value.as_str() == Some("")) {
        table.remove(name);
        return;
    }
    for key in demanded {
        inner.entry(*key).or_insert_with(|| Value::String(String::new()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> Table {
        toml::from_str(
            "default_locale = \"en\"\n[texts.en]\n[[purposes]]\nid = \"a\"\ntexts.en = { name = \"A\", description = \"It counts.\" }\n",
        )
        .unwrap()
    }

    fn put(field: &Field, text: &str, file: &mut Table) -> BTreeMap<String, String> {
        take([field].into_iter(), &[(field.key.clone(), text.to_owned())], file)
    }

    #[test]
    fn what_is_sent_is_shown_again_and_what_is_emptied_is_gone() {
        let mut file = file();
        for (kind, key, text) in [
            (Kind::Line, "controller.name", "The Shop"),
            (Kind::Area, "purposes.a.texts.de.description", "Zählt."),
            (Kind::List { none: true }, "purposes.a.recipients", "One\nTwo"),
            (Kind::List { none: true }, "purposes.a.recipients", "none"),
            (Kind::Line, "purposes.a.cookies.0.name", "_a"),
            (Kind::Line, "purposes.a.cookies.1.name", "_b"),
            (Kind::Check { default: true }, "appearance.floating_button", ""),
            (Kind::Number(12), "appearance.radius", "0"),
        ] {
            let field = Field::new(kind, key, "x");
            assert!(put(&field, text, &mut file).is_empty(), "{key}");
            assert_eq!(field.shown(&file), text, "{key}");
        }
        assert_eq!(
            get(&file, "purposes.a.texts.de.name"),
            Some(&Value::String(String::new())),
            "its type demands it"
        );
        for key in ["controller.name", "purposes.a.texts.de.description"] {
            put(&Field::new(Kind::Line, key, "x"), "", &mut file);
        }
        assert_eq!(get(&file, "controller"), None);
        assert_eq!(get(&file, "purposes.a.texts.de"), None);
        assert!(get(&file, "texts.en").is_some(), "a language may replace no text");
    }

    #[test]
    fn what_cannot_be_taken_is_said_and_changes_nothing() {
        let mut file = file();
        let country =
            Field::new(Kind::Line, "controller.country", "Country").is::<assent_shared::terms::Location>();
        let errors = put(&country, "UK", &mut file);
        assert!(errors["controller.country"].contains("a location is a country's two letters"));
        assert_eq!(get(&file, "controller"), None);
        let choice =
            Field::new(Kind::Choice(vec![("auto", "Auto"), ("dark", "Dark")]), "appearance.scheme", "x");
        assert_eq!(put(&choice, "blue", &mut file).len(), 1);
        assert!(put(&choice, "auto", &mut file).is_empty());
        assert_eq!(get(&file, "appearance"), None, "the default is not said");
    }
}
