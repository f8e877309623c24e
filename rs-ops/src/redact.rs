//! Messages without values of rows. A message of a database, or a statement of SQL in it, may quote customers' data; a message of
//! GoldenGate names objects, files and positions.

use crate::config::{MASK, masked_message};

/// Words after which a message has values, up to its end.
const VALUES_FOLLOW: [&str; 6] = ["DETAIL:", "DUPLICATE ENTRY", "KEY VALUE IS", ")=(", "ROW:", "BIND VALUE"];
/// Verbs of SQL.
const VERBS: [&str; 5] = ["INSERT", "UPDATE", "DELETE", "MERGE", "SELECT"];
/// Clauses of SQL after which a statement has values.
const CLAUSES: [&str; 5] = ["VALUES", "SET", "WHERE", "ON", "USING"];
/// Bytes of one message that are shown.
const MOST: usize = 4 << 10;

/// Returns a message, which may have several lines, without secrets and values.
pub(crate) fn message(text: &str) -> String {
    let end = text.char_indices().map(|(at, _)| at).find(|at| *at >= MOST).unwrap_or(text.len());
    let (shown, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    let shown = masked_message(shown);
    let mut out = String::with_capacity(shown.len());
    let values = start_of_values(&shown);
    for (number, line) in shown.get(..values).unwrap_or(&shown).split_inclusive('\n').enumerate() {
        let column = line.split_once(" = ").filter(|(name, _)| number > 0 && !name.trim().contains(' '));
        match column {
            Some((name, _)) => out.push_str(&format!("{name} = {MASK}\n")),
            None if is_dump(line) => out.push_str("[bytes of a record]\n"),
            None => out.push_str(&without_quoted(line)),
        }
    }
    if values < shown.len() {
        out.push_str(MASK);
    }
    if !rest.is_empty() {
        out.push_str(&format!(" [{} more bytes]", rest.len()));
    }
    out
}

/// Returns the place after which a message can have values.
fn start_of_values(text: &str) -> usize {
    // Characters of ASCII only, so that places are the same in both.
    let upper = text.to_ascii_uppercase();
    let told = VALUES_FOLLOW.iter().filter_map(|word| upper.find(word).map(|at| at + word.len())).min();
    let verb = VERBS.iter().filter_map(|word| word_at(&upper, word, 0)).min();
    let clause = |from: usize| CLAUSES.iter().filter_map(|word| word_at(&upper, word, from).map(|at| at + word.len())).min();
    // "Failed to update table X" is a sentence; a statement has a clause with a sign of SQL after it.
    let statement = verb.and_then(clause).filter(|at| upper.get(*at..).is_some_and(|rest| rest.contains(['=', '(', '\''])));
    told.into_iter().chain(statement).min().unwrap_or(text.len())
}

/// Returns the place of a whole word.
fn word_at(text: &str, word: &str, from: usize) -> Option<usize> {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
    let rest = text.get(from..)?;
    rest.match_indices(word).map(|(at, _)| from + at).find(|at| {
        let (before, after) = (text.get(..*at).unwrap_or_default(), text.get(at + word.len()..).unwrap_or_default());
        !is_part(before.chars().next_back()) && !is_part(after.chars().next())
    })
}

/// Masks quoted text. An apostrophe inside of a word is no quote, and a name of two parts or a path in quotes is no value.
fn without_quoted(line: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(line.len()), line);
    while let Some(at) = rest.find(['\'', '"']) {
        let (before, quoted) = rest.split_at(at);
        out.push_str(before);
        let quote = quoted.get(..1).unwrap_or_default();
        let inner = quoted.get(1..).unwrap_or_default();
        let is_apostrophe = before.chars().next_back().is_some_and(char::is_alphanumeric);
        match inner.find(quote).filter(|_| !is_apostrophe) {
            Some(end) => {
                let (text, after) = inner.split_at(end);
                out.push_str(&format!("{quote}{}{quote}", if is_name(text) { text } else { MASK }));
                rest = after.get(1..).unwrap_or_default();
            }
            None if is_apostrophe => {
                out.push_str(quote);
                rest = inner;
            }
            None => {
                out.push_str(&format!("{quote}{MASK}{}", if line.ends_with('\n') { "\n" } else { "" }));
                return out;
            }
        }
    }
    out + rest
}

/// Returns whether quoted text is the name of an object, in capitals as databases print it, or the path of a trail.
fn is_name(text: &str) -> bool {
    let is_object = |part: &str| {
        let mut letters = part.bytes();
        letters.next().is_some_and(|first| first.is_ascii_uppercase())
            && letters.all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || b"_$#".contains(&byte))
    };
    let is_path = text.starts_with("./dir") || text.starts_with("dirdat/");
    (text.contains('.') && text.split('.').all(is_object)) || is_path
}

/// Returns whether a line shows the bytes of a record: an offset, and groups of hexadecimal digits.
pub(crate) fn is_dump(line: &str) -> bool {
    let is_hex = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut words = line.split_whitespace();
    let offset = words.next().unwrap_or_default();
    let plain = offset.trim_end_matches([':', '/']);
    let is_offset = (4..=16).contains(&plain.len()) && is_hex(plain);
    let groups = words.take_while(|word| matches!(word.len(), 2 | 4 | 8) && is_hex(word)).count();
    let is_marked = plain.len() < offset.len();
    is_offset && groups >= if is_marked { 1 } else { 3 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_do_not_pass() {
        for text in [
            "Failed: INSERT INTO A.T VALUES\n('canary',\n 4711)",
            "UPDATE\ta.b SET\tx='canary' where\ty=4711",
            "MERGE INTO A.B USING X ON (id = 4711) canary",
            "INSERT INTO T (A) VALUES (\"canary\", $$canary$$, N*4711)",
            "ERROR: duplicate key\nDETAIL: Key (email)=(canary@x.com) already exists",
            "Duplicate entry 'canary' for key 'PRIMARY'",
            "The duplicate key value is (canary)",
            "Cannot convert value 'canary'",
            "Cannot convert value 'canary",
            "Bad row:\nID = 4711\nNAME = canary",
            "A message.\nNAME = canary",
            "A record.\n000000: 6361 6e61 7279   canary\n000016: 63   canary",
            "login with password canary",
        ] {
            let shown = message(text);
            assert!(!shown.contains("canary") && !shown.contains("4711"), "{text}: {shown}");
        }
    }

    #[test]
    fn facts_pass() {
        for text in [
            "Failed to update table HR.EMP at seqno 5 rba 17.",
            "Cannot update row, it's gone: error 1403 at seqno 5 rba 17.",
            "Aborted grouped transaction on 'HR.EMP', Database error 1403.",
            "Operation not supported because enable_goldengate_replication is not set to true.",
            "Could not open './dirdat/rt000000003'.",
            "ORA-00001: unique constraint (HR.PK) violated (status = 1).",
        ] {
            assert_eq!(message(text), text);
        }
        assert!(message(&"x".repeat(MOST + 5)).ends_with(" [5 more bytes]"));
    }
}
