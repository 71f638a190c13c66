// What every entry is bound to, and how invocations share out the work.
//
// Bytes and 16-bit numbers lie several in a word, and words are written whole,
// so an invocation owns quads of words and fills the last one up with zeros.
// Every column begins at a multiple of 256 bytes: none shares a quad.

// One job a column.
@group(0) @binding(0) var<storage, read> jobs: array<Job>;
// The records of items.
@group(0) @binding(1) var<storage, read> params: array<u32>;
// Constants, each with its table behind it.
@group(0) @binding(2) var<storage, read> tables: array<u32>;
@group(0) @binding(3) var<storage, read> src: array<u32>;
// What an earlier pass of the kernel has left.
@group(0) @binding(4) var<storage, read> aux: array<u32>;
@group(0) @binding(5) var<storage, read_write> dst: array<vec4<u32>>;
// The same, for entries that share words between threads.
@group(0) @binding(5) var<storage, read_write> dst_words: array<atomic<u32>>;
// A word a column: a bit if a number did not fit, one if loops were cut short.
@group(0) @binding(6) var<storage, read_write> flags: array<atomic<u32>>;

const WORKGROUP: u32 = 256u;

// Bits of the flags.
const MISFIT: u32 = 1u;
const CUT_SHORT: u32 = 2u;

// Number `index` of those that begin at word `begin`.
fn load(element: u32, begin: u32, index: u32) -> u32 {
    let word = src[begin + (index >> log2_per_word(element))];
    return (word >> shift(element, index)) & mask(element);
}

// How far one round of all invocations along x reaches.
fn stride(n_workgroups: vec3<u32>) -> u32 {
    return n_workgroups.x * WORKGROUP;
}

// Every entry ends with this. A driver that runs on the processor (Mesa's llvmpipe) lets
// all loops of an invocation together go around 65,535 times; then, in silence, it ends
// each after its first turn. This loop tells: its turns are eight, which no compiler can
// know. The host does again what was cut short.
fn tell_if_cut_short(job: Job) {
    let wanted = 8u + (job.n >> 31u);
    var turns = 0u;
    for (var i = 0u; i < wanted; i += 1u) {
        turns += 1u;
    }
    if turns != wanted {
        atomicOr(&flags[job.flag], CUT_SHORT);
    }
}
