//! Owns the run of the repository's own rules: which files they see, and how a finding is told.
//! Refuses to know any single rule; those are in `checks/`.

mod layout;
mod walls;
mod words;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::cargo::workspace;
use crate::steps::Tally;

/// A text file of the repository, its path relative to the root and with `/`.
pub(crate) struct File {
    path: String,
    text: String,
}

impl File {
    fn is(&self, extension: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|own| own == extension)
    }
}

/// What a rule finds: one message for each place, each saying what to do.
type Rule = fn(&[File]) -> Vec<String>;

/// Every rule, under the sentence that it holds.
const RULES: [(&str, Rule); 11] = [
    ("no file is longer than 400 lines", layout::short_files),
    ("every module says what it owns", layout::module_sentences),
    ("both databases have the same migrations", layout::paired_migrations),
    ("every dependency has its reason", layout::argued_dependencies),
    ("only the store contains SQL", walls::sql),
    ("only error.rs names status codes", walls::status_codes),
    ("only clock.rs reads the clock", walls::clock),
    ("only config.rs reads the environment", walls::environment),
    ("the vocabulary does no I/O", walls::vocabulary),
    ("the widget's reducer is pure", walls::reducer),
    ("public names use the glossary's words", words::glossary),
];

/// Folders that hold nothing of ours.
const FOREIGN: [&str; 4] = ["target", "data", "node_modules", ".git"];

/// What the rules look at.
const EXTENSIONS: [&str; 7] = ["rs", "js", "ts", "css", "html", "sql", "toml"];

/// Runs all rules and prints what they find.
pub(crate) fn run() -> Tally {
    let mut files = Vec::new();
    if let Err(error) = collect(workspace(), workspace(), &mut files) {
        println!("{error:#}");
        return Tally::FAILED;
    }
    let mut tally = Tally::default();
    for (sentence, rule) in RULES {
        let findings = rule(&files);
        if findings.is_empty() {
            tally.passed += 1;
            continue;
        }
        tally.failed += 1;
        println!("broken: {sentence}");
        for finding in findings {
            println!("  {finding}");
        }
    }
    tally
}

/// The rules as a task of their own.
pub(crate) fn check() -> Result<()> {
    let tally = run();
    println!("{} rules hold, {} are broken", tally.passed, tally.failed);
    if tally.failed > 0 {
        bail!("not every rule holds");
    }
    Ok(())
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<File>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            if !FOREIGN.contains(&name.as_ref()) {
                collect(root, &path, files)?;
            }
        } else if EXTENSIONS.iter().any(|extension| path.extension().is_some_and(|own| own == *extension)) {
            let text =
                fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let relative = path.strip_prefix(root).unwrap_or(&path);
            let path = relative.to_string_lossy().replace('\\', "/");
            files.push(File { path, text });
        }
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(())
}

/// Lines of code with their numbers, counted from 1; whole-line comments may name whatever they refuse.
fn code(file: &File) -> impl Iterator<Item = (usize, &str)> {
    file.text
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// A file for the rules' tests.
#[cfg(test)]
fn file(path: &str, text: &str) -> File {
    File { path: path.to_owned(), text: text.to_owned() }
}
