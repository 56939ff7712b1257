//! Owns the table: for each rule what breaks it in the demo's notice, and what only looks like it.

mod answers;
mod declared;

use super::super::{Rule, Severity};

pub(super) struct Case {
    pub(super) rule: Rule,
    pub(super) severity: Severity,
    pub(super) at: &'static str,
    pub(super) broken: &'static [(&'static str, &'static str)],
    pub(super) missed: &'static [(&'static str, &'static str)],
}

type Replaced = &'static [(&'static str, &'static str)];

const fn case(rule: Rule, severity: Severity, at: &'static str, broken: Replaced, missed: Replaced) -> Case {
    Case { rule, severity, at, broken, missed }
}

const EN: &str = "[texts.en]\n";
const ANALYTICS: &str = "id = \"analytics\"\n";
const COUNTS: &str = "Counts visits and shows us which pages are useful.";

/// The whole table.
pub(super) fn cases() -> impl Iterator<Item = &'static Case> {
    answers::CASES.iter().chain(declared::CASES)
}
