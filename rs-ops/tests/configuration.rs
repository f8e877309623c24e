//! Checks of configuration: public files, planted errors, secrets, deployments, differences.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // the files of this test are its own

use std::path::{Path, PathBuf};

use trailcore_ops::Input;
use trailcore_ops::config::{
    ConfigChangeKind, ConfigDiffRequest, ConfigFinding, ConfigRule, FileKind, LintReport, LintRequest, ParameterFile, Severity,
    diff, lint,
};

fn checked(name: &str, text: &str) -> Vec<ConfigFinding> {
    report(&[(name, text)]).findings
}

fn report(files: &[(&str, &str)]) -> LintReport {
    let inputs = files.iter().map(|(name, text)| Input::text(*name, *text)).collect();
    lint(&LintRequest { inputs, sarif: false })
}

fn shown(findings: &[ConfigFinding]) -> String {
    let line = |own: &ConfigFinding| format!("{:?} {} {}:{} {}\n", own.severity, own.rule.name(), own.line, own.column, own.text);
    findings.iter().map(line).collect()
}

/// Returns the public files, which are not a part of the project.
fn vectors(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors/ops").join(folder);
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("skipped: {} is not present", folder.display());
        return Vec::new();
    };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

const NEGATIVE: [&str; 7] = ["11_", "15_", "52_", "53_", "54_", "55_", "59_"];

#[test]
fn public_files_are_judged_rightly() {
    for path in vectors("prm").into_iter().chain(vectors("props")) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(&path).unwrap();
        let file = ParameterFile::parse(&name, &bytes);
        let mut written = Vec::new();
        file.write_to(&mut written).unwrap();
        assert_eq!(written, bytes, "{name}");
        let findings = checked(&name, &String::from_utf8_lossy(&bytes));
        let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
        let primary = findings.iter().filter(|finding| finding.primary).count();
        let is_negative =
            path.parent().is_some_and(|folder| folder.ends_with("prm")) && NEGATIVE.iter().any(|start| name.starts_with(start));
        println!("== {name} {:?}\n{}", file.kind(), shown(&findings));
        assert_eq!(primary, usize::from(is_negative), "{name}\n{}", shown(&findings));
        if !is_negative {
            assert_eq!(errors.count(), 0, "{name}");
        }
        assert_eq!(name.contains(".j2"), file.kind() == FileKind::Template, "{name}");
    }
}

const EXTRACT: &str = "\
EXTRACT ext1
SETENV (ORACLE_SID = \"orcl\")
USERIDALIAS oggadmin
TRANLOGOPTIONS EXCLUDETAG 00
LOGALLSUPCOLS
DISCARDFILE ./dirrpt/ext1.dsc, APPEND, MEGABYTES 500
REPORTCOUNT EVERY 10 MINUTES, RATE
-- the trail of the pump
EXTTRAIL ./dirdat/aa
GETUPDATEBEFORES
DDL INCLUDE MAPPED
TABLE HR.EMP, FILTER (@STRFIND (NAME, 'A') > 0), COLS (ID, NAME);
TABLE HR.DEPT,
  WHERE (ID > 10),
  TOKENS (TK1 = @GETENV ('GGHEADER', 'OPTYPE'));
TABLEEXCLUDE HR.TMP
SEQUENCE HR.SEQ1;
TABLE HR.JOBS;
";

const PUMP: &str = "\
EXTRACT pmp1
PASSTHRU
RMTHOST target1, MGRPORT 7809, TIMEOUT 30
RMTTRAIL ./dirdat/ra
REPORTCOUNT EVERY 1000 RECORDS
TABLE HR.EMP;
TABLE HR.DEPT;
";

const REPLICAT: &str = "\
REPLICAT rep1
USERIDALIAS oggrep
ASSUMETARGETDEFS
DISCARDFILE ./dirrpt/rep1.dsc, PURGE
BATCHSQL
GROUPTRANSOPS 1000
REPERROR (DEFAULT, ABEND)
MAP HR.EMP, TARGET DW.EMP, COLMAP (USEDEFAULTS, FULLNAME = @STRCAT (FIRST, ' ', LAST));
MAP HR.DEPT, TARGET DW.DEPT,
  KEYCOLS (ID),
  FILTER (ON UPDATE, ID > 5);
MAP HR.JOBS, TARGET DW.JOBS;
";

const MANAGER: &str = "\
PORT 7809
DYNAMICPORTLIST 7810-7820, 7830
AUTOSTART ER *
AUTORESTART ER *, RETRIES 3, WAITMINUTES 5, RESETMINUTES 60
PURGEOLDEXTRACTS ./dirdat/aa*, USECHECKPOINTS, MINKEEPHOURS 2
LAGREPORTMINUTES 15
LAGCRITICALMINUTES 30
ACCESSRULE, PROG *, IPADDR 10.1.2.*, ALLOW
";

/// An error that is planted in a valid file.
struct Mutant {
    what: &'static str,
    text: String,
    line: usize,
}

/// Repeatable choices.
struct Choice(u64);

impl Choice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most.max(1)
    }
}

