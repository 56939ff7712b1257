//! Owns the tests of reading receipts: each filter against a slow oracle, paging while more arrive, kinds, and who was affected.

mod before;
mod command;
mod one;
mod random;

use std::collections::{BTreeMap, BTreeSet};

use assent::notices;
use assent::statistics::device::Device;
use assent::store::{Filter, KindFilter, Order, Place, Pool};
use assent_shared::{Method, PurposeId, Receipt};
use reqwest::StatusCode;
use serde_json::{Value, json};

use self::random::Random;
use crate::harness::{Engine, NOTICE, NOW, TestServer, both_engines, refusal, with};

both_engines!(
    every_filter_finds_what_a_slow_search_finds,
    pages_join_while_receipts_arrive,
    the_list_is_filtered_and_paged_over_http,
    a_kind_of_a_transaction_that_failed_is_not_remembered,
    what_is_erased_or_restricted_is_not_listed,
    who_was_affected_is_told_once,
);

const MINUTE: i64 = 60_000;

/// A visitor's secret.
fn secret(number: u64) -> String {
    let letter = char::from(b'A' + u8::try_from(number).unwrap());
    format!("{}A", letter.to_string().repeat(21))
}

/// Receipts of two notices, some visitors and all methods; many at the same millisecond, and a clock that once goes back.
async fn decide_at_random(app: &TestServer, random: &mut Random, numbers: std::ops::Range<u64>) {
    for number in numbers {
        let (analytics, video) = (random.below(2) == 0, random.below(2) == 0);
        let method = match (analytics, video, random.below(4)) {
            (.., 0) => "custom",
            (true, true, _) => "accept_all",
            (false, false, 1) => "reject_all",
            (false, false, _) => "withdraw",
            _ => "signal",
        };
        let notice = if number > 40 { 1 + random.below(2) } else { 1 };
        let (status, answer) = app
            .post(&with(
                refusal(number),
                json!({
                    "visitor": secret(random.below(9)), "notice": notice, "method": method,
                    "choices": {"analytics": analytics, "video": video},
                }),
            ))
            .await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        match random.below(4) {
            0 => app.clock.advance(MINUTE),
            1 if number == 50 => app.clock.advance(-3 * MINUTE),
            _ => {}
        }
    }
}

async fn with_two_notices(engine: Engine) -> TestServer {
    let app = TestServer::start(engine).await;
    let second = NOTICE.replace("Fernhill Ceramics", "Another Shop");
    notices::publish(app.store(), &app.shop, &second, &[], NOW).await.unwrap();
    app
}

fn purposes(names: &[&str]) -> BTreeSet<PurposeId> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

fn takes(filter: &Filter, receipt: &Receipt) -> bool {
    let chosen = |wanted: &BTreeSet<PurposeId>, granted| {
        wanted.iter().all(|purpose| receipt.choices.get(purpose) == Some(&granted))
    };
    filter.from.is_none_or(|from| receipt.received_at >= from)
        && filter.to.is_none_or(|to| receipt.received_at < to)
        && filter.visitor.as_ref().is_none_or(|visitor| *visitor == receipt.visitor)
        && filter.kind.notice.is_none_or(|notice| notice == receipt.notice.number)
        && filter.kind.method.is_none_or(|method| method == receipt.method)
        && chosen(&filter.kind.granted, true)
        && chosen(&filter.kind.denied, false)
}

/// All that a filter finds, read in pages of `limit`, each by a reader of its own if `anew`.
async fn read(app: &TestServer, filter: &Filter, order: Order, limit: i64, anew: bool) -> Vec<Place> {
    let store = app.store();
    let mut reader = store.reader(&app.shop, filter, order, None).await.unwrap();
    let mut places = Vec::new();
    loop {
        let rows = reader.next(limit).await.unwrap();
        assert!(i64::try_from(rows.len()).unwrap() <= limit);
        if rows.is_empty() {
            return places;
        }
        places.extend(rows.iter().map(assent::store::ReceiptRow::place));
        if anew {
            reader = store.reader(&app.shop, filter, order, places.last().copied()).await.unwrap();
        }
    }
}

