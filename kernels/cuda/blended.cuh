// Samples some way from one to another: see kernels/src/blend/mod.rs.
#pragma once
#include "entry.cuh"

// Neither operation is fused with the other: `_rn` forbids it.
DEVICE u32 blended(u32 a, u32 b, float alpha) {
    const float product = __fmul_rn(alpha, (float)((i32)b - (i32)a));
    const float sum = __fadd_rn((float)a, product);
    return sum <= 0.0f ? 0 : sum >= 255.0f ? 255 : (u32)(i32)sum;
}
