//! `normalize` on numbers.