fn joined(lines: &[String]) -> String {
    lines.join("\n") + "\n"
}

fn keyword_length(line: &str) -> usize {
    line.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(line.len())
}

/// Plants one error in a file; `None` if this line has no place for it.
fn mutant(text: &str, kind: usize, choice: &mut Choice) -> Option<Mutant> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let index = choice.below(lines.len());
    let line = lines[index].clone();
    let starts = !line.starts_with([' ', '-']);
    // The line at which the statement of this one starts.
    let began = (0..=index).rev().find(|at| !lines[*at].starts_with(' '))?;
    let made = |what, lines: &[String], at: usize| Some(Mutant { what, text: joined(lines), line: at + 1 });
    match kind {
        0 if starts && keyword_length(&line) > 4 => {
            let at = 1 + choice.below(keyword_length(&line) - 2);
            lines[index].remove(at);
            made("letter missing", &lines, index)
        }
        1 if starts && keyword_length(&line) > 4 => {
            let at = 1 + choice.below(keyword_length(&line) - 2);
            lines[index].insert(at, 'X');
            made("letter too many", &lines, index)
        }
        2 if starts && keyword_length(&line) > 3 => {
            let at = 1 + choice.below(keyword_length(&line) - 2);
            let mut letters: Vec<char> = line.chars().collect();
            letters.swap(at, at + 1);
            let swapped: String = letters.into_iter().collect();
            (swapped != line).then_some(())?;
            lines[index] = swapped;
            made("letters exchanged", &lines, index)
        }
        3 if line.ends_with(';') => {
            lines[index].pop();
            made("semicolon missing", &lines, began)
        }
        4 if line.contains(')') => {
            let at = line.rfind(')')?;
            lines[index].remove(at);
            made("parenthesis not closed", &lines, index)
        }
        5 if line.contains("))") || line.contains(") ;") || line.ends_with(");") => {
            let at = line.rfind(')')?;
            lines[index].insert(at, ')');
            made("parenthesis not open", &lines, index)
        }
        6 if line.contains('\'') || line.contains('"') => {
            let at = line.rfind(['\'', '"'])?;
            lines[index].remove(at);
            made("quote not closed", &lines, index)
        }
        7 if starts => {
            lines.insert(index, "# a note".to_owned());
            made("comment with #", &lines, index)
        }
        8 if starts && index > 0 => {
            lines.insert(index, "START EXTRACT ext1".to_owned());
            made("command", &lines, index)
        }
        9 if line.starts_with("DISCARDFILE") => {
            lines[index] = line.replacen(',', ", PURGEONDAYS 3,", 1);
            made("unknown option", &lines, index)
        }
        10 if line.contains('@') => {
            let at = line.find('@')? + 2;
            lines[index].remove(at);
            made("unknown function", &lines, index)
        }
        11 if starts && index > 0 => {
            lines.insert(index, "BATCHTRANSOPS 500".to_owned());
            made("option as parameter", &lines, index)
        }
        12 if line.starts_with("REPERROR") => {
            lines[index] = "REPERROR (ORA-00001, DISCARD)".to_owned();
            made("code with letters", &lines, index)
        }
        13 if line.starts_with("RMTHOST") => {
            lines.swap(index, index + 1);
            made("host after its trail", &lines, index)
        }
        14 if line.contains('\'') => {
            lines[index] = line.replacen('\'', "‘", 1);
            made("typographic quote", &lines, index)
        }
        15 if starts && index > 0 && text.starts_with("PORT") => {
            lines.insert(index, "GROUPTRANSOPS 10".to_owned());
            made("parameter of another process", &lines, index)
        }
        16 if line.starts_with("PURGEOLDEXTRACTS") => {
            lines[index] += ", MINKEEPDAYS 3";
            made("two rules to keep", &lines, index)
        }
        17 if line.starts_with("ACCESSRULE") => {
            lines[index] = "ACCESSRULE, PROG *, IPADDR *, ALLOW".to_owned();
            made("open access rule", &lines, index)
        }
        18 if starts && index > 0 && text.starts_with("REPLICAT") => {
            lines.insert(index, "HANDLECOLLISIONS".to_owned());
            made("collisions", &lines, index)
        }
        19 if line.starts_with("MAP") && line.ends_with(';') => {
            lines[index] = line.replacen("MAP", "TABLE", 1).replacen(", TARGET", " , TARGET", 1);
            made("TABLE in a Replicat", &lines, index)
        }
        _ => None,
    }
}

