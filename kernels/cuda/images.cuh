// Images of bytes through a table: which byte becomes which number.
//
// Each thread makes 16 bytes at a time. Where planes are written whose length
// is a multiple of that, it does so for the same pixels of every channel, so
// that a pixel is read once; else for consecutive numbers wherever they lie.
#pragma once
#include "jobs.cuh"
#include "number.cuh"

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

    DEVICE explicit Divisors(const ImagesJob& job) {
        u32 area = job.height * job.width;
        u32 group = job.to == F32 ? 4 : 8;
        image = Divisor(area * job.channels);
        inner = Divisor(job.to_chw ? area : job.channels);
        width = Divisor(job.width);
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

    DEVICE Place(const ImagesJob& job, const Divisors& divisors, u32 index) {
        image = divisors.image.quotient(index);
        u32 inside = index - image * divisors.image.divisor;
        u32 outer = divisors.inner.quotient(inside);
        u32 inner = inside - outer * divisors.inner.divisor;
        u32 pixel = job.to_chw ? inner : outer;
        channel = job.to_chw ? outer : inner;
        y = divisors.width.quotient(pixel);
        x = pixel - y * job.width;
    }

    // Sums wrap; what comes out is below 2^31 again.
    DEVICE u32 offset(const ImagesJob& job) const {
        return image * job.src_item + job.origin + y * (u32)job.row_stride +
               x * (u32)job.col_stride + channel * (u32)job.channel_stride;
    }

    DEVICE void next_pixel(const ImagesJob& job) {
        if (++x == job.width) {
            x = 0;
            y++;
        }
    }

    DEVICE void next(const ImagesJob& job) {
        if (job.to_chw) {
            next_pixel(job);
            if (y == job.height) {
                y = 0;
                channel++;
            }
            if (channel == job.channels) {
                channel = 0;
                image++;
            }
        } else if (++channel == job.channels) {
            channel = 0;
            next_pixel(job);
            if (y == job.height) {
                y = 0;
                image++;
            }
        }
    }
};

// Numbers one after another, in any layout and of any size.
template <u32 BYTES>
DEVICE void any_images(const ImagesJob& job, const Divisors& divisors, const u32* table,
                       const u8* __restrict__ src, u32* __restrict__ dst) {
    constexpr u32 GROUP = 16 / BYTES;
    const u32 first = blockIdx.x * blockDim.x + threadIdx.x;
    const u32 step = gridDim.x * blockDim.x;
    const u32 n_groups = job.n / GROUP;
    for (u32 group = first; group < n_groups; group += step) {
        Place place(job, divisors, group * GROUP);
        Words<4> written = {};
#pragma unroll
        for (u32 i = 0; i < GROUP; i++) {
            put<BYTES>(written, i, table[place.channel * 256 + src[place.offset(job)]]);
            place.next(job);
        }
        store(dst + group * 4, written);
    }
    for (u32 i = n_groups * GROUP + first; i < job.n; i += step) {
        Place place(job, divisors, i);
        write_one<BYTES>(dst, i, table[place.channel * 256 + src[place.offset(job)]]);
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
DEVICE void planes(const ImagesJob& job, const Divisors& divisors, const u32* table,
                   const u8* __restrict__ src, u32* __restrict__ dst) {
    constexpr u32 GROUP = 16 / BYTES;
    const u32 first = blockIdx.x * blockDim.x + threadIdx.x;
    const u32 step = gridDim.x * blockDim.x;
    const u32 per_plane = divisors.plane_groups.divisor;
    const u32 n_groups = job.n / (GROUP * job.channels);
    const bool is_packed = job.channels == 3 && job.col_stride == 3 && job.channel_stride == 1 &&
                           job.width % GROUP == 0 &&
                           ((job.origin | (u32)job.row_stride | job.src_item) & 3) == 0;
    for (u32 group = first; group < n_groups; group += step) {
        Place place;
        place.image = divisors.plane_groups.quotient(group);
        u32 in_plane = group - place.image * per_plane;
        place.y = divisors.width.quotient(in_plane * GROUP);
        place.x = in_plane * GROUP - place.y * job.width;
        place.channel = 0;
        u32* to = dst + (place.image * job.channels * per_plane + in_plane) * 4;
        if (is_packed) {
            packed_group<BYTES>(table, src + place.offset(job), to, per_plane * 4);
            continue;
        }
        u32 offsets[GROUP];
#pragma unroll
        for (u32 i = 0; i < GROUP; i++) {
            offsets[i] = place.offset(job);
            place.next_pixel(job);
        }
        for (u32 channel = 0; channel < job.channels; channel++) {
            Words<4> written = {};
#pragma unroll
            for (u32 i = 0; i < GROUP; i++) {
                u32 byte = src[offsets[i] + channel * (u32)job.channel_stride];
                put<BYTES>(written, i, table[channel * 256 + byte]);
            }
            store(to + channel * per_plane * 4, written);
        }
    }
}

template <u32 BYTES>
DEVICE void images(const ImagesJob& job, const Divisors& divisors, const u32* table,
                   const u8* __restrict__ src, u32* __restrict__ dst) {
    if (job.to_chw && job.height * job.width % (16 / BYTES) == 0) {
        planes<BYTES>(job, divisors, table, src, dst);
    } else {
        any_images<BYTES>(job, divisors, table, src, dst);
    }
}
