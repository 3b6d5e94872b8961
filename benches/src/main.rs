//! Writes generated logs, and measures a whole run: `cargo run --release -p benchmarks -- --help`.

use std::{
    error::Error,
    fs::File,
    hint::black_box,
    io::{self, BufWriter, Read as _, Write},
    path::{Path, PathBuf},
    process,
    time::{Duration, Instant},
};

use audit_app::inflate::{Inflate, PIECE};
use benchmarks::{
    invocations::Invocations,
    ports,
    retrievals::{self, Retrievals},
    trail::Trail,
};
use clap::Parser;
use flate2::{Compression, write::GzEncoder};
use serde::de::IgnoredAny;

/// So often each of two is measured.
const RUNS: usize = 15;
/// The present of the generated answers.
const NOW: &str = "2026-11-01T00:00:00Z";
/// How large the records of a ledger for reports are.
const SMALL: usize = 2_500;

/// Generated logs, and what a whole run over one takes.
#[derive(Parser)]
#[command(name = "benchmarks")]
enum Command {
    /// Writes a model invocation log, gzip, to the standard output.
    Invocations {
        /// How many records.
        #[arg(long, default_value = "2000")]
        records: usize,
        /// How large a record is, about: 2500, 23kb.
        #[arg(long, default_value = "23kb", value_parser = bytes)]
        size: usize,
        /// The same seed gives the same log.
        #[arg(long, default_value = "7")]
        seed: u64,
    },
    /// Writes a CloudTrail file, gzip, to the standard output.
    Trail {
        /// How large the file is, inflated, about: 20mb.
        #[arg(long, default_value = "20mb", value_parser = bytes)]
        size: usize,
        /// The same seed gives the same file.
        #[arg(long, default_value = "7")]
        seed: u64,
    },
    /// Indexes a file as `bedrock-audit index` does, writes nothing, and says how much memory that took at most.
    Index {
        /// The file.
        file: PathBuf,
    },
    /// Reads a file of CloudTrail's as the function index-trail does, and writes nothing: how fast that is beside inflating
    /// it and doing nothing, and how much memory it took at most.
    IndexTrail {
        /// The file.
        file: PathBuf,
    },
    /// Builds a ledger of so many invocations with `bedrock-audit index`, once, and says how long `bedrock-audit report` takes over
    /// it, and how much memory.
    Report {
        /// The ledger; it is built where it is not there, and left there.
        #[arg(long)]
        ledger: PathBuf,
        /// The program.
        #[arg(long, default_value = "target/release/bedrock-audit")]
        program: PathBuf,
        /// How many invocations.
        #[arg(long, default_value = "100000")]
        records: usize,
        /// The same seed gives the same ledger.
        #[arg(long, default_value = "7")]
        seed: u64,
    },
    /// Builds a ledger of so many sources with `bedrock-audit index`, once, and says how long `bedrock-audit sources` takes in
    /// it, as a whole process.
    Sources {
        /// The ledger; it is built where it is not there, and left there.
        #[arg(long)]
        ledger: PathBuf,
        /// The program.
        #[arg(long, default_value = "target/release/bedrock-audit")]
        program: PathBuf,
        /// How many passages stand in prompts; a tenth of them is told by responses besides.
        #[arg(long, default_value = "1000000")]
        sources: usize,
        /// The same seed gives the same ledger.
        #[arg(long, default_value = "7")]
        seed: u64,
    },
}

fn main() -> Result<(), Box<dyn Error>> {
    match Command::parse() {
        Command::Invocations { records, size, seed } => write_gzip(Invocations::new(records, size, seed))?,
        Command::Trail { size, seed } => write_gzip(Trail::new(size, seed))?,
        Command::Index { file } => {
            let delivery = ports::index(|| File::open(&file))?;
            writeln!(io::stdout(), "{:?}", delivery.counts)?;
            writeln!(io::stdout(), "inflated bytes: {}", delivery.bytes)?;
            writeln!(io::stdout(), "peak memory: {}", peak_memory()?)?;
        }
        Command::IndexTrail { file } => index_trail(&file)?,
        Command::Report { ledger, program, records, seed } => {
            if !ledger.exists() {
                build(&ledger, &program, Invocations::new(records, SMALL, seed))?;
            }
            measure_report(&ledger, &program)?;
        }
        Command::Sources { ledger, program, sources, seed } => {
            if !ledger.exists() {
                build(&ledger, &program, Retrievals::new(sources, seed))?;
            }
            measure_sources(&ledger, &program)?;
        }
    }
    Ok(())
}

/// Indexes generated answers, as somebody would their own.
fn build(ledger: &Path, program: &Path, lines: impl Iterator<Item = String>) -> Result<(), Box<dyn Error>> {
    let log = ledger.with_extension("json.gz");
    write_gzip_to(BufWriter::new(File::create(&log)?), lines)?;
    let started = Instant::now();
    let status =
        process::Command::new(program).arg("--ledger").arg(ledger).arg("index").arg(&log).status()?;
    if !status.success() {
        return Err(format!("{} could not index {}", program.display(), log.display()).into());
    }
    writeln!(io::stdout(), "built in {} s", started.elapsed().as_secs())?;
    Ok(())
}

