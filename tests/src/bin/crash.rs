//! Kills the writer with SIGKILL again and again, and checks that what comes
//! out in the end is, byte for byte, what an undisturbed run writes.
//!
//! `crash --ops` kills once at every single write, sync, rename and removal;
//! `crash --kills N` kills N runs of the command line tool at random moments.
//! After every kill a reader must find either no dataset, or a whole one.
//! kill -9 leaves the page cache alone: what a power cut does is the business
//! of the fault layer in `tests/it/sink.rs`.

use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fuelrail::format::Dataset;
use fuelrail::plan::Pipeline;
use fuelrail::run::{self, Control, ShardOptions};
use fuelrail::sink::{Fs, FsFile, LocalFs, OnExisting};
use fuelrail_tests::prose::{Random, jsonl};
use fuelrail_tests::tree::{self, Tree};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> Outcome {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--child", pipeline, root, op] => child(Path::new(pipeline), Path::new(root), op.parse()?),
        ["--ops"] => every_op(),
        ["--kills", n] => random_kills(n.parse()?),
        _ => Err("usage: crash --ops | crash --kills N".into()),
    }
}

/// The pipeline that is run, its inputs, and what it must write.
struct Scene {
    directory: tempfile::TempDir,
    pipeline: PathBuf,
    expected: Tree,
}

impl Scene {
    /// Writes inputs of `n_files` files and runs the pipeline undisturbed.
    fn new(n_files: usize, n_docs: usize) -> Outcome<Self> {
        let directory = tempfile::tempdir()?;
        let corpus = directory.path().join("corpus");
        fs::create_dir(&corpus)?;
        let mut random = Random::new(2026);
        for file in 0..n_files {
            // Something to set aside in the middle, so that the quarantine is
            // written too.
            let lines = [
                jsonl(&mut random, n_docs / 2, 300),
                "{bad\n".to_owned(),
                jsonl(&mut random, n_docs / 2, 300),
            ];
            fs::write(corpus.join(format!("{file}.jsonl")), lines.concat())?;
        }
        let pipeline = directory.path().join("crash.toml");
        fs::write(&pipeline, PIPELINE)?;
        let mut scene = Self {
            directory,
            pipeline,
            expected: Tree::new(),
        };
        let root = scene.root("expected");
        run_in_process(&scene.pipeline, &root, Arc::new(LocalFs))?;
        scene.expected = tree::dataset(&root)?;
        Ok(scene)
    }

    fn root(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A reader must find no dataset or a whole one.
    fn check_reader(&self, root: &Path, old: Option<&Tree>) -> Outcome {
        let manifest = root.join("dataset.json");
        if !manifest.exists() {
            return match old {
                Some(_) => Err("the old dataset is gone".into()),
                None => Ok(()),
            };
        }
        let dataset = Dataset::open(root)?;
        let n_rows = dataset.n_rows();
        dataset.rows(0..n_rows.min(1))?;
        dataset.rows(n_rows.saturating_sub(1)..n_rows)?;
        let manifest = fs::read(manifest)?;
        let is = |tree: &Tree| tree.get("dataset.json") == Some(&manifest);
        if is(&self.expected) || old.is_some_and(is) {
            return Ok(());
        }
        Err("a reader finds a dataset that nobody wrote".into())
    }

    /// The finished dataset must be the expected one, and nothing more.
    fn check_finished(&self, root: &Path) -> Outcome {
        if let Some(difference) = tree::difference(&self.expected, &tree::dataset(root)?) {
            return Err(difference.into());
        }
        let allowed = ["lock", "run.jsonl"];
        let left: Vec<String> = tree::work_files(root)?
            .into_iter()
            .filter(|name| !allowed.contains(&name.as_str()))
            .collect();
        if left.is_empty() {
            Ok(())
        } else {
            Err(format!("left over: {left:?}").into())
        }
    }
}

const PIPELINE: &str = r#"
[source]
uri = "corpus/*.jsonl"
on_error = "quarantine"
part_size = "512KiB"
[[step]]
op = "tokenize"
column = "text"
tokenizer = "cl100k_base"
end_of_document = "<|endoftext|>"
[[step]]
op = "pack"
length = 64
window = 500
[sink]
uri = "out"
shard_size = "192KiB"
"#;

/// Runs the pipeline in this process, replacing what is at `root`.
fn run_in_process(pipeline: &Path, root: &Path, files: Arc<dyn Fs>) -> Outcome {
    let text = fs::read_to_string(pipeline)?;
    let base = pipeline.parent().ok_or("a pipeline without a directory")?;
    let pipeline = Pipeline::from_toml(&text, pipeline)?;
    let mut plan = run::prepare(&pipeline, base, 2)?;
    root.clone_into(&mut plan.sink.root);
    let options = ShardOptions {
        on_existing: OnExisting::Replace,
        fs: files,
        ..ShardOptions::new(2)
    };
    run::shard(&Arc::new(plan), &options, &Control::default())?;
    Ok(())
}

/// Runs the pipeline and stops for good at file operation `op`; if it is a
/// write, when half of it is done.
fn child(pipeline: &Path, root: &Path, op: u64) -> Outcome {
    let fs = StoppingFs {
        left: Arc::new(AtomicU64::new(op)),
    };
    run_in_process(pipeline, root, Arc::new(fs))?;
    writeln!(std::io::stdout(), "finished")?;
    Ok(())
}

/// Starts a child that stops at operation `op` and kills it there. `false` if
/// it came to its end before.
fn killed_at(scene: &Scene, root: &Path, op: u64) -> Outcome<bool> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg("--child")
        .args([&scene.pipeline, &root.to_owned()])
        .arg(op.to_string())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    if let Some(stdout) = child.stdout.take() {
        BufReader::new(stdout).read_line(&mut line)?;
    }
    let stopped = line.trim() == "stopped";
    if stopped {
        child.kill()?;
    }
    let status = child.wait()?;
    if !stopped && !status.success() {
        return Err(format!("the child failed by itself: {status}").into());
    }
    Ok(stopped)
}

