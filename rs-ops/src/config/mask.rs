//! Finds secrets in text of any kind: passwords, keys, user information of URLs; in comments and macros too.

use std::collections::BTreeMap;
use std::ops::Range;

use trailcore::filter::nearest;

use super::catalogue;

/// The text in place of a secret. Its length does not depend on the secret.
pub const MASK: &str = "******";
/// Parts of names whose value is a secret.
const NAMES: [&str; 18] = [
    "PASSW",
    "PASSPHRASE",
    "SECRET",
    "PRIVATEKEY",
    "PRIVATE_KEY",
    "ACCESSKEY",
    "ACCESS_KEY",
    "ACCESS.KEY",
    "ACCOUNTKEY",
    "ACCOUNT_KEY",
    "APIKEY",
    "API_KEY",
    "AUTHTOKEN",
    "SASTOKEN",
    "JAAS.CONFIG",
    "AUTHORIZATION",
    "SHAREDKEY",
    "AUTH.USER.INFO",
];
/// Ends of names whose value is a secret.
const ENDS: [&str; 6] = ["PWD", "PASS", "_TOKEN", ".TOKEN", "KEYVALUE", "SIG"];
/// Digits of a hexadecimal number that is a key.
const KEY_DIGITS: usize = 32;
/// Digits of a hexadecimal number after `0x` that is a key.
const KEY_DIGITS_0X: usize = 16;

/// Returns a text with its secrets masked.
///
/// ```
/// use trailcore_ops::config::masked;
/// assert_eq!(masked("USERID ogg, PASSWORD s3cret, ENCRYPTKEY DEFAULT"), "USERID ogg, PASSWORD ******, ENCRYPTKEY DEFAULT");
/// assert_eq!(masked("url=jdbc://ogg:s3cret@db1/orcl"), "url=jdbc://******@db1/orcl");
/// ```
#[must_use]
pub fn masked(text: &str) -> String {
    replaced(text, 0, &secrets(text))
}

/// Returns a message with its secrets masked. Most messages have none, which a few words show.
pub(crate) fn masked_message(text: &str) -> String {
    const SIGNS: [&str; 17] = [
        "@",
        "://",
        ":thin:",
        "assw",
        "ASSW",
        "ecret",
        "ECRET",
        "dentified",
        "DENTIFIED",
        "ccess",
        "ACCESS",
        "oken",
        "TOKEN",
        "earer",
        "pwd",
        "PWD",
        "0x",
    ];
    let may = SIGNS.iter().any(|sign| memchr::memmem::find(text.as_bytes(), sign.as_bytes()).is_some());
    if may { masked(text) } else { text.to_owned() }
}

