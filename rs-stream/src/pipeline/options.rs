//! [`PipelineOptions`]: a pipeline as a document.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use trailcore::filter::{Select, nearest};
use trailcore::sink::Format;
use trailcore::{Error, ErrorKind, Result};

use super::definitions::DefinitionOptions;
use super::mapping::{Mapping, Transform};
use crate::options::{Slow, TailOptions};
use crate::sink::{FilesOptions, FilesSink, KafkaOptions, Sink, TrailSink, TrailSinkOptions};

/// A file of pipelines.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(description = "Pipelines, as `trailcore run` takes them."))]
#[serde(deny_unknown_fields)]
pub struct Pipelines {
    /// The pipelines.
    #[serde(rename = "pipeline")]
    pub pipelines: Vec<PipelineOptions>,
}

/// From a trail, through a selection and a mapping, to sinks. It is a document, whose schema is `docs/schema/pipelines.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PipelineOptions {
    /// Its name, for logs, metrics and commands.
    pub name: String,
    /// The trail: a prefix such as `dirdat/lt`, or a folder with one trail.
    pub trail: PathBuf,
    /// The changes that are wanted, and with MAP, TARGET and COLMAP what becomes of them: statements of a parameter file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub select: Option<Select>,
    /// How the trail is followed, and where to start without a checkpoint.
    #[serde(default)]
    pub follow: TailOptions,
    /// Transforms of rows, in their order.
    #[serde(default)]
    pub map: Vec<Transform>,
    /// The handling of columns that tables get while it runs.
    #[serde(default)]
    pub definitions: DefinitionOptions,
    /// When changes are committed.
    #[serde(default)]
    pub commit: CommitLimits,
    /// Workers of each sink, which apply changes at once: rows with one key always by the same one. Only some sinks can do that.
    #[serde(default = "one")]
    pub workers: usize,
    /// The reaction to an error.
    #[serde(default)]
    pub retry: RetryOptions,
    /// A folder for changes that a sink refuses, with a file of JSON lines for each sink; without it, such a change stops the pipeline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_letters: Option<PathBuf>,
    /// The sinks. Each sink has a place of its own in the trail.
    #[serde(default, rename = "sink")]
    pub sinks: Vec<SinkOptions>,
}

fn one() -> usize {
    1
}

/// Changes are committed as soon as one of these is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct CommitLimits {
    /// Changes.
    pub changes: u64,
    /// Bytes of changes in the trail.
    pub bytes: u64,
    /// Milliseconds since the first of them came.
    pub milliseconds: u64,
}

impl Default for CommitLimits {
    fn default() -> Self {
        Self { changes: 1_000_000, bytes: 128 << 20, milliseconds: 10_000 }
    }
}

/// After an error of the environment (disk, network), a pipeline tries again, with longer and longer pauses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct RetryOptions {
    /// Tries without a commit between them, until it fails; 0 has no limit.
    pub attempts: u32,
    /// Milliseconds before the first try.
    pub first: u64,
    /// Milliseconds between two tries, at most.
    pub longest: u64,
}

impl Default for RetryOptions {
    fn default() -> Self {
        Self { attempts: 20, first: 100, longest: 30_000 }
    }
}

/// A sink.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum SinkOptions {
    /// Native JSON lines.
    Jsonl(FilesOptions),
    /// CSV.
    Csv(FilesOptions),
    /// Arrow IPC files.
    Arrow(FilesOptions),
    /// Parquet.
    Parquet(FilesOptions),
    /// A trail.
    Trail(TrailSinkOptions),
    /// Topics of Apache Kafka. The library has to be built with the feature `kafka`.
    Kafka(KafkaOptions),
    /// Tables of PostgreSQL.
    #[cfg(feature = "postgres")]
    Postgres(crate::sink::PostgresOptions),
}

impl SinkOptions {
    /// Returns its kind, as in documents.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Jsonl(_) => "jsonl",
            Self::Csv(_) => "csv",
            Self::Arrow(_) => "arrow",
            Self::Parquet(_) => "parquet",
            Self::Trail(_) => "trail",
            Self::Kafka(_) => "kafka",
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => "postgres",
        }
    }

    /// Makes the sink with several workers, or with one, without reaching for what it writes to.
    ///
    /// # Errors
    /// [`InvalidArgument`](ErrorKind::InvalidArgument), with the reason, if the sink cannot have several; the errors of
    /// [`open`](Self::open).
    pub fn open_with(&self, workers: usize) -> Result<Box<dyn Sink>> {
        if workers <= 1 {
            return self.open();
        }
        let why = match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(options) => return Ok(Box::new(crate::sink::PostgresWorkers::new(options, workers)?)),
            Self::Kafka(_) => "its commit is one transaction of one producer, which sends to all partitions at once",
            Self::Trail(_) => "a trail has one order",
            _ => "its files have the changes of a table in the order of the trail",
        };
        let what = format!("the sink {} has one worker: {why}", self.kind());
        Err(Error::new(ErrorKind::InvalidArgument, what).hint("set workers to 1, or give other sinks a pipeline of their own"))
    }

    /// Makes the sink, without reaching for what it writes to.
    ///
    /// # Errors
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) for options that are not valid together.
    pub fn open(&self) -> Result<Box<dyn Sink>> {
        let files = |format, options: &FilesOptions| Ok(Box::new(FilesSink::new(format, options.clone())?) as Box<dyn Sink>);
        match self {
            Self::Jsonl(options) => files(Format::JsonLines, options),
            Self::Csv(options) => files(Format::Csv, options),
            Self::Arrow(options) => files(Format::Arrow, options),
            Self::Parquet(options) => files(Format::Parquet, options),
            Self::Trail(options) => Ok(Box::new(TrailSink::new(options.clone())?)),
            #[cfg(feature = "kafka")]
            Self::Kafka(options) => Ok(Box::new(crate::sink::KafkaSink::new(options.clone())?)),
            #[cfg(not(feature = "kafka"))]
            Self::Kafka(_) => Err(Error::new(ErrorKind::Unsupported, "this library is built without the sink kafka")
                .hint("build it with the feature kafka, such as cargo install trailcore-cli --features kafka")),
            #[cfg(feature = "postgres")]
            Self::Postgres(options) => Ok(Box::new(crate::sink::PostgresSink::new(options.clone())?)),
        }
    }
}

