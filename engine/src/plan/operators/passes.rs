//! How often an image is gone over: what is put together on the host, and how much is
//! launched on a device.

use fuelrail_kernels::gather::GatherRow;
use fuelrail_kernels::resample::ResampleWindow;
use fuelrail_kernels::{DeviceKernel as _, RowError};
use serde_json::{Value, json};

use super::device_rows::device_kernels;
use super::lowered::{ColumnSteps, Drawing, Link};
use super::row_record::{Parameters, RowRecord};
use super::stages::{HostStage, HostStages};

/// Height and width that images are taken to have where they may have any: larger than
/// what is cut out of them.
const ANY: [u32; 2] = [12_288, 12_289];

/// One pass over an image on the host, in words, and how often its samples are read in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct HostPass {
    words: &'static str,
    n_reads: usize,
}

impl HostPass {
    fn once(words: &'static str) -> Self {
        Self { words, n_reads: 1 }
    }

    /// The pass that a stage is.
    fn of(stage: &HostStage<'_>) -> Self {
        let words = match stage {
            HostStage::Gather(..) => "gather",
            HostStage::Resample(_, it, _) if *it == ResampleWindow::whole(it.sides) => "resample",
            HostStage::Resample(..) => "crop and resample",
            HostStage::Warp(..) => "warp",
            HostStage::Color(..) if stage.n_reads() == 2 => "color, twice where its mean is needed",
            HostStage::Color(..) => "color",
            HostStage::Lut(lut) if lut.values().is_some() => "normalize",
            HostStage::Lut(_) => "lut",
            HostStage::Normalize(_) => "gather and normalize",
        };
        Self {
            words,
            n_reads: stage.n_reads(),
        }
    }

    /// What goes over an image that has these links.
    fn of_links(links: &[Link], records: &[RowRecord]) -> Vec<Self> {
        let stages = HostStages::new(links, records).flatten();
        let mut passes: Vec<Self> = stages.map(|stage| Self::of(&stage)).collect();
        if passes.is_empty() {
            passes.push(Self::once("copy"));
        }
        passes
    }
}

impl ColumnSteps {
    /// What goes over an image on the host, in order, where all happens that may: the
    /// stages of such a row.
    fn host_passes(&self) -> Vec<HostPass> {
        let decode = self.decoding.iter().map(|_| HostPass::once("decode"));
        let mut passes: Vec<HostPass> = decode.collect();
        // What no image can go through is found when one comes.
        let Ok(records) = self.most_of_all() else {
            return passes;
        };
        let (before, blending, behind) = self.around_blend();
        passes.extend(HostPass::of_links(before, &records));
        passes.extend(blending.map(|_| HostPass::once("blend")));
        if !behind.is_empty() {
            let records = records.get(before.len() + 1..).unwrap_or_default();
            passes.extend(HostPass::of_links(behind, records));
        }
        passes
    }

    /// The records of a row to which all is done that may be.
    fn most_of_all(&self) -> Result<Parameters, RowError> {
        let mut sides = self.before.sides.unwrap_or(ANY);
        let mut records = Parameters::with_capacity(self.links.len());
        for link in &self.links {
            records.push(match link {
                Link::Gather { kernel, moves } => {
                    let mut row = GatherRow::whole(sides[0], sides[1])?;
                    for Drawing { what, .. } in moves {
                        row = what.most(kernel.border(), row)?;
                    }
                    sides = [row.dst_height, row.dst_width];
                    RowRecord::Gather(row)
                }
                Link::Resample(resizing) => {
                    let before = sides;
                    sides = resizing.to.of(sides).unwrap_or(sides);
                    RowRecord::Resample([before, sides])
                }
                Link::Warp(warping) => RowRecord::Warp(warping.change.what.most(sides)?),
                Link::Color(coloring) => RowRecord::Color(coloring.change.what.most()?),
                Link::Lut(_) | Link::Blend(_) => RowRecord::Shared,
            });
        }
        if self.decoding.is_some() {
            self.decoded_window(&mut records)?;
        }
        Ok(records)
    }

    /// Both in words.
    pub(super) fn passes_in_words(&self) -> String {
        let passes = self.host_passes();
        let n_reads: usize = passes.iter().map(|pass| pass.n_reads).sum();
        let words: Vec<&str> = passes.iter().map(|pass| pass.words).collect();
        let times = |n: usize| match n {
            1 => "once".to_owned(),
            n => format!("{n} times"),
        };
        format!(
            "on the CPU each sample is read {}: {}\n  on a device in {} launches",
            times(n_reads),
            words.join("; "),
            self.n_launches()
        )
    }

    /// The same for machines.
    pub(super) fn passes_in_json(&self) -> Value {
        let passes = self.host_passes();
        let pass = |pass: &HostPass| json!({ "does": pass.words, "reads": pass.n_reads });
        json!({
            "cpu": passes.iter().map(pass).collect::<Vec<_>>(),
            "device_launches": self.n_launches(),
        })
    }

