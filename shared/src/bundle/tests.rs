//! Owns the proof that whatever is done to a bundle is found and named, also by who makes the manifest fit again.

use super::sample::{Files, Ledger, ORIGIN, pack};
use super::*;
use crate::ledger::{Checkpoint, Hash, SigningKey};

mod lines;

const RECEIPTS: u64 = 300;

fn ledger() -> Ledger {
    Ledger::full(RECEIPTS)
}

fn check(files: &Files) -> Result<Report, Failure> {
    verify(pack(files).as_slice(), &Trust::default())
}

fn broken(files: &Files) -> Broken {
    broken_by(files, &Trust::default())
}

fn broken_by(files: &Files, trust: &Trust) -> Broken {
    match verify(pack(files).as_slice(), trust) {
        Err(Failure::Broken(broken)) => broken,
        other => panic!("not seen as broken: {other:?}"),
    }
}

fn found(files: &Files) -> (Option<u64>, What) {
    let broken = broken(files);
    (broken.index, broken.what)
}

fn file<'a>(files: &'a mut Files, name: &str) -> &'a mut Vec<u8> {
    &mut files.iter_mut().find(|(own, _)| own == name).unwrap().1
}

fn lines(files: &Files) -> Vec<String> {
    let text = &files.iter().find(|(name, _)| name == "ledger/00000.jsonl").unwrap().1;
    String::from_utf8(text.clone()).unwrap().lines().map(str::to_owned).collect()
}

fn with_lines(files: &Files, lines: &[String]) -> Files {
    let mut files = files.clone();
    *file(&mut files, "ledger/00000.jsonl") =
        lines.iter().flat_map(|line| format!("{line}\n").into_bytes()).collect();
    files
}

/// Numbers the lines anew, as whoever hides something would.
fn renumbered(lines: &[String]) -> Vec<String> {
    let number = |(at, line): (u64, &String)| {
        let line = Line::parse(line).unwrap();
        Line { index: at, ..line }.to_string()
    };
    (0..).zip(lines).map(number).collect()
}

/// Makes the leaves fit the lines as well.
fn with_leaves_of(files: &Files, lines: &[String]) -> Files {
    let mut files = with_lines(files, lines);
    let hash = |line: &String| Line::parse(line).unwrap().content.leaf_hash().0;
    *file(&mut files, "leaves/00000.bin") = lines.iter().flat_map(hash).collect();
    files
}

/// Another receipt than any of the ledger's, as a line.
fn foreign(index: u64) -> String {
    let mut other = Ledger::new(9);
    other.widget("w1");
    other.notice();
    other.contents.resize(700, Content::Erased(Hash([0; 32])));
    other.receipt(77);
    Line { index, content: other.contents.pop().unwrap(), path: None }.to_string()
}

#[test]
fn a_whole_ledger_is_proven() {
    let ledger = ledger();
    let report = check(&ledger.files(None)).unwrap();
    let size = ledger.contents.len() as u64;
    assert_eq!((report.scope, report.size, report.origin.as_str()), (Scope::Whole, size, ORIGIN));
    assert_eq!(report.earlier, ledger.checkpoints.len() as u64 - 1);
    let Counts { receipts, erased, withheld, tombstones, notices, builds, first, last, .. } =
        report.counts.clone();
    assert_eq!((receipts, erased, withheld, tombstones, notices, builds), (RECEIPTS - 7, 6, 1, 2, 3, 2));
    assert!(first < last && report.key_is_the_files);
    let line = report.to_string();
    assert!(
        line.starts_with("Proven: 293 receipts from 2026-01-01 to 2026-01-03, unchanged, complete"),
        "{line}"
    );
    assert!(line.contains("compare it with the one at https://shop.example/_assent/shop/key"), "{line}");
}

