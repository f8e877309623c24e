//! The standard output and the standard error: lines, tables that fit the terminal, messages, the progress bar. Colours only on
//! a terminal.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::ops::ControlFlow;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use trailcore::{ReadOptions, Timestamp, Trail};
use unicode_width::UnicodeWidthStr;

use crate::failure::{Failure, Stopped};
use crate::interrupt::Interrupted;
use crate::zone::Zone;

/// ANSI styles.
pub(crate) const BOLD: &str = "1";
pub(crate) const RED: &str = "31";
pub(crate) const YELLOW: &str = "33";
pub(crate) const GREEN: &str = "1;32";
const HEAD: &str = "1;36";

/// Work that ends within this time shows no progress bar.
const PATIENCE: Duration = Duration::from_millis(500);

/// The standard output, buffered.
pub(crate) struct Output {
    stream: BufWriter<Stream>,
    interrupted: Interrupted,
    is_terminal: bool,
    /// Shows errors in detail.
    pub(crate) debug: bool,
    /// The zone of printed times.
    pub(crate) zone: Zone,
}

/// The underlying stream. A write that a signal interrupts fails if the user wants to stop.
struct Stream {
    file: File,
    interrupted: Interrupted,
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.file.write(bytes) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted && (self.interrupted)() => Err(io::Error::other(Stopped)),
            other => other,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

impl Output {
    pub(crate) fn new(interrupted: Interrupted) -> io::Result<Self> {
        let file = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        let stream = Stream { file, interrupted: Arc::clone(&interrupted) };
        let is_terminal = io::stdout().is_terminal();
        Ok(Self {
            stream: BufWriter::with_capacity(1 << 18, stream),
            interrupted,
            is_terminal,
            debug: false,
            zone: Zone::default(),
        })
    }

    /// Writes the rest of the buffer, reports a failure, and returns the exit code.
    pub(crate) fn finish(mut self, outcome: Result<i32, Failure>) -> i32 {
        let debug = self.debug;
        if matches!(outcome, Err(Failure::Interrupted | Failure::Output(_))) {
            // The user does not want the rest.
            let (_file, _rest) = self.stream.into_parts();
            return outcome.unwrap_or_else(|failure| report(&failure, debug));
        }
        let flushed = self.flush().map_err(Failure::from);
        match (outcome, flushed) {
            (Ok(code), Ok(())) => code,
            (Err(failure), Ok(())) | (_, Err(failure)) => report(&failure, debug),
        }
    }

    /// Writes a line, in this style on a terminal.
    pub(crate) fn line(&mut self, text: &str, style: &str) -> io::Result<()> {
        let styled = styled(text, style, self.is_terminal);
        writeln!(self, "{styled}")
    }

    /// Returns a time as text, in the zone of the command.
    pub(crate) fn time(&self, time: Timestamp) -> String {
        self.zone.show(time)
    }

    /// Writes a report as indented JSON.
    pub(crate) fn json(&mut self, report: &impl Serialize) -> Result<(), Failure> {
        serde_json::to_writer_pretty(&mut *self, report)?;
        Ok(writeln!(self)?)
    }

    /// Writes rows below a head. A table that is wider than the terminal is written with one value on each line.
    pub(crate) fn grid(&mut self, grid: &Grid) -> io::Result<()> {
        let columns = self.is_terminal.then(terminal_size::terminal_size).flatten();
        match columns {
            Some((terminal_size::Width(columns), _)) if grid.width() > usize::from(columns) => grid.write_values(self),
            _ => grid.write_table(self),
        }
    }

    /// Writes a message to the standard error, after everything written before it.
    pub(crate) fn complain(&mut self, text: &str) -> io::Result<()> {
        self.flush()?;
        complain(text, YELLOW);
        Ok(())
    }

    /// Returns whether the output is a terminal.
    pub(crate) fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Returns whether the user wants to stop.
    pub(crate) fn is_interrupted(&self) -> bool {
        (self.interrupted)()
    }

