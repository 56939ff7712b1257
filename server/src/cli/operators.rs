//! Owns the commands around operators: the way back in for whoever runs the server.
//! Refuses to ask for a password: it prints a link, and the operator chooses one in a browser.

use assent_shared::SiteId;
use clap::Subcommand;

use super::{explain, note, print};
use crate::access::{Caller, Role};
use crate::config::Settings;
use crate::error::Error;
use crate::operators::{self, Operator, State};
use crate::state::App;
use crate::store::{Ending, RoleOn};

#[derive(Debug, Subcommand)]
pub(super) enum OperatorCommand {
    /// Invite somebody and print the link that lets them in, once and for a day
    Add {
        /// Their e-mail address
        email: String,
        #[command(flatten)]
        roles: Roles,
    },
    /// List the operators and what they may
    List,
    /// Replace what an operator may
    Role {
        /// Their e-mail address
        email: String,
        #[command(flatten)]
        roles: Roles,
    },
    /// Print a link by which an operator comes in with a new password and new codes
    Reset {
        /// Their e-mail address
        email: String,
    },
    /// Keep an operator out, at once
    Disable {
        /// Their e-mail address
        email: String,
    },
    /// Let an operator in again
    Enable {
        /// Their e-mail address
        email: String,
    },
    /// List an operator's sessions
    Sessions {
        /// Their e-mail address
        email: String,
    },
    /// End an operator's sessions
    EndSessions {
        /// Their e-mail address
        email: String,
    },
}

/// Roles as they are typed: each of all sites, or all of the sites that are named.
#[derive(Debug, clap::Args)]
pub(super) struct Roles {
    /// What they are; once for each role
    #[arg(long = "role", required = true, value_enum)]
    roles: Vec<Role>,
    /// Let it be so on this site only; once for each site
    #[arg(long = "site")]
    sites: Vec<SiteId>,
}

impl Roles {
    fn all(&self) -> Vec<RoleOn> {
        let on = |site: Option<&SiteId>| {
            self.roles.iter().map(move |role| RoleOn { role: *role, site: site.cloned() }).collect::<Vec<_>>()
        };
        match self.sites.as_slice() {
            [] => on(None),
            sites => sites.iter().flat_map(|site| on(Some(site))).collect(),
        }
    }
}

pub(super) async fn run(command: OperatorCommand, settings: &Settings) -> Result<(), String> {
    let app = super::app(settings).await?;
    let done = execute(command, &app).await;
    app.store.close().await;
    done
}

async fn execute(command: OperatorCommand, app: &App) -> Result<(), String> {
    let caller = Caller::command_line();
    match command {
        OperatorCommand::Add { email, roles } => {
            let (operator, link) =
                operators::invite(app, &caller, &email, roles.all()).await.map_err(explain)?;
            print(&format!("{link}\n"));
            note(&format!("Send this link to {}. It works once, and for a day.", operator.email));
        }
        OperatorCommand::List => {
            for operator in operators::list(app, &caller).await.map_err(explain)? {
                let state = match operator.state {
                    State::Invited => "invited",
                    State::Active => "active",
                    State::Disabled => "disabled",
                };
                let roles = operators::in_words(&operator.roles);
                print(&format!("{}\t{state}\t{roles}\t{}\n", operator.email, operator.name));
            }
        }
        OperatorCommand::Role { email, roles } => {
            let known = find(app, &caller, &email).await?;
            let changed = operators::set_roles(app, &caller, &known.operator, roles.all()).await;
            let changed = changed.map_err(explain)?;
            print(&format!("{} is {} now.\n", changed.email, operators::in_words(&changed.roles)));
        }
        OperatorCommand::Reset { email } => {
            let known = find(app, &caller, &email).await?;
            let link = operators::reset(app, &caller, &known.operator).await.map_err(explain)?;
            print(&format!("{link}\n"));
            note("It works once, and for a day. The old password works until it is used.");
        }
        OperatorCommand::Disable { email } => {
            let known = find(app, &caller, &email).await?;
            operators::disable(app, &caller, &known.operator).await.map_err(explain)?;
            print(&format!("{} is kept out now, and their sessions have ended.\n", known.email));
        }
        OperatorCommand::Enable { email } => {
            let known = find(app, &caller, &email).await?;
            operators::enable(app, &caller, &known.operator).await.map_err(explain)?;
            print(&format!("{} can sign in again.\n", known.email));
        }
        OperatorCommand::Sessions { email } => {
            let known = find(app, &caller, &email).await?;
            for session in operators::sessions(app, &caller, &known.operator).await.map_err(explain)? {
                let seen = crate::admin::time(session.seen_at);
                print(&format!("{}\tlast used {seen}\n", session.device));
            }
        }
        OperatorCommand::EndSessions { email } => {
            let known = find(app, &caller, &email).await?;
            let ended = operators::end_sessions(app, &caller, &known.operator, Ending::All).await;
            print(&format!("Sessions ended: {}.\n", ended.map_err(explain)?));
        }
    }
    Ok(())
}

async fn find(app: &App, caller: &Caller, email: &str) -> Result<Operator, String> {
    operators::by_email(app, caller, email).await.map_err(|error| match error {
        Error::NotFound => format!("There is no operator `{email}`. `assent operator list` shows them."),
        other => explain(other),
    })
}
