//! The published ledger, as somebody sees it who has nothing but the addresses: fetched, recomputed, compared.

use assent::sealer::Sealer;
use assent::signing_keys::KeySource;
use assent_shared::bundle::{Trust, verify};
use assent_shared::ledger::entry::leaf_hash;
use assent_shared::ledger::tree::{self, root_of_complete};
use assent_shared::ledger::{Entry, Frontier, Hash, PublicKey, Reason, ReceiptProof, SignedCheckpoint};
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;

use crate::harness::{Engine, NOTICE, NOW, TestServer, both_engines, refusal};

both_engines!(
    the_tree_is_recomputed_from_outside,
    what_is_not_there_is_refused_in_words,
    proofs_lead_to_the_checkpoint,
    keys_are_published_newest_first,
    entries_are_compressed_for_who_takes_it,
    a_ledger_that_goes_on_has_its_own_address,
    a_notice_stays_readable_in_every_language,
);

const LOG: &str = "/_assent/shop/log";

/// What is under an address of the ledger, for a page of any origin.
async fn fetch(app: &TestServer, path: &str) -> Response {
    let answer =
        app.request(Method::GET, path).header("origin", "https://auditor.example").send().await.unwrap();
    assert_eq!(answer.headers()["access-control-allow-origin"], "*", "{path}");
    answer
}

async fn bytes(app: &TestServer, path: &str) -> Vec<u8> {
    let answer = fetch(app, path).await;
    assert_eq!(answer.status(), StatusCode::OK, "{path}");
    let cache = answer.headers()["cache-control"].to_str().unwrap().to_owned();
    assert_eq!(cache.contains("immutable"), path.contains("/tile/"), "{path}: {cache}");
    answer.bytes().await.unwrap().to_vec()
}

async fn checkpoint(app: &TestServer) -> SignedCheckpoint {
    let answer = fetch(app, &format!("{LOG}/checkpoint")).await;
    assert_eq!(answer.headers()["content-type"], "text/plain; charset=utf-8");
    SignedCheckpoint::parse(&answer.text().await.unwrap()).unwrap()
}

/// The published keys.
async fn keys(app: &TestServer) -> Vec<PublicKey> {
    let text = fetch(app, "/_assent/shop/key").await.text().await.unwrap();
    text.lines().map(|line| line.parse().unwrap()).collect()
}

/// Posts decisions until the ledger has `size` leaves.
async fn grow_to(app: &TestServer, size: u64) {
    let leaves = u64::try_from(app.store().ledger(&app.shop).await.unwrap().unwrap().leaves).unwrap();
    let decisions: Vec<Value> = (leaves..size).map(refusal).collect();
    for (status, _) in app.post_all(&decisions).await {
        assert_eq!(status, StatusCode::CREATED);
    }
}

/// The addresses of a level's tiles that hold `count` hashes, and how many are in each.
fn tiles(count: u64) -> Vec<(String, usize)> {
    let place = |tile: u64| format!("{tile:03}");
    let mut tiles: Vec<_> = (0..count / 256).map(|tile| (place(tile), 256)).collect();
    if !count.is_multiple_of(256) {
        let width = usize::try_from(count % 256).unwrap();
        tiles.push((format!("{}.p/{width}", place(count / 256)), width));
    }
    tiles
}

