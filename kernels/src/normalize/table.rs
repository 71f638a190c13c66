//! The final bits of every byte in every channel.

use half::{bf16, f16};

use super::NormalizeError;
use crate::element::Element;

/// `channels x 256` values; see the [contract](super) for what they are.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    element: Element,
    /// Channel by channel; the low half holds 16-bit values.
    bits: Vec<u32>,
    /// The constants, one a channel, that the values were made of.
    constants: Vec<[f32; 2]>,
    scale: f32,
}

impl Table {
    /// The table of `mean` and `std`, one for all channels or one each, in
    /// units of `value / scale`.
    ///
    /// # Errors
    /// Where channels are not 1 to 4, a constant is not finite, a divisor is not
    /// positive, or a value does not fit `element`, which is `F32`, `F16` or
    /// `BF16`.
    pub fn new(
        element: Element,
        channels: usize,
        (mean, std): (&[f64], &[f64]),
        scale: f64,
    ) -> Result<Self, NormalizeError> {
        if !matches!(element, Element::F32 | Element::F16 | Element::BF16) {
            return Err(NormalizeError::Type {
                expected: "float32, float16 or bfloat16",
                got: element,
            });
        }
        if !(1..=4).contains(&channels) {
            return Err(NormalizeError::Geometry {
                expected: "1 to 4 channels",
                got: channels.to_string(),
            });
        }
        let scale = positive("scale", scale)?;
        let mut constants = Vec::with_capacity(channels);
        for channel in 0..channels {
            let mean = finite("mean", one_of("mean", mean, channel, channels)?)?;
            let std = positive("std", one_of("std", std, channel, channels)?)?;
            constants.push([mean, std]);
        }
        let mut bits = Vec::with_capacity(channels * 256);
        for (channel, &[mean, std]) in constants.iter().enumerate() {
            for byte in 0..=u8::MAX {
                let value = (f32::from(byte) * (1.0 / scale) - mean) / std;
                let rounded = rounded(element, value);
                bits.push(rounded.ok_or(NormalizeError::Overflow {
                    to: element,
                    byte,
                    channel,
                    value,
                })?);
            }
        }
        Ok(Self {
            element,
            bits,
            constants,
            scale,
        })
    }

    /// The type of the values.
    #[must_use]
    pub fn element(&self) -> Element {
        self.element
    }

    /// How many channels.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.constants.len()
    }

    /// `channels x 256` values, those of 16 bits in the low half.
    #[must_use]
    pub fn bits(&self) -> &[u32] {
        &self.bits
    }

    /// `[mean, std]` of each channel, as computed with.
    #[must_use]
    pub fn constants(&self) -> &[[f32; 2]] {
        &self.constants
    }

    /// What bytes are divided by, by way of its inverse.
    #[must_use]
    pub fn scale(&self) -> f32 {
        self.scale
    }
}

/// The bits of `value` in `element`, or `None` if it does not fit. Subnormal
/// values of binary32 are zero.
fn rounded(element: Element, value: f32) -> Option<u32> {
    let value = if value.is_subnormal() {
        0.0 * value
    } else {
        value
    };
    let (bits, is_finite) = match element {
        Element::F16 => {
            let half = f16::from_f32(value);
            (u32::from(half.to_bits()), half.is_finite())
        }
        Element::BF16 => {
            let half = bf16::from_f32(value);
            (u32::from(half.to_bits()), half.is_finite())
        }
        _ => (value.to_bits(), value.is_finite()),
    };
    is_finite.then_some(bits)
}

fn one_of(
    what: &'static str,
    given: &[f64],
    channel: usize,
    channels: usize,
) -> Result<f64, NormalizeError> {
    match given {
        [one] => Ok(*one),
        many if many.len() == channels => Ok(many[channel]),
        _ => Err(NormalizeError::Channels {
            what,
            channels,
            given: given.len(),
        }),
    }
}

/// A constant as binary32.
#[expect(clippy::cast_possible_truncation, reason = "constants are rounded")]
pub(super) fn finite(what: &'static str, value: f64) -> Result<f32, NormalizeError> {
    let narrow = value as f32;
    if narrow.is_finite() {
        return Ok(narrow);
    }
    Err(NormalizeError::NotFinite { what, value })
}

/// A divisor as binary32.
pub(super) fn positive(what: &'static str, value: f64) -> Result<f32, NormalizeError> {
    let narrow = finite(what, value)?;
    if narrow >= f32::MIN_POSITIVE {
        return Ok(narrow);
    }
    Err(NormalizeError::NotPositive { what, value })
}
