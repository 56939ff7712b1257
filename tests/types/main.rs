//! Owns the check of `widget/assent.d.ts` by TypeScript's own compiler: what a page may write, and what a receipt really is.
//! Refuses to be content with declarations that read well; the compiler's complaint is the failure's message.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use assent_shared::decision::{Decision, Method};
use assent_shared::receipt::Receipt;
use assent_tests::settings::Settings;
use libtest_mimic::{Arguments, Failed, Trial};

/// Holds the declarations against something by the compiler at a path.
type Check = fn(&Path) -> Result<()>;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let settings = match Settings::from_environment() {
        Ok(settings) => settings,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let Settings { typescript, ci, .. } = settings;
    if typescript.is_none() {
        eprintln!(
            "TypeScript is missing, so the API's types are not checked: `cargo xtask test` installs it"
        );
        if ci {
            return ExitCode::FAILURE;
        }
    }
    let checks: [(&str, Check); 2] =
        [("a_page_is_told_right_from_wrong", usage), ("receipts_have_exactly_the_declared_fields", receipts)];
    let trials = checks.map(|(name, check)| {
        let compiler = typescript.clone();
        let run = move || match &compiler {
            Some(compiler) => check(compiler).map_err(|error| Failed::from(format!("{error:#}"))),
            None => Err(Failed::from("TypeScript is missing")),
        };
        Trial::test(format!("types::{name}"), run).with_ignored_flag(typescript.is_none())
    });
    libtest_mimic::run(&arguments, trials.into()).exit_code()
}

fn usage(compiler: &Path) -> Result<()> {
    accepts(compiler, &types())
}

/// An object literal must have every declared field and no other, so this finds a field that only one side knows.
fn receipts(compiler: &Path) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text);
    let methods = [Method::AcceptAll, Method::RejectAll, Method::Custom, Method::Signal, Method::Withdraw];
    let mut script = String::new();
    for (number, method) in methods.into_iter().enumerate() {
        let sealed = receipt(method)?.canonical_json();
        writeln!(script, "export const receipt{number}: AssentReceipt = {sealed};")?;
    }
    write("receipts.ts", script)?;
    let declarations = types().join("../../widget/assent.d.ts");
    let project = serde_json::json!({
        "extends": types().join("tsconfig.json"),
        "files": [declarations, "receipts.ts"],
    });
    write("tsconfig.json", project.to_string())?;
    accepts(compiler, folder.path())
}

/// One that replaces another only where something is withdrawn, so that `null` is seen as well.
fn receipt(method: Method) -> Result<Receipt> {
    let replaced = (method == Method::Withdraw).then_some("0192f3a4-5b6c-7d8e-9f01-23456789abcc");
    let decision = Decision {
        id: "0192f3a4-5b6c-7d8e-9f01-23456789abcd".parse()?,
        visitor: "AAAAAAAAAAAAAAAAAAAAAA".parse()?,
        notice: 1,
        locale: "en".parse()?,
        choices: [("video".parse()?, method == Method::AcceptAll)].into(),
        method,
        layer: 1,
        gpc: method == Method::Signal,
        decided_at: 1,
        replaces: replaced.map(str::parse).transpose()?,
    };
    let origin = "https://demo.example".to_owned();
    Ok(Receipt::new(decision, "demo".parse()?, "ab".repeat(32), origin, "w1".to_owned(), 2))
}

/// The folder with the usage and its `tsconfig.json`.
fn types() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("types")
}

fn accepts(compiler: &Path, project: &Path) -> Result<()> {
    let mut tsc = Command::new(compiler);
    let output = tsc.arg("-p").arg(project).args(["--pretty", "false"]).output();
    let output = output.with_context(|| format!("{} could not start", compiler.display()))?;
    let said = [output.stdout, output.stderr].concat();
    ensure!(output.status.success(), "tsc refuses ({}):\n{}", output.status, String::from_utf8_lossy(&said));
    Ok(())
}
