// The types of numbers, and how they lie in words of 32 bits.
//
// A number is handled as its bits in the low end of a u32. WGSL may take it
// that there is no NaN, no infinity and no subnormal, so nothing here is a
// float: every decision and every rounding is made on bits.

// The codes of `fuelrail_kernels::Element`. Those of 64 bits have no twin here.
const U8: u32 = 0u;
const I8: u32 = 1u;
const U16: u32 = 2u;
const I16: u32 = 3u;
const U32: u32 = 4u;
const I32: u32 = 5u;
const F16: u32 = 8u;
const BF16: u32 = 9u;
const F32: u32 = 10u;

// The exponent of 2 that gives the bytes of a number.
fn log2_bytes(element: u32) -> u32 {
    switch element {
        case U8, I8: {
            return 0u;
        }
        case U16, I16, F16, BF16: {
            return 1u;
        }
        default: {
            return 2u;
        }
    }
}

// The exponent of 2 that gives how many numbers a word holds.
fn log2_per_word(element: u32) -> u32 {
    return 2u - log2_bytes(element);
}

// How many quads of words `n` numbers take: as many as have room for them.
fn n_quads(element: u32, n: u32) -> u32 {
    let per_quad = log2_per_word(element) + 2u;
    return (n >> per_quad) + select(0u, 1u, (n & ((1u << per_quad) - 1u)) != 0u);
}

// The low bits that hold a number.
fn mask(element: u32) -> u32 {
    return 0xffffffffu >> (32u - (8u << log2_bytes(element)));
}

// Where in its word number `index` begins, in bits.
fn shift(element: u32, index: u32) -> u32 {
    let in_word = index & ((1u << log2_per_word(element)) - 1u);
    return in_word << (3u + log2_bytes(element));
}
