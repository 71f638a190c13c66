//! Every kernel on all kinds of values: the bits of the reference.

use std::sync::Arc;

use fuelrail_kernels::normalize::{Flip, Geometry, Images, Layout, Table};

use super::*;
use crate::device::slot::GpuLane;
use crate::device::tables::Tables;
use crate::device::wgpu::prepared::Prepared;

/// Binary32 around every bound of a type and every tie of a rounding.
const FLOATS: &[u32] = &[
    0x0000_0000,
    0x0000_0001,
    0x007f_ffff,
    0x0080_0000,
    0x0080_0001,
    0x00ff_ffff,
    0x0100_0000,
    // Half of the least binary16, its ties, its least normal number.
    0x32ff_ffff,
    0x3300_0000,
    0x3300_0001,
    0x337f_ffff,
    0x3380_0000,
    0x33bf_ffff,
    0x33c0_0000,
    0x33c0_0001,
    0x3400_0000,
    0x387f_bfff,
    0x387f_c000,
    0x387f_e000,
    0x387f_f000,
    0x387f_ffff,
    0x3880_0000,
    0x3880_0001,
    0x3880_1000,
    0x3880_1001,
    0x3880_3000,
    // Fractions and small numbers; ties of bfloat16.
    0x3eff_ffff,
    0x3f00_0000,
    0x3f7f_ffff,
    0x3f80_0000,
    0x3f80_0001,
    0x3f80_7fff,
    0x3f80_8000,
    0x3f80_8001,
    0x3f81_7fff,
    0x3f81_8000,
    0x3fc0_0000,
    0x4000_0000,
    // 127.5, 128, 129, 255, 255.5, 256, 32767, 32768, 32769, 65535, 65536.
    0x42ff_0000,
    0x4300_0000,
    0x4301_0000,
    0x437f_0000,
    0x437f_8000,
    0x4380_0000,
    0x46ff_fe00,
    0x4700_0000,
    0x4700_0100,
    0x477f_ff00,
    0x4780_0000,
    // The largest binary16, and what rounds to it or past it.
    0x477f_e000,
    0x477f_efff,
    0x477f_f000,
    0x477f_f001,
    // 2^31 and 2^32 and the numbers before them.
    0x4eff_ffff,
    0x4f00_0000,
    0x4f00_0001,
    0x4f7f_ffff,
    0x4f80_0000,
    0x4f80_0001,
    0x5f00_0000,
    // The largest bfloat16, what rounds past it, the largest number, infinity.
    0x7f7f_0000,
    0x7f7f_7fff,
    0x7f7f_8000,
    0x7f7f_ffff,
    0x7f80_0000,
    // NaN of all kinds.
    0x7f80_0001,
    0x7fa0_0000,
    0x7fbf_ffff,
    0x7fc0_0000,
    0x7fc0_0001,
    0x7fff_ffff,
];

/// Whole numbers around every bound and every tie of a rounding to binary32.
const WHOLES: &[u32] = &[
    0,
    1,
    2,
    126,
    127,
    128,
    129,
    254,
    255,
    256,
    2047,
    2048,
    2049,
    2050,
    2051,
    32_766,
    32_767,
    32_768,
    32_769,
    65_503,
    65_504,
    65_519,
    65_520,
    65_534,
    65_535,
    65_536,
    0x00ff_ffff,
    0x0100_0000,
    0x0100_0001,
    0x0100_0002,
    0x0100_0003,
    0x01ff_ffff,
    0x0200_0002,
    0x0200_0006,
    0x7fff_ff3f,
    0x7fff_ff40,
    0x7fff_ffbf,
    0x7fff_ffc0,
    0x7fff_ffff,
    0x8000_0000,
    0x8000_0080,
    0x8000_0180,
    0xffff_ff7f,
    0xffff_ff80,
    0xffff_ff81,
];

/// All numbers of 8 and 16 bits; of 32 bits, special ones of both signs and
/// random bits.
fn values(element: Element) -> Vec<u8> {
    match element.len_bytes() {
        1 => (0..=u8::MAX).collect(),
        2 => (0..=u16::MAX).flat_map(u16::to_le_bytes).collect(),
        _ => {
            let mut random = Random(u64::from(element.code()));
            let special = FLOATS.iter().chain(WHOLES);
            let signed = |bits: &u32| [*bits, bits ^ 0x8000_0000, bits.wrapping_neg()];
            let mut bits: Vec<u32> = special.flat_map(signed).collect();
            bits.extend((0..1 << 16).map(|_| random.word()));
            // Random exponents near 1, where most rounding happens.
            bits.extend((0..1 << 14).map(|_| random.word() & 0x87ff_ffff | 0x3800_0000));
            bits.into_iter().flat_map(u32::to_le_bytes).collect()
        }
    }
}

#[test]
fn casts_of_all_pairs_have_the_bits_of_the_reference() {
    let pairs = narrow()
        .into_iter()
        .flat_map(|from| narrow().into_iter().map(move |to| (from, to)));
    let pairs: Vec<(Element, Element)> = pairs.collect();
    let program = program(
        pairs
            .iter()
            .map(|&(from, to)| vec![cast_of(from, to)])
            .collect(),
    );
    let src: Vec<Vec<u8>> = pairs.iter().map(|&(from, _)| values(from)).collect();
    check(&program, &src);
}

