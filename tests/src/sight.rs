//! Owns the finer observations: accessibility, looks, keyboard, and the browser's settings that a person makes.
//! Refuses to know what is pressed and decided; that is `visitor.rs`.

use serde_json::{Value, json};

use crate::deadline::eventually;
use crate::engine::Engine;
use crate::visitor::Visitor;
use crate::webdriver::{ESCAPE, TAB};

/// WCAG 2.2 A and AA, and what axe holds for good practice beyond it.
const RULES: &str = r#"["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]"#;

impl Visitor {
    /// Has axe look at the whole page as it is now, shadow roots included; it must find nothing. Where axe is not installed,
    /// nothing is looked at; `main` says so once.
    pub async fn inspects(&self, what: &str) {
        let Some(axe) = &self.axe else {
            return;
        };
        self.step(&format!("inspects {what}"));
        if self.asks("typeof window.axe").await != "object" {
            self.session.script(axe).await.expect("axe can be loaded");
        }
        let script = format!(
            "axe.run(document, {{ runOnly: {{ type: 'tag', values: {RULES} }}, resultTypes: ['violations'],
                rules: {{ 'target-size': {{ enabled: true }} }} }}).then(
                ({{ violations }}) => done(violations.map(({{ id, nodes }}) => ({{
                    rule: id, found: nodes.map(({{ html, failureSummary }}) => [html, failureSummary]) }}))),
                (error) => done(String(error)));"
        );
        let found = self.session.script_async(&script).await.expect("axe runs");
        assert!(found.as_array().is_some_and(Vec::is_empty), "{what}: {found:#}");
    }

    /// Moves the pointer off everything, so that nothing looks as under it.
    pub async fn points_away(&self) {
        self.session.point_away().await.expect("the pointer moves");
        self.waits_for("!probe.all('button').some((button) => button.matches(':hover'))").await;
    }

    /// Presses a key wherever the focus is.
    pub async fn presses_key(&self, name: &str, key: &str) {
        self.step(&format!("presses {name}"));
        self.session.press(key).await.expect("a key is pressed");
    }

    /// Presses the tab key.
    pub async fn tabs(&self) {
        self.session.press(TAB).await.expect("the tab key is pressed");
    }

    /// Presses the tab key while the shift key is down.
    pub async fn tabs_back(&self) {
        self.session.press_shifted(TAB).await.expect("the tab key is pressed");
    }

    /// What has the focus, by its words; a page's own element by `#id`.
    pub async fn focus(&self) -> String {
        self.asks("probe.name(probe.focused())").await.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until something of that name has the focus.
    pub async fn sees_focus_on(&self, name: &str) {
        self.waits_for(&format!("probe.name(probe.focused()) === {name:?}")).await;
    }

    /// Tells the browser of a wish of the visitor's system, as `prefers-color-scheme: dark`, or of the medium. Only Chromium
    /// can be told; says whether it was.
    pub async fn wishes(&self, medium: &str, features: &[(&str, &str)]) -> bool {
        if self.engine != Engine::Chromium {
            return false;
        }
        self.step(&format!("wishes {medium} {features:?}"));
        let features: Vec<Value> =
            features.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        let wish = json!({ "media": medium, "features": features });
        self.session.devtools("Emulation.setEmulatedMedia", &wish).await.expect("a wish can be told");
        true
    }

    /// Presses a button by what it does, whatever language it speaks.
    pub async fn press_to(&self, act: &str) {
        self.step(&format!("presses to {act}"));
        let button = self.element(&format!("probe.all('[data-act={act}]')[0] || null")).await;
        self.session.click(&button).await.expect("the button is clicked");
    }

    /// Presses Escape while only the banner is there.
    pub async fn escape_from_banner(&self) {
        self.presses_key("Escape", ESCAPE).await;
    }

    /// Moves the focus by the tab key until something of that name has it.
    pub async fn tabs_to(&self, name: &str) {
        self.step(&format!("tabs to {name}"));
        for _ in 0..40 {
            if self.focus().await == name {
                return;
            }
            self.tabs().await;
        }
        panic!("the tab key does not lead to {name}, but to {}", self.focus().await);
    }

    /// What another address of the page's host answers, as text.
    pub async fn fetches(&self, path: &str) -> String {
        let script = format!(
            "fetch({path:?}).then((answer) => answer.text()).then(done, (error) => done(String(error)));"
        );
        let text = self.session.script_async(&script).await.expect("the page can fetch");
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Clicks what a selector finds, as soon as it is there, in a browser that runs no scripts.
    pub async fn clicks_plainly(&self, selector: &str) {
        self.step(&format!("clicks {selector}"));
        let element = eventually(selector, || async { self.session.find(selector).await.ok() }).await;
        self.session.click(&element).await.expect("the element is clicked");
    }

    /// The words of what a selector finds, in a browser that runs no scripts; none if there is no such thing.
    pub async fn reads_plainly(&self, selector: &str) -> Option<String> {
        let element = self.session.find(selector).await.ok()?;
        self.session.words(&element).await.ok()
    }

    /// Whether what a selector finds is chosen, in a browser that runs no scripts.
    pub async fn is_chosen_plainly(&self, selector: &str) -> bool {
        let element = eventually(selector, || async { self.session.find(selector).await.ok() }).await;
        self.session.is_chosen(&element).await.expect("a button can be asked")
    }

    /// The address of the page.
    pub async fn address(&self) -> String {
        self.session.url().await.expect("a page has an address")
    }

    /// Goes on in the page's first frame.
    pub async fn enters_frame(&self) {
        self.session.enter_frame(0).await.expect("the page has a frame");
    }

    /// Waits until the page's address contains `part`.
    pub async fn arrives_at(&self, part: &str) {
        self.waits_for(&format!("location.href.includes({part:?}) && document.readyState === 'complete'"))
            .await;
    }
}
