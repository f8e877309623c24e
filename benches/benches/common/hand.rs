//! Loops written by hand: what a programmer writes who knows the bench's files, their tables and their columns, wants one answer,
//! and checks what has to be checked: lengths, trailers, table numbers, the bounds of columns, numbers, dates, text. They read
//! memory only. They are the unit of the table that `make bench` prints.
//!
//! How they are fast: the next records are fetched ahead (a hop of some 250 bytes is too far for the processor's own prefetching),
//! the byte order is chosen once, short text is copied with a fixed size, the day of a time is computed once while it stays the
//! same, and text is checked once for each batch.
//!
//! Each returns `None` for bytes that are not such a file.

use std::hint::black_box;

/// The byte order of a file.
pub trait Order {
    fn u16(bytes: [u8; 2]) -> usize;
    fn u32(bytes: [u8; 4]) -> usize;
    fn u64(bytes: [u8; 8]) -> u64;
}

/// Most significant byte first.
pub struct Big;

/// Least significant byte first.
pub struct Little;

impl Order for Big {
    #[inline(always)]
    fn u16(bytes: [u8; 2]) -> usize {
        u16::from_be_bytes(bytes).into()
    }

    #[inline(always)]
    fn u32(bytes: [u8; 4]) -> usize {
        u32::from_be_bytes(bytes) as usize
    }

    #[inline(always)]
    fn u64(bytes: [u8; 8]) -> u64 {
        u64::from_be_bytes(bytes)
    }
}

impl Order for Little {
    #[inline(always)]
    fn u16(bytes: [u8; 2]) -> usize {
        u16::from_le_bytes(bytes).into()
    }

    #[inline(always)]
    fn u32(bytes: [u8; 4]) -> usize {
        u32::from_le_bytes(bytes) as usize
    }

    #[inline(always)]
    fn u64(bytes: [u8; 8]) -> u64 {
        u64::from_le_bytes(bytes)
    }
}

const INSERT: u8 = 5;
const DELETE: u8 = 3;
const PK_UPDATE: u8 = 115;
const UNIFIED_UPDATE: u8 = 134;
const METADATA: u8 = 170;
const TABLE_DEFINITION: u8 = 2;
/// Start of the body of the data area in a record whose table is given by a number.
const DATA_AT: usize = 48;
/// Microseconds from Julian day 0 to 1970.
const EPOCH: u64 = 210_866_760_000_000_000;

/// A record: its fixed part, and its place in the file.
struct Record<'a> {
    head: &'a [u8; DATA_AT],
    at: usize,
    len: usize,
}

impl Record<'_> {
    #[inline(always)]
    fn record_type(&self) -> u8 {
        self.head[14]
    }

    #[inline(always)]
    fn table<O: Order>(&self) -> usize {
        O::u16([self.head[42], self.head[43]])
    }

    #[inline(always)]
    fn micros<O: Order>(&self) -> Option<i64> {
        Some(O::u64(*self.head.get(16..)?.first_chunk()?).wrapping_sub(EPOCH) as i64)
    }

    /// The before image and the after image, as ranges of the file.
    #[inline(always)]
    fn images<O: Order>(&self, bytes: &[u8]) -> Option<[(usize, usize); 2]> {
        let (at, len) = (self.at + DATA_AT, O::u16([self.head[46], self.head[47]]));
        let end = at + len;
        if self.head[44] != b'D' || DATA_AT + len + 4 > self.len {
            return None;
        }
        let split = |at: usize, before: usize| (at + before <= end).then_some([(at, at + before), (at + before, end)]);
        match self.record_type() {
            UNIFIED_UPDATE => split(at + 4, O::u32(*bytes.get(at..)?.first_chunk()?)),
            PK_UPDATE => split(at + 2, O::u16(*bytes.get(at..)?.first_chunk()?)),
            DELETE => Some([(at, end), (end, end)]),
            _ => Some([(end, end), (at, end)]),
        }
    }
}

