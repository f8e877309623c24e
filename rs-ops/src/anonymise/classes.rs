//! Classes of characters: a character is replaced by one of its class, which has the same kind and as many bytes in the character set.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use trailcore::Charset;

/// Decimal digits.
pub(super) const DIGITS: &[u8] = b"0123456789";
/// Decimal digits other than 0.
pub(super) const NOT_ZERO: &[u8] = b"123456789";
/// Letters.
pub(super) const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
/// Letters.
pub(super) const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
/// Printable characters that are no letters, digits or blanks.
pub(super) const SIGNS: &[u8] = b"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
/// Control characters, apart from blanks and ends of lines.
pub(super) const CONTROLS: &[u8] =
    b"\0\x01\x02\x03\x04\x05\x06\x07\x08\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x7f";

/// The kinds of characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Kind {
    Upper,
    Lower,
    Letter,
    Number,
    Sign,
}

/// Kind, script and number of bytes.
type ClassKey = (Kind, usize, usize);

/// The last characters of ranges of one script, roughly.
const SCRIPTS: [u32; 15] =
    [0x7f, 0x24f, 0x2ff, 0x3ff, 0x52f, 0x5ff, 0x7ff, 0xe7f, 0x10ff, 0x11ff, 0x303f, 0x309f, 0x30ff, 0x9fff, 0xd7ff];

/// A set of characters of one kind and script that have as many bytes in a character set.
#[derive(Debug)]
pub(super) struct Class {
    charset: Charset,
    /// In rising order; empty for the plane.
    members: Vec<char>,
    /// The first character of a plane of 65,536 characters, all of which are members.
    plane: Option<u32>,
}

impl Class {
    pub(super) fn len(&self) -> u32 {
        if self.plane.is_some() { 0x1_0000 } else { self.members.len() as u32 }
    }

    fn index_of(&self, character: char) -> Option<u32> {
        match self.plane {
            Some(first) => u32::from(character).checked_sub(first).filter(|index| *index < 0x1_0000),
            None => self.members.binary_search(&character).ok().map(|index| index as u32),
        }
    }

    /// Returns the bytes of a member.
    pub(super) fn bytes(&self, index: u32) -> Vec<u8> {
        let character = match self.plane {
            Some(first) => char::from_u32(first + index),
            None => self.members.get(index as usize).copied(),
        };
        let text = character.map(String::from).unwrap_or_default();
        self.charset.encode(&text).map(|bytes| bytes.into_owned()).unwrap_or_default()
    }
}

/// The classes of a character set. They are made when a character outside of ASCII is first met.
pub(super) struct Classes {
    charset: Charset,
    /// ASCII characters have one byte, and no other character has it in its bytes where a character starts.
    is_ascii: bool,
    by_kind: Option<HashMap<ClassKey, Rc<Class>>>,
    planes: HashMap<u32, Rc<Class>>,
}

/// A character of a text.
pub(super) struct Character {
    pub(super) character: char,
    /// Its bytes.
    pub(super) len: usize,
}

impl Classes {
    pub(super) fn new(charset: Charset) -> Self {
        let is_ascii = charset.encode("a").is_some_and(|bytes| *bytes == *b"a");
        Self { charset, is_ascii, by_kind: None, planes: HashMap::new() }
    }

    pub(super) fn charset(&self) -> Charset {
        self.charset
    }

    /// Splits a text; `None` if it is not valid in the character set.
    pub(super) fn characters(&self, bytes: &[u8]) -> Option<Vec<Character>> {
        let mut found = Vec::with_capacity(bytes.len());
        let mut rest = bytes;
        while let Some(first) = rest.first() {
            let (character, len) = match self.is_ascii && first.is_ascii() {
                true => (char::from(*first), 1),
                false => self.first(rest)?,
            };
            found.push(Character { character, len });
            rest = rest.get(len..)?;
        }
        Some(found)
    }

    fn first(&self, bytes: &[u8]) -> Option<(char, usize)> {
        // CESU-8 has up to six bytes for a character.
        (1..=6).find_map(|len| {
            let text = self.charset.decode(bytes.get(..len)?)?;
            let mut characters = text.chars();
            let first = characters.next()?;
            characters.next().is_none().then_some((first, len))
        })
    }

