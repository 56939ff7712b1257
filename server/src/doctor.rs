//! Owns `assent doctor`: what is looked at, and how a finding is told.
//! Refuses to write anything, and to end at the first fault: whoever asks wants all of them.

mod database;
mod ledgers;
mod machine;
mod settings;
mod sites;

use std::fmt;

use serde::Serialize;

use crate::clock::Clock;
use crate::config::Settings;
use crate::sealer::Sealer;
use crate::store::Store;

/// How a thing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As it should be.
    Ok,
    /// It works; somebody should look at it.
    Look,
    /// It does not work, or will not for long.
    Wrong,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is: `clock`, `disk`, `ledger shop`.
    pub about: String,
    /// How it stands.
    pub state: State,
    /// What was found, in a sentence.
    pub says: String,
    /// What to do about it.
    pub todo: Option<String>,
}

impl Finding {
    fn ok(about: impl Into<String>, says: impl Into<String>) -> Self {
        Self { about: about.into(), state: State::Ok, says: says.into(), todo: None }
    }

    fn look(about: impl Into<String>, says: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { about: about.into(), state: State::Look, says: says.into(), todo: Some(todo.into()) }
    }

    /// Something that does not work.
    pub fn wrong(about: impl Into<String>, says: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { about: about.into(), state: State::Wrong, says: says.into(), todo: Some(todo.into()) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Ok => "ok",
            State::Look => "look",
            State::Wrong => "WRONG",
        };
        write!(f, "{state:5}  {}: {}", self.about, self.says)?;
        if let Some(todo) = &self.todo {
            write!(f, "\n       {todo}")?;
        }
        Ok(())
    }
}

/// Looks at everything that the settings lead to, whether or not the server runs.
pub async fn examine(settings: &Settings, clock: &Clock) -> Vec<Finding> {
    let mut found = settings::check(settings);
    found.extend(machine::check(settings));
    // With a sealer of its own: what is found here stops nothing.
    let sealer = Sealer::new(settings.signing_keys());
    let store = match Store::attach(&settings.database_url, sealer).await {
        Ok(store) => store,
        Err(error) => {
            found.push(database::unreachable(settings, &error));
            return found;
        }
    };
    let (about, readable) = database::check(&store, settings).await;
    found.extend(about);
    // What is of another schema has other tables.
    if readable {
        let checks = async {
            found.extend(machine::check_clock(&store, clock.now()).await?);
            found.extend(ledgers::check(&store, settings, clock.now()).await?);
            found.extend(sites::check(&store, settings).await?);
            Ok::<(), sqlx::Error>(())
        };
        if let Err(error) = checks.await {
            found.push(Finding::wrong(
                "database",
                format!("It cannot be read any further: {error}."),
                "See what the database itself logs; restore a copy if it is damaged.",
            ));
        }
    }
    store.close().await;
    found
}
