//! Evaluates the functions. See docs/filter.md, section 7.

use bumpalo::collections::String as BumpString;
use std::fmt::Write;

use crate::change::{Decimal, NumberText};
use crate::filter::eval::context::{Context, Operand, TextUnit};
use crate::filter::eval::dates::{DateFormat, Moment};
use crate::filter::eval::outcome::{EvalError, reason_of};
use crate::filter::eval::scalar::{Numeric, Scalar, date_order, trimmed};
use crate::filter::eval::subject::Subject;
use crate::filter::syntax::function::Function;

type Value<'e> = Result<Scalar<'e>, EvalError>;

/// Returns a value as text, or the state.
fn as_text<'e, S: Subject>(value: Scalar<'e>, context: &Context<'e, S>) -> Result<&'e str, Scalar<'e>> {
    let mut written = BumpString::new_in(context.memory);
    // Writing to memory does not fail.
    let _ = match value {
        Scalar::Text(text) | Scalar::Digits(text) => return Ok(text),
        Scalar::Number(number) => write!(written, "{number}"),
        Scalar::Special(special) => return Ok(special.name()),
        Scalar::DateTime(time) => {
            // As in trails: a colon between date and time.
            let _ = write!(written, "{time}");
            let text = written.into_bump_str();
            let mut own = BumpString::with_capacity_in(text.len(), context.memory);
            own.extend(text.chars().map(|c| if c == 'T' { ':' } else { c }));
            return Ok(own.into_bump_str());
        }
        Scalar::Bytes(bytes) => return std::str::from_utf8(bytes).map_err(|_| Scalar::Invalid),
        state => return Err(state),
    };
    Ok(written.into_bump_str())
}

/// Returns the bytes of a value or of its text, or the state.
fn as_bytes<'e, S: Subject>(value: Scalar<'e>, context: &Context<'e, S>) -> Result<&'e [u8], Scalar<'e>> {
    match value {
        Scalar::Bytes(bytes) => Ok(bytes),
        other => as_text(other, context).map(str::as_bytes),
    }
}

/// Evaluates a node to text; returns a state from the enclosing function.
macro_rules! text {
    ($node:expr, $context:expr) => {
        match as_text($node.value($context)?, $context) {
            Ok(text) => text,
            Err(state) => return Ok(state),
        }
    };
}

/// Evaluates a node to a whole number; returns a state from the enclosing function.
macro_rules! count {
    ($node:expr, $context:expr) => {
        match whole($node.value($context)?)? {
            Ok(number) => number,
            Err(state) => return Ok(state),
        }
    };
}