    /// Returns the class of a character outside of ASCII that has this many bytes, and its index there; `None` if it has no class.
    pub(super) fn class_of(&mut self, character: &Character) -> Option<(Rc<Class>, u32)> {
        let code = u32::from(character.character);
        if code > 0xffff {
            let (first, charset) = (code & !0xffff, self.charset);
            // Some encoders lack characters of a plane that their decoders know.
            let has = |code: u32| {
                let text = char::from_u32(code).map(String::from).unwrap_or_default();
                charset.encode(&text).is_some_and(|bytes| bytes.len() == character.len)
            };
            if !has(first) || !has(first + 0xffff) {
                return None;
            }
            let class =
                self.planes.entry(first).or_insert_with(|| Rc::new(Class { charset, members: Vec::new(), plane: Some(first) }));
            return Some((Rc::clone(class), class.index_of(character.character)?));
        }
        let charset = self.charset;
        let classes = self.by_kind.get_or_insert_with(|| classes_of(charset));
        let class = classes.get(&(kind_of(character.character), script_of(code), character.len))?;
        Some((Rc::clone(class), class.index_of(character.character)?))
    }
}

/// Returns whether a character is punctuation or another sign that has no contents beside letters: of ASCII, or of the usual ranges of signs.
/// Characters of private use, and marks that belong to a letter, are contents.
pub(super) fn is_punctuation(character: char) -> bool {
    let is_usual =
        matches!(u32::from(character), 0xa0..=0xbf | 0x2010..=0x2027 | 0x2030..=0x205e | 0x3000..=0x301f | 0xff01..=0xff65);
    !character.is_alphanumeric() && !character.is_control() && (character.is_ascii() || is_usual)
}

fn kind_of(character: char) -> Kind {
    match character {
        _ if character.is_uppercase() => Kind::Upper,
        _ if character.is_lowercase() => Kind::Lower,
        _ if character.is_alphabetic() => Kind::Letter,
        _ if character.is_numeric() => Kind::Number,
        _ => Kind::Sign,
    }
}

fn script_of(code: u32) -> usize {
    SCRIPTS.iter().position(|last| code <= *last).unwrap_or(SCRIPTS.len())
}

fn classes_of(charset: Charset) -> HashMap<ClassKey, Rc<Class>> {
    let mut members: HashMap<ClassKey, Vec<char>> = HashMap::new();
    let mut text = String::new();
    for character in ('\0'..='\u{ffff}').filter(|character| !character.is_control()) {
        text.clear();
        text.push(character);
        let Some(bytes) = charset.encode(&text) else { continue };
        // Some encoders fold characters.
        if charset.decode(&bytes).is_some_and(|back| *back == *text) {
            let class = (kind_of(character), script_of(u32::from(character)), bytes.len());
            members.entry(class).or_default().push(character);
        }
    }
    // Characters that are the only ones of their kind and script make one class for each number of bytes: letters and signs apart, unless
    // one of these would have a single member, too.
    let single = |members: &HashMap<ClassKey, Vec<char>>| -> Vec<ClassKey> {
        let mut keys: Vec<ClassKey> = members.iter().filter(|(_, members)| members.len() == 1).map(|(key, _)| *key).collect();
        keys.sort_unstable();
        keys
    };
    let mut shared: HashMap<ClassKey, ClassKey> = HashMap::new();
    for is_apart in [true, false] {
        let mut first: BTreeMap<(usize, bool), ClassKey> = BTreeMap::new();
        for key in single(&members) {
            let into = *first.entry((key.2, is_apart && key.0 == Kind::Sign)).or_insert(key);
            move_members(&mut members, &mut shared, key, into);
        }
    }
    // The last one joins any other class.
    for key in single(&members) {
        let other = members.keys().filter(|other| other.2 == key.2 && **other != key).min().copied();
        if let Some(into) = other {
            move_members(&mut members, &mut shared, key, into);
        }
    }
    let class = |mut members: Vec<char>| {
        members.sort_unstable();
        Rc::new(Class { charset, members, plane: None })
    };
    let mut classes: HashMap<ClassKey, Rc<Class>> = members.into_iter().map(|(key, members)| (key, class(members))).collect();
    for (key, mut into) in shared.clone() {
        while let Some(next) = shared.get(&into) {
            into = *next;
        }
        if let Some(class) = classes.get(&into).cloned() {
            classes.insert(key, class);
        }
    }
    classes
}

