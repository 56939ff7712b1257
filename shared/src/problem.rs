//! Owns the problem body (RFC 9457) and its typed codes, so that a caller can act on an error without reading prose.
//! Refuses to know an HTTP status: the server's `error.rs` maps each code to one.

use serde::{Deserialize, Serialize};

/// What went wrong, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ProblemCode {
    /// The body is not what the address takes: not JSON, wrong fields, wrong types, too deep.
    MalformedBody,
    /// The body is not declared as what the address takes, or is compressed.
    WrongContentType,
    /// The body is larger than the address takes.
    BodyTooLarge,
    /// The body came too slowly; send it again.
    TooSlow,
    /// The request is none that a well-behaved program sends; `detail` says why.
    BadRequest,
    /// The address is longer than any that is ours.
    AddressTooLong,
    /// The notice refuses the decision.
    InvalidDecision,
    /// The site has no notice of that number.
    UnknownNotice,
    /// The request comes from a page that is not one of the site's.
    ForeignOrigin,
    /// The same decision id came before with other content.
    DecisionConflict,
    /// The site has a newer notice that asks something else; `notice` is its number.
    StaleNotice,
    /// No such site, notice or address.
    NotFound,
    /// The address does not take this HTTP method.
    MethodNotAllowed,
    /// The operator key is missing, unknown or revoked.
    KeyRequired,
    /// The operator key lacks a permission that this needs.
    Forbidden,
    /// The draft has another revision by now than the one that a save was made from.
    DraftConflict,
    /// The text is no notice file, or the notice cannot be published as it is.
    InvalidNotice,
    /// The linter refuses the notice; `detail` says what, and each needs a change or a reason.
    NoticeRefused,
    /// What was asked for does not go with how things are; `detail` says why.
    Conflict,
    /// A query parameter cannot be read.
    InvalidQuery,
    /// Fields of the body cannot be what was sent; `detail` says which, and why.
    InvalidFields,
    /// The receipt cannot be said in the view that was asked for; `detail` says why.
    ViewUnavailable,
    /// Asked too often; the header `Retry-After` says how many seconds to wait.
    TooManyRequests,
    /// The server cannot record right now; try again later.
    Busy,
    /// The server failed; its log knows why under the request's id.
    Internal,
}

/// The problem body of every error, `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Problem {
    /// What went wrong, for programs.
    pub code: ProblemCode,
    /// The HTTP status, repeated.
    pub status: u16,
    /// The kind of problem in a few words, the same for every occurrence.
    pub title: String,
    /// This occurrence: what is wrong and what to do.
    pub detail: String,
    /// The number of the notice to show in place of the one that was answered (an extension member, RFC 9457 §3.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<u32>,
    /// The request's id, to find it in the server's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}
