// `tokenize`, where words begin: see kernels/src/tokenize/device/mod.rs for what the
// passes do, and passes/ there for the same in Rust.

// Bytes of a chunk that an invocation looks at.
const EACH: u32 = 8u;

const APOSTROPHE: u32 = 1u;
const ONE_LETTER: u32 = 11u;
const TWO_LETTERS: u32 = 12u;
// Within a character, or behind the text.
const NO_SYMBOL: u32 = 16u;

const IDENTITY: vec2<u32> = vec2<u32>(0x76543210u, 0xfedcba98u);
const ALWAYS_0: vec2<u32> = vec2<u32>(0u, 0u);

// A bit for each byte of the chunk, and a few behind it, at which a row begins.
var<workgroup> row_begins: array<atomic<u32>, 65>;
var<workgroup> forward: array<vec2<u32>, 256>;
var<workgroup> backward: array<vec2<u32>, 256>;
// Where words begin among the bytes of each invocation.
var<workgroup> own_bits: array<u32, 256>;

// The symbols of an invocation's bytes.
var<private> symbols: array<u32, 8>;

fn state_of(map: vec2<u32>, state: u32) -> u32 {
    return (select(map.x, map.y, state >= 8u) >> ((state & 7u) << 2u)) & 15u;
}

fn then(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    var all = vec2<u32>(0u, 0u);
    for (var at = 0u; at < 32u; at += 4u) {
        all.x |= state_of(b, (a.x >> at) & 15u) << at;
        all.y |= state_of(b, (a.y >> at) & 15u) << at;
    }
    return all;
}

fn map_at(at: u32, symbol: u32) -> vec2<u32> {
    return vec2<u32>(tables[at + 2u * symbol], tables[at + 2u * symbol + 1u]);
}

// Marks where rows begin in the chunk from `begin` on.
fn mark_rows(job: Job, begin: u32, local: u32) {
    if local < 65u {
        atomicStore(&row_begins[local], 0u);
    }
    workgroupBarrier();
    let first = first_from(job.src_offsets, job.n_items, begin);
    for (var row = first + local; row < job.n_items; row += 256u) {
        let at = src[job.src_offsets + row] - begin;
        if at >= TEXT_CHUNK + 32u {
            break;
        }
        atomicOr(&row_begins[at >> 5u], 1u << (at & 31u));
    }
    workgroupBarrier();
}

fn begins_row(at: u32) -> bool {
    return ((atomicLoad(&row_begins[at >> 5u]) >> (at & 31u)) & 1u) == 1u;
}

// The symbol of an apostrophe at `at` of the chunk from `begin` on.
fn apostrophe(job: Job, n: u32, begin: u32, at: u32) -> u32 {
    let shortened = tables[job.constants];
    if shortened == 0u || begins_row(at + 1u) {
        return APOSTROPHE;
    }
    var first = text_byte(job, n, begin + at + 1u);
    var second = 0u;
    if !begins_row(at + 2u) {
        second = text_byte(job, n, begin + at + 2u);
    }
    if shortened == 2u {
        if first == 0xc5u && second == 0xbfu {
            return ONE_LETTER;
        }
        first |= 0x20u;
        second |= 0x20u;
    }
    if first == 0x73u || first == 0x74u || first == 0x6du || first == 0x64u {
        return ONE_LETTER;
    }
    let is_e = (first == 0x72u || first == 0x76u) && second == 0x65u;
    if is_e || (first == 0x6cu && second == 0x6cu) {
        return TWO_LETTERS;
    }
    return APOSTROPHE;
}

// The symbol at `at` of the chunk from `begin` on.
fn symbol_at(job: Job, it: CutConstants, n: u32, begin: u32, at: u32) -> u32 {
    let place = begin + at;
    let lead = text_byte(job, n, place);
    if place >= n || (lead & 0xc0u) == 0x80u {
        return NO_SYMBOL;
    }
    if lead == 0x27u {
        return apostrophe(job, n, begin, at);
    }
    return symbol_in_pages(job, it, place_in_pages(job, it, text_char(job, n, place).codepoint));
}

// Reads an invocation's symbols, and scans what all do to both automata: leaves in
// `forward` and `backward` what each does with all before and behind it.
fn read_chunk(job: Job, it: CutConstants, n: u32, begin: u32, local: u32) {
    mark_rows(job, begin, local);
    var ahead = IDENTITY;
    for (var i = 0u; i < EACH; i += 1u) {
        let at = local * EACH + i;
        let symbol = symbol_at(job, it, n, begin, at);
        symbols[i] = symbol;
        if begins_row(at) {
            ahead = ALWAYS_0;
        }
        if symbol != NO_SYMBOL {
            ahead = then(ahead, map_at(job.constants + it.forward, symbol));
        }
    }
    var back = IDENTITY;
    for (var i = 0u; i < EACH; i += 1u) {
        let symbol = symbols[EACH - 1u - i];
        if symbol != NO_SYMBOL {
            back = then(back, map_at(job.constants + it.backward, symbol));
        }
        if begins_row(local * EACH + EACH - 1u - i) {
            back = ALWAYS_0;
        }
    }
    scan_maps(ahead, back, local);
}