/// Returns a text with these ranges masked. `base` is the position of the text that the ranges refer to.
pub(crate) fn replaced(text: &str, base: usize, secrets: &[Range<usize>]) -> String {
    let (mut out, mut copied) = (String::with_capacity(text.len()), 0);
    for secret in secrets {
        let (start, end) = (secret.start.max(base) - base, secret.end.max(base) - base);
        if start >= text.len() || end <= copied {
            continue;
        }
        out.push_str(text.get(copied..start.max(copied)).unwrap_or_default());
        out.push_str(MASK);
        copied = end;
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    out
}

/// Returns the ranges of the secrets of a text, in order and without overlap.
pub(crate) fn secrets(text: &str) -> Vec<Range<usize>> {
    let scan = Scan { text };
    let mut found = scan.of_words();
    found.extend(scan.of_urls());
    found.extend(scan.of_connects());
    found.extend(scan.of_blocks());
    found.extend(scan.of_macros());
    found.retain(|range| !range.is_empty());
    found.sort_by_key(|range| range.start);
    let mut joined: Vec<Range<usize>> = Vec::new();
    for range in found {
        match joined.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

struct Scan<'a> {
    text: &'a str,
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '$')
}

fn is_secret_name(upper: &str) -> bool {
    if NAMES.iter().any(|name| upper.contains(name)) || ENDS.iter().any(|end| upper.ends_with(end)) {
        return upper != "BYPASS" && upper != "COMPASS";
    }
    // A slip in the keyword must not show the password.
    let is_near = (6..=10).contains(&upper.len()) && nearest(upper, ["PASSWORD"]).is_some();
    let names = ["PASSWORD"].into_iter().chain(catalogue::parameters().map(|parameter| parameter.name));
    is_near && nearest(upper, names) == Some("PASSWORD")
}

/// Returns whether a user may follow, which may have a password after a slash.
fn is_user(upper: &str) -> bool {
    ["USER", "USERID", "USERNAME"].iter().any(|end| upper.ends_with(end)) || matches!(upper, "CONNECT" | "LOGON" | "DBLOGIN")
}

impl<'a> Scan<'a> {
    fn after(&self, at: usize) -> &'a str {
        self.text.get(at..).unwrap_or_default()
    }

    fn line_end(&self, at: usize) -> usize {
        at + self.after(at).find(['\n', '\r']).unwrap_or(self.after(at).len())
    }

    /// Returns the end of a line of a properties file, which a backslash continues.
    fn logical_end(&self, at: usize) -> usize {
        let mut end = self.line_end(at);
        while self.text.get(at..end).is_some_and(|line| line.trim_end().ends_with('\\')) && end < self.text.len() {
            end = self.line_end(end + 1 + usize::from(self.after(end).starts_with("\r\n")));
        }
        end
    }

    fn line_before(&self, at: usize) -> &'a str {
        let before = self.text.get(..at).unwrap_or_default();
        before.rsplit('\n').next().unwrap_or_default()
    }

    fn words(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        let mut at = 0;
        std::iter::from_fn(move || {
            at += self.after(at).find(is_word)?;
            let start = at;
            at += self.after(at).find(|c| !is_word(c)).unwrap_or(self.after(at).len());
            Some(start..at)
        })
    }

    fn of_words(&self) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = Vec::new();
        for word in self.words() {
            // A secret may look like the name of one.
            if found.last().is_some_and(|last| word.start < last.end) {
                continue;
            }
            let upper = self.text.get(word.clone()).unwrap_or_default().to_ascii_uppercase();
            if upper.ends_with("AUTHORIZATION") {
                found.push(self.header_value(word.end));
            } else if is_secret_name(&upper) {
                found.extend(self.value(&word));
            } else if is_user(&upper) {
                found.extend(self.after_slash(word.end));
            } else if upper == "BY" && self.line_before(word.start).trim_end().to_ascii_uppercase().ends_with("IDENTIFIED") {
                found.extend(self.value(&word));
            } else if matches!(&*upper, "BEARER" | "BASIC") {
                found.extend(self.value(&word).filter(|value| value.len() >= 8));
            } else if is_key(&upper) {
                found.push(word);
            }
        }
        found
    }

    /// Returns the value of a word: in a comment and in a properties file the rest of the line.
    fn value(&self, word: &Range<usize>) -> Option<Range<usize>> {
        let before = self.line_before(word.start);
        let start = self.value_start(word.end);
        let upper = before.trim_start().to_ascii_uppercase();
        let in_comment = upper.contains("--") || upper.starts_with("COMMENT ") || upper.starts_with(['#', '!']);
        let is_property = before.trim().is_empty() && self.after(word.end).trim_start().starts_with(['=', ':']);
        if in_comment || is_property {
            let end = self.logical_end(word.end);
            return Some(start.min(end)..end);
        }
        let rest = self.after(start);
        let first = rest.chars().next()?;
        let length = match first {
            ')' | ';' | ',' => return None,
            '\'' | '"' => quoted(rest, first),
            '\\' if rest.get(1..).is_some_and(|rest| rest.starts_with('"')) => 2 + rest.get(2..)?.find("\\\"")? + 2,
            _ => rest.find(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | ')' | '"' | '\'')).unwrap_or(rest.len()),
        };
        Some(start..start + length)
    }

    /// Returns the value of a header of HTTP, which has several words: up to a quote or the end of the line.
    fn header_value(&self, at: usize) -> Range<usize> {
        let start = self.value_start(at);
        let rest = self.after(start);
        // The value itself may start with a quote, as in JSON.
        let open = rest.len() - rest.trim_start_matches(['"', '\'', '\\']).len();
        let end = rest.get(open..).and_then(|value| value.find(['"', '\'', '\n', '\r'])).map_or(rest.len(), |end| open + end);
        start..start + end
    }

    /// Returns the position of a value after its name: after blanks, `=`, `:`, and line breaks.
    fn value_start(&self, at: usize) -> usize {
        let rest = self.after(at);
        // The name itself may be in quotes, as in JSON.
        let closed = rest.strip_prefix("\\\"").or_else(|| rest.strip_prefix(['"', '\'']));
        let rest = closed.filter(|rest| rest.trim_start().starts_with([':', '='])).unwrap_or(rest);
        let value = rest.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '=' | ':' | '&' | '>'));
        self.text.len() - value.len()
    }

    /// Returns the password of `user/password@database`.
    fn after_slash(&self, at: usize) -> Option<Range<usize>> {
        let start = self.value_start(at);
        let rest = self.after(start);
        let token = rest.get(..rest.find(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | ')')).unwrap_or(rest.len()))?;
        let slash = token.find('/').filter(|slash| *slash > 0)?;
        let (user, password) = token.split_at(slash);
        if user.contains('@') || token.contains("://") {
            return None;
        }
        let end = password.rfind('@').unwrap_or(password.len());
        Some(start + slash + 1..start + slash + end)
    }

    /// Returns the passwords of `user/password@database`, as commands have them. A password may have any sign; one in quotes blanks, too.
    fn of_connects(&self) -> Vec<Range<usize>> {
        let (mut found, mut at) = (Vec::new(), 0);
        while let Some(slash) = self.after(at).find('/').map(|slash| at + slash) {
            at = slash + 1;
            let Some(before) = before_user(self.text.get(..slash).unwrap_or_default()) else { continue };
            let rest = self.after(at);
            let closed = rest.chars().next().filter(|first| is_quote(*first)).map_or(0, |first| quoted(rest, first));
            let ends = |c: char| if is_quote(before) { c == before || c == '\n' } else { c.is_whitespace() };
            let end = rest.get(closed..).and_then(|more| more.find(ends)).map_or(rest.len(), |end| closed + end);
            let token = rest.get(..end).unwrap_or_default();
            let database = token.rmatch_indices('@').find(|(sign, _)| !is_call(token.get(sign + 1..).unwrap_or_default()));
            found.extend(database.map(|(sign, _)| at..at + sign.max(closed)));
            at += end;
        }
        found
    }

    fn of_urls(&self) -> Vec<Range<usize>> {
        let token_end = |at: usize| {
            let rest = self.after(at);
            at + rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>')).unwrap_or(rest.len())
        };
        let schemes = self.text.match_indices("://").map(|(at, mark)| at + mark.len());
        let thin = self.text.match_indices(":thin:").map(|(at, mark)| at + mark.len());
        let user_info = |start: usize| {
            let at = self.text.get(start..token_end(start))?.rfind('@')?;
            Some(start..start + at)
        };
        schemes.chain(thin).filter_map(user_info).collect()
    }

    /// Finds private keys in PEM form.
    fn of_blocks(&self) -> Vec<Range<usize>> {
        let starts = self.text.match_indices("-----BEGIN").filter_map(|(at, _)| {
            let line = self.line_end(at);
            self.text.get(at..line).filter(|line| line.contains("KEY")).map(|_| line)
        });
        starts.map(|start| start..start + self.after(start).find("-----END").unwrap_or(self.after(start).len())).collect()
    }

    /// Finds arguments of macros that are secrets: those of a parameter that follows PASSWORD in the body, and all arguments of
    /// a macro that is defined elsewhere.
    fn of_macros(&self) -> Vec<Range<usize>> {
        let definitions = self.definitions();
        let mut found = Vec::new();
        for (start, name, arguments) in self.calls() {
            if definitions.values().any(|definition| definition.head == start) {
                continue;
            }
            match definitions.get(&name) {
                Some(definition) => {
                    let secret = definition.secret.iter().filter_map(|index| arguments.get(*index));
                    found.extend(secret.cloned());
                }
                None => found.extend(arguments.into_iter().filter(|argument| !self.is_column(argument))),
            }
        }
        found
    }

    /// Returns whether an argument is a name of an object or a parameter, as macros for columns have it.
    fn is_column(&self, argument: &Range<usize>) -> bool {
        let line = self.line_before(argument.start).to_ascii_uppercase();
        let text = self.text.get(argument.clone()).unwrap_or_default();
        text.trim().starts_with('#') || line.contains('=') || line.trim_start().starts_with('\\')
    }

    fn calls(&self) -> Vec<(usize, String, Vec<Range<usize>>)> {
        let mut found = Vec::new();
        for (at, _) in self.text.match_indices('#') {
            let rest = self.after(at + 1);
            let name =
                rest.get(..rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '$'))).unwrap_or(rest.len()));
            let Some(name) = name.filter(|name| !name.is_empty()) else { continue };
            let after = at + 1 + name.len();
            let open = after + self.after(after).len() - self.after(after).trim_start().len();
            if self.after(open).starts_with('(') {
                found.push((at, name.to_ascii_uppercase(), self.arguments(open + 1)));
            }
        }
        found
    }

    /// Returns the ranges between the commas up to the closing parenthesis.
    fn arguments(&self, from: usize) -> Vec<Range<usize>> {
        let (mut found, mut start, mut depth, mut quote) = (Vec::new(), from, 0usize, None);
        for (at, c) in self.after(from).char_indices() {
            match (quote, c) {
                (Some(open), _) if open == c => quote = None,
                (Some(_), _) => {}
                (None, '\'' | '"') => quote = Some(c),
                (None, '(' | '{') => depth += 1,
                (None, ')' | '}') if depth > 0 => depth -= 1,
                (None, ',') if depth == 0 => {
                    found.push(start..from + at);
                    start = from + at + 1;
                }
                (None, ')') => {
                    found.push(start..from + at);
                    return found;
                }
                _ => {}
            }
        }
        found.push(start..self.line_end(start));
        found
    }

    fn definitions(&self) -> BTreeMap<String, Definition> {
        let upper = self.text.to_ascii_uppercase();
        let mut found = BTreeMap::new();
        for (at, word) in upper.match_indices("MACRO") {
            let rest = upper.get(at + word.len()..).unwrap_or_default();
            let Some(name) = rest.trim_start().strip_prefix('#') else { continue };
            let name = name.get(..name.find(|c: char| c.is_whitespace() || c == '(').unwrap_or(name.len())).unwrap_or_default();
            let head = at + word.len() + rest.find('#').unwrap_or(0);
            let body = rest.get(..rest.find("MACRO").unwrap_or(rest.len())).unwrap_or_default();
            let parameters: Vec<&str> = body
                .split_once("PARAMS")
                .and_then(|(_, list)| list.trim_start().strip_prefix('(')?.split_once(')'))
                .map_or(Vec::new(), |(list, _)| list.split(',').map(str::trim).collect());
            let body = body.split_once("BEGIN").map_or("", |(_, body)| body);
            let named = |parameter: &str| is_secret_name(parameter.trim_start_matches('#'));
            let secret = parameters.iter().enumerate();
            let secret = secret.filter(|(_, parameter)| named(parameter) || is_value_of_secret(body, parameter));
            let secret = secret.map(|(index, _)| index).collect();
            let parameters = parameters.into_iter().map(str::to_owned).collect();
            found.insert(name.to_owned(), Definition { head, parameters, body: body.to_owned(), secret });
        }
        spread(&mut found);
        found
    }
}

