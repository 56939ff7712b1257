//! The export bundle as who receives it has it: read back as a tar, held against the ledger, and verified without the server.

use std::io::Read;
use std::process::{Command, Stdio};

use assent::sealer::Sealer;
use assent::signing_keys::KeySource;
use assent::store::HoldRow;
use assent_shared::bundle::{Content, Failure, Head, Line, Manifest, Report, Scope, Trust, name, verify};
use assent_shared::ledger::{Hash, Reason, ReceiptProof, SignedCheckpoint, tree};
use assent_shared::{Receipt, VisitorId, VisitorSecret};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::harness::{Engine, NOTICE, NOW, TestServer, both_engines, id, refusal, with};

both_engines!(
    a_whole_ledger_proves_itself,
    one_visitors_part_holds_nothing_of_others,
    a_date_range_says_what_was_erased_in_it,
    pages_of_a_long_ledger_join,
    what_is_erased_meanwhile_does_not_break_it,
    what_was_changed_in_the_database_is_found,
    what_cannot_be_exported_is_said,
    the_command_line_writes_the_same_and_one_proof,
);

const EXPORT: &str = "/api/v1/sites/shop/export?format=bundle";
const DAY: i64 = 86_400_000;

/// A bundle, taken apart.
struct Bundle {
    bytes: Vec<u8>,
    files: Vec<(String, Vec<u8>)>,
}

impl Bundle {
    fn of(bytes: Vec<u8>) -> Self {
        let mut files = Vec::new();
        for entry in tar::Archive::new(&bytes[..]).entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            files.push((entry.path().unwrap().to_str().unwrap().to_owned(), content));
        }
        Self { bytes, files }
    }

    fn file(&self, name: &str) -> &[u8] {
        let found = self.files.iter().find(|(own, _)| own == name);
        &found.unwrap_or_else(|| panic!("no {name}")).1
    }

    fn head(&self) -> Head {
        serde_json::from_slice(self.file(name::HEAD)).unwrap()
    }

    fn checkpoint(&self) -> SignedCheckpoint {
        SignedCheckpoint::parse(std::str::from_utf8(self.file(name::CHECKPOINT)).unwrap()).unwrap()
    }

    fn of_folder(&self, folder: &str) -> Vec<&(String, Vec<u8>)> {
        self.files.iter().filter(|(name, _)| name.starts_with(folder)).collect()
    }

    /// Every line of the ledger, its file's text beside it.
    fn lines(&self) -> Vec<Line<'_>> {
        let texts = self.of_folder("ledger/").into_iter().map(|(_, text)| std::str::from_utf8(text).unwrap());
        texts.flat_map(str::lines).map(|line| Line::parse(line).unwrap()).collect()
    }

    fn receipts(&self) -> Vec<(u64, Receipt)> {
        let lines = self.lines().into_iter();
        lines
            .filter_map(|line| match line.content {
                Content::Receipt { body, .. } => Some((line.index, serde_json::from_str(&body).unwrap())),
                _ => None,
            })
            .collect()
    }

    fn verify(&self, trust: &Trust) -> Result<Report, Failure> {
        verify(&self.bytes[..], trust)
    }

    /// Checks what holds for every bundle, and what the verifier says of it.
    fn check(&self) -> Report {
        let manifest: Manifest = serde_json::from_slice(self.file(name::MANIFEST)).unwrap();
        assert_eq!(self.files.last().unwrap().0, name::MANIFEST);
        assert_eq!(manifest.files.len(), self.files.len() - 1);
        for (listed, (name, content)) in manifest.files.iter().zip(&self.files) {
            assert_eq!((&listed.name, listed.size), (name, content.len() as u64));
            assert_eq!(listed.sha256, Hash(Sha256::digest(content).into()));
        }
        for (_, content) in self.of_folder("ledger/") {
            assert!(content.iter().filter(|byte| **byte == b'\n').count() <= name::LINES_PER_FILE);
        }
        let newest = self.checkpoint().unverified().clone();
        if !self.head().selection.is_everything() {
            for line in self.lines() {
                let root = tree::root_of_inclusion(
                    line.content.leaf_hash(),
                    line.index,
                    newest.size,
                    line.path.as_ref().unwrap(),
                );
                assert_eq!(root, Some(newest.root), "leaf {}", line.index);
            }
        }
        let key = self.head().keys.last().cloned();
        self.verify(&Trust { key, checkpoint: None }).unwrap_or_else(|failure| panic!("{failure}"))
    }
}

