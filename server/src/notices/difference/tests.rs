//! Owns what is expected of differences: each by its key, and a proposal that follows what was asked.

use assent_shared::Notice;

use super::*;
use crate::notices::read;

const DEMO: &str = include_str!("../../../../examples/demo/notice.toml");

fn changed(from: &str, to: &str) -> Vec<Change> {
    assert!(DEMO.contains(from), "{from}");
    differences(&read(DEMO).unwrap(), &read(&DEMO.replacen(from, to, 1)).unwrap())
}

#[test]
fn nothing_differs_from_itself_whatever_its_number() {
    let notice = read(DEMO).unwrap();
    let mut next = Notice { number: 7, ..notice.clone() };
    next.purposes[1].since = 7;
    assert_eq!(differences(&notice, &next), []);
}

#[test]
fn each_difference_is_told_by_its_key_and_proposed_or_not() {
    let video = "id = \"video\"\nlegal_basis = \"consent\"\n";
    for (from, to, at, material) in [
        (
            "recipients = [\"Example Analytics Ltd\"]",
            "recipients = [\"Example Analytics Ltd\", \"Ads Inc.\"]",
            "analytics.recipients",
            true,
        ),
        ("recipients = [\"Example Analytics Ltd\"]", "recipients = []", "analytics.recipients", false),
        (
            "data = [\"pd:BrowsingBehaviour\", \"pd:UID\"]",
            "data = [\"pd:UID\", \"pd:Location\"]",
            "analytics.data",
            true,
        ),
        ("data = [\"pd:BrowsingBehaviour\", \"pd:UID\"]", "data = [\"pd:UID\"]", "analytics.data", false),
        (
            "data = [\"pd:BrowsingBehaviour\", \"pd:UID\"]",
            "data = [\"pd:UID\", \"pd:BrowsingBehaviour\"]",
            "analytics.data",
            false,
        ),
        (
            "storage_locations = [\"IE\", \"DE\"]",
            "storage_locations = [\"IE\", \"US\"]",
            "analytics.storage_locations",
            true,
        ),
        (
            "storage_locations = [\"IE\", \"DE\"]",
            "storage_locations = [\"IE\"]",
            "analytics.storage_locations",
            false,
        ),
        ("retention = \"14 months\"", "retention = \"2 years\"", "analytics.retention", true),
        ("retention = \"14 months\"", "retention = \"13 months\"", "analytics.retention", false),
        ("retention = \"14 months\"", "retention = \"until you object\"", "analytics.retention", true),
        ("retention = \"1 year\"", "retention = \"2 years\"", "necessary.retention", false),
        (
            "\"Counts visits and shows us which pages are useful.\"",
            "\"Counts the visits, and shows us which pages are useful!\"",
            "analytics.texts.en.description",
            false,
        ),
        (
            "\"Counts visits and shows us which pages are useful.\"",
            "\"Counts visits and sells profiles.\"",
            "analytics.texts.en.description",
            true,
        ),
        ("name = \"Analytics\"", "name = \"Statistics\"", "analytics.texts.en.name", false),
        (video, "id = \"video\"\nlegal_basis = \"consent\"\nsensitive = true\n", "video.sensitive", true),
        (
            video,
            "id = \"video\"\nlegal_basis = \"consent\"\nreload_on_withdrawal = true\n",
            "video.reload_on_withdrawal",
            false,
        ),
        (video, "id = \"video\"\nlegal_basis = \"consent\"\ngpc = true\n", "video.gpc", false),
        (
            "lifetime = \"30 minutes\"",
            "lifetime = \"2 hours\"",
            "analytics.cookies._ex_session.lifetime",
            true,
        ),
        (
            "lifetime = \"30 minutes\"",
            "lifetime = \"session\"",
            "analytics.cookies._ex_session.lifetime",
            false,
        ),
        ("lifetime = \"session\"", "lifetime = \"1 year\"", "necessary.cookies.shop.lifetime", false),
        (
            "provider = \"Example Video\"",
            "provider = \"Another House\"",
            "video.cookies.player_* (local_storage).provider",
            true,
        ),
        (
            "\"Remembers volume and position\"",
            "\"Keeps the place in the film\"",
            "video.cookies.player_* (local_storage).about.en",
            false,
        ),
    ] {
        let changes = changed(from, to);
        let [change] = changes.as_slice() else { panic!("{to}: {changes:?}") };
        assert_eq!(
            (change.at.as_str(), change.material),
            (format!("purposes.{at}").as_str(), material),
            "{to}"
        );
        assert_eq!(change.purpose.as_ref().map(PurposeId::as_str), at.split('.').next());
    }
}

