//! Owns the operator: what a person does on the operator's pages, in their words, by what they can read there.
//! Refuses to run a script in a page to do it, so that the same steps are taken where scripts are off.

use std::path::Path;
use std::sync::Arc;

use assent::clock::Clock;
use assent::operators::totp;

use crate::deadline::eventually;
use crate::visitor::Visitor;
use crate::webdriver::Element;

/// Everybody's password; what is guessed is not what these scenarios are about.
const PASSWORD: &str = "lamp under green river";

/// A person at the operator's pages. Whatever cannot be done ends the scenario.
#[derive(Debug, Clone)]
pub struct Operator {
    browser: Arc<Visitor>,
    home: String,
    scripts: bool,
}

impl Operator {
    /// The person in front of `browser`, whose installation is at `home`: scheme, host and port.
    #[must_use]
    pub fn new(browser: Arc<Visitor>, home: String) -> Self {
        Self { browser, home, scripts: true }
    }

    /// The same person where the browser runs no scripts, so that pages cannot be inspected.
    #[must_use]
    pub fn without_scripts(self) -> Self {
        Self { scripts: false, ..self }
    }

    /// Comes in by a link that makes an operator: says who they are, and shows that their codes work.
    pub async fn comes_in_by(&self, link: &str, name: &str) {
        self.opens(link).await;
        self.fills("Your name", name).await;
        self.fills("Password", PASSWORD).await;
        self.fills("The same password again", PASSWORD).await;
        self.presses("Continue").await;
        self.sees("Or type this in:").await;
        let said = self.reads().await;
        let secret = said.split("Or type this in:").nth(1).and_then(|rest| rest.lines().next());
        let secret = secret.expect("the page says the secret").replace(' ', "");
        let code = totp::code(&secret, Clock::default().now()).expect("a code");
        self.fills("Code", &code).await;
        self.presses("Sign in").await;
        self.sees("Sites").await;
    }

    /// Opens one of the installation's pages.
    pub async fn opens(&self, path: &str) {
        let address = if path.starts_with('/') { format!("{}{path}", self.home) } else { path.to_owned() };
        self.browser.step(&format!("opens {address}"));
        self.browser.session.go_to(&address).await.expect("the page opens");
    }

    /// Types into the field with that label, over what was there.
    pub async fn fills(&self, label: &str, text: &str) {
        self.browser.step(&format!("fills {label}"));
        let field = self.field(label).await;
        self.browser.session.type_into(&field, text).await.expect("the field can be typed into");
    }

    /// Chooses a file in the field with that label.
    pub async fn chooses_file(&self, label: &str, file: &Path) {
        self.browser.step(&format!("chooses a file for {label}"));
        let field = self.field(label).await;
        let file = file.to_str().expect("the file's name is text");
        self.browser.session.choose_file(&field, file).await.expect("the file can be chosen");
    }

    /// Picks an option in the list with that label.
    pub async fn picks(&self, label: &str, option: &str) {
        let path = format!("{}/descendant::option[normalize-space(.)={}]", labelled(label), quoted(option));
        self.clicks(&format!("{option} of {label}"), &path).await;
    }

    /// Clicks a check box or a radio button by its label.
    pub async fn ticks(&self, label: &str) {
        let path = format!("//label[starts-with(normalize-space(.), {})]", quoted(label));
        self.clicks(label, &path).await;
    }

    /// Presses a button by its name.
    pub async fn presses(&self, name: &str) {
        self.clicks(name, &format!("//button[normalize-space(.)={}]", quoted(name))).await;
    }

    /// Follows a link by its words.
    pub async fn follows(&self, text: &str) {
        self.clicks(text, &format!("//a[normalize-space(.)={}]", quoted(text))).await;
    }

    /// What the page says in its main part.
    pub async fn reads(&self) -> String {
        let main = self.finds("the page's main part", "//main").await;
        self.browser.session.words(&main).await.expect("a page says something")
    }

    /// Waits until the page says that.
    pub async fn sees(&self, words: &str) {
        eventually(&format!("the page says: {words}"), || async {
            let main = self.browser.session.find_path("//main").await.ok()?;
            let said = self.browser.session.words(&main).await.ok()?;
            said.contains(words).then_some(())
        })
        .await;
    }

    /// Waits until the page, loaded again and again, has a link with these words: for what goes on in the background.
    pub async fn sees_in_time(&self, link: &str) {
        eventually(&format!("a link: {link}"), || async {
            let there = self.is_offered(link).await;
            if !there {
                self.browser.session.reload().await.expect("the page reloads");
            }
            there.then_some(())
        })
        .await;
    }

    /// Whether the page has a link or a button with these words.
    pub async fn is_offered(&self, words: &str) -> bool {
        let path = format!("//*[self::a or self::button][normalize-space(.)={}]", quoted(words));
        self.browser.session.find_path(&path).await.is_ok()
    }

    /// The words of what a selector finds.
    pub async fn reads_at(&self, selector: &str) -> String {
        let found = eventually(selector, || async { self.browser.session.find(selector).await.ok() }).await;
        self.browser.session.words(&found).await.expect("it has words")
    }

    /// Looks at the page on a phone and on a desktop: nothing is lost at the side, nothing is inaccessible.
    pub async fn looks(&self, what: &str) {
        for (width, device) in [(400, "phone"), (1280, "desktop")] {
            self.browser.session.resize(width, 900).await.expect("the window can be resized");
            self.browser.screenshot(&format!("{what}-{device}")).await;
            if self.scripts {
                let fits = "document.documentElement.scrollWidth <= innerWidth";
                assert_eq!(self.browser.asks(fits).await, true, "{what} is wider than a {device}");
                self.browser.inspects(&format!("{what} on a {device}")).await;
            }
        }
    }

    /// The address of the page.
    pub async fn address(&self) -> String {
        self.browser.address().await
    }

    async fn field(&self, label: &str) -> Element {
        self.finds(label, &labelled(label)).await
    }

    async fn finds(&self, what: &str, path: &str) -> Element {
        eventually(what, || async { self.browser.session.find_path(path).await.ok() }).await
    }

    async fn clicks(&self, what: &str, path: &str) {
        self.browser.step(&format!("clicks {what}"));
        let element = self.finds(what, path).await;
        self.browser.session.click(&element).await.expect("it can be clicked");
    }
}

/// The path to the field of a label, which may say more after `label`.
fn labelled(label: &str) -> String {
    format!("//*[@id=//label[starts-with(normalize-space(.), {})]/@for]", quoted(label))
}

/// Words as `XPath` writes them, which has no way to escape both quotes.
fn quoted(words: &str) -> String {
    assert!(!words.contains('"'), "these words cannot be looked for: {words}");
    format!("\"{words}\"")
}
