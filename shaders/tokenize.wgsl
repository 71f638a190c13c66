// `tokenize`, the ids of words by byte pairs, and what all models end with: see
// kernels/src/tokenize/device/mod.rs for what the passes do, and passes/ there for the
// same in Rust.

const SHORT: u32 = 32u;
const NO_RANK: u32 = 0xffffffffu;
const SAFE: u32 = 0x80000000u;

// The symbols that a word is by now, each with the rank of the pair that it begins,
// and with what that pair merges into.
var<private> own_symbols: array<u32, 32>;
var<private> own_ranks: array<u32, 32>;
// The same for a word that a workgroup merges. A symbol that is new in a round has
// the bit SAFE.
var<workgroup> symbols: array<u32, 1024>;
var<workgroup> ranks: array<u32, 1024>;
var<workgroup> products: array<u32, 1024>;
// For each invocation, its lowest rank and where that is.
var<workgroup> best: array<vec2<u32>, 256>;
var<workgroup> sums: array<u32, 256>;
var<workgroup> n_symbols: u32;
// Where the long words at hand begin: at most one in every 33 bytes does.
var<workgroup> long_words: array<u32, 8>;

// The constants of byte pairs.
fn byte_pairs(job: Job) -> PairConstants {
    return pair_constants(job.constants + CUT_CONSTANTS_WORDS);
}

// Up to four bytes of a text, as a word.
fn text_word(job: Job, at: u32, len: u32) -> u32 {
    let shift = (at & 3u) << 3u;
    var word = src[job.src + (at >> 2u)] >> shift;
    if (at & 3u) + min(len, 4u) > 4u {
        word |= src[job.src + (at >> 2u) + 1u] << (32u - shift);
    }
    return select(word, word & ((1u << ((len & 3u) << 3u)) - 1u), len < 4u);
}

// A word of up to 15 bytes with their number behind them.
fn key_of(job: Job, at: u32, len: u32) -> vec4<u32> {
    var key = vec4<u32>(0u);
    for (var i = 0u; 4u * i < len; i += 1u) {
        key[i] = text_word(job, at + 4u * i, len - 4u * i);
    }
    key.w |= len << 24u;
    return key;
}

// The id of a longer word, if it is a token.
fn known_long(job: Job, it: PairConstants, at: u32, len: u32) -> u32 {
    var hash = len;
    for (var i = 0u; i < len; i += 4u) {
        hash = fold(hash, text_word(job, at + i, len - i));
    }
    hash = mixed(hash);
    for (var place = hash & it.long_mask;; place = (place + 1u) & it.long_mask) {
        let entry = job.constants + it.long_words + 4u * place;
        if tables[entry + 2u] == 0u {
            return NO_ID;
        }
        if tables[entry] != hash || tables[entry + 2u] != len {
            continue;
        }
        let known = job.constants + it.long_bytes + tables[entry + 1u];
        var same = true;
        for (var i = 0u; i < len && same; i += 4u) {
            same = tables[known + (i >> 2u)] == text_word(job, at + i, len - i);
        }
        if same {
            return tables[entry + 3u];
        }
    }
    return NO_ID;
}

@compute @workgroup_size(256)
fn tokenize_lookup(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(num_workgroups) n_workgroups: vec3<u32>,
) {
    let job = jobs[group.y];
    let it = byte_pairs(job);
    let parts = text_parts(job);
    for (var chunk = group.x; chunk < parts.chunks; chunk += n_workgroups.x) {
        list_bits(parts.begins + chunk * TEXT_BITS, chunk * TEXT_CHUNK, local.x);
        for (var i = local.x; i < set_before[TEXT_BITS]; i += 256u) {
            let at = listed[i];
            let len = word_end(parts, at) - at;
            var is_known = true;
            if len > LONG {
                put_id(parts, at, NO_ID);
            } else if len <= KEY {
                is_known = put_known(parts, job.constants + it.words, it.words_mask, at, key_of(job, at, len));
            } else {
                let id = known_long(job, it, at, len);
                is_known = id != NO_ID;
                if is_known {
                    put_id(parts, at, id);
                }
            }
            if !is_known {
                atomicOr(&dst_words[parts.unmerged + (at >> 5u)], 1u << (at & 31u));
            }
        }
        workgroupBarrier();
    }
    tell_if_cut_short(job);
}