#[test]
fn a_part_is_proven_and_says_less() {
    let ledger = ledger();
    let report = check(&ledger.files(Some(3))).unwrap();
    assert_eq!((report.scope, report.size), (Scope::Part, ledger.contents.len() as u64));
    // Leaf 5 of the erased ones was this visitor's.
    assert_eq!((report.counts.receipts, report.counts.erased), (7, 1));
    assert!(report.to_string().contains("only the whole ledger shows"), "{report}");
}

#[test]
fn every_flipped_bit_of_another_file_is_found() {
    let ledger = Ledger::full(60);
    for files in [ledger.files(None), ledger.files(Some(3))] {
        let checked =
            |name: &str| !["README.txt", "csv/00000.csv"].contains(&name) && !name.contains(".html");
        for at in 0..files.len() {
            let (name, bytes) = &files[at];
            if !checked(name) || name.starts_with("ledger/") {
                continue;
            }
            for place in (0..bytes.len()).step_by(if name.starts_with("leaves/") { 131 } else { 11 }) {
                let mut changed = files.clone();
                changed[at].1[place] ^= 1 << (place % 7);
                // `made_at` and the ledger's number are said by whoever exports; nobody signs them.
                if name == "bundle.json" {
                    let read = |bytes: &[u8]| serde_json::from_slice::<Head>(bytes).ok();
                    let (before, after) = (read(bytes).unwrap(), read(&changed[at].1));
                    if after.is_some_and(|after| {
                        before == Head { made_at: before.made_at, ledger: before.ledger, ..after }
                    }) {
                        continue;
                    }
                }
                assert!(check(&changed).is_err(), "{name} at {place}");
            }
        }
    }
}

#[test]
fn what_the_manifest_alone_knows_is_found_too() {
    let files = ledger().files(None);
    let good = pack(&files);
    for (what, needle) in [
        ("the picture of a notice", "<!doctype html>"),
        ("the table", "leaf_index\r\n"),
        ("the manifest", "\"files\""),
    ] {
        let at = good.windows(needle.len()).position(|bytes| bytes == needle.as_bytes()).unwrap();
        let mut changed = good.clone();
        changed[at + 2] ^= 1;
        assert!(matches!(verify(changed.as_slice(), &Trust::default()), Err(Failure::Broken(_))), "{what}");
    }
    let mut more = good.clone();
    more.extend([0; 512]);
    assert!(verify(more.as_slice(), &Trust::default()).is_ok(), "tar files may end in more zeros");
    more.extend(b"and more");
    assert!(verify(more.as_slice(), &Trust::default()).is_err());
}

#[test]
fn files_that_are_missing_added_moved_or_there_twice_are_found() {
    let files = ledger().files(None);
    for at in 0..files.len() {
        let name = files[at].0.clone();
        let mut less = files.clone();
        less.remove(at);
        // These say nothing that anything else hangs on, and a new manifest fits.
        let last_earlier = ledger().checkpoints.len() as u64 - 1;
        let free = name == "README.txt"
            || name == name::earlier(last_earlier)
            || name.starts_with("csv/")
            || name.contains(".html");
        assert_eq!(check(&less).is_ok(), free, "without {name}");
        let mut twice = files.clone();
        twice.insert(at, files[at].clone());
        assert!(check(&twice).is_err(), "twice {name}");
        if at > 0 && !name.starts_with("notices/") {
            let mut moved = files.clone();
            moved.swap(at - 1, at);
            assert!(check(&moved).is_err(), "moved {name}");
        }
    }
    let mut more = files.clone();
    more.insert(3, ("notes.txt".to_owned(), b"hello".to_vec()));
    assert_eq!(broken(&more).detail, "notes.txt does not belong into a bundle: it was added");
}

