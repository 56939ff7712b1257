//! Every page of the operator's, looked at on a phone and on a desktop: nothing is lost at the side, axe finds nothing.

use assent_tests::operator::Operator;
use assent_tests::stage::Stage;

const PAGES: &[&str] = &[
    "/admin",
    "/admin/sites/new",
    "/admin/sites/shop",
    "/admin/sites/shop/settings",
    "/admin/sites/shop/notices",
    "/admin/sites/shop/receipts",
    "/admin/sites/shop/receipts/find",
    "/admin/sites/shop/affected",
    "/admin/sites/shop/exports",
    "/admin/sites/shop/exports/new",
    "/admin/sites/shop/statistics",
    "/admin/operators",
    "/admin/operators/new",
    "/admin/keys",
    "/admin/keys/new",
    "/admin/audit",
    "/admin/data",
    "/admin/api",
    "/admin/account",
];

pub(crate) async fn play(Stage { visitor, site, .. }: Stage) {
    let (home, link) = site.invites("ann@example.org").await;
    visitor.visit("/").await;
    visitor.reject_all().await;
    let receipt = site.has_one_receipt().await;
    let ann = Operator::new(visitor.clone(), home);
    ann.opens("/admin").await;
    ann.looks("login").await;
    ann.opens(&link).await;
    ann.looks("welcome").await;
    ann.comes_in_by(&link, "Ann").await;
    let one = format!("/admin/sites/shop/receipts/{}", receipt.decision);
    for page in PAGES.iter().copied().chain([one.as_str()]) {
        ann.opens(page).await;
        let name = page.trim_start_matches("/admin").replace('/', "-");
        ann.looks(if page == one { "receipt" } else { name.trim_start_matches('-') }).await;
    }
}
