//! Cuts the inputs into parts.
//!
//! Files in source order fill a part until the next would carry it past the
//! part size. A file larger than that which has row groups is cut at them, into
//! parts of its own; one without is a part of its own. So the cut depends on
//! the inputs and the part size alone, never on threads or workers.

use crate::error::{Error, Result};

use super::types::{Input, Part, Piece};

/// The parts of `inputs`; none is larger than `part_size` unless it is a
/// single file without row groups, or a single row group.
///
/// # Errors
/// `Pipeline` for more files or parts than 32 bits can number.
pub(super) fn cut(inputs: &[Input], part_size: u64) -> Result<Vec<Part>> {
    let mut cutter = Cutter {
        part_size,
        parts: Vec::new(),
        pieces: Vec::new(),
        len_bytes: 0,
    };
    for (file, input) in inputs.iter().enumerate() {
        let file = u32::try_from(file).map_err(|_| too_many("files"))?;
        if input.len_bytes > part_size && input.row_groups.len() > 1 {
            cutter.close()?;
            cutter.cut_file(file, input)?;
        } else {
            let whole = Piece {
                file,
                row_groups: None,
                first_row: 0,
            };
            cutter.add(whole, input.len_bytes)?;
        }
    }
    cutter.close()?;
    Ok(cutter.parts)
}

struct Cutter {
    part_size: u64,
    parts: Vec<Part>,
    pieces: Vec<Piece>,
    len_bytes: u64,
}

impl Cutter {
    fn add(&mut self, piece: Piece, len_bytes: u64) -> Result<()> {
        if self.len_bytes.saturating_add(len_bytes) > self.part_size {
            self.close()?;
        }
        self.len_bytes = self.len_bytes.saturating_add(len_bytes);
        self.pieces.push(piece);
        Ok(())
    }

    fn close(&mut self) -> Result<()> {
        if self.pieces.is_empty() {
            return Ok(());
        }
        self.parts.push(Part {
            index: u32::try_from(self.parts.len()).map_err(|_| too_many("parts"))?,
            pieces: std::mem::take(&mut self.pieces),
            len_bytes: std::mem::take(&mut self.len_bytes),
        });
        Ok(())
    }

    fn cut_file(&mut self, file: u32, input: &Input) -> Result<()> {
        let mut start = 0;
        let mut first_row = 0;
        let mut row = 0u64;
        for (index, group) in input.row_groups.iter().enumerate() {
            let len_bytes = self.len_bytes.saturating_add(group.len_bytes);
            if index > start && len_bytes > self.part_size {
                self.close_groups(file, start..index, first_row)?;
                (start, first_row) = (index, row);
            }
            self.len_bytes = self.len_bytes.saturating_add(group.len_bytes);
            row = row.saturating_add(group.n_rows);
        }
        self.close_groups(file, start..input.row_groups.len(), first_row)
    }

    fn close_groups(
        &mut self,
        file: u32,
        row_groups: std::ops::Range<usize>,
        first_row: u64,
    ) -> Result<()> {
        self.pieces.push(Piece {
            file,
            row_groups: Some(row_groups),
            first_row,
        });
        self.close()
    }
}

fn too_many(what: &str) -> Error {
    Error::pipeline(format!("expected fewer than 4294967296 {what}, got more"))
        .with_hint("set a larger part_size, or make several datasets")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::digest::Digest;
    use crate::plan::row_group::RowGroup;

    fn input(len_bytes: u64, groups: &[(u64, u64)]) -> Input {
        let group = |&(n_rows, len_bytes)| RowGroup { n_rows, len_bytes };
        Input {
            path: "x".into(),
            name: "x".to_owned(),
            len_bytes,
            digest: Digest(0),
            row_groups: groups.iter().map(group).collect(),
            table: None,
            listing: None,
        }
    }

    /// `0 1|2[0..2]` stands for files 0 and 1, then two row groups of file 2.
    fn show(inputs: &[Input], part_size: u64) -> String {
        let piece = |piece: &Piece| match &piece.row_groups {
            Some(groups) => format!("{}[{groups:?}]@{}", piece.file, piece.first_row),
            None => piece.file.to_string(),
        };
        let part = |part: &Part| {
            let pieces: Vec<String> = part.pieces.iter().map(piece).collect();
            format!("{}={}b", pieces.join(" "), part.len_bytes)
        };
        let parts = cut(inputs, part_size).unwrap();
        for (index, part) in parts.iter().enumerate() {
            assert_eq!(part.index as usize, index);
        }
        parts.iter().map(part).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn whole_files_fill_parts() {
        let files = [4, 4, 4, 0, 12, 0, 10].map(|len| input(len, &[]));
        assert_eq!(show(&files, 10), "0 1=8b | 2 3=4b | 4=12b | 5 6=10b");
        assert_eq!(show(&files, u64::MAX), "0 1 2 3 4 5 6=34b");
        assert_eq!(show(&[], 10), "");
        assert_eq!(show(&[input(0, &[])], 10), "0=0b");
    }

    #[test]
    fn large_files_are_cut_at_row_groups() {
        let large = input(30, &[(5, 6), (5, 6), (5, 11), (2, 1), (9, 1)]);
        let files = [input(3, &[(1, 3)]), large, input(3, &[(1, 3)])];
        assert_eq!(
            show(&files, 10),
            "0=3b | 1[0..1]@0=6b | 1[1..2]@5=6b | 1[2..3]@10=11b | 1[3..5]@15=2b | 2=3b"
        );
        // One group cannot be cut.
        assert_eq!(show(&[input(30, &[(5, 29)])], 10), "0=30b");
    }

    #[test]
    fn lengths_that_lie_do_not_overflow() {
        let groups = [(u64::MAX, u64::MAX), (u64::MAX, u64::MAX)];
        let files = [input(u64::MAX, &groups), input(u64::MAX, &[])];
        assert_eq!(cut(&files, 10).unwrap().len(), 3);
    }
}
