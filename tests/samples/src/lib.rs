//! A small bank whose changes fill trails of any size: accounts, customers and postings. The same description gives the
//! same bytes everywhere.

pub mod plain;

use std::path::Path;
use std::sync::Arc;

use trailcore::schema::{ColumnDef, TableDef};
use trailcore::sink::{RowBuilder, TrailWriter, UpdateStyle, WriterOptions};
use trailcore::trail::{ByteOrder, RecordType, Token, tokens};
use trailcore::{Charset, Decimal, Error, Timestamp};

/// The bank to generate.
#[derive(Clone, Debug)]
pub struct Bank {
    /// Seed of the random numbers.
    pub seed: u64,
    /// The options of the writer.
    pub writer: WriterOptions,
    /// Generation stops after the transaction that reaches this many bytes of rows.
    pub bytes: u64,
    /// The style of updates of accounts.
    pub updates: UpdateStyle,
    /// Adds a truncate, a DDL change and markers.
    pub extras: bool,
    /// 0 gives the bank its three tables. Any other number gives it only postings, at random in this many tables
    /// `BR0000.POSTINGS`, `BR0001.POSTINGS` …
    pub branches: usize,
}

/// 2024-03-01 00:00 UTC, when the bank opens.
const OPENING: i64 = 1_709_251_200_000_000;

impl Bank {
    /// Returns a bank with a few dozen changes of every kind, with GBK text, in two files.
    #[must_use]
    pub fn small() -> Self {
        let writer = WriterOptions {
            charset: Charset::from_name("GBK").id().map_or(0, |id| id as u32),
            file_size: 12_000,
            created: Timestamp::from_unix_micros(OPENING),
            ..WriterOptions::default()
        };
        Self { seed: 1, writer, bytes: 20_000, updates: UpdateStyle::Unified, extras: true, branches: 0 }
    }

    /// Returns the same bank in the form of a newer little-endian release.
    #[must_use]
    pub fn small_little() -> Self {
        let small = Self::small();
        let writer = WriterOptions { order: ByteOrder::Little, definition_version: 11, charset: 0, ..small.writer };
        Self { writer, updates: UpdateStyle::Pair, ..small }
    }

    /// Returns a bank for measurements, with one file of about this many bytes: rows of about 254 bytes in three tables of eight
    /// columns, UTF-8.
    #[must_use]
    pub fn bench(order: ByteOrder, bytes: u64) -> Self {
        let writer = WriterOptions {
            order,
            file_size: u64::MAX,
            definition_version: if order == ByteOrder::Big { 1 } else { 11 },
            created: Timestamp::from_unix_micros(OPENING),
            ..WriterOptions::default()
        };
        Self { seed: 7, writer, bytes, updates: UpdateStyle::Unified, extras: false, branches: 0 }
    }
}

/// Returns the bank's tables: accounts, customers, postings.
#[must_use]
pub fn tables(charset: Charset) -> [Arc<TableDef>; 3] {
    let table = |name: &str, columns: Vec<ColumnDef>| {
        let columns = columns.into_iter().map(|column| column.in_charset(charset)).collect();
        Arc::new(TableDef::new(name, columns))
    };
    [
        table(
            "BANK.ACCOUNTS",
            vec![
                ColumnDef::varchar("ACCOUNT_NO", 19).key(),
                ColumnDef::integer("CUSTOMER_ID", 0),
                ColumnDef::integer("BALANCE", 2),
                ColumnDef::char("CURRENCY", 3),
                ColumnDef::varchar("STATUS", 12),
                ColumnDef::datetime("OPENED", 0),
                ColumnDef::number("CREDIT_LIMIT"),
                ColumnDef::varchar("NOTE", 80),
            ],
        ),
        table(
            "BANK.CUSTOMERS",
            vec![
                ColumnDef::integer("CUSTOMER_ID", 0).key(),
                ColumnDef::varchar("NAME", 60),
                ColumnDef::varchar("ADDRESS", 120),
                ColumnDef::datetime("BORN", 0),
                ColumnDef::varchar("PHONE", 20),
                ColumnDef::varchar("EMAIL", 60),
                ColumnDef::number("RATING"),
                ColumnDef::datetime("CHANGED", 6),
            ],
        ),
        table(
            "BANK.POSTINGS",
            vec![
                ColumnDef::integer("POSTING_ID", 0).key(),
                ColumnDef::varchar("ACCOUNT_NO", 19),
                ColumnDef::integer("AMOUNT", 2),
                ColumnDef::char("CURRENCY", 3),
                ColumnDef::datetime("POSTED", 6),
                ColumnDef::integer("BRANCH", 0),
                ColumnDef::varchar("MEMO", 80),
                ColumnDef::integer("BALANCE", 2),
            ],
        ),
    ]
}