    /// Returns the options with a callback that stops the work when the user asks for it.
    pub(crate) fn stoppable(&self, options: ReadOptions) -> ReadOptions {
        let interrupted = Arc::clone(&self.interrupted);
        options.on_progress(move |_| if interrupted() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }

    /// Returns the options with such a callback that also draws a progress bar. With `streams`, the
    /// command prints while it reads, and has a bar only if the output is not a terminal.
    pub(crate) fn watch(
        &self,
        trail: &Trail,
        options: ReadOptions,
        wanted: bool,
        streams: bool,
    ) -> Result<(ReadOptions, Bar), Failure> {
        let shown = wanted && io::stderr().is_terminal() && !(streams && self.is_terminal);
        let bar = Bar::new(if shown { Some(trail.size()?) } else { None });
        let (own, interrupted) = (bar.clone(), Arc::clone(&self.interrupted));
        let options = options.on_progress(move |progress| {
            own.draw(progress.bytes);
            if interrupted() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        Ok((options, bar))
    }
}

/// Writes the message of a failure, if it has one, and returns the exit code.
pub(crate) fn report(failure: &Failure, debug: bool) -> i32 {
    if debug {
        complain(&format!("{failure:#?}"), YELLOW);
    }
    if let Some(message) = failure.message() {
        complain(&message, RED);
    }
    failure.code()
}

/// Writes a message to the standard error.
fn complain(text: &str, style: &str) {
    let text = styled(&format!("trailcore: {text}"), style, io::stderr().is_terminal());
    // If the standard error is closed, there is no place to report it.
    let _ = writeln!(io::stderr(), "{text}");
}

fn styled(text: &str, style: &str, is_terminal: bool) -> String {
    let wanted = is_terminal && !style.is_empty() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    if wanted { format!("\x1b[{style}m{text}\x1b[0m") } else { text.to_owned() }
}

/// Returns a text as one line. Characters on which a terminal would act are escaped: the names in a trail are not trusted.
pub(crate) fn clean(text: &str) -> String {
    if text.chars().all(|character| !character.is_control()) {
        return text.to_owned();
    }
    let mut cleaned = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\n' => cleaned.push_str("\\n"),
            '\r' => cleaned.push_str("\\r"),
            '\t' => cleaned.push_str("\\t"),
            other if other.is_control() => cleaned.push_str(&format!("\\x{:02x}", other as u32)),
            other => cleaned.push(other),
        }
    }
    cleaned
}

/// Returns a number with a comma before each group of three digits.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Returns a number of bytes with a unit and three digits.
pub(crate) fn size(bytes: u64) -> String {
    if bytes < 1000 {
        return format!("{bytes} bytes");
    }
    let mut value = bytes as f64;
    let mut units = ["bytes", "KB", "MB", "GB", "TB"].into_iter();
    let mut unit = units.next().unwrap_or_default();
    while value >= 999.5 {
        let Some(next) = units.next() else { break };
        (value, unit) = (value / 1000.0, next);
    }
    let decimals = if value < 9.995 {
        2
    } else if value < 99.95 {
        1
    } else {
        0
    };
    format!("{value:.decimals$} {unit}")
}

/// A table of cells.
pub(crate) struct Grid {
    /// Titles, with `true` for columns of numbers, which are aligned to the right.
    head: Vec<(String, bool)>,
    rows: Vec<Vec<String>>,
}

impl Grid {
    /// Creates an empty table with these titles. The columns in `numbers` are aligned to the right.
    pub(crate) fn new(head: &[&str], numbers: &[&str]) -> Self {
        Self { head: head.iter().map(|title| ((*title).to_owned(), numbers.contains(title))).collect(), rows: Vec::new() }
    }

    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells.iter().map(|cell| clean(cell)).collect());
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths: Vec<_> = self.head.iter().map(|(title, _)| title.width()).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.width());
            }
        }
        widths
    }

    fn width(&self) -> usize {
        self.widths().iter().map(|width| width + 2).sum::<usize>().saturating_sub(2)
    }

    fn write_table(&self, output: &mut Output) -> io::Result<()> {
        let widths = self.widths();
        let padded = |cells: &mut dyn Iterator<Item = &str>| {
            let mut line = String::new();
            for ((cell, width), (_, is_number)) in cells.zip(&widths).zip(&self.head) {
                let blanks = " ".repeat(width.saturating_sub(cell.width()));
                line += &if *is_number { format!("{blanks}{cell}  ") } else { format!("{cell}{blanks}  ") };
            }
            line.trim_end().to_owned()
        };
        output.line(&padded(&mut self.head.iter().map(|(title, _)| title.as_str())), HEAD)?;
        if output.is_terminal {
            output.line(&"─".repeat(self.width()), "")?;
        }
        for row in &self.rows {
            output.line(&padded(&mut row.iter().map(String::as_str)), "")?;
        }
        Ok(())
    }

    fn write_values(&self, output: &mut Output) -> io::Result<()> {
        let widest = self.head.iter().map(|(title, _)| title.trim().width()).max().unwrap_or(0);
        for row in &self.rows {
            let mut cells = self.head.iter().zip(row);
            if let Some((_, first)) = cells.next() {
                output.line(first.trim_end(), BOLD)?;
            }
            for ((title, _), cell) in cells.filter(|(_, cell)| !cell.is_empty()) {
                let title = title.trim();
                output.line(&format!("    {title}{}  {cell}", " ".repeat(widest.saturating_sub(title.width()))), "")?;
            }
        }
        Ok(())
    }
}

