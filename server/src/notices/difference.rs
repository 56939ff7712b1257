//! temp
use assent_shared::{Notice, PurposeId};
/// x
#[derive(Debug, Clone, serde::Serialize)]
pub struct Change {
    pub purpose: Option<PurposeId>,
    pub at: String,
    pub before: Option<String>,
    pub after: Option<String>,
    pub material: bool,
    pub why: &'static str,
}
pub fn differences(_: &Notice, _: &Notice) -> Vec<Change> {
    vec![]
}
