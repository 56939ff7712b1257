//! Owns what a site may be called and set to, and saying of each field what is wrong with it.
//! Refuses ids that are Assent's own addresses, and origins that no browser would ever send.

use std::fmt;

use assent_shared::SiteId;
use serde::{Deserialize, Deserializer};
use url::Url;

use super::SiteView;
use crate::domain;
use crate::error::{Error, Result};
use crate::store::Environment;

/// Ids that would stand where Assent's own pages are: under `/_assent/` and under `/admin/sites/`.
const RESERVED: [&str; 5] = ["widget", "verifier", "verify", "audit", "new"];
/// Origins of one site.
const ORIGINS: usize = 50;
/// Days of a retention: a hundred years.
const LONGEST_RETENTION: i64 = 36_500;

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The field's name.
    pub field: &'static str,
    /// What is wrong, and what to do.
    pub message: String,
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

/// A failure for one field.
pub fn wrong(field: &'static str, message: impl Into<String>) -> Error {
    Error::InvalidFields(vec![FieldError { field, message: message.into() }])
}

/// A site that is to be added.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSite {
    /// Its name in addresses, for ever.
    pub id: String,
    /// Its name for people; its id, where it has none.
    #[serde(default)]
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub environment: Environment,
    /// Where its pages are.
    pub origins: Vec<String>,
    /// Whether one choice holds for all subdomains.
    #[serde(default)]
    pub share_subdomains: bool,
    /// After how many days receipts are erased.
    #[serde(default)]
    pub retention_days: Option<i64>,
}

/// What is to be changed of a site; what is left out stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Changes {
    /// Its name for people.
    pub name: Option<String>,
    /// What it is for; fixed once there are receipts.
    pub environment: Option<Environment>,
    /// Where its pages are.
    pub origins: Option<Vec<String>>,
    /// Whether one choice holds for all subdomains.
    pub share_subdomains: Option<bool>,
    /// After how many days receipts are erased; null keeps them.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<i64>)]
    pub retention_days: Option<Option<i64>>,
}

/// Tells `null` from what is not there.
#[expect(clippy::option_option, reason = "not said, said to be nothing, and said")]
fn said<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<i64>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// What can be set of a site; checked by [`Fields::check`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields {
    pub(super) name: String,
    pub(super) environment: Environment,
    pub(super) origins: Vec<String>,
    pub(super) share_subdomains: bool,
    pub(super) retention_days: Option<i64>,
}

impl fmt::Display for Fields {
    /// As the audit log has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, environment, origins, share_subdomains, retention_days } = self;
        let retention = retention_days.map_or("for ever".to_owned(), |days| format!("{days} days"));
        let sharing = if *share_subdomains { ", shares subdomains" } else { "" };
        write!(f, "{name}; {environment}; {}; receipts kept {retention}{sharing}", origins.join(" "))
    }
}

impl NewSite {
    /// The site's id and fields, if all of them can be; otherwise everything that is wrong at once.
    pub fn check(self) -> Result<(SiteId, Fields)> {
        let Self { id, name, environment, origins, share_subdomains, retention_days } = self;
        let name = if name.trim().is_empty() { id.clone() } else { name };
        let fields = Fields { name, environment, origins, share_subdomains, retention_days };
        let id: Result<SiteId, String> = match id.trim().parse::<SiteId>() {
            Ok(id) if RESERVED.contains(&id.as_str()) => {
                Err(format!("`{id}` is Assent's own address; choose another id"))
            }
            Ok(id) => Ok(id),
            Err(error) => Err(error.to_string()),
        };
        match (id, fields.check()) {
            (Ok(id), Ok(fields)) => Ok((id, fields)),
            (Ok(_), Err(error)) => Err(error),
            (Err(message), fields) => {
                let mut errors = vec![FieldError { field: "id", message }];
                if let Err(Error::InvalidFields(more)) = fields {
                    errors.extend(more);
                }
                Err(Error::InvalidFields(errors))
            }
        }
    }
}

