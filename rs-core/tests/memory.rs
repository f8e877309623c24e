//! Memory: rows are read without allocations, and a reader's memory does not grow with the trail.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
// The counting allocator needs `unsafe`, because its trait does.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::path::Path;

use trailcore::batch::BatchDecoder;
use trailcore::trail::ByteOrder;
use trailcore::trail::image::SpanContent;
use trailcore::{ReadOptions, Trail};
use trailcore_samples::{Bank, bank_in_memory, write_bank};

struct Counting;

thread_local! {
    // Constant and without destructors, so accessing them does not allocate.
    static CALLS: Cell<u64> = const { Cell::new(0) };
    static HELD: Cell<i64> = const { Cell::new(0) };
    static PEAK: Cell<i64> = const { Cell::new(0) };
    static TOTAL: Cell<u64> = const { Cell::new(0) };
}

fn note(calls: u64, bytes: i64) {
    CALLS.with(|count| count.set(count.get() + calls));
    TOTAL.with(|total| total.set(total.get() + bytes.max(0).unsigned_abs()));
    let held = HELD.with(|held| {
        held.set(held.get() + bytes);
        held.get()
    });
    PEAK.with(|peak| peak.set(peak.get().max(held)));
}

// SAFETY: every call is forwarded unchanged to the system allocator; the counters are local to the calling thread.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(1, layout.size() as i64);
        // SAFETY: the caller's layout, unchanged.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        note(0, -(layout.size() as i64));
        // SAFETY: the caller's pointer and layout, unchanged; both came from `alloc` above, and so from the system.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(1, size as i64 - layout.size() as i64);
        // SAFETY: as for `dealloc`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn calls() -> u64 {
    CALLS.with(Cell::get)
}

const ORDERS: [ByteOrder; 2] = [ByteOrder::Big, ByteOrder::Little];
/// After this many changes a reader has seen all tables and has grown its buffers.
const WARM: usize = 1_000;

/// Runs on each trail of a few MiB: in memory, and from a file.
fn on_each_trail(check: impl Fn(&str, &Trail)) {
    for order in ORDERS {
        let bank = Bank::bench(order, 4 << 20);
        let files = bank_in_memory(&bank).unwrap();
        assert_eq!(files.len(), 1);
        check(&format!("{order:?}, in memory"), &Trail::from_bytes(files[0].1.clone()));
        let dir = tempfile::tempdir().unwrap();
        write_bank(dir.path(), &bank).unwrap();
        check(&format!("{order:?}, from a file"), &Trail::open(dir.path()).unwrap());
    }
}

#[test]
fn a_scan_does_not_allocate() {
    on_each_trail(|name, trail| {
        let mut reader = trail.reader().unwrap();
        let (mut count, mut inserts, mut before) = (0, 0, 0);
        while let Some(change) = reader.next().unwrap() {
            count += 1;
            inserts +=
                usize::from(change.op() == trailcore::Op::Insert && change.position().trail().is_some_and(|at| at.rba > 0));
            if count == WARM {
                before = calls();
            }
        }
        assert_eq!(calls() - before, 0, "{name}");
        assert!(count > 10 * WARM && inserts > WARM, "{name}: {count}");
    });
}

