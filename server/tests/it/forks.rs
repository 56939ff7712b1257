//! Forks: a ledger that is behind what was published signs nothing; what goes on is linked; witnesses see what the file cannot.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use assent::outside::Outside;
use assent::witnesses::cosign;
use assent_shared::bundle::{Trust, verify};
use assent_shared::ledger::witness::WitnessKey;
use assent_shared::ledger::{Entry, Hash, SignedCheckpoint, tree};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode as Status;
use axum::routing::post;
use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::Signer;
use reqwest::StatusCode;
use sha2::{Digest, Sha256};

use crate::harness::{Engine, NOW, PAGE, TestServer, both_engines, check_ledgers, refusal};

both_engines!(
    a_restart_goes_on,
    another_past_is_not_signed_until_the_operator_says_so,
    a_witness_cosigns_growth_and_refuses_a_fork,
);

fn outside(app: &TestServer) -> Outside {
    Outside { file: app.folder().join("assent.checkpoints"), url: None }
}

async fn a_restart_goes_on(engine: Engine) {
    let mut app = TestServer::start(engine).await;
    for number in 0..3 {
        app.post(&refusal(number)).await;
        app.restart(|_| ()).await;
    }
    let kept = outside(&app).newest(&app.shop).await.unwrap().unwrap();
    assert_eq!(kept.size, 5, "the build, the notice and three receipts");
    let (status, answer) = app.post(&refusal(9)).await;
    assert_eq!(status, StatusCode::CREATED);
    app.proves(&answer).await;
    app.finish().await;
}

async fn another_past_is_not_signed_until_the_operator_says_so(engine: Engine) {
    // Two servers with one key: what happens when a copy of a database goes on beside the original.
    let mut copy = TestServer::start(engine).await;
    let mut original = TestServer::start(engine).await;
    let key = copy.folder().join("assent.key");
    original.replace_key(&key).await;
    for number in 0..4 {
        original.post(&refusal(number)).await;
    }
    copy.post(&refusal(100)).await;
    original.restart(|_| ()).await;
    let published = original.folder().join("assent.checkpoints");
    copy.restart(|copy| {
        std::fs::copy(&published, copy.folder().join("assent.checkpoints")).unwrap();
    })
    .await;

    let (status, problem) = copy.post(&refusal(101)).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{problem}");
    assert_eq!(copy.receipts().await.len(), 1);
    let publish = assent::notices::publish(
        copy.store(),
        &copy.shop,
        &crate::harness::NOTICE.replace("Fernhill", "New"),
        &[],
        NOW,
    )
    .await;
    assert!(publish.unwrap_err().contains("assent ledger resume --site shop"));
    assert_eq!(copy.get("/_assent/shop.js").await.status(), StatusCode::OK, "pages go on");
    // The evidence is not overwritten, however often it is started.
    copy.restart(|_| ()).await;
    assert_eq!(outside(&copy).newest(&copy.shop).await.unwrap().unwrap().size, 6);

    let size = outside(&copy).newest(&copy.shop).await.unwrap().unwrap().size;
    let ended = copy.store().resume_ledger(&copy.shop, size, NOW).await.unwrap();
    assert_eq!((ended.ledger, ended.leaves), (1, 3));
    let (status, answer) = copy.post(&refusal(101)).await;
    assert_eq!(status, StatusCode::CREATED, "without a restart: {answer}");
    let index = copy.proves(&answer).await;
    let ledger = copy.store().ledger(&copy.shop).await.unwrap().unwrap();
    assert_eq!((ledger.ledger, ledger.origin.as_str()), (2, "shop.example/_assent/shop/log/2"));
    let leaves = copy.store().leaves(&copy.shop, 2, 0, 99).await.unwrap();
    assert_eq!(index, leaves.len() as u64 - 1);
    let entries: Vec<Entry> =
        leaves.iter().filter_map(|leaf| serde_json::from_str(leaf.entry.as_ref()?).ok()).collect();
    let last = SignedCheckpoint::parse(ended.checkpoint.as_ref().unwrap()).unwrap().unverified().clone();
    let link = Entry::Link { origin: last.origin, root: last.root, size: 3, published_size: 6 };
    assert!(entries.contains(&link), "{entries:?}");
    assert!(entries.iter().any(|entry| matches!(entry, Entry::Notice { number: 1, .. })), "{entries:?}");
    // An older receipt keeps its proof under the ledger that it is in.
    let (status, again) = copy.post(&refusal(100)).await;
    assert_eq!(status, StatusCode::OK);
    assert!(again["proof"].as_str().unwrap().contains("\nshop.example/_assent/shop/log\n"), "{again}");
    // What a visitor takes home spans both, and proves itself.
    let secret = refusal(100)["visitor"].as_str().unwrap().to_owned();
    let download =
        copy.request(reqwest::Method::GET, "/_assent/shop/me/receipts.json").header("origin", PAGE);
    let download = download.bearer_auth(secret).send().await.unwrap().bytes().await.unwrap();
    let trust = Trust { key: Some(copy.verifier_key().await), ..Trust::default() };
    let report = verify(&download[..], &trust).unwrap();
    assert_eq!((report.counts.receipts, report.key_is_the_files), (2, true));
    let changed = String::from_utf8(download.to_vec()).unwrap().replacen("\"layer\":1", "\"layer\":2", 2);
    assert!(verify(changed.as_bytes(), &trust).is_err());
    copy.restart(|_| ()).await;
    assert_eq!(copy.post(&refusal(102)).await.0, StatusCode::CREATED);
    check_ledgers(copy.store()).await;
    copy.finish().await;
    original.finish().await;
}

