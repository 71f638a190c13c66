// `cast` on NVIDIA GPUs, bit for bit what scalar.rs does. Row y of the grid
// works on job y; its threads stride over groups of four numbers.
#include "convert.cuh"
#include "entry.cuh"
#include "four.cuh"

ENTRY(cast) {
    const Job job = jobs[blockIdx.y];
    const auto it = constants_of<CastConstants>(tables, job);
    bool misfit = false;
    for_each_four(job, it.from, it.to, src, dst, [&](u64 bits, bool) {
        const Converted one = converted(it.from, it.to, bits);
        misfit |= one.misfit;
        return one.bits;
    });
    if (misfit) {
        atomicOr(flags + job.flag, 1u);
    }
}
