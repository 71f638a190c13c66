//! From the image files that were found to the folders that are inputs.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use twox_hash::XxHash3_128;

use super::super::walk::FoundFile;
use super::columns::{Classed, schema};
use super::labels::{ImageLabels, with_labels};
use crate::error::Result;
use crate::plan::{Digest, Input, InputDescription, ListedContent, ListedFile, Listing, RowGroup};

/// Bytes of files in a group, the unit in which a large folder is cut into parts.
const GROUP: u64 = 64 << 20;

/// The folders that hold `found` themselves, in the order in which they come
/// first. `contents` has what is known of each file, and its length. With `labels`,
/// which say more of each file, folders are no classes.
///
/// # Errors
/// `Data` where `labels` say nothing of a file.
pub(in crate::source) fn folders(
    found: &[FoundFile],
    contents: Vec<(ListedContent, u64)>,
    labels: Option<&ImageLabels>,
) -> Result<Vec<InputDescription>> {
    let mut folders: Vec<Folder> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for (file, (content, len_bytes)) in found.iter().zip(contents) {
        let (name, folder) = split(file);
        let place = *places.entry(folder).or_insert_with_key(|folder| {
            folders.push(Folder {
                name: folder.clone(),
                files: Vec::new(),
            });
            folders.len() - 1
        });
        folders[place].files.push(ListedFile {
            path: file.path.clone(),
            name,
            len_bytes,
            content,
        });
    }
    let classes: BTreeSet<String> = folders.iter().filter_map(Folder::class).collect();
    let classes: Vec<String> = classes.into_iter().collect();
    let n_classed = folders.iter().filter(|folder| folder.class().is_some());
    let classed = match n_classed.count() {
        0 => Classed::None,
        n if n == folders.len() => Classed::All,
        _ => Classed::Some,
    };
    let schema = Arc::new(match labels {
        None => schema(classed),
        Some(labels) => with_labels(&schema(Classed::None), labels.fields()),
    });
    let described = folders.into_iter().map(|folder| {
        Ok(InputDescription {
            schema: Arc::clone(&schema),
            input: folder.input(&classes, labels)?,
        })
    });
    described.collect()
}

/// The path of a file below its root, and the name of its folder there: both end
/// with `#n` where the place stands in the list for the time `n`.
fn split(file: &FoundFile) -> (String, String) {
    let last = file.path.file_name().unwrap_or_default().to_string_lossy();
    let at = file.name.rfind(last.as_ref()).unwrap_or(0);
    let (dir, again) = file.name.split_at(at);
    let again = again.get(last.len()..).unwrap_or_default();
    let folder = match dir.trim_end_matches('/') {
        "" => ".",
        folder => folder,
    };
    (format!("{dir}{last}"), format!("{folder}{again}"))
}

/// The files of one folder.
struct Folder {
    /// Its path below the root; `.` for the root.
    name: String,
    files: Vec<ListedFile>,
}

impl Folder {
    /// The first folder below the root on the path of its files.
    fn class(&self) -> Option<String> {
        let file = self.files.first()?;
        let (class, _) = file.name.split_once('/')?;
        Some(class.to_owned())
    }

    /// `classes` are all there are, sorted.
    fn input(self, classes: &[String], labels: Option<&ImageLabels>) -> Result<Input> {
        let class = self.class().and_then(|class| {
            let label = classes.binary_search(&class).ok()?;
            Some((class, i64::try_from(label).ok()?))
        });
        let lens = self.files.iter().map(|file| file.len_bytes);
        let first = self.files.first().and_then(|file| file.path.parent());
        let columns = labels.map(|labels| labels.of(&self.files)).transpose()?;
        Ok(Input {
            path: first.map_or_else(Default::default, ToOwned::to_owned),
            name: self.name,
            len_bytes: lens.fold(0, u64::saturating_add),
            digest: digest(&self.files, labels),
            row_groups: groups(&self.files),
            table: None,
            listing: Some(Arc::new(Listing {
                files: self.files,
                class: if labels.is_none() { class } else { None },
                columns,
            })),
        })
    }
}

