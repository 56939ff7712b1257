//! Owns the SQL of operators and their roles.
//! Refuses to leave an installation without an owner who can sign in, where it had one.

use std::fmt;

use assent_shared::SiteId;
use serde::{Deserialize, Serialize};

use super::{Store, on_engine};
use crate::access::Role;

/// A person who runs the installation, without what proves who they are.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct OperatorRow {
    /// The operator's id.
    pub operator: String,
    /// Lower case.
    pub email: String,
    /// As colleagues know them; empty until they came in.
    pub name: String,
    /// Whether they have come in by their first link.
    pub welcomed: bool,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// The last login, milliseconds since 1970.
    pub signed_in_at: Option<i64>,
    /// Since when they are kept out, milliseconds since 1970.
    pub disabled_at: Option<i64>,
}

/// What proves who an operator is.
#[derive(Clone, sqlx::FromRow)]
pub struct Credentials {
    /// The password's hash in PHC form.
    pub password: String,
    /// The secret of the one-time codes, base32.
    pub totp: String,
    /// The newest step of which a code was taken.
    pub totp_step: i64,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}

/// A role, on one site or on all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleOn {
    /// The role.
    pub role: Role,
    /// The only site; none for all, those to come included.
    #[serde(default)]
    pub site: Option<SiteId>,
}

/// What became of a change to an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It was made.
    Done,
    /// There is no such operator, or they are so already.
    Missing,
    /// Nobody could own the installation then; nothing was changed.
    LastOwner,
}

/// Rows of owners are taken before they are counted, so that two owners cannot remove each other at the same moment.
const TAKE_OWNERS: &str = "update operators set created_at = created_at where operator in
    (select operator from operator_roles where role = 'owner' and site is null)";
const COUNT_OWNERS: &str = "select count(*) from operators where disabled_at is null and password is not null
    and operator in (select operator from operator_roles where role = 'owner' and site is null)";

/// Makes a change within a transaction, unless it takes the last owner away.
macro_rules! keeping_an_owner {
    ($pool:expr, |$transaction:ident| $body:block) => {{
        let mut $transaction = $pool.begin().await?;
        sqlx::query(TAKE_OWNERS).execute(&mut *$transaction).await?;
        let before: i64 = sqlx::query_scalar(COUNT_OWNERS).fetch_one(&mut *$transaction).await?;
        let done: bool = $body;
        let after: i64 = sqlx::query_scalar(COUNT_OWNERS).fetch_one(&mut *$transaction).await?;
        if !done {
            return Ok(Change::Missing);
        }
        if before > 0 && after == 0 {
            return Ok(Change::LastOwner);
        }
        $transaction.commit().await?;
        Ok(Change::Done)
    }};
}

impl Store {
    /// Adds an operator who has not come in yet; `false` if the e-mail address is taken.
    pub async fn add_operator(
        &self,
        operator: &str,
        email: &str,
        roles: &[RoleOn],
        now: i64,
    ) -> sqlx::Result<bool> {
        on_engine!(self, |pool| {
            let mut transaction = pool.begin().await?;
            let added = sqlx::query(
                "insert into operators (operator, email, name, created_at) values ($1, $2, '', $3)
                 on conflict (email) do nothing",
            )
            .bind(operator)
            .bind(email)
            .bind(now)
            .execute(&mut *transaction)
            .await?
            .rows_affected();
            if added == 0 {
                return Ok(false);
            }
            for RoleOn { role, site } in roles {
                sqlx::query("insert into operator_roles (operator, site, role) values ($1, $2, $3)")
                    .bind(operator)
                    .bind(site.as_ref().map(SiteId::as_str))
                    .bind(role.as_str())
                    .execute(&mut *transaction)
                    .await?;
            }
            transaction.commit().await?;
            Ok(true)
        })
    }

    /// Every operator, by e-mail address.
    pub async fn operators(&self) -> sqlx::Result<Vec<OperatorRow>> {
        on_engine!(self, |pool| {
            sqlx::query_as(
                "select operator, email, name, password is not null as welcomed, created_at, signed_in_at, disabled_at
                 from operators order by email",
            )
            .fetch_all(pool)
            .await
        })
    }

    /// One operator, by id.
    pub async fn operator(&self, operator: &str) -> sqlx::Result<Option<OperatorRow>> {
        on_engine!(self, |pool| {
            sqlx::query_as(
                "select operator, email, name, password is not null as welcomed, created_at, signed_in_at, disabled_at
                 from operators where operator = $1",
            )
            .bind(operator)
            .fetch_optional(pool)
            .await
        })
    }

    /// One operator, by e-mail address.
    pub async fn operator_by_email(&self, email: &str) -> sqlx::Result<Option<OperatorRow>> {
        on_engine!(self, |pool| {
            sqlx::query_as(
                "select operator, email, name, password is not null as welcomed, created_at, signed_in_at, disabled_at
                 from operators where email = $1",
            )
            .bind(email)
            .fetch_optional(pool)
            .await
        })
    }

    /// What proves who an operator is, once they have come in and while they are not kept out.
    pub async fn credentials(&self, operator: &str) -> sqlx::Result<Option<Credentials>> {
        on_engine!(self, |pool| {
            sqlx::query_as(
                "select password, totp, totp_step from operators
                 where operator = $1 and disabled_at is null and password is not null and totp is not null",
            )
            .bind(operator)
            .fetch_optional(pool)
            .await
        })
    }

