//! Documents: options and reports as JSON, at the boundary to other languages.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, ErrorKind, Result};

/// Reads a document of the caller. The error contains the reason, and names the member or the place.
pub(crate) fn parse<T: DeserializeOwned>(document: &str) -> Result<T> {
    serde_json::from_str(document).map_err(|error| {
        let what = match error.classify() {
            serde_json::error::Category::Data => {
                let what = wrong_member::<T>(document).unwrap_or_else(|| error.to_string());
                format!("options document: {what}")
            }
            _ => format!("options document is not JSON: {error}"),
        };
        Error::new(ErrorKind::InvalidArgument, what)
    })
}

/// Returns the name and the error of the first member with a wrong value: the one that fails on its own. Serde's error of the
/// document lacks the name.
fn wrong_member<T: DeserializeOwned>(document: &str) -> Option<String> {
    let members: serde_json::Map<String, serde_json::Value> = serde_json::from_str(document).ok()?;
    members.into_iter().find_map(|(name, value)| {
        let alone = serde_json::Map::from_iter([(name.clone(), value)]);
        let error = serde_json::from_value::<T>(alone.into()).err()?.to_string();
        let is_about_others = error.contains("missing field") || error.contains("unknown field");
        (!is_about_others).then(|| format!("{name}: {error}"))
    })
}

/// Writes a document.
pub(crate) fn write(document: &impl Serialize) -> Result<String> {
    serde_json::to_string(document).map_err(|error| Error::internal(&format!("a document cannot be written: {error}")))
}

/// Implements serde and the schema of a type that is text in documents, by its `Display` and `FromStr`.
macro_rules! as_text {
    ($type:ty, $what:literal) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "description": $what })
            }
        }
    };
}
pub(crate) use as_text;

#[cfg(test)]
mod tests {
    use crate::{ErrorKind, ReadOptions};

    #[test]
    fn errors_name_the_member() {
        for (document, says) in [
            (r#"{"mapped":false,"resync":"yes"}"#, "resync: invalid type: string"),
            (r#"{"resnyc":true}"#, "unknown field `resnyc`"),
            (r#"{"start_at":"x"}"#, "start_at: "),
            ("[", "not JSON"),
            ("7", "invalid type: integer"),
        ] {
            let error = ReadOptions::from_json(document).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
            assert!(error.to_string().contains(says), "{error}");
        }
    }
}
