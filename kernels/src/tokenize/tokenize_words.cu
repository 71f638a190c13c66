// `tokenize` on NVIDIA GPUs, where words begin: device/mod.rs says what the passes do,
// and device/passes/ does the same in Rust.
#include "text.cuh"

constexpr u32 APOSTROPHE = 1, ONE_LETTER = 11, TWO_LETTERS = 12;
// Within a character.
constexpr u32 NO_SYMBOL = 16;

// What reading a stretch does to an automaton: four bits for each of its states.
constexpr u64 IDENTITY = 0xfedcba9876543210;

DEVICE u32 state_of(u64 map, u32 state) {
    return (u32)(map >> 4 * state) & 15;
}

DEVICE u64 then(u64 a, u64 b) {
    u64 all = 0;
    for (u32 at = 0; at < 64; at += 4) {
        all |= (u64)state_of(b, (u32)(a >> at) & 15) << at;
    }
    return all;
}

// Shared memory of a chunk.
struct ChunkRoom {
    // A bit for each byte, and a few behind them, at which a row begins.
    u32 begins[TEXT_BITS + 1];
    u8 symbols[TEXT_CHUNK];
    // The state from behind that each byte is entered in.
    u8 behind[TEXT_CHUNK];
    u8 is_word[TEXT_CHUNK];
    // What threads do to both automata, with all before and behind them.
    u64 forward[1024];
    u64 backward[1024];
};

DEVICE void scan_maps(ChunkRoom& room, u64 ahead, u64 back) {
    const u32 t = threadIdx.x;
    room.forward[t] = ahead;
    room.backward[t] = back;
    __syncthreads();
    for (u32 distance = 1; distance < blockDim.x; distance <<= 1) {
        u64 before = room.forward[t], behind = room.backward[t];
        if (t >= distance) {
            before = then(room.forward[t - distance], before);
        }
        if (t + distance < blockDim.x) {
            behind = then(room.backward[t + distance], behind);
        }
        __syncthreads();
        room.forward[t] = before;
        room.backward[t] = behind;
        __syncthreads();
    }
}

// The state that a thread is entered in, from the left and from the right.
DEVICE u32 entered_left(const ChunkRoom& room, u32 state) {
    return threadIdx.x == 0 ? state : state_of(room.forward[threadIdx.x - 1], state);
}

DEVICE u32 entered_right(const ChunkRoom& room, u32 state) {
    return threadIdx.x + 1 == blockDim.x ? state : state_of(room.backward[threadIdx.x + 1], state);
}

// A chunk of a text, as a block works on it.
struct Chunk {
    const Text& text;
    const u32* constants;
    const CutConstants& it;
    ChunkRoom& room;
    u32 begin;
    // The bytes of each thread.
    u32 first;
    u32 last;

    DEVICE Chunk(const Text& text, const u32* __restrict__ constants, const CutConstants& it,
                 ChunkRoom& room, u32 chunk)
        : text(text), constants(constants), it(it), room(room), begin(chunk * TEXT_CHUNK) {
        const u32 len = text.n - begin < TEXT_CHUNK ? text.n - begin : TEXT_CHUNK;
        const u32 each = (TEXT_CHUNK + blockDim.x - 1) / blockDim.x;
        first = threadIdx.x * each < len ? threadIdx.x * each : len;
        last = first + each < len ? first + each : len;
        mark_rows();
    }

    // Marks where rows begin.
    DEVICE void mark_rows() const {
        for (u32 i = threadIdx.x; i <= TEXT_BITS; i += blockDim.x) {
            room.begins[i] = 0;
        }
        __syncthreads();
        const Rows& rows = text.rows;
        for (u32 row = first_from(rows.offsets, rows.n, begin) + threadIdx.x; row < rows.n; row += blockDim.x) {
            const u32 at = rows.offsets[row] - begin;
            if (at >= TEXT_CHUNK + 32) {
                break;
            }
            atomicOr(room.begins + at / 32, 1u << at % 32);
        }
        __syncthreads();
    }

    DEVICE bool begins_row(u32 at) const {
        return room.begins[at / 32] >> at % 32 & 1;
    }

    DEVICE u64 map_at(u32 table, u32 symbol) const {
        const u32* map = constants + table + 2 * symbol;
        return (u64)map[1] << 32 | map[0];
    }

    DEVICE u32 apostrophe(u32 at) const {
        if (it.shortened == 0 || begins_row(at + 1)) {
            return APOSTROPHE;
        }
        u32 one = text.byte(begin + at + 1);
        u32 two = begins_row(at + 2) ? 0 : text.byte(begin + at + 2);
        if (it.shortened == 2) {
            if (one == 0xc5 && two == 0xbf) {
                return ONE_LETTER;
            }
            one |= 0x20;
            two |= 0x20;
        }
        if (one == 's' || one == 't' || one == 'm' || one == 'd') {
            return ONE_LETTER;
        }
        const bool ends_in_e = (one == 'r' || one == 'v') && two == 'e';
        return ends_in_e || (one == 'l' && two == 'l') ? TWO_LETTERS : APOSTROPHE;
    }

