//! What a loader is asked for.

use std::time::Duration;

use crate::plan::operators::Steps;
use crate::plan::{DeviceChoice, Dtype};

/// How rows are put in order. The order of an epoch depends on this, the seed,
/// the epoch and the dataset, and on nothing else.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Shuffle {
    /// The order of the dataset.
    Off,
    /// A permutation of all rows.
    #[default]
    Rows,
    /// A permutation of runs of consecutive rows, with the rows of a few runs
    /// mixed: reads stay local, and the shuffle is weaker.
    Blocks,
}

impl Shuffle {
    /// Its name in a state.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Rows => "rows",
            Self::Blocks => "blocks",
        }
    }
}

/// What becomes of the rows at the end of an epoch that do not fill a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Last {
    /// They come as a shorter batch, shared out among the ranks.
    Short,
    /// The same, filled up with zeros to the size of the others; a mask says
    /// which rows are real.
    #[default]
    Pad,
    /// They are left out: the one choice that is not exactly-once.
    Drop,
}

/// Which epochs come one after another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Epochs {
    /// Each the one after the last, for training.
    #[default]
    Successive,
    /// The same epoch again and again, and each pass begins at its first row,
    /// for validation.
    Repeated,
}

impl Epochs {
    /// The epoch after this one, if there are so many.
    pub(super) fn after(self, epoch: u32) -> Option<u32> {
        match self {
            Self::Successive => epoch.checked_add(1),
            Self::Repeated => Some(epoch),
        }
    }
}

/// How many rows come at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BatchSize {
    /// This many for each rank.
    PerRank(u64),
    /// This many for all ranks together, shared out as evenly as they go.
    Global(u64),
}

/// Which of how many readers of one global sequence this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct World {
    /// Number of this reader, from 0.
    pub rank: u32,
    /// How many there are.
    pub size: u32,
}

impl Default for World {
    fn default() -> Self {
        Self { rank: 0, size: 1 }
    }
}

/// When blocks of a shard are compared with their checksums.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Verify {
    /// When a dataset that is open touches them for the first time.
    #[default]
    First,
    /// Each time.
    Every,
    /// Never. Headers and checksum tables still are.
    Off,
}

/// What becomes of rows that are damaged on disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum OnDamage {
    /// The batch is an error.
    #[default]
    Raise,
    /// They are left out, and counted; they keep their place in the order.
    Skip,
}

/// How the rows of a ragged column come in one tensor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Ragged {
    /// One after another, with a second tensor `NAME.cu_seqlens`, int32
    /// `[rows + 1]`, of where each begins and the last ends.
    #[default]
    Flat,
    /// Each filled up with zeros to `length` elements, with a second tensor
    /// `NAME.lengths`, int32 `[rows]`.
    Pad {
        /// Elements of a row of the tensor.
        length: u64,
        /// What becomes of longer rows.
        overlong: OverlongRow,
    },
}

/// What becomes of a ragged row that is longer than its tensor's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum OverlongRow {
    /// The batch is an error.
    #[default]
    Raise,
    /// Its end is cut off.
    Truncate,
}

/// How a column leaves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnOptions {
    /// The dtype it is changed to; as it is stored without one.
    pub dtype: Option<Dtype>,
    /// How its rows are put together, if it is ragged.
    pub ragged: Ragged,
}

/// Where the bytes of a batch lie.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Access {
    /// In memory of the loader's own, reused batch after batch.
    #[default]
    Copy,
    /// In a private map of the shard where rows are consecutive and need no
    /// change, else copied. A file that is truncated while such a view is
    /// held ends the process.
    View,
}

/// Where the rows of a batch lie that steps have changed on a device.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Results {
    /// On the device, where others can use its memory, which is so with CUDA; else
    /// as [`Results::OnHost`].
    #[default]
    OnDevice,
    /// Downloaded into memory of the host.
    OnHost,
}

/// What is read, and how it comes out.
#[derive(Debug, Clone, Default)]
pub struct ReadOptions {
    /// The columns, in this order; all of them without.
    pub columns: Option<Vec<String>>,
    /// How columns leave that do not leave as they are stored.
    pub options: Vec<(String, ColumnOptions)>,
    /// When checksums are compared.
    pub verify: Verify,
    /// What becomes of damaged rows.
    pub on_damage: OnDamage,
    /// Where the bytes lie.
    pub access: Access,
}

/// How a dataset is fed to a training loop.
#[derive(Debug, Clone)]
pub struct FeedOptions {
    /// What is read.
    pub read: ReadOptions,
    /// What is done to rows as they are read, epoch by epoch.
    pub steps: Steps,
    /// Where the steps run: on the CPU, in the threads that read ahead, or on a
    /// device. The bits are the same.
    pub device: DeviceChoice,
    /// Where the rows lie that steps have changed on a device.
    pub results: Results,
    /// Rows at a time.
    pub batch_size: BatchSize,
    /// Order of the rows.
    pub shuffle: Shuffle,
    /// What the order is drawn from.
    pub seed: u64,
    /// The rows that do not fill a batch.
    pub last: Last,
    /// Which epochs.
    pub epochs: Epochs,
    /// The share of the rows of an epoch that [`OnDamage::Skip`] may leave out.
    /// Without one it is 1 %, or what has 1 MiB if that is more, up to half of
    /// the rows: a small dataset with one damaged block can be read.
    pub max_damage: Option<f64>,
    /// Which of how many readers.
    pub world: World,
    /// Threads that read ahead; without any, the caller reads.
    pub threads: usize,
    /// Batches read ahead.
    pub prefetch: usize,
    /// Batches a caller may hold at a time, the newest included.
    pub keep: usize,
    /// How long a caller that holds more waits for one to be given back.
    pub patience: Duration,
}

impl FeedOptions {
    /// `batch_size` rows at a time for the one reader there is, all else as
    /// usual.
    #[must_use]
    pub fn new(batch_size: u64) -> Self {
        Self {
            read: ReadOptions::default(),
            steps: Steps::default(),
            device: DeviceChoice::Cpu(None),
            results: Results::default(),
            batch_size: BatchSize::PerRank(batch_size),
            shuffle: Shuffle::default(),
            seed: 0,
            last: Last::default(),
            epochs: Epochs::default(),
            max_damage: None,
            world: World::default(),
            threads: 1,
            prefetch: 2,
            keep: 2,
            patience: Duration::from_secs(5),
        }
    }
}
