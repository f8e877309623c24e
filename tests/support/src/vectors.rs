//! Compares vector files with the values that trailcore reads from their bytes.
//!
//! Each member of a file is checked on its own; unknown members are ignored. Fields that a dump blanked (the table's name or
//! index in a record header) are not compared.

// A member that a JSON value does not have reads as null; nothing is indexed by number.
#![allow(clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde_json::Value;
use trailcore::schema::Catalog;
use trailcore::trail::image::{ColumnSpans, Images};
use trailcore::trail::metadata::{DatabaseRecord, MetadataKind, TableRecord};
use trailcore::trail::{
    ByteOrder, FileHeader, Record, RecordHeader, RecordType, TableRef, Token, Tokens, encode::RecordParts, tokens,
};
use trailcore::{TableDef, Timestamp, Trail};
use trailcore_samples::plain::{PlainChange, PlainImage, PlainValue};

/// The result of a file's check.
#[derive(Debug)]
pub enum Verdict {
    /// This many values were compared, and are equal.
    Ok(usize),
    /// These differ.
    Differs(Vec<String>),
    /// There is nothing to compare; the reason.
    NoBytes,
}

impl Verdict {
    /// Returns `true` if values were compared and all are equal.
    pub fn is_ok(&self) -> bool {
        matches!(self, Self::Ok(_))
    }

    /// Returns `true` if something differs.
    pub fn differs(&self) -> bool {
        matches!(self, Self::Differs(_))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok(compared) => write!(f, "ok ({compared} compared)"),
            Self::Differs(what) => write!(f, "differs: {}", what.join("; ")),
            Self::NoBytes => f.write_str("no bytes"),
        }
    }
}

/// Checks every `.json` file of a folder, in the order of the names.
pub fn folder(path: &Path) -> Result<Vec<(String, Verdict)>, String> {
    let mut vectors = BTreeMap::new();
    let entries = std::fs::read_dir(path).map_err(|error| format!("{}: {error}", path.display()))?;
    for entry in entries {
        let path = entry.map_err(|error| error.to_string())?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let text = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            vectors.insert(name, serde_json::from_slice::<Value>(&text).map_err(|error| error.to_string()));
        }
    }
    let groups = Groups::of(vectors.values().filter_map(|vector| vector.as_ref().ok()));
    Ok(vectors
        .into_iter()
        .map(|(name, vector)| (name, vector.map_or_else(|error| Verdict::Differs(vec![error]), |vector| check(&vector, &groups))))
        .collect())
}

/// The common facts of the files of one trail: table definitions by name and by index.
#[derive(Default)]
struct Groups {
    headers: BTreeMap<String, Vec<u8>>,
    records: BTreeMap<String, BTreeMap<u64, Vec<u8>>>,
}

impl Groups {
    fn of<'a>(vectors: impl Iterator<Item = &'a Value>) -> Self {
        let mut groups = Self::default();
        for vector in vectors {
            let (Some(group), Some(bytes), Some(rba)) =
                (text(vector, "trail_group"), hex_of(vector, "record_hex"), vector["rba"].as_u64())
            else {
                continue;
            };
            if bytes.first() == Some(&b'F') {
                groups.headers.insert(group.to_owned(), bytes);
            } else if is_exact(vector) {
                groups.records.entry(group.to_owned()).or_default().insert(rba, bytes);
            }
        }
        groups
    }

    /// Returns the only change of a record, read from a trail of its group's header, the definitions before it, and the record.
    fn change(&self, group: &str, rba: u64) -> Option<PlainChange> {
        // The records can be read without a header, too.
        let mut bytes = self.headers.get(group).cloned().unwrap_or_default();
        let records = self.records.get(group)?;
        for (_, record) in records.range(..rba).filter(|(_, record)| is_metadata(record)) {
            bytes.extend_from_slice(record);
        }
        bytes.extend_from_slice(records.get(&rba)?);
        let mut reader = Trail::from_bytes(bytes).reader().ok()?;
        let line = reader.next().ok()??.to_json().ok()?;
        PlainChange::from_json(&line).ok()
    }
}

