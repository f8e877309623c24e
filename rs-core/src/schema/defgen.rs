//! Definitions files, as the `DEFGEN` utility writes them.
//!
//! Forms SEEN in real files: versions 2.0 (19 fields per column), 4.0 and 5.0 (24 fields), each with a first line
//! `*+- Defgen version N, Encoding E` and facts about the database; and the older form that has neither. The field list at
//! the top is a comment, but gives the number of fields in a column line. Without it, the column line determines the number.

use crate::error::{Error, ErrorKind, Result};
use crate::schema::table::{ColumnDef, SourceFacts, TableDef};
use crate::text::Charset;

/// Fields of a column after its name, in version 2.0.
const FIELDS: usize = 18;
/// Fields of a column without the sub data type, which then is 0.
const FIELDS_OLD: usize = 17;
/// Fields of a column after its name, from version 4.0 on.
const FIELDS_NEW: usize = 23;

pub(super) fn parse(bytes: &[u8]) -> Result<Vec<TableDef>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let encoding = file_encoding(bytes);
    let mut facts = DatabaseFacts::default();
    let mut tables = Vec::new();
    let mut open: Option<OpenTable> = None;
    let mut number = 0;
    for line in bytes.split(|&byte| byte == b'\n') {
        number += 1;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = encoding.decode(line).ok_or_else(|| at_line(number, "is not valid in the encoding of the file"))?;
        // Blanks around the line are ignored; names with blanks are quoted.
        let line = line.trim();
        if let Some(comment) = line.strip_prefix('*') {
            facts.listed_field(comment);
            continue;
        }
        if line.is_empty() {
            continue;
        }
        match &mut open {
            Some(table) if line.eq_ignore_ascii_case("End of definition") => {
                tables
                    .push(table.finish().ok_or_else(|| at_line(number, "ends a table with fewer or more columns than stated"))?);
                open = None;
            }
            Some(table) => table.line(line, &facts).ok_or_else(|| at_line(number, "is not a known form of column line"))?,
            None => match value_of(line, "Definition for table ") {
                Some(name) => open = Some(OpenTable { name: name.to_owned(), ..OpenTable::default() }),
                None => facts.line(line),
            },
        }
    }
    match open {
        Some(_) => Err(at_line(number, "ends the file inside a table definition")),
        None if tables.is_empty() => {
            Err(Error::new(ErrorKind::Definitions, "no table definition in the file").hint("pass a file written by DEFGEN"))
        }
        None => Ok(tables),
    }
}

fn at_line(number: usize, what: &str) -> Error {
    Error::new(ErrorKind::Definitions, format!("line {number} {what}"))
}

/// Returns the encoding that the first line states, or UTF-8.
fn file_encoding(bytes: &[u8]) -> Charset {
    let first = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let stated = std::str::from_utf8(first).ok().and_then(|line| line.split_once("Encoding ")).map(|(_, name)| name.trim());
    match stated.map(Charset::from_name) {
        Some(charset) if charset.decode(b"*").is_some() => charset,
        // Unknown or not stated: most such files are ASCII, which is valid UTF-8.
        _ => Charset::UTF_8,
    }
}

/// Returns the rest of a line that starts with these words, in any case.
fn value_of<'a>(line: &'a str, words: &str) -> Option<&'a str> {
    let (start, rest) = line.split_at_checked(words.len())?;
    start.eq_ignore_ascii_case(words).then(|| rest.trim())
}

/// Facts about the database that the columns of a table inherit.
#[derive(Default)]
struct DatabaseFacts {
    charset: Option<Charset>,
    /// Number of fields of a column, including its name, according to the list at the top.
    fields: Option<usize>,
}

impl DatabaseFacts {
    /// Reads a line of the field list: a number and a name.
    fn listed_field(&mut self, comment: &str) {
        let mut words = comment.split_ascii_whitespace();
        let number = words.next().and_then(|word| word.parse::<usize>().ok());
        if let (Some(number), Some(_)) = (number, words.next()) {
            if number == self.fields.unwrap_or(0) + 1 {
                self.fields = Some(number);
            }
        }
    }

