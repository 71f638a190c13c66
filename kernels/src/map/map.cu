// `map` on NVIDIA GPUs, bit for bit what scalar.rs does. Row y of the grid works on
// job y; its threads stride over groups of four numbers. What the register holds is
// kept as its bits; which type and which instruction it is, is the same for all
// threads of a block.
#include "convert.cuh"
#include "entry.cuh"
#include "four.cuh"

// `Instruction::code`.
enum Operation : u32 { TO_F32, TO_F64, SUBTRACT, MULTIPLY, CLAMP, SEARCH, LOOKUP };

template <typename Float>
DEVICE Float clamped(Float x, Float low, Float high) {
    return x < low ? low : x > high ? high : x;
}

DEVICE u64 on_f32(const MapInstruction& it, f32 x) {
    const f32 first = __uint_as_float(it.first);
    switch (it.operation) {
    case SUBTRACT:
        return bits_of(flush(__fsub_rn(flush(x), first)));
    case MULTIPLY:
        return bits_of(flush(__fmul_rn(flush(x), first)));
    default:
        return bits_of(clamped(x, first, __uint_as_float(it.second)));
    }
}

DEVICE u64 on_f64(const MapInstruction& it, f64 x) {
    const f64 first = __longlong_as_double((i64)(it.first | (u64)it.first_high << 32));
    const f64 second = __longlong_as_double((i64)(it.second | (u64)it.second_high << 32));
    switch (it.operation) {
    case SUBTRACT:
        return bits_of(flush(__dsub_rn(flush(x), first)));
    case MULTIPLY:
        return bits_of(flush(__dmul_rn(flush(x), first)));
    default:
        return bits_of(clamped(x, first, second));
    }
}

// An unsigned integer that ascends as the numbers do: see `edges.rs`.
DEVICE u64 key_of(u32 before, u64 bits) {
    const u64 sign = len_bytes(before) == 8 ? 1ull << 63 : 1ull << 31;
    const u64 most = sign | (sign - 1);
    const u64 size = bits & (sign - 1);
    switch (before) {
    case I32:
    case I64:
        return bits ^ sign;
    case F32:
    case F64:
        if (size > (before == F32 ? 0x7f800000ull : 0x7ff0000000000000ull)) {
            return most;
        }
        return bits > sign ? ~bits & most : size | sign;
    default:
        return bits;
    }
}

// How many of `n` ascending keys are at most this one.
template <typename Key>
DEVICE u32 count(const Key* __restrict__ keys, u32 n, Key key) {
    u32 reached = 0;
#pragma unroll 1
    while (n > 0) {
        const u32 half = n / 2;
        const bool is_reached = keys[reached + half] <= key;
        reached += is_reached ? half + 1 : 0;
        n = is_reached ? n - half - 1 : half;
    }
    return reached;
}

// What the register holds behind an instruction; edges and entries lie `first` words
// behind `table`.
CALLED u64 stepped(const MapInstruction* __restrict__ at, const u32* __restrict__ table, u64 bits) {
    const MapInstruction it = *at;
    const u32* entries = table + it.first;
    switch (it.operation) {
    case SEARCH: {
        const u64 key = key_of(it.before, bits);
        return len_bytes(it.before) == 8
                   ? count(reinterpret_cast<const u64*>(entries), it.second, key)
                   : count(entries, it.second, (u32)key);
    }
    case LOOKUP:
        return len_bytes(it.behind) == 8 ? reinterpret_cast<const u64*>(entries)[bits]
                                         : entries[bits];
    default:
        return it.before == F64 ? on_f64(it, __longlong_as_double((i64)bits))
                                : on_f32(it, __uint_as_float((u32)bits));
    }
}

CALLED Converted mapped(MapConstants it, const u32* __restrict__ table, u64 bits) {
    const auto* at = reinterpret_cast<const MapInstruction*>(table + sizeof(MapConstants) / 4);
    u32 held = it.from, next = it.held;
    Converted one = converted(held, next, bits);
#pragma unroll 1
    for (u32 i = 0; i < it.n_instructions; i++) {
        held = at[i].before;
        next = at[i].behind;
        if (at[i].operation <= TO_F64) {
            one = converted(held, next, one.bits);
        } else {
            one.bits = stepped(at + i, table, one.bits);
        }
    }
    return converted(next, it.to, one.bits);
}

ENTRY(map) {
    const Job job = jobs[blockIdx.y];
    const auto it = constants_of<MapConstants>(tables, job);
    bool misfit = false;
    for_each_four(job, it.from, it.to, src, dst, [&](u64 bits, bool is_there) {
        const Converted one = mapped(it, tables + job.constants, bits);
        misfit |= is_there && one.misfit;
        return one.bits;
    });
    if (misfit) {
        atomicOr(flags + job.flag, 1u);
    }
}
