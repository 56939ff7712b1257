//! Owns `assent notice lint`: files in, what regulators would refuse out, and an exit status for CI.
//! Refuses a database, the network and settings: a notice file says everything that is judged.

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::{Finding, Override, Rule, Severity, judge, lint, place};
use crate::notices::file::NoticeFile;
use crate::notices::notice;

/// What to look at, and how it is told.
#[derive(Debug, Args)]
pub struct LintArguments {
    /// The notice files (TOML); - reads one from standard input
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// How the findings are written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Let warnings count as refusals
    #[arg(long)]
    strict: bool,
    /// Let a rule pass although it refuses, and why (at least 20 letters); RULE@KEY=REASON for one place only
    #[arg(long = "override", value_name = "RULE=REASON", value_parser = overriding)]
    overrides: Vec<Overriding>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
    /// For GitHub Actions: each finding at its line
    Github,
}

/// A reason for a rule, wherever it refuses or in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overriding {
    rule: Rule,
    at: Option<String>,
    reason: String,
}

/// Reads `RULE=REASON` or `RULE@KEY=REASON`.
///
/// # Errors
/// When there is no such rule, or no reason.
pub fn overriding(text: &str) -> Result<Overriding, String> {
    let (what, reason) = text.split_once('=').ok_or("write RULE=REASON or RULE@KEY=REASON")?;
    let (rule, at) = match what.split_once('@') {
        Some((rule, at)) => (rule, Some(at.to_owned())),
        None => (what, None),
    };
    Ok(Overriding { rule: rule.parse()?, at, reason: reason.to_owned() })
}

impl Overriding {
    /// The overrides that reasons stand for: one without a place answers all that its rule refuses.
    #[must_use]
    pub fn all(reasons: &[Self], findings: &[Finding]) -> Vec<Override> {
        let mut overrides = Vec::new();
        for Self { rule, at, reason } in reasons {
            let own = |at: &str| Override { rule: *rule, at: at.to_owned(), reason: reason.clone() };
            match at {
                Some(at) => overrides.push(own(at)),
                None => {
                    let refused =
                        |finding: &&Finding| finding.rule == *rule && finding.severity == Severity::Refuse;
                    overrides.extend(findings.iter().filter(refused).map(|finding| own(&finding.at)));
                }
            }
        }
        overrides
    }
}

/// What is said of one file.
#[derive(Debug, Serialize)]
struct Report {
    file: String,
    /// Why it cannot be published at all.
    broken: Option<String>,
    findings: Vec<Located>,
    /// What was refused and has its reason.
    #[serde(skip)]
    overridden: usize,
}

#[derive(Debug, Serialize)]
struct Located {
    line: usize,
    #[serde(flatten)]
    finding: Finding,
}

impl LintArguments {
    /// Looks at every file. The status is 1 if one of them would be refused, or warned of where that counts; else 0.
    ///
    /// # Panics
    /// Never: a report is plain data.
    #[must_use]
    pub fn run(&self) -> ExitCode {
        let reports: Vec<_> = self.files.iter().map(|file| self.look(file)).collect();
        let text = match self.format {
            Format::Text => text(&reports),
            Format::Json => serde_json::to_string_pretty(&reports).expect("a report is plain data") + "\n",
            Format::Github => github(&reports),
        };
        // A reader that left is no reason to fail.
        let _ = io::stdout().write_all(text.as_bytes());
        let counts = |finding: &Located| self.strict || finding.finding.severity == Severity::Refuse;
        let refused =
            reports.iter().any(|report| report.broken.is_some() || report.findings.iter().any(counts));
        ExitCode::from(u8::from(refused))
    }

    fn look(&self, file: &Path) -> Report {
        let name =
            if file == Path::new("-") { "standard input".to_owned() } else { file.display().to_string() };
        let broken = |reason: String| Report {
            file: name.clone(),
            broken: Some(reason),
            findings: vec![],
            overridden: 0,
        };
        let text = match read(file) {
            Ok(text) => text,
            Err(error) => return broken(format!("It cannot be read: {error}.")),
        };
        let parsed = match NoticeFile::read(&text) {
            Ok(parsed) => parsed,
            Err(error) => return broken(error),
        };
        let findings = lint(&parsed);
        let overrides = Overriding::all(&self.overrides, &findings);
        let (findings, overridden) = match judge(findings.clone(), &overrides) {
            Ok(accepted) => (accepted.warnings, accepted.overridden.len()),
            Err(refused) => {
                let warnings = findings.into_iter().filter(|finding| finding.severity == Severity::Warn);
                (refused.into_iter().chain(warnings).collect(), 0)
            }
        };
        let located = |finding: Finding| Located { line: place::line(&text, &finding.at), finding };
        Report {
            broken: notice(parsed).err(),
            findings: findings.into_iter().map(located).collect(),
            file: name,
            overridden,
        }
    }
}

