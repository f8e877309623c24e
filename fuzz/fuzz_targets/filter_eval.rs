//! Evaluation: any filter on any row has a verdict.
//!
//! The input is the filter's text, a byte 0, and a row: one byte of settings, then for each column a byte with its state and
//! length, and its value.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use trailcore::change::Builder;
use trailcore::filter::{Scratch, Select, TextUnit};
use trailcore::schema::{ColumnDef, TableDef};
use trailcore::{Op, OwnedChange, OwnedValue, Timestamp};

static TABLE: LazyLock<Arc<TableDef>> = LazyLock::new(|| {
    let columns = vec![
        ColumnDef::integer("ID", 0).key(),
        ColumnDef::integer("PRICE", 2),
        ColumnDef::number("N"),
        ColumnDef::varchar("A", 4000),
        ColumnDef::char("C", 10),
        ColumnDef::datetime("D", 6),
        ColumnDef::new("B", 64, 4, 200),
    ];
    Arc::new(TableDef::new("F.T", columns))
});

const OPS: [Op; 5] = [Op::Insert, Op::Update, Op::PkUpdate, Op::Delete, Op::Truncate];

fuzz_target!(|data: &[u8]| {
    let cut = data.iter().position(|&byte| byte == 0).unwrap_or(data.len());
    let (text, row) = data.split_at(cut);
    let Ok(text) = std::str::from_utf8(text) else { return };
    let Ok(select) = Select::parse(text) else { return };
    let mut row = row.iter().copied().skip(1);
    let settings = row.next().unwrap_or(0);
    let select = select.seventeen_digits(settings & 1 != 0).now(Timestamp::from_unix_micros(1_700_000_000_000_000));
    let select = if settings & 2 != 0 { select.text_unit(TextUnit::Bytes) } else { select };
    let select = if settings & 4 != 0 { select.lenient() } else { select };
    let facts = facts(OPS[usize::from(settings >> 4) % OPS.len()], &mut row);
    let program = select.bind(&TABLE);
    let (change, mut scratch) = (facts.as_change(), Scratch::default());
    let verdict = program.verdict(&change, &mut scratch);
    assert_eq!(verdict, program.verdict(&change, &mut scratch));
    let _ = (verdict.to_string(), program.explain().to_string(), program.problems().map(|all| all.to_string()));
    for rule in 0..select.rules().count() {
        let _ = program.project(&change, rule, &mut scratch).map_err(|error| error.to_string());
    }
});

fn facts(op: Op, row: &mut impl Iterator<Item = u8>) -> OwnedChange {
    let mut facts = Builder::new(op, &TABLE).user_token("T", "value");
    for side in 0..2 {
        for column in TABLE.columns() {
            let Some(value) = value(row) else { continue };
            let put = if side == 0 { Builder::after } else { Builder::before };
            facts = put(facts, &column.name, &value.as_value()).expect("the table has its columns");
        }
    }
    facts.build().expect("a small change")
}

/// Returns the next column value; `None` if the column is missing.
fn value(row: &mut impl Iterator<Item = u8>) -> Option<OwnedValue> {
    let state = row.next()?;
    let bytes: Vec<u8> = row.take(usize::from(state >> 3)).collect();
    let text = String::from_utf8_lossy(&bytes);
    Some(match state & 7 {
        0 => return None,
        1 => OwnedValue::Null,
        2 => OwnedValue::Invalid(bytes),
        3 => OwnedValue::Unchanged,
        4 => OwnedValue::Bytes(bytes),
        5 => OwnedValue::Number(bytes.iter().fold(0i64, |n, &byte| (n << 8) | i64::from(byte)).to_string().into()),
        6 => OwnedValue::Number(text.into()),
        _ => OwnedValue::Text(text.into()),
    })
}
