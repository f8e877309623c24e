//! The Python class `Change`.

use std::sync::Arc;

use parking_lot::Mutex;
use pyo3::exceptions::{PyKeyError, PyTypeError};
use pyo3::prelude::*;
use pyo3::sync::{MutexExt, PyOnceLock};
use pyo3::types::{PyBytes, PyDict, PyString};
use trailcore::ChangeBlock;
use trailcore::{Op, Row};

use crate::error::raised;
use crate::schema::TableDef;
use crate::values::Types;

/// A block of changes, with the names of their tables and columns.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) changes: Arc<ChangeBlock>,
    /// The names of its tables, in the order of the block's definitions.
    pub(crate) names: Vec<Arc<Names>>,
    /// A cache of the objects that the changes of one transaction share.
    pub(crate) transaction: Mutex<TransactionObjects>,
}

/// The CSN and the id of a transaction, owned.
type KeptIds = (Option<Py<PyString>>, Option<Py<PyString>>);

/// The objects of the last transaction that was accessed, with its number in the block.
#[derive(Debug, Default)]
pub(crate) struct TransactionObjects {
    time: Option<(i64, Py<PyAny>)>,
    ids: Option<(u32, KeptIds)>,
}

/// The names of a table and its columns as Python strings, created once per definition.
pub(crate) struct Names {
    definition: Arc<trailcore::TableDef>,
    table: Py<PyString>,
    columns: Vec<Py<PyString>>,
    /// A row of NULLs. Copying a dict is faster than growing one.
    nulls: Py<PyDict>,
    /// The dict of a change for each operation, in the order of [`Op::ALL`], with the values that all changes share. Created when
    /// one is needed first.
    changes: [PyOnceLock<Py<PyDict>>; Op::ALL.len()],
}

impl std::fmt::Debug for Names {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Names").field("table", &self.definition.name()).finish_non_exhaustive()
    }
}

impl Names {
    pub(crate) fn new(py: Python<'_>, definition: &Arc<trailcore::TableDef>) -> PyResult<Self> {
        let interned = |text: &str| PyString::intern(py, text).unbind();
        let columns: Vec<_> = definition.columns().iter().map(|column| interned(&column.name)).collect();
        let nulls = PyDict::new(py);
        for column in &columns {
            nulls.set_item(column, py.None())?;
        }
        let table = interned(definition.name());
        let changes = [const { PyOnceLock::new() }; Op::ALL.len()];
        Ok(Self { definition: Arc::clone(definition), table, columns, nulls: nulls.unbind(), changes })
    }

    /// Returns the dict of a change of an operation, with the values that all such changes share.
    fn change<'py>(&self, py: Python<'py>, op: Op) -> PyResult<Bound<'py, PyDict>> {
        let make = || {
            let words = &Types::get(py)?.words;
            let change = words.change.bind(py).copy()?;
            change.set_item(pyo3::intern!(py, "op"), words.op(py, op))?;
            change.set_item(pyo3::intern!(py, "table"), &self.table)?;
            Ok(change.unbind())
        };
        match Op::ALL.iter().position(|known| *known == op).and_then(|index| self.changes.get(index)) {
            Some(made) => made.get_or_try_init(py, make)?.bind(py).copy(),
            None => make().map(|made| made.into_bound(py)),
        }
    }
}

/// The CSN and the id of a transaction.
type TransactionIds<'py> = (Option<Bound<'py, PyString>>, Option<Bound<'py, PyString>>);

/// One change of a trail. It owns its data, is immutable, and may be used by any number of threads.
///
/// `before` and `after` are dicts by column name, created on each access, or `None` if the trail has no such image. A column
/// that is missing from an image is not in its dict. SQL's NULL is `None`. A number without fraction digits is an int, any
/// other number a `decimal.Decimal` with exactly the digits of the trail. A date is a naive `datetime.datetime`, as the
/// database stores no zone (`NanoDatetime` if it is finer than microseconds), or a `datetime.date`. Text is `str`, bytes are
/// `bytes`, and a value that cannot be decoded is an `Invalid`.
///
/// ``change["NAME"]`` is the value of a column after the change, or before it for a delete. Column names are case-insensitive
/// here. Raises `KeyError` if the column is missing.
#[pyclass(frozen, module = "trailcore")]
pub(crate) struct Change {
    pub(crate) block: Arc<Block>,
    pub(crate) index: usize,
}

