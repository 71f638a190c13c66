// `tokenize`, the ids of words by word pieces: see kernels/src/tokenize/device/mod.rs
// for what the passes do, and passes/word_piece.rs there for the same in Rust.

// The symbol of characters that end words.
const SPACE: u32 = 2u;

// A text, and what its words are looked up in.
struct PieceText {
    job: Job,
    parts: TextParts,
    cut: CutConstants,
    it: PieceConstants,
}

fn piece_text(job: Job) -> PieceText {
    let it = piece_constants(job.constants + CUT_CONSTANTS_WORDS);
    return PieceText(job, text_parts(job), cut_constants(job.constants), it);
}

// A character of a text, and what is left of it.
struct Spelled {
    // Where the next one begins.
    next: u32,
    symbol: u32,
    // Where its bytes begin: in the text, or in the table of those.
    begin: u32,
    is_in_table: bool,
    len: u32,
    n_chars: u32,
    n_ordered: u32,
}

fn spelled_at(text: PieceText, at: u32) -> Spelled {
    let it = text_char(text.job, text.parts.n, at);
    let place = place_in_pages(text.job, text.cut, it.codepoint);
    let symbol = symbol_in_pages(text.job, text.cut, place);
    let bits = tables[text.job.constants + text.it.spelled + place];
    if bits == 0u {
        return Spelled(it.next, symbol, at, false, it.next - at, 1u, 0u);
    }
    let n_chars = (bits >> 26u) & 15u;
    return Spelled(it.next, symbol, bits & 0xfffffu, true, (bits >> 20u) & 63u, n_chars, (bits >> 30u) & 1u);
}

fn spelled_byte(text: PieceText, it: Spelled, index: u32) -> u32 {
    let at = it.begin + index;
    if it.is_in_table {
        let word = tables[text.job.constants + text.it.spelled_bytes + (at >> 2u)];
        return (word >> ((at & 3u) << 3u)) & 0xffu;
    }
    return text_byte(text.job, text.parts.n, at);
}

// Looks a word up as a whole, and counts its characters; whether it is yet to be
// covered.
fn put_whole(text: PieceText, begin: u32) -> bool {
    let end = word_end(text.parts, begin);
    var key = vec4<u32>(0u);
    var len = 0u;
    var n_chars = 0u;
    var n_ordered = 0u;
    for (var at = begin; at < end;) {
        let it = spelled_at(text, at);
        if it.symbol == SPACE {
            break;
        }
        at = it.next;
        if at - begin > LONG {
            put_id(text.parts, begin, NO_ID);
            return false;
        }
        n_chars += it.n_chars;
        if n_chars > text.it.max_chars {
            put_id(text.parts, begin, text.it.unknown);
            return false;
        }
        n_ordered += it.n_ordered;
        for (var i = 0u; i < it.len && len + i < KEY; i += 1u) {
            key[(len + i) >> 2u] |= spelled_byte(text, it, i) << (((len + i) & 3u) << 3u);
        }
        len += it.len;
    }
    if n_chars == 0u {
        return false;
    }
    if n_ordered > 1u {
        put_id(text.parts, begin, NO_ID);
        return false;
    }
    key.w |= len << 24u;
    let words = text.job.constants + text.it.words;
    return len > KEY || !put_known(text.parts, words, text.it.words_mask, begin, key);
}

@compute @workgroup_size(256)
fn tokenize_whole(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(num_workgroups) n_workgroups: vec3<u32>,
) {
    let text = piece_text(jobs[group.y]);
    for (var chunk = group.x; chunk < text.parts.chunks; chunk += n_workgroups.x) {
        list_bits(text.parts.begins + chunk * TEXT_BITS, chunk * TEXT_CHUNK, local.x);
        for (var i = local.x; i < set_before[TEXT_BITS]; i += 256u) {
            let at = listed[i];
            if put_whole(text, at) {
                atomicOr(&dst_words[text.parts.unmerged + (at >> 5u)], 1u << (at & 31u));
            }
        }
        workgroupBarrier();
    }
    tell_if_cut_short(text.job);
}

// A byte of what is left of a word: one of those of a character, or behind them.
struct SpelledPlace {
    it: Spelled,
    byte: u32,
}

// The next byte of a word from a place on, if there is one before `end`.
fn settled(text: PieceText, given: SpelledPlace, end: u32) -> SpelledPlace {
    var place = given;
    while place.byte == place.it.len && place.it.next < end {
        let it = spelled_at(text, place.it.next);
        if it.symbol == SPACE {
            break;
        }
        place = SpelledPlace(it, 0u);
    }
    return place;
}

// The node that the byte at a place leads to; NO_ID if there is none.
fn child_of(text: PieceText, node: u32, place: SpelledPlace) -> u32 {
    if node == NO_ID || place.byte == place.it.len {
        return NO_ID;
    }
    let trie = text.job.constants + text.it.trie;
    let child = tables[trie + 3u * node] ^ spelled_byte(text, place.it, place.byte);
    return select(NO_ID, child, tables[trie + 3u * child + 1u] == node);
}

// Covers a word with tokens from the left on, each the longest that there is.
fn cover(text: PieceText, begin: u32) {
    let end = word_end(text.parts, begin);
    var place = settled(text, SpelledPlace(spelled_at(text, begin), 0u), end);
    var node = 0u;
    var token = NO_ID;
    var behind_token = place;
    var n_tokens = 0u;
    loop {
        let child = child_of(text, node, place);
        if child != NO_ID {
            node = child;
            place.byte += 1u;
            let id = tables[text.job.constants + text.it.trie + 3u * child + 2u];
            if id != NO_ID {
                token = id;
                behind_token = place;
            }
            place = settled(text, place, end);
            continue;
        }
        if token == NO_ID {
            put_id(text.parts, begin, text.it.unknown);
            return;
        }
        // Not to be found before the whole word is covered.
        atomicStore(&dst_words[text.parts.ids + begin + n_tokens], token);
        n_tokens += 1u;
        place = settled(text, behind_token, end);
        if place.byte == place.it.len {
            break;
        }
        node = text.it.inside;
        token = NO_ID;
    }
    for (var at = begin; at < begin + n_tokens; at += 1u) {
        atomicOr(&dst_words[text.parts.found + (at >> 5u)], 1u << (at & 31u));
    }
}

@compute @workgroup_size(256)
fn tokenize_pieces(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(num_workgroups) n_workgroups: vec3<u32>,
) {
    let text = piece_text(jobs[group.y]);
    for (var chunk = group.x; chunk < text.parts.chunks; chunk += n_workgroups.x) {
        list_bits(text.parts.unmerged + chunk * TEXT_BITS, chunk * TEXT_CHUNK, local.x);
        for (var i = local.x; i < set_before[TEXT_BITS]; i += 256u) {
            cover(text, listed[i]);
        }
        workgroupBarrier();
    }
    tell_if_cut_short(text.job);
}
