//! The fields of file headers in C and Java, from the core's one table.

use trailcore::trail::{HeaderField, HeaderKind};

use crate::enums::capitals;
use crate::errors::Regions;

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
