// Rows of any length: which one a byte belongs to, and where they begin.
#pragma once
#include "entry.cuh"

// The last of the `n` rows whose offset is at most `at`: the one that has the
// byte, for rows without bytes are never found.
DEVICE u32 row_at(const u32* __restrict__ offsets, u32 n, u32 at) {
    u32 low = 0, high = n;
    while (high - low > 1) {
        const u32 middle = (low + high) / 2;
        if (offsets[middle] <= at) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

// The first of the `n + 1` offsets that is at least `at`; `n + 1` if there is none.
DEVICE u32 first_from(const u32* __restrict__ offsets, u32 n, u32 at) {
    u32 low = 0, high = n + 1;
    while (low < high) {
        const u32 middle = (low + high) / 2;
        if (offsets[middle] < at) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

DEVICE u32 thread_of_grid() {
    return blockIdx.x * blockDim.x + threadIdx.x;
}

DEVICE u32 threads_of_grid() {
    return gridDim.x * blockDim.x;
}

// The rows that a job reads. Their offsets lie before them, for an earlier kernel
// may have found them on the device.
struct Rows {
    const u8* bytes;
    const u32* offsets;
    u32 n;

    DEVICE Rows(const Job& job, const u32* __restrict__ src)
        : bytes(reinterpret_cast<const u8*>(src + job.src)),
          offsets(src + job.src_offsets),
          n(job.n_items) {}

    DEVICE u32 len() const {
        return offsets[n];
    }
};

// The row that a thread is at, as it goes through what begins at these offsets.
struct Cursor {
    const u32* offsets;
    u32 n;
    u32 row;
    u32 begin;
    u32 end;

    DEVICE Cursor(const u32* offsets, u32 n) : offsets(offsets), n(n), row(0), begin(0), end(0) {}

    // Whether it is at another row now.
    DEVICE bool go_to(u32 at) {
        if (at >= begin && at < end) {
            return false;
        }
        row = row_at(offsets, n, at);
        begin = offsets[row];
        end = offsets[row + 1];
        return true;
    }
};