// The rank of a pair, and what it merges into.
fn merge_of(job: Job, it: PairConstants, left: u32, right: u32) -> vec2<u32> {
    let hash = mixed(fold(left * 0x9e3779b1u, right));
    for (var place = hash & it.pairs_mask;; place = (place + 1u) & it.pairs_mask) {
        let entry = job.constants + it.pairs + 4u * place;
        let rank = tables[entry + 2u];
        if rank == NO_RANK || (tables[entry] == left && tables[entry + 1u] == right) {
            return vec2<u32>(rank, tables[entry + 3u]);
        }
    }
    return vec2<u32>(NO_RANK, NO_ID);
}

// Merges a word of up to 32 bytes: the lowest rank first, leftmost.
fn merge_short(job: Job, it: PairConstants, parts: TextParts, at: u32, len: u32) {
    for (var i = 0u; i < len; i += 1u) {
        own_symbols[i] = tables[job.constants + it.byte_ids + src_byte(job.src * 4u + at + i)];
    }
    for (var i = 0u; i + 1u < len; i += 1u) {
        own_ranks[i] = merge_of(job, it, own_symbols[i], own_symbols[i + 1u]).x;
    }
    var n = len;
    loop {
        var lowest = NO_RANK;
        var first = 0u;
        for (var i = 0u; i + 1u < n; i += 1u) {
            if own_ranks[i] < lowest {
                lowest = own_ranks[i];
                first = i;
            }
        }
        if lowest == NO_RANK {
            break;
        }
        own_symbols[first] = merge_of(job, it, own_symbols[first], own_symbols[first + 1u]).y & ~SAFE;
        n -= 1u;
        for (var i = first + 1u; i < n; i += 1u) {
            own_symbols[i] = own_symbols[i + 1u];
            own_ranks[i] = own_ranks[i + 1u];
        }
        if first + 1u < n {
            own_ranks[first] = merge_of(job, it, own_symbols[first], own_symbols[first + 1u]).x;
        }
        if first > 0u {
            own_ranks[first - 1u] = merge_of(job, it, own_symbols[first - 1u], own_symbols[first]).x;
        }
    }
    for (var i = 0u; i < n; i += 1u) {
        put_id(parts, at + i, own_symbols[i]);
    }
}

@compute @workgroup_size(256)
fn tokenize_short(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(num_workgroups) n_workgroups: vec3<u32>,
) {
    let job = jobs[group.y];
    let it = byte_pairs(job);
    let parts = text_parts(job);
    for (var chunk = group.x; chunk < parts.chunks; chunk += n_workgroups.x) {
        list_bits(parts.unmerged + chunk * TEXT_BITS, chunk * TEXT_CHUNK, local.x);
        for (var i = local.x; i < set_before[TEXT_BITS]; i += 256u) {
            let at = listed[i];
            let len = word_end(parts, at) - at;
            if len <= SHORT {
                merge_short(job, it, parts, at, len);
                atomicAnd(&dst_words[parts.unmerged + (at >> 5u)], ~(1u << (at & 31u)));
            }
        }
        workgroupBarrier();
    }
    tell_if_cut_short(job);
}

// Finds the leftmost of the lowest ranks of `n` symbols, for all invocations.
fn find_best(n: u32, local: u32) {
    var own = vec2<u32>(NO_RANK, 0u);
    for (var i = 4u * local; i < 4u * local + 4u; i += 1u) {
        if i + 1u < n && ranks[i] < own.x {
            own = vec2<u32>(ranks[i], i);
        }
    }
    best[local] = own;
    workgroupBarrier();
    halve(128u, local);
    halve(64u, local);
    halve(32u, local);
    halve(16u, local);
    halve(8u, local);
    halve(4u, local);
    halve(2u, local);
    halve(1u, local);
}

// Written out where it is used, as `add_distant` is: llvmpipe ends every loop of an
// invocation that has gone around 65,535 times in all its loops.
fn halve(half: u32, local: u32) {
    if local < half && best[local + half].x < best[local].x {
        best[local] = best[local + half];
    }
    workgroupBarrier();
}

// Whether the pair at `i` merges. Of pairs that overlap, every other one does from
// the left on.
fn merges_at(i: u32, n: u32, at_once: bool) -> bool {
    if i + 1u >= n || ranks[i] != best[0].x {
        return false;
    }
    if !at_once {
        return i == best[0].y;
    }
    var first = i;
    while first > 0u && ranks[first - 1u] == best[0].x {
        first -= 1u;
    }
    return ((i - first) & 1u) == 0u;
}

