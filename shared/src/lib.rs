//! Owns Assent's vocabulary: the values that server, widget and tools exchange, and the rules they obey.
//! Refuses I/O, the clock, randomness, and anything that knows of a database, a browser or HTTP.
//!
//! # Words
//!
//! The same words in code, SQL, JSON, user interface and documentation:
//!
//! | term | means |
//! |---|---|
//! | visitor | a browser that made a decision |
//! | operator | a person running the installation |
//! | site | one registered property with its allowed origins and its environment |
//! | purpose | one reason for processing that the visitor can grant or deny |
//! | essential / optional | necessity of a purpose; an essential one is shown, never asked |
//! | declared cookie | a cookie or storage key that a purpose uses |
//! | notice | exactly what was shown: texts, purposes, declared cookies, controller; immutable, numbered per site, named by its hash |
//! | choice | granted or denied, for one purpose |
//! | decision | all choices at one instant, with method and notice |
//! | stored decision | the newest decision as the `assent` cookie keeps it |
//! | method | how the decision was made: accept all, reject all, custom, signal, withdraw |
//! | signal | a machine-sent preference (Global Privacy Control) |
//! | receipt | a decision sealed by the server: its time and its place in the site's ledger |
//! | leaf index | a receipt's place in its site's ledger, counted from 0 |
//! | adapter | how a vendor's own script is told about the choices |
//! | hold / release | keep a script, frame or image inert / activate it |
//! | export | receipts as a file |
//! | view | a receipt and its notice as another standard writes them |
//! | bundle | an export that anyone can check without asking anybody |

pub mod adapter;
pub mod appearance;
#[cfg(feature = "ledger")]
pub mod bundle;
pub mod cookie;
pub mod decision;
pub mod id;
#[cfg(feature = "ledger")]
pub mod ledger;
mod lifetime;
pub mod locale;
pub mod notice;
pub mod problem;
pub mod receipt;
pub mod terms;
pub mod texts;
pub mod views;

pub use adapter::Adapter;
pub use appearance::Appearance;
pub use cookie::StoredDecision;
pub use decision::{Decision, DecisionError, Method};
pub use id::{DecisionId, Locale, PurposeId, SiteId, VisitorId, VisitorSecret};
pub use notice::{Notice, NoticeView, PurposeView};
pub use problem::{Problem, ProblemCode};
pub use receipt::Receipt;
pub use texts::Texts;
