//! Damaged trails: every truncation, every flipped bit, and random damage. Intact records are read, damage is reported.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::*;
use trailcore::batch::BatchDecoder;
use trailcore::sink::RowBuilder;
use trailcore::trail::encode::RecordParts;
use trailcore::trail::{ByteOrder, FileHeader, Record, RecordType, TableRef, Token, area};
use trailcore::{Error, ErrorKind, Position, ReadOptions, Trail};
use trailcore_samples::{Bank, bank_in_memory};

/// The first file of each sample: big-endian with unified updates, little-endian with pairs.
fn samples() -> [(ByteOrder, Vec<u8>); 2] {
    [Bank::small(), Bank::small_little()].map(|bank| (bank.writer.order, bank_in_memory(&bank).unwrap().swap_remove(0).1))
}

/// With the sequence number in its name, as the one in the header may be damaged.
fn one_file(bytes: Vec<u8>) -> Trail {
    Trail::from_files([("bk000000000", bytes.into())])
}

/// Identifies a change: its position and the bytes of all its records.
type Print = (Position, Vec<u8>);

/// The changes of a trail, and the error at its end if there is one. The number of steps is bounded, so a reader that does
/// not end fails the test.
fn read(trail: &Trail, options: ReadOptions, limit: usize) -> (Vec<Print>, Option<Error>) {
    let mut reader = trail.reader_with(options).unwrap();
    let mut seen = Vec::new();
    for _ in 0..limit {
        match reader.next() {
            Ok(Some(change)) => seen.push((
                change.position(),
                change.trail().unwrap().records().flat_map(|record| record.bytes().iter().copied()).collect(),
            )),
            Ok(None) => return (seen, None),
            Err(error) => {
                // The error is permanent.
                assert_eq!(reader.next().err().map(|again| again.kind()), Some(error.kind()));
                return (seen, Some(error));
            }
        }
    }
    panic!("no end after {limit} steps")
}

#[test]
fn every_cut_gives_a_prefix() {
    for (order, whole) in samples() {
        let trail = one_file(whole.clone());
        let (expected, none) = read(&trail, ReadOptions::new(), 10_000);
        assert!(none.is_none());
        let pieces = pieces(&trail);
        let boundaries: Vec<usize> = pieces.iter().map(|piece| piece.position.rba() as usize).chain([whole.len()]).collect();
        let header_end = boundaries[1];
        for cut in 0..=whole.len() {
            let (seen, error) = read(&one_file(whole[..cut].to_vec()), ReadOptions::new(), 10_000);
            // A trail does not end between the two records of an update either.
            let before_cut = boundaries.iter().rposition(|start| *start < cut).and_then(|index| pieces.get(index));
            let is_first_half = |piece: &Piece| {
                piece.is_before && Record::parse(&piece.bytes, order).unwrap().record_type() == RecordType::FIELD_COMP
            };
            let parts_pair = boundaries.contains(&cut) && before_cut.is_some_and(is_first_half);
            match error {
                Some(error) if parts_pair => {
                    assert_eq!(error.kind(), ErrorKind::Truncated, "cut at {cut}: {error}");
                    assert_eq!(error.location().rba, before_cut.map(|piece| piece.position.rba()));
                }
                None => assert!(cut > 0 && boundaries.contains(&cut) && !parts_pair, "cut at {cut}: a clean end"),
                Some(error) => {
                    assert!(cut == 0 || !boundaries.contains(&cut), "cut at {cut}: {error}");
                    assert_eq!(error.kind(), ErrorKind::Truncated, "cut at {cut}: {error}");
                    assert!(error.needs_more_bytes());
                    // The error names the truncated record.
                    let record = boundaries.iter().rposition(|start| *start <= cut).unwrap();
                    let record = if cut < header_end { 0 } else { record };
                    assert_eq!(error.location().rba, Some(boundaries[record] as u64), "cut at {cut}");
                    assert_eq!(error.location().record, Some(record as u64), "cut at {cut}");
                    assert!(error.location().file.is_some());
                }
            }
            assert!(expected.starts_with(&seen), "cut at {cut}");
            let whole_changes = expected
                .iter()
                .filter(|(at, _)| pieces.iter().any(|p| p.position == *at && p.position.rba() as usize + p.bytes.len() <= cut));
            assert_eq!(seen.len(), whole_changes.count(), "cut at {cut}");
        }
    }
}