    DEVICE u32 symbol_at(u32 at) const {
        const u32 place = begin + at, lead = text.byte(place);
        if ((lead & 0xc0) == 0x80) {
            return NO_SYMBOL;
        }
        if (lead == '\'') {
            return apostrophe(at);
        }
        const Pages pages{constants, it};
        u32 next;
        return pages.symbol(pages.place(text.codepoint(place, next)));
    }

    // Reads a thread's symbols, and scans what all do to both automata.
    DEVICE void read() const {
        u64 ahead = IDENTITY, back = IDENTITY;
        for (u32 at = first; at < last; at++) {
            const u32 symbol = symbol_at(at);
            room.symbols[at] = (u8)symbol;
            ahead = begins_row(at) ? 0 : ahead;
            if (symbol != NO_SYMBOL) {
                ahead = then(ahead, map_at(it.forward, symbol));
            }
        }
        for (u32 at = last; at-- > first;) {
            const u32 symbol = room.symbols[at];
            if (symbol != NO_SYMBOL) {
                back = then(back, map_at(it.backward, symbol));
            }
            back = begins_row(at) ? 0 : back;
        }
        scan_maps(room, ahead, back);
    }

    // Finds where words begin among a thread's bytes.
    DEVICE void find_words(u32 before, u32 behind) const {
        for (u32 at = last; at-- > first;) {
            const u32 symbol = room.symbols[at];
            if (symbol != NO_SYMBOL) {
                behind = state_of(map_at(it.backward, symbol), behind);
            }
            room.behind[at] = (u8)behind;
            behind = begins_row(at) ? 0 : behind;
        }
        for (u32 at = first; at < last; at++) {
            const u32 symbol = room.symbols[at];
            before = begins_row(at) ? 0 : before;
            room.is_word[at] = 0;
            if (symbol != NO_SYMBOL) {
                const u32 row = constants[it.begins + before];
                room.is_word[at] = begins_row(at) || (row >> room.behind[at] & 1);
                before = state_of(map_at(it.forward, symbol), before);
            }
        }
        __syncthreads();
    }
};

ENTRY(tokenize_maps) {
    __shared__ ChunkRoom room;
    const Job job = jobs[blockIdx.y];
    const CutConstants it = constants_of<CutConstants>(tables, job);
    const Text text(job, src, dst);
    for (u32 chunk = blockIdx.x; chunk < text.chunks; chunk += gridDim.x) {
        const Chunk own(text, tables + job.constants, it, room, chunk);
        own.read();
        if (threadIdx.x == 0) {
            const u64 maps[2] = {room.forward[blockDim.x - 1], room.backward[0]};
            for (u32 i = 0; i < 4; i++) {
                text.maps[4 * chunk + i] = (u32)(maps[i / 2] >> i % 2 * 32);
            }
        }
        __syncthreads();
    }
}

DEVICE u64 chunk_map(const u32* at) {
    return (u64)at[1] << 32 | at[0];
}

ENTRY(tokenize_states) {
    __shared__ ChunkRoom room;
    const Job job = jobs[blockIdx.y];
    const Text text(job, src, dst);
    const u32 each = (text.chunks + blockDim.x - 1) / blockDim.x;
    // Other blocks have nothing to do.
    const u32 n = blockIdx.x == 0 ? text.chunks : 0;
    const u32 first = threadIdx.x * each < n ? threadIdx.x * each : n;
    const u32 last = first + each < n ? first + each : n;
    u64 ahead = IDENTITY, back = IDENTITY;
    for (u32 i = 0; i < last - first; i++) {
        ahead = then(ahead, chunk_map(text.maps + 4 * (first + i)));
        back = then(back, chunk_map(text.maps + 4 * (last - 1 - i) + 2));
    }
    scan_maps(room, ahead, back);
    u32 before = entered_left(room, 0), behind = entered_right(room, 0);
    for (u32 i = 0; i < last - first; i++) {
        u32* left = text.maps + 4 * (first + i);
        const u32 next = state_of(chunk_map(left), before);
        left[0] = before;
        before = next;
        u32* right = text.maps + 4 * (last - 1 - i) + 2;
        const u32 previous = state_of(chunk_map(right), behind);
        right[0] = behind;
        behind = previous;
    }
}

ENTRY(tokenize_words) {
    __shared__ ChunkRoom room;
    const Job job = jobs[blockIdx.y];
    const CutConstants it = constants_of<CutConstants>(tables, job);
    const Text text(job, src, dst);
    for (u32 chunk = blockIdx.x; chunk < text.chunks; chunk += gridDim.x) {
        const Chunk own(text, tables + job.constants, it, room, chunk);
        own.read();
        const u32* states = text.maps + 4 * chunk;
        own.find_words(entered_left(room, states[0]), entered_right(room, states[2]));
        for (u32 word = threadIdx.x; word < TEXT_BITS; word += blockDim.x) {
            u32 bits = 0;
            for (u32 i = 0; i < 32 && own.begin + word * 32 + i < text.n; i++) {
                bits |= (u32)room.is_word[word * 32 + i] << i;
            }
            text.begins[chunk * TEXT_BITS + word] = bits;
            text.found[chunk * TEXT_BITS + word] = 0;
            text.unmerged[chunk * TEXT_BITS + word] = 0;
        }
        __syncthreads();
    }
}
