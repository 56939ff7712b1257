//! What is refused of copies, each with what to do, and that nothing is left of what did not succeed.

use std::fs;
use std::path::Path;

use sqlx::Connection;
use tempfile::TempDir;

use crate::harness::{Database, Engine};
use crate::process::{complained, run, said};

/// An installation with one site, and a copy of it.
fn copied() -> TempDir {
    let folder = TempDir::new().unwrap();
    let added = run(folder.path(), &["site", "add", "shop", "--origin", "https://shop.example"]);
    assert!(said(&added).starts_with("Added"), "{added:?}");
    let copied = run(folder.path(), &["backup", "copy"]);
    assert!(said(&copied).starts_with("Copied to copy: 0 receipts"), "{copied:?}");
    folder
}

/// What a restore into an empty place of the folder complains of, after which the place is still empty.
fn refused(folder: &Path, from: &str) -> String {
    let complaint = complained(&run(folder, &["restore", from, "--database-url", "sqlite:new/assent.db"]));
    let left = fs::read_dir(folder.join("new")).map_or(0, Iterator::count);
    assert_eq!(left, 0, "nothing is left of it: {complaint}");
    complaint
}

fn change(folder: &Path, from: &str, to: &str) {
    let path = folder.join("copy/manifest.json");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(path, text.replace(from, to)).unwrap();
}

#[test]
fn nothing_is_replaced() {
    let folder = copied();
    let folder = folder.path();
    let again = complained(&run(folder, &["backup", "copy"]));
    assert!(again.contains("copy is there already") && again.contains("Give another name"), "{again}");
    fs::create_dir(folder.join("other.unfinished")).unwrap();
    let under_way = complained(&run(folder, &["backup", "other"]));
    assert!(under_way.contains("other.unfinished is there: another copy is being made"), "{under_way}");
    assert!(!folder.join("other").exists());

    let database = fs::read(folder.join("data/assent.db")).unwrap();
    let taken = complained(&run(folder, &["restore", "copy"]));
    assert!(
        taken.contains("data/assent.db is there already") && taken.contains("Stop the server"),
        "{taken}"
    );
    assert_eq!(fs::read(folder.join("data/assent.db")).unwrap(), database);
    fs::create_dir(folder.join("new")).unwrap();
    fs::write(folder.join("new/assent.db-wal"), "").unwrap();
    let log = complained(&run(folder, &["restore", "copy", "--database-url", "sqlite:new/assent.db"]));
    assert!(log.contains("new/assent.db-wal is there already"), "{log}");
}

#[test]
fn a_copy_that_is_not_whole_is_not_restored() {
    let folder = copied();
    let folder = folder.path();
    assert!(refused(folder, "nowhere").contains("nowhere cannot be read"));
    fs::create_dir(folder.join("empty")).unwrap();
    assert!(refused(folder, "empty").contains("There is no copy at all in empty"));

    let file = folder.join("copy/assent.db");
    let whole = fs::read(&file).unwrap();
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 1;
    fs::write(&file, &damaged).unwrap();
    assert!(refused(folder, "copy").contains("assent.db in copy is not the file that was copied"));
    fs::write(&file, &whole[..whole.len() - 100]).unwrap();
    assert!(refused(folder, "copy").contains("100 bytes are missing"));
    fs::remove_file(&file).unwrap();
    assert!(refused(folder, "copy").contains("assent.db cannot be read"));
    fs::write(&file, &whole).unwrap();

    change(folder, "\"assent.db\"", "\"../assent.db\"");
    assert!(refused(folder, "copy").contains("its manifest.json names no assent.db"));
    change(folder, "\"../assent.db\"", "\"assent.db\"");
    change(folder, "\"leaves\": 2", "\"leaves\": 3");
    let fewer = refused(folder, "copy");
    assert!(fewer.contains("has 2 leaves, and 3 were copied. Nothing was restored."), "{fewer}");
    change(folder, "\"leaves\": 3", "\"leaves\": 2");
    change(folder, "\"schema\": ", "\"schema\": 10");
    let newer = refused(folder, "copy");
    assert!(
        newer.contains("The copy is of a newer Assent") && newer.contains("Restore it with that one"),
        "{newer}"
    );
    change(folder, "\"schema\": 10", "\"schema\": ");
    change(folder, "assent.backup.v1", "assent.backup.v2");
    assert!(refused(folder, "copy").contains("Its format is `assent.backup.v2`"));
    change(folder, "assent.backup.v2", "assent.backup.v1");
    change(folder, "\"sqlite\"", "\"postgres\"");
    assert!(refused(folder, "copy").contains("The copy is of PostgreSQL, and database_url names SQLite"));
    change(folder, "\"postgres\"", "\"sqlite\"");

    let restored = run(folder, &["restore", "copy", "--database-url", "sqlite:new/assent.db"]);
    assert!(said(&restored).contains("Restored as of"), "{restored:?}");
    let told = String::from_utf8_lossy(&restored.stderr).into_owned();
    assert!(told.contains("bring new/assent.key back before the server starts"), "{told}");
}

