//! Owns the linter: what regulators refuse in a notice, by the names that they gave it, each with the place and the way out.
//! Refuses what is broken to `notices.rs`; what is found here may be overridden, with a written reason.

mod buttons;
mod command;
mod cookies;
mod judge;
mod languages;
mod looks;
mod parties;
mod place;
mod purposes;
#[cfg(test)]
mod tests;
mod words;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::command::{LintArguments, Overriding, overriding};
pub use self::judge::{Accepted, Overridden, Override, SHORTEST_REASON, judge};
use super::file::NoticeFile;

/// Declares the rules: name, what it is called, who says so.
macro_rules! rules {
    ($($(#[$doc:meta])* $rule:ident = $name:literal, $source:literal;)*) => {
        /// A practice that regulators refuse.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        pub enum Rule {
            $($(#[$doc])* #[serde(rename = $name)] $rule,)*
        }

        impl Rule {
            /// Every rule.
            pub const ALL: &[Self] = &[$(Self::$rule),*];

            /// Its name in files, commands and the API.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$rule => $name,)* }
            }

            /// Who calls it so, and where.
            #[must_use]
            pub fn source(self) -> &'static str {
                match self { $(Self::$rule => $source,)* }
            }
        }
    };
}

rules! {
    /// It is not clear what is meant.
    AmbiguousWording = "ambiguous_wording", "EDPB Guidelines 03/2022, Left in the dark: ambiguous wording; GDPR art. 4(11), 5(1)(b)";
    /// Two things said contradict each other.
    ConflictingInformation = "conflicting_information", "EDPB Guidelines 03/2022, Left in the dark: conflicting information";
    /// Who has answered is asked again.
    ContinuousPrompting = "continuous_prompting", "EDPB Guidelines 03/2022, Overloading: continuous prompting";
    /// The way ends before what it leads to.
    DeadEnd = "dead_end", "EDPB Guidelines 03/2022, Obstructing: dead end; GDPR art. 13(1)(a)";
    /// What is most invasive is made the comfortable answer.
    DeceptiveSnugness = "deceptive_snugness", "EDPB Guidelines 03/2022, Skipping: deceptive snugness; GDPR art. 25(2)";
    /// Something stands where nobody looks for it.
    Decontextualising = "decontextualising", "EDPB Guidelines 03/2022, Fickle: decontextualising; GDPR art. 5(1)(b)";
    /// Feelings decide instead of information.
    EmotionalSteering = "emotional_steering", "EDPB Guidelines 03/2022, Stirring: emotional steering";
    /// It is there, and cannot be seen.
    HiddenInPlainSight = "hidden_in_plain_sight", "EDPB Guidelines 03/2022, Stirring: hidden in plain sight; Cookie Banner Taskforce §§32-35";
    /// The same thing looks different in another place.
    InconsistentInterface = "inconsistent_interface", "EDPB Guidelines 03/2022, Fickle: inconsistent interface";
    /// Too much at once, without order.
    LackingHierarchy = "lacking_hierarchy", "EDPB Guidelines 03/2022, Fickle: lacking hierarchy; GDPR art. 12(1)";
    /// A language ends where the information begins.
    LanguageDiscontinuity = "language_discontinuity", "EDPB Guidelines 03/2022, Fickle: language discontinuity; GDPR art. 12(1)";
    /// A ground on which nothing may be read or written on a device.
    LegitimateInterest = "legitimate_interest", "Cookie Banner Taskforce §24; ePrivacy Directive art. 5(3)";
    /// Kept for longer than regulators allow, browsers keep it, or the notice says.
    LifetimeOverLimit = "lifetime_over_limit", "GDPR art. 5(1)(e); CNIL 2020-092 §51 (13 months); AEPD guide on cookies (24 months); RFC 6265bis (400 days)";
    /// Saying no takes longer than saying yes.
    LongerThanNecessary = "longer_than_necessary", "EDPB Guidelines 03/2022, Obstructing: longer than necessary; GDPR art. 7(3)";
    /// Something else takes the attention.
    LookOverThere = "look_over_there", "EDPB Guidelines 03/2022, Skipping: look over there";
    /// Too little contrast to be read.
    LowContrast = "low_contrast", "Cookie Banner Taskforce §§17-18; WCAG 2.2, 1.4.3 and 1.4.11";
    /// A button does not do what it says.
    MisleadingAction = "misleading_action", "EDPB Guidelines 03/2022, Obstructing: misleading action";
    /// Called strictly necessary, and it is not, or nobody says why.
    MislabelledEssential = "mislabelled_essential", "Cookie Banner Taskforce §§26-29; ePrivacy Directive art. 5(3)";
    /// Nobody says who asks.
    MissingController = "missing_controller", "GDPR art. 4(11), 13(1)(a); EDPB Guidelines 05/2020, minimum content of information";
    /// The first layer has no word that refuses.
    NoReject = "no_reject", "Cookie Banner Taskforce §8; GDPR art. 7(3)";
    /// A yes that nobody gave.
    PreTicked = "pre_ticked", "Cookie Banner Taskforce §10; GDPR recital 32";
    /// What one must know is spread over many places.
    PrivacyMaze = "privacy_maze", "EDPB Guidelines 03/2022, Overloading: privacy maze; GDPR art. 12(1)";
    /// So many choices that nobody makes them.
    TooManyOptions = "too_many_options", "EDPB Guidelines 03/2022, Overloading: too many options";
    /// One answer stands out.
    UnequalButtons = "unequal_buttons", "Cookie Banner Taskforce §§14, 17-18; EDPB Guidelines 03/2022, Stirring";
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Rule {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.iter().copied().find(|rule| rule.as_str() == text).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|rule| rule.as_str()).collect();
            format!("there is no rule `{text}`; there are {}", known.join(", "))
        })
    }
}

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Published only with an [`Override`].
    Refuse,
    /// Worth a look.
    Warn,
}

/// What a rule found at one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Finding {
    /// Which rule.
    pub rule: Rule,
    /// How much it weighs.
    pub severity: Severity,
    /// The key as in the file, purposes by their ids and cookies by their names: `purposes.analytics.texts.en.description`.
    pub at: String,
    /// What is wrong, and what to do.
    pub message: String,
    /// Who says so.
    pub source: &'static str,
}

/// What regulators would refuse in a notice, what weighs most first.
#[must_use]
pub fn lint(file: &NoticeFile) -> Vec<Finding> {
    let mut found = Findings::default();
    parties::check(file, &mut found);
    looks::check(file, &mut found);
    buttons::check(file, &mut found);
    languages::check(file, &mut found);
    purposes::check(file, &mut found);
    cookies::check(file, &mut found);
    let mut findings = found.0;
    findings.sort_by(|one, other| {
        let key = |finding: &Finding| (finding.severity, finding.rule);
        key(one).cmp(&key(other)).then_with(|| one.at.cmp(&other.at))
    });
    findings.dedup_by(|one, other| (one.rule, &one.at) == (other.rule, &other.at));
    findings
}

/// What the checks have found so far.
#[derive(Debug, Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn refuse(&mut self, rule: Rule, at: impl Into<String>, message: impl Into<String>) {
        self.add(rule, Severity::Refuse, at.into(), message.into());
    }

    fn warn(&mut self, rule: Rule, at: impl Into<String>, message: impl Into<String>) {
        self.add(rule, Severity::Warn, at.into(), message.into());
    }

    fn add(&mut self, rule: Rule, severity: Severity, at: String, message: String) {
        self.0.push(Finding { rule, severity, at, message, source: rule.source() });
    }
}