/// A progress bar on the standard error.
#[derive(Clone)]
pub(crate) struct Bar(Option<Arc<BarState>>);

struct BarState {
    total: u64,
    /// How often the files are read, counted down as the passes begin.
    passes: AtomicU64,
    /// The passes that are done, and the bytes of the present one.
    done: AtomicU64,
    last: AtomicU64,
    start: Instant,
    /// Created when the work takes longer than [`PATIENCE`].
    bar: OnceLock<ProgressBar>,
}

impl Bar {
    fn new(total: Option<u64>) -> Self {
        Self(total.map(|total| {
            let [passes, done, last] = [1, 0, 0].map(AtomicU64::new);
            Arc::new(BarState { total, passes, done, last, start: Instant::now(), bar: OnceLock::new() })
        }))
    }

    /// Sets how often the files are read.
    pub(crate) fn passes(&self, passes: u64) {
        if let Some(state) = &self.0 {
            state.passes.store(passes, Ordering::Relaxed);
        }
    }

    fn draw(&self, read: u64) {
        let Some(state) = &self.0 else { return };
        let passes = state.passes.load(Ordering::Relaxed);
        let begins = read == 0 && state.last.swap(read, Ordering::Relaxed) > 0;
        if begins && state.done.load(Ordering::Relaxed) + 1 < passes {
            state.done.fetch_add(1, Ordering::Relaxed);
        }
        state.last.store(read, Ordering::Relaxed);
        let (total, bytes) = (state.total * passes, state.done.load(Ordering::Relaxed) * state.total + read);
        let elapsed = state.start.elapsed();
        if elapsed < PATIENCE || state.total == 0 {
            return;
        }
        let bar = state.bar.get_or_init(|| {
            let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
            match ProgressStyle::with_template("{bar:30} {percent:>3}% of {msg}") {
                Ok(style) => bar.with_style(style.progress_chars("█░")),
                Err(_) => bar,
            }
        });
        let rate = bytes as f64 / elapsed.as_secs_f64();
        let left = total.saturating_sub(bytes) as f64 / rate.max(1.0);
        bar.set_message(format!("{}, {}/s, {left:.0} s left", size(total), size(rate as u64)));
        // A compressed file gives more bytes than it has.
        bar.set_length(total.max(bytes));
        bar.set_position(bytes);
    }

    /// Removes the bar.
    pub(crate) fn done(&self) {
        if let Some(bar) = self.0.as_ref().and_then(|state| state.bar.get()) {
            bar.finish_and_clear();
        }
    }
}

impl Drop for BarState {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }
}

/// Returns bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut digits = Vec::with_capacity(bytes.len() * 2);
    put_hex(bytes, &mut digits);
    digits.into_iter().map(char::from).collect()
}

/// Appends bytes as hexadecimal digits.
pub(crate) fn put_hex(bytes: &[u8], out: &mut Vec<u8>) {
    let digit = |value: u8| if value < 10 { b'0' + value } else { b'a' + value - 10 };
    out.extend(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_goes_on_in_the_second_pass() {
        let bar = Bar::new(Some(100));
        bar.passes(2);
        let done = || bar.0.as_ref().map(|state| state.done.load(Ordering::Relaxed));
        for (bytes, passes) in [(0, 0), (60, 0), (100, 0), (0, 1), (70, 1), (0, 1), (90, 1)] {
            bar.draw(bytes);
            assert_eq!(done(), Some(passes), "{bytes}");
        }
    }

    #[test]
    fn numbers_and_sizes() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(
            [0, 999, 1000, 30_328, 999_499, 999_500, 1_234_567_890].map(size),
            ["0 bytes", "999 bytes", "1.00 KB", "30.3 KB", "999 KB", "1.00 MB", "1.23 GB"]
        );
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(clean("A.\x1b[31mT\n"), "A.\\x1b[31mT\\n");
        assert_eq!(clean("人事"), "人事");
    }
}
