//! Owns what is found of sites and people: cookies' scope, where tags are, notices, and who may sign in.
//! Refuses to judge what the operator has overridden with a reason.

use assent_shared::Notice;
use serde::Deserialize;

use super::Finding;
use crate::access::Role;
use crate::config::Settings;
use crate::domain::registrable;
use crate::notices::file::NoticeFile;
use crate::notices::lint::{Severity, lint};
use crate::store::{Environment, SightingRow, Site, Store};

pub(super) async fn check(store: &Store, settings: &Settings) -> sqlx::Result<Vec<Finding>> {
    let mut found = Vec::new();
    let rows = store.site_rows().await?;
    if rows.is_empty() {
        found.push(Finding::look(
            "sites",
            "There is none.",
            "Add one: `assent site add ID --origin https://…`.",
        ));
    }
    for (site, _, newest) in rows {
        let before = found.len();
        origins(&site, &mut found);
        sightings(&site, &store.sightings(&site.id).await?, settings, &mut found);
        notice(store, &site, newest, &mut found).await?;
        if found.len() == before {
            let says = format!("{}; notice {newest}.", scope(&site));
            found.push(Finding::ok(format!("site {}", site.id), says));
        }
    }
    found.push(owners(store).await?);
    Ok(found)
}

fn scope(site: &Site) -> String {
    let domains = site.cookie_domains();
    if domains.is_empty() {
        "Each host keeps its cookies to itself".to_owned()
    } else {
        format!("Cookies are shared below {}", domains.join(", "))
    }
}

fn about(site: &Site) -> String {
    format!("site {}", site.id)
}

/// Whether the cookies reach as far as they should, and by TLS.
fn origins(site: &Site, found: &mut Vec<Finding>) {
    let plain: Vec<&str> =
        site.origins.iter().map(String::as_str).filter(|origin| origin.starts_with("http://")).collect();
    if site.environment == Environment::Production && !plain.is_empty() {
        let says = format!("{} is not https: its cookies travel in the clear.", plain.join(", "));
        found.push(Finding::look(
            about(site),
            says,
            "Serve the pages by TLS, and change the site's origins.",
        ));
    }
    let mut domains: Vec<Option<String>> = site.origins.iter().map(|origin| registrable(origin)).collect();
    let without = site.origins.iter().zip(&domains).filter(|(_, domain)| domain.is_none());
    let without: Vec<&str> = without.map(|(origin, _)| origin.as_str()).collect();
    if site.share_subdomains && !without.is_empty() {
        let says =
            format!("{} has no subdomains to share with, by the public suffix list.", without.join(", "));
        found.push(Finding::wrong(
            about(site),
            says,
            "Take that origin away, or stop sharing with subdomains.",
        ));
    }
    domains.sort_unstable();
    domains.dedup();
    if domains.len() > 1 {
        let says = format!(
            "Its origins have {} registrable domains: a choice on one is not known on the others.",
            domains.len()
        );
        found.push(Finding::look(
            about(site),
            says,
            "That may be what you want; else make them sites of their own.",
        ));
    }
}

/// Whether the tag is where it should be, and what proxies make of requests.
fn sightings(site: &Site, seen: &[SightingRow], settings: &Settings, found: &mut Vec<Finding>) {
    let foreign: Vec<&str> = seen
        .iter()
        .map(|row| row.origin.as_str())
        .filter(|origin| !site.origins.iter().any(|own| own == origin))
        .collect();
    if !foreign.is_empty() {
        let says = format!(
            "Its tag was asked for by pages of {}, whose visitors' answers are refused.",
            foreign.join(", ")
        );
        found.push(Finding::look(
            about(site),
            says,
            "Add them to the site's origins if they are yours: `assent site change`. Else somebody has copied the tag.",
        ));
    }
    let own: Vec<&SightingRow> = seen.iter().filter(|row| site.origins.contains(&row.origin)).collect();
    let public = settings.public_url.as_deref().map(|url| url.trim_end_matches('/'));
    if own.iter().any(|row| !row.first_party && Some(row.origin.as_str()) == public) {
        found.push(Finding::wrong(
            about(site),
            "Pages under public_url ask for the tag, and their requests arrive with another host: the proxy does not pass it on.",
            "Let the proxy pass the host on (`proxy_set_header Host $host` in nginx): docs/embedding.md has the rule.",
        ));
    } else if !own.is_empty() && own.iter().all(|row| !row.first_party) {
        found.push(Finding::look(
            about(site),
            "Its tag comes from another host than its pages: Safari forgets choices after seven days without a visit.",
            "Serve /_assent/ under the pages' own host: docs/embedding.md has the proxy's rule.",
        ));
    }
}

#[derive(Deserialize)]
struct Overridden {
    rule: String,
    at: String,
}

/// Whether there is a notice, and whether the linter would refuse it now.
async fn notice(store: &Store, site: &Site, newest: i64, found: &mut Vec<Finding>) -> sqlx::Result<()> {
    if newest == 0 {
        let todo = format!("`assent notice publish --site {} notice.toml`, or write one at /admin.", site.id);
        found.push(Finding::look(about(site), "It has no notice, and so no banner.", todo));
        return Ok(());
    }
    let number = u32::try_from(newest).unwrap_or_default();
    let row = store.notice(&site.id, number).await?;
    let Some(notice) = row.and_then(|row| serde_json::from_str::<Notice>(&row.body).ok()) else {
        let says = format!("Its notice {newest} cannot be read.");
        found.push(Finding::wrong(
            about(site),
            says,
            "Restore a copy: notices are never changed by the server.",
        ));
        return Ok(());
    };
    let version = store.versions(&site.id, newest + 1, 1).await?.into_iter().next();
    let overridden: Vec<Overridden> = version
        .and_then(|version| version.overrides)
        .and_then(|list| serde_json::from_str(&list).ok())
        .unwrap_or_default();
    let refused: Vec<String> = lint(&NoticeFile::of(&notice))
        .into_iter()
        .filter(|finding| finding.severity == Severity::Refuse)
        .filter(|finding| {
            !overridden.iter().any(|one| one.rule == finding.rule.as_str() && one.at == finding.at)
        })
        .map(|finding| format!("{} at {}", finding.rule, finding.at))
        .collect();
    if !refused.is_empty() {
        found.push(Finding::look(
            about(site),
            format!("The linter would refuse notice {newest} now: {}.", refused.join("; ")),
            format!("`assent notice show --site {} {newest}` has the file; `assent notice lint FILE` says how to put it right.", site.id),
        ));
    }
    Ok(())
}

/// Whether somebody can let others in.
async fn owners(store: &Store) -> sqlx::Result<Finding> {
    let about = "operators";
    let operators = store.operators().await?;
    if operators.is_empty() {
        let todo = "`assent serve` prints the link by which the first owner comes in.";
        return Ok(Finding::look(about, "Nobody can sign in yet.", todo));
    }
    let roles = store.roles().await?;
    let owners = operators.iter().filter(|operator| {
        operator.welcomed
            && operator.disabled_at.is_none()
            && roles
                .iter()
                .any(|(whose, on)| *whose == operator.operator && on.role == Role::Owner && on.site.is_none())
    });
    Ok(match owners.count() {
        0 => Finding::wrong(
            about,
            "No operator is an owner who can sign in: nobody can let others in.",
            "`assent operator role EMAIL --role owner`, `assent operator enable EMAIL`, or `assent operator add EMAIL --role owner`.",
        ),
        count => Finding::ok(about, format!("{count} of {} own everything.", operators.len())),
    })
}
