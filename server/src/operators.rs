//! Owns operators: inviting them, what they may, keeping them out, letting them back in; over HTTP, on pages and on the
//! command line by the same functions.
//! Refuses to leave an installation without an owner, and to let anybody see a password, a secret or a link twice.

mod account;
mod api;
pub mod known;
pub mod links;
pub mod login;
pub mod password;
pub mod sessions;
pub mod totp;

use assent_shared::SiteId;
use data_encoding::HEXLOWER;
use serde::Serialize;
use utoipa::ToSchema;

use self::links::Purpose;
use crate::access::{Caller, Grant, Permission, Role};
use crate::audit::{self, Action};
use crate::error::{Error, Result};
use crate::state::App;
use crate::store::{Change, Ending, OperatorRow, RoleOn};

pub use account::{change_name, change_password, change_totp, end_own_sessions};
pub(crate) use api::Listed;
pub use api::routes;

/// Bytes of the longest e-mail address (RFC 5321 §4.5.3.1.3).
const LONGEST_EMAIL: usize = 254;
/// Signs of the longest name.
const LONGEST_NAME: usize = 100;

/// Where an operator stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = OperatorState)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Has a link, and has not come in yet.
    Invited,
    /// Can sign in.
    Active,
    /// Is kept out.
    Disabled,
}

/// An operator, as others see them.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Operator {
    /// The operator's id.
    pub operator: String,
    /// Lower case.
    pub email: String,
    /// As colleagues know them; empty until they came in.
    pub name: String,
    /// What they may, and where.
    pub roles: Vec<RoleOn>,
    /// Where they stand.
    pub state: State,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// The last login, milliseconds since 1970.
    pub signed_in_at: Option<i64>,
    /// Since when they are kept out, milliseconds since 1970.
    pub disabled_at: Option<i64>,
}

impl Operator {
    fn new(row: OperatorRow, roles: Vec<RoleOn>) -> Self {
        let state = match row.disabled_at {
            Some(_) => State::Disabled,
            None if row.welcomed => State::Active,
            None => State::Invited,
        };
        let OperatorRow { operator, email, name, created_at, signed_in_at, disabled_at, .. } = row;
        Self { operator, email, name, roles, state, created_at, signed_in_at, disabled_at }
    }

    /// Whether they own the installation and can sign in.
    fn is_owner(&self) -> bool {
        self.state == State::Active && self.roles.iter().any(|held| held.role == Role::Owner)
    }
}

/// A session, as its operator and owners see it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SessionView {
    /// By which it is ended; not by which it is used.
    pub session: String,
    /// Such as `Firefox on Linux`.
    pub device: String,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// Milliseconds since 1970, give or take a minute.
    pub seen_at: i64,
}

/// The caller that an operator with these roles is.
#[must_use]
pub fn caller(row: &OperatorRow, roles: &[RoleOn]) -> Caller {
    let grants = roles
        .iter()
        .map(|RoleOn { role, site }| Grant { site: site.clone(), permissions: role.permissions().to_vec() });
    Caller::new(row.email.clone(), grants.collect())
}

/// Every operator, by e-mail address.
pub async fn list(app: &App, caller: &Caller) -> Result<Vec<Operator>> {
    caller.require_everywhere(Permission::ManageOperators)?;
    let mut roles = app.store.roles().await?;
    let rows = app.store.operators().await?;
    let whole = |row: OperatorRow| {
        let own = roles.extract_if(.., |(operator, _)| *operator == row.operator).map(|(_, role)| role);
        let own = own.collect();
        Operator::new(row, own)
    };
    Ok(rows.into_iter().map(whole).collect())
}

/// One operator, by id.
pub async fn get(app: &App, caller: &Caller, operator: &str) -> Result<Operator> {
    caller.require_everywhere(Permission::ManageOperators)?;
    let row = app.store.operator(operator).await?.ok_or(Error::NotFound)?;
    let roles = app.store.roles_of(operator).await?;
    Ok(Operator::new(row, roles))
}

/// One operator, by e-mail address.
pub async fn by_email(app: &App, caller: &Caller, email: &str) -> Result<Operator> {
    let row = app.store.operator_by_email(&email.trim().to_lowercase()).await?.ok_or(Error::NotFound)?;
    get(app, caller, &row.operator).await
}

