//! A process that is killed at any moment under load, and started again without a hand.
//!
//! `ASSENT_TEST_KILLS=100` makes it a hundred on each engine.

use super::{Dice, setting};
use crate::harness::program::Installation;
use crate::harness::visitors::Visitors;
use crate::harness::{Engine, both_engines};

both_engines!(what_was_acknowledged_is_stored_however_often_it_is_killed);

async fn what_was_acknowledged_is_stored_however_often_it_is_killed(engine: Engine) {
    let mut dice = Dice::new();
    let kills = setting("ASSENT_TEST_KILLS").unwrap_or(5);
    let installation = Installation::create(engine).await;
    let mut program = installation.start(&[]);
    let visitors = Visitors::start(16, program.address);
    let mut unheard = 0;
    for _ in 0..kills {
        // From the first answer to the middle of a commit: the number is chance, and what runs meanwhile too.
        visitors.until_acknowledged(1 + usize::try_from(dice.below(40)).unwrap()).await;
        for _ in 0..dice.below(200) {
            tokio::task::yield_now().await;
        }
        program.signal("-KILL");
        program.wait();
        unheard += program.log().iter().filter(|line| line.contains(r#""level":"ERROR""#)).count();
        program = installation.start(&[]);
        visitors.move_to(program.address);
    }
    visitors.until_acknowledged(20).await;
    let repeated = visitors.repeated();
    let acknowledged = visitors.finish().await;
    program.ends();
    installation.check(&acknowledged).await;
    eprintln!(
        "{engine:?}: {kills} kills, {} acknowledged, {repeated} of them after a repetition",
        acknowledged.len()
    );
    assert_eq!(unheard, 0, "a kill is no error of the next start");
    installation.remove().await;
}