struct Definition {
    /// The position of its name.
    head: usize,
    parameters: Vec<String>,
    body: String,
    /// The parameters that are secrets, by number.
    secret: Vec<usize>,
}

/// A parameter that is passed on to a macro whose parameter is a secret is one, too.
fn spread(definitions: &mut BTreeMap<String, Definition>) {
    for _ in 0..definitions.len().min(16) {
        let secret: BTreeMap<String, Vec<usize>> =
            definitions.iter().map(|(name, definition)| (name.clone(), definition.secret.clone())).collect();
        for definition in definitions.values_mut() {
            let scan = Scan { text: &definition.body };
            for (_, name, arguments) in scan.calls() {
                for index in secret.get(&name).into_iter().flatten() {
                    let text = arguments.get(*index).and_then(|range| definition.body.get(range.clone())).unwrap_or_default();
                    let passed = definition.parameters.iter().position(|own| own == text.trim());
                    definition.secret.extend(passed.filter(|passed| !definition.secret.contains(passed)));
                }
            }
        }
    }
}

/// Returns whether a parameter is the value of a secret name in the body of a macro.
fn is_value_of_secret(body: &str, parameter: &str) -> bool {
    let scan = Scan { text: body };
    scan.words().any(|word| {
        let name = body.get(word.clone()).unwrap_or_default();
        let value = scan.after(scan.value_start(word.end)).trim_start_matches(['"', '\'']);
        is_secret_name(name) && value.starts_with(parameter)
    })
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\'')
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '#')
}