fn whole(value: Scalar<'_>) -> Result<Result<i64, Scalar<'_>>, EvalError> {
    match value.numeric() {
        Some(Numeric::Exact(number)) => {
            trimmed(number).to_i64().map(Ok).ok_or(EvalError::Error(Some(2322), "a position or length is not a whole number"))
        }
        None if !value.is_value() => Ok(Err(value)),
        _ => Err(EvalError::Error(Some(2322), "a position or length is not a whole number")),
    }
}

/// Removes trailing blanks, which comparisons of texts ignore.
fn unpadded(text: &str) -> &str {
    text.trim_end_matches(' ')
}

fn ordered<'e>(order: std::cmp::Ordering) -> Scalar<'e> {
    Scalar::Number(Decimal::from(order as i64))
}

/// Returns `true` if two values are equal: as numbers if one is a number, else as texts without trailing blanks.
pub(crate) fn same(a: Scalar<'_>, b: Scalar<'_>) -> bool {
    match (a, b) {
        (Scalar::Text(a), Scalar::Text(b)) => unpadded(a) == unpadded(b),
        (Scalar::DateTime(a), Scalar::DateTime(b)) => date_order(a, b).is_eq(),
        (Scalar::DateTime(a), Scalar::Text(b)) | (Scalar::Text(b), Scalar::DateTime(a)) => {
            crate::change::DateTime::parse(b).is_some_and(|b| date_order(a, b).is_eq())
        }
        (Scalar::Bytes(a), Scalar::Bytes(b)) => a == b,
        (Scalar::Bytes(a), Scalar::Text(b)) | (Scalar::Text(b), Scalar::Bytes(a)) => a == b.as_bytes(),
        _ => match (a.numeric(), b.numeric()) {
            (Some(a), Some(b)) => a.compare(b).is_some_and(std::cmp::Ordering::is_eq),
            _ => false,
        },
    }
}

/// Evaluates a function that has no node of its own.
pub(crate) fn call<'e, N: Operand, S: Subject>(function: Function, arguments: &'e [N], context: &Context<'e, S>) -> Value<'e> {
    match function {
        Function::Case => return case(arguments, context),
        Function::Eval => return eval(arguments, context),
        Function::StrCat => return concatenate(arguments, context),
        Function::StrNCat => return concatenate_cut(arguments, context),
        Function::StrSub => return substitute(arguments, context),
        Function::If => {
            return match arguments {
                [condition, yes, ..] if condition.truth(context)? => yes.value(context),
                [_, _, no] => no.value(context),
                // The result with two arguments is UNKNOWN. Here it is missing, as for @CASE without a default.
                _ => Ok(Scalar::Missing),
            };
        }
        _ => {}
    }
    match (function, arguments) {
        (Function::Binary, [one]) => binary(one.value(context)?),
        (Function::BinToHex, [one]) => to_hex(one.value(context)?, context),
        (Function::HexToBin, [one]) => {
            let text = text!(one, context);
            Ok(from_hex(text.trim(), context).map_or(Scalar::Invalid, Scalar::Bytes))
        }
        (Function::DateDiff, [unit, from, to]) => date_difference(unit, from, to, context),
        (Function::DateNow, []) => {
            let mut out = BumpString::new_in(context.memory);
            Moment::of(context.settings.now()).write_plain(&mut out);
            Ok(Scalar::Text(out.into_bump_str()))
        }
        (Function::HighVal | Function::LowVal, length) => {
            let length = match length {
                [length] => count!(length, context),
                _ => context.target_length.and_then(|length| i64::try_from(length).ok()).unwrap_or(-1),
            };
            let length = usize::try_from(length).ok().filter(|length| *length <= 65_535);
            let length = length.ok_or(EvalError::Error(Some(2322), "unknown length; pass it as an argument"))?;
            context.spend(length)?;
            Ok(Scalar::Bytes(context.memory.alloc_slice_fill_copy(length, if function == Function::HighVal { 0xff } else { 0 })))
        }
        (Function::NumBin, [one]) => match one.value(context)? {
            Scalar::Bytes(bytes) => Ok(number_of(bytes)),
            Scalar::Text(text) => Ok(number_of(text.as_bytes())),
            other if other.is_value() => Ok(Scalar::Invalid),
            state => Ok(state),
        },
        (Function::NumStr, [one]) => match one.value(context)? {
            Scalar::Text(text) => Ok(match NumberText::parse(text) {
                Some(number) => number.decimal().map_or(Scalar::Digits(text), Scalar::Number),
                None => Scalar::Invalid,
            }),
            other => Ok(other),
        },
        (Function::StrCmp, [a, b]) => {
            let (a, b) = (text!(a, context), text!(b, context));
            Ok(ordered(unpadded(a).cmp(unpadded(b))))
        }
        (Function::StrEq, [a, b]) => {
            let (a, b) = (text!(a, context), text!(b, context));
            Ok(Scalar::truth(unpadded(a) == unpadded(b)))
        }
        (Function::StrNCmp, [a, b, most]) => {
            let (a, b) = (a.value(context)?, b.value(context)?);
            let most = usize::try_from(count!(most, context)).unwrap_or(0);
            // The results of @HIGHVAL and @LOWVAL are bytes and compared as such (SEEN; docs/filter.md, section 7).
            let binary = matches!(a, Scalar::Bytes(_)) || matches!(b, Scalar::Bytes(_));
            if binary || context.settings.unit == TextUnit::Bytes {
                return Ok(match (as_bytes(a, context), as_bytes(b, context)) {
                    (Ok(a), Ok(b)) => ordered(a.iter().take(most).cmp(b.iter().take(most))),
                    (Err(state), _) | (_, Err(state)) => state,
                });
            }
            Ok(match (as_text(a, context), as_text(b, context)) {
                (Ok(a), Ok(b)) => ordered(a.chars().take(most).cmp(b.chars().take(most))),
                (Err(state), _) | (_, Err(state)) => state,
            })
        }
        (Function::StrExt, [text, first, last]) => {
            let text = text!(text, context);
            let (first, last) = (count!(first, context), count!(last, context));
            Ok(extract(text, first, last, context.settings.unit))
        }
        (Function::StrFind, [text, what, start @ ..]) => {
            let (text, what) = (text!(text, context), text!(what, context));
            let start = match start {
                [start] => count!(start, context),
                _ => 1,
            };
            Ok(found(text, start, context.settings.unit, |rest| memchr::memmem::find(rest.as_bytes(), what.as_bytes())))
        }
        (Function::StrLen, [text]) => {
            let text = text!(text, context);
            Ok(Scalar::whole(if context.settings.unit == TextUnit::Bytes { text.len() } else { text.chars().count() }))
        }
        (Function::StrLTrim, [text]) => Ok(Scalar::Text(text!(text, context).trim_start_matches(' '))),
        (Function::StrRTrim, [text]) => Ok(Scalar::Text(text!(text, context).trim_end_matches(' '))),
        (Function::StrTrim, [text]) => Ok(Scalar::Text(text!(text, context).trim_matches(' '))),
        (Function::StrUp, [text]) => {
            let text = text!(text, context);
            context.spend(text.len())?;
            let mut out = BumpString::with_capacity_in(text.len(), context.memory);
            out.extend(text.chars().flat_map(char::to_uppercase));
            Ok(Scalar::Text(out.into_bump_str()))
        }
        // Other functions have their own nodes, and binding has checked the number of arguments.
        _ => Err(EvalError::Error(Some(2322), "invalid function arguments")),
    }
}

fn case<'e, N: Operand, S: Subject>(arguments: &'e [N], context: &Context<'e, S>) -> Value<'e> {
    let Some((value, rest)) = arguments.split_first() else { return Ok(Scalar::Missing) };
    let suspects = context.suspects.get();
    let value = value.value(context)?;
    if matches!(value, Scalar::Missing | Scalar::Invalid) {
        // The value is unknown, so no case can be chosen.
        return Ok(value);
    }
    context.suspects.set(suspects);
    let pairs = rest.chunks_exact(2);
    let default = pairs.remainder().first();
    for pair in pairs {
        let [test, result] = pair else { break };
        // NULL equals nothing.
        if value.is_value() && same(value, test.value(context)?) {
            return result.value(context);
        }
    }
    default.map_or(Ok(Scalar::Missing), |default| default.value(context))
}

fn eval<'e, N: Operand, S: Subject>(arguments: &'e [N], context: &Context<'e, S>) -> Value<'e> {
    let pairs = arguments.chunks_exact(2);
    let default = pairs.remainder().first();
    for pair in pairs {
        let [condition, result] = pair else { break };
        if condition.truth(context)? {
            return result.value(context);
        }
    }
    default.map_or(Ok(Scalar::Missing), |default| default.value(context))
}

fn concatenate<'e, N: Operand, S: Subject>(arguments: &'e [N], context: &Context<'e, S>) -> Value<'e> {
    let mut out = BumpString::new_in(context.memory);
    for argument in arguments {
        let text = text!(argument, context);
        context.spend(text.len())?;
        out.push_str(text);
    }
    Ok(Scalar::Text(out.into_bump_str()))
}

fn concatenate_cut<'e, N: Operand, S: Subject>(arguments: &'e [N], context: &Context<'e, S>) -> Value<'e> {
    let mut out = BumpString::new_in(context.memory);
    for pair in arguments.chunks_exact(2) {
        let [text, most] = pair else { break };
        let text = text!(text, context);
        let most = usize::try_from(count!(most, context)).unwrap_or(0);
        context.spend(text.len().min(most))?;
        out.extend(text.chars().take(most));
    }
    Ok(Scalar::Text(out.into_bump_str()))
}

/// Maximum length of the result of @STRSUB, in bytes.
const LONGEST: usize = 1 << 20;

fn substitute<'e, N: Operand, S: Subject>(arguments: &'e [N], context: &Context<'e, S>) -> Value<'e> {
    let Some((source, pairs)) = arguments.split_first() else { return Ok(Scalar::Missing) };
    let mut text = text!(source, context);
    for pair in pairs.chunks_exact(2) {
        let [find, replacement] = pair else { break };
        let (find, replacement) = (text!(find, context), text!(replacement, context));
        if find.is_empty() || !text.contains(find) {
            continue;
        }
        context.spend(text.len())?;
        let mut out = BumpString::with_capacity_in(text.len(), context.memory);
        for (index, part) in text.split(find).enumerate() {
            if index > 0 {
                out.push_str(replacement);
            }
            out.push_str(part);
            if out.len() > LONGEST {
                return Err(EvalError::Error(Some(2322), "the result of @STRSUB exceeds 1 MiB"));
            }
        }
        text = out.into_bump_str();
    }
    Ok(Scalar::Text(text))
}

fn binary(value: Scalar<'_>) -> Value<'_> {
    Ok(match value {
        Scalar::Text(text) => Scalar::Bytes(text.as_bytes()),
        other => other,
    })
}

fn to_hex<'e, S: Subject>(value: Scalar<'e>, context: &Context<'e, S>) -> Value<'e> {
    let bytes = match as_bytes(value, context) {
        Ok(bytes) => bytes,
        Err(state) => return Ok(state),
    };
    context.spend(2 * bytes.len())?;
    let mut out = BumpString::with_capacity_in(2 * bytes.len(), context.memory);
    bytes.iter().for_each(|byte| {
        let _ = write!(out, "{byte:02X}");
    });
    Ok(Scalar::Text(out.into_bump_str()))
}

fn from_hex<'e, S: Subject>(text: &str, context: &Context<'e, S>) -> Option<&'e [u8]> {
    let pairs = text.as_bytes().chunks_exact(2);
    if !pairs.remainder().is_empty() || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or(0) as u8;
    let bytes = pairs.map(|pair| pair.iter().fold(0u8, |value, byte| (value << 4) | digit(*byte)));
    Some(context.memory.alloc_slice_fill_iter(bytes))
}