    fn line(&mut self, line: &str) {
        if let Some(name) = value_of(line, "Character set ID:") {
            self.charset = Some(Charset::from_name(name));
        }
    }
}

#[derive(Default)]
struct OpenTable {
    name: String,
    stated_columns: Option<usize>,
    columns: Vec<ColumnDef>,
}

impl OpenTable {
    fn line(&mut self, line: &str, facts: &DatabaseFacts) -> Option<()> {
        if let Some(count) = value_of(line, "Columns:") {
            self.stated_columns = Some(count.parse().ok()?);
        } else if self.stated_columns.is_some() {
            self.columns.push(column(line, facts)?);
        }
        // Lines before the columns ("Record length", "Syskey", later additions) are not needed.
        Some(())
    }

    fn finish(&mut self) -> Option<TableDef> {
        let complete = self.stated_columns == Some(self.columns.len());
        complete.then(|| TableDef::new(std::mem::take(&mut self.name), std::mem::take(&mut self.columns)))
    }
}

/// The fields of a column, as the list at the top of a file names them.
const FIELD_NAMES: [&str; FIELDS_NEW + 1] = [
    "Name",
    "Data Type",
    "External Length",
    "Fetch Offset",
    "Scale",
    "Level",
    "Null",
    "Bump if Odd",
    "Internal Length",
    "Binary Length",
    "Table Length",
    "Most Significant DT",
    "Least Significant DT",
    "High Precision",
    "Low Precision",
    "Elementary Item",
    "Occurs",
    "Key Column",
    "Sub Data Type",
    "Native Data Type",
    "Character Set",
    "Character Length",
    "LOB Type",
    "Partial Type",
];

/// Writes definitions in the form of version 4.0. Fields that a definition does not have are 0; "Elementary Item" is 1, as in real
/// files.
pub(super) fn write(tables: &[&TableDef]) -> Result<String> {
    let mut text = "*+- Defgen version 4.0, Encoding UTF-8\n*\n* Written by trailcore\n*\n".to_owned();
    for (index, name) in FIELD_NAMES.iter().enumerate() {
        text += &format!("* {:>5}    {name}\n", index + 1);
    }
    text += "*\n";
    let charset = common_charset(tables);
    if let Some(charset) = charset {
        text += &format!("Character set ID: {charset}\n*\n");
    }
    for table in tables {
        let name = table.name();
        if name.trim() != name || name.is_empty() || name.contains(char::is_control) {
            return Err(unwritable(format!("the table name {name:?}")));
        }
        let length = table.columns().iter().map(|column| u64::from(column.table_length)).sum::<u64>();
        text += &format!("Definition for table {name}\nRecord length: {length}\nSyskey: 0\nColumns: {}\n", table.columns().len());
        for column in table.columns() {
            write_column(column, charset, name, &mut text)?;
        }
        text += "End of definition\n*\n";
    }
    Ok(text)
}

fn unwritable(what: String) -> Error {
    Error::new(ErrorKind::Unencodable, format!("{what} has no form in a definitions file"))
}

/// Returns the character set of the first column, as that of the database, if all columns can refer to it or have a number.
fn common_charset(tables: &[&TableDef]) -> Option<Charset> {
    let mut sets = tables.iter().flat_map(|table| table.columns()).map(|column| column.charset);
    let first = sets.clone().find(|set| set.id().is_none()).or_else(|| sets.clone().next())?;
    let is_readable = first.is_stated() && Charset::from_name(&first.to_string()) == first;
    (is_readable && sets.all(|set| set.is_stated())).then_some(first)
}

