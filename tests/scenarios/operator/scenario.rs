//! The operator's whole way, as a person takes it: from the link that makes them to a site, its notice, a visitor's receipt, and the export.
//! Nothing in it needs a script of the operator's pages; `operator_scripts_off` takes the same way without any.

use assent_tests::operator::Operator;
use assent_tests::stage::Stage;

pub(crate) async fn play(stage: Stage) {
    let (home, link) = stage.site.invites("ann@example.org").await;
    stage.visitor.visit("/").await;
    stage.visitor.accept_all().await;
    let receipt = stage.site.has_one_receipt().await;
    let ann = Operator::new(stage.visitor.clone(), home);
    goes_all_the_way(&ann, &link).await;

    // The visitor's receipt, from the list to everything that is known of it.
    ann.opens("/admin/sites/shop/receipts").await;
    stage.visitor.clicks_plainly("tbody th a").await;
    ann.sees(receipt.decision.as_str()).await;
    ann.sees("accepted all").await;
    ann.sees(&receipt.visitor.to_string()).await;
    // Whose file is this?
    ann.opens("/admin/sites/shop/receipts/find").await;
    let file = serde_json::to_string(&receipt).expect("a receipt is JSON");
    ann.fills("Or what is in it", &file).await;
    ann.presses("Find").await;
    ann.sees(&receipt.visitor.to_string()).await;
    ann.opens("/admin/sites/shop/statistics").await;
    ann.sees("Accepted").await;
    leaves(&ann).await;
}

/// From the link to the export.
pub(crate) async fn goes_all_the_way(ann: &Operator, link: &str) {
    ann.comes_in_by(link, "Ann").await;

    ann.opens("/admin/sites/new").await;
    ann.fills("Id", "blog").await;
    ann.fills("Name", "The blog").await;
    ann.fills("Origins of its pages", "no origin").await;
    ann.presses("Add the site").await;
    ann.sees("Nothing was saved").await;
    ann.fills("Origins of its pages", "https://blog.example").await;
    ann.picks("Environment", "staging").await;
    ann.presses("Add the site").await;
    ann.sees("staging").await;
    ann.sees("<script async src=").await;

    // A notice: the template lacks what only the operator knows, and says so.
    ann.opens("/admin/sites/blog/notice").await;
    ann.follows("Publish").await;
    let refused = ann.reads().await;
    assert!(refused.contains("controller"), "who asks is not said yet: {refused}");

    // The shop's receipts leave as a file, in the background.
    ann.opens("/admin/sites/shop/exports/new").await;
    ann.picks("Format", "CSV: a table for spreadsheets").await;
    ann.presses("Export in the background").await;
    ann.sees("Newest first").await;
    ann.sees_in_time("Download").await;

    ann.opens("/admin/audit").await;
    for action in ["site.add", "export.make"] {
        ann.sees(action).await;
    }
}

/// Signs out: what could be seen before asks who comes.
pub(crate) async fn leaves(ann: &Operator) {
    ann.presses("Sign out").await;
    ann.sees("Password").await;
    ann.opens("/admin/audit").await;
    ann.sees("Password").await;
    let address = ann.address().await;
    assert!(address.contains("/admin/login"), "nobody is known any more: {address}");
}