    /// Who has which role, in the order of roles.
    pub async fn roles(&self) -> sqlx::Result<Vec<(String, RoleOn)>> {
        let rows: Vec<(String, String, Option<String>)> = on_engine!(self, |pool| {
            sqlx::query_as("select operator, role, site from operator_roles").fetch_all(pool).await?
        });
        let read = |(operator, role, site): (String, String, Option<String>)| {
            Ok((operator, role_on(&role, site.as_deref())?))
        };
        let mut roles = rows.into_iter().map(read).collect::<sqlx::Result<Vec<_>>>()?;
        roles.sort_by(|(_, one), (_, other)| order(one).cmp(&order(other)));
        Ok(roles)
    }

    /// An operator's roles.
    pub async fn roles_of(&self, operator: &str) -> sqlx::Result<Vec<RoleOn>> {
        let rows: Vec<(String, Option<String>)> = on_engine!(self, |pool| {
            sqlx::query_as("select role, site from operator_roles where operator = $1")
                .bind(operator)
                .fetch_all(pool)
                .await?
        });
        let read = |(role, site): (String, Option<String>)| role_on(&role, site.as_deref());
        let mut roles = rows.into_iter().map(read).collect::<sqlx::Result<Vec<_>>>()?;
        roles.sort_by(|one, other| order(one).cmp(&order(other)));
        Ok(roles)
    }

    /// Replaces an operator's roles.
    pub async fn set_roles(&self, operator: &str, roles: &[RoleOn]) -> sqlx::Result<Change> {
        on_engine!(self, |pool| {
            keeping_an_owner!(pool, |transaction| {
                let known = sqlx::query("update operators set created_at = created_at where operator = $1")
                    .bind(operator)
                    .execute(&mut *transaction)
                    .await?
                    .rows_affected();
                sqlx::query("delete from operator_roles where operator = $1")
                    .bind(operator)
                    .execute(&mut *transaction)
                    .await?;
                for RoleOn { role, site } in roles {
                    sqlx::query("insert into operator_roles (operator, site, role) values ($1, $2, $3)")
                        .bind(operator)
                        .bind(site.as_ref().map(SiteId::as_str))
                        .bind(role.as_str())
                        .execute(&mut *transaction)
                        .await?;
                }
                known == 1
            })
        })
    }

    /// Keeps an operator out: their sessions end, their links stop working.
    pub async fn disable_operator(&self, operator: &str, now: i64) -> sqlx::Result<Change> {
        on_engine!(self, |pool| {
            keeping_an_owner!(pool, |transaction| {
                let disabled = sqlx::query(
                    "update operators set disabled_at = $2 where operator = $1 and disabled_at is null",
                )
                .bind(operator)
                .bind(now)
                .execute(&mut *transaction)
                .await?
                .rows_affected();
                for ending in [
                    "delete from operator_sessions where operator = $1",
                    "delete from operator_links where operator = $1 and used_at is null",
                ] {
                    sqlx::query(ending).bind(operator).execute(&mut *transaction).await?;
                }
                disabled == 1
            })
        })
    }

    /// Lets an operator in again; `false` if nobody of that id is kept out.
    pub async fn enable_operator(&self, operator: &str) -> sqlx::Result<bool> {
        on_engine!(self, |pool| {
            sqlx::query(
                "update operators set disabled_at = null where operator = $1 and disabled_at is not null",
            )
            .bind(operator)
            .execute(pool)
            .await
            .map(|done| done.rows_affected() == 1)
        })
    }

    /// Changes how colleagues know an operator.
    pub async fn rename_operator(&self, operator: &str, name: &str) -> sqlx::Result<()> {
        on_engine!(self, |pool| {
            sqlx::query("update operators set name = $2 where operator = $1")
                .bind(operator)
                .bind(name)
                .execute(pool)
                .await?;
        });
        Ok(())
    }

    /// Replaces the hash of an operator's password.
    pub async fn set_password(&self, operator: &str, hash: &str) -> sqlx::Result<()> {
        on_engine!(self, |pool| {
            sqlx::query("update operators set password = $2 where operator = $1")
                .bind(operator)
                .bind(hash)
                .execute(pool)
                .await?;
        });
        Ok(())
    }

    /// Replaces the secret of an operator's one-time codes, of which `step` was the first taken.
    pub async fn set_totp(&self, operator: &str, secret: &str, step: i64) -> sqlx::Result<()> {
        on_engine!(self, |pool| {
            sqlx::query("update operators set totp = $2, totp_step = $3 where operator = $1")
                .bind(operator)
                .bind(secret)
                .bind(step)
                .execute(pool)
                .await?;
        });
        Ok(())
    }

    /// Takes the code of a step, once; `false` if that step or a later one was taken before.
    pub async fn take_step(&self, operator: &str, step: i64) -> sqlx::Result<bool> {
        on_engine!(self, |pool| {
            sqlx::query("update operators set totp_step = $2 where operator = $1 and totp_step < $2")
                .bind(operator)
                .bind(step)
                .execute(pool)
                .await
                .map(|done| done.rows_affected() == 1)
        })
    }

    /// Notes a login.
    pub async fn note_login(&self, operator: &str, now: i64) -> sqlx::Result<()> {
        on_engine!(self, |pool| {
            sqlx::query("update operators set signed_in_at = $2 where operator = $1")
                .bind(operator)
                .bind(now)
                .execute(pool)
                .await?;
        });
        Ok(())
    }
}

fn order(RoleOn { role, site }: &RoleOn) -> (Role, Option<&str>) {
    (*role, site.as_ref().map(SiteId::as_str))
}

fn role_on(role: &str, site: Option<&str>) -> sqlx::Result<RoleOn> {
    let role = Role::ALL
        .into_iter()
        .find(|one| one.as_str() == role)
        .ok_or_else(|| sqlx::Error::Decode(format!("unknown role `{role}`").into()))?;
    let site =
        site.map(str::parse).transpose().map_err(|error| sqlx::Error::Decode(format!("{error}").into()))?;
    Ok(RoleOn { role, site })
}
