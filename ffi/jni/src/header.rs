//! File headers as messages.

use trailcore::Timestamp;
use trailcore::trail::{ByteOrder, Encryption, Field, FileHeader, Group};

use crate::wire::Writer;

/// The state of a field, in the order of `FileHeader.State`.
mod state {
    pub(super) const ABSENT: u8 = 0;
    pub(super) const UNSET: u8 = 1;
    pub(super) const VALUE: u8 = 2;
}

/// Encodes a header, for `FileHeader`: byte order and encryption, the fields in the order of `HeaderField`, and the raw groups.
pub(crate) fn describe(header: &FileHeader) -> Vec<u8> {
    let mut out = Writer::default();
    out.bool(header.byte_order() == ByteOrder::Little).u8(match header.encryption() {
        Encryption::NoSlot => 0,
        Encryption::Empty => 1,
        Encryption::KeyPresent => 2,
    });
    fields(header, &mut out);
    let uris = header.uri_history();
    out.len(uris.len());
    for uri in &uris {
        out.text(uri);
    }
    out.len(header.groups().len());
    for group in header.groups() {
        describe_group(group, &mut out);
    }
    out.0
}

fn describe_group(group: &Group, out: &mut Writer) {
    out.u8(group.id).u8(group.info).bytes(&group.raw).len(group.tokens.len());
    for token in &group.tokens {
        out.u8(token.id).u8(token.info).bytes(&token.body);
    }
}

fn fields(header: &FileHeader, out: &mut Writer) {
    let [system, host, release, version, hardware] = header.machine();
    let (major, minor) = header.database_release();
    number(out, header.compatibility());
    time(out, header.creation_time());
    text(out, header.uri());
    text(out, header.file_name());
    number(out, header.multi_part());
    number(out, header.seqno());
    number(out, header.file_size());
    text(out, header.first_csn());
    text(out, header.last_csn());
    time(out, header.first_time());
    time(out, header.last_time());
    text(out, header.log_bsn());
    number(out, header.bit_flags());
    for field in [system, host, release, version, hardware] {
        text(out, field);
    }
    number(out, header.database_vendor());
    text(out, header.database_name());
    text(out, header.database_instance());
    text(out, header.database_charset());
    number(out, major);
    number(out, minor);
    text(out, header.database_version());
    text(out, header.client_charset());
    text(out, header.client_version());
    text(out, header.client_national_charset());
    text(out, header.database_national_charset());
    text(out, header.database_time_zone());
    text(out, header.producer_group());
    number(out, header.data_source());
    for field in header.producer_release() {
        number(out, field);
    }
    text(out, header.producer_version());
    number(out, header.recovery_mode());
}

fn text(out: &mut Writer, field: Field<impl ToString>) {
    put(out, field, |out, value| out.text(&value.to_string()));
}

fn number(out: &mut Writer, field: Field<impl Into<u64>>) {
    put(out, field, |out, value| out.u64(value.into()));
}

fn time(out: &mut Writer, field: Field<Timestamp>) {
    put(out, field, |out, value| out.i64(value.unix_micros()));
}

/// Appends the state of a field, and its value if it has one.
fn put<T>(out: &mut Writer, field: Field<T>, value: impl FnOnce(&mut Writer, T) -> &mut Writer) {
    match field {
        Field::Absent => out.u8(state::ABSENT),
        Field::Unset => out.u8(state::UNSET),
        Field::Value(found) => value(out.u8(state::VALUE), found),
    };
}