/// Invites somebody; returns them, and the link that lets them in.
pub async fn invite(
    app: &App,
    caller: &Caller,
    email: &str,
    roles: Vec<RoleOn>,
) -> Result<(Operator, String)> {
    caller.require_everywhere(Permission::ManageOperators)?;
    let email = checked_email(email)?;
    let roles = checked_roles(app, roles).await?;
    if app.store.operator_by_email(&email).await?.is_some() {
        return Err(taken(&email));
    }
    audit::record(app, caller, Action::OperatorInvite, None, format!("{email}: {}", in_words(&roles)))
        .await?;
    let operator = new_id()?;
    if !app.store.add_operator(&operator, &email, &roles, app.clock.now()).await? {
        return Err(taken(&email));
    }
    let link = links::make(app, Purpose::Welcome, Some(&operator)).await?;
    Ok((get(app, caller, &operator).await?, link))
}

/// Replaces what an operator may.
pub async fn set_roles(app: &App, caller: &Caller, operator: &str, roles: Vec<RoleOn>) -> Result<Operator> {
    let before = get(app, caller, operator).await?;
    let roles = checked_roles(app, roles).await?;
    if before.is_owner() && !roles.iter().any(|held| held.role == Role::Owner) {
        keeps_an_owner(app, caller, operator).await?;
    }
    let about = format!("{}: {} → {}", before.email, in_words(&before.roles), in_words(&roles));
    audit::record(app, caller, Action::OperatorRoles, None, about).await?;
    made(app.store.set_roles(operator, &roles).await?)?;
    get(app, caller, operator).await
}

/// Keeps an operator out, at once and until they are let in again. Keys that they made go on working.
pub async fn disable(app: &App, caller: &Caller, operator: &str) -> Result<()> {
    let before = get(app, caller, operator).await?;
    if before.state == State::Disabled {
        return Ok(());
    }
    if before.is_owner() {
        keeps_an_owner(app, caller, operator).await?;
    }
    audit::record(app, caller, Action::OperatorDisable, None, before.email).await?;
    made(app.store.disable_operator(operator, app.clock.now()).await?)
}

/// Lets an operator in again who was kept out.
pub async fn enable(app: &App, caller: &Caller, operator: &str) -> Result<()> {
    let before = get(app, caller, operator).await?;
    audit::record(app, caller, Action::OperatorEnable, None, before.email).await?;
    app.store.enable_operator(operator).await?;
    Ok(())
}

/// A link by which an operator comes in with a new password and a new secret; the old ones work until it is used.
pub async fn reset(app: &App, caller: &Caller, operator: &str) -> Result<String> {
    let before = get(app, caller, operator).await?;
    let purpose = match before.state {
        State::Disabled => {
            return Err(Error::Conflict(format!("{} is kept out; let them in first", before.email)));
        }
        State::Invited => Purpose::Welcome,
        State::Active => Purpose::Reset,
    };
    audit::record(app, caller, Action::OperatorReset, None, before.email).await?;
    links::make(app, purpose, Some(operator)).await
}

/// An operator's sessions, the last used first.
pub async fn sessions(app: &App, caller: &Caller, operator: &str) -> Result<Vec<SessionView>> {
    get(app, caller, operator).await?;
    sessions_of(app, operator).await
}

/// Ends one of an operator's sessions, or all. Says how many there were.
pub async fn end_sessions(app: &App, caller: &Caller, operator: &str, which: Ending<'_>) -> Result<u64> {
    let before = get(app, caller, operator).await?;
    audit::record(app, caller, Action::SessionEnd, None, before.email).await?;
    Ok(app.store.end_sessions_of(operator, which).await?)
}

/// What [`fn@sessions`] shows, for whoever may see it anyhow.
pub(crate) async fn sessions_of(app: &App, operator: &str) -> Result<Vec<SessionView>> {
    let now = app.clock.now();
    let rows = app.store.sessions_of(operator, now, now - app.session_rules.idle).await?;
    let view = |row: crate::store::SessionRow| SessionView {
        session: row.hash,
        device: row.device,
        created_at: row.created_at,
        seen_at: row.seen_at,
    };
    Ok(rows.into_iter().map(view).collect())
}

