//! Owns the list of the notice file's keys, section by section: how each is shown, and under which words.
//! Refuses to know an address; `sections.rs` has those.

use assent_shared::appearance::{Appearance, Colour, Theme};
use assent_shared::notice::Lifetime;
use assent_shared::terms::{DataKind, Location, PurposeType};
use assent_shared::{Locale, PurposeId, Texts};
use toml::{Table, Value};

use super::super::fields::{Field, Kind, get};
use super::{Group, cookies, default_language, language, languages, purposes, text};
use crate::locales;

fn line(key: impl Into<String>, label: &str) -> Field {
    Field::new(Kind::Line, key, label)
}

pub(super) fn who() -> Vec<Group> {
    let party = |key: &str, of: &str| {
        vec![
            line(format!("{key}.name"), "Name")
                .hint(format!("Of the {of}; leave both empty where there is none.")),
            line(format!("{key}.contact"), "Contact").hint("An e-mail address or a web page."),
        ]
    };
    vec![
        Group {
            legend: "Controller".to_owned(),
            about: "Who decides why and how data is processed (GDPR art. 4(7)). Visitors are shown name, address and contact.",
            fields: vec![
                line("controller.name", "Registered name"),
                line("controller.address", "Postal address"),
                line("controller.contact", "Contact")
                    .hint("An e-mail address or a web page for questions about privacy."),
                line("controller.country", "Country")
                    .hint("Two letters, such as DE (ISO 3166-1).")
                    .is::<Location>(),
                line("controller.email", "E-mail address").hint("Only where the contact is none."),
                line("controller.phone", "Telephone"),
                line("controller.url", "Web page")
                    .hint("An https address; it names the controller in receipts."),
            ],
        },
        Group {
            legend: "Whose law applies".to_owned(),
            about: "",
            fields: vec![
                Field::new(Kind::List { none: false }, "jurisdictions", "Jurisdictions")
                    .hint("One a line: a country (DE), a part of one (US-CA), or EU.")
                    .is::<Location>(),
                line("privacy_policy", "Privacy policy")
                    .hint("An https address, or a path of the site such as /privacy."),
            ],
        },
        Group {
            legend: "Data protection officer".to_owned(),
            about: "",
            fields: party("dpo", "controller’s data protection officer (GDPR art. 37)"),
        },
        Group {
            legend: "Supervisory authority".to_owned(),
            about: "",
            fields: party("authority", "authority that hears complaints (GDPR art. 77)"),
        },
    ]
}

pub(super) fn looks() -> Vec<Group> {
    let defaults = Appearance::default();
    let choice = |key: &str, label: &str, words: &[(&'static str, &'static str)]| {
        Field::new(Kind::Choice(words.to_vec()), format!("appearance.{key}"), label)
    };
    let theme = |name: &str, theme: &Theme| {
        let colours: [(&str, &str, Colour); 6] = [
            ("accent", "Both answers and what has the focus", theme.accent),
            ("on_accent", "The text on them", theme.on_accent),
            ("background", "Ground", theme.background),
            ("text", "Text", theme.text),
            ("muted", "Text of lesser weight", theme.muted),
            ("border", "Lines", theme.border),
        ];
        let fields = colours.into_iter().map(|(key, label, default)| {
            Field::new(Kind::Colour(default.to_string()), format!("appearance.{name}.{key}"), label)
                .hint(format!("{default} unless another is chosen."))
                .is::<Colour>()
        });
        fields.collect()
    };
    vec![
        Group {
            legend: "Shape".to_owned(),
            about: "",
            fields: vec![
                choice(
                    "layout",
                    "Layout",
                    &[
                        ("bar_bottom", "A bar at the lower edge"),
                        ("bar_top", "A bar at the upper edge"),
                        ("box", "A box in a lower corner"),
                        ("dialog", "A dialog in the middle"),
                    ],
                ),
                choice(
                    "corner",
                    "Corner of the box and the floating button",
                    &[("start", "Where lines begin: on the left in English"), ("end", "Where lines end")],
                ),
                choice(
                    "scheme",
                    "Light or dark",
                    &[
                        ("auto", "As the visitor’s system wishes"),
                        ("light", "Always light"),
                        ("dark", "Always dark"),
                    ],
                ),
                choice("font", "Letters", &[("page", "The page’s"), ("system", "The visitor’s system’s")]),
                Field::new(
                    Kind::Number(i64::from(defaults.radius)),
                    "appearance.radius",
                    "How round corners are",
                )
                .hint("In CSS pixels."),
                Field::new(
                    Kind::Check { default: true },
                    "appearance.floating_button",
                    "A small button stays after a decision, to change it",
                ),
            ],
        },
        Group {
            legend: "Colours on a light ground".to_owned(),
            about: "Accept and Reject have one pair of colours, so that neither can be favoured.",
            fields: theme("light", &defaults.light),
        },
        Group {
            legend: "Colours on a dark ground".to_owned(),
            about: "",
            fields: theme("dark", &defaults.dark),
        },
    ]
}

