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
//! | draft | a notice that is being written, as a notice file with a revision |
//! | finding / override | what the linter holds against a notice file / an operator's written reason to publish all the same |
//! | publication | a notice becoming a site's newest: by whom, when, what is material, which overrides |
//! | schedule | a publication that waits for its time |
//! | service | a vendor's product in the catalogue: its cookies, hosts and adapter |
//! | role / permission | what an operator is on a site, or on all / one kind of thing that it lets them do |
//! | key / scope | by which an operator's program is known / a permission of it |
//! | caller | whoever asks for something: a person with a session, a program with a key, or the command line |
//! | link | an address that works once: it lets an operator in |
//! | kind | a combination of notice, method and choices that occurs among a site's receipts |
//! | affected | who decided within a time or under a notice |
//! | display | one page view in which the banner was shown |
//! | count | how often something happened on one day, by notice, language and class of device |
//! | pin / pinned tag | keeping a tag's bytes for ever / the tag that is kept, for Subresource Integrity |
//! | sighting | an origin whose pages asked for a site's tag |
//! | audit entry | who did or saw what, when, about what: a leaf of the audit log's own ledger |

pub mod adapter;
pub mod appearance;
#[cfg(feature = "ledger")]
pub mod bundle;
pub mod cookie;
pub mod decision;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
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
