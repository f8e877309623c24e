//! The records of a trail as they stand.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::{PyBytes, PyDict};
use trailcore::Position;
use trailcore::filter::Counts;
use trailcore::source::RecordReader;
use trailcore::trail::{ByteOrder, TableRef, tokens};

use crate::handle::Handle;
use crate::reader::{Stretch, stretches};
use crate::values::Types;
use crate::watch::Watch;

/// Records read ahead with one release of the interpreter's lock.
const AHEAD: usize = 256;

/// One record. It owns its bytes.
#[pyclass(frozen, module = "trailcore")]
pub(crate) struct Record {
    position: Position,
    number: u64,
    order: ByteOrder,
    bytes: Vec<u8>,
}

impl Record {
    fn parse(&self) -> PyResult<trailcore::trail::Record<'_>> {
        trailcore::trail::Record::parse(&self.bytes, self.order).map_err(|fault| PyValueError::new_err(fault.what))
    }
}

#[pymethods]
impl Record {
    #[getter]
    fn position<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Types::get(py)?.position(py, self.position)
    }

    #[getter]
    fn number(&self) -> u64 {
        self.number
    }

    #[getter]
    fn length(&self) -> usize {
        self.bytes.len()
    }

    #[getter]
    fn bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.bytes)
    }

    #[getter]
    fn data<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, self.parse()?.data()))
    }

    #[getter]
    fn type_code(&self) -> PyResult<u8> {
        Ok(self.parse()?.record_type().0)
    }

    #[getter]
    fn type_name(&self) -> PyResult<Option<&'static str>> {
        let record = self.parse()?;
        Ok(if record.is_file_header() { Some("FileHeader") } else { record.record_type().name() })
    }

    /// The fields of its header by name; empty for a file header.
    #[getter]
    fn header<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let (record, dict) = (self.parse()?, PyDict::new(py));
        if record.is_file_header() {
            return Ok(dict);
        }
        let header = record.header().map_err(|fault| PyValueError::new_err(fault.what))?;
        dict.set_item("record_length", header.record_length)?;
        dict.set_item("record_type", header.record_type.0)?;
        dict.set_item("before_after", char::from(header.before_after).to_string())?;
        dict.set_item("transaction", header.transaction.name())?;
        dict.set_item("orig_node", header.orig_node)?;
        dict.set_item("partition", header.partition)?;
        dict.set_item("time", Types::get(py)?.timestamp(py, header.time)?)?;
        dict.set_item("audit_pos", header.audit_pos)?;
        dict.set_item("audit_rba", header.audit_rba)?;
        dict.set_item("format_type", char::from(header.format_type).to_string())?;
        dict.set_item("continued", header.continued)?;
        match header.table {
            TableRef::Name(name) => dict.set_item("table", String::from_utf8_lossy(name))?,
            TableRef::Index(index) => dict.set_item("table_index", index)?,
        }
        Ok(dict)
    }

    /// GoldenGate's tokens by name.
    #[getter]
    fn tokens<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let (record, dict) = (self.parse()?, PyDict::new(py));
        for token in tokens::parse(record.token_area().unwrap_or_default(), record.byte_order()).filter_map(Result::ok) {
            let name = token.name().map_or_else(|| format!("0x{:02x}", token.id()), str::to_owned);
            if !dict.contains(&name)? {
                dict.set_item(name, Types::get(py)?.token(py, token.value().unwrap_or_default()))?;
            }
        }
        Ok(dict)
    }

    fn __repr__(&self) -> PyResult<String> {
        let name = self.type_name()?.map_or_else(|| format!("type {}", self.type_code().unwrap_or_default()), str::to_owned);
        Ok(format!("<Record {name} at {}, {} bytes>", self.position, self.bytes.len()))
    }
}

/// An iterator of records.
#[pyclass(frozen, module = "trailcore")]
pub(crate) struct Records {
    reader: Handle<RecordReader>,
    watch: Arc<Watch>,
    ahead: Mutex<(VecDeque<Record>, Option<trailcore::Error>)>,
}

impl Records {
    pub(crate) fn new(reader: RecordReader, watch: Arc<Watch>) -> Self {
        Self { reader: Handle::new(reader), watch, ahead: Mutex::default() }
    }

    fn read_on(&self, py: Python<'_>) -> PyResult<()> {
        self.reader.with(py, |reader| {
            let mut ahead = self.ahead.lock();
            let (records, error) = &mut *ahead;
            while records.len() < AHEAD && error.is_none() {
                match reader.next() {
                    Ok(Some(placed)) => records.push_back(Record {
                        position: placed.position,
                        number: placed.number,
                        order: placed.record.byte_order(),
                        bytes: placed.record.bytes().to_vec(),
                    }),
                    Ok(None) => break,
                    Err(stopped) => *error = Some(stopped),
                }
            }
        })
    }
}

#[pymethods]
impl Records {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Record>> {
        for fresh in [false, true] {
            if fresh {
                self.read_on(py)?;
            }
            let mut ahead = self.ahead.lock_py_attached(py);
            if let Some(record) = ahead.0.pop_front() {
                return Ok(Some(record));
            }
            if let Some(error) = ahead.1.take() {
                drop(ahead);
                return Err(self.watch.exception(py, &error));
            }
        }
        self.watch.done(py, Counts::default())?;
        Ok(None)
    }

    /// What was passed over so far: from, to and why.
    #[getter]
    fn skipped<'py>(&self, py: Python<'py>) -> PyResult<Vec<Stretch<'py>>> {
        let skipped = self.reader.with(py, |reader| reader.skipped().to_vec())?;
        stretches(py, &skipped)
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        drop(self.reader.take(py)?);
        *self.ahead.lock_py_attached(py) = Default::default();
        Ok(())
    }
}