pub(super) fn words(file: &Table, locale: &Locale) -> Vec<Group> {
    let built_in = &locales::built_in(locale).banner;
    let first = default_language(file);
    let beside = |key: &str| {
        let other = text(file, &key.replacen(&format!("texts.{locale}."), &format!("texts.{first}."), 1));
        other.filter(|_| first != locale.as_str()).map(|text| (first.clone(), text))
    };
    let banner = Texts::KEYS.iter().map(|name| {
        let key = format!("texts.{locale}.{name}");
        let kind =
            if built_in.get(name).is_some_and(|text| text.len() > 60) { Kind::Area } else { Kind::Line };
        Field::new(kind, &key, name.replace('_', " "))
            .placeholder(built_in.get(name).unwrap_or_default())
            .lang(locale.as_str())
            .beside(beside(&key))
    });
    let purposes = purposes(file).into_iter().flat_map(|id| {
        let [name, description, changed] =
            ["name", "description", "changed"].map(|key| format!("purposes.{id}.texts.{locale}.{key}"));
        let cookies = id.parse().map(|id| cookies(file, &id).len()).unwrap_or_default();
        let about = (0..cookies).map(move |at| {
            let cookie = text(file, &format!("purposes.{id}.cookies.{at}.name")).unwrap_or_default();
            (format!("purposes.{id}.cookies.{at}.about.{locale}"), format!("What the cookie {cookie} is for"))
        });
        let texts = [
            Field::new(Kind::Line, &name, format!("{id}: name")),
            Field::new(Kind::Area, &description, format!("{id}: what happens and why")),
            Field::new(Kind::Area, &changed, format!("{id}: what is new, if it is asked again")),
        ];
        // Only what is asked can be asked again.
        let essential = get(file, &format!("purposes.{id}.essential")).and_then(Value::as_bool);
        let texts = texts.into_iter().filter(move |field| field.key != changed || essential != Some(true));
        texts.chain(about.map(|(key, label)| Field::new(Kind::Line, key, label)))
    });
    let beside_purposes = purposes.map(|field| {
        let key = field.key.replacen(&format!("about.{locale}"), &format!("about.{first}"), 1);
        let other = if key == field.key {
            beside(&field.key)
        } else {
            text(file, &key).map(|text| (first.clone(), text))
        };
        field.lang(locale.as_str()).beside(other.filter(|_| first != locale.as_str()))
    });
    vec![
        Group {
            legend: "Purposes and their cookies".to_owned(),
            about: "",
            fields: beside_purposes.collect(),
        },
        Group {
            legend: "The banner’s own words".to_owned(),
            about: "Each is said in the built-in words unless you write others. A replaced text is yours to keep true.",
            fields: banner.collect(),
        },
    ]
}

