//! Owns the list of scenarios, and runs each in each engine; `cargo test -p assent-tests -- webkit::` runs a part.
//! Refuses to hold any itself: a scenario is a folder with a `scenario.rs`, and a `page.html` if the common one will not do.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::anyhow;
use assent_tests::engine::Pool;
use assent_tests::settings::Settings;
use assent_tests::stage::Scenario;
use libtest_mimic::{Arguments, Failed, Trial};

#[path = "accept_all/scenario.rs"]
mod accept_all;
#[path = "adapters/scenario.rs"]
mod adapters;
#[path = "alike/scenario.rs"]
mod alike;
#[path = "api/scenario.rs"]
mod api;
#[path = "back_forward/scenario.rs"]
mod back_forward;
#[path = "bad_line/scenario.rs"]
mod bad_line;
#[path = "banner_before_wasm/scenario.rs"]
mod banner_before_wasm;
#[path = "behind_nginx/scenario.rs"]
mod behind_nginx;
#[path = "blocking_tag/scenario.rs"]
mod blocking_tag;
#[path = "close_without_choosing/scenario.rs"]
mod close_without_choosing;
#[path = "cookie_twin/scenario.rs"]
mod cookie_twin;
#[path = "cookies/scenario.rs"]
mod cookies;
#[path = "counted/scenario.rs"]
mod counted;
#[path = "csp_without_wasm/scenario.rs"]
mod csp_without_wasm;
#[path = "dark_layouts/scenario.rs"]
mod dark_layouts;
#[path = "demo/scenario.rs"]
mod demo;
#[path = "double_click/scenario.rs"]
mod double_click;
#[path = "early_manage/scenario.rs"]
mod early_manage;
#[path = "embedded_isolated/scenario.rs"]
mod embedded_isolated;
#[path = "embeds/scenario.rs"]
mod embeds;
#[path = "essential_only/scenario.rs"]
mod essential_only;
#[path = "form_instead/scenario.rs"]
mod form_instead;
#[path = "held_next_visit/scenario.rs"]
mod held_next_visit;
#[path = "held_scripts/scenario.rs"]
mod held_scripts;
#[path = "hidden_overlay/scenario.rs"]
mod hidden_overlay;
#[path = "history/scenario.rs"]
mod history;
#[path = "hostile_page/scenario.rs"]
mod hostile_page;
#[path = "keyboard/scenario.rs"]
mod keyboard;
#[path = "languages/scenario.rs"]
mod languages;
#[path = "late_answer/scenario.rs"]
mod late_answer;
#[path = "light_layouts/scenario.rs"]
mod light_layouts;
#[path = "locales/scenario.rs"]
mod locales;
#[path = "manage/scenario.rs"]
mod manage;
#[path = "narrow/scenario.rs"]
mod narrow;
#[path = "news/scenario.rs"]
mod news;
#[path = "not_covered/scenario.rs"]
mod not_covered;
#[path = "notice_changes/scenario.rs"]
mod notice_changes;
#[path = "odd_devices/scenario.rs"]
mod odd_devices;
#[path = "operator/scenario.rs"]
mod operator;
#[path = "operator_pages/scenario.rs"]
mod operator_pages;
#[path = "operator_scripts_off/scenario.rs"]
mod operator_scripts_off;
#[path = "pages/scenario.rs"]
mod pages;
#[path = "pinned_tag/scenario.rs"]
mod pinned_tag;
#[path = "prerendered/scenario.rs"]
mod prerendered;
#[path = "preview/scenario.rs"]
mod preview;
#[path = "queue_survives/scenario.rs"]
mod queue_survives;
#[path = "reject_all/scenario.rs"]
mod reject_all;
#[path = "reopen/scenario.rs"]
mod reopen;
#[path = "replay/scenario.rs"]
mod replay;
#[path = "returning_visit/scenario.rs"]
mod returning_visit;
#[path = "scripts_off/scenario.rs"]
mod scripts_off;
#[path = "server_down/scenario.rs"]
mod server_down;
#[path = "signal/scenario.rs"]
mod signal;
#[path = "site_humanikos/scenario.rs"]
mod site_humanikos;
#[path = "site_humanloop/scenario.rs"]
mod site_humanloop;
#[path = "site_huumaan/scenario.rs"]
mod site_huumaan;
#[path = "site_numino/scenario.rs"]
mod site_numino;
#[path = "site_person_run/scenario.rs"]
mod site_person_run;
#[path = "stale_notice/scenario.rs"]
mod stale_notice;
#[path = "storage_refused/scenario.rs"]
mod storage_refused;
#[path = "strict_csp/scenario.rs"]
mod strict_csp;
#[path = "subdomains/scenario.rs"]
mod subdomains;
#[path = "tag_anywhere/scenario.rs"]
mod tag_anywhere;
#[path = "tag_at_the_end/scenario.rs"]
mod tag_at_the_end;
#[path = "third_party/scenario.rs"]
mod third_party;
#[path = "two_cookies/scenario.rs"]
mod two_cookies;
#[path = "two_tabs/scenario.rs"]
mod two_tabs;
#[path = "two_tags/scenario.rs"]
mod two_tags;
#[path = "verify/scenario.rs"]
mod verify;
#[path = "wasm_blocked/scenario.rs"]
mod wasm_blocked;
#[path = "wishes/scenario.rs"]
mod wishes;
#[path = "withdrawal/scenario.rs"]
mod withdrawal;

