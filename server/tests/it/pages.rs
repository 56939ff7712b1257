//! Owns the pages without a script: the form of choices and the table of declared cookies, as a browser meets them.

use assent::notices::publish;
use assent_shared::Receipt;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, redirect};

use crate::harness::{Engine, NOTICE, NOW, PAGE, TestServer, both_engines};

mod around;
mod choices;

both_engines!(
    the_form_shows_everything_and_chooses_nothing,
    texts_of_a_notice_are_text,
    the_language_is_chosen_and_set,
    the_pages_forbid_everything_that_they_do_not_need,
    the_cookie_table_is_a_page_and_a_fragment,
    people_get_a_page_and_programs_a_problem,
);

const CHOICES: &str = "/_assent/shop/choices";

/// A browser without a script, on the shop's own host.
struct Browser<'a> {
    app: &'a TestServer,
    client: Client,
    cookies: String,
    /// The value of its `Sec-GPC` header; none if empty.
    signal: &'static str,
}

impl<'a> Browser<'a> {
    fn new(app: &'a TestServer) -> Self {
        let client = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
        Self { app, client, cookies: String::new(), signal: "" }
    }

    async fn get(&self, path: &str) -> Response {
        let request = self.client.get(self.app.url(path)).header("host", "shop.example");
        self.with_headers(request).send().await.unwrap()
    }

    fn with_headers(&self, request: RequestBuilder) -> RequestBuilder {
        let request = request.header("cookie", &self.cookies);
        if self.signal.is_empty() { request } else { request.header("sec-gpc", self.signal) }
    }

    async fn open(&self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status(), StatusCode::OK);
        answer.text().await.unwrap()
    }

    /// Sends a form as a browser does, without taking the answer's cookies.
    async fn send(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let request = self.client.post(self.app.url(path)).header("host", "shop.example");
        let request = request.header("origin", PAGE).header("sec-fetch-site", "same-origin");
        form(self.with_headers(request), fields).send().await.unwrap()
    }

    /// Opens the form, answers it, and keeps the cookies.
    async fn choose(&mut self, answers: &[(&str, &str)]) -> Response {
        let page = self.open(CHOICES).await;
        let answer = self.send(CHOICES, &fill(&page, answers)).await;
        self.keep(&answer);
        answer
    }

    fn keep(&mut self, answer: &Response) {
        let pairs: Vec<String> =
            set_cookies(answer).iter().map(|cookie| cookie.split(';').next().unwrap().to_owned()).collect();
        self.cookies = pairs.join("; ");
    }

    fn cookie(&self) -> &str {
        self.cookies.split("assent=").nth(1).unwrap_or_default()
    }
}

/// The form's hidden fields with `answers`, as its page gives them.
fn fill<'a>(page: &'a str, answers: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let form = page.split("<form id=\"each\"").nth(1).expect("there is a form");
    let hidden = form.split("<input type=\"hidden\" name=\"").skip(1).map(|field| {
        let (name, rest) = field.split_once("\" value=\"").unwrap();
        (name, rest.split('"').next().unwrap())
    });
    hidden.chain(answers.iter().copied()).collect()
}

fn form(request: RequestBuilder, fields: &[(&str, &str)]) -> RequestBuilder {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    request.header("content-type", "application/x-www-form-urlencoded").body(body)
}

fn set_cookies(answer: &Response) -> Vec<String> {
    answer.headers().get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap().to_owned()).collect()
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

async fn last_receipt(app: &TestServer) -> Receipt {
    app.receipts().await.pop().unwrap().1
}

const REJECT: &[(&str, &str)] = &[("method", "reject_all")];