    /// Launches on a device for all images of a batch.
    fn n_launches(&self) -> usize {
        let kernels = device_kernels(&self.links);
        kernels.iter().map(|kernel| kernel.passes().len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use fuelrail_kernels::color::Adjustment;
    use fuelrail_kernels::decode::{DecodeLimits, DecodeOptions, Exif, PixelMode};
    use fuelrail_kernels::gather::Border;
    use fuelrail_kernels::normalize::{Layout, Table};
    use fuelrail_kernels::resample::ResampleFilter;
    use fuelrail_kernels::{Element, Level};

    use super::super::stages::N_READS;
    use super::super::{
        Between, Chance, Change, ColorChange, Decoding, Draw, Image, Jitter, Move, OnBadImage,
        ResizeTo, RowImages, StoredFile,
    };
    use super::*;

    const SIDES: [u32; 2] = [20, 30];

    fn image() -> Image {
        Image {
            height: SIDES[0],
            width: SIDES[1],
            channels: 3,
            layout: Layout::Hwc,
            element: Element::U8,
        }
    }

    /// A file of 24 bits a pixel, as BMP has them.
    fn file() -> Vec<u8> {
        let [height, width] = SIDES;
        let line = (3 * width).next_multiple_of(4);
        let mut file = b"BM".to_vec();
        let words = [54 + line * height, 0, 54, 40, width, height, 1 | 24 << 16];
        file.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        file.resize(54, 0);
        file.extend((0..line * height).map(|byte| byte.to_le_bytes()[0]));
        file
    }

    fn flip() -> Change {
        Change::Move(Move::FlipHorizontal(Chance::of(0.5).unwrap()))
    }

    fn crop(height: u32, width: u32) -> Change {
        Change::Move(Move::CropAnywhere([height, width]))
    }

    fn resize() -> Change {
        Change::Resize(ResizeTo::Sides([9, 8]), ResampleFilter::Bilinear)
    }

    fn jitter(contrast: Option<[f64; 2]>) -> Change {
        Change::Color(ColorChange::Jitter(Jitter {
            chance: Chance::ALWAYS,
            brightness: Some([0.5, 1.5]),
            contrast,
            saturation: None,
            hue: None,
        }))
    }

    fn floats(layout: Layout) -> Change {
        let table = Table::new(Element::F32, 3, (&[0.5; 3], &[0.2; 3]), 255.0);
        let table = table.unwrap();
        Change::Values(Box::new(table), layout)
    }

    fn table() -> Change {
        Change::Table(Box::new([7; 256]))
    }

    fn lists() -> Vec<Vec<Change>> {
        let pad = || Change::Move(Move::Pad(Border::Edge, [2; 4]));
        vec![
            vec![flip()],
            vec![crop(11, 12)],
            vec![crop(11, 12), resize()],
            vec![resize(), flip()],
            vec![flip(), jitter(None), floats(Layout::Chw)],
            vec![
                crop(11, 12),
                resize(),
                flip(),
                jitter(Some([0.5, 1.5])),
                floats(Layout::Chw),
            ],
            vec![flip(), jitter(Some([0.5, 1.5])), table()],
            vec![flip(), resize(), jitter(None), floats(Layout::Hwc)],
            vec![resize(), flip(), floats(Layout::Chw)],
            vec![pad(), crop(11, 12), floats(Layout::Chw)],
            vec![pad(), resize(), pad(), flip(), table()],
            vec![table(), crop(11, 12), flip()],
            vec![jitter(None), flip(), jitter(None), floats(Layout::Chw)],
        ]
    }

    /// How often the stages of a row read a sample, at most.
    fn n_run(steps: &ColumnSteps, file: Option<&[u8]>) -> usize {
        let len = usize::try_from(steps.after.each().unwrap().len_bytes()).unwrap();
        let (mut between, mut dst) = (Between::default(), vec![0; len]);
        let draw = Draw { seed: 1, epoch: 0 };
        let of_row = |row| {
            let before = N_READS.get();
            let level = Level::best();
            if let Some(bytes) = file {
                let file = StoredFile {
                    bytes,
                    draw,
                    row,
                    sides: None,
                };
                let memory = (&mut between, &mut Parameters::new());
                steps.run_file(level, file, memory, &mut dst).unwrap();
            } else {
                let parameters = steps.parameters(draw, (row, image())).unwrap();
                let images = RowImages {
                    own: (&[9; 1800], &parameters),
                    second: None,
                };
                steps.run(level, images, &mut between, &mut dst).unwrap();
            }
            N_READS.get() - before
        };
        (0..64).map(of_row).max().unwrap()
    }

    #[test]
    fn as_many_reads_are_told_as_a_run_does() {
        let file = file();
        for changes in lists() {
            let decoding = Decoding {
                options: DecodeOptions {
                    mode: PixelMode::Rgb,
                    exif: Exif::Ignore,
                    limits: DecodeLimits::default(),
                },
                on_error: OnBadImage::Raise,
                fill: 0,
            };
            let stored = ColumnSteps::new("image", image().into(), 1);
            for (mut steps, file) in [
                (stored, None),
                (ColumnSteps::decoded("image", decoding, 1), Some(&file[..])),
            ] {
                for (step, change) in changes.iter().enumerate() {
                    steps.add((step, step as u64), change.clone()).unwrap();
                }
                if steps.after.sides.is_none() {
                    steps.after.sides = Some(SIDES);
                }
                let passes = steps.host_passes();
                let stages = passes
                    .iter()
                    .filter(|it| !["decode", "copy"].contains(&it.words));
                let told: usize = stages.map(|it| it.n_reads).sum();
                assert_eq!(told, n_run(&steps, file), "{changes:?}: {passes:?}");
            }
        }
    }

    #[test]
    fn most_changes_of_colours_are_all_that_there_may_be() {
        let Change::Color(change) = jitter(Some([0.5, 1.5])) else {
            panic!("another change");
        };
        let most = change.most().unwrap().adjustments().unwrap();
        assert!(most.iter().any(|it| matches!(it, Adjustment::Contrast(_))));
        assert_eq!(most.len(), 2);
    }
}
