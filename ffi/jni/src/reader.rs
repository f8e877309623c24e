//! The reader of changes: each call returns many changes, encoded into one block that Java decodes on access.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use trailcore::filter::Counts;
use trailcore::source::Skipped;
use trailcore::trail::FileHeader;
use trailcore::{
    Change, Decimal, Number, Op, PlainChange, PlainImage, PlainValue, Reader, Row, TableDef, Timestamp, TransactionIndicator,
    Value,
};

use crate::callback::{Listener, into_failure};
use crate::failure::{Failure, Pending, Result, message};
use crate::records;
use crate::wire::{self, Writer};

/// The layout of a change in a block, same as in `Change.java`.
mod at {
    pub(super) const LENGTH: usize = 0;
    pub(super) const HAS: usize = 12;
    /// Its position, followed by that of its first record.
    pub(super) const POSITION: usize = 16;
    /// The position after the change: sequence number and RBA.
    pub(super) const NEXT: usize = 56;
    pub(super) const BEFORE: usize = 72;
    pub(super) const AFTER: usize = 76;
    pub(super) const TAIL: usize = 80;
    pub(super) const RECORDS: usize = 88;
    /// The length of the head.
    pub(super) const END: usize = 92;
}

/// The kind of an image.
mod image {
    pub(super) const NONE: u8 = 0;
    pub(super) const ROW: u8 = 1;
    pub(super) const UNSUPPORTED: u8 = 2;
    pub(super) const DAMAGED: u8 = 3;
}

/// The form of a value.
mod form {
    pub(super) const NONE: u8 = 0;
    pub(super) const TEXT: u8 = 1;
    pub(super) const INTEGER: u8 = 2;
    pub(super) const DECIMAL: u8 = 3;
    pub(super) const DIGITS: u8 = 4;
    pub(super) const DATE_TIME: u8 = 5;
    pub(super) const BYTES: u8 = 6;
}

/// A reader, its tables and file headers so far, and a deferred failure.
#[derive(Debug)]
pub(crate) struct ChangeReader {
    reader: Reader,
    tables: Tables,
    headers: Headers,
    listener: Option<Arc<Listener>>,
    block: Writer,
    pending: Pending,
}

/// Numbers for table definitions, by address. The definitions are kept alive, so an address is never reused.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    numbers: HashMap<usize, u32>,
    list: Vec<Arc<TableDef>>,
    /// The address of the last definition, and its number.
    last: (usize, u32),
}

impl Tables {
    pub(crate) fn number(&mut self, table: &Arc<TableDef>) -> u32 {
        let address = Arc::as_ptr(table).addr();
        if self.last.0 != address {
            let next = self.list.len() as u32;
            let number = *self.numbers.entry(address).or_insert_with(|| {
                self.list.push(Arc::clone(table));
                next
            });
            self.last = (address, number);
        }
        self.last.1
    }

    pub(crate) fn get(&self, number: usize) -> Result<&Arc<TableDef>> {
        self.list.get(number).ok_or(Failure::MESSAGE)
    }
}

/// Numbers for file headers, in the order in which they occur. A trail may have any number of files, so headers that no change
/// of the current block refers to are dropped.
#[derive(Debug, Default)]
struct Headers {
    list: Vec<FileHeader>,
    /// The number of the first in the list.
    first: u32,
    /// The header of the last change: the sequence number of its file, its address, which the header of an earlier file may have
    /// had too, and its number.
    last: Option<(u64, usize, u32)>,
}

impl Headers {
    const NONE: u32 = u32::MAX;

    fn number(&mut self, change: &Change<'_>) -> u32 {
        let Some(header) = change.file_header() else { return Self::NONE };
        let (seqno, address) = (change.position().seqno, std::ptr::from_ref(header).addr());
        if let Some((_, _, number)) = self.last.filter(|last| (last.0, last.1) == (seqno, address)) {
            return number;
        }
        let number = self.first + self.list.len() as u32;
        self.list.push(header.clone());
        self.last = Some((seqno, address, number));
        number
    }

    /// Drops all but the last header, whose file may continue in the next block.
    fn drop_old(&mut self) {
        let gone = self.list.len().saturating_sub(1);
        self.list.drain(..gone);
        self.first += gone as u32;
    }

    fn get(&self, number: usize) -> Result<&FileHeader> {
        number.checked_sub(self.first as usize).and_then(|place| self.list.get(place)).ok_or(Failure::MESSAGE)
    }
}

