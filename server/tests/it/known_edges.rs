//! Appending by one statement where the ledger's edge is known: what sends it the careful way, and that nothing is half done by it.

use assent::store::{Appended, Erasure, Store};
use assent_shared::ledger::Reason;
use assent_shared::{Receipt, SiteId};

use crate::harness::{Engine, NOW, TestServer, both_engines, refusal};
use crate::ledger::raw;

both_engines!(
    a_known_edge_is_not_locked_first,
    two_servers_that_append_in_turns_build_one_ledger,
    what_is_known_is_repeated_and_what_is_new_beside_it_is_stored,
    what_others_append_to_the_ledger_is_not_overwritten,
    many_sites_in_one_batch_are_stored_together_or_not_at_all,
);

async fn a_known_edge_is_not_locked_first(engine: Engine) {
    let app = TestServer::start(engine).await;
    for number in 1..=3 {
        app.post(&refusal(number)).await;
    }
    // The careful way begins by writing the size that is there.
    let (forbid, allow) = match engine {
        Engine::Sqlite => (
            "create trigger no_lock before update on ledgers when new.leaves = old.leaves
             begin select raise(abort, 'locked first'); end",
            "drop trigger no_lock",
        ),
        Engine::Postgres => (
            "create trigger no_lock before update on ledgers for each row when (new.leaves = old.leaves)
             execute function refuse('locked first')",
            "drop trigger no_lock on ledgers",
        ),
    };
    raw(app.store(), forbid).await.unwrap();
    let (status, answer) = app.post(&refusal(4)).await;
    assert_eq!(status, 201, "{answer}");
    let known = app.receipts().await[0].1.clone();
    assert!(
        app.store().append_receipts(&[known], &[], NOW).await.is_err(),
        "what is known goes the careful way"
    );
    raw(app.store(), allow).await.unwrap();
    app.proves(&answer).await;
    app.finish().await;
}

async fn two_servers_that_append_in_turns_build_one_ledger(engine: Engine) {
    let app = TestServer::start(engine).await;
    app.post(&refusal(1)).await;
    let model = app.receipts().await[0].1.clone();
    let other = app.another_server().await;
    let mut next = 100;
    for turn in 0..12 {
        let store = if turn % 2 == 0 { app.store() } else { other.store() };
        // Sometimes once, sometimes often enough that the edge is known again.
        for _ in 0..=turn % 4 {
            let batch = fresh(&model, next..next + 3);
            next += 3;
            assert_eq!(kinds_of(&store.append_receipts(&batch, &[], NOW).await.unwrap()), "nnn");
        }
    }
    other.stop().await;
    assert_eq!(app.receipts().await.len(), 1 + 3 * 30);
    let (_, answer) = app.post(&refusal(2)).await;
    app.proves(&answer).await;
    app.finish().await;
}

async fn what_is_known_is_repeated_and_what_is_new_beside_it_is_stored(engine: Engine) {
    let app = TestServer::start(engine).await;
    for number in 1..=4 {
        app.post(&refusal(number)).await;
    }
    let known = app.receipts().await;
    let again = known.iter().map(|(_, receipt)| receipt.clone());
    let new = fresh(&known[0].1, 10..13);
    let batch: Vec<Receipt> = again.chain(new).collect();
    let appended = app.store().append_receipts(&batch, &[], NOW).await.unwrap();
    assert_eq!(kinds_of(&appended), "rrrrnnn");
    let twice = [fresh(&known[0].1, 20..21), fresh(&known[0].1, 20..21)].concat();
    assert_eq!(kinds_of(&app.store().append_receipts(&twice, &[], NOW).await.unwrap()), "nr");
    // And the connection that refused a row serves the next.
    for number in 30..34 {
        let (status, answer) = app.post(&refusal(number)).await;
        assert_eq!(status, 201, "{answer}");
    }
    assert_eq!(app.receipts().await.len(), 12);
    app.finish().await;
}

