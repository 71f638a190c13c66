//! The tokenizers that are compared, each as its users would call it.

pub mod bpe_openai;
pub mod fastokens;
pub mod fuelrail;
pub mod hf;
pub mod hf_next;
pub mod splintr;
pub mod tiktoken;