#[cfg(unix)]
#[test]
fn the_keys_are_in_a_copy_only_if_they_are_asked_for() {
    use std::os::unix::fs::PermissionsExt;
    let folder = copied();
    let folder = folder.path();
    assert!(!folder.join("copy/assent.key").exists());
    let with_keys = run(folder, &["backup", "keyed", "--with-keys"]);
    let told = String::from_utf8_lossy(&with_keys.stderr).into_owned();
    assert!(told.contains("whoever reads it can sign in this server's name"), "{told}");
    let key = folder.join("keyed/assent.key");
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read(&key).unwrap(), fs::read(folder.join("data/assent.key")).unwrap());
    let restored = run(folder, &["restore", "keyed", "--database-url", "sqlite:new/assent.db"]);
    let told = String::from_utf8_lossy(&restored.stderr).into_owned();
    assert!(told.contains("The signing keys are back in new/assent.key"), "{told}");
    let back = folder.join("new/assent.key");
    assert_eq!(fs::metadata(&back).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read(&back).unwrap(), fs::read(&key).unwrap());
    // Keys that are there stay as they are.
    fs::remove_file(folder.join("new/assent.db")).unwrap();
    fs::write(&back, "another").unwrap();
    let _ = run(folder, &["restore", "keyed", "--database-url", "sqlite:new/assent.db"]);
    assert_eq!(fs::read_to_string(&back).unwrap(), "another");
}

#[test]
fn what_cannot_be_copied_is_said() {
    let folder = TempDir::new().unwrap();
    let none = complained(&run(folder.path(), &["backup", "copy"]));
    assert!(none.contains("data/assent.db cannot be opened: there is no such file"), "{none}");
    assert!(!folder.path().join("copy.unfinished").exists() && !folder.path().join("data").exists());
    let nonsense = complained(&run(folder.path(), &["backup", "copy", "--every", "often"]));
    assert!(nonsense.contains("is no span of time"), "{nonsense}");
    assert!(complained(&run(folder.path(), &["restore", "copy", "--at", "noon"])).contains("is no time"));
}

/// Turns round a page of a file.
fn damage(file: &Path, page: usize) {
    let mut bytes = fs::read(file).unwrap();
    bytes[(page - 1) * 4096..page * 4096].reverse();
    fs::write(file, bytes).unwrap();
}

#[tokio::test]
async fn damage_is_said_and_a_damaged_copy_is_none() {
    let folder = copied();
    let file = folder.path().join("data/assent.db");
    let sound = fs::read(&file).unwrap();
    let first_page_of = async |name: &str| {
        let mut connection =
            sqlx::SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.unwrap();
        let page = sqlx::query_scalar("select rootpage from sqlite_schema where name = $1").bind(name);
        let page: i64 = page.fetch_one(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        usize::try_from(page).unwrap()
    };
    // An index of nothing: it is made anew in the copy, which is sound.
    let page = first_page_of("receipts_by_kind").await;
    damage(&file, page);
    let healed = run(folder.path(), &["backup", "healed"]);
    let told = String::from_utf8_lossy(&healed.stderr).into_owned();
    assert!(healed.status.success() && told.contains("The database itself is damaged"), "{healed:?}");
    // A table: what is not there cannot be copied.
    fs::write(&file, sound).unwrap();
    let page = first_page_of("audit_entries").await;
    damage(&file, page);
    let lost = complained(&run(folder.path(), &["backup", "lost"]));
    assert!(lost.contains("malformed"), "{lost}");
    assert!(!folder.path().join("lost").exists() && !folder.path().join("lost.unfinished").exists());
}

mod postgres {
    use super::*;
    use crate::backup::Operator;

    #[tokio::test]
    async fn a_database_with_tables_and_missing_programs_are_refused() {
        let first = Database::create(Engine::Postgres).await;
        let operator = Operator::new(first.folder.path(), &first.url);
        operator.says(&["site", "add", "shop", "--origin", "https://shop.example"]);
        let at = first.folder.path().join("copy");
        let to = at.display().to_string();
        // Whoever has no PATH has no programs.
        let without = operator.command(&["backup", &to]).env("PATH", "/nowhere").output().unwrap();
        let missing = complained(&without);
        assert!(
            missing.contains("pg_dump is not there. Install") && missing.contains("apt install"),
            "{missing}"
        );
        assert!(!at.exists());
        operator.says(&["backup", &to]);
        let taken = operator.complains(&["restore", &to]);
        assert!(taken.contains("The database has tables already") && taken.contains("createdb"), "{taken}");
        first.drop().await;
    }
}
