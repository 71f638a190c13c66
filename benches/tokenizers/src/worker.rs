//! The process of one peer: answers the driver until its input ends.

use std::fs::File;
use std::io::{BufRead, BufWriter, Write, stdin, stdout};
use std::panic;
use std::path::Path;
use std::process;

use crate::contestant::PeerName;
use crate::corpus;
use crate::error::Failure;
use crate::message::{Answer, Ask, Job};
use crate::peer::{Peer, Vocabulary, each, round, try_open};
use crate::peers::bpe_openai::BpeOpenai;
use crate::peers::fastokens::Fastokens;
use crate::peers::fuelrail::Fuelrail;
use crate::peers::hf::Hf;
use crate::peers::hf_next::HfNext;
use crate::peers::splintr::Splintr;
use crate::peers::tiktoken::Tiktoken;

/// Serves one peer over standard input and output.
pub fn serve(peer: PeerName) -> Result<(), Failure> {
    // A thread that panics would leave the others waiting at a barrier.
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        print(panic);
        process::abort();
    }));
    match peer {
        PeerName::Fuelrail => Worker::default().serve::<Fuelrail>(),
        PeerName::Fastokens => Worker::default().serve::<Fastokens>(),
        PeerName::HfNext => Worker::default().serve::<HfNext>(),
        PeerName::Splintr => Worker::default().serve::<Splintr>(),
        PeerName::BpeOpenai => Worker::default().serve::<BpeOpenai>(),
        PeerName::Tiktoken => Worker::default().serve::<Tiktoken>(),
        PeerName::Hf => Worker::default().serve::<Hf>(),
        PeerName::Before => Err(Failure("is served by the other build".to_owned())),
        PeerName::Gigatoken | PeerName::SentencePiece | PeerName::FuelrailPython => {
            Err(Failure("is served by peers.py".to_owned()))
        }
    }
}

/// What is open: the job, and the documents that are timed.
#[derive(Default)]
struct Worker {
    open: Option<(Job, Vec<String>)>,
}

impl Worker {
    fn serve<P: Peer>(mut self) -> Result<(), Failure> {
        for line in stdin().lock().lines() {
            let ask: Ask = serde_json::from_str(&line?)?;
            let answer = self.answer::<P>(ask).unwrap_or_else(|failure| {
                let error = failure.to_string();
                Answer::Refused { error }
            });
            let mut out = stdout().lock();
            writeln!(out, "{}", serde_json::to_string(&answer)?)?;
            out.flush()?;
        }
        Ok(())
    }

    fn answer<P: Peer>(&mut self, ask: Ask) -> Result<Answer, Failure> {
        match ask {
            Ask::Open(job) => {
                try_open::<P>(&vocabulary(&job))?;
                let documents = corpus::sample(corpus::read(&job.documents)?, job.len_bytes);
                let opened = Answer::Opened {
                    n_documents: documents.len(),
                    len_bytes: corpus::total_bytes(&documents),
                };
                self.open = Some((job, documents));
                Ok(opened)
            }
            Ask::Ids { out } => {
                write_ids::<P>(&self.opened()?.0, &out)?;
                Ok(Answer::Written)
            }
            Ask::Round => {
                let (job, documents) = self.opened()?;
                let (cold, warm) = round::<P>(&vocabulary(job), documents, job.n_threads)?;
                Ok(Answer::Timed { cold, warm })
            }
        }
    }

    fn opened(&self) -> Result<&(Job, Vec<String>), Failure> {
        let open = self.open.as_ref();
        open.ok_or_else(|| Failure("nothing is open".to_owned()))
    }
}

fn vocabulary(job: &Job) -> Vocabulary<'_> {
    Vocabulary {
        name: &job.vocabulary,
        path: &job.tokenizer,
        output: job.output,
    }
}

/// Writes the ids of every document of the corpus, timed or not.
fn write_ids<P: Peer>(job: &Job, folder: &Path) -> Result<(), Failure> {
    let mut ids_file = BufWriter::new(File::create(folder.join("ids.u32"))?);
    let mut lengths_file = BufWriter::new(File::create(folder.join("lengths.u32"))?);
    let documents = corpus::read(&job.documents)?;
    each::<P>(&vocabulary(job), &documents, |ids| {
        for id in ids {
            ids_file.write_all(&id.to_le_bytes())?;
        }
        let len = u32::try_from(ids.len()).unwrap_or(u32::MAX);
        Ok(lengths_file.write_all(&len.to_le_bytes())?)
    })?;
    ids_file.flush()?;
    Ok(lengths_file.flush()?)
}
