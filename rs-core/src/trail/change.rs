//! Changes of a trail: from frames to the change model, and back to the records.

use std::borrow::Cow;

use crate::change::image::RowForm;
use crate::change::{
    Change, Ddl, Fact, FactValue, Head, HeadFacts, HeaderFact, Layout, Lists, Row, SourceFormat, UserToken, tagged,
};
use crate::decode::{ByteOrder, Fault};
use crate::error::{Error, ErrorKind, Result};
use crate::text::Charset;
use crate::time::Timestamp;
use crate::trail::file_header::{Field, FileHeader};
use crate::trail::frame::{self, Frame, Record, area};
use crate::trail::image::Images;
use crate::trail::record_header::RecordHeader;
use crate::trail::record_type::RecordType;
use crate::trail::tokens::{self, GgsToken};
use crate::trail::wire::short_body;

impl Frame {
    /// Returns the head of a change that consists of only this record, at `offset` in its file.
    #[inline(always)]
    pub(crate) fn head(&self, (offset, record): (u64, u64), encrypted: bool) -> Head {
        let mut facts = row_facts(self).with_form(RowForm::from(self.order())).with_transaction(self.transaction_byte());
        if encrypted {
            facts = facts.with_layout(Layout::Other);
        }
        Head {
            at: self.at as usize,
            len: self.len,
            main_at: 0,
            data_at: self.data_at(),
            data_len: self.data_len(),
            before_at: 0,
            before_len: 0,
            source_len: self.len,
            time_at: self.time_at(),
            facts,
            offset,
            record,
        }
    }
}

/// The facts by [`Frame::row_kind`]: looking them up costs less than finding each one out.
static ROW_FACTS: [HeadFacts; 1024] = all_row_facts();

/// Returns the facts that follow from the kind of a row.
#[inline(always)]
fn row_facts(frame: &Frame) -> HeadFacts {
    // The number is below 1,024: the compiler leaves out the check.
    #[allow(clippy::indexing_slicing)]
    ROW_FACTS[frame.row_kind() % ROW_FACTS.len()]
}

// Evaluated by the compiler.
#[allow(clippy::indexing_slicing)]
const fn all_row_facts() -> [HeadFacts; 1024] {
    let mut all = [facts_of_kind(0); 1024];
    let mut kind = 1;
    while kind < all.len() {
        all[kind] = facts_of_kind(kind);
        kind += 1;
    }
    all
}

const fn facts_of_kind(kind: usize) -> HeadFacts {
    let (record_type, is_before, has_columns) = Frame::of_row_kind(kind);
    // The images that it has, readable or not, and their layout in the record's own data.
    let (layout, has_before, has_after) = match record_type {
        RecordType::INSERT => (Layout::After, false, true),
        RecordType::DELETE => (Layout::Before, true, false),
        RecordType::FIELD_COMP | RecordType::UPDATE | RecordType::UPDATE_COMP if is_before => (Layout::Before, true, false),
        RecordType::FIELD_COMP | RecordType::UPDATE | RecordType::UPDATE_COMP => (Layout::After, false, true),
        RecordType::PK_UPDATE => (Layout::Split16, true, true),
        RecordType::UNIFIED_UPDATE => (Layout::Split32, true, true),
        // Valid only if both lists end exactly, which the format checks.
        RecordType::UNIFIED_PK_UPDATE => (Layout::Other, true, true),
        _ => (Layout::None, false, false),
    };
    // The format refuses rows that are not lists of columns.
    let layout = if has_columns || !(has_before || has_after) { layout } else { Layout::Other };
    let facts = HeadFacts::new(record_type.op(), record_type.0).with_layout(layout).with_images(has_before, has_after);
    facts.with_in_transaction(true)
}

/// The trail's side of a change: its records, header and tokens.
///
/// ```
/// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
/// # let trail = trailcore::Trail::from_bytes(files[0].1.clone());
/// let mut reader = trail.reader()?;
/// let change = reader.next()?.unwrap();
/// let records = change.trail().unwrap();
/// assert_eq!(records.record().bytes().len() as u64, change.source_bytes());
/// # Ok::<(), trailcore::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TrailChange<'a> {
    change: Change<'a>,
    main: Record<'a>,
}