async fn export(app: &TestServer, query: &str) -> Bundle {
    let key = app.operator_key(Some(&app.shop)).await;
    let answer = app.get_with_key(&key, &format!("{EXPORT}{query}")).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["content-type"], "application/x-tar");
    assert_eq!(answer.headers()["content-disposition"], "attachment; filename=\"shop-ledger.tar\"");
    Bundle::of(answer.bytes().await.unwrap().to_vec())
}

fn secret(letter: &str) -> String {
    format!("{}A", letter.repeat(21))
}

fn visitor(app: &TestServer, letter: &str) -> VisitorId {
    secret(letter).parse::<VisitorSecret>().unwrap().visitor_id(&app.shop)
}

/// A day's decisions of the visitors B, C and D in turn.
async fn decide(app: &TestServer, numbers: std::ops::Range<u64>) {
    for number in numbers {
        let who = secret(["B", "C", "D"][usize::try_from(number % 3).unwrap()]);
        let (status, _) = app.post(&with(refusal(number), json!({"visitor": who}))).await;
        assert_eq!(status, StatusCode::CREATED);
    }
}

/// Three days, two notices, two keys, one visitor erased, one restricted, an earlier checkpoint that somebody holds.
async fn a_varied_ledger(app: &TestServer) -> Bundle {
    decide(app, 0..9).await;
    let first = export(app, "").await;
    app.clock.advance(DAY);
    let other = NOTICE.replace("Fernhill Ceramics", "Another Shop");
    assent::notices::publish(app.store(), &app.shop, &other, &[], NOW + DAY).await.unwrap();
    Sealer::new(KeySource::File(app.folder().join("assent.key"))).add_key().unwrap();
    app.store().sealer().load().unwrap();
    decide(app, 9..15).await;
    app.clock.advance(DAY);
    let gone = visitor(app, "D");
    app.store().erase_visitor(&app.shop, &gone, Reason::Visitor, NOW + 2 * DAY).await.unwrap();
    let hold = HoldRow {
        hold_id: "h".to_owned(),
        visitor: Some(visitor(app, "C").to_string()),
        kind: "restriction".to_owned(),
        reason: "they ask".to_owned(),
        made_by: "Ada".to_owned(),
        made_at: NOW,
        lifted_at: None,
    };
    app.store().add_hold(&app.shop, &hold).await.unwrap();
    first
}

