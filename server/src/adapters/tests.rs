//! Owns what is expected of adapters in a notice file: the built-in ones as their vendors document them, and every refusal.

use super::*;
use crate::notices::read;

const DEMO: &str = include_str!("../../../examples/demo/notice.toml");

/// The adapters of the demo notice, whose purposes are `necessary`, `analytics` and `video`, with `added` to it.
fn adapters(added: &str) -> Result<Vec<Adapter>, String> {
    read(&format!("{DEMO}\n{added}")).map(|notice| notice.adapters)
}

fn refused(added: &str) -> String {
    adapters(added).unwrap_err()
}

#[test]
fn nothing_is_told_unless_the_notice_wants_it() {
    assert!(adapters("").unwrap().is_empty());
}

#[test]
fn every_built_in_adapter_stands_when_its_purposes_are_there() {
    let notice = DEMO.replace("id = \"video\"", "id = \"marketing\"");
    for name in BUILT_IN.keys() {
        let notice = read(&format!("{notice}\n[adapters.{name}]\n")).unwrap();
        assert_eq!(notice.adapters[0].name, *name);
        let bytes = notice.canonical_json();
        assert_eq!(serde_json::from_str::<assent_shared::Notice>(&bytes).unwrap(), notice);
    }
    assert_eq!(BUILT_IN.len(), 8);
}

#[test]
fn a_purpose_that_the_notice_lacks_leaves_its_states_denied() {
    let [google] = adapters("[adapters.google]").unwrap().try_into().unwrap();
    assert_eq!(google.by, By::Arguments);
    assert_eq!(google.states["analytics_storage"], ["analytics".parse().unwrap()]);
    assert!(google.states["ad_storage"].is_empty() && google.states["personalization_storage"].is_empty());
    assert_eq!(google.fixed["wait_for_update"], Argument::Integer(500));
    let written = serde_json::to_string(&google.calls).unwrap();
    assert_eq!(
        written,
        r#"{"default":["consent","default","$states"],"update":["consent","update","$states"]}"#
    );
}

#[test]
fn a_field_that_is_given_replaces_the_built_in_one() {
    let added = "[adapters.google]\nglobal = \"layer2\"\nfixed = {}\nstates = { ad_storage = [\"analytics\", \"video\"] }";
    let [google] = adapters(added).unwrap().try_into().unwrap();
    assert_eq!((google.global.as_str(), google.states.len()), ("layer2", 1));
    assert_eq!(google.states["ad_storage"].len(), 2);
    assert!(google.fixed.is_empty() && google.calls.default.is_some(), "what is not given stays");
}

#[test]
fn a_script_that_is_not_built_in_is_described_in_full() {
    let added = "[adapters.ours]\nglobal = \"$ours_1\"\nby = \"method\"\npurposes = [\"video\"]\n\
        calls.granted = [\"allow\", { level = 2, deep = [true] }]";
    let [ours] = adapters(added).unwrap().try_into().unwrap();
    assert_eq!(ours.purposes, ["video".parse().unwrap()]);
    assert!(refused("[adapters.ours]\nby = \"items\"").ends_with("so it needs global."));
    assert!(refused("[adapters.ours]\nglobal = \"ours\"").ends_with("so it needs by."));
    assert!(
        refused("[adapters.ours]\nglobal = \"ours\"\nby = \"items\"")
            .contains("at least one of calls.default")
    );
}

#[test]
fn events_come_after_states() {
    let names: Vec<String> = adapters("[adapters.data_layer]\n[adapters.google]\n[adapters.matomo]")
        .unwrap()
        .into_iter()
        .map(|adapter| adapter.name)
        .collect();
    assert_eq!(names, ["google", "data_layer", "matomo"]);
}

#[test]
fn what_would_not_do_what_it_says_is_refused() {
    assert_eq!(
        read(
            &DEMO
                .replace("id = \"analytics\"", "id = \"counting\"")
                .replace("[controller]", "[adapters.google]\n[controller]")
        )
        .unwrap_err(),
        "adapters.google: none of the purposes it knows is in this notice. Say which: states = { … }."
    );
    assert_eq!(
        refused("[adapters.meta]"),
        "adapters.meta: none of the purposes it knows is in this notice. Say which: purposes = [ … ]."
    );
    assert_eq!(
        refused("[adapters.meta]\npurposes = [\"ads\"]"),
        "adapters.meta: `ads` is not an optional purpose of this notice."
    );
    assert_eq!(
        refused("[adapters.google]\nstates = { ad_storage = [\"necessary\"] }"),
        "adapters.google: `necessary` is not an optional purpose of this notice."
    );
    assert_eq!(
        refused("[adapters.google]\nfixed = { analytics_storage = \"granted\" }"),
        "adapters.google: `analytics_storage` is a state, so it cannot be fixed too."
    );
    for (added, says) in [
        ("fixed = { wait = 0.5 }", "fixed: 0.5 is not a whole number"),
        ("fixed = { wait = [9007199254740992] }", "more than JavaScript counts exactly"),
        ("fixed = { since = 2026-11-21 }", "fixed: 2026-11-21 is a time"),
        ("fixed = { \"größe\" = 1 }", "letters other than those of ASCII"),
        ("states = { \"größe\" = [\"analytics\"] }", "letters other than those of ASCII"),
        ("global = \"data-layer\"", "is no name of a global variable"),
        ("global = \"\"", "is no name of a global variable"),
        ("global = \"1st\"", "is no name of a global variable"),
        ("calls.update = []", "calls.update is empty"),
        ("calls.update = [\"x\", 1.0]", "calls.update: 1 is not a whole number"),
        ("calls.update = [\"x\"]", "no call says $states"),
        ("calls.granted = [\"x\", \"$states\"]\nfixed = { a = 1 }", "follow purposes"),
        ("calls.update = [\"x\", \"$states\"]", "fixed joins the $states"),
        ("by = \"method\"\ncalls.update = [1, \"$states\"]", "begins with the method's name"),
        ("by = \"magic\"", "unknown variant"),
        ("calls.later = [\"x\"]", "unknown variant"),
        ("colour = \"red\"", "unknown field"),
    ] {
        let error = refused(&format!("[adapters.google]\n{added}"));
        assert!(error.contains(says), "{added}: {error}");
    }
}
