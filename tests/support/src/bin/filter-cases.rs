//! Runs cases of the filter language: expressions with given values and expected results.
//!
//! ```text
//! cargo run -q --release -p trailcore-support --bin filter-cases -- FILE
//! ```
//!
//! Prints one line for each case: its id, and `ok`, `expected … got …`, or `not run` with the reason; then a count. Exits with 1
//! if a result differs, and with 2 if the file cannot be read. The file has a list `cases`, or is that list; each case has `id`,
//! `clause`, `dialect`, `expression`, `given` and `expected` with `kind` and `value`.

use std::process::ExitCode;

use trailcore_support::filter_cases::{Case, Outcome};

fn main() -> ExitCode {
    let Some(path) = std::env::args_os().nth(1) else {
        eprintln!("usage: filter-cases FILE");
        return ExitCode::from(2);
    };
    let cases = match load(path.as_ref()) {
        Ok(cases) => cases,
        Err(error) => {
            eprintln!("filter-cases: {}: {error}", std::path::Path::new(&path).display());
            return ExitCode::from(2);
        }
    };
    let (mut ok, mut differ, mut not_run) = (0u32, 0u32, 0u32);
    for case in &cases {
        match case.run() {
            Outcome::Ok(note) if note.is_empty() => {
                ok += 1;
                println!("{} ok", case.id);
            }
            Outcome::Ok(note) => {
                ok += 1;
                println!("{} ok ({note})", case.id);
            }
            Outcome::Differs(got) => {
                differ += 1;
                let basis = case.basis.as_deref().unwrap_or("no basis given");
                println!("{} expected {} got {got} [{basis}] {}", case.id, case.expected, case.expression);
            }
            Outcome::NotRun(why) => {
                not_run += 1;
                println!("{} not run: {why}", case.id);
            }
        }
    }
    println!("{} cases: {ok} ok, {differ} differ, {not_run} not run", cases.len());
    if differ == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn load(path: &std::path::Path) -> Result<Vec<Case>, Box<dyn std::error::Error>> {
    let text = std::fs::read_to_string(path)?;
    let json: serde_json::Value = serde_json::from_str(&text)?;
    let list = json.get("cases").unwrap_or(&json);
    Ok(serde_json::from_value(list.clone())?)
}