async fn every_filter_finds_what_a_slow_search_finds(engine: Engine) {
    let app = with_two_notices(engine).await;
    let mut random = Random(7);
    decide_at_random(&app, &mut random, 0..160).await;
    let all = app.receipts().await;
    let visitor = all[3].1.visitor.clone();
    let methods = [Method::AcceptAll, Method::RejectAll, Method::Custom, Method::Signal, Method::Withdraw];
    let sets = [&[][..], &["analytics"], &["video"], &["analytics", "video"]];
    let mut found_some = 0;
    for round in 0..60 {
        let mut pick = |chance| random.below(chance) == 0;
        let time = |some: bool, at: u64| some.then(|| NOW - 4 * MINUTE + i64::try_from(at).unwrap() * MINUTE);
        let filter = Filter {
            from: time(pick(3), round % 20),
            to: time(pick(3), 10 + round % 40),
            visitor: pick(4).then(|| visitor.clone()),
            kind: KindFilter {
                notice: pick(3).then_some(1 + u32::try_from(round % 2).unwrap()),
                method: pick(3).then(|| methods[usize::try_from(round % 5).unwrap()]),
                granted: purposes(sets[usize::try_from(random.below(4)).unwrap()]),
                denied: if round % 3 == 0 { purposes(&["video"]) } else { BTreeSet::new() },
            },
        };
        let mut expected: Vec<Place> =
            all.iter().filter(|(_, receipt)| takes(&filter, receipt)).map(|(row, _)| row.place()).collect();
        // One visitor's are in the order of the ledger.
        match &filter.visitor {
            Some(_) => expected.sort_by_key(|Place(_, ledger, leaf)| (*ledger, *leaf)),
            None => expected.sort(),
        }
        found_some += usize::from(!expected.is_empty());
        assert_eq!(
            app.store().count_receipts(&app.shop, &filter).await.unwrap(),
            i64::try_from(expected.len()).unwrap()
        );
        for (limit, anew) in [(1000, false), (7, false), (7, true), (1, true)] {
            let found = read(&app, &filter, Order::OldestFirst, limit, anew).await;
            assert_eq!(found, expected, "{filter:?} by {limit}, anew: {anew}");
        }
        expected.reverse();
        for (limit, anew) in [(1000, false), (20, false), (3, true)] {
            let found = read(&app, &filter, Order::NewestFirst, limit, anew).await;
            assert_eq!(found, expected, "newest first: {filter:?} by {limit}, anew: {anew}");
        }
    }
    assert!(found_some > 20, "{found_some}");
    app.finish().await;
}

async fn pages_join_while_receipts_arrive(engine: Engine) {
    let app = with_two_notices(engine).await;
    let mut random = Random(3);
    decide_at_random(&app, &mut random, 0..60).await;
    let denied = KindFilter { denied: purposes(&["video"]), ..KindFilter::default() };
    for (kind, first) in [(KindFilter::default(), 60), (denied, 120)] {
        let filter = Filter { kind, ..Filter::default() };
        let before: BTreeSet<Place> =
            read(&app, &filter, Order::NewestFirst, 1000, false).await.into_iter().collect();
        let mut reader = app.store().reader(&app.shop, &filter, Order::NewestFirst, None).await.unwrap();
        let mut seen = Vec::new();
        let mut next = first;
        loop {
            let rows = reader.next(5).await.unwrap();
            if rows.is_empty() {
                break;
            }
            seen.extend(rows.iter().map(assent::store::ReceiptRow::place));
            app.clock.advance(MINUTE);
            decide_at_random(&app, &mut random, next..next + 3).await;
            next += 3;
        }
        assert!(seen.windows(2).all(|two| two[0] > two[1]), "in order, none twice");
        assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), before);
    }
    app.finish().await;
}

async fn the_list_is_filtered_and_paged_over_http(engine: Engine) {
    let app = with_two_notices(engine).await;
    decide_at_random(&app, &mut Random(5), 0..70).await;
    let key = app.operator_key(Some(&app.shop)).await;
    let (mut after, mut listed) = (String::new(), Vec::new());
    loop {
        let path = format!("/api/v1/sites/shop/receipts?denied=video&method=&limit=10{after}");
        let answer = app.get_with_key(&key, &path).await;
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let page: Value = answer.json().await.unwrap();
        for item in page["items"].as_array().unwrap() {
            assert_eq!(item["receipt"]["choices"]["video"], false);
            listed.push(item["leaf_index"].as_i64().unwrap());
        }
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    let denied: BTreeSet<i64> = app
        .receipts()
        .await
        .iter()
        .filter(|(_, receipt)| {
            receipt.choices.values().any(|granted| !granted) && !receipt.choices[&"video".parse().unwrap()]
        })
        .map(|(row, _)| row.leaf_index)
        .collect();
    assert_eq!(listed.len(), denied.len());
    assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), denied);
    for bad in [
        "limit=0",
        "limit=501",
        "limit=many",
        "after=7",
        "notice=one",
        "granted=Video",
        "colour=red",
        "from=soon",
    ] {
        let answer = app.get_with_key(&key, &format!("/api/v1/sites/shop/receipts?{bad}")).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{bad}");
    }
    assert_eq!(app.get("/api/v1/sites/shop/receipts").await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(app.get_with_key(&key, "/api/v1/sites/blog/receipts").await.status(), StatusCode::NOT_FOUND);
    app.finish().await;
}