/// A document, and a folder of a hundred.
fn measure_sources(ledger: &Path, program: &Path) -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout();
    for uri in [retrievals::document(42), "s3://example-mutual-policies/policies/0000*".to_owned()] {
        let (mut runs, mut answers) = (Vec::new(), 0);
        for _ in 0..RUNS {
            let mut asked = process::Command::new(program);
            asked.arg("--ledger").arg(ledger).args(["--now", NOW, "--json", "sources", &uri]);
            let started = Instant::now();
            let answer = asked.output()?;
            runs.push(started.elapsed());
            answers = serde_json::from_slice::<Vec<IgnoredAny>>(&answer.stdout)?.len();
        }
        runs.sort();
        let at = |nth: usize| runs.get(nth).map_or(0.0, |run| run.as_secs_f64() * 1e3);
        let (least, median, most) = (at(0), at(RUNS / 2), at(RUNS - 1));
        writeln!(out, "sources {uri}: {answers} answers in {median:.0} ms ({least:.0} to {most:.0})")?;
    }
    Ok(())
}

/// One window with everything in it. The program is looked at while it runs: its memory only grows.
fn measure_report(ledger: &Path, program: &Path) -> Result<(), Box<dyn Error>> {
    let output = ledger.with_extension("report.json");
    let mut asked = process::Command::new(program);
    asked.arg("--ledger").arg(ledger).args([
        "--now",
        NOW,
        "report",
        "--since",
        "2026-01-01",
        "--format",
        "json",
    ]);
    let started = Instant::now();
    let (mut running, mut peak) = (asked.arg("--output").arg(&output).spawn()?, 0);
    while running.try_wait()?.is_none() {
        peak = peak.max(peak_kilobytes(running.id()).unwrap_or_default());
        std::thread::sleep(Duration::from_millis(5));
    }
    let took = started.elapsed().as_secs_f64();
    let report: serde_json::Value = serde_json::from_slice(&std::fs::read(&output)?)?;
    let total = report.pointer("/invocations/total/invocations").cloned().unwrap_or_default();
    writeln!(io::stdout(), "report: {total} invocations in {took:.1} s, peak memory {} MB", peak / 1024)?;
    Ok(())
}

/// The high water mark of a running process's memory in KB, as Linux keeps it.
fn peak_kilobytes(id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    peak.split_whitespace().next()?.parse().ok()
}

/// In turns, so that both meet the same machine.
fn index_trail(file: &Path) -> Result<(), Box<dyn Error>> {
    let (mut inflated, mut indexed) = (Vec::new(), Vec::new());
    let mut delivery = ports::index_trail(|| File::open(file))?;
    for _ in 0..RUNS {
        let started = Instant::now();
        inflate(file)?;
        inflated.push(started.elapsed());
        let started = Instant::now();
        delivery = ports::index_trail(|| File::open(file))?;
        indexed.push(started.elapsed());
    }
    let speed = |runs: &mut Vec<Duration>| {
        runs.sort();
        runs.get(RUNS / 2).map_or(0.0, |median| delivery.bytes as f64 / 1e6 / median.as_secs_f64())
    };
    let (roof, reached) = (speed(&mut inflated), speed(&mut indexed));
    let mut out = io::stdout();
    writeln!(out, "{:?}", delivery.counts)?;
    writeln!(out, "inflated bytes: {}", delivery.bytes)?;
    writeln!(out, "streaming inflate: {roof:.0} MB/s")?;
    writeln!(out, "index-trail: {reached:.0} MB/s, {:.2} of it", reached / roof)?;
    writeln!(out, "peak memory: {}", peak_memory()?)?;
    Ok(())
}

/// Inflates a file in pieces and looks at nothing.
fn inflate(file: &Path) -> io::Result<()> {
    let (mut file, mut inflate, mut chunk) = (File::open(file)?, Inflate::new(), vec![0; ports::CHUNK]);
    loop {
        let read = file.read(&mut chunk)?;
        for piece in chunk.get(..read).unwrap_or_default().chunks(PIECE) {
            inflate.push(piece, &mut |bytes| {
                black_box(bytes);
            })?;
        }
        if read == 0 {
            return inflate.finish(&mut |bytes| {
                black_box(bytes);
            });
        }
    }
}

fn write_gzip(pieces: impl Iterator<Item = String>) -> io::Result<()> {
    write_gzip_to(BufWriter::new(io::stdout().lock()), pieces)
}

fn write_gzip_to(to: impl Write, pieces: impl Iterator<Item = String>) -> io::Result<()> {
    let mut gzip = GzEncoder::new(to, Compression::default());
    for piece in pieces {
        gzip.write_all(piece.as_bytes())?;
    }
    gzip.finish()?.flush()
}

/// The high water mark of this process's memory, as Linux keeps it.
fn peak_memory() -> io::Result<String> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    Ok(peak.unwrap_or("unknown").trim().to_owned())
}

/// `23kb` as a number of bytes.
fn bytes(text: &str) -> Result<usize, String> {
    let lower = text.to_lowercase();
    let (digits, unit) = match (lower.strip_suffix("kb"), lower.strip_suffix("mb")) {
        (Some(digits), _) => (digits, 1_000),
        (_, Some(digits)) => (digits, 1_000_000),
        _ => (lower.as_str(), 1),
    };
    digits.parse::<usize>().map(|number| number * unit).map_err(|error| format!("{text}: {error}"))
}