#[test]
fn grown_torn_tail_is_read_to_its_end() {
    for (_, whole) in samples() {
        let expected = lines(&one_file(whole.clone()));
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bk000000000");
        let starts: Vec<usize> = pieces(&one_file(whole.clone())).iter().map(|piece| piece.position.rba() as usize).collect();
        // Inside the file header, a definition and a row that is not part of a pair.
        for cut in [700, starts[1] + 9, starts[6] + 30] {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let trail = Trail::open(&path).unwrap();
            let mut reader = trail.reader().unwrap();
            let mut seen = Vec::new();
            let error = loop {
                match reader.next() {
                    Ok(Some(change)) => seen.push(change.to_json().unwrap()),
                    Ok(None) => panic!("a clean end inside a record"),
                    Err(error) => break error,
                }
            };
            assert_eq!(error.kind(), ErrorKind::Truncated);
            std::fs::write(&path, &whole).unwrap();
            while let Some(change) = reader.next().unwrap() {
                seen.push(change.to_json().unwrap());
            }
            assert_eq!(seen, expected, "cut at {cut}");
        }
    }
}

#[test]
fn every_flipped_bit_of_the_first_headers_is_survived() {
    for (_, whole) in samples() {
        let trail = one_file(whole.clone());
        let (expected, _) = read(&trail, ReadOptions::new(), 10_000);
        let pieces = pieces(&trail);
        // All of the file header; the next three records except their data.
        let mut places: Vec<usize> = (0..pieces[0].bytes.len()).collect();
        for piece in pieces.iter().filter(|piece| !piece.is_file_header).take(3) {
            let start = piece.position.rba() as usize;
            places.extend(start..start + piece.data_at.max(4));
            places.extend(start + piece.bytes.len() - 4..start + piece.bytes.len());
        }
        for place in places {
            let damaged = pieces.iter().rfind(|piece| piece.position.rba() as usize <= place).unwrap();
            let elsewhere =
                |prints: &[Print]| prints.iter().filter(|(at, _)| *at != damaged.position).cloned().collect::<Vec<_>>();
            for bit in 0..8 {
                let mut bytes = whole.clone();
                bytes[place] ^= 1 << bit;
                let trail = one_file(bytes);
                let (seen, error) = read(&trail, ReadOptions::new(), 10_000);
                let (seen, expected) = (elsewhere(&seen), elsewhere(&expected));
                match error {
                    Some(error) => {
                        assert!(expected.starts_with(&seen), "byte {place}, bit {bit}: no prefix before {error}");
                        assert!(error.location().rba.is_some(), "byte {place}, bit {bit}: {error}");
                        // Damage is reported at its position or later, as a row whose definition is lost.
                        assert!(error.location().rba.unwrap() >= damaged.position.rba());
                    }
                    None => assert!(seen == expected, "byte {place}, bit {bit}: other changes"),
                }
                // Values may be wrong, but reading them must not panic.
                let mut reader = trail.reader_with(ReadOptions::new().resync(true).include_non_changes(true)).unwrap();
                let mut decoder = BatchDecoder::new();
                for _ in 0..40 {
                    match reader.next() {
                        Ok(Some(change)) => {
                            let _ = change.to_json();
                            let _ = decoder.push(&change);
                        }
                        _ => break,
                    }
                }
            }
        }
    }
}

/// Replaces, inserts or removes a few bytes. Returns the affected range in the original file.
fn damage(bytes: &mut Vec<u8>, chance: &mut Chance) -> std::ops::Range<usize> {
    let at = chance.below(bytes.len());
    let length = (1 + chance.below(24)).min(bytes.len() - at);
    match chance.below(4) {
        0 => {
            let extra: Vec<u8> = (0..length).map(|_| chance.next() as u8).collect();
            bytes.splice(at..at, extra);
            at..at + 1
        }
        1 => {
            bytes.drain(at..at + length);
            at..at + length
        }
        _ => {
            bytes[at..at + length].iter_mut().for_each(|byte| *byte = chance.next() as u8);
            at..at + length
        }
    }
}

