//! Finds the device a run is to use, and tries it before it is trusted.

use std::sync::Arc;

use fuelrail_kernels::Level;

use super::parity::{Subject, SuiteReport, Trial, row_trial, try_one};
use super::program::{Chain, Program};
use super::{Backend, DeviceKind, DeviceReport};
use crate::error::{Error, Result};
use crate::plan::{CpuLevel, DeviceChoice, Plan};

/// Items of each chain that a plan's programs are tried on before the run.
const TRIED_ITEMS: usize = 1000;
/// Bytes of them at most, but for one item.
const TRIED_BYTES: usize = 1 << 20;

/// A device that was found, and tried on what a plan wants of it.
#[derive(Debug, Clone)]
pub struct Device {
    level: Level,
    /// None where the processor does all.
    backend: Option<Arc<dyn Backend>>,
    report: DeviceReport,
    notes: Vec<String>,
    /// Whether it was asked for by name.
    named: bool,
}

/// A time in which a thread may be any device's; then it is again whose it was.
#[derive(Debug)]
pub(crate) struct Visit {
    #[cfg(feature = "cuda")]
    _cuda: Option<super::cuda::ContextVisit>,
}

impl Visit {
    /// From now on, for devices that `choice` may lead to.
    pub(crate) fn new(choice: DeviceChoice) -> Self {
        #[cfg(not(feature = "cuda"))]
        let _ = choice;
        Self {
            #[cfg(feature = "cuda")]
            _cuda: match choice {
                DeviceChoice::Cuda(_) | DeviceChoice::Auto => {
                    Some(super::cuda::ContextVisit::anywhere())
                }
                DeviceChoice::Cpu(_) | DeviceChoice::Wgpu(_) | DeviceChoice::WgpuSoftware => None,
            },
        }
    }
}

impl Device {
    /// The processor at its highest level.
    #[must_use]
    pub fn cpu() -> Self {
        Self::at_level(Level::best())
    }

    /// The processor at `level`.
    pub(crate) fn at_level(level: Level) -> Self {
        Self {
            level,
            backend: None,
            report: cpu_report(level),
            notes: Vec::new(),
            named: false,
        }
    }

    /// The device of `backend`, not tried.
    pub(super) fn of(backend: Arc<dyn Backend>) -> Self {
        Self {
            level: Level::best(),
            report: backend.report().clone(),
            backend: Some(backend),
            notes: Vec::new(),
            named: false,
        }
    }

    /// The device that `choice` names, tried on the steps of `plan`. `auto`
    /// takes the first that there is and that passes: CUDA, wgpu on hardware,
    /// the processor; [`Device::notes`] tells why it passed others over.
    ///
    /// # Errors
    /// `Device` where the one that is named is missing or fails.
    pub fn open(choice: DeviceChoice, plan: &Plan) -> Result<Self> {
        let programs = plan
            .stages
            .segments()
            .map(|segment| segment.program.clone());
        let programs: Vec<Program> = programs.collect();
        match choice {
            DeviceChoice::Auto => Ok(automatic(&programs)),
            DeviceChoice::Cpu(level) => {
                let device = Self::at_level(level_of(level)?);
                device.tried(&programs)
            }
            named => {
                let device = find(named)?.tried(&programs)?;
                Ok(Self {
                    named: true,
                    ..device
                })
            }
        }
    }

    /// Whether it encodes text: only one that was asked for by name does, for
    /// nobody has seen yet that a GPU is faster at that than the processor.
    pub(crate) fn does_text(&self) -> bool {
        self.named && self.backend.is_some()
    }

