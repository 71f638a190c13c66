//! What Python does with values: printing, comparing, computing, looking up.

pub(super) mod arith;
pub(super) mod attribute;
pub(super) mod compare;
pub(super) mod fields;
pub(super) mod float;
pub(super) mod index;
pub(super) mod integer;
pub(super) mod percent;
pub(super) mod repr;
pub(super) mod sort;
pub(super) mod spec;
pub(super) mod unicode;
