//! Findings as SARIF 2.1.0, which editors and code hosts read.

use serde_json::{Value, json};

use super::finding::{ConfigFinding, ConfigRule, Severity};

/// Returns findings as a SARIF document.
///
/// ```
/// use trailcore_ops::config::{LintRequest, lint, sarif};
/// use trailcore_ops::Input;
/// let request = LintRequest { inputs: vec![Input::text("e.prm", "EXTRACT e\nRMHOST gg2\nTABLE A.B;")], ..LintRequest::default() };
/// let document = sarif(&lint(&request).findings);
/// assert_eq!(document["runs"][0]["results"][0]["ruleId"], "unknown_parameter");
/// ```
#[must_use]
pub fn sarif(findings: &[ConfigFinding]) -> Value {
    let rules: Vec<Value> = ConfigRule::ALL.iter().map(rule).collect();
    let results: Vec<Value> = findings.iter().map(result).collect();
    let driver = json!({
        "name": "trailcore",
        "version": env!("CARGO_PKG_VERSION"),
        "rules": rules,
    });
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{ "tool": { "driver": driver }, "columnKind": "unicodeCodePoints", "results": results }],
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

fn rule(rule: &ConfigRule) -> Value {
    json!({
        "id": rule.name(),
        "shortDescription": { "text": rule.reason() },
        "help": { "text": rule.fix() },
        "defaultConfiguration": { "level": level(rule.severity()) },
    })
}

fn result(finding: &ConfigFinding) -> Value {
    json!({
        "ruleId": finding.rule.name(),
        "level": level(finding.severity),
        "message": { "text": format!("{}; {}", finding.text, finding.fix) },
        "locations": [{
            "physicalLocation": {
                "artifactLocation": { "uri": finding.file.replace('\\', "/").replace(' ', "%20") },
                "region": { "startLine": finding.line, "startColumn": finding.column },
            },
        }],
    })
}
