//! Keyed permutations of values of one form. A value is a numeral: digits, each with a radix of its own.
//!
//! [`Domain::permute`] is a permutation without a fixed point: it goes to the next numeral, in an order that the key shuffles. The
//! shuffle is a Feistel network over the two halves of the digits, whose round function is BLAKE3 with the domain's key. Numerals that
//! the form excludes, such as the 31st of April, are stepped over. So two values never become one, however few there are.
//!
//! [`Domain::draw`] makes digits from the value and a salt, for values whose equality is not to be seen.

use trailcore::{Error, ErrorKind, Result};

/// The context of the key derivation.
const CONTEXT: &str = "trailcore 2026 anonymise";
/// Rounds of the network in each direction.
const ROUNDS: u8 = 6;
/// Numerals that are stepped over at most. Of the forms that exclude some, at least one in 40 numerals is allowed.
const MOST_STEPS: usize = 10_000;
/// The fewest bytes of a caller's key.
pub(super) const LEAST_KEY: usize = 16;

/// The key of a run.
pub(super) struct Key([u8; 32]);

impl Key {
    /// Derives the key from the caller's secret.
    pub(super) fn of_secret(secret: &[u8]) -> Result<Self> {
        if secret.len() < LEAST_KEY {
            let what = format!("key_file: the key has {} bytes; it needs at least {LEAST_KEY}", secret.len());
            return Err(Error::new(ErrorKind::InvalidArgument, what));
        }
        Ok(Self(blake3::derive_key(CONTEXT, secret)))
    }

    /// Makes a key at random. It is not stored.
    pub(super) fn random() -> Result<Self> {
        let mut key = [0; 32];
        getrandom::fill(&mut key)
            .map_err(|error| Error::new(ErrorKind::Io, format!("the system gives no random bytes: {error}")))?;
        Ok(Self(key))
    }

    /// Returns the domain of this name. Equal values of one domain become equal.
    pub(super) fn domain(&self, name: &str) -> Domain {
        Domain(*blake3::keyed_hash(&self.0, name.as_bytes()).as_bytes())
    }
}

/// A set of places whose values are replaced in the same way.
#[derive(Clone, Copy)]
pub(super) struct Domain([u8; 32]);

impl Domain {
    /// Returns a number below a bound, which is not 0.
    pub(super) fn below(&self, bound: u128) -> u128 {
        let mut bytes = [0; 16];
        blake3::Hasher::new_keyed(&self.0).finalize_xof().fill(&mut bytes);
        u128::from_le_bytes(bytes) % bound.max(1)
    }

    /// Returns a stream of bytes that depends on a salt and on the key.
    pub(super) fn stream(&self, salt: &[u8]) -> blake3::OutputReader {
        blake3::Hasher::new_keyed(&self.0).update(salt).finalize_xof()
    }

    /// Replaces the digits by others that `accepts` allows, which must allow the digits themselves. Returns `false` if there are none.
    pub(super) fn permute(&self, digits: &mut [u32], radices: &[u32], accepts: impl Fn(&[u32]) -> bool) -> bool {
        let mut numeral = Numeral::of(digits, radices);
        let before = numeral.digits.clone();
        for _ in 0..MOST_STEPS {
            self.next(&mut numeral);
            if numeral.digits == before {
                return false;
            }
            if numeral.write(digits) && accepts(digits) {
                return true;
            }
        }
        false
    }

    /// Replaces the digits by others that depend on them, on the salt and on the key, and that `accepts` allows. Returns `false` if
    /// none were found.
    pub(super) fn draw(&self, salt: &[u8], digits: &mut [u32], radices: &[u32], accepts: impl Fn(&[u32]) -> bool) -> bool {
        let before = digits.to_vec();
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(salt);
        for digit in &before {
            hasher.update(&digit.to_le_bytes());
        }
        let mut stream = hasher.finalize_xof();
        for _ in 0..MOST_STEPS {
            for (digit, radix) in digits.iter_mut().zip(radices) {
                *digit = next_of(&mut stream) % (*radix).max(1);
            }
            if *digits != *before && accepts(digits) {
                return true;
            }
        }
        false
    }

    /// Returns other bytes that depend on these, on the salt and on the key, and that `accepts` allows. `None` if none were found.
    pub(super) fn draw_bytes(&self, salt: &[u8], before: &[u8], accepts: impl Fn(&[u8]) -> bool) -> Option<Vec<u8>> {
        let mut stream = blake3::Hasher::new_keyed(&self.0).update(salt).update(before).finalize_xof();
        let mut new = vec![0; before.len()];
        for _ in 0..MOST_STEPS {
            stream.fill(&mut new);
            if new != before && accepts(&new) {
                return Some(new);
            }
        }
        None
    }

    /// Goes to the next numeral in the shuffled order, which is a cycle of all of them.
    fn next(&self, numeral: &mut Numeral) {
        (0..ROUNDS).for_each(|round| self.round(numeral, round, false));
        numeral.increment();
        (0..ROUNDS).rev().for_each(|round| self.round(numeral, round, true));
    }

    /// Adds to the digits of one half what the other half determines, or takes it away again.
    fn round(&self, numeral: &mut Numeral, round: u8, back: bool) {
        let middle = numeral.digits.len() / 2;
        let (left, right) = numeral.digits.split_at_mut(middle);
        let (left_radices, right_radices) = numeral.radices.split_at(middle);
        let (changed, radices, other) =
            if round % 2 == 0 { (right, right_radices, &*left) } else { (left, left_radices, &*right) };
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(&[round]);
        hasher.update(&(changed.len() as u64).to_le_bytes());
        for digit in other {
            hasher.update(&digit.to_le_bytes());
        }
        let mut stream = hasher.finalize_xof();
        for (digit, radix) in changed.iter_mut().zip(radices) {
            let step = next_of(&mut stream) % radix;
            *digit = (*digit + if back { radix - step } else { step }) % radix;
        }
    }
}

