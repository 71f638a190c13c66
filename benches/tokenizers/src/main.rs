//! fuelrail's tokenizers beside those of others: equal ids first, then time.
//!
//! Each peer has a process of its own that stays up; the driver gives them turns,
//! so that a machine that slows down slows all. See README.md beside this package.

mod contestant;
mod corpus;
mod driver;
mod equality;
mod error;
mod machine;
mod message;
mod peer;
mod peers;
mod process;
mod table;
mod worker;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use clap::builder::PossibleValuesParser;
use serde::Serialize;

use crate::contestant::{Contestant, PeerName, Suite};
use crate::driver::Row;
use crate::equality::{Referee, Trust};
use crate::error::Failure;
use crate::machine::Machine;
use crate::message::{Job, Output};
use crate::process::Starter;
use crate::table::Clock;

const CORPORA: [&str; 3] = ["prose", "code", "multilingual"];
const VOCABULARIES: [&str; 8] = [
    "cl100k",
    "o200k",
    "wordpiece",
    "unigram",
    "t5",
    "spbpe",
    "llama2",
    LLAMA2_MODEL,
];
/// The vocabulary of `llama2`, which fuelrail reads from SentencePiece's file.
const LLAMA2_MODEL: &str = "llama2.model";

/// Compares tokenizers: ids first, then MB of text a second, in turns.
#[derive(Debug, Parser)]
struct Options {
    /// Vocabularies, all where none is named.
    #[arg(long, value_delimiter = ',', value_parser = PossibleValuesParser::new(VOCABULARIES))]
    vocab: Vec<String>,
    /// Corpora, where none is named those the record needs.
    #[arg(long, value_delimiter = ',', value_parser = PossibleValuesParser::new(CORPORA))]
    corpus: Vec<String>,
    /// Peers beside fuelrail, all where none is named.
    #[arg(long, value_delimiter = ',', value_enum)]
    peer: Vec<PeerName>,
    /// What is compared, all where nothing is named.
    #[arg(long, value_delimiter = ',', value_enum)]
    only: Vec<Suite>,
    /// Rounds in which each peer has a turn.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Three rounds of cl100k on prose with the fastest three.
    #[arg(long)]
    quick: bool,
    /// At most so many MB of each corpus are timed.
    #[arg(long)]
    mb: Option<usize>,
    /// Compare the ids of pinned peers again, though an earlier run did.
    #[arg(long)]
    again: bool,
    /// Write machine, command and every round as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Folder of corpora, vocabularies and what is kept between runs.
    #[arg(long, env = "TOKENIZER_PEERS_DATA")]
    data: Option<PathBuf>,
    /// Python that has gigatoken.
    #[arg(long)]
    python: Option<PathBuf>,
    /// Python that has fuelrail.
    #[arg(long)]
    fuelrail_python: Option<PathBuf>,
    /// Another build of this program, whose fuelrail takes part as `before`.
    #[arg(long)]
    before: Option<PathBuf>,
    /// Be the process of a peer; the driver calls this.
    #[arg(long, hide = true, value_enum)]
    serve: Option<PeerName>,
}

/// A table with what it is about.
#[derive(Debug, Serialize)]
struct Case {
    suite: String,
    vocabulary: String,
    corpus: String,
    rows: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Record {
    machine: Machine,
    rounds: usize,
    cases: Vec<Case>,
}

fn main() -> ExitCode {
    let mut options = Options::parse();
    options.apply_quick();
    let done = match options.serve {
        Some(peer) => worker::serve(peer),
        None => compare(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("tokenizer-peers: {failure}");
            ExitCode::FAILURE
        }
    }
}

impl Options {
    /// What `--quick` means for the options that were not given.
    fn apply_quick(&mut self) {
        if !self.quick {
            return;
        }
        self.rounds = self.rounds.min(3);
        if self.vocab.is_empty() {
            self.vocab = vec!["cl100k".to_owned()];
        }
        if self.corpus.is_empty() {
            self.corpus = vec!["prose".to_owned()];
        }
        if self.only.is_empty() {
            self.only = vec![Suite::Ids];
        }
        if self.peer.is_empty() {
            self.peer = vec![PeerName::Fastokens, PeerName::Gigatoken, PeerName::HfNext];
        }
    }

