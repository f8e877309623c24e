//! Rewrites records: every place that has contents gets others of the same form and length.

use std::collections::{BTreeMap, HashMap};
use std::mem::{Discriminant, discriminant};

use trailcore::schema::{ColumnDef, Kind};
use trailcore::source::RecordView;
use trailcore::trail::image::{ColumnSpan, SpanContent};
use trailcore::trail::metadata::{DatabaseRecord, MetadataKind, TableRecord};
use trailcore::trail::places::{ColumnPlace, Place, PlaceKind, columns, is_case_sensitivity, places};
use trailcore::trail::{ByteOrder, Fault, FileHeader, Record, RecordType, SubToken, TableRef, tokens};
use trailcore::{Charset, Column, Error, ErrorKind, Result, Row, TableDef, TrailPosition, Value};

use super::classes::Classes;
use super::names::Names;
use super::parts::{Mode, Parts, replaced_unknown};
use super::permute::{Domain, Key};
use super::report::{HiddenKind, HiddenPart};
use super::survey::{Equality, Survey};

/// Bytes of the data of a row that several records have.
const MOST_JOINED: usize = 64 << 20;
/// Microseconds of a day, of which times are moved by a whole number.
const DAY: u64 = 86_400_000_000;
/// Days by which times are moved at most.
const MOST_DAYS: u128 = 3_650;

/// Replaces the contents of records.
pub(super) struct Rewriter<'a> {
    key: &'a Key,
    survey: &'a Survey,
    equality: &'a Equality,
    pub(super) names: Names,
    /// The classes of character sets by name.
    classes: HashMap<String, Classes>,
    domains: Domains,
    /// The domains of columns whose equal values stay equal, by table and column.
    columns: HashMap<Box<str>, HashMap<Box<str>, Option<Domain>>>,
    /// Microseconds by which times are moved back.
    back: u64,
    seqno: Option<u64>,
    /// The last record, if it may be the first half of an update: its place in the log, and its salt.
    half: Option<((u64, u32), Vec<u8>)>,
    /// The records of a row that continues.
    run: Vec<Continued>,
    pub(super) counts: Counts,
}

/// The domains of contents that are no columns.
struct Domains {
    value: Domain,
    unknown: Domain,
    csn: Domain,
    transaction: Domain,
    row_id: Domain,
    tag: Domain,
    log: Domain,
}

/// The numbers of replacements.
#[derive(Default)]
pub(super) struct Counts {
    /// Values of columns that were replaced.
    pub(super) replaced: u64,
    /// Values of columns without contents: empty ones, blanks, zero dates.
    pub(super) empty: u64,
    hidden: BTreeMap<HiddenKind, HiddenPart>,
}

/// A record of a row that continues: its bytes, of which the data are not replaced yet.
struct Continued {
    bytes: Vec<u8>,
    order: ByteOrder,
    data_at: usize,
    data_len: usize,
    joint: Joint,
    continues: bool,
    table: Option<TableDef>,
    salt: Vec<u8>,
    at: TrailPosition,
}

/// The facts that the records of one row have in common.
#[derive(Clone, PartialEq, Eq)]
struct Joint {
    record_type: RecordType,
    is_before: bool,
    /// AuditPos and AuditRBA.
    place: (u64, u32),
    table: Vec<u8>,
}

impl Joint {
    fn of(record: &Record<'_>) -> Self {
        let place = record.header().map_or((0, 0), |header| (header.audit_pos, header.audit_rba));
        let table = match record.table() {
            Ok(TableRef::Index(index)) => index.to_le_bytes().to_vec(),
            Ok(TableRef::Name(name)) => name.to_vec(),
            Err(_) => Vec::new(),
        };
        Self { record_type: record.record_type(), is_before: record.is_before_image(), place, table }
    }
}

impl Counts {
    /// Notes bytes that are replaced although it is not known what they are.
    pub(super) fn hide(&mut self, kind: HiddenKind, at: TrailPosition) {
        let first = || HiddenPart { kind, count: 0, seqno: at.seqno, rba: at.rba };
        self.hidden.entry(kind).or_insert_with(first).count += 1;
    }

    pub(super) fn hidden(&self) -> Vec<HiddenPart> {
        self.hidden.values().cloned().collect()
    }
}

