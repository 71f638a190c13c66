// Texts through the passes of `tokenize`, with tokenizers that are small enough to be
// written down.
#pragma once
#include <map>
#include <string>

#include "rows.h"

namespace unit {

// Tables behind the structs that say where they are.
struct TextTables {
    std::vector<u32> words;

    explicit TextTables(size_t len_constants) : words((sizeof(CutConstants) + len_constants) / 4) {}

    u32 add(const std::vector<u32>& table) {
        words.insert(words.end(), table.begin(), table.end());
        return (u32)(words.size() - table.size());
    }

    void cut(const CutConstants& constants) {
        std::memcpy(words.data(), &constants, sizeof constants);
    }

    template <typename Constants>
    Bytes with(const Constants& constants) {
        std::memcpy(words.data() + sizeof(CutConstants) / 4, &constants, sizeof constants);
        Bytes bytes;
        append(bytes, words.data(), words.size() * 4);
        return bytes;
    }
};

// What texts become where a word begins at every space, bytes are their own ids, and
// `aa` merges into 256 and two of these into 257.
inline std::vector<u32> pair_ids(const unsigned char* text, u32 len) {
    std::vector<u32> ids;
    for (u32 begin = 0, end; begin < len; begin = end) {
        for (end = begin + 1; end < len && text[end] != ' '; end++) {
        }
        if (end - begin > 1024) {
            ids.push_back(~0u);
            continue;
        }
        std::vector<u32> word(text + begin, text + end);
        for (u32 part : {(u32)'a', 256u}) {
            std::vector<u32> merged;
            for (size_t i = 0; i < word.size(); i++) {
                const bool is_pair = i + 1 < word.size() && word[i] == part && word[i + 1] == part;
                merged.push_back(is_pair ? (part == 'a' ? 256 : 257) : word[i]);
                i += is_pair;
            }
            word = merged;
        }
        ids.insert(ids.end(), word.begin(), word.end());
    }
    return ids;
}

// The tables of such a tokenizer. Of words the table has only `a`; a search for a pair
// finds it from where its hash says.
inline Bytes pair_tables() {
    TextTables tables(sizeof(PairConstants));
    std::vector<u32> back(32, 0), page(16, 0), bytes, places(64, ~0u);
    // Behind a place is a space or not.
    back[2 * 8] = back[2 * 8 + 1] = 0x11111111;
    page[4] = 8;
    tables.cut({0, tables.add(std::vector<u32>(32, 0)), tables.add(back), tables.add(std::vector<u32>(16, 2)),
                tables.add(std::vector<u32>(4352, 0)), tables.add(page)});
    for (u32 byte = 0; byte < 256; byte++) {
        bytes.push_back(byte);
    }
    auto pair = [&](u32 part, u32 rank, u32 id) {
        // Any place before a free one is found.
        for (u32 place = 0; place < 12; place++) {
            if (places[4 * place + 2] == ~0u && place % 2 == rank) {
                const u32 entry[] = {part, part, rank, id | 1u << 31};
                std::copy(entry, entry + 4, places.begin() + 4 * place);
            }
        }
    };
    pair('a', 0, 256);
    pair(256, 1, 257);
    std::vector<u32> words(32, 0), none(64, 0);
    words[0] = 'a', words[3] = 1u << 24, words[4] = 'a', words[5] = words[6] = words[7] = ~0u;
    return tables.with(PairConstants{tables.add(bytes), tables.add(places), 15, tables.add(words), 0,
                                     tables.add(none), 15, tables.add({0})});
}

// Tokens at the start of a word and within it; a word that they do not cover, or of
// more than so many characters, is UNKNOWN.
inline const std::map<std::string, u32> PIECES{{"a", 10},   {"aa", 11},   {"aaaa", 12}, {"b", 13},
                                               {"#a", 20},  {"#aaa", 21}, {"#b", 22},   {",", 14}};
constexpr u32 UNKNOWN = 9, MOST = 70;

// What texts become where a space and `,` end words, the latter is one, and `~` goes.
inline std::vector<u32> piece_ids(const unsigned char* text, u32 len) {
    std::vector<u32> ids;
    for (u32 begin = 0; begin < len;) {
        std::string word;
        u32 end = begin;
        for (; end < len && text[end] != ' ' && (text[end] != ',' || end == begin); end++) {
            if (end > begin && text[begin] == ',' && text[end] != '~') {
                break;
            }
            word += text[end] == '~' ? "" : std::string(1, (char)text[end]);
        }
        const size_t before = ids.size();
        bool is_covered = word.size() <= MOST;
        for (size_t at = 0, next; at < word.size() && is_covered; at = next) {
            next = at;
            u32 id = 0;
            for (size_t to = at + 1; to <= word.size(); to++) {
                auto found = PIECES.find((at == 0 ? "" : "#") + word.substr(at, to - at));
                if (found != PIECES.end()) {
                    next = to;
                    id = found->second;
                }
            }
            is_covered = next > at;
            ids.push_back(id);
        }
        if (!is_covered) {
            ids.resize(before);
            ids.push_back(UNKNOWN);
        }
        begin = end < len && text[end] == ' ' ? end + 1 : end;
    }
    return ids;
}

// The nodes of the tokens' trie: the children of each are a block of their own.
inline std::vector<u32> piece_trie(u32& inside) {
    std::map<std::string, u32> blocks{{"", 0}};
    for (const auto& [token, _] : PIECES) {
        for (size_t len = 1; len <= token.size(); len++) {
            blocks.emplace(token.substr(0, len), (u32)blocks.size());
        }
    }
    std::vector<u32> trie(3 * 256 * blocks.size(), ~0u);
    auto node = [&](const std::string& of) {
        const bool is_root = of.empty();
        return is_root ? 0 : blocks[of.substr(0, of.size() - 1)] * 256 ^ (unsigned char)of.back();
    };
    for (const auto& [of, block] : blocks) {
        trie[3 * node(of)] = block * 256;
        if (!of.empty()) {
            trie[3 * node(of) + 1] = node(of.substr(0, of.size() - 1));
        }
        if (auto token = PIECES.find(of); token != PIECES.end()) {
            trie[3 * node(of) + 2] = token->second;
        }
    }
    inside = node("#");
    return trie;
}

inline Bytes piece_tables() {
    TextTables tables(sizeof(PieceConstants));
    // Four bits a state: within a word after a part of one, as before after what goes.
    std::vector<u32> ahead(32, 0), back(32, 0), begins(16, 0), page(16, 0), spelled(128, 0);
    ahead[0] = ahead[1] = back[0] = back[1] = 0x11111111;
    back[2] = back[3] = 0x22222222;
    ahead[6] = 0x76543210, ahead[7] = 0xfedcba98;
    begins[0] = 6, begins[1] = 4;
    auto symbol = [&](u32 byte, u32 symbol) { page[byte / 8] |= symbol << byte % 8 * 4; };
    symbol(',', 1), symbol(' ', 2), symbol('~', 3);
    spelled['~'] = spelled[' '] = 1u << 31;
    // As itself, from the table.
    spelled['b'] = 1u << 31 | 1 << 26 | 1 << 20 | 2;
    tables.cut({0, tables.add(ahead), tables.add(back), tables.add(begins), tables.add(std::vector<u32>(4352, 0)),
                tables.add(page)});
    std::vector<u32> words(32, 0);
    words[0] = 'a', words[3] = 1u << 24, words[4] = PIECES.at("a"), words[5] = words[6] = words[7] = ~0u;
    u32 inside = 0;
    const u32 trie = tables.add(piece_trie(inside));
    return tables.with(PieceConstants{tables.add(words), 0, tables.add(spelled), tables.add({(u32)'b' << 16}),
                                      trie, inside, UNKNOWN, MOST});
}

// A tokenizer: its tables, what texts become, and the passes of its model.
struct TextCase {
    Bytes tables;
    std::vector<u32> (*ids_of)(const unsigned char*, u32);
    std::vector<const char*> passes;
};

inline TextCase byte_pairs() {
    return {pair_tables(), pair_ids, {"tokenize_lookup", "tokenize_short", "tokenize_long"}};
}

inline TextCase word_pieces() {
    return {piece_tables(), piece_ids, {"tokenize_whole", "tokenize_pieces"}};
}

inline void texts(const TextCase& with, const std::vector<u32>& lens, u32 n_letters) {
    Bytes bytes = random_bytes(offsets_of(lens).back());
    for (auto& byte : bytes) {
        const u32 letter = byte % n_letters;
        byte = letter == 1 ? ' ' : letter == 2 ? ',' : letter == 3 ? '~' : letter < 20 ? 'a' : 'b';
    }
    std::vector<u32> most, new_lens;
    Bytes expected;
    u32 at = 0;
    for (u32 len : lens) {
        const std::vector<u32> ids = with.ids_of(bytes.data() + at, len);
        append(expected, ids.data(), ids.size() * 4);
        new_lens.push_back((u32)ids.size() * 4);
        most.push_back(4 * len);
        at += len;
    }
    RowsCase of = rows_case(lens, most, bytes, {}, with.tables);
    std::vector<const char*> passes{"tokenize_maps", "tokenize_states", "tokenize_words"};
    passes.insert(passes.end(), with.passes.begin(), with.passes.end());
    passes.insert(passes.end(), {"tokenize_count", "tokenize_places", "tokenize_write"});
    check_rows(passes, of, 4, new_lens, expected);
}

}  // namespace unit
