//! The steps of a plan as they run: each by itself, or consecutive ones that map
//! numbers as one program. Lowered once, when the plan is made.

use std::ops::Range;
use std::sync::Arc;

use fuelrail_kernels::Kernel;

use super::chat_step::ChatStep;
use super::fused::fused;
use super::operators::ColumnSteps;
use super::output::OutputColumn;
use super::program::{Chain, Program};
use super::steps::{
    ChunkStep, ColumnChange, FilterStep, MapStep, Overflow, PackStep, SelectStep, Step,
    TokenizeStep,
};
use crate::error::Result;

/// The stages of a plan, in order.
#[derive(Debug, Clone, Default)]
pub struct Stages(pub(crate) Vec<Stage>);

/// What a run does to a batch at a time.
#[derive(Debug, Clone)]
pub(crate) struct Stage {
    /// Indices of its steps.
    pub(crate) steps: Range<usize>,
    /// What is done.
    pub(crate) work: Work,
}

/// What one stage does.
#[derive(Debug, Clone)]
pub(crate) enum Work {
    /// Keeps columns.
    Select(SelectStep),
    /// Keeps rows.
    Filter(FilterStep),
    /// Makes token ids of text.
    Tokenize(Box<TokenizeStep>),
    /// Makes token ids of conversations.
    Chat(Box<ChatStep>),
    /// Maps numbers.
    Map(Segment),
    /// Makes rows of token ids; the assembler does it, for it looks at many. What
    /// one document tells of itself is checked before.
    Pack(Box<PackStep>),
    /// Cuts lists into pieces; the assembler does it, for rows become more.
    Chunk(Box<ChunkStep>),
}

/// Consecutive steps that map numbers to numbers, behind those that make images of
/// files.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    /// The columns of files that become images of one size.
    pub(crate) files: Vec<SegmentFiles>,
    /// The columns changed, one for each chain of the program.
    pub(crate) columns: Vec<SegmentColumn>,
    /// What is done to them.
    pub(crate) program: Program,
}

/// One column of image files.
#[derive(Debug, Clone)]
pub(crate) struct SegmentFiles {
    /// The column as images.
    pub(crate) output: OutputColumn,
    /// What is done to each file.
    pub(crate) steps: Arc<ColumnSteps>,
    /// Index of the step with which images have one size.
    pub(crate) step: usize,
}

/// One column that a segment changes.
#[derive(Debug, Clone)]
pub(crate) struct SegmentColumn {
    /// The column behind the segment; before it, it has the same name.
    pub(crate) output: OutputColumn,
    /// The bytes of the number that takes the place of nulls.
    pub(crate) fill: Option<Vec<u8>>,
    /// The kernels as the steps have them, before any were made one.
    pub(crate) kernels: Vec<StepKernel>,
}

/// A kernel with the step it belongs to.
#[derive(Debug, Clone)]
pub(crate) struct StepKernel {
    /// Index of the step.
    pub(crate) step: usize,
    /// What becomes of numbers that do not fit.
    pub(crate) overflow: Overflow,
    /// What is done.
    pub(crate) kernel: Kernel,
}

impl SegmentColumn {
    /// Whether a number that does not fit becomes the nearest that does.
    pub(crate) fn saturates(&self) -> bool {
        let mut kernels = self.kernels.iter();
        kernels.any(|kernel| {
            let may_saturate = match &kernel.kernel {
                Kernel::Cast(cast) => !cast.always_fits() || cast.may_be_infinite(),
                Kernel::Map(map) => !map.always_fits(),
                Kernel::NormalizeImages(_) | Kernel::NormalizeNumbers(_) | Kernel::FixedRow(_) => {
                    false
                }
            };
            may_saturate && kernel.overflow == Overflow::Saturate
        })
    }

    /// Whether a number that does not fit makes its row unusable.
    pub(crate) fn refuses_misfits(&self) -> bool {
        let mut kernels = self.kernels.iter();
        kernels.any(|kernel| kernel.overflow == Overflow::Error)
    }
}

impl Stages {
    /// The stages of `steps`.
    ///
    /// # Errors
    /// `Internal` for steps that were not checked.
    pub fn of(steps: &[Step]) -> Result<Self> {
        let mut stages: Vec<Stage> = Vec::new();
        for (index, step) in steps.iter().enumerate() {
            let work = match step {
                Step::Map(map) => {
                    match stages
                        .last_mut()
                        .and_then(|stage| stage.open_for(&map.columns))
                    {
                        Some((steps, segment)) => {
                            steps.end = index + 1;
                            segment.add_all(map, index);
                            continue;
                        }
                        None => Work::Map(Segment::of(map, index)),
                    }
                }
                Step::Select(step) => Work::Select(step.clone()),
                Step::Filter(step) => Work::Filter(step.clone()),
                Step::Tokenize(step) => Work::Tokenize(Box::new(step.clone())),
                Step::Chat(step) => Work::Chat(step.clone()),
                Step::Pack(step) => Work::Pack(Box::new(step.clone())),
                Step::Chunk(step) => Work::Chunk(Box::new(step.clone())),
            };
            stages.push(Stage {
                steps: index..index + 1,
                work,
            });
        }
        for segment in stages.iter_mut().filter_map(Stage::segment_mut) {
            segment.close()?;
        }
        Ok(Self(stages))
    }

    /// Bytes that steps add to each row: the images of its files.
    pub(crate) fn row_bytes(&self) -> usize {
        let files = self.segments().flat_map(|segment| &segment.files);
        let images = files.filter_map(|files| files.steps.after.each());
        let bytes = images.map(|image| usize::try_from(image.len_bytes()).unwrap_or(usize::MAX));
        bytes.fold(0, usize::saturating_add)
    }

