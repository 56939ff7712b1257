//! Owns what is expected of a notice file: what is read, what is refused, and what the refusal says.

use super::*;

const DEMO: &str = include_str!("../../../examples/demo/notice.toml");

#[test]
fn only_what_changed_materially_is_asked_again() {
    let first = numbered(read(DEMO).unwrap(), 1, None, &[]);
    assert!(first.purposes.iter().all(|purpose| purpose.since == 1));
    let analytics = "analytics".parse().unwrap();
    let second = numbered(read(DEMO).unwrap(), 2, Some(&first), std::slice::from_ref(&analytics));
    let changed: Vec<_> =
        second.purposes.iter().filter(|purpose| purpose.since == 2).map(|purpose| &purpose.id).collect();
    assert_eq!(changed, [&analytics]);
    let third = numbered(read(DEMO).unwrap(), 3, Some(&second), &[]);
    assert_eq!(third.purposes, second.purposes);
}

#[test]
fn what_is_wrong_is_said_plainly() {
    let refused = |from: &str, to: &str| {
        assert!(DEMO.contains(from), "{from}");
        read(&DEMO.replace(from, to)).unwrap_err()
    };
    assert_eq!(refused("id = \"video\"", "id = \"analytics\""), "The purpose `analytics` is there twice.");
    assert_eq!(
        refused("default_locale = \"en\"", "default_locale = \"fr\""),
        "default_locale is `fr`, but there is no [texts.fr]."
    );
    assert!(refused("default_locale", "default_local").contains("default_local"));
    assert_eq!(
        refused("[controller]", "[appearance.dark]\naccent = \"#2b2b2b\"\n\n[controller]"),
        "appearance.dark: the buttons' text #0c1524 on #2b2b2b has a contrast of 1.2:1, at least 4.5:1 is needed."
    );
    assert!(read("").unwrap_err().contains("missing field"));
    for key in ["gpc", "reload_on_withdrawal"] {
        assert_eq!(
            refused("essential = true", &format!("essential = true\n{key} = true")),
            format!("The purpose `necessary` is essential, never asked, so it cannot have {key} = true.")
        );
    }
    assert_eq!(
        refused("name = \"Video\"", "name = \"Video\"\nchanged = \" \""),
        "The purpose `video` has an empty `changed` in `en`: leave it out."
    );
    assert_eq!(
        refused("[texts.en]", "[texts.en]\nnews = \"There is something new.\""),
        "texts.en.news does not say `{purposes}`, where the names of what is new stand."
    );
    let path = |path: &str| refused("name = \"_ex\"", &format!("name = \"_ex\"\npath = \"{path}\""));
    assert_eq!(path("shop"), "The cookie `_ex` of `analytics` has a path that does not begin with `/`.");
    assert!(path("/shop; domain=evil.example").contains("which no cookie's path has"));
    assert_eq!(
        refused("kind = \"local_storage\"", "kind = \"local_storage\"\npath = \"/\""),
        "The cookie `player_*` of `video` is kept in web storage, which has no path."
    );
}

#[test]
fn what_the_page_obeys_is_read() {
    let with = DEMO
        .replace("id = \"analytics\"", "id = \"analytics\"\ngpc = true\nreload_on_withdrawal = true")
        .replace("name = \"_ex\"", "name = \"_ex\"\npath = \"/shop\"");
    let notice = read(&with).unwrap();
    let analytics = &notice.purposes[1];
    assert!(analytics.gpc && analytics.reload_on_withdrawal);
    assert_eq!(analytics.cookies[0].path.as_deref(), Some("/shop"));
    assert!(!notice.purposes[2].gpc && !notice.purposes[2].reload_on_withdrawal);
}

#[test]
fn all_that_is_missing_is_said_at_once_by_its_name() {
    let bare = r#"
        default_locale = "en"
        texts.en = {}
        [controller]
        name = "The Shop"
        contact = " "
        [[purposes]]
        id = "necessary"
        essential = true
        data = []
        recipients = []
        retention = "session"
        storage_locations = []
        texts.en = { name = "Necessary", description = "Keeps the basket." }
        [[purposes]]
        id = "analytics"
        data = []
        texts.en = { name = "Analytics", description = "Counts visits." }
    "#;
    assert_eq!(
        read(bare).unwrap_err().lines().collect::<Vec<_>>(),
        [
            "This must be said first:",
            "The notice does not say `controller.address`: visitors must be able to tell who asks.",
            "The notice does not say `controller.contact`: visitors must be able to tell who asks.",
            "The notice does not say `jurisdictions`: whose law applies, such as [\"EU\", \"DE\"].",
            "The purpose `necessary` does not say `legal_basis`: the ground of GDPR art. 6(1), such as \"consent\".",
            "The purpose `analytics` does not say `legal_basis`: the ground of GDPR art. 6(1), such as \"consent\".",
            "The purpose `analytics` does not say `data`: the kinds of personal data, such as [\"pd:BrowsingBehaviour\"] or in words.",
            "The purpose `analytics` does not say `recipients`: who else gets the data; [] where nobody else does.",
            "The purpose `analytics` does not say `retention`: how long the data is kept, such as \"13 months\".",
            "The purpose `analytics` does not say `storage_locations`: the countries where its data is kept, such as [\"DE\"].",
        ]
    );
}

#[test]
fn what_the_views_tell_is_checked_for_its_form() {
    let refused = |from: &str, to: &str| {
        assert!(DEMO.contains(from), "{from}");
        read(&DEMO.replace(from, to)).unwrap_err()
    };
    let controller = |line: &str| refused("[controller]\n", &format!("[controller]\n{line}\n"));
    assert_eq!(controller("email = \"privacy\""), "controller.email: `privacy` is no e-mail address.");
    assert_eq!(refused("+353 1 555 0142", "ask us"), "controller.phone: `ask us` is no telephone number.");
    assert_eq!(
        refused("url = \"https://shop.example\"", "url = \"shop.example\""),
        "controller.url: `shop.example` is no https address."
    );
    assert!(
        refused("country = \"IE\"", "country = \"Ireland\"")
            .contains("a location is a country's two letters")
    );
    assert!(refused("\"EU\", \"IE\"", "\"UK\"").contains("a location is a country's two letters"));
    assert!(refused("\"pd:BrowsingBehaviour\"", "\"pd:browsing\"").contains("a kind of data is a term"));
    assert_eq!(
        read(&format!("{DEMO}\n[dpo]\nname = \"Ann\"\ncontact = \"\"")).unwrap_err(),
        "dpo.name or dpo.contact is empty: say both, or leave [dpo] out."
    );
}

#[test]
fn a_retention_in_iso_8601_is_kept_as_the_words_that_visitors_read() {
    let kept = |text: &str| {
        let notice = read(&DEMO.replace("retention = \"14 months\"", &format!("retention = \"{text}\"")))?;
        Ok::<_, String>(notice.purposes[1].retention.clone().unwrap())
    };
    assert_eq!(kept("P14M").unwrap(), "14 months");
    assert_eq!(kept("2 years").unwrap(), "2 years");
    assert_eq!(kept("Permanently").unwrap(), "Permanently");
    assert_eq!(
        kept("P1Y6M").unwrap_err(),
        "The purpose `analytics` has the retention `P1Y6M`: write one number and unit, such as P13M or \"13 months\"."
    );
}