fn every_op() -> Outcome {
    let scene = Scene::new(2, 700)?;
    let fresh = every_op_of(&scene, None)?;
    // Another dataset stands at the target and must stay readable.
    let other = Scene::new(1, 300)?;
    let replaced = every_op_of(&scene, Some(&other.expected))?;
    report(&format!(
        "crash: killed at each of {fresh} file operations of a first run and {replaced} of a \
         replacing run; every rerun byte-identical"
    ))
}

fn every_op_of(scene: &Scene, old: Option<&Tree>) -> Outcome<u64> {
    for op in 1.. {
        let root = scene.root(&format!("op-{op}"));
        if let Some(old) = old {
            write_tree(&root, old)?;
        }
        let killed = killed_at(scene, &root, op)?;
        scene
            .check_reader(&root, old)
            .and_then(|()| run_in_process(&scene.pipeline, &root, Arc::new(LocalFs)))
            .and_then(|()| scene.check_finished(&root))
            .map_err(|error| format!("killed at operation {op}: {error}"))?;
        fs::remove_dir_all(&root)?;
        if !killed {
            return Ok(op - 1);
        }
    }
    Err("the operations never end".into())
}

fn write_tree(root: &Path, tree: &Tree) -> Outcome {
    for (name, bytes) in tree {
        let path = root.join(name);
        fs::create_dir_all(path.parent().ok_or("a file without a directory")?)?;
        fs::write(path, bytes)?;
    }
    Ok(())
}

fn random_kills(n_kills: u64) -> Outcome {
    let scene = Scene::new(4, 4000)?;
    let tool = std::env::current_exe()?.with_file_name("fuelrail");
    let mut random = Random::new(u64::from(std::process::id()));
    let (mut kills, mut datasets) = (0, 0);
    let root = scene.root("random");
    let (undisturbed, _) = timed_run(&tool, &scene, &scene.root("timed"), None)?;
    while kills < n_kills {
        let delay = undisturbed.mul_f64(f64::from(u32::try_from(random.below(1000))?) / 900.0);
        let (_, status) = timed_run(&tool, &scene, &root, Some(delay))?;
        scene.check_reader(&root, None)?;
        match status {
            None => kills += 1,
            Some(status) if status.success() => {
                scene.check_finished(&root)?;
                fs::remove_dir_all(&root)?;
                datasets += 1;
            }
            Some(status) => return Err(format!("the tool failed by itself: {status}").into()),
        }
    }
    let (_, status) = timed_run(&tool, &scene, &root, None)?;
    if !status.is_some_and(|status| status.success()) {
        return Err("the last run failed".into());
    }
    scene.check_finished(&root)?;
    report(&format!(
        "crash: {kills} random kills, {} datasets finished between and after them, all \
         byte-identical to an undisturbed run",
        datasets + 1
    ))
}

