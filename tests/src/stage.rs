//! Owns a scenario's run: setting its stage, playing it, and holding the invariants that every scenario shares.
//! Refuses to know what any scenario is about.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use assent_shared::Decision;

use crate::engine::Pool;
use crate::nginx::Nginx;
use crate::page::{Host, Seen};
use crate::process::free_port;
use crate::settings::Settings;
use crate::site::Site;
use crate::visitor::Visitor;

/// Longer than any scenario takes; one that hangs ends here, and its browser with it.
const LONGEST: Duration = Duration::from_mins(2);

const NO_NGINX: &str = "the first-party mode cannot be tested here: install the package nginx";

/// The id of the site that most scenarios are about.
pub const SHOP: &str = "shop";
/// The id of the demo's site.
pub const DEMO: &str = assent::demo::SITE;
/// The id of the site whose subdomains share the visitor's choices.
pub const FAMILY: &str = "family";
/// The shop's tag.
pub const TAG: &str = "/_assent/shop.js";
/// Where the shop's decisions are posted.
pub const DECISIONS: &str = "/_assent/shop/decisions";

/// What a scenario plays on. Clones share it.
#[derive(Debug, Clone)]
pub struct Stage {
    /// The web host of the page.
    pub host: Arc<Host>,
    /// The server and its site.
    pub site: Arc<Site>,
    /// The person in front of the browser.
    pub visitor: Arc<Visitor>,
}

/// A scenario: its folder's name, and what happens.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// The folder's name.
    pub name: &'static str,
    /// What happens; it panics when it should not have.
    pub play: fn(Stage) -> Pin<Box<dyn Future<Output = ()> + Send>>,
    /// Whether the browser runs the page's scripts.
    pub scripts: bool,
    /// Whether nginx stands in front of the web host.
    pub nginx: bool,
}

impl Stage {
    /// The decisions that the shop's page posted so far, in the order of their arrival at the host.
    #[must_use]
    pub fn posted(&self) -> Vec<(Decision, Seen)> {
        self.posted_to(SHOP)
    }

    /// Opens an example as the demo does; its pages are at [`Stage::example`].
    pub async fn open_example(&self, name: &str) {
        self.site.open_example(name, |site| self.host.origin_of(&format!("{site}.localhost"))).await;
    }

    /// The address of an example's page, in the environment that is this site. Its tag has `version` in its address, because
    /// browsers may keep the tag for five minutes.
    #[must_use]
    pub fn example(&self, name: &str, site: &str, version: u32) -> String {
        self.host.set_tag(&format!("/_assent/{site}.js?{version}"));
        format!("{}/examples/{name}/page.html", self.host.origin_of(&format!("{site}.localhost")))
    }

    /// The decisions that a site's pages posted so far, in the order of their arrival at the host.
    #[must_use]
    pub fn posted_to(&self, site: &str) -> Vec<(Decision, Seen)> {
        let posts = self.host.seen(&format!("/_assent/{site}/decisions")).into_iter();
        posts
            .filter(|request| request.method == "POST")
            .map(|request| (serde_json::from_str(&request.body).expect("the page posts decisions"), request))
            .collect()
    }

    /// The server goes down: connections to it break.
    pub async fn server_goes_down(&self) {
        self.host.set_upstream(None);
        self.site.go_down().await;
    }

    /// The server comes back with what it had stored.
    pub async fn server_comes_back(&self) {
        self.site.come_up().await.expect("the server comes back");
        self.host.set_upstream(self.site.address().await.ok());
    }

