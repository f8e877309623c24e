//! The program `trailcore`.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

fn main() -> ExitCode {
    let interrupted = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&interrupted);
    let handler = ctrlc::set_handler(move || {
        // Ctrl-C, SIGTERM and SIGHUP. Incomplete files are removed first; a second signal does not wait for that.
        if asked.swap(true, Ordering::Relaxed) || !trailcore_cli::removes_files() {
            std::process::exit(trailcore_cli::INTERRUPTED);
        }
    });
    // Without a handler, Ctrl-C ends the process as it does by default.
    drop(handler);
    let code = trailcore_cli::main_with(std::env::args_os(), Arc::new(move || interrupted.load(Ordering::Relaxed)));
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