/// A row, apart from its bytes.
struct Context<'a> {
    table: Option<&'a TableDef>,
    order: ByteOrder,
    salt: &'a [u8],
    at: TrailPosition,
}

impl<'a> Rewriter<'a> {
    pub(super) fn new(key: &'a Key, survey: &'a Survey, equality: &'a Equality) -> Self {
        let domains = Domains {
            value: key.domain("value"),
            unknown: key.domain("unknown"),
            csn: key.domain("csn"),
            transaction: key.domain("transaction"),
            row_id: key.domain("row id"),
            tag: key.domain("tag"),
            log: key.domain("log"),
        };
        Self {
            key,
            survey,
            equality,
            names: Names::new(key.domain("name")),
            classes: HashMap::new(),
            domains,
            columns: HashMap::new(),
            back: (1 + key.domain("time").below(MOST_DAYS) as u64) * DAY,
            seqno: None,
            half: None,
            run: Vec::new(),
            counts: Counts::default(),
        }
    }

    /// Returns the classes of a character set.
    fn classes(known: &mut HashMap<String, Classes>, charset: Charset) -> &mut Classes {
        known.entry(charset.to_string()).or_insert_with(|| Classes::new(charset))
    }

    /// Replaces a name in the character set of the database.
    pub(super) fn name(&mut self, name: &[u8], charset: Charset) -> Vec<u8> {
        self.names.replaced(name, Self::classes(&mut self.classes, charset))
    }

    /// Replaces the name of a file, of which the sequence number stays.
    pub(super) fn file_name(&mut self, name: &[u8], seqno: Option<u64>) -> Vec<u8> {
        self.names.file(name, seqno, Self::classes(&mut self.classes, Charset::UTF_8))
    }

    /// Appends the bytes of a record with other contents. Those of a row that continues follow with its last record.
    pub(super) fn record(&mut self, view: &RecordView<'_>, out: &mut Vec<u8>) -> Result<()> {
        let record = &view.record;
        if record.is_file_header() {
            self.end_run(out)?;
            self.seqno = FileHeader::parse(record).ok().and_then(|header| header.seqno().value()).map(u64::from);
        }
        let mut bytes = record.bytes().to_vec();
        for place in places(record) {
            let old = bytes.get(place.at..place.at + place.len).unwrap_or_default();
            let new = self.place(place, old, view).map_err(|error| located(error, view.position))?;
            put(&mut bytes, place.at, place.len, &new)?;
        }
        if record.is_file_header() || record.data().is_empty() {
            self.end_run(out)?;
            out.extend_from_slice(&bytes);
            return Ok(());
        }
        let data_at = record.data().as_ptr().addr() - record.bytes().as_ptr().addr();
        self.data(view, bytes, data_at, out).map_err(|error| located(error, view.position))
    }

    /// Replaces the data of a record whose other places are replaced already.
    fn data(&mut self, view: &RecordView<'_>, mut bytes: Vec<u8>, data_at: usize, out: &mut Vec<u8>) -> Result<()> {
        let record = &view.record;
        let joint = Joint::of(record);
        let continues = record.header().is_ok_and(|header| header.continued != 0) && joint.record_type != RecordType::LOB;
        let follows = self.run.last().is_some_and(|last| last.continues && last.joint == joint);
        if !follows {
            self.end_run(out)?;
        }
        let salt = self.salt(record, joint.place, view.position);
        if follows || continues {
            let total: usize = self.run.iter().map(|part| part.data_len).sum();
            if total > MOST_JOINED {
                return Err(Error::new(ErrorKind::Unsupported, "a row of several records has more than 64 MiB"));
            }
            let (order, data_len) = (record.byte_order(), record.data().len());
            let (table, at) = (view.table().cloned(), view.position);
            self.run.push(Continued { bytes, order, data_at, data_len, joint, continues, table, salt, at });
            return if continues { Ok(()) } else { self.end_run(out) };
        }
        let new = match record.record_type() {
            RecordType::METADATA => self.definition(view)?,
            RecordType::DDL if view.ddl().is_some() => {
                self.names.statement(record.data(), Self::classes(&mut self.classes, view.charset()))
            }
            _ => {
                let context = Context { table: view.table(), order: record.byte_order(), salt: &salt, at: view.position };
                self.row(record, record.data(), &context, view.images().is_ok())?
            }
        };
        put(&mut bytes, data_at, record.data().len(), &new)?;
        out.extend_from_slice(&bytes);
        Ok(())
    }

