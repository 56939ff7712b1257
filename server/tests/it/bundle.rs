//! The export bundle as who receives it has it: read back as a tar, held against the ledger, and verified without the server.

mod taken_apart;
mod tampered;

use std::process::{Command, Stdio};

use assent::export::{ExportFormat, Wanted};
use assent::sealer::Sealer;
use assent::signing_keys::KeySource;
use assent::store::{Filter, HoldRow};
use assent_shared::bundle::{Scope, Trust, name};
use assent_shared::ledger::{Hash, Reason, ReceiptProof};
use assent_shared::{Receipt, VisitorId, VisitorSecret};
use futures_util::StreamExt;
use reqwest::StatusCode;
use serde_json::{Value, json};

use self::taken_apart::Bundle;
use crate::harness::{Engine, NOTICE, NOW, TestServer, both_engines, id, refusal, with};

both_engines!(
    a_whole_ledger_proves_itself,
    one_visitors_part_holds_nothing_of_others,
    a_date_range_says_what_was_erased_in_it,
    pages_of_a_long_ledger_join,
    what_is_erased_meanwhile_does_not_break_it,
    what_cannot_be_exported_is_said,
    the_command_line_writes_the_same_and_one_proof,
);

const EXPORT: &str = "/api/v1/sites/shop/export?format=bundle";
const DAY: i64 = 86_400_000;

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

/// Lets a visitor's receipts be kept, and not shown.
async fn restrict(app: &TestServer, letter: &str) {
    let hold = HoldRow {
        hold_id: "h".to_owned(),
        visitor: Some(visitor(app, letter).to_string()),
        kind: "restriction".to_owned(),
        reason: "they ask".to_owned(),
        made_by: "Ada".to_owned(),
        made_at: NOW,
        lifted_at: None,
    };
    app.store().add_hold(&app.shop, &hold).await.unwrap();
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
    restrict(app, "C").await;
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
        assert!(!whole.contains(&id), "{letter}");
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
            assert!(
                html.contains("data-act=\"reject\"")
                    && html.contains("shadowrootmode")
                    && html.contains(":host(assent-root)"),
                "{locale}"
            );
            assert!(html.contains(&texts.title) && html.contains(&row.hash), "{locale}");
        }
    }

    // Who kept the first export's checkpoint holds this one against it, with the first key.
    let trust = Trust { key: first.head().keys.first().cloned(), checkpoint: Some(first.checkpoint()) };
    let report = whole.verify(&trust).unwrap();
    assert_eq!(report.saved, Some(first.checkpoint().unverified().size));
    app.finish().await;
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
    assert_eq!((report.counts.withheld, report.earlier), (0, 2));
    assert!(part.receipts().iter().all(|(_, receipt)| receipt.visitor == own));
    assert!(part.of_folder("leaves/").is_empty(), "only siblings on the way to the root");
    for letter in ["C", "D"] {
        assert!(!part.contains(visitor(&app, letter).as_str()));
    }
    for (decision, salt, commitment) in &others {
        for what in [Some(decision), Some(salt), commitment.as_ref()].into_iter().flatten() {
            assert!(!part.contains(what), "{what}");
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
        app.store().append_receipts(some, &[], NOW).await.unwrap();
    }
    let whole = export(&app, "").await;
    let report = whole.check();
    assert_eq!((report.counts.receipts, whole.of_folder("ledger/").len()), (12_000, 3));
    assert!(whole.lines().iter().zip(0..).all(|(line, index)| line.index == index), "a gap or a repeat");
    let rows = |(_, table): &&(String, Vec<u8>)| csv::Reader::from_reader(&table[..]).records().count();
    assert_eq!(whole.of_folder("csv/").iter().map(rows).sum::<usize>(), 12_000);
    let part = export(&app, &format!("&visitor={}", template.visitor)).await;
    let report = part.check();
    assert_eq!((report.scope, report.counts.receipts), (Scope::Part, 12_000));
    assert_eq!(part.of_folder("ledger/").len(), 3);
    app.finish().await;
}

async fn what_is_erased_meanwhile_does_not_break_it(engine: Engine) {
    let app = TestServer::start(engine).await;
    decide(&app, 0..6).await;
    let wanted = Wanted {
        site: app.shop.clone(),
        format: ExportFormat::Bundle,
        ledger: None,
        filter: Filter::default(),
    };
    let mut chunks = wanted.begin(app.store(), NOW).await.unwrap();
    let mut bytes = chunks.next().await.unwrap().unwrap();
    let size = app.store().ledger(&app.shop).await.unwrap().unwrap().leaves;
    let kept = app.store().checkpoints(&app.shop, 1, size + 1).await.unwrap();
    assert_eq!(kept.len(), 1, "the bundle's checkpoint is kept from the start");
    // The reader is slow, and meanwhile somebody has their receipts erased.
    let gone = visitor(&app, "D");
    app.store().erase_visitor(&app.shop, &gone, Reason::Visitor, NOW).await.unwrap();
    while let Some(chunk) = chunks.next().await {
        bytes.extend(chunk.unwrap());
    }
    let bundle = Bundle::of(bytes);
    let counts = bundle.check().counts;
    assert_eq!((counts.receipts, counts.withheld, counts.erased, counts.tombstones), (4, 2, 0, 0));
    assert!(!bundle.contains(gone.as_str()));
    let after = export(&app, "").await.check().counts;
    assert_eq!((after.receipts, after.withheld, after.erased, after.tombstones), (4, 0, 2, 1));
    app.finish().await;
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
    restrict(&app, "D").await;
    for (arguments, said) in [
        (&["proof", "--site", "shop", &id(9)][..], "no receipt of the decision"),
        (&["proof", "--site", "shop", &id(2)], "is restricted"),
        (&["proof", "--site", "nosuch", &id(1)], "no site `nosuch`"),
        (&["export", "--site", "shop", "--format", "bundle", "--ledger", "2"], "has no ledger 2"),
    ] {
        let (status, printed, complained) = assent(arguments);
        assert_eq!((status, printed.as_str()), (1, ""), "{arguments:?}");
        assert!(complained.contains(said), "{complained}");
    }
    // The commands went by the machine's clock.
    app.clock.advance(3_650 * 86_400_000);
    app.finish().await;
}
