//! Owns the wire: the few WebDriver commands that the scenarios use, as JSON over HTTP (W3C WebDriver 2).
//! Refuses to know Assent; that is `visitor.rs`.

use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, bail};
use data_encoding::BASE64_MIME_PERMISSIVE;
use reqwest::Method;
use serde_json::{Value, json};

use crate::deadline::in_time;

/// WebDriver's name for "this JSON is a reference to an element" (§12.1).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// The escape key (§17.4.2).
pub const ESCAPE: &str = "\u{e00c}";
/// The tab key.
pub const TAB: &str = "\u{e004}";

/// The enter key.
pub const ENTER: &str = "\u{e007}";
/// The space bar.
pub const SPACE: &str = " ";
/// The shift key.
const SHIFT: &str = "\u{e008}";

/// A browser window under control.
#[derive(Debug, Clone)]
pub struct Session {
    address: String,
}

/// A reference to an element of the page.
#[derive(Debug, Clone)]
pub struct Element(String);

impl Session {
    /// Asks the driver at `driver` for a session with `capabilities`.
    pub async fn start(driver: &str, capabilities: &Value) -> anyhow::Result<Self> {
        let answer = send(Method::POST, format!("{driver}/session"), Some(capabilities)).await?;
        let id = answer["sessionId"].as_str().context("a session has an id")?;
        Ok(Self { address: format!("{driver}/session/{id}") })
    }

    /// Ends the session and its browser.
    pub async fn close(&self) -> anyhow::Result<()> {
        send(Method::DELETE, self.address.clone(), None).await.map(drop)
    }

    /// Opens an address and waits until it has loaded.
    pub async fn go_to(&self, url: &str) -> anyhow::Result<()> {
        self.post("url", &json!({ "url": url })).await.map(drop)
    }

    /// Loads the page again.
    pub async fn reload(&self) -> anyhow::Result<()> {
        self.post("refresh", &json!({})).await.map(drop)
    }

    /// Goes back in the tab's history.
    pub async fn back(&self) -> anyhow::Result<()> {
        self.post("back", &json!({})).await.map(drop)
    }

    /// Opens another tab, in which nothing is; this one stays the one that is spoken to.
    pub async fn new_tab(&self) -> anyhow::Result<String> {
        let tab = self.post("window/new", &json!({ "type": "tab" })).await?;
        Ok(tab["handle"].as_str().context("a tab has a handle")?.to_owned())
    }

    /// The tab that is spoken to.
    pub async fn tab(&self) -> anyhow::Result<String> {
        self.text("window").await
    }

    /// Speaks to this tab from now on.
    pub async fn turn_to(&self, tab: &str) -> anyhow::Result<()> {
        self.post("window", &json!({ "handle": tab })).await.map(drop)
    }

    /// The body of a function, run in the page; what it returns.
    pub async fn script(&self, body: &str) -> anyhow::Result<Value> {
        self.post("execute/sync", &json!({ "script": body, "args": [] })).await
    }

    /// The same for a body that calls `done(answer)` later.
    pub async fn script_async(&self, body: &str) -> anyhow::Result<Value> {
        let body = format!("const done = arguments[arguments.length - 1];{body}");
        self.post("execute/async", &json!({ "script": body, "args": [] })).await
    }

    /// A script that returns an element or null.
    pub async fn element(&self, body: &str) -> anyhow::Result<Option<Element>> {
        let answer = self.script(body).await?;
        Ok(answer[ELEMENT].as_str().map(|id| Element(id.to_owned())))
    }

    /// A click as a hand does it: scrolled into view, at the middle, refused when something else is on top.
    pub async fn click(&self, element: &Element) -> anyhow::Result<()> {
        self.post(&format!("element/{}/click", element.0), &json!({})).await.map(drop)
    }

    /// The role that assistive technology is told.
    pub async fn role(&self, element: &Element) -> anyhow::Result<String> {
        self.text(&format!("element/{}/computedrole", element.0)).await
    }

    /// The name that assistive technology is told.
    pub async fn label(&self, element: &Element) -> anyhow::Result<String> {
        self.text(&format!("element/{}/computedlabel", element.0)).await
    }

