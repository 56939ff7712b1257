//! Owns the commands around sites: adding, changing, listing, pinning the tag, and where it was seen.
//! Refuses to check anything by itself; the operations do.

use assent_shared::{Locale, SiteId};
use clap::Subcommand;

use super::{print, stamp};
use crate::access::Caller;
use crate::error::Error;
use crate::sites::fields::{Changes, NewSite, origin};
use crate::sites::{self, tag};
use crate::state::App;
use crate::store::Environment;

#[derive(Debug, Subcommand)]
pub(super) enum SiteCommand {
    /// Add a site
    Add {
        /// The site's id, used in addresses: shop
        site: SiteId,
        /// The origin of its pages, scheme and host; once for each
        #[arg(long = "origin", required = true, value_name = "https://HOST", value_parser = origin)]
        origins: Vec<String>,
        /// The site's name for people [default: its id]
        #[arg(long)]
        name: Option<String>,
        /// What the site is for
        #[arg(long, value_enum, default_value_t)]
        environment: Environment,
        /// Let one choice hold for all subdomains: shop.example and www.shop.example
        #[arg(long)]
        share_subdomains: bool,
        /// Erase receipts after so many days
        #[arg(long, value_name = "DAYS")]
        retention_days: Option<i64>,
    },
    /// Change a site; what is not said stays
    Change {
        /// The site's id
        site: SiteId,
        /// The origins of its pages in place of those it has, once for each
        #[arg(long = "origin", value_name = "https://HOST", value_parser = origin)]
        origins: Vec<String>,
        /// The site's name for people
        #[arg(long)]
        name: Option<String>,
        /// What the site is for; fixed once it has receipts
        #[arg(long, value_enum)]
        environment: Option<Environment>,
        /// Whether one choice holds for all subdomains
        #[arg(long, value_name = "true|false")]
        share_subdomains: Option<bool>,
    },
    /// List the sites
    List,
    /// Print the line that embeds a site's tag, where it was seen, and its pinned tags
    Tag {
        /// The site's id
        site: SiteId,
    },
    /// Keep the tag's bytes as they are now, and print the line that demands them by their hash
    Pin {
        /// The site's id
        site: SiteId,
        /// The language of the tag
        #[arg(long, value_name = "LANGUAGE")]
        lang: Locale,
    },
}

pub(super) async fn run(command: SiteCommand, app: &App) -> Result<(), String> {
    let caller = Caller::command_line();
    match command {
        SiteCommand::Add { site, origins, name, environment, share_subdomains, retention_days } => {
            let name = name.unwrap_or_default();
            let id = site.to_string();
            let new = NewSite { id, name, environment, origins, share_subdomains, retention_days };
            sites::add(app, &caller, new).await.map_err(said)?;
            print(&format!("Added. Next: `assent notice publish --site {site} notice.toml`.\n"));
        }
        SiteCommand::Change { site, origins, name, environment, share_subdomains } => {
            let origins = (!origins.is_empty()).then_some(origins);
            let changes = Changes { name, environment, origins, share_subdomains, retention_days: None };
            sites::change(app, &caller, &site, changes).await.map_err(|error| of_site(error, &site))?;
            print(&format!("Changed. `assent site list` shows `{site}` as it is now.\n"));
        }
        SiteCommand::List => {
            for site in sites::list(app, &caller).await.map_err(said)? {
                let sharing = if site.share_subdomains { "\tshares subdomains" } else { "" };
                let origins = site.origins.join(" ");
                print(&format!("{}\t{}\t{origins}\t{}{sharing}\n", site.id, site.environment, site.name));
            }
        }
        SiteCommand::Tag { site } => {
            let base = base(app, &site).await?;
            let report = tag::report(app, &caller, &site, &base).await;
            let report = report.map_err(|error| of_site(error, &site))?;
            print(&format!("{}\n", report.snippet));
            for seen in report.sightings {
                let way = if seen.sighting.first_party { "first-party" } else { "another host" };
                let listed = if seen.listed { "" } else { "\tnot listed" };
                let (first, last) = (stamp(seen.sighting.first_seen), stamp(seen.sighting.last_seen));
                print(&format!("seen\t{}\t{way}\t{first}\t{last}{listed}\n", seen.sighting.origin));
            }
            for pin in report.pins {
                let state = if pin.newest { "as it is now" } else { "an earlier tag" };
                print(&format!("pinned\tnotice {}\t{}\t{state}\t{}\n", pin.notice, pin.locale, pin.snippet));
            }
        }
        SiteCommand::Pin { site, lang } => {
            let base = base(app, &site).await?;
            let pinned = tag::pin(app, &caller, &site, &lang, &base).await;
            let (pin, _) = pinned.map_err(|error| of_site(error, &site))?;
            print(&format!("{}\n", pin.snippet));
        }
    }
    Ok(())
}

/// The address that the settings say; else the first of the site's own, where a proxy passes `/_assent/` on.
async fn base(app: &App, site: &SiteId) -> Result<String, String> {
    if let Some(url) = &app.public_url {
        return Ok(url.trim_end_matches('/').to_owned());
    }
    let view = sites::view(app, &Caller::command_line(), site).await.map_err(|error| of_site(error, site))?;
    view.origins.into_iter().next().ok_or_else(|| super::unknown_site(site))
}

fn of_site(error: Error, site: &SiteId) -> String {
    match error {
        Error::NotFound => super::unknown_site(site),
        error => said(error),
    }
}

/// An error as a person reads it; a field by the flag that sets it.
fn said(error: Error) -> String {
    match error {
        Error::InvalidFields(errors) => {
            let lines = errors.iter().map(|error| {
                let message = match error.field {
                    // A sentence of its own.
                    "id" | "locale" => {
                        let (first, rest) = error.message.split_at(1);
                        first.to_uppercase() + rest
                    }
                    "origins" => format!("--origin: {}", error.message),
                    field => format!("--{}: {}", field.replace('_', "-"), error.message),
                };
                format!("{message}.")
            });
            lines.collect::<Vec<_>>().join("\n")
        }
        other => format!("{}.", other.cause().unwrap_or_else(|| other.to_string())),
    }
}
