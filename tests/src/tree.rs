//! Directory trees as values, to compare datasets byte by byte.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// Every file below a directory by its relative path.
pub type Tree = BTreeMap<String, Vec<u8>>;

/// Reads the dataset at `root`: all but the work directory `.fuelrail`.
///
/// # Errors
/// As the operating system reports them.
pub fn dataset(root: &Path) -> io::Result<Tree> {
    let mut tree = Tree::new();
    read_into(root, "", &mut tree)?;
    tree.retain(|name, _| !name.starts_with(".fuelrail/"));
    Ok(tree)
}

/// Names of the files in the work directory of the dataset at `root`.
///
/// # Errors
/// As the operating system reports them.
pub fn work_files(root: &Path) -> io::Result<Vec<String>> {
    let mut tree = Tree::new();
    let work = root.join(".fuelrail");
    if work.exists() {
        read_into(&work, "", &mut tree)?;
    }
    Ok(tree.into_keys().collect())
}

/// The first difference between two trees, in words.
#[must_use]
pub fn difference(expected: &Tree, got: &Tree) -> Option<String> {
    for (name, bytes) in expected {
        match got.get(name) {
            None => return Some(format!("{name} is missing")),
            Some(other) if other != bytes => {
                let at = bytes.iter().zip(other).position(|(a, b)| a != b);
                return Some(format!(
                    "{name} differs: {} and {} bytes, first at {at:?}",
                    bytes.len(),
                    other.len()
                ));
            }
            Some(_) => {}
        }
    }
    got.keys()
        .find(|name| !expected.contains_key(*name))
        .map(|name| format!("{name} should not be there"))
}

fn read_into(directory: &Path, prefix: &str, tree: &mut Tree) -> io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            read_into(&entry.path(), &format!("{name}/"), tree)?;
        } else {
            tree.insert(name, std::fs::read(entry.path())?);
        }
    }
    Ok(())
}