async fn the_tree_is_recomputed_from_outside(engine: Engine) {
    let app = TestServer::start(engine).await;
    for size in [2, 3, 255, 256, 257, 512, 515] {
        grow_to(&app, size).await;
        let signed = checkpoint(&app).await;
        let newest = signed.verify(&keys(&app).await[0]).unwrap();
        assert_eq!((newest.size, newest.origin.as_str()), (size, "shop.example/_assent/shop/log"));

        // From the entries.
        let (mut frontier, mut leaves) = (Frontier::default(), Vec::new());
        for (tile, width) in tiles(size) {
            let bundle = bytes(&app, &format!("{LOG}/tile/entries/{tile}")).await;
            let (mut rest, mut count) = (bundle.as_slice(), 0);
            while let Some((length, more)) = rest.split_first_chunk::<2>() {
                let (entry, after) = more.split_at(usize::from(u16::from_be_bytes(*length)));
                let typed: Entry = serde_json::from_slice(entry).unwrap();
                assert_eq!(typed.canonical_json().as_bytes(), entry);
                leaves.push(leaf_hash(entry));
                frontier.append(leaf_hash(entry), |_, _| ());
                (rest, count) = (after, count + 1);
            }
            assert_eq!(count, width, "{tile}");
        }
        assert_eq!(frontier.root(), newest.root, "by the entries, at {size}");

        // From the tiles: level 0 is the leaves, and each hash of level 1 is a whole tile of level 0.
        let mut levels = Vec::new();
        for level in 0..2 {
            let mut hashes: Vec<Hash> = Vec::new();
            for (tile, width) in tiles(size >> (8 * level)) {
                let tile = bytes(&app, &format!("{LOG}/tile/{level}/{tile}")).await;
                assert_eq!(tile.len(), width * 32);
                hashes.extend(tile.chunks(32).map(|hash| Hash::from_slice(hash).unwrap()));
            }
            levels.push(hashes);
        }
        assert_eq!(levels[0], leaves);
        let whole: Vec<Hash> = leaves.chunks_exact(256).map(root_of_complete).collect();
        assert_eq!(levels[1], whole, "at {size}");
    }
    // What was partial stays so for who asks for it, and the number of the ledger is another name of the same.
    assert_eq!(
        bytes(&app, &format!("{LOG}/tile/0/000.p/255")).await[..],
        bytes(&app, &format!("{LOG}/1/tile/0/000")).await[..255 * 32]
    );
    app.finish().await;
}