// What is left of an invocation's four symbols.
struct Kept {
    n: u32,
    symbols: vec4<u32>,
    ranks: vec4<u32>,
    products: vec4<u32>,
}

fn kept(n: u32, local: u32) -> Kept {
    let at_once = (products[best[0].y] & SAFE) != 0u;
    var all = Kept(0u, vec4<u32>(0u), vec4<u32>(0u), vec4<u32>(0u));
    var merged = local > 0u && merges_at(4u * local - 1u, n, at_once);
    for (var i = 4u * local; i < min(4u * local + 4u, n); i += 1u) {
        let is_gone = merged;
        merged = merges_at(i, n, at_once);
        if is_gone {
            continue;
        }
        all.symbols[all.n] = select(symbols[i] & ~SAFE, products[i] | SAFE, merged);
        all.ranks[all.n] = ranks[i];
        all.products[all.n] = products[i];
        all.n += 1u;
    }
    return all;
}

// Adds up a number of each invocation: `sums` has them up to its own.
fn add_up(own: u32, local: u32) {
    sums[local] = own;
    workgroupBarrier();
    add_distant(1u, local);
    add_distant(2u, local);
    add_distant(4u, local);
    add_distant(8u, local);
    add_distant(16u, local);
    add_distant(32u, local);
    add_distant(64u, local);
    add_distant(128u, local);
}

fn add_distant(distance: u32, local: u32) {
    var sum = sums[local];
    if local >= distance {
        sum += sums[local - distance];
    }
    workgroupBarrier();
    sums[local] = sum;
    workgroupBarrier();
}

// Looks up the pairs that have a new symbol.
fn rank_new(job: Job, it: PairConstants, n: u32, local: u32) {
    for (var i = 4u * local; i < min(4u * local + 4u, n); i += 1u) {
        if i + 1u >= n {
            break;
        }
        if ((symbols[i] | symbols[i + 1u]) & SAFE) != 0u {
            let merge = merge_of(job, it, symbols[i] & ~SAFE, symbols[i + 1u] & ~SAFE);
            ranks[i] = merge.x;
            products[i] = merge.y;
        }
    }
    workgroupBarrier();
}

// Merges a word of up to 1,024 bytes in a workgroup.
fn merge_long(job: Job, it: PairConstants, parts: TextParts, at: u32, local: u32) {
    let len = word_end(parts, at) - at;
    for (var i = local; i < len; i += 256u) {
        symbols[i] = tables[job.constants + it.byte_ids + src_byte(job.src * 4u + at + i)] | SAFE;
    }
    if local == 0u {
        n_symbols = len;
    }
    workgroupBarrier();
    var n = workgroupUniformLoad(&n_symbols);
    rank_new(job, it, n, local);
    loop {
        find_best(n, local);
        if workgroupUniformLoad(&best[0]).x == NO_RANK {
            break;
        }
        let left = kept(n, local);
        add_up(left.n, local);
        for (var i = 0u; i < left.n; i += 1u) {
            let to = sums[local] - left.n + i;
            symbols[to] = left.symbols[i];
            ranks[to] = left.ranks[i];
            products[to] = left.products[i];
        }
        n = workgroupUniformLoad(&sums[255]);
        rank_new(job, it, n, local);
    }
    for (var i = local; i < n; i += 256u) {
        put_id(parts, at + i, symbols[i] & ~SAFE);
    }
    workgroupBarrier();
}

@compute @workgroup_size(256)
fn tokenize_long(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(num_workgroups) n_workgroups: vec3<u32>,
) {
    let job = jobs[group.y];
    let it = byte_pairs(job);
    let parts = text_parts(job);
    // A workgroup looks at few bytes, for it merges one word after another.
    for (var at = group.x * 8u; at * 32u < parts.n; at += n_workgroups.x * 8u) {
        if local.x < TEXT_BITS {
            var bits = 0u;
            if local.x < 8u {
                bits = atomicLoad(&dst_words[parts.unmerged + at + local.x]);
            }
            marks[local.x] = bits;
        }
        workgroupBarrier();
        count_marks(local.x);
        if local.x < 8u {
            var place = set_before[local.x];
            for (var bits = marks[local.x]; bits != 0u; bits &= bits - 1u) {
                long_words[place] = (at + local.x) * 32u + countTrailingZeros(bits);
                place += 1u;
            }
        }
        let n_words = workgroupUniformLoad(&set_before[TEXT_BITS]);
        for (var i = 0u; i < n_words; i += 1u) {
            merge_long(job, it, parts, workgroupUniformLoad(&long_words[i]), local.x);
        }
        workgroupBarrier();
    }
    tell_if_cut_short(job);
}

