//! Owns overriding: a refusal is published only with a reason of its own, in writing, and no reason stands for nothing.
//! Refuses to keep the reasons; publishing does.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Finding, Rule, Severity};

/// How long a reason is at least, in letters. Shorter ones say nothing.
pub const SHORTEST_REASON: usize = 20;

/// Why something is published although a rule refuses it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// The rule that refuses.
    pub rule: Rule,
    /// The place that it refuses, as the finding has it.
    pub at: String,
    /// Why it is right here, in a sentence.
    pub reason: String,
}

/// A refusal that was overridden, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Overridden {
    /// What the rule found.
    pub finding: Finding,
    /// Why it is published all the same.
    pub reason: String,
}

/// What may be published.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Accepted {
    /// What is worth a look.
    pub warnings: Vec<Finding>,
    /// What was overridden.
    pub overridden: Vec<Overridden>,
}

/// Holds what was found against what the operator answers for.
///
/// # Errors
/// Every refusal that no good reason answers, and every override that nothing needs.
pub fn judge(findings: Vec<Finding>, overrides: &[Override]) -> Result<Accepted, Vec<Finding>> {
    let mut accepted = Accepted::default();
    let mut refused = Vec::new();
    let mut needed = vec![false; overrides.len()];
    for finding in findings {
        let own = overrides.iter().position(|own| own.rule == finding.rule && own.at == finding.at);
        match (finding.severity, own) {
            (Severity::Warn, _) => accepted.warnings.push(finding),
            (Severity::Refuse, None) => refused.push(finding),
            (Severity::Refuse, Some(at)) => {
                needed[at] = true;
                let reason = overrides[at].reason.trim();
                if reason.chars().count() < SHORTEST_REASON {
                    let message = format!(
                        "{} The override's reason is shorter than {SHORTEST_REASON} letters: say in a sentence why it is right here.",
                        finding.message
                    );
                    refused.push(Finding { message, ..finding });
                } else {
                    accepted.overridden.push(Overridden { finding, reason: reason.to_owned() });
                }
            }
        }
    }
    for (own, needed) in overrides.iter().zip(needed) {
        if !needed {
            refused.push(Finding {
                rule: own.rule,
                severity: Severity::Refuse,
                at: own.at.clone(),
                message: format!("Nothing at `{}` needs this override. Leave it out.", own.at),
                source: "GDPR art. 5(2): a reason must answer something",
            });
        }
    }
    if refused.is_empty() { Ok(accepted) } else { Err(refused) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(rule: Rule, severity: Severity, at: &str) -> Finding {
        Finding {
            rule,
            severity,
            at: at.to_owned(),
            message: "It is wrong.".to_owned(),
            source: rule.source(),
        }
    }

    fn own(rule: Rule, at: &str, reason: &str) -> Override {
        Override { rule, at: at.to_owned(), reason: reason.to_owned() }
    }

    const REASON: &str = "Our lawyers agreed on 2026-11-02.";

    #[test]
    fn each_refusal_needs_a_reason_of_its_own() {
        let found = || {
            vec![
                finding(Rule::NoReject, Severity::Refuse, "texts.en.reject"),
                finding(Rule::NoReject, Severity::Refuse, "texts.de.reject"),
                finding(Rule::PrivacyMaze, Severity::Warn, "privacy_policy"),
            ]
        };
        let at = |refused: Result<Accepted, Vec<Finding>>| {
            refused.unwrap_err().into_iter().map(|finding| finding.at).collect::<Vec<_>>()
        };
        assert_eq!(at(judge(found(), &[])), ["texts.en.reject", "texts.de.reject"]);
        let one = own(Rule::NoReject, "texts.en.reject", REASON);
        assert_eq!(at(judge(found(), std::slice::from_ref(&one))), ["texts.de.reject"]);
        let both = [one, own(Rule::NoReject, "texts.de.reject", REASON)];
        let accepted = judge(found(), &both).unwrap();
        assert_eq!((accepted.warnings.len(), accepted.overridden.len()), (1, 2));
        assert_eq!(accepted.overridden[0].reason, REASON);
    }

    #[test]
    fn a_reason_says_something() {
        let found = || vec![finding(Rule::NoReject, Severity::Refuse, "texts.en.reject")];
        let short = judge(found(), &[own(Rule::NoReject, "texts.en.reject", "  because of reasons  ")]);
        assert!(short.unwrap_err()[0].message.contains("shorter than 20 letters"));
    }

    #[test]
    fn an_override_that_nothing_needs_is_refused() {
        let warned = vec![finding(Rule::PrivacyMaze, Severity::Warn, "privacy_policy")];
        for own in
            [own(Rule::PrivacyMaze, "privacy_policy", REASON), own(Rule::NoReject, "texts.en.reject", REASON)]
        {
            let refused = judge(warned.clone(), std::slice::from_ref(&own)).unwrap_err();
            assert!(refused[0].message.contains("needs this override"), "{refused:?}");
        }
        assert!(judge(warned, &[]).is_ok());
    }
}
