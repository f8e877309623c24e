//! Positions and tables in the texts of messages.

use crate::model::TrailName;
use crate::number;

/// A position in a trail that a message names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TextPlace {
    /// The trail, as the message has it, without the number.
    pub trail: Option<String>,
    pub seqno: Option<u64>,
    pub rba: Option<u64>,
}

/// Returns the words of a text without the punctuation around them. `=` and `:` inside of a word split it, unless it is a path.
fn words(text: &str) -> Vec<&str> {
    let is_edge = |c: char| matches!(c, ',' | ';' | ':' | '(' | ')' | '[' | ']' | '\'' | '"' | '<' | '>' | '=');
    let parts = text.split_whitespace().flat_map(|word| {
        let is_path = word.contains(['/', '\\']);
        word.split(move |c: char| !is_path && matches!(c, '=' | ':'))
    });
    parts
        .map(|word| word.trim_matches(is_edge).trim_end_matches('.').trim_end_matches(is_edge))
        .filter(|word| !word.is_empty())
        .collect()
}

/// Returns the position that a text names: `seqno 76 rba 973932`, `Sequence number 3, RBA 1,200`, `file ./dirdat/aa000003, RBA 1200`.
pub(super) fn position(text: &str) -> Option<TextPlace> {
    let words = words(text);
    let mut place = TextPlace::default();
    for (index, word) in words.iter().enumerate() {
        let number_after = |skip: usize| words.get(index + 1 + skip).and_then(|word| number::whole(word).ok());
        if word.contains(['/', '\\']) {
            let name = TrailName::parse(word);
            if name.seqno.is_some() && place.seqno.is_none() {
                let stem = word.len() - name.digits as usize;
                place = TextPlace { trail: word.get(..stem).map(str::to_owned), seqno: name.seqno, ..place };
            }
        }
        match word.to_ascii_lowercase().as_str() {
            // The record in hand is named last.
            "seqno" | "m_file_seqno" | "extseqno" => place.seqno = number_after(0).or(place.seqno),
            "sequence" => place.seqno = number_after(usize::from(words.get(index + 1) == Some(&"number"))).or(place.seqno),
            "rba" | "m_file_rba" | "extrba" => place.rba = number_after(0).or(place.rba),
            _ => {}
        }
    }
    place.rba.is_some().then_some(place)
}

/// Returns the tables that a text names: the source, and the target if there is one.
pub(super) fn tables(text: &str) -> Option<(String, Option<String>)> {
    let words = words(text);
    let is_name = |word: &&str| word.contains('.') && !word.contains(['/', '\\']) && word.len() > 2;
    for (index, word) in words.iter().enumerate() {
        let at = |skip: usize| words.get(index + skip).copied();
        match word.to_ascii_lowercase().as_str() {
            "mapping" | "replicating" | "from" => {
                if let (Some(source), Some("to"), Some(target)) = (at(1).filter(is_name), at(2), at(3).filter(is_name)) {
                    return Some((unquoted(source), Some(unquoted(target))));
                }
            }
            "table" | "tables" | "object" => {
                if let Some(name) = at(1).filter(is_name) {
                    return Some((unquoted(name), None));
                }
            }
            _ => {}
        }
    }
    None
}

fn unquoted(name: &str) -> String {
    name.replace('"', "")
}

/// Returns the codes of databases in a text, such as `ORA-00001`.
pub(super) fn database_codes(text: &str) -> Vec<String> {
    let split = |c: char| !c.is_ascii_alphanumeric() && c != '-';
    let is_code = |word: &&str| {
        let Some((product, number)) = word.split_once('-') else { return false };
        let is_product = (2..=5).contains(&product.len()) && product.bytes().all(|byte| byte.is_ascii_uppercase());
        is_product && product != "OGG" && number.len() >= 3 && number.bytes().all(|byte| byte.is_ascii_digit())
    };
    let mut codes: Vec<String> = Vec::new();
    for code in text.split(split).filter(is_code) {
        if !codes.iter().any(|known| known == code) {
            codes.push(code.to_owned());
        }
    }
    codes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_in_texts() {
        let place = |trail: Option<&str>, seqno, rba| Some(TextPlace { trail: trail.map(str::to_owned), seqno, rba });
        for (text, found) in [
            ("Aborting transaction on ./dirdat/rt beginning at seqno 76 rba 695700", place(None, Some(76), Some(695_700))),
            ("Repositioning to rba 1,200 in seqno 3.", place(None, Some(3), Some(1_200))),
            ("Reading ./dirdat/aa000000097, current RBA 3,828, 2 records", place(Some("./dirdat/aa"), Some(97), Some(3_828))),
            (
                "Could not find record at file c:\\ggs\\dirdat\\c1000011, RBA 64.",
                place(Some("c:\\ggs\\dirdat\\c1"), Some(11), Some(64)),
            ),
            ("m_file_seqno = 97, m_file_rba = 4,071", place(None, Some(97), Some(4_071))),
            ("Bad record (sequence number 5, RBA 17)", place(None, Some(5), Some(17))),
            ("PROCESS ABENDING.", None),
        ] {
            assert_eq!(position(text), found, "{text}");
        }
    }

    #[test]
    fn tables_and_codes_in_texts() {
        let pair =
            |source: &str, target: &str| Some((source.to_owned(), Some(target.to_owned()).filter(|name| !name.is_empty())));
        assert_eq!(tables("Error mapping from HR.EMP to HR.EMP2."), pair("HR.EMP", "HR.EMP2"));
        assert_eq!(tables("SQL error 1 mapping HR.EMP to \"HR\".\"EMP2\" OCI Error ORA-00001"), pair("HR.EMP", "HR.EMP2"));
        assert_eq!(tables("data types (Table: 'CMS.CONTENT')."), pair("CMS.CONTENT", ""));
        assert_eq!(tables("No table."), None);
        assert_eq!(
            database_codes("OCI Error ORA-00001: unique (status = 1), ORA-06512, ORA-00001, OGG-01296"),
            ["ORA-00001", "ORA-06512"]
        );
    }
}