/// Returns up to eight bytes as a number, most significant byte first.
fn number_of(bytes: &[u8]) -> Scalar<'_> {
    if bytes.len() > 8 {
        return Scalar::Invalid;
    }
    Scalar::Number(Decimal::new(bytes.iter().fold(0, |number, byte| (number << 8) | i128::from(*byte)), 0))
}

/// Returns the part of a text from `first` to `last`, counted from 1, both inclusive. A part after the end of the text is empty.
/// A position below 1 is the start of the text; the documentation does not define it.
fn extract(text: &str, first: i64, last: i64, unit: TextUnit) -> Scalar<'_> {
    let skip = usize::try_from(first.saturating_sub(1)).unwrap_or(0);
    let take = usize::try_from(last).unwrap_or(0).saturating_sub(skip);
    let bytes = match unit {
        TextUnit::Bytes => skip.min(text.len())..skip.saturating_add(take).min(text.len()),
        TextUnit::Characters => {
            let at = |count: usize| text.char_indices().nth(count).map_or(text.len(), |(at, _)| at);
            at(skip)..at(skip.saturating_add(take))
        }
    };
    // A range that splits a character is not text.
    if bytes.is_empty() { Scalar::Text("") } else { text.get(bytes).map_or(Scalar::Invalid, Scalar::Text) }
}

