// `lut`: see kernels/src/lut/mod.rs for what it means.

// An entry of the tables that belong to a row, `bytes` wide.
fn entry_of_row(record: u32, index: u32, bytes: u32) -> u32 {
    let at = index * bytes;
    let word = params[record + (at >> 2u)];
    return (word >> ((at & 3u) << 3u)) & (0xffffffffu >> (32u - (bytes << 3u)));
}

@compute @workgroup_size(256)
fn lut(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) n_workgroups: vec3<u32>,
) {
    let job = jobs[id.y];
    let it = lut_constants(job.constants);
    let log2_bytes = log2_bytes(it.to);
    for (var i = id.x; i <= job.n_items; i += stride(n_workgroups)) {
        atomicStore(&dst_words[job.dst_offsets + i], src[job.src_offsets + i] << log2_bytes);
    }
    let per_word = 1u << log2_per_word(it.to);
    let tables_begin = job.constants + LUT_CONSTANTS_WORDS;
    let records = job.params + job.n_items + 1u;
    let n = src_bytes(job);
    let n_words = (n + per_word - 1u) / per_word;
    // The row at hand; the first is looked up.
    var at_row = 0u;
    var row_begin = 0u;
    var row_end = 0u;
    for (var quad = id.x; quad * 4u < n_words; quad += stride(n_workgroups)) {
        for (var word = quad * 4u; word < min(quad * 4u + 4u, n_words); word += 1u) {
            var bits = 0u;
            for (var i = 0u; i < per_word; i += 1u) {
                let at = word * per_word + i;
                if at >= n {
                    break;
                }
                if at >= row_end || at < row_begin {
                    at_row = row_in_src(job.src_offsets, job.n_items, at);
                    row_begin = src[job.src_offsets + at_row];
                    row_end = src[job.src_offsets + at_row + 1u];
                }
                var table = 0u;
                if it.n_tables > 1u {
                    table = (at - row_begin) % it.channels;
                    if it.is_chw == 1u {
                        table = (at - row_begin) / ((row_end - row_begin) / it.channels);
                    }
                }
                let index = table * 256u + src_byte(job.src * 4u + at);
                var value = 0u;
                if it.from_row == 1u {
                    let record = records + at_row * (it.record_len >> 2u);
                    value = entry_of_row(record, index, 1u << log2_bytes);
                } else {
                    value = tables[tables_begin + index];
                }
                bits |= value << shift(it.to, at);
            }
            atomicStore(&dst_words[job.dst + word], bits);
        }
    }
    tell_if_cut_short(job);
}
