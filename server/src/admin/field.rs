//! Owns one line of a form: its label, its hint, its field, and what is wrong with it, joined for those who hear the page.
//! Refuses to decide what is wrong; the operations do, and name the field.

use askama::Template;

use crate::error::Error;
use crate::sites::fields::FieldError;

/// What a refused form is shown again with.
pub(crate) type Wrong = Option<(&'static str, String)>;

/// Takes what a form can say about itself; whatever else fails is no matter of the form.
pub(crate) fn wrong(error: Error) -> Result<Wrong, Error> {
    match error {
        Error::InvalidFields(errors) => {
            Ok(errors.into_iter().next().map(|FieldError { field, message }| (field, message)))
        }
        Error::Conflict(message) => {
            let mut letters = message.chars();
            let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
            Ok(Some(("", format!("{first}{}.", letters.as_str()))))
        }
        other => Err(other),
    }
}

/// A field with its label.
#[derive(Debug, Default, Template)]
#[template(path = "admin/people/field.html")]
pub(crate) struct Field<'a> {
    /// Its name in the form, and its id.
    name: &'a str,
    /// Its label.
    label: &'a str,
    /// HTML's type.
    kind: &'a str,
    /// What was typed.
    value: &'a str,
    /// What the browser may fill in, in HTML's words.
    autocomplete: &'a str,
    /// What to know before typing.
    hint: &'a str,
    /// What is wrong.
    error: Option<&'a str>,
    /// Whether it may stay empty.
    optional: bool,
}

impl<'a> Field<'a> {
    pub(crate) fn new(name: &'a str, label: &'a str, kind: &'a str, autocomplete: &'a str) -> Self {
        Self { name, label, kind, autocomplete, ..Self::default() }
    }

    pub(crate) fn value(self, value: &'a str) -> Self {
        Self { value, ..self }
    }

    pub(crate) fn hint(self, hint: &'a str) -> Self {
        Self { hint, ..self }
    }

    pub(crate) fn optional(self) -> Self {
        Self { optional: true, ..self }
    }

    /// Says what is wrong, if it is this field.
    pub(crate) fn told(self, wrong: Option<&'a (&'static str, String)>) -> Self {
        let error = wrong.filter(|(field, _)| *field == self.name).map(|(_, message)| message.as_str());
        Self { error, ..self }
    }

    /// The ids of what describes it.
    fn described_by(&self) -> String {
        let hint = (!self.hint.is_empty()).then(|| format!("{}-hint", self.name));
        let error = self.error.map(|_| format!("{}-error", self.name));
        hint.into_iter().chain(error).collect::<Vec<_>>().join(" ")
    }
}

/// A one-time code, which phones offer to fill in.
pub(crate) fn code<'a>(wrong: Option<&'a (&'static str, String)>) -> Field<'a> {
    Field::new("code", "Code of six digits", "code", "one-time-code").told(wrong)
}
