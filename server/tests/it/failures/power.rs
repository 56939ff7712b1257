//! A loss of power, on SQLite: what the disk may hold afterwards is made by hand, from the files of a server that was killed.
//!
//! What it models: `fsync` keeps its word. Of the write-ahead log everything that was synced is there, which is all of every commit
//! that was acknowledged; of what was written after that, any part may be missing: the end, in the middle of a page too, or a page with
//! others after it. While the log is merged into the database, which happens only after the log was synced, any of its pages
//! may be new, old, or half of each. What it does not model: a disk that says "synced" and lies. PostgreSQL has tests of its own for
//! all of this; ours restart it by `-m immediate`, which is recovery from its log too.

use std::fs;
use std::path::{Path, PathBuf};

use assent::sealer::Sealer;
use assent::signing_keys::KeySource;
use assent::store::{Filter, Place, Store};
use assent_shared::Receipt;
use reqwest::{Client, StatusCode};
use tempfile::TempDir;

use super::Dice;
use crate::harness::program::{Installation, Program, length};
use crate::harness::{Engine, PAGE, check_ledgers, id, refusal};

/// Bytes of the log before its first frame, and of each frame: its own head and a page.
const HEAD: usize = 32;
const FRAME_HEAD: usize = 24;
const PAGE_SIZE: usize = 4096;
const FRAME: usize = FRAME_HEAD + PAGE_SIZE;

/// The files as they were when the server was killed, and how long the log was when each decision was acknowledged.
struct Remains {
    database: Vec<u8>,
    log: Vec<u8>,
    acknowledged: Vec<(String, usize)>,
    key: PathBuf,
}

async fn decide(program: &Program, number: u64) {
    let request = Client::new().post(format!("http://{}/_assent/shop/decisions", program.address));
    let answer = request.header("origin", PAGE).json(&refusal(number)).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED);
}

async fn remains_of(installation: &Installation) -> Remains {
    let file = PathBuf::from(installation.url.strip_prefix("sqlite:").unwrap());
    let log = file.with_extension("db-wal");
    let mut program = installation.start(&[]);
    let mut acknowledged = Vec::new();
    for number in 1..=40 {
        decide(&program, number).await;
        acknowledged.push((id(number), usize::try_from(length(&log)).unwrap()));
    }
    program.signal("-KILL");
    program.wait();
    let (database, log) = (fs::read(&file).unwrap(), fs::read(&log).unwrap());
    assert!(log.len() < 1000 * FRAME, "the log was not merged yet, so that its length only ever grew");
    Remains { database, log, acknowledged, key: installation.folder.path().join("assent.key") }
}

impl Remains {
    /// Starts from these files as a server does, and checks that everything is there which was acknowledged while the log was no
    /// longer than `synced`.
    async fn check(&self, database: &[u8], log: &[u8], synced: usize, what: &str) {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("assent.db");
        fs::write(&file, database).unwrap();
        fs::write(folder.path().join("assent.db-wal"), log).unwrap();
        let store = open(&file, &self.key).await;
        check_ledgers(&store).await;
        let shop = "shop".parse().unwrap();
        let rows = store.receipts(&shop, &Filter::default(), Place::START, 1_000_000).await.unwrap();
        let decisions: Vec<String> = rows
            .iter()
            .map(|row| serde_json::from_str::<Receipt>(&row.body).unwrap().decision.to_string())
            .collect();
        for (decision, _) in self.acknowledged.iter().filter(|(_, length)| *length <= synced) {
            assert!(decisions.contains(decision), "{what}: {decision} is lost");
        }
        store.close().await;
    }
}

async fn open(file: &Path, key: &Path) -> Store {
    let sealer = Sealer::new(KeySource::File(key.to_owned()));
    Store::open(&format!("sqlite:{}", file.display()), sealer).await.unwrap()
}

/// The frames up to the last one that ends a commit, which is the one that names the size of the database.
fn committed(log: &[u8]) -> impl Iterator<Item = &[u8]> {
    let frames: Vec<&[u8]> = log.chunks_exact(FRAME).collect();
    let last = frames.iter().rposition(|frame| frame[4..8] != [0; 4]).unwrap();
    frames.into_iter().take(last + 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_synced_survives_a_loss_of_power() {
    let mut dice = Dice::new();
    let installation = Installation::create(Engine::Sqlite).await;
    let remains = remains_of(&installation).await;
    let log = &remains.log;
    let frames = (log.len() - HEAD) / FRAME;
    let mut below = |limit: usize| usize::try_from(dice.below(limit as u64)).unwrap();

    // Cut off at the end of every frame of the last commits, then anywhere.
    let last = remains.acknowledged[remains.acknowledged.len() - 3].1;
    let mut cuts: Vec<usize> =
        (0..=frames).map(|frame| HEAD + frame * FRAME).filter(|cut| *cut >= last).collect();
    cuts.extend((0..16).map(|_| HEAD + below(frames) * FRAME));
    cuts.extend((0..16).map(|_| below(log.len())));
    for cut in cuts {
        remains.check(&remains.database, &log[..cut], cut, &format!("cut off at {cut}")).await;
    }
    // A page that is missing, or half written, with others after it.
    for half in [false, true] {
        for _ in 0..8 {
            let from = HEAD + below(frames) * FRAME;
            let mut holed = log.clone();
            let start = if half { from + FRAME / 2 } else { from };
            holed[start..from + FRAME].fill(0);
            remains.check(&remains.database, &holed, from, &format!("a hole at {start}")).await;
        }
    }
    // In the middle of merging.
    for round in 0..8 {
        let mut database = remains.database.clone();
        for frame in committed(&log[HEAD..]) {
            let page = u32::from_be_bytes(frame[..4].try_into().unwrap()) as usize;
            let (place, bytes) = ((page - 1) * PAGE_SIZE, &frame[FRAME_HEAD..]);
            let written = match below(3) {
                0 => 0,
                1 => PAGE_SIZE / 2,
                _ => PAGE_SIZE,
            };
            database.resize(database.len().max(place + PAGE_SIZE), 0);
            database[place..place + written].copy_from_slice(&bytes[..written]);
        }
        remains.check(&database, log, log.len(), &format!("while merging, {round}")).await;
    }
    installation.remove().await;
}