async fn what_others_append_to_the_ledger_is_not_overwritten(engine: Engine) {
    let app = TestServer::start(engine).await;
    for number in 1..=4 {
        app.post(&refusal(number)).await;
    }
    let visitor = app.receipts().await[0].1.visitor.clone();
    // Erasing appends a tombstone, and who records is not told.
    let erased = app.store().erase_visitor(&app.shop, &visitor, Reason::Request, NOW).await.unwrap();
    assert_eq!(erased, Erasure::Done(4));
    for number in 5..=9 {
        let (status, answer) = app.post(&refusal(number)).await;
        assert_eq!(status, 201, "{answer}");
        app.proves(&answer).await;
    }
    app.finish().await;
}

async fn many_sites_in_one_batch_are_stored_together_or_not_at_all(engine: Engine) {
    let app = TestServer::start(engine).await;
    for number in 1..=4 {
        app.post(&refusal(number)).await;
    }
    let model = app.receipts().await[0].1.clone();
    let sites: Vec<SiteId> = ["blog", "docs", "news"].map(|name| name.parse().unwrap()).into();
    for site in &sites {
        app.add_site(site).await;
    }
    let batch_of = |first: u64| -> Vec<Receipt> {
        let of = |(at, site): (u64, &SiteId)| {
            let mut some = fresh(&model, first + 10 * at..first + 10 * at + 3);
            for receipt in &mut some {
                receipt.site = site.clone();
            }
            some
        };
        (0..).zip(&sites).flat_map(of).collect()
    };
    for round in 0..4 {
        let batch = batch_of(1000 * (round + 1));
        assert_eq!(kinds_of(&app.store().append_receipts(&batch, &[], NOW).await.unwrap()), "nnnnnnnnn");
    }
    let mut batch = batch_of(9000);
    batch.push(Receipt { site: "zero".parse().unwrap(), ..fresh(&model, 9900..9901).remove(0) });
    assert!(app.store().append_receipts(&batch, &[], NOW).await.is_err(), "there is no such site");
    for site in &sites {
        assert_eq!(stored(app.store(), site).await, 12);
    }
    app.finish().await;
}

async fn stored(store: &Store, site: &SiteId) -> i64 {
    let ledger = store.ledger(site).await.unwrap().unwrap();
    let leaves = store.leaves(site, ledger.ledger, 0, ledger.leaves).await.unwrap();
    leaves.iter().filter(|leaf| leaf.commitment.is_some()).count().try_into().unwrap()
}

/// The same with decisions of their own.
fn fresh(model: &Receipt, numbers: std::ops::Range<u64>) -> Vec<Receipt> {
    let with = |number| Receipt {
        decision: format!("0192f3a4-5b6c-7d8e-9f02-{number:012x}").parse().unwrap(),
        ..model.clone()
    };
    numbers.map(with).collect()
}

/// n for new, r for repeated, c for a conflict, x for refused.
fn kinds_of(appended: &[Appended]) -> String {
    let letter = |appended: &Appended| match appended {
        Appended::New(_) => 'n',
        Appended::Repeated { .. } => 'r',
        Appended::Conflict { .. } => 'c',
        Appended::Refused(_) => 'x',
    };
    appended.iter().map(letter).collect()
}

mod postgres_alone {
    use super::*;

    /// As a cluster of shards may refuse it. A sequence counts also what is undone.
    #[tokio::test]
    async fn what_takes_no_batch_in_one_statement_takes_it_in_several() {
        let app = TestServer::start(Engine::Postgres).await;
        for statement in [
            "create sequence refusals",
            "create function refuse_parts() returns trigger language plpgsql as $$ begin
                 if current_query() like '%with edge as%' then
                     perform nextval('refusals');
                     raise exception 'parts of a statement on several tables' using errcode = '0A000';
                 end if;
                 return new;
             end $$",
            "create trigger no_parts before insert on decisions for each row execute function refuse_parts()",
        ] {
            raw(app.store(), statement).await.unwrap();
        }
        for number in 1..=4 {
            let (status, answer) = app.post(&refusal(number)).await;
            assert_eq!(status, 201, "{answer}");
            app.proves(&answer).await;
        }
        let tried_once = "do $$ begin assert (select last_value = 1 and is_called from refusals); end $$";
        raw(app.store(), tried_once).await.expect("it is tried once, and not again");
        app.finish().await;
    }
}
