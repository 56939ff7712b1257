//! Owns the half of the table that is about what the banner says: its answers and its words.

use super::super::super::Rule;
use super::super::super::Severity::{Refuse, Warn};
use super::{Case, EN, case};

pub(super) const CASES: &[Case] = &[
    // Accept and Reject
    case(
        Rule::NoReject,
        Refuse,
        "texts.en.reject",
        &[(EN, "[texts.en]\nreject = \"Settings\"\n")],
        &[(EN, "[texts.en]\nreject = \"No, thanks\"\n")],
    ),
    case(
        Rule::NoReject,
        Refuse,
        "texts.en.reject",
        &[(EN, "[texts.en]\nreject = \"Manage\"\n")],
        &[(EN, "[texts.en]\nreject = \"Only necessary\"\n")],
    ),
    case(
        Rule::MisleadingAction,
        Refuse,
        "texts.en.reject",
        &[(EN, "[texts.en]\nreject = \"Allow\"\n")],
        &[(EN, "[texts.en]\nreject = \"Do not allow\"\n")],
    ),
    case(
        Rule::MisleadingAction,
        Refuse,
        "texts.en.reject",
        &[(EN, "[texts.en]\nreject = \"Accept all\"\n")],
        &[(EN, "[texts.en]\nreject = \"Accept only necessary\"\n")],
    ),
    case(
        Rule::MisleadingAction,
        Refuse,
        "texts.en.accept",
        &[(EN, "[texts.en]\naccept = \"No, continue\"\n")],
        &[(EN, "[texts.en]\naccept = \"Accept everything\"\n")],
    ),
    case(
        Rule::MisleadingAction,
        Refuse,
        "texts.en.close",
        &[(EN, "[texts.en]\nclose = \"Accept and close\"\n")],
        &[(EN, "[texts.en]\nclose = \"Close without accepting\"\n")],
    ),
    case(
        Rule::MisleadingAction,
        Refuse,
        "texts.en.manage",
        &[(EN, "[texts.en]\nmanage = \"Accept and choose\"\n")],
        &[(EN, "[texts.en]\nmanage = \"Choose what you allow\"\n")],
    ),
    case(
        Rule::MisleadingAction,
        Refuse,
        "texts.en.save",
        &[(EN, "[texts.en]\nsave = \"Accept all\"\n")],
        &[(EN, "[texts.en]\nsave = \"Accept selection\"\n")],
    ),
    case(
        Rule::UnequalButtons,
        Refuse,
        "texts.en.accept",
        &[(EN, "[texts.en]\naccept = \"ACCEPT ALL\"\n")],
        &[(EN, "[texts.en]\naccept = \"ACCEPT ALL\"\nreject = \"REJECT ALL\"\n")],
    ),
    case(
        Rule::UnequalButtons,
        Refuse,
        "texts.en.accept",
        &[(EN, "[texts.en]\naccept = \"✓ Accept all\"\n")],
        &[(EN, "[texts.en]\naccept = \"Accept “all”\"\n")],
    ),
    case(
        Rule::UnequalButtons,
        Warn,
        "texts.en.accept",
        &[(EN, "[texts.en]\naccept = \"Accept everything that this page has\"\n")],
        &[(EN, "[texts.en]\naccept = \"Accept everything here\"\n")],
    ),
    case(
        Rule::LongerThanNecessary,
        Refuse,
        "texts.en.reject",
        &[(EN, "[texts.en]\nreject = \"Reject whatever is optional on this site\"\n")],
        &[(EN, "[texts.en]\nreject = \"Reject what is optional\"\n")],
    ),
    case(
        Rule::DeceptiveSnugness,
        Refuse,
        "texts.en.accept",
        &[(EN, "[texts.en]\naccept = \"Accept all (recommended)\"\n")],
        &[(EN, "[texts.en]\naccept = \"Accept all\"\n")],
    ),
    case(
        Rule::EmotionalSteering,
        Refuse,
        "texts.en.reject",
        &[(EN, "[texts.en]\nreject = \"No, I hate discounts\"\n")],
        &[(EN, "[texts.en]\nreject = \"No\"\n")],
    ),
    case(
        Rule::EmotionalSteering,
        Warn,
        "texts.en.title",
        &[(EN, "[texts.en]\ntitle = \"We are sorry to ask\"\n")],
        &[(EN, "[texts.en]\ntitle = \"A question\"\n")],
    ),
    case(
        Rule::LookOverThere,
        Refuse,
        "texts.en.title",
        &[(EN, "[texts.en]\ntitle = \"Freshly baked cookies\"\n")],
        &[(EN, "[texts.en]\ntitle = \"Cookies\"\n")],
    ),
    case(
        Rule::LookOverThere,
        Warn,
        "texts.en.title",
        &[(EN, "[texts.en]\ntitle = \"Cookies 🍪\"\n")],
        &[(EN, "[texts.en]\ntitle = \"Cookies – your choice\"\n")],
    ),
    case(
        Rule::ContinuousPrompting,
        Refuse,
        "texts.en.saved",
        &[(EN, "[texts.en]\nsaved = \"Saved. Are you sure?\"\n")],
        &[(EN, "[texts.en]\nsaved = \"Saved. You can change it at any time.\"\n")],
    ),
    case(
        Rule::PreTicked,
        Refuse,
        "texts.en.body",
        &[("body = \"May we", "body = \"By continuing you agree. May we")],
        &[("body = \"May we", "body = \"Nothing is on before you say so. May we")],
    ),
    case(
        Rule::AmbiguousWording,
        Warn,
        "texts.en.accept",
        &[(EN, "[texts.en]\naccept = \"Got it\"\n")],
        &[(EN, "[texts.en]\naccept = \"OK, accept all\"\n")],
    ),
];
