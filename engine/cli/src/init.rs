//! `fuelrail init`: writes a pipeline for the data that is there.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use fuelrail::run::{self, Fate, Proposal, ProposeSpec};
use fuelrail::{Error, ErrorKind};
use indicatif::HumanBytes;
use serde_json::{Value, json};

use crate::output::{Output, Stop, counted, harmless};
use crate::pipeline::DEFAULT;

/// Write a pipeline for your data, to begin with
#[derive(Debug, clap::Args)]
#[command(
    after_help = "It looks at the first rows and proposes: tokenize and pack where a column reads as \
                  text, normalize where one holds images of bytes, else to store the columns as they \
                  are. What was found, and why it is so, stands in comments.\n\n\
                  Example: fuelrail init corpus/ && fuelrail plan && fuelrail shard"
)]
pub(crate) struct Args {
    /// The data: a directory, a file or a glob
    #[arg(value_name = "FOLDER", default_value = ".")]
    data: PathBuf,
    /// The pipeline file to write
    #[arg(long, value_name = "FILE", default_value = DEFAULT)]
    out: PathBuf,
    /// Write over a file that is there already
    #[arg(long)]
    force: bool,
    /// Print the pipeline, but write nothing
    #[arg(long)]
    dry_run: bool,
}

/// Writes the pipeline and says what it does.
pub(crate) fn run(args: &Args, output: &mut Output) -> Result<(), Stop> {
    if !args.dry_run && !args.force && args.out.symlink_metadata().is_ok() {
        return Err(exists(&args.out).into());
    }
    is_there(&args.data)?;
    let uri = uri(&args.data, &args.out)?;
    let proposal = run::propose(&ProposeSpec {
        uri: &uri,
        file: &args.out,
        threads: run::threads(None),
    })?;
    if args.dry_run {
        return output.result(|| proposal.toml.clone(), || json(&proposal, None));
    }
    let write = if args.force { replace } else { write_new };
    write(&args.out, proposal.toml.as_bytes())?;
    output.result(
        || text(&proposal, &args.out),
        || json(&proposal, Some(&args.out)),
    )
}

/// The data as the pipeline file names it: paths in it begin where it lies.
fn uri(data: &Path, out: &Path) -> Result<String, Error> {
    let is_here = out.parent().is_none_or(|dir| dir == Path::new(""));
    let named_whole = data.is_absolute() || data.to_str().is_some_and(|data| data.contains("://"));
    let path = if is_here || named_whole {
        data.to_owned()
    } else {
        std::path::absolute(data).map_err(|error| Error::io("resolve", data, error))?
    };
    path.into_os_string().into_string().map_err(|path| {
        Error::new(ErrorKind::Usage, "expected a path of UTF-8 text").with_path(path)
    })
}

/// A path that is not there, and is no pattern, is a mistake on the command line.
fn is_there(data: &Path) -> Result<(), Error> {
    let is_pattern = data
        .to_str()
        .is_none_or(|data| data.contains(['*', '?', '[', '{', ':', '~']));
    let found = data.symlink_metadata();
    match found {
        Err(error) if error.kind() == io::ErrorKind::NotFound && !is_pattern => {
            let error = Error::new(
                ErrorKind::Usage,
                "expected data, found nothing of that name",
            );
            Err(error.with_path(data).with_hint("check the path"))
        }
        _ => Ok(()),
    }
}

fn exists(out: &Path) -> Error {
    Error::new(
        ErrorKind::Usage,
        "expected to write a new file, there is one already",
    )
    .with_path(out)
    .with_hint("use `--out FILE` to write another, or `--force` to write over it")
}

/// Writes a file that is not there yet.
fn write_new(out: &Path, text: &[u8]) -> Result<(), Error> {
    let new = OpenOptions::new().write(true).create_new(true).open(out);
    match new {
        Ok(mut file) => file.write_all(text).map_err(|error| failed(out, error)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(exists(out)),
        Err(error) => Err(failed(out, error)),
    }
}

fn failed(out: &Path, error: io::Error) -> Error {
    Error::io("write the pipeline file", out, error)
}

/// Writes the file whole: an old one is there until the new one is.
fn replace(out: &Path, text: &[u8]) -> Result<(), Error> {
    let failed = |error| failed(out, error);
    let mut beside = out.as_os_str().to_owned();
    beside.push(".new");
    fs::write(&beside, text).map_err(failed)?;
    fs::rename(&beside, out).map_err(failed)
}

/// Names of columns with a fate, shortened.
fn names(proposal: &Proposal, fate: Fate) -> String {
    const MOST: usize = 6;
    let columns = proposal.columns.iter().filter(|column| column.fate == fate);
    let mut names: Vec<String> = columns.map(|column| harmless(&column.name)).collect();
    let n_more = names.len().saturating_sub(MOST);
    names.truncate(MOST);
    let more = if n_more > 0 {
        format!(" and {n_more} more")
    } else {
        String::new()
    };
    format!("{}{more}", names.join(", "))
}

fn text(proposal: &Proposal, out: &Path) -> String {
    let mut text = format!(
        "wrote {}: {} of {}, {}\n",
        out.display(),
        counted(proposal.n_files as u64, "file"),
        proposal.format.as_str(),
        HumanBytes(proposal.len_bytes),
    );
    let fates = [
        (Fate::Tokenized, "tokenized and packed"),
        (Fate::Normalized, "images, normalized"),
        (Fate::Stored, "stored"),
        (Fate::LeftOut, "left out"),
    ];
    for (fate, what) in fates {
        let names = names(proposal, fate);
        if !names.is_empty() {
            // Writing to a string cannot fail, here and below.
            _ = writeln!(text, "  {what}: {names}");
        }
    }
    for note in &proposal.notes {
        _ = writeln!(text, "  note: {}", harmless(note));
    }
    let file = if out == Path::new(DEFAULT) {
        String::new()
    } else {
        format!(" {}", out.display())
    };
    _ = writeln!(
        text,
        "next: look at it, then `fuelrail plan{file}` and `fuelrail shard{file}`"
    );
    text
}

fn json(proposal: &Proposal, written: Option<&Path>) -> Value {
    let columns = proposal.columns.iter().map(|column| {
        json!({
            "name": column.name,
            "type": column.data_type,
            "fate": column.fate.as_str(),
            "why": column.why,
        })
    });
    json!({
        "wrote": written.map(|out| out.to_string_lossy()),
        "format": proposal.format,
        "n_files": proposal.n_files,
        "len_bytes": proposal.len_bytes,
        "columns": columns.collect::<Vec<_>>(),
        "notes": proposal.notes,
        "pipeline": proposal.toml,
    })
}