impl<'a> Change<'a> {
    /// Returns the trail's side of the change; `None` for a change of another source.
    #[must_use]
    pub fn trail(&self) -> Option<TrailChange<'a>> {
        let raw = self.part(0, self.head().source_len)?;
        let order = self.head().facts.form().byte_order()?;
        let main = Record::parse(raw.get(self.head().main_at as usize..)?, order).ok()?;
        Some(TrailChange { change: *self, main })
    }

    /// Returns the header of its trail file; `None` for files without one, and for changes of other sources.
    #[must_use]
    pub fn file_header(&self) -> Option<&'a FileHeader> {
        self.file_context().header.as_ref()?.downcast_ref()
    }
}

impl<'a> TrailChange<'a> {
    /// Returns its record; for a before/after pair, the after record.
    #[must_use]
    pub fn record(&self) -> Record<'a> {
        self.main
    }

    /// Returns the before record of a before/after pair.
    #[must_use]
    pub fn before_record(&self) -> Option<Record<'a>> {
        if self.change.head().main_at == 0 { None } else { self.records().next() }
    }

    /// Returns all its records: the before record of a pair, the record itself, the records that continue its data, and its
    /// large-object fragments.
    pub fn records(&self) -> impl Iterator<Item = Record<'a>> + use<'a> {
        let head = self.change.head();
        let order = self.main.byte_order();
        let mut rest = self.change.part(0, head.source_len).unwrap_or_default();
        std::iter::from_fn(move || {
            // They have been framed before, one after the other.
            let record = Record::parse(rest, order).or_else(|_| Record::parse(rest, order.other())).ok()?;
            rest = rest.get(record.bytes().len()..)?;
            Some(record)
        })
    }

    /// Returns the large-object fragments that belong to it. Their layout is UNKNOWN; only their records are available.
    pub fn fragments(&self) -> impl Iterator<Item = Record<'a>> + use<'a> {
        self.records().filter(|record| record.record_type() == RecordType::LOB)
    }

    /// Returns the header of its record, in full.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] if a table name has no end.
    pub fn header(&self) -> Result<RecordHeader<'a>> {
        self.main.header().map_err(|fault| self.change.error(fault))
    }

    /// Returns GoldenGate's own tokens of its record; for a pair, the tokens of the after record and then those of the before
    /// record.
    pub fn tokens(&self) -> impl Iterator<Item = GgsToken<'a>> + use<'a> {
        let records = [Some(self.main), self.before_record()];
        records.into_iter().flatten().flat_map(|record| {
            tokens::parse(record.token_area().unwrap_or_default(), record.byte_order()).filter_map(std::result::Result::ok)
        })
    }

    /// Returns the tokens of the native JSON form, each with its value. CSN and transaction id have members of their own. If a
    /// token occurs twice, the first is used, since both have the same value.
    pub fn token_values(&self) -> impl Iterator<Item = (GgsToken<'a>, &'a [u8])> + use<'a> {
        let mut seen = [false; 256];
        let others = self.tokens().filter(|token| !matches!(token.id(), tokens::id::LOGCSN | tokens::id::TRANID));
        others.filter_map(move |token| {
            let value = token.value()?;
            let seen = seen.get_mut(usize::from(token.id()))?;
            (!std::mem::replace(seen, true)).then_some((token, value))
        })
    }

    /// Returns the area of the user's tokens; for a pair, the area of the after record, or else of the before record.
    #[must_use]
    pub fn user_tokens(&self) -> Option<&'a [u8]> {
        self.main.user_token_area().or_else(|| self.before_record()?.user_token_area())
    }

    /// Returns the images of a pair's records, of a continued record, and of records that may be encrypted.
    fn lists(&self) -> Result<Lists<'a>> {
        let (change, head) = (&self.change, self.change.head());
        let encrypted = change.file_context().encrypted;
        let refused = |fault: Fault| if encrypted { self.encrypted_error() } else { change.error(fault) };
        // Data after the records are the joined data of a continued record.
        let mut images = if head.data_at >= head.source_len {
            let Some(data) = change.part(head.data_at, head.data_len) else {
                return Err(Error::internal("a continued record's data are outside its buffer"));
            };
            Images::of_joined(&self.main, data).map_err(refused)?
        } else {
            Images::of(&self.main).map_err(refused)?
        };
        if let Some(before) = self.before_record() {
            images.before = Images::of(&before).map_err(refused)?.before;
        }
        // A header with the mark of encryption has not been seen: an image that is entirely plausible is taken as not encrypted.
        let reads_as_image = |list| Row::new(list, change.table(), head.facts.form()).reads_as_image();
        if encrypted && ![images.before, images.after].into_iter().flatten().all(reads_as_image) {
            return Err(self.encrypted_error());
        }
        Ok((images.before, images.after))
    }

    fn encrypted_error(&self) -> Error {
        let error = Error::new(ErrorKind::Unsupported, "the row is encrypted");
        self.change.locate(error.hint("decrypt the trail with GoldenGate first; headers stay readable"))
    }
}

