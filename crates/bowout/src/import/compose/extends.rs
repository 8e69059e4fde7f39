//! Merges services that extend others of the same file.

use super::yaml::{Data, Key, Node};

/// The most services that may extend each other in a row.
const LONGEST: usize = 32;

/// A service with what it takes from the one that it extends, where that is in this file.
///
/// # Errors
/// The service that is named is not there, or they extend each other in a circle.
pub(super) fn resolve(services: &Node, service: &Node) -> Result<Node, String> {
    let mut service = service.clone();
    for _ in 0..LONGEST {
        let Some(extends) = service.get("extends") else {
            return Ok(service);
        };
        if extends.get("file").is_some() {
            return Ok(service);
        }
        let name = extends
            .scalar()
            .or_else(|| extends.get("service").and_then(Node::scalar))
            .ok_or("names no service; accepted: a name, or { service: name }")?;
        let base = services.get(name).ok_or_else(|| {
            format!(
                "there is no service {:?}",
                super::super::document::excerpt(name)
            )
        })?;
        let own = without_extends(&service);
        service = merged(base, &own);
    }
    Err("services extend each other in a circle".into())
}

fn without_extends(service: &Node) -> Node {
    let mut service = service.clone();
    if let Data::Map(entries) = &mut service.data {
        entries.retain(|(key, _)| key.text != "extends");
    }
    service
}

/// `own` over `base`, as Compose merges: maps by their keys, lists one behind the other, commands not.
fn merged(base: &Node, own: &Node) -> Node {
    let (Data::Map(below), Data::Map(above)) = (&base.data, &own.data) else {
        return own.clone();
    };
    let mut entries: Vec<(Key, Node)> = below.clone();
    for (key, node) in above {
        let there = entries.iter_mut().find(|(there, _)| there.text == key.text);
        let Some((_, there)) = there else {
            entries.push((key.clone(), node.clone()));
            continue;
        };
        if key.text == "environment" {
            *there = merged(&as_map(there), &as_map(node));
            continue;
        }
        *there = match (&there.data, &node.data, key.text.as_str()) {
            (_, _, "command" | "entrypoint" | "test") => node.clone(),
            (Data::Map(_), Data::Map(_), _) => merged(there, node),
            (Data::List(first), Data::List(second), _) => Node {
                at: node.at,
                data: Data::List(first.iter().chain(second).cloned().collect()),
            },
            (_, _, _) => node.clone(),
        };
    }
    Node {
        at: own.at,
        data: Data::Map(entries),
    }
}

/// Variables that are written as a list, as a map.
fn as_map(node: &Node) -> Node {
    let Data::List(list) = &node.data else {
        return node.clone();
    };
    let entry = |node: &Node| {
        let text = node.scalar().unwrap_or_default();
        let (name, data) = match text.split_once('=') {
            Some((name, value)) => (name, Data::Scalar(value.to_owned())),
            None => (text, Data::Null),
        };
        let (at, text) = (node.at, name.to_owned());
        (Key { at, text }, Node { at, data })
    };
    Node {
        at: node.at,
        data: Data::Map(list.iter().map(entry).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::yaml;
    use super::*;

    fn resolved(text: &str) -> Result<String, String> {
        let services = yaml::read("t", text).unwrap();
        resolve(&services, services.get("web").unwrap()).map(|node| node.shown())
    }

    #[test]
    fn what_is_extended_is_merged() {
        let text = "base: {command: [a, b], ports: [1], environment: {A: x, B: y}, user: u}\n\
                    web: {extends: base, command: [c], ports: [2], environment: {B: z}}\n";
        let expected = "command: c, ports: 1, 2, environment: A: x, B: z, user: u";
        assert_eq!(resolved(text).as_deref(), Ok(expected));
        let text = "base: {environment: [A=x, B=y]}\nweb: {extends: base, environment: {B: z}}";
        assert_eq!(resolved(text).as_deref(), Ok("environment: A: x, B: z"));
        assert!(resolved("web: {extends: {service: nobody}}").is_err());
        assert!(
            resolved("web: {extends: web, a: b}")
                .unwrap_err()
                .contains("circle")
        );
        assert!(resolved("web: {extends: {file: x, service: y}}").is_ok());
    }
}
