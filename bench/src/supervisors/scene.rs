//! Says which services a manager gets, in words that hold for every manager.

use std::path::Path;

use super::figures::CLEAN_UP;

/// One service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Service {
    pub(super) name: String,
    /// The program and its arguments; none has a blank or a character that any configuration treats specially.
    pub(super) words: Vec<String>,
    /// The service that it needs: starts after it, stops before it.
    pub(super) needs: Option<String>,
    /// Whether its restarts come one a second, where the manager can be told; else as the manager does by itself.
    pub(super) paced: bool,
}

/// Makes services that all report in the same way.
pub(super) struct Cast<'a> {
    pub(super) child: &'a Path,
    pub(super) fifo: &'a Path,
}

impl Cast<'_> {
    /// So many that do nothing and end by SIGTERM.
    pub(super) fn idle(&self, count: usize) -> Vec<Service> {
        self.many(count, "pause")
    }

    /// So many that clean up after SIGTERM.
    pub(super) fn clean(&self, count: usize) -> Vec<Service> {
        self.many(count, &CLEAN_UP.to_string())
    }

    /// web ignores SIGTERM and needs app, app needs db; these two take a second each.
    pub(super) fn chain(&self) -> Vec<Service> {
        let needing = |service: Service, needs: &str| Service {
            needs: Some(needs.into()),
            ..service
        };
        vec![
            self.service("db", "1000"),
            needing(self.service("app", "1000"), "db"),
            needing(self.service("web", "ignore"), "app"),
        ]
    }

    /// One that ends at once whenever it is started, and one that keeps the manager from having nothing left.
    pub(super) fn crash(&self, paced: bool) -> Vec<Service> {
        let crash = Service {
            paced,
            ..self.service("crash", "crash")
        };
        vec![self.service("keeper", "pause"), crash]
    }

    fn many(&self, count: usize, kind: &str) -> Vec<Service> {
        let named = |number: usize| self.service(&format!("s{number:04}"), kind);
        (0..count).map(named).collect()
    }

    fn service(&self, name: &str, kind: &str) -> Service {
        let words = [
            &self.child.display().to_string(),
            "work",
            &self.fifo.display().to_string(),
            name,
            kind,
        ];
        Service {
            name: name.into(),
            words: words.map(str::to_owned).to_vec(),
            needs: None,
            paced: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chain_is_in_the_order_of_its_start() {
        let (child, fifo) = (Path::new("/c"), Path::new("/f"));
        let services = Cast { child, fifo }.chain();
        let order: Vec<_> = services
            .iter()
            .map(|service| (service.name.as_str(), service.needs.as_deref()))
            .collect();
        assert_eq!(
            order,
            [("db", None), ("app", Some("db")), ("web", Some("app"))]
        );
        assert_eq!(services[2].words, ["/c", "work", "/f", "web", "ignore"]);
    }
}