async fn a_kind_of_a_transaction_that_failed_is_not_remembered(engine: Engine) {
    let app = TestServer::start(engine).await;
    app.post(&refusal(1)).await;
    let receipt = app.receipts().await.remove(0).1;
    let accepted = Receipt {
        decision: crate::harness::id(2).parse().unwrap(),
        method: Method::AcceptAll,
        choices: receipt.choices.keys().map(|purpose| (purpose.clone(), true)).collect(),
        ..receipt.clone()
    };
    // The second receipt's site does not exist, so that the transaction fails after the first one's kind was made.
    let nowhere = Receipt { site: "zoo".parse().unwrap(), ..accepted.clone() };
    assert!(
        app.store().append_receipts(&[accepted.clone(), nowhere], &[Device::Other; 2], NOW).await.is_err()
    );
    assert_eq!(app.store().kinds(&app.shop).await.unwrap().len(), 1);
    let rejected =
        Receipt { decision: crate::harness::id(3).parse().unwrap(), method: Method::Custom, ..receipt };
    app.store().append_receipts(&[rejected], &[Device::Other], NOW).await.unwrap();
    app.store().append_receipts(&[accepted], &[Device::Other], NOW).await.unwrap();
    let kinds: BTreeMap<i64, String> = app
        .store()
        .kinds(&app.shop)
        .await
        .unwrap()
        .into_iter()
        .map(|kind| (kind.kind, kind.method))
        .collect();
    let expected = [(1, "reject_all"), (2, "custom"), (3, "accept_all")];
    assert_eq!(kinds, expected.map(|(kind, method)| (kind, method.to_owned())).into());
    for (method, count) in
        [(Method::RejectAll, 1), (Method::Custom, 1), (Method::AcceptAll, 1), (Method::Signal, 0)]
    {
        let kind = KindFilter { method: Some(method), ..KindFilter::default() };
        let filter = Filter { kind, ..Filter::default() };
        assert_eq!(read(&app, &filter, Order::NewestFirst, 10, false).await.len(), count, "{method:?}");
    }
    app.finish().await;
}

async fn what_is_erased_or_restricted_is_not_listed(engine: Engine) {
    let app = TestServer::start(engine).await;
    for number in 0..12 {
        app.post(&with(refusal(number), json!({"visitor": secret(number % 3)}))).await;
    }
    let visitors: Vec<_> =
        app.receipts().await[..3].iter().map(|(_, receipt)| receipt.visitor.clone()).collect();
    let rejected = || Filter {
        kind: KindFilter { method: Some(Method::RejectAll), ..KindFilter::default() },
        ..Filter::default()
    };
    let counts = async || {
        let mut counts = Vec::new();
        for filter in [
            Filter::default(),
            rejected(),
            Filter { visitor: Some(visitors[1].clone()), ..Filter::default() },
        ] {
            counts.push(read(&app, &filter, Order::NewestFirst, 3, true).await.len());
        }
        counts
    };
    assert_eq!(counts().await, [12, 12, 4]);
    app.store()
        .erase_visitor(&app.shop, &visitors[0], assent_shared::ledger::Reason::Request, NOW)
        .await
        .unwrap();
    assert_eq!(counts().await, [8, 8, 4]);
    let blank = match app.store().pool() {
        Pool::Sqlite(pool) => {
            sqlx::query_scalar("select count(*) from receipts where kind is null").fetch_one(pool).await
        }
        Pool::Postgres(pool) => {
            sqlx::query_scalar("select count(*) from receipts where kind is null").fetch_one(pool).await
        }
    };
    assert_eq!(blank.unwrap_or(0_i64), 4, "what was chosen is gone with the rest");
    let mut hold = assent::store::HoldRow {
        hold_id: "h1".to_owned(),
        visitor: Some(visitors[1].to_string()),
        kind: "restriction".to_owned(),
        reason: "disputed".to_owned(),
        made_by: "ann".to_owned(),
        made_at: NOW,
        lifted_at: None,
    };
    app.store().add_hold(&app.shop, &hold).await.unwrap();
    assert_eq!(counts().await, [4, 4, 0]);
    (hold.hold_id, hold.visitor) = ("h2".to_owned(), None);
    app.store().add_hold(&app.shop, &hold).await.unwrap();
    assert_eq!(counts().await, [0, 0, 0]);
    for id in ["h1", "h2"] {
        app.store().lift_hold(&app.shop, id, NOW).await.unwrap();
    }
    assert_eq!(counts().await, [8, 8, 4]);
    app.finish().await;
}