#[test]
fn one_planted_error_gives_one_finding_at_its_place() {
    let files = [("ext1.prm", EXTRACT), ("pmp1.prm", PUMP), ("rep1.prm", REPLICAT), ("mgr.prm", MANAGER)];
    for (name, text) in files {
        assert_eq!(shown(&checked(name, text)), "", "{name}");
    }
    let (mut made, mut wrong, mut choice, mut tries) = (0, Vec::new(), Choice(7), 0);
    while made < 500 && tries < 50_000 {
        let (name, text) = files[tries % files.len()];
        let Some(mutant) = mutant(text, tries / files.len() % 20, &mut choice) else {
            tries += 1;
            continue;
        };
        tries += 1;
        made += 1;
        let findings = checked(name, &mutant.text);
        let is_right = findings.len() == 1 && findings[0].line == mutant.line as u64;
        if !is_right {
            wrong.push(format!("{} in line {}:\n{}{}", mutant.what, mutant.line, mutant.text, shown(&findings)));
        }
    }
    assert_eq!(made, 500);
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.iter().take(12).cloned().collect::<Vec<_>>().join("\n"));
}

const CANARY: &str = "Xk7qTz9w";

/// Returns the places of secrets, each as a text with the canary in it.
fn canaries() -> Vec<String> {
    let places = include_str!("data/canaries.txt").split("\n%%\n").filter(|place| !place.is_empty());
    places.map(|place| place.replace("CANARY", CANARY)).collect()
}

#[test]
fn a_planted_secret_never_comes_out() {
    let names =
        ["ext1.prm", "mgr.prm", "GLOBALS", "login.mac", "setup.oby", "kafka.props", "defgen.prm", "a.prm.j2", "body.json"];
    let heads = ["", "EXTRACT ext1\n", "REPLICAT rep1\n", "PORT 7809\n", "gg.handlerlist=x\n", "{{ a }}\n", "ADD EXTRACT e\n"];
    for place in canaries() {
        for (name, head) in names.iter().flat_map(|name| heads.iter().map(move |head| (name, head))) {
            let text = format!("{head}{place}\n");
            let file = ParameterFile::parse(name, text.as_bytes());
            let pieces: String = file.pieces().iter().map(|piece| file.piece_text(piece)).collect();
            let inputs = vec![Input::text(*name, text.clone())];
            let report = lint(&LintRequest { inputs: inputs.clone(), sarif: true });
            let request = ConfigDiffRequest { before: vec![Input::text(*name, *head)], after: inputs };
            let documents = format!(
                "{file} {file:?} {pieces} {} {}",
                serde_json::to_string(&report).unwrap(),
                serde_json::to_string(&diff(&request)).unwrap()
            );
            let at = documents.find(CANARY).unwrap_or(0);
            let shown = documents.get(at.saturating_sub(200)..at + 20).unwrap_or_default();
            assert!(!documents.contains(CANARY), "{name} {text:?}\n{shown}");
        }
    }
}

#[test]
fn a_secret_of_an_included_file_never_comes_out() {
    for place in canaries() {
        for main in ["EXTRACT e1\nINCLUDE part.mac\nTABLE A.B;\n", "REPLICAT r1\nINCLUDE part.mac\nMAP A.B, TARGET A.C;\n"] {
            let report = report(&[("e1.prm", main), ("part.mac", &format!("{place}\n"))]);
            let text = serde_json::to_string(&report).unwrap();
            assert!(!text.contains(CANARY), "{place}\n{text}");
        }
    }
}