/// Returns tables of postings, one for each branch.
fn branches(charset: Charset, count: usize) -> Vec<Arc<TableDef>> {
    let [.., postings] = tables(charset);
    (0..count).map(|branch| Arc::new(TableDef::new(format!("BR{branch:04}.POSTINGS"), postings.columns().to_vec()))).collect()
}

/// Writes the bank's trail to `bk…` files in a directory.
///
/// # Errors
/// The errors of the writer.
pub fn write_bank(directory: &Path, bank: &Bank) -> Result<(), Error> {
    let writer = TrailWriter::create(directory.join("bk"), bank.writer.clone())?;
    Generator::new(bank, writer).run()?.finish().map(drop)
}

/// Returns the bank's trail in memory: files by name.
///
/// # Errors
/// The errors of the writer.
pub fn bank_in_memory(bank: &Bank) -> Result<Vec<(String, Vec<u8>)>, Error> {
    Generator::new(bank, TrailWriter::in_memory("bk", bank.writer.clone())?).run()?.finish()
}

/// A stream of pseudo-random numbers (SplitMix64), the same on every machine.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list.get(self.below(list.len() as u64) as usize).copied().unwrap_or_default()
    }
}

const NAMES: [&str; 8] = ["张伟", "王芳", "李娜", "刘洋", "Anna Weber", "陈静", "O'Brien", "杨帆"];
const STREETS: [&str; 6] = ["中山路", "人民大街", "Hauptstrasse", "解放路", "和平里", "High Street"];
const MEMOS: [&str; 8] = [
    "salary of the month",
    "utility bill, electricity",
    "transfer to savings",
    "card payment at a shop",
    "cash withdrawal",
    "loan instalment",
    "工资",
    "转账",
];
const CURRENCIES: [&str; 4] = ["CNY", "CNY", "USD", "EUR"];

struct Generator<'a> {
    bank: &'a Bank,
    writer: TrailWriter,
    chance: Chance,
    tables: [Arc<TableDef>; 3],
    branches: Vec<Arc<TableDef>>,
    written: u64,
    transactions: u64,
    clock: i64,
    postings: i64,
    customers: i64,
    accounts: i64,
}

impl<'a> Generator<'a> {
    fn new(bank: &'a Bank, writer: TrailWriter) -> Self {
        let charset = Charset::from_id(bank.writer.charset as i32);
        Self {
            bank,
            writer,
            chance: Chance(bank.seed),
            tables: tables(charset),
            branches: branches(charset, bank.branches),
            written: 0,
            transactions: 0,
            clock: OPENING,
            postings: 0,
            customers: 0,
            accounts: 0,
        }
    }

    fn run(mut self) -> Result<TrailWriter, Error> {
        if self.bank.extras {
            self.writer.marker(RecordType::RESTART_OK, Timestamp::from_unix_micros(OPENING))?;
            self.in_transaction(|bank| bank.statement())?;
        }
        self.in_transaction(|bank| (0..4).try_for_each(|_| bank.new_customer()))?;
        while self.written < self.bank.bytes {
            if !self.branches.is_empty() {
                self.in_transaction(|bank| (0..3).try_for_each(|_| bank.post()))?;
                continue;
            }
            match self.chance.below(20) {
                0 => self.in_transaction(Self::new_customer)?,
                1 => self.in_transaction(Self::move_customer)?,
                2 => self.in_transaction(Self::renumber_account)?,
                3 => self.in_transaction(Self::remove_posting)?,
                _ => {
                    let steps = 1 + self.chance.below(3);
                    self.in_transaction(|bank| (0..steps).try_for_each(|_| bank.post()))?;
                }
            }
        }
        if self.bank.extras {
            let postings = Arc::clone(&self.tables[2]);
            self.in_transaction(|bank| bank.writer.truncate(&postings))?;
        }
        Ok(self.writer)
    }

