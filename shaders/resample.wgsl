// `resample`: see kernels/src/resample/mod.rs for what it means.

// The sample that is written at byte `at` of a row whose image begins at byte
// `image`, with tables from word `row_tables` of the records on.
fn resampled(it: ResampleConstants, row: ResampleRow, image: u32, row_tables: u32, at: u32) -> u32 {
    let is_vertical = row.is_vertical == 1u;
    // Bytes of a column in a line, lines written of each plane, bytes of one.
    let per_col = select(it.channels, 1u, it.is_chw == 1u);
    let rows = select(row.rows, row.to, is_vertical);
    let line = select(row.to, row.cols, is_vertical) * per_col;
    let in_line = at % line;
    let y = (at / line) % rows;
    let plane = at / line / rows;
    let x = in_line / per_col;
    let position = select(x, y, is_vertical);
    let table = row_tables + row.table;
    let n = params[table];
    let start = params[table + 1u + position];
    let weights = table + 1u + row.to + position * n;
    let down = row.top + select(y, start, is_vertical);
    let right = row.left + select(start, x, is_vertical);
    let pitch = row.width * per_col;
    let step = select(per_col, pitch, is_vertical);
    var from_ = image + (plane * row.height + down) * pitch + right * per_col + in_line % per_col;
    // Of 32 bits that wrap around, so the signs of weights need no care.
    var sum = 1u << 21u;
    for (var i = 0u; i < n; i += 1u) {
        sum += params[weights + i] * src_byte(from_);
        from_ += step;
    }
    return u32(clamp(bitcast<i32>(sum) >> 22u, 0i, 255i));
}

@compute @workgroup_size(256)
fn resample(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) n_workgroups: vec3<u32>,
) {
    let job = jobs[id.y];
    let it = resample_constants(job.constants);
    for (var i = id.x; i <= job.n_items; i += stride(n_workgroups)) {
        atomicStore(&dst_words[job.dst_offsets + i], params[job.params + i]);
    }
    let records = job.params + job.n_items + 1u;
    let row_tables = records + job.n_items * RESAMPLE_ROW_WORDS;
    let n_words = (job.n + 3u) >> 2u;
    // The row at hand, and where it ends; the first is looked up.
    var row: ResampleRow;
    var row_begin = 0u;
    var row_end = 0u;
    var image = 0u;
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
                    row = resample_row(records + at_row * RESAMPLE_ROW_WORDS);
                    image = job.src * 4u + src[job.src_offsets + at_row];
                }
                let sample = resampled(it, row, image, row_tables, at - row_begin);
                bits |= sample << (i << 3u);
            }
            atomicStore(&dst_words[job.dst + word], bits);
        }
    }
    tell_if_cut_short(job);
}
