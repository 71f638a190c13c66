//! Every level against the scalar reference, and the reference against the
//! obvious.

use proptest::prelude::*;

use super::{Class, Squeeze, SqueezeError, Summary};
use crate::Level;

/// Lengths around the widths of vectors and blocks.
const LENS: [usize; 16] = [
    0, 1, 2, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 1000,
];

/// What `squeeze` means, in two passes: what is not dropped, then what does not
/// follow its like.
fn meaning(squeeze: &Squeeze, src: &[u8]) -> Vec<u8> {
    let class = |byte: u8| squeeze.classes()[usize::from(byte)];
    let mut left = src.to_vec();
    left.retain(|&byte| class(byte) != Class::Drop);
    left.chunk_by(|a, b| [class(*a), class(*b)] == [Class::Squeeze; 2])
        .map(|run| match class(run[0]) {
            Class::Squeeze => squeeze.replacement(),
            _ => run[0],
        })
        .collect()
}

/// What `squeeze` makes of `src` at every level, from memory and to memory that
/// begins `shift` bytes later.
fn run(squeeze: &Squeeze, src: &[u8], shift: usize) -> Vec<u8> {
    let want = meaning(squeeze, src);
    let mut read = vec![b' '; shift];
    read.extend_from_slice(src);
    for level in Level::available() {
        let mut dst = vec![0xa5; shift + src.len() + 70];
        let inside = &mut dst[shift..shift + src.len()];
        let n = squeeze.run(level, &read[shift..], inside).unwrap();
        assert!(inside[..n] == want, "{level}, {} bytes", src.len());
        let mut around = dst[..shift].iter().chain(&dst[shift + src.len()..]);
        assert!(around.all(|&byte| byte == 0xa5), "{level}");
        // With more room than needed.
        let n = squeeze.run(level, src, &mut dst).unwrap();
        assert!(dst[..n] == want, "{level}, {} bytes", src.len());
    }
    want
}

fn white_space(text: &str) -> String {
    String::from_utf8(run(&Squeeze::white_space(), text.as_bytes(), 0)).unwrap()
}

#[test]
fn white_space_becomes_one_space() {
    for (text, want) in [
        ("", ""),
        (" ", " "),
        ("\t", " "),
        ("a b", "a b"),
        ("a\r\nb", "a b"),
        (" \t\n\u{b}\u{c}\r a  ", " a "),
        ("a\0b\u{7f}c", "abc"),
        ("a \0 b", "a b"),
        ("\0 \0\0 \0", " "),
        ("\0\u{1f}", ""),
        (
            "na\u{ef}ve \u{2003} caf\u{e9}\u{85}",
            "na\u{ef}ve \u{2003} caf\u{e9}\u{85}",
        ),
    ] {
        assert_eq!(white_space(text), want, "{text:?}");
    }
}

#[test]
fn the_classes_of_white_space_are_these() {
    let squeeze = Squeeze::white_space();
    for byte in 0..=u8::MAX {
        let want = match char::from(byte) {
            '\t'..='\r' | ' ' => Class::Squeeze,
            c if c.is_ascii_control() => Class::Drop,
            _ => Class::Keep,
        };
        assert_eq!(squeeze.classes()[usize::from(byte)], want, "{byte:#x}");
    }
}

#[test]
fn a_kept_byte_that_is_the_replacement_ends_a_run() {
    let mut classes = [Class::Keep; 256];
    classes[usize::from(b'-')] = Class::Squeeze;
    let squeeze = Squeeze::new(classes, b'_');
    assert_eq!(run(&squeeze, b"--_-_--", 0), b"_____");
}

#[test]
fn one_class_for_all_bytes() {
    for class in [Class::Keep, Class::Squeeze, Class::Drop] {
        let squeeze = Squeeze::new([class; 256], b'x');
        for len in LENS {
            let src: Vec<u8> = (0..=u8::MAX).rev().cycle().take(len).collect();
            let want = match class {
                Class::Keep => src.clone(),
                Class::Squeeze => vec![b'x'; len.min(1)],
                Class::Drop => Vec::new(),
            };
            assert_eq!(run(&squeeze, &src, 1), want);
        }
    }
}

#[test]
fn every_level_agrees_at_every_length() {
    for len in LENS {
        for byte in [b'a', b' ', b'\n', 0] {
            run(&Squeeze::white_space(), &vec![byte; len], len % 5);
            // One such byte among others, and two.
            for at in [0, 1, len / 2, len.saturating_sub(1)] {
                for n in 1..=2 {
                    let mut src = vec![b'a'; len];
                    src.iter_mut()
                        .skip(at)
                        .take(n)
                        .for_each(|slot| *slot = byte);
                    run(&Squeeze::white_space(), &src, at % 3);
                }
            }
        }
    }
}

#[test]
fn too_little_room_is_refused() {
    for level in Level::available() {
        let error = Squeeze::white_space().run(level, b"  abc", &mut [0; 4]);
        let want = SqueezeError {
            expected: 5,
            got: 4,
        };
        assert_eq!(error, Err(want));
    }
}

