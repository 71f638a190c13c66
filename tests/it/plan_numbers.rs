//! Options that are numbers, at their borders: what is allowed is taken, what is
//! refused is refused in words that are true of it.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use fuelrail_tests::plan::{corpus, plan_of};

use crate::plan::PACKED;

/// An option, where it is put in `PACKED`, and the least and most it takes.
struct Bounded {
    name: &'static str,
    /// Replaced by `name = value` and what follows here.
    anchor: &'static str,
    least: i128,
    most: i128,
}

const LARGE: i128 = u64::MAX as i128;

const OPTIONS: &[Bounded] = &[
    bounded("limit", "uri = \"corpus/*.parquet\"", 1, LARGE),
    bounded("part_size", "uri = \"corpus/*.parquet\"", 1, LARGE),
    bounded("min_length", "min_length = 1", 0, LARGE),
    bounded("max_length", "min_length = 1", 0, LARGE),
    bounded("length", "length = 2048", 1, 1 << 24),
    bounded("window", "length = 2048", 1, 1_000_000),
    bounded("shard_size", "shard_size = \"256MiB\"", 8 << 10, LARGE),
];

const fn bounded(name: &'static str, anchor: &'static str, least: i128, most: i128) -> Bounded {
    Bounded {
        name,
        anchor,
        least,
        most,
    }
}

impl Bounded {
    /// What the plan says of `value`.
    fn refusal(&self, value: i128) -> Option<String> {
        assert!(PACKED.contains(self.anchor), "{}", self.anchor);
        // The anchor stays where it is another option.
        let kept = if self.anchor.starts_with("uri") || self.name == "window" {
            self.anchor
        } else {
            ""
        };
        let written = format!("{kept}\n{} = {value}", self.name);
        let text = PACKED.replacen(self.anchor, &written, 1);
        let error = plan_of(&text, &[], &corpus()).err()?;
        Some(error.to_string())
    }
}

/// The bounds that a message states, as far as it states any.
fn stated(message: &str) -> (Option<i128>, Option<i128>) {
    let words: Vec<&str> = message.split([' ', ',', ':']).collect();
    let number = |at: usize| words.get(at).and_then(|word| word.parse().ok());
    let find = |word: &str| words.iter().position(|there| *there == word);
    let from = find("from").and_then(|at| number(at + 1));
    let to = find("to").and_then(|at| number(at + 1));
    let or_more = message.find(" or more").map(|_| {
        let number = message.split(" or more").next().unwrap();
        number.rsplit(' ').next().unwrap().parse().unwrap()
    });
    let at_least = message.split_once("at least ").map(|(_, rest)| {
        let number: i128 = rest.split(' ').next().unwrap().parse().unwrap();
        if rest.contains("KiB") {
            number << 10
        } else {
            number
        }
    });
    (from.or(or_more).or(at_least), to)
}

#[test]
fn numbers_are_taken_or_refused_in_true_words() {
    for option in OPTIONS {
        let Bounded {
            name, least, most, ..
        } = *option;
        for value in [least, least + 1, most] {
            assert_eq!(option.refusal(value), None, "{name} = {value}");
        }
        for value in [
            -LARGE - 1,
            -1,
            least - 1,
            most + 1,
            i128::from(u32::MAX) + 1,
            1 << 64,
            1 << 70,
        ] {
            if (least..=most).contains(&value) {
                continue;
            }
            let message = option.refusal(value);
            let message = message.unwrap_or_else(|| format!("{name} = {value} is accepted"));
            let is_beyond_any = message.contains("TOML") || message.contains("a size such as");
            let (from, to) = stated(&message);
            assert!(is_beyond_any || from == Some(least), "{value}: {message}");
            assert!(to.is_none_or(|to| to == most), "{value}: {message}");
            assert!(message.contains(name) || is_beyond_any, "{message}");
        }
    }
}