    /// Writes the records of a row that continues: its data are those of all of them.
    pub(super) fn end_run(&mut self, out: &mut Vec<u8>) -> Result<()> {
        let mut run = std::mem::take(&mut self.run);
        let data = |part: &Continued| part.bytes.get(part.data_at..part.data_at + part.data_len).unwrap_or_default().to_vec();
        let joined: Vec<u8> = run.iter().flat_map(data).collect();
        let Some(first) = run.first() else { return Ok(()) };
        let record = Record::parse(&first.bytes, first.order).map_err(|_| Error::internal("a rewritten record is none"))?;
        let context = Context { table: first.table.as_ref(), order: first.order, salt: &first.salt, at: first.at };
        let new = self.row(&record, &joined, &context, true)?;
        let mut rest = new.as_slice();
        for part in &mut run {
            let (own, after) = rest.split_at_checked(part.data_len).unwrap_or((rest, &[]));
            put(&mut part.bytes, part.data_at, part.data_len, own)?;
            out.extend_from_slice(&part.bytes);
            rest = after;
        }
        Ok(())
    }

    /// Returns the salt of a change: that of its first record, so that a column that is the same before and after stays so.
    fn salt(&mut self, record: &Record<'_>, place: (u64, u32), at: TrailPosition) -> Vec<u8> {
        let own = [at.seqno.to_le_bytes(), at.rba.to_le_bytes()].concat();
        // The start of a file and its definitions may be between the halves of an update.
        if record.record_type() == RecordType::METADATA {
            return own;
        }
        let half = self.half.take().filter(|(before, _)| *before == place && !record.is_before_image());
        let is_update = record.record_type() == RecordType::FIELD_COMP;
        let salt = half.filter(|_| is_update).map_or(own, |(_, salt)| salt);
        if is_update && record.is_before_image() {
            self.half = Some((place, salt.clone()));
        }
        salt
    }

    /// Returns other contents of a place.
    fn place(&mut self, place: Place, old: &[u8], view: &RecordView<'_>) -> Result<Vec<u8>> {
        let order = view.record.byte_order();
        let charset = view.charset();
        match place.kind {
            PlaceKind::HeaderText | PlaceKind::TableName | PlaceKind::Token(tokens::id::DDL) => Ok(self.name(old, charset)),
            PlaceKind::HeaderFileName => Ok(self.file_name(old, self.seqno)),
            PlaceKind::HeaderTime | PlaceKind::Time => Ok(self.moved_back(old, order)),
            PlaceKind::HeaderCsn | PlaceKind::Token(tokens::id::LOGCSN) => {
                let moved = std::str::from_utf8(old).ok().and_then(|csn| self.survey.csns.replaced(csn));
                moved.map_or_else(|| equal(&Parts::of_unknown(old), self.domains.csn), |csn| Ok(csn.into_bytes()))
            }
            PlaceKind::LogPosition | PlaceKind::LogOffset => self.log_place(old, order),
            PlaceKind::Token(tokens::id::TRANID) => equal(&Parts::of_unknown(old), self.domains.transaction),
            PlaceKind::Token(tokens::id::ORAROWID) => equal(&Parts::of_unknown(old), self.domains.row_id),
            PlaceKind::Token(tokens::id::ORATAG) => equal(&Parts::of_unknown(old), self.domains.tag),
            kind => {
                let hidden = match kind {
                    PlaceKind::HeaderUnknown | PlaceKind::HeaderKey => HiddenKind::HeaderField,
                    PlaceKind::UserTokens => HiddenKind::UserTokens,
                    PlaceKind::UnknownToken | PlaceKind::Token(_) => HiddenKind::Token,
                    _ => HiddenKind::Area,
                };
                self.counts.hide(hidden, view.position);
                self.unknown(old, view.position, place.at, |_| true)
            }
        }
    }

    /// Returns a time that is some days earlier. Zero is no time.
    fn moved_back(&self, old: &[u8], order: ByteOrder) -> Vec<u8> {
        let moved = |bytes: &[u8; 8]| match number(bytes, order) {
            0 => 0,
            micros => micros.wrapping_sub(self.back),
        };
        old.first_chunk().map_or_else(|| old.to_vec(), |bytes| bytes_of(moved(bytes), old.len(), order))
    }

