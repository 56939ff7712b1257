//! An SQLite file that is locked by another program, may not grow, lies on a full disk, is read-only, or is damaged.

use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use sqlx::{Connection, Executor};

use crate::harness::Engine;
use crate::harness::program::{Installation, Program, length, must_run};
use crate::harness::visitors::Visitors;

fn file(installation: &Installation) -> PathBuf {
    installation.url.strip_prefix("sqlite:").unwrap().into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_another_program_holds_is_named_and_waited_for() {
    let installation = Installation::create(Engine::Sqlite).await;
    let program = installation.start(&[]);
    let visitors = Visitors::start(8, program.address);
    visitors.until_acknowledged(20).await;
    let mut other = sqlx::SqliteConnection::connect(&installation.url).await.unwrap();
    other.execute("pragma busy_timeout = 30000; begin exclusive").await.unwrap();
    program.until_ready_says("not ready: another program keeps the database locked").await;
    visitors.until_turned_away(20).await;
    other.execute("rollback").await.unwrap();
    other.close().await.unwrap();
    visitors.until_acknowledged(20).await;
    program.until_ready_says("ready\n").await;
    let acknowledged = visitors.finish().await;
    program.ends();
    installation.check(&acknowledged).await;
    installation.remove().await;
}

/// Lets no file that the program writes grow beyond so many bytes.
fn limit(program: &Program, bytes: &str) {
    let process = program.id().to_string();
    must_run(Command::new("prlimit").args(["--pid", &process]).arg(format!("--fsize={bytes}:unlimited")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_may_not_grow_ends_nothing() {
    let installation = Installation::create(Engine::Sqlite).await;
    let mut program = installation.start(&[]);
    let visitors = Visitors::start(8, program.address);
    visitors.until_acknowledged(20).await;
    // As a quota does it: in the middle of the log first, then for whatever is written.
    let log = length(&file(&installation).with_extension("db-wal"));
    limit(&program, &(log + 10_000).to_string());
    visitors.until_turned_away(1).await;
    limit(&program, "4096");
    program.until_ready_says("not ready: the database's files cannot be read or written").await;
    visitors.until_turned_away(20).await;
    limit(&program, "unlimited");
    visitors.until_acknowledged(20).await;
    program.until_ready_says("ready\n").await;
    assert!(program.lives());
    let acknowledged = visitors.finish().await;
    program.ends();
    installation.check(&acknowledged).await;
    installation.remove().await;
}

/// What `assent serve` says where it refuses to start.
fn refusal_of(installation: &Installation) -> String {
    match installation.try_start(&[]) {
        Ok(_) => panic!("it starts"),
        Err(said) => said,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_is_refused_with_what_to_do() {
    let installation = Installation::create(Engine::Sqlite).await;
    let program = installation.start(&[]);
    let visitors = Visitors::start(8, program.address);
    visitors.until_acknowledged(100).await;
    let acknowledged = visitors.finish().await;
    program.ends();
    let (path, whole) = (file(&installation), fs::read(file(&installation)).unwrap());
    let overwrite = |from: u64, bytes: &[u8]| {
        let mut file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.seek(SeekFrom::Start(from)).unwrap();
        file.write_all(bytes).unwrap();
    };
    let refused = |what: &str| {
        let said = refusal_of(&installation);
        assert!(said.contains("it is damaged") && said.contains("assent restore"), "{what}: {said}");
        fs::write(&path, &whole).unwrap();
    };
    overwrite(0, b"no database at all");
    refused("its name");
    overwrite(100, &[0xff; 60]);
    refused("the root of its schema");
    let page = 4096;
    for at in 1..u64::try_from(whole.len()).unwrap() / page {
        if at % 7 == 3 {
            overwrite(at * page, &[0x5a; 512]);
        }
    }
    refused("its middle");
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(whole.len() as u64 / 2).unwrap();
    refused("its second half");
    // The copy that is brought back is as good as it was.
    installation.start(&[]).ends();
    installation.check(&acknowledged).await;
    installation.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_damaged_while_it_serves_is_named_and_not_gone_on_with() {
    let installation = Installation::create(Engine::Sqlite).await;
    let mut program = installation.start(&[]);
    let visitors = Visitors::start(8, program.address);
    visitors.until_acknowledged(50).await;
    // What is in the log moves into the file, which everybody reads anew then.
    let path = file(&installation);
    let options: sqlx::sqlite::SqliteConnectOptions = installation.url.parse().unwrap();
    let options = options.busy_timeout(std::time::Duration::from_secs(30));
    let mut other = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    other.execute("pragma wal_checkpoint(truncate)").await.unwrap();
    // The first page is what SQLite knows the file by; every other one is overwritten, as a disk's controller might.
    let mut damaged = fs::OpenOptions::new().write(true).open(&path).unwrap();
    let pages = damaged.metadata().unwrap().len() / 4096;
    for page in 1..pages {
        damaged.seek(SeekFrom::Start(page * 4096)).unwrap();
        damaged.write_all(&[0x5a; 512]).unwrap();
    }
    program.until_ready_says("not ready: the database is damaged; stop the server and bring back").await;
    visitors.until_turned_away(1).await;
    let acknowledged = visitors.acknowledged();
    visitors.until_turned_away(20).await;
    assert_eq!(visitors.acknowledged(), acknowledged, "nothing is recorded into what may not come out again");
    // Pages go on, and nobody who reads what is damaged ends that.
    assert_eq!(program.probe("/_assent/shop.js").await.0, 200);
    assert_eq!(program.probe("/api/v1/sites").await.0, 401);
    assert!(program.lives());
    let log = program.log();
    let said = |words: &str| log.iter().filter(|line| line.contains(words)).count();
    assert_eq!(said("the database is damaged"), 1, "one line, not one a request: {}", log.join("\n"));
    assert_eq!(said("the database does its work again"), 0, "{}", log.join("\n"));
    // What was signed last is what was published, and nothing else is beside it.
    let published = fs::read_to_string(installation.folder.path().join("assent.checkpoints")).unwrap();
    assert!(published.contains("shop"), "{published}");
    drop(visitors);
    program.ends();
    other.close().await.unwrap();
    let said = refusal_of(&installation);
    assert!(said.contains("it is damaged") && said.contains("assent restore"), "{said}");
    installation.remove().await;
}

/// A disk of so many MiB, in memory; only root can make one.
pub(super) struct Room(PathBuf);

impl Room {
    pub(super) fn make(at: &Path, mebibytes: u32) -> Self {
        fs::create_dir(at).unwrap();
        let size = format!("size={mebibytes}m");
        must_run(Command::new("mount").args(["-t", "tmpfs", "-o", &size, "assent-test"]).arg(at));
        Self(at.to_owned())
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Takes all the room that is left.
    pub(super) fn fill(&self) {
        let mut ballast = fs::File::create(self.0.join("ballast")).unwrap();
        for size in [65536, 4096, 1] {
            while ballast.write_all(&vec![1; size]).is_ok() {}
        }
    }

    /// Gives it back.
    pub(super) fn empty(&self) {
        fs::remove_file(self.0.join("ballast")).unwrap();
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        // Lazily: whatever still runs there is ended by whoever started it.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Needs the right to mount, so that the disk is really full.
mod mounted {
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::process::Command;

    use sqlx::{Connection, Executor};

    use super::{Room, limit, refusal_of};
    use crate::harness::program::{Installation, must_run};
    use crate::harness::visitors::Visitors;
    use crate::harness::{Database, Engine};

    /// Another way to a folder, which is closed at the end.
    struct Door(PathBuf);

    impl Door {
        fn open(at: &Path, to: &Path) -> Self {
            must_run(Command::new("mount").arg("--bind").arg(to).arg(at));
            Self(at.to_owned())
        }
    }

    impl Drop for Door {
        fn drop(&mut self) {
            let _ = Command::new("umount").arg("-l").arg(&self.0).status();
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_full_disk_ends_when_there_is_room() {
        let database = Database::create(Engine::Sqlite).await;
        let room = Room::make(&database.folder.path().join("room"), 8);
        let url = format!("sqlite:{}", room.path().join("assent.db").display());
        let installation = Installation::on(&url).await;
        let mut program = installation.start(&[]);
        let visitors = Visitors::start(8, program.address);
        visitors.until_acknowledged(20).await;
        room.fill();
        program.until_ready_says("not ready: the database's disk is full").await;
        visitors.until_turned_away(20).await;
        assert!(program.lives());
        room.empty();
        visitors.until_acknowledged(20).await;
        program.until_ready_says("ready\n").await;
        let acknowledged = visitors.finish().await;
        program.ends();
        installation.check(&acknowledged).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_read_only_file_is_named_at_the_start_and_later() {
        let database = Database::create(Engine::Sqlite).await;
        let room = Room::make(&database.folder.path().join("room"), 8);
        let url = format!("sqlite:{}", room.path().join("assent.db").display());
        let installation = Installation::on(&url).await;
        let remount = |how: &str| {
            must_run(Command::new("mount").args(["-o", how]).arg(room.path()));
        };
        remount("remount,ro");
        let said = refusal_of(&installation);
        assert!(said.contains("must be writable"), "{said}");
        remount("remount,rw");

        let program = installation.start(&[]);
        let visitors = Visitors::start(8, program.address);
        visitors.until_acknowledged(20).await;
        // What is open stays writable, so the connections have to be new ones: after a failure they are. Another program that reads
        // keeps the files beside the database, as a monitor would.
        let mut other = sqlx::SqliteConnection::connect(&url).await.unwrap();
        other.execute("select count(*) from sites").await.unwrap();
        limit(&program, "4096");
        program.until_ready_says("cannot be read or written").await;
        // A second door to the same room, which only lets in, put before the first one at once: nobody comes through it before.
        let second = room.path().with_file_name("read-only");
        fs::create_dir(&second).unwrap();
        let second = Door::open(&second, room.path());
        must_run(Command::new("mount").args(["-o", "remount,ro,bind"]).arg(&second.0));
        let before = Door::open(room.path(), &second.0);
        program.until_ready_says("not ready: the database is read-only").await;
        limit(&program, "unlimited");
        visitors.until_turned_away(20).await;
        drop(before);
        other.close().await.unwrap();
        visitors.until_acknowledged(20).await;
        program.until_ready_says("ready\n").await;
        let acknowledged = visitors.finish().await;
        program.ends();
        installation.check(&acknowledged).await;
    }
}