fn scan_maps(ahead: vec2<u32>, back: vec2<u32>, local: u32) {
    forward[local] = ahead;
    backward[local] = back;
    workgroupBarrier();
    for (var distance = 1u; distance < 256u; distance <<= 1u) {
        var before = forward[local];
        var behind = backward[local];
        if local >= distance {
            before = then(forward[local - distance], before);
        }
        if local + distance < 256u {
            behind = then(backward[local + distance], behind);
        }
        workgroupBarrier();
        forward[local] = before;
        backward[local] = behind;
        workgroupBarrier();
    }
}

// The state that an invocation is entered in, from the left and from the right.
fn entered(states: vec2<u32>, local: u32) -> vec2<u32> {
    var all = states;
    if local > 0u {
        all.x = state_of(forward[local - 1u], states.x);
    }
    if local < 255u {
        all.y = state_of(backward[local + 1u], states.y);
    }
    return all;
}

@compute @workgroup_size(256)
fn tokenize_maps(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(num_workgroups) n_workgroups: vec3<u32>,
) {
    let job = jobs[group.y];
    let it = cut_constants(job.constants);
    let parts = text_parts(job);
    for (var chunk = group.x; chunk < parts.chunks; chunk += n_workgroups.x) {
        read_chunk(job, it, parts.n, chunk * TEXT_CHUNK, local.x);
        if local.x == 0u {
            let at = parts.maps + 4u * chunk;
            atomicStore(&dst_words[at], forward[255].x);
            atomicStore(&dst_words[at + 1u], forward[255].y);
            atomicStore(&dst_words[at + 2u], backward[0].x);
            atomicStore(&dst_words[at + 3u], backward[0].y);
        }
        workgroupBarrier();
    }
    tell_if_cut_short(job);
}

fn chunk_map(at: u32) -> vec2<u32> {
    return vec2<u32>(atomicLoad(&dst_words[at]), atomicLoad(&dst_words[at + 1u]));
}

@compute @workgroup_size(256)
fn tokenize_states(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let job = jobs[group.y];
    let parts = text_parts(job);
    let each = (parts.chunks + 255u) / 256u;
    let begin = min(local.x * each, parts.chunks);
    let end = min(begin + each, parts.chunks);
    var ahead = IDENTITY;
    var back = IDENTITY;
    for (var i = begin; i < end; i += 1u) {
        ahead = then(ahead, chunk_map(parts.maps + 4u * i));
        back = then(back, chunk_map(parts.maps + 4u * (end - 1u - (i - begin)) + 2u));
    }
    scan_maps(ahead, back, local.x);
    var states = entered(vec2<u32>(0u, 0u), local.x);
    for (var i = begin; i < end; i += 1u) {
        let left = parts.maps + 4u * i;
        let before = state_of(chunk_map(left), states.x);
        atomicStore(&dst_words[left], states.x);
        states.x = before;
        let right = parts.maps + 4u * (end - 1u - (i - begin)) + 2u;
        let behind = state_of(chunk_map(right), states.y);
        atomicStore(&dst_words[right], states.y);
        states.y = behind;
    }
    tell_if_cut_short(job);
}

// A bit for each of an invocation's bytes at which a word begins.
fn own_begins(job: Job, it: CutConstants, states: vec2<u32>, local: u32) -> u32 {
    var behind = array<u32, 8>();
    var state = states.y;
    for (var i = EACH; i > 0u; i -= 1u) {
        let symbol = symbols[i - 1u];
        if symbol != NO_SYMBOL {
            state = state_of(map_at(job.constants + it.backward, symbol), state);
        }
        behind[i - 1u] = state;
        state = select(state, 0u, begins_row(local * EACH + i - 1u));
    }
    var bits = 0u;
    state = states.x;
    for (var i = 0u; i < EACH; i += 1u) {
        let is_row = begins_row(local * EACH + i);
        state = select(state, 0u, is_row);
        let symbol = symbols[i];
        if symbol == NO_SYMBOL {
            continue;
        }
        let row = tables[job.constants + it.begins + state];
        if is_row || ((row >> behind[i]) & 1u) == 1u {
            bits |= 1u << i;
        }
        state = state_of(map_at(job.constants + it.forward, symbol), state);
    }
    return bits;
}

@compute @workgroup_size(256)
fn tokenize_words(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(num_workgroups) n_workgroups: vec3<u32>,
) {
    let job = jobs[group.y];
    let it = cut_constants(job.constants);
    let parts = text_parts(job);
    for (var chunk = group.x; chunk < parts.chunks; chunk += n_workgroups.x) {
        read_chunk(job, it, parts.n, chunk * TEXT_CHUNK, local.x);
        let at = parts.maps + 4u * chunk;
        let states = vec2<u32>(atomicLoad(&dst_words[at]), atomicLoad(&dst_words[at + 2u]));
        own_bits[local.x] = own_begins(job, it, entered(states, local.x), local.x);
        workgroupBarrier();
        if local.x < TEXT_BITS {
            let i = 4u * local.x;
            let bits = own_bits[i] | (own_bits[i + 1u] << 8u) | (own_bits[i + 2u] << 16u) | (own_bits[i + 3u] << 24u);
            let word = chunk * TEXT_BITS + local.x;
            atomicStore(&dst_words[parts.begins + word], bits);
            atomicStore(&dst_words[parts.found + word], 0u);
            atomicStore(&dst_words[parts.unmerged + word], 0u);
        }
        workgroupBarrier();
    }
    tell_if_cut_short(job);
}