impl ChangeReader {
    pub(crate) fn new(reader: Reader, listener: Option<Arc<Listener>>) -> Self {
        let (tables, headers, block, pending) = Default::default();
        Self { reader, tables, headers, listener, block, pending }
    }

    pub(crate) fn table(&self, number: usize) -> Result<&Arc<TableDef>> {
        self.tables.get(number)
    }

    pub(crate) fn header(&self, number: usize) -> Result<&FileHeader> {
        self.headers.get(number)
    }

    /// Returns the next changes, about `size` bytes of them. Empty at the end of the trail. A failure is deferred until the
    /// changes before it were returned.
    pub(crate) fn block(&mut self, size: usize) -> Result<&[u8]> {
        let Self { reader, tables, headers, block, .. } = self;
        block.0.clear();
        self.pending.check()?;
        headers.drop_old();
        while block.0.len() < size {
            let start = block.0.len();
            match reader.next() {
                Ok(None) => break,
                Ok(Some(change)) => {
                    let encoded = encode(&change, tables.number(change.table()), headers.number(&change), block);
                    encoded.inspect_err(|_| self.pending.lose())?;
                }
                Err(error) => {
                    let failure = into_failure(self.listener.as_ref(), error);
                    if start == 0 {
                        return Err(failure);
                    }
                    self.pending.wait(failure);
                    break;
                }
            }
            let next = reader.position();
            block.patch(start + at::NEXT, next.seqno.to_le_bytes());
            block.patch(start + at::NEXT + 8, next.rba.to_le_bytes());
        }
        Ok(&block.0)
    }

    /// Returns the next changes as lines of native JSON, about `size` bytes of them.
    pub(crate) fn json(&mut self, size: usize) -> Result<&[u8]> {
        let Self { reader, block, .. } = self;
        block.0.clear();
        self.pending.check()?;
        while block.0.len() < size {
            let written = match reader.next() {
                Ok(None) => break,
                Ok(Some(change)) => change.write_json(&mut block.0).map(|()| block.0.push(b'\n')),
                Err(error) => Err(error),
            };
            if let Err(error) = written {
                let failure = into_failure(self.listener.as_ref(), error);
                if block.0.is_empty() {
                    return Err(failure);
                }
                self.pending.wait(failure);
                break;
            }
        }
        Ok(&block.0)
    }

    /// Records that the result of the last call did not reach Java.
    pub(crate) fn lose(&mut self) {
        self.pending.lose();
    }

    /// Encodes its state, for `ReaderState`.
    pub(crate) fn state(&self) -> Vec<u8> {
        state(&self.reader)
    }
}

/// Encodes the state of a reader, for `ReaderState`: position, decisions of the selection, skipped ranges.
pub(crate) fn state(reader: &Reader) -> Vec<u8> {
    let mut out = Writer::default();
    out.position(reader.position());
    counts(&mut out, reader.filter_counts());
    skipped(&mut out, reader.skipped());
    out.0
}

/// Encodes the decisions of a selection, for `FilterCounts`.
pub(crate) fn counts(out: &mut Writer, counts: Counts) {
    out.u64(counts.accepted).u64(counts.rejected).u64(counts.undecidable).u64(counts.errors);
}

/// Encodes skipped ranges, each for `Skipped`.
pub(crate) fn skipped(out: &mut Writer, ranges: &[Skipped]) {
    out.len(ranges.len());
    for range in ranges {
        out.position(range.from).position(range.to).bytes(&message(&Failure::Trail(range.error.clone())));
    }
}

fn op_number(op: Op) -> u8 {
    Op::ALL.iter().position(|known| *known == op).map_or(7, |place| place as u8)
}

