// `warp`: see kernels/src/warp/mod.rs for what it means. Numbers of 64 bits are pairs of
// words, the low one first, in two's complement.

const PART_BITS: u32 = 12u;
const PARTS: u32 = 4096u;
const DIVISOR_BITS: u32 = 24u;

// Where a pixel is sampled, in parts of a pixel.
struct Place {
    u: u32,
    v: u32,
    is_inside: bool,
}

fn sum_of(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    let low = a.x + b.x;
    return vec2<u32>(low, a.y + b.y + select(0u, 1u, low < a.x));
}

// A number so many times, at most 65,535.
fn times(a: vec2<u32>, n: u32) -> vec2<u32> {
    let low = (a.x & 0xffffu) * n;
    let middle = (a.x >> 16u) * n + (low >> 16u);
    return vec2<u32>((middle << 16u) | (low & 0xffffu), a.y * n + (middle >> 16u));
}

// Without its last bits, fewer than 32 of them.
fn without(a: vec2<u32>, n_bits: u32) -> vec2<u32> {
    if n_bits == 0u {
        return a;
    }
    return vec2<u32>((a.x >> n_bits) | (a.y << (32u - n_bits)), a.y >> n_bits);
}

// What a sum is at a pixel.
fn sum_at(across: vec2<u32>, down: vec2<u32>, first: vec2<u32>, x: u32, y: u32) -> vec2<u32> {
    return sum_of(sum_of(times(across, x), times(down, y)), first);
}

fn is_negative(a: vec2<u32>) -> bool {
    return (a.y >> 31u) == 1u;
}

// The whole quotient of a number and one of 24 bits, where it fits 32.
fn quotient(dividend: vec2<u32>, divisor: u32) -> u32 {
    var rest = dividend.y;
    var digits = 0u;
    rest = (rest << 8u) | (dividend.x >> 24u);
    digits = rest / divisor;
    rest = ((rest % divisor) << 8u) | ((dividend.x >> 16u) & 0xffu);
    digits = (digits << 8u) | (rest / divisor);
    rest = ((rest % divisor) << 8u) | ((dividend.x >> 8u) & 0xffu);
    digits = (digits << 8u) | (rest / divisor);
    rest = ((rest % divisor) << 8u) | (dividend.x & 0xffu);
    return (digits << 8u) | (rest / divisor);
}

fn place(row: WarpRow, x: u32, y: u32) -> Place {
    let across = sum_at(
        vec2<u32>(row.x_across_low, row.x_across_high),
        vec2<u32>(row.x_down_low, row.x_down_high),
        vec2<u32>(row.x_first_low, row.x_first_high),
        x,
        y,
    );
    let down = sum_at(
        vec2<u32>(row.y_across_low, row.y_across_high),
        vec2<u32>(row.y_down_low, row.y_down_high),
        vec2<u32>(row.y_first_low, row.y_first_high),
        x,
        y,
    );
    let depth = sum_at(
        vec2<u32>(row.w_across_low, row.w_across_high),
        vec2<u32>(row.w_down_low, row.w_down_high),
        vec2<u32>(row.w_first_low, row.w_first_high),
        x,
        y,
    );
    let is_before = !is_negative(depth) && (depth.x | depth.y) != 0u;
    if !is_before || is_negative(across) || is_negative(down) {
        return Place(0u, 0u, false);
    }
    let n_bits = select(32u - countLeadingZeros(depth.x), 64u - countLeadingZeros(depth.y), depth.y != 0u);
    let n_dropped = max(n_bits, DIVISOR_BITS) - DIVISOR_BITS;
    let divisor = without(depth, n_dropped).x;
    let u_dividend = without(vec2<u32>(across.x << PART_BITS, (across.y << PART_BITS) | (across.x >> 20u)), n_dropped);
    let v_dividend = without(vec2<u32>(down.x << PART_BITS, (down.y << PART_BITS) | (down.x >> 20u)), n_dropped);
    // Quotients of 32 bits and more are beyond every side.
    if u_dividend.y >= divisor || v_dividend.y >= divisor {
        return Place(0u, 0u, false);
    }
    let u = quotient(u_dividend, divisor);
    let v = quotient(v_dividend, divisor);
    return Place(u, v, u < (row.src_width << PART_BITS) && v < (row.src_height << PART_BITS));
}

