//! The eight orientations.

use super::super::{Exif, ImageDecoder, Orientation, PixelMode, read_header};
use super::files::{all, named, options};

#[test]
fn each_orientation_moves_a_pixel_to_its_place() {
    // A picture of 2 rows and 3 columns: 0 1 2 / 3 4 5.
    let stored: Vec<u8> = (0..6).collect();
    let seen = [
        (1, vec![0, 1, 2, 3, 4, 5]),
        (2, vec![2, 1, 0, 5, 4, 3]),
        (3, vec![5, 4, 3, 2, 1, 0]),
        (4, vec![3, 4, 5, 0, 1, 2]),
        (5, vec![0, 3, 1, 4, 2, 5]),
        (6, vec![3, 0, 4, 1, 5, 2]),
        (7, vec![5, 2, 4, 1, 3, 0]),
        (8, vec![2, 5, 1, 4, 0, 3]),
    ];
    for (tag, expected) in seen {
        let orientation = Orientation::of_tag(tag).unwrap();
        let mut turned = vec![0; 6];
        orientation.turn::<1>([2, 3], &stored, &mut turned);
        assert_eq!(turned, expected, "tag {tag}");
        assert_eq!(u16::from(orientation.tag()), tag);
    }
    assert!(
        [0, 9, 65_535]
            .iter()
            .all(|&tag| Orientation::of_tag(tag).is_none())
    );
}

#[test]
fn the_header_tells_the_size_that_is_decoded() {
    let mut decoder = ImageDecoder::new();
    let mut dst = Vec::new();
    for sample in all() {
        for exif in [Exif::Apply, Exif::Ignore] {
            let mut options = options(PixelMode::Rgb);
            options.exif = exif;
            let header = read_header(&sample.bytes, &options.limits);
            if let Ok(image) = decoder.decode(&sample.bytes, &options, None, &mut dst) {
                let size = header.unwrap().size(exif);
                assert_eq!([image.height, image.width], size, "{}", sample.name);
            }
        }
    }
}

#[test]
fn orientations_are_found_as_pillow_finds_them() {
    for (name, tag) in [
        ("exif-long-6-mm.jpg", 6),
        ("exif-sshort-6-ii.jpg", 6),
        ("exif-twice-6-3-ii.jpg", 3),
    ] {
        let bytes = named(&format!("found/{name}"));
        let header = read_header(&bytes, &options(PixelMode::Rgb).limits).unwrap();
        assert_eq!(Some(header.orientation), Orientation::of_tag(tag), "{name}");
    }
}