/// Appends a change: a head of fixed size, the images, a tail of texts and tokens, and the raw records.
fn encode(change: &Change<'_>, table: u32, header: u32, out: &mut Writer) -> Result<()> {
    let start = out.0.len();
    let (position, first) = (change.position(), change.start());
    let (csn, xid) = (change.csn(), change.xid());
    out.u32(0).u32(table).u8(op_number(change.op())).u8(change.transaction().byte()).u8(0).u8(0);
    out.u8(0).u8(0).u16(0);
    out.u64(position.seqno).u64(position.rba).u64(first.seqno).u64(first.rba).i64(change.timestamp().unix_micros());
    out.u64(0).u64(0).u32(0).u32(0).u32(0).u32(header).u32(0);
    debug_assert_eq!(out.0.len() - start, at::END);
    let (before, after) = images(change)?;
    for (place, kind_at, image) in [(at::BEFORE, 10, before), (at::AFTER, 11, after)] {
        let offset = (out.0.len() - start) as u32;
        out.patch(start + place, offset.to_le_bytes());
        let kind = match image {
            ImageOf::None => image::NONE,
            ImageOf::Row(row) => {
                encode_row(&row, start, out)?;
                image::ROW
            }
            ImageOf::Unsupported(why, failure) => {
                out.text(&why).bytes(&message(&failure));
                image::UNSUPPORTED
            }
            ImageOf::Damaged(failure) => {
                out.bytes(&message(&failure));
                image::DAMAGED
            }
        };
        out.patch(start + kind_at, [kind]);
    }
    let tail = (out.0.len() - start) as u32;
    out.patch(start + at::TAIL, tail.to_le_bytes());
    let (ddl, user, keeps) = (change.ddl(), change.user_tokens(), records::are_kept(change));
    let all = [csn.is_some(), xid.is_some(), ddl.is_some(), user.is_some(), keeps];
    let has = all.iter().rev().fold(0, |has, &is_there| has << 1 | u8::from(is_there));
    let tokens_at = start + at::HAS + 2;
    out.patch(start + at::HAS, [has]);
    out.text(csn.unwrap_or_default()).text(xid.unwrap_or_default());
    let count = encode_tokens(change, out);
    out.patch(tokens_at, count.to_le_bytes());
    if let Some(ddl) = ddl {
        out.text(&change.table_name()).text(&ddl.text());
    }
    if let Some(user) = user {
        out.bytes(user);
    }
    let records_at = (out.0.len() - start) as u32;
    out.patch(start + at::RECORDS, records_at.to_le_bytes());
    if keeps {
        records::keep(change, out);
    }
    let length = u32::try_from(out.0.len() - start).map_err(|_| Failure::Internal("change exceeds 4 GiB"))?;
    out.patch(start + at::LENGTH, length.to_le_bytes());
    Ok(())
}

enum ImageOf<'a> {
    None,
    Row(Row<'a>),
    Unsupported(String, Failure),
    Damaged(Failure),
}

/// Returns both images. An unsupported or damaged image fails when Java accesses it, not here.
fn images<'a>(change: &Change<'a>) -> Result<(ImageOf<'a>, ImageOf<'a>)> {
    match change.images() {
        Ok((before, after)) => {
            let damaged = |row: &Option<Row<'_>>| row.is_some_and(|row| row.spans().verify().is_err());
            let one = |row: Option<Row<'a>>| row.map_or(ImageOf::None, ImageOf::Row);
            if !damaged(&before) && !damaged(&after) {
                return Ok((one(before), one(after)));
            }
            // The JSON form needs both images and so returns the error with its location.
            let failure = change.to_json().err().map_or(Failure::Internal("a damaged image has valid JSON"), Failure::from);
            let one = |row: Option<Row<'a>>| {
                if damaged(&row) { ImageOf::Damaged(failure.clone()) } else { row.map_or(ImageOf::None, ImageOf::Row) }
            };
            Ok((one(before), one(after)))
        }
        Err(error) if error.kind() == trailcore::ErrorKind::Unsupported => {
            // The plain form contains the images that exist, readable or not.
            let plain = change.to_plain()?;
            let one = |image: Option<PlainImage>| match image {
                Some(PlainImage::Unsupported(why)) => ImageOf::Unsupported(why, Failure::Trail(error.clone())),
                _ => ImageOf::None,
            };
            Ok((one(plain.before), one(plain.after)))
        }
        Err(error) => {
            let failure = Failure::Trail(error);
            Ok((ImageOf::Damaged(failure.clone()), ImageOf::Damaged(failure)))
        }
    }
}

/// The size of a column's entry in the directory of a row: index, state, form, offset, length.
const ENTRY: usize = 12;

