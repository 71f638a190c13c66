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

struct MapConstants {
    from_: u32,
    held: u32,
    to: u32,
    n_instructions: u32,
}

const MAP_CONSTANTS_WORDS: u32 = 4u;

fn map_constants(at: u32) -> MapConstants {
    return MapConstants(
        tables[at],
        tables[at + 1u],
        tables[at + 2u],
        tables[at + 3u],
    );
}

struct MapInstruction {
    operation: u32,
    before: u32,
    behind: u32,
    first: u32,
    first_high: u32,
    second: u32,
    second_high: u32,
}

const MAP_INSTRUCTION_WORDS: u32 = 7u;

fn map_instruction(at: u32) -> MapInstruction {
    return MapInstruction(
        tables[at],
        tables[at + 1u],
        tables[at + 2u],
        tables[at + 3u],
        tables[at + 4u],
        tables[at + 5u],
        tables[at + 6u],
    );
}

struct BlendConstants {
    channels: u32,
    is_chw: u32,
}

const BLEND_CONSTANTS_WORDS: u32 = 2u;

fn blend_constants(at: u32) -> BlendConstants {
    return BlendConstants(
        tables[at],
        tables[at + 1u],
    );
}

struct BlendRow {
    height: u32,
    width: u32,
    top: u32,
    left: u32,
    rows: u32,
    cols: u32,
    alpha: f32,
    pad: u32,
}

const BLEND_ROW_WORDS: u32 = 8u;

fn blend_row(at: u32) -> BlendRow {
    return BlendRow(
        params[at],
        params[at + 1u],
        params[at + 2u],
        params[at + 3u],
        params[at + 4u],
        params[at + 5u],
        bitcast<f32>(params[at + 6u]),
        params[at + 7u],
    );
}

struct ColorConstants {
    channels: u32,
    is_chw: u32,
}

const COLOR_CONSTANTS_WORDS: u32 = 2u;

fn color_constants(at: u32) -> ColorConstants {
    return ColorConstants(
        tables[at],
        tables[at + 1u],
    );
}

struct ColorRow {
    order: u32,
    first: u32,
    second: u32,
    third: u32,
    fourth: u32,
}

const COLOR_ROW_WORDS: u32 = 5u;

fn color_row(at: u32) -> ColorRow {
    return ColorRow(
        params[at],
        params[at + 1u],
        params[at + 2u],
        params[at + 3u],
        params[at + 4u],
    );
}

struct GatherConstants {
    channels_in: u32,
    channels_out: u32,
    from_chw: u32,
    to_chw: u32,
    first_channel: u32,
    channel_step: i32,
    border: u32,
    fill: u32,
}

const GATHER_CONSTANTS_WORDS: u32 = 8u;

fn gather_constants(at: u32) -> GatherConstants {
    return GatherConstants(
        tables[at],
        tables[at + 1u],
        tables[at + 2u],
        tables[at + 3u],
        tables[at + 4u],
        bitcast<i32>(tables[at + 5u]),
        tables[at + 6u],
        tables[at + 7u],
    );
}

struct GatherRow {
    src_height: u32,
    src_width: u32,
    dst_height: u32,
    dst_width: u32,
    top: i32,
    left: i32,
    row_down: i32,
    row_right: i32,
    col_down: i32,
    col_right: i32,
    window_top: i32,
    window_left: i32,
    window_height: u32,
    window_width: u32,
    pad_low: u32,
    pad_high: u32,
}

const GATHER_ROW_WORDS: u32 = 16u;

fn gather_row(at: u32) -> GatherRow {
    return GatherRow(
        params[at],
        params[at + 1u],
        params[at + 2u],
        params[at + 3u],
        bitcast<i32>(params[at + 4u]),
        bitcast<i32>(params[at + 5u]),
        bitcast<i32>(params[at + 6u]),
        bitcast<i32>(params[at + 7u]),
        bitcast<i32>(params[at + 8u]),
        bitcast<i32>(params[at + 9u]),
        bitcast<i32>(params[at + 10u]),
        bitcast<i32>(params[at + 11u]),
        params[at + 12u],
        params[at + 13u],
        params[at + 14u],
        params[at + 15u],
    );
}

struct LutConstants {
    to: u32,
    channels: u32,
    n_tables: u32,
    is_chw: u32,
    from_row: u32,
    record_len: u32,
}

const LUT_CONSTANTS_WORDS: u32 = 6u;

