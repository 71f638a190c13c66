//! The tree in memory, what goes wrong with it, and what a power cut leaves.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

/// What goes wrong, and at which operation (counted from 0).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// One operation fails with an error number; those after it work.
    Once {
        /// The operation.
        op: u64,
        /// Such as `libc::EIO`.
        errno: i32,
    },
    /// This operation and all after it that write fail with an error number.
    From {
        /// The operation.
        op: u64,
        /// Such as `libc::ENOSPC`.
        errno: i32,
    },
    /// One operation panics.
    Panic {
        /// The operation.
        op: u64,
    },
    /// The power is cut in the middle of this operation: it is done in part,
    /// and every later one fails.
    PowerCut {
        /// The operation.
        op: u64,
    },
}

#[derive(Debug, Default, Clone)]
pub(super) struct Inode {
    /// What reads see.
    pub(super) current: Vec<u8>,
    /// What a power cut leaves for certain.
    pub(super) synced: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Node {
    File(usize),
    Dir,
}

#[derive(Debug, Default, Clone)]
pub(super) struct Dir {
    pub(super) current: BTreeMap<String, Node>,
    pub(super) synced: BTreeMap<String, Node>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) inodes: Vec<Inode>,
    pub(super) dirs: BTreeMap<PathBuf, Dir>,
    pub(super) locks: BTreeSet<PathBuf>,
    pub(super) n_ops: u64,
    pub(super) fault: Fault,
    pub(super) seed: u64,
    pub(super) is_off: bool,
    pub(super) log: Vec<String>,
}

/// What an operation does to the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Reads,
    Removes,
    Writes,
}

/// How far an operation gets.
pub(super) enum Verdict {
    Whole,
    /// Done in part, then this error.
    Torn(io::Error),
}

#[expect(clippy::panic, reason = "the fault that was asked for")]
fn panic_on_command() -> ! {
    panic!("a panic on command")
}

fn off() -> io::Error {
    io::Error::other("the power is off")
}

pub(super) fn not_found() -> io::Error {
    io::Error::from(io::ErrorKind::NotFound)
}

/// A number that looks random, from two.
pub(super) fn mix(seed: u64, n: u64) -> u64 {
    let mut x = seed ^ n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

pub(super) fn split(path: &Path) -> io::Result<(PathBuf, String)> {
    let name = path.file_name().ok_or_else(not_found)?;
    let parent = path.parent().unwrap_or(Path::new("")).to_owned();
    Ok((parent, name.to_string_lossy().into_owned()))
}

impl State {
    /// Counts an operation and says how far it gets.
    pub(super) fn begin(&mut self, effect: Effect, what: &str, path: &Path) -> io::Result<Verdict> {
        if self.is_off {
            return Err(off());
        }
        let op = self.n_ops;
        self.n_ops += 1;
        self.log.push(format!("{what} {}", path.display()));
        let errno = io::Error::from_raw_os_error;
        match self.fault {
            Fault::Once { op: at, errno: e } if at == op => Ok(Verdict::Torn(errno(e))),
            Fault::From { op: at, errno: e } if at <= op && effect == Effect::Writes => {
                Ok(Verdict::Torn(errno(e)))
            }
            Fault::Panic { op: at } if at == op => panic_on_command(),
            Fault::PowerCut { op: at } if at == op => {
                self.is_off = true;
                Ok(Verdict::Torn(off()))
            }
            _ => Ok(Verdict::Whole),
        }
    }

    /// An operation that happens wholly, or does not happen and fails.
    pub(super) fn begin_atomic(
        &mut self,
        effect: Effect,
        what: &str,
        path: &Path,
    ) -> io::Result<()> {
        match self.begin(effect, what, path)? {
            Verdict::Whole => Ok(()),
            Verdict::Torn(error) => Err(error),
        }
    }

    pub(super) fn dir(&mut self, path: &Path) -> io::Result<&mut Dir> {
        self.dirs.get_mut(path).ok_or_else(not_found)
    }

    pub(super) fn inode(&mut self, path: &Path) -> io::Result<usize> {
        let (parent, name) = split(path)?;
        match self.dir(&parent)?.current.get(&name) {
            Some(Node::File(inode)) => Ok(*inode),
            Some(Node::Dir) => Err(io::Error::from(io::ErrorKind::IsADirectory)),
            None => Err(not_found()),
        }
    }

    /// What the power cut leaves of a file: any mix of synced and unsynced
    /// sectors.
    pub(super) fn survivor(&self, inode: usize) -> Vec<u8> {
        const SECTOR: usize = 512;
        let Inode { current, synced } = &self.inodes[inode];
        let draw = |n: u64| mix(self.seed, ((inode as u64) << 32) | n);
        match draw(0) % 4 {
            _ if current == synced => synced.clone(),
            0 => synced.clone(),
            1 => current.clone(),
            _ => {
                let long = current.len().max(synced.len()) as u64;
                let len = match draw(1) % 3 {
                    0 => synced.len(),
                    1 => current.len(),
                    _ => usize::try_from(draw(2) % (long + 1)).unwrap_or(0),
                };
                let mut bytes = vec![0; len];
                for (sector, chunk) in bytes.chunks_mut(SECTOR).enumerate() {
                    let sides = [current, synced];
                    let from = sides[usize::from(draw(3 + sector as u64) & 1 == 0)];
                    let from = from.get(sector * SECTOR..).unwrap_or_default();
                    let n = chunk.len().min(from.len());
                    chunk[..n].copy_from_slice(&from[..n]);
                }
                bytes
            }
        }
    }

    /// What the power cut leaves of a directory: each entry as it was synced
    /// or as it is now.
    pub(super) fn surviving_entries(&self, path: &Path, dir: &Dir) -> BTreeMap<String, Node> {
        let names: BTreeSet<&String> = dir.current.keys().chain(dir.synced.keys()).collect();
        let salt = (path.as_os_str().len() as u64) << 40;
        let keep = |(index, name): (usize, &String)| {
            let sides = [&dir.current, &dir.synced];
            let from = sides[usize::from(mix(self.seed, salt | index as u64) & 1 == 0)];
            from.get(name).map(|node| (name.clone(), *node))
        };
        names.into_iter().enumerate().filter_map(keep).collect()
    }
}
