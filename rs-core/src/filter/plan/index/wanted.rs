//! [`Wanted`]: the values of one column that the first test of a rule wants, if the index understands it.

use crate::filter::eval::calls::{Find, OneOf};
use crate::filter::eval::column::ColumnUse;
use crate::filter::eval::node::{Constant, IntegerIs, Node, WhereOperand, WhereTest};
use crate::filter::syntax::expr::Relation;
use crate::filter::syntax::function::Function;

/// One of these must hold for a value, or the test fails.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    pub(super) column: ColumnUse,
    pub(super) any_of: Vec<Want<'a>>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Want<'a> {
    Integer(&'a IntegerIs),
    /// The text is this one, but for trailing blanks.
    Equal(&'a str),
    /// The text contains this one.
    Contains(&'a [u8]),
}

impl<'a> Wanted<'a> {
    /// Returns what a test wants; `None` if it may accept other values, or reads more than one column.
    pub(super) fn of(node: &'a Node) -> Option<Self> {
        match node {
            Node::IntegerIs(test) => Self::one(test.column, Want::Integer(test)),
            Node::Call(Function::StrEq, arguments) => match &**arguments {
                [Node::Column(column), Node::Constant(Constant::Text(text))]
                | [Node::Constant(Constant::Text(text)), Node::Column(column)] => Self::one(*column, Want::Equal(text)),
                _ => None,
            },
            Node::Find(find) => Self::of_find(find),
            Node::OneOf(one_of) => Self::of_list(one_of),
            Node::Where(test) => Self::of_where(test),
            Node::Compare(relation, two) => match &**two {
                (test, Node::Constant(Constant::Number(number))) => Self::of_truth(test, *relation, *number),
                (Node::Constant(Constant::Number(number)), test) => Self::of_truth(test, relation.mirrored(), *number),
                _ => None,
            },
            Node::Any(list) => Self::any(list),
            _ => None,
        }
    }

    fn one(column: ColumnUse, want: Want<'a>) -> Option<Self> {
        Some(Self { column, any_of: vec![want] })
    }

    fn of_find(find: &'a Find<Node>) -> Option<Self> {
        let Node::Column(column) = find.text else { return None };
        Self::one(column, Want::Contains(find.finder.needle()))
    }

    fn of_list(one_of: &'a OneOf<Node>) -> Option<Self> {
        let (Node::Column(column), true) = (&one_of.value, one_of.others.is_empty()) else { return None };
        Some(Self { column: *column, any_of: one_of.texts.iter().map(|text| Want::Equal(text)).collect() })
    }

    fn of_where(test: &'a WhereTest) -> Option<Self> {
        match (test.relation, &test.operand) {
            (Relation::Eq, WhereOperand::Constant(Constant::Text(text))) => Self::one(test.column, Want::Equal(text)),
            _ => None,
        }
    }

    /// A comparison such as `@STRFIND (MEMO, 'cash') > 0`: a function whose result is 0 if the wanted text is not there.
    fn of_truth(test: &'a Node, relation: Relation, number: crate::change::Decimal) -> Option<Self> {
        let accepts_no = relation.holds(crate::change::Decimal::from(0).compare(number));
        let is_function = matches!(test, Node::Call(..) | Node::Find(_) | Node::OneOf(_));
        if is_function && !accepts_no { Self::of(test) } else { None }
    }

    /// Alternatives on the same column, as a list of values that it may have.
    fn any(list: &'a [Node]) -> Option<Self> {
        let mut all = list.iter().map(Self::of);
        let mut any = all.next()??;
        for other in all {
            let other = other?;
            if (other.column.index, other.column.side) != (any.column.index, any.column.side) {
                return None;
            }
            any.any_of.extend(other.any_of);
        }
        Some(any)
    }
}