/// An e-mail address as it is kept, if it looks like one.
pub fn checked_email(email: &str) -> Result<String> {
    let email = email.trim().to_lowercase();
    let whole = email.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty()
            && !host.is_empty()
            && !host.contains('@')
            && !host.starts_with('.')
            && !host.ends_with('.')
    });
    let odd = |sign: char| sign.is_whitespace() || sign.is_control() || "<>\",;:\\".contains(sign);
    if !whole || email.len() > LONGEST_EMAIL || email.contains(odd) {
        return Err(Error::invalid("email", "Write an e-mail address, such as ann@example.org."));
    }
    Ok(email)
}

/// A name as it is kept.
pub fn checked_name(name: &str) -> Result<String> {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.contains(char::is_control) {
        return Err(Error::invalid("name", "Write your name, in at most 100 characters."));
    }
    Ok(name)
}

/// Roles as they are kept: of sites that there are, each once.
async fn checked_roles(app: &App, roles: Vec<RoleOn>) -> Result<Vec<RoleOn>> {
    let mut kept: Vec<RoleOn> = Vec::with_capacity(roles.len());
    for held in roles {
        if let Some(site) = &held.site {
            if held.role == Role::Owner {
                return Err(Error::invalid(
                    "roles",
                    "An owner owns all sites. Choose admin for a single one.",
                ));
            }
            known_site(app, site).await?;
        }
        if !kept.contains(&held) {
            kept.push(held);
        }
    }
    if kept.is_empty() {
        return Err(Error::invalid("roles", "Choose at least one role. To keep somebody out, disable them."));
    }
    Ok(kept)
}

/// Fails where there is no such site.
pub(crate) async fn known_site(app: &App, site: &SiteId) -> Result<()> {
    match app.store.site(site).await? {
        Some(_) => Ok(()),
        None => Err(Error::invalid("site", format!("There is no site `{site}`."))),
    }
}

/// Fails where nobody but that operator owns the installation; asked before anything is written down.
async fn keeps_an_owner(app: &App, caller: &Caller, operator: &str) -> Result<()> {
    let others = list(app, caller).await?;
    if others.iter().any(|other| other.operator != operator && other.is_owner()) {
        return Ok(());
    }
    made(Change::LastOwner)
}

fn made(change: Change) -> Result<()> {
    match change {
        Change::Done => Ok(()),
        Change::Missing => Err(Error::NotFound),
        Change::LastOwner => Err(Error::Conflict(
            "this is the last owner who can sign in; make somebody else an owner first".to_owned(),
        )),
    }
}

fn taken(email: &str) -> Error {
    Error::invalid("email", format!("There is an operator {email} already."))
}

/// Roles as a sentence has them: `admin of shop, auditor of all sites`.
#[must_use]
pub fn in_words(roles: &[RoleOn]) -> String {
    let of = |RoleOn { role, site }: &RoleOn| {
        format!("{} of {}", role.as_str(), site.as_ref().map_or("all sites", SiteId::as_str))
    };
    roles.iter().map(of).collect::<Vec<_>>().join(", ")
}

/// A new operator's id.
pub(crate) fn new_id() -> Result<String> {
    let mut id = [0; 8];
    getrandom::fill(&mut id).map_err(|error| Error::Internal(format!("no random numbers: {error}")))?;
    Ok(HEXLOWER.encode(&id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_are_none_are_refused() {
        assert_eq!(checked_email(" Ann@Example.ORG ").unwrap(), "ann@example.org");
        for odd in [
            "",
            "ann",
            "@example.org",
            "ann@",
            "a nn@example.org",
            "ann@x@y",
            "<ann@example.org>",
            "ann@.org",
        ] {
            assert!(checked_email(odd).is_err(), "{odd}");
        }
        assert!(checked_email(&format!("{}@example.org", "a".repeat(250))).is_err());
    }

    #[test]
    fn names_are_kept_tidy() {
        assert_eq!(checked_name("  Ann \t Example ").unwrap(), "Ann Example");
        assert!(checked_name("   ").is_err());
        assert!(checked_name(&"x".repeat(101)).is_err());
    }
}
