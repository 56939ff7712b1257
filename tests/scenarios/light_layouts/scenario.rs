//! Every layout in the light scheme, in four languages; see `layouts.rs`.

use assent_tests::stage::Stage;

pub(crate) async fn play(stage: Stage) {
    crate::layouts::play(stage, "light").await;
}
