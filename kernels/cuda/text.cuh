// Text in chunks, and what the passes of `tokenize` leave for one another.
#pragma once
#include "rows.cuh"

constexpr u32 TEXT_CHUNK = 2048;
// Words of bits that a chunk has.
constexpr u32 TEXT_BITS = TEXT_CHUNK / 32;
// Bytes of the longest word that a device encodes.
constexpr u32 LONG = 1024;
constexpr u32 NO_ID = 0xffffffff;
// Bytes of the longest word that a table of words has, the words of text of a bucket of
// it, and the words of 32 bits of one of those.
constexpr u32 KEY = 15;
constexpr u32 BUCKET = 4;
constexpr u32 ENTRY_WORDS = 8;

// The constants of a job's model, which are behind those that say where words begin.
template <typename Constants>
DEVICE Constants model_of(const u32* __restrict__ tables, const Job& job) {
    return *reinterpret_cast<const Constants*>(tables + job.constants + sizeof(CutConstants) / 4);
}

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

    // The codepoint of the character at `at`, and where the next one begins.
    DEVICE u32 codepoint(u32 at, u32& next) const {
        const u32 lead = byte(at), n_behind = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
        u32 codepoint = n_behind == 0 ? lead : lead & (63 >> n_behind);
        for (u32 i = 1; i <= n_behind; i++) {
            codepoint = codepoint << 6 | (byte(at + i) & 63);
        }
        next = at + 1 + n_behind;
        return codepoint < 0x10ffff ? codepoint : 0x10ffff;
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

// What a tokenizer has of every codepoint, in pages.
struct Pages {
    const u32* constants;
    const CutConstants& cut;

    // The place of a codepoint in them.
    DEVICE u32 place(u32 codepoint) const {
        const u32 page = constants[cut.page_of + codepoint / 256] >> codepoint / 128 % 2 * 16 & 0xffff;
        return page * 128 + codepoint % 128;
    }

    // The symbol at a place.
    DEVICE u32 symbol(u32 place) const {
        return constants[cut.pages + place / 8] >> place % 8 * 4 & 15;
    }
};

DEVICE u32 mixed(u32 hash) {
    hash = (hash ^ hash >> 16) * 0x7feb352du;
    hash = (hash ^ hash >> 15) * 0x846ca68bu;
    return hash ^ hash >> 16;
}

DEVICE u32 fold(u32 hash, u32 word) {
    return ((hash << 5 | hash >> 27) ^ word) * 0x9e3779b1u;
}

// A word of up to 15 bytes with their number behind them.
struct WordKey {
    u32 words[4] = {0, 0, 0, 0};

    // Puts the ids of the word at `at`, if the table at `known` has it.
    DEVICE bool put(const Text& text, const u32* known, u32 mask, u32 at) const {
        u32 hash = 0;
        for (u32 word : words) {
            hash = fold(hash, word);
        }
        hash = mixed(hash);
        for (u32 i = 0; i < 2 * BUCKET; i++) {
            if (i == BUCKET) {
                hash = mixed(hash ^ 0x5bd1e995u);
            }
            const u32* entry = known + ((hash & mask) * BUCKET + i % BUCKET) * ENTRY_WORDS;
            if (entry[0] == words[0] && entry[1] == words[1] && entry[2] == words[2] && entry[3] == words[3]) {
                for (u32 j = 0; j < 4 && entry[4 + j] != NO_ID; j++) {
                    text.put(at + j, entry[4 + j]);
                }
                return true;
            }
        }
        return false;
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
