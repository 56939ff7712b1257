//! Owns every way in which a request can fail, the one mapping to an HTTP status, and the problem body (RFC 9457).
//! Refuses to log or to tell a caller anything internal; `log.rs` logs the cause once and writes the body.

use std::fmt::Write as _;
use std::sync::Arc;

use assent_shared::views::ViewError;
use assent_shared::{DecisionError, Problem, ProblemCode};
use axum::http::header::{CONNECTION, CONTENT_TYPE, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::access::Permission;
use crate::notices::lint::Finding;
use crate::pages;
use crate::sealer::Refusal;
use crate::sites::fields::FieldError;
use crate::store::{AppendError, Trouble};

/// Every way in which a request can fail.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// 422: the body cannot be read as what the address takes.
    #[error("{0}")]
    MalformedBody(String),
    /// 415: another content type than the address takes.
    #[error("send the body as {0}")]
    WrongContentType(&'static str),
    /// 413: a longer body than the address takes.
    #[error("the body may have {0} bytes at most")]
    BodyTooLarge(usize),
    /// 415: a body that would have to be unpacked first.
    #[error("send the body as it is, without `Content-Encoding`")]
    CompressedBody,
    /// 408: the body did not come in time.
    #[error("the body came too slowly; send it again")]
    TooSlow,
    /// 400: what no well-behaved program sends.
    #[error("{0}")]
    BadRequest(&'static str),
    /// 414: a longer address than any that is ours.
    #[error("an address may have {0} bytes at most")]
    AddressTooLong(usize),
    /// 422: the notice refuses the decision.
    #[error(transparent)]
    InvalidDecision(#[from] DecisionError),
    /// 422: a number that the site never published.
    #[error("this site has no notice number {0}")]
    UnknownNotice(u32),
    /// 403: a page that is not one of the site's, or no page at all.
    #[error("this page's origin is not one of the site's; add it with `assent site add`")]
    ForeignOrigin,
    /// 403: a form that another site's page sent, or nobody knows which.
    #[error("this form was not sent from its own page; open that page and choose there")]
    ForeignForm,
    /// 403: the form under a host whose cookies the site's pages never see.
    #[error(
        "a choice made under this host would not reach the site; open the same address under the site's own host"
    )]
    ForeignHost,
    /// 409: the same decision id came before with other content.
    #[error("this decision's id was used before for another decision")]
    DecisionConflict,
    /// 409: the site has asked something else since.
    #[error(
        "notice {answered} has changed materially since; show notice {newest} and let the visitor choose again"
    )]
    StaleNotice {
        /// The notice that was answered.
        answered: u32,
        /// The site's newest.
        newest: u32,
    },
    /// 404: no such address, site or notice.
    #[error("there is nothing at this address")]
    NotFound,
    /// 404: the site's ledger has no such part, or not yet.
    #[error("{0}")]
    NotInLedger(String),
    /// 405: the address exists, but not for this HTTP method.
    #[error("this address does not take this method")]
    MethodNotAllowed,
    /// 401: no operator key, an unknown one, or a revoked one.
    #[error("send a valid operator key as `Authorization: Bearer …`")]
    KeyRequired,
    /// 403: a good key or session, without this permission.
    #[error("this needs the permission `{}`", .0.as_str())]
    Forbidden(Permission),
    /// 303: a page for operators, asked for by nobody who is known. Leads to the login, and from there back to `next`.
    #[error("sign in first")]
    SignInFirst {
        /// The page's path and query.
        next: String,
    },
    /// 409: somebody else has changed the draft since the revision that this was made from.
    #[error(
        "the draft has the revision {revision} by now, and this was made from {made_from}; read it again, and save what you changed anew"
    )]
    DraftConflict {
        /// What the caller has seen.
        made_from: i64,
        /// What is there.
        revision: i64,
    },
    /// 422: a text that is no notice file, or one that cannot be published as it is.
    #[error("{0}")]
    InvalidNotice(String),
    /// 422: what the linter refuses, and nobody gave a reason for.
    #[error("the linter refuses this; change it, or override each with a reason:{}", lines(.0))]
    NoticeRefused(Vec<Finding>),
    /// 403: a form or a request of the operator's pages that another site sent, or nobody knows which.
    #[error("this was not sent from Assent's own pages; open the page and try again there")]
    ForeignRequest,
    /// 409: what was asked for does not go with how things are.
    #[error("{0}")]
    Conflict(String),
    /// 422: a query parameter that cannot be read.
    #[error("{0}")]
    InvalidQuery(String),
    /// 422: fields that cannot be what was sent, with what is wrong with each.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    InvalidFields(Vec<FieldError>),
    /// 422: the receipt cannot be said in this view.
    #[error(transparent)]
    ViewUnavailable(ViewError),
    /// 429: asked too often; so many seconds to wait.
    #[error("too many requests; try again in {0} s")]
    TooMany(u64),
    /// 503: the recorder's queue is full, or the server is stopping; the decision was not recorded.
    #[error("too busy to record right now; try again")]
    Busy,
    /// 503: the database did not take or give what was asked; what was sent was not recorded.
    #[error("the database is not available right now; try again")]
    Store(#[source] Arc<sqlx::Error>),
    /// 503: the database fails, and whoever asks is told at once; nothing was recorded. The log has its line already.
    #[error("{0}; try again")]
    Unavailable(Trouble),
    /// 503: why nothing can be recorded, for a supervisor.
    #[error("not ready: {0}")]
    NotReady(Trouble),
    /// 503: why nothing can be signed, for a supervisor.
    #[error("not ready: {0}")]
    NotSigning(String),
    /// 503: the site's ledger takes nothing until the operator has looked at it; nothing was recorded.
    #[error("this site records nothing right now; try again later")]
    Refused(#[source] Refusal),
    /// 503: the audit log takes nothing, so nothing is done or shown that belongs into it.
    #[error("the audit log cannot be written right now, so nothing is done; the server's own log says why")]
    AuditClosed(#[source] Refusal),
    /// 500: a mistake in Assent.
    #[error("something went wrong on the server")]
    Internal(String),
}

impl From<AppendError> for Error {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Refused(refusal) => Self::Refused(refusal),
            AppendError::Store(error) => error.into(),
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(Arc::new(error))
    }
}

/// A `Result` whose error is Assent's.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Something that cannot be taken as it is: which field, and what to write instead.
    pub(crate) fn invalid(field: &'static str, message: impl Into<String>) -> Self {
        Self::InvalidFields(vec![FieldError { field, message: message.into() }])
    }

    /// The status and the typed code: the one mapping.
    fn status(&self) -> (StatusCode, ProblemCode) {
        match self {
            Self::MalformedBody(_) => (StatusCode::UNPROCESSABLE_ENTITY, ProblemCode::MalformedBody),
            Self::WrongContentType(_) | Self::CompressedBody => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, ProblemCode::WrongContentType)
            }
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, ProblemCode::TooSlow),
            Self::BadRequest(_) => (StatusCode::BAD_REQUEST, ProblemCode::BadRequest),
            Self::AddressTooLong(_) => (StatusCode::URI_TOO_LONG, ProblemCode::AddressTooLong),
            Self::BodyTooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, ProblemCode::BodyTooLarge),
            Self::InvalidDecision(_) => (StatusCode::UNPROCESSABLE_ENTITY, ProblemCode::InvalidDecision),
            Self::UnknownNotice(_) => (StatusCode::UNPROCESSABLE_ENTITY, ProblemCode::UnknownNotice),
            Self::ForeignOrigin | Self::ForeignForm | Self::ForeignHost | Self::ForeignRequest => {
                (StatusCode::FORBIDDEN, ProblemCode::ForeignOrigin)
            }
            Self::DecisionConflict => (StatusCode::CONFLICT, ProblemCode::DecisionConflict),
            Self::StaleNotice { .. } => (StatusCode::CONFLICT, ProblemCode::StaleNotice),
            Self::NotFound | Self::NotInLedger(_) => (StatusCode::NOT_FOUND, ProblemCode::NotFound),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, ProblemCode::MethodNotAllowed),
            Self::KeyRequired => (StatusCode::UNAUTHORIZED, ProblemCode::KeyRequired),
            Self::Forbidden(_) => (StatusCode::FORBIDDEN, ProblemCode::Forbidden),
            Self::SignInFirst { .. } => (StatusCode::SEE_OTHER, ProblemCode::KeyRequired),
            Self::DraftConflict { .. } => (StatusCode::CONFLICT, ProblemCode::DraftConflict),
            Self::InvalidNotice(_) => (StatusCode::UNPROCESSABLE_ENTITY, ProblemCode::InvalidNotice),
            Self::NoticeRefused(_) => (StatusCode::UNPROCESSABLE_ENTITY, ProblemCode::NoticeRefused),
            Self::Conflict(_) => (StatusCode::CONFLICT, ProblemCode::Conflict),
            Self::InvalidQuery(_) => (StatusCode::UNPROCESSABLE_ENTITY, ProblemCode::InvalidQuery),
            Self::InvalidFields(_) => (StatusCode::UNPROCESSABLE_ENTITY, ProblemCode::InvalidFields),
            Self::TooMany(_) => (StatusCode::TOO_MANY_REQUESTS, ProblemCode::TooManyRequests),
            Self::Busy
            | Self::Store(_)
            | Self::Unavailable(_)
            | Self::NotReady(_)
            | Self::NotSigning(_)
            | Self::Refused(_)
            | Self::AuditClosed(_) => (StatusCode::SERVICE_UNAVAILABLE, ProblemCode::Busy),
            Self::ViewUnavailable(_) => (StatusCode::UNPROCESSABLE_ENTITY, ProblemCode::ViewUnavailable),
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, ProblemCode::Internal),
        }
    }

    /// What the log is told beyond what the caller is.
    #[must_use]
    pub fn cause(&self) -> Option<String> {
        match self {
            Self::Store(error) => Some(error.to_string()),
            Self::Internal(cause) => Some(cause.clone()),
            Self::Refused(refusal) | Self::AuditClosed(refusal) => Some(refusal.to_string()),
            _ => None,
        }
    }

    /// The response: with its problem body, or `as_page` for a person.
    #[must_use]
    pub fn to_response(&self, request_id: Option<String>, as_page: bool) -> Response {
        let (status, code) = self.status();
        let title = status.canonical_reason().unwrap_or_default();
        let mut response = if let Self::NotReady(_) | Self::NotSigning(_) = self {
            // A supervisor shows the line as it is.
            (status, format!("{self}\n")).into_response()
        } else if as_page {
            (status, pages::problem(title, &self.to_string(), request_id.as_deref())).into_response()
        } else {
            let problem = Problem {
                code,
                status: status.as_u16(),
                title: title.to_owned(),
                detail: self.to_string(),
                notice: match self {
                    Self::StaleNotice { newest, .. } => Some(*newest),
                    _ => None,
                },
                request_id,
            };
            let body = serde_json::to_vec(&problem).unwrap_or_default();
            let content_type = HeaderValue::from_static("application/problem+json");
            (status, [(CONTENT_TYPE, content_type)], body).into_response()
        };
        let headers = response.headers_mut();
        if let Self::TooMany(seconds) = self {
            headers.insert(RETRY_AFTER, HeaderValue::from(*seconds));
        }
        if matches!(self, Self::BadRequest(_) | Self::AddressTooLong(_) | Self::TooSlow) {
            // What follows on the connection may be anything.
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if let Self::SignInFirst { next } = self {
            let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
            headers
                .extend(HeaderValue::try_from(format!("/admin/login?next={next}")).map(|to| (LOCATION, to)));
        }
        match status {
            StatusCode::SERVICE_UNAVAILABLE => headers.insert(RETRY_AFTER, HeaderValue::from_static("2")),
            StatusCode::UNAUTHORIZED => headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
            _ => None,
        };
        response
    }
}

