// `normalize`: see kernels/src/normalize/mod.rs for what it means.

struct ImagesJob {
    src: u32,
    dst: u32,
    table: u32,
    n: u32,
    src_item: u32,
    height: u32,
    width: u32,
    channels: u32,
    origin: u32,
    row_stride: i32,
    col_stride: i32,
    channel_stride: i32,
    to_chw: u32,
    to: u32,
}

struct NumbersJob {
    src: u32,
    dst: u32,
    n: u32,
    from_: u32,
    to: u32,
    mean: f32,
    factor: f32,
    low: f32,
    high: f32,
}

@group(0) @binding(0) var<storage, read> images_jobs: array<ImagesJob>;
@group(0) @binding(0) var<storage, read> numbers_jobs: array<NumbersJob>;
@group(0) @binding(3) var<storage, read> tables: array<u32>;

// Which number of which image is written next.
struct Place {
    index: u32,
    // The first byte of its image, from the beginning of the slot.
    image: u32,
    row: u32,
    col: u32,
    channel: u32,
}

fn place_of(job: ImagesJob, index: u32) -> Place {
    let n_item = job.height * job.width * job.channels;
    let image = job.src * 4u + index / n_item * job.src_item;
    let inside = index % n_item;
    if job.to_chw == 1u {
        let line = inside / job.width;
        return Place(index, image, line % job.height, inside % job.width, line / job.height);
    }
    let pixel = inside / job.channels;
    return Place(index, image, pixel / job.width, pixel % job.width, inside % job.channels);
}

// Goes on by one number, so that an invocation divides once for all of its own.
fn advance(job: ImagesJob, place: ptr<function, Place>) {
    (*place).index += 1u;
    if job.to_chw == 1u {
        (*place).col += 1u;
        if (*place).col < job.width {
            return;
        }
        (*place).col = 0u;
        (*place).row += 1u;
        if (*place).row < job.height {
            return;
        }
        (*place).row = 0u;
        (*place).channel += 1u;
        if (*place).channel < job.channels {
            return;
        }
        (*place).channel = 0u;
    } else {
        (*place).channel += 1u;
        if (*place).channel < job.channels {
            return;
        }
        (*place).channel = 0u;
        (*place).col += 1u;
        if (*place).col < job.width {
            return;
        }
        (*place).col = 0u;
        (*place).row += 1u;
        if (*place).row < job.height {
            return;
        }
        (*place).row = 0u;
    }
    (*place).image += job.src_item;
}

// The bits of the number at a place; 0 behind the last.
fn pixel(job: ImagesJob, place: ptr<function, Place>) -> u32 {
    if (*place).index >= job.n {
        return 0u;
    }
    let inside = bitcast<i32>((*place).row) * job.row_stride
        + bitcast<i32>((*place).col) * job.col_stride
        + bitcast<i32>((*place).channel) * job.channel_stride;
    let at = (*place).image + job.origin + bitcast<u32>(inside);
    let byte = (src[at >> 2u] >> ((at & 3u) << 3u)) & 0xffu;
    let value = tables[job.table + (*place).channel * 256u + byte];
    advance(job, place);
    return value;
}

fn images_word(job: ImagesJob, place: ptr<function, Place>) -> u32 {
    let low = pixel(job, place);
    if job.to == F32 {
        return low;
    }
    let high = pixel(job, place);
    return low | (high << 16u);
}

@compute @workgroup_size(256)
fn normalize_images(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) n_workgroups: vec3<u32>,
) {
    let job = images_jobs[id.y];
    let end = n_quads(job.to, job.n);
    for (var quad = id.x; quad < end; quad += stride(n_workgroups)) {
        var place = place_of(job, quad << (2u + log2_per_word(job.to)));
        let x = images_word(job, &place);
        let y = images_word(job, &place);
        let z = images_word(job, &place);
        let w = images_word(job, &place);
        dst[(job.dst >> 2u) + quad] = vec4<u32>(x, y, z, w);
    }
}

// Zero of this sign for a tiny value.
fn flush(bits: u32, sign: u32) -> u32 {
    return select(bits, sign & SIGN, magnitude(bits) <= LEAST);
}

// `(x - mean) * factor`. No operation sees NaN, an infinity, a subnormal or a
// zero, and none of its results is looked at but as bits: the sign of a tiny
// difference is that of a comparison, that of a tiny product is its first
// factor's, since factors are positive.
fn scaled(x: u32, job: NumbersJob) -> u32 {
    var y = flush(x, x);
    let mean = bitcast<u32>(job.mean);
    if is_finite(y) && magnitude(mean) != 0u {
        let sign = select(0u, SIGN, key(y) < key(mean));
        if magnitude(y) == 0u {
            y = mean ^ SIGN;
        } else {
            y = flush(bitcast<u32>(bitcast<f32>(y) - job.mean), sign);
        }
    }
    if is_finite(y) && magnitude(y) != 0u {
        y = flush(bitcast<u32>(bitcast<f32>(y) * job.factor), y);
    }
    return y;
}

// The bounds are compared as keys: NaN passes, and infinite bounds clip nothing.
fn clipped(y: u32, job: NumbersJob) -> u32 {
    let low = bitcast<u32>(job.low);
    let high = bitcast<u32>(job.high);
    if is_nan(y) {
        return y;
    }
    if key(y) < key(low) {
        return low;
    }
    return select(y, high, key(y) > key(high));
}

fn numbers_word(job: NumbersJob, word: u32) -> u32 {
    let per_word = 1u << log2_per_word(job.to);
    var bits = 0u;
    for (var i = 0u; i < per_word; i += 1u) {
        let index = word * per_word + i;
        if index < job.n {
            let x = f32_of(job.from_, load(job.from_, job.src, index));
            let y = float_of_f32(job.to, clipped(scaled(x, job), job));
            bits |= y << shift(job.to, index);
        }
    }
    return bits;
}

@compute @workgroup_size(256)
fn normalize_numbers(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) n_workgroups: vec3<u32>,
) {
    let job = numbers_jobs[id.y];
    let end = n_quads(job.to, job.n);
    for (var quad = id.x; quad < end; quad += stride(n_workgroups)) {
        let x = numbers_word(job, quad * 4u);
        let y = numbers_word(job, quad * 4u + 1u);
        let z = numbers_word(job, quad * 4u + 2u);
        let w = numbers_word(job, quad * 4u + 3u);
        dst[(job.dst >> 2u) + quad] = vec4<u32>(x, y, z, w);
    }
}
