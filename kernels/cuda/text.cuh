// Text in chunks, and what the passes of `tokenize` leave for one another.
#pragma once
#include "rows.cuh"

constexpr u32 TEXT_CHUNK = 2048;
// Words of bits that a chunk has.
constexpr u32 TEXT_BITS = TEXT_CHUNK / 32;
// Bytes of the longest word that a device merges.
constexpr u32 LONG = 1024;
constexpr u32 NO_ID = 0xffffffff;

// A job's text, and where each part of what passes leave begins.
struct Text {
    Rows rows;
    u32 n;
    u32 chunks;
    u32* maps;
    u32* counts;
    u32* begins;
    u32* found;
    u32* unmerged;
    u32* ids;

    DEVICE Text(const Job& job, const u32* __restrict__ src, u32* scratch) : rows(job, src) {
        n = rows.len();
        chunks = (n + TEXT_CHUNK - 1) / TEXT_CHUNK;
        maps = scratch + job.aux;
        counts = maps + 4 * chunks;
        begins = counts + chunks + 1;
        found = begins + TEXT_BITS * chunks;
        unmerged = found + TEXT_BITS * chunks;
        ids = unmerged + TEXT_BITS * chunks;
    }

    DEVICE u32 byte(u32 at) const {
        return at < n ? rows.bytes[at] : 0;
    }

    // The end of the word that begins at `at`, or a place further off than LONG.
    DEVICE u32 word_end(u32 at) const {
        if (at + 1 >= n) {
            return n;
        }
        u32 word = (at + 1) / 32;
        u32 bits = begins[word] & (NO_ID << (at + 1) % 32);
        while (bits == 0) {
            word++;
            if (word * 32 >= n || word * 32 > at + LONG) {
                return n < at + LONG + 1 ? n : at + LONG + 1;
            }
            bits = begins[word];
        }
        return word * 32 + (u32)__ffs((int)bits) - 1;
    }

    // Puts an id in its place.
    DEVICE void put(u32 at, u32 id) const {
        ids[at] = id;
        atomicOr(found + at / 32, 1u << at % 32);
    }
};

// Bits of a chunk, in shared memory: of places where something begins or is.
struct Marks {
    u32 bits[TEXT_BITS];
    // How many are set before each word of them, and all.
    u32 before[TEXT_BITS + 1];

    // Reads so many words of them; others are 0.
    DEVICE void read(const u32* from, u32 n_words) {
        for (u32 i = threadIdx.x; i < TEXT_BITS; i += blockDim.x) {
            bits[i] = i < n_words ? from[i] : 0;
        }
        __syncthreads();
        for (u32 i = threadIdx.x; i <= TEXT_BITS; i += blockDim.x) {
            u32 n = 0;
            for (u32 word = 0; word < i; word++) {
                n += (u32)__popc(bits[word]);
            }
            before[i] = n;
        }
        __syncthreads();
    }

    DEVICE bool has(u32 at) const {
        return bits[at / 32] >> at % 32 & 1;
    }

    // How many are set before a place of the chunk.
    DEVICE u32 before_place(u32 at) const {
        return before[at / 32] + (u32)__popc(bits[at / 32] & ((1u << at % 32) - 1));
    }

    // Lists the places that are set.
    DEVICE void list(u16* listed) const {
        for (u32 at = threadIdx.x; at < TEXT_CHUNK; at += blockDim.x) {
            if (has(at)) {
                listed[before_place(at)] = (u16)at;
            }
        }
        __syncthreads();
    }

    DEVICE u32 all() const {
        return before[TEXT_BITS];
    }
};

// Adds up a number of each thread: `sums` has them up to its own.
DEVICE void add_up(u32* sums, u32 own) {
    sums[threadIdx.x] = own;
    __syncthreads();
    for (u32 distance = 1; distance < blockDim.x; distance <<= 1) {
        u32 sum = sums[threadIdx.x];
        if (threadIdx.x >= distance) {
            sum += sums[threadIdx.x - distance];
        }
        __syncthreads();
        sums[threadIdx.x] = sum;
        __syncthreads();
    }
}
