// What every entry is handed, and how it finds what it needs in there.
#pragma once
#include "number.cuh"
#include "twins.cuh"

// An entry point: one job a row of the grid, records of items, constants with
// their tables, what is read, what an earlier pass of the kernel has left, what
// is written, and a word a column that becomes 1 if a number did not fit.
#define ENTRY(name)                                                                              \
    extern "C" __global__ void name(const Job* __restrict__ jobs, const u32* __restrict__ params, \
                                    const u32* __restrict__ tables, const u32* __restrict__ src,  \
                                    const u32* __restrict__ aux, u32* __restrict__ dst,           \
                                    u32* __restrict__ flags)

// The constants of a job's kernel.
template <typename Constants>
DEVICE Constants constants_of(const u32* __restrict__ tables, const Job& job) {
    return *reinterpret_cast<const Constants*>(tables + job.constants);
}
