// `squeeze` on NVIDIA GPUs, byte for byte what scalar.rs does; mod.rs says what a
// summary is. Four launches: each chunk is counted by a block; one block scans the
// counts; words that chunks share become zero; each chunk is written.
//
// Chunks know nothing of rows: all rows are one sequence of bytes, and where a row
// begins no run goes on.
#include "rows.cuh"

constexpr u32 CHUNK = 2048;

enum Class : u32 { KEEP, SQUEEZE, DROP };

// How a run stands at the end of a chunk: as at its beginning, or one way.
enum End : u32 { AS_BEFORE, NO_RUN, IN_RUN };

// A summary in a word: how many bytes are written if no run goes on; how a run
// stands at the end; 1 in the lowest bit if there is one byte less in a run.
DEVICE u32 summary(u32 n, u32 end, u32 less) {
    return n << 3 | end << 1 | less;
}

DEVICE u32 end_of(u32 a) {
    return a >> 1 & 3;
}

DEVICE u32 then(u32 a, u32 b) {
    const u32 end_a = end_of(a), less = b & 1;
    // What b leaves, entered as a leaves: out of a run, and in one.
    const u32 n_after_none = (b >> 3) - (end_a == IN_RUN ? less : 0);
    const u32 n_after_run = (b >> 3) - (end_a == NO_RUN ? 0 : less);
    const u32 n_none = (a >> 3) + n_after_none;
    const u32 n_run = (a >> 3) - (a & 1) + n_after_run;
    return summary(n_none, end_of(b) == AS_BEFORE ? end_a : end_of(b), n_none - n_run);
}

// A summary as it is entered from the beginning: where the next bytes go, and
// whether a run goes on there, in the lowest bit.
DEVICE u32 entered(u32 before) {
    return before >> 3 << 1 | (end_of(before) == IN_RUN ? 1 : 0);
}

DEVICE u32 chunks_of(const Rows& rows) {
    return (rows.len() + CHUNK - 1) / CHUNK;
}

// Scans one summary a thread; leaves in `scanned` what each has up to its own end.
DEVICE void scan(u32* scanned, u32 own) {
    scanned[threadIdx.x] = own;
    __syncthreads();
    for (u32 distance = 1; distance < blockDim.x; distance <<= 1) {
        u32 all = scanned[threadIdx.x];
        if (threadIdx.x >= distance) {
            all = then(scanned[threadIdx.x - distance], all);
        }
        __syncthreads();
        scanned[threadIdx.x] = all;
        __syncthreads();
    }
}

// A chunk of a job, as a block works on it.
struct Chunk {
    Rows rows;
    const u8* bytes;
    const u32* constants;
    u32 begin;
    // Bytes of the chunk, and of each thread.
    u32 len;
    u32 each;
    // A bit for each byte at which a row begins, in shared memory.
    u32* begins;

    DEVICE Chunk(const Rows& rows, const u32* __restrict__ constants, u32 chunk, u32* begins)
        : rows(rows),
          bytes(rows.bytes + chunk * CHUNK),
          constants(constants),
          begin(chunk * CHUNK),
          len(rows.len() - chunk * CHUNK < CHUNK ? rows.len() - chunk * CHUNK : CHUNK),
          each((CHUNK + blockDim.x - 1) / blockDim.x),
          begins(begins) {
        for (u32 i = threadIdx.x; i < CHUNK / 32; i += blockDim.x) {
            begins[i] = 0;
        }
        __syncthreads();
        const u32 first = first_from(rows.offsets, rows.n, begin);
        for (u32 row = first + threadIdx.x; row < rows.n; row += blockDim.x) {
            const u32 at = rows.offsets[row] - begin;
            if (at >= CHUNK) {
                break;
            }
            atomicOr(begins + at / 32, 1u << at % 32);
        }
        __syncthreads();
    }

    DEVICE bool begins_row(u32 at) const {
        return begins[at / 32] >> at % 32 & 1;
    }

    DEVICE u32 class_of(u32 byte) const {
        return constants[1 + byte / 4] >> byte % 4 * 8 & 3;
    }

    DEVICE u32 first() const {
        return threadIdx.x * each;
    }

    DEVICE u32 last() const {
        return first() + each < len ? first() + each : len;
    }

    // The summary of a thread's bytes.
    DEVICE u32 own_summary() const {
        u32 all = summary(0, AS_BEFORE, 0);
        for (u32 at = first(); at < last(); at++) {
            if (begins_row(at)) {
                all = then(all, summary(0, NO_RUN, 0));
            }
            const u32 kind = class_of(bytes[at]);
            if (kind == KEEP) {
                all = then(all, summary(1, NO_RUN, 0));
            } else if (kind == SQUEEZE) {
                all = then(all, summary(1, IN_RUN, 1));
            }
        }
        return all;
    }

