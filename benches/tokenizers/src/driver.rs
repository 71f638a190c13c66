//! Runs one case: who takes part on one vocabulary and one corpus, ids first,
//! then rounds in which each has its turn.

use serde::Serialize;

use crate::contestant::Contestant;
use crate::equality::{Equality, Referee};
use crate::error::Failure;
use crate::message::{Answer, Ask, Job, Output, Pass};
use crate::process::{Process, Starter};

/// What one contestant did.
#[derive(Debug, Serialize)]
pub struct Row {
    pub label: String,
    pub version: &'static str,
    /// Whether it is fuelrail, in whatever form.
    pub is_ours: bool,
    pub output: Output,
    pub n_threads: usize,
    pub outcome: Outcome,
}

/// Its times, or why there are none.
#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Refused(String),
    Timed {
        equality: Equality,
        /// Bytes of the documents that were timed.
        len_bytes: usize,
        rounds: Vec<Round>,
    },
}

/// Both passes of a round.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Round {
    pub cold: Pass,
    pub warm: Pass,
}

/// A contestant whose process is up and has the corpus.
struct Seat {
    process: Process,
    len_bytes: usize,
    equality: Equality,
    rounds: Vec<Round>,
    failure: Option<Failure>,
}

/// Judges all, then times those that can, in turns.
pub fn run(
    starter: &Starter,
    referee: &Referee<'_>,
    contestants: &[Contestant],
    job: &Job,
    n_rounds: usize,
) -> Vec<Row> {
    let mut seats: Vec<(Contestant, Result<Seat, Failure>)> = contestants
        .iter()
        .map(|&contestant| (contestant, seat(starter, referee, contestant, job)))
        .collect();
    let n_seats = seats.len();
    for round in 0..n_rounds {
        // Each round begins with another, so that none always follows the same.
        for nth in 0..n_seats {
            let at = (round + nth) % n_seats;
            if let Some((_, Ok(seat))) = seats.get_mut(at) {
                seat.turn();
            }
        }
    }
    seats
        .into_iter()
        .map(|(contestant, seat)| row(contestant, seat))
        .collect()
}

fn seat(
    starter: &Starter,
    referee: &Referee<'_>,
    contestant: Contestant,
    job: &Job,
) -> Result<Seat, Failure> {
    let mut process = starter.start(contestant.peer, contestant.n_threads)?;
    let job = Job {
        len_bytes: job.len_bytes.min(contestant.peer.len_bytes()),
        output: contestant.output,
        n_threads: contestant.n_threads,
        ..job.clone()
    };
    let Answer::Opened { len_bytes, .. } = process.ask(&Ask::Open(job.clone()))? else {
        return Err(Failure("did not say what it opened".to_owned()));
    };
    let equality = referee.judge(contestant, &mut process, &job)?;
    Ok(Seat {
        process,
        len_bytes,
        equality,
        rounds: Vec::new(),
        failure: None,
    })
}

impl Seat {
    fn turn(&mut self) {
        if self.failure.is_some() {
            return;
        }
        match self.process.ask(&Ask::Round) {
            Ok(Answer::Timed { cold, warm }) => self.rounds.push(Round { cold, warm }),
            Ok(_) => self.failure = Some(Failure("did not tell its times".to_owned())),
            Err(failure) => self.failure = Some(failure),
        }
    }
}

fn row(contestant: Contestant, seat: Result<Seat, Failure>) -> Row {
    let outcome = match seat {
        Err(failure) => Outcome::Refused(failure.0),
        Ok(Seat {
            failure: Some(failure),
            ..
        }) => Outcome::Refused(failure.0),
        Ok(seat) => Outcome::Timed {
            equality: seat.equality,
            len_bytes: seat.len_bytes,
            rounds: seat.rounds,
        },
    };
    Row {
        label: contestant.label(),
        version: contestant.peer.version(),
        is_ours: contestant.peer.is_ours(),
        output: contestant.output,
        n_threads: contestant.n_threads,
        outcome,
    }
}