/// Runs the tool, killed after `delay` if it still runs then; gives the time
/// it took and how it ended, `None` if it was killed.
fn timed_run(
    tool: &Path,
    scene: &Scene,
    root: &Path,
    delay: Option<Duration>,
) -> Outcome<(Duration, Option<ExitStatus>)> {
    let start = std::time::Instant::now();
    let mut child = Command::new(tool)
        .args(["--quiet", "shard", "--threads", "2", "--out"])
        .args([root, &scene.pipeline])
        .stdout(Stdio::null())
        .spawn()
        .map_err(|error| format!("{}: {error}; build it first", tool.display()))?;
    let status = match delay {
        None => Some(child.wait()?),
        Some(delay) => killed_after(&mut child, delay)?,
    };
    Ok((start.elapsed(), status))
}

fn killed_after(child: &mut Child, delay: Duration) -> Outcome<Option<ExitStatus>> {
    std::thread::sleep(delay);
    if let Some(status) = child.try_wait()? {
        return Ok(Some(status));
    }
    child.kill()?;
    let status = child.wait()?;
    // It may have come to its end between the look and the kill.
    Ok(Some(status).filter(ExitStatus::success))
}

fn report(line: &str) -> Outcome {
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}

/// The local files, until the counter runs out: then the process says
/// "stopped" and waits to be killed.
#[derive(Debug)]
struct StoppingFs {
    left: Arc<AtomicU64>,
}

impl StoppingFs {
    fn step(&self) {
        if is_last(&self.left) {
            wait_for_the_kill();
        }
    }
}

fn is_last(left: &AtomicU64) -> bool {
    left.fetch_sub(1, Ordering::SeqCst) == 1
}

fn wait_for_the_kill() -> ! {
    // If nobody reads, nobody kills, and the test fails for want of an answer.
    let _ = writeln!(std::io::stdout(), "stopped").and_then(|()| std::io::stdout().flush());
    loop {
        std::thread::sleep(Duration::from_secs(1));
    }
}

/// A file that counts into the counter of its tree.
#[derive(Debug)]
struct StoppingFile {
    file: Box<dyn FsFile>,
    left: Arc<AtomicU64>,
}

impl FsFile for StoppingFile {
    fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> std::io::Result<()> {
        if is_last(&self.left) {
            self.file.write_all_at(&bytes[..bytes.len() / 2], offset)?;
            wait_for_the_kill();
        }
        self.file.write_all_at(bytes, offset)
    }

    fn read_exact_at(&mut self, bytes: &mut [u8], offset: u64) -> std::io::Result<()> {
        self.file.read_exact_at(bytes, offset)
    }

    fn sync(&mut self) -> std::io::Result<()> {
        if is_last(&self.left) {
            wait_for_the_kill();
        }
        self.file.sync()
    }
}

impl Fs for StoppingFs {
    fn create(&self, path: &Path) -> std::io::Result<Box<dyn FsFile>> {
        self.step();
        let file = LocalFs.create(path)?;
        Ok(Box::new(StoppingFile {
            file,
            left: Arc::clone(&self.left),
        }))
    }

    fn open(&self, path: &Path) -> std::io::Result<Box<dyn FsFile>> {
        let file = LocalFs.open(path)?;
        Ok(Box::new(StoppingFile {
            file,
            left: Arc::clone(&self.left),
        }))
    }

    fn read(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        LocalFs.read(path)
    }

    fn len(&self, path: &Path) -> std::io::Result<u64> {
        LocalFs.len(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> std::io::Result<()> {
        self.step();
        LocalFs.rename(from, to)
    }

    fn remove(&self, path: &Path) -> std::io::Result<()> {
        self.step();
        LocalFs.remove(path)
    }

    fn create_dir_all(&self, path: &Path) -> std::io::Result<()> {
        self.step();
        LocalFs.create_dir_all(path)
    }

    fn sync_dir(&self, path: &Path) -> std::io::Result<()> {
        self.step();
        LocalFs.sync_dir(path)
    }

    fn remove_dir(&self, path: &Path) -> std::io::Result<()> {
        self.step();
        LocalFs.remove_dir(path)
    }

    fn list(&self, path: &Path) -> std::io::Result<Vec<String>> {
        LocalFs.list(path)
    }

    fn lock(&self, path: &Path) -> std::io::Result<Option<Box<dyn Send + Sync + std::fmt::Debug>>> {
        LocalFs.lock(path)
    }
}