fn lut_constants(at: u32) -> LutConstants {
    return LutConstants(
        tables[at],
        tables[at + 1u],
        tables[at + 2u],
        tables[at + 3u],
        tables[at + 4u],
        tables[at + 5u],
    );
}

struct ResampleConstants {
    channels: u32,
    is_chw: u32,
}

const RESAMPLE_CONSTANTS_WORDS: u32 = 2u;

fn resample_constants(at: u32) -> ResampleConstants {
    return ResampleConstants(
        tables[at],
        tables[at + 1u],
    );
}

struct ResampleRow {
    height: u32,
    width: u32,
    top: u32,
    left: u32,
    rows: u32,
    cols: u32,
    to: u32,
    table: u32,
    is_vertical: u32,
}

const RESAMPLE_ROW_WORDS: u32 = 9u;

fn resample_row(at: u32) -> ResampleRow {
    return ResampleRow(
        params[at],
        params[at + 1u],
        params[at + 2u],
        params[at + 3u],
        params[at + 4u],
        params[at + 5u],
        params[at + 6u],
        params[at + 7u],
        params[at + 8u],
    );
}

struct CutConstants {
    shortened: u32,
    forward: u32,
    backward: u32,
    begins: u32,
    page_of: u32,
    pages: u32,
}

const CUT_CONSTANTS_WORDS: u32 = 6u;

fn cut_constants(at: u32) -> CutConstants {
    return CutConstants(
        tables[at],
        tables[at + 1u],
        tables[at + 2u],
        tables[at + 3u],
        tables[at + 4u],
        tables[at + 5u],
    );
}

struct PairConstants {
    byte_ids: u32,
    pairs: u32,
    pairs_mask: u32,
    words: u32,
    words_mask: u32,
    long_words: u32,
    long_mask: u32,
    long_bytes: u32,
}

const PAIR_CONSTANTS_WORDS: u32 = 8u;

fn pair_constants(at: u32) -> PairConstants {
    return PairConstants(
        tables[at],
        tables[at + 1u],
        tables[at + 2u],
        tables[at + 3u],
        tables[at + 4u],
        tables[at + 5u],
        tables[at + 6u],
        tables[at + 7u],
    );
}

struct PieceConstants {
    words: u32,
    words_mask: u32,
    spelled: u32,
    spelled_bytes: u32,
    trie: u32,
    inside: u32,
    unknown: u32,
    max_chars: u32,
}

const PIECE_CONSTANTS_WORDS: u32 = 8u;

fn piece_constants(at: u32) -> PieceConstants {
    return PieceConstants(
        tables[at],
        tables[at + 1u],
        tables[at + 2u],
        tables[at + 3u],
        tables[at + 4u],
        tables[at + 5u],
        tables[at + 6u],
        tables[at + 7u],
    );
}

struct WarpConstants {
    channels: u32,
    is_chw: u32,
    is_bilinear: u32,
    fill: u32,
}

const WARP_CONSTANTS_WORDS: u32 = 4u;

fn warp_constants(at: u32) -> WarpConstants {
    return WarpConstants(
        tables[at],
        tables[at + 1u],
        tables[at + 2u],
        tables[at + 3u],
    );
}

struct WarpRow {
    src_height: u32,
    src_width: u32,
    dst_height: u32,
    dst_width: u32,
    x_across_low: u32,
    x_across_high: u32,
    x_down_low: u32,
    x_down_high: u32,
    x_first_low: u32,
    x_first_high: u32,
    y_across_low: u32,
    y_across_high: u32,
    y_down_low: u32,
    y_down_high: u32,
    y_first_low: u32,
    y_first_high: u32,
    w_across_low: u32,
    w_across_high: u32,
    w_down_low: u32,
    w_down_high: u32,
    w_first_low: u32,
    w_first_high: u32,
}

const WARP_ROW_WORDS: u32 = 22u;

fn warp_row(at: u32) -> WarpRow {
    return WarpRow(
        params[at],
        params[at + 1u],
        params[at + 2u],
        params[at + 3u],
        params[at + 4u],
        params[at + 5u],
        params[at + 6u],
        params[at + 7u],
        params[at + 8u],
        params[at + 9u],
        params[at + 10u],
        params[at + 11u],
        params[at + 12u],
        params[at + 13u],
        params[at + 14u],
        params[at + 15u],
        params[at + 16u],
        params[at + 17u],
        params[at + 18u],
        params[at + 19u],
        params[at + 20u],
        params[at + 21u],
    );
}
