// `tokenize` on NVIDIA GPUs, the ids of words by byte pairs, and what all models end
// with: device/mod.rs says what the passes do, and device/passes/ does the same in Rust.
#include "text.cuh"

constexpr u32 SHORT = 32;
// Words of bits that a block of `tokenize_long` looks at: few, for it merges one
// word after another.
constexpr u32 LONG_BITS = 8;
constexpr u32 NO_RANK = 0xffffffff;
constexpr u32 SAFE = 0x80000000;

// A pair's rank, and what it merges into.
struct Merge {
    u32 rank;
    u32 id;
};

// A tokenizer's tables, and a text.
struct Vocabulary {
    const Text& text;
    const u32* constants;
    const PairConstants& it;

    // Up to four bytes of the text, as a word.
    DEVICE u32 word(u32 at, u32 len) const {
        u32 word = 0;
        for (u32 i = 0; i < 4 && i < len; i++) {
            word |= (u32)text.rows.bytes[at + i] << 8 * i;
        }
        return word;
    }

    // Puts the ids of a word of up to 15 bytes, if the table has it.
    DEVICE bool put_known(u32 at, u32 len) const {
        WordKey key;
        for (u32 i = 0; 4 * i < len; i++) {
            key.words[i] = word(at + 4 * i, len - 4 * i);
        }
        key.words[3] |= len << 24;
        return key.put(text, constants + it.words, it.words_mask, at);
    }

    // The id of a longer word, if it is a token.
    DEVICE u32 known_long(u32 at, u32 len) const {
        u32 hash = len;
        for (u32 i = 0; i < len; i += 4) {
            hash = fold(hash, word(at + i, len - i));
        }
        hash = mixed(hash);
        for (u32 place = hash & it.long_mask;; place = (place + 1) & it.long_mask) {
            const u32* entry = constants + it.long_words + 4 * place;
            if (entry[2] == 0) {
                return NO_ID;
            }
            if (entry[0] != hash || entry[2] != len) {
                continue;
            }
            const u32* known = constants + it.long_bytes + entry[1];
            bool is_same = true;
            for (u32 i = 0; i < len && is_same; i += 4) {
                is_same = known[i / 4] == word(at + i, len - i);
            }
            if (is_same) {
                return entry[3];
            }
        }
    }

    DEVICE Merge merge(u32 left, u32 right) const {
        const u32 hash = mixed(fold(left * 0x9e3779b1u, right));
        for (u32 place = hash & it.pairs_mask;; place = (place + 1) & it.pairs_mask) {
            const u32* entry = constants + it.pairs + 4 * place;
            if (entry[2] == NO_RANK || (entry[0] == left && entry[1] == right)) {
                return {entry[2], entry[3]};
            }
        }
    }

    DEVICE u32 byte_id(u32 at) const {
        return constants[it.byte_ids + text.rows.bytes[at]];
    }

    // Merges a word of up to 32 bytes: the lowest rank first, leftmost.
    DEVICE void merge_short(u32 at, u32 len) const {
        u32 symbols[SHORT], ranks[SHORT];
        for (u32 i = 0; i < len; i++) {
            symbols[i] = byte_id(at + i);
        }
        for (u32 i = 0; i + 1 < len; i++) {
            ranks[i] = merge(symbols[i], symbols[i + 1]).rank;
        }
        u32 n = len;
        while (true) {
            u32 lowest = NO_RANK, first = 0;
            for (u32 i = 0; i + 1 < n; i++) {
                if (ranks[i] < lowest) {
                    lowest = ranks[i];
                    first = i;
                }
            }
            if (lowest == NO_RANK) {
                break;
            }
            symbols[first] = merge(symbols[first], symbols[first + 1]).id & ~SAFE;
            n--;
            for (u32 i = first + 1; i < n; i++) {
                symbols[i] = symbols[i + 1];
                ranks[i] = i + 1 < n ? ranks[i + 1] : NO_RANK;
            }
            if (first + 1 < n) {
                ranks[first] = merge(symbols[first], symbols[first + 1]).rank;
            }
            if (first > 0) {
                ranks[first - 1] = merge(symbols[first - 1], symbols[first]).rank;
            }
        }
        for (u32 i = 0; i < n; i++) {
            text.put(at + i, symbols[i]);
        }
    }
};

ENTRY(tokenize_lookup) {
    __shared__ Marks marks;
    __shared__ u16 listed[TEXT_CHUNK];
    const Job job = jobs[blockIdx.y];
    const PairConstants it = model_of<PairConstants>(tables, job);
    const Text text(job, src, dst);
    const Vocabulary vocabulary{text, tables + job.constants, it};
    for (u32 chunk = blockIdx.x; chunk < text.chunks; chunk += gridDim.x) {
        marks.read(text.begins + chunk * TEXT_BITS, TEXT_BITS);
        marks.list(listed);
        for (u32 i = threadIdx.x; i < marks.all(); i += blockDim.x) {
            const u32 at = chunk * TEXT_CHUNK + listed[i], len = text.word_end(at) - at;
            const u32 id = len > KEY && len <= LONG ? vocabulary.known_long(at, len) : NO_ID;
            if (len > LONG || id != NO_ID) {
                text.put(at, id);
            } else if (len > KEY || !vocabulary.put_known(at, len)) {
                atomicOr(text.unmerged + at / 32, 1u << at % 32);
            }
        }
        __syncthreads();
    }
}

