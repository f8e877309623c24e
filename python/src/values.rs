//! Conversion of values to Python objects.

use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDate, PyDateTime, PyDict, PyInt, PyString};
use trailcore::change::Precision;
use trailcore::schema::Kind;
use trailcore::{Column, DateTime, Number, Op, Position, Timestamp, TransactionIndicator, Value};

/// The Python classes and objects that values need.
pub(crate) struct Types {
    decimal: Py<PyAny>,
    invalid: Py<PyAny>,
    unchanged: Py<PyAny>,
    zero_date: Py<PyAny>,
    nano: Py<PyAny>,
    position: Py<PyAny>,
    from_iso: Py<PyAny>,
    /// The strings that most changes contain, created once.
    pub(crate) words: Words,
    changed: Py<PyAny>,
    missing: Py<PyAny>,
}

static TYPES: PyOnceLock<Types> = PyOnceLock::new();

impl Types {
    pub(crate) fn get(py: Python<'_>) -> PyResult<&Self> {
        TYPES.get_or_try_init(py, || {
            let own = py.import("trailcore._values")?;
            let of = |name: &str| own.getattr(name).map(Bound::unbind);
            Ok(Self {
                decimal: py.import("decimal")?.getattr("Decimal")?.unbind(),
                invalid: of("Invalid")?,
                unchanged: of("UNCHANGED")?,
                zero_date: of("ZeroDate")?,
                nano: of("NanoDatetime")?,
                position: of("Position")?,
                from_iso: py.get_type::<PyDateTime>().getattr("fromisoformat")?.unbind(),
                words: Words::new(py)?,
                changed: of("Changed")?,
                missing: of("MISSING")?,
            })
        })
    }

