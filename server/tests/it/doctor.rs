//! What `assent doctor` finds: each finding of a whole installation, provoked once, and that looking changes nothing.
//! Those that need nothing but values are beside the code.

use std::fs;
use std::path::Path;

use assent::access::Role;
use assent::clock::Clock;
use assent::config::Settings;
use assent::doctor::{Finding, State, examine};
use assent::store::{Environment, RoleOn, SightingRow, Site, Store};
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{Database, Engine, NOW, PAGE, TestServer, both_engines, refusal};
use crate::process::{assent, run, said};

both_engines!(a_sound_installation_is_found_sound, sites_and_people_are_looked_at, ledgers_are_looked_at);

/// Everything that is found of a state, or of one thing.
fn told(found: &[Finding]) -> String {
    found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn finds(found: &[Finding], about: &str, state: State, words: &str) {
    let there = found
        .iter()
        .any(|finding| finding.about == about && finding.state == state && finding.says.contains(words));
    assert!(there, "{about} {state:?} {words}:\n{}", told(found));
    assert!(
        found.iter().all(|finding| (finding.state == State::Ok) == finding.todo.is_none()),
        "{}",
        told(found)
    );
}

/// Every file below a folder, with its bytes.
fn everything(folder: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(everything(&path));
        } else {
            files.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
    files.sort();
    files
}

fn public(settings: &Settings) -> Settings {
    Settings {
        public_url: Some("https://consent.example".to_owned()),
        checkpoint_url: Some("http://127.0.0.1:1".to_owned()),
        ..settings.clone()
    }
}

async fn a_sound_installation_is_found_sound(engine: Engine) {
    let app = TestServer::start(engine).await;
    app.post(&refusal(1)).await;
    let settings = public(app.settings());
    // Beside a running server, which has written no checkpoint yet.
    let clock = Clock::manual(NOW);
    let found = examine(&settings, &clock).await;
    // The test's clock stands still, a database's own does not.
    let mut others = found.iter().filter(|finding| finding.about != "clock");
    assert!(others.all(|finding| finding.state < State::Wrong), "{}", told(&found));
    finds(&found, "schema", State::Ok, "as this program needs it");
    finds(&found, "operators", State::Look, "Nobody can sign in yet");
    assert_eq!(told(&found).contains("off the database's clock"), engine == Engine::Postgres);
    let database = app.leave().await;
    fs::write(database.folder.path().join("letter"), "a file where a folder should be").unwrap();
    let odd = Settings { export_folder: Some(database.folder.path().join("letter")), ..settings.clone() };
    finds(&examine(&odd, &clock).await, "folder of exports", State::Wrong, "is no folder");
    let before = everything(database.folder.path());
    let found = examine(&settings, &clock).await;
    finds(&found, "ledger shop", State::Ok, "3 leaves, and nothing newer was published");
    finds(&found, "checkpoints", State::Ok, "has the newest of every ledger");
    finds(&found, "site shop", State::Ok, "Each host keeps its cookies to itself; notice 1");
    for about in [
        "settings",
        "public address",
        "signing keys",
        "folder of exports",
        "versions",
        "writing to the database",
    ] {
        assert!(
            found.iter().any(|finding| finding.about == about && finding.state == State::Ok),
            "{}",
            told(&found)
        );
    }
    assert_eq!(everything(database.folder.path()), before, "looking changes nothing");
    database.drop().await;
}

fn site(id: &str, origins: &[&str], share_subdomains: bool) -> Site {
    Site {
        id: id.parse().unwrap(),
        name: id.to_owned(),
        environment: Environment::Production,
        origins: origins.iter().map(|&origin| origin.to_owned()).collect(),
        share_subdomains,
    }
}

async fn seen(store: &Store, site: &str, origin: &str, first_party: bool) {
    let row = SightingRow { origin: origin.to_owned(), first_party, first_seen: NOW, last_seen: NOW };
    store.add_sighting(&site.parse().unwrap(), &row, true).await.unwrap();
}

async fn sites_and_people_are_looked_at(engine: Engine) {
    let app = TestServer::start(engine).await;
    let store = app.store();
    for site in [
        site("plain", &["http://plain.example"], false),
        site("wide", &["https://a.example", "https://b.example"], false),
        site("suffix", &["https://github.io"], true),
        site("shared", &["https://www.shop.co.uk"], true),
    ] {
        store.add_site(&site, NOW).await.unwrap();
    }
    seen(store, "shop", PAGE, false).await;
    seen(store, "shop", "https://copied.example", true).await;
    seen(store, "wide", "https://a.example", false).await;
    let settings = Settings { public_url: Some("https://a.example".to_owned()), ..public(app.settings()) };
    let clock = Clock::manual(NOW);
    let found = examine(&settings, &clock).await;
    finds(&found, "site plain", State::Look, "http://plain.example is not https");
    finds(&found, "site plain", State::Look, "It has no notice");
    finds(&found, "site wide", State::Look, "2 registrable domains");
    finds(&found, "site wide", State::Wrong, "arrive with another host");
    finds(&found, "site suffix", State::Wrong, "https://github.io has no subdomains to share with");
    finds(&found, "site shop", State::Look, "pages of https://copied.example");
    finds(&found, "site shop", State::Look, "Safari forgets choices");
    assert!(!told(&found).contains("the linter would refuse"), "{}", told(&found));

    // By the store, which asks no linter: a notice as an older version may have published it.
    let lines = crate::harness::NOTICE.lines().filter(|line| !line.starts_with("necessity"));
    let refused: String = lines.flat_map(|line| [line, "\n"]).collect();
    assent::notices::publish(store, &"plain".parse().unwrap(), &refused, &[], NOW).await.unwrap();
    let found = examine(&settings, &clock).await;
    finds(
        &found,
        "site plain",
        State::Look,
        "The linter would refuse notice 1 now: mislabelled_essential at",
    );

    let page = crate::audit::app(&app);
    let caller = assent::access::Caller::command_line();
    assent::operators::invite(
        &page,
        &caller,
        "ann@example.org",
        vec![RoleOn { role: Role::Viewer, site: None }],
    )
    .await
    .unwrap();
    let found = examine(&settings, &clock).await;
    finds(&found, "operators", State::Wrong, "No operator is an owner who can sign in");
    app.owner().await;
    let found = examine(&settings, &clock).await;
    finds(&found, "operators", State::Ok, "1 of 2 own everything");
    app.finish_unchecked().await;
}

async fn ledgers_are_looked_at(engine: Engine) {
    let app = TestServer::start(engine).await;
    app.post(&refusal(1)).await;
    let settings = public(app.settings());
    let ahead = TestServer::start(engine).await;
    for number in 10..20 {
        ahead.post(&refusal(number)).await;
    }
    let ahead = ahead.leave().await;
    let database = app.leave().await;
    let own = database.folder.path().join("assent.checkpoints");
    let kept = fs::read(&own).unwrap();
    let clock = Clock::manual(NOW);

    fs::copy(ahead.folder.path().join("assent.checkpoints"), &own).unwrap();
    let found = examine(&settings, &clock).await;
    finds(&found, "ledger shop", State::Wrong, "published with 12 leaves, but the database has only 3");
    fs::write(&own, "no checkpoints").unwrap();
    let found = examine(&settings, &clock).await;
    finds(&found, "checkpoints", State::Wrong, "cannot be read");
    fs::remove_file(&own).unwrap();
    finds(
        &examine(&settings, &clock).await,
        "checkpoints",
        State::Look,
        "lacks the newest checkpoints of shop",
    );
    fs::write(&own, kept).unwrap();

    let key = database.folder.path().join("assent.key");
    fs::copy(ahead.folder.path().join("assent.key"), &key).unwrap();
    let found = examine(&settings, &clock).await;
    finds(&found, "ledger shop", State::Wrong, "which is not here");
    finds(
        &examine(&settings, &Clock::manual(NOW - 3_600_000)).await,
        "clock",
        State::Wrong,
        "the newest receipt is of",
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
        finds(&examine(&settings, &clock).await, "signing keys", State::Wrong, "chmod 600");
    }
    fs::remove_file(&key).unwrap();
    finds(&examine(&settings, &clock).await, "signing keys", State::Look, "is not there");
    database.drop().await;
    ahead.drop().await;
}

#[tokio::test]
async fn a_database_that_cannot_be_used_is_found() {
    let settings = |url: &str| Settings { database_url: url.to_owned(), ..Settings::default() };
    let clock = Clock::manual(NOW);
    let gone = examine(&settings("postgres://me:secret@127.0.0.1:1/none"), &clock).await;
    finds(&gone, "database", State::Wrong, "127.0.0.1:1");
    assert!(!told(&gone).contains("secret"), "{}", told(&gone));
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("assent.db");
    let url = format!("sqlite:{}", file.display());
    finds(&examine(&settings(&url), &clock).await, "database", State::Look, "The first start makes it");
    assert!(!file.exists());

    let place = Database::create(Engine::Sqlite).await;
    for arguments in [&["site", "list"][..], &["backup", "copy"]] {
        let all: Vec<&str> = arguments.iter().copied().chain(["--database-url", &place.url]).collect();
        assert!(run(place.folder.path(), &all).status.success());
    }
    // A copy as it is, put there by hand.
    let mut whole = fs::read(place.folder.path().join("copy/assent.db")).unwrap();
    fs::write(&file, &whole[..whole.len() / 8192 * 4096]).unwrap();
    finds(&examine(&settings(&url), &clock).await, "database", State::Wrong, "The file is damaged");
    fs::write(&file, &whole).unwrap();
    finds(&examine(&settings(&url), &clock).await, "database", State::Look, "keeps no write-ahead log");
    // What the first start does to it (file format, §1.3).
    whole[18..20].copy_from_slice(&[2, 2]);
    fs::write(&file, &whole).unwrap();
    finds(&examine(&settings(&url), &clock).await, "sites", State::Look, "There is none");
    place.drop().await;
}

#[test]
fn the_command_says_it_in_words_in_json_and_by_its_status() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let new = run(folder, &["doctor"]);
    assert!(new.status.success(), "a new installation has nothing wrong: {}", said(&new));
    assert!(said(&new).contains("look   database: ") && !folder.join("data").exists(), "{}", said(&new));
    let json: Value = serde_json::from_str(&said(&run(folder, &["doctor", "--json"]))).unwrap();
    assert!(
        json.as_array().unwrap().iter().any(|one| one["about"] == "signing keys" && one["state"] == "look"),
        "{json}"
    );
    let short = said(&run(folder, &["doctor", "--quiet"]));
    assert!(!short.contains("ok     ") && short.contains("look   "), "{short}");

    let odd = assent(folder, &["doctor"]).env("ASSENT_PROT", "80").output().unwrap();
    assert!(
        !odd.status.success() && said(&odd).contains("WRONG  settings: ") && said(&odd).contains("prot"),
        "{odd:?}"
    );
    let open = assent(folder, &["doctor"]).env("ASSENT_HOST", "0.0.0.0").output().unwrap();
    assert!(!open.status.success() && said(&open).contains("WRONG  public address"), "{open:?}");
}