/// The format of a trail's changes.
#[derive(Debug)]
pub(crate) struct TrailFormat;

impl TrailFormat {
    /// Returns the text of a DDL record; `None` if it is encrypted.
    pub(crate) fn ddl_text<'a>(record: &Record<'a>, charset: Charset, encrypted: bool) -> Option<Cow<'a, str>> {
        let data = record.data();
        if encrypted && !data.starts_with(b",") {
            return None;
        }
        let end = data.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        Some(charset.decode_name(data.get(..end).unwrap_or_default()))
    }
}

impl SourceFormat for TrailFormat {
    fn transaction_ids<'a>(&self, areas: &'a [u8], order: ByteOrder) -> (Option<&'a str>, Option<&'a str>) {
        tokens::transaction_ids(frame::token_area_in(areas, order).unwrap_or_default(), order)
    }

    fn csn<'a>(&self, areas: &'a [u8], order: ByteOrder) -> Option<&'a [u8]> {
        let tokens = short_body(areas, order, area::TOKENS).or_else(|| frame::token_area_in(areas, order));
        tokens::csn(tokens.unwrap_or_default(), order)
    }

    fn images<'a>(&self, change: &Change<'a>) -> Result<Lists<'a>> {
        change.trail().ok_or_else(|| Error::internal("a change without its records"))?.lists()
    }

    fn tokens<'a>(&self, change: &Change<'a>, each: &mut dyn FnMut(Cow<'a, str>, &'a [u8])) {
        let Some(trail) = change.trail() else { return };
        trail.token_values().for_each(|(token, value)| each(token.label(), value));
    }

    fn user_tokens<'a>(&self, change: &Change<'a>) -> Option<&'a [u8]> {
        change.trail()?.user_tokens()
    }

    fn named_user_tokens<'a>(&self, _: &Change<'a>, _: &mut dyn FnMut(&'a str, &'a str)) {}

    fn user_token<'a>(&self, change: &Change<'a>, _: &str) -> UserToken<'a> {
        if self.user_tokens(change).is_some() { UserToken::UnknownLayout } else { UserToken::Missing }
    }

    fn ddl<'a>(&self, change: &Change<'a>) -> Option<Ddl<'a>> {
        let record = change.trail()?.record();
        let text = Self::ddl_text(&record, change.file_context().charset, change.file_context().encrypted)?;
        let object = ddl_object(&record, &text).map(Cow::Owned);
        Some(Ddl { text, object })
    }

    fn fact<'a>(&self, change: &Change<'a>, fact: Fact) -> Option<FactValue<'a>> {
        if let Fact::FileHeader(fact) = fact {
            return Some(change.file_header().map_or(FactValue::Missing, |header| header_fact(header, fact)));
        }
        let trail = change.trail()?;
        let number = |of: fn(&RecordHeader<'_>) -> u64| match trail.header() {
            Ok(header) => FactValue::Number(of(&header).into()),
            Err(_) => FactValue::Invalid,
        };
        let text = |text: &'static str| FactValue::Text(Cow::Borrowed(text));
        Some(match fact {
            Fact::OpType => op_type(trail.main.record_type()),
            Fact::BeforeAfterIndicator => text(if trail.main.is_before_image() { "BEFORE" } else { "AFTER" }),
            Fact::LogPosition => number(|header| header.audit_pos),
            Fact::LogRba => number(|header| header.audit_rba.into()),
            Fact::RecordLength => number(|header| header.record_length.into()),
            Fact::RowId => {
                let token = trail.tokens().find(|token| token.id() == tokens::id::ORAROWID).and_then(|token| token.value());
                token
                    .and_then(|value| std::str::from_utf8(value).ok())
                    .map_or(FactValue::Missing, |id| FactValue::Text(id.into()))
            }
            Fact::UserName => FactValue::Unavailable("trails do not contain a transaction's user"),
            _ => return None,
        })
    }
}

