//! Owns the three engines: what they need, how their drivers start, and the pool from which scenarios take them.
//! Refuses to know what happens in a session; that is `webdriver.rs` and `visitor.rs`.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Mutex, OnceLock, PoisonError};

use anyhow::{Context, anyhow};
use serde_json::{Value, json};

use crate::process::{Guarded, find, free_port};
use crate::settings::Settings;
use crate::webdriver::{Session, driver_is_ready};

/// A browser engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Blink: Chrome, Edge, Opera.
    Chromium,
    /// Gecko.
    Firefox,
    /// The engine of Safari, here in its GTK build.
    WebKit,
}

impl Engine {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Chromium, Self::Firefox, Self::WebKit];

    /// Where the engine's driver is, or what to install.
    fn driver(self, settings: &Settings) -> Result<PathBuf, String> {
        let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools/bin/geckodriver");
        let (driver, hint) = match self {
            Self::Chromium => {
                (find("chromedriver", &settings.path), "the packages chromium and chromium-driver")
            }
            Self::Firefox => (
                settings
                    .geckodriver
                    .clone()
                    .or_else(|| find("geckodriver", &settings.path))
                    .or(Some(built))
                    .filter(|file| file.is_file()),
                "the package firefox-esr, and geckodriver by `cargo install geckodriver`",
            ),
            Self::WebKit => (
                find("WebKitWebDriver", &settings.path)
                    .filter(|_| mini_browser().is_some() && find("Xvfb", &settings.path).is_some()),
                "the packages webkit2gtk-driver and xvfb",
            ),
        };
        driver.ok_or_else(|| format!("{self} cannot be tested here: install {hint}"))
    }

    fn capabilities(self, scripts: bool) -> Value {
        let own = match self {
            Self::Chromium => json!({
                "goog:chromeOptions": { "args": [
                    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
                    "--disable-component-update", "--disable-sync", "--no-first-run",
                    // Containers give /dev/shm 64 MB, which a tab can exhaust.
                    "--disable-dev-shm-usage", "--window-size=1200,800",
                ],
                // 1 allows and 2 blocks, as in the browser's own settings.
                "prefs": { "profile.managed_default_content_settings.javascript": if scripts { 1 } else { 2 } } },
            }),
            Self::Firefox => json!({
                "moz:firefoxOptions": {
                    "args": ["-headless", "--width=1200", "--height=800"],
                    // No start-up traffic, so that a machine without internet behaves like one with it.
                    "prefs": {
                        "app.normandy.enabled": false,
                        "app.update.disabledForTesting": true,
                        "browser.safebrowsing.update.enabled": false,
                        "javascript.enabled": scripts,
                        "datareporting.policy.dataSubmissionEnabled": false,
                        "network.captive-portal-service.enabled": false,
                        "network.connectivity-service.enabled": false,
                        "services.settings.server": "data:,",
                    },
                },
            }),
            Self::WebKit => json!({
                "webkitgtk:browserOptions": {
                    "binary": mini_browser(),
                    // Its driver's own commands work all the same, as they do in the other two.
                    "args": ["--automation", "--geometry=1200x800", format!("--enable-javascript={scripts}")],
                },
            }),
        };
        let mut all = json!({ "timeouts": { "script": 15_000, "pageLoad": 30_000 } });
        if let (Some(all), Value::Object(own)) = (all.as_object_mut(), own) {
            all.extend(own);
        }
        json!({ "capabilities": { "alwaysMatch": all } })
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
            Self::WebKit => "webkit",
        })
    }
}

impl FromStr for Engine {
    type Err = anyhow::Error;
    fn from_str(name: &str) -> anyhow::Result<Self> {
        Self::ALL
            .into_iter()
            .find(|engine| engine.to_string() == name)
            .ok_or_else(|| anyhow!("there is no engine `{name}`: write chromium, firefox or webkit"))
    }
}

