//! Who takes part: the tokenizers by name, and what each is asked for.

use crate::message::Output;

/// A tokenizer of the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "kebab-case")]
pub enum PeerName {
    Fuelrail,
    /// fuelrail as another build of this program has it.
    Before,
    Fastokens,
    Gigatoken,
    #[value(name = "hf-1.0")]
    HfNext,
    Splintr,
    BpeOpenai,
    Tiktoken,
    #[value(name = "sentencepiece")]
    SentencePiece,
    #[value(name = "hf-0.23")]
    Hf,
    FuelrailPython,
}

/// All of them, the fast ones first.
const ALL: [PeerName; 11] = [
    PeerName::Fuelrail,
    PeerName::Before,
    PeerName::Fastokens,
    PeerName::Gigatoken,
    PeerName::HfNext,
    PeerName::Splintr,
    PeerName::BpeOpenai,
    PeerName::Tiktoken,
    PeerName::SentencePiece,
    PeerName::Hf,
    PeerName::FuelrailPython,
];

impl PeerName {
    /// As it is called on the command line and in tables.
    pub fn label(self) -> &'static str {
        match self {
            Self::Fuelrail => "fuelrail",
            Self::Before => "before",
            Self::Fastokens => "fastokens",
            Self::Gigatoken => "gigatoken",
            Self::HfNext => "hf-1.0",
            Self::Splintr => "splintr",
            Self::BpeOpenai => "bpe-openai",
            Self::Tiktoken => "tiktoken",
            Self::SentencePiece => "sentencepiece",
            Self::Hf => "hf-0.23",
            Self::FuelrailPython => "fuelrail-python",
        }
    }

    /// The release that is compared; Cargo.toml and requirements.txt pin it.
    pub fn version(self) -> &'static str {
        match self {
            Self::Fuelrail | Self::FuelrailPython => "of this checkout",
            Self::Before => "of another build",
            Self::Fastokens => "0.3.5",
            Self::Gigatoken => "0.10.0",
            Self::HfNext => "1.0.0-rc.3",
            Self::Splintr => "0.22.0",
            Self::BpeOpenai => "0.3.2",
            Self::Tiktoken => "tiktoken-rs 0.12.1",
            Self::SentencePiece => "0.2.3",
            Self::Hf => "0.23.2",
        }
    }

    /// Whether it is this checkout, whose ids are compared at every run.
    pub fn is_ours(self) -> bool {
        matches!(self, Self::Fuelrail | Self::Before | Self::FuelrailPython)
    }

    /// At most so many bytes are timed: the slowest would take hours.
    pub fn len_bytes(self) -> usize {
        match self {
            Self::Tiktoken | Self::SentencePiece | Self::Hf => 4_000_000,
            _ => usize::MAX,
        }
    }
}

/// A tokenizer and what it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contestant {
    pub peer: PeerName,
    pub output: Output,
    pub n_threads: usize,
}

impl Contestant {
    /// What a table calls it.
    pub fn label(self) -> String {
        let mut label = self.peer.label().to_owned();
        if self.output == Output::Offsets {
            label.push_str(", offsets");
        }
        if self.n_threads > 1 {
            label.push_str(&format!(", {} threads", self.n_threads));
        }
        label
    }
}

/// What is compared with what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Suite {
    /// Ids on one thread, all peers.
    Ids,
    /// Offsets beside ids.
    Offsets,
    /// Two threads beside one, by the clock.
    Threads,
    /// The batch call of Python beside Rust.
    Python,
}

impl Suite {
    /// Who takes part.
    pub fn contestants(self) -> Vec<Contestant> {
        let of = |peer, output, n_threads| Contestant {
            peer,
            output,
            n_threads,
        };
        let ours = of(PeerName::Fuelrail, Output::Ids, 1);
        match self {
            Self::Ids => ALL
                .into_iter()
                .filter(|peer| *peer != PeerName::FuelrailPython)
                .map(|peer| of(peer, Output::Ids, 1))
                .collect(),
            Self::Offsets => vec![
                ours,
                of(PeerName::Fuelrail, Output::Offsets, 1),
                of(PeerName::Before, Output::Offsets, 1),
                of(PeerName::Hf, Output::Offsets, 1),
            ],
            Self::Threads => vec![
                of(PeerName::Fuelrail, Output::Ids, 2),
                ours,
                of(PeerName::Before, Output::Ids, 2),
                of(PeerName::Fastokens, Output::Ids, 2),
                of(PeerName::Gigatoken, Output::Ids, 2),
                of(PeerName::HfNext, Output::Ids, 2),
            ],
            Self::Python => vec![ours, of(PeerName::FuelrailPython, Output::Ids, 1)],
        }
    }
}