    /// The segments, in order.
    pub(crate) fn segments(&self) -> impl Iterator<Item = &Segment> {
        self.0.iter().filter_map(Stage::segment)
    }
}

impl Stage {
    /// The segment, if it is one.
    pub(crate) fn segment(&self) -> Option<&Segment> {
        match &self.work {
            Work::Map(segment) => Some(segment),
            Work::Select(_)
            | Work::Filter(_)
            | Work::Tokenize(_)
            | Work::Chat(_)
            | Work::Pack(_)
            | Work::Chunk(_) => None,
        }
    }

    /// The step that encodes text, if it is one.
    pub(crate) fn tokenize(&self) -> Option<&TokenizeStep> {
        match &self.work {
            Work::Tokenize(step) => Some(step),
            Work::Select(_)
            | Work::Filter(_)
            | Work::Chat(_)
            | Work::Map(_)
            | Work::Pack(_)
            | Work::Chunk(_) => None,
        }
    }

    fn segment_mut(&mut self) -> Option<&mut Segment> {
        match &mut self.work {
            Work::Map(segment) => Some(segment),
            Work::Select(_)
            | Work::Filter(_)
            | Work::Tokenize(_)
            | Work::Chat(_)
            | Work::Pack(_)
            | Work::Chunk(_) => None,
        }
    }

    /// The segment, if it can go on with `columns`.
    fn open_for(&mut self, columns: &[ColumnChange]) -> Option<(&mut Range<usize>, &mut Segment)> {
        match &mut self.work {
            Work::Map(segment)
                if !fills_late(&segment.columns, columns)
                    && !hides_infinite(&segment.columns, columns) =>
            {
                Some((&mut self.steps, segment))
            }
            Work::Map(_)
            | Work::Select(_)
            | Work::Filter(_)
            | Work::Tokenize(_)
            | Work::Chat(_)
            | Work::Pack(_)
            | Work::Chunk(_) => None,
        }
    }
}

impl Segment {
    /// The one that begins with `map`, step `index`; its program is made last.
    fn of(map: &MapStep, index: usize) -> Self {
        let mut segment = Self {
            files: Vec::new(),
            columns: Vec::new(),
            program: Program::default(),
        };
        segment.add_all(map, index);
        segment
    }

    /// Goes on with `map`, step `index`.
    fn add_all(&mut self, map: &MapStep, index: usize) {
        for column in &map.columns {
            match &column.files {
                // Images of any size stay files until a step gives them one.
                Some(steps) if steps.after.sides.is_some() => self.files.push(SegmentFiles {
                    output: column.output.clone(),
                    steps: Arc::clone(steps),
                    step: index,
                }),
                Some(_) => {}
                None => add(&mut self.columns, column, index, map.overflow),
            }
        }
    }

    /// Makes the program of all columns.
    fn close(&mut self) -> Result<()> {
        let chain = |column: &SegmentColumn| {
            let kernels = column.kernels.iter().map(|kernel| kernel.kernel.clone());
            Chain::new(fused(kernels))
        };
        self.program.chains = self.columns.iter().map(chain).collect::<Result<_>>()?;
        Ok(())
    }
}

/// Whether bounds would make numbers finite that a cast or a map before them may
/// have made infinite: that it did is seen in what a segment writes.
fn hides_infinite(before: &[SegmentColumn], columns: &[ColumnChange]) -> bool {
    let has_bounds = |kernel: &Kernel| match kernel {
        Kernel::NormalizeNumbers(numbers) => numbers.low.is_finite() || numbers.high.is_finite(),
        Kernel::Map(map) => map.has_bounds(),
        Kernel::NormalizeImages(_) | Kernel::Cast(_) | Kernel::FixedRow(_) => false,
    };
    let may_be_infinite = |column: &SegmentColumn| {
        let mut kernels = column.kernels.iter();
        kernels.any(|step| match &step.kernel {
            Kernel::Cast(cast) => cast.may_be_infinite(),
            Kernel::Map(map) => map.may_be_infinite(),
            Kernel::NormalizeImages(_) | Kernel::NormalizeNumbers(_) | Kernel::FixedRow(_) => false,
        })
    };
    columns.iter().any(|column| {
        let mut same = before
            .iter()
            .filter(|it| it.output.name == column.output.name);
        column.kernels.iter().any(has_bounds) && same.any(may_be_infinite)
    })
}

/// Whether a column that has a kernel already would have its nulls replaced
/// only now: numbers are put in before the first kernel, so that takes a
/// segment of its own.
fn fills_late(before: &[SegmentColumn], columns: &[ColumnChange]) -> bool {
    columns.iter().any(|column| {
        let name = &column.output.name;
        column.fill.is_some() && before.iter().any(|before| before.output.name == *name)
    })
}

fn add(merged: &mut Vec<SegmentColumn>, change: &ColumnChange, step: usize, overflow: Overflow) {
    let kernels = fused(change.kernels.iter().cloned()).into_iter();
    let kernels = kernels.map(|kernel| StepKernel {
        step,
        overflow,
        kernel,
    });
    let name = &change.output.name;
    match merged.iter_mut().find(|before| before.output.name == *name) {
        Some(before) => {
            before.output = change.output.clone();
            before.kernels.extend(kernels);
        }
        None => merged.push(SegmentColumn {
            output: change.output.clone(),
            fill: change.fill.clone(),
            kernels: kernels.collect(),
        }),
    }
}