    /// Every decision that was acknowledged is stored once, with its choices; nothing else is stored; no script failed.
    async fn check(&self) -> anyhow::Result<()> {
        let examples = self.site.opened();
        for site in [SHOP, DEMO, FAMILY].into_iter().chain(examples.iter().map(String::as_str)) {
            let mut acknowledged = BTreeMap::new();
            let mut sent = BTreeMap::new();
            for (decision, request) in self.posted_to(site) {
                if matches!(request.status, Some(200 | 201)) {
                    acknowledged.insert(decision.id.clone(), decision.clone());
                }
                sent.insert(decision.id.clone(), decision);
            }
            let forms = self.host.seen(&format!("/_assent/{site}/choices")).into_iter();
            let mut by_form = forms.filter(|form| form.method == "POST" && form.status == Some(303)).count();
            for receipt in self.site.receipts_at(site).await {
                let Some(decision) = sent.remove(&receipt.decision) else {
                    if by_form > 0 {
                        by_form -= 1;
                        continue;
                    }
                    bail!("stored twice, or never posted: {receipt:#?}");
                };
                ensure!(
                    (&receipt.choices, receipt.method) == (&decision.choices, decision.method),
                    "posted {decision:#?}, stored {receipt:#?}"
                );
                acknowledged.remove(&decision.id);
            }
            // What visitors erased is gone; the scenario says what should be left.
            let erased = self.host.seen(&format!("/_assent/{site}/me/erase"));
            let by_form = |request: &Seen| request.status == Some(303);
            let erased = self.site.has_aged()
                || erased.iter().any(|request| request.status == Some(200) || by_form(request));
            ensure!(erased || acknowledged.is_empty(), "acknowledged, but not stored: {acknowledged:#?}");
        }
        let errors = self.host.errors();
        ensure!(errors.is_empty(), "the page's scripts failed:\n{}", errors.join("\n"));
        Ok(())
    }
}

impl Scenario {
    /// What to install, if this scenario cannot be played here in any engine.
    #[must_use]
    pub fn missing(&self, settings: &Settings) -> Option<&'static str> {
        (self.nginx && settings.nginx.is_none()).then_some(NO_NGINX)
    }

    /// Plays the scenario in one engine, on a stage of its own.
    pub async fn run(self, pool: &Pool, settings: &Settings) -> anyhow::Result<()> {
        let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
        // A scenario without a page of its own plays on the common one; the demo's page stands at the top.
        let host =
            Host::start(vec![scenarios.join(self.name), scenarios.clone(), scenarios.join("../..")]).await?;
        let front = if self.nginx { Some(SocketAddr::from(([127, 0, 0, 1], free_port()?))) } else { None };
        let mut origins = vec![host.origin(), host.localhost_origin()];
        origins.extend(front.map(|front| format!("http://{front}")));
        let site = Site::start(origins).await?;
        let server = site.address().await?;
        host.set_upstream(Some(server));
        host.set_tag(TAG);
        if let Some(front) = front {
            let program = settings.nginx.as_deref().context(NO_NGINX)?;
            host.stand_behind(Nginx::start(program, front, &host.origin(), server).await?);
        }
        let home = host.nginx().map_or_else(|| host.origin(), Nginx::origin);

        let lease = pool.lease_with(self.scripts).await?;
        let visitor = Visitor::new(lease.session.clone(), pool.engine(), home, settings, self.name);
        let stage = Stage { host: Arc::new(host), site: Arc::new(site), visitor: Arc::new(visitor) };

        let played = tokio::time::timeout(LONGEST, tokio::spawn((self.play)(stage.clone()))).await;
        let outcome = match played {
            Err(_) => Err(anyhow::anyhow!("it took longer than {} s", LONGEST.as_secs())),
            Ok(Err(panic)) => Err(anyhow::anyhow!("{}", words(panic))),
            Ok(Ok(())) => stage.check().await,
        };
        if outcome.is_err() {
            stage.visitor.screenshot("failed").await;
        }
        let outcome = outcome.map_err(|error| error.context(stage.report()));
        // The browser leaves first: a server waits for the connections that are open.
        let closed = pool.give_back(lease).await;
        stage.site.go_down().await;
        outcome.and(closed)
    }
}

impl Stage {
    /// What happened, for the report of a failure.
    fn report(&self) -> String {
        let requests: Vec<String> = self
            .host
            .seen("/")
            .iter()
            .map(|seen| {
                let status = seen.status.map_or("–".to_owned(), |status| status.to_string());
                format!("  {status} {} {} {}", seen.method, seen.path, seen.body)
            })
            .collect();
        format!(
            "the visitor {}\nrequests:\n{}\nscript errors: {:?}",
            self.visitor.steps(),
            requests.join("\n"),
            self.host.errors()
        )
    }
}

/// A panic's message; the place was printed by the panic hook.
fn words(error: tokio::task::JoinError) -> String {
    match error.try_into_panic() {
        Err(cancelled) => cancelled.to_string(),
        Ok(panic) => match panic.downcast::<String>() {
            Ok(text) => *text,
            Err(panic) => {
                panic.downcast::<&str>().map_or_else(|_| "a panic".to_owned(), |text| (*text).to_owned())
            }
        },
    }
}