    /// Returns another place in the log, with as many decimal digits. Zero is no place.
    fn log_place(&self, old: &[u8], order: ByteOrder) -> Result<Vec<u8>> {
        let text = number(old, order).to_string();
        if text == "0" {
            return Ok(old.to_vec());
        }
        let most = if old.len() < 8 { u64::from(u32::MAX) } else { u64::MAX };
        let parse =
            |text: &[u8]| std::str::from_utf8(text).ok()?.parse::<u64>().ok().filter(|number| (1..=most).contains(number));
        let new = Parts::of_number(text.as_bytes()).replaced(Mode::Equal(self.domains.log), |text| parse(text).is_some());
        let new = new.and_then(|text| parse(&text)).ok_or_else(no_other)?;
        Ok(bytes_of(new, old.len(), order))
    }

    /// Returns other bytes for some of unknown meaning.
    fn unknown(&self, old: &[u8], at: TrailPosition, place: usize, accepts: impl Fn(&[u8]) -> bool) -> Result<Vec<u8>> {
        let salt = [at.seqno.to_le_bytes(), at.rba.to_le_bytes(), (place as u64).to_le_bytes()].concat();
        replaced_unknown(old, Mode::Salted(self.domains.unknown, &salt), accepts).ok_or_else(no_other)
    }

    /// Returns the data of a definition with other names.
    fn definition(&mut self, view: &RecordView<'_>) -> Result<Vec<u8>> {
        let (data, order) = (view.record.data(), view.record.byte_order());
        let kind = view.record.header().map(|header| MetadataKind::from_orig_node(header.orig_node));
        let unwritable = |fault: Fault| Error::new(ErrorKind::Unsupported, fault.what);
        let mut out = Vec::new();
        let database = DatabaseRecord::parse(data, order).ok().filter(|_| kind == Ok(MetadataKind::Database));
        if let Some(known) = database.filter(|known| is_verbatim(|out| known.encode(order, out), data)) {
            self.database(known, view)?.encode(order, &mut out).map_err(unwritable)?;
            return Ok(out);
        }
        let table = TableRecord::parse(data, order).ok().filter(|_| kind == Ok(MetadataKind::Table));
        if let Some(known) = table.filter(|known| is_verbatim(|out| known.encode(order, out), data)) {
            self.table(known, view)?.encode(order, &mut out).map_err(unwritable)?;
            return Ok(out);
        }
        self.counts.hide(HiddenKind::Definition, view.position);
        let is_unknown = |new: &[u8]| TableRecord::parse(new, order).is_err() && DatabaseRecord::parse(new, order).is_err();
        let was_unknown = is_unknown(data);
        self.unknown(data, view.position, 0, |new| is_unknown(new) || !was_unknown)
    }

    fn database(&mut self, database: DatabaseRecord, view: &RecordView<'_>) -> Result<DatabaseRecord> {
        let (time_zone, name) = (self.name(&database.time_zone, view.charset()), self.name(&database.name, view.charset()));
        let extra = self.extra(database.extra, view)?;
        let mut case_sensitivity = database.case_sensitivity;
        if !is_case_sensitivity(&case_sensitivity) {
            self.counts.hide(HiddenKind::Definition, view.position);
            case_sensitivity.fill(0);
        }
        // The meaning of the locale is not known.
        Ok(DatabaseRecord { time_zone, name, extra, locale: 0, case_sensitivity, ..database })
    }

    fn table(&mut self, table: TableRecord, view: &RecordView<'_>) -> Result<TableRecord> {
        let mut columns = table.columns;
        for (index, column) in columns.iter_mut().enumerate() {
            column.name = self.name(&column.name, view.charset());
            if let Some(part) = column.second_part.as_mut().filter(|part| part.iter().any(|byte| *byte != 0)) {
                self.counts.hide(HiddenKind::Definition, view.position);
                *part = self.unknown(part, view.position, index, |_| true)?;
            }
        }
        let (facts, extra) = (self.extra(table.facts, view)?, self.extra(table.extra, view)?);
        Ok(TableRecord { columns, facts, extra, ..table })
    }

