//! A process that ends at each of the named places around the writes of a commit.

#![cfg(debug_assertions)]

use std::os::unix::process::ExitStatusExt as _;

use assent::crash::Point;

use crate::harness::program::Installation;
use crate::harness::visitors::Visitors;
use crate::harness::{Engine, both_engines};

both_engines!(a_crash_at_any_point_of_a_commit_leaves_nothing_half);

async fn a_crash_at_any_point_of_a_commit_leaves_nothing_half(engine: Engine) {
    let installation = Installation::create(engine).await;
    let first = installation.start(&[]);
    let visitors = Visitors::start(12, first.address);
    visitors.until_acknowledged(12).await;
    first.ends();
    for point in Point::ALL {
        // The second time that it gets there: one commit goes well before.
        let mut program = installation.start(&["--crash-at", &format!("{point:?}:2")]);
        visitors.move_to(program.address);
        // Nothing but visitors makes it record, so it ends by itself.
        let status = tokio::task::spawn_blocking(move || program.wait()).await.unwrap();
        assert_eq!(status.signal(), Some(6), "{point:?}: {status}");
    }
    let last = installation.start(&[]);
    visitors.move_to(last.address);
    visitors.until_acknowledged(12).await;
    let repeated = visitors.repeated();
    let acknowledged = visitors.finish().await;
    last.ends();
    installation.check(&acknowledged).await;
    assert!(repeated > 0, "what was committed before a crash was answered as repeated after it");
    installation.remove().await;
}