fn is_metadata(record: &[u8]) -> bool {
    let order = trailcore::trail::detect_byte_order(record);
    order.and_then(|order| Record::parse(record, order).ok()).is_some_and(|record| record.record_type() == RecordType::METADATA)
}

fn is_exact(vector: &Value) -> bool {
    vector["exact"].as_bool() == Some(true)
}

fn text<'a>(vector: &'a Value, name: &str) -> Option<&'a str> {
    vector[name].as_str()
}

fn hex_of(vector: &Value, name: &str) -> Option<Vec<u8>> {
    unhex(vector[name].as_str()?)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    digits
        .chunks(2)
        .map(|pair| match *pair {
            [high, low] => Some(digit(high)? << 4 | digit(low)?),
            _ => None,
        })
        .collect()
}

/// Collects the number of comparisons, and the differences.
struct Findings {
    compared: usize,
    differences: Vec<String>,
}

impl Findings {
    fn same<T: PartialEq + fmt::Debug>(&mut self, what: &str, got: T, expected: T) {
        self.compared += 1;
        if got != expected {
            self.differences.push(format!("{what} is {got:?}, expected {expected:?}"));
        }
    }

    fn fails(&mut self, what: &str, why: impl fmt::Display) {
        self.compared += 1;
        self.differences.push(format!("{what}: {why}"));
    }

    fn verdict(self) -> Verdict {
        match (self.compared, self.differences) {
            (_, differences) if !differences.is_empty() => Verdict::Differs(differences),
            (0, _) => Verdict::NoBytes,
            (compared, _) => Verdict::Ok(compared),
        }
    }
}

fn check(vector: &Value, groups: &Groups) -> Verdict {
    let mut found = Findings { compared: 0, differences: Vec::new() };
    for (name, value) in vector.as_object().into_iter().flatten() {
        if let (true, Some(text)) = (name.ends_with("_hex"), value.as_str()) {
            if unhex(text).is_none() {
                found.fails(name, "is not hexadecimal");
            }
        }
    }
    let order = match text(vector, "endianness") {
        Some("big") => Some(ByteOrder::Big),
        Some("little") => Some(ByteOrder::Little),
        _ => hex_of(vector, "record_hex").and_then(|bytes| trailcore::trail::detect_byte_order(&bytes)),
    };
    check_chain(vector, &mut found);
    if let Some(order) = order {
        check_record(vector, order, &mut found);
        check_header(vector, order, &mut found);
        check_data(vector, order, &mut found);
        check_tokens(vector, order, &mut found);
        check_definition(vector, order, &mut found);
        check_file_header(vector, order, &mut found);
    }
    check_text_definition(vector, &mut found);
    check_output(vector, groups, &mut found);
    found.verdict()
}

/// Compares the whole record: framing, areas, and the record when it is written again.
fn check_record(vector: &Value, order: ByteOrder, found: &mut Findings) {
    let Some(bytes) = hex_of(vector, "record_hex") else { return };
    let record = match Record::parse(&bytes, order) {
        Ok(record) => record,
        Err(fault) => return found.fails("record_hex", fault),
    };
    found.same("byte order", trailcore::trail::detect_byte_order(&bytes), Some(order));
    found.same("record length", record.bytes().len(), bytes.len());
    if let Some(length) = vector["record_length"].as_u64() {
        found.same("record_length", record.bytes().len() as u64, length);
    }
    if let Some(next) = vector["next_rba"].as_u64().or(vector["next_rba_printed"].as_u64()) {
        found.same("next RBA", vector["rba"].as_u64().unwrap_or(0) + record.bytes().len() as u64, next);
    }
    if record.is_file_header() {
        match FileHeader::parse(&record) {
            Ok(header) => {
                let mut again = Vec::new();
                let written = header.encode(&mut again);
                found.same("file header written again", written.map(|()| again), Ok(bytes.clone()));
                check_header_facts(vector, &header, found);
            }
            Err(fault) => found.fails("file header", fault),
        }
        return;
    }
    if let Some(listed) = vector["record_tokens"].as_array() {
        let inner: Vec<_> =
            record.areas().map(|token| (char::from(token.id), u64::from(token.info), token.body.len() as u64)).collect();
        let expected: Vec<_> = listed
            .iter()
            .map(|token| {
                (
                    text(token, "id").and_then(|id| id.chars().next()).unwrap_or('?'),
                    token["info"].as_u64().unwrap_or(0),
                    token["length"].as_u64().unwrap_or(0),
                )
            })
            .filter(|(id, ..)| !matches!(id, 'G' | 'Z'))
            .collect();
        found.same("areas", inner, expected);
    }
    let mut again = Vec::new();
    let written = RecordParts::of(&record).and_then(|parts| parts.encode(order, &mut again));
    found.same("record written again", written.map(|()| again), Ok(bytes.clone()));
    match record.header() {
        // The name or index after offset 34 is blank if the bytes are not those of the file.
        Ok(header) => check_header_fields(vector, &header, order, is_exact(vector), found),
        Err(fault) => found.fails("record header", fault),
    }
    if record.record_type() == RecordType::METADATA {
        check_metadata(vector, &record, order, found);
    } else {
        check_images(vector, &record, found);
    }
}

