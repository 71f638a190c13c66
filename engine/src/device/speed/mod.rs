//! How fast kernels and transfers are on this machine, beside what it takes to
//! copy as many bytes.
//!
//! [`host`] times levels of the processor, [`on_device`] everything else.

mod host;
mod on_device;
mod processor;
mod report;
mod sampled;
mod timed;

use std::sync::Arc;

use fuelrail_kernels::cast::Cast;
use fuelrail_kernels::normalize::{Flip, Geometry, Images, Layout, Numbers, Table};
use fuelrail_kernels::{Element, Kernel};

pub use self::report::{Measure, SpeedReport};
use super::Device;

/// Times the kernels that training sets need most.
pub(crate) fn speeds(device: &Device) -> Vec<SpeedReport> {
    let kernels = kernels();
    let reports = kernels.iter().flat_map(|kernel| {
        let name = name(kernel);
        match device.backend() {
            None => vec![host::time(&name, device.level(), kernel)],
            Some(backend) if backend.leaves(kernel).is_none() => {
                on_device::time(&name, backend.as_ref(), kernel)
            }
            Some(_) => Vec::new(),
        }
    });
    reports.collect()
}

fn kernels() -> Vec<Kernel> {
    let cast = |from, to| Some(Kernel::Cast(Cast { from, to }));
    let numbers = |from, to| {
        let numbers = Numbers::new((from, to), (0.5, 0.25), None);
        numbers.ok().map(Kernel::NormalizeNumbers)
    };
    let kernels = [
        images(Element::F32),
        images(Element::F16),
        numbers(Element::F32, Element::F32),
        numbers(Element::F32, Element::F16),
        cast(Element::U16, Element::I32),
        numbers(Element::F64, Element::F64),
    ];
    kernels.into_iter().flatten().collect()
}

fn name(kernel: &Kernel) -> String {
    match kernel {
        Kernel::NormalizeImages(images) => {
            format!("normalize images u8 -> {}", images.table().element())
        }
        numbers => numbers.to_string(),
    }
}

fn images(element: Element) -> Option<Kernel> {
    let geometry = Geometry {
        height: 224,
        width: 224,
        channels: 3,
        from: Layout::Hwc,
        to: Layout::Chw,
        crop: [0, 0, 224, 224],
        flip: Flip::None,
    };
    let constants: (&[f64], &[f64]) = (&[0.485, 0.456, 0.406], &[0.229, 0.224, 0.225]);
    let table = Table::new(element, 3, constants, 255.0).ok()?;
    let images = Images::new(geometry, table).ok()?;
    Some(Kernel::NormalizeImages(Arc::new(images)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kernel_is_timed_under_a_name_of_its_own() {
        let mut names: Vec<String> = kernels().iter().map(name).collect();
        assert_eq!(names.len(), 6);
        assert!(names.iter().all(|name| name.len() <= 30), "{names:?}");
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 6);
    }
}
