//! Owns what is expected of the notice file as text: what was read is written, what is written reads the same.

use assent_shared::Notice;
use assent_shared::appearance::{Colour, Corner, Font, Layout, Scheme};
use assent_shared::notice::{Controller, Unit};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::adapters;
use crate::notices::{notice, read};

const DEMO: &str = include_str!("../../../../examples/demo/notice.toml");
const SCENARIOS: &str = include_str!("../../../../tests/scenarios/notice.toml");

/// The notice, written as a file and read again.
fn there_and_back(notice: &Notice) -> Result<Notice, String> {
    let text = NoticeFile::of(notice).to_toml();
    read(&text).map_err(|error| format!("{error}\n{text}"))
}

#[test]
fn every_notice_of_the_repository_comes_back() {
    let adapters: Vec<_> = adapters::built_in_names().map(|name| format!("[adapters.{name}]")).collect();
    let adapters = adapters.join("\n");
    let texts = [
        DEMO.to_owned(),
        SCENARIOS.to_owned(),
        format!("{}\n{adapters}", DEMO.replace("id = \"video\"", "id = \"marketing\"")),
        format!(
            "{DEMO}\n[adapters.google]\nglobal = \"layer2\"\nfixed = {{}}\nstates = {{ \"ad storage\" = [\"video\"] }}\n\
             [adapters.ours]\nglobal = \"ours\"\nby = \"items\"\ncalls.update = [1, {{ \"a b\" = [true, \"$choices\"] }}]\n"
        ),
        DEMO.replace(
            "name = \"Video\"",
            "name = \"Video\"\nchanged = \"Films come from another house now.\"",
        ),
        format!(
            "{DEMO}\n[appearance]\nessential_only = \"bar\"\nlayout = \"box\"\nradius = 0\ndark.accent = \"#ffb000\"\n"
        ),
    ];
    for text in texts {
        let read = read(&text).unwrap();
        assert_eq!(there_and_back(&read).as_ref(), Ok(&read));
        let file = NoticeFile::read(&text).unwrap();
        let written = file.to_toml();
        assert_eq!(NoticeFile::read(&written).as_ref(), Ok(&file), "{written}");
    }
}

#[test]
fn it_is_written_as_a_person_would() {
    let text = r##"default_locale = "en"
privacy_policy = "/privacy"
jurisdictions = ["EU", "DE"]

[controller]
name = "The Shop"
address = '1 "Old" Street'
contact = "privacy@shop.example"

[dpo]
name = "Ann"
contact = "ann@shop.example"

[appearance]
layout = "box"

[appearance.dark]
accent = "#ffb000"

[adapters.google.calls]
update = ["consent", "update", "$states"]

[adapters.matomo]

[texts.de]

[texts.en]
body = "May we?"

[[purposes]]
id = "necessary"
essential = true
legal_basis = "contract"
necessity = "Without it the basket is empty on every page."
data = []
recipients = []
retention = "session"
storage_locations = []

[purposes.texts.en]
name = "Necessary"
description = "Keeps the basket."

[[purposes.cookies]]
name = "basket"
provider = "The Shop"
lifetime = "session"
about = { de = "Der Korb", en = "The basket" }

[[purposes.cookies]]
name = "player_*"
provider = "The Shop"
kind = "local_storage"
lifetime = "persistent"
about = {}

[[purposes]]
id = "analytics"
texts = {}
"##
    .replace("texts = {}\n", "\n[purposes.texts]\n");
    let file = NoticeFile::read(&text).unwrap();
    assert_eq!(file.to_toml(), text);
}

#[test]
fn a_draft_that_says_hardly_anything_is_kept_too() {
    let text = "default_locale = \"en\"\npurposes = []\n\n[texts]\n";
    let file = NoticeFile::read(text).unwrap();
    assert_eq!(file.to_toml(), text);
    assert!(file.missing().len() > 3);
}

#[test]
fn what_an_older_notice_does_not_say_is_left_to_be_said() {
    let mut old = read(DEMO).unwrap();
    old.jurisdictions.clear();
    old.purposes[1].retention = None;
    old.texts.values_mut().for_each(|texts| texts.reject = String::new());
    let file = NoticeFile::of(&old);
    assert_eq!(file.missing().len(), 2, "{:?}", file.missing());
    assert!(!file.to_toml().contains("reject"));
}

/// Anything that fits on a page, quotes, breaks and control characters too.
fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z][a-zäß ]{0,20}",
        "(?s).{1,12}",
        "[\"'\\\\\n\r\t\u{7f}#=\\[\\]]{1,6}x",
        Just("\"\"\"x'''".to_owned())
    ]
    .prop_filter("an empty text is none", |text| !text.trim().is_empty())
}

fn locations() -> impl Strategy<Value = Vec<Location>> {
    vec(prop_oneof![Just("EU"), Just("DE"), Just("US-CA")], 1..3)
        .prop_map(|codes| codes.into_iter().map(|code| code.parse().unwrap()).collect())
}

fn lifetime() -> impl Strategy<Value = Lifetime> {
    prop_oneof![
        Just(Lifetime::Session),
        Just(Lifetime::Persistent),
        (1..400u32).prop_map(|count| Lifetime::For(count, Unit::Day))
    ]
}

fn colour() -> impl Strategy<Value = Colour> {
    // Dark enough for white text and for a white ground, whatever the hue.
    (0..0x60u8, 0..0x60u8, 0..0x60u8).prop_map(|(red, green, blue)| Colour(red, green, blue))
}

