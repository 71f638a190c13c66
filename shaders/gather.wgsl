// `gather`: see kernels/src/gather/mod.rs for what it means.

const CONSTANT: u32 = 0u;
const EDGE: u32 = 1u;
const REFLECT: u32 = 2u;
const SYMMETRIC: u32 = 3u;

// The remainder that is never negative.
fn modulo(a: i32, b: i32) -> i32 {
    let rest = a % b;
    return select(rest, rest + b, rest < 0i);
}

// Where a coordinate within a window of `len` is brought back to; outside of it,
// the constant border never gets here.
fn brought_back(border: u32, inside: i32, len: i32) -> i32 {
    switch border {
        case EDGE: {
            return clamp(inside, 0i, len - 1i);
        }
        case REFLECT: {
            if len == 1i {
                return 0i;
            }
            let phase = modulo(inside, 2i * (len - 1i));
            return min(phase, 2i * (len - 1i) - phase);
        }
        case SYMMETRIC: {
            let phase = modulo(inside, 2i * len);
            return min(phase, 2i * len - 1i - phase);
        }
        default: {
            return modulo(inside, len);
        }
    }
}

// The sample of a row that is written at (y, x, c).
fn sample(it: GatherConstants, row: GatherRow, begin: u32, y: i32, x: i32, c: u32) -> u32 {
    var down = row.top + y * row.row_down + x * row.row_right - row.window_top;
    var right = row.left + y * row.col_down + x * row.col_right - row.window_left;
    let height = bitcast<i32>(row.window_height);
    let width = bitcast<i32>(row.window_width);
    let is_inside = down >= 0i && down < height && right >= 0i && right < width;
    if !is_inside {
        if it.border == CONSTANT {
            return (it.fill >> (c << 3u)) & 0xffu;
        }
        down = brought_back(it.border, down, height);
        right = brought_back(it.border, right, width);
    }
    let in_y = bitcast<u32>(down + row.window_top);
    let in_x = bitcast<u32>(right + row.window_left);
    let channel = bitcast<u32>(bitcast<i32>(it.first_channel) + bitcast<i32>(c) * it.channel_step);
    if it.from_chw == 1u {
        return src_byte(begin + (channel * row.src_height + in_y) * row.src_width + in_x);
    }
    return src_byte(begin + (in_y * row.src_width + in_x) * it.channels_in + channel);
}

@compute @workgroup_size(256)
fn gather(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) n_workgroups: vec3<u32>,
) {
    let job = jobs[id.y];
    let it = gather_constants(job.constants);
    for (var i = id.x; i <= job.n_items; i += stride(n_workgroups)) {
        atomicStore(&dst_words[job.dst_offsets + i], params[job.params + i]);
    }
    let records = job.params + job.n_items + 1u;
    let n_words = (job.n + 3u) >> 2u;
    // The row at hand, and where it ends; the first is looked up.
    var at_row = 0u;
    var row: GatherRow;
    var row_begin = 0u;
    var row_end = 0u;
    for (var quad = id.x; quad * 4u < n_words; quad += stride(n_workgroups)) {
        for (var word = quad * 4u; word < min(quad * 4u + 4u, n_words); word += 1u) {
            var bits = 0u;
            for (var i = 0u; i < 4u; i += 1u) {
                let at = word * 4u + i;
                if at >= job.n {
                    break;
                }
                if at >= row_end || at < row_begin {
                    at_row = row_in_params(job.params, job.n_items, at);
                    row_begin = params[job.params + at_row];
                    row_end = params[job.params + at_row + 1u];
                    row = gather_row(records + at_row * GATHER_ROW_WORDS);
                }
                let inside = at - row_begin;
                var c = inside % it.channels_out;
                var pixel = inside / it.channels_out;
                if it.to_chw == 1u {
                    let area = row.dst_height * row.dst_width;
                    c = inside / area;
                    pixel = inside % area;
                }
                let y = bitcast<i32>(pixel / row.dst_width);
                let x = bitcast<i32>(pixel % row.dst_width);
                let begin = job.src * 4u + src[job.src_offsets + at_row];
                bits |= sample(it, row, begin, y, x, c) << (i << 3u);
            }
            atomicStore(&dst_words[job.dst + word], bits);
        }
    }
    tell_if_cut_short(job);
}