#[test]
fn normalized_numbers_have_the_bits_of_the_reference() {
    type Constants = ((f64, f64), Option<[f64; 2]>);
    let constants: [Constants; 8] = [
        ((0.0, 1.0), None),
        ((0.485, 0.229), None),
        ((-1.0e4, 3.0), Some([-1.0, 1.0])),
        ((0.0, 1.0), Some([0.0, 5.0])),
        ((f64::from(f32::MIN_POSITIVE) * 1.5, 0.7), Some([0.0, 0.0])),
        ((3.0e38, 1.0e-30), None),
        ((1.0, 1.0e37), Some([-3.0e38, 3.0e38])),
        ((127.5, 127.5), Some([-0.5, 1.0e9])),
    ];
    let mut chains = Vec::new();
    let mut src = Vec::new();
    for from in narrow() {
        for to in [Element::F16, Element::BF16, Element::F32] {
            for (pair, clip) in constants {
                chains.push(vec![numbers(from, to, pair, clip)]);
                src.push(values(from));
            }
        }
    }
    check(&program(chains), &src);
}

fn images(geometry: Geometry, to: Element) -> Kernel {
    let channels = geometry.channels as usize;
    let mean = &[0.4, 0.45, 0.5, 0.55][..channels];
    let std = &[0.2, 0.21, 0.22, 0.23][..channels];
    let table = Table::new(to, channels, (mean, std), 255.0).unwrap();
    Kernel::NormalizeImages(Arc::new(Images::new(geometry, table).unwrap()))
}

/// Images of odd shapes in every layout, cropped and flipped every way.
fn geometries() -> Vec<Geometry> {
    let mut all = Vec::new();
    for channels in 1..=4 {
        for (from, to) in [
            (Layout::Hwc, Layout::Hwc),
            (Layout::Hwc, Layout::Chw),
            (Layout::Chw, Layout::Hwc),
            (Layout::Chw, Layout::Chw),
        ] {
            for flip in [Flip::None, Flip::Horizontal, Flip::Vertical, Flip::Both] {
                for (height, width, crop) in [(7, 5, [1, 2, 5, 3]), (1, 1, [0, 0, 1, 1])] {
                    all.push(Geometry {
                        height,
                        width,
                        channels,
                        from,
                        to,
                        crop,
                        flip,
                    });
                }
            }
        }
    }
    all
}

#[test]
fn normalized_images_have_the_bits_of_the_reference() {
    let mut random = Random(3);
    let mut chains = Vec::new();
    let mut src = Vec::new();
    for (index, geometry) in geometries().into_iter().enumerate() {
        for to in [Element::F32, Element::F16, Element::BF16] {
            let kernel = images(geometry, to);
            src.push(random.bytes(kernel.src_item_bytes() * (index % 7)));
            chains.push(vec![kernel]);
        }
    }
    check(&program(chains), &src);
}

#[test]
fn images_of_the_usual_size_have_the_bits_of_the_reference() {
    let geometry = Geometry {
        height: 256,
        width: 256,
        channels: 3,
        from: Layout::Hwc,
        to: Layout::Chw,
        crop: [16, 15, 224, 224],
        flip: Flip::Horizontal,
    };
    let mut random = Random(4);
    let kernels = [Element::F32, Element::F16].map(|to| images(geometry, to));
    let src = kernels
        .iter()
        .map(|kernel| random.bytes(kernel.src_item_bytes() * 3));
    let src: Vec<Vec<u8>> = src.collect();
    check(&program(kernels.map(|kernel| vec![kernel]).into()), &src);
}

/// Chains of one, two, three and four stages beside one another.
pub(super) fn mixed() -> Program {
    let geometry = Geometry {
        height: 3,
        width: 5,
        channels: 3,
        from: Layout::Hwc,
        to: Layout::Chw,
        crop: [0, 1, 3, 3],
        flip: Flip::None,
    };
    let [u8, i16, i32, f16, bf16, f32] = [
        Element::U8,
        Element::I16,
        Element::I32,
        Element::F16,
        Element::BF16,
        Element::F32,
    ];
    program(vec![
        vec![cast_of(u8, i32)],
        vec![images(geometry, f32), numbers(f32, f16, (0.1, 3.0), None)],
        vec![
            cast_of(i32, f32),
            numbers(f32, bf16, (5.0, 100.0), Some([-2.0, 2.0])),
            cast_of(bf16, i16),
        ],
        vec![
            cast_of(u8, f16),
            cast_of(f16, u8),
            images(geometry, bf16),
            cast_of(bf16, f32),
        ],
        vec![numbers(i16, f32, (1.0, 7.0), None)],
    ])
}

/// Random items, so many of each chain.
pub(super) fn items(program: &Program, n_items: &[usize], random: &mut Random) -> Vec<Vec<u8>> {
    let items = program.chains.iter().zip(n_items);
    items
        .map(|(chain, n)| random.bytes(n * chain.src_item_bytes()))
        .collect()
}