    /// Whether a table is wanted; without a word, those the record needs.
    fn wants(&self, suite: Suite, vocabulary: &str, corpus: &str) -> bool {
        let named = |names: &[String], name: &str| names.iter().any(|given| given == name);
        let by_default = match suite {
            Suite::Ids => true,
            Suite::Offsets | Suite::Threads | Suite::Python => corpus == "prose",
        };
        (self.only.is_empty() || self.only.contains(&suite))
            && (self.vocab.is_empty() || named(&self.vocab, vocabulary))
            && (named(&self.corpus, corpus) || self.corpus.is_empty() && by_default)
    }

    fn contestants(&self, suite: Suite) -> Vec<Contestant> {
        let mut all = suite.contestants();
        all.retain(|one| {
            self.peer.is_empty() || one.peer.is_ours() || self.peer.contains(&one.peer)
        });
        all.retain(|one| one.peer != PeerName::Before || self.before.is_some());
        all
    }
}

fn compare(options: &Options) -> Result<(), Failure> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let data = options.data.clone();
    let data = data.unwrap_or_else(|| here.join("../../target/tokenizers"));
    if !data.join("vocabularies").is_dir() {
        let data = data.display();
        return Err(Failure(format!(
            "no vocabularies under {data}: run scripts/tokenizer_peers.sh once, or say where they are with --data"
        )));
    }
    let (python, ours) = (options.python.clone(), options.fuelrail_python.clone());
    let starter = Starter {
        python: python.unwrap_or_else(|| data.join("venv/bin/python")),
        fuelrail_python: ours.unwrap_or_else(|| here.join("../../target/venv/bin/python")),
        before: options.before.clone(),
        peers_script: here.join("peers.py"),
    };
    let referee = Referee {
        starter: &starter,
        folder: data.join("ids"),
        trust: if options.again {
            Trust::Nothing
        } else {
            Trust::Kept
        },
    };
    let machine = Machine::here();
    println!("{machine}");
    let mut cases = Vec::new();
    for suite in [Suite::Ids, Suite::Offsets, Suite::Threads, Suite::Python] {
        for vocabulary in VOCABULARIES {
            for corpus in CORPORA {
                if options.wants(suite, vocabulary, corpus) {
                    let job = job(options, &data, vocabulary, corpus);
                    let contestants = options.contestants(suite);
                    let rows = driver::run(&starter, &referee, &contestants, &job, options.rounds);
                    print_case(suite, vocabulary, corpus, &rows);
                    cases.push(Case {
                        suite: format!("{suite:?}").to_lowercase(),
                        vocabulary: vocabulary.to_owned(),
                        corpus: corpus.to_owned(),
                        rows,
                    });
                }
            }
        }
    }
    if let Some(path) = &options.json {
        let record = Record {
            machine,
            rounds: options.rounds,
            cases,
        };
        std::fs::write(path, serde_json::to_string_pretty(&record)?)?;
    }
    Ok(())
}

fn job(options: &Options, data: &Path, vocabulary: &str, corpus: &str) -> Job {
    let file = match vocabulary {
        LLAMA2_MODEL => "llama2.json".to_owned(),
        _ => format!("{vocabulary}.json"),
    };
    Job {
        vocabulary: vocabulary.to_owned(),
        tokenizer: data.join("vocabularies").join(file),
        documents: data.join("corpora").join(format!("{corpus}.docs")),
        len_bytes: options
            .mb
            .map_or(usize::MAX, |mb| mb.saturating_mul(1_000_000)),
        output: Output::Ids,
        n_threads: 1,
    }
}

fn print_case(suite: Suite, vocabulary: &str, corpus: &str, rows: &[Row]) {
    let (clock, told) = match suite {
        Suite::Threads => (Clock::Wall, "MB a second by the clock"),
        Suite::Ids | Suite::Offsets | Suite::Python => (
            Clock::Processor,
            "one thread, MB a second of processor time",
        ),
    };
    let table = table::render(rows, clock);
    println!("\n### {vocabulary}, {corpus}: {told}\n\n{table}");
}