    pub(crate) fn missing<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        self.missing.bind(py).clone()
    }

    pub(crate) fn changed<'py>(
        &self,
        py: Python<'py>,
        old: Bound<'py, PyAny>,
        new: Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.changed.bind(py).call1((old, new))
    }

    pub(crate) fn position<'py>(&self, py: Python<'py>, position: Position) -> PyResult<Bound<'py, PyAny>> {
        match position.trail() {
            Some(position) => self.position.bind(py).call1((position.seqno, position.rba)),
            // Positions of other kinds of source are text, which is accepted as a start point too.
            None => position.to_string().into_bound_py_any(py),
        }
    }

    /// Converts the value of a column, with fast paths for the most frequent kinds.
    pub(crate) fn column<'py>(&self, py: Python<'py>, column: &Column<'_>) -> PyResult<Bound<'py, PyAny>> {
        match column.mantissa() {
            Some((mantissa, 0)) => return mantissa.into_bound_py_any(py),
            Some((mantissa, scale)) => return self.decimal(py, Digits::of(mantissa, scale).bytes()),
            None => {}
        }
        if let Some(text) = column.unchecked_utf8() {
            return match PyString::from_bytes(py, text) {
                Ok(text) => Ok(text.into_any()),
                Err(_) => self.value(py, &column.value()),
            };
        }
        let is_date = column.definition().is_some_and(|definition| definition.kind() == Kind::DateTime);
        let iso = if is_date { Iso::read(column.span()) } else { None };
        match iso.map(|iso| self.iso(py, iso.bytes())) {
            // Not a valid Python date: take the general path.
            None | Some(Err(_)) => self.value(py, &column.value()),
            Some(Ok(time)) => Ok(time),
        }
    }

    /// Converts a value, with `None` for NULL.
    pub(crate) fn value<'py>(&self, py: Python<'py>, value: &Value<'_>) -> PyResult<Bound<'py, PyAny>> {
        match value {
            Value::Null => Ok(py.None().into_bound(py)),
            Value::Text(text) => Ok(PyString::new(py, text).into_any()),
            Value::Number(number) => self.number(py, *number),
            Value::DateTime(time) => self.datetime(py, time),
            Value::Bytes(bytes) => Ok(PyBytes::new(py, bytes).into_any()),
            Value::Invalid(bytes) => self.invalid.bind(py).call1((PyBytes::new(py, bytes),)),
            // An unchanged LOB, or a state that a later version adds.
            _ => Ok(self.unchanged.bind(py).clone()),
        }
    }

    /// Returns an int for a number without fraction digits, otherwise a Decimal with exactly the same digits.
    fn number<'py>(&self, py: Python<'py>, number: Number<'_>) -> PyResult<Bound<'py, PyAny>> {
        match number {
            Number::Exact(decimal) => match (decimal.scale(), i64::try_from(decimal.mantissa())) {
                (0, Ok(small)) => small.into_bound_py_any(py),
                (0, Err(_)) => decimal.mantissa().into_bound_py_any(py),
                (scale, Ok(small)) => self.decimal(py, Digits::of(small, scale).bytes()),
                _ => self.decimal(py, decimal.to_string().as_bytes()),
            },
            // Most numbers are short whole numbers.
            Number::Text(text) if is_short_whole(text) => text.parse::<i64>().unwrap_or_default().into_bound_py_any(py),
            Number::Text(_) => {
                let digits = number.to_string();
                if !digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
                    return self.decimal(py, digits.as_bytes());
                }
                match digits.parse::<i64>() {
                    Ok(small) => small.into_bound_py_any(py),
                    // Python parses an int of any length.
                    Err(_) => py.get_type::<PyInt>().call1((digits,)),
                }
            }
        }
    }

    fn decimal<'py>(&self, py: Python<'py>, digits: &[u8]) -> PyResult<Bound<'py, PyAny>> {
        call_with(self.decimal.bind(py), PyString::from_bytes(py, digits)?.as_any())
    }

    /// Returns a date, a naive datetime, or a `NanoDatetime` if it is finer than microseconds.
    fn datetime<'py>(&self, py: Python<'py>, time: &DateTime) -> PyResult<Bound<'py, PyAny>> {
        if time.year == 0 || time.month == 0 || time.day == 0 {
            return self.zero_date.bind(py).call1((time.to_string(),));
        }
        if time.precision == Precision::Date {
            return Ok(PyDate::new(py, i32::from(time.year), time.month, time.day)?.into_any());
        }
        let nanos = time.nanos % 1000;
        if nanos != 0 {
            let date = (i32::from(time.year), time.month, time.day);
            let parts = (date.0, date.1, date.2, time.hour, time.minute, time.second, time.nanos / 1000);
            return self.nano.bind(py).getattr("of")?.call1((parts, nanos));
        }
        self.iso(py, Iso::of(time, b"").bytes())
    }

    /// Returns an aware datetime in UTC.
    pub(crate) fn timestamp<'py>(&self, py: Python<'py>, time: Timestamp) -> PyResult<Bound<'py, PyAny>> {
        match time.parts() {
            Some(parts) => self.iso(py, Iso::of(&parts, b"+00:00").bytes()),
            None => self.zero_date.bind(py).call1((time.to_string(),)),
        }
    }

    /// Parses ISO 8601 in Python, the fastest way to create a datetime in the stable ABI.
    fn iso<'py>(&self, py: Python<'py>, text: &[u8]) -> PyResult<Bound<'py, PyAny>> {
        call_with(self.from_iso.bind(py), PyString::from_bytes(py, text)?.as_any())
    }

    /// Converts the value of a token: a str if it is UTF-8, otherwise bytes.
    pub(crate) fn token<'py>(&self, py: Python<'py>, bytes: &[u8]) -> Bound<'py, PyAny> {
        match PyString::from_bytes(py, bytes) {
            Ok(text) => text.into_any(),
            Err(_) => PyBytes::new(py, bytes).into_any(),
        }
    }
}

fn is_short_whole(text: &str) -> bool {
    (1..=18).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Calls with one argument, without the argument tuple of the safe call, which is a large share of the cost of a number.
#[allow(unsafe_code)]
fn call_with<'py>(callable: &Bound<'py, PyAny>, argument: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let end: *mut pyo3::ffi::PyObject = std::ptr::null_mut();
    // SAFETY: both objects are alive while they are borrowed here, the GIL is held, the argument list ends with a null pointer,
    // and the result is a new reference, or null with an exception set.
    unsafe {
        let made = pyo3::ffi::PyObject_CallFunctionObjArgs(callable.as_ptr(), argument.as_ptr(), end);
        Bound::from_owned_ptr_or_err(callable.py(), made)
    }
}

/// The strings that most changes contain.
pub(crate) struct Words {
    ops: Vec<Py<PyString>>,
    transactions: Vec<Py<PyString>>,
    row_id: Py<PyString>,
    pub(crate) user: Py<PyString>,
    /// The keys of the dict of a change, in order, each with `None`. Copying a dict is faster than growing one.
    pub(crate) change: Py<PyDict>,
}

/// All known transaction indicators.
const INDICATORS: [TransactionIndicator; 4] =
    [TransactionIndicator::First, TransactionIndicator::Middle, TransactionIndicator::Last, TransactionIndicator::Only];

