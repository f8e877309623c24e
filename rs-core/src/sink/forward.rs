//! [`TrailWriter::write`]: writes changes that were read from any source, such as a filtered trail.

use std::borrow::Cow;

use crate::change::image::{ImageBuilder, RowForm, SpanContent};
use crate::change::{Change, Op, Row};
use crate::decode::ByteOrder;
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{ColumnDef, Kind};
use crate::sink::trail::{TrailWriter, UpdateStyle};
use crate::trail::{Record, RecordType, Token, tokens};

/// Before and after, in the byte order of the writer.
type OwnImages<'a> = (Option<Cow<'a, [u8]>>, Option<Cow<'a, [u8]>>);

impl TrailWriter {
    /// Writes a change that was read, in its transaction: with its CSN and id, time, tokens, images and fragments. Transactions
    /// begin and end as the changes' indicators state, also if a selection has rejected the first or last change; after the last
    /// change, [`commit`](Self::commit) ends a transaction that is still open.
    ///
    /// The images of a trail's change are copied byte by byte, including data of unknown layout. A change of another
    /// source is encoded; an unchanged large object is left out of its image, as GoldenGate leaves out unchanged columns.
    ///
    /// ```
    /// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
    /// # let trail = trailcore::Trail::from_bytes(files[0].1.clone());
    /// use trailcore::sink::{TrailWriter, WriterOptions};
    /// use trailcore::{Trail, filter::Select, ReadOptions};
    ///
    /// let select = Select::parse("TABLE BANK.POSTINGS;")?;
    /// let mut reader = trail.reader_with(ReadOptions::new().select(select))?;
    /// let mut writer = TrailWriter::in_memory("po", WriterOptions::default())?;
    /// while let Some(change) = reader.next()? {
    ///     writer.write(&change)?;
    /// }
    /// if writer.is_in_transaction() {
    ///     writer.commit()?;
    /// }
    /// let files = writer.finish()?;
    /// assert!(Trail::from_bytes(files[0].1.clone()).reader()?.next()?.is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for metadata and markers, which are not changes; [`ErrorKind::Unencodable`] if an image has
    /// no form in a trail or cannot change its byte order; the errors of [`insert`](Self::insert) and [`Change::images`].
    pub fn write(&mut self, change: &Change<'_>) -> Result<()> {
        if !change.op().is_change() {
            let what = format!("a record of the operation {} is not a change", change.op());
            return Err(change.locate(Error::new(ErrorKind::InvalidArgument, what)));
        }
        let written = self.write_change(change);
        if written.is_err() {
            // The tokens of a refused change are not those of the next one.
            self.forget_tokens();
        }
        written
    }

    fn write_change(&mut self, change: &Change<'_>) -> Result<()> {
        let images = self.images(change)?;
        let user_tokens = user_tokens(change)?;
        self.enter_transaction_of(change)?;
        match change.trail() {
            Some(_) => self.copy_tokens(change),
            None => self.make_tokens(change)?,
        }
        if let Some(area) = user_tokens {
            self.user_tokens(area);
        }
        self.write_images(change, images)?;
        if let Some(trail) = change.trail() {
            for fragment in trail.fragments() {
                self.lob_fragment(fragment.data())?;
            }
        }
        if change.transaction().ends() {
            self.commit()?;
        }
        Ok(())
    }

    /// Copies the tokens of a trail's change, without those of its transaction. Both records of a pair get them.
    fn copy_tokens(&mut self, change: &Change<'_>) {
        let Some(trail) = change.trail() else { return };
        let record = trail.record();
        let area = record.token_area().unwrap_or_default();
        let before = if area.is_empty() { trail.before_record() } else { None };
        let area = before.as_ref().and_then(Record::token_area).unwrap_or(area);
        let ids = [tokens::id::LOGCSN, tokens::id::TRANID];
        for token in tokens::parse(area, record.byte_order()).filter_map(std::result::Result::ok) {
            if !ids.contains(&token.id()) {
                self.tokens(&[token.as_token()]);
            }
        }
    }

    /// Makes tokens from those of the native JSON form. The token of DDL is written with its record.
    fn make_tokens(&mut self, change: &Change<'_>) -> Result<()> {
        for (name, value) in change.tokens() {
            let id = tokens::id_of(&name).ok_or_else(|| {
                let what = format!("a trail has no token named {name}");
                change.locate(Error::new(ErrorKind::Unencodable, what))
            })?;
            if id != tokens::id::DDL {
                self.tokens(&[Token { id, info: 0, body: &tokens::body_of(id, value) }]);
            }
        }
        Ok(())
    }

    fn enter_transaction_of(&mut self, change: &Change<'_>) -> Result<()> {
        let (csn, xid) = (change.csn().unwrap_or_default(), change.xid().unwrap_or_default());
        if self.is_in_transaction() && (change.transaction().begins() || !self.is_in(csn, xid)) {
            self.commit()?;
        }
        if self.is_in_transaction() { Ok(()) } else { self.begin(csn, xid, change.timestamp()) }
    }

