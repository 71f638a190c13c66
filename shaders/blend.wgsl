// `blend`: see kernels/src/blend/mod.rs for what it means.

@compute @workgroup_size(256)
fn blend(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) n_workgroups: vec3<u32>,
) {
    let job = jobs[id.y];
    let it = blend_constants(job.constants);
    for (var i = id.x; i <= job.n_items; i += stride(n_workgroups)) {
        atomicStore(&dst_words[job.dst_offsets + i], params[job.params + i]);
    }
    let records = job.params + job.n_items + 1u;
    let n_words = (job.n + 3u) >> 2u;
    // The row at hand, and where it ends; the first is looked up.
    var row: BlendRow;
    var row_begin = 0u;
    var row_end = 0u;
    var images = 0u;
    for (var quad = id.x; quad * 4u < n_words; quad += stride(n_workgroups)) {
        for (var word = quad * 4u; word < min(quad * 4u + 4u, n_words); word += 1u) {
            var bits = 0u;
            for (var i = 0u; i < 4u; i += 1u) {
                let at = word * 4u + i;
                if at >= job.n {
                    break;
                }
                if at >= row_end || at < row_begin {
                    let at_row = row_in_params(job.params, job.n_items, at);
                    row_begin = params[job.params + at_row];
                    row_end = params[job.params + at_row + 1u];
                    row = blend_row(records + at_row * BLEND_ROW_WORDS);
                    images = job.src * 4u + src[job.src_offsets + at_row];
                }
                let inside = at - row_begin;
                var pixel = inside / it.channels;
                if it.is_chw == 1u {
                    pixel = inside % (row.height * row.width);
                }
                // What lies before the rectangle wraps around to far beyond it.
                let down = pixel / row.width - row.top;
                let right = pixel % row.width - row.left;
                var sample = src_byte(images + inside);
                if down < row.rows && right < row.cols {
                    let second = src_byte(images + row_end - row_begin + inside);
                    sample = blended(sample, second, bitcast<u32>(row.alpha));
                }
                bits |= sample << (i << 3u);
            }
            atomicStore(&dst_words[job.dst + word], bits);
        }
    }
    tell_if_cut_short(job);
}
