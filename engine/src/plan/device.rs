//! Which device a run is to use, as users write it.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, Unexpected, Visitor};
use serde::{Serialize, Serializer};

use crate::error::{Error, ErrorKind};

/// `auto`, `cpu`, `cpu:LEVEL`, `cuda`, `cuda:N`, `wgpu`, `wgpu:N` or
/// `wgpu:software`. It never shows in a dataset.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum DeviceChoice {
    /// The best there is: CUDA, then wgpu on real hardware, then the processor.
    #[default]
    Auto,
    /// The processor, at its highest SIMD level or the one named.
    Cpu(Option<CpuLevel>),
    /// An NVIDIA GPU by CUDA: the first, or the one of this number.
    Cuda(Option<u32>),
    /// A GPU by wgpu: the best, or the one of this number in `doctor`'s list.
    Wgpu(Option<u32>),
    /// A software implementation of Vulkan by wgpu.
    WgpuSoftware,
}

/// A SIMD level by name; whether this processor has it is another question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CpuLevel {
    /// The scalar reference.
    Scalar,
    /// SSE4.1.
    Sse41,
    /// AVX2.
    Avx2,
    /// AVX-512.
    Avx512,
}

impl CpuLevel {
    const ALL: [Self; 4] = [Self::Scalar, Self::Sse41, Self::Avx2, Self::Avx512];

    /// The name that [`fuelrail_kernels::Level`] has for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Sse41 => "sse4.1",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu(None) => f.write_str("cpu"),
            Self::Cpu(Some(level)) => write!(f, "cpu:{}", level.as_str()),
            Self::Cuda(None) => f.write_str("cuda"),
            Self::Cuda(Some(index)) => write!(f, "cuda:{index}"),
            Self::Wgpu(None) => f.write_str("wgpu"),
            Self::Wgpu(Some(index)) => write!(f, "wgpu:{index}"),
            Self::WgpuSoftware => f.write_str("wgpu:software"),
        }
    }
}

impl FromStr for DeviceChoice {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (kind, rest) = match text.split_once(':') {
            Some((kind, rest)) => (kind, Some(rest)),
            None => (text, None),
        };
        let index = || rest.map(str::parse).transpose().ok();
        let level = |name| {
            let mut levels = CpuLevel::ALL.into_iter();
            levels.find(|level| level.as_str() == name)
        };
        let choice = match (kind, rest) {
            ("auto", None) => Some(Self::Auto),
            ("cpu", None) => Some(Self::Cpu(None)),
            ("cpu", Some(name)) => level(name).map(|level| Self::Cpu(Some(level))),
            ("cuda", _) => index().map(Self::Cuda),
            ("wgpu", Some("software")) => Some(Self::WgpuSoftware),
            ("wgpu", _) => index().map(Self::Wgpu),
            _ => None,
        };
        choice.ok_or_else(|| {
            Error::new(ErrorKind::Usage, format!("expected a device, got {text:?}")).with_hint(
                "devices are auto, cpu, cpu:LEVEL (scalar, sse4.1, avx2, avx512), cuda, cuda:N, \
                 wgpu, wgpu:N and wgpu:software; `fuelrail doctor` lists those of this machine",
            )
        })
    }
}

impl Serialize for DeviceChoice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DeviceChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(ChoiceVisitor)
    }
}

struct ChoiceVisitor;

impl Visitor<'_> for ChoiceVisitor {
    type Value = DeviceChoice;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "\"auto\", \"cpu\", \"cpu:LEVEL\" (scalar, sse4.1, avx2, avx512), \"cuda\", \
             \"cuda:N\", \"wgpu\", \"wgpu:N\" or \"wgpu:software\"",
        )
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<DeviceChoice, E> {
        text.parse()
            .map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
    }
}

impl JsonSchema for DeviceChoice {
    fn schema_name() -> Cow<'static, str> {
        "DeviceChoice".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A device; `fuelrail doctor` lists those of this machine.",
            "type": "string",
            "pattern":
                "^(auto|cpu(:(scalar|sse4\\.1|avx2|avx512))?|cuda(:[0-9]+)?|wgpu(:([0-9]+|software))?)$",
            "examples": ["auto", "cpu", "cuda", "cuda:1", "wgpu", "wgpu:software"]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_read_back() {
        for text in [
            "auto",
            "cpu",
            "cpu:scalar",
            "cpu:sse4.1",
            "cpu:avx2",
            "cpu:avx512",
            "cuda",
            "cuda:3",
            "wgpu",
            "wgpu:0",
            "wgpu:software",
        ] {
            let choice: DeviceChoice = text.parse().unwrap();
            assert_eq!(choice.to_string(), text);
        }
    }

    #[test]
    fn others_are_refused() {
        for text in [
            "",
            "gpu",
            "auto:1",
            "cpu:",
            "cpu:9",
            "cuda:",
            "cuda:-1",
            "cuda:x",
            "wgpu:hardware",
            "CUDA",
            "cuda:0:1",
        ] {
            let error = text.parse::<DeviceChoice>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Usage, "{text}");
        }
    }
}
