//! Rules that start with a comparison of one integer column with numbers.

use crate::change::integer;
use crate::filter::eval::node::IntegerIs;
use crate::filter::plan::index::bits::{Bits, set};

/// The rules of one integer column.
#[derive(Debug)]
pub(super) struct Integers {
    width: u8,
    signed: bool,
    /// Rules with a lower limit, and the limit, in ascending order.
    from: Vec<(i64, u32)>,
    /// Rules with an upper limit, and the limit, in descending order.
    to: Vec<(i64, u32)>,
    /// Rules with an exact value, and the value, in ascending order.
    at: Vec<(i64, u32)>,
    /// Rules with another range: low, high, and `true` if the value must be inside.
    others: Vec<(i64, i64, bool, u32)>,
}

impl Integers {
    pub(super) fn new(test: &IntegerIs) -> Self {
        let (width, signed) = (test.width, test.signed);
        Self { width, signed, from: Vec::new(), to: Vec::new(), at: Vec::new(), others: Vec::new() }
    }

    pub(super) fn add(&mut self, test: &IntegerIs, rule: u32) {
        match (test.inside, test.low, test.high) {
            (true, low, i64::MAX) => self.from.push((low, rule)),
            (true, i64::MIN, high) => self.to.push((high, rule)),
            (true, low, high) if low == high => self.at.push((low, rule)),
            (inside, low, high) => self.others.push((low, high, inside, rule)),
        }
    }

    /// Prepares the search, after the last rule.
    pub(super) fn finish(&mut self) {
        self.from.sort_unstable();
        self.to.sort_unstable_by(|a, b| b.cmp(a));
        self.at.sort_unstable();
    }

    /// Adds the rules whose first test accepts a value. Returns `false` if the value is not an integer of 64 bits.
    #[inline(always)]
    pub(super) fn find(&self, body: &[u8], bits: &mut Bits) -> bool {
        let value = match (self.width, self.signed) {
            (8, true) => body.try_into().ok().map(i64::from_be_bytes),
            (width, signed) => integer(body, width, signed).and_then(|value| i64::try_from(value).ok()),
        };
        let Some(value) = value else { return false };
        for (_, rule) in self.from.iter().take_while(|(low, _)| *low <= value) {
            set(bits, *rule as usize);
        }
        for (_, rule) in self.to.iter().take_while(|(high, _)| *high >= value) {
            set(bits, *rule as usize);
        }
        if !self.at.is_empty() {
            let start = self.at.partition_point(|(own, _)| *own < value);
            for (_, rule) in self.at.iter().skip(start).take_while(|(own, _)| *own == value) {
                set(bits, *rule as usize);
            }
        }
        for (low, high, inside, rule) in &self.others {
            if (*low <= value && value <= *high) == *inside {
                set(bits, *rule as usize);
            }
        }
        true
    }
}