#[test]
fn chains_of_several_stages_have_the_bits_of_the_reference() {
    let program = mixed();
    let mut random = Random(5);
    for n_items in [
        [0, 0, 0, 0, 0],
        [1, 1, 1, 1, 1],
        [3, 0, 255, 1, 0],
        [255, 256, 257, 0, 3],
        [1023, 3, 1024, 257, 1025],
        [4095, 114, 4096, 113, 4097],
        [0, 20_000, 0, 0, 0],
    ] {
        check(&program, &items(&program, &n_items, &mut random));
    }
}

/// Few workgroups go round and round, as those of a very large batch do.
#[test]
fn fewer_workgroups_than_work_reach_all_of_it() {
    let program = mixed();
    let mut random = Random(6);
    let src = items(&program, &[10_000, 700, 9_999, 500, 12_345], &mut random);
    for backend in adapters() {
        for max_workgroups in [1, 3] {
            let gpu = backend.gpu().unwrap();
            let tables = Tables::new(&program);
            let mut prepared = Prepared::new(gpu, &program, &tables).unwrap();
            prepared.max_workgroups = max_workgroups;
            let lane = GpuLane::new(prepared, &program, tables).unwrap();
            let found = through(&lane, &program, &src);
            assert_same(&program, &found, &expected(&program, &src));
        }
    }
}

/// As much as a slot holds, which is more than 65,535 workgroups do at once.
#[test]
fn the_largest_slot_is_worked_on_whole() {
    let program = program(vec![vec![cast_of(Element::I8, Element::U8)]]);
    for backend in adapters() {
        let lane = backend.lane(&program).unwrap();
        let len = lane.max_slot_bytes();
        assert!(len > 65_535 * 256 * 4);
        let mut src = vec![7u8; len];
        src[len - 1] = 200;
        let found = through(&*lane, &program, &[src]);
        let (dst, overflowed) = &found[0];
        assert!(dst[..len - 1].iter().all(|byte| *byte == 7));
        assert_eq!((dst[len - 1], *overflowed), (0, true));
    }
}

#[test]
fn misfits_are_told_for_their_chain_alone() {
    let chain = || vec![cast_of(Element::I16, Element::U8)];
    let program = program(vec![chain(), chain(), chain()]);
    let fits: Vec<u8> = (0..300u16).flat_map(|x| (x % 256).to_le_bytes()).collect();
    for at in [0, 1, 255, 256, 299] {
        let mut src = vec![fits.clone(), fits.clone(), fits.clone()];
        src[1][at * 2..][..2].copy_from_slice(&256u16.to_le_bytes());
        check(&program, &src);
        for backend in adapters() {
            let lane = backend.lane(&program).unwrap();
            let told = through(&*lane, &program, &src);
            let told: Vec<bool> = told.iter().map(|(_, overflowed)| *overflowed).collect();
            assert_eq!(told, [false, true, false]);
            // The next batch in the same slots begins with clear flags.
            for _ in 0..4 {
                let clean = vec![fits.clone(); 3];
                let told = through(&*lane, &program, &clean);
                assert!(told.iter().all(|(_, overflowed)| !overflowed));
            }
        }
    }
}

/// What saturates to a bound of `u32` looks like a number that fits.
#[test]
fn every_kind_of_misfit_is_told() {
    let misfits = [
        (Element::U32, 0x4f80_0000),
        (Element::U32, 0x7f80_0000),
        (Element::U32, 0xbf80_0000),
        (Element::U32, 0x7fc0_0000),
        (Element::I32, 0x4f00_0000),
        (Element::I32, 0xcf00_0001),
        (Element::I32, 0xff80_0000),
        (Element::I32, 0xffff_ffff),
        (Element::U8, 0x4380_0000),
    ];
    let fits = [
        (Element::U32, 0x4f7f_ffff_u32),
        (Element::U32, 0xbf7f_ffff),
        (Element::I32, 0x4eff_ffff),
        (Element::I32, 0xcf00_0000),
        (Element::U8, 0x437f_ffff),
    ];
    let all = misfits.iter().chain(&fits);
    let program = program(
        all.clone()
            .map(|(to, _)| vec![cast_of(Element::F32, *to)])
            .collect(),
    );
    let src: Vec<Vec<u8>> = all.map(|(_, bits)| bits.to_le_bytes().into()).collect();
    check(&program, &src);
    let told = expected(&program, &src).into_iter().map(|(_, told)| told);
    let told: Vec<bool> = told.collect();
    assert_eq!(told, [[true; 9].as_slice(), &[false; 5]].concat());
}

/// What lies behind the last number is an earlier batch's.
#[test]
fn a_misfit_of_an_earlier_batch_is_not_told() {
    let program = program(vec![vec![cast_of(Element::I32, Element::U8)]]);
    for backend in adapters() {
        let lane = backend.lane(&program).unwrap();
        for n in 1..20 {
            let told = through(&*lane, &program, &[vec![0xff; 80]]);
            assert!(told[0].1);
            let told = through(&*lane, &program, &[vec![0; n * 4]]);
            assert!(!told[0].1, "{n} numbers");
        }
    }
}
