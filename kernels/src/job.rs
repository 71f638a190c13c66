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
