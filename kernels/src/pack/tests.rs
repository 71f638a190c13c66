//! Properties of the layout, and a slow packer to compare with.

use proptest::prelude::*;

use super::*;

/// Best-fit decreasing as its definition reads: every row looked at.
fn reference(lens: &[u32], limit: impl Into<RowLimit>) -> Vec<Vec<u32>> {
    let RowLimit { length, documents } = limit.into();
    let mut order: Vec<usize> = (0..lens.len()).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(lens[i]));
    // (room left, when it was last touched, documents)
    let mut rows: Vec<(u32, usize, Vec<u32>)> = Vec::new();
    for (time, &i) in order.iter().enumerate() {
        let best = rows
            .iter_mut()
            .filter(|row| row.0 >= lens[i] && row.2.len() < documents as usize)
            .min_by_key(|row| (row.0, std::cmp::Reverse(row.1)));
        let doc = u32::try_from(i).unwrap();
        match best {
            Some(row) => {
                row.0 -= lens[i];
                row.1 = time;
                row.2.push(doc);
            }
            None => rows.push((length - lens[i], time, vec![doc])),
        }
    }
    let mut rows: Vec<Vec<u32>> = rows.into_iter().map(|row| row.2).collect();
    for row in &mut rows {
        row.sort_unstable();
    }
    rows.sort();
    rows
}

fn docs(rows: &PackedRows) -> Vec<Vec<u32>> {
    (0..rows.n_rows())
        .map(|row| rows.row(row).iter().map(|piece| piece.doc).collect())
        .collect()
}

proptest! {
    #[test]
    fn best_fit_is_its_definition(
        lens in prop::collection::vec(1_u32..=70, 0..200),
        length in 70_u32..200,
    ) {
        let rows = best_fit(&cut(&lens, length, CutRule::Split), length);
        prop_assert_eq!(docs(&rows), reference(&lens, length));
    }

    #[test]
    fn best_fit_with_few_documents_a_row_is_its_definition(
        lens in prop::collection::vec(1_u32..=70, 0..200),
        length in 70_u32..200,
        documents in 1_u32..6,
    ) {
        let limit = RowLimit { length, documents };
        let rows = best_fit(&cut(&lens, length, CutRule::Split), limit);
        prop_assert_eq!(docs(&rows), reference(&lens, limit));
    }

    #[test]
    fn concat_ends_a_row_at_its_last_document(
        lens in prop::collection::vec(0_u32..50, 0..100),
        length in 1_u32..60,
        documents in 1_u32..6,
    ) {
        let rows = concat(&lens, RowLimit { length, documents });
        let tokens = |pieces: &[DocumentPiece]| -> Vec<(u32, u32)> {
            pieces.iter().flat_map(|p| (p.start..p.start + p.len).map(|at| (p.doc, at))).collect()
        };
        let all: Vec<_> = (0..).zip(&lens).flat_map(|(doc, len)| (0..*len).map(move |at| (doc, at))).collect();
        prop_assert_eq!(tokens(&rows.pieces), all);
        for row in 0..rows.n_rows() {
            let row_pieces = rows.row(row);
            let used: u32 = row_pieces.iter().map(|piece| piece.len).sum();
            prop_assert!(used <= length && row_pieces.len() <= documents as usize);
            let is_full = used == length || row_pieces.len() == documents as usize;
            prop_assert!(is_full || row + 1 == rows.n_rows());
        }
    }

    #[test]
    fn targets_follow_the_boundaries(
        lens in prop::collection::vec(1..40_u32, 0..60),
        length in 40..70_u32,
        documents in 1..5_u32,
        seed in any::<u64>(),
    ) {
        let rows = best_fit(&cut(&lens, length, CutRule::Split), RowLimit { length, documents });
        let each = || (0..rows.n_rows()).map(|row| rows.row(row));
        let text: Vec<i32> = (1..=40).collect();
        // A mask that has nothing to do with the tokens.
        let mask: Vec<u8> = (0..40).map(|at| u8::from(seed >> at & 1 == 1)).collect();
        let padding = Padding { token: 0, extent: PaddingExtent::Segment };
        let laid = gather(each(), length, padding, |doc| &text[..lens[doc as usize] as usize]);
        let masked = gather_values(each(), length, 0, |doc| &mask[..lens[doc as usize] as usize]);
        let positions = position_ids(each(), length);
        let found = labels(each(), length, IGNORED, |at| (masked[at] != 0).then(|| laid.tokens[at]));
        prop_assert_eq!(masked.len(), laid.tokens.len());
        for row in 0..rows.n_rows() {
            let first = row * length as usize;
            let bounds = &laid.cu_seqlens[laid.offsets[row].unsigned_abs() as usize..laid.offsets[row + 1].unsigned_abs() as usize];
            for at in 0..length as usize {
                // The last boundary that is not behind the token.
                let place = i32::try_from(at).unwrap();
                let start = *bounds.iter().filter(|bound| **bound <= place).max().unwrap();
                let (index, place) = (first + at, place - start);
                prop_assert_eq!(positions[index], place);
                let token = laid.tokens[index];
                let within = usize::try_from(place).unwrap();
                if token != 0 {
                    prop_assert_eq!(token, text[within]);
                    prop_assert_eq!(masked[index], mask[within]);
                }
                let counts = token != 0 && place > 0 && mask[within] == 1;
                prop_assert_eq!(found[index], if counts { token } else { IGNORED });
            }
        }
    }

    #[test]
    fn nothing_is_lost_repeated_or_too_long(
        lens in prop::collection::vec(0_u32..5000, 0..300),
        length in 1_u32..3000,
    ) {
        for rows in [
            best_fit(&cut(&lens, length, CutRule::Split), length),
            concat(&lens, length),
        ] {
            let mut seen: Vec<DocumentPiece> = rows.pieces.clone();
            seen.sort_by_key(|piece| (piece.doc, piece.start));
            let mut next = vec![0; lens.len()];
            for piece in seen {
                prop_assert_eq!(next[piece.doc as usize], piece.start);
                next[piece.doc as usize] += piece.len;
            }
            prop_assert_eq!(&next, &lens);
            for row in 0..rows.n_rows() {
                let used: u32 = rows.row(row).iter().map(|piece| piece.len).sum();
                prop_assert!((1..=length).contains(&used));
            }
        }
    }

    #[test]
    fn a_segment_of_padding_only_ends_rows_at_their_length(
        lens in prop::collection::vec(0..40_u32, 0..60),
        length in 1..20_u32,
        is_concat in any::<bool>(),
    ) {
        let rows = if is_concat {
            concat(&lens, length)
        } else {
            best_fit(&cut(&lens, length, CutRule::Split), length)
        };
        let text = [1_u16; 40];
        let gathered = |extent| {
            let padding = Padding { token: 9, extent };
            let each = (0..rows.n_rows()).map(|row| rows.row(row));
            gather(each, length, padding, |doc| &text[..lens[doc as usize] as usize])
        };
        let behind = gathered(PaddingExtent::Behind);
        let segment = gathered(PaddingExtent::Segment);
        prop_assert_eq!(&segment.tokens, &behind.tokens);
        let row = |of: &Gathered<u16>, row: usize| {
            let bounds = of.offsets[row].unsigned_abs() as usize..of.offsets[row + 1].unsigned_abs() as usize;
            of.cu_seqlens[bounds].to_vec()
        };
        for at in 0..rows.n_rows() {
            let mut expected = row(&behind, at);
            let length = i32::try_from(length).unwrap();
            if expected.last() != Some(&length) {
                expected.push(length);
            }
            prop_assert!(expected.is_sorted_by(|a, b| a < b));
            prop_assert_eq!(row(&segment, at), expected);
        }
    }

    #[test]
    fn concat_fills_every_row_but_the_last(
        lens in prop::collection::vec(0_u32..500, 0..100),
        length in 1_u32..300,
    ) {
        let rows = concat(&lens, length);
        for row in 0..rows.n_rows().saturating_sub(1) {
            let used: u32 = rows.row(row).iter().map(|piece| piece.len).sum();
            prop_assert_eq!(used, length);
        }
    }
}