    /// Replaces the bodies of tokens of unknown meaning. Zeros have none.
    fn extra(&mut self, tokens: Vec<SubToken>, view: &RecordView<'_>) -> Result<Vec<SubToken>> {
        let mut replaced = Vec::new();
        for (index, token) in tokens.into_iter().enumerate() {
            let body = match token.body.iter().all(|byte| *byte == 0) {
                true => token.body,
                false => {
                    self.counts.hide(HiddenKind::Definition, view.position);
                    self.unknown(&token.body, view.position, index, |_| true)?
                }
            };
            replaced.push(SubToken { body, ..token });
        }
        Ok(replaced)
    }

    /// Returns the data of a row with other values; other bytes if the data are not columns.
    fn row(&mut self, record: &Record<'_>, data: &[u8], context: &Context<'_>, is_readable: bool) -> Result<Vec<u8>> {
        let found = columns(record, data);
        let places = found.as_ref().ok().filter(|places| is_readable && !places.is_empty());
        let Some(places) = places else {
            let kind = match record.record_type() {
                RecordType::LOB => HiddenKind::LargeObject,
                kind if kind.op() == trailcore::Op::Other => HiddenKind::RecordType,
                _ => HiddenKind::Row,
            };
            self.counts.hide(kind, context.at);
            return self.unknown(data, context.at, 0, |new| columns(record, new).is_err() == found.is_err());
        };
        let mut new = data.to_vec();
        for place in places {
            let span = data.get(place.at..place.at + place.len).unwrap_or_default();
            put(&mut new, place.at, place.len, &self.column(*place, span, context)?)?;
        }
        Ok(new)
    }

    /// Returns the span of a column with another value.
    fn column(&mut self, place: ColumnPlace, span: &[u8], context: &Context<'_>) -> Result<Vec<u8>> {
        let salt = [context.salt, &place.index.to_le_bytes()].concat();
        let salted = Mode::Salted(self.domains.value, &salt);
        match (ColumnSpan { index: place.index, bytes: span }).content() {
            SpanContent::Null => {
                let (flag, filler) = span.split_at_checked(2).unwrap_or((span, &[]));
                let has_contents = filler.iter().any(|byte| *byte != 0);
                let filler = if has_contents { salted_unknown(filler, salted)? } else { filler.to_vec() };
                Ok([flag, filler.as_slice()].concat())
            }
            SpanContent::Invalid => {
                let is_invalid = |bytes: &[u8]| (ColumnSpan { index: place.index, bytes }).content() == SpanContent::Invalid;
                self.counts.hide(HiddenKind::Value, context.at);
                Parts::of_bytes(span).replaced(salted, is_invalid).ok_or_else(no_other)
            }
            SpanContent::Value(body) => {
                let table = context.table;
                let column = table.and_then(|table| table.columns().get(usize::from(place.index)));
                let mode = self.domain(table, column, place.index).map_or(salted, Mode::Equal);
                let new = self.body(body, column, mode, place.index, context)?;
                match new == body {
                    true => self.counts.empty += 1,
                    false => self.counts.replaced += 1,
                }
                Ok([&[0, 0], new.as_slice()].concat())
            }
        }
    }

    /// Returns the domain of a column whose equal values stay equal.
    fn domain(&mut self, table: Option<&TableDef>, column: Option<&ColumnDef>, index: u16) -> Option<Domain> {
        let table = table?.name();
        let unnamed;
        let (name, is_key) = match column {
            Some(column) => (&*column.name, column.key),
            None => {
                unnamed = format!("COL{index}");
                (unnamed.as_str(), false)
            }
        };
        if let Some(known) = self.columns.get(table).and_then(|columns| columns.get(name)) {
            return *known;
        }
        let domain = self.equality.domain(self.key, table, name, is_key);
        self.columns.entry(table.into()).or_default().insert(name.into(), domain);
        domain
    }