ENTRY(tokenize_short) {
    __shared__ Marks marks;
    __shared__ u16 listed[TEXT_CHUNK];
    const Job job = jobs[blockIdx.y];
    const PairConstants it = model_of<PairConstants>(tables, job);
    const Text text(job, src, dst);
    const Vocabulary vocabulary{text, tables + job.constants, it};
    for (u32 chunk = blockIdx.x; chunk < text.chunks; chunk += gridDim.x) {
        marks.read(text.unmerged + chunk * TEXT_BITS, TEXT_BITS);
        marks.list(listed);
        for (u32 i = threadIdx.x; i < marks.all(); i += blockDim.x) {
            const u32 at = chunk * TEXT_CHUNK + listed[i], len = text.word_end(at) - at;
            if (len <= SHORT) {
                vocabulary.merge_short(at, len);
                atomicAnd(text.unmerged + at / 32, ~(1u << at % 32));
            }
        }
        __syncthreads();
    }
}

// The symbols that a word is by now, each with the rank of the pair that it begins
// and with what that pair merges into. One that is new in a round has the bit SAFE.
struct Symbols {
    u32 ids[LONG];
    u32 ranks[LONG];
    u32 products[LONG];
};

// Shared memory of a word that a block merges.
struct WordRoom {
    Symbols symbols[2];
    // For each thread, its lowest rank and where that is.
    u64 best[1024];
    u32 sums[1024];

    // Finds the leftmost of the lowest ranks.
    DEVICE void find_best(const Symbols& own, u32 n) {
        u64 lowest = ~0ull;
        for (u32 i = threadIdx.x; i + 1 < n; i += blockDim.x) {
            const u64 here = (u64)own.ranks[i] << 32 | i;
            lowest = here < lowest ? here : lowest;
        }
        best[threadIdx.x] = lowest;
        __syncthreads();
        for (u32 distance = 1; distance < blockDim.x; distance <<= 1) {
            u64 here = best[threadIdx.x];
            if (threadIdx.x + distance < blockDim.x) {
                const u64 other = best[threadIdx.x + distance];
                here = other < here ? other : here;
            }
            __syncthreads();
            best[threadIdx.x] = here;
            __syncthreads();
        }
    }

    // Whether the pair at `i` merges. Of pairs that overlap, every other one does
    // from the left on.
    DEVICE bool merges_at(const Symbols& own, u32 n, u32 i) const {
        const u32 lowest = (u32)(best[0] >> 32), leftmost = (u32)best[0];
        if (i + 1 >= n || own.ranks[i] != lowest) {
            return false;
        }
        if (!(own.products[leftmost] & SAFE)) {
            return i == leftmost;
        }
        u32 first = i;
        while (first > 0 && own.ranks[first - 1] == lowest) {
            first--;
        }
        return (i - first) % 2 == 0;
    }

    // Puts what is left after the merges of a round into `next`; how much it is.
    DEVICE u32 keep(const Symbols& own, Symbols& next, u32 n) {
        const u32 each = (n + blockDim.x - 1) / blockDim.x;
        const u32 first = threadIdx.x * each < n ? threadIdx.x * each : n;
        const u32 last = first + each < n ? first + each : n;
        u32 kept = 0;
        for (u32 i = first; i < last; i++) {
            kept += i == 0 || !merges_at(own, n, i - 1);
        }
        add_up(sums, kept);
        u32 to = sums[threadIdx.x] - kept;
        for (u32 i = first; i < last; i++) {
            if (i == 0 || !merges_at(own, n, i - 1)) {
                next.ids[to] = merges_at(own, n, i) ? own.products[i] | SAFE : own.ids[i] & ~SAFE;
                next.ranks[to] = own.ranks[i];
                next.products[to] = own.products[i];
                to++;
            }
        }
        __syncthreads();
        return sums[blockDim.x - 1];
    }
};

// Looks up the pairs that have a new symbol.
DEVICE void rank_new(const Vocabulary& vocabulary, Symbols& own, u32 n) {
    for (u32 i = threadIdx.x; i + 1 < n; i += blockDim.x) {
        if ((own.ids[i] | own.ids[i + 1]) & SAFE) {
            const Merge merge = vocabulary.merge(own.ids[i] & ~SAFE, own.ids[i + 1] & ~SAFE);
            own.ranks[i] = merge.rank;
            own.products[i] = merge.id;
        }
    }
    __syncthreads();
}

