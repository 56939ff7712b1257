//! Owns the helpers of the browser scenarios: engines, the web host under test, the server, and the visitor.
//! Refuses to hold any scenario; those are in `scenarios/`, one folder each.
//!
//! A scenario gets a [`stage::Stage`]: a server with a temporary folder and one site, a web host that serves the
//! scenario's page and forwards `/_assent/`, and a visitor in a fresh browser profile. Nothing is shared between scenarios
//! but the drivers' processes, and nothing sleeps: [`deadline::eventually`] waits for conditions.

#![expect(
    clippy::missing_panics_doc,
    reason = "a step that cannot be done ends its scenario; that is what every helper is for"
)]

pub mod deadline;
pub mod engine;
pub mod nginx;
pub mod notice;
pub mod operator;
pub mod page;
pub mod process;
pub mod settings;
pub mod sight;
pub mod site;
pub mod stage;
pub mod visitor;
pub mod webdriver;