fn read(file: &Path) -> io::Result<String> {
    if file != Path::new("-") {
        return std::fs::read_to_string(file);
    }
    let mut text = String::new();
    io::stdin().read_to_string(&mut text).map(|_| text)
}

fn text(reports: &[Report]) -> String {
    let mut text = String::new();
    for Report { file, broken, findings, overridden } in reports {
        if let Some(reason) = broken {
            let _ = writeln!(text, "{file}: broken, so it cannot be published.");
            for line in reason.trim_end().lines() {
                let _ = writeln!(text, "  {line}");
            }
            text.push('\n');
        }
        for Located { line, finding } in findings {
            let Finding { rule, severity, at, message, source } = finding;
            let weight = if *severity == Severity::Refuse { "refused" } else { "warning" };
            let _ = writeln!(text, "{file}:{line}: {weight}: {rule} at {at}\n  {message}\n  ({source})\n");
        }
        let count = |severity| findings.iter().filter(|own| own.finding.severity == severity).count();
        let (refused, warned) = (count(Severity::Refuse), count(Severity::Warn));
        let overridden = if *overridden > 0 { format!(", {overridden} overridden") } else { String::new() };
        let _ = match (broken, refused, warned) {
            (None, 0, 0) => writeln!(text, "{file}: nothing to refuse{overridden}."),
            _ => writeln!(text, "{file}: {refused} refused, {}{overridden}.", plural(warned, "warning")),
        };
    }
    text
}

fn plural(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// The workflow commands of GitHub Actions, with the escapes that they want.
fn github(reports: &[Report]) -> String {
    let data = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
    let mut text = String::new();
    for Report { file, broken, findings, .. } in reports {
        let file = property(file);
        if let Some(reason) = broken {
            let _ = writeln!(text, "::error file={file},title=broken::{}", data(reason.trim_end()));
        }
        for Located { line, finding } in findings {
            let kind = if finding.severity == Severity::Refuse { "error" } else { "warning" };
            let said = data(&format!("{} ({})\n{}", finding.message, finding.at, finding.source));
            let _ = writeln!(text, "::{kind} file={file},line={line},title={}::{said}", finding.rule);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEMO: &str = include_str!("../../../../examples/demo/notice.toml");

    fn look(text: &str, overrides: &[&str]) -> Report {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("notice.toml");
        std::fs::write(&file, text).unwrap();
        let overrides = overrides.iter().map(|own| overriding(own).unwrap()).collect();
        LintArguments { files: vec![], format: Format::Text, strict: false, overrides }.look(&file)
    }

    fn bad() -> String {
        let text = DEMO.replace("[texts.en]\n", "[texts.en]\nreject = \"Fine\"\n");
        assert_ne!(text, DEMO);
        text
    }

    #[test]
    fn the_demo_is_clean() {
        let report = look(DEMO, &[]);
        assert_eq!((report.broken, report.findings.len()), (None, 0), "{:?}", report.findings);
    }

    #[test]
    fn a_finding_is_told_at_its_line() {
        let report = Report { file: "a,b.toml".to_owned(), ..look(&bad(), &[]) };
        let line = 1 + bad().lines().position(|line| line.starts_with("reject")).unwrap();
        let told = text(std::slice::from_ref(&report));
        assert!(
            told.starts_with(&format!("a,b.toml:{line}: refused: no_reject at texts.en.reject\n")),
            "{told}"
        );
        assert!(told.ends_with("a,b.toml: 1 refused, 0 warnings.\n"), "{told}");
        let told = github(std::slice::from_ref(&report));
        assert!(
            told.starts_with(&format!("::error file=a%2Cb.toml,line={line},title=no_reject::")),
            "{told}"
        );
        assert_eq!(told.lines().count(), 1, "what is broken into lines is escaped");
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["findings"][0]["rule"], "no_reject");
        assert_eq!(json["findings"][0]["line"], line);
    }

    #[test]
    fn a_rule_passes_with_a_reason_and_no_reason_stands_for_nothing() {
        let reason = "no_reject=Our shop in Utopia has another law.";
        let report = look(&bad(), &[reason]);
        assert_eq!((report.findings.len(), report.overridden), (0, 1), "{:?}", report.findings);
        assert_eq!(look(&bad(), &["no_reject=Because."]).findings.len(), 1);
        assert_eq!(
            look(DEMO, &["no_reject@texts.en.reject=Our shop in Utopia has another law."]).findings.len(),
            1
        );
        assert!(overriding("no_reject").is_err() && overriding("nothing=at all").is_err());
    }

    #[test]
    fn what_is_broken_says_so() {
        assert!(look("a = [", &[]).broken.is_some());
        let missing = look(&DEMO.replace("retention = \"30 days\"\n", ""), &[]);
        assert!(missing.broken.unwrap().contains("does not say `retention`"));
    }
}
