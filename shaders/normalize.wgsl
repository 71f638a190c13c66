// `normalize`: see kernels/src/normalize/mod.rs for what it means.

// Which number of which image is written next.
struct Place {
    index: u32,
    // The first byte of its image, from the beginning of the slot.
    image: u32,
    row: u32,
    col: u32,
    channel: u32,
}

fn place_of(job: Job, images: ImagesConstants, index: u32) -> Place {
    let n_item = images.height * images.width * images.channels;
    let image = job.src * 4u + index / n_item * job.src_item;
    let inside = index % n_item;
    if images.to_chw == 1u {
        let line = inside / images.width;
        return Place(index, image, line % images.height, inside % images.width, line / images.height);
    }
    let pixel = inside / images.channels;
    return Place(index, image, pixel / images.width, pixel % images.width, inside % images.channels);
}

// Goes on by one number, so that an invocation divides once for all of its own.
fn advance(job: Job, images: ImagesConstants, place: ptr<function, Place>) {
    (*place).index += 1u;
    if images.to_chw == 1u {
        (*place).col += 1u;
        if (*place).col < images.width {
            return;
        }
        (*place).col = 0u;
        (*place).row += 1u;
        if (*place).row < images.height {
            return;
        }
        (*place).row = 0u;
        (*place).channel += 1u;
        if (*place).channel < images.channels {
            return;
        }
        (*place).channel = 0u;
    } else {
        (*place).channel += 1u;
        if (*place).channel < images.channels {
            return;
        }
        (*place).channel = 0u;
        (*place).col += 1u;
        if (*place).col < images.width {
            return;
        }
        (*place).col = 0u;
        (*place).row += 1u;
        if (*place).row < images.height {
            return;
        }
        (*place).row = 0u;
    }
    (*place).image += job.src_item;
}

// The bits of the number at a place; 0 behind the last.
fn pixel(job: Job, images: ImagesConstants, place: ptr<function, Place>) -> u32 {
    if (*place).index >= job.n {
        return 0u;
    }
    let inside = bitcast<i32>((*place).row) * images.row_stride
        + bitcast<i32>((*place).col) * images.col_stride
        + bitcast<i32>((*place).channel) * images.channel_stride;
    let at = (*place).image + images.origin + bitcast<u32>(inside);
    let byte = (src[at >> 2u] >> ((at & 3u) << 3u)) & 0xffu;
    let value = tables[job.constants + IMAGES_CONSTANTS_WORDS + (*place).channel * 256u + byte];
    advance(job, images, place);
    return value;
}

fn images_word(job: Job, images: ImagesConstants, place: ptr<function, Place>) -> u32 {
    let low = pixel(job, images, place);
    if images.to == F32 {
        return low;
    }
    let high = pixel(job, images, place);
    return low | (high << 16u);
}

@compute @workgroup_size(256)
fn normalize_images(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) n_workgroups: vec3<u32>,
) {
    let job = jobs[id.y];
    let images = images_constants(job.constants);
    let end = n_quads(images.to, job.n);
    for (var quad = id.x; quad < end; quad += stride(n_workgroups)) {
        var place = place_of(job, images, quad << (2u + log2_per_word(images.to)));
        let x = images_word(job, images, &place);
        let y = images_word(job, images, &place);
        let z = images_word(job, images, &place);
        let w = images_word(job, images, &place);
        dst[(job.dst >> 2u) + quad] = vec4<u32>(x, y, z, w);
    }
    tell_if_cut_short(job);
}

// `(x - mean) * factor`. No operation sees NaN, an infinity, a subnormal or a
// zero, and none of its results is looked at but as bits: the sign of a tiny
// difference is that of a comparison, that of a tiny product is its first
// factor's, since factors are positive.
fn scaled(x: u32, numbers: NumbersConstants) -> u32 {
    var y = flush(x, x);
    let mean = bitcast<u32>(numbers.mean);
    if is_finite(y) && magnitude(mean) != 0u {
        let sign = select(0u, SIGN, key(y) < key(mean));
        if magnitude(y) == 0u {
            y = mean ^ SIGN;
        } else {
            y = flush(bitcast<u32>(bitcast<f32>(y) - numbers.mean), sign);
        }
    }
    if is_finite(y) && magnitude(y) != 0u {
        y = flush(bitcast<u32>(bitcast<f32>(y) * numbers.factor), y);
    }
    return y;
}

// The bounds are compared as keys: NaN passes, and infinite bounds clip nothing.
fn clipped(y: u32, numbers: NumbersConstants) -> u32 {
    let low = bitcast<u32>(numbers.low);
    let high = bitcast<u32>(numbers.high);
    if is_nan(y) {
        return y;
    }
    if key(y) < key(low) {
        return low;
    }
    return select(y, high, key(y) > key(high));
}

fn numbers_word(job: Job, numbers: NumbersConstants, word: u32) -> u32 {
    let per_word = 1u << log2_per_word(numbers.to);
    var bits = 0u;
    for (var i = 0u; i < per_word; i += 1u) {
        let index = word * per_word + i;
        if index < job.n {
            let x = f32_of(numbers.from_, load(numbers.from_, job.src, index));
            let y = float_of_f32(numbers.to, clipped(scaled(x, numbers), numbers));
            bits |= y << shift(numbers.to, index);
        }
    }
    return bits;
}

@compute @workgroup_size(256)
fn normalize_numbers(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) n_workgroups: vec3<u32>,
) {
    let job = jobs[id.y];
    let numbers = numbers_constants(job.constants);
    let end = n_quads(numbers.to, job.n);
    for (var quad = id.x; quad < end; quad += stride(n_workgroups)) {
        let x = numbers_word(job, numbers, quad * 4u);
        let y = numbers_word(job, numbers, quad * 4u + 1u);
        let z = numbers_word(job, numbers, quad * 4u + 2u);
        let w = numbers_word(job, numbers, quad * 4u + 3u);
        dst[(job.dst >> 2u) + quad] = vec4<u32>(x, y, z, w);
    }
    tell_if_cut_short(job);
}