#[test]
fn random_damage_costs_no_more_than_its_records() {
    let mut chance = Chance(0x00c0_ffee);
    for (order, whole) in samples() {
        let trail = one_file(whole.clone());
        let pieces = pieces(&trail);
        // For each undamaged change: the start and end of its records, and its values.
        let mut expected = Vec::new();
        let mut reader = trail.reader().unwrap();
        while let Some(change) = reader.next().unwrap() {
            let end = change.position().rba() as usize + change.trail().unwrap().record().bytes().len();
            expected.push((change.start().rba() as usize..end, to_plain(&change)));
        }
        for trial in 0..1_000 {
            let mut bytes = whole.clone();
            let touched = damage(&mut bytes, &mut chance);
            let shift = bytes.len() as i64 - whole.len() as i64;
            let in_start = pieces.iter().any(|piece| {
                let span = piece.position.rba() as usize..piece.position.rba() as usize + piece.bytes.len();
                (piece.is_start() || piece.record_type == RecordType::RESTART_OK)
                    && span.start < touched.end
                    && touched.start < span.end
            });
            let mut reader = one_file(bytes.clone()).reader_with(ReadOptions::new().resync(true)).unwrap();
            let mut seen = Vec::new();
            let mut steps = 0;
            let tail_error = loop {
                steps += 1;
                assert!(steps < 1_000, "{order:?}, trial {trial}: no end");
                match reader.next() {
                    Ok(Some(change)) => seen.push((change.position(), change.to_json())),
                    Ok(None) => break None,
                    Err(error) => break Some(error),
                }
            };
            if let Some(error) = &tail_error {
                // Only bytes that may still become a record are not skipped.
                assert_eq!(error.kind(), ErrorKind::Truncated, "{order:?}, trial {trial}: {error}");
            }
            if in_start {
                // Without its definitions a row's values are arbitrary, so only its presence is checked.
                continue;
            }
            let is_hit = |span: &std::ops::Range<usize>| span.start < touched.end && touched.start < span.end;
            let hit: Vec<_> = expected.iter().filter(|(span, _)| is_hit(span)).map(|(_, change)| change.csn.clone()).collect();
            for (span, change) in expected.iter().filter(|(span, _)| !is_hit(span)) {
                let behind = span.start >= touched.end;
                let rba = (change.rba as i64 + if behind { shift } else { 0 }) as u64;
                let found = seen.iter().find(|(position, _)| position.rba() == rba);
                let Some((_, line)) = found else {
                    panic!("{order:?}, trial {trial}: the change at {rba} is lost; touched {touched:?}, {:?}", reader.skipped())
                };
                let mut read = PlainChange::from_json(line.as_ref().unwrap()).unwrap();
                let mut change = PlainChange { rba, ..change.clone() };
                if hit.contains(&change.csn) {
                    // The first record of this transaction, which has the ids, may be lost.
                    for change in [&mut read, &mut change] {
                        (change.csn, change.xid) = (None, None);
                    }
                }
                assert_eq!(read, change, "{order:?}, trial {trial}, touched {touched:?}");
            }
        }
    }
}

#[test]
fn random_bytes_are_not_a_trail() {
    let mut chance = Chance(77);
    for length in (0..200).chain([1_000, 10_000]) {
        let bytes: Vec<u8> = (0..length).map(|_| chance.next() as u8).collect();
        for resync in [false, true] {
            let (seen, _) = read(&one_file(bytes.clone()), ReadOptions::new().resync(resync), 10_000);
            assert!(seen.is_empty());
        }
    }
}

#[test]
fn wrong_beginnings() {
    let kind_of = |bytes: &[u8]| read(&one_file(bytes.to_vec()), ReadOptions::new(), 10).1.map(|error| error.kind());
    assert_eq!(kind_of(b""), Some(ErrorKind::Truncated));
    assert_eq!(kind_of(b"PK\x03\x04 this is an archive and no trail"), Some(ErrorKind::NotATrail));
    assert_eq!(kind_of(b"\0"), Some(ErrorKind::NotATrail));
    assert_eq!(kind_of(b"F"), Some(ErrorKind::Truncated));
    for (_, mut whole) in samples() {
        // A file header without its signature.
        let signature = whole.windows(4).position(|window| window == b"GG\r\n").unwrap();
        whole[signature] = b'X';
        assert_eq!(kind_of(&whole), Some(ErrorKind::NotATrail));
    }
}

/// A small trail whose items contain a text that no error may contain.
const SECRET: &str = "SECRET-SALARY-4711";

fn secrets(order: ByteOrder) -> Vec<Piece> {
    let items = items();
    let mut writer = writer(order, 1, NO_LIMIT);
    for id in 0..4 {
        writer.begin(&(10 + id).to_string(), "x", at(id)).unwrap();
        writer.insert(&items, &item(&items, order, id, SECRET, SECRET)).unwrap();
        writer.commit().unwrap();
    }
    pieces(&trail_of(&writer.finish().unwrap()))
}

