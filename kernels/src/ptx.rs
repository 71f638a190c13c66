//! The CUDA kernels as PTX, which NVIDIA's driver translates for its GPU.
//! `scripts/ptx.sh` makes them of the .cu files.

/// `normalize_images`, `normalize_numbers` and `normalize_wide`.
pub const NORMALIZE: &str = include_str!("../ptx/normalize.ptx");

/// `cast`.
pub const CAST: &str = include_str!("../ptx/cast.ptx");