/// Number of allocations while reading a whole trail.
fn allocations_of(trail: &Trail, mut look: impl FnMut(&trailcore::Change<'_>)) -> u64 {
    let before = calls();
    let mut reader = trail.reader().unwrap();
    while let Some(change) = reader.next().unwrap() {
        look(&change);
    }
    calls() - before
}

#[test]
fn visiting_columns_does_not_allocate() {
    on_each_trail(|name, trail| {
        // The first reader of bytes in memory converts them to shared bytes, which allocates once.
        allocations_of(trail, |_| {});
        let scan = allocations_of(trail, |_| {});
        let (mut nulls, mut sum) = (0, 0i128);
        let visit = allocations_of(trail, |change| {
            let (old, new) = change.images().unwrap();
            for row in old.iter().chain(&new) {
                for span in row.spans() {
                    nulls += usize::from(span.unwrap().content() == SpanContent::Null);
                }
                if let Some(balance) = row.get("BALANCE") {
                    sum += balance.decimal().unwrap().mantissa();
                }
            }
            // Reading the transaction ids, which are carried forward, does not allocate either.
            nulls += usize::from(change.csn().is_none()) + usize::from(change.xid().is_none());
        });
        assert_eq!(visit, scan, "{name}");
        assert!(nulls > 0 && sum != 0);
    });
}

#[test]
fn longer_trail_needs_no_more_allocations() {
    for order in ORDERS {
        let cost = |bytes| {
            let files = bank_in_memory(&Bank::bench(order, bytes)).unwrap();
            allocations_of(&Trail::from_bytes(files[0].1.clone()), |_| {})
        };
        assert_eq!(cost(2 << 20), cost(8 << 20), "{order:?}");
    }
}

#[test]
fn records_do_not_allocate() {
    on_each_trail(|name, trail| {
        let mut records = trail.records(&ReadOptions::new());
        let (mut count, mut bytes, mut before) = (0, 0, 0);
        while let Some(placed) = records.next().unwrap() {
            count += 1;
            bytes += placed.record.data().len() + placed.record.tail_areas().count();
            if count == WARM {
                before = calls();
            }
        }
        assert_eq!(calls() - before, 0, "{name}");
        assert!(bytes > 1 << 20);
    });
}

#[test]
fn batches_settle() {
    on_each_trail(|name, trail| {
        let mut reader = trail.reader().unwrap();
        let mut decoder = BatchDecoder::new().rows(2_000);
        let (mut flushes, mut rows, mut before) = (0, 0, 0);
        while let Some(change) = reader.next().unwrap() {
            if decoder.push(&change).unwrap() {
                decoder.flush(|batch| rows += batch.len());
                flushes += 1;
                if flushes == 2 {
                    before = calls();
                }
            }
        }
        let allocations = calls() - before;
        assert!(flushes > 5 && rows > 10_000, "{name}: {flushes} flushes");
        // A text buffer, or the reader's own, may still grow for a larger batch than before.
        assert!(allocations <= 6, "{name}: {allocations} allocations after two flushes of {flushes}");
    });
}

/// Peak memory of reading a trail to its end, in bytes beyond the memory in use before.
fn peak_of(path: &Path, decode: bool) -> i64 {
    let start = HELD.with(Cell::get);
    PEAK.with(|peak| peak.set(start));
    let trail = Trail::open(path).unwrap();
    let mut reader = trail.reader().unwrap();
    let mut decoder = BatchDecoder::new().rows(2_000);
    let mut rows = 0;
    while let Some(change) = reader.next().unwrap() {
        if decode && decoder.push(&change).unwrap() {
            decoder.flush(|batch| rows += batch.len());
        }
        rows += 1;
    }
    assert!(rows > WARM);
    PEAK.with(Cell::get) - start
}

#[test]
fn memory_does_not_grow_with_the_trail() {
    for order in ORDERS {
        let peak = |bytes: u64, decode| {
            let dir = tempfile::tempdir().unwrap();
            write_bank(dir.path(), &Bank::bench(order, bytes)).unwrap();
            peak_of(dir.path(), decode)
        };
        for decode in [false, true] {
            let (small, large) = (peak(4 << 20, decode), peak(32 << 20, decode));
            assert!(large * 2 <= small * 3, "{order:?}: {small} bytes for 4 MiB, {large} for 32 MiB");
            assert!(large < 16 << 20, "{order:?}: {large} bytes");
        }
    }
}

/// Many tables that refer to one wide definition must share its columns; otherwise a small file would need gigabytes.
#[test]
fn definition_of_many_tables_is_stored_once() {
    use trailcore::schema::ColumnDef;
    use trailcore::sink::{RowBuilder, TrailWriter, WriterOptions};
    use trailcore::trail::encode::RecordParts;
    use trailcore::trail::{RecordType, TableRef};

    let columns = (0..1000).map(|n| ColumnDef::varchar(format!("C{n}"), 1)).collect();
    let table = std::sync::Arc::new(trailcore::TableDef::new("A.WIDE", columns));
    let mut writer = TrailWriter::in_memory("aa", WriterOptions::default()).unwrap();
    writer.begin("1", "1", trailcore::Timestamp::from_unix_micros(0)).unwrap();
    writer.insert(&table, RowBuilder::new(&table, ByteOrder::Big).bytes()).unwrap();
    writer.commit().unwrap();
    let mut bytes = writer.finish().unwrap().remove(0).1;
    let whole = Trail::from_bytes(bytes.clone());
    let mut records = whole.records(&ReadOptions::new());
    while let Some(placed) = records.next().unwrap() {
        if placed.record.record_type() == RecordType::METADATA && placed.record.header().unwrap().orig_node == 2 {
            let parts = RecordParts::of(&placed.record).unwrap();
            for n in 0..4000 {
                let name = format!("A.T{n}");
                let header =
                    trailcore::trail::RecordHeader { orig_node: 3, table: TableRef::Name(name.as_bytes()), ..parts.header };
                RecordParts { header, areas: Vec::new(), ..parts.clone() }.encode(ByteOrder::Big, &mut bytes).unwrap();
            }
        }
    }
    let size = bytes.len() as i64;
    let trail = Trail::from_bytes(bytes);
    let before = HELD.with(Cell::get);
    PEAK.with(|peak| peak.set(before));
    let mut reader = trail.reader().unwrap();
    while reader.next().unwrap().is_some() {}
    assert_eq!(reader.tables().count(), 4001);
    let peak = PEAK.with(Cell::get) - before;
    assert!(peak < 10 * size + (1 << 20), "{peak} bytes for a trail of {size}");
}

/// Returns the allocations of some work, and the bytes that it allocated.
fn work_of<T>(work: impl FnOnce() -> T) -> (T, [u64; 2]) {
    let now = || [calls(), TOTAL.with(Cell::get)];
    let before = now();
    let done = work();
    let after = now();
    (done, [after[0] - before[0], after[1] - before[1]])
}

/// Checks that twice the size is not much more than twice the work.
fn assert_linear(name: &str, work: impl Fn(usize) -> [u64; 2]) {
    let (small, large) = (work(2_000), work(4_000));
    for (small, large) in small.into_iter().zip(large) {
        // Vectors and maps grow in steps.
        assert!(large <= small * 5 / 2 + 100_000, "{name}: {small} for half the size, {large} for all");
    }
}

/// Writes a trail with an insert into each of some tables.
fn trail_of_tables(tables: usize) -> Vec<u8> {
    use std::sync::Arc;
    use trailcore::TableDef;
    use trailcore::schema::ColumnDef;
    use trailcore::sink::{RowBuilder, TrailWriter, WriterOptions};

    let mut writer = TrailWriter::in_memory("aa", WriterOptions::default()).unwrap();
    writer.begin("1", "1", trailcore::Timestamp::from_unix_micros(0)).unwrap();
    for number in 0..tables {
        let table =
            Arc::new(TableDef::new(format!("A.T{number}"), vec![ColumnDef::integer("ID", 0), ColumnDef::varchar("V", 9)]));
        let mut row = RowBuilder::new(&table, ByteOrder::Big);
        row.decimal("ID", 1.into()).unwrap().text("V", "x").unwrap();
        writer.insert(&table, row.bytes()).unwrap();
    }
    writer.commit().unwrap();
    writer.finish().unwrap().remove(0).1
}

#[test]
fn twice_the_tables_are_twice_the_work() {
    use trailcore::filter::Select;

    assert_linear("writing", |tables| work_of(|| trail_of_tables(tables)).1);
    for (name, text) in [("reading", None), ("a selection", Some("TABLE A.T1*, WHERE (ID = 1); TABLE A.*, FILTER (ID > 1);"))] {
        assert_linear(name, |tables| {
            let trail = Trail::from_bytes(trail_of_tables(tables));
            let select = text.map(|text| Select::parse(text).unwrap());
            let options = select.into_iter().fold(ReadOptions::new(), ReadOptions::select);
            let (count, work) = work_of(|| {
                let mut reader = trail.reader_with(options).unwrap();
                while reader.next().unwrap().is_some() {}
                reader.tables().count()
            });
            assert_eq!(count, tables);
            work
        });
    }
    assert_linear("rules", |rules| {
        let text: String = (0..rules).map(|number| format!("TABLE A.T{number}, WHERE (ID = {number});\n")).collect();
        let trail = Trail::from_bytes(trail_of_tables(100));
        let (count, work) = work_of(|| {
            let mut reader = trail.reader_with(ReadOptions::new().select(Select::parse(&text).unwrap())).unwrap();
            let mut count = 0;
            while reader.next().unwrap().is_some() {
                count += 1;
            }
            count
        });
        assert_eq!(count, 1);
        work
    });
}

#[test]
fn a_row_costs_the_columns_that_it_has() {
    use trailcore::schema::ColumnDef;
    use trailcore::sink::{RowBuilder, TrailWriter, WriterOptions};

    let work = |columns: usize| {
        let columns = (0..columns).map(|number| ColumnDef::varchar(format!("C{number}"), 9)).collect();
        let table = std::sync::Arc::new(trailcore::TableDef::new("A.WIDE", columns));
        let mut writer = TrailWriter::in_memory("aa", WriterOptions::default()).unwrap();
        writer.begin("1", "1", trailcore::Timestamp::from_unix_micros(0)).unwrap();
        let mut insert = || {
            let mut row = RowBuilder::new(&table, ByteOrder::Big);
            row.text("C3", "a").unwrap().text("C8", "b").unwrap();
            writer.insert(&table, row.bytes()).unwrap();
        };
        // The first row defines the table, and is written when the next one comes.
        insert();
        insert();
        work_of(insert).1
    };
    let (small, large) = (work(10_000), work(20_000));
    assert_eq!(small[0], large[0]);
    // The file in memory may grow for this row.
    assert!(small[0] < 20, "{small:?}");
}

#[test]
fn definitions_have_a_maximum() {
    let trail = Trail::from_bytes(trail_of_tables(2_000));
    let read = |most| {
        let mut reader = trail.reader_with(ReadOptions::new().max_definition_bytes(most))?;
        let mut count = 0;
        while reader.next()?.is_some() {
            count += 1;
        }
        Ok::<_, trailcore::Error>(count)
    };
    assert_eq!(read(10 << 20).unwrap(), 2_000);
    let error = read(100_000).unwrap_err();
    assert_eq!(error.kind(), trailcore::ErrorKind::InvalidArgument);
    assert!(error.to_string().contains("raise max_definition_bytes") && error.location().rba.is_some(), "{error}");
    // Damage would be skipped, and this is not.
    let resync = ReadOptions::new().max_definition_bytes(100_000).resync(true);
    let mut reader = trail.reader_with(resync.clone()).unwrap();
    let ended = (0..5_000).find_map(|_| reader.next().map(|_| ()).err());
    assert!(ended.is_some());
    let mut views = trail.record_views(&resync, None).unwrap();
    let mut error = None;
    while error.is_none() {
        match views.next() {
            Ok(Some(_)) => {}
            Ok(None) => break,
            Err(met) => error = Some(met),
        }
    }
    assert!(error.unwrap().to_string().contains("max_definition_bytes"));
}
