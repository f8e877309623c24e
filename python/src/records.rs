//! The iterator of raw records.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::{PyBytes, PyDict, PyTuple};
use trailcore::Position;
use trailcore::report::ReadReport;
use trailcore::source::RecordReader;
use trailcore::trail::{ByteOrder, TableRef, tokens};

use crate::error::in_iteration;
use crate::handle::Handle;
use crate::reader::{SkippedRange, skipped_ranges};
use crate::values::Types;
use crate::watch::Watch;

/// The number of records that are read with one release of the GIL.
const AHEAD: usize = 256;

/// One raw record of a trail. It owns its bytes and is immutable.
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
    /// The position of the record.
    #[getter]
    fn position<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Types::get(py)?.position(py, self.position)
    }

    /// The number of the record in its file. The file header is record 0.
    #[getter]
    fn number(&self) -> u64 {
        self.number
    }

    /// The length of the record in bytes.
    #[getter]
    fn length(&self) -> usize {
        self.bytes.len()
    }

    /// All bytes of the record.
    #[getter]
    fn bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.bytes)
    }

    /// The bytes of the data area.
    #[getter]
    fn data<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, self.parse()?.data()))
    }

    /// The number of the record type.
    #[getter]
    fn type_code(&self) -> PyResult<u8> {
        Ok(self.parse()?.record_type().0)
    }

    /// The name of the record type, as Logdump prints it, or `None` for an unknown type.
    #[getter]
    fn type_name(&self) -> PyResult<Option<&'static str>> {
        let record = self.parse()?;
        Ok(if record.is_file_header() { Some("FileHeader") } else { record.record_type().name() })
    }

    /// The fields of the record header by name. Empty for a file header.
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
        dict.set_item("timestamp", Types::get(py)?.timestamp(py, header.time)?)?;
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

    fn _repr_html_<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("trailcore._html")?.getattr("record")?.call1((slf,))
    }
}

/// An iterator of the raw records of a trail. Threads may share it: each record is returned to one of them.
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
            // Reading can run the caller's code: the lock is not held meanwhile.
            let (mut records, mut error) = (VecDeque::new(), None);
            while records.len() < AHEAD && error.is_none() {
                match reader.next() {
                    Ok(Some(placed)) => records.push_back(Record {
                        position: placed.position.into(),
                        number: placed.number,
                        order: placed.record.byte_order(),
                        bytes: placed.record.bytes().to_vec(),
                    }),
                    Ok(None) => break,
                    Err(stopped) => error = Some(stopped),
                }
            }
            let mut ahead = self.ahead.lock();
            ahead.0.extend(records);
            ahead.1 = error.or(ahead.1.take());
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
                return Err(in_iteration(py, self.watch.exception(py, &error)));
            }
        }
        let report = self.reader.with(py, |reader| ReadReport::of_skipped(reader.skipped()))?;
        self.watch.done(py, report).map_err(|error| in_iteration(py, error))?;
        Ok(None)
    }

    /// The ranges skipped so far: start, end and reason of each. Always empty without ``resync``.
    #[getter]
    fn skipped<'py>(&self, py: Python<'py>) -> PyResult<Vec<SkippedRange<'py>>> {
        let skipped = self.reader.with(py, |reader| reader.skipped().to_vec())?;
        skipped_ranges(py, &skipped)
    }

    /// Closes the files. Records that were already returned stay valid; `next` raises `ClosedError` afterwards.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.reader.close(py)?;
        *self.ahead.lock_py_attached(py) = Default::default();
        Ok(())
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*exception))]
    fn __exit__(&self, py: Python<'_>, exception: &Bound<'_, PyTuple>) -> PyResult<()> {
        let _ = exception;
        self.close(py)
    }
}