/// The second row of [`secrets`] with other data or another table, the rest as it was.
fn with_second_row(order: ByteOrder, change: impl Fn(&mut RecordParts<'_>, &[u8]) -> Vec<u8>) -> (Vec<u8>, Piece) {
    let mut pieces = secrets(order);
    let row = pieces.iter().position(|piece| !piece.is_start()).unwrap() + 1;
    let bytes = pieces[row].bytes.clone();
    let mut parts = RecordParts::of(&Record::parse(&bytes, order).unwrap()).unwrap();
    let data = parts.areas[0].body.to_vec();
    let data = change(&mut parts, &data);
    assert_eq!(parts.areas[0].id, area::DATA);
    let mut out = Vec::new();
    RecordParts { areas: [&[Token { body: &data, ..parts.areas[0] }][..], &parts.areas[1..]].concat(), ..parts.clone() }
        .encode(order, &mut out)
        .unwrap();
    pieces[row].bytes = out;
    (joined(&pieces), pieces[row].clone())
}

fn u16_of(order: ByteOrder, value: u16) -> [u8; 2] {
    match order {
        ByteOrder::Big => value.to_be_bytes(),
        ByteOrder::Little => value.to_le_bytes(),
    }
}

#[test]
fn lengths_beyond_the_end() {
    for order in ORDERS {
        let pieces = secrets(order);
        let row = pieces.iter().position(|piece| !piece.is_start()).unwrap() + 1;
        let at = pieces[row].position.rba() as usize;
        let whole = joined(&pieces);
        let outcome = |bytes: &[u8], resync| {
            let trail = one_file(bytes.to_vec());
            let mut reader = trail.reader_with(ReadOptions::new().resync(resync)).unwrap();
            let mut count = 0;
            loop {
                match reader.next() {
                    Ok(Some(_)) => count += 1,
                    Ok(None) => return (count, None),
                    Err(error) => {
                        assert!(!error.to_string().contains(SECRET), "{error}");
                        return (count, Some(error));
                    }
                }
            }
        };
        // A record length beyond the end of the file.
        let mut long = whole.clone();
        long[at + 2..at + 4].copy_from_slice(&u16_of(order, 0xfff0));
        // A four-byte length of 4 GiB.
        let mut huge = whole.clone();
        huge[at + 1] = 0x41;
        huge[at + 2..at + 6].copy_from_slice(&[0xff; 4]);
        // An area length beyond the end of its record.
        let mut area = whole.clone();
        let data = at + pieces[row].data_at;
        area[data - 2..data].copy_from_slice(&u16_of(order, 0xff00));
        // A record length that is too small for header and trailer.
        let mut short = whole.clone();
        short[at + 2..at + 4].copy_from_slice(&u16_of(order, 3));
        for (name, bytes) in [("long", long), ("huge", huge), ("area", area), ("short", short)] {
            let (count, error) = outcome(&bytes, false);
            let error = error.unwrap();
            assert_eq!((count, error.kind()), (1, ErrorKind::Corrupt), "{name}: {error}");
            assert_eq!((error.location().rba, error.location().record), (Some(at as u64), Some(row as u64)), "{name}");
            let (count, error) = outcome(&bytes, true);
            assert_eq!((count, error.map(|error| error.kind())), (3, None), "{name}");
        }
    }
}

#[test]
fn length_of_4_gib_is_not_allocated() {
    // At the end of the file nothing contradicts such a length: it is a torn tail, and no memory is reserved for it.
    for order in ORDERS {
        let mut bytes = joined(&secrets(order));
        bytes.extend_from_slice(&[b'G', 0x41, 0xff, 0xff, 0xff, 0x7f]);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tt000000000");
        std::fs::write(&path, &bytes).unwrap();
        let (seen, error) = read(&Trail::open(path).unwrap(), ReadOptions::new(), 100);
        assert_eq!((seen.len(), error.unwrap().kind()), (4, ErrorKind::Truncated));
    }
}

#[test]
fn nested_tokens_do_not_recurse() {
    // A definition with tokens nested to the maximum depth must not overflow the stack.
    for order in ORDERS {
        let mut pieces = secrets(order);
        let mut nested = Vec::new();
        while nested.len() < 60_000 {
            let mut token = vec![0x30, 0];
            token.extend_from_slice(&u16_of(order, nested.len() as u16));
            token.extend_from_slice(&nested);
            nested = token;
        }
        let definition = pieces.iter().rposition(Piece::is_metadata).unwrap();
        let bytes = pieces[definition].bytes.clone();
        let mut parts = RecordParts::of(&Record::parse(&bytes, order).unwrap()).unwrap();
        parts.areas[0].body = &nested;
        let mut out = Vec::new();
        parts.encode(order, &mut out).unwrap();
        pieces[definition].bytes = out;
        let trail = one_file(joined(&pieces));
        let mut reader = trail.reader().unwrap();
        let mut count = 0;
        while let Some(change) = reader.next().unwrap() {
            // The definition is not supported, so its rows have no column names.
            assert!(!change.table().is_defined());
            assert_eq!(change.table().name(), "SHOP.ITEMS");
            assert!(change.to_json().unwrap().contains("\"COL1\""));
            let error = BatchDecoder::new().push(&change).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UndefinedTable);
            count += 1;
        }
        assert_eq!(count, 4);
        // The same in an area of a row, and in a group of the file header.
        let row = pieces[definition + 1].bytes.clone();
        let mut parts = RecordParts::of(&Record::parse(&row, order).unwrap()).unwrap();
        parts.areas.push(Token { id: b'Q', info: 0, body: &nested });
        let mut out = Vec::new();
        parts.encode(order, &mut out).unwrap();
        assert!(Record::parse(&out, order).is_ok());
        let mut header = vec![b'F', 0x40];
        let length = (nested.len() + 12) as u32;
        let length = if order == ByteOrder::Big { length.to_be_bytes() } else { length.to_le_bytes() };
        header.extend_from_slice(&length);
        header.extend_from_slice(&nested);
        header.extend_from_slice(&[b'Z', 0x40]);
        header.extend_from_slice(&length);
        let record = Record::parse(&header, order).unwrap();
        assert!(FileHeader::parse(&record).is_err());
    }
}