// Merges a word of up to 1,024 bytes in a block.
DEVICE void merge_long(const Vocabulary& vocabulary, WordRoom& room, u32 at) {
    u32 n = vocabulary.text.word_end(at) - at;
    u32 which = 0;
    for (u32 i = threadIdx.x; i < n; i += blockDim.x) {
        room.symbols[0].ids[i] = vocabulary.byte_id(at + i) | SAFE;
    }
    __syncthreads();
    rank_new(vocabulary, room.symbols[0], n);
    while (true) {
        room.find_best(room.symbols[which], n);
        // With one symbol left there is no rank.
        if ((u32)(room.best[0] >> 32) == NO_RANK) {
            break;
        }
        n = room.keep(room.symbols[which], room.symbols[1 - which], n);
        which = 1 - which;
        rank_new(vocabulary, room.symbols[which], n);
    }
    for (u32 i = threadIdx.x; i < n; i += blockDim.x) {
        vocabulary.text.put(at + i, room.symbols[which].ids[i] & ~SAFE);
    }
    __syncthreads();
}

ENTRY(tokenize_long) {
    __shared__ Marks marks;
    // At most one word in every 33 bytes is long.
    __shared__ u16 listed[LONG_BITS];
    __shared__ WordRoom room;
    const Job job = jobs[blockIdx.y];
    const PairConstants it = model_of<PairConstants>(tables, job);
    const Text text(job, src, dst);
    const Vocabulary vocabulary{text, tables + job.constants, it};
    for (u32 at = blockIdx.x * LONG_BITS; at * 32 < text.n; at += gridDim.x * LONG_BITS) {
        marks.read(text.unmerged + at, LONG_BITS);
        marks.list(listed);
        for (u32 i = 0; i < marks.all(); i++) {
            merge_long(vocabulary, room, at * 32 + listed[i]);
        }
        __syncthreads();
    }
}

ENTRY(tokenize_count) {
    const Job job = jobs[blockIdx.y];
    const Text text(job, src, dst);
    for (u32 chunk = thread_of_grid(); chunk < text.chunks; chunk += threads_of_grid()) {
        u32 n = 0;
        for (u32 i = 0; i < TEXT_BITS; i++) {
            n += (u32)__popc(text.found[chunk * TEXT_BITS + i]);
        }
        text.counts[chunk] = n;
    }
}

ENTRY(tokenize_places) {
    __shared__ u32 sums[1024];
    const Job job = jobs[blockIdx.y];
    const Text text(job, src, dst);
    const u32 each = (text.chunks + blockDim.x - 1) / blockDim.x;
    // Other blocks have nothing to do.
    const u32 n = blockIdx.x == 0 ? text.chunks : 0;
    const u32 first = threadIdx.x * each < n ? threadIdx.x * each : n;
    const u32 last = first + each < n ? first + each : n;
    u32 own = 0;
    for (u32 chunk = first; chunk < last; chunk++) {
        own += text.counts[chunk];
    }
    add_up(sums, own);
    u32 place = sums[threadIdx.x] - own;
    for (u32 chunk = first; chunk < last; chunk++) {
        const u32 here = text.counts[chunk];
        text.counts[chunk] = place;
        place += here;
    }
    if (blockIdx.x == 0 && threadIdx.x == 0) {
        text.counts[text.chunks] = sums[blockDim.x - 1];
    }
}

ENTRY(tokenize_write) {
    __shared__ Marks marks;
    const Job job = jobs[blockIdx.y];
    // Only read here.
    const Text text(job, src, const_cast<u32*>(aux));
    const Rows& rows = text.rows;
    u32* offsets = dst + job.dst_offsets;
    for (u32 chunk = blockIdx.x; chunk < text.chunks; chunk += gridDim.x) {
        marks.read(text.found + chunk * TEXT_BITS, TEXT_BITS);
        const u32 base = text.counts[chunk], begin = chunk * TEXT_CHUNK;
        for (u32 at = threadIdx.x; at < TEXT_CHUNK; at += blockDim.x) {
            if (marks.has(at)) {
                dst[job.dst + base + marks.before_place(at)] = text.ids[begin + at];
            }
        }
        for (u32 row = first_from(rows.offsets, rows.n, begin) + threadIdx.x; row < rows.n; row += blockDim.x) {
            const u32 at = rows.offsets[row];
            if (at - begin >= TEXT_CHUNK || at >= text.n) {
                break;
            }
            offsets[row] = 4 * (base + marks.before_place(at - begin));
        }
        __syncthreads();
    }
    // Rows that begin where all bytes end, and the end of the last.
    if (blockIdx.x == 0) {
        u32 row = first_from(rows.offsets, rows.n, text.n) + threadIdx.x;
        for (; row <= rows.n; row += blockDim.x) {
            offsets[row] = 4 * text.counts[text.chunks];
        }
    }
}
