//! How far a run has come, on a terminal: committed rows, rate and time left.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use fuelrail::plan::Plan;
use fuelrail::run::Control;
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How often the line is drawn anew.
const EVERY: Duration = Duration::from_millis(200);
/// How often a line is written where there is no terminal.
const EVERY_LINE: Duration = Duration::from_secs(1);

/// A progress line, until it is dropped.
#[derive(Debug)]
pub struct Shown {
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Shows the progress of a run of `plan` on standard error.
#[must_use]
pub fn show(control: &Arc<Control>, plan: &Plan) -> Shown {
    let n_bytes = plan.inputs.iter().map(|input| input.len_bytes).sum();
    let bar = bar_of(n_bytes, "{bar:24} {percent:>3} %  {eta} left  {msg}");
    let control = Arc::clone(control);
    let (end, ended) = channel();
    let thread = std::thread::spawn(move || {
        // A bar that is no terminal's is hidden: lines tell instead.
        let every = if bar.is_hidden() { EVERY_LINE } else { EVERY };
        while ended.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
            draw(&bar, &control);
        }
        bar.finish_and_clear();
    });
    Shown {
        end: Some(end),
        thread: Some(thread),
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            // A line that failed to draw is no reason to fail the run.
            _ = thread.join();
        }
    }
}

/// A bar over bytes of input, with rate and time left.
pub(crate) fn bar(n_bytes: u64) -> ProgressBar {
    bar_of(
        n_bytes,
        "{bar:24} {percent:>3} %  {bytes_per_sec}  {eta} left  {msg}",
    )
}

fn bar_of(n_bytes: u64, style: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(style)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("━╸ ");
    ProgressBar::with_draw_target(Some(n_bytes), ProgressDrawTarget::stderr()).with_style(style)
}

fn draw(bar: &ProgressBar, control: &Control) {
    let now = control.progress();
    bar.set_position(now.bytes_behind);
    let stopping = if control.stopped_by().is_some() {
        "  stopping"
    } else {
        ""
    };
    bar.set_message(format!(
        "{}/s decoded, {} rows committed in {} shards ({}){stopping}",
        HumanBytes(per_second(now.decoded_bytes, bar.elapsed())),
        HumanCount(now.committed.rows),
        HumanCount(now.committed.shards),
        HumanBytes(now.committed.bytes),
    ));
    if bar.is_hidden() {
        let line = format!(
            "{} of {} read, {}\n",
            HumanBytes(now.bytes_behind),
            HumanBytes(bar.length().unwrap_or(0)),
            bar.message(),
        );
        // Progress that nobody can read is no reason to fail the run.
        _ = std::io::stderr().write_all(line.as_bytes());
    }
}

/// A rate for people to read.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a rate for people to read"
)]
pub(crate) fn per_second(n_bytes: u64, elapsed: Duration) -> u64 {
    (n_bytes as f64 / elapsed.as_secs_f64().max(1e-3)) as u64
}