@compute @workgroup_size(256)
fn tokenize_count(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) n_workgroups: vec3<u32>,
) {
    let job = jobs[id.y];
    let parts = text_parts(job);
    for (var chunk = id.x; chunk < parts.chunks; chunk += stride(n_workgroups)) {
        var n = 0u;
        for (var i = 0u; i < TEXT_BITS; i += 1u) {
            n += countOneBits(atomicLoad(&dst_words[parts.found + chunk * TEXT_BITS + i]));
        }
        atomicStore(&dst_words[parts.counts + chunk], n);
    }
    tell_if_cut_short(job);
}

@compute @workgroup_size(256)
fn tokenize_places(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let job = jobs[group.y];
    let parts = text_parts(job);
    let each = (parts.chunks + 255u) / 256u;
    let begin = min(local.x * each, parts.chunks);
    let end = min(begin + each, parts.chunks);
    var own = 0u;
    for (var chunk = begin; chunk < end; chunk += 1u) {
        own += atomicLoad(&dst_words[parts.counts + chunk]);
    }
    add_up(own, local.x);
    var place = sums[local.x] - own;
    for (var chunk = begin; chunk < end; chunk += 1u) {
        let n = atomicLoad(&dst_words[parts.counts + chunk]);
        atomicStore(&dst_words[parts.counts + chunk], place);
        place += n;
    }
    if local.x == 255u {
        atomicStore(&dst_words[parts.counts + parts.chunks], sums[255]);
    }
    tell_if_cut_short(job);
}

// Writes where the rows begin whose first byte a chunk has.
fn write_offsets(job: Job, parts: TextParts, begin: u32, base: u32, local: u32) {
    let first = first_from(job.src_offsets, job.n_items, begin);
    for (var row = first + local; row < job.n_items; row += 256u) {
        let at = src[job.src_offsets + row];
        if at >= min(begin + TEXT_CHUNK, parts.n) {
            break;
        }
        let word = (at - begin) >> 5u;
        let before = countOneBits(marks[word] & ((1u << (at & 31u)) - 1u));
        atomicStore(&dst_words[job.dst_offsets + row], 4u * (base + set_before[word] + before));
    }
}

@compute @workgroup_size(256)
fn tokenize_write(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(num_workgroups) n_workgroups: vec3<u32>,
) {
    let job = jobs[group.y];
    let parts = text_parts(job);
    for (var chunk = group.x; chunk < parts.chunks; chunk += n_workgroups.x) {
        if local.x < TEXT_BITS {
            marks[local.x] = aux[parts.found + chunk * TEXT_BITS + local.x];
        }
        workgroupBarrier();
        count_marks(local.x);
        let base = aux[parts.counts + chunk];
        let bits = marks[local.x >> 2u];
        let first = (local.x & 3u) << 3u;
        let before = set_before[local.x >> 2u] + countOneBits(bits & ((1u << first) - 1u));
        var place = job.dst + base + before;
        for (var i = 0u; i < 8u; i += 1u) {
            if ((bits >> (first + i)) & 1u) == 1u {
                atomicStore(&dst_words[place], aux[parts.ids + chunk * TEXT_CHUNK + local.x * 8u + i]);
                place += 1u;
            }
        }
        write_offsets(job, parts, chunk * TEXT_CHUNK, base, local.x);
        workgroupBarrier();
    }
    // Rows that begin where all bytes end, and the end of the last.
    if group.x == 0u {
        let all = 4u * aux[parts.counts + parts.chunks];
        let first = first_from(job.src_offsets, job.n_items, parts.n);
        for (var row = first + local.x; row <= job.n_items; row += 256u) {
            atomicStore(&dst_words[job.dst_offsets + row], all);
        }
    }
    tell_if_cut_short(job);
}
