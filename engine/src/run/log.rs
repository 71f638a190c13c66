//! The run log: when, where and how a dataset was worked on. It lies in the
//! work directory, never in the dataset, whose bytes do not depend on it.

use std::fs;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde_json::json;

use super::control::Control;
use super::shard_options::ShardOptions;
use crate::error::Result;
use crate::plan::Plan;

/// One run, from its start.
#[derive(Debug)]
pub(super) struct RunLog {
    began: Instant,
    began_at: u64,
}

impl RunLog {
    pub(super) fn begin() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            began: Instant::now(),
            began_at: since.map_or(0, |since| since.as_secs()),
        }
    }

    /// A line on this run, which has ended with `outcome`.
    pub(super) fn line(
        &self,
        plan: &Plan,
        options: &ShardOptions,
        control: &Control,
        outcome: &Result<()>,
    ) -> String {
        let committed = control.progress().committed;
        let outcome = outcome
            .as_ref()
            .map_or_else(|e| e.kind().as_str(), |()| "done");
        let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let line = json!({
            "began_unix": self.began_at,
            "seconds": self.began.elapsed().as_secs_f64(),
            "outcome": outcome,
            "fuelrail": env!("CARGO_PKG_VERSION"),
            "host": host.trim(),
            "threads": options.threads,
            "device": options.device.report().id,
            "device_lost": control.device_lost(),
            "too_large_for_device": control.too_large_for_device(),
            "text_for_device": control.text_for_device(),
            "passed_over": plan.discovery.passed_over,
            "plan_digest": plan.identity.digest,
            "rows": committed.rows,
            "shards": committed.shards,
            "len_bytes": committed.bytes,
        });
        line.to_string()
    }
}
