//! Owns `assent health`: asking the server on this machine whether it is well, for a supervisor without curl.
//! Refuses to open the database: the running server alone says how it is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use crate::config::Settings;

/// Longer than the server itself gives the database.
const PATIENCE: Duration = Duration::from_secs(4);

/// Ask the server on this machine whether it is ready to record; the status is 0 if so
#[derive(Debug, clap::Args)]
pub(super) struct HealthArguments {
    /// Ask only whether the process lives, not the database
    #[arg(long)]
    live: bool,
}

impl HealthArguments {
    pub(super) async fn run(self, settings: &Settings) -> Result<String, String> {
        let address = SocketAddr::new(reachable(settings.host), settings.port);
        let path = if self.live { "healthz" } else { "readyz" };
        let url = format!("http://{address}/{path}");
        let asked = tokio::task::spawn_blocking(move || {
            // A proxy in the environment is for elsewhere.
            let config = ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).proxy(None);
            let agent = ureq::Agent::from(config.http_status_as_error(false).build());
            let mut answer = agent.get(&url).call()?;
            Ok::<_, ureq::Error>((answer.status().is_success(), answer.body_mut().read_to_string()?))
        });
        match asked.await {
            Ok(Ok((true, said))) => Ok(said),
            Ok(Ok((false, said))) => {
                Err(format!("The server at {address} lives, but is {}", said.trim_end()))
            }
            Ok(Err(error)) => Err(format!("No server answers at {address}: {error}.")),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// Where a server that listens at `host` is found on its own machine.
fn reachable(host: IpAddr) -> IpAddr {
    match host {
        IpAddr::V4(host) if host.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(host) if host.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        host => host,
    }
}
