//! Owns one first visit in Chromium: the line's and the processor's slowness, loading, clicking, and what the page noted.
//! Refuses to average; each visit is one row.

use anyhow::{Context, Result, ensure};
use assent_tests::webdriver::{ESCAPE, Session};
use serde_json::{Value, json};

const PROBE: &str = include_str!("probe.js");
/// How much slower than this machine the visitor's processor is.
pub(super) const SLOWDOWN: u32 = 4;
/// Shorter delays than this are not reported by browsers (Event Timing §3.3).
const SHORTEST: f64 = 16.0;

/// A line to the internet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    pub(super) round_trip: u32,
    pub(super) megabits: f64,
}

/// What one load showed; times in milliseconds from the start of the navigation.
#[derive(Debug, Clone)]
pub(super) struct Load {
    /// The page's own heading was on the screen.
    pub(super) painted: f64,
    /// The banner's script had arrived; none without one.
    pub(super) arrived: Option<f64>,
    /// The banner was on the screen.
    pub(super) banner: Option<f64>,
    /// The parts of tasks beyond 50 ms, until 3 s after the load event.
    pub(super) blocking: f64,
    /// The cumulative layout shift.
    pub(super) shift: f64,
    /// What moved, as the names of elements.
    pub(super) moved: String,
}

/// A click that was carried out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Click {
    /// Until its effect was on the screen.
    pub(super) delay: f64,
    /// When it happened, counted from the arrival of the wasm.
    pub(super) after_wasm: f64,
}

/// A browser with an empty profile.
#[derive(Debug)]
pub(super) struct Browser {
    session: Session,
    origin: String,
}

impl Browser {
    /// Loads a page without any banner first: what a browser does once, such as looking for fonts, is done then.
    pub(super) async fn prepare(session: Session, origin: String) -> Result<Self> {
        session.go_to(&format!("{origin}/none?warm")).await?;
        session.devtools("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": PROBE })).await?;
        session.devtools("Network.enable", &json!({})).await?;
        Ok(Self { session, origin })
    }

    pub(super) async fn use_line(&self, line: Line) -> Result<()> {
        let bytes = line.megabits * 1e6 / 8.0;
        let conditions = json!({
            "offline": false, "latency": line.round_trip, "downloadThroughput": bytes, "uploadThroughput": bytes,
        });
        self.session.devtools("Network.emulateNetworkConditions", &conditions).await?;
        self.session.devtools("Emulation.setCPUThrottlingRate", &json!({ "rate": SLOWDOWN })).await.map(drop)
    }

    /// Opens a page as somebody who was never here.
    pub(super) async fn open(&self, path: &str) -> Result<()> {
        self.session.delete_cookies().await?;
        self.session.script("localStorage.clear()").await?;
        self.session.devtools("Network.clearBrowserCache", &json!({})).await?;
        self.session.go_to(&format!("{}{path}", self.origin)).await
    }

    /// What the page noted until three seconds after it had loaded.
    pub(super) async fn load(&self) -> Result<Load> {
        let noted = self
            .session
            .script_async(
                "const [page] = performance.getEntriesByType('navigation');
                 const end = page.loadEventEnd + 3000;
                 setTimeout(() => {
                   const script = performance.getEntriesByType('resource').find(({ name }) => /\\/(_assent|peers)\\/[^/]*js$/.test(name));
                   const tasks = seen.tasks.filter(({ startTime }) => startTime < end);
                   const blocking = tasks.reduce((sum, { duration }) => sum + Math.max(0, duration - 50), 0);
                   done({ ...seen, blocking, arrived: script?.responseEnd });
                 }, end - performance.now());",
            )
            .await?;
        let number = |name: &str| noted[name].as_f64();
        Ok(Load {
            painted: number("painted").context("the page was not painted")?,
            arrived: number("arrived"),
            banner: number("banner"),
            blocking: number("blocking").context("no tasks")?,
            shift: number("shift").context("no shifts")?,
            moved: noted["moved"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect::<Vec<_>>()
                .join(" "),
        })
    }

    /// Waits until the banner is on the screen.
    pub(super) async fn sees_banner(&self) -> Result<()> {
        let wait = "const wait = () => (seen.banner ? done(true) : setTimeout(wait, 10)); wait();";
        self.session.script_async(wait).await.map(drop)
    }

    /// Where a button of the banner is.
    pub(super) async fn place(&self, act: &str) -> Result<(f64, f64)> {
        let script = format!(
            "const {{ x, y, width, height }} = seen.button({act:?}).getBoundingClientRect();
             return [x + width / 2, y + height / 2];"
        );
        let place = self.session.script(&script).await?;
        Ok((place[0].as_f64().context("x")?, place[1].as_f64().context("y")?))
    }

    /// Clicks there, as a hand does it, and waits for the next picture.
    pub(super) async fn click(&self, (x, y): (f64, f64)) -> Result<Click> {
        self.session.script("seen.events.length = 0").await?;
        self.press(x, y).await?;
        self.clicked().await
    }

    /// The button goes down and up again.
    pub(super) async fn press(&self, x: f64, y: f64) -> Result<()> {
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({ "type": kind, "x": x, "y": y, "button": "left", "clickCount": 1 });
            self.session.devtools("Input.dispatchMouseEvent", &event).await?;
        }
        Ok(())
    }

    /// How long the last click took. One that was too fast to be reported took the shortest time that is.
    pub(super) async fn clicked(&self) -> Result<Click> {
        let noted = self
            .session
            .script_async(
                "setTimeout(() => {
                   const events = seen.events.filter(({ name }) => /^(pointer(down|up)|click)$/.test(name));
                   const wasm = performance.getEntriesByType('resource').find(({ name }) => name.endsWith('.wasm'));
                   done([Math.max(0, ...events.map(({ duration }) => duration)), (events[0]?.startTime ?? NaN) - wasm?.responseEnd]);
                 }, 700);",
            )
            .await?;
        let delay = noted[0].as_f64().context("no delay")?.max(SHORTEST);
        Ok(Click { delay, after_wasm: noted[1].as_f64().unwrap_or(f64::NAN) })
    }

    pub(super) async fn escape(&self) -> Result<()> {
        self.session.press(ESCAPE).await
    }

    /// Whether the click did what it should.
    pub(super) async fn must_be(&self, what: &str, condition: &str) -> Result<()> {
        let wait = format!(
            "let left = 500; const wait = () => (({condition}) ? done(true) : left-- ? setTimeout(wait, 10) : done(false)); wait();"
        );
        let holds = self.session.script_async(&wait).await?;
        ensure!(holds == Value::Bool(true), "after a click: {what}");
        Ok(())
    }
}