#[test]
fn a_table_that_was_never_defined() {
    for order in ORDERS {
        let (bytes, row) = with_second_row(order, |parts, data| {
            parts.header.table = TableRef::Index(9);
            data.to_vec()
        });
        let trail = one_file(bytes);
        let (seen, error) = read(&trail, ReadOptions::new(), 100);
        let error = error.unwrap();
        assert_eq!((seen.len(), error.kind()), (1, ErrorKind::UndefinedTable));
        assert_eq!((error.location().rba, error.location().record), (Some(row.position.rba()), Some(row.number)));
        let mut reader = trail.reader_with(ReadOptions::new().resync(true)).unwrap();
        let mut count = 0;
        while reader.next().unwrap().is_some() {
            count += 1;
        }
        assert_eq!(count, 3);
        let [skipped] = reader.skipped() else { panic!("expected one skipped range") };
        assert_eq!(skipped.error.kind(), ErrorKind::UndefinedTable);
        assert_eq!((skipped.from, skipped.to), (row.position, Position::new(0, row.position.rba() + row.bytes.len() as u64)));
    }
}

/// Calls `look` with the second change of a trail.
fn with_second_change<T>(bytes: Vec<u8>, look: impl FnOnce(&trailcore::Change<'_>) -> T) -> T {
    let trail = one_file(bytes);
    let mut reader = trail.reader().unwrap();
    reader.next().unwrap().unwrap();
    let seen = look(&reader.next().unwrap().unwrap());
    // The changes after it are intact.
    assert!(reader.next().unwrap().unwrap().to_json().unwrap().contains(SECRET));
    assert!(reader.next().unwrap().is_some());
    assert!(reader.next().unwrap().is_none());
    seen
}

#[test]
fn column_beyond_the_table() {
    for order in ORDERS {
        let (bytes, row) = with_second_row(order, |_, data| {
            let body = SECRET.as_bytes();
            let span = u16_of(order, body.len() as u16 + 2);
            [data, &u16_of(order, 40), &span, &[0, 0], body].concat()
        });
        with_second_change(bytes, |change| {
            // Named by its number, and with the type that its bytes suggest.
            assert!(change.to_json().unwrap().contains("\"COL40\":"));
            let error = BatchDecoder::new().push(change).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Corrupt);
            assert_eq!((error.location().rba, error.location().record), (Some(row.position.rba()), Some(row.number)));
            assert!(!error.to_string().contains(SECRET));
        });
    }
}