#[test]
fn overlong_documents_follow_their_rule() {
    let lens = [5, 0, 12, 4];
    let piece = |doc, start, len| DocumentPiece { doc, start, len };
    assert_eq!(
        cut(&lens, 5, CutRule::Split),
        [
            piece(0, 0, 5),
            piece(2, 0, 5),
            piece(2, 5, 5),
            piece(2, 10, 2),
            piece(3, 0, 4)
        ]
    );
    assert_eq!(
        cut(&lens, 5, CutRule::Truncate),
        [piece(0, 0, 5), piece(2, 0, 5), piece(3, 0, 4)]
    );
    assert_eq!(
        cut(&lens, 5, CutRule::Drop),
        [piece(0, 0, 5), piece(3, 0, 4)]
    );
}

#[test]
fn pieces_that_fit_no_row_are_left_out() {
    let pieces = [0, 11, 4].map(|len| DocumentPiece {
        doc: 0,
        start: 0,
        len,
    });
    assert_eq!(best_fit(&pieces, 10).pieces, &pieces[2..]);
}

#[test]
fn rooms_beyond_one_tree_level_are_found() {
    let lens = [200_000, 70_000, 62_144, 100, 1];
    let rows = best_fit(&cut(&lens, 262_144, CutRule::Split), 262_144);
    assert_eq!(docs(&rows), reference(&lens, 262_144));
}

#[test]
fn gathered_rows_hold_their_documents_and_padding() {
    let docs: [&[u16]; 3] = [&[1, 2, 3], &[4, 5], &[6]];
    let rows = best_fit(&cut(&[3, 2, 1], 5, CutRule::Split), 5);
    for (extent, cu_seqlens, offsets) in [
        (PaddingExtent::Behind, &[0, 3, 5, 0, 1][..], [0, 3, 5]),
        (PaddingExtent::Segment, &[0, 3, 5, 0, 1, 5], [0, 3, 6]),
    ] {
        let rows = (0..rows.n_rows()).map(|row| rows.row(row));
        let padding = Padding { token: 9, extent };
        let out = gather(rows, 5, padding, |doc| docs[doc as usize]);
        assert_eq!(out.tokens, [1, 2, 3, 4, 5, 6, 9, 9, 9, 9]);
        assert_eq!(out.cu_seqlens, cu_seqlens);
        assert_eq!(out.offsets, offsets);
    }
}
