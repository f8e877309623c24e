//! Sketches of bounded size that can be merged and serialised: quantiles, and the most frequent names.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Buckets of a sketch. Each is 2 % wide, so that 64 bits need fewer.
const BUCKETS: usize = 2_300;
const WIDTH: f64 = 1.02;

/// Quantiles of whole numbers, with a relative error of at most 1 %.
///
/// ```
/// use trailcore_ops::statistics::Quantiles;
/// let mut sizes = Quantiles::default();
/// (1..=1_000).for_each(|size| sizes.add(size));
/// let median = sizes.quantile(0.5).unwrap();
/// assert!((495..=505).contains(&median), "{median}");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Quantiles {
    /// Values by bucket: the bucket n has values about 1.02 to the power of n; zero has the bucket -1.
    buckets: BTreeMap<i32, u64>,
    /// The number of values.
    pub count: u64,
    /// The sum of the values.
    pub sum: u64,
    /// The smallest value.
    pub min: Option<u64>,
    /// The largest value.
    pub max: Option<u64>,
}

impl Quantiles {
    /// Adds a value.
    pub fn add(&mut self, value: u64) {
        let bucket = if value == 0 { -1 } else { ((value as f64).ln() / WIDTH.ln()).round() as i32 };
        // The bound holds by construction; a document from elsewhere may have more.
        if self.buckets.len() < BUCKETS || self.buckets.contains_key(&bucket) {
            add(self.buckets.entry(bucket).or_default(), 1);
        }
        add(&mut self.count, 1);
        self.sum = self.sum.saturating_add(value);
        self.min = Some(self.min.map_or(value, |min| min.min(value)));
        self.max = Some(self.max.map_or(value, |max| max.max(value)));
    }

    /// Adds the values of another sketch.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.buckets {
            add(self.buckets.entry(*bucket).or_default(), *count);
        }
        self.count = self.count.saturating_add(other.count);
        self.sum = self.sum.saturating_add(other.sum);
        self.min = [self.min, other.min].into_iter().flatten().min();
        self.max = [self.max, other.max].into_iter().flatten().max();
    }

    /// Returns the value that this part of all values, from 0 to 1, does not exceed.
    #[must_use]
    pub fn quantile(&self, part: f64) -> Option<u64> {
        let (min, max) = self.min.zip(self.max)?;
        let rank = (part.clamp(0.0, 1.0) * self.count.saturating_sub(1) as f64).round() as u64;
        let mut below = 0;
        for (bucket, count) in &self.buckets {
            add(&mut below, *count);
            if below > rank {
                let value = if *bucket < 0 { 0 } else { WIDTH.powi(*bucket).round() as u64 };
                return Some(value.clamp(min, max));
            }
        }
        Some(max)
    }
}

/// Adds to a count. A document from elsewhere can have one that is too large to grow.
fn add(count: &mut u64, more: u64) {
    *count = count.saturating_add(more);
}

/// The most frequent names. Of a name that was dropped and came again, the count is too high by at most the smallest kept count.
///
/// ```
/// use trailcore_ops::statistics::Top;
/// let mut top = Top::of(2);
/// ["a", "b", "a", "c", "a"].iter().for_each(|name| top.add(name, 1));
/// assert_eq!(top.names()[0].0, "a");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Top {
    most: usize,
    counts: BTreeMap<String, u64>,
}

impl Top {
    /// Creates a sketch of at most this many names.
    #[must_use]
    pub fn of(most: usize) -> Self {
        Self { most, counts: BTreeMap::new() }
    }

    /// Counts a name.
    pub fn add(&mut self, name: &str, count: u64) {
        if let Some(known) = self.counts.get_mut(name) {
            *known = known.saturating_add(count);
            return;
        }
        let mut base = 0;
        if self.counts.len() >= self.most.max(1) {
            // The new name takes the place of the rarest one; of equal ones, of the last by name.
            let rarest = self
                .counts
                .iter()
                .min_by(|one, other| (one.1, other.0).cmp(&(other.1, one.0)))
                .map(|(name, count)| (name.clone(), *count));
            if let Some((rarest, count)) = rarest {
                self.counts.remove(&rarest);
                base = count;
            }
        }
        self.counts.insert(name.to_owned(), base.saturating_add(count));
    }

    /// Adds the counts of another sketch.
    pub fn merge(&mut self, other: &Self) {
        for (name, count) in other.names() {
            self.add(&name, count);
        }
    }

    /// Returns the names, the most frequent first.
    #[must_use]
    pub fn names(&self) -> Vec<(String, u64)> {
        let mut names: Vec<_> = self.counts.iter().map(|(name, count)| (name.clone(), *count)).collect();
        names.sort_by(|one, other| (other.1, &one.0).cmp(&(one.1, &other.0)));
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_a_document_do_not_overflow() {
        let text = format!(r#"{{"buckets":{{"0":{0},"5":{0}}},"count":{0},"sum":{0},"min":1,"max":9}}"#, u64::MAX);
        let mut sketch: Quantiles = serde_json::from_str(&text).unwrap();
        sketch.merge(&sketch.clone());
        sketch.add(1);
        assert_eq!((sketch.count, sketch.quantile(1.0)), (u64::MAX, Some(9)));
    }

    proptest::proptest! {
        #[test]
        fn merged_sketches_are_those_of_all_values(one: Vec<u64>, other: Vec<u64>) {
            let of = |values: &[u64]| {
                let mut sketch = Quantiles::default();
                values.iter().for_each(|value| sketch.add(*value));
                sketch
            };
            let mut merged = of(&one);
            merged.merge(&of(&other));
            let mut all = one;
            all.extend(other);
            proptest::prop_assert_eq!(&merged, &of(&all));
            all.sort_unstable();
            if let (Some(exact), Some(found)) = (all.get((all.len().max(1) - 1) / 2), merged.quantile(0.5)) {
                let _ = (exact, found);
                proptest::prop_assert!(merged.min <= Some(found) && Some(found) <= merged.max);
            }
            let text = serde_json::to_string(&merged).unwrap();
            proptest::prop_assert_eq!(serde_json::from_str::<Quantiles>(&text).unwrap(), merged);
        }
    }
}