#[test]
fn bytes_that_are_not_text_or_numbers_are_invalid() {
    for order in ORDERS {
        let (bytes, _) = with_second_row(order, |_, _| {
            let items = items();
            let mut row = RowBuilder::new(&items, order);
            row.decimal("ID", 2.into()).unwrap();
            let mut data = row.bytes().to_vec();
            let mut put = |index, flag: [u8; 2], body: &[u8]| {
                data.extend_from_slice(&u16_of(order, index));
                data.extend_from_slice(&u16_of(order, body.len() as u16 + 2));
                data.extend_from_slice(&flag);
                data.extend_from_slice(body);
            };
            let value = [0, 0];
            put(1, value, &[&u16_of(order, 2)[..], b"\xd6\xff"].concat());
            put(2, value, b"\x01\x02\x03");
            put(4, value, b"2024-02-30:00:00:00");
            put(5, value, &[&u16_of(order, 3)[..], b"1,5"].concat());
            put(6, [1, 2], b"flag");
            put(7, value, &[&u16_of(order, 9)[..], b"short"].concat());
            data
        });
        let length = |value| if order == ByteOrder::Big { format!("00{value}") } else { format!("{value}00") };
        let expected = format!(
            r#"{{"ID":2,"NAME":{{"$invalid":"{}d6ff"}},"PRICE":{{"$invalid":"010203"}},"MADE":{{"$invalid":"{}"}},"WEIGHT":{{"$invalid":"{}312c35"}},"IMAGE":{{"$invalid":"0102666c6167"}},"NOTE":{{"$invalid":"{}73686f7274"}}}}"#,
            length("02"),
            "323032342d30322d33303a30303a30303a3030",
            length("03"),
            length("09")
        );
        with_second_change(bytes, |change| {
            assert_eq!(image(&to_plain(&change).after), expected);
            let after = change.after().unwrap().unwrap();
            let error = after.get("NAME").unwrap().text().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Value);
            let mut decoder = BatchDecoder::new();
            decoder.push(change).unwrap();
            decoder.flush(|batch| {
                let states: Vec<_> = batch.after().map(|(_, buffer)| buffer.states()[0]).collect();
                use trailcore::ColumnState::{Invalid, Missing, Value};
                assert_eq!(states, [Value, Invalid, Invalid, Missing, Invalid, Invalid, Invalid, Invalid]);
            });
        });
    }
}

#[test]
fn a_column_list_that_does_not_end_exactly() {
    for order in ORDERS {
        for extra in 1..4 {
            let (bytes, row) = with_second_row(order, |_, data| [data, &vec![0; extra]].concat());
            with_second_change(bytes, |change| {
                for error in [change.to_json().unwrap_err(), BatchDecoder::new().push(change).unwrap_err()] {
                    assert_eq!(error.kind(), ErrorKind::Corrupt);
                    let location = error.location();
                    assert!(location.file.is_some());
                    assert_eq!((location.rba, location.record), (Some(row.position.rba()), Some(row.number)));
                    assert!(!error.to_string().contains(SECRET), "{error}");
                }
                // The output buffer keeps its earlier contents.
                let mut out = b"before".to_vec();
                change.write_json(&mut out).unwrap_err();
                assert_eq!(out, b"before");
                // The columns before the fault are readable.
                let row = change.after().unwrap().unwrap();
                assert_eq!(row.get("NAME").unwrap().text().unwrap(), SECRET);
                assert_eq!(row.columns().filter(Result::is_err).count(), 1);
            });
        }
        // A span beyond the end of the data.
        let (bytes, _) = with_second_row(order, |_, data| data[..data.len() - 5].to_vec());
        with_second_change(bytes, |change| assert_eq!(change.to_json().unwrap_err().kind(), ErrorKind::Corrupt));
    }
}

