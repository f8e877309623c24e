//! Definitions as CREATE TABLE statements.

use crate::schema::table::{ColumnDef, Kind, TableDef};
use crate::text::Charset;

/// The maximum length of VARCHAR2 in bytes, without extended types.
const MAX_VARCHAR: u32 = 4000;
/// The maximum length of RAW and CHAR in bytes.
const MAX_RAW: u32 = 2000;

impl TableDef {
    /// Returns a CREATE TABLE statement in Oracle's dialect, as far as the definition allows: a trail has neither the declared
    /// precision of most numbers, nor constraints other than the key, nor defaults. Comments mark what is not known. A column of an
    /// unknown type is a comment.
    ///
    /// ```
    /// use trailcore::TableDef;
    /// use trailcore::schema::ColumnDef;
    /// let table = TableDef::new("HR.DEPT", vec![ColumnDef::integer("DEPTNO", 0).key(), ColumnDef::varchar("Dname", 14)]);
    /// let expected = "CREATE TABLE HR.DEPT (\n  DEPTNO NUMBER(18,0),\n  \"Dname\" VARCHAR2(14 BYTE),\n  PRIMARY KEY (DEPTNO)\n);\n";
    /// assert_eq!(table.to_ddl(), expected);
    /// ```
    #[must_use]
    pub fn to_ddl(&self) -> String {
        let name: Vec<_> = self.name().rsplitn(3, '.').collect();
        let owner_and_name: Vec<_> = name.iter().take(2).rev().map(|part| identifier(part)).collect();
        let mut text = String::new();
        if let Some(container) = name.get(2) {
            text += &format!("-- container {}\n", in_comment(container));
        }
        if !self.is_defined() {
            return format!("{text}-- {}: the trail does not define it\n", in_comment(self.name()));
        }
        text += &format!("CREATE TABLE {} (\n", owner_and_name.join("."));
        let mut lines = Vec::new();
        let mut comments = Vec::new();
        for column in self.columns() {
            match type_of(column) {
                Some((name, comment)) => {
                    let null = if column.facts.nullable == Some(false) { " NOT NULL" } else { "" };
                    lines.push((format!("{} {name}{null}", identifier(&column.name)), comment));
                }
                None => comments.push(format!(
                    "  -- {}: unknown type {}, sub type {}, {} bytes\n",
                    in_comment(&column.name),
                    column.data_type,
                    column.sub_type,
                    column.external_length
                )),
            }
        }
        let key: Vec<_> = self.key().map(|column| identifier(&column.name)).collect();
        let unknown_key = self.key().any(|column| type_of(column).is_none());
        if !key.is_empty() && !unknown_key {
            // A table without a key has all its columns as the key.
            let is_all = key.len() == self.columns().len() && key.len() > 1;
            let comment = is_all.then_some("all columns: the table may have no key");
            lines.push((format!("PRIMARY KEY ({})", key.join(", ")), comment));
        }
        let last = lines.len().saturating_sub(1);
        for (index, (line, comment)) in lines.iter().enumerate() {
            let comma = if index < last { "," } else { "" };
            let comment = comment.map(|comment| format!(" -- {comment}")).unwrap_or_default();
            text += &format!("  {line}{comma}{comment}\n");
        }
        text.extend(comments);
        text + ");\n"
    }
}

/// Returns the type of a column with a comment on what is not known; `None` for an unknown type.
fn type_of(column: &ColumnDef) -> Option<(String, Option<&'static str>)> {
    let length = column.external_length;
    Some(match column.kind() {
        Kind::Text { prefixed } if column.text_charset() == Charset::UTF_16BE => {
            let name = if prefixed { "NVARCHAR2" } else { "NCHAR" };
            if length > MAX_VARCHAR {
                ("NCLOB".to_owned(), Some("or a long text"))
            } else {
                (format!("{name}({})", length.div_ceil(2).max(1)), None)
            }
        }
        Kind::Text { prefixed: true } if length > MAX_VARCHAR => ("CLOB".to_owned(), Some("or a long text")),
        Kind::Text { prefixed: true } => (format!("VARCHAR2({} BYTE)", length.max(1)), None),
        Kind::Text { prefixed: false } if length > MAX_RAW => ("CLOB".to_owned(), Some("or a long text")),
        Kind::Text { prefixed: false } => (format!("CHAR({} BYTE)", length.max(1)), None),
        Kind::NumberText { .. } => match column.declared_scale() {
            Some(scale) => (format!("NUMBER(38,{scale})"), Some("the precision is not in the trail")),
            None => ("NUMBER".to_owned(), None),
        },
        Kind::Binary { .. } if length > MAX_RAW => ("BLOB".to_owned(), Some("or a long RAW")),
        Kind::Binary { .. } => (format!("RAW({})", length.max(1)), None),
        Kind::Integer { width, .. } => {
            let digits = match width {
                2 => 5,
                4 => 10,
                _ => 18,
            };
            (format!("NUMBER({},{})", digits.max(column.scale), column.scale), None)
        }
        // DATE has 19 characters, TIMESTAMP a point and digits more.
        Kind::DateTime => match length.checked_sub(20).filter(|digits| (1..=9).contains(digits)) {
            Some(digits) => (format!("TIMESTAMP({digits})"), None),
            None => ("DATE".to_owned(), None),
        },
        Kind::Opaque => return None,
    })
}

/// Returns a name as an identifier, in double quotes unless it is plain.
fn identifier(name: &str) -> String {
    let mut characters = name.chars();
    let starts_plain = characters.next().is_some_and(|first| first.is_ascii_uppercase());
    if starts_plain && characters.all(|rest| rest.is_ascii_uppercase() || rest.is_ascii_digit() || "_$#".contains(rest)) {
        return name.to_owned();
    }
    format!("\"{}\"", in_comment(name).replace('"', "\"\""))
}

/// Returns a text on one line.
fn in_comment(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '?' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_and_what_is_not_known() {
        let fixed = ColumnDef::new("FIX", 64, 3, 20);
        let columns = vec![
            ColumnDef::number("N").key(),
            ColumnDef { scale: 2, ..fixed },
            ColumnDef::integer("I", 2),
            ColumnDef::char("C", 3),
            ColumnDef::datetime("D", 0),
            ColumnDef::datetime("T", 6),
            ColumnDef::binary("B", 16),
            ColumnDef::varchar("LONG", 100_000),
            ColumnDef::new("U\nX", 64, 1, 20),
            ColumnDef::new("ODD", 77, 3, 20),
        ];
        let expected = "-- container PDB\nCREATE TABLE HR.\"Emp \"\"x\"\"\" (\n  N NUMBER,\n  FIX NUMBER(38,2), -- the precision is not in the trail\n  \
            I NUMBER(18,2),\n  C CHAR(3 BYTE),\n  D DATE,\n  T TIMESTAMP(6),\n  B RAW(16),\n  LONG CLOB, -- or a long text\n  \
            \"U?X\" NVARCHAR2(10),\n  PRIMARY KEY (N)\n  -- ODD: unknown type 77, sub type 3, 20 bytes\n);\n";
        assert_eq!(TableDef::new("PDB.HR.Emp \"x\"", columns).to_ddl(), expected);
        assert_eq!(TableDef::undefined("A.B").to_ddl(), "-- A.B: the trail does not define it\n");
    }
}