async fn what_is_not_there_is_refused_in_words(engine: Engine) {
    let app = TestServer::start(engine).await;
    grow_to(&app, 257).await;
    for path in [
        "tile/0/001",
        "tile/0/001.p/2",
        "tile/0/002",
        "tile/1/000",
        "tile/1/000.p/2",
        "tile/2/000.p/1",
        "tile/8/000",
        "tile/63/000",
        "tile/64/000",
        "tile/0/0",
        "tile/0/x000/000",
        "tile/0/000.p/256",
        "tile/0/000.p/0",
        "tile/x/000",
        "tile/entries/001",
        "tile/entries/001.p/2",
        "tile/entries/x001",
        "tile/0",
        "tile/0/x281/474/976.p/1",
        "proof/257",
        "proof/-1",
        "proof/x",
        "consistency/1/258",
        "consistency/5/4",
        "consistency/a/b",
        "2/checkpoint",
        "0/checkpoint",
        "99999999999/checkpoint",
        "2/tile/0/000",
        "x/checkpoint",
    ] {
        let answer = fetch(&app, &format!("{LOG}/{path}")).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json", "{path}");
        assert_eq!(answer.headers()["cache-control"], "no-store", "{path}: it may be there later");
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["code"], "not_found");
    }
    let said = fetch(&app, &format!("{LOG}/proof/257")).await.json::<Value>().await.unwrap();
    assert!(said["detail"].as_str().unwrap().contains("has 257 leaves"), "{said}");
    assert_eq!(fetch(&app, "/_assent/nosuch/log/checkpoint").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(fetch(&app, "/_assent/nosuch/key").await.status(), StatusCode::NOT_FOUND);
    // Nothing is recorded at a site before its first notice.
    let blog = assent::store::Site {
        id: "blog".parse().unwrap(),
        name: "Blog".to_owned(),
        environment: assent::store::Environment::Staging,
        origins: vec!["https://blog.example".to_owned()],
        share_subdomains: false,
    };
    app.store().add_site(&blog, NOW).await.unwrap();
    for path in ["log/checkpoint", "log/tile/0/000.p/1", "log/proof/0", "log/key", "key"] {
        assert_eq!(
            fetch(&app, &format!("/_assent/blog/{path}")).await.status(),
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    app.finish().await;
}

async fn proofs_lead_to_the_checkpoint(engine: Engine) {
    let app = TestServer::start(engine).await;
    grow_to(&app, 261).await;
    let old = checkpoint(&app).await;
    grow_to(&app, 530).await;
    let new = checkpoint(&app).await;
    let (old, new) = (old.unverified(), new.unverified());
    for index in [0, 1, 2, 255, 256, 300, 511, 512, 529] {
        let text = fetch(&app, &format!("{LOG}/proof/{index}")).await.text().await.unwrap();
        let proof = ReceiptProof::parse(&text).unwrap();
        assert_eq!(
            (proof.index, proof.opening.as_ref()),
            (index, None),
            "an index says nothing of a receipt"
        );
        let leaf =
            &app.store().leaves(&app.shop, 1, i64::try_from(index).unwrap(), i64::MAX).await.unwrap()[0];
        let root = tree::root_of_inclusion(leaf.hash().unwrap(), index, new.size, &proof.path);
        assert_eq!((root, proof.checkpoint.unverified()), (Some(new.root), new));
    }
    let text = fetch(&app, &format!("{LOG}/consistency/261/530")).await.text().await.unwrap();
    let path: Vec<Hash> = text.lines().map(|line| Hash::from_base64(line).unwrap()).collect();
    assert!(tree::proves_consistency((old.size, old.root), (new.size, new.root), &path));
    assert!(!tree::proves_consistency((old.size, new.root), (new.size, new.root), &path));
    assert_eq!(fetch(&app, &format!("{LOG}/consistency/0/530")).await.text().await.unwrap(), "");
    app.finish().await;
}

async fn keys_are_published_newest_first(engine: Engine) {
    let app = TestServer::start(engine).await;
    let first = app.verifier_key().await;
    assert_eq!(keys(&app).await, std::slice::from_ref(&first));
    let mut expected = vec![first];
    for number in 1..=2 {
        Sealer::new(KeySource::File(app.folder().join("assent.key"))).add_key().unwrap();
        app.store().sealer().load().unwrap();
        app.post(&refusal(number)).await;
        expected.insert(0, app.verifier_key().await);
        assert_eq!(keys(&app).await, expected);
    }
    // Where the ledger's name leads.
    let of_the_ledger = bytes(&app, &format!("{LOG}/key")).await;
    assert_eq!(of_the_ledger, bytes(&app, "/_assent/shop/key").await);
    assert!(checkpoint(&app).await.verify(&expected[0]).is_ok());
    app.finish().await;
}

async fn entries_are_compressed_for_who_takes_it(engine: Engine) {
    let app = TestServer::start(engine).await;
    grow_to(&app, 256).await;
    let get = async |encoding: &str| {
        let request = app.request(Method::GET, &format!("{LOG}/tile/entries/000"));
        let answer = request.header("accept-encoding", encoding).send().await.unwrap();
        assert_eq!(answer.headers()["vary"], "accept-encoding");
        assert_eq!(answer.headers()["content-type"], "application/octet-stream");
        let encoded = answer.headers().contains_key("content-encoding");
        (encoded, answer.bytes().await.unwrap())
    };
    let ((packed, gzip), (plain, identity)) = (get("br, gzip").await, get("identity").await);
    assert_eq!((packed, plain), (true, false));
    assert!(gzip.len() < identity.len());
    let mut unpacked = Vec::new();
    std::io::copy(&mut flate2::read::GzDecoder::new(&gzip[..]), &mut unpacked).unwrap();
    assert_eq!(unpacked, identity);
    app.finish().await;
}

async fn a_ledger_that_goes_on_has_its_own_address(engine: Engine) {
    let app = TestServer::start(engine).await;
    grow_to(&app, 5).await;
    let ended = checkpoint(&app).await;
    for sql in [
        "insert into former_ledgers (site, ledger, origin, leaves, checkpoint)
         select site, ledger, origin, leaves, checkpoint from ledgers",
        "update ledgers set ledger = 2, origin = origin || '/2', leaves = 0, frontier = substr(frontier, 1, 0),
         checkpoint = null, signing_key = null, widget = null",
    ] {
        crate::ledger::raw(app.store(), sql).await.unwrap();
    }
    app.post(&refusal(9)).await;
    assert_eq!(checkpoint(&app).await, ended, "what stands at an address stays there");
    let answer = fetch(&app, &format!("{LOG}/checkpoint")).await;
    assert_eq!(answer.headers()["link"], "</_assent/shop/log/2/checkpoint>; rel=\"successor-version\"");
    let note = bytes(&app, &format!("{LOG}/2/checkpoint")).await;
    let next = SignedCheckpoint::parse(std::str::from_utf8(&note).unwrap()).unwrap();
    let published = keys(&app).await;
    assert_eq!(published.len(), 2, "the newer ledger's key, then the ended one's");
    assert_eq!(next.verify(&published[0]).unwrap().origin, "shop.example/_assent/shop/log/2");
    assert!(ended.verify(&published[1]).is_ok());
    // It can still be exported, and proves itself.
    let key = app.operator_key(None).await;
    let path = "/api/v1/sites/shop/export?format=bundle&ledger=1";
    let bundle = app.get_with_key(&key, path).await.bytes().await.unwrap();
    let trust = Trust { key: Some(published[1].clone()), checkpoint: Some(ended) };
    let report = verify(&bundle[..], &trust).unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!((report.size, report.counts.receipts), (5, 3));
    // Erased after its end: there it is not shown any more, and the tombstone is in the newer one.
    let gone = app.receipts().await[0].1.visitor.clone();
    app.store().erase_visitor(&app.shop, &gone, Reason::Visitor, NOW).await.unwrap();
    for (ledger, withheld, erased, tombstones) in [(1, 3, 0, 0), (2, 0, 1, 2)] {
        let path = format!("/api/v1/sites/shop/export?format=bundle&ledger={ledger}");
        let bundle = app.get_with_key(&key, &path).await.bytes().await.unwrap();
        let report = verify(&bundle[..], &Trust::default()).unwrap_or_else(|failure| panic!("{failure}"));
        let counts = report.counts;
        assert_eq!((counts.withheld, counts.erased, counts.tombstones), (withheld, erased, tombstones));
    }
    app.finish().await;
}

async fn a_notice_stays_readable_in_every_language(engine: Engine) {
    let app = TestServer::start(engine).await;
    let other = NOTICE.replace("Fernhill Ceramics", "Another <Shop>");
    assent::notices::publish(app.store(), &app.shop, &other, &[], NOW + 60_000).await.unwrap();
    for (number, who, at) in [
        (1, "Fernhill Ceramics", "2026-11-21T00:00:00Z"),
        (2, "Another &#60;Shop&#62;", "2026-11-21T00:01:00Z"),
    ] {
        let row = app.store().notice(&app.shop, number).await.unwrap().unwrap();
        let notice: assent_shared::Notice = serde_json::from_str(&row.body).unwrap();
        for locale in notice.texts.keys() {
            let answer = fetch(&app, &format!("/_assent/shop/notices/{number}/{locale}")).await;
            assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
            let html = answer.text().await.unwrap();
            for wanted in [
                who,
                &format!("datetime=\"{at}\""),
                &row.hash,
                &notice.texts[locale].title,
                &format!("lang=\"{locale}\""),
            ] {
                assert!(html.contains(wanted), "{number} {locale}: no {wanted} in {html}");
            }
        }
        // The link of the page.
        let bytes = fetch(&app, &format!("/_assent/shop/notices/{number}.json")).await.text().await.unwrap();
        assert_eq!(bytes, row.body);
        assert_eq!(assent_shared::Notice::hash(&bytes), row.hash);
        // What the widget asks for is still there.
        let view: Value = fetch(&app, &format!("/_assent/shop/notices/{number}")).await.json().await.unwrap();
        assert_eq!(view["number"], number);
    }
    let refused = fetch(&app, "/_assent/shop/notices/1/tlh").await;
    assert_eq!(refused.status(), StatusCode::NOT_FOUND);
    let problem = refused.json::<Value>().await.unwrap();
    assert!(problem["detail"].as_str().unwrap().contains("but in: "), "{problem}");
    for path in ["notices/3/en", "notices/3.json", "notices/x/en", "notices/01.json.json", "notices/x"] {
        assert_eq!(app.get(&format!("/_assent/shop/{path}")).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
    app.finish().await;
}