    fn write_images(&mut self, change: &Change<'_>, (before, after): OwnImages<'_>) -> Result<()> {
        let table = change.table();
        let record_type = RecordType(change.head().facts.code());
        let is_pair = change.head().main_at > 0;
        match (change.op(), before, after) {
            (Op::Truncate, ..) => self.truncate(table),
            (Op::Ddl, ..) => self.write_ddl(change),
            (Op::Insert, _, Some(after)) => self.insert(table, &after),
            (Op::Delete, Some(before), _) => self.delete(table, &before),
            (Op::PkUpdate, Some(before), Some(after)) if record_type == RecordType::UNIFIED_PK_UPDATE => {
                self.unified_pk_update(table, &before, &after)
            }
            (Op::PkUpdate, Some(key), Some(after)) => self.pk_update(table, &key, &after),
            (Op::Update, Some(before), Some(after)) if is_pair => self.update(table, UpdateStyle::Pair, &before, &after),
            (Op::Update, Some(before), Some(after)) => self.update(table, UpdateStyle::Unified, &before, &after),
            (Op::Update, None, Some(after)) => self.update(table, UpdateStyle::AfterOnly, &[], &after),
            _ => {
                let error = Error::new(ErrorKind::Unencodable, "a change does not have the image that its operation needs");
                Err(change.locate(error))
            }
        }
    }

    fn write_ddl(&mut self, change: &Change<'_>) -> Result<()> {
        if let Some(trail) = change.trail() {
            return self.copy_ddl(trail.record().data());
        }
        let ddl = change.ddl().ok_or_else(|| change.locate(Error::new(ErrorKind::Unencodable, "a DDL change has no text")))?;
        let (owner, object) =
            ddl.object().and_then(|name| name.rsplit_once('.')).unwrap_or(("", ddl.object().unwrap_or_default()));
        self.ddl(owner, object, ddl.text())
    }

    /// Returns the images in the byte order of this writer.
    fn images<'a>(&self, change: &Change<'a>) -> Result<OwnImages<'a>> {
        let order = self.byte_order();
        let own = |row: Option<Row<'a>>| {
            let own = |row: Row<'a>| match row.form() == order.into() {
                true => Ok(Cow::Borrowed(row.bytes())),
                false => encoded(&row, order).map(Cow::Owned),
            };
            row.map(own).transpose()
        };
        let (before, after) = change.images()?;
        let locate = |error| change.locate(error);
        Ok((own(before).map_err(locate)?, own(after).map_err(locate)?))
    }
}

/// Converts a row's column list to a trail's byte order, from the other byte order or from the form of other sources.
fn encoded(row: &Row<'_>, order: ByteOrder) -> Result<Vec<u8>> {
    let wide = row.form() == RowForm::Wide;
    let refused = |column: &str, what: &str| {
        let what = format!("column {column} cannot be written in the writer's byte order: {what}");
        Error::new(ErrorKind::Unencodable, what)
    };
    let mut image = ImageBuilder::new(order);
    for span in row.spans() {
        let span = span.map_err(|fault| refused("?", fault.what))?;
        let column = row.table().columns().get(usize::from(span.index));
        let name = column.map_or("?", |column| &*column.name);
        let put = match (span.content(), column.map(ColumnDef::kind)) {
            (SpanContent::Null, _) => {
                image.null(span.index);
                continue;
            }
            (SpanContent::Invalid, _) if span.is_unchanged(row.form()) => continue,
            (SpanContent::Invalid, _) => return Err(refused(name, "its value is not decodable")),
            (
                SpanContent::Value(body),
                Some(Kind::Text { prefixed: true } | Kind::NumberText { prefixed: true } | Kind::Binary { prefixed: true }),
            ) => {
                let characters = row.form().unprefixed(body).ok_or_else(|| refused(name, "its value is not decodable"))?;
                image.prefixed(span.index, characters)
            }
            (SpanContent::Value(_), Some(Kind::Opaque) | None) if !wide => return Err(refused(name, "its type is unknown")),
            (SpanContent::Value(body), _) => image.fixed(span.index, body),
        };
        put.map_err(|fault| refused(name, fault.what))?;
    }
    Ok(image.bytes().to_vec())
}

/// Returns the raw area of the user's tokens. The form of tokens by name in a trail is UNKNOWN.
fn user_tokens<'a>(change: &Change<'a>) -> Result<Option<&'a [u8]>> {
    let area = change.user_tokens();
    let mut named = None;
    change.each_user_token(|name, _| named = named.or(Some(name)));
    match named {
        Some(name) if area.is_none() => {
            let what = format!("the form of user token {name} in a trail is unknown");
            Err(change
                .locate(Error::new(ErrorKind::Unencodable, what).hint("leave the user tokens out, or provide them as raw bytes")))
        }
        _ => Ok(area),
    }
}
