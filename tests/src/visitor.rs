//! Owns the visitor: what a person does with the page and what they see, in their words.
//! Refuses to look at the server; that is `site.rs`.

mod memory;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

pub use memory::Cookie;

use crate::deadline::eventually;
use crate::engine::Engine;
use crate::settings::Settings;
use crate::webdriver::{ESCAPE, Element, Session};

const PROBE: &str = include_str!("probe.js");

/// The banner's first answer, by its name in the built-in English.
pub const ACCEPT: &str = "Accept all";
/// The other one.
pub const REJECT: &str = "Reject all";
/// The banner's way to the preferences.
pub const MANAGE: &str = "Manage";
/// The preferences' answer.
pub const SAVE: &str = "Save choices";
/// The preferences' way out.
pub const CLOSE: &str = "Close without choosing";
/// The floating button.
pub const REOPEN: &str = "Privacy choices";

/// A person with a browser and a fresh profile. A page or a driver that does not do as told ends the scenario, so the
/// methods return what was asked and no errors.
#[derive(Debug)]
pub struct Visitor {
    pub(crate) session: Session,
    pub(crate) engine: Engine,
    pub(crate) axe: Option<Arc<str>>,
    origin: String,
    /// Where screenshots go, and the start of their names.
    screenshots: Option<(PathBuf, String)>,
    steps: Mutex<Vec<String>>,
}

impl Visitor {
    /// The person behind `session`, whose home is `origin`.
    #[must_use]
    pub fn new(
        session: Session,
        engine: Engine,
        origin: String,
        settings: &Settings,
        scenario: &str,
    ) -> Self {
        let prefix = format!("{scenario}-{engine}");
        let screenshots = settings.screenshots.clone().map(|folder| (folder, prefix));
        Self { session, engine, axe: settings.axe.clone(), origin, screenshots, steps: Mutex::default() }
    }

    /// The engine of the browser, for what only one of them can be told.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Opens a page and waits until it has loaded.
    pub async fn open(&self, path: &str) {
        let url = if path.starts_with('/') { format!("{}{path}", self.origin) } else { path.to_owned() };
        self.step(&format!("opens {url}"));
        self.session.go_to(&url).await.expect("the page opens");
    }

    /// Opens a page and waits until the loader has done its part.
    pub async fn visit(&self, path: &str) {
        self.open(path).await;
        self.hears("ready").await;
    }

    /// Loads the page again and waits until the loader has done its part.
    pub async fn reload(&self) {
        self.step("reloads");
        self.session.reload().await.expect("the page reloads");
        self.hears("ready").await;
    }

    /// Goes back to the page before.
    pub async fn goes_back(&self) {
        self.step("goes back");
        self.session.back().await.expect("there is a page before");
    }

    /// Opens another tab and turns to it; what is returned leads back.
    pub async fn opens_tab(&self) -> String {
        self.step("opens another tab");
        let before = self.session.tab().await.expect("there is a tab");
        let tab = self.session.new_tab().await.expect("a tab opens");
        self.session.turn_to(&tab).await.expect("the new tab is there");
        before
    }

    /// Turns to another tab.
    pub async fn turns_to(&self, tab: &str) {
        self.step("turns to the other tab");
        self.session.turn_to(tab).await.expect("the tab is there");
    }

    /// The tab that the visitor looks at.
    pub async fn tab(&self) -> String {
        self.session.tab().await.expect("there is a tab")
    }

    /// Waits for the DOM event `assent:NAME`; one that came before counts.
    pub async fn hears(&self, event: &str) {
        self.waits_for(&format!("heard.includes({event:?})")).await;
    }

    /// Waits until the banner is on the screen.
    pub async fn sees_banner(&self) {
        self.waits_for("probe.banner()").await;
    }

    /// Waits until neither banner nor preferences are on the screen.
    pub async fn sees_page_only(&self) {
        self.waits_for("!probe.banner() && !probe.dialog()").await;
    }

    /// Waits until the preferences are open.
    pub async fn sees_preferences(&self) {
        self.waits_for("probe.dialog() !== null").await;
    }

    /// Whether the banner is on the screen now.
    pub async fn banner_is_shown(&self) -> bool {
        self.asks("probe.banner()").await == Value::Bool(true)
    }

    /// Accept all, on the banner or in the preferences; either goes away.
    pub async fn accept_all(&self) {
        self.press(ACCEPT).await;
        self.sees_page_only().await;
    }

    /// Reject all, on the banner or in the preferences; either goes away.
    pub async fn reject_all(&self) {
        self.press(REJECT).await;
        self.sees_page_only().await;
    }

    /// Waits until the widget has taken over what the server rendered: it takes out the renderer's marks. A machine that is
    /// busy may need more than the four seconds after which Manage leads to the form.
    pub async fn sees_widget(&self) {
        self.waits_for("probe.roots().length && !probe.roots()[0].innerHTML.includes('<!--<')").await;
    }

    /// Opens the preferences from the banner.
    pub async fn manage(&self) {
        self.sees_widget().await;
        self.press(MANAGE).await;
        self.sees_preferences().await;
    }

    /// Opens the preferences by the small floating button.
    pub async fn reopen(&self) {
        self.press(REOPEN).await;
        self.sees_preferences().await;
    }

