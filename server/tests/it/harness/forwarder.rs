//! Owns a stretch of network between the server and its database: it forwards, it is cut, it leads elsewhere.
//! Refuses to change a byte.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A port that leads to another one.
pub(crate) struct Forwarder {
    pub(crate) port: u16,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

struct Shared {
    target: Mutex<SocketAddr>,
    /// Counted up, every connection ends.
    cut: watch::Sender<u32>,
    /// So many commits are still to be cut off from their answers.
    answers_to_swallow: AtomicU32,
    swallowed: AtomicU32,
}

impl Forwarder {
    pub(crate) async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            target: Mutex::new(target),
            cut: watch::channel(0).0,
            answers_to_swallow: AtomicU32::new(0),
            swallowed: AtomicU32::new(0),
        });
        let accepting = {
            let shared = shared.clone();
            tokio::spawn(async move {
                while let Ok((client, _)) = listener.accept().await {
                    tokio::spawn(forward(client, shared.clone()));
                }
            })
        };
        Self { port, shared, accepting }
    }

    /// Cuts every connection; new ones lead to `target`.
    pub(crate) fn lead_to(&self, target: SocketAddr) {
        *self.shared.target.lock().unwrap() = target;
        self.cut();
    }

    /// Cuts every connection.
    pub(crate) fn cut(&self) {
        self.shared.cut.send_modify(|times| *times += 1);
    }

    /// Lets the next `commits` reach the database, and cuts the connection when the answer comes.
    pub(crate) fn swallow_answers_of_commits(&self, commits: u32) {
        self.shared.answers_to_swallow.store(commits, Ordering::SeqCst);
    }

    pub(crate) fn swallowed(&self) -> u32 {
        self.shared.swallowed.load(Ordering::SeqCst)
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

/// Whether it is the word, or a decision together with the checkpoint over it: a commit in one statement.
fn is_commit(asked: &[u8]) -> bool {
    let has = |part: &[u8]| asked.windows(part.len()).any(|bytes| bytes == part);
    has(b"COMMIT") || has(b"\"decision\":") && has("\n\u{2014} ".as_bytes())
}

async fn forward(mut client: TcpStream, shared: Arc<Shared>) {
    let mut cut = shared.cut.subscribe();
    let target = *shared.target.lock().unwrap();
    let Ok(mut server) = TcpStream::connect(target).await else { return };
    let (mut asked, mut answered) = (vec![0; 65536], vec![0; 65536]);
    let mut commits = false;
    loop {
        tokio::select! {
            _ = cut.changed() => return,
            read = client.read(&mut asked) => match read {
                Ok(bytes @ 1..) => {
                    commits = is_commit(&asked[..bytes]);
                    if server.write_all(&asked[..bytes]).await.is_err() {
                        return;
                    }
                }
                _ => return,
            },
            read = server.read(&mut answered) => match read {
                Ok(bytes @ 1..) => {
                    let one_less = |left: u32| left.checked_sub(1);
                    let swallow = || {
                        shared.answers_to_swallow.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok()
                    };
                    if commits && swallow() {
                        // The database has committed; the one who asked never hears of it.
                        shared.swallowed.fetch_add(1, Ordering::SeqCst);
                        return;
                    }
                    if client.write_all(&answered[..bytes]).await.is_err() {
                        return;
                    }
                }
                _ => return,
            },
        }
    }
}