fn check_header(vector: &Value, order: ByteOrder, found: &mut Findings) {
    let Some(bytes) = hex_of(vector, "ghdr_hex") else { return };
    if vector["ghdr_complete"].as_bool() == Some(false) {
        return;
    }
    match RecordHeader::parse(&bytes, order) {
        Ok(header) => {
            check_header_fields(vector, &header, order, false, found);
            let mut again = Vec::new();
            found.same("header written again", header.encode(order, &mut again).map(|()| again), Ok(bytes));
        }
        Err(fault) => found.fails("ghdr_hex", fault),
    }
}

fn check_header_fields(vector: &Value, header: &RecordHeader<'_>, order: ByteOrder, named: bool, found: &mut Findings) {
    let decoded = &vector["decoded"];
    let (ddr_index, tdr_index) = header.metadata_indexes(order);
    let metadata = header.record_type == RecordType::METADATA;
    let numbers = [
        ("Hdr-Ind", u64::from(header.indicator)),
        ("Partition", u64::from(header.partition)),
        ("UndoFlag", u64::from(header.undo)),
        ("BeforeAfter", u64::from(header.before_after)),
        ("RecLength", u64::from(header.record_length)),
        ("IOType", u64::from(header.record_type.0)),
        ("OrigNode", u64::from(header.orig_node)),
        ("AuditPos", header.audit_pos),
        ("TransInd", u64::from(header.transaction.byte())),
        ("FormatType", u64::from(header.format_type)),
        ("SyskeyLen", u64::from(header.syskey_len)),
        ("Incomplete", u64::from(header.incomplete)),
        ("Continued", u64::from(header.continued)),
        ("RecCount", u64::from(header.record_count)),
    ];
    for (name, got) in numbers {
        if let Some(expected) = decoded[name].as_u64() {
            found.same(name, got, expected);
        }
    }
    if let Some(expected) = decoded["AuditRBA"].as_u64() {
        found.same("AuditRBA", u64::from(header.audit_rba), expected);
    }
    if metadata {
        if let Some(expected) = decoded["DDRIndex"].as_u64() {
            found.same("DDRIndex", u64::from(ddr_index), expected);
        }
        if let Some(expected) = decoded["TDRIndex"].as_u64() {
            found.same("TDRIndex", u64::from(tdr_index), expected);
        }
    }
    if let Some(expected) = text(decoded, "RecType") {
        found.same("RecType", header.record_type.to_string().as_str(), expected);
    }
    for name in ["IOTime", "Time"] {
        // If both are printed and differ, the header has the first.
        if name == "Time" && decoded["IOTime"].is_string() {
            continue;
        }
        if let Some(printed) = text(decoded, name) {
            check_time(name, printed, header.time, vector["logdump_tz_offset_hours"].as_f64(), found);
        }
    }
    if let Some(name) = text(decoded, "NameInHeader") {
        found.same("NameInHeader", header.table, TableRef::Name(name.as_bytes()));
    }
    if named && !metadata {
        match (header.table, decoded["TDRIndex"].as_u64(), text(decoded, "Name")) {
            (TableRef::Index(index), Some(expected), _) => found.same("TDRIndex", u64::from(index), expected),
            (TableRef::Name(name), _, Some(expected)) => found.same("Name", String::from_utf8_lossy(name).as_ref(), expected),
            _ => {}
        }
    }
}

