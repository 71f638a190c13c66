//! Structs that Rust, WGSL and CUDA lay out alike. Those of Rust are written by
//! hand; `scripts/twins.sh` writes the others from their members.

/// A struct with twins in other languages.
#[derive(Debug, Clone, Copy)]
pub struct Twin {
    /// Its name, the same in every language.
    pub name: &'static str,
    /// Its members in order.
    pub members: &'static [Member],
    /// Its bytes.
    pub len_bytes: usize,
}

/// A member of a [`Twin`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// Its name, the same in every language.
    pub name: &'static str,
    /// Its type as Rust and WGSL spell it: `u32`, `i32`, `f32` or `f64`.
    pub type_name: &'static str,
    /// Bytes from the beginning of the struct.
    pub offset: usize,
}

impl Twin {
    /// Whether it has a number of 64 bits, which WGSL does not know: it is CUDA's
    /// alone then.
    #[must_use]
    pub fn is_wide(&self) -> bool {
        self.members.iter().any(|member| member.type_name == "f64")
    }
}

/// Defines a struct of so many bytes with its `TWIN`.
macro_rules! twin {
    (
        $(#[$doc:meta])*
        pub struct $Struct:ident: $len_bytes:literal {
            $($(#[$member_doc:meta])* pub $member:ident: $type:ident,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
        #[repr(C)]
        pub struct $Struct {
            $($(#[$member_doc])* pub $member: $type,)*
        }

        impl $Struct {
            /// What its twins in other languages are made of.
            pub const TWIN: $crate::twin::Twin = $crate::twin::Twin {
                name: stringify!($Struct),
                members: &[
                    $($crate::twin::Member {
                        name: stringify!($member),
                        type_name: stringify!($type),
                        offset: std::mem::offset_of!($Struct, $member),
                    },)*
                ],
                len_bytes: $len_bytes,
            };
        }

        const _: () = assert!(size_of::<$Struct>() == $len_bytes);
    };
}
pub(crate) use twin;
