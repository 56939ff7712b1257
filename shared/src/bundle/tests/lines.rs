//! Owns what is done to single lines: flipped, removed, inserted, moved, replaced; each is named at its leaf.

use super::*;

#[test]
fn every_flipped_bit_of_a_line_is_found_at_its_leaf() {
    let files = Ledger::full(60).files(None);
    let lines = lines(&files);
    // A receipt, an erased and a withheld one, a tombstone, a notice, a build, a handover.
    for at in [0, 1, 3, 5, 18, 20, 24, lines.len() - 1] {
        let line = lines[at].as_bytes();
        for place in (0..line.len()).step_by(11) {
            let mut changed = line.to_vec();
            changed[place] ^= 1 << (place % 7);
            let mut text: Vec<u8> = lines[..at].join("\n").into_bytes();
            if at > 0 {
                text.push(b'\n');
            }
            text.extend(changed);
            text.push(b'\n');
            text.extend(lines[at + 1..].iter().flat_map(|line| format!("{line}\n").into_bytes()));
            let mut files = files.clone();
            *file(&mut files, "ledger/00000.jsonl") = text;
            let broken = broken(&files);
            let what = if line[place] ^ (1 << (place % 7)) == b'\n' { broken.what } else { What::Changed };
            assert_eq!((broken.index, broken.what), (Some(at as u64), what), "{at} {place} {broken}");
        }
    }
}

#[test]
fn a_removed_line_is_named_also_when_the_others_are_renumbered() {
    let files = ledger().files(None);
    let lines = lines(&files);
    for at in [0, 4, 150, lines.len() - 1] {
        let mut less = lines.clone();
        less.remove(at);
        let expected = (Some(at as u64), What::Removed);
        assert_eq!(found(&with_lines(&files, &less)), expected);
        assert_eq!(found(&with_lines(&files, &renumbered(&less))), expected);
    }
    let mut less = lines.clone();
    less.drain(40..50);
    let broken = broken(&with_lines(&files, &renumbered(&less)));
    assert_eq!((broken.index, broken.what), (Some(40), What::Removed));
    assert_eq!(broken.to_string(), "Broken: leaf 40 was removed: the leaves up to 49 are missing with it.");
}

#[test]
fn an_inserted_line_is_named_also_when_the_others_are_renumbered() {
    let files = ledger().files(None);
    let lines = lines(&files);
    for at in [0, 4, 150, lines.len()] {
        for new in [foreign(at as u64), lines[3].clone(), lines[170].clone()] {
            let mut more = lines.clone();
            more.insert(at, new);
            let expected = (Some(at as u64), What::Inserted);
            assert_eq!(found(&with_lines(&files, &more)), expected);
            assert_eq!(found(&with_lines(&files, &renumbered(&more))), expected);
        }
    }
}

#[test]
fn swapped_moved_and_replaced_lines_are_named() {
    let files = ledger().files(None);
    let lines = lines(&files);
    for (one, other) in [(50, 51), (50, 90), (0, 200)] {
        let mut swapped = lines.clone();
        swapped.swap(one, other);
        let expected = (Some(one as u64), What::Reordered);
        assert_eq!(found(&with_lines(&files, &swapped)), expected);
        assert_eq!(found(&with_lines(&files, &renumbered(&swapped))), expected);
        let mut moved = lines.clone();
        let line = moved.remove(one);
        moved.insert(other, line);
        assert_eq!(found(&with_lines(&files, &renumbered(&moved))), expected);
    }
    for new in [foreign(60), lines[3].clone(), lines[170].clone()] {
        let mut replaced = lines.clone();
        replaced[60] = new;
        assert_eq!(found(&with_lines(&files, &renumbered(&replaced))), (Some(60), What::Changed));
    }
}