impl Words {
    fn new(py: Python<'_>) -> PyResult<Self> {
        let word = |text: &str| PyString::intern(py, text).unbind();
        let change = PyDict::new(py);
        for key in ["seqno", "rba", "op", "table", "ts", "csn", "xid", "txn", "before", "after", "tokens"] {
            change.set_item(PyString::intern(py, key), py.None())?;
        }
        Ok(Self {
            ops: Op::ALL.iter().map(|op| word(op.name())).collect(),
            transactions: INDICATORS.iter().map(|indicator| word(indicator.name().unwrap_or_default())).collect(),
            row_id: word("ORAROWID"),
            user: word("user"),
            change: change.unbind(),
        })
    }

    pub(crate) fn op<'py>(&self, py: Python<'py>, op: Op) -> Bound<'py, PyString> {
        let known = Op::ALL.iter().position(|known| *known == op).and_then(|index| self.ops.get(index));
        known.map_or_else(|| PyString::new(py, op.name()), |word| word.bind(py).clone())
    }

    pub(crate) fn transaction<'py>(&self, py: Python<'py>, indicator: TransactionIndicator) -> Option<Bound<'py, PyString>> {
        let known = INDICATORS.iter().position(|known| *known == indicator).and_then(|index| self.transactions.get(index));
        known.map(|word| word.bind(py).clone())
    }

    pub(crate) fn token<'py>(&self, py: Python<'py>, name: &str) -> Bound<'py, PyString> {
        if name == "ORAROWID" { self.row_id.bind(py).clone() } else { PyString::new(py, name) }
    }
}

/// The digits of an integer at a scale other than 0, without an allocation.
struct Digits {
    bytes: [u8; Self::ROOM],
    start: usize,
}

impl Digits {
    /// Enough for a sign, a point, and the digits of 64 bits at a scale of 38.
    const ROOM: usize = 64;

    fn of(mantissa: i64, scale: u8) -> Self {
        let mut digits = Self { bytes: [b'0'; Self::ROOM], start: Self::ROOM };
        let mut left = mantissa.unsigned_abs();
        for _ in 0..scale {
            digits.put(b'0' + (left % 10) as u8);
            left /= 10;
        }
        digits.put(b'.');
        loop {
            digits.put(b'0' + (left % 10) as u8);
            left /= 10;
            if left == 0 {
                break;
            }
        }
        if mantissa < 0 {
            digits.put(b'-');
        }
        digits
    }

    fn put(&mut self, byte: u8) {
        self.start -= 1;
        if let Some(place) = self.bytes.get_mut(self.start) {
            *place = byte;
        }
    }

    fn bytes(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }
}

/// A time in microseconds as ISO 8601 text, without an allocation.
struct Iso {
    bytes: [u8; 32],
    len: usize,
}

impl Iso {
    fn of(time: &DateTime, zone: &[u8]) -> Self {
        let mut iso = Self { bytes: *b"0000-00-00T00:00:00.000000      ", len: 26 };
        let mut put = |end: usize, width: usize, mut number: u32| {
            for byte in iso.bytes.iter_mut().take(end).rev().take(width) {
                *byte = b'0' + (number % 10) as u8;
                number /= 10;
            }
        };
        put(4, 4, time.year.into());
        put(7, 2, time.month.into());
        put(10, 2, time.day.into());
        put(13, 2, time.hour.into());
        put(16, 2, time.minute.into());
        put(19, 2, time.second.into());
        put(26, 6, time.nanos / 1000);
        for (place, byte) in iso.bytes.iter_mut().skip(26).zip(zone) {
            *place = *byte;
        }
        iso.len += zone.len();
        iso
    }

    /// Reads the span of a column with a time in seconds or microseconds, in the form that trails use.
    fn read(span: &[u8]) -> Option<Self> {
        let [0, 0, body @ ..] = span else { return None };
        let &[_, _, _, _, b'-', _, _, b'-', _, _, b':', _, _, b':', _, _, b':', _, _, ref fraction @ ..] = body else {
            return None;
        };
        let whole = match fraction {
            [] => true,
            [b'.', digits @ ..] => digits.len() == 6 && digits.iter().all(u8::is_ascii_digit),
            _ => false,
        };
        if !whole || body.starts_with(b"0000") {
            return None;
        }
        let mut iso = Self { bytes: [0; 32], len: body.len() };
        iso.bytes.get_mut(..body.len())?.copy_from_slice(body);
        *iso.bytes.get_mut(10)? = b'T';
        Some(iso)
    }

    fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}
