// `color`: see kernels/src/color/mod.rs for what it means. Two passes: a workgroup
// sums the grey of each image whose contrast changes; all adjustments are done.

const NONE: u32 = 0u;
const BRIGHTNESS: u32 = 1u;
const CONTRAST: u32 = 2u;
const SATURATION: u32 = 3u;
const HUE: u32 = 4u;

// Sums of what invocations have seen: the high and the low halves of greys.
var<workgroup> highs: array<u32, 256>;
var<workgroup> lows: array<u32, 256>;

fn luma(pixel: vec3<u32>) -> u32 {
    return (19595u * pixel.x + 38470u * pixel.y + 7471u * pixel.z + 0x8000u) >> 16u;
}

// Whether the floating-point sum stays below this whole hue: see hue.rs.
fn is_low(hue: u32) -> bool {
    var low = array<u32, 8>(
        0xfffffffeu, 0u, 0x11000000u, 0x00000111u, 0x222aaaaau, 0x23232222u, 0x00022222u, 0u,
    );
    return ((low[hue >> 5u] >> (hue & 31u)) & 1u) == 1u;
}

// What so many of 85 parts of the saturation leave of a value.
fn left(value: u32, saturation: u32, parts: i32) -> u32 {
    let taken = value * saturation * bitcast<u32>(clamp(parts, 0i, 85i));
    return value - (taken + 10837u) / 21675u;
}

fn moved(pixel: vec3<u32>, by: u32) -> vec3<u32> {
    let value = max(pixel.x, max(pixel.y, pixel.z));
    let chroma = value - min(pixel.x, min(pixel.y, pixel.z));
    if chroma == 0u {
        return pixel;
    }
    // Six chromas more, so that nothing is below zero.
    var place = 10u * chroma + pixel.x - pixel.y;
    if pixel.y == value {
        place = 8u * chroma + pixel.z - pixel.x;
    }
    if pixel.x == value {
        place = 6u * chroma + pixel.y - pixel.z;
    }
    let numerator = 85u * (place % (6u * chroma));
    var hue = numerator / (2u * chroma);
    if hue * 2u * chroma == numerator && is_low(hue) {
        hue -= 1u;
    }
    let saturation = 255u * chroma / value;
    let twice = bitcast<i32>(2u * ((hue + by) & 255u));
    return vec3<u32>(
        left(value, saturation, 170i - abs(twice - 255i)),
        left(value, saturation, abs(twice - 170i) - 85i),
        left(value, saturation, abs(twice - 340i) - 85i),
    );
}

// From one sample to each of a pixel.
fn all_blended(first: u32, pixel: vec3<u32>, factor: u32) -> vec3<u32> {
    return vec3<u32>(
        blended(first, pixel.x, factor),
        blended(first, pixel.y, factor),
        blended(first, pixel.z, factor),
    );
}

fn adjusted(pixel: vec3<u32>, kind: u32, word: u32, mean: u32) -> vec3<u32> {
    switch kind {
        case BRIGHTNESS: { return all_blended(0u, pixel, word); }
        case CONTRAST: { return all_blended(mean, pixel, word); }
        case SATURATION: { return all_blended(luma(pixel), pixel, word); }
        case HUE: { return moved(pixel, word); }
        default: { return pixel; }
    }
}

fn word_of(row: ColorRow, at: u32) -> u32 {
    return select(
        select(row.fourth, row.third, at == 2u),
        select(row.second, row.first, at == 0u),
        at < 2u,
    );
}

// How many adjustments there are before the one that needs the mean; 4 if none does.
fn before_mean(row: ColorRow) -> u32 {
    for (var at = 0u; at < 4u; at += 1u) {
        if ((row.order >> (8u * at)) & 0xffu) == CONTRAST {
            return at;
        }
    }
    return 4u;
}

// A pixel behind the first `n` adjustments.
fn colored(read: vec3<u32>, row: ColorRow, n: u32, mean: u32) -> vec3<u32> {
    var pixel = read;
    for (var at = 0u; at < n; at += 1u) {
        let kind = (row.order >> (8u * at)) & 0xffu;
        if kind == NONE {
            break;
        }
        pixel = adjusted(pixel, kind, word_of(row, at), mean);
    }
    return pixel;
}

