//! Writing changes that were read: a filtered trail is handed on as a trail.

use crate::change::{Change, Op, Row};
use crate::error::{Error, ErrorKind, Result};
use crate::schema::Kind;
use crate::sink::trail::{TrailWriter, UpdateStyle};
use crate::trail::image::{ImageBuilder, SpanContent};
use crate::trail::{ByteOrder, Record, RecordType, tokens};

/// Before and after.
type OwnImages = (Option<Vec<u8>>, Option<Vec<u8>>);

impl TrailWriter {
    /// Writes a change that was read, in its transaction: with its CSN and id, time, tokens, images and fragments. The
    /// transaction is begun and committed as the changes say, also where a selection has turned its first or last change
    /// away; after the last change, [`commit`](Self::commit) ends one that is still open.
    ///
    /// Its images are taken over byte by byte, so that nothing is lost that is not understood.
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
    /// [`ErrorKind::InvalidArgument`] for what is no change (metadata, markers), [`ErrorKind::Unencodable`] where an image
    /// cannot be put into the writer's byte order, and as [`insert`](Self::insert) and [`Change::images`].
    pub fn write(&mut self, change: &Change<'_>) -> Result<()> {
        if !change.op().is_change() {
            let what = format!("a record of the operation {} is no change", change.op());
            return Err(change.placed(Error::new(ErrorKind::InvalidArgument, what)));
        }
        let images = self.images(change)?;
        self.enter_transaction_of(change)?;
        self.take_tokens(change);
        if let Some(area) = change.user_tokens() {
            self.user_tokens(area);
        }
        self.write_images(change, images)?;
        for fragment in change.fragments() {
            self.lob_fragment(fragment.data())?;
        }
        if change.transaction().ends() {
            self.commit()?;
        }
        Ok(())
    }

    /// Its tokens, less those that the transaction has. Both records of a pair get them.
    fn take_tokens(&mut self, change: &Change<'_>) {
        let of = |record: Record<'_>| record.token_area().filter(|area| !area.is_empty()).map(<[u8]>::to_vec);
        let area = of(change.record()).or_else(|| change.before_record().and_then(of)).unwrap_or_default();
        let ids = [tokens::id::LOGCSN, tokens::id::TRANID];
        for token in tokens::parse(&area, change.record().byte_order()).filter_map(std::result::Result::ok) {
            if !ids.contains(&token.id()) {
                self.tokens(&[token.as_token()]);
            }
        }
    }

    fn enter_transaction_of(&mut self, change: &Change<'_>) -> Result<()> {
        let (csn, xid) = (change.csn().unwrap_or_default(), change.xid().unwrap_or_default());
        if self.is_in_transaction() && (change.transaction().begins() || !self.is_in(csn, xid)) {
            self.commit()?;
        }
        if self.is_in_transaction() { Ok(()) } else { self.begin(csn, xid, change.timestamp()) }
    }

    fn write_images(&mut self, change: &Change<'_>, (before, after): OwnImages) -> Result<()> {
        let table = change.table();
        let record_type = change.record().record_type();
        match (change.op(), before, after) {
            (Op::Truncate, ..) => self.truncate(table),
            (Op::Ddl, ..) => self.statement(change.record().data()),
            (Op::Insert, _, Some(after)) => self.insert(table, &after),
            (Op::Delete, Some(before), _) => self.delete(table, &before),
            (Op::PkUpdate, Some(before), Some(after)) if record_type == RecordType::UNIFIED_PK_UPDATE => {
                self.unified_pk_update(table, &before, &after)
            }
            (Op::PkUpdate, Some(key), Some(after)) => self.pk_update(table, &key, &after),
            (Op::Update, Some(before), Some(after)) if change.before_record().is_some() => {
                self.update(table, UpdateStyle::Pair, &before, &after)
            }
            (Op::Update, Some(before), Some(after)) => self.update(table, UpdateStyle::Unified, &before, &after),
            (Op::Update, None, Some(after)) => self.update(table, UpdateStyle::AfterOnly, &[], &after),
            _ => {
                let error = Error::new(ErrorKind::Unencodable, "a change without the image that its operation needs");
                Err(change.placed(error))
            }
        }
    }

    /// The images in the byte order that this writer writes.
    fn images(&self, change: &Change<'_>) -> Result<OwnImages> {
        let order = self.byte_order();
        let own = |row: Option<Row<'_>>| {
            row.map(|row| if row.byte_order() == order { Ok(row.bytes().to_vec()) } else { in_order(&row, order) }).transpose()
        };
        let (before, after) = change.images()?;
        let placed = |error| change.placed(error);
        Ok((own(before).map_err(placed)?, own(after).map_err(placed)?))
    }
}

/// A row's column list in another byte order: the lists' own numbers, and the lengths before characters.
fn in_order(row: &Row<'_>, order: ByteOrder) -> Result<Vec<u8>> {
    let refused = |what: &str| Error::new(ErrorKind::Unencodable, format!("an image cannot change its byte order: {what}"));
    let mut image = ImageBuilder::new(order);
    for span in row.spans() {
        let span = span.map_err(|fault| refused(fault.what))?;
        let put = match span.content() {
            SpanContent::Null => image.null(span.index),
            SpanContent::Invalid => return Err(refused("a value is not understood")),
            SpanContent::Value(body) => {
                let kind = row.table().columns().get(usize::from(span.index)).map(crate::schema::ColumnDef::kind);
                match kind {
                    Some(
                        Kind::Text { prefixed: true } | Kind::NumberText { prefixed: true } | Kind::Binary { prefixed: true },
                    ) => {
                        let characters = crate::change::unprefixed(body, row.byte_order());
                        let characters = characters.ok_or_else(|| refused("a value is not understood"))?;
                        image.prefixed(span.index, characters)
                    }
                    Some(Kind::Opaque) | None => return Err(refused("a column's type is not known")),
                    Some(_) => image.fixed(span.index, body),
                }
            }
        };
        put.map_err(|fault| refused(fault.what))?;
    }
    Ok(image.bytes().to_vec())
}
