//! Owns the port: taking connections, so many at once, serving HTTP/1.1 on each, and ending them all.
//! Refuses to wait for anybody who is too slow, and to know what is asked for; that is the router's.

mod files;
mod patient;
mod places;
#[cfg(test)]
mod tests;
mod turn;

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio_rustls::TlsAcceptor;
use tower::Service as _;

pub(crate) use self::files::room;
use self::patient::{IDLE, Patient};
use self::places::Places;
pub(crate) use self::turn::TooSlow;
use self::turn::{TimedBody, Turn, Under};
use crate::proxies::{Arrival, Proxies};
use crate::tls::Tls;

/// How long answers that are under way may take once the server is told to stop.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a caller may take to agree on keys.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long nothing is accepted after the machine had no room for another connection.
const BREATH: Duration = Duration::from_millis(100);
/// Bytes of a request's head, all its headers together: a page's own cookies come along, and browsers keep some 4 KiB for each.
const HEAD_LIMIT: usize = 32 * 1024;
/// Bytes that a connection may hold at once, the head among them.
const BUFFER_LIMIT: usize = 64 * 1024;

/// What is known beside the port.
pub(crate) struct Door {
    pub(crate) router: Router,
    pub(crate) proxies: Proxies,
    /// Nothing where a proxy speaks it.
    pub(crate) tls: Option<Tls>,
    /// Connections at once: in all, and of one address.
    pub(crate) room: (usize, usize),
}

/// How far the end has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Serving,
    /// What is under way is answered, and nothing else.
    Ending,
    /// Whoever is left is too slow.
    Over,
}

/// Serves until `stop` says so or is dropped, and then until everybody has their answer, or patience is at its end.
pub(crate) async fn serve(listener: TcpListener, door: Door, mut stop: oneshot::Receiver<()>) {
    let places = Arc::new(Places::new(door.room));
    let (stage, _) = watch::channel(Stage::Serving);
    loop {
        // The place before the connection: who finds none waits in the machine's own queue, and is not sent away.
        let accepted = async {
            let place = places.clone().take().await;
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            accepted = accepted => accepted,
            _ = &mut stop => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                if !is_of_the_caller(&error) {
                    tracing::error!(%error, "no connection can be taken right now");
                    tokio::time::sleep(BREATH).await;
                }
                continue;
            }
        };
        let peer = peer.ip().to_canonical();
        let counted = door.proxies.is_visitors(peer).then_some(peer);
        let Some(place) = place.of(counted) else { continue };
        let arrival = Arrival { peer, encrypted: door.tls.is_some() };
        let tls = door.tls.as_ref().map(Tls::acceptor);
        let (router, ending) = (door.router.clone(), stage.subscribe());
        tokio::spawn(async move {
            let _place = place;
            serve_stream(stream, tls, arrival, router, ending).await;
        });
    }
    drop(listener);
    stage.send_replace(Stage::Ending);
    if tokio::time::timeout(PATIENCE, stage.closed()).await.is_err() {
        tracing::warn!("some callers were too slow and were cut off");
        stage.send_replace(Stage::Over);
        stage.closed().await;
    }
}

/// Whether a connection failed by whoever made it, and not for want of room.
fn is_of_the_caller(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn serve_stream(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    arrival: Arrival,
    router: Router,
    ending: watch::Receiver<Stage>,
) {
    // An answer is small and goes out whole; nothing is gained by waiting for more of it.
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else { return talk(stream, arrival, router, ending).await };
    if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await {
        talk(stream, arrival, router, ending).await;
    }
}

/// Answers what comes over one connection until either side ends it.
async fn talk<S>(stream: S, arrival: Arrival, router: Router, mut ending: watch::Receiver<Stage>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let turn = Turn::default();
    let stream = TokioIo::new(Patient::new(stream, turn.clone()));
    let service = service_fn(move |request: Request<Incoming>| {
        let under = turn.begin();
        let mut request = request.map(|body| Body::new(TimedBody::new(body)));
        request.extensions_mut().insert(arrival);
        let answer = router.clone().call(request);
        async move { Ok::<_, Infallible>(answer.await?.map(|body| Under::new(body, under))) }
    });
    let mut http = http1::Builder::new();
    // Patient tells a slow head from an idle connection. hyper's own clock is needed too: with it hyper reads again once an answer
    // is out, and without that Patient would not be asked.
    http.timer(TokioTimer::new())
        .header_read_timeout(IDLE)
        .max_header_size(HEAD_LIMIT)
        .max_buf_size(BUFFER_LIMIT);
    let mut connection = pin!(http.serve_connection(stream, service));
    // What goes wrong from here on is the caller's: they left, were too slow, or spoke no HTTP.
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = ending.wait_for(|stage| *stage != Stage::Serving) => connection.as_mut().graceful_shutdown(),
    }
    tokio::select! {
        _ = connection => {}
        _ = ending.wait_for(|stage| *stage == Stage::Over) => {}
    }
}
