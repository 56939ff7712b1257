//! Owns the kinds of data that there are: what each is, where it is, until when, who may see it, and which articles it touches.
//! Refuses to repeat by hand what the code knows: lifetimes are its constants, roles are counted by their permissions.

use assent_shared::cookie::{COOKIE, ID_COOKIE, MAX_AGE_SECONDS};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Installation, SiteData, word};
use crate::access::{Permission, Role};

/// One kind of data.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = DataKindStored)]
pub struct Kind {
    /// Its name.
    pub name: String,
    /// What it consists of.
    pub what: String,
    /// Where it is.
    pub place: String,
    /// Until when it is there; where sites differ, one line for each.
    pub until: Vec<String>,
    /// Who may see it.
    pub seen_by: String,
    /// Articles and guidance that somebody may want to read; no advice.
    pub law: Vec<String>,
}

/// What is neither stored nor logged.
pub const NEVER: &[&str] = &[
    "IP addresses",
    "user agents, and anything made of them",
    "referrers and the paths of pages",
    "names, e-mail addresses or accounts of visitors",
    "one identifier for several sites: the same browser has another one on each",
    "passwords and keys in a form that could be used: only hashes",
];

const DAY_SECONDS: i64 = 86_400;

/// The roles with a permission, as a list for people.
fn roles(permission: Permission) -> String {
    let named = Role::ALL.iter().filter(|role| role.permissions().contains(&permission));
    let named: Vec<String> = named.map(word).collect();
    format!("operators with the role {}; keys with the scope {}", named.join(", "), word(permission))
}

fn days(count: i64) -> String {
    if count == 1 { "1 day".to_owned() } else { format!("{count} days") }
}

/// Every kind, from the visitor's browser to the server's log.
pub(super) fn all(installation: &Installation, sites: &[SiteData]) -> Vec<Kind> {
    let mut kinds = in_the_browser();
    kinds.extend(of_visitors(installation, sites));
    kinds.extend(of_operators(installation));
    kinds
}

/// A kind, from its plain words.
fn kind(
    name: &str,
    what: &str,
    place: impl Into<String>,
    until: Vec<String>,
    seen_by: impl Into<String>,
    law: &[&str],
) -> Kind {
    Kind {
        name: name.to_owned(),
        what: what.to_owned(),
        place: place.into(),
        until,
        seen_by: seen_by.into(),
        law: law.iter().map(|hint| (*hint).to_owned()).collect(),
    }
}

fn in_the_browser() -> Vec<Kind> {
    let year = days(i64::from(MAX_AGE_SECONDS) / DAY_SECONDS);
    let place = "the visitor's browser";
    vec![
        kind(
            &format!("Cookie {COOKIE}"),
            "The answer: which purposes are granted, the notice's number, the time.",
            place,
            vec![format!("{year} from the decision")],
            "the visitor; every page of the site",
            &["ePrivacy Directive art. 5(3): it keeps what the visitor chose, for nothing else"],
        ),
        kind(
            &format!("Cookie {ID_COOKIE}"),
            "A secret of 128 random bits, by which the visitor reaches their own records. No script can read it (HttpOnly).",
            place,
            vec![format!("{year} from the last decision, or until the visitor erases their records")],
            "the visitor",
            &[
                "ePrivacy Directive art. 5(3)",
                "GDPR art. 15, 17 and 20: access, erasure and a copy by the visitor alone",
            ],
        ),
        kind(
            "Local storage assent",
            "Answers that could not be sent yet (at most 20), a copy of the newest answer and of the secret, the last receipt with its proof.",
            place,
            vec!["Until sent, replaced, or deleted by the visitor".to_owned()],
            "the visitor; every page of the site",
            &["ePrivacy Directive art. 5(3)"],
        ),
    ]
}

