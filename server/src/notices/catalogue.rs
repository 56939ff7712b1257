//! temp
use super::file::NoticeFile;
use assent_shared::PurposeId;
pub struct Service {
    pub id: String,
    pub name: String,
}
pub fn all() -> &'static [Service] {
    &[]
}
pub fn find(_: &str) -> Option<&'static Service> {
    None
}
pub fn add(_: &mut NoticeFile, _: &Service, _: &PurposeId) -> Vec<String> {
    vec![]
}
