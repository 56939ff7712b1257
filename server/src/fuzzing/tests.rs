//! Owns the short run of every fuzz target: over all seeds, and over what is left of them after some edits.
//! Refuses to find much; `docs/CONTRIBUTING` says how a fuzzer is run for as long as one likes.

use std::path::Path;

use assent_shared::fuzzing::mutated;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::{TARGETS, Target};

/// Edited seeds of each target.
const CASES: u32 = 300;

fn seeds(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds").join(name);
    let files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.collect();
    files.sort();
    files.into_iter().map(|file| std::fs::read(file).unwrap()).collect()
}

fn run((name, target): (&str, Target)) {
    let seeds = seeds(name);
    assert!(!seeds.is_empty(), "fuzz/seeds/{name} has seeds");
    for seed in &seeds {
        target(seed);
    }
    let edits = prop::collection::vec(any::<(u16, u8, u8)>(), 0..8);
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(CASES) });
    let tried = runner.run(&(prop::sample::select(seeds), edits), |(seed, edits)| {
        target(&mutated(&seed, &edits));
        Ok(())
    });
    tried.unwrap_or_else(|error| panic!("{name}: {error}"));
}

#[test]
fn every_target_takes_its_seeds_and_what_is_left_of_them() {
    std::thread::scope(|scope| {
        for target in TARGETS {
            scope.spawn(move || run(target));
        }
    });
}

#[test]
fn every_folder_of_seeds_has_its_target() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(TARGETS.iter().any(|(target, _)| *target == name), "{name}");
    }
}
