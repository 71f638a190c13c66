//! The device arguments of verbs that run a plan.

use clap::ValueEnum;
use fuelrail::Error;
use fuelrail::plan::{DeviceChoice, Pipeline, Plan};
use fuelrail::run::{Device, OnDeviceError};

/// Which device, and what if it fails.
#[derive(Debug, clap::Args)]
pub(crate) struct DeviceArgs {
    /// The device that runs the steps which devices can run: auto, cpu, cpu:LEVEL, cuda[:N],
    /// wgpu[:N] or wgpu:software [default: the file's `device`, or auto]
    #[arg(long, value_name = "DEVICE", value_parser = choice)]
    device: Option<DeviceChoice>,
}

/// Reads `--device`.
pub(crate) fn choice(text: &str) -> Result<DeviceChoice, String> {
    text.parse().map_err(|error: Error| {
        let hint = error.hint().unwrap_or_default();
        format!("{}\n{hint}", error.message())
    })
}

/// What becomes of a batch on which the device fails.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(crate) enum OnError {
    /// The processor does it again, and all that follow
    #[default]
    Replay,
    /// The run stops
    Fail,
}

impl From<OnError> for OnDeviceError {
    fn from(on_error: OnError) -> Self {
        match on_error {
            OnError::Replay => Self::Replay,
            OnError::Fail => Self::Fail,
        }
    }
}

impl DeviceArgs {
    /// Finds the device and tries it on the steps of `plan`.
    pub(crate) fn open(&self, pipeline: &Pipeline, plan: &Plan) -> Result<Device, Error> {
        let choice = self.device.or(pipeline.device).unwrap_or_default();
        Device::open(choice, plan)
    }
}