fn of_visitors(installation: &Installation, sites: &[SiteData]) -> Vec<Kind> {
    let database = || format!("the database ({})", installation.engine);
    let until = sites.iter().map(|site| match site.retention_days {
        Some(count) => format!("{}: {} after the decision", site.name, days(count)),
        None => format!("{}: until the visitor or an operator erases them", site.name),
    });
    let until: Vec<String> = until.collect();
    let readers = roles(Permission::ReadReceipts);
    vec![
        kind(
            "Receipts",
            "A pseudonym of the visitor at this site, each purpose granted or denied, how and when, the notice and its language, the site's origin, the server's and the visitor's clock, Global Privacy Control.",
            database(),
            until,
            format!("the visitor; {readers}"),
            &[
                "GDPR art. 7(1): who relies on consent must be able to show it (EDPB Guidelines 05/2020, §§ 104 to 110)",
                "GDPR art. 4(5): a pseudonym is personal data",
                "GDPR art. 5(1)(e): not longer than needed",
                "GDPR art. 17(3)(e): exceptions from erasure for legal claims",
            ],
        ),
        kind(
            "What is left of erased receipts",
            "Their place, their time (only about, once all of its month is erased) and a commitment whose salt is gone; and a tombstone that says which places were erased, when and why.",
            database(),
            vec!["For ever".to_owned()],
            "places and commitments: anybody; the tombstone's words: whoever may export",
            &["GDPR art. 17", "GDPR art. 5(2): accountability"],
        ),
        kind(
            "Holds",
            "Whose receipts are kept or not shown, why, who said so and when.",
            database(),
            vec!["For ever; a hold that has ended is marked".to_owned()],
            roles(Permission::EraseReceipts),
            &["GDPR art. 18: restriction", "GDPR art. 17(3)(e): legal claims"],
        ),
        kind(
            "Notices",
            "What visitors are shown, in every version and language, with who published it when.",
            database(),
            vec!["For ever".to_owned()],
            "anybody, once published",
            &["GDPR art. 7(1) and 13: what was shown is part of the proof"],
        ),
        kind(
            "Ledgers and checkpoints",
            "Hashes that make changes visible; of receipts nothing but commitments.",
            match &installation.checkpoint_url {
                Some(url) => format!("{}; the file {}; {url}", database(), installation.checkpoint_file),
                None => format!("{}; the file {}", database(), installation.checkpoint_file),
            },
            vec!["For ever".to_owned()],
            "anybody",
            &[
                "GDPR art. 5(2) and 32(1)(b): integrity that can be shown",
                "EDPB Guidelines 02/2025: hashes of personal data",
            ],
        ),
        kind(
            "Statistics",
            "How often the banner was shown and how it was answered, by day, notice, language and kind of device; counts without any identifier.",
            database(),
            vec!["For ever".to_owned()],
            roles(Permission::ReadStatistics),
            &["GDPR recital 26: figures about nobody in particular"],
        ),
    ]
}

fn of_operators(installation: &Installation) -> Vec<Kind> {
    let database = || format!("the database ({})", installation.engine);
    let audit = match installation.audit_days {
        0 => "For ever (audit_days = 0)".to_owned(),
        count => format!("{} (audit_days); then a commitment without its salt", days(i64::from(count))),
    };
    vec![
        kind(
            "Operators",
            "E-mail address, name, roles, a hash of the password (argon2id), the secret of the one-time codes, the last login.",
            database(),
            vec!["Until they are removed from the database; one who is kept out is marked".to_owned()],
            roles(Permission::ManageOperators),
            &["GDPR art. 6(1)(f) and 32: colleagues and their access"],
        ),
        kind(
            "Sessions of operators",
            "A hash of the session, whose it is, a coarse name of the browser, when it began and was last used; and the session's cookie.",
            format!("{}; the operator's browser", database()),
            vec![
                format!(
                    "{} minutes without a request (session_idle_minutes)",
                    installation.session_idle_minutes
                ),
                format!("{} at the most (session_days)", days(i64::from(installation.session_days))),
            ],
            format!("the operator; {}", roles(Permission::ManageOperators)),
            &["GDPR art. 32"],
        ),
        kind(
            "Drafts of notices",
            "What is being written, by whom it was last changed, and when it is to be published.",
            database(),
            vec!["Until published or discarded".to_owned()],
            roles(Permission::ReadNotices),
            &[],
        ),
        kind(
            "Exports made in the background",
            "Receipts as a file, as somebody asked for them, and who asked.",
            format!("the folder {}", installation.export_folder),
            vec![format!("{} (export_days)", days(i64::from(installation.export_days)))],
            roles(Permission::ExportReceipts),
            &["GDPR art. 5(1)(e)", "GDPR art. 32"],
        ),
        kind(
            "API keys",
            "A hash of the key, what it is for, what it may, when it was made and last used.",
            database(),
            vec!["For ever; a key that has ended is marked".to_owned()],
            roles(Permission::ManageKeys),
            &["GDPR art. 32: security of processing"],
        ),
        kind(
            "Audit log",
            "Which operator, key or command did or saw what, when, on which site.",
            database(),
            vec![audit],
            roles(Permission::ReadAudit),
            &["GDPR art. 5(2) and 32", "employees' data may have rules of its own (GDPR art. 88)"],
        ),
        kind(
            "Log lines",
            "Method, route, status, duration and a request's id; no address, no page, no visitor.",
            format!("standard error, as {}", installation.log_format),
            vec!["As your own log system keeps them".to_owned()],
            "whoever runs the server",
            &[],
        ),
        kind(
            "Copies of the database",
            "Whatever the database had when they were made, also what was erased since.",
            "wherever you keep them; Assent makes none",
            vec!["As you renew them: say in your own notice how long that takes".to_owned()],
            "whoever runs the server",
            &["GDPR art. 17 and 32(1)(c)"],
        ),
    ]
}