impl Change {
    pub(crate) fn change(&self) -> PyResult<trailcore::Change<'_>> {
        // `index` was valid for the block when the change was created.
        self.block.changes.get(self.index).ok_or_else(|| PyKeyError::new_err("no such change"))
    }

    fn names(&self) -> PyResult<&Names> {
        let names = self.block.changes.table_index(self.index).and_then(|table| self.block.names.get(table));
        names.map(|names| &**names).ok_or_else(|| PyKeyError::new_err("no such change"))
    }

    fn images<'a>(&'a self, py: Python<'_>) -> PyResult<(Option<Row<'a>>, Option<Row<'a>>)> {
        self.change()?.images().map_err(|error| raised(py, &error))
    }

    fn row<'py>(&self, py: Python<'py>, row: Option<Row<'_>>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let Some(row) = row else { return Ok(None) };
        // Most rows have all columns in order: fill a copy of the row of NULLs.
        let names = self.names()?;
        let mut listed = 0;
        let in_order = row.spans().all(|span| {
            listed += 1;
            span.is_ok_and(|span| usize::from(span.index) + 1 == listed)
        });
        let whole = in_order && listed == names.columns.len();
        let dict = if whole { names.nulls.bind(py).copy()? } else { PyDict::new(py) };
        self.fill(py, &dict, &row, |_| true)?;
        Ok(Some(dict))
    }

    /// Sets the columns of a row that `wanted` accepts.
    fn fill(&self, py: Python<'_>, dict: &Bound<'_, PyDict>, row: &Row<'_>, wanted: impl Fn(usize) -> bool) -> PyResult<()> {
        let (types, names) = (Types::get(py)?, self.names()?);
        if let Err(fault) = row.spans().verify() {
            return Err(raised(py, &self.change()?.error(fault)));
        }
        for column in row.columns().flatten().filter(|column| wanted(column.index())) {
            let value = types.column(py, &column)?;
            match names.columns.get(column.index()) {
                Some(name) => dict.set_item(name, value)?,
                // The table has no definition.
                None => dict.set_item(&*column.name(), value)?,
            }
        }
        Ok(())
    }

    /// Returns the value of a column after the change, or before a delete; `None` if the column is missing.
    fn value<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
        let (before, after) = self.images(py)?;
        let row = if self.change()?.op() == Op::Delete { before } else { after };
        let column = row.as_ref().and_then(|row| row.get(name));
        column.map(|column| Types::get(py)?.value(py, &column.value())).transpose()
    }

    fn table_name<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyString>> {
        let change = self.change()?;
        if change.op() == Op::Ddl {
            return Ok(PyString::new(py, &change.table_name()));
        }
        Ok(self.names()?.table.bind(py).clone())
    }

    /// Returns the CSN and the id of its transaction, from the cache if the previous access was to the same transaction.
    fn ids<'py>(&self, py: Python<'py>) -> PyResult<TransactionIds<'py>> {
        let number = self.block.changes.transaction_of(self.index).unwrap_or_default();
        if let Some((known, (csn, xid))) = &self.block.transaction.lock_py_attached(py).ids {
            if *known == number {
                let bound = |text: &Option<Py<PyString>>| text.as_ref().map(|text| text.bind(py).clone());
                return Ok((bound(csn), bound(xid)));
            }
        }
        let (csn, xid) = self.change()?.ids();
        let made = |text: Option<&str>| text.map(|text| PyString::new(py, text));
        let (csn, xid) = (made(csn), made(xid));
        let kept = |text: &Option<Bound<'py, PyString>>| text.clone().map(Bound::unbind);
        self.block.transaction.lock_py_attached(py).ids = Some((number, (kept(&csn), kept(&xid))));
        Ok((csn, xid))
    }

    fn token_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let (types, change) = (Types::get(py)?, self.change()?);
        let dict = PyDict::new(py);
        let mut failed = Ok(());
        change.each_token(|name, value| {
            if failed.is_ok() {
                failed = dict.set_item(types.words.token(py, &name), types.token(py, value));
            }
        });
        failed?;
        if let Some(user) = change.user_tokens() {
            dict.set_item(&types.words.user, PyBytes::new(py, user))?;
        }
        Ok(dict)
    }
}

#[pymethods]
impl Change {
    /// The operation: ``insert``, ``update``, ``pk_update``, ``delete``, ``truncate`` or ``ddl``.
    #[getter]
    fn op<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyString>> {
        Ok(Types::get(py)?.words.op(py, self.change()?.op()))
    }