fn appearance() -> impl Strategy<Value = Appearance> {
    let layouts = prop_oneof![Just(Layout::BarBottom), Just(Layout::BarTop), Just(Layout::Dialog)];
    (layouts, any::<bool>(), any::<u8>(), option::of(colour())).prop_map(|(layout, flag, radius, accent)| {
        let mut appearance = Appearance {
            layout,
            corner: if flag { Corner::End } else { Corner::Start },
            floating_button: flag,
            font: if flag { Font::System } else { Font::Page },
            radius,
            scheme: if flag { Scheme::Dark } else { Scheme::Auto },
            ..Appearance::default()
        };
        appearance.light.accent = accent.unwrap_or(appearance.light.accent);
        appearance
    })
}

fn cookie(locales: Vec<Locale>) -> impl Strategy<Value = CookieEntry> {
    let about = vec(words(), locales.len());
    (words(), words(), lifetime(), 0..3usize, option::of("/[a-z/]{0,5}"), about).prop_map(
        move |(name, provider, lifetime, kind, path, about)| CookieEntry {
            name,
            provider,
            kind: [StorageKind::Cookie, StorageKind::LocalStorage, StorageKind::SessionStorage][kind],
            lifetime,
            path: path.filter(|_| kind == 0),
            about: locales.iter().cloned().zip(about).collect(),
        },
    )
}

fn purpose(locales: Vec<Locale>) -> impl Strategy<Value = PurposeEntry> {
    let texts = vec((words(), words()), locales.len());
    let flags = vec(any::<bool>(), 4);
    let cookies = vec(cookie(locales.clone()), 0..3);
    let parts = (words(), locations(), vec(words(), 0..3), option::of(words()), cookies);
    (flags, texts, parts).prop_map(
        move |(flags, texts, (retention, places, recipients, necessity, cookies))| PurposeEntry {
            id: "given_later".parse().unwrap(),
            data: Some(vec!["films watched".parse().unwrap(), "pd:UID".parse().unwrap()]),
            essential: flags[0],
            gpc: flags[1] && !flags[0],
            legal_basis: Some(if flags[0] { LegalBasis::LegalObligation } else { LegalBasis::Consent }),
            necessity,
            purpose_types: flags[2].then(|| "dpv:Marketing".parse().unwrap()).into_iter().collect(),
            recipients: Some(recipients),
            reload_on_withdrawal: flags[2] && !flags[0],
            retention: Some(format!("for {retention}")),
            sensitive: flags[3],
            storage_locations: Some(places),
            texts: locales
                .iter()
                .cloned()
                .zip(texts.into_iter().map(|(name, description)| PurposeTexts {
                    changed: None,
                    description,
                    name,
                }))
                .collect(),
            cookies,
        },
    )
}

fn adapters_of() -> impl Strategy<Value = BTreeMap<String, AdapterEntry>> {
    let names: Vec<_> = adapters::built_in_names().map(str::to_owned).collect();
    let states = btree_map("[a-z \"']{1,6}", Just(vec!["analytics".parse().unwrap()]), 1..3);
    btree_map(
        proptest::sample::select(names),
        option::of(states).prop_map(|states| AdapterEntry { states, ..AdapterEntry::default() }),
        0..4,
    )
}

prop_compose! {
    fn a_file()(tags in btree_map(proptest::sample::select(vec!["en", "de", "fr", "pt-BR", "cy"]), Just(()), 1..4))
        (purposes in vec(purpose(tags.keys().map(|tag| tag.parse().unwrap()).collect()), 1..5),
         texts in vec(btree_map(proptest::sample::select(assent_shared::Texts::KEYS), words(), 0..4), tags.len()),
         locales in Just(tags.keys().map(|tag| tag.parse::<Locale>().unwrap()).collect::<Vec<_>>()),
         party in option::of((words(), words())), (name, address, contact) in (words(), words(), words()),
         jurisdictions in locations(), appearance in appearance(), adapters in adapters_of(),
         privacy_policy in option::of("/[a-z]{0,8}"))
    -> NoticeFile {
        let ids = ["necessary", "analytics", "marketing", "preferences", "video"];
        let party = party.map(|(name, contact)| Party { contact, name });
        NoticeFile {
            adapters,
            appearance,
            authority: party.clone(),
            controller: ControllerEntry {
                address: Some(address), contact: Some(contact), name: Some(name), ..ControllerEntry::default()
            },
            default_locale: locales[0].clone(),
            dpo: party,
            jurisdictions,
            privacy_policy,
            texts: locales.iter().cloned().zip(texts.into_iter().map(|texts| {
                // This one says where the purposes' names stand, or it is refused.
                let said = |key: &str, text: String| if key == "news" { text + "{purposes}" } else { text };
                texts.into_iter().map(|(key, text)| (key.to_owned(), said(key, text))).collect()
            })).collect(),
            purposes: purposes.into_iter().zip(ids).map(|(purpose, id)| {
                PurposeEntry { id: id.parse().unwrap(), ..purpose }
            }).collect(),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_notice_comes_back(mut file in a_file()) {
        let text = file.to_toml();
        prop_assert_eq!(&NoticeFile::read(&text).map_err(TestCaseError::fail)?, &file, "{}", text);
        if notice(file.clone()).is_err() {
            // Adapters whose purposes this notice lacks.
            file.adapters.clear();
        }
        let notice = notice(file).map_err(TestCaseError::fail)?;
        prop_assert_eq!(there_and_back(&notice), Ok(notice));
    }
}

#[test]
fn a_controller_is_written_with_all_that_it_says() {
    let mut notice = read(DEMO).unwrap();
    notice.controller = Controller {
        email: Some("a@b.example".to_owned()),
        url: Some("https://b.example".to_owned()),
        ..notice.controller
    };
    assert_eq!(there_and_back(&notice).as_ref(), Ok(&notice));
}
