//! Turns priorities, which supervisord starts by and stops by in reverse, into dependencies.

use std::collections::BTreeMap;

/// A process as far as the order goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Place {
    /// The service's name.
    pub(crate) name: String,
    /// The priority of its group.
    pub(crate) priority: i64,
    /// Whether it is started with the others.
    pub(crate) autostart: bool,
}

/// What each service waits for: those of the next lower priority. Who is not started with the others
/// waits for nobody, and nobody for it.
pub(crate) fn dependencies(places: &[Place]) -> BTreeMap<String, Vec<String>> {
    let mut levels: BTreeMap<i64, Vec<&Place>> = BTreeMap::new();
    for place in places.iter().filter(|place| place.autostart) {
        levels.entry(place.priority).or_default().push(place);
    }
    let levels: Vec<Vec<&Place>> = levels.into_values().collect();
    let mut found = BTreeMap::new();
    for pair in levels.windows(2) {
        let [lower, higher] = pair else { continue };
        let names: Vec<String> = lower.iter().map(|place| place.name.clone()).collect();
        for place in higher {
            found.insert(place.name.clone(), names.clone());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_priority_waits_for_the_one_below_it() {
        let place = |name: &str, priority, autostart| Place {
            name: name.into(),
            priority,
            autostart,
        };
        let found = dependencies(&[
            place("web", 30, true),
            place("db", 10, true),
            place("cache", 10, true),
            place("manual", 20, false),
            place("late", 999, true),
        ]);
        assert_eq!(found.get("db"), None);
        assert_eq!(found.get("manual"), None);
        assert_eq!(found["web"], ["db", "cache"]);
        assert_eq!(found["late"], ["web"]);
        assert!(dependencies(&[place("a", 1, true), place("b", 1, true)]).is_empty());
    }
}