async fn a_whole_ledger_proves_itself(engine: Engine) {
    let app = TestServer::start(engine).await;
    let first = a_varied_ledger(&app).await;
    let whole = export(&app, "").await;
    let report = whole.check();
    assert_eq!((report.scope, report.size), (Scope::Whole, whole.checkpoint().unverified().size));
    let counts = &report.counts;
    assert_eq!((counts.receipts, counts.erased, counts.withheld), (5, 5, 5));
    assert_eq!((counts.tombstones, counts.notices, counts.builds), (1, 2, 1));
    assert_eq!(report.earlier, 2, "the export before, and the handover");
    assert_eq!(whole.head().keys.len(), 2);

    // Every leaf is there once, with the hash that the ledger has.
    let lines = whole.lines();
    let leaves = app.store().leaves(&app.shop, 1, 0, i64::MAX).await.unwrap();
    assert_eq!(lines.len(), leaves.len());
    let hashes: Vec<u8> = whole.of_folder("leaves/").iter().flat_map(|(_, hashes)| hashes.clone()).collect();
    for ((line, leaf), hash) in lines.iter().zip(&leaves).zip(hashes.chunks(32)) {
        assert_eq!(line.index, u64::try_from(leaf.leaf_index).unwrap());
        assert_eq!(Some(line.content.leaf_hash()), leaf.hash());
        assert_eq!(leaf.hash(), Hash::from_slice(hash));
    }
    // Nothing of who is erased or restricted, not in the table either.
    for letter in ["C", "D"] {
        let id = visitor(&app, letter).to_string();
        assert!(!contains(&whole.bytes, &id), "{letter}");
    }
    let mut csv = csv::Reader::from_reader(whole.file(&name::table(0)));
    assert_eq!(csv.records().map(Result::unwrap).count(), 5);

    // The notices, as they were shown.
    for number in [1, 2] {
        let row = app.store().notice(&app.shop, number).await.unwrap().unwrap();
        assert_eq!(whole.file(&name::notice(number)), row.body.as_bytes());
        let notice: assent_shared::Notice = serde_json::from_str(&row.body).unwrap();
        for (locale, texts) in &notice.texts {
            let html = std::str::from_utf8(whole.file(&name::shown_notice(number, locale.as_str()))).unwrap();
            assert!(html.contains("data-act=\"reject\"") && html.contains(":host(assent-root)"), "{locale}");
            assert!(html.contains(&texts.title) && html.contains(&row.hash), "{locale}");
        }
    }

    // Who kept the first export's checkpoint holds this one against it, with the first key.
    let trust = Trust { key: first.head().keys.first().cloned(), checkpoint: Some(first.checkpoint()) };
    let report = whole.verify(&trust).unwrap();
    assert_eq!(report.saved, Some(first.checkpoint().unverified().size));
    app.finish().await;
}

fn contains(bytes: &[u8], what: &str) -> bool {
    bytes.windows(what.len()).any(|window| window == what.as_bytes())
}

async fn one_visitors_part_holds_nothing_of_others(engine: Engine) {
    let app = TestServer::start(engine).await;
    a_varied_ledger(&app).await;
    let own = visitor(&app, "B");
    let others: Vec<(String, String, Option<String>)> = app
        .store()
        .leaves(&app.shop, 1, 0, i64::MAX)
        .await
        .unwrap()
        .into_iter()
        .filter_map(|leaf| Some((leaf.commitment?, leaf.body?, leaf.salt?)))
        .filter_map(|(commitment, body, salt)| {
            let receipt: Receipt = serde_json::from_str(&body).unwrap();
            let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
            (receipt.visitor != own)
                .then(|| (receipt.decision.to_string(), hex(&salt), Some(hex(&commitment))))
        })
        .collect();
    assert_eq!(others.len(), 5, "those of C; D's are erased");
    let part = export(&app, &format!("&visitor={own}")).await;
    let report = part.check();
    assert_eq!((report.scope, report.counts.receipts, report.counts.erased), (Scope::Part, 5, 0));
    assert_eq!((report.counts.withheld, report.earlier), (0, 3));
    assert!(part.receipts().iter().all(|(_, receipt)| receipt.visitor == own));
    assert!(part.of_folder("leaves/").is_empty(), "only siblings on the way to the root");
    for letter in ["C", "D"] {
        assert!(!contains(&part.bytes, visitor(&app, letter).as_str()));
    }
    for (decision, salt, commitment) in &others {
        for what in [Some(decision), Some(salt), commitment.as_ref()].into_iter().flatten() {
            assert!(!contains(&part.bytes, what), "{what}");
        }
    }
    // Who is restricted is there, and not shown.
    let hidden = export(&app, &format!("&visitor={}", visitor(&app, "C"))).await;
    let report = hidden.check();
    assert_eq!((report.counts.receipts, report.counts.withheld), (0, 5));
    // Only what the receipts name: nobody of this day answered notice 2.
    let early = export(&app, &format!("&visitor={own}&to=2026-11-22")).await;
    let report = early.check();
    assert_eq!((report.counts.receipts, report.counts.notices), (3, 1));
    assert!(early.of_folder("notices/").iter().all(|(name, _)| name.starts_with("notices/1.")));
    // Nobody at all is a part too.
    let nobody = export(&app, &format!("&visitor={}", visitor(&app, "Z"))).await;
    assert_eq!(nobody.check().counts.receipts, 0);
    app.finish().await;
}