    /// Returns another value in the form of a column.
    fn body(
        &mut self,
        body: &[u8],
        column: Option<&ColumnDef>,
        mode: Mode<'_>,
        index: u16,
        context: &Context<'_>,
    ) -> Result<Vec<u8>> {
        let before = state(context, index, body);
        let is_known = !matches!(before, Some((_, true)));
        let kind = column.map(ColumnDef::kind).filter(|_| is_known);
        let (head, contents) = split(body, kind, context.order);
        let whole = |parts: &Parts, accepts: &dyn Fn(&[u8]) -> bool| {
            let new = parts.replaced(mode, accepts).ok_or_else(no_other)?;
            Ok([head, new.as_slice()].concat())
        };
        let any = |_: &[u8]| true;
        match (kind, column) {
            (Some(Kind::Text { .. }), Some(column)) => {
                let classes = Self::classes(&mut self.classes, column.text_charset());
                if let Some(parts) = Parts::of_text(contents, classes) {
                    return whole(&parts, &any);
                }
            }
            (Some(Kind::NumberText { .. }), _) => {
                let range = range_of(contents);
                return whole(&Parts::of_number(contents), &|new| range_of(new) == range);
            }
            (Some(Kind::Binary { .. }), _) => return whole(&Parts::of_unknown(contents), &any),
            (Some(Kind::DateTime), _) => return whole(&Parts::of_date(contents), &|new| Parts::is_date_like(new, contents)),
            (Some(Kind::Integer { signed, .. }), _) => return integer(body, signed, mode),
            _ => {}
        }
        // A type of unknown layout, no definition, or a value that is not of its type, which it must not become.
        if context.table.is_some_and(TableDef::is_defined) {
            self.counts.hide(HiddenKind::Value, context.at);
        }
        let stays = |new: &[u8]| state(context, index, &[head, new].concat()) == before;
        let is_text = before.is_some_and(|(kind, _)| kind == discriminant(&Value::Text("".into())));
        let text = Parts::of_text(contents, Self::classes(&mut self.classes, Charset::UTF_8)).filter(|_| is_text);
        match text {
            Some(parts) => whole(&parts, &stays),
            None => whole(&Parts::of_unknown(contents), &stays),
        }
    }
}

/// Returns the kind of a column's value, and whether it is not of its type.
fn state(context: &Context<'_>, index: u16, body: &[u8]) -> Option<(Discriminant<Value<'static>>, bool)> {
    let mut image = trailcore::trail::image::ImageBuilder::new(context.order);
    image.fixed(index, body).ok()?;
    let unknown;
    let table = match context.table {
        Some(table) => table,
        None => {
            unknown = TableDef::undefined("");
            &unknown
        }
    };
    let column: Column<'_> = Row::new(image.bytes(), table, context.order).at(usize::from(index))?;
    let value = match column.value() {
        Value::Null => Value::Null,
        Value::Text(_) => Value::Text("".into()),
        Value::Number(_) => Value::Number(trailcore::Number::Text("")),
        Value::DateTime(date) => Value::DateTime(date),
        Value::Bytes(_) => Value::Bytes(&[]),
        Value::Invalid(_) => Value::Invalid(&[]),
        _ => Value::Unchanged,
    };
    Some((discriminant(&value), matches!(value, Value::Invalid(_))))
}

/// Splits the length off a body, if the kind has one; a kind that is not known, if it fits.
fn split(body: &[u8], kind: Option<Kind>, order: ByteOrder) -> (&[u8], &[u8]) {
    let is_plain = match kind {
        Some(Kind::Text { prefixed } | Kind::NumberText { prefixed } | Kind::Binary { prefixed }) => !prefixed,
        Some(Kind::Integer { .. } | Kind::DateTime) => true,
        _ => false,
    };
    let fits = body.split_at_checked(2).filter(|(length, rest)| number(length, order) == rest.len() as u64);
    fits.filter(|_| !is_plain).unwrap_or((&[], body))
}

/// Returns the range of an integer: ranges end where an integer of some width ends, so that a value becomes the same one in columns of
/// different widths, and as text. `None` for other numbers.
fn range_of(text: &[u8]) -> Option<(bool, u32)> {
    let value: i128 = std::str::from_utf8(text).ok()?.parse().ok()?;
    // The bits of the narrowest signed type; of the other half of the values of an unsigned one, in bytes, one bit more.
    let magnitude = if value < 0 { !value } else { value };
    let bits = i128::BITS - magnitude.leading_zeros();
    let width = match bits % 8 {
        0 if value >= 0 && bits > 0 => bits,
        _ => bits / 8 * 8 + 7,
    };
    Some((value < 0, width))
}

