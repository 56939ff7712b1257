//! The operator's way in a browser without JavaScript: it is the same way.

use assent_tests::operator::Operator;
use assent_tests::stage::Stage;

use crate::operator::{goes_all_the_way, leaves};

pub(crate) async fn play(Stage { visitor, site, .. }: Stage) {
    let (home, link) = site.invites("ann@example.org").await;
    let ann = Operator::new(visitor, home).without_scripts();
    goes_all_the_way(&ann, &link).await;
    leaves(&ann).await;
}
