//! File headers as messages.

use trailcore::trail::{ByteOrder, Encryption, Field, FileHeader, Group, HeaderField, HeaderValue};

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

/// Appends the state of each field, and its value if it has one.
fn fields(header: &FileHeader, out: &mut Writer) {
    for field in HeaderField::ALL {
        match field.read(header) {
            Field::Absent => out.u8(state::ABSENT),
            Field::Unset => out.u8(state::UNSET),
            Field::Value(value) => {
                out.u8(state::VALUE);
                match value {
                    HeaderValue::Text(text) => out.text(&text),
                    HeaderValue::Number(number) => out.u64(number),
                    HeaderValue::Time(time) => out.i64(time.unix_micros()),
                    HeaderValue::Charset(charset) => out.text(&charset.to_string()),
                }
            }
        };
    }
}
