//! Bundles of a database that somebody has changed who may do anything to it: each change is found and named.

use assent_shared::bundle::{Failure, Trust, What};

use super::{decide, export};
use crate::harness::{Engine, TestServer, both_engines};

both_engines!(what_was_changed_in_the_database_is_found, every_kind_of_tampering_with_the_database_is_named);

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

/// Rows flipped, removed, exchanged and slipped in by somebody with the database's password; each in a ledger of its own, of
/// a build, a notice and six receipts (leaves 2 to 7).
async fn every_kind_of_tampering_with_the_database_is_named(engine: Engine) {
    let unlock: &[&'static str] = match engine {
        Engine::Sqlite => &[
            "drop trigger receipts_stay",
            "drop trigger receipts_are_kept",
            "drop trigger receipts_are_new",
            "drop trigger entries_stay",
            "drop trigger entries_are_kept",
            "drop trigger notices_stay",
        ],
        Engine::Postgres => &[
            "alter table receipts disable trigger user",
            "alter table entries disable trigger user",
            "alter table notices disable trigger user",
        ],
    };
    let salt = match engine {
        Engine::Sqlite => "update receipts set salt = zeroblob(32) where leaf_index = 5",
        Engine::Postgres => "update receipts set salt = sha256(salt) where leaf_index = 5",
    };
    let commitment = match engine {
        Engine::Sqlite => "update receipts set commitment = zeroblob(32) where leaf_index = 6",
        Engine::Postgres => "update receipts set commitment = sha256(commitment) where leaf_index = 6",
    };
    let cases: &[(&[&'static str], Option<u64>, &[What])] = &[
        (&[salt], Some(5), &[What::Changed]),
        (&[commitment], Some(6), &[What::Changed]),
        (&["delete from receipts where leaf_index = 4"], Some(4), &[What::Removed]),
        (&["delete from receipts where leaf_index >= 6"], None, &[What::Removed]),
        (&["delete from entries where leaf_index = 1"], Some(1), &[What::Removed]),
        (&["update receipts set body = null, salt = null, visitor = null, decision = null where leaf_index = 3"], Some(3), &[What::Removed]),
        // With their commitments the rows take their leaves along: the tree shows it, but only as a whole.
        (
            &[
                "update receipts set leaf_index = 900 where leaf_index = 3",
                "update receipts set leaf_index = 3 where leaf_index = 5",
                "update receipts set leaf_index = 5 where leaf_index = 900",
            ],
            None,
            &[What::Changed, What::Reordered],
        ),
        (
            &[
                "update receipts set leaf_index = leaf_index + 901 where leaf_index >= 5",
                "update receipts set leaf_index = leaf_index - 900 where leaf_index > 900",
                "insert into receipts select site, ledger, 5, 'slipped-in', visitor, body, salt, received_at, commitment, kind
                 from receipts where leaf_index = 3",
            ],
            None,
            &[What::Inserted, What::Changed],
        ),
        (&["update notices set body = replace(body, 'Fernhill', 'Firnhill')"], None, &[What::NoticeReplaced]),
        (&["update entries set entry = replace(entry, '\"number\":1', '\"number\":2') where leaf_index = 1"], None, &[What::Changed, What::NoticeReplaced, What::Removed]),
    ];
    for (sqls, index, kinds) in cases {
        let app = TestServer::start(engine).await;
        decide(&app, 0..6).await;
        export(&app, "").await.check();
        for sql in unlock.iter().chain(*sqls) {
            crate::ledger::raw(app.store(), sql).await.unwrap();
        }
        match export(&app, "").await.verify(&Trust::default()) {
            Err(Failure::Broken(broken)) => {
                assert!(kinds.contains(&broken.what), "{sqls:?}: {broken}");
                assert!(index.is_none() || *index == broken.index, "{sqls:?}: {broken}");
            }
            other => panic!("{sqls:?}: {other:?}"),
        }
        app.finish_unchecked().await;
    }
}