/// Returns another integer with the same sign and as many decimal digits.
fn integer(body: &[u8], signed: bool, mode: Mode<'_>) -> Result<Vec<u8>> {
    let bits = body.len() as u32 * 8;
    let unsigned = i128::from(number(body, ByteOrder::Big));
    let is_negative = signed && bits > 0 && unsigned >> (bits - 1) != 0;
    let value = if is_negative { unsigned - (1 << bits) } else { unsigned };
    let text = value.to_string();
    let range = range_of(text.as_bytes());
    let new = Parts::of_number(text.as_bytes()).replaced(mode, |text| range_of(text) == range);
    let new = new.and_then(|text| std::str::from_utf8(&text).ok()?.parse::<i128>().ok()).ok_or_else(no_other)?;
    let bytes = new.to_be_bytes();
    Ok(bytes.get(bytes.len().saturating_sub(body.len())..).unwrap_or_default().to_vec())
}

/// Returns the number in up to eight bytes.
fn number(bytes: &[u8], order: ByteOrder) -> u64 {
    let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
    match order {
        ByteOrder::Big => bytes.iter().fold(0, add),
        ByteOrder::Little => bytes.iter().rev().fold(0, add),
    }
}

fn bytes_of(number: u64, length: usize, order: ByteOrder) -> Vec<u8> {
    match order {
        ByteOrder::Big => number.to_be_bytes().get(8usize.saturating_sub(length)..).unwrap_or_default().to_vec(),
        ByteOrder::Little => number.to_le_bytes().get(..length).unwrap_or_default().to_vec(),
    }
}

fn equal(parts: &Parts, domain: Domain) -> Result<Vec<u8>> {
    parts.replaced(Mode::Equal(domain), |_| true).ok_or_else(no_other)
}

fn salted_unknown(bytes: &[u8], mode: Mode<'_>) -> Result<Vec<u8>> {
    replaced_unknown(bytes, mode, |_| true).ok_or_else(no_other)
}

/// Returns whether writing what was read gives the same bytes.
fn is_verbatim(write: impl Fn(&mut Vec<u8>) -> std::result::Result<(), Fault>, data: &[u8]) -> bool {
    let mut out = Vec::new();
    write(&mut out).is_ok() && out == data
}

/// Puts other bytes in a place. A replacement of another length would leave some of the old ones.
fn put(bytes: &mut [u8], at: usize, len: usize, new: &[u8]) -> Result<()> {
    match bytes.get_mut(at..at + len).filter(|_| new.len() == len) {
        Some(place) => {
            place.copy_from_slice(new);
            Ok(())
        }
        None => Err(Error::internal("a replacement has another length")),
    }
}

fn no_other() -> Error {
    Error::new(ErrorKind::Unsupported, "no other value of the same form was found for one of its values")
}

fn located(error: Error, at: TrailPosition) -> Error {
    Error::new(error.kind(), format!("the record at {}:{} cannot be anonymised: {}", at.seqno, at.rba, error.what()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_one_domain_are_the_same_in_every_width() {
        let domain = Key::of_secret(b"a key that has enough bytes").unwrap().domain("column ID");
        let edges: [i64; 9] = [127, 255, 32_767, 65_535, 8_388_607, 16_777_215, i32::MAX.into(), u32::MAX.into(), i64::MAX];
        let near = edges.into_iter().flat_map(|edge| (-3..4).map(move |step| edge.saturating_add(step)));
        for value in near.chain([0, 1, 9, 10, 99, 100, 1_000_000, 1_099_511_627_776]).flat_map(|value| [value, -value]) {
            let mut seen = std::collections::BTreeSet::new();
            for (width, signed) in (1..=8).flat_map(|width| [(width, true), (width, false)]) {
                let bits = width as u32 * 8;
                let (low, high) = if signed { (-(1i128 << (bits - 1)), (1 << (bits - 1)) - 1) } else { (0, (1 << bits) - 1) };
                if !(low..=high).contains(&i128::from(value)) {
                    continue;
                }
                let body = &value.to_be_bytes()[8 - width..];
                let new = integer(body, signed, Mode::Equal(domain)).unwrap();
                let (unsigned, sign) = (i128::from(number(&new, ByteOrder::Big)), 1i128 << bits);
                seen.insert(if signed && unsigned >= sign / 2 { unsigned - sign } else { unsigned });
            }
            let text = value.to_string();
            let range = range_of(text.as_bytes());
            let new = Parts::of_number(text.as_bytes()).replaced(Mode::Equal(domain), |new| range_of(new) == range).unwrap();
            seen.insert(std::str::from_utf8(&new).unwrap().parse().unwrap());
            assert!(seen.len() == 1 && !seen.contains(&i128::from(value)), "{value}: {seen:?}");
        }
    }
}