/// Returns owner and object of DDL, joined by `.`: from the DDL token, or else from the tags B3 and B4.
fn ddl_object(record: &Record<'_>, text: &str) -> Option<String> {
    let join = |owner: &str, object: &str| if owner.is_empty() { object.to_owned() } else { format!("{owner}.{object}") };
    let area = record.token_area().unwrap_or_default();
    let token =
        tokens::parse(area, record.byte_order()).filter_map(std::result::Result::ok).find(|token| token.id() == tokens::id::DDL);
    let from_token = token.and_then(|token| {
        let mut parts = token.body().split(|&byte| byte == 0).map(|part| std::str::from_utf8(part).ok());
        Some(join(parts.next()??, parts.next()??))
    });
    from_token.or_else(|| Some(join(&tagged(text, "B3")?, &tagged(text, "B4")?)))
}

/// Returns the name of an operation as parameter files compare it (docs/filter.md, SEEN there).
fn op_type(record_type: RecordType) -> FactValue<'static> {
    FactValue::Text(Cow::Borrowed(match record_type {
        RecordType::INSERT => "INSERT",
        RecordType::DELETE => "DELETE",
        RecordType::UPDATE => "UPDATE",
        RecordType::UPDATE_COMP => "ENSCRIBE COMPUPDATE",
        RecordType::FIELD_COMP | RecordType::UNIFIED_UPDATE => "SQL COMPUPDATE",
        RecordType::PK_UPDATE | RecordType::UNIFIED_PK_UPDATE => "PK UPDATE",
        RecordType::PURGE_DATA => "TRUNCATE",
        RecordType::DDL => "DDL",
        other => return FactValue::Text(Cow::Owned(other.to_string())),
    }))
}

fn header_fact(header: &FileHeader, fact: HeaderFact) -> FactValue<'_> {
    fn text(field: Field<&str>) -> FactValue<'_> {
        field.value().map_or(FactValue::Missing, |text| FactValue::Text(Cow::Borrowed(text)))
    }
    let number = |value: Option<i128>| value.map_or(FactValue::Missing, FactValue::Number);
    let time = |value: Option<Timestamp>| value.map_or(FactValue::Missing, FactValue::Time);
    let [os, host, ..] = header.machine();
    match fact {
        HeaderFact::Compatibility => number(header.compatibility().value().map(i128::from)),
        HeaderFact::CreationTime => time(header.creation_time().value()),
        HeaderFact::FileName => text(header.file_name()),
        HeaderFact::Seqno => number(header.seqno().value().map(i128::from)),
        HeaderFact::FirstCsn => text(header.first_csn()),
        HeaderFact::FirstIoTime => time(header.first_time().value()),
        HeaderFact::Uri => text(header.uri()),
        HeaderFact::GroupName => text(header.producer_group()),
        HeaderFact::HostName => text(host),
        HeaderFact::OsType => text(os),
        HeaderFact::DatabaseName => text(header.database_name()),
        HeaderFact::DatabaseVersion => text(header.database_version()),
        HeaderFact::WriterVersion => text(header.producer_version()),
    }
}