#[test]
fn a_secret_never_comes_out_of_other_artefacts() {
    let line = format!("USERID ogg, PASSWORD {CANARY}");
    let artefacts = [
        format!(
            "2024-03-01 12:00:00  INFO    OGG-00987  Oracle GoldenGate Command Interpreter for Oracle:  GGSCI command (oracle): dblogin {line}.\n"
        ),
        format!(
            "2024-03-01T12:00:00.000+0000  ERROR   OGG-00664  Oracle GoldenGate Capture for Oracle, e1.prm:  cannot connect to jdbc:x://u:{CANARY}@db1/x.\n"
        ),
        format!("GGSCI (gg1) 1> dblogin {line}\nSuccessfully logged into database.\n\nGGSCI (gg1) 2> info all\n"),
        format!(
            "***********************************************************************\n                 Oracle GoldenGate Capture for Oracle\n***********************************************************************\n**            Running with the following parameters                  **\n***********************************************************************\nEXTRACT e1\n{line}\n"
        ),
    ];
    for text in artefacts {
        let request = serde_json::json!({"inputs": [{"name": "a", "text": text}]}).to_string();
        for verb in ["ops.read", "ops.health", "ops.lint"] {
            let answer = trailcore_ops::call(verb, &request).unwrap();
            assert!(!answer.contains(CANARY), "{verb}\n{text}\n{answer}");
        }
    }
}

#[test]
fn includes_are_read_inside_the_configuration_only() {
    let rules = |files: &[(&str, &str)]| -> Vec<(String, ConfigRule, u64)> {
        report(files).findings.into_iter().map(|own| (own.file, own.rule, own.line)).collect()
    };
    let main = "EXTRACT e\nEXTTRAIL ./a\nINCLUDE ./dirprm/m.mac\n#t (EMP)\n";
    assert_eq!(rules(&[("e.prm", main), ("m.mac", "MACRO #t PARAMS (#x)\nBEGIN\nTABLE HR.#x;\nEND;\n")]), []);
    // The error is in the body of the macro: it is reported there.
    let found = rules(&[("e.prm", main), ("m.mac", "MACRO #t PARAMS (#x)\nBEGIN\nTABLE HR.#x, FILTER (ID >);\nEND;\n")]);
    assert_eq!(found, [("m.mac".to_owned(), ConfigRule::Syntax, 3)]);
    assert_eq!(rules(&[("e.prm", main)]), [("e.prm".to_owned(), ConfigRule::MissingInclude, 3)]);
    let own = |text: &str| rules(&[("e.prm", text)]).into_iter().map(|(_, rule, line)| (rule, line)).collect::<Vec<_>>();
    let recursion = "EXTRACT e\nMACRO #a BEGIN #a () END;\n#a ()\nTABLE A.B;\n";
    assert_eq!(own(recursion), [(ConfigRule::MacroError, 3)]);
    let bomb: String = (1..40).map(|n| format!("MACRO #m{n} BEGIN #m{} () #m{} () END;\n", n - 1, n - 1)).collect();
    let bomb = format!("EXTRACT e\nMACRO #m0 BEGIN TABLE A.B; END;\n{bomb}#m39 ()\n");
    assert!(own(&bomb).iter().all(|(rule, _)| *rule == ConfigRule::MacroError));

    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("ogg/dirprm");
    std::fs::create_dir_all(&home).unwrap();
    std::fs::write(folder.path().join("outside.mac"), "MACRO #t BEGIN TABLE A.B; END;").unwrap();
    std::fs::write(home.join("in.mac"), "MACRO #i BEGIN TABLE A.B; END;").unwrap();
    std::fs::write(home.join("e.prm"), "EXTRACT e\nEXTTRAIL ./a\nINCLUDE dirprm/in.mac\nINCLUDE ../../outside.mac\n#i ()\n")
        .unwrap();
    let request = LintRequest { inputs: vec![Input::path(home.display().to_string())], sarif: false };
    let found: Vec<_> = lint(&request).findings.into_iter().map(|own| (own.rule, own.line)).collect();
    assert_eq!(found, [(ConfigRule::PathEscape, 4)]);
}

