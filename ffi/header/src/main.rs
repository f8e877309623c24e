//! Generates the header of the C library: `trailcore-header > include/trailcore.h`.
//!
//! The version of the generator is fixed in `Cargo.toml`, so that the same sources always give the same header.

use std::error::Error;
use std::io::{Write, stdout};
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut config = cbindgen::Config::from_file(library.join("header/cbindgen.toml"))?;
    config.header = Some(std::fs::read_to_string(library.join("header/chapters.txt"))?);
    let version = format!("\n/** The version of this header as text. */\n#define TC_VERSION \"{}\"", env!("CARGO_PKG_VERSION"));
    config.after_includes = Some(version + "\n\n" + &config.after_includes.take().unwrap_or_default());
    let sources = module_names(&library.join("src/lib.rs"))?;
    let builder = sources.iter().fold(cbindgen::Builder::new().with_config(config), |builder, module| {
        builder.with_src(library.join("src").join(module).with_extension("rs"))
    });
    let mut text = Vec::new();
    builder.generate()?.write(&mut text);
    stdout().write_all(text.trim_ascii_start())?;
    Ok(())
}

/// Returns the modules of the library in order, which is the order of the header.
fn module_names(root: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let text = std::fs::read_to_string(root)?;
    let names = text.lines().filter_map(|line| {
        let line = line.strip_prefix("pub mod ").or_else(|| line.strip_prefix("mod "))?;
        line.strip_suffix(';').map(str::to_owned)
    });
    // Functions for tests are not part of the header.
    Ok(names.filter(|name| name != "drill").collect())
}
