//! A peer's process, as the driver holds it.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::contestant::PeerName;
use crate::error::Failure;
use crate::message::{Answer, Ask};

/// What starts the processes of peers.
pub struct Starter {
    /// Python with the packages of others.
    pub python: PathBuf,
    /// Python with fuelrail.
    pub fuelrail_python: PathBuf,
    /// Another build of this program.
    pub before: Option<PathBuf>,
    pub peers_script: PathBuf,
}

/// A process that answers one line for each asked.
pub struct Process {
    child: Child,
    asks: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Starter {
    /// Starts the process of a peer; nothing is open in it yet.
    pub fn start(&self, peer: PeerName, n_threads: usize) -> Result<Process, Failure> {
        let mut command = match peer {
            PeerName::Gigatoken | PeerName::SentencePiece => self.python_of(&self.python, peer),
            PeerName::FuelrailPython => self.python_of(&self.fuelrail_python, peer),
            PeerName::Before => {
                let before = self.before.as_ref();
                let before = before.ok_or_else(|| Failure("--before names none".to_owned()))?;
                serving(before, PeerName::Fuelrail)
            }
            _ => serving(&own_program()?, peer),
        };
        // Some spread a long text over a pool of their own.
        command.env("RAYON_NUM_THREADS", n_threads.to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let started = command.spawn();
        let mut child = started
            .map_err(|error| Failure(format!("{}: {error}", command.get_program().display())))?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (asks, answers) = pipes.ok_or_else(|| Failure("has no pipes".to_owned()))?;
        Ok(Process {
            child,
            asks: Some(asks),
            answers: BufReader::new(answers),
        })
    }

    fn python_of(&self, python: &Path, peer: PeerName) -> Command {
        let mut command = Command::new(python);
        command.arg(&self.peers_script).arg(peer.label());
        command
    }
}

fn serving(program: &Path, peer: PeerName) -> Command {
    let mut command = Command::new(program);
    command.args(["--serve", peer.label()]);
    command
}

impl Process {
    /// Asks, and waits for the answer; a refusal is an error here.
    pub fn ask(&mut self, ask: &Ask) -> Result<Answer, Failure> {
        let gone = || Failure("its process has ended".to_owned());
        let mut line = serde_json::to_string(ask)?;
        line.push('\n');
        let asks = self.asks.as_mut().ok_or_else(gone)?;
        asks.write_all(line.as_bytes())?;
        asks.flush()?;
        line.clear();
        if self.answers.read_line(&mut line)? == 0 {
            return Err(gone());
        }
        match serde_json::from_str(&line)? {
            Answer::Refused { error } => Err(Failure(error)),
            answer => Ok(answer),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The end of its input ends it.
        self.asks = None;
        // Nothing is left to do for a process that cannot be waited for.
        self.child.wait().ok();
    }
}

/// This program, also where its file has been replaced since it started.
fn own_program() -> Result<PathBuf, Failure> {
    let running = PathBuf::from("/proc/self/exe");
    if running.exists() {
        return Ok(running);
    }
    Ok(std::env::current_exe()?)
}