    /// The name of its table, with the parts joined by ``.``. For a DDL change, the name of the object.
    #[getter]
    fn table<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyString>> {
        self.table_name(py)
    }

    /// The definition of its table.
    #[getter]
    fn definition(&self) -> PyResult<TableDef> {
        Ok(TableDef(Arc::clone(&self.names()?.definition)))
    }

    /// The position of its record. For a pair of before and after records, the position of the after record.
    #[getter]
    fn position<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Types::get(py)?.position(py, self.change()?.position())
    }

    /// The position of its first record. Reading that starts here returns the whole change.
    #[getter]
    fn start<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Types::get(py)?.position(py, self.change()?.start())
    }

    /// The commit sequence number of its transaction as text, or `None` if the trail does not contain it.
    #[getter]
    fn csn<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        Ok(self.ids(py)?.0)
    }

    /// The id of its transaction, or `None` if the trail does not contain it.
    #[getter]
    fn xid<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        Ok(self.ids(py)?.1)
    }

    /// The timestamp of the record, which is the commit time for row changes: an aware datetime in UTC.
    #[getter]
    fn timestamp<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let time = self.change()?.timestamp();
        if let Some((last, object)) = &self.block.transaction.lock_py_attached(py).time {
            if *last == time.unix_micros() {
                return Ok(object.bind(py).clone());
            }
        }
        // Creates the object without the lock, because this can run arbitrary Python code.
        let object = Types::get(py)?.timestamp(py, time)?;
        self.block.transaction.lock_py_attached(py).time = Some((time.unix_micros(), object.clone().unbind()));
        Ok(object)
    }

    /// The transaction indicator: ``first``, ``middle``, ``last`` or ``only``.
    #[getter]
    fn transaction(&self) -> PyResult<Option<&'static str>> {
        Ok(self.change()?.transaction().name())
    }

    /// The row before the change. Raises `CorruptTrailError`, or `UnsupportedError` if it is encrypted.
    #[getter]
    fn before<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let (before, _) = self.images(py)?;
        self.row(py, before)
    }

    /// The row after the change. Raises the same errors as `before`.
    #[getter]
    fn after<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let (_, after) = self.images(py)?;
        self.row(py, after)
    }

    /// The columns that an update altered, each with the old and the new value. The old value is `MISSING` if the trail does
    /// not contain it; it is not known then whether the column was altered. Empty for other operations.
    #[getter]
    fn changed<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let (types, dict) = (Types::get(py)?, PyDict::new(py));
        let change = self.change()?;
        if !matches!(change.op(), Op::Update | Op::PkUpdate) {
            return Ok(dict);
        }
        let (before, after) = self.images(py)?;
        let is_key = |index: usize| change.table().columns().get(index).is_some_and(|column| column.key);
        for column in after.iter().flat_map(Row::columns) {
            let column = column.map_err(|fault| raised(py, &change.error(fault)))?;
            let old = before.as_ref().and_then(|before| before.at(column.index()));
            let old = match old {
                Some(old) if old.value() == column.value() => continue,
                Some(old) => types.value(py, &old.value())?,
                // An update without the old value of a key column did not change it.
                None if is_key(column.index()) && change.op() == Op::Update => continue,
                None => types.missing(py),
            };
            dict.set_item(&*column.name(), types.changed(py, old, types.value(py, &column.value())?)?)?;
        }
        Ok(dict)
    }

    /// The key columns of the changed row, as they were before the change. Empty if the table has no key or the images lack it.
    #[getter]
    fn key<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let change = self.change()?;
        let is_key = |index: usize| change.table().columns().get(index).is_some_and(|column| column.key);
        let (before, after) = self.images(py)?;
        // The key before the change identifies the row. An image can lack the key.
        for row in [before, after].into_iter().flatten() {
            let key = PyDict::new(py);
            self.fill(py, &key, &row, is_key)?;
            if !key.is_empty() {
                return Ok(key);
            }
        }
        Ok(PyDict::new(py))
    }

    /// True if its transaction breaks off after it: the trail ends there, or begins another transaction. Whether the rest is
    /// written later is not known.
    #[getter]
    fn unfinished(&self) -> PyResult<bool> {
        Ok(self.change()?.is_unfinished())
    }

    /// GoldenGate's own tokens of its record, without those of the transaction. User tokens are bytes under ``user``.
    #[getter]
    fn tokens<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.token_dict(py)
    }

    /// The text of a DDL change; `None` for other changes.
    #[getter]
    fn ddl(&self) -> PyResult<Option<String>> {
        Ok(self.change()?.ddl().map(|ddl| ddl.into_text().into_owned()))
    }

    /// The raw large-object fragments that follow its record. Their layout is not known.
    #[getter]
    fn fragments<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        Ok(self
            .change()?
            .trail()
            .into_iter()
            .flat_map(|trail| trail.fragments())
            .map(|record| PyBytes::new(py, record.data()))
            .collect())
    }

    /// Returns the change as a dict with the members of the native JSON form: ``seqno``, ``rba``, ``op``, ``table``, ``ts`` (an
    /// aware datetime), ``csn``, ``xid``, ``txn``, ``before``, ``after``, ``tokens``, and ``ddl`` for DDL changes.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let (types, change) = (Types::get(py)?, self.change()?);
        let (before, after) = self.images(py)?;
        let op = change.op();
        let dict = self.names()?.change(py, op)?;
        let position = change.position();
        match position.trail() {
            Some(position) => {
                dict.set_item(pyo3::intern!(py, "seqno"), position.seqno)?;
                dict.set_item(pyo3::intern!(py, "rba"), position.rba)?;
            }
            None => {
                dict.del_item(pyo3::intern!(py, "seqno"))?;
                dict.del_item(pyo3::intern!(py, "rba"))?;
                dict.set_item(pyo3::intern!(py, "position"), position.to_string())?;
            }
        }
        if op == Op::Ddl {
            dict.set_item(pyo3::intern!(py, "table"), self.table_name(py)?)?;
        }
        dict.set_item(pyo3::intern!(py, "ts"), self.timestamp(py)?)?;
        let (csn, xid) = self.ids(py)?;
        // A missing value stays `None`.
        if let Some(csn) = csn {
            dict.set_item(pyo3::intern!(py, "csn"), csn)?;
        }
        if let Some(xid) = xid {
            dict.set_item(pyo3::intern!(py, "xid"), xid)?;
        }
        if let Some(transaction) = types.words.transaction(py, change.transaction()) {
            dict.set_item(pyo3::intern!(py, "txn"), transaction)?;
        }
        if change.is_unfinished() {
            dict.set_item(pyo3::intern!(py, "unfinished"), true)?;
        }
        if let Some(before) = self.row(py, before)? {
            dict.set_item(pyo3::intern!(py, "before"), before)?;
        }
        if let Some(after) = self.row(py, after)? {
            dict.set_item(pyo3::intern!(py, "after"), after)?;
        }
        dict.set_item(pyo3::intern!(py, "tokens"), self.token_dict(py)?)?;
        if let Some(ddl) = change.ddl() {
            dict.set_item(pyo3::intern!(py, "ddl"), ddl.text())?;
        }
        Ok(dict)
    }

    /// Returns the change as one line of native JSON, without a line end. Numbers have exactly the digits of the trail.
    fn to_json(&self, py: Python<'_>) -> PyResult<String> {
        self.change()?.to_json().map_err(|error| raised(py, &error))
    }

    fn __getitem__<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        self.value(py, name)?.ok_or_else(|| PyKeyError::new_err(name.to_owned()))
    }

    /// Returns the value of a column as ``change[name]`` does, or the default if the column is missing.
    #[pyo3(signature = (name, default = None))]
    fn get<'py>(&self, py: Python<'py>, name: &str, default: Option<Bound<'py, PyAny>>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.value(py, name).map(|value| value.or(default))
    }

    fn __contains__(&self, py: Python<'_>, name: &Bound<'_, PyAny>) -> PyResult<bool> {
        name.extract::<String>().map_or(Ok(false), |name| Ok(self.value(py, &name)?.is_some()))
    }

    fn __repr__(&self) -> PyResult<String> {
        let change = self.change()?;
        let csn = change.csn().map_or_else(|| "None".to_owned(), |csn| format!("'{csn}'"));
        Ok(format!("<Change {} {} at {} csn={csn}>", change.op(), change.table_name(), change.position()))
    }

    fn _repr_html_<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("trailcore._html")?.getattr("change")?.call1((slf,))
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err("cannot pickle a Change; send change.to_dict() or change.to_json()"))
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }
}