#[test]
fn keys_are_followed_from_the_one_that_is_trusted() {
    let ledger = ledger();
    let keys = ledger.public_keys();
    assert_eq!(keys.len(), 3);
    for files in [ledger.files(None), ledger.files(Some(3))] {
        for key in &keys {
            let report =
                verify(pack(&files).as_slice(), &Trust { key: Some(key.clone()), checkpoint: None }).unwrap();
            assert_eq!(Some(&report.key), keys.last());
            assert!(!report.key_is_the_files && !report.to_string().contains("compare it"));
        }
        let stranger = SigningKey::from_seed(&[7; 32]).public(ORIGIN);
        let trust = Trust { key: Some(stranger), checkpoint: None };
        assert_eq!(broken_by(&files, &trust).what, What::WrongKey);
    }
    // A handover without the older key's signature.
    let mut forged = ledger.clone();
    let at = forged
        .checkpoints
        .iter()
        .position(|signed| signed.verify(&keys[0]).is_ok() && signed.verify(&keys[1]).is_ok());
    let handover = forged.checkpoints[at.unwrap()].unverified().clone();
    forged.checkpoints[at.unwrap()] = handover.sign(&[&SigningKey::from_seed(&[2; 32])]);
    assert_eq!(broken(&forged.files(None)).what, What::WrongKey);
    assert_eq!(broken(&forged.files(Some(3))).what, What::WrongKey);
    // Somebody signs all of it with a key of their own.
    let mut stolen = ledger.files(None);
    let newest = ledger.checkpoints.last().unwrap().unverified();
    *file(&mut stolen, "checkpoint") = newest.sign(&[&SigningKey::from_seed(&[7; 32])]).note().into();
    assert_eq!(broken(&stolen).what, What::WrongKey);
}

#[test]
fn a_saved_checkpoint_tells_a_fork_and_a_cut() {
    let ledger = ledger();
    let trust = |checkpoint: &crate::ledger::SignedCheckpoint| Trust {
        key: None,
        checkpoint: Some(checkpoint.clone()),
    };
    let (files, part) = (ledger.files(None), ledger.files(Some(3)));
    for saved in &ledger.checkpoints {
        for files in [&files, &part] {
            let report = verify(pack(files).as_slice(), &trust(saved)).unwrap();
            assert_eq!(report.saved, Some(saved.unverified().size));
        }
    }
    // The same key signs another history from leaf 200 on, and all of it fits together.
    let mut fork = Ledger::new(1);
    fork.widget("w1");
    fork.notice();
    fork.checkpoint();
    (0..40).for_each(|visitor| _ = fork.receipt(visitor + 3));
    fork.checkpoint();
    let forked_saved = fork.checkpoints.last().unwrap();
    assert_eq!(broken_by(&files, &trust(forked_saved)).what, What::Forked);
    assert!(matches!(verify(pack(&part).as_slice(), &trust(forked_saved)), Err(Failure::Unusable(_))));
    // An earlier checkpoint in the bundle itself that does not fit.
    let mut two = ledger.clone();
    let checkpoint = Checkpoint { root: Hash([5; 32]), ..two.checkpoints[0].unverified().clone() };
    two.checkpoints[0] = checkpoint.sign(&[&SigningKey::from_seed(&[1; 32])]);
    assert_eq!(broken(&two.files(None)).what, What::Forked);
    assert_eq!(broken(&two.files(Some(3))).what, What::Forked);
    // The end is missing, with a checkpoint of its own that was good once.
    let mut longer = ledger.clone();
    longer.receipt(1);
    longer.checkpoint();
    let cut = broken_by(&files, &trust(longer.checkpoints.last().unwrap()));
    assert_eq!((cut.index, cut.what), (Some(ledger.contents.len() as u64), What::Removed));
}