#[test]
fn errors_hold_no_column_data() {
    // For damage at any byte of a row, an error does not quote the row.
    for order in ORDERS {
        let pieces = secrets(order);
        let whole = joined(&pieces);
        let row = pieces.iter().find(|piece| !piece.is_start()).unwrap();
        let quotes = |text: &str| text.contains("SECRET") || text.contains("SALARY") || text.contains("4711");
        let start = row.position.rba() as usize;
        for place in start..start + row.bytes.len() {
            for value in [0, 0xff, whole[place] ^ 1] {
                let mut bytes = whole.clone();
                bytes[place] = value;
                let trail = one_file(bytes);
                let mut reader = trail.reader().unwrap();
                let mut errors = Vec::new();
                loop {
                    match reader.next() {
                        Ok(Some(change)) => {
                            errors.extend(change.to_json().err());
                            errors.extend(BatchDecoder::new().push(&change).err());
                            if let Ok(Some(after)) = change.after() {
                                for column in after.columns().filter_map(Result::ok) {
                                    errors.extend(
                                        [column.text().err(), column.decimal().err(), column.datetime().err()]
                                            .into_iter()
                                            .flatten(),
                                    );
                                }
                            }
                        }
                        Ok(None) => break,
                        Err(error) => {
                            errors.push(error);
                            break;
                        }
                    }
                }
                for error in errors {
                    assert!(!quotes(&error.to_string()) && !quotes(&format!("{error:?}")), "byte {place}: {error}");
                }
            }
        }
    }
}

#[test]
fn damage_far_into_a_file_loses_only_its_record() {
    // Around the boundaries of read windows.
    let bank = Bank { updates: trailcore::sink::UpdateStyle::Unified, ..Bank::bench(ByteOrder::Big, 3 << 20) };
    let whole = bank_in_memory(&bank).unwrap().swap_remove(0).1;
    let trail = one_file(whole.clone());
    let (expected, _) = read(&trail, ReadOptions::new(), 1_000_000);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bk000000000");
    for block in [512 << 10, 1 << 20, 2 << 20] {
        let near = expected.iter().position(|(position, bytes)| position.rba() as usize + bytes.len() > block).unwrap();
        for hit in [near - 1, near, near + 1] {
            let (position, record) = &expected[hit];
            let mut bytes = whole.clone();
            // The trailer, the last bytes of a frame.
            bytes[position.rba() as usize + record.len() - 4] = b'?';
            std::fs::write(&path, &bytes).unwrap();
            for trail in [Trail::open(&path).unwrap(), one_file(bytes.clone())] {
                let (seen, error) = read(&trail, ReadOptions::new(), 1_000_000);
                assert!(seen == expected[..hit]);
                let error = error.unwrap();
                assert_eq!((error.kind(), error.location().rba), (ErrorKind::Corrupt, Some(position.rba())));
                let mut reader = trail.reader_with(ReadOptions::new().resync(true)).unwrap();
                let mut index = 0;
                while let Some(change) = reader.next().unwrap() {
                    index += usize::from(index == hit);
                    assert_eq!(change.position(), expected[index].0);
                    index += 1;
                }
                assert_eq!(index, expected.len());
                let [skipped] = reader.skipped() else { panic!("expected one skipped range") };
                assert_eq!((skipped.from, skipped.to), (*position, Position::new(0, position.rba() + record.len() as u64)));
            }
        }
    }
}

#[test]
fn records_after_damage_are_read() {
    for (_, whole) in samples() {
        let pieces = pieces(&one_file(whole.clone()));
        for hit in 1..pieces.len() - 1 {
            let mut bytes = whole.clone();
            bytes[pieces[hit].position.rba() as usize] = b'?';
            let trail = one_file(bytes);
            let mut records = trail.records(&ReadOptions::new().resync(true));
            let mut seen = Vec::new();
            while let Some(placed) = records.next().unwrap() {
                seen.push(Position::from(placed.position));
            }
            let expected: Vec<_> = pieces.iter().map(|piece| piece.position).filter(|at| *at != pieces[hit].position).collect();
            assert_eq!(seen, expected);
            let [skipped] = records.skipped() else { panic!("expected one skipped range") };
            assert_eq!((skipped.from, skipped.to), (pieces[hit].position, pieces[hit + 1].position));
        }
    }
}

/// Lengths beyond the end, at every step of a resynchronisation. Following each of them once took minutes.
#[test]
fn resynchronisation_over_false_starts_ends() {
    let mut bytes = samples()[0].1.clone();
    let whole = bytes.len();
    bytes.push(b'x');
    let false_start = [0x58, 0, 0, 0x0a, 0x47, 0x40, 0xff, 0xff, 0xff, 0xff, 0x48, 0, 0, 0];
    bytes.extend(false_start.iter().copied().cycle().take(1 << 20));
    let trail = one_file(bytes);
    let mut reader = trail.reader_with(ReadOptions::new().resync(true)).unwrap();
    while reader.next().unwrap().is_some() {}
    assert_eq!(reader.skipped().len(), 1);
    assert_eq!(reader.skipped()[0].from.rba(), whole as u64);
}

