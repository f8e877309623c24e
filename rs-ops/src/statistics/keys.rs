//! [`HotKeys`]: the keys of each table with most changes, in a sketch of bounded size. A key is column data, so a report has its keyed
//! hash, unless the caller asks for values.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use trailcore::analysis::RowKeys;
use trailcore::change::Change;
use trailcore::{Error, ErrorKind, Result};

/// Tables whose keys are counted.
const TABLES: usize = 10_000;

/// How hot keys are counted and named.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct HotKeyOptions {
    /// The keys of a table that are kept; 20 by default, at most 1,000. A count is too high by at most the changes of the table
    /// divided by this number.
    pub most: usize,
    /// A secret text. Each key is named by a hash with it: equal for equal keys, in each call with the same secret, and of no use
    /// without it. It is never in a report.
    pub secret: Option<String>,
    /// The report has the values of the keys instead of hashes.
    pub values: bool,
}

impl Default for HotKeyOptions {
    fn default() -> Self {
        Self { most: 20, secret: None, values: false }
    }
}

/// The keys with most changes, by table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HotKeys {
    /// The keys that are kept of a table.
    pub most: usize,
    /// The sketches, by table.
    pub tables: BTreeMap<String, TableKeys>,
    /// Changes without a key: of tables without one, of truncates, of images that are damaged or lack a column of the key, and of
    /// tables after the first 10,000.
    pub without_key: u64,
}

/// The keys of a table with most changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TableKeys {
    /// The changes with a key.
    pub changes: u64,
    /// The keys, the most frequent first.
    pub keys: Vec<HotKey>,
}

/// A key, and its changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HotKey {
    /// The hash of the key, 16 hexadecimal digits; or its columns and values as JSON, if the request asks for values.
    pub key: String,
    /// The changes, at most: the number is too high by at most `error`.
    pub changes: u64,
    /// The number of changes that other keys had in its place before.
    pub error: u64,
}

impl HotKeys {
    /// Adds the counts of another sketch with the same secret. The bounds of the counts stay true. Of two sizes the smaller one is kept: it
    /// limits what is known.
    ///
    /// ```
    /// use trailcore_ops::statistics::HotKeys;
    /// let text = r#"{"most":2,"tables":{"A.B":{"changes":3,"keys":[{"key":"x","changes":3,"error":0}]}},"without_key":0}"#;
    /// let mut one: HotKeys = serde_json::from_str(text)?;
    /// one.merge(&one.clone());
    /// assert_eq!(one.tables["A.B"].keys[0].changes, 6);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn merge(&mut self, other: &Self) {
        let sizes = (self.most, other.most);
        self.most = [sizes.0, sizes.1].into_iter().filter(|most| *most > 0).min().unwrap_or(0);
        self.without_key = self.without_key.saturating_add(other.without_key);
        for (name, table) in &other.tables {
            self.tables.entry(name.clone()).or_default().merge(table, sizes, self.most);
        }
    }
}

impl TableKeys {
    fn add(&mut self, key: String, most: usize) {
        self.changes += 1;
        if self.keys.len() < most {
            return self.keys.push(HotKey { key, changes: 1, error: 0 });
        }
        // The new key takes the place of the rarest one, with its count.
        if let Some(rarest) = self.keys.iter_mut().min_by_key(|own| own.changes) {
            *rarest = HotKey { key, changes: rarest.changes + 1, error: rarest.changes };
        }
    }

    /// The most changes that a key can have that is not kept.
    fn floor(&self, most: usize) -> u64 {
        if self.keys.len() < most { 0 } else { self.keys.iter().map(|own| own.changes).min().unwrap_or(0) }
    }

    /// `sizes` are those of both sketches, and `most` is that of the result.
    fn merge(&mut self, other: &Self, sizes: (usize, usize), most: usize) {
        let (own_floor, other_floor) = (self.floor(sizes.0), other.floor(sizes.1));
        let mut keys: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        let theirs: BTreeMap<&str, &HotKey> = other.keys.iter().map(|own| (own.key.as_str(), own)).collect();
        for own in &self.keys {
            let (changes, error) =
                theirs.get(own.key.as_str()).map_or((other_floor, other_floor), |own| (own.changes, own.error));
            keys.insert(&own.key, (own.changes.saturating_add(changes), own.error.saturating_add(error)));
        }
        for own in &other.keys {
            keys.entry(&own.key).or_insert((own.changes.saturating_add(own_floor), own.error.saturating_add(own_floor)));
        }
        let keys = keys.into_iter().map(|(key, (changes, error))| HotKey { key: key.to_owned(), changes, error }).collect();
        *self = Self { changes: self.changes.saturating_add(other.changes), keys };
        self.sort();
        self.keys.truncate(most);
    }

    fn sort(&mut self) {
        self.keys.sort_by(|one, other| (other.changes, &one.key).cmp(&(one.changes, &other.key)));
    }
}

/// Counts the keys of changes.
pub(crate) struct KeyCounter {
    found: HotKeys,
    rows: RowKeys,
    secret: Option<[u8; 32]>,
    /// The place of each kept key in its table, by the bytes of the key or their hash.
    known: BTreeMap<String, BTreeMap<Box<[u8]>, usize>>,
}

