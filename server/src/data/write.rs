//! Owns the report as plain text, for the command line and for a file beside the records of processing (GDPR art. 30).
//! Refuses tables wider than a page of mail.

use std::fmt::Write;

use super::{Report, SiteData, word};
use crate::export::rfc3339;

/// The report in Markdown.
#[must_use]
pub fn as_text(report: &Report) -> String {
    let mut text = String::new();
    let Report { made_at, version, installation, sites, kinds, never, roles, people, keys } = report;
    let _ = writeln!(text, "# What Assent stores\n\nAs of {}, Assent {version}.\n", rfc3339(*made_at));
    let _ = writeln!(text, "- Database: {}, {}", installation.engine, installation.database);
    let _ = writeln!(text, "- Signing keys: {}", installation.signing_keys);
    let _ = writeln!(text, "- Checkpoints outside the database: {}", installation.checkpoint_file);
    if let Some(url) = &installation.checkpoint_url {
        let _ = writeln!(text, "- Checkpoints are sent once a day to: {url}");
    }
    for witness in &installation.witnesses {
        let _ = writeln!(text, "- Witness: {witness}");
    }
    text.push_str("\n## Sites\n\n");
    for site in sites {
        let _ = writeln!(text, "- {}", of_site(site));
    }
    text.push_str("\n## Kinds of data\n");
    for kind in kinds {
        let _ = write!(text, "\n### {}\n\n{}\n\n- Where: {}\n", kind.name, kind.what, kind.place);
        for until in &kind.until {
            let _ = writeln!(text, "- How long: {until}");
        }
        let _ = writeln!(text, "- Who may see it: {}", kind.seen_by);
        for hint in &kind.law {
            let _ = writeln!(text, "- See: {hint}");
        }
    }
    text.push_str("\n## Never stored, never logged\n\n");
    for what in never {
        let _ = writeln!(text, "- {what}");
    }
    text.push_str("\n## Who may what\n\n");
    for role in roles {
        let permissions: Vec<String> = role.permissions.iter().map(word).collect();
        let _ = writeln!(text, "- {}: {}", word(role.role), permissions.join(", "));
    }
    for person in people {
        let site = person.site.as_deref().unwrap_or("all sites");
        let kept_out = if person.disabled { ", kept out" } else { "" };
        let _ =
            writeln!(text, "- {} {}: {} of {site}{kept_out}", person.name, person.email, word(person.role));
    }
    for key in keys {
        let site = key.site.as_deref().unwrap_or("all sites");
        let scopes: Vec<String> = key.scopes.iter().map(word).collect();
        let _ = writeln!(text, "- key {} ({}): {} of {site}", key.key_id, key.label, scopes.join(", "));
    }
    text
}

fn of_site(site: &SiteData) -> String {
    let retention = match site.retention_days {
        Some(days) => format!("receipts are erased after {days} days"),
        None => "receipts are kept until somebody erases them".to_owned(),
    };
    let SiteData { site: id, name, environment, origins, holds, notices, leaves, .. } = site;
    let origins = origins.join(" ");
    format!(
        "{name} ({id}, {environment}): {origins}; {retention}; {holds} holds; {notices} notices; {leaves} leaves"
    )
}
