//! Owns what is expected of the catalogue: every file is read, says enough, and can be added to a notice that then holds.

use std::collections::BTreeSet;
use std::path::Path;

use super::*;
use crate::adapters;
use crate::notices::file::NoticeFile;
use crate::notices::lint::{Severity, lint};
use crate::notices::{notice, read};

const DEMO: &str = include_str!("../../../../examples/demo/notice.toml");

#[test]
fn every_file_of_the_folder_is_in_the_catalogue() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("services");
    let files: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let listed: BTreeSet<String> = all().iter().map(|service| service.id.to_owned()).collect();
    assert_eq!(files, listed);
    assert!(listed.len() >= 36);
    assert!(all().is_sorted_by_key(|service| service.id), "by the alphabet");
}

#[test]
fn every_service_says_what_an_operator_must_know() {
    let adapters: Vec<_> = adapters::built_in_names().collect();
    for service in all() {
        let id = service.id;
        assert!(service.about.len() > 10 && service.why.len() > 20, "{id}");
        assert!(service.provider.privacy_policy.starts_with("https://"), "{id}");
        assert!(!service.scripts.is_empty() || !service.frames.is_empty(), "{id}: nothing to hold");
        assert!(service.adapter.as_deref().is_none_or(|name| adapters.contains(&name)), "{id}");
        let hosts = service.scripts.iter().chain(&service.frames);
        assert!(hosts.clone().all(|host| host.contains('.') && !host.contains('/')), "{id}");
        let mut keys = BTreeSet::new();
        for cookie in &service.cookies {
            assert!(keys.insert((&cookie.name, cookie.kind as u8)), "{id}: {} is there twice", cookie.name);
            assert!(!cookie.about.trim().is_empty(), "{id}: {}", cookie.name);
            if cookie.kind == StorageKind::Cookie {
                assert_ne!(cookie.lifetime, Lifetime::Persistent, "{id}: {}", cookie.name);
            }
        }
        assert!(!(service.essential && service.kind.is_tracking()), "{id}");
    }
    for name in adapters.into_iter().filter(|name| *name != "data_layer") {
        assert!(all().iter().any(|service| service.adapter.as_deref() == Some(name)), "{name}");
    }
}

/// The demo with a service added, and what the operator alone can say said.
fn with(service: &Service, purpose: &str) -> NoticeFile {
    let mut file = NoticeFile::read(DEMO).unwrap();
    let added = add(&mut file, service, &purpose.parse().unwrap());
    assert!(!added.is_empty(), "{}", service.id);
    for own in &mut file.purposes {
        own.data.get_or_insert_with(|| vec!["pd:UID".parse().unwrap()]);
        own.retention.get_or_insert_with(|| "3 years".to_owned());
        own.storage_locations.get_or_insert_with(|| vec!["IE".parse().unwrap()]);
    }
    file
}

#[test]
fn every_service_can_be_added_under_its_usual_purpose_and_under_another() {
    for service in all() {
        for purpose in [service.purpose.as_str(), "of_our_own"] {
            let file = with(service, purpose);
            let refused: Vec<_> =
                lint(&file).into_iter().filter(|finding| finding.severity == Severity::Refuse).collect();
            assert!(refused.is_empty(), "{} under {purpose}: {refused:?}", service.id);
            let notice = notice(file.clone())
                .unwrap_or_else(|error| panic!("{} under {purpose}: {error}", service.id));
            assert_eq!(read(&file.to_toml()).as_ref(), Ok(&notice), "{}", service.id);
            let mut again = file.clone();
            let added = add(&mut again, service, &purpose.parse().unwrap());
            assert!(added.is_empty() && again == file, "{}: {added:?}", service.id);
        }
    }
}

#[test]
fn an_adapter_follows_the_purpose_to_which_its_service_was_added() {
    let adapter = |id: &str, purpose: &str| {
        let notice = notice(with(find(id).unwrap(), purpose)).unwrap();
        let [adapter] = notice.adapters.try_into().unwrap();
        adapter
    };
    let ids = |ids: &[&str]| ids.iter().map(|id| id.parse().unwrap()).collect::<Vec<PurposeId>>();
    assert_eq!(adapter("matomo", "analytics").purposes, ids(&["analytics"]));
    assert_eq!(adapter("meta_pixel", "ads").purposes, ids(&["ads"]));
    let google = adapter("google_ads", "ads");
    assert_eq!(google.states["ad_storage"], ids(&["ads"]));
    assert_eq!(google.states["analytics_storage"], ids(&["analytics"]));
    assert!(google.states["personalization_storage"].is_empty());
}

#[test]
fn a_cookie_leads_to_the_services_that_keep_it() {
    let of = |name: &str, kind| by_cookie(name, kind).map(|service| service.id).collect::<Vec<_>>();
    assert_eq!(of("_fbp", StorageKind::Cookie), ["meta_pixel"]);
    assert_eq!(of("_ga_AB12", StorageKind::Cookie), ["google_analytics"]);
    assert_eq!(of("_ga_*", StorageKind::Cookie), ["google_analytics"]);
    assert_eq!(of("MUID", StorageKind::Cookie), ["clarity", "microsoft_advertising"]);
    assert_eq!(of("_fb*", StorageKind::Cookie), ["meta_pixel"], "a pattern of the operator's own");
    assert_eq!(of("_fbp", StorageKind::LocalStorage), [""; 0]);
    assert_eq!(of("basket", StorageKind::Cookie), [""; 0]);
    assert!(matches("a*b*", "a-b-") && matches("*", "") && !matches("a*b", "abc"));
}

#[test]
fn the_command_line_shows_the_catalogue() {
    let said = |command: ServicesCommand| command.run().unwrap();
    assert_eq!(said(ServicesCommand::List).lines().count(), all().len());
    for service in all() {
        let id = service.id.to_owned();
        let shown = said(ServicesCommand::Show { id: id.clone() });
        assert!(shown.contains(&service.provider.name) && shown.contains(&service.why), "{shown}");
        let pasted = said(ServicesCommand::Snippet { id, purpose: Some("ours".parse().unwrap()) });
        let whole = format!("default_locale = \"en\"\ntexts.en = {{}}\n{pasted}");
        let file = NoticeFile::read(&whole).unwrap_or_else(|error| panic!("{error}\n{whole}"));
        assert_eq!(file.purposes[0].cookies.len(), service.cookies.len());
        assert!(pasted.contains("data-assent=\"ours\""), "{pasted}");
    }
    assert!(ServicesCommand::Show { id: "nosuch".to_owned() }.run().unwrap_err().contains("services list"));
}