/// Returns the position of a search result, counted from 1; 0 if it is not found.
fn found<'e>(text: &str, start: i64, unit: TextUnit, find: impl FnOnce(&str) -> Option<usize>) -> Scalar<'e> {
    let skip = usize::try_from(start.saturating_sub(1)).unwrap_or(0);
    let from = match unit {
        TextUnit::Bytes => (skip..=text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(text.len()),
        TextUnit::Characters if skip == 0 => 0,
        TextUnit::Characters => text.char_indices().nth(skip).map_or(text.len(), |(at, _)| at),
    };
    let Some(place) = find(text.get(from..).unwrap_or_default()) else { return Scalar::whole(0) };
    let place = from + place;
    Scalar::whole(match unit {
        TextUnit::Bytes => place + 1,
        TextUnit::Characters => text.get(..place).map_or(0, |before| before.chars().count()) + 1,
    })
}

/// @STRFIND with a literal, with a prepared searcher.
#[derive(Clone, Debug)]
pub(crate) struct Find<N> {
    pub(crate) text: N,
    pub(crate) finder: memchr::memmem::Finder<'static>,
}

impl<N: Operand> Find<N> {
    pub(crate) fn new(text: N, what: &str) -> Self {
        Self { text, finder: memchr::memmem::Finder::new(what.as_bytes()).into_owned() }
    }

    pub(crate) fn value<'e, S: Subject>(&'e self, context: &Context<'e, S>) -> Value<'e> {
        let text = text!(self.text, context);
        Ok(found(text, 1, context.settings.unit, |rest| self.finder.find(rest.as_bytes())))
    }
}

/// @VALONEOF with literals: sorted, without trailing blanks.
#[derive(Clone, Debug)]
pub(crate) struct OneOf<N> {
    pub(crate) value: N,
    pub(crate) texts: Box<[Box<str>]>,
    /// Values that are not literal texts.
    pub(crate) others: Box<[N]>,
}

impl<N: Operand> OneOf<N> {
    pub(crate) fn value<'e, S: Subject>(&'e self, context: &Context<'e, S>) -> Value<'e> {
        let value = self.value.value(context)?;
        if reason_of(&value).is_some() {
            return Ok(value);
        }
        let among = match value {
            Scalar::Text(text) => self.texts.binary_search_by(|own| (**own).cmp(unpadded(text))).is_ok(),
            other => self.texts.iter().any(|text| same(other, Scalar::Text(text))),
        };
        if among {
            return Ok(Scalar::truth(true));
        }
        for node in &self.others {
            if same(value, node.value(context)?) {
                return Ok(Scalar::truth(true));
            }
        }
        Ok(Scalar::truth(false))
    }
}

/// How @STRNUM pads a number to a length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Padding {
    Left,
    LeftSpace,
    Right,
    RightZero,
}

