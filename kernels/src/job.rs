//! What devices are told about one column, with a list of the members so that
//! shaders and CUDA sources can be held against it.

/// A member of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// Its name, the same in every language.
    pub name: &'static str,
    /// Its type as Rust and WGSL spell it: `u32`, `i32`, `f32` or `f64`.
    pub type_name: &'static str,
    /// Bytes from the beginning of the job.
    pub offset: usize,
}

/// Defines a job of so many bytes, with `MEMBERS` in order.
macro_rules! job {
    (
        $(#[$doc:meta])*
        pub struct $Job:ident: $len_bytes:literal {
            $($(#[$member_doc:meta])* pub $member:ident: $type:ident,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
        #[repr(C)]
        pub struct $Job {
            $($(#[$member_doc])* pub $member: $type,)*
        }

        impl $Job {
            /// The members in order, to compare with other languages.
            pub const MEMBERS: &'static [$crate::job::Member] = &[
                $($crate::job::Member {
                    name: stringify!($member),
                    type_name: stringify!($type),
                    offset: std::mem::offset_of!($Job, $member),
                },)*
            ];
        }

        const _: () = assert!(size_of::<$Job>() == $len_bytes);
    };
}
pub(crate) use job;

#[cfg(test)]
mod tests {
    use super::Member;
    use crate::cast::CastJob;
    use crate::normalize::{ImagesJob, NumbersJob, WideNumbersJob};

    const CUDA: &str = include_str!("../cuda/jobs.cuh");

    /// Name, type and offset.
    type Found<'a> = (&'a str, &'a str, usize);

    /// The members of a struct in C++ as its compilers lay them out, and its
    /// size.
    fn members_in_cuda<'a>(text: &'a str, name: &str) -> (Vec<Found<'a>>, usize) {
        let start = format!("struct {name} {{");
        let body = text.split(&start).nth(1).unwrap();
        let body = body.split("};").next().unwrap();
        let (mut end, mut align) = (0usize, 1);
        let mut members = Vec::new();
        for member in body
            .split(';')
            .map(str::trim)
            .filter(|line| !line.is_empty())
        {
            let (type_name, name) = member.split_once(' ').unwrap();
            let len = match type_name {
                "u32" | "i32" | "f32" => 4,
                "f64" => 8,
                other => panic!("a member of type {other}"),
            };
            let offset = end.next_multiple_of(len);
            members.push((name, type_name, offset));
            end = offset + len;
            align = align.max(len);
        }
        (members, end.next_multiple_of(align))
    }

    fn check(text: &str, name: &str, members: &[Member], len_bytes: usize) {
        let (found, found_len) = members_in_cuda(text, name);
        let expected: Vec<_> = members
            .iter()
            .map(|member| (member.name, member.type_name, member.offset))
            .collect();
        assert_eq!(found, expected, "{name}");
        assert_eq!(found_len, len_bytes, "{name}");
    }

    #[test]
    fn cuda_lays_out_jobs_as_rust_does() {
        check(
            CUDA,
            "ImagesJob",
            ImagesJob::MEMBERS,
            size_of::<ImagesJob>(),
        );
        check(
            CUDA,
            "NumbersJob",
            NumbersJob::MEMBERS,
            size_of::<NumbersJob>(),
        );
        check(
            CUDA,
            "WideNumbersJob",
            WideNumbersJob::MEMBERS,
            size_of::<WideNumbersJob>(),
        );
        check(CUDA, "CastJob", CastJob::MEMBERS, size_of::<CastJob>());
    }

    #[test]
    #[should_panic(expected = "CastJob")]
    fn members_that_changed_places_are_noticed() {
        let swapped = CUDA.replace("u32 from;\n    u32 to;", "u32 to;\n    u32 from;");
        check(&swapped, "CastJob", CastJob::MEMBERS, size_of::<CastJob>());
    }

    #[test]
    #[should_panic(expected = "ImagesJob")]
    fn a_type_of_the_same_size_is_noticed() {
        let changed = CUDA.replace("i32 row_stride", "u32 row_stride");
        check(
            &changed,
            "ImagesJob",
            ImagesJob::MEMBERS,
            size_of::<ImagesJob>(),
        );
    }
}
