//! The verifier's page: a good bundle is proven, a changed one is named, by choosing and by dropping; the file goes nowhere.

use assent_shared::bundle::sample::{Ledger, pack};
use assent_tests::stage::Stage;
use assent_tests::visitor::Visitor;
use data_encoding::BASE64;

pub(crate) async fn play(Stage { visitor, host, .. }: Stage) {
    let ledger = Ledger::full(60);
    let files = ledger.files(None);
    let good = pack(&files);
    let mut changed = files.clone();
    let lines = changed.iter_mut().find(|(name, _)| name == "ledger/00000.jsonl").expect("it has lines");
    let text = String::from_utf8(lines.1.clone()).expect("lines are text");
    lines.1 = text
        .replacen("0192f3a4-5b6c-7d8e-9f01-000000000028", "0192f3a4-5b6c-7d8e-9f01-00000000ffff", 1)
        .into();

    visitor.open("/_assent/verify").await;
    visitor.inspects("the verifier").await;
    choose(&visitor, "file", &good).await;
    says(&visitor, "proven", "Proven: 53 receipts").await;
    choose(&visitor, "saved", ledger.checkpoints[3].note().as_bytes()).await;
    says(&visitor, "proven", "agrees with your saved checkpoint").await;
    visitor.screenshot("proven").await;
    drop_file(&visitor, &pack(&changed)).await;
    says(&visitor, "broken", "Broken: leaf 40 was changed").await;
    visitor.inspects("the verifier, of a broken file").await;
    visitor.screenshot("broken").await;
    // Somebody else's history, by the same checkpoint.
    let other = Ledger::new(9);
    let key = serde_json::json!(other.public_keys()[0].to_string());
    visitor
        .asks(&format!(
            "(document.querySelector('details').open = true, document.querySelector('#key').value = {key})"
        ))
        .await;
    drop_file(&visitor, &good).await;
    says(&visitor, "broken", "never by the key that you gave").await;

    let asked = host.seen("/_assent/verif");
    assert!(
        asked.iter().all(|request| request.method == "GET" && request.body.is_empty()),
        "the file went out"
    );
    assert!(asked.iter().any(|request| request.path.ends_with("/verifier.wasm")), "{asked:?}");
}

/// A file of these bytes as a script makes it.
fn file(bytes: &[u8]) -> String {
    let bytes = BASE64.encode(bytes);
    format!(
        "(() => {{ const chosen = new DataTransfer(); chosen.items.add(new File([Uint8Array.from(atob('{bytes}'), (c) => c.charCodeAt(0))], 'ledger.tar')); return chosen; }})()"
    )
}

async fn choose(visitor: &Visitor, id: &str, bytes: &[u8]) {
    let file = file(bytes);
    let input = format!("document.querySelector('#{id}')");
    visitor
        .asks(&format!("(({input}.files = {file}.files), {input}.dispatchEvent(new Event('change', {{ bubbles: true }})))"))
        .await;
}

async fn drop_file(visitor: &Visitor, bytes: &[u8]) {
    let file = file(bytes);
    visitor
        .asks(&format!("document.querySelector('h1').dispatchEvent(new DragEvent('drop', {{ bubbles: true, cancelable: true, dataTransfer: {file} }}))"))
        .await;
}

async fn says(visitor: &Visitor, state: &str, words: &str) {
    let words = serde_json::json!(words);
    visitor
        .waits_for(&format!("document.querySelector('output').dataset.state === '{state}' && document.querySelector('output').textContent.includes({words})"))
        .await;
}
