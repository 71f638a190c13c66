//! The file system in memory as a dataset is written to it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fuelrail::sink::{Fs, FsFile};

use super::state::{Dir, Effect, Fault, Inode, Node, State, Verdict, not_found, split};

/// The file system. Clones share one tree.
#[derive(Clone)]
pub struct MemFs {
    state: Arc<Mutex<State>>,
}

impl Default for MemFs {
    fn default() -> Self {
        Self::new(Fault::None, 0)
    }
}

impl MemFs {
    /// An empty file system that meets `fault`; `seed` decides what a power
    /// cut leaves of what was not synced.
    #[must_use]
    pub fn new(fault: Fault, seed: u64) -> Self {
        let state = State {
            inodes: Vec::new(),
            dirs: BTreeMap::from([(PathBuf::from("/"), Dir::default())]),
            locks: BTreeSet::new(),
            n_ops: 0,
            fault,
            seed,
            is_off: false,
            log: Vec::new(),
        };
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Operations begun so far.
    #[must_use]
    pub fn n_ops(&self) -> u64 {
        self.state().n_ops
    }

    /// What operation `op` was, for messages.
    #[must_use]
    pub fn op_name(&self, op: u64) -> String {
        let at = usize::try_from(op).unwrap_or(usize::MAX);
        let name = self.state().log.get(at).cloned();
        name.unwrap_or_else(|| "never reached".to_owned())
    }

    /// From now on (operations count on), this goes wrong.
    pub fn set_fault(&self, fault: Fault) {
        self.state().fault = fault;
    }

    /// The tree after a power cut, as a new file system without faults.
    #[must_use]
    pub fn reboot(&self) -> Self {
        let state = self.state();
        let inodes = (0..state.inodes.len()).map(|inode| {
            let bytes = state.survivor(inode);
            Inode {
                current: bytes.clone(),
                synced: bytes,
            }
        });
        let fresh = Self::new(Fault::None, state.seed);
        fresh.state().inodes = inodes.collect();
        let mut open = vec![PathBuf::from("/")];
        while let Some(path) = open.pop() {
            let Some(dir) = state.dirs.get(&path) else {
                continue;
            };
            let entries = state.surviving_entries(&path, dir);
            let subdirs = entries.iter().filter(|(_, node)| **node == Node::Dir);
            open.extend(subdirs.map(|(name, _)| path.join(name)));
            let dir = Dir {
                current: entries.clone(),
                synced: entries,
            };
            fresh.state().dirs.insert(path, dir);
        }
        fresh
    }

    /// All files below `root` with their content, by path relative to it.
    #[must_use]
    pub fn files(&self, root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
        let state = self.state();
        let mut files = BTreeMap::new();
        for (path, dir) in &state.dirs {
            let Ok(relative) = path.strip_prefix(root) else {
                continue;
            };
            let inodes = dir.current.iter().filter_map(|(name, node)| match node {
                Node::File(inode) => Some((relative.join(name), *inode)),
                Node::Dir => None,
            });
            files.extend(inodes.map(|(path, inode)| (path, state.inodes[inode].current.clone())));
        }
        files
    }

    /// Writes over a file without any of the rules, as a decaying disk does.
    pub fn scribble(&self, path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.state();
        if let Ok(inode) = state.inode(path) {
            change(&mut state.inodes[inode].current);
            let inode = &mut state.inodes[inode];
            inode.synced.clone_from(&inode.current);
        }
    }

    /// Copies the files below `root` into a directory of the machine.
    ///
    /// # Errors
    /// As the operating system reports them.
    pub fn dump(&self, root: &Path, to: &Path) -> io::Result<()> {
        for (path, bytes) in self.files(root) {
            let path = to.join(path);
            std::fs::create_dir_all(path.parent().unwrap_or(to))?;
            std::fs::write(path, bytes)?;
        }
        Ok(())
    }
}

impl fmt::Debug for MemFs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemFs").finish_non_exhaustive()
    }
}

/// An open file: it stays the same file when its name moves.
struct MemFile {
    fs: MemFs,
    inode: usize,
    path: PathBuf,
}

impl fmt::Debug for MemFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MemFile").field(&self.path).finish()
    }
}

impl FsFile for MemFile {
    fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut state = self.fs.state();
        let verdict = state.begin(Effect::Writes, "write", &self.path)?;
        let n = match verdict {
            Verdict::Whole => bytes.len(),
            Verdict::Torn(_) => bytes.len() / 2,
        };
        let at = usize::try_from(offset).map_err(io::Error::other)?;
        let content = &mut state.inodes[self.inode].current;
        if content.len() < at + n {
            content.resize(at + n, 0);
        }
        content[at..at + n].copy_from_slice(&bytes[..n]);
        match verdict {
            Verdict::Whole => Ok(()),
            Verdict::Torn(error) => Err(error),
        }
    }

    fn read_exact_at(&mut self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        let mut state = self.fs.state();
        state.begin_atomic(Effect::Reads, "pread", &self.path)?;
        let at = usize::try_from(offset).map_err(io::Error::other)?;
        let content = state.inodes[self.inode].current.get(at..at + bytes.len());
        bytes.copy_from_slice(content.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.fs.state();
        state.begin_atomic(Effect::Writes, "sync", &self.path)?;
        let inode = &mut state.inodes[self.inode];
        inode.synced.clone_from(&inode.current);
        Ok(())
    }
}

