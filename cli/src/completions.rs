//! The command `completions`.

use std::io::Write as _;

use clap_complete::Shell;

use crate::failure::Failure;
use crate::output::Output;

const EXAMPLES: &str = "\
examples:
  trailcore completions bash > ~/.local/share/bash-completion/completions/trailcore
  trailcore completions zsh > ~/.zfunc/_trailcore
  trailcore completions fish > ~/.config/fish/completions/trailcore.fish

exit codes: 0 fine, 2 wrong arguments, 130 Ctrl-C";

/// Prints a script that completes commands and options in a shell
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The shell
    #[arg(value_parser = ["bash", "zsh", "fish"])]
    shell: String,
}

pub(crate) fn run(args: &Args, command: &mut clap::Command, output: &mut Output) -> Result<i32, Failure> {
    let shell = match args.shell.as_str() {
        "bash" => Shell::Bash,
        "zsh" => Shell::Zsh,
        _ => Shell::Fish,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, command, "trailcore", &mut script);
    output.write_all(&script)?;
    Ok(0)
}
