//! Owns the metrics' names, what each means, and writing them.
//! Refuses to name a site, a visitor, an operator, an address or a path: the labels are words of this file, the router's own
//! addresses, and the widget's build.

use std::fmt::{Error, Result};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeGaugeValue, MetricEncoder, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use super::Outcome;
use super::gather::Gathered;
use super::histogram::Reading;
use crate::{log, widget};

/// The text, by the names and rules of OpenMetrics.
pub(super) fn text(gathered: Gathered) -> std::result::Result<String, Error> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(gathered));
    let mut text = String::new();
    text::encode(&mut text, &registry)?;
    Ok(text)
}

type Labels<'a> = &'a [(&'a str, &'a str)];

/// Writes one metric after another.
struct Writer<'a>(DescriptorEncoder<'a>);

impl Writer<'_> {
    fn family<'s>(
        &'s mut self,
        name: &'s str,
        help: &'s str,
        kind: MetricType,
    ) -> std::result::Result<MetricEncoder<'s>, Error> {
        self.0.encode_descriptor(name, help, None, kind)
    }

    /// A counter; `_total` is added to its name.
    fn counter(&mut self, name: &str, help: &str, value: u64) -> Result {
        let mut family = self.family(name, help, MetricType::Counter)?;
        family.encode_counter::<NoLabelSet, u64, u64>(&value, None)
    }

    /// A counter by one label.
    fn by(&mut self, name: &str, help: &str, label: &str, values: &[(&str, u64)]) -> Result {
        let mut family = self.family(name, help, MetricType::Counter)?;
        for (value, count) in values {
            let labels = [(label, *value)];
            family.encode_family(&labels)?.encode_counter::<NoLabelSet, u64, u64>(count, None)?;
        }
        Ok(())
    }

    fn gauges(&mut self, name: &str, help: &str, values: &[(Labels<'_>, f64)]) -> Result {
        let mut family = self.family(name, help, MetricType::Gauge)?;
        for (labels, value) in values {
            family.encode_family(labels)?.encode_gauge(value)?;
        }
        Ok(())
    }

    /// A gauge of its own, if it is known.
    fn gauge<Value: EncodeGaugeValue>(&mut self, name: &str, help: &str, value: Option<Value>) -> Result {
        let Some(value) = value else { return Ok(()) };
        self.family(name, help, MetricType::Gauge)?.encode_gauge(&value)
    }

    fn histogram(&mut self, name: &str, help: &str, reading: &Reading) -> Result {
        let Reading { sum, count, buckets } = reading;
        self.family(name, help, MetricType::Histogram)?
            .encode_histogram::<NoLabelSet>(*sum, *count, buckets, None)
    }
}

#[expect(clippy::cast_precision_loss, reason = "gauges are floating; beyond 2^53 a few do not matter")]
fn float(value: u64) -> f64 {
    value as f64
}

fn positive(value: i64) -> f64 {
    float(u64::try_from(value).unwrap_or_default())
}

impl Collector for Gathered {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> Result {
        let mut writer = Writer(encoder);
        self.receipts(&mut writer)?;
        self.database(&mut writer)?;
        self.requests(&mut writer)?;
        self.operators(&mut writer)?;
        self.build_and_process(&mut writer)
    }
}

impl Gathered {
    fn receipts(&self, writer: &mut Writer<'_>) -> Result {
        let metrics = &self.app.metrics;
        let decisions =
            Outcome::ALL.map(|outcome| (outcome.as_str(), metrics.decisions[outcome as usize].get()));
        writer.by(
            "assent_decisions",
            "Decisions that were sent, by what became of them",
            "result",
            &decisions,
        )?;
        let commits = [("done", metrics.commits_done.get()), ("failed", metrics.commits_failed.get())];
        writer.by("assent_commits", "Transactions of the recorder", "result", &commits)?;
        let size = metrics.commit_receipts.read();
        writer.histogram("assent_commit_receipts", "Decisions that one transaction took", &size)?;
        let time = metrics.commit_duration.read_seconds();
        writer.histogram(
            "assent_commit_duration_seconds",
            "How long a transaction of the recorder took",
            &time,
        )?;
        let (waiting, capacity) = self.app.recorder.queue();
        writer.gauge(
            "assent_queue_decisions",
            "Decisions that wait for a transaction",
            Some(float(waiting)),
        )?;
        writer.gauge("assent_queue_capacity", "How many may wait", Some(float(capacity)))?;

        let sums = self.sums.as_ref();
        writer.gauge("assent_ledgers", "Sites' present ledgers", sums.map(|sums| positive(sums.ledgers)))?;
        let leaves = sums.map(|sums| positive(sums.leaves));
        writer.gauge(
            "assent_ledger_leaves",
            "Leaves of all of them: receipts, notices, tombstones",
            leaves,
        )?;
        let (refused, audit_refused) = self.refused;
        let help = "Ledgers that take nothing until somebody looks at them";
        writer.gauge("assent_ledgers_refused", help, Some(float(refused as u64)))?;
        let audit = sums.map(|sums| positive(sums.audit_leaves));
        writer.gauge("assent_audit_leaves", "Leaves of the audit log", audit)?;
        let help = "1 while the audit log takes nothing, so that operators can do nothing";
        writer.gauge("assent_audit_refused", help, Some(f64::from(u8::from(audit_refused))))?;
        let newest = metrics.newest_checkpoint.load(std::sync::atomic::Ordering::Relaxed);
        let help = "When this process signed its newest checkpoint of receipts";
        let newest = (newest > 0).then(|| positive(newest) / 1000.0);
        writer.gauge("assent_checkpoint_timestamp_seconds", help, newest)?;

        if let Some(states) = &self.exports {
            let labels: Vec<_> =
                states.iter().map(|(state, count)| ([("state", state.as_str())], *count)).collect();
            let values: Vec<(Labels<'_>, f64)> =
                labels.iter().map(|(labels, count)| (&labels[..], positive(*count))).collect();
            writer.gauges(
                "assent_exports",
                "Exports in the background that are known, by their state",
                &values,
            )?;
        }
        let exports = &metrics.exports;
        let ended = [
            ("done", exports.done.get()),
            ("failed", exports.failed.get()),
            ("cancelled", exports.cancelled.get()),
        ];
        writer.by("assent_exports_ended", "Exports that ended in this process", "result", &ended)?;
        writer.counter("assent_export_bytes", "Bytes of those that are whole", exports.bytes.get())?;
        let time = exports.duration.read_seconds();
        writer.histogram("assent_export_duration_seconds", "How long such an export took", &time)
    }

    fn database(&self, writer: &mut Writer<'_>) -> Result {
        let up = f64::from(u8::from(self.ping.is_some()));
        writer.gauge("assent_database_up", "1 if the database answers", Some(up))?;
        let ping = self.ping.map(|ping| ping.as_secs_f64());
        let help = "How long it took to get a connection and an answer, just now";
        writer.gauge("assent_database_ping_seconds", help, ping)?;
        let open = &self.connections;
        let states: [(Labels<'_>, f64); 2] = [
            (&[("state", "idle")], float(open.idle)),
            (&[("state", "busy")], float(open.size.saturating_sub(open.idle))),
        ];
        writer.gauges("assent_database_connections", "Connections that are open", &states)?;
        let help = "How many connections there may be; who needs one more waits";
        writer.gauge("assent_database_connections_max", help, Some(float(open.max)))?;
        let errors = self.app.metrics.database_errors.get();
        writer.counter("assent_database_errors", "Requests that failed by the database", errors)?;
        let bytes = self.sums.as_ref().and_then(|sums| sums.database_bytes).map(positive);
        writer.gauge("assent_database_size_bytes", "How large the database is", bytes)
    }

    fn requests(&self, writer: &mut Writer<'_>) -> Result {
        let requests = &self.app.metrics.requests;
        let mut family = writer.family("assent_http_requests", "Answered requests", MetricType::Counter)?;
        for counted in requests.all() {
            for (status, count) in counted.statuses() {
                let status = status.to_string();
                let labels =
                    [("route", &*counted.route), ("method", counted.method), ("status", status.as_str())];
                family.encode_family(&labels)?.encode_counter::<NoLabelSet, u64, u64>(&count, None)?;
            }
        }
        let help = "How long answering took, until the body began";
        let mut family =
            writer.family("assent_http_request_duration_seconds", help, MetricType::Histogram)?;
        for counted in requests.all() {
            let labels = [("route", &*counted.route), ("method", counted.method)];
            let Reading { sum, count, buckets } = counted.duration.read_seconds();
            family.encode_family(&labels)?.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)?;
        }
        let help = "Bytes of answers whose length is known before they are sent; the tag's are those of /_assent/{site}";
        let mut family = writer.family("assent_http_response_bytes", help, MetricType::Counter)?;
        for counted in requests.all() {
            let labels = [("route", &*counted.route), ("method", counted.method)];
            family
                .encode_family(&labels)?
                .encode_counter::<NoLabelSet, u64, u64>(&counted.bytes.get(), None)?;
        }
        Ok(())
    }

    fn operators(&self, writer: &mut Writer<'_>) -> Result {
        let tried = &self.app.metrics.sign_ins;
        let results = [
            ("done", tried.done.get()),
            ("wrong_password", tried.wrong_password.get()),
            ("wrong_code", tried.wrong_code.get()),
            ("limited", tried.limited.get()),
        ];
        writer.by("assent_sign_ins", "Operators' tries to sign in", "result", &results)
    }

    fn build_and_process(&self, writer: &mut Writer<'_>) -> Result {
        let labels = [("version", env!("CARGO_PKG_VERSION")), ("widget", widget::HASH)];
        writer.gauges("assent_build_info", "Which Assent this is; always 1", &[(&labels, 1.0)])?;
        let labels = [("build", widget::HASH), ("encoding", "br")];
        let bytes = float(widget::brotli_len() as u64);
        writer.gauges(
            "assent_widget_bytes",
            "The widget over the wire, glue and module",
            &[(&labels, bytes)],
        )?;
        let (warnings, errors) = log::alarms();
        let levels = [("warn", warnings), ("error", errors)];
        writer.by("assent_log_events", "Lines of the log that somebody should read", "level", &levels)?;

        let process = &self.process;
        if let Some(seconds) = process.cpu_seconds_total {
            let mut family =
                writer.family("process_cpu_seconds", "CPU time of the process", MetricType::Counter)?;
            family.encode_counter::<NoLabelSet, f64, f64>(&seconds, None)?;
        }
        let gauges = [
            ("process_open_fds", "Open files and connections", process.open_fds),
            ("process_max_fds", "How many may be open", process.max_fds.filter(|most| *most > 0)),
            ("process_resident_memory_bytes", "Memory in use", process.resident_memory_bytes),
            ("process_virtual_memory_bytes", "Memory that was reserved", process.virtual_memory_bytes),
            ("process_start_time_seconds", "When the process started", process.start_time_seconds),
            ("process_threads", "Threads", process.threads),
        ];
        for (name, help, value) in gauges {
            writer.gauge(name, help, value.map(float))?;
        }
        Ok(())
    }
}
