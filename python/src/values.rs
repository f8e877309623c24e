//! The library's values as Python objects.

use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDate, PyDateTime, PyDict, PyString, PyTzInfo};
use trailcore::change::Precision;
use trailcore::{DateTime, Number, Position, Timestamp, Value};

/// The classes and objects that values are made of.
pub(crate) struct Types {
    decimal: Py<PyAny>,
    utc: Py<PyTzInfo>,
    invalid: Py<PyAny>,
    unchanged: Py<PyAny>,
    zero_date: Py<PyAny>,
    nano: Py<PyAny>,
    position: Py<PyAny>,
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
                utc: PyTzInfo::utc(py)?.to_owned().unbind(),
                invalid: of("Invalid")?,
                unchanged: of("UNCHANGED")?,
                zero_date: of("ZeroDate")?,
                nano: of("NanoDatetime")?,
                position: of("Position")?,
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
        self.position.bind(py).call1((position.seqno, position.rba))
    }

    /// A column's value: `None` for NULL.
    pub(crate) fn value<'py>(&self, py: Python<'py>, value: &Value<'_>) -> PyResult<Bound<'py, PyAny>> {
        match value {
            Value::Null => Ok(py.None().into_bound(py)),
            Value::Text(text) => Ok(PyString::new(py, text).into_any()),
            Value::Number(number) => self.number(py, *number),
            Value::DateTime(time) => self.datetime(py, time),
            Value::Bytes(bytes) => Ok(PyBytes::new(py, bytes).into_any()),
            Value::Invalid(bytes) => self.invalid.bind(py).call1((PyBytes::new(py, bytes),)),
            // What there may be one day is not dressed up as something else.
            _ => Ok(self.unchanged.bind(py).clone()),
        }
    }

    /// An int where there are no digits behind the point, else a Decimal with exactly the digits.
    fn number<'py>(&self, py: Python<'py>, number: Number<'_>) -> PyResult<Bound<'py, PyAny>> {
        if let Number::Exact(decimal) = number {
            if decimal.scale() == 0 {
                return match i64::try_from(decimal.mantissa()) {
                    Ok(small) => small.into_bound_py_any(py),
                    Err(_) => decimal.mantissa().into_bound_py_any(py),
                };
            }
        }
        let digits = number.to_string();
        if digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
            return match digits.parse::<i64>() {
                Ok(small) => small.into_bound_py_any(py),
                // Python's own reading: of any length.
                Err(_) => py.get_type::<pyo3::types::PyInt>().call1((digits,)),
            };
        }
        self.decimal.bind(py).call1((digits,))
    }

    /// A date, a naive datetime; with digits finer than microseconds, one that has them beside.
    fn datetime<'py>(&self, py: Python<'py>, time: &DateTime) -> PyResult<Bound<'py, PyAny>> {
        let (year, month, day) = (i32::from(time.year), time.month, time.day);
        if time.unix_micros().is_none() || year == 0 {
            return self.zero_date.bind(py).call1((time.to_string(),));
        }
        if time.precision == Precision::Date {
            return Ok(PyDate::new(py, year, month, day)?.into_any());
        }
        let micros = time.nanos / 1000;
        let nanos = time.nanos % 1000;
        if nanos != 0 {
            let parts = (year, month, day, time.hour, time.minute, time.second, micros);
            return self.nano.bind(py).getattr("of")?.call1((parts, nanos));
        }
        Ok(PyDateTime::new(py, year, month, day, time.hour, time.minute, time.second, micros, None)?.into_any())
    }

    /// An aware datetime in UTC.
    pub(crate) fn timestamp<'py>(&self, py: Python<'py>, time: Timestamp) -> PyResult<Bound<'py, PyAny>> {
        let text = time.to_string();
        let Some(parts) = DateTime::parse(text.trim_end_matches('Z')).filter(|parts| parts.year > 0) else {
            return self.zero_date.bind(py).call1((text,));
        };
        let (hour, minute, second) = (parts.hour, parts.minute, parts.second);
        let utc = Some(self.utc.bind(py));
        let year = i32::from(parts.year);
        Ok(PyDateTime::new(py, year, parts.month, parts.day, hour, minute, second, parts.nanos / 1000, utc)?.into_any())
    }

    /// Bytes that are printable as a string, else as they are: a token.
    pub(crate) fn token<'py>(&self, py: Python<'py>, bytes: &[u8]) -> Bound<'py, PyAny> {
        match std::str::from_utf8(bytes) {
            Ok(text) => PyString::new(py, text).into_any(),
            Err(_) => PyBytes::new(py, bytes).into_any(),
        }
    }
}

/// A dict from pairs.
pub(crate) fn dict<'py>(
    py: Python<'py>,
    pairs: impl IntoIterator<Item = (&'static str, Bound<'py, PyAny>)>,
) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (name, value) in pairs {
        dict.set_item(name, value)?;
    }
    Ok(dict)
}