    fn in_transaction(&mut self, work: impl FnOnce(&mut Self) -> Result<(), Error>) -> Result<(), Error> {
        self.transactions += 1;
        self.clock += 1_000_000 * (1 + self.chance.below(5) as i64);
        let csn = (7_824_137_832 + self.transactions * 3).to_string();
        let xid = format!("{}.{}.{}", 1 + self.chance.below(12), self.chance.below(34), 220_000 + self.transactions);
        self.writer.begin(&csn, &xid, Timestamp::from_unix_micros(self.clock))?;
        work(self)?;
        self.writer.commit()
    }

    /// Returns a row id for the next record.
    fn row_id(&mut self) {
        let mut body = *b"AAKifQAAKAAAFDHAAA\0\x01";
        let mut number = self.chance.next();
        for byte in body.iter_mut().skip(8).take(10) {
            *byte = b'A' + (number % 26) as u8;
            number /= 26;
        }
        self.writer.tokens(&[Token { id: tokens::id::ORAROWID, info: 0, body: &body }]);
    }

    fn account_no(number: i64) -> String {
        format!("6217{:015}", number * 7919 % 1_000_000_000_000_000)
    }

    fn date(&mut self) -> String {
        format!("{:04}-{:02}-{:02}:00:00:00", 1950 + self.chance.below(70), 1 + self.chance.below(12), 1 + self.chance.below(28))
    }

    fn now(&self) -> String {
        let text = Timestamp::from_unix_micros(self.clock + self.postings % 1_000_000).to_string();
        text.trim_end_matches('Z').replacen('T', ":", 1)
    }

    fn statement(&mut self) -> Result<(), Error> {
        let text = ",C5='1',,B7='',,B2='0',,B3='BANK',,B4='POSTINGS',,B5='TABLE',,B6='CREATE',,C1='create table postings (posting_id number)'";
        self.writer.ddl("BANK", "POSTINGS", text)
    }

    fn new_customer(&mut self) -> Result<(), Error> {
        self.customers += 1;
        let customers = Arc::clone(&self.tables[1]);
        let mut row = RowBuilder::new(&customers, self.writer.byte_order());
        let name = self.chance.pick(&NAMES);
        row.decimal("CUSTOMER_ID", self.customers.into())?.text("NAME", name)?;
        if self.chance.one_in(5) {
            row.null("ADDRESS")?;
        } else {
            let street = self.chance.pick(&STREETS);
            let number = 1 + self.chance.below(300);
            row.text("ADDRESS", &format!("{street} {number}"))?;
        }
        row.datetime("BORN", &self.date())?.text("PHONE", &format!("+86 {}", 13_000_000_000 + self.chance.below(999_999_999)))?;
        if !self.chance.one_in(3) {
            row.text("EMAIL", &format!("customer{}@example.org", self.customers))?;
        }
        row.number("RATING", &format!("{}.{}", self.chance.below(10), self.chance.below(100)))?;
        row.datetime("CHANGED", &self.now())?;
        self.row_id();
        self.written += row.bytes().len() as u64 + 90;
        self.writer.insert(&customers, row.bytes())?;

        self.accounts += 1;
        let accounts = Arc::clone(&self.tables[0]);
        let mut row = RowBuilder::new(&accounts, self.writer.byte_order());
        row.text("ACCOUNT_NO", &Self::account_no(self.accounts))?.decimal("CUSTOMER_ID", self.customers.into())?;
        row.decimal("BALANCE", self.money(18))?.text("CURRENCY", "CNY")?.text("STATUS", "open")?;
        row.datetime("OPENED", &self.date())?;
        if self.chance.one_in(2) {
            row.null("CREDIT_LIMIT")?;
        } else {
            row.number("CREDIT_LIMIT", &(self.chance.below(90) * 1000).to_string())?;
        }
        row.null("NOTE")?;
        self.row_id();
        self.written += row.bytes().len() as u64 + 90;
        self.writer.insert(&accounts, row.bytes())
    }

    /// Returns an amount of up to this many digits, two of them after the decimal point.
    fn money(&mut self, digits: u32) -> Decimal {
        let bound = 10u64.pow(1 + self.chance.below(u64::from(digits)) as u32);
        let cents = self.chance.below(bound) as i128;
        Decimal::new(if self.chance.one_in(4) { -cents } else { cents }, 2)
    }

