//! The object stores of clouds, for the sinks of `trailcore-stream` that write files, and for the backups of `trailcore-ops`.
//!
//! The program `trailcore` of this crate writes to `s3://bucket/folder`, and with the features `gs` and `az` to Google Cloud Storage and Azure.
//! Other programs call [`register`] once:
//!
//! ```
//! trailcore_object_store::register();
//! # #[cfg(feature = "s3")] {
//! use trailcore_stream::sink::Manifest;
//!
//! // Nothing is asked of the store yet.
//! let settings = [("aws_region".to_owned(), "eu-central-1".to_owned())].into();
//! let manifest = Manifest::open("s3://bucket/lake/postings", &settings)?;
//! # }
//! # Ok::<(), trailcore::Error>(())
//! ```
//!
//! Credentials come from the environment (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, roles of a machine, a container or
//! a web identity; `GOOGLE_…`, `AZURE_…` alike), or from the settings of a sink, whose names are the same in lower case. A setting counts before the
//! environment. `docs/pipelines.md` has the guarantees and their limits.

#[cfg(any(feature = "s3", feature = "gs", feature = "az"))]
mod open {
    use std::collections::BTreeMap;
    use std::sync::Arc;
    use std::time::Duration;

    use object_store::{ObjectStore, RetryConfig};
    use trailcore::filter::nearest;
    use trailcore::{Error, ErrorKind, Result};

    /// Names that a misspelt one may mean.
    const NAMES: [&str; 18] = [
        "aws_access_key_id",
        "aws_secret_access_key",
        "aws_session_token",
        "aws_region",
        "aws_endpoint",
        "aws_allow_http",
        "aws_virtual_hosted_style_request",
        "aws_server_side_encryption",
        "aws_sse_kms_key_id",
        "google_service_account",
        "google_service_account_key",
        "azure_storage_account_name",
        "azure_storage_account_key",
        "azure_storage_sas_token",
        "proxy_url",
        "connect_timeout",
        "timeout",
        "allow_http",
    ];

    /// The tries of one request. The pipeline tries again after them.
    fn retry() -> RetryConfig {
        RetryConfig { max_retries: 5, retry_timeout: Duration::from_secs(30), ..RetryConfig::default() }
    }

    fn unknown(name: &str) -> Error {
        let near = nearest(name, NAMES).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        Error::new(ErrorKind::InvalidArgument, format!("the object store has no setting {name}{near}"))
    }

    /// The text of the client can have a value of the settings, which is not printed.
    fn not_valid(url: &str, settings: &BTreeMap<String, String>, error: &object_store::Error) -> Error {
        let hide = |text: String, value: &String| if value.is_empty() { text } else { text.replace(value.as_str(), "***") };
        let text = settings.values().fold(error.to_string(), hide);
        Error::new(ErrorKind::InvalidArgument, format!("the object store {url} cannot be used: {text}"))
            .hint("correct the URL, the settings of the sink, or the environment")
    }

    macro_rules! opener {
        ($name:ident, $builder:ty) => {
            pub(super) fn $name(url: &str, settings: &BTreeMap<String, String>) -> Result<Arc<dyn ObjectStore>> {
                let mut builder = <$builder>::from_env().with_url(url).with_retry(retry());
                for (name, value) in settings {
                    let key = name.to_ascii_lowercase().parse().map_err(|_: object_store::Error| unknown(name))?;
                    builder = builder.with_config(key, value);
                }
                Ok(Arc::new(builder.build().map_err(|error| not_valid(url, settings, &error))?))
            }
        };
    }

    #[cfg(feature = "s3")]
    opener!(s3, object_store::aws::AmazonS3Builder);
    #[cfg(feature = "gs")]
    opener!(gs, object_store::gcp::GoogleCloudStorageBuilder);
    #[cfg(feature = "az")]
    opener!(az, object_store::azure::MicrosoftAzureBuilder);
}

/// Makes the URLs of the object stores that this crate is built with known to all sinks of the process. Calling it again has no effect.
pub fn register() {
    #[cfg(feature = "s3")]
    for scheme in ["s3", "s3a"] {
        trailcore_stream::sink::register_store(scheme, open::s3);
    }
    #[cfg(feature = "gs")]
    trailcore_stream::sink::register_store("gs", open::gs);
    #[cfg(feature = "az")]
    for scheme in ["az", "abfs", "abfss"] {
        trailcore_stream::sink::register_store(scheme, open::az);
    }
}
