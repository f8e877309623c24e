//! The fields of file headers in C and Java, from the core's one table.

use trailcore::trail::{HeaderField, HeaderKind};

use crate::errors::Regions;

/// Returns a name in capitals: `FirstCsn` is `FIRST_CSN`.
fn capitals(name: &str) -> String {
    let mut capitals = String::new();
    for character in name.chars() {
        if character.is_ascii_uppercase() && !capitals.is_empty() {
            capitals.push('_');
        }
        capitals.push(character.to_ascii_uppercase());
    }
    capitals
}

/// Returns the regions of the bindings' files.
pub(crate) fn regions() -> Vec<Regions> {
    let c = HeaderField::ALL.iter().enumerate().map(|(number, field)| {
        let kind = if field.kind() == HeaderKind::Text { "text" } else { "number" };
        format!("    /// As {kind}: {}\n    TC_FIELD_{} = {number},\n", field.description(), capitals(field.name()))
    });
    let java = HeaderField::ALL.iter().map(|field| {
        let (value, make) = match field.kind() {
            HeaderKind::Text | HeaderKind::Charset => ("String", "text"),
            HeaderKind::Number => ("Long", "number"),
            HeaderKind::Time => ("Instant", "time"),
        };
        let name = capitals(field.name());
        let constant = format!("    public static final HeaderField<{value}> {name} = {make}(\"{name}\");\n");
        format!("    /** {} */\n{constant}", field.description())
    });
    vec![
        ("ffi/src/header.rs", vec![("header fields", c.collect())]),
        ("java/src/main/java/io/trailcore/HeaderField.java", vec![("header fields", java.collect())]),
    ]
}