impl Changes {
    /// The site's fields as they would be.
    pub(super) fn over(self, before: &SiteView) -> Fields {
        Fields {
            name: self.name.unwrap_or_else(|| before.name.clone()),
            environment: self.environment.unwrap_or(before.environment),
            origins: self.origins.unwrap_or_else(|| before.origins.clone()),
            share_subdomains: self.share_subdomains.unwrap_or(before.share_subdomains),
            retention_days: self.retention_days.unwrap_or(before.retention_days),
        }
    }
}

impl Fields {
    /// The same, as browsers and people write it; otherwise everything that is wrong at once.
    pub fn check(self) -> Result<Self> {
        let Self { name, environment, origins, share_subdomains, retention_days } = self;
        let mut errors = Vec::new();
        let mut refuse = |field, message: String| errors.push(FieldError { field, message });
        let name = name.trim().to_owned();
        if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
            refuse("name", "write a name of one line, at most 100 characters".to_owned());
        }
        let mut written: Vec<String> = Vec::new();
        for text in &origins {
            match origin(text) {
                Ok(origin) if written.contains(&origin) => {}
                Ok(origin) => written.push(origin),
                Err(message) => refuse("origins", format!("{text}: {message}")),
            }
        }
        if origins.is_empty() || written.len() > ORIGINS {
            refuse("origins", format!("write between 1 and {ORIGINS} origins"));
        }
        if share_subdomains
            && let Some(alone) = written.iter().find(|origin| domain::registrable(origin).is_none())
        {
            refuse(
                "share_subdomains",
                format!(
                    "{alone} has no subdomains to share with: its host is an address, `localhost`, or a name such as co.uk or github.io, under which strangers have theirs"
                ),
            );
        }
        if retention_days.is_some_and(|days| !(1..=LONGEST_RETENTION).contains(&days)) {
            refuse("retention_days", format!("write between 1 and {LONGEST_RETENTION} days, or nothing"));
        }
        if !errors.is_empty() {
            return Err(Error::InvalidFields(errors));
        }
        Ok(Self { name, environment, origins: written, share_subdomains, retention_days })
    }
}

/// An origin as browsers write it (RFC 6454 §6.1): lower case, without the scheme's own port, names in their ASCII form.
pub fn origin(text: &str) -> Result<String, String> {
    let wrong = "write scheme and host, such as https://shop.example, without a path";
    let url = Url::parse(text.trim()).map_err(|_| wrong)?;
    let bare = matches!(url.scheme(), "http" | "https")
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none()
        && url.host_str().is_some_and(|host| !host.contains('*'));
    if bare { Ok(url.origin().ascii_serialization()) } else { Err(wrong.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_written_as_browsers_write_them() {
        for (typed, written) in [
            ("https://Shop.Example/", "https://shop.example"),
            (" https://shop.example:443", "https://shop.example"),
            ("http://localhost:8080", "http://localhost:8080"),
            ("https://münchen.example", "https://xn--mnchen-3ya.example"),
            ("http://[::1]:80", "http://[::1]"),
        ] {
            assert_eq!(origin(typed).as_deref(), Ok(written));
        }
        for refused in [
            "shop.example",
            "https://shop.example/kilns",
            "https://a@shop.example",
            "ftp://shop.example",
            "https://*.shop.example",
            "https://shop.example?a",
            "javascript:alert(1)",
            "null",
            "",
        ] {
            assert!(origin(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let new = NewSite {
            id: "widget".to_owned(),
            name: "a\nb".to_owned(),
            origins: vec!["shop.example".to_owned(), "http://localhost".to_owned()],
            share_subdomains: true,
            retention_days: Some(0),
            ..NewSite::default()
        };
        let Err(Error::InvalidFields(errors)) = new.check() else { panic!("it is taken") };
        let fields: Vec<_> = errors.iter().map(|error| error.field).collect();
        assert_eq!(fields, ["id", "name", "origins", "share_subdomains", "retention_days"]);
    }

    #[test]
    fn nothing_said_is_not_null() {
        let changes = |json| serde_json::from_str::<Changes>(json).unwrap().retention_days;
        assert_eq!(changes("{}"), None);
        assert_eq!(changes(r#"{"retention_days":null}"#), Some(None));
        assert_eq!(changes(r#"{"retention_days":30}"#), Some(Some(30)));
    }
}
