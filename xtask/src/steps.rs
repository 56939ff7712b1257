//! Owns the course of a test run: a headline and a time per step, the counts, the table at the end.
//! Refuses to stop at a failure; what fails early must not hide what else is wrong.

use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// How many tests did what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u32,
    pub(crate) failed: u32,
    pub(crate) skipped: u32,
}

impl Tally {
    /// A step that is one check by itself.
    pub(crate) const PASSED: Self = Self { passed: 1, failed: 0, skipped: 0 };
    /// A step that failed as a whole.
    pub(crate) const FAILED: Self = Self { passed: 0, failed: 1, skipped: 0 };

    fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }

    /// What a test program's last line says: `test result: ok. 3 passed; 0 failed; 1 ignored; …`.
    fn parse(line: &str) -> Option<Self> {
        let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
        let count = |what: &str| {
            counts.split(';').find_map(|part| part.trim().strip_suffix(what)?.trim().parse().ok())
        };
        Some(Self {
            passed: count(" passed")?,
            failed: count(" failed")?,
            skipped: count(" ignored").unwrap_or(0),
        })
    }

    fn line(self) -> String {
        let skipped = match self.skipped {
            0 => String::new(),
            number => format!(", {number} skipped"),
        };
        format!("{} passed, {} failed{skipped}", self.passed, self.failed)
    }
}

struct Row {
    name: &'static str,
    tally: Tally,
    took: Duration,
}

/// What has run so far.
#[derive(Default)]
pub(crate) struct Steps {
    rows: Vec<Row>,
    notes: Vec<String>,
}

impl Steps {
    /// Runs one step under its headline; an error counts as one failure.
    pub(crate) fn step(&mut self, name: &'static str, work: impl FnOnce() -> Result<Tally>) {
        println!("\n== {name}");
        let started = Instant::now();
        let tally = work().unwrap_or_else(|error| {
            println!("{error:#}");
            Tally::FAILED
        });
        let took = started.elapsed();
        println!("-- {name}: {}, {}", tally.line(), seconds(took));
        self.rows.push(Row { name, tally, took });
    }

    /// Says again at the end what must not get lost in the output.
    pub(crate) fn note(&mut self, note: String) {
        println!("{note}");
        self.notes.push(note);
    }

    /// Prints the table and, as the last line, the counts.
    pub(crate) fn finish(self) -> ExitCode {
        println!("\n{:<14} {:>7} {:>7} {:>8} {:>9}", "step", "passed", "failed", "skipped", "time");
        let mut total = Tally::default();
        for Row { name, tally, took } in &self.rows {
            let Tally { passed, failed, skipped } = tally;
            println!("{name:<14} {passed:>7} {failed:>7} {skipped:>8} {:>9}", seconds(*took));
            total.add(*tally);
        }
        for note in &self.notes {
            println!("{note}");
        }
        println!("\n{}", total.line());
        if total.failed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }
}

/// Runs test programs, showing what they print, and adds up what they count.
pub(crate) fn run_tests(command: &mut Command) -> Result<Tally> {
    let mut child = command.stdout(Stdio::piped()).spawn().context("cargo could not start")?;
    let mut tally = Tally::default();
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).split(b'\n') {
            // A test may print bytes that are no text; they must not end the run.
            let line = line.context("cannot read what the tests print")?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            if let Some(counts) = Tally::parse(&line) {
                tally.add(counts);
            }
        }
    }
    let status = child.wait().context("cannot wait for the tests")?;
    // It did not compile, or a test program died before it could count.
    if !status.success() && tally.failed == 0 {
        tally.failed = 1;
    }
    Ok(tally)
}

fn seconds(duration: Duration) -> String {
    match duration.as_secs() {
        0..60 => format!("{:.1} s", duration.as_secs_f32()),
        long => format!("{} min {:02} s", long / 60, long % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_a_test_program_is_counted() {
        let line = "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 4 filtered out; finished in 0.10s";
        let counted = Tally { passed: 12, failed: 3, skipped: 1 };
        assert_eq!(Tally::parse(line), Some(counted));
        assert_eq!(counted.line(), "12 passed, 3 failed, 1 skipped");
        assert_eq!(Tally::parse("test notice::reads ... ok"), None);
        assert_eq!(Tally::PASSED.line(), "1 passed, 0 failed");
    }

    #[test]
    fn a_program_that_dies_without_counting_is_a_failure() {
        let tally = run_tests(&mut Command::new("false")).unwrap();
        assert_eq!(tally, Tally::FAILED);
    }

    #[test]
    fn the_counts_of_several_programs_add_up() {
        let two = "test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out";
        let tally = run_tests(Command::new("printf").args(["%s\n%s\n", two, two])).unwrap();
        assert_eq!(tally, Tally { passed: 4, failed: 0, skipped: 0 });
    }

    #[test]
    fn times_are_short_to_read() {
        assert_eq!(seconds(Duration::from_millis(1240)), "1.2 s");
        assert_eq!(seconds(Duration::from_secs(605)), "10 min 05 s");
    }
}
