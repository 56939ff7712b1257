//! Owns the table: for each rule what breaks it in the demo's notice, and what only looks like it.

use super::super::Severity::{Refuse, Warn};
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
    // Purposes
    case(
        Rule::AmbiguousWording,
        Refuse,
        "purposes.analytics.texts.en.description",
        &[(COUNTS, "To improve your experience.")],
        &[(COUNTS, "Counts visits of each page.")],
    ),
    case(
        Rule::AmbiguousWording,
        Warn,
        "purposes.analytics.texts.en.description",
        &[(COUNTS, "Counts visits of each page for marketing purposes.")],
        &[(COUNTS, "Counts visits of each page to see which posters work.")],
    ),
    case(
        Rule::AmbiguousWording,
        Refuse,
        "purposes.analytics.texts.en.description",
        &[(COUNTS, "Analytics.")],
        &[(COUNTS, "Counts how often pages are read.")],
    ),
    case(
        Rule::AmbiguousWording,
        Warn,
        "purposes.analytics.texts.en.description",
        &[(COUNTS, "Counts visits.")],
        &[(COUNTS, "Counts visits each day.")],
    ),
    case(
        Rule::AmbiguousWording,
        Refuse,
        "purposes.analytics.recipients",
        &[("[\"Example Analytics Ltd\"]", "[\"Third parties\"]")],
        &[("[\"Example Analytics Ltd\"]", "[\"Our partners Ann Ltd\"]")],
    ),
    case(
        Rule::AmbiguousWording,
        Warn,
        "purposes.analytics.retention",
        &[("\"14 months\"", "\"as long as necessary\"")],
        &[("\"14 months\"", "\"until the account is closed\"")],
    ),
    case(
        Rule::PreTicked,
        Refuse,
        "purposes.analytics.texts.en.description",
        &[(COUNTS, "Counts visits, and is enabled by default.")],
        &[(COUNTS, "Counts visits, and is never on before a yes.")],
    ),
    case(
        Rule::LegitimateInterest,
        Refuse,
        "purposes.analytics.texts.en.description",
        &[(COUNTS, "Counts visits, which is our legitimate interest.")],
        &[(COUNTS, "Counts visits, which is interesting for us.")],
    ),
    case(
        Rule::LegitimateInterest,
        Refuse,
        "purposes.necessary.legal_basis",
        &[("\"contract\"", "\"legitimate_interest\"")],
        &[("\"contract\"", "\"legal_obligation\"")],
    ),
    case(
        Rule::MislabelledEssential,
        Refuse,
        "purposes.necessary.necessity",
        &[("necessity = ", "# ")],
        &[("necessity = ", "necessity = ")],
    ),
    case(
        Rule::MislabelledEssential,
        Refuse,
        "purposes.necessary.cookies._ga",
        &[("name = \"shop\"", "name = \"_ga\"")],
        &[("name = \"shop\"", "name = \"_gate\"")],
    ),
    case(
        Rule::MislabelledEssential,
        Refuse,
        "purposes.necessary.essential",
        &[("essential = true", "essential = true\npurpose_types = [\"dpv:Marketing\"]")],
        &[("essential = true", "essential = true\npurpose_types = [\"dpv:EnforceSecurity\"]")],
    ),
    case(
        Rule::MislabelledEssential,
        Warn,
        "purposes.necessary.texts.en.description",
        &[("Keeps your basket and", "Counts for advertising and")],
        &[("Keeps your basket and", "Keeps what you chose and")],
    ),
    case(
        Rule::ConflictingInformation,
        Refuse,
        "purposes.necessary.legal_basis",
        &[("\"contract\"", "\"consent\"")],
        &[("\"contract\"", "\"legal_obligation\"")],
    ),
    case(
        Rule::ConflictingInformation,
        Refuse,
        "purposes.video.texts.en.name",
        &[("name = \"Video\"", "name = \"analytics\"")],
        &[("name = \"Video\"", "name = \"Video analytics\"")],
    ),
    case(
        Rule::ConflictingInformation,
        Refuse,
        "purposes.analytics.cookies.shop",
        &[("name = \"_ex\"", "name = \"shop\"")],
        &[("name = \"_ex\"", "name = \"shopper\"")],
    ),
    case(
        Rule::ConflictingInformation,
        Warn,
        "purposes.analytics.necessity",
        &[(ANALYTICS, "id = \"analytics\"\nnecessity = \"We like to know.\"\n")],
        &[(ANALYTICS, "id = \"analytics\"\n")],
    ),
    case(
        Rule::ConflictingInformation,
        Warn,
        "purposes.analytics.cookies._ex.provider",
        &[("[\"Example Analytics Ltd\"]", "[]")],
        &[
            ("[\"Example Analytics Ltd\"]", "[]"),
            ("provider = \"Example Analytics\"", "provider = \"Fernhill\""),
        ],
    ),
    case(
        Rule::LackingHierarchy,
        Warn,
        "purposes.analytics.texts.en.name",
        &[(
            "name = \"Analytics\"",
            "name = \"We would like to count how many visitors read which of our pages\"",
        )],
        &[("name = \"Analytics\"", "name = \"Counting visitors and the pages that they read\"")],
    ),
    case(
        Rule::PrivacyMaze,
        Warn,
        "purposes.analytics.texts.en.description",
        &[(COUNTS, "Counts visits as said on https://shop.example/more.")],
        &[(COUNTS, "Counts visits as said on shop.example.")],
    ),
    case(
        Rule::PrivacyMaze,
        Warn,
        "privacy_policy",
        &[("privacy_policy = ", "# ")],
        &[("privacy_policy = ", "privacy_policy = ")],
    ),
    case(
        Rule::DeceptiveSnugness,
        Refuse,
        "purposes.ads.gpc",
        &[("\"EU\", \"IE\"", "\"US-CA\""), (ANALYTICS, "id = \"ads\"\n")],
        &[("\"EU\", \"IE\"", "\"US-CA\""), (ANALYTICS, "id = \"ads\"\ngpc = true\n")],
    ),
    case(
        Rule::TooManyOptions,
        Warn,
        "purposes",
        &[("[[purposes]]\nid = \"video\"", EIGHT)],
        &[("[[purposes]]\nid = \"video\"", SEVEN)],
    ),
    // Cookies
    case(
        Rule::Decontextualising,
        Warn,
        "purposes.analytics.cookies._fbp",
        &[("name = \"_ex\"", "name = \"_fbp\"")],
        &[("name = \"_ex\"", "name = \"_ga\"")],
    ),
    case(
        Rule::LifetimeOverLimit,
        Refuse,
        "purposes.analytics.cookies._ex.lifetime",
        &[("\"13 months\"", "\"30 months\"")],
        &[("\"13 months\"", "\"12 months\"")],
    ),
    case(
        Rule::LifetimeOverLimit,
        Refuse,
        "purposes.analytics.cookies._ex.lifetime",
        &[("\"13 months\"", "\"persistent\"")],
        &[("\"13 months\"", "\"session\"")],
    ),
    case(
        Rule::LifetimeOverLimit,
        Warn,
        "purposes.analytics.cookies._ex.lifetime",
        &[("\"13 months\"", "\"14 months\"")],
        &[("\"13 months\"", "\"395 days\"")],
    ),
    case(
        Rule::LifetimeOverLimit,
        Warn,
        "purposes.necessary.cookies.shop.lifetime",
        &[("\"session\"", "\"401 days\""), ("retention = \"1 year\"", "retention = \"2 years\"")],
        &[("\"session\"", "\"400 days\""), ("retention = \"1 year\"", "retention = \"2 years\"")],
    ),
    case(
        Rule::LifetimeOverLimit,
        Warn,
        "purposes.analytics.cookies._ex.lifetime",
        &[("\"14 months\"", "\"12 months\"")],
        &[("\"14 months\"", "\"13 months\"")],
    ),
    // Who asks, and how it looks
    case(
        Rule::MissingController,
        Refuse,
        "controller.name",
        &[("\"Fernhill Ceramics\"", "\" \"")],
        &[("\"Fernhill Ceramics\"", "\"F\"")],
    ),
    case(
        Rule::MissingController,
        Refuse,
        "controller.name",
        &[("\"Fernhill Ceramics\"", "\"Your company\"")],
        &[("\"Fernhill Ceramics\"", "\"Your Company Tools Ltd\"")],
    ),
    case(
        Rule::MissingController,
        Warn,
        "controller.address",
        &[("\"4 Kiln Lane, Fernhill, Ireland\"", "\"Ireland\"")],
        &[("\"4 Kiln Lane, Fernhill, Ireland\"", "\"4 Kiln Lane, Fernhill\"")],
    ),
    case(
        Rule::DeadEnd,
        Refuse,
        "controller.contact",
        &[("\"privacy@shop.example\"", "\"our team\"")],
        &[("\"privacy@shop.example\"", "\"/contact\"")],
    ),
    case(
        Rule::DeadEnd,
        Refuse,
        "controller.contact",
        &[("\"privacy@shop.example\"", "\"noreply@shop.example\"")],
        &[("\"privacy@shop.example\"", "\"reply@shop.example\"")],
    ),
    case(
        Rule::DeadEnd,
        Warn,
        "privacy_policy",
        &[("\"https://shop.example/privacy\"", "\"/\"")],
        &[("\"https://shop.example/privacy\"", "\"/privacy\"")],
    ),
    case(
        Rule::LowContrast,
        Refuse,
        "appearance.light.text",
        &[("[controller]", "[appearance.light]\ntext = \"#888888\"\n\n[controller]")],
        &[("[controller]", "[appearance.light]\ntext = \"#666666\"\n\n[controller]")],
    ),
    case(
        Rule::LowContrast,
        Refuse,
        "appearance.dark.on_accent",
        &[("[controller]", "[appearance.dark]\naccent = \"#2b2b2b\"\n\n[controller]")],
        &[("[controller]", "[appearance.dark]\naccent = \"#ffb000\"\n\n[controller]")],
    ),
    case(
        Rule::HiddenInPlainSight,
        Refuse,
        "texts.en.reject",
        &[(EN, "[texts.en]\nreject = \"\u{200b}\"\n")],
        &[(EN, "[texts.en]\nreject = \"No\u{200b}\"\n")],
    ),
    case(
        Rule::HiddenInPlainSight,
        Warn,
        "appearance.floating_button",
        &[("[controller]", "[appearance]\nfloating_button = false\n\n[controller]")],
        &[("[controller]", "[appearance]\nfloating_button = true\n\n[controller]")],
    ),
    // Languages
    case(
        Rule::LanguageDiscontinuity,
        Refuse,
        "purposes.analytics.texts.de.description",
        &[
            (EN, "[texts.de]\n\n[texts.en]\n"),
            (
                "[purposes.texts.en]\nname = \"Analytics\"",
                "[purposes.texts.de]\nname = \"Analyse\"\ndescription = \"Counts visits and shows us which pages are useful\"\n\n[purposes.texts.en]\nname = \"Analytics\"",
            ),
        ],
        &[
            (EN, "[texts.de]\n\n[texts.en]\n"),
            (
                "[purposes.texts.en]\nname = \"Analytics\"",
                "[purposes.texts.de]\nname = \"Analyse\"\ndescription = \"Zählt Besuche und zeigt uns, welche Seiten nützlich sind.\"\n\n[purposes.texts.en]\nname = \"Analytics\"",
            ),
        ],
    ),
    case(
        Rule::LanguageDiscontinuity,
        Refuse,
        "texts.cy",
        &[(EN, "[texts.cy]\naccept = \"Derbyn\"\n\n[texts.en]\n")],
        &[
            (
                EN,
                "[texts.cy]\naccept = \"Derbyn\"\nreject = \"Gwrthod\"\nmanage = \"Rheoli\"\ntitle = \"Preifatrwydd\"\nbody = \"Gawn ni?\"\nalways_on = \"Ymlaen\"\n\n[texts.ga]\n\n[texts.en]\n",
            ),
            ("[texts.cy]", "[texts.en-GB]"),
        ],
    ),
    case(
        Rule::InconsistentInterface,
        Warn,
        "texts.de",
        &[(EN, "[texts.de]\n\n[texts.en]\n")],
        &[(EN, "[texts.de]\nbody = \"Dürfen wir?\"\n\n[texts.en]\n")],
    ),
];

const SEVEN: &str = "[[purposes]]\nid = \"a1\"\ntexts = {}\n[[purposes]]\nid = \"a2\"\ntexts = {}\n[[purposes]]\nid = \"a3\"\ntexts = {}\n[[purposes]]\nid = \"a4\"\ntexts = {}\n[[purposes]]\nid = \"a5\"\ntexts = {}\n[[purposes]]\nid = \"video\"";
const EIGHT: &str = "[[purposes]]\nid = \"a0\"\ntexts = {}\n[[purposes]]\nid = \"a1\"\ntexts = {}\n[[purposes]]\nid = \"a2\"\ntexts = {}\n[[purposes]]\nid = \"a3\"\ntexts = {}\n[[purposes]]\nid = \"a4\"\ntexts = {}\n[[purposes]]\nid = \"a5\"\ntexts = {}\n[[purposes]]\nid = \"video\"";