/// Appends a row: the number of columns, whether their indexes ascend, a directory, and the values. Offsets are relative to the
/// change.
fn encode_row(row: &Row<'_>, start: usize, out: &mut Writer) -> Result<()> {
    let head = out.0.len();
    let count = row.spans().count();
    out.u16(count as u16).u16(0);
    let directory = out.0.len();
    out.0.resize(directory + count * ENTRY, 0);
    let (mut ascending, mut least) = (true, 0);
    for (place, column) in row.columns().enumerate() {
        // The caller has verified all spans of the row.
        let column = column.map_err(|_| Failure::Internal("a verified row cannot be read"))?;
        let index = column.index();
        ascending &= index >= least;
        least = index + 1;
        let value_at = out.0.len();
        let (state, form) = encode_value(&column.value(), out);
        let entry = directory + place * ENTRY;
        out.patch(entry, (index as u16).to_le_bytes());
        out.patch(entry + 2, [state as u8, form]);
        out.patch(entry + 4, ((value_at - start) as u32).to_le_bytes());
        let length = (out.0.len() - value_at) as u32;
        out.patch(entry + 8, length.to_le_bytes());
    }
    out.patch(head + 2, [u8::from(ascending)]);
    Ok(())
}

fn encode_value(value: &Value<'_>, out: &mut Writer) -> (trailcore::ColumnState, u8) {
    use trailcore::ColumnState as State;
    match value {
        Value::Null => (State::Null, form::NONE),
        Value::Unchanged => (State::Unchanged, form::NONE),
        Value::Invalid(bytes) => {
            out.0.extend_from_slice(bytes);
            (State::Invalid, form::BYTES)
        }
        Value::Text(text) => {
            out.0.extend_from_slice(text.as_bytes());
            (State::Value, form::TEXT)
        }
        Value::Number(Number::Text(digits)) => {
            out.0.extend_from_slice(digits.as_bytes());
            (State::Value, form::DIGITS)
        }
        Value::Number(Number::Exact(decimal)) => {
            let form = match i64::try_from(decimal.mantissa()) {
                Ok(mantissa) => {
                    out.i64(mantissa);
                    form::INTEGER
                }
                Err(_) => {
                    out.0.extend_from_slice(&decimal.mantissa().to_be_bytes());
                    form::DECIMAL
                }
            };
            out.u8(decimal.scale());
            (State::Value, form)
        }
        Value::DateTime(time) => {
            let digits = match time.precision {
                trailcore::change::Precision::Date => u8::MAX,
                trailcore::change::Precision::Time(digits) => digits,
            };
            out.u32(time.nanos).u16(time.year).u8(time.month).u8(time.day);
            out.u8(time.hour).u8(time.minute).u8(time.second).u8(digits);
            (State::Value, form::DATE_TIME)
        }
        Value::Bytes(bytes) => {
            out.0.extend_from_slice(bytes);
            (State::Value, form::BYTES)
        }
        // A kind of value that this binding does not know.
        _ => (State::Invalid, form::BYTES),
    }
}

/// Appends name and bytes of the tokens in the JSON form. Returns their number.
fn encode_tokens(change: &Change<'_>, out: &mut Writer) -> u16 {
    let mut count = 0;
    for (token, value) in change.token_values() {
        out.text(&token.label()).bytes(value);
        count += 1;
    }
    count
}

/// Returns the records of a change that `encode` wrote.
pub(crate) fn records(entry: &[u8]) -> Result<Vec<u8>> {
    let from = |offset: usize| entry.get(offset..).map(wire::Reader).ok_or(Failure::MESSAGE);
    let mut places = from(at::POSITION)?;
    let (position, start) = (places.position()?, places.position()?);
    let kept = from(at::RECORDS)?.len()?;
    records::of_change(&mut from(kept)?, start, position)
}

/// Returns the native JSON of a change that `encode` wrote.
pub(crate) fn json(entry: &[u8], table: &TableDef) -> Result<String> {
    Ok(plain(entry, table)?.to_json()?)
}

