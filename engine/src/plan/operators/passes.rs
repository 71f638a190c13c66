//! How often an image is gone over: what is put together on the host, and how much is
//! launched on a device.

use fuelrail_kernels::DeviceKernel as _;
use serde_json::{Value, json};

use super::changes::Move;
use super::color_change::ColorChange;
use super::device_rows::device_kernels;
use super::lowered::{ColumnSteps, Drawing, Link};

/// One pass over an image on the host, in words, and how often its samples are read in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct HostPass {
    words: &'static str,
    n_reads: usize,
}

impl HostPass {
    fn once(words: &'static str) -> Self {
        Self { words, n_reads: 1 }
    }
}

impl ColumnSteps {
    /// What goes over an image on the host, in order, as
    /// [`HostStages`](super::stages::HostStages) puts it together.
    fn host_passes(&self) -> Vec<HostPass> {
        let decode = self.decoding.iter().map(|_| HostPass::once("decode"));
        let mut passes: Vec<HostPass> = decode.collect();
        let mut links = self.links.iter().peekable();
        while let Some(link) = links.next() {
            let next = links.peek().copied();
            let together = match next {
                Some(Link::Resample(_)) if link.is_window() => Some("crop and resample"),
                Some(Link::Lut(lut)) if lut.values().is_some() && is_within(link) => {
                    Some("gather and normalize")
                }
                Some(_) | None => None,
            };
            if let Some(words) = together {
                links.next();
                passes.push(HostPass::once(words));
                continue;
            }
            passes.push(match link {
                Link::Gather { .. } => HostPass::once("gather"),
                Link::Resample(_) => HostPass::once("resample"),
                Link::Warp(_) => HostPass::once("warp"),
                Link::Color(coloring) if has_mean(&coloring.change.what) => HostPass {
                    words: "color, twice where its mean is needed",
                    n_reads: 2,
                },
                Link::Color(_) => HostPass::once("color"),
                Link::Lut(lut) if lut.values().is_some() => HostPass::once("normalize"),
                Link::Lut(_) => HostPass::once("lut"),
                Link::Blend(_) => HostPass::once("blend"),
            });
        }
        passes
    }

    /// Both in words.
    pub(super) fn passes_in_words(&self) -> String {
        let passes = self.host_passes();
        let n_reads: usize = passes.iter().map(|pass| pass.n_reads).sum();
        let words: Vec<&str> = passes.iter().map(|pass| pass.words).collect();
        let times = |n: usize| match n {
            1 => "once".to_owned(),
            n => format!("{n} times"),
        };
        format!(
            "on the CPU each sample is read {}: {}\n  on a device in {} launches",
            times(n_reads),
            words.join("; "),
            self.n_launches()
        )
    }

    /// The same for machines.
    pub(super) fn passes_in_json(&self) -> Value {
        let passes = self.host_passes();
        let pass = |pass: &HostPass| json!({ "does": pass.words, "reads": pass.n_reads });
        json!({
            "cpu": passes.iter().map(pass).collect::<Vec<_>>(),
            "device_launches": self.n_launches(),
        })
    }

    /// Launches on a device for all images of a batch.
    fn n_launches(&self) -> usize {
        let kernels = device_kernels(&self.links);
        kernels.iter().map(|kernel| kernel.passes().len()).sum()
    }
}

/// Whether samples all come from the image, so that a pass that normalizes fetches them.
fn is_within(link: &Link) -> bool {
    let is_pad = |drawing: &Drawing| matches!(drawing.what, Move::Pad(..));
    match link {
        Link::Gather { moves, .. } => !moves.iter().any(is_pad),
        Link::Resample(_) | Link::Warp(_) | Link::Color(_) | Link::Lut(_) | Link::Blend(_) => false,
    }
}

/// Whether a change may need the mean of the image.
fn has_mean(change: &ColorChange) -> bool {
    match change {
        ColorChange::Jitter(jitter) => jitter.contrast.is_some(),
        ColorChange::Grey(_) => false,
    }
}