async fn a_date_range_says_what_was_erased_in_it(engine: Engine) {
    let app = TestServer::start(engine).await;
    a_varied_ledger(&app).await;
    let part = export(&app, "&from=2026-11-22&to=2026-11-23").await;
    let report = part.check();
    assert_eq!((report.counts.receipts, report.counts.erased, report.counts.withheld), (2, 2, 2));
    assert_eq!(report.counts.tombstones, 1, "the one that says so");
    let shown = part.receipts();
    assert!(shown.iter().all(|(_, receipt)| receipt.received_at == NOW + DAY));
    let early = export(&app, "&to=2026-11-21").await;
    assert_eq!((early.check().counts.tombstones, early.receipts().len()), (0, 0));
    app.finish().await;
}

async fn pages_of_a_long_ledger_join(engine: Engine) {
    let app = TestServer::start(engine).await;
    // Straight to the store: the way over HTTP is tested elsewhere, and twelve thousand requests take long.
    let (_, answer) = app.post(&refusal(0)).await;
    let template: Receipt = serde_json::from_value(answer["receipt"].clone()).unwrap();
    let receipts: Vec<Receipt> = (1..12_000_u64)
        .map(|number| Receipt { decision: id(number).parse().unwrap(), ..template.clone() })
        .collect();
    for some in receipts.chunks(4_000) {
        app.store().append_receipts(some, NOW).await.unwrap();
    }
    let whole = export(&app, "").await;
    let report = whole.check();
    assert_eq!((report.counts.receipts, whole.of_folder("ledger/").len()), (12_000, 2));
    assert!(whole.lines().iter().zip(0..).all(|(line, index)| line.index == index), "a gap or a repeat");
    let rows = |(_, table): &&(String, Vec<u8>)| csv::Reader::from_reader(&table[..]).records().count();
    assert_eq!(whole.of_folder("csv/").iter().map(rows).sum::<usize>(), 12_000);
    let part = export(&app, &format!("&visitor={}", template.visitor)).await;
    let report = part.check();
    assert_eq!((report.scope, report.counts.receipts), (Scope::Part, 12_000));
    assert_eq!(part.of_folder("ledger/").len(), 2);
    app.finish().await;
}

async fn what_is_erased_meanwhile_does_not_break_it(engine: Engine) {
    let app = TestServer::start(engine).await;
    decide(&app, 0..6).await;
    let key = app.operator_key(None).await;
    // The first byte is read only after the erasure: the checkpoint is of before it, the rows are of after it.
    let answer = app.get_with_key(&key, EXPORT).await;
    let gone = visitor(&app, "D");
    let size = app.store().ledger(&app.shop).await.unwrap().unwrap().leaves;
    let checkpoint = app.store().checkpoints(&app.shop, 1, size + 1).await.unwrap();
    assert_eq!(checkpoint.len(), 1, "it is kept from the start");
    app.store().erase_visitor(&app.shop, &gone, Reason::Visitor, NOW).await.unwrap();
    let bundle = Bundle::of(answer.bytes().await.unwrap().to_vec());
    let counts = bundle.check().counts;
    assert_eq!((counts.receipts + counts.withheld, counts.erased, counts.tombstones), (6, 0, 0));
    let after = export(&app, "").await.check().counts;
    assert_eq!((after.receipts, after.withheld, after.erased, after.tombstones), (4, 0, 2, 1));
    app.finish().await;
}

async fn what_was_changed_in_the_database_is_found(engine: Engine) {
    let app = TestServer::start(engine).await;
    decide(&app, 0..6).await;
    // Somebody who may do anything to the database: the trigger goes first.
    let unlock = match engine {
        Engine::Sqlite => "drop trigger receipts_stay",
        Engine::Postgres => "alter table receipts disable trigger user",
    };
    let change =
        "update receipts set body = replace(body, '\"layer\":1', '\"layer\":2') where leaf_index = 4";
    for sql in [unlock, change] {
        crate::ledger::raw(app.store(), sql).await.unwrap();
    }
    let bundle = export(&app, "").await;
    match bundle.verify(&Trust::default()) {
        Err(Failure::Broken(broken)) => assert_eq!(broken.index, Some(4), "{broken}"),
        other => panic!("{other:?}"),
    }
    // What is no receipt any more is still for the verifier to name, not for the export to trip over.
    crate::ledger::raw(app.store(), "update receipts set body = '{}' where leaf_index = 3").await.unwrap();
    for query in ["", "&from=2026-11-21"] {
        match export(&app, query).await.verify(&Trust::default()) {
            Err(Failure::Broken(broken)) => assert_eq!(broken.index, Some(3), "{broken}"),
            other => panic!("{other:?}"),
        }
    }
    app.finish_unchecked().await;
}