impl PipelineOptions {
    /// Returns the sinks with their names: the kind, with a number from the second one of a kind on.
    pub(crate) fn named_sinks(&self) -> impl Iterator<Item = (String, &SinkOptions)> {
        self.sinks.iter().enumerate().map(|(index, sink)| {
            let before = self.sinks.iter().take(index).filter(|other| other.kind() == sink.kind()).count();
            (if before == 0 { sink.kind().to_owned() } else { format!("{}-{}", sink.kind(), before + 1) }, sink)
        })
    }

    /// Checks what can be checked without reading the trail.
    pub(crate) fn check(&self) -> Result<()> {
        if self.follow.select.is_some() {
            let what = format!("the pipeline {} has a selection in follow", self.name);
            return Err(Error::new(ErrorKind::InvalidArgument, what).hint("set select of the pipeline"));
        }
        // One that made the shared reading wait would delay others, and one that drops changes would lose them.
        if self.follow.slow != Slow::CatchUp {
            let what = format!("the pipeline {} has another value of slow in follow than catch_up", self.name);
            return Err(Error::new(ErrorKind::InvalidArgument, what).hint("leave it out: a slow pipeline reads the files itself"));
        }
        Mapping::new(self.select.as_ref(), &self.map).map(drop)
    }
}

impl Pipelines {
    /// Reads a TOML file. `${NAME}` in it stands for the environment variable NAME.
    ///
    /// ```
    /// use trailcore_stream::pipeline::Pipelines;
    /// let text = r#"
    /// [[pipeline]]
    /// name = "postings"
    /// trail = "dirdat/lt"
    /// select = "TABLE BANK.POSTINGS;"
    /// [[pipeline.sink]]
    /// kind = "parquet"
    /// path = "lake"
    /// partition = ["date"]
    /// "#;
    /// assert_eq!(Pipelines::from_toml(text)?.pipelines[0].name, "postings");
    /// # Ok::<(), trailcore::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound), [`Io`](ErrorKind::Io), and the errors of [`from_toml`](Self::from_toml).
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(|error| Error::io(path, error))?;
        Self::from_toml(&text).map_err(|error| error.in_file(path))
    }

    /// Reads the text of a TOML file.
    ///
    /// # Errors
    /// [`InvalidArgument`](ErrorKind::InvalidArgument), with line and column, for text that is not TOML, unknown keys (with the nearest
    /// known one), environment variables that are not set, and two pipelines of one name.
    pub fn from_toml(text: &str) -> Result<Self> {
        let (text, secrets) = with_environment(text)?;
        let read: Self = toml::from_str(&text).map_err(|error| wrong(&error, &text, &secrets))?;
        let mut names = std::collections::HashSet::new();
        match read.pipelines.iter().find(|one| !names.insert(one.name.as_str())) {
            Some(twice) => Err(Error::new(ErrorKind::InvalidArgument, format!("two pipelines have the name {}", twice.name))),
            None => Ok(read),
        }
    }
}

/// Returns the error of a text that is not valid. It has no value of an environment variable.
fn wrong(error: &toml::de::Error, text: &str, secrets: &[(String, String)]) -> Error {
    let hide = |text: String, (name, value): &(String, String)| text.replace(value, &format!("${{{name}}}"));
    let message = secrets.iter().filter(|(_, value)| !value.is_empty()).fold(error.message().to_owned(), hide);
    let place = error.span().and_then(|span| text.get(..span.start)).map_or_else(String::new, |before| {
        let line = before.rsplit('\n').next().unwrap_or_default();
        format!(" (line {}, column {})", before.matches('\n').count() + 1, line.chars().count() + 1)
    });
    // "unknown field `x`, expected one of `a`, `b`"
    let mut names = message.split('`').skip(1).step_by(2);
    let near = match (message.starts_with("unknown "), names.next()) {
        (true, Some(unknown)) => nearest(unknown, names),
        _ => None,
    };
    let near = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
    Error::new(ErrorKind::InvalidArgument, format!("{message}{place}{near}"))
}

