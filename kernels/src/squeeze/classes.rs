//! The class of every byte.

#[cfg(target_arch = "x86_64")]
use super::shuffle::ByteSet;

/// What becomes of a byte.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Class {
    /// It leaves as it is.
    #[default]
    Keep = 0,
    /// A run of these becomes one replacement.
    Squeeze = 1,
    /// It leaves nothing.
    Drop = 2,
}

impl Class {
    /// The number by which shaders and CUDA kernels know it.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }
}

/// `squeeze`; see the [contract](super).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Squeeze {
    classes: [Class; 256],
    replacement: u8,
    /// The bytes that are squeezed and those that are dropped.
    #[cfg(target_arch = "x86_64")]
    sets: [ByteSet; 2],
}

impl Squeeze {
    /// With these classes, byte by byte, and this for every run.
    #[must_use]
    pub fn new(classes: [Class; 256], replacement: u8) -> Self {
        Self {
            #[cfg(target_arch = "x86_64")]
            sets: [Class::Squeeze, Class::Drop]
                .map(|class| ByteSet::of(|byte| classes[usize::from(byte)] == class)),
            classes,
            replacement,
        }
    }

    /// Runs of space, `\t`, `\n`, `\v`, `\f` and `\r` become one space; the
    /// other control characters of ASCII, 0x00 to 0x08, 0x0e to 0x1f and 0x7f,
    /// are dropped; all else is kept.
    #[must_use]
    pub fn white_space() -> Self {
        let class = |byte| match byte {
            b' ' | 0x09..=0x0d => Class::Squeeze,
            0x00..=0x08 | 0x0e..=0x1f | 0x7f => Class::Drop,
            _ => Class::Keep,
        };
        let mut classes = [Class::Keep; 256];
        for (byte, slot) in (0..=u8::MAX).zip(&mut classes) {
            *slot = class(byte);
        }
        Self::new(classes, b' ')
    }

    /// The class of each byte.
    #[must_use]
    pub fn classes(&self) -> &[Class; 256] {
        &self.classes
    }

    /// What runs become.
    #[must_use]
    pub fn replacement(&self) -> u8 {
        self.replacement
    }

    /// What a device is told: the replacement, then 64 words with the
    /// [`Class::code`] of four bytes each, that of the least byte lowest.
    #[must_use]
    pub fn constants_words(&self) -> Vec<u32> {
        let four = |classes: &[Class; 4]| u32::from_le_bytes(classes.map(Class::code));
        let words = self.classes.as_chunks().0.iter().map(four);
        std::iter::once(self.replacement.into())
            .chain(words)
            .collect()
    }

    /// The bytes that are squeezed and those that are dropped.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn sets(&self) -> &[ByteSet; 2] {
        &self.sets
    }
}
