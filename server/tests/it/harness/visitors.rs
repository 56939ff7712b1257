//! Owns visitors who decide all the time, and send each decision as the widget does: the same one until it is answered.
//! Refuses to give a decision up, and to take any answer but a receipt or "try again".

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::{Client, StatusCode};
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::program::PATIENCE;
use super::{PAGE, refusal};

/// Between two decisions of one visitor: a widget waits for seconds, and there are more of them.
const PACE: Duration = Duration::from_millis(5);
/// Between two attempts. Without it, whoever is turned away would keep the machine from doing anything else.
const RETRY: Duration = Duration::from_millis(100);

/// Visitors at work.
pub(crate) struct Visitors {
    shared: Arc<Shared>,
    tasks: JoinSet<()>,
}

struct Shared {
    address: Mutex<SocketAddr>,
    acknowledged: Mutex<Vec<String>>,
    repeated: AtomicU64,
    turned_away: AtomicU64,
    next: AtomicU64,
    ending: AtomicBool,
}

impl Visitors {
    /// So many visitors of the server at `address`.
    pub(crate) fn start(count: usize, address: SocketAddr) -> Self {
        Self::start_with(count, address, 1)
    }

    /// As [`Visitors::start`], beside others whose decisions have other numbers.
    pub(crate) fn start_with(count: usize, address: SocketAddr, first_number: u64) -> Self {
        let shared = Arc::new(Shared {
            address: Mutex::new(address),
            acknowledged: Mutex::default(),
            repeated: AtomicU64::new(0),
            turned_away: AtomicU64::new(0),
            next: AtomicU64::new(first_number),
            ending: AtomicBool::new(false),
        });
        let mut tasks = JoinSet::new();
        for _ in 0..count {
            tasks.spawn(visit(shared.clone()));
        }
        Self { shared, tasks }
    }

    /// From now on they find the server there.
    pub(crate) fn move_to(&self, address: SocketAddr) {
        *self.shared.address.lock().unwrap() = address;
    }

    pub(crate) fn acknowledged(&self) -> usize {
        self.shared.acknowledged.lock().unwrap().len()
    }

    /// Decisions that had been recorded without their visitors being told.
    pub(crate) fn repeated(&self) -> u64 {
        self.shared.repeated.load(Ordering::SeqCst)
    }

    /// Answers that asked to come again.
    pub(crate) fn turned_away(&self) -> u64 {
        self.shared.turned_away.load(Ordering::SeqCst)
    }

    /// Waits until so many more decisions are acknowledged.
    pub(crate) async fn until_acknowledged(&self, more: usize) {
        let wanted = self.acknowledged() + more;
        self.until(|| self.acknowledged() >= wanted, "nothing is acknowledged any more").await;
    }

    /// Waits until some more are turned away.
    pub(crate) async fn until_turned_away(&self, more: u64) {
        let wanted = self.turned_away() + more;
        self.until(|| self.turned_away() >= wanted, "nobody is turned away").await;
    }

    async fn until(&self, reached: impl Fn() -> bool, complaint: &str) {
        let waiting = async {
            let mut ticks = paced(PACE);
            while !reached() {
                ticks.tick().await;
            }
        };
        assert!(tokio::time::timeout(PATIENCE, waiting).await.is_ok(), "{complaint}");
    }

    /// Lets everybody send what they have decided, and returns the ids of all decisions that were acknowledged.
    pub(crate) async fn finish(mut self) -> Vec<String> {
        self.shared.ending.store(true, Ordering::SeqCst);
        let ended = async { while self.tasks.join_next().await.transpose().unwrap().is_some() {} };
        tokio::time::timeout(PATIENCE, ended).await.expect("every decision is answered at last");
        std::mem::take(&mut *self.shared.acknowledged.lock().unwrap())
    }
}

fn paced(period: Duration) -> Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

async fn visit(shared: Arc<Shared>) {
    let client = Client::builder().timeout(Duration::from_secs(20)).build().unwrap();
    let mut ticks = paced(PACE);
    while !shared.ending.load(Ordering::SeqCst) {
        let decision = refusal(shared.next.fetch_add(1, Ordering::SeqCst));
        ticks.tick().await;
        let mut attempts = paced(RETRY);
        loop {
            attempts.tick().await;
            if send(&client, &shared, &decision).await {
                break;
            }
        }
    }
}

/// Whether the server has taken the decision.
async fn send(client: &Client, shared: &Shared, decision: &Value) -> bool {
    let address = *shared.address.lock().unwrap();
    let request = client.post(format!("http://{address}/_assent/shop/decisions")).header("origin", PAGE);
    let Ok(answer) = request.json(decision).send().await else { return false };
    let (status, retry_after) = (answer.status(), answer.headers().contains_key("retry-after"));
    // Cut off in the middle: it has been said, but not heard.
    let Ok(body) = answer.text().await else { return false };
    match status {
        StatusCode::CREATED | StatusCode::OK => {
            let answer: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(answer["receipt"]["decision"], decision["id"]);
            assert!(answer["proof"].is_string(), "{answer}");
            if status == StatusCode::OK {
                shared.repeated.fetch_add(1, Ordering::SeqCst);
            }
            shared.acknowledged.lock().unwrap().push(decision["id"].as_str().unwrap().to_owned());
            true
        }
        StatusCode::SERVICE_UNAVAILABLE => {
            assert!(retry_after, "503 says when to come again: {body}");
            shared.turned_away.fetch_add(1, Ordering::SeqCst);
            false
        }
        other => panic!("{other}: {body}"),
    }
}