#[test]
fn constants_hold_the_replacement_and_all_classes() {
    let squeeze = Squeeze::white_space();
    let words = squeeze.constants_words();
    assert_eq!(words.len(), 65);
    assert_eq!(words[0], 0x20);
    for byte in 0..=u8::MAX {
        let word = words[1 + usize::from(byte) / 4];
        let code = word.to_le_bytes()[usize::from(byte) % 4];
        assert_eq!(code, squeeze.classes()[usize::from(byte)].code());
    }
    assert_eq!(words[1 + 8] & 0xff, 1);
    assert_eq!(words[1 + 31] >> 24, 2);
}

/// Any classes: some that intervals tell apart and some that they do not.
fn squeezes() -> impl Strategy<Value = Squeeze> {
    let class = prop_oneof![Just(Class::Keep), Just(Class::Squeeze), Just(Class::Drop)];
    let any_byte = any::<u8>();
    let few = prop::collection::vec((any::<u8>(), 0..80usize, class.clone()), 0..6);
    let few = few.prop_map(|parts| {
        let mut classes = [Class::Keep; 256];
        for (start, len, class) in parts {
            classes
                .iter_mut()
                .skip(start.into())
                .take(len)
                .for_each(|slot| *slot = class);
        }
        classes
    });
    let any = prop::collection::vec(class, 256)
        .prop_map(|classes| std::array::from_fn(|byte| classes[byte]));
    let both = (prop_oneof![few, any], any_byte);
    prop_oneof![
        Just(Squeeze::white_space()),
        both.prop_map(|(classes, replacement)| Squeeze::new(classes, replacement)),
    ]
}

/// Any bytes, often of those that are not kept in text.
fn items() -> impl Strategy<Value = Vec<u8>> {
    let text = prop_oneof![8 => Just(b'a'), 2 => Just(b' '), 1 => Just(b'\n'), 1 => Just(0)];
    let plain = prop_oneof![40 => Just(b'a'), 9 => Just(b' '), 1 => Just(b'\n')];
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..300),
        prop::collection::vec(text, 0..300),
        prop::collection::vec(plain, 0..700),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn every_level_does_as_is_meant(squeeze in squeezes(), src in items(), shift in 0..65usize) {
        run(&squeeze, &src, shift);
    }

    #[test]
    fn squeezing_white_space_again_changes_nothing(src in items()) {
        let squeeze = Squeeze::white_space();
        let once = run(&squeeze, &src, 0);
        prop_assert_eq!(run(&squeeze, &once, 0), once);
    }

    #[test]
    fn summaries_do_not_depend_on_where_an_item_is_cut(
        squeeze in squeezes(),
        src in items(),
        cuts in prop::array::uniform3(0..1000usize),
    ) {
        let mut cuts = cuts.map(|cut| cut % (src.len() + 1));
        cuts.sort_unstable();
        let [a, b, c] = cuts;
        let parts = [&src[..a], &src[a..b], &src[b..c], &src[c..]];
        let [w, x, y, z] = parts.map(|part| Summary::of(&squeeze, part));
        let whole = Summary::of(&squeeze, &src);
        prop_assert_eq!(w.then(x).then(y).then(z), whole);
        prop_assert_eq!(w.then(x.then(y.then(z))), whole);
        prop_assert_eq!(w.then(x).then(y.then(z)), whole);
        prop_assert_eq!(Summary::EMPTY.then(whole), whole);
        prop_assert_eq!(whole.then(Summary::EMPTY), whole);
        prop_assert_eq!(whole.n_otherwise, meaning(&squeeze, &src).len());
        // Entered in a run: as behind a byte that begins one.
        if let Some(byte) = squeeze.classes().iter().position(|&class| class == Class::Squeeze) {
            let mut longer = vec![u8::try_from(byte).unwrap()];
            longer.extend_from_slice(&src);
            prop_assert_eq!(whole.n_in_run + 1, meaning(&squeeze, &longer).len());
        }
    }

    /// As devices do: count chunks, scan, then write each where it belongs.
    #[test]
    fn chunks_can_be_written_alone(src in items(), len in 1..100usize) {
        let squeeze = Squeeze::white_space();
        let want = meaning(&squeeze, &src);
        let mut out = vec![0; want.len()];
        let mut before = Summary::EMPTY;
        for chunk in src.chunks(len) {
            let summary = Summary::of(&squeeze, chunk);
            let written = if before.ends_in_run == Some(true) {
                let longer = [b" ", chunk].concat();
                meaning(&squeeze, &longer)[1..].to_vec()
            } else {
                meaning(&squeeze, chunk)
            };
            let end = before.then(summary).n_otherwise;
            out[before.n_otherwise..end].copy_from_slice(&written);
            before = before.then(summary);
        }
        prop_assert_eq!(out, want);
    }
}
