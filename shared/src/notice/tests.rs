//! Owns what is expected of a notice: its language, its view, its bytes; and the notice that other tests answer.

use super::*;

pub(crate) fn notice() -> Notice {
    let en: Locale = "en".parse().unwrap();
    let purpose = |id: &str, essential| Purpose {
        cookies: vec![DeclaredCookie {
            about: [(en.clone(), format!("remembers {id}"))].into(),
            kind: StorageKind::Cookie,
            lifetime: Lifetime::For(1, Unit::Year),
            name: format!("{id}_*"),
            path: None,
            provider: "Demo".to_owned(),
        }],
        data: vec![],
        essential,
        gpc: false,
        id: id.parse().unwrap(),
        legal_basis: if essential { LegalBasis::Contract } else { LegalBasis::Consent },
        necessity: None,
        purpose_types: vec![],
        recipients: vec![],
        reload_on_withdrawal: false,
        retention: None,
        sensitive: false,
        since: 1,
        storage_locations: vec![],
        texts: [(
            en.clone(),
            PurposeTexts { changed: None, description: format!("About {id}"), name: id.to_owned() },
        )]
        .into(),
    };
    Notice {
        adapters: vec![],
        appearance: Appearance::default(),
        authority: None,
        controller: Controller {
            address: "1 Demo Street".to_owned(),
            contact: "privacy@demo.example".to_owned(),
            country: None,
            email: None,
            name: "Demo \u{fc}\n\u{1}".to_owned(),
            phone: None,
            url: None,
        },
        default_locale: en.clone(),
        dpo: None,
        jurisdictions: vec![],
        number: 1,
        privacy_policy: None,
        purposes: vec![purpose("necessary", true), purpose("analytics", false), purpose("video", false)],
        texts: [(en, Texts::from_keys(str::to_uppercase))].into(),
    }
}

/// The same notice, which says all that the standard views of a receipt need.
pub(crate) fn full_notice() -> Notice {
    let mut notice = notice();
    let party = |name: &str| Party { contact: "https://ask.example".to_owned(), name: name.to_owned() };
    notice.authority = Some(party("The Authority"));
    notice.dpo = Some(party("An Officer"));
    notice.jurisdictions = vec!["EU".parse().unwrap(), "DE-BY".parse().unwrap()];
    notice.privacy_policy = Some("/privacy".to_owned());
    notice.controller.country = Some("IE".parse().unwrap());
    notice.controller.phone = Some("+353 1 555 0100".to_owned());
    notice.controller.url = Some("https://demo.example".to_owned());
    for purpose in &mut notice.purposes {
        purpose.data = vec!["pd:BrowsingBehaviour".parse().unwrap(), "films seen".parse().unwrap()];
        purpose.recipients = vec!["Counting Ltd".to_owned()];
        purpose.retention = Some("13 months".to_owned());
        purpose.storage_locations = vec!["IE".parse().unwrap()];
    }
    notice.purposes[2].purpose_types = vec!["dpv:ServicePersonalisation".parse().unwrap()];
    notice.purposes[2].retention = Some("until you close your account".to_owned());
    notice.purposes[2].sensitive = true;
    notice
}

#[test]
fn a_locale_is_chosen_exactly_then_by_language_then_by_default() {
    let mut notice = notice();
    let texts = notice.texts.values().next().unwrap().clone();
    notice.texts.insert("pt-BR".parse().unwrap(), texts);
    assert_eq!(notice.best_locale(["pt-br"]).as_str(), "pt-BR");
    assert_eq!(notice.best_locale(["fr", "pt-PT"]).as_str(), "pt-BR");
    assert_eq!(notice.best_locale(["fr"]).as_str(), "en");
    assert_eq!(notice.best_locale(["", "*", "'"]).as_str(), "en");
    assert_eq!(notice.best_locale(["zh-TW", "pt"]).as_str(), "pt-BR", "an earlier wish that fails gives way");
}

#[test]
fn a_view_speaks_one_language_throughout() {
    let mut notice = notice();
    let texts = notice.texts.values().next().unwrap().clone();
    notice.texts.insert("pt-BR".parse().unwrap(), texts);
    let built_in = Texts::from_keys(str::to_owned);
    let view =
        |locale: &str| notice.view(&locale.parse().unwrap(), &built_in, |lifetime| format!("for {lifetime}"));
    assert!(view("pt-BR").is_none(), "its purposes have no texts in it");
    let view = view("en").unwrap();
    assert_eq!(view.purposes.len(), 3);
    assert_eq!(view.purposes[0].cookies[0].lifetime, "for 1 year");
}