    /// Saves the preferences' selection.
    pub async fn save(&self) {
        self.press(SAVE).await;
        self.sees_page_only().await;
    }

    /// Closes the preferences by their button.
    pub async fn close(&self) {
        self.press(CLOSE).await;
        self.waits_for("!probe.dialog()").await;
    }

    /// Closes the preferences by the escape key.
    pub async fn escape(&self) {
        self.step("presses Escape");
        self.session.press(ESCAPE).await.expect("Escape is pressed");
        self.waits_for("!probe.dialog()").await;
    }

    /// Puts a purpose's switch on or off, clicking only if it is not there yet.
    pub async fn set(&self, purpose: &str, on: bool) {
        if self.is_on(purpose).await != on {
            self.step(&format!("switches {purpose}"));
            let switch = self.element(&format!("probe.switch({purpose:?})")).await;
            self.session.click(&switch).await.expect("the switch is clicked");
        }
        self.waits_for(&format!("probe.switch({purpose:?}).checked === {on}")).await;
    }

    /// Whether a purpose's switch is on.
    pub async fn is_on(&self, purpose: &str) -> bool {
        self.waits_for(&format!("probe.switch({purpose:?}) !== null")).await;
        self.asks(&format!("probe.switch({purpose:?}).checked")).await == Value::Bool(true)
    }

    /// Clicks the button of that name as soon as it is there.
    pub async fn press(&self, name: &str) {
        self.step(&format!("presses {name}"));
        let button = self.element(&format!("probe.button({name:?})")).await;
        self.session.click(&button).await.expect("the button is clicked");
    }

    /// Clicks an element of the page itself.
    pub async fn click(&self, selector: &str) {
        self.step(&format!("clicks {selector}"));
        let element = self.element(&format!("document.querySelector({selector:?})")).await;
        self.session.click(&element).await.expect("the element is clicked");
    }

    /// Clicks the element that `expression` gives, as soon as it gives one.
    pub async fn press_this(&self, expression: &str) {
        self.step(&format!("clicks {expression}"));
        let element = self.element(expression).await;
        self.session.click(&element).await.expect("the element is clicked");
    }

    /// The element that `expression` gives, as soon as it gives one.
    pub async fn element(&self, expression: &str) -> Element {
        let script = format!("{PROBE} return {expression};");
        eventually(expression, || async {
            self.session.element(&script).await.expect("the page can be asked")
        })
        .await
    }

    /// The role and the name that assistive technology is told about an element.
    pub async fn hears_as(&self, expression: &str) -> (String, String) {
        let element = self.element(expression).await;
        (
            self.session.role(&element).await.expect("an element has a role"),
            self.session.label(&element).await.expect("an element has a name"),
        )
    }

    /// What an expression gives in the page.
    pub async fn asks(&self, expression: &str) -> Value {
        let script = format!("{PROBE} return {expression};");
        self.session.script(&script).await.expect("the page can be asked")
    }

    /// Waits until an expression is true in the page.
    pub async fn waits_for(&self, expression: &str) {
        let script = format!("{PROBE} return Boolean({expression});");
        eventually(expression, || async {
            // A page that is just being left cannot be asked; the next one can.
            let answer = self.session.script(&script).await;
            answer.is_ok_and(|answer| answer == Value::Bool(true)).then_some(())
        })
        .await;
    }

    /// The names that the page's held scripts noted as they ran.
    pub async fn ran(&self) -> Vec<String> {
        serde_json::from_value(self.asks("ran").await).expect("`ran` is a list of names")
    }

    /// Waits until the held scripts that ran are exactly these, in this order.
    pub async fn sees_ran(&self, names: &[&str]) {
        let names = serde_json::to_string(names).expect("names are text");
        self.waits_for(&format!("JSON.stringify(ran) === {names:?}")).await;
    }

    /// Whether the page loaded anything whose address contains `part`; the browser's cache counts.
    pub async fn loaded(&self, part: &str) -> bool {
        let script = format!(
            "performance.getEntriesByType('resource').some((entry) => entry.name.includes({part:?}))"
        );
        self.asks(&script).await == Value::Bool(true)
    }

    /// Waits until whatever the page had begun is done: everything it scheduled ran, and a frame was painted.
    pub async fn lets_the_page_settle(&self) {
        let script =
            "fetch('/_test/settle').then(() => requestAnimationFrame(() => setTimeout(() => done(null))));";
        self.session.script_async(script).await.expect("the page settles");
    }

    /// Saves what is on the screen, if screenshots are wanted.
    pub async fn screenshot(&self, name: &str) {
        let Some((folder, prefix)) = &self.screenshots else {
            return;
        };
        let image = self.session.screenshot().await.expect("a screenshot is taken");
        std::fs::create_dir_all(folder).expect("the screenshots' folder can be made");
        std::fs::write(folder.join(format!("{prefix}-{name}.png")), image)
            .expect("a screenshot can be written");
    }

    /// What was done so far, for the report of a failure.
    #[must_use]
    pub fn steps(&self) -> String {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner).join(", ")
    }

    pub(crate) fn step(&self, what: &str) {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner).push(what.to_owned());
    }
}