    /// The device that `choice` names, tried on kernels on rows; `auto` as for
    /// [`Device::open`].
    ///
    /// # Errors
    /// `Device` where the one that is named is missing or fails.
    pub(crate) fn for_rows(choice: DeviceChoice) -> Result<Self> {
        let sound = |device: Self| match row_trial(device.subject()).into_iter().next() {
            None => Ok(device),
            Some(wrong) => Err(Error::device(format!(
                "expected {} to pass the self-test of rows, got: {wrong}",
                device.report.id
            ))
            .with_hint("choose another device, such as \"cpu\"")),
        };
        match choice {
            DeviceChoice::Auto => {
                let mut notes = Vec::new();
                for backend in hardware(&mut notes) {
                    match sound(Self::of(backend)) {
                        Ok(device) => return Ok(Self { notes, ..device }),
                        Err(error) => notes.push(error.to_string()),
                    }
                }
                Ok(Self {
                    notes,
                    ..Self::cpu()
                })
            }
            DeviceChoice::Cpu(level) => Ok(Self::at_level(level_of(level)?)),
            named => sound(find(named)?),
        }
    }

    /// The devices that `choice` names but the processor: for `auto` all that
    /// are there, software ones left out. Not tried.
    ///
    /// # Errors
    /// `Device` where one that is named is missing.
    pub(crate) fn all(choice: DeviceChoice) -> Result<Vec<Self>> {
        match choice {
            DeviceChoice::Auto => {
                let kinds = [DeviceKind::Cuda, DeviceKind::Wgpu];
                let all = kinds.into_iter().filter_map(|kind| found(kind).ok());
                Ok(all
                    .flatten()
                    .filter(|device| !device.report.is_software)
                    .collect())
            }
            DeviceChoice::Cpu(level) => level_of(level).map(|_| Vec::new()),
            named => Ok(vec![find(named)?]),
        }
    }

    /// What it is.
    #[must_use]
    pub fn report(&self) -> &DeviceReport {
        &self.report
    }

    /// Why others were passed over, in words.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The SIMD level of what the processor does.
    pub(crate) fn level(&self) -> Level {
        self.level
    }

    pub(crate) fn backend(&self) -> Option<&Arc<dyn Backend>> {
        self.backend.as_ref()
    }

    /// Why the processor does this chain, where the device does not.
    pub(crate) fn refuses(&self, chain: &Chain) -> Option<&'static str> {
        let backend = self.backend.as_ref()?;
        let mut kernels = chain.kernels().map(|(kernel, _)| kernel);
        kernels.find_map(|kernel| backend.leaves(kernel))
    }

    /// What the suite tries.
    pub(crate) fn subject(&self) -> Subject<'_> {
        match &self.backend {
            Some(backend) => Subject::Backend(backend.as_ref()),
            None => Subject::Level(self.level),
        }
    }

    /// The device, if it has the reference's bits for these programs.
    pub(super) fn tried(self, programs: &[Program]) -> Result<Self> {
        for program in programs {
            let mut report = SuiteReport::default();
            let items =
                |chain: &Chain| (TRIED_BYTES / chain.widest_item_bytes()).clamp(1, TRIED_ITEMS);
            let chains = program.chains.iter();
            let trial = Trial::new(chains.map(|chain| (chain.clone(), items(chain))));
            // What a device leaves to the processor, or fails to do, runs there.
            try_one(Subject::Level(self.level), &trial, 0, &mut report);
            if self.backend.is_some() {
                try_one(self.subject(), &trial, 0, &mut report);
            }
            if let Some(wrong) = report.wrong.first() {
                return Err(Error::device(format!(
                    "expected {} to pass the plan's self-test, got: {wrong}",
                    self.report.id
                ))
                .with_hint(
                    "choose another device, such as `--device cpu`, update this one's driver, \
                     and report it if that does not help",
                ));
            }
        }
        Ok(self)
    }
}

/// The best device of this machine that passes.
fn automatic(programs: &[Program]) -> Device {
    let mut notes = Vec::new();
    let hardware = if programs.is_empty() {
        Vec::new()
    } else {
        hardware(&mut notes)
    };
    first_that_passes(programs, hardware, notes)
}