mod layouts;

macro_rules! scenarios {
    ($($name:ident $(($without:literal))? $([$behind:literal])?)*) => {
        [$(Scenario {
            name: stringify!($name),
            play: |stage| Box::pin($name::play(stage)),
            scripts: concat!($($without)?).is_empty(),
            nginx: !concat!($($behind)?).is_empty(),
        }),*]
    };
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Browsers are heavy, and they wait more than they compute.
    arguments.test_threads.get_or_insert(2);
    let settings = match Settings::from_environment() {
        Ok(settings) => Arc::new(settings),
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    let pools: Vec<_> =
        settings.engines.iter().map(|engine| Arc::new(Pool::new(*engine, &settings))).collect();

    let scenarios = scenarios! {
        accept_all adapters alike api back_forward bad_line banner_before_wasm blocking_tag
        close_without_choosing cookie_twin cookies counted csp_without_wasm dark_layouts demo double_click
        early_manage embedded_isolated embeds essential_only form_instead held_next_visit held_scripts hidden_overlay
        history hostile_page keyboard languages late_answer light_layouts locales manage narrow news not_covered
        notice_changes odd_devices operator operator_pages pages pinned_tag queue_survives reject_all reopen replay returning_visit server_down
        signal site_humanikos site_humanloop site_huumaan site_numino site_person_run stale_notice storage_refused
        strict_csp tag_anywhere tag_at_the_end third_party
        prerendered preview subdomains two_cookies two_tabs two_tags verify wasm_blocked wishes withdrawal scripts_off("without scripts") operator_scripts_off("without scripts")
        behind_nginx["behind nginx"]
    };
    let mut trials = Vec::new();
    for scenario in scenarios {
        for pool in &pools {
            let (pool, settings, handle) =
                (Arc::clone(pool), Arc::clone(&settings), runtime.handle().clone());
            let missing = pool.missing().or(scenario.missing(&settings)).map(str::to_owned);
            let ignored = missing.is_some() && !settings.ci;
            let name = format!("{}::{}", pool.engine(), scenario.name);
            let play = move || {
                let outcome = match missing {
                    Some(missing) => Err(anyhow!("{missing}")),
                    None => handle.block_on(scenario.run(&pool, &settings)),
                };
                // Not `{:?}`: a backtrace of this closure tells nothing.
                outcome.map_err(|error| Failed::from(format!("{error:#}")))
            };
            trials.push(Trial::test(name, play).with_ignored_flag(ignored));
        }
    }
    if settings.axe.is_none() {
        eprintln!("axe-core is missing, so accessibility is not inspected: `cargo xtask test` installs it");
        if settings.ci {
            return ExitCode::FAILURE;
        }
    }
    let lacking = scenarios.iter().filter_map(|scenario| scenario.missing(&settings));
    for missing in pools.iter().filter_map(|pool| pool.missing()).chain(lacking) {
        eprintln!("{missing}");
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    // The trials are gone, so these are the last ones: drivers, browsers and the display end here.
    drop(pools);
    conclusion.exit_code()
}