/// Evaluates @STRNUM. The length counts the decimal point but not the sign; zeros go after the sign, blanks before it (SEEN). The
/// default length is that of the target column.
pub(crate) fn number_text<'e, N: Operand, S: Subject>(
    value: &'e N,
    padding: Padding,
    length: Option<&'e N>,
    context: &Context<'e, S>,
) -> Value<'e> {
    let value = value.value(context)?;
    let text = match value.numeric() {
        Some(Numeric::Special(_)) | None if value.is_value() => return Ok(Scalar::Invalid),
        _ => match as_text(value, context) {
            Ok(text) => text.trim_matches(' '),
            Err(state) => return Ok(state),
        },
    };
    let length = match length {
        Some(length) => Some(count!(length, context)),
        None => context.target_length.and_then(|length| i64::try_from(length).ok()),
    };
    let (sign, digits) = text.strip_prefix('-').map_or(("", text.trim_start_matches('+')), |digits| ("-", digits));
    let missing = match (padding, length) {
        (Padding::Left, _) => 0,
        (_, Some(length)) => usize::try_from(length).unwrap_or(0).min(65_535).saturating_sub(digits.len()),
        (_, None) => return Err(EvalError::Error(Some(2322), "@STRNUM needs a length, or a target column with a length")),
    };
    context.spend(text.len() + missing)?;
    let mut out = BumpString::with_capacity_in(text.len() + missing, context.memory);
    let fill = |out: &mut BumpString<'_>, with: char| out.extend(std::iter::repeat_n(with, missing));
    if padding == Padding::Right {
        fill(&mut out, ' ');
    }
    out.push_str(sign);
    if padding == Padding::RightZero {
        fill(&mut out, '0');
    }
    out.push_str(digits);
    if padding == Padding::LeftSpace {
        fill(&mut out, ' ');
    }
    Ok(Scalar::Text(out.into_bump_str()))
}