/// A witness as the specification has it: it knows the size and the root that it saw last.
#[derive(Clone)]
struct Witness {
    secret: ed25519_dalek::SigningKey,
    seen: Arc<Mutex<(u64, Option<Hash>)>>,
}

impl Witness {
    const NAME: &'static str = "witness.example/w1";

    fn id(&self) -> Vec<u8> {
        let key = self.secret.verifying_key();
        Sha256::new()
            .chain_update(Self::NAME)
            .chain_update([b'\n', 4])
            .chain_update(key.as_bytes())
            .finalize()[..4]
            .to_vec()
    }

    fn key(&self) -> WitnessKey {
        let mut bytes = vec![4];
        bytes.extend(self.secret.verifying_key().as_bytes());
        format!("{}+{}+{}", Self::NAME, HEXLOWER.encode(&self.id()), BASE64.encode(&bytes)).parse().unwrap()
    }

    async fn start(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/add-checkpoint", post(add_checkpoint)).with_state(self.clone());
        tokio::spawn(axum::serve(listener, router).into_future());
        format!("http://{address}")
    }
}

async fn add_checkpoint(State(witness): State<Witness>, body: String) -> (Status, String) {
    let (head, note) = body.split_once("\n\n").unwrap();
    let mut lines = head.lines();
    let old: u64 = lines.next().unwrap().strip_prefix("old ").unwrap().parse().unwrap();
    let proof: Vec<Hash> = lines.map(|line| Hash::from_base64(line).unwrap()).collect();
    let signed = SignedCheckpoint::parse(note).unwrap();
    let checkpoint = signed.unverified();
    let mut seen = witness.seen.lock().unwrap();
    if old != seen.0 {
        return (Status::CONFLICT, format!("{}\n", seen.0));
    }
    let before = (old, seen.1.unwrap_or_else(tree::empty_root));
    if !tree::proves_consistency(before, (checkpoint.size, checkpoint.root), &proof) {
        return (Status::UNPROCESSABLE_ENTITY, String::new());
    }
    *seen = (checkpoint.size, Some(checkpoint.root));
    let message = format!("cosignature/v1\ntime 1795219200\n{checkpoint}");
    let mut bytes = witness.id();
    bytes.extend(1_795_219_200_u64.to_be_bytes());
    bytes.extend(witness.secret.sign(message.as_bytes()).to_bytes());
    (Status::OK, format!("— {} {}\n", Witness::NAME, BASE64.encode(&bytes)))
}

/// The sizes of the kept checkpoints that the witness has signed; the server keeps others by itself.
async fn cosigned(witness: &Witness, app: &TestServer) -> Vec<u64> {
    let kept = app.store().checkpoints(&app.shop, 1, 99).await.unwrap();
    kept.iter()
        .filter_map(|note| {
            let signed = SignedCheckpoint::parse(note).unwrap();
            witness.key().cosigned_at(&signed, note).map(|_| signed.unverified().size)
        })
        .collect()
}

async fn a_witness_cosigns_growth_and_refuses_a_fork(engine: Engine) {
    let app = TestServer::start(engine).await;
    let witness = Witness { secret: ed25519_dalek::SigningKey::from_bytes(&[7; 32]), seen: Arc::default() };
    let witnesses = [(witness.start().await, witness.key())];
    let mut known = HashMap::new();
    for number in 0..3 {
        app.post(&refusal(number)).await;
        cosign(&witnesses, app.store(), &mut known, NOW).await.unwrap();
        // As after a restart: the witness says what it knows.
        known.clear();
    }
    let sizes = cosigned(&witness, &app).await;
    assert_eq!(sizes, [3, 4, 5]);

    // A second server with another past shows itself to the same witness.
    let fork = TestServer::start(engine).await;
    for number in 50..60 {
        fork.post(&refusal(number)).await;
    }
    cosign(&witnesses, fork.store(), &mut HashMap::new(), NOW).await.unwrap();
    assert!(cosigned(&witness, &fork).await.is_empty(), "the witness signs one past only");
    fork.finish().await;

    // A database that was brought back from an older copy is known by the witness alone, where no file is left.
    let older = TestServer::start(engine).await;
    assent::witnesses::compare(&witnesses, older.store()).await;
    assert_eq!(older.post(&refusal(70)).await.0, StatusCode::SERVICE_UNAVAILABLE);
    let refusal_of_older = older.store().sealer().refusal(&older.shop, 1).unwrap();
    assert_eq!(refusal_of_older.sizes(), Some((5, 2)));
    assent::witnesses::compare(&witnesses, app.store()).await;
    assert_eq!(app.post(&refusal(71)).await.0, StatusCode::CREATED, "what the witness has signed goes on");
    older.finish().await;
    app.finish().await;
}
