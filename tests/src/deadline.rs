//! Owns waiting: one deadline, one interval, one way to say what never came true.
//! Refuses to wait for time to pass: there is always a condition.

use std::time::{Duration, Instant};

/// Far longer than anything takes on a slow machine; nobody waits for it unless a test fails.
pub const DEADLINE: Duration = Duration::from_secs(15);
const INTERVAL: Duration = Duration::from_millis(20);

/// Asks until `question` gives an answer, and returns it.
///
/// # Panics
/// When [`DEADLINE`] passes; the message says what was waited for.
pub async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, question: impl FnMut() -> F) -> T {
    match in_time(question).await {
        Some(answer) => answer,
        None => panic!("waited {} s, and still not: {what}", DEADLINE.as_secs()),
    }
}

/// Asks until `question` gives an answer; `None` when [`DEADLINE`] passes.
pub async fn in_time<T, F: Future<Output = Option<T>>>(mut question: impl FnMut() -> F) -> Option<T> {
    let start = Instant::now();
    loop {
        let answer = question().await;
        if answer.is_some() || start.elapsed() > DEADLINE {
            return answer;
        }
        tokio::time::sleep(INTERVAL).await;
    }
}
