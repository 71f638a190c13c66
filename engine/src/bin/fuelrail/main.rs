//! The command line: verbs, what they print, and how they end.
//!
//! A verb is one file here and one line in [`args::Verb`]; all it does is read
//! its arguments, call the library and hand the result to [`output::Output`].

mod args;
mod completions;
mod device;
mod doctor;
mod environment;
mod fault;
mod inspect;
mod output;
mod plan;
mod progress;
mod schema;
mod selftest;
mod shard;
mod signals;
mod tokenize;
mod verify;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::Args;
use crate::output::{Form, Output, Stop};

fn main() -> ExitCode {
    environment::prepare();
    // Known before the arguments are parsed, as errors in them are printed too.
    let json = std::env::args_os().skip(1).any(|arg| arg == "--json");
    let form = if json { Form::Json } else { Form::Text };
    match fault::contain(|| run(form)) {
        Ok(code) => code,
        Err(error) => Output::plain(form).end(Err(Stop::Failed(error))),
    }
}

fn run(form: Form) -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return Output::plain(form).usage(&error),
    };
    let mut output = Output::new(&args.global);
    let result = args.verb.run(&mut output);
    output.end(result)
}