/// Compares a printed time, which is the local time of the dumping host. It differs by the offset of the host, or if that is
/// unknown, by a multiple of a quarter of an hour, like all time zones.
fn check_time(what: &str, printed: &str, time: Timestamp, offset: Option<f64>, found: &mut Findings) {
    // YYYY/MM/DD HH:MI:SS.mmm.uuu
    let digits: String = printed.chars().filter(char::is_ascii_digit).collect();
    let part = |range: std::ops::Range<usize>| digits.get(range).unwrap_or_default();
    let fraction = Some(part(14..digits.len().min(20))).filter(|fraction| !fraction.is_empty()).unwrap_or("0");
    let iso =
        format!("{}-{}-{}T{}:{}:{}.{fraction}", part(0..4), part(4..6), part(6..8), part(8..10), part(10..12), part(12..14));
    let Ok(local) = iso.parse::<Timestamp>() else { return found.fails(what, format!("the printed time {printed:?} is none")) };
    let apart = local.unix_micros() - time.unix_micros();
    match offset {
        Some(hours) => found.same(what, apart, (hours * 3_600_000_000.0) as i64),
        None => found.same(&format!("{what} modulo a quarter of an hour"), apart % 900_000_000, 0),
    }
}

/// Compares the images of a whole record with the columns that the file lists, part by part.
fn check_images(vector: &Value, record: &Record<'_>, found: &mut Findings) {
    let images = match Images::of(record) {
        Ok(images) => images,
        Err(fault) => return found.fails("images", fault),
    };
    let mut spans = Vec::new();
    for (part, list) in [("before", images.before), ("after", images.after)] {
        for span in ColumnSpans::new(list.unwrap_or_default(), record.byte_order()) {
            match span {
                Ok(span) => spans.push((part, span.index, span.bytes.to_vec())),
                Err(fault) => return found.fails(part, fault),
            }
        }
    }
    compare_columns(vector, "record", &spans, found);
}

/// Compares spans with the listed columns; a part that the file calls `image` or `key` may be either.
fn compare_columns(vector: &Value, what: &str, spans: &[(&str, u16, Vec<u8>)], found: &mut Findings) {
    let Some(listed) = vector["columns"].as_array() else { return };
    if vector["data_complete"].as_bool() != Some(false) {
        found.same(&format!("{what}: number of columns"), spans.len(), listed.len());
    }
    for (column, (part, index, bytes)) in listed.iter().zip(spans) {
        let expected_part = match text(column, "part") {
            Some("key") => "before",
            Some("before") => "before",
            Some("after") => "after",
            _ => part,
        };
        if !part.is_empty() {
            found.same(&format!("{what}: part of column {index}"), *part, expected_part);
        }
        found.same(&format!("{what}: index"), Some(u64::from(*index)), column["index"].as_u64());
        if let Some(length) = column["length"].as_u64() {
            found.same(&format!("{what}: length of column {index}"), bytes.len() as u64, length);
        }
        if let Some(hex) = text(column, "hex") {
            found.same(&format!("{what}: column {index}"), Some(bytes.clone()), unhex(hex));
        }
    }
}

