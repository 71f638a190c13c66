// `squeeze`: see kernels/src/squeeze/mod.rs for what it means, and for what a
// summary is. Four passes: each chunk is counted by a workgroup; one workgroup
// scans the counts; words that chunks share become zero; each chunk is written.
//
// Chunks know nothing of rows: all rows are one sequence of bytes, and where a row
// begins no run goes on.

const CHUNK: u32 = 2048u;
// Bytes of a chunk that an invocation looks at.
const EACH: u32 = 8u;

const KEEP: u32 = 0u;
const SQUEEZE: u32 = 1u;

// How a run stands at the end of a chunk: as at its beginning, or one way.
const AS_BEFORE: u32 = 0u;
const NO_RUN: u32 = 1u;
const IN_RUN: u32 = 2u;

// A summary in a word: how many bytes are written if no run goes on; how a run
// stands at the end; 1 in the lowest bit if there is one byte less in a run.
fn summary(n: u32, end: u32, less: u32) -> u32 {
    return (n << 3u) | (end << 1u) | less;
}

fn end_of(a: u32) -> u32 {
    return (a >> 1u) & 3u;
}

fn then(a: u32, b: u32) -> u32 {
    let end_a = end_of(a);
    // What b leaves, entered as a leaves: out of a run, and in one.
    let n_after_none = (b >> 3u) - select(0u, b & 1u, end_a == IN_RUN);
    let n_after_run = (b >> 3u) - select(b & 1u, 0u, end_a == NO_RUN);
    let n_none = (a >> 3u) + n_after_none;
    let n_run = (a >> 3u) - (a & 1u) + n_after_run;
    let end = select(end_of(b), end_a, end_of(b) == AS_BEFORE);
    return summary(n_none, end, n_none - n_run);
}

// A bit for each byte of the chunk at which a row begins.
var<workgroup> begins: array<atomic<u32>, 64>;
var<workgroup> scanned: array<u32, 256>;
// What a chunk writes, one byte a word.
var<workgroup> written: array<u32, 2048>;
// For each invocation, where its bytes go, and which of them are written.
var<workgroup> places: array<u32, 256>;

fn class_of(job: Job, byte: u32) -> u32 {
    return (tables[job.constants + 1u + (byte >> 2u)] >> ((byte & 3u) << 3u)) & 3u;
}

// Marks where rows begin in the chunk from `begin` on.
fn mark(job: Job, begin: u32, local: u32) {
    if local < 64u {
        atomicStore(&begins[local], 0u);
    }
    workgroupBarrier();
    let first = first_from(job.src_offsets, job.n_items, begin);
    for (var row = first + local; row < job.n_items; row += 256u) {
        let at = src[job.src_offsets + row];
        if at >= begin + CHUNK {
            break;
        }
        atomicOr(&begins[(at - begin) >> 5u], 1u << ((at - begin) & 31u));
    }
    workgroupBarrier();
}

fn begins_row(at: u32) -> bool {
    return ((atomicLoad(&begins[at >> 5u]) >> (at & 31u)) & 1u) == 1u;
}

// The summary of an invocation's bytes.
fn own_summary(job: Job, begin: u32, local: u32) -> u32 {
    let n = src_bytes(job);
    var all = summary(0u, AS_BEFORE, 0u);
    for (var i = 0u; i < EACH; i += 1u) {
        let at = local * EACH + i;
        if begin + at >= n {
            break;
        }
        if begins_row(at) {
            all = then(all, summary(0u, NO_RUN, 0u));
        }
        let class_ = class_of(job, src_byte(job.src * 4u + begin + at));
        if class_ == KEEP {
            all = then(all, summary(1u, NO_RUN, 0u));
        } else if class_ == SQUEEZE {
            all = then(all, summary(1u, IN_RUN, 1u));
        }
    }
    return all;
}

// Scans the summaries of all invocations; leaves in `scanned` what each has up to
// its own end.
fn scan(own: u32, local: u32) {
    scanned[local] = own;
    workgroupBarrier();
    for (var distance = 1u; distance < 256u; distance <<= 1u) {
        var all = scanned[local];
        if local >= distance {
            all = then(scanned[local - distance], all);
        }
        workgroupBarrier();
        scanned[local] = all;
        workgroupBarrier();
    }
}

fn n_chunks(job: Job) -> u32 {
    return (src_bytes(job) + CHUNK - 1u) / CHUNK;
}

@compute @workgroup_size(256)
fn squeeze_count(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(num_workgroups) n_workgroups: vec3<u32>,
) {
    let job = jobs[group.y];
    for (var chunk = group.x; chunk < n_chunks(job); chunk += n_workgroups.x) {
        mark(job, chunk * CHUNK, local.x);
        scan(own_summary(job, chunk * CHUNK, local.x), local.x);
        if local.x == 255u {
            atomicStore(&dst_words[job.aux + chunk], scanned[255]);
        }
        workgroupBarrier();
    }
    tell_if_cut_short(job);
}

// A summary as it is entered from the beginning: where the next bytes go, and
// whether a run goes on there, in the lowest bit.
fn entered(before: u32) -> u32 {
    return ((before >> 3u) << 1u) | select(0u, 1u, end_of(before) == IN_RUN);
}

