//! Owns the examples: a folder for each, with `site.toml`, `notice.toml`, a page and its files, registered and served as a site of
//! its own. Refuses to serve two under one host: cookies know no ports, so visitors of one would have decided for the other.

use std::collections::BTreeMap;
use std::path::Path;

use assent_shared::SiteId;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::register;
use crate::error::Error;
use crate::notices;
use crate::store::{Environment, Site, Store};

/// An example as its folder has it.
#[derive(Debug)]
pub struct Example {
    sites: Vec<Entry>,
    notice: String,
    files: BTreeMap<String, String>,
}

/// `site.toml`: one site, or one for each environment.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SiteFile {
    sites: Vec<Entry>,
}

/// A site's settings, as the commands `site add` and `retention` take them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: SiteId,
    name: String,
    environment: Environment,
    origins: Vec<String>,
    retention_days: Option<i64>,
}

/// A site's page and the files beside it, served under the host of its name.
#[derive(Debug)]
pub struct Page {
    site: SiteId,
    files: BTreeMap<String, String>,
}

impl Example {
    /// Reads every example in `folder`, in the order of their names; a folder without a `site.toml` is none.
    pub fn read_all(folder: &Path) -> Result<Vec<Self>, String> {
        let unreadable = |error: std::io::Error| format!("{} cannot be read: {error}.", folder.display());
        let entries = std::fs::read_dir(folder).map_err(unreadable)?;
        let mut folders = entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(unreadable)?;
        folders.retain(|path| path.join("site.toml").is_file());
        folders.sort();
        if folders.is_empty() {
            return Err(format!("{} has no examples: each is a folder with a site.toml.", folder.display()));
        }
        folders.iter().map(|folder| Self::read(folder)).collect()
    }

    /// Reads one.
    pub fn read(folder: &Path) -> Result<Self, String> {
        let text = |name: &str| {
            let path = folder.join(name);
            std::fs::read_to_string(&path)
                .map_err(|error| format!("{} cannot be read: {error}.", path.display()))
        };
        let settings: SiteFile = toml::from_str(&text("site.toml")?)
            .map_err(|error| format!("{}: {error}", folder.join("site.toml").display()))?;
        let names = std::fs::read_dir(folder).map_err(|error| error.to_string())?;
        let names = names.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        let shown = names.filter(|name| content_type(name).is_some());
        let files = shown.map(|name| Ok((name.clone(), text(&name)?))).collect::<Result<_, String>>()?;
        Ok(Self { sites: settings.sites, notice: text("notice.toml")?, files })
    }

    /// Registers its sites, whose pages are at `origins` too, and publishes its notice in each.
    pub async fn prepare(
        &self,
        store: &Store,
        now: i64,
        origins: impl Fn(&SiteId) -> Vec<String>,
    ) -> Result<(), String> {
        for entry in &self.sites {
            let Entry { id, name, environment, retention_days, .. } = entry;
            let site = Site {
                id: id.clone(),
                name: name.clone(),
                environment: *environment,
                origins: entry.origins.iter().cloned().chain(origins(id)).collect(),
                share_subdomains: false,
            };
            if register(store, site, now).await? {
                store
                    .set_retention(id, retention_days.map(i64::from))
                    .await
                    .map_err(|error| error.to_string())?;
            }
            notices::publish(store, id, &self.notice, &[], now).await?;
        }
        Ok(())
    }

    /// The sites of its environments.
    pub fn sites(&self) -> impl Iterator<Item = &SiteId> {
        self.sites.iter().map(|entry| &entry.id)
    }

    /// Its pages, one for each site.
    #[must_use]
    pub fn pages(&self) -> Vec<Page> {
        let page = |entry: &Entry| {
            let filled = |text: &String| {
                text.replace("{{tag}}", &format!("/_assent/{}.js", entry.id))
                    .replace("{{site}}", entry.id.as_str())
            };
            let files = self.files.iter().map(|(name, text)| (name.clone(), filled(text))).collect();
            Page { site: entry.id.clone(), files }
        };
        self.sites.iter().map(page).collect()
    }
}

