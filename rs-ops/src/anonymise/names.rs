//! Names of tables, columns, hosts, groups and paths: each identifier becomes another one, the same wherever it is.

use std::collections::HashMap;

use trailcore::Charset;

use super::classes::{Character, Classes, is_punctuation};
use super::parts::{Mode, Parts};
use super::permute::Domain;

/// Words of DDL that are no names.
const WORDS: [&str; 44] = [
    "ADD",
    "ALTER",
    "AS",
    "BIGINT",
    "BLOB",
    "BYTE",
    "CASCADE",
    "CHAR",
    "CLOB",
    "COLUMN",
    "CONSTRAINT",
    "CREATE",
    "DATE",
    "DECIMAL",
    "DEFAULT",
    "DROP",
    "FOREIGN",
    "INDEX",
    "INT",
    "INTEGER",
    "INTO",
    "KEY",
    "MODIFY",
    "NOT",
    "NULL",
    "NUMBER",
    "NVARCHAR2",
    "ON",
    "PRIMARY",
    "RAW",
    "REFERENCES",
    "RENAME",
    "SET",
    "SMALLINT",
    "TABLE",
    "TEXT",
    "TIMESTAMP",
    "TO",
    "TRUNCATE",
    "UNIQUE",
    "UPDATE",
    "VARCHAR",
    "VARCHAR2",
    "VIEW",
];
/// Identifiers that are remembered.
const MOST_KEPT: usize = 100_000;

/// The identifiers of a trail.
pub(super) struct Names {
    domain: Domain,
    utf8: Classes,
    kept: HashMap<Vec<u8>, Vec<u8>>,
}

impl Names {
    pub(super) fn new(domain: Domain) -> Self {
        Self { domain, utf8: Classes::new(Charset::UTF_8), kept: HashMap::new() }
    }

    /// Replaces each identifier of a text, which is UTF-8, or else in the character set of `database`.
    pub(super) fn replaced(&mut self, text: &[u8], database: &mut Classes) -> Vec<u8> {
        self.without(text, database, |_, _| false)
    }

    /// Replaces the identifiers of a statement, of which words of DDL and the tags of the record stay, and the signs of literals that have
    /// nothing else.
    pub(super) fn statement(&mut self, text: &[u8], database: &mut Classes) -> Vec<u8> {
        let mut new = self.without(text, database, |at, word| is_tag(text, at) || is_word(word));
        for (from, to) in literals(text) {
            let Some(old) = text.get(from..to) else { continue };
            let classes = if std::str::from_utf8(text).is_ok() { &mut self.utf8 } else { &mut *database };
            let has_contents = |one: &Character| is_part(one.character) && !is_punctuation(one.character);
            if classes.characters(old).is_none_or(|characters| characters.iter().any(has_contents)) {
                continue;
            }
            // A quote would end the literal.
            let stays_literal = |new: &[u8]| !new.contains(&b'\'');
            let replaced = Parts::of_text(old, classes).and_then(|parts| parts.replaced(Mode::Equal(self.domain), stays_literal));
            if let Some((place, replaced)) = new.get_mut(from..to).zip(replaced).filter(|(place, new)| place.len() == new.len()) {
                place.copy_from_slice(&replaced);
            }
        }
        new
    }

    /// Replaces the name of a file, of which the sequence number at its end stays.
    pub(super) fn file(&mut self, text: &[u8], seqno: Option<u64>, database: &mut Classes) -> Vec<u8> {
        let digits = text.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let is_number = |width: &usize| {
            let number = text.get(text.len().saturating_sub(*width)..).and_then(|digits| std::str::from_utf8(digits).ok());
            *width <= digits && seqno.is_some() && number.and_then(|number| number.parse().ok()) == seqno
        };
        let kept = [9, 6].into_iter().find(is_number).unwrap_or(0);
        let (name, number) = text.split_at_checked(text.len().saturating_sub(kept)).unwrap_or((text, &[]));
        [self.replaced(name, database).as_slice(), number].concat()
    }