#[test]
fn a_notice_from_before_a_text_keeps_its_bytes_and_speaks_the_built_in_words() {
    let now = notice().canonical_json();
    let before = now.replace(r#""accept":"ACCEPT","#, "");
    assert_ne!(before, now);
    let read: Notice = serde_json::from_str(&before).unwrap();
    assert_eq!(read.canonical_json(), before);
    let built_in = Texts::from_keys(str::to_owned);
    let texts = read.view(&read.default_locale, &built_in, |_| String::new()).unwrap().texts;
    assert_eq!((texts.accept.as_str(), texts.reject.as_str()), ("accept", "REJECT"));
}

#[test]
fn what_the_views_need_is_canonical_and_changes_no_byte_of_a_notice_from_before() {
    let before = notice().canonical_json();
    for new in ["authority", "country", "data", "dpo", "email", "jurisdictions", "phone", "purpose_types"] {
        assert!(!before.contains(&format!("\"{new}\"")), "{new}");
    }
    assert!(!before.contains("\"sensitive\"") && !before.contains("\"storage_locations\""));
    assert_eq!(serde_json::from_str::<Notice>(&before).unwrap().canonical_json(), before);
    let full = full_notice();
    let written = full.canonical_json();
    assert_eq!(written, serde_json_canonicalizer::to_string(&full).unwrap());
    assert_eq!(serde_json::from_str::<Notice>(&written).unwrap(), full);
}

#[test]
fn what_is_new_in_a_purpose_is_canonical_and_left_out_where_it_is_not_wanted() {
    let plain = notice();
    assert!(!plain.canonical_json().contains("\"gpc\"") && !plain.canonical_json().contains("\"path\""));
    let mut notice = plain;
    notice.purposes[1].gpc = true;
    notice.purposes[1].reload_on_withdrawal = true;
    notice.purposes[1].cookies[0].path = Some("/shop".to_owned());
    let written = notice.canonical_json();
    assert_eq!(written, serde_json_canonicalizer::to_string(&notice).unwrap());
    assert_eq!(serde_json::from_str::<Notice>(&written).unwrap(), notice);
}

#[test]
fn news_is_what_changed_after_the_answer() {
    let mut notice = notice();
    let view = |notice: &Notice, answered| {
        let mut texts = Texts::from_keys(str::to_owned);
        texts.news = "news: {purposes}".to_owned();
        let mut notice = notice.clone();
        notice.texts.values_mut().for_each(|own| (own.news, own.news_mark) = Default::default());
        notice.view_with_news(&notice.default_locale, &texts, |_| String::new(), answered).unwrap()
    };
    assert!(!notice.has_news(), "nobody has answered before the first notice");
    assert!(view(&notice, Some(0)).news.is_empty());
    notice.number = 3;
    notice.purposes[1].since = 2;
    notice.purposes[2].since = 3;
    notice.purposes[2]
        .texts
        .values_mut()
        .for_each(|texts| texts.changed = Some("by another house".to_owned()));
    for (answered, said, marks) in [
        (None, "", [""; 3]),
        (
            Some(1),
            "news: analytics, video (by another house)",
            ["", "news_mark", "news_mark: by another house"],
        ),
        (Some(2), "news: video (by another house)", ["", "", "news_mark: by another house"]),
        (Some(3), "", [""; 3]),
        (Some(4), "", [""; 3]),
    ] {
        let view = view(&notice, answered);
        assert_eq!(view.news, said, "{answered:?}");
        assert_eq!([0, 1, 2].map(|at: usize| view.purposes[at].news.clone()), marks, "{answered:?}");
    }
}

#[test]
fn where_nothing_is_asked_no_word_speaks_of_a_choice() {
    let mut notice = notice();
    notice.purposes.truncate(1);
    let view = notice.view(&notice.default_locale, &Texts::default(), |_| String::new()).unwrap();
    assert!(!view.asks());
    let Texts { preferences, preferences_body, close, save, reopen, .. } = view.texts;
    assert_eq!([preferences, preferences_body, reopen], ["COOKIES", "INFORM", "COOKIES"]);
    assert_eq!([close, save], ["DISMISS", "DISMISS"]);
}

#[test]
fn news_and_information_are_canonical_and_change_no_byte_where_they_are_not_wanted() {
    let plain = notice();
    for new in ["\"changed\"", "\"essential_only\""] {
        assert!(!plain.canonical_json().contains(new), "{new}");
    }
    let mut notice = plain;
    notice.appearance.essential_only = EssentialOnly::Bar;
    notice.purposes[1].texts.values_mut().for_each(|texts| texts.changed = Some("More.".to_owned()));
    let written = notice.canonical_json();
    assert_eq!(written, serde_json_canonicalizer::to_string(&notice).unwrap());
    assert_eq!(serde_json::from_str::<Notice>(&written).unwrap(), notice);
    assert!(notice.asks() && !notice.informs(), "a bar is for a notice that asks nothing");
    notice.purposes.truncate(1);
    assert!(!notice.asks() && notice.informs());
}