async fn the_form_shows_everything_and_chooses_nothing(engine: Engine) {
    let app = TestServer::start(engine).await;
    let answer = Browser::new(&app).get(CHOICES).await;
    assert_eq!(header(&answer, "content-type"), "text/html; charset=utf-8");
    assert_eq!(header(&answer, "cache-control"), "no-store");
    assert!(set_cookies(&answer).is_empty(), "looking is not deciding");
    let page = answer.text().await.unwrap();
    for shown in [
        "Counts visits and shows us which pages are useful.",
        "Strictly necessary, always on",
        "_ex_session",
        "13 months",
        "Local storage",
        "Contract",
        "Example Analytics Ltd",
        "privacy@shop.example",
        "https://shop.example/privacy",
        "name=\"choice_analytics\" value=\"granted\">",
        "name=\"choice_analytics\" value=\"denied\">",
    ] {
        assert!(page.contains(shown), "{shown} is missing in {page}");
    }
    assert!(!page.contains(" checked"), "nothing is chosen before the visitor chooses");
    assert!(!page.contains("choice_necessary"), "what is essential is not asked");
    let buttons: Vec<&str> =
        page.split("<button ").skip(1).map(|rest| rest.split('>').next().unwrap()).collect();
    assert_eq!(
        buttons,
        [
            "form=\"all\" name=\"method\" value=\"accept_all\"",
            "form=\"all\" name=\"method\" value=\"reject_all\"",
            "class=\"save\" name=\"method\" value=\"custom\""
        ],
        "yes and no are the same element, and the Enter key presses neither"
    );
    app.finish().await;
}

async fn texts_of_a_notice_are_text(engine: Engine) {
    let app = TestServer::start(engine).await;
    let attack = "\\\"><script>alert(1)</script><img src=x onerror=alert(1)>";
    let hostile = [
        ("name = \"Analytics\"", format!("name = \"{attack}\"")),
        ("name = \"_ex\"", format!("name = \"{attack}\"")),
        ("provider = \"Example Video\"", format!("provider = \"{attack}\"")),
        ("recipients = [\"Example Video Inc.\"]", format!("recipients = [\"{attack}\"]")),
        ("name = \"Fernhill Ceramics\"\naddress", format!("name = \"{attack}\"\naddress")),
        ("contact = \"privacy@shop.example\"", format!("contact = \"{attack}@x\"")),
    ];
    let notice = hostile.iter().fold(NOTICE.to_owned(), |notice, (from, to)| {
        assert!(notice.contains(from), "{from}");
        notice.replace(from, to)
    });
    publish(app.store(), &app.shop, &notice, &[], NOW).await.unwrap();
    let browser = Browser::new(&app);
    for path in [
        CHOICES,
        "/_assent/shop/cookies",
        "/_assent/shop/cookies?fragment",
        "/_assent/shop/me",
        "/_assent/shop/me?lang=%22%3E%3Cscript%3E",
        "/_assent/shop/replay/2/en",
        "/_assent/shop/choices?lang=%22%3E%3Cscript%3E&back=%22%3E%3Cscript%3E&saved=%22%3E%3Cscript%3E",
    ] {
        let page = browser.open(path).await;
        assert!(!page.contains("<script") && !page.contains("<img"), "{path}: {page}");
        assert!(page.contains("&#60;script&#62;alert(1)"), "{path} shows it as text");
    }
    app.finish().await;
}

async fn the_language_is_chosen_and_set(engine: Engine) {
    let app = TestServer::start(engine).await;
    let hebrew = NOTICE
        .replace("[texts.en]", "[texts.he]\n\n[texts.de]\n\n[texts.en]")
        .replace("about = { en = ", "about = { de = \"auf Deutsch\", he = \"\u{5d1}\u{5e2}\u{5d1}\u{5e8}\u{5d9}\u{5ea}\", en = ")
        .replace("[purposes.texts.en]", "texts.de = { name = \"Zweck\", description = \"Dafür\" }\ntexts.he = { name = \"\u{5de}\u{5d8}\u{5e8}\u{5d4}\", description = \"\u{5d1}\u{5e9}\u{5d1}\u{5d9}\u{5dc}\" }\n[purposes.texts.en]");
    publish(app.store(), &app.shop, &hebrew, &[], NOW).await.unwrap();
    let browser = Browser::new(&app);
    for path in ["choices", "cookies"] {
        for (query, accepted, html) in [
            ("", "", "<html lang=\"en\" dir=\"ltr\">"),
            ("", "he-IL, en;q=0.5", "<html lang=\"he\" dir=\"rtl\">"),
            ("?lang=de-AT", "he", "<html lang=\"de\" dir=\"ltr\">"),
            ("?lang=tlh", "he", "<html lang=\"he\" dir=\"rtl\">"),
            ("?lang=%ff", "de", "<html lang=\"de\" dir=\"ltr\">"),
        ] {
            let request = browser.client.get(app.url(&format!("/_assent/shop/{path}{query}")));
            let request = request.header("host", "shop.example").header("accept-language", accepted);
            let page = request.send().await.unwrap().text().await.unwrap();
            assert!(page.contains(html), "{path}{query} for {accepted}: {page}");
            assert!(page.contains("hreflang=\"he\""), "the other languages are a click away");
        }
    }
    let german = browser.open("/_assent/shop/cookies?lang=de").await;
    assert!(
        german.contains("13 Monate") && german.contains("14 Monate") && german.contains("auf Deutsch"),
        "{german}"
    );
    let page = browser.open("/_assent/shop/choices?lang=de").await;
    browser.send("/_assent/shop/choices?lang=de", &fill(&page, REJECT)).await;
    assert_eq!(last_receipt(&app).await.locale.as_str(), "de", "the receipt says what was read");
    app.finish().await;
}