/// Decodes a change that `encode` wrote to plain values.
fn plain(entry: &[u8], table: &TableDef) -> Result<PlainChange> {
    let from = |offset: usize| entry.get(offset..).map(wire::Reader).ok_or(Failure::MESSAGE);
    let mut head = from(8)?;
    let op = Op::ALL.get(usize::from(head.u8()?)).copied().ok_or(Failure::MESSAGE)?;
    let txn = TransactionIndicator::from_byte(head.u8()?);
    let kinds = [head.u8()?, head.u8()?];
    let (has, _, tokens) = (head.u8()?, head.u8()?, head.u16()?);
    let (seqno, rba, _, _, time) = (head.u64()?, head.u64()?, head.u64()?, head.u64()?, head.i64()?);
    let places = {
        let mut places = from(at::BEFORE)?;
        [places.len()?, places.len()?, places.len()?]
    };
    let [before, after, tail] = places;
    let image = |kind: u8, place: usize| match kind {
        image::NONE => Ok(None),
        image::ROW => plain_row(entry, place, table).map(Some),
        image::UNSUPPORTED => Ok(Some(PlainImage::Unsupported(from(place)?.text()?.to_owned()))),
        _ => Err(Failure::MESSAGE),
    };
    let [before_kind, after_kind] = kinds;
    let mut tail = from(tail)?;
    let (csn, xid) = (tail.text()?, tail.text()?);
    let mut list = Vec::new();
    for _ in 0..tokens {
        let (name, value) = (tail.text()?.to_owned(), tail.bytes()?);
        let value =
            std::str::from_utf8(value).map_or_else(|_| PlainValue::Bytes(value.to_vec()), |text| PlainValue::Text(text.into()));
        list.push((name, value));
    }
    let (object, ddl) = if has & 4 != 0 { (Some(tail.text()?), Some(tail.text()?)) } else { (None, None) };
    if has & 8 != 0 {
        list.push(("user".to_owned(), PlainValue::Bytes(tail.bytes()?.to_vec())));
    }
    Ok(PlainChange {
        seqno,
        rba,
        op: op.name().to_owned(),
        table: object.unwrap_or(table.name()).to_owned(),
        ts: Timestamp::from_unix_micros(time).to_string(),
        csn: (has & 1 != 0).then(|| csn.to_owned()),
        xid: (has & 2 != 0).then(|| xid.to_owned()),
        txn: txn.name().map(str::to_owned),
        before: image(before_kind, before)?,
        after: image(after_kind, after)?,
        tokens: trailcore::change::PlainTokens(list),
        ddl: ddl.map(str::to_owned),
    })
}

fn plain_row(entry: &[u8], place: usize, table: &TableDef) -> Result<PlainImage> {
    let mut directory = wire::Reader(entry.get(place..).ok_or(Failure::MESSAGE)?);
    let (count, _) = (directory.u16()?, directory.u16()?);
    let mut columns = Vec::new();
    for _ in 0..count {
        let (index, state, form) = (usize::from(directory.u16()?), directory.u8()?, directory.u8()?);
        let (at, length) = (directory.len()?, directory.len()?);
        let bytes = entry.get(at..).and_then(|rest| rest.get(..length)).ok_or(Failure::MESSAGE)?;
        let name = table.columns().get(index).map_or_else(|| format!("COL{index}"), |column| column.name.to_string());
        columns.push((name, plain_value(state, form, bytes)?));
    }
    Ok(PlainImage::Row(columns))
}

fn plain_value(state: u8, form: u8, bytes: &[u8]) -> Result<PlainValue> {
    let text = || std::str::from_utf8(bytes).map_err(|_| Failure::MESSAGE);
    let mut message = wire::Reader(bytes);
    Ok(match (state, form) {
        (1, _) => PlainValue::Null,
        (4, _) => PlainValue::Unchanged,
        (3, _) => PlainValue::Invalid(bytes.to_vec()),
        (_, form::TEXT) => PlainValue::Text(text()?.into()),
        (_, form::DIGITS) => PlainValue::Number(shown(Number::Text(text()?))?),
        (_, form::INTEGER) => {
            let mantissa = message.i64()?;
            PlainValue::Number(Decimal::new(i128::from(mantissa), message.u8()?).to_string().into())
        }
        (_, form::DECIMAL) => {
            let mantissa = i128::from_be_bytes(message.array()?);
            PlainValue::Number(Decimal::new(mantissa, message.u8()?).to_string().into())
        }
        (_, form::DATE_TIME) => PlainValue::Text(date_time(&mut message)?),
        (_, form::BYTES) => PlainValue::Bytes(bytes.to_vec()),
        _ => return Err(Failure::MESSAGE),
    })
}

/// Formats a value. Fails if `encode` cannot have written it.
fn shown(value: impl std::fmt::Display) -> Result<Box<str>> {
    let mut text = String::new();
    write!(text, "{value}").map_err(|_| Failure::MESSAGE)?;
    Ok(text.into())
}

