//! [`ProjectedKind`]: what an expression evaluates to, known before any row.

use crate::filter::eval::node::{Constant, Node};
use crate::filter::syntax::function::Function;
use crate::schema::{Kind, TableDef};

/// The values of a projected column, as far as its rule and the table's definition state them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProjectedKind {
    /// The column of the row with this index.
    Column(usize),
    /// Numbers.
    Number,
    /// Texts.
    Text,
    /// Bytes.
    Binary,
    /// It depends on the row, or is not known.
    Unknown,
}

impl ProjectedKind {
    /// Returns the kind of the values of a table's column.
    fn of_column(table: &TableDef, index: usize) -> Self {
        match table.columns().get(index).map(crate::schema::ColumnDef::kind) {
            Some(Kind::Text { .. } | Kind::DateTime) => Self::Text,
            Some(Kind::NumberText { .. } | Kind::Integer { .. }) => Self::Number,
            Some(Kind::Binary { .. }) => Self::Binary,
            Some(Kind::Opaque) | None => Self::Unknown,
        }
    }
}

impl Node {
    /// Returns the kind of its results on rows of a table. NULL and other states are no evidence of a kind.
    pub(crate) fn projected_kind(&self, table: &TableDef) -> ProjectedKind {
        match self {
            Self::Column(column) => ProjectedKind::Column(usize::from(column.index)),
            _ => self.kind(table).unwrap_or(ProjectedKind::Unknown),
        }
    }

    /// Returns the kind of its values; `None` if it has only states.
    pub(crate) fn kind(&self, table: &TableDef) -> Option<ProjectedKind> {
        Some(match self {
            Self::Constant(Constant::Null | Constant::Missing | Constant::Invalid) => return None,
            Self::Constant(Constant::Number(_)) => ProjectedKind::Number,
            Self::Constant(Constant::Text(_) | Constant::Special(_)) | Self::Token(_) | Self::StrNum(_) => ProjectedKind::Text,
            Self::Column(column) => ProjectedKind::of_column(table, usize::from(column.index)),
            Self::Negate(_)
            | Self::Arithmetic(..)
            | Self::Compare(..)
            | Self::IntegerIs(_)
            | Self::Find(_)
            | Self::OneOf(_)
            | Self::State(..)
            | Self::Where(_)
            | Self::All(_)
            | Self::Any(_)
            | Self::Range(_) => ProjectedKind::Number,
            Self::Compute(one) => return one.kind(table),
            Self::Date(plan) if plan.output.is_number() => ProjectedKind::Number,
            Self::Date(_) => ProjectedKind::Text,
            Self::Environment(_) | Self::Unavailable(_) => ProjectedKind::Unknown,
            Self::Call(function, arguments) => return kind_of_call(*function, arguments, table),
        })
    }
}

fn kind_of_call(function: Function, arguments: &[Node], table: &TableDef) -> Option<ProjectedKind> {
    // Results are at every second place, and the default at the end of an odd rest.
    let results = |from: usize| {
        let rest = arguments.get(from..).unwrap_or_default();
        rest.chunks(2).filter_map(|pair| pair.last())
    };
    match function {
        Function::If => common(arguments.iter().skip(1), table),
        Function::Case => common(results(1), table),
        Function::Eval => common(results(0), table),
        Function::BinToHex
        | Function::DateNow
        | Function::StrCat
        | Function::StrExt
        | Function::StrLTrim
        | Function::StrNCat
        | Function::StrNum
        | Function::StrRTrim
        | Function::StrSub
        | Function::StrTrim
        | Function::StrUp => Some(ProjectedKind::Text),
        Function::DateDiff
        | Function::NumBin
        | Function::NumStr
        | Function::StrCmp
        | Function::StrEq
        | Function::StrFind
        | Function::StrLen
        | Function::StrNCmp => Some(ProjectedKind::Number),
        Function::Binary => match arguments.first()?.kind(table)? {
            ProjectedKind::Text => Some(ProjectedKind::Binary),
            kind => Some(kind),
        },
        Function::HexToBin | Function::HighVal | Function::LowVal => Some(ProjectedKind::Binary),
        _ => Some(ProjectedKind::Unknown),
    }
}

/// Returns the kind that all have; unknown if they differ.
fn common<'n>(nodes: impl Iterator<Item = &'n Node>, table: &TableDef) -> Option<ProjectedKind> {
    nodes.filter_map(|node| node.kind(table)).reduce(|one, other| if one == other { one } else { ProjectedKind::Unknown })
}