impl Page {
    /// Where it is, on a server at `port`.
    #[must_use]
    pub fn origin(&self, port: u16) -> String {
        origin(&self.site, port)
    }

    /// Whether `host`, with a port or without one, is its own.
    pub(super) fn is_at(&self, host: &str) -> bool {
        let name = host.split(':').next().unwrap_or_default();
        name.strip_suffix(".localhost").is_some_and(|name| name == self.site.as_str())
    }

    /// Answers with one of its files.
    pub(super) fn answer(&self, name: &str) -> Response {
        match (self.files.get(name), content_type(name)) {
            (Some(text), Some(kind)) => ([(CONTENT_TYPE, kind)], text.clone()).into_response(),
            _ => Error::NotFound.into_response(),
        }
    }
}

/// Where a site's page is, on a server at `port`. Every browser leads names under `localhost` to the machine itself (RFC 6761
/// §6.3), and keeps their cookies apart.
#[must_use]
pub fn origin(site: &SiteId, port: u16) -> String {
    format!("http://{site}.localhost:{port}")
}

/// What is shown of an example's folder, by the ends of the files' names.
fn content_type(name: &str) -> Option<&'static str> {
    Some(match name.rsplit('.').next()? {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notices::file::NoticeFile;
    use crate::notices::lint::{Severity, lint};

    const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples");

    #[test]
    fn every_example_is_whole() {
        let examples = Example::read_all(Path::new(FOLDER)).unwrap();
        let mut sites: Vec<&str> =
            examples.iter().flat_map(|one| &one.sites).map(|site| site.id.as_str()).collect();
        assert_eq!(examples.len(), 5);
        assert_eq!(sites.len(), 7, "one of them has three environments");
        sites.dedup();
        assert_eq!(sites.len(), 7);
        for (example, page) in
            examples.iter().flat_map(|one| one.pages().into_iter().map(move |page| (one, page)))
        {
            let text = &page.files["page.html"];
            assert!(
                text.contains(&format!("src=\"/_assent/{}.js\"", page.site)) && !text.contains("{{"),
                "{text}"
            );
            for name in text.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                assert!(
                    name.starts_with("/_assent/") || page.files.contains_key(name),
                    "{}: no {name}",
                    page.site
                );
            }
            let notice =
                notices::read(&example.notice).unwrap_or_else(|error| panic!("{}: {error}", page.site));
            for purpose in notice.optional() {
                assert!(
                    text.contains(&format!("data-assent=\"{}\"", purpose.id)),
                    "nothing is held for {}",
                    purpose.id
                );
            }
        }
    }

    #[test]
    fn no_regulator_would_refuse_an_example() {
        let later = include_str!("../../../examples/humanikos/notice-with-analytics.toml").to_owned();
        let examples = Example::read_all(Path::new(FOLDER)).unwrap();
        for text in examples.into_iter().map(|example| example.notice).chain([later]) {
            let mut findings = lint(&NoticeFile::read(&text).unwrap());
            findings.retain(|finding| finding.severity == Severity::Refuse);
            assert!(findings.is_empty(), "{findings:#?}");
        }
    }

    #[test]
    fn a_page_is_under_its_own_host_alone() {
        let example = Example::read(&Path::new(FOLDER).join("humanloop")).unwrap();
        let pages = example.pages();
        assert_eq!(pages[1].origin(8080), "http://humanloop-staging.localhost:8080");
        let found = |host: &str| pages.iter().filter(|page| page.is_at(host)).count();
        assert_eq!((found("humanloop.localhost:8080"), found("humanloop-staging.localhost")), (1, 1));
        for other in ["localhost:8080", "127.0.0.1", "humanloop.example", "staging.localhost", "humanloop"] {
            assert_eq!(found(other), 0, "{other}");
        }
    }
}
