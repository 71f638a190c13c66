//! An opened device: its queue, its pipelines, and how its errors become ours.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use fuelrail_kernels::Entry;
use wgpu::{
    Adapter, BindGroupLayout, BindGroupLayoutDescriptor, BindGroupLayoutEntry, BindingType, Buffer,
    BufferBindingType, BufferDescriptor, BufferUsages, ComputePipeline, ComputePipelineDescriptor,
    Device, DeviceDescriptor, ErrorFilter, Limits, PipelineLayoutDescriptor, PollType, Queue,
    ShaderModuleDescriptor, ShaderSource, ShaderStages, SubmissionIndex,
};

use super::block_on::block_on;
use super::health::Health;
use super::shaders;
use crate::error::{Error, Result};

/// What every entry is bound to, in the order of `shaders/shared/slot.wgsl`: whether
/// it is only read.
const BINDINGS: [bool; 7] = [true, true, true, true, true, false, false];

/// What every WebGPU device has; nothing more is asked for.
pub(super) fn limits() -> Limits {
    Limits::default()
}

/// A device that is open.
pub(super) struct OpenedDevice {
    device: Device,
    queue: Queue,
    health: Arc<Health>,
    bindings: BindGroupLayout,
    pipelines: Mutex<BTreeMap<Entry, ComputePipeline>>,
}

impl fmt::Debug for OpenedDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenedDevice")
            .field("health", &self.health)
            .finish_non_exhaustive()
    }
}

