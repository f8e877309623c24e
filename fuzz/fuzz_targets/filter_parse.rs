//! The filter language: text that parses is written in its own dialect and parses to the same tree.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trailcore::filter::{Condition, Dialect, Expr, LogdumpFilter, Select};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for dialect in [Dialect::Ansi, Dialect::NonAnsi] {
        match Select::parse_in(text, dialect) {
            Ok(select) => {
                let _ = select.lint_text();
                let written = select.to_string();
                let again = Select::parse(&written).unwrap_or_else(|error| panic!("{written}\n{error}"));
                assert_eq!(again, select, "{written}");
            }
            Err(error) => check(&error, text),
        }
    }
    if let Ok(expr) = text.parse::<Expr>() {
        let written = expr.to_string();
        assert_eq!(written.parse::<Expr>().expect("own text parses"), expr, "{written}");
    }
    if let Ok(condition) = text.parse::<Condition>() {
        let written = condition.to_string();
        assert_eq!(written.parse::<Condition>().expect("own text parses"), condition, "{written}");
    }
    if let Ok(filter) = LogdumpFilter::parse(text) {
        let written = filter.to_string();
        assert_eq!(LogdumpFilter::parse(&written).expect("own text parses"), filter, "{written}");
    }
});

/// Errors have positions within the text, and short messages.
fn check(error: &trailcore::filter::Diagnostics, text: &str) {
    assert!(error.errors().next().is_some());
    let has_macros = ["MACRO", "INCLUDE"].iter().any(|word| text.to_ascii_uppercase().contains(word));
    for diagnostic in error.all() {
        // Positions may be in the text after macro expansion.
        assert!(has_macros || diagnostic.range().start <= text.len());
        assert!(diagnostic.message().len() < 500);
    }
    assert!(error.to_string().lines().all(|line| line.chars().count() < 1000));
}
