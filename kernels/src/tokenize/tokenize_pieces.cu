// `tokenize` on NVIDIA GPUs, the ids of words by word pieces: device/mod.rs says what
// the passes do, and device/passes/word_piece.rs does the same in Rust.
#include "text.cuh"

// The symbol of characters that end words.
constexpr u32 SPACE = 2;

// A character of a text, and what is left of it.
struct Spelled {
    // Where the next one begins.
    u32 next;
    u32 symbol;
    // Where its bytes begin: in the text, or in the table of those.
    u32 begin;
    bool is_in_table;
    u32 len;
    u32 n_chars;
    u32 n_ordered;
};

// A byte of what is left of a word: one of those of a character, or behind them.
struct SpelledPlace {
    Spelled of;
    u32 byte;

    DEVICE bool is_behind() const {
        return byte == of.len;
    }
};

// A text, and what its words are looked up in.
struct PieceText {
    const Text& text;
    const u32* constants;
    const CutConstants& cut;
    const PieceConstants& it;

    DEVICE Spelled spelled(u32 at) const {
        Spelled found{0, 0, at, false, 0, 1, 0};
        const Pages pages{constants, cut};
        const u32 place = pages.place(text.codepoint(at, found.next));
        const u32 bits = constants[it.spelled + place];
        found.symbol = pages.symbol(place);
        found.len = found.next - at;
        if (bits != 0) {
            found.begin = bits & 0xfffff;
            found.is_in_table = true;
            found.len = bits >> 20 & 63;
            found.n_chars = bits >> 26 & 15;
            found.n_ordered = bits >> 30 & 1;
        }
        return found;
    }

    DEVICE u32 byte(const Spelled& of, u32 index) const {
        const u32 at = of.begin + index;
        if (of.is_in_table) {
            return constants[it.spelled_bytes + at / 4] >> at % 4 * 8 & 0xff;
        }
        return text.byte(at);
    }

    // Looks a word up as a whole, and counts its characters; whether it is yet to be
    // covered.
    DEVICE bool put_whole(u32 begin) const {
        const u32 end = text.word_end(begin);
        WordKey key;
        u32 len = 0, n_chars = 0, n_ordered = 0;
        for (u32 at = begin; at < end;) {
            const Spelled here = spelled(at);
            if (here.symbol == SPACE) {
                break;
            }
            at = here.next;
            n_chars += here.n_chars;
            n_ordered += here.n_ordered;
            if (at - begin > LONG || n_chars > it.max_chars) {
                text.put(begin, at - begin > LONG ? NO_ID : it.unknown);
                return false;
            }
            for (u32 i = 0; i < here.len && len + i < KEY; i++) {
                key.words[(len + i) / 4] |= byte(here, i) << (len + i) % 4 * 8;
            }
            len += here.len;
        }
        if (n_chars == 0) {
            return false;
        }
        if (n_ordered > 1) {
            text.put(begin, NO_ID);
            return false;
        }
        key.words[3] |= len << 24;
        return len > KEY || !key.put(text, constants + it.words, it.words_mask, begin);
    }

    // The next byte of a word from a place on, if there is one before `end`.
    DEVICE void settle(SpelledPlace& place, u32 end) const {
        while (place.is_behind() && place.of.next < end) {
            const Spelled next = spelled(place.of.next);
            if (next.symbol == SPACE) {
                break;
            }
            place = {next, 0};
        }
    }

    // The node that the byte at a place leads to; NO_ID if there is none.
    DEVICE u32 child(u32 node, const SpelledPlace& place) const {
        if (node == NO_ID || place.is_behind()) {
            return NO_ID;
        }
        const u32* trie = constants + it.trie;
        const u32 child = trie[3 * node] ^ byte(place.of, place.byte);
        return trie[3 * child + 1] == node ? child : NO_ID;
    }

    // Covers a word with tokens from the left on, each the longest that there is.
    DEVICE void cover(u32 begin) const {
        const u32 end = text.word_end(begin);
        SpelledPlace place{spelled(begin), 0};
        settle(place, end);
        SpelledPlace behind_token = place;
        u32 node = 0, token = NO_ID, n_tokens = 0;
        while (true) {
            const u32 next = child(node, place);
            if (next != NO_ID) {
                node = next;
                place.byte++;
                const u32 id = constants[it.trie + 3 * next + 2];
                if (id != NO_ID) {
                    token = id;
                    behind_token = place;
                }
                settle(place, end);
                continue;
            }
            if (token == NO_ID) {
                text.put(begin, it.unknown);
                return;
            }
            // Not to be found before the whole word is covered.
            text.ids[begin + n_tokens] = token;
            n_tokens++;
            place = behind_token;
            settle(place, end);
            if (place.is_behind()) {
                break;
            }
            node = it.inside;
            token = NO_ID;
        }
        for (u32 at = begin; at < begin + n_tokens; at++) {
            atomicOr(text.found + at / 32, 1u << at % 32);
        }
    }
};

ENTRY(tokenize_whole) {
    __shared__ Marks marks;
    __shared__ u16 listed[TEXT_CHUNK];
    const Job job = jobs[blockIdx.y];
    const CutConstants cut = constants_of<CutConstants>(tables, job);
    const PieceConstants it = model_of<PieceConstants>(tables, job);
    const Text text(job, src, dst);
    const PieceText pieces{text, tables + job.constants, cut, it};
    for (u32 chunk = blockIdx.x; chunk < text.chunks; chunk += gridDim.x) {
        marks.read(text.begins + chunk * TEXT_BITS, TEXT_BITS);
        marks.list(listed);
        for (u32 i = threadIdx.x; i < marks.all(); i += blockDim.x) {
            const u32 at = chunk * TEXT_CHUNK + listed[i];
            if (pieces.put_whole(at)) {
                atomicOr(text.unmerged + at / 32, 1u << at % 32);
            }
        }
        __syncthreads();
    }
}

ENTRY(tokenize_pieces) {
    __shared__ Marks marks;
    __shared__ u16 listed[TEXT_CHUNK];
    const Job job = jobs[blockIdx.y];
    const CutConstants cut = constants_of<CutConstants>(tables, job);
    const PieceConstants it = model_of<PieceConstants>(tables, job);
    const Text text(job, src, dst);
    const PieceText pieces{text, tables + job.constants, cut, it};
    for (u32 chunk = blockIdx.x; chunk < text.chunks; chunk += gridDim.x) {
        marks.read(text.unmerged + chunk * TEXT_BITS, TEXT_BITS);
        marks.list(listed);
        for (u32 i = threadIdx.x; i < marks.all(); i += blockDim.x) {
            pieces.cover(chunk * TEXT_CHUNK + listed[i]);
        }
        __syncthreads();
    }
}
