//! [`TableName`]: the name of one table, as a caller writes it.

use std::fmt;

use crate::filter::syntax::names::ObjectPattern;

/// The name of one table, as a caller writes it: as the trail has it, or in GoldenGate's spelling, in which double quotes keep case
/// and dots. Case does not matter outside of quotes.
#[derive(Clone, Debug)]
pub(crate) struct TableName {
    text: Box<str>,
    /// The text in GoldenGate's spelling, and its name without quotes, if that is not the text itself.
    spelled: Option<(ObjectPattern, Box<str>)>,
}

impl TableName {
    pub(crate) fn new(text: &str) -> Self {
        let spelled = || {
            let pattern: ObjectPattern = text.parse().ok()?;
            let name = pattern.exact_name().filter(|name| name != text)?;
            Some((pattern, name.into()))
        };
        Self { text: text.into(), spelled: spelled() }
    }

    /// Returns whether it may be the name of a table.
    pub(crate) fn fits(&self, table: &str) -> bool {
        let spelled =
            || self.spelled.as_ref().is_some_and(|(pattern, name)| name.eq_ignore_ascii_case(table) && pattern.matches(table));
        table.eq_ignore_ascii_case(&self.text) || spelled()
    }

    /// Returns whether it may be the name of a table, or its last parts: a database or container may be left out.
    pub(crate) fn fits_end(&self, table: &str) -> bool {
        let spelled = || self.spelled.as_ref().is_some_and(|(pattern, _)| pattern.matches(table));
        ends_with(table, &self.text) || spelled()
    }

    /// Returns whether a table has exactly this name, in its case.
    pub(crate) fn is_exactly(&self, table: &str) -> bool {
        self.names().any(|name| name == table)
    }

    /// Returns the names without quotes that it may be: in GoldenGate's spelling, and as it is written.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.spelled.iter().map(|(_, name)| &**name).chain([&*self.text])
    }

    /// Returns the name without quotes.
    pub(crate) fn plain(&self) -> &str {
        self.names().next().unwrap_or_default()
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Returns whether a name is the one of a table, or its last parts. Case does not matter.
fn ends_with(table: &str, name: &str) -> bool {
    let at = table.len().checked_sub(name.len()).filter(|_| !name.is_empty());
    let parts = at.and_then(|at| table.split_at_checked(at));
    parts.is_some_and(|(lead, own)| own.eq_ignore_ascii_case(name) && (lead.is_empty() || lead.ends_with('.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_as_printed_and_in_goldengates_spelling() {
        for (name, table, fits, is_exact) in [
            ("HR.EMP", "HR.EMP", true, true),
            ("hr.emp", "HR.EMP", true, false),
            ("hr.mixed case", "HR.Mixed Case", true, false),
            ("HR.Mixed Case", "HR.Mixed Case", true, true),
            (r#"HR."Mixed Case""#, "HR.Mixed Case", true, true),
            (r#"hr."Mixed Case""#, "HR.Mixed Case", true, false),
            (r#"HR."mixed case""#, "HR.Mixed Case", false, false),
            (r#"HR."A.B""#, "HR.A.B", true, true),
            (r#"HR."a.b""#, "HR.A.B", false, false),
            (r#""HR"."a ""b""""#, r#"HR.a "b""#, true, true),
            (r#"HR."x""#, r#"HR."x""#, true, true),
            (r#"HR."x""#, r#"HR."X""#, true, false),
            ("HR.A%%B", "HR.A%B", true, true),
            ("HR.A%B", "HR.A%B", true, true),
            (r#"HR."\u0041""#, "HR.A", true, true),
            ("HR.*", "HR.EMP", false, false),
            ("HR.*", "HR.*", true, true),
            (r#"HR."A*""#, "HR.AB", false, false),
            (r#"HR."A\*""#, "HR.A*", true, true),
            (r#"HR."open"#, r#"HR."open"#, true, true),
            (r#""EMP""#, "HR.EMP", false, false),
            ("EMP", "HR.EMP", false, false),
            ("", "HR.EMP", false, false),
        ] {
            let named = TableName::new(name);
            assert_eq!((named.fits(table), named.is_exactly(table)), (fits, is_exact), "{name} {table}");
            assert!(!fits || named.fits_end(table), "{name} {table}");
        }
    }

    #[test]
    fn a_container_may_be_left_out() {
        for (name, table, fits) in [
            ("hr.emp", "PDB1.HR.EMP", true),
            (r#"HR."Emp""#, "PDB1.HR.Emp", true),
            (r#"HR."emp""#, "PDB1.HR.Emp", false),
            (r#"HR."A.B""#, "PDB1.HR.A.B", true),
            (r#""A.B""#, "HR.A.B", true),
            ("EMP", "HR.EMP", true),
            ("MP", "HR.EMP", false),
            (r#""MP""#, "HR.EMP", false),
            ("PDB1.HR.EMP", "HR.EMP", false),
            ("", "HR.EMP", false),
        ] {
            assert_eq!(TableName::new(name).fits_end(table), fits, "{name} {table}");
        }
    }
}