/// One engine's drivers. A driver process outlives its session and serves the next one; there are as many as sessions
/// at the same time, because the drivers of Firefox and WebKit hold one session each.
#[derive(Debug)]
pub struct Pool {
    engine: Engine,
    driver: Result<PathBuf, String>,
    xvfb: Option<PathBuf>,
    display: OnceLock<(Guarded, String)>,
    idle: Mutex<Vec<Driver>>,
}

#[derive(Debug)]
struct Driver {
    process: Guarded,
    address: String,
}

/// A session, and the driver that it goes back to.
#[derive(Debug)]
pub struct Lease {
    /// The session.
    pub session: Session,
    driver: Driver,
}

impl Pool {
    /// Looks for the engine; starts nothing yet.
    #[must_use]
    pub fn new(engine: Engine, settings: &Settings) -> Self {
        Self {
            engine,
            driver: engine.driver(settings),
            xvfb: find("Xvfb", &settings.path),
            display: OnceLock::new(),
            idle: Mutex::default(),
        }
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// What to install, if the engine is not there.
    #[must_use]
    pub fn missing(&self) -> Option<&str> {
        self.driver.as_ref().err().map(String::as_str)
    }

    /// A new session with a profile of its own.
    pub async fn lease(&self) -> anyhow::Result<Lease> {
        self.lease_with(true).await
    }

    /// The same for a browser that runs no page's scripts, if `scripts` is false.
    pub async fn lease_with(&self, scripts: bool) -> anyhow::Result<Lease> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let driver = match idle {
            Some(driver) => driver,
            None => self.start_driver().await?,
        };
        let session =
            Session::start(&driver.address, &self.engine.capabilities(scripts)).await.with_context(|| {
                format!("{} starts no session; its driver says:\n{}", self.engine, driver.process.log())
            })?;
        Ok(Lease { session, driver })
    }

    /// Ends the session; its driver takes the next one. A driver that cannot end a session is thrown away, browser
    /// and all.
    pub async fn give_back(&self, lease: Lease) -> anyhow::Result<()> {
        lease.session.close().await?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(lease.driver);
        Ok(())
    }

    async fn start_driver(&self) -> anyhow::Result<Driver> {
        let program = self.driver.as_ref().map_err(|missing| anyhow!("{missing}"))?;
        let port = free_port()?;
        let mut arguments = vec![format!("--port={port}")];
        let mut environment = Vec::new();
        match self.engine {
            Engine::Chromium => {}
            // Its default is one fixed port, which a second driver could not have.
            Engine::Firefox => arguments.push("--websocket-port=0".to_owned()),
            Engine::WebKit => environment.push(("DISPLAY", self.display()?)),
        }
        let process = Guarded::start(program, &arguments, &environment)?;
        let address = format!("http://127.0.0.1:{port}");
        driver_is_ready(&address)
            .await
            .with_context(|| format!("{} says:\n{}", program.display(), process.log()))?;
        Ok(Driver { process, address })
    }

    /// The display that WebKit draws on, started when it is first asked for.
    fn display(&self) -> anyhow::Result<String> {
        if let Some((_, display)) = self.display.get() {
            return Ok(display.clone());
        }
        let xvfb = self.xvfb.as_deref().context("Xvfb is not installed")?;
        let arguments =
            ["-displayfd", "1", "-screen", "0", "1280x900x24", "-nolisten", "tcp"].map(str::to_owned);
        let (process, number) = Guarded::start_and_read_line(xvfb, &arguments)?;
        // Two first callers at once start two displays; the second one is dropped here and ends.
        let (_, display) = self.display.get_or_init(|| (process, format!(":{number}")));
        Ok(display.clone())
    }
}

/// WebKitGTK's own small browser; distributions keep it beside the library.
fn mini_browser() -> Option<PathBuf> {
    let architecture = format!("/usr/lib/{}-linux-gnu", std::env::consts::ARCH);
    ["/usr/libexec", "/usr/lib", &architecture]
        .iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flatten()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("webkit"))
        .map(|entry| entry.path().join("MiniBrowser"))
        .find(|file| file.is_file())
}
