//! The audit log in the hands of somebody who may change the file, or the database: each change is found, and named where it can be.

use assent::audit::{self, Action, Wanted};
use assent_shared::bundle::{Failure, Trust, What, verify};

use super::{app, file, owner, view};
use crate::harness::{Engine, TestServer, both_engines};
use crate::ledger::raw;

both_engines!(
    every_kind_of_tampering_with_the_database_is_found,
    every_kind_of_tampering_with_the_file_is_named
);

/// Six entries, and that of the export itself; each case in a log of its own.
async fn every_kind_of_tampering_with_the_database_is_found(engine: Engine) {
    let unlock: &[&'static str] = match engine {
        Engine::Sqlite => &[
            "drop trigger audit_entries_stay",
            "drop trigger audit_entries_are_kept",
            "drop trigger audit_entries_are_new",
            "drop trigger audit_ledgers_grow",
        ],
        Engine::Postgres => &[
            "alter table audit_entries disable trigger user",
            "alter table audit_ledgers disable trigger user",
        ],
    };
    let salt = match engine {
        Engine::Sqlite => "update audit_entries set salt = zeroblob(32) where leaf_index = 2",
        Engine::Postgres => "update audit_entries set salt = sha256(salt) where leaf_index = 2",
    };
    let cases: &[(&[&'static str], Option<u64>, &[What])] = &[
        (
            &["update audit_entries set body = replace(body, 'receipt 3', 'receipt 8') where leaf_index = 3"],
            Some(3),
            &[What::Changed],
        ),
        (&["update audit_entries set body = 'none' where leaf_index = 3"], Some(3), &[What::Changed]),
        (&[salt], Some(2), &[What::Changed]),
        (
            &[
                "update audit_entries set entry = replace(entry, '\"commitment\":\"', '\"commitment\":\"00') where leaf_index = 4",
            ],
            Some(4),
            &[What::Malformed],
        ),
        (&["delete from audit_entries where leaf_index = 1"], Some(1), &[What::Removed]),
        (
            &[
                "update audit_entries set body = null, salt = null, actor = null, action = null where leaf_index = 5",
            ],
            Some(5),
            &[What::Removed],
        ),
        (
            &[
                "update audit_entries set leaf_index = 900 where leaf_index = 1",
                "update audit_entries set leaf_index = 1 where leaf_index = 4",
                "update audit_entries set leaf_index = 4 where leaf_index = 900",
            ],
            None,
            &[What::Changed, What::Reordered],
        ),
        (
            &[
                "insert into audit_entries (ledger, leaf_index, entry, body, salt, at)
               select ledger, 7, entry, body, salt, at from audit_entries where leaf_index = 0",
                "update audit_ledgers set leaves = 8",
            ],
            None,
            &[What::Inserted, What::Changed],
        ),
    ];
    for (sqls, index, kinds) in cases {
        let server = TestServer::start(engine).await;
        let app = app(&server);
        view(&app, &server, 6).await;
        // What is exported is the log up to the entry that says so: it is made once more below.
        for sql in unlock.iter().chain(*sqls) {
            raw(server.store(), sql).await.unwrap();
        }
        // Somebody shortened or lengthened the log so that it cannot go on: then it stops, and says so.
        let begun = audit::begin_export(&app, &owner(), Wanted::default()).await;
        if begun.is_err() {
            assert!(sqls.iter().any(|sql| sql.contains("set leaves")), "{sqls:?}");
            server.finish_unchecked().await;
            continue;
        }
        let file = file(&app, &owner(), Wanted::default()).await;
        match verify(file.as_slice(), &Trust::default()) {
            Err(Failure::Broken(broken)) => {
                assert!(kinds.contains(&broken.what), "{sqls:?}: {broken}");
                assert!(index.is_none() || *index == broken.index, "{sqls:?}: {broken}");
            }
            other => panic!("{sqls:?}: {other:?}"),
        }
        server.finish_unchecked().await;
    }
}

async fn every_kind_of_tampering_with_the_file_is_named(engine: Engine) {
    let server = TestServer::start(engine).await;
    let app = app(&server);
    view(&app, &server, 6).await;
    audit::record(&app, &owner(), Action::ReceiptView, None, "the last").await.unwrap();
    let text = String::from_utf8(file(&app, &owner(), Wanted::default()).await).unwrap();
    assert!(verify(text.as_bytes(), &Trust::default()).is_ok());
    let lines: Vec<&str> = text.lines().collect();
    let first = lines.iter().position(|line| line.starts_with("{\"index\":0,")).unwrap();
    let broken = |lines: &[&str]| match verify((lines.join("\n") + "\n").as_bytes(), &Trust::default()) {
        Err(Failure::Broken(broken)) => broken,
        other => panic!("{other:?}"),
    };
    for at in 0..8_usize {
        let place = Some(at as u64);
        let mut removed = lines.clone();
        removed.remove(first + at);
        let told = broken(&removed);
        assert_eq!((told.index, told.what), (place, What::Removed), "{told}");

        let mut doubled = lines.clone();
        doubled.insert(first + at, lines[first + at]);
        let told = broken(&doubled);
        assert!(matches!(told.what, What::Inserted | What::Reordered), "{told}");

        let changed = lines[first + at].replace("ann@", "eve@");
        let mut forged = lines.clone();
        forged[first + at] = &changed;
        let told = broken(&forged);
        assert_eq!((told.index, told.what), (place, What::Changed), "{told}");

        if at > 0 {
            let mut swapped = lines.clone();
            swapped.swap(first + at - 1, first + at);
            let told = broken(&swapped);
            assert_eq!((told.index, told.what), (Some(at as u64 - 1), What::Reordered), "{told}");
        }
    }
    // An entry that is said to be erased or withheld where it is not.
    let mut hidden = lines.clone();
    let erased = "{\"index\":2,\"erased\":\"".to_owned() + &"0".repeat(64) + "\"}";
    hidden[first + 2] = &erased;
    assert_eq!(broken(&hidden).index, Some(2));
    // The first line: another key, another size, a bit of the checkpoint.
    let head: serde_json::Value = serde_json::from_str(lines[0]).unwrap();
    for (field, value) in [
        ("keys", serde_json::json!([])),
        ("origin", serde_json::json!("elsewhere")),
        ("checkpoint", serde_json::json!(head["checkpoint"].as_str().unwrap().replacen("\n8\n", "\n7\n", 1))),
        (
            "selection",
            serde_json::json!({"from": 9_999_999_999_999_i64, "to": null, "actor": null, "action": null, "sites": null}),
        ),
    ] {
        let mut head = head.clone();
        head[field] = value;
        // The order of the keys is the format's beginning.
        let text = serde_json::to_string(&head).unwrap();
        let format = "\"format\":\"assent.audit.v1\",";
        let text = format!("{{{format}{}", text.replacen(format, "", 1).trim_start_matches('{'));
        let mut forged = lines.clone();
        forged[0] = &text;
        broken(&forged);
    }
    server.finish().await;
}
