// Structs that devices are handed, as Rust lays them out. Written by
// scripts/twins.sh from the structs of the same names in kernels/src; do not edit.

struct Job {
    n: u32,
    n_items: u32,
    src: u32,
    src_offsets: u32,
    src_item: u32,
    dst: u32,
    dst_offsets: u32,
    dst_item: u32,
    aux: u32,
    params: u32,
    constants: u32,
    flag: u32,
}

struct ImagesConstants {
    height: u32,
    width: u32,
    channels: u32,
    origin: u32,
    row_stride: i32,
    col_stride: i32,
    channel_stride: i32,
    to_chw: u32,
    to: u32,
}

const IMAGES_CONSTANTS_WORDS: u32 = 9u;

fn images_constants(at: u32) -> ImagesConstants {
    return ImagesConstants(
        tables[at],
        tables[at + 1u],
        tables[at + 2u],
        tables[at + 3u],
        bitcast<i32>(tables[at + 4u]),
        bitcast<i32>(tables[at + 5u]),
        bitcast<i32>(tables[at + 6u]),
        tables[at + 7u],
        tables[at + 8u],
    );
}

struct NumbersConstants {
    from_: u32,
    to: u32,
    mean: f32,
    factor: f32,
    low: f32,
    high: f32,
}

const NUMBERS_CONSTANTS_WORDS: u32 = 6u;

fn numbers_constants(at: u32) -> NumbersConstants {
    return NumbersConstants(
        tables[at],
        tables[at + 1u],
        bitcast<f32>(tables[at + 2u]),
        bitcast<f32>(tables[at + 3u]),
        bitcast<f32>(tables[at + 4u]),
        bitcast<f32>(tables[at + 5u]),
    );
}

struct CastConstants {
    from_: u32,
    to: u32,
}

const CAST_CONSTANTS_WORDS: u32 = 2u;

fn cast_constants(at: u32) -> CastConstants {
    return CastConstants(
        tables[at],
        tables[at + 1u],
    );
}