/// Returns the character before the user at the end of a text: a blank, a sign, or the quote in which user, password and database are.
/// `None` if there is no user.
fn before_user(text: &str) -> Option<char> {
    let user = text.trim_end_matches(['"', '\'', '\\']);
    let rest = user.trim_end_matches(is_of_name);
    let before = rest.chars().next_back().unwrap_or(' ');
    let is_start = before.is_whitespace() || is_quote(before) || matches!(before, ',' | ';' | '(' | ')' | '=' | ':');
    let has_own_quotes = user.len() < text.len();
    (is_start && rest.len() < user.len()).then_some(if has_own_quotes { ' ' } else { before })
}

/// Returns whether a text after `@` is a call of a function of a parameter file.
fn is_call(text: &str) -> bool {
    let rest = text.trim_start_matches(is_of_name);
    rest.len() < text.len() && rest.starts_with('(')
}

/// Returns the length of a quoted text with its quotes: to the end of the line if it is not closed.
fn quoted(text: &str, quote: char) -> usize {
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                chars.next();
            }
            '\n' => return at,
            _ if c == quote => {
                if chars.peek().is_none_or(|(_, next)| *next != quote) {
                    return at + 1;
                }
                chars.next();
            }
            _ => {}
        }
    }
    text.len()
}

/// Returns whether a word is a key: a long hexadecimal number, an access key of AWS, or a token.
fn is_key(upper: &str) -> bool {
    let hex = |text: &str, digits: usize| text.len() >= digits && text.bytes().all(|c| c.is_ascii_hexdigit());
    let aws = ["AKIA", "ASIA"].iter().any(|start| upper.starts_with(start)) && upper.len() == 20;
    aws || hex(upper, KEY_DIGITS)
        || upper.strip_prefix("0X").is_some_and(|digits| hex(digits, KEY_DIGITS_0X))
        || (upper.starts_with("EYJ") && upper.len() > 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_in_every_place() {
        let places = include_str!("../../tests/data/canaries.txt");
        for place in places.split("\n%%\n").filter(|place| !place.is_empty()) {
            let text = place.replace("CANARY", "Xk7qTz9w");
            assert!(!masked(&text).contains("Xk7qTz9w"), "{place}\n{}", masked(&text));
        }
    }

    #[test]
    fn other_text_stays() {
        for text in [
            "USERID ogg@db1:1521/ORCL\nUSERIDALIAS ogg DOMAIN x",
            "USERID /",
            "EXTTRAIL ./dirdat/aa, MEGABYTES 100",
            "CUSEREXIT ./dirue/exit.so ENTRY",
            "PASSTHRU\nTABLE A.B, TOKENS (TK = @TOKEN ('X'));",
            "gg.handler.a.topicMappingTemplate=${tableName}",
            "MACRO #m PARAMS (#a, #b) BEGIN MAP #a, TARGET #b; END;\n#m (HR.EMP, HR.EMP2)",
            "MAP A.B, TARGET A.C, COLMAP (USEDEFAULTS,X=A/B,Y=@IF(C=1,D,E));",
            r#"{"path":"dirdat/aa","mail":"a@b"}"#,
        ] {
            assert_eq!(masked(text), text);
        }
    }

    #[test]
    fn lengths_cannot_be_compared() {
        assert_eq!(masked("PASSWORD a;"), masked("PASSWORD abcdefgh;"));
    }
}