    fn without(&mut self, text: &[u8], database: &mut Classes, stays: impl Fn(usize, &str) -> bool) -> Vec<u8> {
        match self.utf8.characters(text) {
            Some(characters) => {
                // The field is borrowed for a moment only, so that the identifiers can be remembered.
                let mut classes = std::mem::replace(&mut self.utf8, Classes::new(Charset::UTF_8));
                let replaced = self.each(text, &characters, &mut classes, stays);
                self.utf8 = classes;
                replaced
            }
            None => match database.characters(text) {
                Some(characters) => self.each(text, &characters, database, stays),
                // A zero would end the name.
                None => {
                    let ends = |bytes: &[u8]| bytes.contains(&0) && !text.contains(&0);
                    Parts::of_bytes(text).replaced(Mode::Equal(self.domain), |bytes| !ends(bytes)).unwrap_or_default()
                }
            },
        }
    }

    fn each(
        &mut self,
        text: &[u8],
        characters: &[Character],
        classes: &mut Classes,
        stays: impl Fn(usize, &str) -> bool,
    ) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len());
        for part in characters.chunk_by(|a, b| is_part(a.character) == is_part(b.character)) {
            let at = out.len();
            let len: usize = part.iter().map(|one| one.len).sum();
            let bytes = text.get(at..at + len).unwrap_or_default();
            let word: String = part.iter().map(|one| one.character).collect();
            match part.first().is_some_and(|one| is_part(one.character)) && !stays(at, &word) {
                true => out.extend(self.identifier(bytes, part, classes)),
                false => out.extend_from_slice(bytes),
            }
        }
        out
    }

    fn identifier(&mut self, bytes: &[u8], characters: &[Character], classes: &mut Classes) -> Vec<u8> {
        if let Some(known) = self.kept.get(bytes) {
            return known.clone();
        }
        let parts = Parts::of_name(bytes, characters, classes);
        let replaced = parts.replaced(Mode::Equal(self.domain), |_| true).unwrap_or_default();
        if self.kept.len() < MOST_KEPT && bytes.is_ascii() {
            self.kept.insert(bytes.to_vec(), replaced.clone());
        }
        replaced
    }
}

/// Returns whether a tag, such as `C1='`, is at a place of a statement: at its start, or after a comma.
fn is_tag(text: &[u8], at: usize) -> bool {
    let starts = at.checked_sub(1).and_then(|before| text.get(before)).is_none_or(|before| *before == b',');
    let is_form =
        |tag: &[u8]| matches!(tag, [letter, digit, b'=', b'\''] if letter.is_ascii_alphabetic() && digit.is_ascii_digit());
    starts && text.get(at..at + 4).is_some_and(is_form)
}

/// Returns the ranges of the literals of a statement. It is the value of a tag, such as `,C1='…'`, in which each quote is written twice; or
/// the text itself.
fn literals(text: &[u8]) -> Vec<(usize, usize)> {
    let is_value = (0..text.len()).any(|at| is_tag(text, at));
    let (mut found, mut start, mut at) = (Vec::new(), None, 0);
    // Inside of the value of a tag.
    let mut is_inside = !is_value;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let length = match rest {
            [b'\'', b'\'', ..] if is_inside && is_value => 2,
            [b'\'', ..] if is_inside && !is_value => 1,
            [b'\'', ..] => {
                (is_inside, start) = (!is_inside, None);
                at += 1;
                continue;
            }
            _ => {
                at += 1;
                continue;
            }
        };
        start = match start {
            Some(start) => {
                found.push((start, at));
                None
            }
            None => Some(at + length),
        };
        at += length;
    }
    found
}

/// Returns whether a character is part of an identifier.
pub(super) fn is_part(character: char) -> bool {
    let is_other = !is_punctuation(character) && !character.is_whitespace() && !character.is_control();
    is_other || matches!(character, '_' | '$' | '#')
}

