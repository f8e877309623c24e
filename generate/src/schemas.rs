//! JSON Schemas of options, requests and reports.

use std::path::Path;

use schemars::{JsonSchema, schema_for};
use trailcore::ReadOptions;
use trailcore::analysis::{
    DiffOptions, DiffReport, HistoryDocument, HistoryOptions, StateDocument, StateOptions, TransactionsOptions,
    TransactionsReport, VolumeOptions, VolumeReport,
};
use trailcore::arrow::ArrowOptions;
use trailcore::batch::BatchOptions;
use trailcore::filter::SelectOptions;
use trailcore::report::{
    CheckDocument, ConvertReport, CountReport, ExplainReport, FindReport, InfoReport, ReadReport, RecordCountReport,
    RecordReport, SaveReport,
};
use trailcore::sink::{IndexOptions, IndexReport, WriterOptions};
use trailcore_ops::backup;
use trailcore_stream::pipeline::{PipelineStatus, Pipelines};
use trailcore_stream::sink::Entry;
use trailcore_stream::{Checkpoint, Event, Lag, Progress, TailOptions};

use crate::Generated;

/// Returns the schema files of a folder.
pub(crate) fn all(folder: &Path) -> Vec<Generated> {
    vec![
        schema::<ReadOptions>(folder, "read-options"),
        schema::<SelectOptions>(folder, "select-options"),
        schema::<WriterOptions>(folder, "writer-options"),
        schema::<ArrowOptions>(folder, "arrow-options"),
        schema::<BatchOptions>(folder, "batch-options"),
        schema::<trailcore::Request>(folder, "request"),
        schema::<InfoReport>(folder, "info"),
        schema::<CountReport>(folder, "count"),
        schema::<RecordCountReport>(folder, "count-records"),
        schema::<CheckDocument>(folder, "check"),
        schema::<FindReport>(folder, "find"),
        schema::<ExplainReport>(folder, "explain"),
        schema::<ConvertReport>(folder, "convert"),
        schema::<RecordReport<'_>>(folder, "records"),
        schema::<SaveReport>(folder, "save"),
        schema::<IndexOptions>(folder, "index-options"),
        schema::<IndexReport>(folder, "index"),
        schema::<ReadReport>(folder, "read-report"),
        schema::<StateOptions>(folder, "state-options"),
        schema::<StateDocument>(folder, "state"),
        schema::<HistoryOptions>(folder, "history-options"),
        schema::<HistoryDocument>(folder, "history"),
        schema::<DiffOptions>(folder, "diff-options"),
        schema::<trailcore::DiffArguments>(folder, "diff-arguments"),
        schema::<DiffReport>(folder, "diff"),
        schema::<VolumeOptions>(folder, "volume-options"),
        schema::<VolumeReport>(folder, "volume"),
        schema::<TransactionsOptions>(folder, "transactions-options"),
        schema::<TransactionsReport>(folder, "transactions"),
        schema::<TailOptions>(folder, "tail-options"),
        schema::<Checkpoint>(folder, "checkpoint"),
        schema::<Event>(folder, "event"),
        schema::<Progress>(folder, "progress"),
        schema::<Lag>(folder, "lag"),
        schema::<Pipelines>(folder, "pipelines"),
        schema::<PipelineStatus>(folder, "pipeline-status"),
        schema::<Entry>(folder, "sink-entry"),
        schema::<trailcore_ops::ReadRequest>(folder, "ops-read-request"),
        schema::<trailcore_ops::ObserveRequest>(folder, "ops-request"),
        schema::<trailcore_ops::FollowRequest>(folder, "ops-follow-request"),
        schema::<trailcore_ops::FollowReport>(folder, "ops-follow"),
        schema::<trailcore_ops::ReadReport>(folder, "ops-read"),
        schema::<trailcore_ops::LagReport>(folder, "ops-lag"),
        schema::<trailcore_ops::HealthAnswer>(folder, "ops-health"),
        schema::<trailcore_ops::StatsReport>(folder, "ops-stats"),
        schema::<trailcore_ops::statistics::Reconciliation>(folder, "ops-reconcile"),
        schema::<trailcore_ops::ExportReport>(folder, "ops-export"),
        schema::<trailcore_ops::config::LintRequest>(folder, "ops-lint-request"),
        schema::<trailcore_ops::config::LintReport>(folder, "ops-lint"),
        schema::<trailcore_ops::config::ConfigDiffRequest>(folder, "ops-diff-request"),
        schema::<trailcore_ops::config::ConfigDiff>(folder, "ops-diff"),
        schema::<trailcore_ops::config::SignOffRequest>(folder, "ops-sign-off-request"),
        schema::<trailcore_ops::config::SignOff>(folder, "ops-sign-off"),
        schema::<trailcore_ops::config::DriftRequest>(folder, "ops-drift-request"),
        schema::<trailcore_ops::config::DriftReport>(folder, "ops-drift"),
        schema::<trailcore_ops::mapping::MappingRequest>(folder, "ops-mapping-request"),
        schema::<trailcore_ops::mapping::MappingReport>(folder, "ops-mapping"),
        schema::<trailcore_ops::history::HistoryRequest>(folder, "ops-history-request"),
        schema::<trailcore_ops::history::ConfigHistory>(folder, "ops-history"),
        schema::<backup::InventoryRequest>(folder, "ops-inventory-request"),
        schema::<backup::Inventory>(folder, "ops-inventory"),
        schema::<backup::BackupRequest>(folder, "ops-backup-request"),
        schema::<backup::BackupReport>(folder, "ops-backup"),
        schema::<backup::Manifest>(folder, "ops-manifest"),
        schema::<backup::VerifyRequest>(folder, "ops-verify-request"),
        schema::<backup::VerifyReport>(folder, "ops-verify"),
        schema::<backup::RestoreRequest>(folder, "ops-restore-request"),
        schema::<backup::Rehearsal>(folder, "ops-rehearse"),
        schema::<backup::RestorePlan>(folder, "ops-restore-plan"),
        schema::<backup::RetainRequest>(folder, "ops-retain-request"),
        schema::<backup::RetainReport>(folder, "ops-retain"),
        schema::<backup::PackRequest>(folder, "ops-pack-request"),
        schema::<backup::PackReport>(folder, "ops-pack"),
        schema::<backup::PurgeRequest>(folder, "ops-purge-request"),
        schema::<backup::PurgeReport>(folder, "ops-purge"),
        schema::<trailcore_ops::explain::ExplainRequest>(folder, "ops-explain-request"),
        schema::<trailcore_ops::explain::ExplainReport>(folder, "ops-explain"),
        schema::<trailcore_ops::explain::TimelineRequest>(folder, "ops-timeline-request"),
        schema::<trailcore_ops::explain::Timeline>(folder, "ops-timeline"),
        schema::<trailcore_ops::explain::SkipRequest>(folder, "ops-skip-request"),
        schema::<trailcore_ops::explain::SkipReport>(folder, "ops-skip"),
        schema::<trailcore_ops::bundle::BundleRequest>(folder, "ops-bundle-request"),
        schema::<trailcore_ops::bundle::BundleReport>(folder, "ops-bundle"),
        schema::<trailcore_ops::bundle::CompareRequest>(folder, "ops-compare-request"),
        schema::<trailcore_ops::bundle::BundleDiff>(folder, "ops-compare"),
        schema::<trailcore_ops::anonymise::AnonymiseRequest>(folder, "ops-anonymise-request"),
        schema::<trailcore_ops::anonymise::AnonymiseReport>(folder, "ops-anonymise"),
        schema::<trailcore_ops::health::Policy>(folder, "ops-policy"),
    ]
}

fn schema<T: JsonSchema>(folder: &Path, name: &str) -> Generated {
    let mut text = serde_json::to_string_pretty(&schema_for!(T)).unwrap_or_default();
    text.push('\n');
    (folder.join(format!("{name}.json")), text)
}
