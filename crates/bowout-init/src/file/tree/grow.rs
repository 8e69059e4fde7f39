//! Decides which lines may add to which tables of the tree, by <https://toml.io/en/v1.1.0>.

use super::{DEEPEST, Data, Name, Node, Origin, Table};
use crate::file::finding::Finding;
use crate::file::lookup::is_known;
use crate::file::source::{Place, Source};

/// The table that is, or that was added last to the array that is, at a position.
pub(super) fn inner<'t, 's>(
    table: &'t mut Table<'s>,
    position: usize,
) -> Option<&'t mut Table<'s>> {
    let (_, node) = table.entries.get_mut(position)?;
    if node.data.list().is_some() {
        return node.data.list_mut()?.last_mut()?.data.table_mut();
    }
    node.data.table_mut()
}

fn already(name: &Name<'_>, first: Place) -> Finding {
    Finding::error(name.place, format!("`{}` is there already", name.text))
        .hint("each is given once".to_owned())
        .also(first, "the first is here".to_owned())
}

fn complete(name: &Name<'_>, there: &Name<'_>, node: &Node<'_>) -> Finding {
    let text = format!(
        "nothing can be added to `{}`, {} that is complete",
        name.text,
        node.data.name()
    );
    Finding::error(name.place, text).also(there.place, "it is here".to_owned())
}

/// Puts a value where its keys say, from a table on.
pub(super) fn insert<'s>(
    mut table: &mut Table<'s>,
    mut names: Vec<Name<'s>>,
    node: Node<'s>,
    source: &Source,
) -> Option<Finding> {
    let key = names.last().map(|name| name.text.clone());
    let finding = 'refused: {
        if names.iter().any(|name| name.is_broken) {
            break 'refused None;
        }
        let Some(last) = names.pop() else {
            break 'refused None;
        };
        if names.len() >= DEEPEST {
            let text = format!("this is nested too deeply; accepted: up to {DEEPEST} levels");
            break 'refused Some(Finding::error(last.place, text));
        }
        for name in names {
            let position = match table.find(&name.text) {
                None => table.add(name.clone(), made(Origin::Dotted, name.place)),
                Some(position) => position,
            };
            let (there, node) = &table.entries[position];
            let grows =
                |table: &Table<'_>| matches!(table.origin, Origin::Dotted | Origin::Implied);
            if !node.data.table().is_some_and(grows) {
                break 'refused Some(complete(&name, there, node));
            }
            match inner(table, position) {
                Some(found) => table = found,
                None => break 'refused None,
            }
            // From now on no header may claim it.
            table.origin = Origin::Dotted;
        }
        match table.find(&last.text) {
            Some(position) => Some(already(&last, table.entries[position].0.place)),
            None => {
                table.add(last, node);
                return None;
            }
        }
    };
    // What has no key of ours is not known to be no secret, and nobody else will look at it.
    if !key.is_some_and(|key| is_known(&key)) {
        node.hide(source);
    }
    finding
}

fn made<'s>(origin: Origin, place: Place) -> Node<'s> {
    Node {
        place,
        data: Data::Table(Table::new(origin)),
    }
}

/// The positions of the table that a header names, which is made where it is not there.
pub(super) fn open_table<'s>(
    root: &mut Table<'s>,
    mut names: Vec<Name<'s>>,
    is_list: bool,
) -> Result<Vec<usize>, Finding> {
    let mut table = root;
    let mut path = Vec::with_capacity(names.len());
    let last = names.pop();
    for name in names {
        let position = match table.find(&name.text) {
            None => table.add(name.clone(), made(Origin::Implied, name.place)),
            Some(position) => position,
        };
        path.push(position);
        let (there, node) = &table.entries[position];
        let refused = complete(&name, there, node);
        table = inner(table, position)
            .filter(|table| table.origin != Origin::Braces)
            .ok_or(refused)?;
    }
    let Some(name) = last else {
        return Ok(path);
    };
    let Some(position) = table.find(&name.text) else {
        let place = name.place;
        let node = made(Origin::Header, place);
        let data = Data::List(vec![made(Origin::Header, place)]);
        path.push(table.add(name, if is_list { Node { place, data } } else { node }));
        return Ok(path);
    };
    path.push(position);
    let (there, node) = &mut table.entries[position];
    if let Some(items) = node.data.list_mut() {
        // An array of tables has one at least, and they have headers; any other array is complete.
        let last = items.last().and_then(|item| item.data.table());
        if is_list && last.is_some_and(|table| table.origin == Origin::Header) {
            items.push(made(Origin::Header, name.place));
            return Ok(path);
        }
    } else if let Some(table) = node.data.table_mut()
        && !is_list
        && table.origin == Origin::Implied
    {
        table.origin = Origin::Header;
        node.place = name.place;
        there.place = name.place;
        return Ok(path);
    }
    Err(already(&name, there.place))
}
