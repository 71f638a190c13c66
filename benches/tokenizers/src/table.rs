//! The table of a case, in Markdown.

use std::fmt::Write;

use crate::driver::{Outcome, Round, Row};
use crate::message::Pass;

/// What time is counted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// Processor time of all threads: other load on the machine hardly counts.
    Processor,
    /// Time that passes: all there is to tell what threads gain.
    Wall,
}

/// Which pass of a round.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    Cold,
    Warm,
}

const PASSES: [Which; 2] = [Which::Cold, Which::Warm];

/// Median and extremes.
struct Spread {
    median: f64,
    least: f64,
    greatest: f64,
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let (least, greatest) = (*values.first()?, *values.last()?);
        let upper = *values.get(values.len() / 2)?;
        let lower = *values.get((values.len() - 1) / 2)?;
        let median = f64::midpoint(lower, upper);
        Some(Self {
            median,
            least,
            greatest,
        })
    }

    fn ratio(&self) -> String {
        let Self {
            median,
            least,
            greatest,
        } = self;
        format!("{median:.2}x ({least:.2}–{greatest:.2})")
    }
}

impl Which {
    fn name(self) -> &'static str {
        match self {
            Self::Cold => "cold",
            Self::Warm => "warm",
        }
    }

    fn of(self, round: &Round) -> Pass {
        match self {
            Self::Cold => round.cold,
            Self::Warm => round.warm,
        }
    }
}

impl Row {
    /// MB/s of a pass in each round.
    fn rates(&self, which: Which, clock: Clock) -> Vec<f64> {
        let Outcome::Timed {
            len_bytes, rounds, ..
        } = &self.outcome
        else {
            return Vec::new();
        };
        let seconds = |pass: Pass| match clock {
            Clock::Processor => pass.cpu_seconds,
            Clock::Wall => pass.wall_seconds,
        };
        let rate = |round| *len_bytes as f64 / 1e6 / seconds(which.of(round)).max(1e-9);
        rounds.iter().map(rate).collect()
    }

    fn is_exact(&self) -> bool {
        matches!(&self.outcome, Outcome::Timed { equality, .. } if equality.n_different == 0)
    }

    /// How much faster `ours` is than this, by round.
    fn ratios(&self, ours: &Self, which: Which, clock: Clock) -> Option<Spread> {
        let theirs = self.rates(which, clock);
        let both = ours.rates(which, clock).into_iter().zip(theirs);
        Spread::of(both.map(|(our, their)| our / their).collect())
    }
}

/// The table of all rows. The first row is what the others are compared with.
pub fn render(rows: &[Row], clock: Clock) -> String {
    let mut text = String::from(
        "| tokenizer | same ids | cold MB/s | warm MB/s | first row / this, cold | warm |\n|---|---|--:|--:|--:|--:|\n",
    );
    let Some(ours) = rows.first() else {
        return text;
    };
    for row in rows {
        // Writing to a String cannot fail.
        writeln!(text, "| {} |", line(row, ours, clock).join(" | ")).ok();
    }
    for which in PASSES {
        if let Some(told) = against_fastest(rows, ours, which, clock) {
            text.push_str(&told);
        }
    }
    text
}

fn line(row: &Row, ours: &Row, clock: Clock) -> Vec<String> {
    let name = format!("{} ({})", row.label, row.version);
    let (equality, len_bytes) = match &row.outcome {
        Outcome::Refused(error) => {
            let refused = format!("refused: {}", error.replace(['|', '\n'], " "));
            return vec![
                name,
                refused,
                String::new(),
                String::new(),
                String::new(),
                String::new(),
            ];
        }
        Outcome::Timed {
            equality,
            len_bytes,
            ..
        } => (equality, len_bytes),
    };
    let mut exact = match equality.first {
        None => format!("all {}", equality.n_documents),
        Some((document, place)) => format!(
            "**not exact**: {} of {} differ, first no. {document} at {place}",
            equality.n_different, equality.n_documents
        ),
    };
    if *len_bytes < 20_000_000 {
        write!(exact, " (timed on {:.1} MB)", *len_bytes as f64 / 1e6).ok();
    }
    let rate = |which| {
        Spread::of(row.rates(which, clock))
            .map_or_else(String::new, |rate| format!("{:.1}", rate.median))
    };
    let ratio = |which| {
        let spread = row.ratios(ours, which, clock);
        spread.map_or_else(String::new, |spread| spread.ratio())
    };
    vec![
        name,
        exact,
        rate(Which::Cold),
        rate(Which::Warm),
        ratio(Which::Cold),
        ratio(Which::Warm),
    ]
}

/// A sentence on the fastest of the others that do the same and whose ids are
/// right.
fn against_fastest(rows: &[Row], ours: &Row, which: Which, clock: Clock) -> Option<String> {
    let others = rows.iter().filter(|row| {
        let alike = row.output == ours.output && row.n_threads == ours.n_threads;
        alike && !row.is_ours && row.is_exact()
    });
    let rated = others.filter_map(|row| Some((Spread::of(row.rates(which, clock))?.median, row)));
    let (_, fastest) = rated.max_by(|(a, _), (b, _)| a.total_cmp(b))?;
    let ratio = fastest.ratios(ours, which, clock)?.ratio();
    Some(format!(
        "\n{}: {} is {ratio} the fastest exact one, {}.\n",
        which.name(),
        ours.label,
        fastest.label
    ))
}
