// `map`: see kernels/src/map/mod.rs for what it means. Registers have 32 bits here
// and are handled as their bits.

// The operations of instructions, as kernels/src/map/constants.rs counts them; there
// is no `ToF64`.
const TO_F32: u32 = 0u;
const SUBTRACT: u32 = 2u;
const MULTIPLY: u32 = 3u;
const CLAMP: u32 = 4u;
const SEARCH: u32 = 5u;

// `x - c`. No operation sees NaN, an infinity, a subnormal or a zero, and none of its
// results is looked at but as bits: the sign of a tiny difference is that of a
// comparison.
fn subtracted(x: u32, c: u32) -> u32 {
    let y = flush(x, x);
    if !is_finite(y) || magnitude(c) == 0u {
        return y;
    }
    if magnitude(y) == 0u {
        return c ^ SIGN;
    }
    let sign = select(0u, SIGN, key(y) < key(c));
    return flush(bitcast<u32>(bitcast<f32>(y) - bitcast<f32>(c)), sign);
}

// `x * c`, with as much care: the sign is that of both factors.
fn multiplied(x: u32, c: u32) -> u32 {
    let y = flush(x, x);
    let sign = (y ^ c) & SIGN;
    if is_nan(y) {
        return y;
    }
    if magnitude(c) == 0u {
        return select(NAN_F32, sign, is_finite(y));
    }
    if magnitude(y) == 0u || !is_finite(y) {
        return sign | magnitude(y);
    }
    return flush(bitcast<u32>(bitcast<f32>(y) * bitcast<f32>(c)), sign);
}

// NaN passes.
fn clamped(x: u32, low: u32, high: u32) -> u32 {
    if is_nan(x) {
        return x;
    }
    if key(x) < key(low) {
        return low;
    }
    return select(x, high, key(x) > key(high));
}

// An unsigned integer that ascends as the numbers do: see kernels/src/map/edges.rs.
fn search_key(element: u32, bits: u32) -> u32 {
    switch element {
        case I32: {
            return bits ^ SIGN;
        }
        case F32: {
            if is_nan(bits) {
                return 0xffffffffu;
            }
            return select(magnitude(bits) | SIGN, ~bits, bits > SIGN);
        }
        default: {
            return bits;
        }
    }
}

// How many of the `n` ascending keys from word `begin` of the tables on are at most
// this one.
fn count_reached(begin: u32, n: u32, number: u32) -> u32 {
    var reached = 0u;
    var left = n;
    while left > 0u {
        let half = left >> 1u;
        if tables[begin + reached + half] <= number {
            reached += half + 1u;
            left -= half + 1u;
        } else {
            left = half;
        }
    }
    return reached;
}

// What the register holds behind an instruction of the map at word `begin`.
fn stepped(begin: u32, it: MapInstruction, bits: u32) -> u32 {
    switch it.operation {
        case TO_F32: {
            return f32_of(it.before, bits);
        }
        case SUBTRACT: {
            return subtracted(bits, it.first);
        }
        case MULTIPLY: {
            return multiplied(bits, it.first);
        }
        case CLAMP: {
            return clamped(bits, it.first, it.second);
        }
        case SEARCH: {
            return count_reached(begin + it.first, it.second, search_key(it.before, bits));
        }
        default: {
            return tables[begin + it.first + bits];
        }
    }
}

fn mapped(begin: u32, types: MapConstants, bits: u32) -> Converted {
    var held = types.held;
    // The register holds every number of its type.
    var value = converted(types.from_, held, bits).bits;
    for (var i = 0u; i < types.n_instructions; i += 1u) {
        let at = begin + MAP_CONSTANTS_WORDS + i * MAP_INSTRUCTION_WORDS;
        let it = map_instruction(at);
        value = stepped(begin, it, value);
        held = it.behind;
    }
    return converted(held, types.to, value);
}

fn map_word(job: Job, types: MapConstants, word: u32) -> u32 {
    let per_word = 1u << log2_per_word(types.to);
    var bits = 0u;
    for (var i = 0u; i < per_word; i += 1u) {
        let index = word * per_word + i;
        if index < job.n {
            let number = mapped(job.constants, types, load(types.from_, job.src, index));
            bits |= number.bits << shift(types.to, index);
            if !number.fits {
                atomicOr(&flags[job.flag], MISFIT);
            }
        }
    }
    return bits;
}

@compute @workgroup_size(256)
fn map(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) n_workgroups: vec3<u32>,
) {
    let job = jobs[id.y];
    let types = map_constants(job.constants);
    let end = n_quads(types.to, job.n);
    for (var quad = id.x; quad < end; quad += stride(n_workgroups)) {
        let x = map_word(job, types, quad * 4u);
        let y = map_word(job, types, quad * 4u + 1u);
        let z = map_word(job, types, quad * 4u + 2u);
        let w = map_word(job, types, quad * 4u + 3u);
        dst[(job.dst >> 2u) + quad] = vec4<u32>(x, y, z, w);
    }
    tell_if_cut_short(job);
}