#[test]
fn files_of_a_deployment_are_checked_together() {
    let setup = "ADD EXTRACT pmp1, EXTTRAILSOURCE ./dirdat/aa\nADD REPLICAT rep1, EXTTRAIL ./dirdat/ra\n";
    let pump = format!("{PUMP}TABLE HR.JOBS;\n");
    let all = |replicat: &str, manager: &str| {
        let files = [("ext1.prm", EXTRACT), ("pmp1.prm", &pump), ("rep1.prm", replicat), ("mgr.prm", manager), ("a.oby", setup)];
        report(&files).findings.into_iter().map(|own| (own.file, own.rule, own.line)).collect::<Vec<_>>()
    };
    assert_eq!(all(REPLICAT, MANAGER), []);
    let other = REPLICAT.replace("MAP HR.JOBS", "MAP HR.JOBSX");
    assert_eq!(all(&other, MANAGER), [("rep1.prm".to_owned(), ConfigRule::MapNotCovered, 12)]);
    let other = MANAGER.replace("dirdat/aa*", "dirdat/zz*");
    assert_eq!(all(REPLICAT, &other), [("ext1.prm".to_owned(), ConfigRule::TrailNotPurged, 9)]);
    let second = "EXTRACT ext2\nUSERIDALIAS a\nEXTTRAIL ./dirdat/aa\nTABLE HR.X;\n";
    let found = report(&[("ext1.prm", EXTRACT), ("ext2.prm", second)]).findings;
    assert_eq!(found.iter().map(|own| own.rule).collect::<Vec<_>>(), [ConfigRule::TrailWrittenTwice]);
    let found =
        report(&[("ext1.prm", EXTRACT), ("rep1.prm", REPLICAT), ("a.oby", "ADD REPLICAT rep1, EXTTRAIL ./dirdat/zz\n")]).findings;
    let found: Vec<_> = found.iter().map(|own| own.rule).collect();
    assert_eq!(found, [ConfigRule::TrailNotRead, ConfigRule::TrailNotWritten]);
}

#[test]
fn differences_are_those_of_the_meaning() {
    use ConfigChangeKind::{Added, Changed, Moved, Removed, SecretChanged};
    let kinds = |before: &str, after: &str| -> Vec<_> {
        let request = ConfigDiffRequest { before: vec![Input::text("a.prm", before)], after: vec![Input::text("a.prm", after)] };
        diff(&request).files.into_iter().flat_map(|file| file.changes).map(|change| change.kind).collect()
    };
    for (before, after, changes) in [
        ("PORT 7809\nAUTOSTART ER *", "-- x\nport   7809\nautostart er *\n", vec![]),
        (
            "EXTRACT e\nLOGALLSUPCOLS\nREPORTCOUNT EVERY 1 MINUTES, RATE",
            "EXTRACT e\nREPORTCOUNT EVERY 1 MINUTES RATE\nLOGALLSUPCOLS",
            vec![],
        ),
        ("EXTRACT e\nTABLE A.B;\nTABLE A.C;", "EXTRACT e\nTABLE A.C;\nTABLE A.B;", vec![Moved]),
        ("EXTRACT e\nTABLE A.B;", "EXTRACT e\nTABLE A.B, COLS (X);", vec![Changed]),
        ("EXTRACT e\nTABLE A.B;", "EXTRACT e\nTABLE A.B;\nTABLE A.C;", vec![Added]),
        ("EXTRACT e\nTABLE A.B;\nGETTRUNCATES", "EXTRACT e\nTABLE A.B;", vec![Removed]),
        ("EXTRACT e\nUSERID a, PASSWORD one", "EXTRACT e\nUSERID a, PASSWORD two", vec![SecretChanged]),
        ("EXTRACT e\nEXTTRAIL ./dirdat/aa", "EXTRACT e\nEXTTRAIL ./dirdat/AA", vec![Changed]),
    ] {
        assert_eq!(kinds(before, after), changes, "{before:?} {after:?}");
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(300))]
    #[test]
    fn every_text_is_read_without_loss(
        parts in proptest::collection::vec(proptest::sample::select(vec![
            "TABLE", "MAP", "MACRO", "#m", "BEGIN", "END", "INCLUDE x", "(", ")", "'", "\"", ";", ",", "&", "\n", "\r\n", " ", "--",
            "COMMENT", "A.B", "EXTRACT e", "\u{feff}", "é", "\\", "{{", "=", "PASSWORD", "gg.handlerlist", "SQLEXEC", "@F",
        ]), 0..60),
        bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..20),
    ) {
        let text = [parts.concat().as_bytes(), &bytes].concat();
        for name in ["a.prm", "a.props"] {
            let file = ParameterFile::parse(name, &text);
            let mut written = Vec::new();
            file.write_to(&mut written).unwrap();
            proptest::prop_assert_eq!(&written, &text);
            checked(name, &String::from_utf8_lossy(&text));
        }
    }
}