@compute @workgroup_size(256)
fn squeeze_scan(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let job = jobs[group.y];
    let n = n_chunks(job);
    let each = (n + 255u) / 256u;
    let begin = min(local.x * each, n);
    let end = min(begin + each, n);
    var own = summary(0u, AS_BEFORE, 0u);
    for (var chunk = begin; chunk < end; chunk += 1u) {
        own = then(own, atomicLoad(&dst_words[job.aux + chunk]));
    }
    scan(own, local.x);
    var before = summary(0u, AS_BEFORE, 0u);
    if local.x > 0u {
        before = scanned[local.x - 1u];
    }
    for (var chunk = begin; chunk < end; chunk += 1u) {
        let of_chunk = atomicLoad(&dst_words[job.aux + chunk]);
        atomicStore(&dst_words[job.aux + chunk], entered(before));
        before = then(before, of_chunk);
    }
    if local.x == 255u {
        atomicStore(&dst_words[job.aux + n], entered(scanned[255]));
    }
    tell_if_cut_short(job);
}

@compute @workgroup_size(256)
fn squeeze_edges(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) n_workgroups: vec3<u32>,
) {
    let job = jobs[id.y];
    let n = n_chunks(job);
    for (var chunk = id.x; chunk <= n; chunk += stride(n_workgroups)) {
        let place = aux[job.aux + chunk] >> 1u;
        if (place & 3u) != 0u {
            atomicStore(&dst_words[job.dst + (place >> 2u)], 0u);
        }
    }
    // Rows that begin where all bytes end, and the end of the last.
    let all = aux[job.aux + n] >> 1u;
    let first = first_from(job.src_offsets, job.n_items, src_bytes(job));
    for (var row = first + id.x; row <= job.n_items; row += stride(n_workgroups)) {
        atomicStore(&dst_words[job.dst_offsets + row], all);
    }
    tell_if_cut_short(job);
}

// Puts an invocation's bytes among those of the chunk; gives which were written.
fn put(job: Job, begin: u32, local: u32, place: u32, in_run: bool) -> u32 {
    let n = src_bytes(job);
    var kept = 0u;
    var next = place;
    var runs = in_run;
    for (var i = 0u; i < EACH; i += 1u) {
        let at = local * EACH + i;
        if begin + at >= n {
            break;
        }
        if begins_row(at) {
            runs = false;
        }
        let byte = src_byte(job.src * 4u + begin + at);
        let class_ = class_of(job, byte);
        if class_ == KEEP || (class_ == SQUEEZE && !runs) {
            written[next] = select(byte, tables[job.constants], class_ == SQUEEZE);
            next += 1u;
            kept |= 1u << i;
        }
        runs = select(select(runs, true, class_ == SQUEEZE), false, class_ == KEEP);
    }
    return kept;
}

// Writes the offsets of the rows that begin in a chunk.
fn put_offsets(job: Job, begin: u32, base: u32, local: u32) {
    let first = first_from(job.src_offsets, job.n_items, begin);
    for (var row = first + local; row < job.n_items; row += 256u) {
        let at = src[job.src_offsets + row] - begin;
        if at >= CHUNK || begin + at >= src_bytes(job) {
            break;
        }
        let place = places[at / EACH];
        let before = (place & 0xffu) & ((1u << (at % EACH)) - 1u);
        atomicStore(&dst_words[job.dst_offsets + row], base + (place >> 8u) + countOneBits(before));
    }
}

// Writes what a chunk leaves as words; those it shares with others are merged.
fn put_words(job: Job, base: u32, n: u32, local: u32) {
    for (var word = (base >> 2u) + local; word * 4u < base + n; word += 256u) {
        var bits = 0u;
        for (var i = 0u; i < 4u; i += 1u) {
            let at = word * 4u + i;
            if at >= base && at < base + n {
                bits |= written[at - base] << (i << 3u);
            }
        }
        if word * 4u >= base && word * 4u + 4u <= base + n {
            atomicStore(&dst_words[job.dst + word], bits);
        } else {
            atomicOr(&dst_words[job.dst + word], bits);
        }
    }
}

@compute @workgroup_size(256)
fn squeeze_write(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(num_workgroups) n_workgroups: vec3<u32>,
) {
    let job = jobs[group.y];
    for (var chunk = group.x; chunk < n_chunks(job); chunk += n_workgroups.x) {
        let begin = chunk * CHUNK;
        mark(job, begin, local.x);
        scan(own_summary(job, begin, local.x), local.x);
        // The chunk as it is entered, and then up to this invocation.
        let at_chunk = aux[job.aux + chunk];
        let base = at_chunk >> 1u;
        var before = summary(0u, select(NO_RUN, IN_RUN, (at_chunk & 1u) == 1u), 0u);
        let whole = then(before, scanned[255]);
        if local.x > 0u {
            before = then(before, scanned[local.x - 1u]);
        }
        let place = before >> 3u;
        let kept = put(job, begin, local.x, place, end_of(before) == IN_RUN);
        places[local.x] = (place << 8u) | kept;
        workgroupBarrier();
        put_offsets(job, begin, base, local.x);
        put_words(job, base, whole >> 3u, local.x);
        workgroupBarrier();
    }
    tell_if_cut_short(job);
}