/// Moves the members of a class to another one, whose key stands for both.
fn move_members(
    members: &mut HashMap<ClassKey, Vec<char>>,
    shared: &mut HashMap<ClassKey, ClassKey>,
    from: ClassKey,
    into: ClassKey,
) {
    if from != into {
        let moved = members.remove(&from).unwrap_or_default();
        members.entry(into).or_default().extend(moved);
        shared.insert(from, into);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_keep_kind_and_bytes_in_every_set() {
        for (name, text) in [
            ("UTF-8", "Ab9 é中國あ한Жψ😀"),
            ("GBK", "Ab9 中国，你好"),
            ("GB18030", "Ab9 é中国😀"),
            ("UTF-16BE", "Ab9 é中😀"),
            ("UTF-16LE", "Ab9 é中😀"),
            ("CESU-8", "Ab9 é中😀"),
            ("windows-1252", "Ab9 é€Ü"),
            ("ISO-8859-1", "Ab9 éÜ"),
            ("Shift_JIS", "Ab9 日本ア"),
            ("EUC-JP", "Ab9 日本ア"),
            ("EUC-KR", "Ab9 한국"),
            ("Big5", "Ab9 中國"),
            ("KOI8-R", "Ab9 Жж"),
        ] {
            let charset = Charset::from_name(name);
            let mut classes = Classes::new(charset);
            let bytes = charset.encode(text).unwrap();
            let characters = classes.characters(&bytes).unwrap();
            assert_eq!(characters.iter().map(|one| one.character).collect::<String>(), text, "{name}");
            assert_eq!(characters.iter().map(|one| one.len).sum::<usize>(), bytes.len());
            for character in characters.iter().filter(|one| !one.character.is_ascii()) {
                let (class, index) = classes.class_of(character).unwrap();
                assert!(class.len() > 1, "{name}: {}", character.character);
                assert_eq!(*charset.decode(&class.bytes(index)).unwrap(), *character.character.to_string());
                for other in [0, class.len() / 2, class.len() - 1] {
                    let other = class.bytes(other);
                    assert_eq!(other.len(), character.len, "{name}");
                    assert_eq!(charset.decode(&other).unwrap().chars().count(), 1, "{name}");
                }
            }
        }
        assert!(Classes::new(Charset::UTF_8).characters(b"a\xff").is_none());
        assert!(Classes::new(Charset::from_id(1047)).characters(b"a").is_none());
    }

    #[test]
    fn a_class_has_one_member_only_if_no_other_character_has_as_many_bytes() {
        for name in ["UTF-8", "GBK", "Shift_JIS", "EUC-KR", "windows-1252", "ISO-8859-7", "CESU-8", "KOI8-R"] {
            let charset = Charset::from_name(name);
            let classes = classes_of(charset);
            for ((_, _, len), class) in &classes {
                let others = ('\u{80}'..='\u{ffff}').filter(|other| {
                    let text = other.to_string();
                    let bytes = charset.encode(&text);
                    bytes.is_some_and(|bytes| bytes.len() == *len && charset.decode(&bytes).is_some_and(|back| *back == *text))
                });
                assert!(class.len() > 1 || others.take(2).count() < 2, "{name}: {:?}", class.members);
                assert!(class.members.is_sorted_by(|a, b| a < b), "{name}");
            }
        }
    }

    #[test]
    fn characters_that_cannot_be_written_have_no_class() {
        // A pair of HKSCS that the decoder knows, and the encoder does not.
        let mut classes = Classes::new(Charset::from_name("Big5"));
        let characters = classes.characters(b"\x87\x45").unwrap();
        assert!(u32::from(characters[0].character) > 0xffff);
        assert!(classes.class_of(&characters[0]).is_none());
    }

    #[test]
    fn contents_are_no_punctuation() {
        for content in ['\u{e000}', '\u{0301}', '\u{0e48}', '\u{094d}', 'a', '7'] {
            assert!(!is_punctuation(content), "{content:?}");
        }
        for sign in ['-', '"', '，', '。', '§', '…'] {
            assert!(is_punctuation(sign), "{sign:?}");
        }
    }
}
