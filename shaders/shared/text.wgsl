// Text in chunks, and what the passes of `tokenize` leave for one another.

const TEXT_CHUNK: u32 = 2048u;
// Words of bits that a chunk has.
const TEXT_BITS: u32 = 64u;
// Bytes of the longest word that a device encodes.
const LONG: u32 = 1024u;
// Bytes of the longest word that a table of words has, the words of text of a bucket of
// it, and the words of 32 bits of one of those.
const KEY: u32 = 15u;
const BUCKET: u32 = 4u;
const ENTRY: u32 = 8u;
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

// The byte at a place of the text; 0 behind it.
fn text_byte(job: Job, n: u32, at: u32) -> u32 {
    if at >= n {
        return 0u;
    }
    return src_byte(job.src * 4u + at);
}

// A character of the text: its codepoint, and where the next one begins.
struct TextChar {
    codepoint: u32,
    next: u32,
}

fn text_char(job: Job, n: u32, at: u32) -> TextChar {
    let lead = text_byte(job, n, at);
    var codepoint = lead;
    var len = 1u;
    if lead >= 0xf0u {
        codepoint = ((lead & 7u) << 18u) | ((text_byte(job, n, at + 1u) & 63u) << 12u)
            | ((text_byte(job, n, at + 2u) & 63u) << 6u) | (text_byte(job, n, at + 3u) & 63u);
        len = 4u;
    } else if lead >= 0xe0u {
        codepoint = ((lead & 15u) << 12u) | ((text_byte(job, n, at + 1u) & 63u) << 6u)
            | (text_byte(job, n, at + 2u) & 63u);
        len = 3u;
    } else if lead >= 0xc0u {
        codepoint = ((lead & 31u) << 6u) | (text_byte(job, n, at + 1u) & 63u);
        len = 2u;
    }
    return TextChar(min(codepoint, 0x10ffffu), at + len);
}

// The place of a codepoint in the pages.
fn place_in_pages(job: Job, cut: CutConstants, codepoint: u32) -> u32 {
    let pages = tables[job.constants + cut.page_of + (codepoint >> 8u)];
    let page = (pages >> (((codepoint >> 7u) & 1u) << 4u)) & 0xffffu;
    return page * 128u + (codepoint & 127u);
}

// The symbol at a place in the pages.
fn symbol_in_pages(job: Job, cut: CutConstants, place: u32) -> u32 {
    return (tables[job.constants + cut.pages + (place >> 3u)] >> ((place & 7u) << 2u)) & 15u;
}

fn mixed(seed: u32) -> u32 {
    var hash = (seed ^ (seed >> 16u)) * 0x7feb352du;
    hash = (hash ^ (hash >> 15u)) * 0x846ca68bu;
    return hash ^ (hash >> 16u);
}

fn fold(hash: u32, word: u32) -> u32 {
    return (((hash << 5u) | (hash >> 27u)) ^ word) * 0x9e3779b1u;
}

// Puts the ids of a word at `at` by its key, if the table from word `words` on has it.
fn put_known(parts: TextParts, words: u32, mask: u32, at: u32, key: vec4<u32>) -> bool {
    var hash = mixed(fold(fold(fold(fold(0u, key.x), key.y), key.z), key.w));
    for (var i = 0u; i < 2u * BUCKET; i += 1u) {
        if i == BUCKET {
            hash = mixed(hash ^ 0x5bd1e995u);
        }
        let entry = words + ((hash & mask) * BUCKET + (i & 3u)) * ENTRY;
        let found = vec4<u32>(tables[entry], tables[entry + 1u], tables[entry + 2u], tables[entry + 3u]);
        if all(found == key) {
            for (var j = 0u; j < 4u && tables[entry + 4u + j] != NO_ID; j += 1u) {
                put_id(parts, at + j, tables[entry + 4u + j]);
            }
            return true;
        }
    }
    return false;
}