// A pixel of the image of `n_pixels` that begins at a byte; one channel is all three.
fn pixel_of(it: ColorConstants, image: u32, n_pixels: u32, pixel: u32) -> vec3<u32> {
    if it.channels == 1u {
        return vec3<u32>(src_byte(image + pixel));
    }
    if it.is_chw == 1u {
        return vec3<u32>(
            src_byte(image + pixel),
            src_byte(image + n_pixels + pixel),
            src_byte(image + 2u * n_pixels + pixel),
        );
    }
    let at = image + pixel * it.channels;
    return vec3<u32>(src_byte(at), src_byte(at + 1u), src_byte(at + 2u));
}

// The mean of `n` greys, rounded half up, out of the sums of their halves.
fn mean_of(high: u32, low: u32, n: u32) -> u32 {
    let rest = 16u * (high % n) + low;
    return 16u * (high / n) + (2u * rest + n) / (2u * n);
}

@compute @workgroup_size(256)
fn color_means(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(num_workgroups) n_workgroups: vec3<u32>,
) {
    let job = jobs[group.y];
    let it = color_constants(job.constants);
    let records = job.params + job.n_items + 1u;
    for (var at_row = group.x; at_row < job.n_items; at_row += n_workgroups.x) {
        let row = color_row(records + at_row * COLOR_ROW_WORDS);
        let begin = src[job.src_offsets + at_row];
        let n_pixels = (src[job.src_offsets + at_row + 1u] - begin) / it.channels;
        let n_before = before_mean(row);
        var high = 0u;
        var low = 0u;
        if n_before < 4u {
            for (var pixel = local.x; pixel < n_pixels; pixel += 256u) {
                let read = pixel_of(it, job.src * 4u + begin, n_pixels, pixel);
                let grey = luma(colored(read, row, n_before, 0u));
                high += grey >> 4u;
                low += grey & 15u;
            }
        }
        highs[local.x] = high;
        lows[local.x] = low;
        workgroupBarrier();
        for (var distance = 128u; distance > 0u; distance >>= 1u) {
            if local.x < distance {
                highs[local.x] += highs[local.x + distance];
                lows[local.x] += lows[local.x + distance];
            }
            workgroupBarrier();
        }
        if local.x == 0u && n_before < 4u && n_pixels > 0u {
            atomicStore(&dst_words[job.aux + at_row], mean_of(highs[0], lows[0], n_pixels));
        }
        workgroupBarrier();
    }
    tell_if_cut_short(job);
}

@compute @workgroup_size(256)
fn color(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) n_workgroups: vec3<u32>,
) {
    let job = jobs[id.y];
    let it = color_constants(job.constants);
    for (var i = id.x; i <= job.n_items; i += stride(n_workgroups)) {
        atomicStore(&dst_words[job.dst_offsets + i], params[job.params + i]);
    }
    let records = job.params + job.n_items + 1u;
    let n_words = (job.n + 3u) >> 2u;
    // The row at hand, and where it ends; the first is looked up.
    var row: ColorRow;
    var row_begin = 0u;
    var row_end = 0u;
    var image = 0u;
    var mean = 0u;
    for (var quad = id.x; quad * 4u < n_words; quad += stride(n_workgroups)) {
        // The pixel that was made last, of the row at hand.
        var last = 0xffffffffu;
        var made = vec3<u32>(0u);
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
                    row = color_row(records + at_row * COLOR_ROW_WORDS);
                    image = job.src * 4u + src[job.src_offsets + at_row];
                    mean = 0u;
                    if before_mean(row) < 4u {
                        mean = aux[job.aux + at_row];
                    }
                    last = 0xffffffffu;
                }
                let inside = at - row_begin;
                let n_pixels = (row_end - row_begin) / it.channels;
                var pixel = inside / it.channels;
                var channel = inside % it.channels;
                if it.is_chw == 1u {
                    pixel = inside % n_pixels;
                    channel = inside / n_pixels;
                }
                if channel == 3u {
                    bits |= src_byte(image + inside) << (i << 3u);
                    continue;
                }
                if pixel != last {
                    made = colored(pixel_of(it, image, n_pixels, pixel), row, 4u, mean);
                    last = pixel;
                }
                bits |= select(select(made.z, made.y, channel == 1u), made.x, channel == 0u) << (i << 3u);
            }
            atomicStore(&dst_words[job.dst + word], bits);
        }
    }
    tell_if_cut_short(job);
}
