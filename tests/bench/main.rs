//! Owns the numbers that the README claims, measured on this machine and printed with its name.
//! Refuses to be a test: what counts are ratios inside one run, not seconds.

mod admin;
mod bare;
mod export;
mod ledger;
mod load;
mod page;
mod process;
mod server;
mod size;
mod verify;

use std::process::ExitCode;

const USAGE: &str =
    "usage: cargo xtask bench [size|page|server|ledger|export|verify|admin]... (all without a name)";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [mode, url] = arguments.as_slice()
        && mode == bare::MODE
    {
        return bare::serve(url).await;
    }
    if let [mode, url] = arguments.as_slice()
        && ledger::MODES.contains(&mode.as_str())
    {
        return ledger::serve(mode, url).await;
    }
    if let Some(unknown) = arguments.iter().find(|name| {
        !["size", "page", "server", "ledger", "export", "verify", "admin"].contains(&name.as_str())
    }) {
        say(&format!("There is no benchmark `{unknown}`. {USAGE}"));
        return ExitCode::FAILURE;
    }
    say(&format!("Machine: {}", process::machine()));
    let wanted = |name: &str| arguments.is_empty() || arguments.iter().any(|argument| argument == name);
    let mut result = Ok(());
    if wanted("size") {
        result = result.and(size::run().await);
    }
    if wanted("page") {
        result = result.and(page::run().await);
    }
    if wanted("server") {
        result = result.and(server::run().await);
    }
    if wanted("ledger") {
        result = result.and(ledger::run().await);
    }
    if wanted("export") {
        result = result.and(export::run().await);
    }
    if wanted("verify") {
        result = result.and(verify::run());
    }
    if wanted("admin") {
        result = result.and(admin::run().await);
    }
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Prints a line.
#[expect(clippy::print_stdout, reason = "printing is what a benchmark is for")]
fn say(line: &str) {
    println!("{line}");
}

/// Prints a figure beside its goal.
fn report(what: &str, figure: &str, goal: &str, reached: bool) {
    say(&format!(
        "  {what:<46} {figure:>16}   goal {goal:<14} {}",
        if reached { "reached" } else { "MISSED" }
    ));
}

/// The middle one.
fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
