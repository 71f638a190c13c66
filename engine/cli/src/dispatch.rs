//! Which code does a verb.

use clap::CommandFactory as _;

use crate::args::{Args, Verb};
use crate::output::{Output, Stop};
use crate::{
    completions, doctor, explain, init, inspect, plan, schema, selftest, shard, tokenize, trace,
    verify,
};

/// Does what `verb` says.
pub(crate) fn run(verb: &Verb, output: &mut Output) -> Result<(), Stop> {
    match verb {
        Verb::Init(args) => init::run(args, output),
        Verb::Plan(args) => plan::run(args, output),
        Verb::Shard(args) => shard::run(args, output),
        Verb::Inspect(args) => inspect::run(args, output),
        Verb::Verify(args) => verify::run(args, output),
        Verb::Explain(args) => explain::run(args, output),
        Verb::Trace(args) => trace::run(args, output),
        Verb::Doctor(args) => doctor::run(args, output),
        Verb::Selftest(args) => selftest::run(args, output),
        Verb::Tokenize(args) => tokenize::run(args, output),
        Verb::Schema(args) => schema::run(args, output),
        Verb::Completions(args) => completions::run(args, Args::command(), output),
    }
}