/// Compares a data area on its own: its columns, as the record type splits them.
fn check_data(vector: &Value, order: ByteOrder, found: &mut Findings) {
    let Some(data) = hex_of(vector, "data_hex") else { return };
    let complete = vector["data_complete"].as_bool() != Some(false);
    let decoded = &vector["decoded"];
    if let (true, Some(length)) = (complete, decoded["RecLength"].as_u64().or(decoded["Len"].as_u64())) {
        found.same("length of the data", data.len() as u64, length);
    }
    let record_type = decoded["IOType"].as_u64().and_then(|number| u8::try_from(number).ok()).map(RecordType).or_else(|| {
        let name = text(decoded, "RecType")?;
        (0..=u8::MAX).map(RecordType).find(|record_type| record_type.name() == Some(name))
    });
    let list: Vec<&[u8]> = match record_type {
        Some(RecordType::INSERT | RecordType::DELETE | RecordType::FIELD_COMP) => vec![&data],
        Some(RecordType::PK_UPDATE) => match data.split_first_chunk() {
            Some((&[a, b], rest)) => split(
                rest,
                match order {
                    ByteOrder::Big => u16::from_be_bytes([a, b]),
                    ByteOrder::Little => u16::from_le_bytes([a, b]),
                }
                .into(),
            ),
            None => return found.fails("data_hex", "too short for its type"),
        },
        Some(RecordType::UNIFIED_UPDATE | RecordType::UNIFIED_PK_UPDATE) => match data.split_first_chunk() {
            Some((&bytes, rest)) => split(
                rest,
                match order {
                    ByteOrder::Big => u32::from_be_bytes(bytes),
                    ByteOrder::Little => u32::from_le_bytes(bytes),
                } as usize,
            ),
            None => return found.fails("data_hex", "too short for its type"),
        },
        Some(RecordType::DDL) => {
            // Only the start of such texts is known: tags, each with a value in quotes.
            found.same("a statement's text starts with a tag", data.first(), Some(&b','));
            return;
        }
        _ => return,
    };
    let mut spans = Vec::new();
    for list in list {
        for span in ColumnSpans::new(list, order) {
            match span {
                Ok(span) => spans.push(("", span.index, span.bytes.to_vec())),
                // The rest of a truncated image is missing.
                Err(_) if !complete => break,
                Err(fault) => return found.fails("data_hex", fault),
            }
        }
    }
    found.same("data has columns", spans.is_empty(), data.is_empty());
    compare_columns(vector, "data", &spans, found);
}

fn split(lists: &[u8], before: usize) -> Vec<&[u8]> {
    let (before, after) = lists.split_at(before.min(lists.len()));
    vec![before, after]
}

fn check_tokens(vector: &Value, order: ByteOrder, found: &mut Findings) {
    for name in ["tokens_hex", "tokens_hex_reassembled"] {
        let Some(area) = hex_of(vector, name) else { continue };
        let mut parsed = Vec::new();
        for token in tokens::parse(&area, order) {
            match token {
                Ok(token) => parsed.push(token),
                Err(fault) => return found.fails(name, fault),
            }
        }
        found.same(&format!("{name} has tokens"), parsed.is_empty(), area.is_empty());
        let Some(listed) = vector["ggs_tokens"].as_array() else { continue };
        found.same("number of tokens", parsed.len(), listed.len());
        for (token, expected) in parsed.iter().zip(listed) {
            found.same("token id", Some(char::from(token.id()).to_string().as_str()), text(expected, "id"));
            found.same("token name", token.name(), text(expected, "name"));
            found.same("token info", Some(u64::from(token.info())), expected["info"].as_u64());
            found.same("token length", Some(token.body().len() as u64), expected["length"].as_u64());
            found.same("token", Some(token.body().to_vec()), text(expected, "hex").and_then(unhex));
        }
    }
    for fragment in vector["ggstoken_hex_fragments"].as_array().into_iter().flatten() {
        // Parts of an area, truncated anywhere: a complete token header names a known token.
        let Some(&[id, info, a, b]) =
            fragment.as_str().and_then(unhex).as_deref().and_then(|bytes| bytes.first_chunk().copied()).as_ref()
        else {
            continue;
        };
        let length = match order {
            ByteOrder::Big => u16::from_be_bytes([a, b]),
            ByteOrder::Little => u16::from_le_bytes([a, b]),
        };
        let mut token = vec![id, info, a, b];
        token.resize(4 + usize::from(length), b'0');
        if let Some(Ok(token)) =
            tokens::parse(&token, order).next().filter(|token| token.is_ok_and(|token| token.name().is_some()))
        {
            found.same("fragment's length", token.body().len(), usize::from(length));
        }
    }
}

