//! The table of final bits.
#![expect(
    clippy::cast_possible_truncation,
    reason = "small numbers, and constants that are rounded"
)]

use half::{bf16, f16};

use super::images::{ELEMENTS, MEAN, STD, by_definition, table};
use crate::Element;
use crate::normalize::{NormalizeError, Table};

#[test]
fn a_table_holds_the_values_of_torchvision() {
    // From `to_dtype(float32, scale=True)` and `normalize` of
    // torchvision.transforms.v2.functional 0.29 with the constants of ImageNet:
    // bytes 0, 1, 127, 128, 254, 255 of each channel.
    const WANT: [[u32; 6]; 3] = [
        [
            0xc007_8bbd,
            0xc006_732b,
            0x3d69_39c9,
            0x3d97_af32,
            0x400e_d58b,
            0x400f_ee1d,
        ],
        [
            0xc002_4924,
            0xc001_2a4f,
            0x3e40_2ded,
            0x3e52_1b48,
            0x401a_4ee3,
            0x401b_6db7,
        ],
        [
            0xbfe6_f809,
            0xbfe4_bcea,
            0x3ed1_70c1,
            0x3eda_5d3c,
            0x4027_d834,
            0x4028_f5c3,
        ],
    ];
    let table = table(Element::F32, 3);
    for (channel, want) in WANT.iter().enumerate() {
        let got = [0, 1, 127, 128, 254, 255].map(|byte| table.bits()[channel * 256 + byte]);
        assert_eq!(&got, want, "channel {channel}");
    }
}

#[test]
fn a_table_is_what_the_contract_says() {
    for element in ELEMENTS {
        let table = table(element, 4);
        assert_eq!((table.element(), table.channels()), (element, 4));
        assert_eq!(table.bits().len(), 4 * 256);
        for (index, &bits) in table.bits().iter().enumerate() {
            let channel = index / 256;
            let value = by_definition(
                (index % 256) as u8,
                MEAN[channel] as f32,
                STD[channel] as f32,
            );
            let want = match element {
                Element::F16 => u32::from(f16::from_f32(value).to_bits()),
                Element::BF16 => u32::from(bf16::from_f32(value).to_bits()),
                _ => value.to_bits(),
            };
            assert_eq!(bits, want, "{element}, entry {index}");
        }
    }
}

#[test]
fn one_constant_stands_for_all_channels() {
    let one = Table::new(Element::F32, 3, (&[0.5], &[0.25]), 255.0).unwrap();
    let three = Table::new(Element::F32, 3, (&[0.5; 3], &[0.25; 3]), 255.0).unwrap();
    assert_eq!(one, three);
    assert_eq!(one.constants(), [[0.5, 0.25]; 3]);
}

#[test]
fn subnormal_values_are_zero_of_their_sign() {
    // 1/255 scaled so that values of small bytes are subnormal in binary32.
    let table = Table::new(Element::F32, 1, (&[0.0], &[1e30]), 1e9).unwrap();
    assert_eq!(table.bits()[1], 0);
    assert_ne!(table.bits()[255], 0);
    let below = Table::new(Element::F32, 1, (&[1e-30], &[1e30]), 1e9).unwrap();
    assert_eq!(below.bits()[0], 0x8000_0000);
}

#[test]
fn constants_that_cannot_be_used_are_refused() {
    let new = |element, channels, mean: &[f64], std: &[f64], scale| {
        Table::new(element, channels, (mean, std), scale).unwrap_err()
    };
    let not_finite = |what| move |error: &NormalizeError| matches!(error, NormalizeError::NotFinite { what: found, .. } if *found == what);
    let not_positive = |what| move |error: &NormalizeError| matches!(error, NormalizeError::NotPositive { what: found, .. } if *found == what);
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e39] {
        assert!(not_finite("mean")(&new(
            Element::F32,
            3,
            &[0.5, bad, 0.5],
            &[1.0],
            255.0
        )));
        assert!(not_finite("std")(&new(
            Element::F32,
            3,
            &[0.5],
            &[1.0, 1.0, bad],
            255.0
        )));
        assert!(not_finite("scale")(&new(
            Element::F32,
            3,
            &[0.5],
            &[1.0],
            bad
        )));
    }
    for bad in [0.0, -0.0, -1.0, 1e-39] {
        assert!(not_positive("std")(&new(
            Element::F16,
            1,
            &[0.5],
            &[bad],
            255.0
        )));
        assert!(not_positive("scale")(&new(
            Element::F16,
            1,
            &[0.5],
            &[1.0],
            bad
        )));
    }
}

#[test]
fn channels_and_types_that_cannot_be_used_are_refused() {
    let new = |element, channels, mean: &[f64], std: &[f64], scale| {
        Table::new(element, channels, (mean, std), scale).unwrap_err()
    };
    for given in [&[][..], &[0.5; 2], &[0.5; 4]] {
        let error = new(Element::F32, 3, given, &[1.0], 255.0);
        let want = NormalizeError::Channels {
            what: "mean",
            channels: 3,
            given: given.len(),
        };
        assert_eq!(error, want);
        let error = new(Element::F32, 3, &[0.5], given, 255.0);
        assert!(matches!(
            error,
            NormalizeError::Channels { what: "std", .. }
        ));
    }
    for channels in [0, 5, usize::MAX] {
        let error = new(Element::F32, channels, &[0.5], &[1.0], 255.0);
        assert!(matches!(error, NormalizeError::Geometry { .. }), "{error}");
    }
    for element in Element::ALL {
        if !ELEMENTS.contains(&element) {
            let error = new(element, 1, &[0.5], &[1.0], 255.0);
            assert!(matches!(error, NormalizeError::Type { got, .. } if got == element));
        }
    }
}

#[test]
fn values_too_large_for_their_type_are_refused() {
    // 255 / 0.003 is above the largest binary16, 65504.
    let new = |element| Table::new(element, 1, (&[0.0], &[0.003]), 1.0);
    assert!(new(Element::F32).is_ok());
    assert!(new(Element::BF16).is_ok());
    let error = new(Element::F16).unwrap_err();
    assert!(
        matches!(
            error,
            NormalizeError::Overflow {
                to: Element::F16,
                byte: 197,
                channel: 0,
                ..
            }
        ),
        "{error}"
    );
    let error = Table::new(Element::F32, 1, (&[3e38], &[0.1]), 255.0).unwrap_err();
    assert!(matches!(error, NormalizeError::Overflow { byte: 0, .. }));
}
