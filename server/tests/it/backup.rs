//! Copies: made beside a server that records, brought back into an empty place, and never the beginning of a fork.

mod recovery;
mod refusals;

use std::fs;
use std::path::Path;
use std::process::Command;

use assent::backup::manifest::Manifest;
use assent::backup::series::{self, Series};
use reqwest::StatusCode;

use crate::harness::{Database, Engine, NOW, TestServer, both_engines, check_ledgers, cluster, id, refusal};
use crate::process::{complained, run, said};

/// The commands, with the settings of a test's server.
pub(crate) struct Operator<'a> {
    folder: &'a Path,
    settings: Vec<(&'static str, String)>,
}

impl<'a> Operator<'a> {
    /// With a database, and what is kept outside it, in `folder`.
    pub(crate) fn new(folder: &'a Path, database_url: &str) -> Self {
        let file = |name: &str| folder.join(name).display().to_string();
        let settings = vec![
            ("ASSENT_DATABASE_URL", database_url.to_owned()),
            ("ASSENT_SIGNING_KEY_FILE", file("assent.key")),
            ("ASSENT_EXPORT_FOLDER", file("exports")),
            ("PATH", cluster::path()),
        ];
        Self { folder, settings }
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = crate::process::assent(self.folder, arguments);
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    pub(crate) fn says(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        said(&output) + &String::from_utf8_lossy(&output.stderr)
    }

    pub(crate) fn complains(&self, arguments: &[&str]) -> String {
        complained(&self.command(arguments).output().unwrap())
    }
}

both_engines!(a_copy_is_made_brought_back_and_never_forked);

async fn a_copy_is_made_brought_back_and_never_forked(engine: Engine) {
    let mut app = TestServer::start(engine).await;
    let folder = app.folder().to_owned();
    for number in 0..300 {
        assert_eq!(app.post(&refusal(number)).await.0, StatusCode::CREATED);
    }
    erase(&app).await;
    // The server keeps its checkpoints every two seconds; a stop does it now.
    app.restart(|_| ()).await;
    let url = app.database_url().to_owned();
    let to = folder.join("copies/one");
    let answer = {
        let mut command = Operator::new(&folder, &url).command(&["backup", &to.display().to_string()]);
        let copying = tokio::task::spawn_blocking(move || command.output().unwrap());
        // Decisions arrive while the copy is made, and none of them waits for it.
        for number in 300.. {
            assert_eq!(app.post(&refusal(number)).await.0, StatusCode::CREATED);
            if copying.is_finished() {
                break;
            }
        }
        let output = copying.await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        said(&output)
    };
    assert!(answer.contains("copies/one: ") && answer.contains("in 2 ledgers"), "{answer}");
    let manifest = Manifest::read(&to).unwrap();
    manifest.check(&to).unwrap();
    assert!(!manifest.has("assent.key") && manifest.has("assent.checkpoints"), "{manifest:?}");
    assert_private(&to);
    let actions = app.store().audit_names().await.unwrap().1;
    assert!(actions.contains(&"backup.make".to_owned()), "the audit log has it: {actions:?}");
    for number in 90_000..90_004 {
        assert_eq!(app.post(&refusal(number)).await.0, StatusCode::CREATED);
    }
    Operator::new(&folder, &url).says(&["data"]);
    // The machine burns down; the checkpoints were kept elsewhere.
    app.restart(|_| ()).await;

    let place = Database::create(engine).await;
    let at = place.folder.path();
    fs::copy(folder.join("assent.checkpoints"), at.join("assent.checkpoints")).unwrap();
    fs::copy(folder.join("assent.key"), at.join("assent.key")).unwrap();
    let operator = Operator::new(at, &place.url);
    let answer = operator.says(&["restore", &to.display().to_string()]);
    assert!(answer.contains(&format!("{} receipts (300 erased)", manifest.receipts())), "{answer}");
    assert!(answer.contains("all of them as they were signed"), "{answer}");
    let published = app.store().ledger(&app.shop).await.unwrap().unwrap().leaves;
    let present = manifest.ledgers.iter().find(|ledger| ledger.site == "shop").unwrap().leaves;
    assert!(answer.contains(&format!("{} leaves are missing", published - present)), "{answer}");
    assert!(answer.contains("nothing is signed until `assent ledger resume --site shop`"), "{answer}");
    assert!(operator.says(&["ledger", "status"]).contains("STOPPED"));
    assert!(operator.says(&["ledger", "verify"]).contains("as signed"));

    // The first server is gone for good; another one starts on what was restored.
    let restored = TestServer::on(place, &app).await;
    let (status, problem) = restored.post(&refusal(99_999)).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "nothing is signed: {problem}");
    let operator = Operator::new(restored.folder(), restored.database_url());
    assert!(operator.complains(&["ledger", "resume", "--site", "shop"]).contains("assent audit resume"));
    operator.says(&["audit", "resume"]);
    let resumed = operator.says(&["ledger", "resume", "--site", "shop"]);
    assert!(resumed.contains(&format!("{published} were published")), "{resumed}");
    let (status, answer) = restored.post(&refusal(99_999)).await;
    assert_eq!(status, StatusCode::CREATED, "{answer}");
    restored.proves(&answer).await;
    check_ledgers(restored.store()).await;
    // The commands go by the machine's clock, which is ahead of the test's.
    restored.finish_unchecked().await;
    app.finish_unchecked().await;
}

