//! Owns the operator's side with many receipts: how long the server takes for every filter and every page, on both engines.
//! Refuses to measure writing; the receipts are sealed by the server's own store, so that each has its proof.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use assent::access::{Caller, Permission, Role};
use assent::clock::Clock;
use assent::config::Settings;
use assent::keys::{self, KeyWish};
use assent::operators::{self, totp};
use assent::statistics::device::Device;
use assent::store::{Environment, RoleOn, Site};
use assent::{Server, notices};
use assent_shared::{Decision, Receipt, SiteId};
use assent_tests::settings;
use reqwest::Client;
use serde_json::json;
use sqlx::{Connection, Executor};
use tempfile::TempDir;
use tokio::time::Instant;

use crate::process::{ORIGIN, SITE};
use crate::{median, report, say};

/// Receipts of one transaction.
const BATCH: u64 = 8192;
/// How often each address is asked.
const TIMES: usize = 20;
/// Milliseconds that a filter may take, and a page.
const FILTER: f64 = 100.0;
const PAGE: f64 = 50.0;
/// 2026-01-01, when the first receipt was received, and a year later.
const BEGIN: i64 = 1_767_225_600_000;
const YEAR: i64 = 31_536_000_000;
const PASSWORD: &str = "lamp under green river";

pub(crate) async fn run() -> Result<()> {
    let wanted = settings::read("ASSENT_TEST_BENCH_RECEIPTS");
    let receipts: u64 =
        wanted.map_or(Ok(5_000_000), |text| text.parse()).context("ASSENT_TEST_BENCH_RECEIPTS")?;
    // What was filled once can be measured again: filling takes most of the time.
    let kept = settings::read("ASSENT_TEST_BENCH_FOLDER").map(std::path::PathBuf::from);
    let temporary = TempDir::new()?;
    let folder = kept.as_deref().unwrap_or(temporary.path());
    let (sqlite, postgres) = (folder.join("sqlite"), folder.join("postgres"));
    std::fs::create_dir_all(&sqlite)?;
    std::fs::create_dir_all(&postgres)?;
    let url = format!("sqlite:{}", sqlite.join("assent.db").display());
    say(&format!("\nThe operator's side with {receipts} receipts, SQLite"));
    on(&url, &sqlite, receipts).await?;
    let Some(server) = settings::read("ASSENT_TEST_POSTGRES_URL") else {
        say("  PostgreSQL was left out: ASSENT_TEST_POSTGRES_URL names no server.");
        return Ok(());
    };
    say(&format!("\nThe operator's side with {receipts} receipts, PostgreSQL"));
    let name = match kept {
        Some(_) => "assent_bench".to_owned(),
        None => format!("assent_bench_{:x}", std::process::id()),
    };
    let mut admin = sqlx::PgConnection::connect(&format!("{server}/postgres")).await?;
    // The name is our own; identifiers cannot be bound.
    let sql = |text: String| sqlx::AssertSqlSafe(text);
    let there = sqlx::query_scalar::<_, i64>("select count(*) from pg_database where datname = $1");
    if there.bind(&name).fetch_one(&mut admin).await? == 0 {
        admin.execute(sqlx::raw_sql(sql(format!("create database {name}")))).await?;
    }
    let measured = on(&format!("{server}/{name}"), &postgres, receipts).await;
    if kept.is_none() {
        admin.execute(sqlx::raw_sql(sql(format!("drop database {name} with (force)")))).await?;
    }
    measured
}

async fn on(url: &str, folder: &Path, receipts: u64) -> Result<()> {
    let settings = Settings {
        port: 0,
        database_url: url.to_owned(),
        signing_key_file: Some(folder.join("assent.key")),
        export_folder: Some(folder.join("exports")),
        ..Settings::default()
    };
    let clock = Clock::manual(BEGIN + YEAR);
    let server = Server::start_with(settings, clock, false).await.map_err(anyhow::Error::msg)?;
    let site: SiteId = SITE.parse()?;
    let registered = Site {
        id: site.clone(),
        name: "Bench".to_owned(),
        environment: Environment::Production,
        origins: vec![ORIGIN.to_owned()],
        share_subdomains: false,
    };
    if server.store().add_site(&registered, BEGIN).await? {
        for name in ["One", "Two", "Three"] {
            let notice = include_str!("../../examples/demo/notice.toml").replace("Fernhill Ceramics", name);
            notices::publish(server.store(), &site, &notice, &[], BEGIN).await.map_err(anyhow::Error::msg)?;
        }
        let started = Instant::now();
        fill(&server, &site, receipts).await?;
        settle(&server).await?;
        let seconds = started.elapsed().as_secs_f64();
        say(&format!("  {:<46} {seconds:>14.0} s", "filling, which is not measured"));
    }
    let measured = measure(&server, &site, receipts).await;
    server.stop().await;
    measured
}