/// Replaces `${NAME}` by the value of the environment variable. Returns the names and values that were used, too.
fn with_environment(text: &str) -> Result<(String, Vec<(String, String)>)> {
    let (mut replaced, mut used) = (String::with_capacity(text.len()), Vec::new());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}').ok_or_else(|| Error::new(ErrorKind::InvalidArgument, "a ${ without its }"))?;
        rest = after;
        if let Some(kept) = before.strip_suffix('$') {
            replaced += &format!("{kept}${{{name}}}");
            continue;
        }
        let value = std::env::var(name).map_err(|_| {
            Error::new(ErrorKind::InvalidArgument, format!("the environment variable {name} is not set"))
                .hint("set it, or write $${ for a ${")
        })?;
        // In a TOML text, quotes and backslashes are escaped.
        replaced += before;
        replaced += &value.replace('\\', "\\\\").replace('"', "\\\"");
        used.push((name.to_owned(), value));
    }
    Ok((replaced + rest, used))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[[pipeline]]\nname = \"a\"\ntrail = \"dirdat/lt\"\n[[pipeline.sink]]\nkind = \"jsonl\"\npath = \"out\"\n";

    #[test]
    fn a_file_of_pipelines() {
        let read = Pipelines::from_toml(GOOD).unwrap();
        assert_eq!(read.pipelines[0].commit, CommitLimits::default());
        let again = toml::to_string(&read).unwrap();
        assert_eq!(Pipelines::from_toml(&again).unwrap().pipelines[0].trail, Path::new("dirdat/lt"));
    }

    #[test]
    fn mistakes_are_named() {
        for (text, says) in [
            (GOOD.replace("trail =", "trial ="), "did you mean trail?"),
            (GOOD.replace("path =", "pahts ="), "path"),
            (GOOD.replace("\"jsonl\"", "\"kafak\""), "unknown variant"),
            (GOOD.replace("\"a\"", "\"${TRAILCORE_NO_SUCH}\""), "TRAILCORE_NO_SUCH is not set"),
            (format!("{GOOD}{GOOD}"), "two pipelines have the name a"),
            (GOOD.replace("name = \"a\"", "name = \"a\"\nselect = \"TABEL X;\""), "TABEL"),
            (GOOD.replace("trail =", "trial ="), "(line 3, column 1)"),
            (GOOD.replace(']', ""), "(line 1, "),
            (
                GOOD.replace("[[pipeline.sink]]", "follow = { select = \"TABLE A.B;\" }\n[[pipeline.sink]]"),
                "set select of the pipeline",
            ),
            (GOOD.replace("[[pipeline.sink]]", "follow = { slow = \"drop\" }\n[[pipeline.sink]]"), "slow in follow"),
        ] {
            let read = Pipelines::from_toml(&text).and_then(|read| read.pipelines.iter().try_for_each(PipelineOptions::check));
            let error = read.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
            assert!(error.to_string().contains(says), "{error}");
        }
    }

    #[test]
    fn values_of_the_environment_are_never_printed() {
        // Cargo sets it for every test.
        let secret = std::env::var("CARGO_MANIFEST_DIR").unwrap();
        let text = GOOD.replace("\"jsonl\"", "\"${CARGO_MANIFEST_DIR}\"");
        let error = Pipelines::from_toml(&text).unwrap_err().to_string();
        assert!(!error.contains(&secret) && error.contains("${CARGO_MANIFEST_DIR}"), "{error}");
        let kept = Pipelines::from_toml(&GOOD.replace("\"out\"", "\"$${X}\"")).unwrap();
        assert!(matches!(&kept.pipelines[0].sinks[0], SinkOptions::Jsonl(files) if files.path == Path::new("${X}")));
    }

    #[cfg(all(feature = "files", feature = "kafka", feature = "postgres"))]
    #[test]
    fn the_files_of_the_guide_are_valid() {
        let guide = include_str!("../../../docs/pipelines.md").replace("${", "$${");
        let blocks: Vec<_> = guide.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
        assert!(blocks.len() >= 2, "{} blocks", blocks.len());
        for block in blocks {
            let whole = if block.starts_with("[[pipeline]]") {
                block.to_owned()
            } else {
                format!("[[pipeline]]\nname = \"a\"\ntrail = \"dirdat/lt\"\n{block}")
            };
            let read = Pipelines::from_toml(&whole).unwrap();
            read.pipelines.iter().try_for_each(PipelineOptions::check).unwrap();
        }
    }

    #[test]
    fn sinks_have_names_of_their_own() {
        let sink = "[[pipeline.sink]]\nkind = \"jsonl\"\npath = \"other\"\n[[pipeline.sink]]\nkind = \"csv\"\npath = \"csv\"\n";
        let read = Pipelines::from_toml(&format!("{GOOD}{sink}")).unwrap();
        let names: Vec<_> = read.pipelines[0].named_sinks().map(|(name, _)| name).collect();
        assert_eq!(names, ["jsonl", "jsonl-2", "csv"]);
    }
}
