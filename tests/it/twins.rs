//! Structs that devices are handed have the same members in every language.

use std::path::Path;

use fuelrail_kernels::{TWINS, Twin};
use fuelrail_tests::twins::generated;

#[test]
fn generated_files_are_those_of_the_structs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for file in generated(TWINS) {
        let text = std::fs::read_to_string(root.join(file.path)).unwrap_or_default();
        assert!(
            text == file.text,
            "run scripts/twins.sh: {} is not what it writes",
            file.path
        );
    }
}

#[test]
fn a_member_that_changes_its_place_or_type_is_seen() {
    let before = generated(TWINS);
    for (index, twin) in TWINS.iter().enumerate() {
        let mut members = twin.members.to_vec();
        members.reverse();
        members[0].type_name = "i32";
        let mut twins: Vec<Twin> = TWINS.to_vec();
        twins[index].members = members.leak();
        let after = generated(&twins);
        assert_ne!(after[0], before[0], "{} in CUDA", twin.name);
        assert!(after[1] != before[1] || twin.is_wide(), "{}", twin.name);
    }
}
