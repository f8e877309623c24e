//! Writes trails. Converts rows from lists of named values to images.

use std::sync::Arc;

use trailcore::sink::{RowBuilder, TrailWriter, UpdateStyle};
use trailcore::trail::{ByteOrder, Token};
use trailcore::{Decimal, ErrorKind, TableDef, Timestamp};

use crate::failure::{Failure, Result};
use crate::wire::{Reader, Writer};

/// A writer; empty after it is finished.
#[derive(Debug)]
pub(crate) struct Rows(Option<TrailWriter>);

impl Rows {
    pub(crate) fn new(writer: TrailWriter) -> Self {
        Self(Some(writer))
    }

    fn open(&mut self) -> Result<&mut TrailWriter> {
        self.0.as_mut().ok_or(Failure::Misuse("the writer is finished"))
    }

    /// Copies all changes of a reader unchanged, and returns their number.
    pub(crate) fn write_all(&mut self, mut reader: trailcore::Reader) -> Result<i64> {
        let writer = self.open()?;
        let mut written = 0;
        while let Some(change) = reader.next()? {
            writer.write(&change)?;
            written += 1;
        }
        if writer.is_in_transaction() {
            writer.commit()?;
        }
        Ok(written)
    }

    /// Runs one call on the writer: the number of the call, followed by its arguments. `table_of` returns the table of a handle.
    pub(crate) fn call<'t>(
        &mut self,
        message: &mut Reader<'_>,
        table_of: impl Fn(i64) -> Result<&'t Arc<TableDef>>,
    ) -> Result<()> {
        let writer = self.open()?;
        let order = writer.byte_order();
        let timestamp = |micros| Timestamp::from_unix_micros(micros);
        match message.u8()? {
            0 => writer.begin(message.text()?, message.text()?, timestamp(message.i64()?))?,
            1 => writer.commit()?,
            2 => writer.abend()?,
            3 => writer.ddl(message.text()?, message.text()?, message.text()?)?,
            4 => writer.lob_fragment(message.bytes()?)?,
            5 => {
                let (id, body) = (message.u8()?, message.bytes()?);
                writer.tokens(&[Token { id, info: 0, body }]);
            }
            6 => writer.user_tokens(message.bytes()?),
            row => {
                let table = table_of(message.i64()?)?;
                let style = message.u8()?;
                let mut image = || image(table, order, message);
                match row {
                    7 => writer.insert(table, &image()?)?,
                    8 => writer.delete(table, &image()?)?,
                    9 => {
                        let (before, after) = (image()?, image()?);
                        let style = UpdateStyle::ALL.get(usize::from(style)).ok_or(Failure::MESSAGE)?;
                        writer.update(table, *style, &before, &after)?;
                    }
                    10 => {
                        let (before, after) = (image()?, image()?);
                        if style == 0 {
                            writer.unified_pk_update(table, &before, &after)?;
                        } else {
                            writer.pk_update(table, &before, &after)?;
                        }
                    }
                    11 => writer.truncate(table)?,
                    _ => return Err(Failure::MESSAGE),
                }
            }
        }
        Ok(())
    }

    /// Completes the files, and returns their names, with their bytes if they are in memory.
    pub(crate) fn finish(&mut self) -> Result<Vec<u8>> {
        let writer = self.open()?;
        if writer.is_in_transaction() {
            // A second transaction is rejected and changes nothing. The call reports an earlier write error, if there was one.
            return Err(match writer.begin("", "", Timestamp::from_unix_micros(0)) {
                Err(error) if error.kind() != ErrorKind::InvalidArgument => error.into(),
                _ => Failure::Misuse("a transaction is open; call commit() before finish()"),
            });
        }
        let files = self.0.take().map_or_else(|| Ok(Vec::new()), TrailWriter::finish)?;
        let mut out = Writer::default();
        out.len(files.len());
        for (name, bytes) in &files {
            out.text(name).bytes(bytes);
        }
        Ok(out.0)
    }
}

/// Builds an image from its columns: name, form of the value, value.
fn image(table: &TableDef, order: ByteOrder, message: &mut Reader<'_>) -> Result<Vec<u8>> {
    let mut row = RowBuilder::new(table, order);
    for _ in 0..message.len()? {
        let name = message.text()?;
        match message.u8()? {
            0 => row.null(name)?,
            1 => row.text(name, message.text()?)?,
            2 => row.decimal(name, message.text()?.parse::<Decimal>()?)?,
            3 => row.number(name, message.text()?)?,
            4 => row.datetime(name, message.text()?)?,
            5 => row.binary(name, message.bytes()?)?,
            _ => return Err(Failure::MESSAGE),
        };
    }
    Ok(row.bytes().to_vec())
}