async fn what_cannot_be_exported_is_said(engine: Engine) {
    let app = TestServer::start(engine).await;
    let key = app.operator_key(None).await;
    for (path, status, said) in [
        (format!("{EXPORT}&ledger=2"), StatusCode::NOT_FOUND, "has no ledger 2"),
        (format!("{EXPORT}&ledger=x"), StatusCode::UNPROCESSABLE_ENTITY, "ledger"),
        ("/api/v1/sites/shop/export?ledger=1".to_owned(), StatusCode::UNPROCESSABLE_ENTITY, "`bundle`"),
    ] {
        let answer = app.get_with_key(&key, &path).await;
        assert_eq!(answer.status(), status, "{path}");
        let problem: Value = answer.json().await.unwrap();
        assert!(problem["detail"].as_str().unwrap().contains(said), "{problem}");
    }
    assert_eq!(app.get(EXPORT).await.status(), StatusCode::UNAUTHORIZED);
    let answer = app.get_with_key(&key, &format!("{EXPORT}&ledger=1")).await;
    assert_eq!(Bundle::of(answer.bytes().await.unwrap().to_vec()).check().size, 2, "a build and a notice");
    app.finish().await;
}

async fn the_command_line_writes_the_same_and_one_proof(engine: Engine) {
    let app = TestServer::start(engine).await;
    decide(&app, 0..3).await;
    let folder = app.folder();
    let assent = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_assent"));
        command.current_dir(folder).args(arguments).env_clear().stdin(Stdio::null());
        command.env("ASSENT_DATABASE_URL", app.database_url());
        command.env("ASSENT_SIGNING_KEY_FILE", folder.join("assent.key"));
        let output = command.output().unwrap();
        (
            output.status.code().unwrap(),
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let export = ["export", "--site", "shop", "--format", "bundle", "--output", "whole.tar"];
    assert_eq!(assent(&export), (0, String::new(), String::new()));
    let bundle = Bundle::of(std::fs::read(folder.join("whole.tar")).unwrap());
    assert_eq!(bundle.check().counts.receipts, 3);
    let (status, printed, _) = assent(&["verify", "whole.tar"]);
    assert_eq!((status, printed.starts_with("Proven: 3 receipts")), (0, true), "{printed}");

    let (status, proof, _) = assent(&["proof", "--site", "shop", &id(1)]);
    assert_eq!(status, 0);
    let parsed = ReceiptProof::parse(&proof).unwrap();
    assert_eq!(parsed.verify(&app.verifier_key().await).unwrap().size, 5);
    assert!(parsed.opening.unwrap().receipt.get().contains(&id(1)));
    std::fs::write(folder.join("one.tlog-proof"), proof).unwrap();
    let key = app.verifier_key().await.to_string();
    let (status, printed, _) = assent(&["verify", "one.tlog-proof", "--key", &key]);
    assert_eq!((status, printed.starts_with("Proven: 1 receipt")), (0, true), "{printed}");
    for (arguments, said) in [
        (&["proof", "--site", "shop", &id(9)][..], "no receipt of the decision"),
        (&["proof", "--site", "nosuch", &id(1)], "no site `nosuch`"),
        (&["export", "--site", "shop", "--format", "bundle", "--ledger", "2"], "has no ledger 2"),
    ] {
        let (status, printed, complained) = assent(arguments);
        assert_eq!((status, printed.as_str()), (1, ""), "{arguments:?}");
        assert!(complained.contains(said), "{complained}");
    }
    app.finish().await;
}