/// Erases the visitor of the first decisions, under whom all of them are.
async fn erase(app: &TestServer) {
    let operator = Operator::new(app.folder(), app.database_url());
    let visitor = app.receipts().await[0].1.visitor.to_string();
    let answer = operator.says(&["erase", "--site", "shop", "--visitor", &visitor]);
    assert!(answer.starts_with("Erased 300 receipts"), "{answer}");
}

#[cfg(unix)]
fn assert_private(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder), 0o700);
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[cfg(not(unix))]
fn assert_private(_: &Path) {}

#[tokio::test]
async fn the_copy_of_a_moment_is_found_among_many() {
    let app = TestServer::start(Engine::Sqlite).await;
    let folder = app.folder().join("copies");
    let series = Series { folder: folder.clone(), keep: Some(3), with_keys: false };
    // Somebody's own folder among them is never touched.
    fs::create_dir_all(folder.join("2020-01-01T00-00-00.000Z")).unwrap();
    fs::write(folder.join("2020-01-01T00-00-00.000Z/letter"), "dear").unwrap();
    for number in 0..5 {
        assert_eq!(app.post(&refusal(number)).await.0, StatusCode::CREATED);
        series.copy(app.settings(), &app.clock).await.unwrap();
        app.clock.advance(60_000);
    }
    let minute = |number: i64| NOW + number * 60_000;
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 4, "three copies and the letter");
    let oldest = series::choose(&folder, Some(minute(1))).unwrap_err();
    assert!(oldest.contains("The oldest is of 2026-11-21T00:02:00.000Z"), "{oldest}");

    // The third decision was made at 00:02, the fourth at 00:03: the earlier is there, the later is not.
    let at = jiff_text(minute(3) - 1);
    let place = Database::create(Engine::Sqlite).await;
    fs::copy(app.folder().join("assent.key"), place.folder.path().join("assent.key")).unwrap();
    let operator = Operator::new(place.folder.path(), &place.url);
    let answer = operator.says(&["restore", &folder.display().to_string(), "--at", &at]);
    assert!(answer.contains("Restored as of 2026-11-21T00:02:00.000Z: 3 receipts"), "{answer}");
    assert!(answer.contains("Nothing outside the copy could say"), "{answer}");
    let shown = |number: u64| operator.command(&["receipt", "--site", "shop", &id(number)]).output().unwrap();
    assert!(shown(2).status.success());
    assert!(complained(&shown(3)).contains("has no receipt of the decision"));
    let newest = series::choose(&folder, None).unwrap();
    assert!(newest.ends_with("2026-11-21T00-04-00.000Z"), "{}", newest.display());
    let early = series::choose(&newest, Some(minute(0))).unwrap_err();
    assert!(
        early.contains("is of 2026-11-21T00:04:00.000Z, and none of 2026-11-21T00:00:00.000Z"),
        "{early}"
    );
    place.drop().await;
    app.finish().await;
}

fn jiff_text(milliseconds: i64) -> String {
    let seconds = (milliseconds - NOW).div_euclid(1000);
    format!("2026-11-21T{:02}:{:02}:{:02}Z", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[test]
fn copies_are_made_one_after_another_until_it_is_stopped() {
    use std::io::{BufRead, BufReader};
    let folder = tempfile::TempDir::new().unwrap();
    assert!(
        run(folder.path(), &["site", "add", "shop", "--origin", "https://shop.example"]).status.success()
    );
    let mut copying =
        crate::process::assent(folder.path(), &["backup", "copies", "--every", "1s", "--keep", "1"]);
    let mut child = copying.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for _ in 0..2 {
        let line = lines.next().unwrap().unwrap();
        assert!(
            line.starts_with("Copied to copies/20") && line.contains("0 receipts in 2 ledgers"),
            "{line}"
        );
    }
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    assert!(child.wait().unwrap().success());
    let copies = fs::read_dir(folder.path().join("copies")).unwrap().count();
    assert!((1..=2).contains(&copies), "the oldest is removed only when the next is whole: {copies}");
}