/// A digest of the names, lengths and contents of files, and of what is said of them.
fn digest(files: &[ListedFile], labels: Option<&ImageLabels>) -> Digest {
    let mut hasher = XxHash3_128::new();
    if let Some(labels) = labels {
        hasher.write(&labels.digest().0.to_le_bytes());
    }
    for file in files {
        hasher.write(&(file.name.len() as u64).to_le_bytes());
        hasher.write(file.name.as_bytes());
        match &file.content {
            ListedContent::Whole(digest) | ListedContent::Sampled(digest) => {
                hasher.write(&file.len_bytes.to_le_bytes());
                hasher.write(&digest.0.to_le_bytes());
            }
            // No file has this length. Why it cannot be read may be said in other
            // words the next time.
            ListedContent::Unreadable(_) => hasher.write(&u64::MAX.to_le_bytes()),
        }
    }
    Digest(hasher.finish_128())
}

fn groups(files: &[ListedFile]) -> Vec<RowGroup> {
    let mut groups = Vec::new();
    let mut group = RowGroup::default();
    for file in files {
        if group.n_rows > 0 && group.len_bytes.saturating_add(file.len_bytes) > GROUP {
            groups.push(std::mem::take(&mut group));
        }
        group.n_rows += 1;
        group.len_bytes = group.len_bytes.saturating_add(file.len_bytes);
    }
    groups.push(group);
    groups
}

#[cfg(test)]
mod tests {
    use super::super::columns::LABEL;
    use super::*;

    fn found(names: &[&str]) -> Vec<FoundFile> {
        let file = |name: &&str| FoundFile {
            path: format!("root/{}", name.split('#').next().unwrap_or_default()).into(),
            name: (*name).to_owned(),
            is_linked: false,
            id: None,
        };
        names.iter().map(file).collect()
    }

    fn listed(names: &[&str], len_bytes: u64) -> Vec<InputDescription> {
        let content = (ListedContent::Whole(Digest(7)), len_bytes);
        folders(&found(names), vec![content; names.len()], None).unwrap()
    }

    #[test]
    fn files_lie_in_the_folder_that_holds_them_and_in_the_class_above() {
        let inputs = listed(&["a.png", "cat/b.png", "cat/in/c.png", "dog/in/d.png"], 1);
        let shown = inputs.iter().map(|InputDescription { input, .. }| {
            let listing = input.listing.as_ref().unwrap();
            let names = listing.files.iter().map(|file| file.name.as_str());
            (
                input.name.as_str(),
                listing.class.clone(),
                names.collect::<Vec<_>>(),
            )
        });
        let class = |name: &str, label| Some((name.to_owned(), label));
        assert_eq!(
            shown.collect::<Vec<_>>(),
            [
                (".", None, vec!["a.png"]),
                ("cat", class("cat", 0), vec!["cat/b.png"]),
                ("cat/in", class("cat", 0), vec!["cat/in/c.png"]),
                ("dog/in", class("dog", 1), vec!["dog/in/d.png"]),
            ]
        );
        assert!(
            inputs[0]
                .schema
                .field_with_name(LABEL)
                .unwrap()
                .is_nullable()
        );
        let classed = listed(&["cat/b.png"], 1);
        assert!(
            !classed[0]
                .schema
                .field_with_name(LABEL)
                .unwrap()
                .is_nullable()
        );
        assert!(
            listed(&["b.png"], 1)[0]
                .schema
                .field_with_name(LABEL)
                .is_err()
        );
    }

    #[test]
    fn a_folder_that_comes_again_has_files_of_the_same_paths() {
        let inputs = listed(&["cat/b.png", "cat/b.png#2"], 1);
        let of = |index: usize| {
            let input = &inputs[index].input;
            let listing = input.listing.as_ref().unwrap();
            (input.name.as_str(), listing.files[0].name.as_str())
        };
        assert_eq!(of(0), ("cat", "cat/b.png"));
        assert_eq!(of(1), ("cat#2", "cat/b.png"));
    }

    #[test]
    fn large_folders_have_groups() {
        let inputs = listed(&["a.png", "b.png", "c.png", "d.png", "e.png"], GROUP / 2);
        let n_rows = inputs[0].input.row_groups.iter().map(|group| group.n_rows);
        assert_eq!(n_rows.collect::<Vec<_>>(), [2, 2, 1]);
        assert_eq!(listed(&["a.png"], GROUP * 2)[0].input.row_groups.len(), 1);
    }
}