    /// Presses a key wherever the focus is.
    pub async fn press(&self, key: &str) -> anyhow::Result<()> {
        let actions = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": [
            { "type": "keyDown", "value": key }, { "type": "keyUp", "value": key },
        ] }] });
        self.post("actions", &actions).await.map(drop)
    }

    /// Presses a key while the shift key is down.
    pub async fn press_shifted(&self, key: &str) -> anyhow::Result<()> {
        let actions = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": [
            { "type": "keyDown", "value": SHIFT }, { "type": "keyDown", "value": key },
            { "type": "keyUp", "value": key }, { "type": "keyUp", "value": SHIFT },
        ] }] });
        self.post("actions", &actions).await.map(drop)
    }

    /// Moves the pointer to the page's very corner, where nothing is.
    pub async fn point_away(&self) -> anyhow::Result<()> {
        let to =
            |at: u8| json!({ "type": "pointerMove", "duration": 0, "x": at, "y": at, "origin": "viewport" });
        // By way of another place: to stay where it is moves nothing, and a click's own move is not counted everywhere.
        let moves = json!({ "actions": [{ "type": "pointer", "id": "mouse",
            "parameters": { "pointerType": "mouse" }, "actions": [to(3), to(1)] }] });
        self.post("actions", &moves).await.map(drop)
    }

    /// The first element that a selector finds; no script of ours runs in the page for it.
    pub async fn find(&self, selector: &str) -> anyhow::Result<Element> {
        let answer = self.post("element", &json!({ "using": "css selector", "value": selector })).await?;
        Ok(Element(answer[ELEMENT].as_str().context("a found element has an id")?.to_owned()))
    }

    /// The first element that an `XPath` expression finds.
    pub async fn find_path(&self, path: &str) -> anyhow::Result<Element> {
        let answer = self.post("element", &json!({ "using": "xpath", "value": path })).await?;
        Ok(Element(answer[ELEMENT].as_str().context("a found element has an id")?.to_owned()))
    }

    /// Types into a field, over what was there.
    pub async fn type_into(&self, element: &Element, text: &str) -> anyhow::Result<()> {
        self.post(&format!("element/{}/clear", element.0), &json!({})).await?;
        self.post(&format!("element/{}/value", element.0), &json!({ "text": text })).await.map(drop)
    }

    /// Chooses a file in a file field; it must be on this machine.
    pub async fn choose_file(&self, element: &Element, file: &str) -> anyhow::Result<()> {
        self.post(&format!("element/{}/value", element.0), &json!({ "text": file })).await.map(drop)
    }

    /// Makes the window this large.
    pub async fn resize(&self, width: u32, height: u32) -> anyhow::Result<()> {
        self.post("window/rect", &json!({ "width": width, "height": height })).await.map(drop)
    }

    /// The text of an element as it is on the screen.
    pub async fn words(&self, element: &Element) -> anyhow::Result<String> {
        self.text(&format!("element/{}/text", element.0)).await
    }

    /// Whether a button that can be chosen is.
    pub async fn is_chosen(&self, element: &Element) -> anyhow::Result<bool> {
        let answer =
            send(Method::GET, format!("{}/element/{}/selected", self.address, element.0), None).await?;
        Ok(answer == Value::Bool(true))
    }

    /// The address of the page.
    pub async fn url(&self) -> anyhow::Result<String> {
        self.text("url").await
    }

    /// Goes on in the page's frame of that number.
    pub async fn enter_frame(&self, number: u32) -> anyhow::Result<()> {
        self.post("frame", &json!({ "id": number })).await.map(drop)
    }

    /// Every cookie that the page would send, as WebDriver describes it (§14).
    pub async fn cookies(&self) -> anyhow::Result<Vec<Value>> {
        let answer = send(Method::GET, format!("{}/cookie", self.address), None).await?;
        Ok(answer.as_array().cloned().unwrap_or_default())
    }

    /// Puts a cookie of the page's host into the jar, described as WebDriver does it.
    pub async fn add_cookie(&self, cookie: &Value) -> anyhow::Result<()> {
        self.post("cookie", &json!({ "cookie": cookie })).await.map(drop)
    }

    /// Empties the jar of the page's host.
    pub async fn delete_cookies(&self) -> anyhow::Result<()> {
        send(Method::DELETE, format!("{}/cookie", self.address), None).await.map(drop)
    }

    /// What is on the screen: a PNG.
    pub async fn screenshot(&self) -> anyhow::Result<Vec<u8>> {
        let image = self.text("screenshot").await?;
        Ok(BASE64_MIME_PERMISSIVE.decode(image.as_bytes())?)
    }

    /// A command of Chromium's developer tools, by its name in their protocol.
    pub async fn devtools(&self, command: &str, params: &Value) -> anyhow::Result<Value> {
        self.post("goog/cdp/execute", &json!({ "cmd": command, "params": params })).await
    }

    async fn text(&self, command: &str) -> anyhow::Result<String> {
        let answer = send(Method::GET, format!("{}/{command}", self.address), None).await?;
        Ok(answer.as_str().unwrap_or_default().to_owned())
    }

    async fn post(&self, command: &str, body: &Value) -> anyhow::Result<Value> {
        send(Method::POST, format!("{}/{command}", self.address), Some(body)).await
    }
}

/// Waits until a freshly started driver answers.
pub async fn driver_is_ready(driver: &str) -> anyhow::Result<()> {
    let status = format!("{driver}/status");
    in_time(|| async { send(Method::GET, status.clone(), None).await.ok() })
        .await
        .map(drop)
        .context("the driver does not answer")
}

async fn send(method: Method, url: String, body: Option<&Value>) -> anyhow::Result<Value> {
    static HTTP: OnceLock<reqwest::Client> = OnceLock::new();
    let mut request = HTTP
        .get_or_init(reqwest::Client::new)
        .request(method, &url)
        // A browser that hangs is a failure, not a reason to wait for ever.
        .timeout(Duration::from_mins(1));
    if let Some(body) = body {
        request = request.json(body);
    }
    let answer: Value = request.send().await?.json().await?;
    if let Some(error) = answer["value"]["error"].as_str() {
        bail!("{error}: {}", answer["value"]["message"].as_str().unwrap_or_default());
    }
    Ok(answer["value"].clone())
}
