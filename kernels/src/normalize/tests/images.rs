//! `normalize` on images.
