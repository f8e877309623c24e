//! The fields of a file header as one table, from which every language has its names and descriptions.

use std::borrow::Cow;

use crate::decode::ByteOrder;
use crate::text::Charset;
use crate::time::Timestamp;
use crate::trail::file_header::{Encryption, Field, FileHeader};

/// The value of a field of a file header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderValue<'a> {
    /// Text.
    Text(Cow<'a, str>),
    /// A number.
    Number(u64),
    /// A time.
    Time(Timestamp),
    /// A character set.
    Charset(Charset),
}

/// The type of a field's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderKind {
    /// Text.
    Text,
    /// A number.
    Number,
    /// A time.
    Time,
    /// A character set.
    Charset,
}

/// Makes [`HeaderField`] from one table: description, name, type, and how it is read.
macro_rules! header_fields {
    ($($(#[doc = $doc:literal])+ $name:ident: $kind:ident = |$header:ident| $read:expr;)+) => {
        /// A field of a file header. The numbers are those of the C library.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum HeaderField {
            $($(#[doc = $doc])+ $name,)+
        }

        impl HeaderField {
            /// All fields, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Returns the name, such as `FirstCsn`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)+
                }
            }

            /// Returns what the field contains, in one sentence.
            #[must_use]
            pub fn description(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($doc),+).trim_ascii(),)+
                }
            }

            /// Returns the type of its values.
            #[must_use]
            pub fn kind(self) -> HeaderKind {
                match self {
                    $(Self::$name => HeaderKind::$kind,)+
                }
            }

            /// Returns its value in a header.
            #[must_use]
            pub fn read(self, header: &FileHeader) -> Field<HeaderValue<'_>> {
                match self {
                    $(Self::$name => {
                        let $header = header;
                        let field: Field<_> = $read;
                        field.map(|value| HeaderValue::$kind(value.into()))
                    })+
                }
            }
        }
    };
}

header_fields! {
    /// Compatibility level: 5 for release 12.2, 6 for 12.3, 7 for 19.1.
    Compatibility: Number = |header| header.compatibility();
    /// The time when the file was created.
    CreationTime: Time = |header| header.creation_time();
    /// The URI of the writer: its host and process.
    Uri: Text = |header| header.uri();
    /// The path of the file as the writer knew it.
    FileName: Text = |header| header.file_name();
    /// 1 if the file is one of several files of a trail.
    MultiPart: Number = |header| header.multi_part();
    /// The sequence number of the file.
    Seqno: Number = |header| header.seqno();
    /// The size of the file in bytes.
    FileSize: Number = |header| header.file_size();
    /// CSN of the first record.
    FirstCsn: Text = |header| header.first_csn();
    /// CSN of the last record.
    LastCsn: Text = |header| header.last_csn();
    /// Time of the first row.
    FirstTime: Time = |header| header.first_time();
    /// Time of the last row.
    LastTime: Time = |header| header.last_time();
    /// The begin sequence number (BSN) of the log.
    LogBsn: Text = |header| header.log_bsn();
    /// Bit flags. The meaning of the bits is not known.
    BitFlags: Number = |header| header.bit_flags();
    /// The operating system of the writing host.
    SystemName: Text = |header| { let [name, ..] = header.machine(); name };
    /// The name of the writing host.
    HostName: Text = |header| { let [_, name, ..] = header.machine(); name };
    /// The release of the operating system.
    SystemRelease: Text = |header| { let [_, _, release, ..] = header.machine(); release };
    /// The version of the operating system.
    SystemVersion: Text = |header| { let [.., version, _] = header.machine(); version };
    /// The hardware of the writing host.
    Hardware: Text = |header| { let [.., hardware] = header.machine(); hardware };
    /// The number of the database vendor; 7 is Oracle.
    DatabaseVendor: Number = |header| header.database_vendor();
    /// The name of the database.
    DatabaseName: Text = |header| header.database_name();
    /// The instance of the database.
    DatabaseInstance: Text = |header| header.database_instance();
    /// The character set of the database.
    DatabaseCharset: Charset = |header| header.database_charset();
    /// The major release number of the database.
    DatabaseMajor: Number = |header| header.database_release().0;
    /// The minor release number of the database.
    DatabaseMinor: Number = |header| header.database_release().1;
    /// The version text of the database.
    DatabaseVersion: Text = |header| header.database_version();
    /// The character set of the database client.
    ClientCharset: Charset = |header| header.client_charset();
    /// The version of the database client.
    ClientVersion: Text = |header| header.client_version();
    /// The national character set of the database client.
    ClientNationalCharset: Charset = |header| header.client_national_charset();
    /// The national character set of the database.
    NationalCharset: Charset = |header| header.database_national_charset();
    /// The time zone of the database.
    TimeZone: Text = |header| header.database_time_zone();
    /// The name of the Extract or pump that wrote the file.
    ProducerGroup: Text = |header| header.producer_group();
    /// The kind of the producer's data source.
    DataSource: Number = |header| header.data_source();
    /// The major release number of the producer.
    ProducerMajor: Number = |header| { let [major, ..] = header.producer_release(); major };
    /// The minor release number of the producer.
    ProducerMinor: Number = |header| { let [_, minor, ..] = header.producer_release(); minor };
    /// The maintenance release number of the producer.
    ProducerMaintenance: Number = |header| { let [_, _, maintenance, ..] = header.producer_release(); maintenance };
    /// The bug fix number of the producer.
    ProducerBugFix: Number = |header| { let [.., bug_fix, _] = header.producer_release(); bug_fix };
    /// The build number of the producer.
    ProducerBuild: Number = |header| { let [.., build] = header.producer_release(); build };
    /// The version text of the producer.
    ProducerVersion: Text = |header| header.producer_version();
    /// The trail recovery mode.
    RecoveryMode: Number = |header| header.recovery_mode();
    /// 0 if the header has no key slot, 1 if the slot is empty, 2 if it has a key, so that rows may be encrypted.
    Encryption: Number = |header| Field::Value(match header.encryption() {
        Encryption::NoSlot => 0u8,
        Encryption::Empty => 1,
        Encryption::KeyPresent => 2,
    });
    /// 0 if numbers in the file are big-endian, 1 if they are little-endian.
    ByteOrder: Number = |header| Field::Value(u8::from(header.byte_order() == ByteOrder::Little));
}
