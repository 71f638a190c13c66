//! The mean or the standard deviation of images: numbers, or those of a dataset
//! that goes by a name.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::SeqAccessDeserializer;
use serde::de::{self, Deserialize, Deserializer, SeqAccess, Unexpected, Visitor};
use serde::{Serialize, Serializer};

use crate::plan::spelling::Constants;

/// Images whose mean and standard deviation are known, of numbers from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// Those of `ImageNet`, as torchvision's models take them.
    Imagenet,
    /// Those that CLIP was trained on.
    Clip,
}

impl Preset {
    const ALL: [Self; 2] = [Self::Imagenet, Self::Clip];

    fn name(self) -> &'static str {
        match self {
            Self::Imagenet => "imagenet",
            Self::Clip => "clip",
        }
    }

    /// Of red, green and blue; source: the transforms of torchvision's weights, and
    /// the preprocessor of openai/clip-vit-base-patch32.
    fn mean(self) -> [f64; 3] {
        match self {
            Self::Imagenet => [0.485, 0.456, 0.406],
            Self::Clip => [0.481_454_66, 0.457_827_5, 0.408_210_73],
        }
    }

    /// As [`Preset::mean`].
    fn std(self) -> [f64; 3] {
        match self {
            Self::Imagenet => [0.229, 0.224, 0.225],
            Self::Clip => [0.268_629_54, 0.261_302_58, 0.275_777_11],
        }
    }
}

/// A mean or a standard deviation.
#[derive(Debug, Clone, PartialEq)]
pub enum Statistic {
    /// That of known images.
    Named(Preset),
    /// One number, or one for each channel.
    Numbers(Constants),
}

/// The numbers of a mean, by default 0, and of a standard deviation, by default that
/// which belongs to a mean with a name, else 1.
pub(super) fn mean_and_std(
    mean: Option<&Statistic>,
    std: Option<&Statistic>,
) -> (Vec<f64>, Vec<f64>) {
    let numbers = |given: &Statistic, of: fn(Preset) -> [f64; 3]| match given {
        Statistic::Named(preset) => of(*preset).to_vec(),
        Statistic::Numbers(numbers) => numbers.0.clone(),
    };
    let of_std = match (std, mean) {
        (Some(std), _) => numbers(std, Preset::std),
        (None, Some(named @ Statistic::Named(_))) => numbers(named, Preset::std),
        (None, Some(Statistic::Numbers(_)) | None) => vec![1.0],
    };
    let of_mean = mean.map_or_else(|| vec![0.0], |mean| numbers(mean, Preset::mean));
    (of_mean, of_std)
}

impl Serialize for Statistic {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Named(preset) => serializer.serialize_str(preset.name()),
            Self::Numbers(numbers) => numbers.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Statistic {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StatisticVisitor)
    }
}

struct StatisticVisitor;

/// Reads numbers as [`Constants`] does.
fn numbers<'de, D: Deserializer<'de>>(read: D) -> Result<Statistic, D::Error> {
    Constants::deserialize(read).map(Statistic::Numbers)
}

impl<'de> Visitor<'de> for StatisticVisitor {
    type Value = Statistic;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, a list of numbers, \"imagenet\" or \"clip\"")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Statistic, E> {
        let named = Preset::ALL.into_iter().find(|preset| preset.name() == name);
        let unknown = || E::invalid_type(Unexpected::Str(name), &self);
        named.map(Statistic::Named).ok_or_else(unknown)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Statistic, E> {
        numbers(de::value::U64Deserializer::new(number))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Statistic, E> {
        numbers(de::value::I64Deserializer::new(number))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Statistic, E> {
        numbers(de::value::F64Deserializer::new(number))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Statistic, A::Error> {
        numbers(SeqAccessDeserializer::new(seq))
    }
}

impl JsonSchema for Statistic {
    fn schema_name() -> Cow<'static, str> {
        "Statistic".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "One number, one for each channel, or the name of a known one.",
            "oneOf": [
                { "type": "string", "enum": Preset::ALL.map(Preset::name) },
                { "type": "number" },
                { "type": "array", "items": { "type": "number" }, "minItems": 1 }
            ]
        })
    }
}
