//! Owns whose turn it is on a connection: the caller's, who writes a head, or ours, from a whole head to the end of the answer.
//! Refuses a body that comes too slowly.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep};

/// How long a body may take, however small it is.
const BODY: Duration = Duration::from_secs(15);
/// A body that is longer may take a second more for each so many bytes.
const BYTES_A_SECOND: u64 = 8 * 1024;

/// Counts how often the turn has changed; odd is ours.
#[derive(Clone, Default)]
pub(super) struct Turn(Arc<AtomicU64>);

impl Turn {
    /// Ours from now on, until what is returned is dropped.
    pub(super) fn begin(&self) -> OurTurn {
        self.0.fetch_add(1, Ordering::Relaxed);
        OurTurn(self.0.clone())
    }

    /// The caller's turn by its number; none while it is ours.
    pub(super) fn callers(&self) -> Option<u64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|number| number % 2 == 0)
    }
}

pub(super) struct OurTurn(Arc<AtomicU64>);

impl Drop for OurTurn {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// An answer's body; when it ends, so does our turn.
pub(super) struct Under {
    body: Body,
    _turn: OurTurn,
}

impl Under {
    pub(super) fn new(body: Body, turn: OurTurn) -> Self {
        Self { body, _turn: turn }
    }
}

impl HttpBody for Under {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A body that took longer than it may.
#[derive(Debug, thiserror::Error)]
#[error("the body came too slowly")]
pub(crate) struct TooSlow;

/// A request's body, with an end.
pub(super) struct TimedBody {
    body: Incoming,
    begun: Option<Instant>,
    bytes: u64,
    wait: Option<Pin<Box<Sleep>>>,
}

impl TimedBody {
    pub(super) fn new(body: Incoming) -> Self {
        Self { body, begun: None, bytes: 0, wait: None }
    }
}

impl HttpBody for TimedBody {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            if let Some(Ok(frame)) = &frame {
                self.bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let begun = *self.begun.get_or_insert_with(Instant::now);
        let until = begun + BODY + Duration::from_secs(self.bytes / BYTES_A_SECOND);
        let wait = self.wait.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
        if wait.deadline() != until {
            wait.as_mut().reset(until);
        }
        ready!(wait.as_mut().poll(context));
        Poll::Ready(Some(Err(TooSlow.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