// The sample of a channel at a column and a row of the image that begins at a byte.
fn sample_at(it: WarpConstants, row: WarpRow, image: u32, channel: u32, x: u32, y: u32) -> u32 {
    if it.is_chw == 1u {
        return src_byte(image + (channel * row.src_height + y) * row.src_width + x);
    }
    return src_byte(image + (y * row.src_width + x) * it.channels + channel);
}

fn sample_of(it: WarpConstants, row: WarpRow, image: u32, channel: u32, found: Place) -> u32 {
    if !found.is_inside {
        return (it.fill >> (8u * channel)) & 0xffu;
    }
    if it.is_bilinear == 0u {
        return sample_at(it, row, image, channel, found.u >> PART_BITS, found.v >> PART_BITS);
    }
    let a = bitcast<i32>(found.u) - 2048i;
    let b = bitcast<i32>(found.v) - 2048i;
    let f = bitcast<u32>(a) & (PARTS - 1u);
    let g = bitcast<u32>(b) & (PARTS - 1u);
    let x_last = bitcast<i32>(row.src_width) - 1i;
    let y_last = bitcast<i32>(row.src_height) - 1i;
    let left = bitcast<u32>(max(a >> PART_BITS, 0i));
    let top = bitcast<u32>(max(b >> PART_BITS, 0i));
    let right = bitcast<u32>(min((a >> PART_BITS) + 1i, x_last));
    let bottom = bitcast<u32>(min((b >> PART_BITS) + 1i, y_last));
    let above = (PARTS - f) * sample_at(it, row, image, channel, left, top)
        + f * sample_at(it, row, image, channel, right, top);
    let below = (PARTS - f) * sample_at(it, row, image, channel, left, bottom)
        + f * sample_at(it, row, image, channel, right, bottom);
    return ((PARTS - g) * above + g * below + (1u << 23u)) >> 24u;
}

@compute @workgroup_size(256)
fn warp(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) n_workgroups: vec3<u32>,
) {
    let job = jobs[id.y];
    let it = warp_constants(job.constants);
    for (var i = id.x; i <= job.n_items; i += stride(n_workgroups)) {
        atomicStore(&dst_words[job.dst_offsets + i], params[job.params + i]);
    }
    let records = job.params + job.n_items + 1u;
    let n_words = (job.n + 3u) >> 2u;
    // The row at hand, and where it ends; the first is looked up.
    var row: WarpRow;
    var row_begin = 0u;
    var row_end = 0u;
    var image = 0u;
    for (var quad = id.x; quad * 4u < n_words; quad += stride(n_workgroups)) {
        // The pixel whose place was found last, of the row at hand.
        var last = 0xffffffffu;
        var found = Place(0u, 0u, false);
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
                    row = warp_row(records + at_row * WARP_ROW_WORDS);
                    image = job.src * 4u + src[job.src_offsets + at_row];
                    last = 0xffffffffu;
                }
                let inside = at - row_begin;
                let n_pixels = row.dst_height * row.dst_width;
                var pixel = inside / it.channels;
                var channel = inside % it.channels;
                if it.is_chw == 1u {
                    pixel = inside % n_pixels;
                    channel = inside / n_pixels;
                }
                if pixel != last {
                    found = place(row, pixel % row.dst_width, pixel / row.dst_width);
                    last = pixel;
                }
                bits |= sample_of(it, row, image, channel, found) << (i << 3u);
            }
            atomicStore(&dst_words[job.dst + word], bits);
        }
    }
    tell_if_cut_short(job);
}
