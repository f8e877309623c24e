//! [`program`]: a process that is the command line.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::interrupt::{INTERRUPTED, ends_itself};

/// Runs the command line with the arguments of the process, and ends the process at a signal: what a program's `main` does. A program with
/// sinks of its own, such as object stores, registers them before.
#[must_use]
pub fn program() -> ExitCode {
    let interrupted = Arc::new(AtomicBool::new(false));
    // Without a handler, a signal ends the process as it does by default.
    if let Ok(signals) = Signals::new(signals()) {
        let asked = Arc::clone(&interrupted);
        std::thread::spawn(move || watch(signals, &asked));
    }
    let code = crate::main_with(std::env::args_os(), Arc::new(move || interrupted.load(Ordering::Relaxed)));
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

/// Ends the process at a signal. A command that ends by itself is waited for; a second signal does not wait.
fn watch(mut signals: Signals, asked: &AtomicBool) {
    for _ in signals.forever() {
        if asked.swap(true, Ordering::Relaxed) || !ends_itself() {
            std::process::exit(INTERRUPTED);
        }
    }
}

/// Returns the signals that end the program. A hang-up that nohup has ignored stays ignored.
fn signals() -> Vec<i32> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok()).unwrap_or(0);
    let ignores_hang_up = ignored & (1 << (SIGHUP - 1)) != 0;
    [SIGINT, SIGTERM].into_iter().chain((!ignores_hang_up).then_some(SIGHUP)).collect()
}