/// The first of `hardware` that passes, else the processor at the highest
/// level that does; `notes` tells of others already.
pub(super) fn first_that_passes(
    programs: &[Program],
    hardware: Vec<Arc<dyn Backend>>,
    mut notes: Vec<String>,
) -> Device {
    for backend in hardware {
        match Device::of(backend).tried(programs) {
            Ok(device) => return Device { notes, ..device },
            Err(error) => notes.push(error.to_string()),
        }
    }
    let mut device = Device::cpu();
    for level in Level::available().into_iter().rev() {
        device = Device::at_level(level);
        match device.clone().tried(programs) {
            Ok(_) => break,
            Err(error) => notes.push(error.to_string()),
        }
    }
    Device { notes, ..device }
}

/// The devices that `auto` may take, best first; `notes` says what was not
/// found.
fn hardware(notes: &mut Vec<String>) -> Vec<Arc<dyn Backend>> {
    let mut found = Vec::new();
    for choice in [DeviceChoice::Cuda(None), DeviceChoice::Wgpu(None)] {
        match backend(choice) {
            Ok(backend) if backend.report().is_software => {
                let report = backend.report();
                notes.push(format!("{}: {} is software", report.id, report.name));
            }
            Ok(backend) => found.push(backend),
            Err(error) => notes.push(format!("{choice}: {error}")),
        }
    }
    found
}

/// All devices of a kind, software ones too, not tried.
///
/// # Errors
/// `Device` where there are none, with what to do about it.
pub(crate) fn found(kind: DeviceKind) -> Result<Vec<Device>> {
    let backends = match kind {
        #[cfg(feature = "cuda")]
        DeviceKind::Cuda => super::cuda::list()?,
        #[cfg(feature = "wgpu")]
        DeviceKind::Wgpu => super::wgpu::list()?,
        _ => Vec::new(),
    };
    Ok(backends.into_iter().map(Device::of).collect())
}

/// The device that `choice` names, not tried.
fn find(choice: DeviceChoice) -> Result<Device> {
    backend(choice).map(Device::of)
}

/// # Errors
/// `Device` where there is none, with what to do about it.
fn backend(choice: DeviceChoice) -> Result<Arc<dyn Backend>> {
    match choice {
        #[cfg(feature = "cuda")]
        DeviceChoice::Cuda(index) => super::cuda::open(index),
        #[cfg(feature = "wgpu")]
        DeviceChoice::Wgpu(index) => super::wgpu::open(index),
        #[cfg(feature = "wgpu")]
        DeviceChoice::WgpuSoftware => super::wgpu::open_software(),
        other => Err(Error::device(format!(
            "expected a device that this build knows, got {other}"
        ))
        .with_hint("build fuelrail with its default features")),
    }
}

fn level_of(level: Option<CpuLevel>) -> Result<Level> {
    let Some(level) = level else {
        return Ok(Level::best());
    };
    Level::named(level.as_str()).ok_or_else(|| {
        let there = Level::available();
        let there: Vec<&str> = there.iter().map(|level| level.name()).collect();
        Error::device(format!(
            "expected a level of this processor, got {}",
            level.as_str()
        ))
        .with_hint(format!("it has {}", there.join(", ")))
    })
}

/// What is known of the processor at a level.
pub(super) fn cpu_report(level: Level) -> DeviceReport {
    DeviceReport {
        id: format!("cpu:{level}"),
        kind: DeviceKind::Cpu,
        name: processor_name(),
        driver: None,
        memory_bytes: None,
        is_software: false,
        details: Vec::new(),
    }
}

/// The processor's name, where the system tells.
fn processor_name() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    text.lines()
        .find_map(|line| line.strip_prefix("model name"))
        .and_then(|rest| rest.split_once(':'))
        .map_or_else(
            || std::env::consts::ARCH.to_owned(),
            |(_, name)| name.trim().to_owned(),
        )
}