#[test]
fn a_bundle_that_was_cut_anywhere_is_not_proven() {
    let good = pack(&ledger().files(None));
    // Whoever cuts only the zeros at the end, cuts nothing.
    let end = good.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    for at in (0..end).step_by(4099).chain((0..end).step_by(2048)) {
        assert!(verify(&good[..at], &Trust::default()).is_err(), "cut at {at}");
    }
    let middle = good.windows(12).position(|bytes| bytes == b"{\"index\":200").unwrap();
    match verify(&good[..middle + 20], &Trust::default()) {
        Err(Failure::Broken(Broken { index: Some(200), what: What::Changed | What::Removed, .. })) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn receipts_with_their_proofs_are_checked() {
    let ledger = ledger();
    let key = ledger.public_keys().pop();
    let trust = Trust { key: key.clone(), checkpoint: None };
    let sealed = ledger.sealed(43).unwrap();
    let json = serde_json::to_string(&sealed).unwrap();
    let report = verify(json.as_bytes(), &trust).unwrap();
    assert_eq!((report.scope, report.counts.receipts), (Scope::Receipts, 1));
    let keyless = verify(json.as_bytes(), &Trust::default()).unwrap_err().to_string();
    assert!(
        keyless.contains("--key") && keyless.contains("https://shop.example/_assent/shop/key"),
        "{keyless}"
    );
    let download = serde_json::to_string(&ledger.download(3).unwrap()).unwrap();
    let report = verify(download.as_bytes(), &Trust::default()).unwrap();
    assert_eq!(report.counts.receipts, 7);
    assert!(report.key_is_the_files);
    let proof = crate::ledger::ReceiptProof {
        opening: Some(crate::ledger::proof::Opening { receipt: sealed.receipt.clone(), salt: sealed.salt }),
        ..crate::ledger::ReceiptProof::parse(&sealed.proof).unwrap()
    };
    assert!(verify(proof.to_string().as_bytes(), &trust).is_ok());
    let newest = ledger.checkpoints.last().unwrap();
    for text in [json.clone(), download.clone(), proof.to_string(), newest.note().to_owned()] {
        assert_eq!(saved_checkpoint(text.as_bytes()).as_ref(), Ok(newest));
    }
    assert_eq!(saved_checkpoint(pack(&ledger.files(None)).as_slice()).as_ref(), Ok(newest));
    let with_saved = Trust { checkpoint: Some(newest.clone()), ..trust.clone() };
    assert_eq!(verify(json.as_bytes(), &with_saved).unwrap().saved, Some(newest.unverified().size));

    let what = |text: &str| match verify(text.as_bytes(), &trust) {
        Err(Failure::Broken(broken)) => broken.what,
        other => panic!("{other:?}"),
    };
    assert_eq!(what(&json.replacen("custom", "signal", 1)), What::Changed);
    assert_eq!(what(&json.replacen("index 43", "index 44", 1)), What::Changed);
    assert_eq!(what(&download.replacen("notice 2", "notice z", 1)), What::NoticeReplaced);
    let stranger = Trust { key: Some(SigningKey::from_seed(&[7; 32]).public(ORIGIN)), checkpoint: None };
    assert!(matches!(
        verify(json.as_bytes(), &stranger),
        Err(Failure::Broken(Broken { what: What::WrongKey, .. }))
    ));
    // A key of another ledger: none of the receipts is of it, whatever keys the file brings along.
    let other =
        Trust { key: Some(SigningKey::from_seed(&[7; 32]).public("other.example/log")), checkpoint: None };
    assert!(matches!(
        verify(download.as_bytes(), &other),
        Err(Failure::Broken(Broken { what: What::WrongKey, .. }))
    ));
    // A forger calls their own ledger a former one of the trusted key's: what is told for comparing is the forger's key.
    let mut forged = Ledger::full(50).download(3).unwrap();
    let forgers = std::mem::replace(&mut forged.key, other.key.clone().unwrap());
    forged.former_keys = vec![forgers.clone()];
    let report = verify(serde_json::to_string(&forged).unwrap().as_bytes(), &other).unwrap();
    assert!(report.key_is_the_files && report.key == forgers, "{report:?}");
    for nothing in ["", "hello", "{", "\u{0}\u{1}"] {
        assert!(verify(nothing.as_bytes(), &trust).is_err(), "{nothing:?}");
    }
}
