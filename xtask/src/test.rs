//! Owns what `cargo xtask test` runs, and in which order: cheap checks first, browsers last.
//! Refuses to skip anything silently: what the machine lacks is named, and on CI it is a failure.

use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::cargo::{cargo, must_run, strict};
use crate::packages::{self, Machine};
use crate::postgres::Cluster;
use crate::steps::{Steps, Tally, run_tests};
use crate::{checks, wasm};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Leave out the browsers, Postgres, TypeScript and Schemathesis
    #[arg(long)]
    quick: bool,
    /// Run only tests whose name contains one of these, and none of the checks
    filter: Vec<String>,
}

/// The server has the widget's one side compiled, the browser the other; what reads the source should see both.
const ALL_SIDES: [&str; 1] = ["--all-features"];

/// Runs everything that `options` ask for; the last line that it prints is the counts.
pub(crate) fn test(options: &Options) -> ExitCode {
    let mut steps = Steps::default();
    let mut machine = Machine::default();
    if !options.quick {
        steps.step("packages", || {
            machine = packages::prepare();
            let missing = u32::try_from(machine.missing.len())?;
            Ok(if strict() {
                Tally { failed: missing, ..Tally::PASSED }
            } else {
                Tally { skipped: missing, ..Tally::PASSED }
            })
        });
        for missing in &machine.missing {
            steps.note(missing.clone());
        }
    }

    let everything = options.filter.is_empty();
    if everything {
        steps.step("rules", || Ok(checks::run()));
        steps.step("formatting", || check(cargo().args(["fmt", "--all", "--check"])));
    }
    // Before all that compiles the server, because the server embeds it.
    steps.step("widget", || wasm::build().map(|()| Tally::PASSED));
    if everything {
        steps.step("clippy", || {
            let mut clippy = cargo();
            clippy.args(["clippy", "--workspace", "--all-targets"]).args(ALL_SIDES);
            check(clippy.args(["--", "-D", "warnings"]))
        });
        steps.step("documentation", || {
            let mut doc = cargo();
            doc.args(["doc", "--workspace", "--no-deps", "--document-private-items"]).args(ALL_SIDES);
            check(doc.env("RUSTDOCFLAGS", "-D warnings"))
        });
    }

    let cluster = machine.postgres.as_deref().map(Cluster::start).transpose();
    if let Err(error) = &cluster {
        steps.step("postgresql", || Err(anyhow::anyhow!("{error:#}")));
    }
    let may_mount = may_mount();
    if !may_mount {
        steps.step("full and read-only disks", || Ok(Tally { skipped: 1, ..Tally::default() }));
        steps.note("the tests `mounted::` need the right to mount: run as root".to_owned());
    }
    steps.step("tests", || {
        let mut tests = cargo();
        tests.args(["test", "--no-fail-fast", "--workspace", "--exclude", "assent-tests"]);
        let mut filter = options.filter.clone();
        match &cluster {
            Ok(Some(cluster)) => {
                tests.env("ASSENT_TEST_POSTGRES_URL", cluster.url());
                // Some tests need a server of their own, which they stop, freeze and promote.
                tests.envs(machine.postgres.as_ref().map(|folder| ("ASSENT_TEST_POSTGRES_BINARIES", folder)));
            }
            // Their module has this name in every test file.
            _ => filter.extend(["--skip", "postgres::"].map(str::to_owned)),
        }
        if !may_mount {
            filter.extend(["--skip".to_owned(), "mounted::".to_owned()]);
        }
        match &machine.schemathesis {
            Some(program) => {
                tests.env("ASSENT_TEST_SCHEMATHESIS", program);
            }
            None => filter.extend(["--skip".to_owned(), "schemathesis::".to_owned()]),
        }
        if !machine.readers {
            filter.extend(["--skip".to_owned(), "packaging::tools::".to_owned()]);
        }
        run_tests(filtered(&mut tests, &filter))
    });
    drop(cluster);

    // Both in the whole workspace again, not the one package: other features would compile the server a second time.
    if machine.typescript {
        steps.step("types", || {
            let mut types = cargo();
            types.args(["test", "--workspace", "--test", "types"]);
            run_tests(filtered(&mut types, &options.filter))
        });
    }
    if !machine.engines.is_empty() {
        steps.step("browsers", || {
            let mut scenarios = cargo();
            scenarios.args(["test", "--workspace", "--test", "scenarios"]);
            scenarios.env("ASSENT_TEST_ENGINES", machine.engines.join(","));
            if let Some(driver) = &machine.geckodriver {
                scenarios.env("ASSENT_TEST_GECKODRIVER", driver);
            }
            run_tests(filtered(&mut scenarios, &options.filter))
        });
    }
    steps.finish()
}

/// Whether this user may make a disk of its own in memory.
fn may_mount() -> bool {
    Command::new("unshare").args(["--mount", "true"]).output().is_ok_and(|output| output.status.success())
}

/// A command that is one check: its exit status is the result.
fn check(command: &mut Command) -> Result<Tally> {
    must_run(command, "this check").map(|()| Tally::PASSED)
}

fn filtered<'a>(command: &'a mut Command, filter: &[String]) -> &'a mut Command {
    if !filter.is_empty() {
        command.arg("--").args(filter);
    }
    command
}
