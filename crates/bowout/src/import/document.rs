//! Holds what will be bowout.toml: services with what was said of them, and what could not be taken over
//! beside what could.

use super::template::Template;

/// A comment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Remark {
    /// Something to know; nothing is lost.
    Note(String),
    /// Something that has no equivalent.
    Missing {
        /// What was said, as it was written.
        what: String,
        /// Why it has none, and what to do.
        why: String,
    },
}

/// A value of TOML.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Value {
    /// A string.
    Text(Template),
    /// An integer.
    Integer(i64),
    /// A boolean.
    Flag(bool),
    /// An array.
    List(Vec<Value>),
    /// A table, in the order in which it is written.
    Table(Vec<(String, Value)>),
}

/// A line of a service's table, or a comment in its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Line {
    /// A comment.
    Remark(Remark),
    /// A key and its value.
    Entry(&'static str, Value),
}

/// The table of one service.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Service {
    /// Its name.
    pub(crate) name: String,
    /// What stands in front of its table.
    pub(crate) above: Vec<Remark>,
    /// What stands in it.
    pub(crate) lines: Vec<Line>,
}

/// A part of the file, set off by a blank line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Block {
    /// Comments.
    Remarks(Vec<Remark>),
    /// A service.
    Service(Service),
}

/// The whole file.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Document {
    /// Its parts, in the order in which they are written.
    pub(crate) blocks: Vec<Block>,
}

impl Document {
    /// Puts comments at the end, where there are any.
    pub(crate) fn remarks(&mut self, remarks: Vec<Remark>) {
        if !remarks.is_empty() {
            self.blocks.push(Block::Remarks(remarks));
        }
    }

    /// Puts a service at the end.
    pub(crate) fn service(&mut self, service: Service) {
        self.blocks.push(Block::Service(service));
    }

    /// The services.
    pub(crate) fn services(&self) -> impl Iterator<Item = &Service> {
        self.blocks.iter().filter_map(|block| match block {
            Block::Service(service) => Some(service),
            Block::Remarks(_) => None,
        })
    }

    /// How many things could not be taken over.
    pub(crate) fn missing(&self) -> usize {
        self.blocks
            .iter()
            .flat_map(|block| match block {
                Block::Remarks(remarks) => remarks.iter().collect::<Vec<_>>(),
                Block::Service(service) => service.remarks().collect(),
            })
            .filter(|remark| matches!(remark, Remark::Missing { .. }))
            .count()
    }
}

impl Service {
    /// A service of which nothing is said yet.
    pub(crate) fn new(name: &str) -> Service {
        Service {
            name: name.to_owned(),
            above: Vec::new(),
            lines: Vec::new(),
        }
    }

    /// Says something of it.
    pub(crate) fn set(&mut self, key: &'static str, value: impl Into<Value>) {
        self.lines.push(Line::Entry(key, value.into()));
    }

    /// A comment in its table.
    pub(crate) fn note(&mut self, text: impl Into<String>) {
        self.lines.push(Line::Remark(Remark::Note(text.into())));
    }

    /// A comment in its table on something that has no equivalent.
    pub(crate) fn missing(&mut self, what: impl Into<String>, why: impl Into<String>) {
        self.lines.push(Line::Remark(missing(what, why)));
    }

    /// Whether something was said by this key.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.lines
            .iter()
            .any(|line| matches!(line, Line::Entry(there, _) if *there == key))
    }

    fn remarks(&self) -> impl Iterator<Item = &Remark> {
        let inside = self.lines.iter().filter_map(|line| match line {
            Line::Remark(remark) => Some(remark),
            Line::Entry(..) => None,
        });
        self.above.iter().chain(inside)
    }
}

/// A comment on something that has no equivalent.
pub(crate) fn missing(what: impl Into<String>, why: impl Into<String>) -> Remark {
    Remark::Missing {
        what: what.into(),
        why: why.into(),
    }
}

/// What was written, as far as it fits into a comment.
pub(crate) fn excerpt(text: &str) -> String {
    /// As much as a reader needs to find the place again.
    const LONGEST: usize = 60;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(Template::literal(text))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::from(text.as_str())
    }
}

impl From<Template> for Value {
    fn from(text: Template) -> Value {
        Value::Text(text)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Value {
        Value::Flag(flag)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Value {
        Value::Integer(number)
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(list: Vec<T>) -> Value {
        Value::List(list.into_iter().map(Into::into).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_lost_is_counted() {
        let mut document = Document::default();
        document.remarks(vec![Remark::Note("hello".into()), missing("a", "b")]);
        let mut service = Service::new("web");
        service.above.push(missing("c", "d"));
        service.missing("e", "f");
        service.note("g");
        service.set("user", "app");
        document.service(service);
        assert_eq!(document.missing(), 3);
        assert_eq!(document.services().count(), 1);
    }

    #[test]
    fn an_excerpt_is_one_line() {
        assert_eq!(excerpt("a\n  b\t c"), "a b c");
        assert_eq!(excerpt(&"é".repeat(80)).chars().count(), 61);
    }
}