#[test]
fn with_the_leaves_rewritten_the_place_is_bounded_by_checkpoints() {
    let ledger = ledger();
    let files = ledger.files(None);
    let lines = lines(&files);
    let mut changed = lines.clone();
    changed[150] = lines[150].replacen("\"analytics\":true", "\"analytics\":false", 1);
    assert_ne!(changed, lines);
    let less: Vec<String> = renumbered(&[&lines[..150], &lines[151..]].concat());
    let more: Vec<String> = renumbered(&[&lines[..150], &lines[149..]].concat());
    let sizes: Vec<u64> = ledger.checkpoints.iter().map(|signed| signed.unverified().size).collect();
    let before = sizes.iter().rfind(|size| **size <= 150).unwrap();
    let behind = sizes.iter().find(|size| **size > 150).unwrap() - 1;
    for (lines, what) in [(changed, What::Changed), (less, What::Removed), (more, What::Inserted)] {
        let broken = broken(&with_leaves_of(&files, &lines));
        assert_eq!((broken.index, broken.what), (None, what));
        let place = format!("between leaf {before} and leaf {behind}, and the list of leaves was rewritten");
        assert!(broken.detail.contains(&place), "{broken}");
    }
    let mut hash = files.clone();
    file(&mut hash, "leaves/00000.bin")[32 * 70] ^= 1;
    let broken = broken(&hash);
    assert_eq!((broken.index, broken.what), (Some(70), What::Changed));
    assert!(broken.detail.contains("the lines themselves are as they were"), "{broken}");
}

#[test]
fn a_replaced_notice_is_named_at_the_leaf_that_announced_it() {
    let ledger = ledger();
    let mut files = ledger.files(None);
    *file(&mut files, "notices/2.json") = br#"{"number":2,"texts":"another"}"#.to_vec();
    let announced = ledger.contents.iter().enumerate().filter(
        |(_, content)| matches!(content, Content::Public(entry) if entry.contains("\"type\":\"notice\"")),
    );
    let second = announced.map(|(at, _)| at as u64).nth(1);
    assert_eq!(found(&files), (second, What::NoticeReplaced));
}

#[test]
fn receipts_that_name_what_was_never_announced_are_named() {
    let mut ledger = Ledger::new(1);
    ledger.widget("w1");
    ledger.notice();
    ledger.receipt(0);
    let mut other = ledger.clone();
    other.notice();
    other.receipt(1);
    // The leaf of the receipt, without the notice's.
    ledger.push(other.contents.pop().unwrap());
    ledger.checkpoint();
    assert_eq!(found(&ledger.files(None)), (Some(3), What::Malformed));
}

#[test]
fn an_erasure_without_a_tombstone_and_a_tombstone_without_erasure_are_named() {
    let mut ledger = ledger();
    let Content::Receipt { body, salt } = ledger.contents[120].clone() else { panic!("a receipt") };
    ledger.contents[120] = Content::Erased(salt.commit_receipt(&body));
    assert_eq!(found(&ledger.files(None)), (Some(120), What::Removed));
    let restored = Content::Receipt { body, salt };
    ledger.erase(&[120]);
    ledger.checkpoint();
    assert!(check(&ledger.files(None)).is_ok());
    ledger.contents[120] = restored;
    assert_eq!(found(&ledger.files(None)), (Some(120), What::Malformed));
}

#[test]
fn a_part_with_a_line_changed_moved_or_twice_is_broken() {
    let files = ledger().files(Some(3));
    let lines = lines(&files);
    let at = lines.iter().position(|line| line.contains("\"receipt\"")).unwrap();
    let index = Line::parse(&lines[at]).unwrap().index;
    let mut changed = lines.clone();
    changed[at] = lines[at].replacen("true", "false", 1).replacen("custom", "signal", 1);
    assert_eq!(found(&with_lines(&files, &changed)), (Some(index), What::Changed));
    let mut swapped = lines.clone();
    swapped.swap(at, at + 1);
    assert_eq!(found(&with_lines(&files, &swapped)), (Some(index), What::Reordered));
    let mut twice = lines.clone();
    twice.insert(at, lines[at].clone());
    assert_eq!(found(&with_lines(&files, &twice)), (Some(index), What::Inserted));
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| line.contains("\"type\":\"notice\"")) {
        let mut less = lines.clone();
        less.remove(at);
        assert!(matches!(check(&with_lines(&files, &less)), Err(Failure::Broken(_))), "without {line}");
    }
    let foreign = lines[at].replacen("\"index\":", "\"index\":1", 1);
    let mut other = lines.clone();
    other[at] = foreign;
    assert!(check(&with_lines(&files, &other)).is_err());
}