fn write_column(column: &ColumnDef, database: Option<Charset>, table: &str, text: &mut String) -> Result<()> {
    let name = &*column.name;
    if name.contains(char::is_control) || name.is_empty() {
        return Err(unwritable(format!("the column name {name:?} of {table}")));
    }
    let charset = match column.charset {
        own if Some(own) == database || !own.is_stated() => -1,
        own => own.id().ok_or_else(|| unwritable(format!("the character set of column {name} of {table}")))?,
    };
    let is_plain = name.chars().all(|character| character.is_ascii_alphanumeric() || "_$#".contains(character));
    let quoted = if is_plain { name.to_owned() } else { format!("\"{name}\"") };
    let null = u8::from(column.facts.nullable.unwrap_or(!column.key));
    let (native, characters) = (column.facts.native_type.unwrap_or(0), column.facts.character_length.unwrap_or(0));
    let ColumnDef { data_type, external_length, fetch_offset, scale, internal_length, binary_length, table_length, .. } = column;
    let ColumnDef { most_significant, least_significant, sub_type, .. } = column;
    *text +=
        &format!("{quoted} {data_type} {external_length} {fetch_offset} {scale} 0 {null} 0 {internal_length} {binary_length} ");
    *text += &format!("{table_length} {most_significant} {least_significant} 0 0 1 0 {} {sub_type} ", u8::from(column.key));
    *text += &format!("{native} {charset} {characters} 0 0\n");
    Ok(())
}

