//! Orders services by who depends on whom.

use super::{PlanError, Service, ServiceId};
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

/// Who depends on whom, both ways, without a circle.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Graph {
    dependencies: Vec<Vec<ServiceId>>,
    dependents: Vec<Vec<ServiceId>>,
    /// Every service after those that it depends on.
    order: Vec<ServiceId>,
    /// Where each is in that order.
    places: Vec<usize>,
}

impl Graph {
    /// Reads `depends_on` of all services. A service that is named twice counts once.
    pub(super) fn new(services: &[Service]) -> Result<Graph, PlanError> {
        let mut dependencies = vec![Vec::new(); services.len()];
        let mut dependents = vec![Vec::new(); services.len()];
        for (index, service) in services.iter().enumerate() {
            for on in service.depends_on.iter().map(|dependency| &dependency.on) {
                if on.0 >= services.len() {
                    return Err(PlanError::UnknownDependency(service.name.clone()));
                }
                if !dependencies[index].contains(on) {
                    dependencies[index].push(*on);
                    dependents[on.0].push(ServiceId(index));
                }
            }
        }
        let order = order(services, &dependencies, &dependents)?;
        let mut places = vec![0; order.len()];
        for (place, id) in order.iter().enumerate() {
            places[id.0] = place;
        }
        Ok(Graph {
            dependencies,
            dependents,
            order,
            places,
        })
    }

    /// What must be up before `service` starts, and stops after it.
    #[must_use = "reads a value and changes nothing"]
    pub fn dependencies(&self, service: ServiceId) -> &[ServiceId] {
        &self.dependencies[service.0]
    }

    /// What must be down before `service` is stopped.
    #[must_use = "reads a value and changes nothing"]
    pub fn dependents(&self, service: ServiceId) -> &[ServiceId] {
        &self.dependents[service.0]
    }

    /// Every service after those it depends on.
    #[must_use = "reads a value and changes nothing"]
    pub fn start_order(&self) -> &[ServiceId] {
        &self.order
    }

    /// Where a service is in that order.
    #[must_use = "reads a value and changes nothing"]
    pub fn place(&self, service: ServiceId) -> usize {
        self.places[service.0]
    }

    /// For each service the longest way down from it, by the lengths given, its own included: what
    /// passes from the moment it is told to stop until all that stops after it is down.
    #[must_use = "makes a value and changes nothing"]
    pub fn longest_below(&self, length: impl Fn(ServiceId) -> Duration) -> Vec<Duration> {
        let mut longest = vec![Duration::ZERO; self.order.len()];
        for id in &self.order {
            let below = self.dependencies[id.0].iter().map(|on| longest[on.0]).max();
            longest[id.0] = length(*id).saturating_add(below.unwrap_or_default());
        }
        longest
    }
}

/// Kahn's algorithm; what is left over at its end lies on a circle, or behind one.
fn order(
    services: &[Service],
    dependencies: &[Vec<ServiceId>],
    dependents: &[Vec<ServiceId>],
) -> Result<Vec<ServiceId>, PlanError> {
    let mut missing: Vec<usize> = dependencies.iter().map(Vec::len).collect();
    let free = |(index, count): (usize, &usize)| (*count == 0).then_some(ServiceId(index));
    let mut order: Vec<ServiceId> = missing.iter().enumerate().filter_map(free).collect();
    let mut at = 0;
    while let Some(id) = order.get(at) {
        at += 1;
        for on in &dependents[id.0] {
            missing[on.0] -= 1;
            if missing[on.0] == 0 {
                order.push(*on);
            }
        }
    }
    match order.len() == services.len() {
        true => Ok(order),
        false => Err(PlanError::Cycle(cycle(services, dependencies, &missing))),
    }
}

/// Walks along dependencies that could not be ordered until a service comes up again.
fn cycle(
    services: &[Service],
    dependencies: &[Vec<ServiceId>],
    missing: &[usize],
) -> Vec<alloc::string::String> {
    let stuck = |id: &ServiceId| missing[id.0] > 0;
    let mut path: Vec<ServiceId> = Vec::new();
    let mut at = (0..services.len()).map(ServiceId).find(stuck);
    while let Some(id) = at {
        if let Some(start) = path.iter().position(|seen| *seen == id) {
            path.drain(..start);
            break;
        }
        path.push(id);
        at = dependencies[id.0].iter().copied().find(stuck);
    }
    path.iter().map(|id| services[id.0].name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn services(edges: &[(usize, usize)], count: usize) -> Vec<Service> {
        let mut services: Vec<Service> = (0..count)
            .map(|index| Service::new(&index.to_string()))
            .collect();
        for (from, to) in edges {
            services[*from].depends_on.push(ServiceId(*to).into());
        }
        services
    }

    #[test]
    fn a_diamond_is_ordered_and_measured() {
        let graph = Graph::new(&services(&[(0, 1), (0, 2), (1, 3), (2, 3), (0, 1)], 4)).unwrap();
        assert_eq!(graph.start_order().first(), Some(&ServiceId(3)));
        assert_eq!(graph.start_order().last(), Some(&ServiceId(0)));
        assert_eq!(
            graph.dependencies(ServiceId(0)).len(),
            2,
            "named twice, counted once"
        );
        let longest = graph.longest_below(|id| Duration::from_secs(1 + id.0 as u64));
        assert_eq!(longest[0], Duration::from_secs(1 + 3 + 4));
    }

    #[test]
    fn a_circle_is_named() {
        let error = Graph::new(&services(&[(0, 1), (1, 2), (2, 1)], 3)).unwrap_err();
        assert_eq!(error, PlanError::Cycle(vec!["1".into(), "2".into()]));
        let error = Graph::new(&services(&[(0, 0)], 1)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "services depend on each other in a circle: 0 → 0"
        );
    }

    #[test]
    fn what_is_not_there_is_refused() {
        assert!(matches!(
            Graph::new(&services(&[(0, 7)], 1)),
            Err(PlanError::UnknownDependency(_))
        ));
    }
}
