// Images of bytes through a table: which byte becomes which number.
//
// Each thread makes 16 bytes at a time. Where planes are written whose length
// is a multiple of that, it does so for the same pixels of every channel, so
// that a pixel is read once; else for consecutive numbers wherever they lie.
#pragma once
#include "entry.cuh"

// A column of images.
struct Images : ImagesConstants {
    u32 n;
    u32 src_item;

    DEVICE Images(const Job& job, const u32* __restrict__ tables)
        : ImagesConstants(constants_of<ImagesConstants>(tables, job)), n(job.n), src_item(job.src_item) {}
};

// Division by a number known only at run time, for dividends below 2^31:
// n / d == n * ceil(2^(31 + l) / d) >> (31 + l) where 2^(l - 1) < d <= 2^l,
// because n * d < 2^(31 + l).
struct Divisor {
    u32 divisor;
    u32 factor;
    u32 shift;

    Divisor() = default;

    DEVICE explicit Divisor(u32 d) : divisor(d), factor(0), shift(0) {
        if (d > 1) {
            shift = 31 - __clz((i32)(d - 1));
            factor = (u32)(((1ull << (32 + shift)) + d - 1) / d);
        }
    }

    DEVICE u32 quotient(u32 n) const {
        return divisor == 1 ? n : __umulhi(n, factor) >> shift;
    }
};

struct Divisors {
    Divisor image;
    Divisor inner;
    Divisor width;
    Divisor plane_groups;

    Divisors() = default;

    DEVICE explicit Divisors(const Images& it) {
        u32 area = it.height * it.width;
        u32 group = it.to == F32 ? 4 : 8;
        image = Divisor(area * it.channels);
        inner = Divisor(it.to_chw ? area : it.channels);
        width = Divisor(it.width);
        plane_groups = Divisor(area < group ? 1 : area / group);
    }
};

// A number written: its place, and the byte it is made of.
struct Place {
    u32 image;
    u32 y;
    u32 x;
    u32 channel;

    Place() = default;

    DEVICE Place(const Images& it, const Divisors& divisors, u32 index) {
        image = divisors.image.quotient(index);
        u32 inside = index - image * divisors.image.divisor;
        u32 outer = divisors.inner.quotient(inside);
        u32 inner = inside - outer * divisors.inner.divisor;
        u32 pixel = it.to_chw ? inner : outer;
        channel = it.to_chw ? outer : inner;
        y = divisors.width.quotient(pixel);
        x = pixel - y * it.width;
    }

    // Sums wrap; what comes out is below 2^31 again.
    DEVICE u32 offset(const Images& it) const {
        return image * it.src_item + it.origin + y * (u32)it.row_stride +
               x * (u32)it.col_stride + channel * (u32)it.channel_stride;
    }

    DEVICE void next_pixel(const Images& it) {
        if (++x == it.width) {
            x = 0;
            y++;
        }
    }

    DEVICE void next(const Images& it) {
        if (it.to_chw) {
            next_pixel(it);
            if (y == it.height) {
                y = 0;
                channel++;
            }
            if (channel == it.channels) {
                channel = 0;
                image++;
            }
        } else if (++channel == it.channels) {
            channel = 0;
            next_pixel(it);
            if (y == it.height) {
                y = 0;
                image++;
            }
        }
    }
};

// Numbers one after another, in any layout and of any size.
template <u32 BYTES>
DEVICE void any_images(const Images& it, const Divisors& divisors, const u32* table,
                       const u8* __restrict__ src, u32* __restrict__ dst) {
    constexpr u32 GROUP = 16 / BYTES;
    const u32 first = blockIdx.x * blockDim.x + threadIdx.x;
    const u32 step = gridDim.x * blockDim.x;
    const u32 n_groups = it.n / GROUP;
    for (u32 group = first; group < n_groups; group += step) {
        Place place(it, divisors, group * GROUP);
        Words<4> written = {};
#pragma unroll
        for (u32 i = 0; i < GROUP; i++) {
            put<BYTES>(written, i, table[place.channel * 256 + src[place.offset(it)]]);
            place.next(it);
        }
        store(dst + group * 4, written);
    }
    for (u32 i = n_groups * GROUP + first; i < it.n; i += step) {
        Place place(it, divisors, i);
        write_one<BYTES>(dst, i, table[place.channel * 256 + src[place.offset(it)]]);
    }
}

// Pixels of three bytes each, read as whole words.
template <u32 BYTES>
DEVICE void packed_group(const u32* table, const u8* __restrict__ at, u32* __restrict__ to,
                         u32 plane_words) {
    constexpr u32 GROUP = 16 / BYTES;
    constexpr u32 N_WORDS = GROUP * 3 / 4;
    Words<N_WORDS> read;
#pragma unroll
    for (u32 i = 0; i < N_WORDS; i++) {
        read.at[i] = reinterpret_cast<const u32*>(at)[i];
    }
#pragma unroll
    for (u32 channel = 0; channel < 3; channel++) {
        Words<4> written = {};
#pragma unroll
        for (u32 i = 0; i < GROUP; i++) {
            u32 byte = (u32)number_at<1>(read, 3 * i + channel);
            put<BYTES>(written, i, table[channel * 256 + byte]);
        }
        store(to + channel * plane_words, written);
    }
}

// Planes whose length is a multiple of a group.
template <u32 BYTES>
DEVICE void planes(const Images& it, const Divisors& divisors, const u32* table,
                   const u8* __restrict__ src, u32* __restrict__ dst) {
    constexpr u32 GROUP = 16 / BYTES;
    const u32 first = blockIdx.x * blockDim.x + threadIdx.x;
    const u32 step = gridDim.x * blockDim.x;
    const u32 per_plane = divisors.plane_groups.divisor;
    const u32 n_groups = it.n / (GROUP * it.channels);
    const bool is_packed = it.channels == 3 && it.col_stride == 3 && it.channel_stride == 1 &&
                           it.width % GROUP == 0 &&
                           ((it.origin | (u32)it.row_stride | it.src_item) & 3) == 0;
    for (u32 group = first; group < n_groups; group += step) {
        Place place;
        place.image = divisors.plane_groups.quotient(group);
        u32 in_plane = group - place.image * per_plane;
        place.y = divisors.width.quotient(in_plane * GROUP);
        place.x = in_plane * GROUP - place.y * it.width;
        place.channel = 0;
        u32* to = dst + (place.image * it.channels * per_plane + in_plane) * 4;
        if (is_packed) {
            packed_group<BYTES>(table, src + place.offset(it), to, per_plane * 4);
            continue;
        }
        u32 offsets[GROUP];
#pragma unroll
        for (u32 i = 0; i < GROUP; i++) {
            offsets[i] = place.offset(it);
            place.next_pixel(it);
        }
        for (u32 channel = 0; channel < it.channels; channel++) {
            Words<4> written = {};
#pragma unroll
            for (u32 i = 0; i < GROUP; i++) {
                u32 byte = src[offsets[i] + channel * (u32)it.channel_stride];
                put<BYTES>(written, i, table[channel * 256 + byte]);
            }
            store(to + channel * per_plane * 4, written);
        }
    }
}

template <u32 BYTES>
DEVICE void images(const Images& it, const Divisors& divisors, const u32* table,
                   const u8* __restrict__ src, u32* __restrict__ dst) {
    if (it.to_chw && it.height * it.width % (16 / BYTES) == 0) {
        planes<BYTES>(it, divisors, table, src, dst);
    } else {
        any_images<BYTES>(it, divisors, table, src, dst);
    }
}
