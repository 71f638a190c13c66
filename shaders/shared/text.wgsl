// Text in chunks, and what the passes of `tokenize` leave for one another.

const TEXT_CHUNK: u32 = 2048u;
// Words of bits that a chunk has.
const TEXT_BITS: u32 = 64u;
// Bytes of the longest word that a device merges.
const LONG: u32 = 1024u;
const NO_ID: u32 = 0xffffffffu;

// What passes leave for one another: where each part begins in it.
struct TextParts {
    n: u32,
    chunks: u32,
    maps: u32,
    counts: u32,
    begins: u32,
    found: u32,
    unmerged: u32,
    ids: u32,
}

fn text_parts(job: Job) -> TextParts {
    let n = src_bytes(job);
    let chunks = (n + TEXT_CHUNK - 1u) / TEXT_CHUNK;
    let counts = job.aux + 4u * chunks;
    let begins = counts + chunks + 1u;
    let found = begins + TEXT_BITS * chunks;
    let unmerged = found + TEXT_BITS * chunks;
    return TextParts(n, chunks, job.aux, counts, begins, found, unmerged, unmerged + TEXT_BITS * chunks);
}

// Bits of a chunk: of places where something begins or is.
var<workgroup> marks: array<u32, 64>;
// For each word of bits, how many are set before it in the chunk.
var<workgroup> set_before: array<u32, 65>;
// Where the words at hand begin.
var<workgroup> listed: array<u32, 2048>;

// Lists where the bits from word `at` on are set; how many there are, after a
// barrier, is `set_before[TEXT_BITS]`.
fn list_bits(at: u32, begin: u32, local: u32) {
    if local < TEXT_BITS {
        marks[local] = atomicLoad(&dst_words[at + local]);
    }
    workgroupBarrier();
    count_marks(local);
    let bits = marks[local >> 2u];
    let first = (local & 3u) << 3u;
    var place = set_before[local >> 2u] + countOneBits(bits & ((1u << first) - 1u));
    for (var i = first; i < first + 8u; i += 1u) {
        if ((bits >> i) & 1u) == 1u {
            listed[place] = begin + (local >> 2u) * 32u + i;
            place += 1u;
        }
    }
    workgroupBarrier();
}

// How many bits of `marks` are set before each word of it.
fn count_marks(local: u32) {
    if local <= TEXT_BITS {
        var n = 0u;
        for (var i = 0u; i < local; i += 1u) {
            n += countOneBits(marks[i]);
        }
        set_before[local] = n;
    }
    workgroupBarrier();
}

// The end of the word that begins at `at`, or a place further off than LONG.
fn word_end(parts: TextParts, at: u32) -> u32 {
    if at + 1u >= parts.n {
        return parts.n;
    }
    var word = (at + 1u) >> 5u;
    var bits = atomicLoad(&dst_words[parts.begins + word]) & (NO_ID << ((at + 1u) & 31u));
    while bits == 0u {
        word += 1u;
        if word * 32u >= parts.n || word * 32u > at + LONG {
            return min(parts.n, at + LONG + 1u);
        }
        bits = atomicLoad(&dst_words[parts.begins + word]);
    }
    return word * 32u + countTrailingZeros(bits);
}

// Puts an id in its place.
fn put_id(parts: TextParts, at: u32, id: u32) {
    atomicStore(&dst_words[parts.ids + at], id);
    atomicOr(&dst_words[parts.found + (at >> 5u)], 1u << (at & 31u));
}
