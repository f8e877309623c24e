//! [`Selection`]: the tables that the parameters of a process select, decided by the filter language.

use trailcore::filter::{Dialect, ObjectPattern, Piece, Rejection, Rule, Select, Verdict};

use super::resolve::{ParameterPlace, Resolved};

/// Parameters that decide about TABLE and MAP, beside these.
const DECIDING: [&str; 15] = [
    "EXTRACT",
    "REPLICAT",
    "EXTTRAIL",
    "RMTTRAIL",
    "EXTFILE",
    "RMTFILE",
    "SOURCECATALOG",
    "TABLEEXCLUDE",
    "MAPEXCLUDE",
    "SCHEMAEXCLUDE",
    "CATALOGEXCLUDE",
    "EXCLUDEWILDCARDOBJECTSONLY",
    "ALLOWDUPTARGETMAP",
    "NOALLOWDUPTARGETMAP",
    "USEANSISQLQUOTES",
];

/// The TABLE and MAP statements of a process.
#[derive(Default)]
pub(crate) struct Selection {
    /// `None` if there is no statement that can be read.
    select: Option<Select>,
    /// The statements and their rules, in the order of `select`.
    statements: Vec<(ParameterPlace, Rule)>,
    /// Statements, excludes and calls of macros that cannot be read: their tables are not known.
    pub(crate) unread: Vec<ParameterPlace>,
}

impl Selection {
    pub(crate) fn of(file: &Resolved) -> Self {
        let (mut text, mut selection, mut dialect) = (String::new(), Self::default(), Dialect::Ansi);
        let mut places = Vec::new();
        for piece in file.expanded.pieces() {
            let keyword = file.expanded.keyword(piece);
            let plain = file.expanded.outline().plain.get(piece.range.clone()).unwrap_or_default();
            match &*keyword {
                "NOUSEANSISQLQUOTES" => dialect = Dialect::NonAnsi,
                "USEANSISQLQUOTES" => dialect = Dialect::Ansi,
                _ => {}
            }
            let is_rule = matches!(&*keyword, "TABLE" | "MAP");
            let is_call = matches!(piece.kind, trailcore::filter::PieceKind::Call);
            let is_checked = is_rule || keyword.ends_with("EXCLUDE");
            if !is_checked && !is_call {
                if DECIDING.contains(&&*keyword) || keyword == "NOUSEANSISQLQUOTES" {
                    text += &format!("{plain}\n");
                }
                continue;
            }
            match own_text(piece, plain, dialect) {
                Some(own) => {
                    text += &own;
                    if is_rule {
                        places.push(file.statement(piece));
                    }
                }
                None => selection.unread.push(file.statement(piece)),
            }
        }
        if places.is_empty() {
            return selection;
        }
        match Select::parse(&text) {
            Ok(select) if select.rules().count() == places.len() => {
                selection.statements = places.into_iter().zip(select.rules().cloned()).collect();
                selection.select = Some(select);
            }
            _ => selection.unread.append(&mut places),
        }
        selection
    }

    /// Returns the statements that a table falls under, with their rules, in order.
    pub(crate) fn of_table(&self, table: &str) -> Vec<(&ParameterPlace, &Rule)> {
        let numbers = self.select.as_ref().map(|select| select.rules_of_object(table)).unwrap_or_default().into_iter();
        numbers.filter_map(|number| self.statements.get(number)).map(|(place, rule)| (place, rule)).collect()
    }

    /// Returns whether a statement names a table that is excluded.
    pub(crate) fn excludes(&self, table: &str) -> bool {
        let verdict = self.select.as_ref().map(|select| select.verdict_of_object(table, None, None));
        matches!(verdict, Some(Verdict::Reject(Rejection::Excluded)))
    }

    /// Returns the statements with the objects that they name, in order.
    pub(crate) fn statements(&self) -> impl Iterator<Item = (&ParameterPlace, &ObjectPattern)> {
        self.statements.iter().map(|(place, rule)| (place, rule.source()))
    }
}

/// Returns a statement as a part of a text in the ANSI dialect; `None` if it cannot be read.
fn own_text(piece: &Piece, plain: &str, dialect: Dialect) -> Option<String> {
    if piece.fault.is_some() {
        return None;
    }
    let other = if dialect == Dialect::Ansi { Dialect::NonAnsi } else { Dialect::Ansi };
    if Select::parse_in(plain, dialect).is_ok() {
        return Some(format!("{plain}\n"));
    }
    // GoldenGate accepts the quotes of before and after release 12 side by side; the check of a file reports that.
    let words = |dialect| if dialect == Dialect::Ansi { "USEANSISQLQUOTES" } else { "NOUSEANSISQLQUOTES" };
    Select::parse_in(plain, other).ok().map(|_| format!("{}\n{plain}\n{}\n", words(other), words(dialect)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::resolve::resolved;
    use crate::input::Input;

    fn selection(text: &str) -> Selection {
        Selection::of(&resolved(&[Input::text("e1.prm", text)]).0[0])
    }

    #[test]
    fn tables_fall_under_statements() {
        let own = selection(
            "EXTRACT e1\nEXTTRAIL ./dirdat/aa\n_HIDDEN (\nTABLE HR.EMP, FILTER (@STRFIND (NAME, \"A\") > 0);\nTABLEEXCLUDE HR.TMP*\nTABLE HR.*;\nTABLE HR.X, BROKEN (;\n#unknown ()\n",
        );
        let lines = |table| own.of_table(table).iter().map(|(place, _)| place.line).collect::<Vec<_>>();
        assert_eq!(
            (lines("HR.EMP"), lines("hr.dept"), lines("PDB.HR.DEPT"), lines("OE.A")),
            (vec![4, 6], vec![6], vec![6], vec![])
        );
        assert!(own.of_table("HR.TMP1").is_empty() && own.excludes("HR.TMP1") && !own.excludes("OE.A"));
        assert_eq!(own.unread.iter().map(|place| place.line).collect::<Vec<_>>(), [7, 8]);
        assert_eq!(own.statements().map(|(_, name)| name.to_string()).collect::<Vec<_>>(), ["HR.EMP", "HR.*"]);
    }

    #[test]
    fn containers_complete_names() {
        let own =
            selection("REPLICAT r1\nSOURCECATALOG pdb1\nMAP HR.*, TARGET DW.*;\nMAP HR.ERR, TARGET DW.LOG, EXCEPTIONSONLY;\n");
        assert_eq!(
            own.of_table("PDB1.HR.EMP").first().unwrap().1.target_of("PDB1.HR.EMP", &[], Default::default()).unwrap(),
            "DW.EMP"
        );
        assert!(own.of_table("PDB2.HR.EMP").is_empty() && own.of_table("HR.EMP").is_empty());
        assert_eq!(own.of_table("PDB1.HR.ERR").len(), 1, "a MAP for exceptions moves no changes of its own");
    }
}
