// Rows of any length: which one a byte belongs to, and where they begin. Offsets of
// what is read lie before it, for an earlier kernel may have found them on the
// device.

// The last of the `n + 1` ascending offsets from word `begin` of the records on
// that is at most `at`, but not the one behind the last row. Rows without bytes
// are never found.
fn row_in_params(begin: u32, n: u32, at: u32) -> u32 {
    var low = 0u;
    var high = n;
    while high - low > 1u {
        let middle = (low + high) >> 1u;
        if params[begin + middle] <= at {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

// The same among the offsets of what is read.
fn row_in_src(begin: u32, n: u32, at: u32) -> u32 {
    var low = 0u;
    var high = n;
    while high - low > 1u {
        let middle = (low + high) >> 1u;
        if src[begin + middle] <= at {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

// The bytes of all rows that are read.
fn src_bytes(job: Job) -> u32 {
    return src[job.src_offsets + job.n_items];
}

// The first of the `n + 1` ascending offsets from word `begin` of what is read on
// that is at least `at`; `n + 1` if there is none.
fn first_from(begin: u32, n: u32, at: u32) -> u32 {
    var low = 0u;
    var high = n + 1u;
    while low < high {
        let middle = (low + high) >> 1u;
        if src[begin + middle] < at {
            low = middle + 1u;
        } else {
            high = middle;
        }
    }
    return low;
}

// The byte at a place of what is read.
fn src_byte(at: u32) -> u32 {
    return (src[at >> 2u] >> ((at & 3u) << 3u)) & 0xffu;
}

