//! Every level against the scalar reference, and the reference against its
//! definition.

mod images;
mod numbers;
mod table;