/// Findings, each on a line of its own.
fn lines(findings: &[Finding]) -> String {
    findings.iter().fold(String::new(), |mut lines, Finding { rule, at, message, .. }| {
        let _ = write!(lines, "\n{rule} at {at}: {message}");
        lines
    })
}

/// Carries the error to the middleware that logs it and writes its body.
#[derive(Clone)]
pub struct Failure(pub Arc<Error>);

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let mut response = self.status().0.into_response();
        response.extensions_mut().insert(Failure(Arc::new(self)));
        response
    }
}

/// 304: the caller has these bytes already. Not an error, but this file names every status.
#[must_use]
pub fn not_modified() -> Response {
    StatusCode::NOT_MODIFIED.into_response()
}

/// 201 for what is new, 200 for what was there before.
#[must_use]
pub fn created(new: bool) -> StatusCode {
    if new { StatusCode::CREATED } else { StatusCode::OK }
}

/// 422: a form that is shown again, because something in it is still to be answered.
#[must_use]
pub fn incomplete() -> StatusCode {
    StatusCode::UNPROCESSABLE_ENTITY
}

/// 410: a link that worked once, if it ever did.
#[must_use]
pub fn gone() -> StatusCode {
    StatusCode::GONE
}

/// 422: a page that shows again what was asked for, with what is wrong with it.
#[must_use]
pub fn refused(page: Response) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
}

/// 409: a form that is shown again, because it asks something else now.
#[must_use]
pub fn outdated() -> StatusCode {
    StatusCode::CONFLICT
}

/// 409: what was to be erased is held; 200 otherwise.
#[must_use]
pub fn erased(held: bool) -> StatusCode {
    if held { StatusCode::CONFLICT } else { StatusCode::OK }
}

/// 204: done, and there is nothing to say.
#[must_use]
pub fn no_content() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// 303: the form was taken; the browser asks for the page at `address` now, and asking anew sends nothing twice.
#[must_use]
pub fn see_other(address: &str) -> Response {
    axum::response::Redirect::to(address).into_response()
}
