//! The targets over the images of the tests, and over what fuzzing has found.

use std::path::Path;

fn files(folder: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut paths: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    assert!(!paths.is_empty(), "no files in {}", folder.display());
    paths.sort();
    paths
        .iter()
        .map(|path| std::fs::read(path).unwrap())
        .collect()
}

#[test]
fn the_images_of_every_target() {
    let images = files("../../tests/fixtures/images");
    let found = files("../../tests/fixtures/images/found");
    for file in images.iter().chain(&found) {
        for target in [
            super::bmp,
            super::gif,
            super::jpeg,
            super::png,
            super::tiff,
            super::webp,
        ] {
            target(file);
        }
    }
}
