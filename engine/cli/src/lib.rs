//! The command line: verbs, what they print, and how they end.
//!
//! A verb is one file here, one line in `args::Verb` and one in
//! `dispatch::run`; all it does is read its arguments, call the library and
//! hand the result to `output::Output`.
//! The program `fuelrail` is [`run`] and nothing else, and so is the command
//! that comes with the Python package.
#![deny(unsafe_code)]

mod account;
mod args;
mod completions;
mod device;
mod dispatch;
mod doctor;
mod explain;
mod fault;
mod global;
mod init;
mod inspect;
mod output;
mod pipeline;
mod plan;
mod progress;
mod scan;
mod schema;
mod selftest;
mod shard;
mod signals;
mod steps;
mod threads;
mod tokenize;
mod trace;
mod verify;

use std::ffi::OsString;

use clap::Parser as _;

use crate::args::Args;
use crate::output::{Form, Output, Stop};

pub use progress::{Shown, show as show_progress};

/// Runs the command line `args`, the program's name first, and gives the code
/// the process is to end with.
///
/// It prints to the standard streams of the process, and `shard` listens for
/// its signals until it ends: it is for a process that does nothing else.
pub fn run(args: impl IntoIterator<Item = OsString>) -> u8 {
    fuelrail::run::fail_on_file_size_limit();
    let args: Vec<OsString> = args.into_iter().collect();
    // Known before the arguments are parsed, as errors in them are printed too.
    let json = args.iter().skip(1).any(|arg| arg == "--json");
    let form = if json { Form::Json } else { Form::Text };
    match fault::contain(|| parse_and_run(args, form)) {
        Ok(code) => code,
        Err(error) => Output::plain(form).end(Err(Stop::Failed(error))),
    }
}

fn parse_and_run(args: Vec<OsString>, form: Form) -> u8 {
    let args = match Args::try_parse_from(args) {
        Ok(args) => args,
        Err(error) => return Output::plain(form).usage(&error),
    };
    let mut output = Output::new(&args.global);
    let result = dispatch::run(&args.verb, &mut output);
    output.end(result)
}