#[test]
fn what_is_of_the_whole_notice_asks_nobody_again() {
    for (from, to, at) in [
        ("name = \"Fernhill Ceramics\"", "name = \"Fernhill Pottery\"", "controller.name"),
        (
            "privacy_policy = \"https://shop.example/privacy\"",
            "privacy_policy = \"/privacy\"",
            "privacy_policy",
        ),
        ("jurisdictions = [\"EU\", \"IE\"]", "jurisdictions = [\"EU\"]", "jurisdictions"),
        ("[controller]", "[appearance]\nlayout = \"box\"\n\n[controller]", "appearance.layout"),
        ("[controller]", "[appearance.dark]\naccent = \"#ffb000\"\n\n[controller]", "appearance.dark.accent"),
        ("[texts.en]", "[texts.en]\ntitle = \"A word\"", "texts.en.title"),
    ] {
        let changes = changed(from, to);
        let [change] = changes.as_slice() else { panic!("{to}: {changes:?}") };
        assert_eq!((change.at.as_str(), change.material, &change.purpose), (at, false, &None));
    }
    let adapter = changed("[controller]", "[adapters.data_layer]\n\n[controller]");
    assert!(adapter.iter().any(|change| change.at == "adapters.data_layer.global"), "{adapter:?}");
    assert!(adapter.iter().all(|change| !change.material && change.before.is_none()));
}

#[test]
fn purposes_come_and_go() {
    let old = read(DEMO).unwrap();
    let mut new = old.clone();
    let video = new.purposes.pop().unwrap();
    let gone = differences(&old, &new);
    assert_eq!(gone.len(), 1);
    assert_eq!(
        (gone[0].at.as_str(), gone[0].before.as_deref(), gone[0].material),
        ("purposes.video", Some("Video"), false)
    );
    let come = differences(&new, &old);
    assert_eq!((come[0].after.as_deref(), come[0].material), (Some("Video"), true));

    let mut essential = new.clone();
    essential.purposes.push(Purpose { essential: true, ..video });
    assert!(!differences(&new, &essential)[0].material, "it is never asked");

    let mut turned = old.clone();
    turned.purposes.swap(1, 2);
    let order = differences(&old, &turned);
    assert_eq!((order.len(), order[0].at.as_str(), order[0].material), (1, "purposes", false));
}

#[test]
fn a_purpose_that_becomes_optional_is_asked() {
    let old = read(DEMO).unwrap();
    let mut new = old.clone();
    new.purposes[0].essential = false;
    new.purposes[0].legal_basis = assent_shared::notice::LegalBasis::Consent;
    let changes = differences(&old, &new);
    assert!(changes.iter().all(|change| change.material) && changes.len() == 2, "{changes:?}");
    let back = differences(&new, &old);
    assert!(back.iter().all(|change| !change.material), "{back:?}");
}

#[test]
fn a_cookie_more_is_material_and_one_less_is_not() {
    let old = read(DEMO).unwrap();
    let mut new = old.clone();
    new.purposes[1].cookies.remove(0);
    let less = differences(&old, &new);
    assert_eq!(
        (less.len(), less[0].at.as_str(), less[0].material),
        (1, "purposes.analytics.cookies._ex", false)
    );
    let more = differences(&new, &old);
    assert_eq!((more[0].after.as_deref(), more[0].material), (Some("Example Analytics, 13 months"), true));
}