/// A source that reports a larger size than it delivers.
#[derive(Debug)]
struct Boaster {
    bytes: bytes::Bytes,
    reads: std::sync::atomic::AtomicUsize,
}

impl trailcore::source::ByteSource for Boaster {
    fn size(&self) -> std::io::Result<u64> {
        Ok(self.bytes.len() as u64 * 2)
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> std::io::Result<usize> {
        let reads = self.reads.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        assert!(reads < 1000, "reading does not end");
        trailcore::source::ByteSource::read_at(&self.bytes, into, offset)
    }
}

#[test]
fn source_that_reports_too_large_a_size_ends() {
    for (_, whole) in samples() {
        for damaged in [false, true] {
            let mut bytes = whole.clone();
            bytes.truncate(whole.len() - 3);
            if damaged {
                let at = bytes.len() / 2;
                bytes[at..].fill(0xee);
            }
            let source = || Boaster { bytes: bytes.clone().into(), reads: Default::default() };
            let trail = Trail::from_source("bk000000000", source());
            assert!(!trail.check(&ReadOptions::new()).unwrap().is_whole());
            let trail = Trail::from_source("bk000000000", source());
            let (seen, error) = read(&trail, ReadOptions::new().resync(true), 10_000);
            assert!(!seen.is_empty());
            assert_eq!(error.map(|error| error.kind()), (!damaged).then_some(ErrorKind::Truncated));
        }
    }
}

#[test]
fn duplicate_column_is_corrupt_for_all_readers() {
    let table = std::sync::Arc::new(trailcore::TableDef::new(
        "A.B",
        vec![trailcore::schema::ColumnDef::integer("ID", 0).key(), trailcore::schema::ColumnDef::varchar("C", 9)],
    ));
    for (indexes, whole) in [(&[0, 1, 1][..], false), (&[1, 0, 1], false), (&[1, 1], false), (&[1, 0], true)] {
        let mut image = trailcore::trail::image::ImageBuilder::new(ByteOrder::Big);
        for &index in indexes {
            match index {
                0 => image.fixed(0, &7u64.to_be_bytes()).unwrap(),
                _ => image.prefixed(index, b"x").unwrap(),
            };
        }
        let mut writer = trailcore::sink::TrailWriter::in_memory("aa", Default::default()).unwrap();
        writer.begin("1", "1.1.1", trailcore::Timestamp::from_unix_micros(0)).unwrap();
        writer.insert(&table, image.bytes()).unwrap();
        writer.commit().unwrap();
        let trail = Trail::from_bytes(writer.finish().unwrap().swap_remove(0).1);
        let mut reader = trail.reader().unwrap();
        let change = reader.next().unwrap().unwrap();
        let corrupt = |failed: Option<Error>| failed.map(|error| error.kind()) == (!whole).then_some(ErrorKind::Corrupt);
        assert!(corrupt(change.to_json().err()), "{indexes:?}");
        assert_eq!(change.after().unwrap().unwrap().spans().verify().is_ok(), whole, "{indexes:?}");
        assert_eq!(trail.check(&ReadOptions::new()).unwrap().issues.iter().all(|issue| !issue.kind.is_fault()), whole);
        let mut decoder = BatchDecoder::new();
        assert!(corrupt(decoder.push(&change).err()), "{indexes:?}");
    }
}

#[test]
fn before_record_at_a_torn_end_has_its_own_position() {
    let files = bank_in_memory(&Bank::small_little()).unwrap();
    let second = &files[1].1;
    let mut halves = 0;
    for cut in (second.len() / 2..second.len()).step_by(3) {
        let first = (files[0].0.as_str(), files[0].1.clone().into());
        let trail = Trail::from_files([first, (files[1].0.as_str(), second[..cut].to_vec().into())]);
        let mut records = trail.records(&ReadOptions::new().resync(true));
        let mut placed = std::collections::HashMap::new();
        while let Ok(Some(record)) = records.next() {
            placed.insert(record.position, record.record.bytes().to_vec());
        }
        let mut reader = trail.reader_with(ReadOptions::new().resync(true)).unwrap();
        while let Ok(Some(change)) = reader.next() {
            assert_eq!(
                placed.get(&change.position().trail().unwrap()).map(Vec::as_slice),
                Some(change.trail().unwrap().record().bytes()),
                "cut at {cut}"
            );
            halves += usize::from(change.op() == trailcore::Op::Update && change.after().unwrap().is_none());
        }
    }
    assert!(halves > 0);
}
