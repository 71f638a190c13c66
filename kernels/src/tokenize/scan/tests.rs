//! Scanner tests.