pub(super) fn purpose(file: &Table, id: &PurposeId) -> Vec<Group> {
    let key = |name: &str| format!("purposes.{id}.{name}");
    let list = |name: &str, label: &str| Field::new(Kind::List { none: true }, key(name), label);
    let check = |name: &str, label: &str| Field::new(Kind::Check { default: false }, key(name), label);
    let texts = languages(file).into_iter().flat_map(|locale| {
        [
            line(key(&format!("texts.{locale}.name")), &format!("Name, {}", language(&locale)))
                .lang(locale.as_str()),
            Field::new(
                Kind::Area,
                key(&format!("texts.{locale}.description")),
                format!("What happens and why, {}", language(&locale)),
            )
            .lang(locale.as_str()),
            Field::new(
                Kind::Area,
                key(&format!("texts.{locale}.changed")),
                format!("What is new, {}", language(&locale)),
            )
            .hint("For those who are asked again, because it changed since they answered. May be left out.")
            .lang(locale.as_str()),
        ]
    });
    vec![
        Group { legend: "Words".to_owned(), about: "", fields: texts.collect() },
        Group {
            legend: "What it is".to_owned(),
            about: "",
            fields: vec![
                check("essential", "Essential: shown, never asked"),
                Field::new(Kind::Area, key("necessity"), "Why it is strictly necessary").hint(
                    "For essential purposes: what the visitor asked for cannot be done without it, because …",
                ),
                Field::new(
                    Kind::Choice(vec![
                        ("", "Not said yet"),
                        ("consent", "Consent (art. 6(1)(a))"),
                        ("contract", "Contract (art. 6(1)(b))"),
                        ("legal_obligation", "Legal obligation (art. 6(1)(c))"),
                        ("legitimate_interest", "Legitimate interest (art. 6(1)(f))"),
                    ]),
                    key("legal_basis"),
                    "Legal basis",
                )
                .hint("What is asked stands on consent."),
                Field::new(Kind::List { none: false }, key("purpose_types"), "What it is in DPV’s terms")
                    .hint("One a line, such as dpv:ServiceUsageAnalytics. May be left out.")
                    .is::<PurposeType>(),
            ],
        },
        Group {
            legend: "The data".to_owned(),
            about: "Lists have one entry a line. Write “none” to say that there is nothing; an empty field says that you have not decided.",
            fields: vec![
                list("data", "Which personal data")
                    .hint("Terms such as pd:BrowsingBehaviour, or words.")
                    .is::<DataKind>(),
                check("sensitive", "Its data is of a kind that the law protects more (GDPR art. 9)"),
                list("recipients", "Who else receives it"),
                line(key("retention"), "How long it is kept").hint("Such as 13 months."),
                list("storage_locations", "Where it is kept").hint("Countries, such as DE.").is::<Location>(),
            ],
        },
        Group {
            legend: "On the page".to_owned(),
            about: "",
            fields: vec![
                check("gpc", "Global Privacy Control denies it until the visitor allows it by name"),
                check(
                    "reload_on_withdrawal",
                    "A withdrawal loads the page anew, because its script cannot be stopped",
                ),
            ],
        },
    ]
}

pub(super) fn cookie(file: &Table, id: &PurposeId, at: usize) -> Vec<Group> {
    let key = |name: &str| format!("purposes.{id}.cookies.{at}.{name}");
    let kinds = vec![
        ("cookie", "Cookie"),
        ("local_storage", "Local storage"),
        ("session_storage", "Session storage"),
    ];
    let about = languages(file).into_iter().map(|locale| {
        line(key(&format!("about.{locale}")), &format!("What it is for, {}", language(&locale)))
            .lang(locale.as_str())
    });
    vec![
        Group {
            legend: "What it is".to_owned(),
            about: "",
            fields: vec![
                line(key("name"), "Name").hint("* stands for any characters: _ga_*"),
                line(key("provider"), "Who sets it"),
                Field::new(Kind::Choice(kinds), key("kind"), "Where it is kept"),
                line(key("lifetime"), "How long it lives")
                    .hint("session, persistent, or such as 13 months.")
                    .is::<Lifetime>(),
                line(key("path"), "Path").hint("Only where a cookie is not set for /."),
            ],
        },
        Group { legend: "Words".to_owned(), about: "", fields: about.collect() },
    ]
}
