//! Enums of the core in C and Java, from their source: the values with their comments, and C's conversion.

use std::path::Path;

use syn::{Item, ItemEnum};

use crate::java_options::{java_text, javadoc};
use crate::python_stubs::comment;

/// Regions of a file, with their contents.
type Filled = (&'static str, Vec<(&'static str, String)>);

/// An enum of the core: its source, its name, the file of C, the prefix and the first number there.
const C: [(&str, &str, &str, &str, usize); 3] = [
    ("rs-core/src/change/op.rs", "Op", "ffi/src/op.rs", "TC_OP", 0),
    ("rs-core/src/filter/syntax/diagnostic.rs", "DiagnosticKind", "ffi/src/error.rs", "TC_DIAGNOSTIC", 1),
    ("rs-core/src/sink/trail.rs", "UpdateStyle", "ffi/src/writer.rs", "TC_UPDATE", 0),
];

/// An enum of the core: its source, its name, and the file of Java.
const JAVA: [(&str, &str, &str); 2] = [
    ("rs-core/src/change/op.rs", "Op", "java/src/main/java/io/trailcore/Op.java"),
    ("rs-core/src/sink/trail.rs", "UpdateStyle", "java/src/main/java/io/trailcore/TrailWriter.java"),
];

/// Returns the regions of the bindings' files.
///
/// # Errors
/// The enum that is not found.
pub(crate) fn regions(root: &Path) -> Result<Vec<Filled>, String> {
    let mut regions = Vec::new();
    for (source, name, file, prefix, first) in C {
        let variants = variants(root, source, name)?;
        let values = variants.iter().enumerate().map(|(number, (variant, comment))| {
            format!("    /// {comment}\n    {prefix}_{} = {},\n", capitals(variant), number + first)
        });
        let arms = variants
            .iter()
            .map(|(variant, _)| format!("            {name}::{variant} => Self::{prefix}_{},\n", capitals(variant)));
        regions.push((file, vec![("values of the core", values.collect()), ("conversion of the core", arms.collect())]));
    }
    for (source, name, file) in JAVA {
        let indent = if name == "Op" { 4 } else { 8 };
        let variants = variants(root, source, name)?;
        let values = variants.iter().map(|(variant, comment)| {
            format!("{}{}{}", javadoc(indent, &java_text(comment), &[]), " ".repeat(indent), capitals(variant))
        });
        regions.push((file, vec![("values of the core", values.collect::<Vec<_>>().join(",\n") + ";\n")]));
    }
    Ok(regions)
}

/// Returns the variants of an enum, each with its comment.
fn variants(root: &Path, source: &str, name: &str) -> Result<Vec<(String, String)>, String> {
    let text = std::fs::read_to_string(root.join(source)).map_err(|error| format!("{source}: {error}"))?;
    let file = syn::parse_file(&text).map_err(|error| format!("{source}: {error}"))?;
    let is_it = |item: &Item| matches!(item, Item::Enum(ItemEnum { ident, .. }) if ident == name);
    let Some(Item::Enum(found)) = file.items.into_iter().find(is_it) else { return Err(format!("{source}: no enum {name}")) };
    let pairs = found.variants.iter().map(|variant| (variant.ident.to_string(), comment(&variant.attrs).join(" ")));
    Ok(pairs.collect())
}

/// Returns a name in capitals: `PkUpdate` is `PK_UPDATE`.
pub(crate) fn capitals(name: &str) -> String {
    let mut capitals = String::new();
    for character in name.chars() {
        if character.is_ascii_uppercase() && !capitals.is_empty() {
            capitals.push('_');
        }
        capitals.push(character.to_ascii_uppercase());
    }
    capitals
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_numbers_and_comments() {
        let regions = regions(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).unwrap();
        let text = |file: &str, region: usize| &regions.iter().find(|(own, _)| *own == file).unwrap().1[region].1;
        assert!(text("ffi/src/op.rs", 0).contains("    /// A row with another key.\n    TC_OP_PK_UPDATE = 2,\n"));
        assert!(text("ffi/src/error.rs", 0).contains("TC_DIAGNOSTIC_SYNTAX = 1,"));
        assert!(text("ffi/src/error.rs", 1).contains("DiagnosticKind::QuoteMixUp => Self::TC_DIAGNOSTIC_QUOTE_MIX_UP,"));
        assert!(text("java/src/main/java/io/trailcore/Op.java", 0).contains("    /** A new row. */\n    INSERT,\n"));
    }
}