/// @DATE with parsed formats.
#[derive(Clone, Debug)]
pub(crate) struct DatePlan<N> {
    pub(crate) output: DateFormat,
    pub(crate) inputs: Box<[(DateFormat, N)]>,
}

impl<N: Operand> DatePlan<N> {
    pub(crate) fn value<'e, S: Subject>(&'e self, context: &Context<'e, S>) -> Value<'e> {
        let mut moment = Moment::default();
        for (format, node) in &self.inputs {
            let text = text!(node, context);
            if moment.read(format, text).is_none() {
                return Ok(Scalar::Invalid);
            }
        }
        let Some(moment) = moment.settled() else { return Ok(Scalar::Invalid) };
        let mut out = BumpString::new_in(context.memory);
        moment.write(&self.output, &mut out);
        let text: &str = out.into_bump_str();
        let number = if self.output.is_number() { NumberText::parse(text).and_then(|number| number.decimal()) } else { None };
        Ok(number.map_or(Scalar::Text(text), Scalar::Number))
    }
}

/// Evaluates @DATEDIFF: the second date minus the first, in calendar days or in seconds.
fn date_difference<'e, N: Operand, S: Subject>(unit: &'e N, from: &'e N, to: &'e N, context: &Context<'e, S>) -> Value<'e> {
    let unit = text!(unit, context);
    let (from, to) = (text!(from, context), text!(to, context));
    let (Some(from), Some(to)) = (Moment::of_text(from), Moment::of_text(to)) else { return Ok(Scalar::Invalid) };
    let difference = match unit {
        _ if unit.eq_ignore_ascii_case("DD") => to.days() - from.days(),
        _ if unit.eq_ignore_ascii_case("SS") => to.seconds() - from.seconds(),
        _ => return Err(EvalError::Error(Some(2322), "the unit of @DATEDIFF must be 'DD' or 'SS'")),
    };
    Ok(Scalar::Number(Decimal::from(difference)))
}

/// @RANGE: tests if the hash of a key is in one of `total` ranges.
///
/// GoldenGate's hash is not documented; this one is our own. It keeps the contract: a key is always in the same range,
/// independent of the process, the machine and the release of this library, and keys are evenly distributed.
#[derive(Clone, Debug)]
pub(crate) struct RangePlan<N> {
    pub(crate) range: u64,
    pub(crate) total: u64,
    pub(crate) key: Box<[N]>,
}

impl<N: Operand> RangePlan<N> {
    pub(crate) fn holds<'e, S: Subject>(&'e self, context: &Context<'e, S>) -> Result<bool, EvalError> {
        let mut hash = KeyHash::default();
        let (mut known, mut lacks) = (false, None);
        for node in &self.key {
            let value = node.value(context)?;
            // Trailing zeros do not change the key.
            let value = match value {
                Scalar::Number(number) => Scalar::Number(trimmed(number)),
                other => other,
            };
            match as_text(value, context) {
                Ok(text) => {
                    known = true;
                    hash.add(unpadded(text).as_bytes());
                }
                Err(Scalar::Null) => hash.add(&[0xff]),
                Err(state) => lacks = lacks.or(reason_of(&state)),
            }
        }
        if !known {
            return Err(EvalError::Error(Some(222), "all columns of @RANGE are NULL or missing"));
        }
        // Which range the row's own value is in is not known.
        if let Some(why) = lacks {
            return Err(EvalError::State(why));
        }
        Ok(hash.finish() % self.total.max(1) + 1 == self.range)
    }
}

/// FNV-1a over the texts of the key, each with a terminator. A final mix makes the remainder depend on all bits.
struct KeyHash(u64);

impl Default for KeyHash {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl KeyHash {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes.iter().chain(&[0xfe]) {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        mixed ^ (mixed >> 33)
    }
}