/// Lets PostgreSQL look at what was filled in, as its own housekeeping does within minutes.
async fn settle(server: &Server) -> Result<()> {
    if let assent::store::Pool::Postgres(pool) = server.store().pool() {
        sqlx::query("vacuum analyze receipts").execute(pool).await?;
    }
    Ok(())
}

/// Two decisions a visitor, every method and choice, three notices, over a year; one method is as rare as can be.
async fn fill(server: &Server, site: &SiteId, receipts: u64) -> Result<()> {
    let step = YEAR / i64::try_from(receipts)?.max(1);
    let mut hashes = Vec::new();
    for notice in server.store().notices(site).await? {
        hashes.push(notice.hash);
    }
    for first in (0..receipts).step_by(usize::try_from(BATCH)?) {
        let numbers = first..(first + BATCH).min(receipts);
        let batch: Vec<Receipt> = numbers
            .map(|number| {
                // 1 + 2 steps of a small generator, so that neighbours differ.
                let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
                let (analytics, video) = (mixed & 1 == 0, mixed & 2 == 0);
                let method = match (analytics, video, mixed >> 2 & 3) {
                    _ if number < 3 => "signal",
                    (true, true, 0..3) => "accept_all",
                    (false, false, 0..3) => "reject_all",
                    (true, true, _) => "custom",
                    (.., 0) => "withdraw",
                    _ => "custom",
                };
                let notice = usize::try_from(number * 3 / receipts)?;
                let visitor = data_encoding::BASE64URL_NOPAD.encode(&u128::from(number / 2).to_be_bytes());
                let decision: Decision = serde_json::from_value(json!({
                    "id": format!("0192f3a4-5b6c-7d8e-9f01-{number:012x}"), "visitor": visitor, "notice": notice + 1,
                    "locale": "en", "choices": {"analytics": analytics, "video": video}, "method": method, "layer": 2,
                    "gpc": false, "decided_at": BEGIN, "replaces": null,
                }))?;
                let at = BEGIN + step * i64::try_from(number)?;
                let widget = "0".repeat(16);
                Ok(Receipt::new(decision, site.clone(), hashes[notice].clone(), ORIGIN.to_owned(), widget, at))
            })
            .collect::<Result<_>>()?;
        let devices = vec![Device::Desktop; batch.len()];
        server.store().append_receipts(&batch, &devices, batch[0].received_at).await?;
    }
    Ok(())
}

