//! CSNs: all numbers of one length are moved by one distance, which the key determines, so that CSNs keep their form and their order.

use std::collections::BTreeMap;

use super::permute::Key;

/// The ranges of the numbers in the CSNs of a trail. A CSN of Oracle is one decimal number; those of MySQL are two with `:`, those of
/// PostgreSQL two hexadecimal ones with `/`.
#[derive(Debug, Default)]
pub(super) struct Csns {
    ranges: BTreeMap<Number, Range>,
}

/// The numbers at one place of CSNs that have one length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Number {
    radix: u32,
    place: usize,
    digits: usize,
}

#[derive(Clone, Copy, Debug)]
struct Range {
    least: u128,
    most: u128,
    /// The number that becomes the least one, once the key has decided.
    moved: u128,
}

/// Digits of a number that is moved.
const MOST_DIGITS: usize = 28;

/// Splits a CSN into its numbers, with the places of their digits; `None` if it has another form.
fn numbers(csn: &str) -> Option<Vec<(Number, usize, u128)>> {
    let radix = if csn.contains('/') { 16 } else { 10 };
    let mut at = 0;
    let mut found = Vec::new();
    for (place, part) in csn.split(['/', ':', '.']).enumerate() {
        let is_number = !part.is_empty() && part.len() <= MOST_DIGITS && part.chars().all(|digit| digit.is_digit(radix));
        let value = u128::from_str_radix(part, radix).ok().filter(|_| is_number)?;
        found.push((Number { radix, place, digits: part.len() }, at, value));
        at += part.len() + 1;
    }
    Some(found)
}

impl Csns {
    /// Notes a CSN of the trail.
    pub(super) fn note(&mut self, csn: &str) {
        for (number, _, value) in numbers(csn).unwrap_or_default() {
            let range = self.ranges.entry(number).or_insert(Range { least: value, most: value, moved: value });
            (range.least, range.most) = (range.least.min(value), range.most.max(value));
        }
    }

    /// Decides on the distances. Returns `false` if one of them is 0, because its numbers fill their length.
    pub(super) fn decide(&mut self, key: &Key) -> bool {
        let mut is_moved = true;
        for (number, range) in &mut self.ranges {
            let length = u128::from(number.radix).pow(number.digits as u32);
            let lowest = length / u128::from(number.radix);
            // A number with zeros in front may become smaller.
            let lowest = if number.digits > 1 && range.least >= lowest { lowest } else { 0 };
            let room = length - (range.most - range.least) - lowest;
            if room < 2 {
                is_moved = false;
                continue;
            }
            // One of the other places.
            let domain = key.domain(&format!("csn:{}:{}:{}", number.radix, number.place, number.digits));
            let step = 1 + domain.below(room - 1);
            range.moved = lowest + (range.least - lowest + step) % room;
        }
        is_moved
    }

    /// Returns the CSN in place of a noted one; `None` if it has another form.
    pub(super) fn replaced(&self, csn: &str) -> Option<String> {
        let mut out = csn.to_owned();
        for (number, at, value) in numbers(csn)? {
            let range = self.ranges.get(&number)?;
            let moved = range.moved + value.checked_sub(range.least)?;
            let digits = match number.radix {
                16 if csn.contains(|letter: char| letter.is_ascii_lowercase()) => {
                    format!("{moved:0width$x}", width = number.digits)
                }
                16 => format!("{moved:0width$X}", width = number.digits),
                _ => format!("{moved:0width$}", width = number.digits),
            };
            out.replace_range(at..at + number.digits, &digits);
        }
        Some(out)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use trailcore::Csn;

    fn moved(csns: &[String]) -> (Vec<String>, bool) {
        let mut ranges = Csns::default();
        csns.iter().for_each(|csn| ranges.note(csn));
        let is_moved = ranges.decide(&Key::of_secret(b"a key that has enough bytes").unwrap());
        (csns.iter().map(|csn| ranges.replaced(csn).unwrap()).collect(), is_moved)
    }

    proptest! {
        #[test]
        fn order_and_form_stay(numbers in proptest::collection::vec(1u64..u64::MAX, 1..20), form in 0..4) {
            let csns: Vec<String> = numbers.iter().map(|number| match form {
                0 => number.to_string(),
                1 => format!("{:X}/{:X}", number >> 40, number & 0xff_ffff),
                2 => format!("{:06}:{:020}", number >> 50, number & 0xffff_ffff),
                _ => (number % 1000).to_string(),
            }).collect();
            let (new, is_moved) = moved(&csns);
            for (a, new_a) in csns.iter().zip(&new) {
                prop_assert_eq!(a.len(), new_a.len());
                if is_moved { prop_assert_ne!(a, new_a); }
                for (b, new_b) in csns.iter().zip(&new) {
                    let order = Csn::compare;
                    prop_assert_eq!(order(a, b), order(new_a, new_b), "{} {}: {} {}", a, b, new_a, new_b);
                }
            }
        }
    }

    #[test]
    fn other_forms_are_not_moved() {
        let mut csns = Csns::default();
        csns.note("not a number");
        assert_eq!(csns.replaced("not a number"), None);
        let all: Vec<String> = (0..10).map(|number| number.to_string()).collect();
        assert_eq!(moved(&all), (all, false));
    }
}