async fn the_pages_forbid_everything_that_they_do_not_need(engine: Engine) {
    let app = TestServer::start(engine).await;
    let browser = Browser::new(&app);
    for path in [CHOICES, "/_assent/shop/cookies", "/_assent/shop/me", "/_assent/shop/replay/1/en"] {
        let answer = browser.get(path).await;
        let policy = header(&answer, "content-security-policy").to_owned();
        for part in [
            "default-src 'none';",
            "style-src 'sha256-",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "form-action 'self'",
        ] {
            assert!(policy.contains(part), "{part} is missing in {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(header(&answer, "x-content-type-options"), "nosniff");
        let page = answer.text().await.unwrap();
        for forbidden in ["<script", " style=", " onclick", "http-equiv", "src="] {
            assert!(!page.contains(forbidden), "{path} has {forbidden}");
        }
    }
    app.finish().await;
}

async fn the_cookie_table_is_a_page_and_a_fragment(engine: Engine) {
    let app = TestServer::start(engine).await;
    let page = app.get("/_assent/shop/cookies").await;
    assert_eq!(header(&page, "content-type"), "text/html; charset=utf-8");
    assert!(header(&page, "cache-control").contains("max-age=300"));
    assert_eq!(header(&page, "vary"), "accept-encoding, accept-language");
    let etag = header(&page, "etag").to_owned();
    let page = page.text().await.unwrap();
    assert_eq!((page.matches("<table").count(), page.matches("<tr ").count()), (3, 3 + 6));
    assert!(page.contains("href=\"choices?lang=en\"") && page.contains("<h2 id=\"video\">Video</h2>"));
    let known = app.request(Method::GET, "/_assent/shop/cookies").header("if-none-match", &etag);
    assert_eq!(known.send().await.unwrap().status(), StatusCode::NOT_MODIFIED);

    let fragment = app.get("/_assent/shop/cookies?fragment").await;
    assert_eq!(header(&fragment, "access-control-allow-origin"), "*");
    assert_eq!(header(&fragment, "cross-origin-resource-policy"), "cross-origin");
    assert_ne!(header(&fragment, "etag"), etag);
    let fragment = fragment.text().await.unwrap();
    assert!(fragment.starts_with("<div lang=\"en\" dir=\"ltr\">") && fragment.trim_end().ends_with("</div>"));
    for absent in ["<html", "<head", "<body", "<style", "<h1", "<h2", "<a "] {
        assert!(!fragment.contains(absent), "{absent}");
    }
    for shown in
        ["<caption>Analytics</caption>", "player_*", "Until deleted", "Remembers volume and position"]
    {
        assert!(fragment.contains(shown), "{shown}");
    }
    assert_eq!(app.get("/_assent/nosuch/cookies").await.status(), StatusCode::NOT_FOUND);
    app.finish().await;
}

async fn people_get_a_page_and_programs_a_problem(engine: Engine) {
    let app = TestServer::start(engine).await;
    for (accepted, content_type) in [
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8"),
        ("*/*", "application/problem+json"),
    ] {
        let request = app.request(Method::GET, "/_assent/nosuch/choices").header("accept", accepted);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
        assert_eq!(header(&answer, "content-type"), content_type);
        assert!(answer.text().await.unwrap().contains("there is nothing at this address"));
    }
    app.finish().await;
}
