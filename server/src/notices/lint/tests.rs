//! Owns what is expected of the linter: for each rule a notice that breaks it and a near miss that does not.

use std::collections::BTreeSet;

use assent_shared::Locale;

use super::*;
use crate::notices::read;

mod broken;

const DEMO: &str = include_str!("../../../../examples/demo/notice.toml");
const DOCUMENTED: &str = include_str!("../../../../docs/notices.md");
const SCENARIOS: &str = include_str!("../../../../tests/scenarios/notice.toml");

/// The demo's notice with something replaced.
fn demo(replaced: &[(&str, &str)]) -> NoticeFile {
    let mut text = DEMO.to_owned();
    for (from, to) in replaced {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    NoticeFile::read(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn finds(file: &NoticeFile, rule: Rule, at: &str) -> Option<Severity> {
    lint(file)
        .into_iter()
        .find(|finding| finding.rule == rule && finding.at == at)
        .map(|finding| finding.severity)
}

#[test]
fn every_rule_is_broken_by_one_notice_and_missed_by_another() {
    let (mut broken_rules, mut wrong) = (BTreeSet::new(), vec![]);
    for case in broken::cases() {
        let (broken, missed) = (demo(case.broken), demo(case.missed));
        if finds(&broken, case.rule, case.at) != Some(case.severity) {
            wrong.push(format!("{} is not broken by {:?}: {:#?}", case.rule, case.broken, lint(&broken)));
        }
        if finds(&missed, case.rule, case.at).is_some() {
            wrong.push(format!("{} is broken by {:?}", case.rule, case.missed));
        }
        broken_rules.insert(case.rule);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(broken_rules.len(), Rule::ALL.len(), "each rule has a case");
}

#[test]
fn the_notices_of_the_repository_are_clean() {
    for text in [DEMO, SCENARIOS] {
        let refused: Vec<_> = lint(&NoticeFile::read(text).unwrap())
            .into_iter()
            .filter(|finding| finding.severity == Severity::Refuse)
            .collect();
        assert!(refused.is_empty(), "{refused:#?}");
    }
    assert_eq!(lint(&NoticeFile::read(DEMO).unwrap()), [], "the example warns of nothing either");
}

#[test]
fn the_built_in_words_break_no_rule_in_any_language() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/locales");
    let mut languages = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let tag = file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned();
        let mut file = demo(&[("[texts.en]\nbody = ", "[texts.en]\n# ")]);
        let locale: Locale = tag.parse().unwrap();
        file.default_locale = locale.clone();
        file.texts = [(locale.clone(), [].into())].into();
        for purpose in &mut file.purposes {
            let texts = purpose.texts.values().next().unwrap().clone();
            purpose.texts = [(locale.clone(), texts)].into();
        }
        assert_eq!(lint(&file), [], "{tag}");
        languages += 1;
    }
    assert!(languages > 40);
}

#[test]
fn rules_are_read_as_they_are_written() {
    for rule in Rule::ALL {
        assert_eq!(rule.to_string().parse(), Ok(*rule));
        assert_eq!(serde_json::to_value(rule).unwrap(), rule.as_str());
        assert!(!rule.source().is_empty());
        assert!(DOCUMENTED.contains(&format!("\n| `{rule}` |")), "docs/notices.md does not tell of {rule}");
    }
    assert!("nothing".parse::<Rule>().unwrap_err().contains("no_reject"));
}

#[test]
fn an_empty_draft_is_told_what_it_lacks_and_breaks_nothing() {
    let file = NoticeFile::read("default_locale = \"cy\"\ntexts.cy = {}\npurposes = []").unwrap();
    let findings = lint(&file);
    assert!(findings.iter().any(|finding| finding.rule == Rule::MissingController));
    assert!(findings.is_sorted_by_key(|finding| finding.severity), "what weighs most comes first");
    assert!(read("default_locale = \"cy\"\ntexts.cy = {}\npurposes = []").is_err());
}