    // Puts a thread's bytes among those of the chunk from `place` on, and the
    // offsets of rows that begin there.
    DEVICE void put(u8* written, u32* new_offsets, u32 base, u32 before) const {
        u32 place = before >> 3;
        bool in_run = end_of(before) == IN_RUN;
        for (u32 at = first(); at < last(); at++) {
            if (begins_row(at)) {
                in_run = false;
                u32 row = first_from(rows.offsets, rows.n, begin + at);
                for (; row < rows.n && rows.offsets[row] == begin + at; row++) {
                    new_offsets[row] = base + place;
                }
            }
            const u32 kind = class_of(bytes[at]);
            if (kind == KEEP || (kind == SQUEEZE && !in_run)) {
                written[place++] = (u8)(kind == SQUEEZE ? constants[0] : bytes[at]);
            }
            in_run = kind == SQUEEZE || (kind == DROP && in_run);
        }
    }
};

ENTRY(squeeze_count) {
    __shared__ u32 begins[CHUNK / 32];
    __shared__ u32 scanned[1024];
    const Job job = jobs[blockIdx.y];
    const Rows rows(job, src);
    for (u32 chunk = blockIdx.x; chunk < chunks_of(rows); chunk += gridDim.x) {
        const Chunk it(rows, tables + job.constants, chunk, begins);
        scan(scanned, it.own_summary());
        if (threadIdx.x == 0) {
            dst[job.aux + chunk] = scanned[blockDim.x - 1];
        }
        __syncthreads();
    }
}

ENTRY(squeeze_scan) {
    __shared__ u32 scanned[1024];
    const Job job = jobs[blockIdx.y];
    u32* summaries = dst + job.aux;
    const u32 n = chunks_of(Rows(job, src)), each = (n + blockDim.x - 1) / blockDim.x;
    // Other blocks have nothing to do.
    const u32 first = threadIdx.x * each < n && blockIdx.x == 0 ? threadIdx.x * each : n;
    const u32 last = first + each < n ? first + each : n;
    u32 own = summary(0, AS_BEFORE, 0);
    for (u32 chunk = first; chunk < last; chunk++) {
        own = then(own, summaries[chunk]);
    }
    scan(scanned, own);
    u32 before = threadIdx.x == 0 ? summary(0, AS_BEFORE, 0) : scanned[threadIdx.x - 1];
    for (u32 chunk = first; chunk < last; chunk++) {
        const u32 of_chunk = summaries[chunk];
        summaries[chunk] = entered(before);
        before = then(before, of_chunk);
    }
    if (threadIdx.x == 0 && blockIdx.x == 0) {
        summaries[n] = entered(scanned[blockDim.x - 1]);
    }
}

ENTRY(squeeze_edges) {
    const Job job = jobs[blockIdx.y];
    const Rows rows(job, src);
    const u32* entries = aux + job.aux;
    const u32 n = chunks_of(rows);
    for (u32 chunk = thread_of_grid(); chunk <= n; chunk += threads_of_grid()) {
        const u32 place = entries[chunk] >> 1;
        // Chunks without bytes may have the same place: any thread writes the same.
        if (place % 4 != 0) {
            atomicAnd(dst + job.dst + place / 4, 0u);
        }
    }
    // Rows that begin where all bytes end, and the end of the last.
    const u32 first = first_from(rows.offsets, rows.n, rows.len());
    for (u32 row = first + thread_of_grid(); row <= rows.n; row += threads_of_grid()) {
        dst[job.dst_offsets + row] = entries[n] >> 1;
    }
}

ENTRY(squeeze_write) {
    __shared__ u32 begins[CHUNK / 32];
    __shared__ u32 scanned[1024];
    __shared__ u8 written[CHUNK];
    const Job job = jobs[blockIdx.y];
    const Rows rows(job, src);
    for (u32 chunk = blockIdx.x; chunk < chunks_of(rows); chunk += gridDim.x) {
        const Chunk it(rows, tables + job.constants, chunk, begins);
        scan(scanned, it.own_summary());
        const u32 entry = aux[job.aux + chunk], base = entry >> 1;
        const u32 at_begin = summary(0, entry & 1 ? IN_RUN : NO_RUN, 0);
        const u32 n = then(at_begin, scanned[blockDim.x - 1]) >> 3;
        const u32 before = threadIdx.x == 0 ? at_begin : then(at_begin, scanned[threadIdx.x - 1]);
        it.put(written, dst + job.dst_offsets, base, before);
        __syncthreads();
        // As words; those that the chunk shares with others are merged.
        for (u32 word = base / 4 + threadIdx.x; word * 4 < base + n; word += blockDim.x) {
            u32 bits = 0;
            for (u32 i = 0; i < 4; i++) {
                const u32 at = word * 4 + i;
                if (at >= base && at < base + n) {
                    bits |= (u32)written[at - base] << i * 8;
                }
            }
            if (word * 4 >= base && word * 4 + 4 <= base + n) {
                dst[job.dst + word] = bits;
            } else {
                atomicOr(dst + job.dst + word, bits);
            }
        }
        __syncthreads();
    }
}