fn next_of(stream: &mut blake3::OutputReader) -> u32 {
    let mut bytes = [0; 4];
    stream.fill(&mut bytes);
    u32::from_le_bytes(bytes)
}

/// Digits in the form that the network needs: those with a choice, and at least two of them.
struct Numeral {
    digits: Vec<u32>,
    radices: Vec<u32>,
    /// The places of the digits in the value.
    places: Vec<usize>,
    /// The radix of a value's only digit, which is two digits here.
    single: Option<u32>,
}

impl Numeral {
    fn of(digits: &[u32], radices: &[u32]) -> Self {
        let chosen = digits.iter().zip(radices).enumerate().filter(|(_, (_, radix))| **radix > 1);
        let chosen: Vec<(usize, (u32, u32))> = chosen.map(|(place, (digit, radix))| (place, (*digit, *radix))).collect();
        let places = chosen.iter().map(|(place, _)| *place).collect();
        if let [(_, (digit, radix))] = chosen.as_slice() {
            let base = radix.isqrt() + 1;
            return Self { digits: vec![digit / base, digit % base], radices: vec![base, base], places, single: Some(*radix) };
        }
        let (digits, radices) = chosen.into_iter().map(|(_, pair)| pair).unzip();
        Self { digits, radices, places, single: None }
    }

    /// Adds one, with carry; the largest numeral becomes 0.
    fn increment(&mut self) {
        for (digit, radix) in self.digits.iter_mut().zip(&self.radices) {
            *digit = (*digit + 1) % radix;
            if *digit != 0 {
                return;
            }
        }
    }

    /// Writes the digits of the value. Returns `false` if it has no such value.
    fn write(&self, out: &mut [u32]) -> bool {
        let single = self.single.and_then(|radix| match (self.digits.as_slice(), self.radices.first()) {
            ([high, low], Some(base)) => Some((high * base + low, radix)),
            _ => None,
        });
        if let Some((digit, radix)) = single {
            if digit >= radix {
                return false;
            }
            self.places.iter().for_each(|place| set(out, *place, digit));
            return true;
        }
        self.places.iter().zip(&self.digits).for_each(|(place, digit)| set(out, *place, *digit));
        true
    }
}

fn set(digits: &mut [u32], place: usize, digit: u32) {
    if let Some(slot) = digits.get_mut(place) {
        *slot = digit;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn domain(name: &str) -> Domain {
        Key::of_secret(b"a key that has enough bytes").unwrap().domain(name)
    }

    /// All numerals of these radices.
    fn all(radices: &[u32]) -> Vec<Vec<u32>> {
        radices.iter().fold(vec![Vec::new()], |all, radix| {
            all.iter().flat_map(|start| (0..*radix).map(move |digit| [start.as_slice(), &[digit]].concat())).collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn small_forms_are_permuted_without_fixed_points(
            radices in proptest::collection::vec(1u32..12, 1..4),
            excluded in 2u32..9,
            name in "[a-z]{0,8}",
        ) {
            let accepts = |digits: &[u32]| digits.iter().sum::<u32>() % excluded != 1;
            let domain = domain(&name);
            let allowed: Vec<_> = all(&radices).into_iter().filter(|digits| accepts(digits)).collect();
            let mut seen = HashSet::new();
            for digits in &allowed {
                let mut changed = digits.clone();
                let has_other = domain.permute(&mut changed, &radices, accepts);
                prop_assert_eq!(has_other, allowed.len() > 1, "{:?}", digits);
                if has_other {
                    prop_assert!(changed != *digits && accepts(&changed));
                    prop_assert!(seen.insert(changed), "two values become one");
                }
            }
        }

        #[test]
        fn long_values_change_and_equal_ones_stay_equal(digits in proptest::collection::vec(0u32..26, 2..200)) {
            let radices = vec![26; digits.len()];
            let permuted = |domain: Domain| {
                let mut digits = digits.clone();
                assert!(domain.permute(&mut digits, &radices, |_| true));
                digits
            };
            prop_assert_eq!(permuted(domain("a")), permuted(domain("a")));
            prop_assert_ne!(permuted(domain("a")), digits.clone());
            let drawn = |salt: &[u8]| {
                let mut digits = digits.clone();
                assert!(domain("a").draw(salt, &mut digits, &radices, |_| true));
                digits
            };
            prop_assert_eq!(drawn(b"1"), drawn(b"1"));
            prop_assert_ne!(drawn(b"1"), digits.clone());
        }
    }

    #[test]
    fn keys_and_salts_decide() {
        let radices = [10; 20];
        let of = |secret: &[u8], salt: &[u8]| {
            let (mut permuted, mut drawn) = ([1; 20], [1; 20]);
            let domain = Key::of_secret(secret).unwrap().domain("x");
            assert!(domain.permute(&mut permuted, &radices, |_| true) && domain.draw(salt, &mut drawn, &radices, |_| true));
            (permuted, drawn)
        };
        let (one, other) = (of(b"0123456789abcdef", b"1"), of(b"0123456789abcdeg", b"1"));
        assert!(one.0 != other.0 && one.1 != other.1);
        assert_ne!(one.1, of(b"0123456789abcdef", b"2").1);
        assert!(Key::of_secret(b"short").is_err());
        assert_ne!(Key::random().unwrap().0, Key::random().unwrap().0);
        assert!(!domain("x").permute(&mut [0, 0], &[1, 1], |_| true));
    }
}
