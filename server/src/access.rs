//! Owns who may do what: roles, the permissions that a role or a key's scopes stand for, and the caller who has them.
//! Refuses to know how a caller proved who they are; `extract.rs` finds that out.

use assent_shared::SiteId;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// What an operator is on a site, or on all of them.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    clap::ValueEnum,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Role {
    /// May everything, and alone decides who else may what.
    Owner,
    /// Runs a site: everything but operators.
    Admin,
    /// Writes and publishes notices.
    Editor,
    /// Reads and exports receipts, and nothing else.
    Auditor,
    /// Reads statistics, and nothing else.
    Viewer,
}

/// One kind of thing that a caller may do.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    clap::ValueEnum,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the meaning")]
pub enum Permission {
    ReadStatistics,
    ReadNotices,
    EditNotices,
    PublishNotices,
    ReadReceipts,
    ExportReceipts,
    EraseReceipts,
    ManageSites,
    ManageKeys,
    ReadAudit,
    ManageOperators,
}

use Permission::{
    EditNotices, EraseReceipts, ExportReceipts, ManageKeys, ManageOperators, ManageSites, PublishNotices,
    ReadAudit, ReadNotices, ReadReceipts, ReadStatistics,
};

impl Permission {
    /// Every one of them.
    pub const ALL: [Self; 11] = [
        ReadStatistics,
        ReadNotices,
        EditNotices,
        PublishNotices,
        ReadReceipts,
        ExportReceipts,
        EraseReceipts,
        ManageSites,
        ManageKeys,
        ReadAudit,
        ManageOperators,
    ];

    /// The name used in the API, in keys' scopes and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            ReadStatistics => "read_statistics",
            ReadNotices => "read_notices",
            EditNotices => "edit_notices",
            PublishNotices => "publish_notices",
            ReadReceipts => "read_receipts",
            ExportReceipts => "export_receipts",
            EraseReceipts => "erase_receipts",
            ManageSites => "manage_sites",
            ManageKeys => "manage_keys",
            ReadAudit => "read_audit",
            ManageOperators => "manage_operators",
        }
    }
}

impl Role {
    /// Every one of them, the mightiest first.
    pub const ALL: [Self; 5] = [Self::Owner, Self::Admin, Self::Editor, Self::Auditor, Self::Viewer];

    /// The name used in SQL, in the API and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Editor => "editor",
            Self::Auditor => "auditor",
            Self::Viewer => "viewer",
        }
    }

    /// What the role stands for.
    #[must_use]
    pub fn permissions(self) -> &'static [Permission] {
        match self {
            Self::Owner => &Permission::ALL,
            // Operators come last, and are the owner's alone.
            Self::Admin => Permission::ALL.split_last().map_or(&[], |(_, rest)| rest),
            Self::Editor => &[ReadStatistics, ReadNotices, EditNotices, PublishNotices],
            Self::Auditor => &[ReadReceipts, ExportReceipts],
            Self::Viewer => &[ReadStatistics],
        }
    }
}

/// Permissions on one site, or on all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The only site; none for all, those to come included.
    pub site: Option<SiteId>,
    /// What may be done there.
    pub permissions: Vec<Permission>,
}

/// Whoever asks for something: a person with a session, a program with a key, or the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// As the audit log names them: an e-mail address, a key's id and label, or `command line`.
    pub name: String,
    grants: Vec<Grant>,
}

impl Caller {
    /// A caller with these grants.
    #[must_use]
    pub fn new(name: String, grants: Vec<Grant>) -> Self {
        Self { name, grants }
    }

    /// Whoever runs the program can read and write its database: they may everything.
    #[must_use]
    pub fn command_line() -> Self {
        let everything = Grant { site: None, permissions: Permission::ALL.to_vec() };
        Self::new("command line".to_owned(), vec![everything])
    }

    /// Whether they may do that on the site.
    #[must_use]
    pub fn may(&self, permission: Permission, site: &SiteId) -> bool {
        self.over(site).any(|grant| grant.permissions.contains(&permission))
    }

    /// Whether they may do that on every site, and where no site is concerned.
    #[must_use]
    pub fn may_everywhere(&self, permission: Permission) -> bool {
        self.grants.iter().any(|grant| grant.site.is_none() && grant.permissions.contains(&permission))
    }

    /// Whether they may do that on some site.
    #[must_use]
    pub fn may_somewhere(&self, permission: Permission) -> bool {
        self.grants.iter().any(|grant| grant.permissions.contains(&permission))
    }

    /// Whether the site exists for them.
    #[must_use]
    pub fn may_see(&self, site: &SiteId) -> bool {
        self.over(site).any(|grant| !grant.permissions.is_empty())
    }

    /// Lets them do that on the site, or fails. A site on which they may nothing does not exist for them.
    pub fn require(&self, permission: Permission, site: &SiteId) -> Result<()> {
        match self.may(permission, site) {
            true => Ok(()),
            false if self.may_see(site) => Err(Error::Forbidden(permission)),
            false => Err(Error::NotFound),
        }
    }

    /// Lets them do what concerns no single site, or fails.
    pub fn require_everywhere(&self, permission: Permission) -> Result<()> {
        if self.may_everywhere(permission) { Ok(()) } else { Err(Error::Forbidden(permission)) }
    }

    fn over(&self, site: &SiteId) -> impl Iterator<Item = &Grant> {
        self.grants.iter().filter(move |grant| grant.site.as_ref().is_none_or(|own| own == site))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(role: Role, site: Option<&str>) -> Caller {
        let site = site.map(|site| site.parse().unwrap());
        Caller::new("ann".to_owned(), vec![Grant { site, permissions: role.permissions().to_vec() }])
    }

    #[test]
    fn roles_are_what_their_names_promise() {
        let admin = Role::Admin.permissions();
        assert_eq!(
            Permission::ALL.iter().filter(|one| !admin.contains(one)).collect::<Vec<_>>(),
            [&ManageOperators]
        );
        for role in [Role::Editor, Role::Viewer] {
            assert!(
                !role
                    .permissions()
                    .iter()
                    .any(|one| [ReadReceipts, ExportReceipts, EraseReceipts].contains(one))
            );
        }
        assert_eq!(Role::Auditor.permissions(), [ReadReceipts, ExportReceipts]);
    }

    #[test]
    fn names_are_those_that_programs_write() {
        for permission in Permission::ALL {
            assert_eq!(serde_json::to_value(permission).unwrap(), permission.as_str());
        }
        for role in Role::ALL {
            assert_eq!(serde_json::to_value(role).unwrap(), role.as_str());
        }
    }

    #[test]
    fn another_site_does_not_exist() {
        let (shop, blog) = ("shop".parse().unwrap(), "blog".parse().unwrap());
        let auditor = caller(Role::Auditor, Some("shop"));
        assert!(auditor.require(ReadReceipts, &shop).is_ok());
        assert!(matches!(auditor.require(EditNotices, &shop), Err(Error::Forbidden(EditNotices))));
        assert!(matches!(auditor.require(ReadReceipts, &blog), Err(Error::NotFound)));
        assert!(matches!(auditor.require_everywhere(ReadReceipts), Err(Error::Forbidden(_))));
        assert!(caller(Role::Auditor, None).require(ReadReceipts, &blog).is_ok());
    }
}