/// Asks the processor for the bytes that are read some records later.
#[inline(always)]
#[allow(unsafe_code)]
fn prefetch(bytes: &[u8], at: usize) {
    const AHEAD: usize = 1536;
    #[cfg(target_arch = "x86_64")]
    for line in 0..4 {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch reads nothing that the program sees, and any address is allowed.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(bytes.as_ptr().wrapping_add(at + AHEAD + line * 64).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (bytes, at, AHEAD);
}

/// Calls `each` with every record but file headers.
#[inline(always)]
fn records<O: Order>(bytes: &[u8], mut each: impl FnMut(Record<'_>) -> Option<()>) -> Option<()> {
    let mut at = 0;
    while at < bytes.len() {
        prefetch(bytes, at);
        let rest = bytes.get(at..)?;
        let &[id, _, a, b] = rest.first_chunk()?;
        let len = O::u16([a, b]);
        let record = rest.get(..len)?;
        let &[trailer, _, c, d] = record.last_chunk()?;
        if trailer != b'Z' || [a, b] != [c, d] {
            return None;
        }
        if id == b'G' {
            each(Record { head: record.first_chunk()?, at, len })?;
        }
        at += len;
    }
    Some(())
}

/// Returns the number and the name of the table that a record defines; `None` if it defines none.
#[cold]
fn definition<'a, O: Order>(bytes: &'a [u8], record: &Record<'_>) -> Option<(usize, &'a [u8])> {
    if record.head[15] != TABLE_DEFINITION {
        return None;
    }
    let name = bytes.get(record.at + 42..)?;
    let number = O::u16([record.head[34], record.head[35]]);
    Some((number, name.split(|&byte| byte == 0).next()?))
}

/// Calls `each` with the index, the place and the length of every column of an image. The flag of two bytes is part of a column.
#[inline(always)]
fn columns<O: Order>(
    bytes: &[u8],
    (mut at, end): (usize, usize),
    mut each: impl FnMut(usize, usize, usize) -> Option<()>,
) -> Option<()> {
    while at < end {
        let &[a, b, c, d] = bytes.get(at..)?.first_chunk()?;
        let len = O::u16([c, d]);
        at += 4;
        if len < 2 || at + len > end {
            return None;
        }
        each(O::u16([a, b]), at, len)?;
        at += len;
    }
    Some(())
}

/// The inserts of BANK.POSTINGS.
pub fn scan<O: Order>(bytes: &[u8]) -> Option<u64> {
    let (mut wanted, mut count) = (usize::MAX, 0);
    records::<O>(bytes, |record| {
        if record.record_type() == METADATA {
            if let Some((number, b"BANK.POSTINGS")) = definition::<O>(bytes, &record) {
                wanted = number;
            }
        } else {
            count += u64::from(record.record_type() == INSERT && record.table::<O>() == wanted);
        }
        Some(())
    })?;
    Some(count)
}

/// The inserts of BANK.POSTINGS with AMOUNT, the third column, over a limit in cents.
pub fn predicate<O: Order>(bytes: &[u8], limit: i64) -> Option<u64> {
    const AMOUNT: usize = 2;
    let (mut wanted, mut count) = (usize::MAX, 0);
    records::<O>(bytes, |record| {
        if record.record_type() == METADATA {
            if let Some((number, b"BANK.POSTINGS")) = definition::<O>(bytes, &record) {
                wanted = number;
            }
        } else if record.record_type() == INSERT && record.table::<O>() == wanted {
            let [_, (mut at, end)] = record.images::<O>(bytes)?;
            while at < end {
                let &[a, b, c, d] = bytes.get(at..)?.first_chunk()?;
                let len = O::u16([c, d]);
                if len < 2 || at + 4 + len > end {
                    return None;
                }
                if O::u16([a, b]) == AMOUNT {
                    let &[f, g, ref value @ ..] = bytes.get(at + 4..at + 4 + len)?.first_chunk::<10>()?;
                    count += u64::from(len == 10 && [f, g] == [0, 0] && i64::from_be_bytes(*value) > limit);
                    break;
                }
                at += 4 + len;
            }
        }
        Some(())
    })?;
    Some(count)
}

/// The number of columns of all images, and once more of the ones that are NULL.
pub fn visit<O: Order>(bytes: &[u8]) -> Option<u64> {
    let mut count = 0;
    records::<O>(bytes, |record| {
        if record.record_type() == METADATA {
            return Some(());
        }
        for image in record.images::<O>(bytes)? {
            columns::<O>(bytes, image, |_, at, _| {
                count += 1 + u64::from(*bytes.get(at)? == 0xff);
                Some(())
            })?;
        }
        Some(())
    })?;
    Some(count)
}

const ROWS: usize = 8192;

/// The type of a column.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Integer,
    /// Text of variable length, after its own length.
    Text,
    /// Text of fixed length.
    Char,
    /// A number as text, after its length.
    Digits,
    /// A date or time of 19 bytes, or of 26 with its fraction.
    Time,
}

/// The bank's tables and the types of their columns.
const TABLES: [(&[u8], [Kind; 8]); 3] = {
    use Kind::{Char, Digits, Integer, Text, Time};
    [
        (b"BANK.ACCOUNTS", [Text, Integer, Integer, Char, Text, Time, Digits, Text]),
        (b"BANK.CUSTOMERS", [Integer, Text, Text, Time, Text, Text, Digits, Time]),
        (b"BANK.POSTINGS", [Integer, Text, Integer, Char, Time, Integer, Text, Integer]),
    ]
};

/// One column of a batch. A row without a value has no bit in `valid`.
struct Column {
    kind: Kind,
    numbers: Vec<i64>,
    offsets: Vec<u32>,
    text: Vec<u8>,
    used: usize,
    valid: Vec<u64>,
    /// The last day: its text, and its number of days.
    day: ([u8; 10], i64),
}

/// The rows of a table, one for each image.
struct Batch {
    columns: Vec<Column>,
    rows: usize,
    record_types: Vec<u8>,
    times: Vec<i64>,
    places: Vec<u64>,
    /// The columns that a row has, as bits.
    present: Vec<u8>,
}

impl Batch {
    fn new(kinds: &[Kind]) -> Self {
        let column = |&kind: &Kind| {
            let is_text = matches!(kind, Kind::Text | Kind::Char | Kind::Digits);
            Column {
                kind,
                numbers: vec![0; if is_text { 0 } else { ROWS }],
                offsets: vec![0; if is_text { ROWS + 1 } else { 0 }],
                text: vec![0; if is_text { ROWS * 64 } else { 0 }],
                used: 0,
                valid: vec![0; ROWS / 64],
                day: ([0; 10], 0),
            }
        };
        Self {
            columns: kinds.iter().map(column).collect(),
            rows: 0,
            record_types: vec![0; ROWS],
            times: vec![0; ROWS],
            places: vec![0; ROWS],
            present: vec![0; ROWS],
        }
    }

    #[inline(always)]
    fn push<O: Order>(&mut self, bytes: &[u8], image: (usize, usize), wanted: u8, head: (u8, i64, u64)) -> Option<()> {
        let row = self.rows;
        let mut present = 0u8;
        columns::<O>(bytes, image, |index, at, len| {
            if index > 7 {
                return None;
            }
            let bit = 1u8 << index;
            if wanted & bit == 0 {
                return Some(());
            }
            let column = self.columns.get_mut(index)?;
            present |= bit;
            match *bytes.get(at..)?.first_chunk()? {
                [0, 0] => {
                    *column.valid.get_mut(row / 64)? |= 1 << (row % 64);
                    column.push::<O>(bytes, row, at + 2, len - 2)
                }
                [0xff, 0xff] => {
                    column.end(row);
                    Some(())
                }
                _ => None,
            }
        })?;
        let mut missing = wanted & !present;
        while missing != 0 {
            self.columns.get_mut(missing.trailing_zeros() as usize)?.end(row);
            missing &= missing - 1;
        }
        (*self.record_types.get_mut(row)?, *self.times.get_mut(row)?, *self.places.get_mut(row)?) = head;
        *self.present.get_mut(row)? = present;
        self.rows += 1;
        if self.rows == ROWS { self.flush() } else { Some(()) }
    }

    /// Hands the batch over, and empties it.
    #[inline(never)]
    fn flush(&mut self) -> Option<()> {
        for column in &mut self.columns {
            if matches!(column.kind, Kind::Text | Kind::Char) {
                let text = column.text.get(..column.used)?;
                simdutf8::basic::from_utf8(text).ok()?;
                let splits = |&at: &u32| text.get(at as usize).is_some_and(|byte| byte & 0xc0 == 0x80);
                if column.offsets.get(..=self.rows)?.iter().any(splits) {
                    return None;
                }
            }
            black_box((&column.numbers, &column.offsets, &column.text));
            column.valid.fill(0);
            column.used = 0;
        }
        black_box((&self.record_types, &self.times, &self.places, &self.present));
        self.rows = 0;
        Some(())
    }
}

impl Column {
    #[inline(always)]
    fn push<O: Order>(&mut self, bytes: &[u8], row: usize, at: usize, len: usize) -> Option<()> {
        match self.kind {
            Kind::Integer => {
                *self.numbers.get_mut(row)? = i64::from_be_bytes(bytes.get(at..at + len)?.try_into().ok()?);
                Some(())
            }
            Kind::Time => {
                let micros = self.micros(bytes.get(at..at + len)?)?;
                *self.numbers.get_mut(row)? = micros;
                Some(())
            }
            Kind::Char => self.put(bytes, row, at, len),
            Kind::Text | Kind::Digits => {
                if len < 2 || O::u16(*bytes.get(at..)?.first_chunk()?) != len - 2 {
                    return None;
                }
                if self.kind == Kind::Digits {
                    is_number(bytes.get(at + 2..at + len)?)?;
                }
                self.put(bytes, row, at + 2, len - 2)
            }
        }
    }

    #[inline(always)]
    fn put(&mut self, bytes: &[u8], row: usize, at: usize, len: usize) -> Option<()> {
        const AT_ONCE: usize = 64;
        if self.used + len + AT_ONCE > self.text.len() {
            self.text.resize(self.text.len() * 2 + len + AT_ONCE, 0);
        }
        let room = self.text.get_mut(self.used..)?;
        match bytes.get(at..)?.first_chunk::<AT_ONCE>() {
            Some(chunk) if len <= AT_ONCE => *room.first_chunk_mut()? = *chunk,
            _ => room.get_mut(..len)?.copy_from_slice(bytes.get(at..at + len)?),
        }
        self.used += len;
        self.end(row);
        Some(())
    }

    #[inline(always)]
    fn end(&mut self, row: usize) {
        if let Some(end) = self.offsets.get_mut(row + 1) {
            *end = self.used as u32;
        }
    }

    /// `YYYY-MM-DD:HH:MI:SS`, with or without six digits after a point.
    #[inline(always)]
    fn micros(&mut self, text: &[u8]) -> Option<i64> {
        let (date, rest) = text.split_first_chunk::<10>()?;
        let (&[c1, h1, h2, c2, i1, i2, c3, s1, s2], fraction) = rest.split_first_chunk()?;
        if *date != self.day.0 {
            self.day = (*date, days(date)?);
        }
        let (hour, minute, second) = (two(h1, h2), two(i1, i2), two(s1, s2));
        if [c1, c2, c3] != [b':'; 3] || hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let micros = match *fraction {
            [] => 0,
            [b'.', a, b, c, d, e, f] => {
                let (high, middle, low) = (two(a, b), two(c, d), two(e, f));
                if high > 99 || middle > 99 || low > 99 {
                    return None;
                }
                (high * 10_000 + middle * 100 + low).into()
            }
            _ => return None,
        };
        Some((self.day.1 * 86_400 + i64::from(hour * 3600 + minute * 60 + second)) * 1_000_000 + micros)
    }
}

/// The value of two digits; over 99 if they are none.
#[inline(always)]
fn two(tens: u8, ones: u8) -> u32 {
    let (tens, ones) = (u32::from(tens.wrapping_sub(b'0')), u32::from(ones.wrapping_sub(b'0')));
    if tens > 9 || ones > 9 { 1000 } else { tens * 10 + ones }
}

/// The number of days from 1970-01-01 to a date.
#[inline(never)]
fn days(&[y1, y2, y3, y4, a, m1, m2, b, d1, d2]: &[u8; 10]) -> Option<i64> {
    let (year, month, day) = (two(y1, y2) * 100 + two(y3, y4), two(m1, m2), two(d1, d2));
    if year > 9999 || !(1..=12).contains(&month) || !(1..=31).contains(&day) || [a, b] != [b'-'; 2] {
        return None;
    }
    let (year, month) = if month <= 2 { (i64::from(year) - 1, month + 9) } else { (i64::from(year), month - 3) };
    Some(365 * year + year / 4 - year / 100 + year / 400 + i64::from((153 * month + 2) / 5 + day) - 719_469)
}

/// Digits with at most one point among them.
#[inline(always)]
fn is_number(text: &[u8]) -> Option<()> {
    let mut points = 0;
    for &byte in text {
        points += u32::from(byte == b'.');
        if !(byte.is_ascii_digit() || byte == b'.') || points > 1 {
            return None;
        }
    }
    (!text.is_empty()).then_some(())
}

/// Every value of every image, typed, in reused buffers by table. Returns the number of changes.
pub fn decode<O: Order>(bytes: &[u8]) -> Option<u64> {
    batches::<O, false>(bytes)
}

/// AMOUNT and MEMO of BANK.POSTINGS. Returns the number of its changes.
pub fn decode_two<O: Order>(bytes: &[u8]) -> Option<u64> {
    batches::<O, true>(bytes)
}

#[inline(always)]
fn batches<O: Order, const TWO: bool>(bytes: &[u8]) -> Option<u64> {
    let wanted = if TWO { 1 << 2 | 1 << 6 } else { u8::MAX };
    let mut batches: Vec<Batch> = TABLES.iter().map(|(_, kinds)| Batch::new(kinds)).collect();
    let mut numbers: Vec<usize> = Vec::new();
    let mut changes = 0;
    records::<O>(bytes, |record| {
        let record_type = record.record_type();
        if record_type == METADATA {
            if let Some((number, name)) = definition::<O>(bytes, &record) {
                numbers.resize(numbers.len().max(number + 1), usize::MAX);
                *numbers.get_mut(number)? = TABLES.iter().position(|(table, _)| *table == name)?;
            }
            return Some(());
        }
        let &table = numbers.get(record.table::<O>())?;
        if TWO && table != 2 {
            return Some(());
        }
        changes += 1;
        let batch = batches.get_mut(table)?;
        let head = (record_type, record.micros::<O>()?, record.at as u64);
        let [before, after] = record.images::<O>(bytes)?;
        if before.0 < before.1 {
            batch.push::<O>(bytes, before, wanted, head)?;
        }
        if after.0 < after.1 { batch.push::<O>(bytes, after, wanted, head) } else { Some(()) }
    })?;
    for batch in &mut batches {
        batch.flush()?;
    }
    Some(changes)
}