impl MemFs {
    fn file(&self, inode: usize, path: &Path) -> Box<dyn FsFile> {
        Box::new(MemFile {
            fs: self.clone(),
            inode,
            path: path.to_owned(),
        })
    }
}

impl Fs for MemFs {
    fn create(&self, path: &Path) -> io::Result<Box<dyn FsFile>> {
        let mut state = self.state();
        state.begin_atomic(Effect::Writes, "create", path)?;
        let inode = match state.inode(path) {
            Ok(inode) => inode,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                let (parent, name) = split(path)?;
                let inode = state.inodes.len();
                state.dir(&parent)?.current.insert(name, Node::File(inode));
                state.inodes.push(Inode::default());
                inode
            }
            Err(e) => return Err(e),
        };
        state.inodes[inode].current.clear();
        drop(state);
        Ok(self.file(inode, path))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn FsFile>> {
        let mut state = self.state();
        state.begin_atomic(Effect::Reads, "open", path)?;
        let inode = state.inode(path)?;
        drop(state);
        Ok(self.file(inode, path))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let mut state = self.state();
        state.begin_atomic(Effect::Reads, "read", path)?;
        let inode = state.inode(path)?;
        Ok(state.inodes[inode].current.clone())
    }

    fn len(&self, path: &Path) -> io::Result<u64> {
        let mut state = self.state();
        state.begin_atomic(Effect::Reads, "len", path)?;
        let inode = state.inode(path)?;
        Ok(state.inodes[inode].current.len() as u64)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.begin_atomic(Effect::Writes, "rename", to)?;
        let node = Node::File(state.inode(from)?);
        let (parent, name) = split(from)?;
        state.dir(&parent)?.current.remove(&name);
        let (parent, name) = split(to)?;
        state.dir(&parent)?.current.insert(name, node);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.begin_atomic(Effect::Removes, "remove", path)?;
        state.inode(path)?;
        let (parent, name) = split(path)?;
        state.dir(&parent)?.current.remove(&name);
        Ok(())
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.begin_atomic(Effect::Removes, "remove_dir", path)?;
        let (parent, name) = split(path)?;
        if state.dir(&parent)?.current.get(&name) != Some(&Node::Dir) {
            return Err(not_found());
        }
        if !state.dir(path)?.current.is_empty() {
            return Err(io::Error::from(io::ErrorKind::DirectoryNotEmpty));
        }
        // Its record stays, for a power cut that undoes the removal.
        state.dir(&parent)?.current.remove(&name);
        Ok(())
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.begin_atomic(Effect::Writes, "create_dir_all", path)?;
        let mut dirs: Vec<&Path> = path.ancestors().collect();
        dirs.reverse();
        for dir in dirs {
            if let Ok((parent, name)) = split(dir) {
                let parent = state.dir(&parent)?;
                parent.current.entry(name).or_insert(Node::Dir);
            }
            state.dirs.entry(dir.to_owned()).or_default();
        }
        Ok(())
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.begin_atomic(Effect::Writes, "sync_dir", path)?;
        let dir = state.dir(path)?;
        dir.synced.clone_from(&dir.current);
        Ok(())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let mut state = self.state();
        state.begin_atomic(Effect::Reads, "list", path)?;
        if let Ok((parent, name)) = split(path) {
            let entry = state.dir(&parent)?.current.get(&name).copied();
            entry
                .filter(|node| *node == Node::Dir)
                .ok_or_else(not_found)?;
        }
        Ok(state.dir(path)?.current.keys().cloned().collect())
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn Send + Sync + fmt::Debug>>> {
        let mut state = self.state();
        state.begin_atomic(Effect::Writes, "lock", path)?;
        if state.inode(path).is_err() {
            let (parent, name) = split(path)?;
            let inode = state.inodes.len();
            state.dir(&parent)?.current.insert(name, Node::File(inode));
            state.inodes.push(Inode::default());
        }
        if !state.locks.insert(path.to_owned()) {
            return Ok(None);
        }
        drop(state);
        Ok(Some(Box::new(Held {
            fs: self.clone(),
            path: path.to_owned(),
        })))
    }
}

/// A lock that is held.
#[derive(Debug)]
struct Held {
    fs: MemFs,
    path: PathBuf,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.fs.state().locks.remove(&self.path);
    }
}