impl OpenedDevice {
    /// Opens an adapter under the name that errors give it.
    ///
    /// # Errors
    /// `Device` where the driver refuses.
    pub(super) fn open(adapter: &Adapter, name: &str) -> Result<Self> {
        let descriptor = DeviceDescriptor {
            required_limits: limits(),
            ..DeviceDescriptor::default()
        };
        let (device, queue) = block_on(adapter.request_device(&descriptor)).map_err(|error| {
            Error::device(format!("cannot open {name}"))
                .with_source(error)
                .with_hint("see whether `vulkaninfo --summary` shows the device")
        })?;
        let health = Arc::new(Health::new(name));
        // Without these wgpu panics.
        let of_errors = Arc::clone(&health);
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            of_errors.lose(&error.to_string());
        }));
        let of_loss = Arc::clone(&health);
        device.set_device_lost_callback(move |reason, message| {
            of_loss.lose(format!("{reason:?}: {message}").trim_end_matches([':', ' ']));
        });
        let bindings = bindings(&device);
        Ok(Self {
            device,
            queue,
            health,
            bindings,
            pipelines: Mutex::new(BTreeMap::new()),
        })
    }

    pub(super) fn health(&self) -> &Health {
        &self.health
    }

    pub(super) fn device(&self) -> &Device {
        &self.device
    }

    /// The layout of what every entry is bound to.
    pub(super) fn bindings(&self) -> &BindGroupLayout {
        &self.bindings
    }

    pub(super) fn queue(&self) -> &Queue {
        &self.queue
    }

    /// Does something with the device; what wgpu objects to is an error.
    ///
    /// # Errors
    /// `Device` that says what could `not` be done, and why.
    pub(super) fn run<T>(&self, not: &str, work: impl FnOnce() -> T) -> Result<T> {
        self.health.check()?;
        // Scopes belong to this thread; they are popped in reverse order.
        let outer = self.device.push_error_scope(ErrorFilter::Internal);
        let middle = self.device.push_error_scope(ErrorFilter::Validation);
        let inner = self.device.push_error_scope(ErrorFilter::OutOfMemory);
        let done = catch_unwind(AssertUnwindSafe(work));
        let errors = [
            block_on(inner.pop()),
            block_on(middle.pop()),
            block_on(outer.pop()),
        ];
        let done = done.map_err(|payload| self.health.lose_by_panic(&*payload));
        self.health.check()?;
        match (errors.into_iter().flatten().next(), done) {
            (None, Ok(done)) => Ok(done),
            (Some(error @ wgpu::Error::OutOfMemory { .. }), _) => {
                Err(refused(not, error)
                    .with_hint("use smaller batches, or free the device's memory"))
            }
            (Some(error), _) => Err(refused(not, error)),
            (None, Err(())) => Err(Error::device(not)),
        }
    }

    /// A buffer of `size` bytes, a multiple of 4.
    pub(super) fn buffer(&self, usage: BufferUsages, size: usize) -> Result<Buffer> {
        let not = format!("cannot have {size} bytes of the device's memory");
        self.run(&not, || {
            self.device.create_buffer(&BufferDescriptor {
                label: None,
                size: size as u64,
                usage,
                mapped_at_creation: false,
            })
        })
    }

    /// A buffer that holds `bytes`, as many as a multiple of 4.
    pub(super) fn filled(&self, usage: BufferUsages, bytes: &[u8]) -> Result<Buffer> {
        let buffer = self.run("cannot have memory for tables", || {
            self.device.create_buffer(&BufferDescriptor {
                label: None,
                size: bytes.len() as u64,
                usage,
                mapped_at_creation: true,
            })
        })?;
        let filled = self.run("cannot fill a buffer", || {
            let view = buffer.get_mapped_range_mut(..);
            let filled = view.map(|mut view| view.copy_from_slice(bytes));
            buffer.unmap();
            filled
        })?;
        filled.map_err(|error| refused("cannot fill a buffer", error))?;
        Ok(buffer)
    }

    /// The pipeline of an entry, made when it is first asked for.
    pub(super) fn pipeline(&self, entry: Entry) -> Result<ComputePipeline> {
        let mut pipelines = self
            .pipelines
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(pipeline) = pipelines.get(&entry) {
            return Ok(pipeline.clone());
        }
        let Some((text, name)) = shaders::source(entry) else {
            return Err(Error::internal(format!("{} is not in WGSL", entry.name())));
        };
        let not = format!("cannot compile {}", entry.name());
        let pipeline = self.run(&not, || {
            let module = self.device.create_shader_module(ShaderModuleDescriptor {
                label: Some(entry.name()),
                source: ShaderSource::Wgsl(text.into()),
            });
            let layout = self
                .device
                .create_pipeline_layout(&PipelineLayoutDescriptor {
                    label: None,
                    bind_group_layouts: &[Some(&self.bindings)],
                    ..PipelineLayoutDescriptor::default()
                });
            self.device
                .create_compute_pipeline(&ComputePipelineDescriptor {
                    label: Some(entry.name()),
                    layout: Some(&layout),
                    module: &module,
                    entry_point: Some(name),
                    compilation_options: wgpu::PipelineCompilationOptions::default(),
                    cache: None,
                })
        })?;
        pipelines.insert(entry, pipeline.clone());
        Ok(pipeline)
    }

    /// Sleeps until the device is done with a submission, or its driver gives it
    /// up; calls back whoever waits for what is done.
    ///
    /// Without a timeout: where one passes while another thread finds the queue
    /// empty, wgpu 30 panics.
    ///
    /// A device that is lost is never polled again: wgpu then frees buffers
    /// although they are mapped, and another thread may be reading one.
    pub(super) fn wait(&self, submission: &SubmissionIndex) -> Result<()> {
        self.health.check()?;
        let poll = PollType::Wait {
            submission_index: Some(submission.clone()),
            timeout: None,
        };
        // wgpu panics where the driver reports that the device is lost.
        match catch_unwind(AssertUnwindSafe(|| self.device.poll(poll))) {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => self.health.lose(&error.to_string()),
            Err(payload) => self.health.lose_by_panic(&*payload),
        }
        self.health.check()
    }
}

/// The layout of [`BINDINGS`].
fn bindings(device: &Device) -> BindGroupLayout {
    let entry = |(binding, read_only): (u32, bool)| BindGroupLayoutEntry {
        binding,
        visibility: ShaderStages::COMPUTE,
        ty: BindingType::Buffer {
            ty: BufferBindingType::Storage { read_only },
            has_dynamic_offset: false,
            min_binding_size: None,
        },
        count: None,
    };
    let entries: Vec<BindGroupLayoutEntry> = (0..).zip(BINDINGS).map(entry).collect();
    device.create_bind_group_layout(&BindGroupLayoutDescriptor {
        label: None,
        entries: &entries,
    })
}

/// What wgpu or the driver objected to.
pub(super) fn refused(
    not: &str,
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> Error {
    Error::device(not).with_source(error)
}