/// Compares a table definition record on its own.
fn check_definition(vector: &Value, order: ByteOrder, found: &mut Findings) {
    let Some(bytes) = hex_of(vector, "tdr_hex") else { return };
    match TableRecord::parse(&bytes, order) {
        Ok(table) => {
            let mut again = Vec::new();
            found.same("definition written again", table.encode(order, &mut again).map(|()| again), Ok(bytes));
            compare_definition(vector, &table, found);
        }
        Err(fault) => found.fails("tdr_hex", fault),
    }
}

fn check_metadata(vector: &Value, record: &Record<'_>, order: ByteOrder, found: &mut Findings) {
    let Ok(header) = record.header() else { return };
    match MetadataKind::from_orig_node(header.orig_node) {
        MetadataKind::Database => match DatabaseRecord::parse(record.data(), order) {
            Ok(database) => {
                let mut again = Vec::new();
                found.same(
                    "database definition written again",
                    database.encode(order, &mut again).map(|()| again),
                    Ok(record.data().to_vec()),
                );
            }
            Err(fault) => found.fails("database definition", fault),
        },
        MetadataKind::Table => match TableRecord::parse(record.data(), order) {
            Ok(table) => {
                let mut again = Vec::new();
                found.same(
                    "definition written again",
                    table.encode(order, &mut again).map(|()| again),
                    Ok(record.data().to_vec()),
                );
                compare_definition(vector, &table, found);
            }
            Err(fault) => found.fails("table definition", fault),
        },
        MetadataKind::Reference => found.same("data of a reference", record.data().len(), 0),
        // Kept raw; there is nothing to compare.
        MetadataKind::Unknown(_) => {}
    }
}

fn compare_definition(vector: &Value, table: &TableRecord, found: &mut Findings) {
    let expected = &vector["expected_tdr"];
    if let Some(version) = expected["version"].as_u64() {
        found.same("definition version", u64::from(table.version), version);
    }
    if let Some(keys) = expected["nkeys"].as_u64() {
        found.same("number of key columns", u64::from(table.key_columns), keys);
    }
    if let Some(columns) = expected["columns"].as_array() {
        found.same("number of columns", table.columns.len(), columns.len());
        for (column, expected) in table.columns.iter().zip(columns) {
            let name = String::from_utf8_lossy(&column.name).into_owned();
            let numbers = [
                ("type", i64::from(column.data_type)),
                ("ext", i64::from(column.external_length)),
                ("fetch", i64::from(column.fetch_offset)),
                ("scale", i64::from(column.scale)),
                ("len_a", i64::from(column.internal_length)),
                ("len_c", i64::from(column.binary_length)),
                ("table", i64::from(column.table_length)),
                ("native", i64::from(column.native_type)),
                ("charset", i64::from(column.charset)),
                ("char_length", i64::from(column.character_length)),
                ("key", i64::from(column.flags & 1)),
                ("sub", i64::from(column.sub_type)),
            ];
            for (member, got) in numbers {
                if let Some(expected) = expected[member].as_i64() {
                    found.same(&format!("{member} of column {name}"), got, expected);
                }
            }
            found.same("column name", Some(name.as_str()), text(expected, "name"));
        }
    }
    if let Some(columns) = vector["defgen"].as_array() {
        found.same("number of columns", table.columns.len(), columns.len());
        for (column, expected) in table.columns.iter().zip(columns) {
            let got = [
                i64::from(column.data_type),
                i64::from(column.external_length),
                i64::from(column.fetch_offset),
                i64::from(column.scale),
                i64::from(column.internal_length),
                i64::from(column.binary_length),
                i64::from(column.table_length),
                i64::from(column.most_significant),
                i64::from(column.least_significant),
                i64::from(column.flags & 1),
                i64::from(column.sub_type),
            ];
            let name = String::from_utf8_lossy(&column.name).into_owned();
            found.same("column name", Some(name.as_str()), expected[0].as_str());
            let numbers: Vec<i64> = expected.as_array().into_iter().flatten().skip(1).filter_map(Value::as_i64).collect();
            found.same(&format!("numbers of column {name}"), got.to_vec(), numbers);
        }
    }
}

