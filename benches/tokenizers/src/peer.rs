//! What a tokenizer of this comparison can be asked, and the loop that times it.

use std::path::Path;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};

use crate::error::{Failure, failed};
use crate::message::{Output, Pass};

/// Where a vocabulary is, and what is wanted of it.
pub struct Vocabulary<'a> {
    /// `cl100k`, `wordpiece`, ….
    pub name: &'a str,
    /// Its tokenizer.json.
    pub path: &'a Path,
    pub output: Output,
}

/// A tokenizer that threads share.
pub trait Peer: Send + Sync + Sized {
    /// What a thread needs beside it.
    type Encoder<'a>: Encode
    where
        Self: 'a;

    /// Reads the vocabulary; nothing is remembered yet.
    fn open(vocabulary: &Vocabulary<'_>) -> Result<Self, Failure>;

    /// A thread's encoder.
    fn encoder(&self) -> Self::Encoder<'_>;
}

/// One thread's way from a text to ids.
pub trait Encode {
    /// The ids of the text, without those of a template; in `buffer`, which may
    /// hold others before, or where the peer itself keeps them.
    fn encode<'a>(&'a mut self, text: &str, buffer: &'a mut Vec<u32>)
    -> Result<&'a [u32], Failure>;

    /// Id, start and end of each token, in bytes of the text, in place of what
    /// `spans` holds: for comparing, never timed.
    fn spans(&mut self, _text: &str, _spans: &mut Vec<u32>) -> Result<(), Failure> {
        Err(Failure("has no offsets".to_owned()))
    }
}

/// Documents that a thread takes at a time.
const BLOCK: usize = 8;

/// The documents of thread `index` of `n_threads`: each block in turn, the same
/// ones in both passes, since a thread that remembers words of its own is warm
/// for the documents it has seen.
fn of_thread(
    documents: &[String],
    (index, n_threads): (usize, usize),
) -> impl Iterator<Item = &String> + Clone {
    let blocks = documents.chunks(BLOCK);
    blocks.skip(index).step_by(n_threads).flatten()
}

/// Two passes with a tokenizer that has seen nothing: cold, then warm. The
/// vocabulary is read before the clock runs; every encoder is made while it does.
pub fn round<P: Peer>(
    vocabulary: &Vocabulary<'_>,
    documents: &[String],
    n_threads: usize,
) -> Result<(Pass, Pass), Failure> {
    let peer = P::open(vocabulary)?;
    let turn = Turn::new(n_threads);
    // Threads of a round are new, since some peers remember words by thread.
    thread::scope(|scope| {
        let threads: Vec<_> = (0..n_threads)
            .map(|index| {
                let (turn, peer) = (&turn, &peer);
                let own = of_thread(documents, (index, n_threads));
                scope.spawn(move || turn.encode_twice(peer, own))
            })
            .collect();
        let (cold, warm) = (turn.watch(), turn.watch());
        let mut n_tokens = [0; 2];
        for thread in threads {
            let counts = thread
                .join()
                .map_err(|_| Failure("panicked while encoding".to_owned()))??;
            n_tokens[0] += counts[0];
            n_tokens[1] += counts[1];
        }
        let told = |(wall_seconds, cpu_seconds), n_tokens| Pass {
            wall_seconds,
            cpu_seconds,
            n_tokens,
        };
        Ok((told(cold, n_tokens[0]), told(warm, n_tokens[1])))
    })
}

/// What the threads of a round share: where each pass begins and ends.
struct Turn {
    barrier: Barrier,
}

impl Turn {
    fn new(n_threads: usize) -> Self {
        Self {
            barrier: Barrier::new(n_threads + 1),
        }
    }

    /// Times a pass from outside: wall and processor seconds.
    fn watch(&self) -> (f64, f64) {
        self.barrier.wait();
        let (wall, cpu) = (Instant::now(), cpu_seconds());
        self.barrier.wait();
        (wall.elapsed().as_secs_f64(), cpu_seconds() - cpu)
    }

    /// What one thread does: both passes, between the barriers.
    fn encode_twice<'a, P: Peer>(
        &self,
        peer: &P,
        documents: impl Iterator<Item = &'a String> + Clone,
    ) -> Result<[usize; 2], Failure> {
        let mut encoder = None;
        let mut counts = [0; 2];
        let mut outcome = Ok(());
        let mut buffer = Vec::new();
        for count in &mut counts {
            self.barrier.wait();
            let encoder = encoder.get_or_insert_with(|| peer.encoder());
            // A failure must not keep the others waiting at the barrier.
            outcome = outcome.and_then(|()| {
                for text in documents.clone() {
                    *count += encoder.encode(text, &mut buffer)?.len();
                }
                Ok(())
            });
            self.barrier.wait();
        }
        outcome.map(|()| counts)
    }
}

/// Hands over the ids of each document in turn, or its spans where those are
/// wanted.
pub fn each<P: Peer>(
    vocabulary: &Vocabulary<'_>,
    documents: &[String],
    mut take: impl FnMut(&[u32]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let peer = P::open(vocabulary)?;
    let mut encoder = peer.encoder();
    let mut buffer = Vec::new();
    for text in documents {
        match vocabulary.output {
            Output::Ids => take(encoder.encode(text, &mut buffer)?)?,
            Output::Offsets => {
                encoder.spans(text, &mut buffer)?;
                take(&buffer)?;
            }
        }
    }
    Ok(())
}

/// Opens the vocabulary and encodes a word, to hear whether the peer can.
pub fn try_open<P: Peer>(vocabulary: &Vocabulary<'_>) -> Result<(), Failure> {
    let peer = P::open(vocabulary)?;
    peer.encoder().encode("word", &mut Vec::new()).map(|_| ())
}

/// Processor time of this process so far, all threads.
fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// The text of a vocabulary's file.
pub fn text_of(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| failed(format!("{}: {error}", path.display())))
}