impl KeyCounter {
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] without a secret and without values, and for a number of keys that is 0 or above 1,000.
    pub(crate) fn new(options: &HotKeyOptions) -> Result<Self> {
        let wrong = |what: &str, hint: &'static str| Err(Error::new(ErrorKind::InvalidArgument, what.to_owned()).hint(hint));
        if !(1..=1_000).contains(&options.most) {
            return wrong("hot_keys.most must be from 1 to 1000", "20 is the default");
        }
        let secret = match (&options.secret, options.values) {
            (_, true) => None,
            (Some(secret), _) if !secret.is_empty() => Some(blake3::derive_key("trailcore hot keys", secret.as_bytes())),
            _ => return wrong("hot keys need a secret", "set hot_keys.secret, or hot_keys.values for the values themselves"),
        };
        let found = HotKeys { most: options.most, ..HotKeys::default() };
        Ok(Self { found, rows: RowKeys::default(), secret, known: BTreeMap::new() })
    }

    pub(crate) fn add(&mut self, table: &str, change: &Change<'_>) -> Result<()> {
        let key = key_of(&mut self.rows, change)?;
        let is_counted = self.found.tables.contains_key(table) || self.found.tables.len() < TABLES;
        let Some(key) = key.filter(|_| is_counted) else {
            self.found.without_key += 1;
            return Ok(());
        };
        let own = self.found.tables.entry(table.to_owned()).or_default();
        let known = self.known.entry(table.to_owned()).or_default();
        if let Some(own) = known.get(&key).and_then(|place| own.keys.get_mut(*place)).map(|own| &mut own.changes) {
            *own += 1;
            self.found.tables.entry(table.to_owned()).or_default().changes += 1;
            return Ok(());
        }
        let shown = match &self.secret {
            Some(secret) => blake3::keyed_hash(secret, &key).to_hex().chars().take(16).collect(),
            None => values(change, &self.rows.names(change))?,
        };
        // The place that the key gets: a free one, or that of the first of the rarest keys.
        let place = if own.keys.len() < self.found.most {
            own.keys.len()
        } else {
            own.keys.iter().enumerate().min_by_key(|(_, own)| own.changes).map_or(0, |(place, _)| place)
        };
        own.add(shown, self.found.most);
        known.retain(|_, own| *own != place);
        known.insert(key, place);
        Ok(())
    }

    pub(crate) fn finish(mut self) -> HotKeys {
        self.found.tables.values_mut().for_each(TableKeys::sort);
        self.found
    }
}

/// Returns the key of a row; `None` without one, and for an image that is damaged.
pub(crate) fn key_of(rows: &mut RowKeys, change: &Change<'_>) -> Result<Option<Box<[u8]>>> {
    match rows.of(change) {
        Err(error) if error.kind().is_damage() => Ok(None),
        key => key,
    }
}

/// Returns the values of the columns of the key as JSON.
fn values(change: &Change<'_>, names: &[String]) -> Result<String> {
    let mut text = Vec::new();
    change.write_json(&mut text)?;
    let document: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
    let image = ["after", "before"].iter().find_map(|image| document.get(image).filter(|image| image.is_object()));
    let value = |name: &String| Some((name.clone(), image?.get(name)?.clone()));
    let columns: serde_json::Map<String, serde_json::Value> = names.iter().filter_map(value).collect();
    Ok(serde_json::Value::Object(columns).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts names as if they were keys.
    fn counted(names: &[u8], most: usize) -> TableKeys {
        let mut own = TableKeys::default();
        for name in names {
            let name = name.to_string();
            match own.keys.iter_mut().find(|own| own.key == name) {
                Some(known) => {
                    known.changes += 1;
                    own.changes += 1;
                }
                None => own.add(name, most),
            }
        }
        own.sort();
        own
    }

    fn exact(names: &[u8]) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        names.iter().for_each(|name| *counts.entry(name.to_string()).or_default() += 1);
        counts
    }

    fn holds(own: &TableKeys, counts: &BTreeMap<String, u64>, most: usize) {
        assert!(own.keys.len() <= most);
        assert_eq!(own.changes, counts.values().sum::<u64>());
        for (name, count) in counts {
            match own.keys.iter().find(|own| own.key == *name) {
                Some(own) => assert!(own.changes >= *count && own.changes - own.error <= *count, "{own:?} {count}"),
                None => assert!(*count <= own.floor(most), "{name} {count} {own:?}"),
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn counts_are_within_their_bounds(one in proptest::collection::vec(0u8..20, 0..200), other in proptest::collection::vec(0u8..20, 0..200), sizes in (1usize..8, 1usize..8)) {
            let most = sizes.0.min(sizes.1);
            let (mut merged, second) = (counted(&one, sizes.0), counted(&other, sizes.1));
            holds(&merged, &exact(&one), sizes.0);
            merged.merge(&second, sizes, most);
            let all: Vec<u8> = one.into_iter().chain(other).collect();
            holds(&merged, &exact(&all), most);
            let text = serde_json::to_string(&merged).unwrap();
            proptest::prop_assert_eq!(serde_json::from_str::<TableKeys>(&text).unwrap(), merged);
        }
    }

    #[test]
    fn sketches_of_two_sizes_keep_the_smaller_one() {
        let of = |most, names: &[u8]| HotKeys { most, tables: [("A.T".to_owned(), counted(names, most))].into(), without_key: 0 };
        let mut merged = HotKeys::default();
        merged.merge(&of(2, &[1, 1, 2, 3]));
        merged.merge(&of(20, &[4]));
        assert_eq!(merged.most, 2);
        holds(&merged.tables["A.T"], &exact(&[1, 1, 2, 3, 4]), 2);
    }

    #[test]
    fn a_secret_or_values_are_needed() {
        let options = |secret: Option<&str>, values, most| HotKeyOptions { most, secret: secret.map(str::to_owned), values };
        assert!(KeyCounter::new(&options(None, false, 5)).is_err_and(|error| error.to_string().contains("need a secret")));
        assert!(
            KeyCounter::new(&options(Some(""), false, 5)).is_err() && KeyCounter::new(&options(Some("x"), false, 0)).is_err()
        );
        assert!(KeyCounter::new(&options(None, true, 5)).is_ok());
    }
}