    fn post(&mut self) -> Result<(), Error> {
        self.postings += 1;
        let account = Self::account_no(1 + self.chance.below(self.accounts as u64) as i64);
        let (amount, balance) = (self.money(9), self.money(18));
        let branch = if self.branches.is_empty() { 0 } else { self.chance.below(self.branches.len() as u64) as usize };
        let postings = Arc::clone(self.branches.get(branch).unwrap_or(&self.tables[2]));
        let mut row = RowBuilder::new(&postings, self.writer.byte_order());
        let currency = self.chance.pick(&CURRENCIES);
        row.decimal("POSTING_ID", self.postings.into())?.text("ACCOUNT_NO", &account)?.decimal("AMOUNT", amount)?;
        row.text("CURRENCY", currency)?.datetime("POSTED", &self.now())?;
        row.decimal("BRANCH", (self.chance.below(400) as i64).into())?;
        match self.chance.below(10) {
            0 => row.null("MEMO")?,
            _ => {
                let memo = self.chance.pick(&MEMOS);
                row.text("MEMO", &format!("{memo}, reference {:010}", self.chance.below(10_000_000_000)))?
            }
        };
        row.decimal("BALANCE", balance)?;
        self.row_id();
        self.written += row.bytes().len() as u64 + 90;
        self.writer.insert(&postings, row.bytes())?;

        if self.branches.is_empty() && self.chance.one_in(3) {
            let accounts = Arc::clone(&self.tables[0]);
            let order = self.writer.byte_order();
            let (mut before, mut after) = (RowBuilder::new(&accounts, order), RowBuilder::new(&accounts, order));
            before
                .text("ACCOUNT_NO", &account)?
                .decimal("BALANCE", self.money(18))?
                .text("CURRENCY", "CNY")?
                .text("STATUS", "open")?;
            after
                .text("ACCOUNT_NO", &account)?
                .decimal("BALANCE", balance)?
                .text("CURRENCY", currency)?
                .text("STATUS", "open")?;
            self.row_id();
            self.written += (before.bytes().len() + after.bytes().len()) as u64 + 94;
            self.writer.update(&accounts, self.bank.updates, before.bytes(), after.bytes())?;
        }
        Ok(())
    }

    fn move_customer(&mut self) -> Result<(), Error> {
        let id = 1 + self.chance.below(self.customers as u64) as i64;
        let customers = Arc::clone(&self.tables[1]);
        let order = self.writer.byte_order();
        let (mut before, mut after) = (RowBuilder::new(&customers, order), RowBuilder::new(&customers, order));
        before.decimal("CUSTOMER_ID", id.into())?.null("ADDRESS")?;
        let street = self.chance.pick(&STREETS);
        after.decimal("CUSTOMER_ID", id.into())?.text("ADDRESS", &format!("{street} {}", 1 + self.chance.below(300)))?;
        after.datetime("CHANGED", &self.now())?;
        self.row_id();
        self.written += after.bytes().len() as u64 + 120;
        self.writer.update(&customers, self.bank.updates, before.bytes(), after.bytes())
    }

    fn renumber_account(&mut self) -> Result<(), Error> {
        let number = 1 + self.chance.below(self.accounts as u64) as i64;
        let accounts = Arc::clone(&self.tables[0]);
        let order = self.writer.byte_order();
        let (mut key, mut after) = (RowBuilder::new(&accounts, order), RowBuilder::new(&accounts, order));
        key.text("ACCOUNT_NO", &Self::account_no(number))?;
        after.text("ACCOUNT_NO", &Self::account_no(number + 500_000))?.text("NOTE", "renumbered")?;
        self.row_id();
        self.written += after.bytes().len() as u64 + 120;
        self.writer.pk_update(&accounts, key.bytes(), after.bytes())
    }

    fn remove_posting(&mut self) -> Result<(), Error> {
        let id = 1 + self.chance.below(self.postings.max(1) as u64) as i64;
        let postings = Arc::clone(&self.tables[2]);
        let mut row = RowBuilder::new(&postings, self.writer.byte_order());
        row.decimal("POSTING_ID", id.into())?;
        self.row_id();
        self.written += row.bytes().len() as u64 + 90;
        self.writer.delete(&postings, row.bytes())
    }
}