/// Returns whether a word is one of DDL.
pub(super) fn is_word(word: &str) -> bool {
    WORDS.contains(&word.to_ascii_uppercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::super::permute::Key;
    use super::*;

    fn names() -> (Names, Classes) {
        let key = Key::of_secret(b"a key that has enough bytes").unwrap();
        (Names::new(key.domain("names")), Classes::new(Charset::from_name("GBK")))
    }

    #[test]
    fn identifiers_are_the_same_everywhere() {
        let (mut names, mut gbk) = names();
        let mut of = |text: &str| String::from_utf8(names.replaced(text.as_bytes(), &mut gbk)).unwrap();
        let (table, owner, object) = (of("BANK.CUST_CODE"), of("BANK"), of("CUST_CODE"));
        assert_eq!(table, format!("{owner}.{object}"));
        assert!(owner != "BANK" && object.len() == 9 && object.as_bytes()[4] == b'_');
        assert_eq!(of("bank"), owner.to_lowercase());
        assert_ne!(of("A"), "A");
        assert!(of("uri:db01:u01:ogg").starts_with(&format!("{}:{}:", of("uri"), of("db01"))));
        assert_eq!(of("表名").chars().count(), 2);
    }

    #[test]
    fn statements_keep_tags_and_words_of_ddl() {
        let (mut names, mut gbk) = names();
        let text = ",C5='1',,B3='BANK',,B4='POSTINGS',,C1='create table postings (posting_id number(10) default ''x1'')'";
        let new = String::from_utf8(names.statement(text.as_bytes(), &mut gbk)).unwrap();
        let object = String::from_utf8(names.replaced(b"POSTINGS", &mut gbk)).unwrap();
        assert!(
            new.contains(&format!(",B4='{object}',")) && new.contains(&format!("create table {} (", object.to_lowercase())),
            "{new}"
        );
        assert!(
            !new.contains("posting_id") && new.contains("number(") && !new.contains("x1") && new.len() == text.len(),
            "{new}"
        );
    }

    #[test]
    fn literals_of_signs_do_not_stay() {
        let (mut names, mut gbk) = names();
        for (text, literals) in [
            (",C5='1',,C1='alter table t add (c char(3) default ''***'' , d char default '','' , e char default ''a-1'')'", 2),
            ("alter table t add (c char(3) default '***', d char default ',')", 2),
            (",C1='alter table t add (c char(4) default ''$$$$'')',,B5='EUR'", 1),
            ("alter table t add (c char(3) default '***' check (c='***'))", 2),
            ("C1='alter table t add (c char(3) default ''***'' check (c=''***''))'", 2),
        ] {
            let new = String::from_utf8(names.statement(text.as_bytes(), &mut gbk)).unwrap();
            assert_eq!(new.len(), text.len());
            let of_signs = |text: &str| -> Vec<String> {
                let ranges = super::literals(text.as_bytes());
                let literals = ranges.iter().map(|(from, to)| text[*from..*to].to_owned());
                literals.filter(|text| !text.chars().any(char::is_alphanumeric)).collect()
            };
            let (old, new) = (of_signs(text), of_signs(&new));
            assert_eq!((old.len(), new.len()), (literals, literals), "{text}");
            assert!(old.iter().zip(&new).all(|(old, new)| old != new), "{old:?} {new:?}");
        }
    }

    #[test]
    fn files_keep_their_number() {
        let (mut names, mut gbk) = names();
        let mut of = |text: &str, seqno| String::from_utf8(names.file(text.as_bytes(), seqno, &mut gbk)).unwrap();
        let new = of("/u01/ogg/dirdat/rt000000012", Some(12));
        assert!(new.ends_with("000000012") && !new.contains("u01") && new.starts_with('/'), "{new}");
        assert!(!of("/u01/rt000000012", Some(13)).ends_with("000000012"));
        assert!(of("r2000000007", Some(7)).ends_with("000000007"));
    }

    #[test]
    fn names_in_the_set_of_the_database_stay_in_it() {
        let (mut names, mut gbk) = names();
        let set = Charset::from_name("GBK");
        let name = set.encode("报表").unwrap().into_owned();
        let new = names.replaced(&name, &mut gbk);
        assert!(new != name && set.decode(&new).unwrap().chars().count() == 2);
    }
}
