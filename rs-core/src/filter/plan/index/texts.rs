//! Rules that start with a comparison of one text column: with texts that it must equal, or words that it must contain.

use aho_corasick::AhoCorasick;
use aho_corasick::automaton::OverlappingState;
use bumpalo::Bump;

use crate::change::image::RowForm;
use crate::filter::plan::index::bits::{Bits, set};
use crate::schema::{Kind, Reading};
use crate::text::Charset;

/// The rules of one text column.
#[derive(Debug)]
pub(super) struct Texts {
    prefixed: bool,
    charset: Charset,
    /// Rules with an exact text, and the text without trailing blanks, in ascending order.
    at: Vec<(Box<str>, u32)>,
    /// Rules with a word that the text contains, and the word.
    words: Vec<(Box<[u8]>, u32)>,
    /// Finds all of the words in one pass; `None` before [`finish`](Self::finish), and if there are none or too many.
    finder: Option<AhoCorasick>,
}

impl Texts {
    /// Creates an index of no rules; `None` if the column has no text.
    pub(super) fn new(reading: &Reading) -> Option<Self> {
        let Kind::Text { prefixed } = reading.kind else { return None };
        Some(Self { prefixed, charset: reading.charset, at: Vec::new(), words: Vec::new(), finder: None })
    }

    /// Adds a rule that wants a text. Trailing blanks are ignored: a rule that does not ignore them is still evaluated.
    pub(super) fn equal(&mut self, text: &str, rule: u32) {
        self.at.push((text.trim_end_matches(' ').into(), rule));
    }

    /// Adds a rule that wants a word in the text.
    pub(super) fn contains(&mut self, word: &[u8], rule: u32) {
        self.words.push((word.into(), rule));
    }

    /// Prepares the search, after the last rule.
    pub(super) fn finish(&mut self) {
        self.at.sort_unstable();
        if !self.words.is_empty() {
            self.finder = AhoCorasick::new(self.words.iter().map(|(word, _)| word)).ok();
        }
    }

    /// Adds the rules whose first test may accept a value. Returns `false` if the value has no text.
    #[inline]
    pub(super) fn find(&self, body: &[u8], form: RowForm, bits: &mut Bits, memory: &Bump) -> bool {
        let characters = if self.prefixed { form.unprefixed(body) } else { Some(body) };
        let Some(text) = characters.and_then(|bytes| self.charset.decode_in(bytes, memory)) else { return false };
        self.find_equal(text.trim_end_matches(' '), bits);
        self.find_words(text, bits);
        true
    }

    fn find_equal(&self, text: &str, bits: &mut Bits) {
        let start = self.at.partition_point(|(own, _)| **own < *text);
        for (_, rule) in self.at.iter().skip(start).take_while(|(own, _)| **own == *text) {
            set(bits, *rule as usize);
        }
    }

    fn find_words(&self, text: &str, bits: &mut Bits) {
        let Some(finder) = &self.finder else {
            self.words.iter().for_each(|(_, rule)| set(bits, *rule as usize));
            return;
        };
        let mut state = OverlappingState::start();
        loop {
            finder.find_overlapping(text, &mut state);
            let Some(found) = state.get_match() else { return };
            if let Some((_, rule)) = self.words.get(found.pattern().as_usize()) {
                set(bits, *rule as usize);
            }
        }
    }
}
