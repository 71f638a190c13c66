//! The CUDA kernels as PTX, which NVIDIA's driver translates for its GPU.
//! `scripts/ptx.sh` makes them of the .cu files.

/// The modules, by [`crate::Entry::module`].
pub const MODULES: &[(&str, &str)] = &[
    ("blend", include_str!("../ptx/blend.ptx")),
    ("cast", include_str!("../ptx/cast.ptx")),
    ("color", include_str!("../ptx/color.ptx")),
    ("gather", include_str!("../ptx/gather.ptx")),
    ("lut", include_str!("../ptx/lut.ptx")),
    ("map", include_str!("../ptx/map.ptx")),
    ("normalize", include_str!("../ptx/normalize.ptx")),
    ("resample", include_str!("../ptx/resample.ptx")),
    ("squeeze", include_str!("../ptx/squeeze.ptx")),
    ("tokenize", include_str!("../ptx/tokenize.ptx")),
    (
        "tokenize_pieces",
        include_str!("../ptx/tokenize_pieces.ptx"),
    ),
    ("tokenize_words", include_str!("../ptx/tokenize_words.ptx")),
    ("warp", include_str!("../ptx/warp.ptx")),
];