/// Compares a definition that the dump prints in the form of a definitions file: it must be readable and have the columns of the
/// printed record length, and a record of such a definition must have the printed size.
fn check_text_definition(vector: &Value, found: &mut Findings) {
    let lines: Vec<&str> = vector["metadata_text"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if !lines.iter().any(|line| line.starts_with("Definition for table")) || !lines.contains(&"End of definition") {
        return;
    }
    let start = lines.iter().position(|line| line.starts_with("Definition for table")).unwrap_or(0);
    let definition = lines.get(start..).unwrap_or_default().join("\n");
    let catalog = match Catalog::parse(definition.as_bytes()) {
        Ok(catalog) => catalog,
        Err(error) => return found.fails("metadata_text", error),
    };
    let Some(table) = catalog.tables().next() else { return };
    if let Some(name) = lines.iter().find_map(|line| line.strip_prefix("Table Name: ")) {
        found.same("table name", table.name(), name.split(" (").next().unwrap_or(name));
    }
    // docs/trail-format.md, section 9.2: a record of version 11 has 34 bytes, plus 50 and the length of the name per column.
    let size = |table: &TableDef| 34 + table.columns().iter().map(|column| 50 + column.name.len() as u64).sum::<u64>();
    if let (true, Some(length)) = (lines.contains(&"TDR version: 11"), vector["decoded"]["RecLength"].as_u64()) {
        found.same("size of the definition record", size(table), length);
    }
}

fn check_file_header(vector: &Value, order: ByteOrder, found: &mut Findings) {
    for name in ["fileheader_hex", "fileheader_start_hex"] {
        let Some(bytes) = hex_of(vector, name) else { continue };
        // Truncated: the complete sub-tokens are compared on their own.
        let Some((&[group, info, a, b], rest)) = bytes.split_first_chunk() else { continue };
        let length = match order {
            ByteOrder::Big => u16::from_be_bytes([a, b]),
            ByteOrder::Little => u16::from_le_bytes([a, b]),
        };
        found.same("first group", (group, info), (0x30, 0));
        let tokens: Vec<Token<'_>> =
            Tokens::new(rest.get(..usize::from(length)).unwrap_or(rest), order).filter_map(Result::ok).collect();
        let body = |id| tokens.iter().find(|token| token.id == id).map(|token| token.body);
        found.same("signature", body(0x30), Some(&b"GG\r\nTL\n\r"[..]));
        if let Some(level) = vector["expected_compat"].as_u64() {
            let got = body(0x31).and_then(|body| body.try_into().ok()).map(|bytes: [u8; 2]| match order {
                ByteOrder::Big => u16::from_be_bytes(bytes),
                ByteOrder::Little => u16::from_le_bytes(bytes),
            });
            found.same("compatibility", got.map(u64::from), Some(level));
        }
        if let (Some(printed), Some(time)) = (text(&vector["decoded"], "Time"), body(0x33).and_then(|body| body.try_into().ok()))
        {
            let micros = match order {
                ByteOrder::Big => u64::from_be_bytes(time),
                ByteOrder::Little => u64::from_le_bytes(time),
            };
            check_time(
                "creation time",
                printed,
                Timestamp::from_julian(micros),
                vector["logdump_tz_offset_hours"].as_f64(),
                found,
            );
        }
    }
}

fn check_header_facts(vector: &Value, header: &FileHeader, found: &mut Findings) {
    if let Some(level) = vector["expected_compat"].as_u64() {
        found.same("compatibility", header.compatibility().value().map(u64::from), Some(level));
    }
    if let Some(name) = text(vector, "expected_file") {
        found.same("file name", header.file_name().value(), Some(name));
    }
    if let Some(printed) = text(&vector["decoded"], "Time") {
        if let Some(time) = header.creation_time().value() {
            check_time("creation time", printed, time, vector["logdump_tz_offset_hours"].as_f64(), found);
        }
    }
}

/// Compares record lengths with printed positions.
fn check_chain(vector: &Value, found: &mut Findings) {
    for link in vector["rba_chain"].as_array().into_iter().flatten() {
        if let (Some(rba), Some(length), Some(next)) = (link["rba"].as_u64(), link["length"].as_u64(), link["next"].as_u64()) {
            found.same("chain", rba + length, next);
        }
    }
    let model = &vector["chain_model"];
    let number = |name: &str| model[name].as_u64();
    if let (Some(start), Some(first), Some(last), Some(end)) =
        (number("start_rba"), number("first_value"), number("last_value"), number("end_rba"))
    {
        let (first_tokens, rest_tokens) = (number("t_area_first").unwrap_or(0), number("t_area_rest").unwrap_or(0));
        let (head, prefix) = (number("ghdr").unwrap_or(36), number("prefix_bytes").unwrap_or(0));
        let mut rba = start;
        for value in first..=last {
            let tokens = if value == first { first_tokens } else { rest_tokens };
            // Two columns: a 64-bit number, and text of a length before it.
            let data = (4 + 2 + 8) + (4 + 2 + 2 + prefix + value.to_string().len() as u64);
            let areas = [Some(data), (tokens > 0).then_some(tokens)];
            let record = 4 + (4 + head) + areas.into_iter().flatten().map(|area| 4 + area).sum::<u64>() + 4;
            rba += record;
        }
        found.same("end of the chain", rba, end);
    }
    if let (Some(rba), Some(length), Some(next)) =
        (vector["rba"].as_u64(), vector["record_length"].as_u64(), vector["next_rba"].as_u64())
    {
        found.same("next RBA", rba + length, next);
    }
}

/// Compares the record with the JSON that GoldenGate itself printed.
fn check_output(vector: &Value, groups: &Groups, found: &mut Findings) {
    let output = &vector["observed_output"];
    let (true, Some(group), Some(rba)) = (output.is_object(), text(vector, "trail_group"), vector["rba"].as_u64()) else {
        return;
    };
    // Without its definition, or with a rebuilt header, a record has no columns by name to compare.
    let Some(change) = groups.change(group, rba) else {
        if is_exact(vector) && groups.headers.contains_key(group) {
            found.fails("observed_output", "the record does not read as a change");
        }
        return;
    };
    found.same("table", Some(change.table.as_str()), text(output, "table"));
    let letter = match change.op.as_str() {
        "insert" => "I",
        "update" | "pk_update" => "U",
        "delete" => "D",
        "truncate" => "T",
        _ => "?",
    };
    found.same("op_type", Some(letter), text(output, "op_type"));
    if let Some(time) = text(output, "op_ts") {
        found.same("op_ts", change.ts.replace('T', " ").trim_end_matches('Z'), time);
    }
    for (name, image) in [("before", &change.before), ("after", &change.after)] {
        let Some(expected) = output[name].as_object() else { continue };
        let Some(PlainImage::Row(columns)) = image else { return found.fails(name, "there is no such image") };
        if columns.iter().all(|(column, _)| column.starts_with("COL") && !expected.contains_key(column)) {
            continue;
        }
        found.same(&format!("{name}: number of columns"), columns.len(), expected.len());
        for (column, value) in columns {
            let expected = expected.get(column).unwrap_or(&Value::Null);
            found.same(&format!("{name}: {column}"), plain(value), printed(expected));
        }
    }
}

fn plain(value: &PlainValue) -> String {
    match value {
        PlainValue::Null => "null".into(),
        PlainValue::Number(digits) => number(digits),
        PlainValue::Text(text) => text.to_string(),
        other => format!("{other:?}"),
    }
}

/// Returns a value in the form of GoldenGate's formatter: dates with a colon between day and time.
fn printed(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Number(digits) => number(&digits.to_string()),
        Value::String(text) => match text.split_at_checked(10) {
            Some((date, time)) if time.starts_with(':') && trailcore::DateTime::parse(text).is_some() => {
                format!("{date}T{}", time.get(1..).unwrap_or_default())
            }
            _ => text.clone(),
        },
        other => other.to_string(),
    }
}

/// Returns digits without zeros at the end of a fraction, since the formatter converts numbers to floats.
fn number(digits: &str) -> String {
    match digits.split_once('.') {
        Some((whole, fraction)) => {
            let fraction = fraction.trim_end_matches('0');
            if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
        }
        None => digits.to_owned(),
    }
}