async fn measure(server: &Server, site: &SiteId, receipts: u64) -> Result<()> {
    let wish =
        KeyWish { label: "bench".to_owned(), site: None, scopes: Permission::ALL.to_vec(), expires_at: None };
    let key = keys::make(server.app(), &Caller::command_line(), wish).await?.key;
    let home = format!("http://{}", server.address());
    let decision = format!("0192f3a4-5b6c-7d8e-9f01-{:012x}", receipts / 2);
    let row = server.store().receipt(site, &decision.parse()?).await?.context("a receipt in the middle")?;
    let visitor = serde_json::from_str::<Receipt>(&row.body)?.visitor;
    let deep = format!("after={}.1.{}", row.received_at, row.leaf_index);
    let filters = [
        ("everything", String::new()),
        ("everything, deep in the list", deep.clone()),
        ("a day", "from=2026-06-01&to=2026-06-02".to_owned()),
        ("a half year", "from=2026-03-01&to=2026-09-01".to_owned()),
        ("a notice", "notice=1".to_owned()),
        ("accept_all", "method=accept_all".to_owned()),
        ("withdraw", "method=withdraw".to_owned()),
        ("a method of three receipts", "method=signal".to_owned()),
        ("a method that does not occur there", "method=signal&from=2026-06-01".to_owned()),
        ("granted", "granted=analytics".to_owned()),
        ("denied, deep in the list", format!("denied=analytics&{deep}")),
        ("granted and denied", "granted=video&denied=analytics".to_owned()),
        (
            "notice, method, choice and time",
            "notice=2&method=custom&denied=video&from=2026-05-01&to=2026-08-01".to_owned(),
        ),
        ("a visitor", format!("visitor={visitor}")),
        ("a visitor's refusals", format!("visitor={visitor}&denied=video")),
    ];
    let client = Client::builder().timeout(Duration::from_mins(2)).cookie_store(true);
    let client = client.redirect(reqwest::redirect::Policy::none()).build()?;
    let list = format!("{home}/api/v1/sites/{site}/receipts");
    for (name, query) in &filters {
        ask(&client, Some(&key), &format!("filter: {name}"), &format!("{list}?{query}"), FILTER).await?;
    }
    let affected = format!("{home}/api/v1/sites/{site}/affected");
    for (name, query) in
        [("affected, a day", "from=2026-06-01&to=2026-06-02"), ("affected, a notice", "notice=2")]
    {
        ask(&client, Some(&key), &format!("filter: {name}"), &format!("{affected}?{query}"), FILTER).await?;
    }
    come_in(server, &client, &home).await?;
    let base = format!("/admin/sites/{site}");
    let pages = [
        "/admin".to_owned(),
        "/admin/operators".to_owned(),
        "/admin/keys".to_owned(),
        "/admin/audit".to_owned(),
        "/admin/data".to_owned(),
        base.clone(),
        format!("{base}/settings"),
        format!("{base}/notice"),
        format!("{base}/notices"),
        format!("{base}/statistics"),
        format!("{base}/receipts"),
        format!("{base}/receipts/find"),
        format!("{base}/receipts/{decision}"),
        format!("{base}/affected"),
        format!("{base}/exports"),
        format!("{base}/exports/new"),
    ];
    for path in pages {
        ask(&client, None, &format!("page: {path}"), &format!("{home}{path}"), PAGE).await?;
    }
    Ok(())
}

/// An owner's session, by their link, as an operator makes one.
async fn come_in(server: &Server, client: &Client, home: &str) -> Result<()> {
    let roles = vec![RoleOn { role: Role::Owner, site: None }];
    // Another one each time, for what is measured again.
    let email = format!("ann{}@example.org", std::process::id());
    let (_, link) = operators::invite(server.app(), &Caller::command_line(), &email, roles).await?;
    let send = async |address: &str, fields: &[(&str, &str)]| -> Result<String> {
        // Nothing in these fields needs more than this.
        let pairs = fields.iter().map(|(name, value)| format!("{name}={}", value.replace(' ', "+")));
        let request = client.post(address).header("sec-fetch-site", "same-origin");
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let answer = request.body(pairs.collect::<Vec<_>>().join("&")).send().await?;
        let to = answer.headers().get("location").context("the form is taken")?.to_str()?;
        Ok(format!("{home}{}", to.strip_prefix(home).unwrap_or(to)))
    };
    let fields = [("email", email.as_str()), ("name", "Ann"), ("password", PASSWORD), ("again", PASSWORD)];
    let code_page = send(&link, &fields).await?;
    let page = client.get(&code_page).send().await?.text().await?;
    let secret = page.split("Or type this in: <code>").nth(1).and_then(|rest| rest.split('<').next());
    let secret = secret.context("the page offers a secret")?.replace(' ', "");
    let code = totp::code(&secret, BEGIN + YEAR).context("a code")?;
    send(&code_page, &[("code", &code)]).await?;
    Ok(())
}

/// Asks again and again, and says the middle and the worst time.
async fn ask(client: &Client, key: Option<&str>, what: &str, address: &str, goal: f64) -> Result<()> {
    let mut times = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let request = client
            .get(address)
            .header("accept", if key.is_some() { "application/json" } else { "text/html" });
        let request = if let Some(key) = key { request.bearer_auth(key) } else { request };
        let started = Instant::now();
        let answer = request.send().await?;
        let status = answer.status();
        answer.bytes().await?;
        times.push(started.elapsed().as_secs_f64() * 1000.0);
        if !status.is_success() {
            say(&format!("  {what:<46} answered {status}"));
            return Ok(());
        }
    }
    let worst = times.iter().copied().fold(0.0, f64::max);
    let middle = median(times);
    let figure = format!("{middle:.1} ({worst:.1}) ms");
    report(what, &figure, &format!("< {goal} ms"), middle < goal);
    Ok(())
}