async fn who_was_affected_is_told_once(engine: Engine) {
    let app = with_two_notices(engine).await;
    decide_at_random(&app, &mut Random(11), 0..150).await;
    let key = app.operator_key(None).await;
    let all = app.receipts().await;
    for query in ["", "notice=2", "from=2026-11-21T00:05:00Z&to=2026-11-21T00:20:00Z", "denied=analytics"] {
        let filter = match query {
            "notice=2" => {
                Filter { kind: KindFilter { notice: Some(2), ..KindFilter::default() }, ..Filter::default() }
            }
            "denied=analytics" => Filter {
                kind: KindFilter { denied: purposes(&["analytics"]), ..KindFilter::default() },
                ..Filter::default()
            },
            "" => Filter::default(),
            _ => Filter { from: Some(NOW + 5 * MINUTE), to: Some(NOW + 20 * MINUTE), ..Filter::default() },
        };
        let mut taken: Vec<_> = all.iter().filter(|(_, receipt)| takes(&filter, receipt)).collect();
        taken.sort_by_key(|(row, _)| row.place());
        let mut expected: Vec<Value> = Vec::new();
        for (_, receipt) in taken {
            let known = expected.iter_mut().find(|one| one["visitor"] == receipt.visitor.as_str());
            let last = json!({"last_at": receipt.received_at, "last_decision": receipt.decision});
            match known {
                Some(one) => {
                    *one = with(one.clone(), last);
                    one["decisions"] = json!(one["decisions"].as_i64().unwrap() + 1);
                }
                None => expected.push(with(
                    json!({"visitor": receipt.visitor, "decisions": 1, "first_at": receipt.received_at, "first_decision": receipt.decision}),
                    last,
                )),
            }
        }
        assert!(expected.len() > 3, "{query}");
        for limit in [1, 2, 500] {
            let (mut after, mut told) = (String::new(), Vec::new());
            loop {
                let path = format!("/api/v1/sites/shop/affected?{query}&limit={limit}{after}");
                let page: Value = app.get_with_key(&key, &path).await.json().await.unwrap();
                told.extend(page["items"].as_array().unwrap().iter().cloned());
                let Some(next) = page["next"].as_str() else { break };
                after = format!("&after={next}");
            }
            assert_eq!(told, expected, "{query} by {limit}");
        }
        let lines =
            app.get_with_key(&key, &format!("/api/v1/sites/shop/affected?{query}&format=jsonl")).await;
        let lines: Vec<Value> =
            lines.text().await.unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines, expected);
        let table = app.get_with_key(&key, &format!("/api/v1/sites/shop/affected?{query}&format=csv")).await;
        assert!(table.headers()["content-disposition"].to_str().unwrap().contains("shop-affected.csv"));
        let table = table.text().await.unwrap();
        let mut rows = csv::Reader::from_reader(table.as_bytes());
        let visitors: Vec<String> = rows.records().map(|row| row.unwrap()[0].to_owned()).collect();
        assert_eq!(visitors, expected.iter().map(|one| one["visitor"].as_str().unwrap()).collect::<Vec<_>>());
    }
    let nobody = app.get_with_key(&key, "/api/v1/sites/shop/affected?to=2020-01-01&format=csv").await;
    assert_eq!(
        nobody.text().await.unwrap(),
        "visitor,decisions,first_at,first_decision,last_at,last_decision\r\n"
    );
    app.finish().await;
}