/// Parses a column line: a name and numbers, separated by blanks. A name with blanks is in double quotes, or is everything to
/// the left of the numbers.
fn column(line: &str, facts: &DatabaseFacts) -> Option<ColumnDef> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let is_number = |word: &&&str| word.parse::<i64>().is_ok();
    let numbers = words.iter().rev().take_while(is_number).count();
    let numbers = numbers.min(words.len().saturating_sub(1));
    let fields = match facts.fields.map(|listed| listed - 1) {
        // Any other number of fields is an unknown form.
        Some(listed) if ![FIELDS_OLD, FIELDS, FIELDS_NEW].contains(&listed) || numbers < listed => return None,
        Some(listed) => listed,
        None if numbers >= FIELDS_NEW => FIELDS_NEW,
        None if numbers >= FIELDS => FIELDS,
        None if numbers == FIELDS_OLD => FIELDS_OLD,
        None => return None,
    };
    let (_, values) = words.split_at_checked(words.len() - fields)?;
    let first_value = values.first()?;
    let name_end = first_value.as_ptr() as usize - line.as_ptr() as usize;
    let name = line.get(..name_end)?.trim_end();
    let name = name.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(name);

    // Fields are numbered as in the list at the top of the file, where the name is 1.
    let field = |number: usize| values.get(number - 2)?.parse::<i64>().ok();
    let word = |number: usize| field(number).and_then(|value| u32::try_from(value).ok());
    let short = |number: usize| field(number).and_then(|value| u16::try_from(value).ok());
    let own = field(21).map_or(Charset::UNSTATED, |id| i32::try_from(id).map_or(Charset::UNSTATED, Charset::from_id));
    Some(ColumnDef {
        name: name.into(),
        data_type: short(2)?,
        external_length: word(3)?,
        fetch_offset: word(4)?,
        scale: i16::try_from(field(5)?).ok()?,
        internal_length: word(9)?,
        binary_length: word(10)?,
        table_length: word(11)?,
        most_significant: short(12)?,
        least_significant: short(13)?,
        key: field(18)? != 0,
        sub_type: if fields == FIELDS_OLD { 0 } else { short(19)? },
        charset: own.or(facts.charset.unwrap_or(Charset::UNSTATED)),
        facts: SourceFacts {
            nullable: Some(field(7)? != 0),
            native_type: short(20),
            character_length: word(22),
            own_charset: own.is_stated(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OLD: &str = "*\n* Definitions created/modified  2010-01-01 00:00\n*\nDefinition for table HR.COUNTRIES\nRecord length: 108\nSyskey: 0\nColumns: 2\n\
        COUNTRY ID      0      2        0  0  0 1 0      2      2      0 0 0 0 0 1    0 1   0\n\
        \"NAME 1\"   64     40        6  0  0 1 0     40     40      0 0 0 0 0 1    0 0   0\nEnd of definition\n";

    #[test]
    fn form_without_a_version() {
        let tables = parse(OLD.as_bytes()).unwrap();
        let names: Vec<_> = tables[0].columns().iter().map(|column| &*column.name).collect();
        assert_eq!(names, ["COUNTRY ID", "NAME 1"]);
        assert!(tables[0].columns()[0].key);
    }

    #[test]
    fn errors_name_the_line() {
        let wrong = OLD.replace("Columns: 2", "Columns: 3");
        assert!(parse(wrong.as_bytes()).unwrap_err().to_string().contains("line 10"));
        let cut = OLD.replace("End of definition\n", "");
        assert_eq!(parse(cut.as_bytes()).unwrap_err().kind(), ErrorKind::Definitions);
        assert!(parse(b"").is_err());
        let bad = OLD.replace("0 1   0\n", "0 x   0\n");
        assert!(parse(bad.as_bytes()).unwrap_err().to_string().contains("line 8"));
    }

    #[test]
    fn field_list_sets_the_number_of_fields() {
        let list: String = (1..=19).map(|number| format!("*    {number}    Field\n")).collect();
        let tables = parse(format!("{list}{OLD}").replace("COUNTRY ID", "COUNTRY 5").as_bytes()).unwrap();
        assert_eq!(&*tables[0].columns()[0].name, "COUNTRY 5");
        let longer = format!("{list}*    20    Field\n{OLD}");
        assert!(parse(longer.as_bytes()).is_err(), "an unknown form is rejected");
    }

    fn any_column() -> impl Strategy<Value = ColumnDef> {
        let set = prop_oneof![Just(Charset::UTF_8), Just(Charset::from_name("GBK")), Just(Charset::from_name("windows-1252"))];
        let numbers = (any::<[u16; 4]>(), any::<[u32; 5]>(), any::<i16>(), any::<bool>());
        ("[A-Za-z0-9 *:.\\-人]{1,12}", numbers, set).prop_map(|(name, (short, long, scale, key), charset)| {
            let column = ColumnDef::new(name, short[0], short[1], long[0]).in_charset(charset);
            ColumnDef {
                internal_length: long[1],
                binary_length: long[2],
                table_length: long[3],
                fetch_offset: long[4],
                most_significant: short[2],
                least_significant: short[3],
                scale,
                key,
                ..column
            }
        })
    }

    proptest! {
        #[test]
        fn written_definitions_are_read_back(columns in proptest::collection::vec(any_column(), 1..6), name in "[A-Z]{1,5}\\.[A-Z 人]{0,5}[A-Z]") {
            let tables = [TableDef::new(name, columns), TableDef::new("A.EMPTY", Vec::new())];
            let text = write(&tables.iter().collect::<Vec<_>>()).unwrap();
            prop_assert_eq!(parse(text.as_bytes()).unwrap(), tables);
        }
    }

    #[test]
    fn names_without_a_form_are_refused() {
        let with = |table: &str, column: &str| write(&[&TableDef::new(table, vec![ColumnDef::integer(column, 0)])]);
        assert!(with("A.B", "X \"Y\"").is_ok());
        for (table, column) in [("A.B\n", "X"), ("", "X"), ("A.B", "X\nY"), ("A.B", "")] {
            assert_eq!(with(table, column).unwrap_err().kind(), ErrorKind::Unencodable);
        }
        let unstated =
            TableDef::new("A.B", vec![ColumnDef::varchar("X", 3).in_charset(Charset::UNSTATED), ColumnDef::varchar("Y", 3)]);
        let text = write(&[&unstated]).unwrap();
        assert_eq!(parse(text.as_bytes()).unwrap(), [unstated]);
    }

    #[test]
    fn stated_encoding_and_charset() {
        let text =
            format!("*+- Defgen version 2.0, Encoding GBK\nCharacter set ID: ZHS16GBK\n{OLD}").replace("COUNTRY ID", "国家");
        let bytes = Charset::from_name("GBK").encode(&text).unwrap().into_owned();
        let tables = parse(&bytes).unwrap();
        assert_eq!(&*tables[0].columns()[0].name, "国家");
        assert_eq!(tables[0].columns()[0].charset, Charset::from_name("GBK"));
    }
}
