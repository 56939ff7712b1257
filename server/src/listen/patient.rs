//! Owns how long a connection is waited for: for a head once it has begun, for the next one, for room to write.
//! Refuses whoever takes longer, by ending the connection.

use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::turn::Turn;

/// How long a head may take from its first byte to its last.
const HEAD: Duration = Duration::from_secs(10);
/// How long a connection may be idle. Longer than proxies keep theirs (nginx a minute), so that it is they who end one: what they
/// send at the moment in which the other side ends it is lost.
pub(super) const IDLE: Duration = Duration::from_secs(75);
/// How long a caller may read nothing of what is written.
const STUCK: Duration = Duration::from_secs(30);

/// A connection that is not waited for without end.
pub(super) struct Patient<S> {
    stream: S,
    turn: Turn,
    /// The caller's turn that these two are of.
    number: u64,
    since: Instant,
    head_since: Option<Instant>,
    reading: Alarm,
    stuck_since: Option<Instant>,
    writing: Alarm,
}

/// Wakes at an instant. Setting it later costs nothing: it wakes too early then, and is set anew.
#[derive(Default)]
struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    /// Whether `until` is over; wakes the task if it is not.
    fn is_over(&mut self, context: &mut Context<'_>, until: Instant) -> bool {
        let sleep = self.0.get_or_insert_with(|| Box::pin(sleep_until(until)));
        if sleep.deadline() > until {
            sleep.as_mut().reset(until);
        }
        loop {
            if sleep.as_mut().poll(context).is_pending() {
                return false;
            }
            if Instant::now() >= until {
                return true;
            }
            sleep.as_mut().reset(until);
        }
    }
}

impl<S> Patient<S> {
    pub(super) fn new(stream: S, turn: Turn) -> Self {
        Self {
            stream,
            turn,
            number: 0,
            since: Instant::now(),
            head_since: None,
            reading: Alarm::default(),
            stuck_since: None,
            writing: Alarm::default(),
        }
    }

    /// Begins to count anew where another turn of the caller's has begun; says whether it is the caller's.
    fn is_callers(&mut self) -> bool {
        let Some(number) = self.turn.callers() else { return false };
        if number != self.number {
            (self.number, self.since, self.head_since) = (number, Instant::now(), None);
        }
        true
    }

    /// What came of writing, unless the caller has read nothing for too long.
    fn written<T>(&mut self, context: &mut Context<'_>, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if result.is_ready() {
            // Whoever is being answered is not idle; the answer may be longer than our turn, which ends when hyper has it.
            (self.stuck_since, self.since) = (None, Instant::now());
            return result;
        }
        let until = *self.stuck_since.get_or_insert_with(Instant::now) + STUCK;
        if self.writing.is_over(context, until) {
            return Poll::Ready(Err(ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(context, buffer);
        if !self.is_callers() {
            return result;
        }
        if result.is_ready() {
            if buffer.filled().len() > before && self.head_since.is_none() {
                self.head_since = Some(Instant::now());
            }
            return result;
        }
        let until = self.head_since.map_or(self.since + IDLE, |since| since + HEAD);
        if self.reading.is_over(context, until) {
            return Poll::Ready(Err(ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(context, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.written(context, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_flush(context);
        self.written(context, result)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_shutdown(context);
        self.written(context, result)
    }
}
