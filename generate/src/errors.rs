//! Error kinds in every language, from the core's one table.

use std::fmt::Write;

use trailcore::ErrorKind;

/// A file of the tree, and the contents of its regions.
pub(crate) type Regions = (&'static str, Vec<(&'static str, String)>);

/// The name of an exception, and its base or bases.
type Class = (&'static str, &'static str);

/// Names of exceptions that do not follow the rule: kind, Java class with its base, Python class with its bases. Python raises its
/// own exceptions for three kinds. A new kind needs no entry.
const SPECIAL: &[(ErrorKind, Option<Class>, Option<Class>)] = &[
    (ErrorKind::NotFound, Some(("NotFound", "Io")), None),
    (ErrorKind::Truncated, None, Some(("TruncatedTrailError", "TrailError"))),
    (ErrorKind::Corrupt, None, Some(("CorruptTrailError", "TrailError"))),
    (ErrorKind::InvalidPosition, None, Some(("InvalidPositionError", "TrailError, ValueError"))),
    (ErrorKind::Value, Some(("ColumnValue", "TrailException")), Some(("ColumnValueError", "TrailError, ValueError"))),
    (ErrorKind::Unencodable, None, Some(("EncodingError", "TrailError, ValueError"))),
    (ErrorKind::Undecidable, None, Some(("UndecidableError", "FilterError"))),
    (ErrorKind::UnknownTable, None, Some(("UnknownTableError", "TrailError, KeyError"))),
    (ErrorKind::Internal, None, Some(("InternalError", "TrailError, RuntimeError"))),
];

/// Kinds that Python raises as exceptions of its own.
const PYTHON_BUILTIN: [ErrorKind; 3] = [ErrorKind::Io, ErrorKind::NotFound, ErrorKind::InvalidArgument];

fn java(kind: ErrorKind) -> (String, String) {
    let special = SPECIAL.iter().find(|(own, ..)| *own == kind).and_then(|(_, java, _)| *java);
    special.map_or_else(|| (kind.name().to_owned(), "TrailException".to_owned()), |(name, base)| (name.into(), base.into()))
}

fn python(kind: ErrorKind) -> Option<(String, String)> {
    if PYTHON_BUILTIN.contains(&kind) {
        return None;
    }
    let special = SPECIAL.iter().find(|(own, ..)| *own == kind).and_then(|(_, _, python)| *python);
    Some(
        special.map_or_else(
            || (format!("{}Error", kind.name()), "TrailError".to_owned()),
            |(name, bases)| (name.into(), bases.into()),
        ),
    )
}

/// Returns the name of a kind in C: `UndefinedTable` is `TC_ERR_UNDEFINED_TABLE`.
fn c(kind: ErrorKind) -> String {
    let mut name = "TC_ERR".to_owned();
    for character in kind.name().chars() {
        // Trail and a stand for words of their own in NotATrail.
        if character.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(character.to_ascii_uppercase());
    }
    name
}

/// Returns `docs/errors.md`.
pub(crate) fn document() -> String {
    let mut text = String::from(
        "# Errors\n\nThe kinds of errors, the same in every language; C++ and Go have the number. Numbers never change their meaning. This page is generated from the core's \
         table (`rs-core/src/error.rs`) by `make generate`.\n\n| number | Rust | C | Java | Python | meaning |\n|---|---|---|---|---|---|\n",
    );
    for &kind in ErrorKind::ALL {
        let python = match kind {
            ErrorKind::Io => "OSError".to_owned(),
            ErrorKind::NotFound => "FileNotFoundError".to_owned(),
            ErrorKind::InvalidArgument => "ValueError".to_owned(),
            other => python(other).map_or_else(String::new, |(name, _)| name),
        };
        let row = [kind.code().to_string(), kind.name().to_owned(), c(kind), java(kind).0, python];
        let cells: Vec<_> = row.iter().map(|cell| format!("`{cell}`")).collect();
        // Writing to a string does not fail.
        let _ = writeln!(text, "| {} | {} |", cells.join(" | "), kind.description());
    }
    text
}

/// Returns the regions of the bindings' files.
pub(crate) fn regions() -> Vec<Regions> {
    let all = ErrorKind::ALL.iter().copied();
    let variants = all.clone().map(|kind| format!("    /// {}\n    {} = {},\n", kind.description(), c(kind), kind.code()));
    let names = all.clone().map(|kind| format!("        (Self::{0}, c\"{0}\"),\n", c(kind)));
    let cases = all.clone().map(|kind| format!("            case {} -> new {}(details);\n", kind.code(), java(kind).0));
    let classes = all.clone().map(java_class);
    let python_classes = all.clone().filter_map(python_class);
    let mut python_names: Vec<_> = all.clone().filter_map(|kind| Some(format!("    \"{}\",\n", python(kind)?.0))).collect();
    python_names.sort_unstable();
    let python_names = python_names.concat();
    let python_map = all.filter_map(|kind| Some(format!("    {}: {},\n", kind.code(), python(kind)?.0)));
    vec![
        ("ffi/src/status.rs", vec![("error kinds", variants.collect()), ("names of error kinds", names.collect())]),
        (
            "java/src/main/java/io/trailcore/TrailException.java",
            vec![("error kinds", cases.collect()), ("classes of error kinds", classes.collect::<Vec<_>>().join("\n"))],
        ),
        (
            "python/trailcore/_errors.py",
            vec![
                ("names of error kinds", python_names.clone()),
                ("classes of error kinds", python_classes.collect::<String>() + "\n\n"),
                ("error kinds", python_map.collect()),
            ],
        ),
        ("python/trailcore/__init__.py", vec![("names of error kinds", python_names)]),
    ]
}

fn java_class(kind: ErrorKind) -> String {
    let (name, base) = java(kind);
    // NotFound is an Io, and a caught panic an Internal.
    let form = if matches!(kind, ErrorKind::Io | ErrorKind::Internal) { "class" } else { "final class" };
    format!(
        "    /** {} */\n    public static {form} {name} extends {base} {{\n        private static final long serialVersionUID = 1;\n\n        \
         {name}(Details details) {{\n            super(details);\n        }}\n    }}\n",
        kind.description()
    )
}

fn python_class(kind: ErrorKind) -> Option<String> {
    let (name, bases) = python(kind)?;
    let mut text = format!("\n\nclass {name}({bases}):\n    \"\"\"{}\"\"\"\n", kind.description());
    if bases.contains("KeyError") {
        text.push_str("\n    # KeyError quotes its argument.\n    __str__ = Exception.__str__\n");
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_their_languages() {
        assert_eq!(c(ErrorKind::NotATrail), "TC_ERR_NOT_A_TRAIL");
        assert_eq!(java(ErrorKind::Value).0, "ColumnValue");
        assert_eq!(python(ErrorKind::SequenceGap).unwrap().0, "SequenceGapError");
        assert!(python(ErrorKind::Io).is_none());
        assert!(document().contains("`TC_ERR_INTERNAL`"));
    }
}
