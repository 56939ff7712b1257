//! Owns what a visitor who has answered before waits for: the time until a script that they granted runs, over the same page with
//! that script in plain, with an empty cache and with a full one; what is transferred, and how long scripts run.
//! Refuses to slow the line: here the work itself is what counts.

use anyhow::{Context, Result, ensure};
use assent_tests::webdriver::Session;
use serde_json::{Value, json};

use super::variant::Variant;
use super::visit::SLOWDOWN;
use crate::{median, report, say};

const ROUNDS: usize = 15;
/// Of what vanilla-cookieconsent adds.
const ADDED_GOAL: f64 = 0.5;
const SCRIPT_GOAL: f64 = 2.0;
const VARIANTS: [Variant; 4] = [Variant::None, Variant::Assent, Variant::Vanilla, Variant::Minimal];

/// What every variant's rounds gave, in milliseconds.
#[derive(Debug, Default)]
struct Figures {
    /// When the granted script ran, with an empty cache.
    cold: [Vec<f64>; VARIANTS.len()],
    /// The same with a full one.
    warm: [Vec<f64>; VARIANTS.len()],
    /// How long scripts ran in all on a slow processor, with a full cache.
    scripts: [Vec<f64>; VARIANTS.len()],
    /// What Assent's files transferred with a full cache, in bytes.
    bytes: f64,
    /// Whether any of its WebAssembly was asked for.
    wasm: bool,
}

/// Measures in one browser that keeps its cookies.
pub(super) async fn run(session: &Session, origin: &str) -> Result<()> {
    say(&format!("\nA returning visit in Chromium: no slowed line, {ROUNDS} rounds, medians"));
    session.devtools("Network.enable", &json!({})).await?;
    session.devtools("Performance.enable", &json!({})).await?;
    answer(session, origin).await?;
    let mut figures = Figures::default();
    for round in 0..ROUNDS {
        for turn in 0..VARIANTS.len() {
            let index = (round + turn) % VARIANTS.len();
            let address = format!("{origin}{}", VARIANTS[index].again());
            session.devtools("Network.clearBrowserCache", &json!({})).await?;
            session.go_to(&address).await?;
            figures.cold[index].push(ran(session).await?);
            session.go_to(&address).await?;
            figures.warm[index].push(ran(session).await?);
            if VARIANTS[index] == Variant::Assent {
                figures.look(session).await?;
            }
        }
    }
    session.devtools("Emulation.setCPUThrottlingRate", &json!({ "rate": SLOWDOWN })).await?;
    for round in 0..ROUNDS {
        for turn in 0..VARIANTS.len() {
            let index = (round + turn) % VARIANTS.len();
            session.go_to(&format!("{origin}{}", VARIANTS[index].again())).await?;
            ran(session).await?;
            figures.scripts[index].push(scripts(session).await?);
        }
    }
    session.devtools("Emulation.setCPUThrottlingRate", &json!({ "rate": 1 })).await?;
    figures.print();
    Ok(())
}

/// Everything is accepted, in each variant's own way.
async fn answer(session: &Session, origin: &str) -> Result<()> {
    session.go_to(&format!("{origin}{}", Variant::Vanilla.path())).await?;
    session.script("CookieConsent.acceptCategory('all')").await?;
    // cookies-eu-banner's own cookie, and ours.
    session.script("document.cookie = 'hasConsent=true; Path=/'").await?;
    let ours = "document.cookie = `assent=1~1~${Math.floor(Date.now() / 1000).toString(36)}~analytics.video; Path=/`";
    session.script(ours).await?;
    Ok(())
}

/// When the granted script ran, once the page has been at rest for a while.
async fn ran(session: &Session) -> Result<f64> {
    let ran = session.script_async("setTimeout(() => done(window.ranAt), 400)").await?;
    ran.as_f64().context("the granted script did not run")
}

/// How long the page's scripts ran until now, in milliseconds.
async fn scripts(session: &Session) -> Result<f64> {
    let metrics = session.devtools("Performance.getMetrics", &json!({})).await?;
    let all = metrics["metrics"].as_array().context("metrics")?;
    let script = all.iter().find(|metric| metric["name"] == "ScriptDuration").context("no ScriptDuration")?;
    Ok(script["value"].as_f64().context("a number")? * 1e3)
}

impl Figures {
    async fn look(&mut self, session: &Session) -> Result<()> {
        let ours = "const ours = performance.getEntriesByType('resource').filter(({ name }) => name.includes('/_assent/'));
             return [ours.length, ours.reduce((sum, { transferSize }) => sum + transferSize, 0), ours.some(({ name }) => name.endsWith('.wasm'))];";
        let found = session.script(ours).await?;
        ensure!(found[0] != 0, "the tag was not even asked for");
        self.bytes = self.bytes.max(found[1].as_f64().context("bytes")?);
        self.wasm |= found[2] == Value::Bool(true);
        Ok(())
    }

    fn print(&self) {
        say(&format!(
            "  {:<28} {:>22} {:>22} {:>22}",
            "", "granted runs, cold", "granted runs, warm", "scripts, 4x slower"
        ));
        for (index, variant) in VARIANTS.iter().enumerate() {
            let figure = |all: &[Vec<f64>; VARIANTS.len()]| {
                format!("{:.1} ms ({:+.1})", median(all[index].clone()), added(all, index))
            };
            say(&format!(
                "  {:<28} {:>22} {:>22} {:>22}",
                variant.name(),
                figure(&self.cold),
                figure(&self.warm),
                figure(&self.scripts)
            ));
        }
        let [ours, vanilla] = [Variant::Assent, Variant::Vanilla].map(place);
        for (cache, all) in [("cold", &self.cold), ("warm", &self.warm)] {
            let ratio = added(all, ours) / added(all, vanilla);
            report(
                &format!(
                    "added until the granted script runs, {cache}, over what vanilla-cookieconsent adds"
                ),
                &format!("{ratio:.2}x"),
                &format!("<= {ADDED_GOAL}x"),
                ratio <= ADDED_GOAL,
            );
        }
        let script = added(&self.scripts, ours);
        report(
            "script time added, processor slowed",
            &format!("{script:.1} ms"),
            &format!("< {SCRIPT_GOAL} ms"),
            script < SCRIPT_GOAL,
        );
        report("transferred with a full cache", &format!("{} bytes", self.bytes), "0", self.bytes == 0.0);
        report("WebAssembly asked for", &self.wasm.to_string(), "false", !self.wasm);
    }
}

fn place(variant: Variant) -> usize {
    VARIANTS.iter().position(|one| *one == variant).unwrap_or_default()
}

/// What a variant adds to the page without a banner.
fn added(all: &[Vec<f64>; VARIANTS.len()], index: usize) -> f64 {
    median(all[index].clone()) - median(all[place(Variant::None)].clone())
}
