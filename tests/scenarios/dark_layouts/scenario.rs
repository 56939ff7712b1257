//! Every layout in the dark scheme, in four languages; see `layouts.rs`.

use assent_tests::stage::Stage;

pub(crate) async fn play(stage: Stage) {
    crate::layouts::play(stage, "dark").await;
}