fn date_time(message: &mut wire::Reader<'_>) -> Result<Box<str>> {
    use trailcore::change::Precision;
    let (nanos, year, month, day) = (message.u32()?, message.u16()?, message.u8()?, message.u8()?);
    let (hour, minute, second) = (message.u8()?, message.u8()?, message.u8()?);
    let precision = match message.u8()? {
        u8::MAX => Precision::Date,
        digits @ 0..=9 => Precision::Time(digits),
        _ => return Err(Failure::MESSAGE),
    };
    shown(trailcore::DateTime { year, month, day, hour, minute, second, nanos, precision })
}

#[cfg(test)]
mod tests {
    use super::*;
    use trailcore::Trail;
    use trailcore_samples::{Bank, bank_in_memory};

    /// Returns every change of the samples, encoded, with its table and its JSON.
    fn entries() -> Vec<(Vec<u8>, Arc<TableDef>, String)> {
        let mut all = Vec::new();
        for bank in [Bank::small(), Bank::small_little()] {
            let files = bank_in_memory(&bank).unwrap();
            let trail = Trail::from_files(files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone().into())));
            let mut reader = trail.reader_with(trailcore::ReadOptions::new().include_non_changes(true)).unwrap();
            while let Some(change) = reader.next().unwrap() {
                let mut out = Writer::default();
                encode(&change, 0, 0, &mut out).unwrap();
                all.push((out.0, Arc::clone(change.table()), change.to_json().unwrap()));
            }
        }
        all
    }

    #[test]
    fn records_are_kept_with_their_change() {
        let files = bank_in_memory(&Bank::small_little()).unwrap();
        let trail = Trail::from_files(files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone().into())));
        let mut reader = trail.reader().unwrap();
        let mut pairs = 0;
        while let Some(change) = reader.next().unwrap() {
            let mut out = Writer::default();
            encode(&change, 0, 0, &mut out).unwrap();
            let kept = records(&out.0).unwrap();
            let mut kept = wire::Reader(&kept);
            assert_eq!(kept.len().unwrap(), change.records().count());
            assert_eq!(kept.position().unwrap(), change.start());
            pairs += usize::from(change.before_record().is_some());
        }
        assert!(pairs > 0);
    }

    #[test]
    fn headers_of_finished_files_are_dropped() {
        let mut list = Vec::new();
        for seqno in 0..50 {
            let options = trailcore::sink::WriterOptions { first_seqno: seqno, ..Default::default() };
            let mut writer = trailcore::sink::TrailWriter::in_memory("he", options).unwrap();
            writer.begin("1", "1.1.1", Timestamp::from_unix_micros(0)).unwrap();
            writer.ddl("A", "B", "create").unwrap();
            writer.commit().unwrap();
            list.extend(writer.finish().unwrap());
        }
        let trail = Trail::from_files(list.iter().map(|(name, bytes)| (name.as_str(), bytes.clone().into())));
        let mut reader = ChangeReader::new(trail.reader().unwrap(), None);
        let mut number = 0;
        while !reader.block(1000).unwrap().is_empty() {
            let entries = reader.block.0.clone();
            let mut rest = entries.as_slice();
            while !rest.is_empty() {
                let (length, header) = (wire::Reader(rest).len().unwrap(), wire::Reader(&rest[84..]).len().unwrap());
                assert_eq!(header, number);
                assert!(reader.header(header).is_ok());
                number += 1;
                rest = &rest[length..];
            }
            assert!(reader.headers.list.len() < 12, "{}", reader.headers.list.len());
        }
        assert_eq!(number, 50);
        assert!(reader.header(0).is_err() && reader.header(49).is_ok() && reader.header(50).is_err());
    }

    #[test]
    fn encoded_changes_have_the_same_json() {
        let entries = entries();
        assert!(entries.len() > 150);
        for (entry, table, expected) in entries {
            assert_eq!(json(&entry, &table).unwrap(), expected);
        }
    }

    /// Java returns the bytes from an array, so any content must be handled.
    #[test]
    fn no_bytes_panic() {
        let mut state = 7u64;
        let mut random = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below
        };
        for (entry, table, _) in entries() {
            for end in (0..entry.len()).step_by(7) {
                let _ = json(&entry[..end], &table);
                let _ = records(&entry[..end]);
            }
            for _ in 0..40 {
                let mut changed = entry.clone();
                for _ in 0..=random(4) {
                    let at = random(changed.len());
                    changed[at] = random(256) as u8;
                }
                let _ = json(&changed, &table);
                let _ = records(&changed);
            }
        }
    }
}
