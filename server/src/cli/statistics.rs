//! Owns the command that prints a site's statistics.
//! Refuses to compute; the operation does.

use assent_shared::SiteId;
use clap::Args;

use super::{print, unknown_site};
use crate::access::Caller;
use crate::error::Error;
use crate::state::App;
use crate::statistics::api::Format;
use crate::statistics::{days, read};
use crate::store::By;

/// Print how often a site's notices were shown, and how they were answered
#[derive(Debug, Args)]
pub(super) struct StatisticsArguments {
    /// The site's id
    #[arg(long)]
    site: SiteId,
    /// From this day on [default: thirty days]
    #[arg(long, value_name = "DATE")]
    from: Option<String>,
    /// Before this day [default: until today]
    #[arg(long, value_name = "DATE")]
    to: Option<String>,
    /// What the rows are
    #[arg(long, value_enum, default_value_t = By::Day)]
    by: By,
    /// How it is written
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    format: Format,
}

impl StatisticsArguments {
    pub(super) async fn run(self, app: &App) -> Result<(), String> {
        let Self { site, from, to, by, format } = self;
        let failed = |error: Error| match error {
            Error::NotFound => unknown_site(&site),
            other => format!("{}.", other.cause().unwrap_or_else(|| other.to_string())),
        };
        let days = days(from.as_deref(), to.as_deref(), app.clock.now()).map_err(failed)?;
        let statistics = read(app, &Caller::command_line(), &site, days, by).await.map_err(failed)?;
        match format {
            Format::Csv => print(&statistics.csv()?),
            Format::Json => {
                let json = serde_json::to_string(&statistics).map_err(|error| error.to_string())?;
                print(&format!("{json}\n"));
            }
        }
        Ok(())
    }
}
