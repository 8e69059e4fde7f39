//! Names the resources that setrlimit(2) limits.

/// A resource that the kernel limits for each process (prlimit(2)).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Resource(usize);

impl Resource {
    /// All names: those that prlimit(1) and Compose use, by the kernel's numbers.
    pub const NAMES: [&'static str; 16] = [
        "cpu",
        "fsize",
        "data",
        "stack",
        "core",
        "rss",
        "nproc",
        "nofile",
        "memlock",
        "as",
        "locks",
        "sigpending",
        "msgqueue",
        "nice",
        "rtprio",
        "rttime",
    ];

    /// The resource of this name.
    #[must_use = "makes a value and changes nothing"]
    pub fn from_name(name: &str) -> Option<Resource> {
        let mut names = Resource::NAMES.iter();
        names.position(|known| *known == name).map(Resource)
    }

    /// Its name.
    #[must_use = "reads a value and changes nothing"]
    pub const fn name(self) -> &'static str {
        Resource::NAMES[self.0]
    }

    pub(super) const fn number(self) -> usize {
        self.0
    }
}

impl std::fmt::Display for Resource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// How much of a resource there is, in the unit of setrlimit(2): bytes, seconds, or a count.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Limit {
    /// Of what.
    pub resource: Resource,
    /// What counts now; `None`: unlimited.
    pub soft: Option<u64>,
    /// How far the program itself may raise that; `None`: unlimited.
    pub hard: Option<u64>,
}

impl Limit {
    /// As the kernel wants them (`struct rlimit64`).
    pub(super) fn values(&self) -> [u64; 2] {
        // RLIM64_INFINITY.
        [self.soft, self.hard].map(|limit| limit.unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_at_the_numbers_of_the_kernel() {
        for (name, number) in [
            ("cpu", libc::RLIMIT_CPU),
            ("fsize", libc::RLIMIT_FSIZE),
            ("data", libc::RLIMIT_DATA),
            ("stack", libc::RLIMIT_STACK),
            ("core", libc::RLIMIT_CORE),
            ("rss", libc::RLIMIT_RSS),
            ("nproc", libc::RLIMIT_NPROC),
            ("nofile", libc::RLIMIT_NOFILE),
            ("memlock", libc::RLIMIT_MEMLOCK),
            ("as", libc::RLIMIT_AS),
            ("locks", libc::RLIMIT_LOCKS),
            ("sigpending", libc::RLIMIT_SIGPENDING),
            ("msgqueue", libc::RLIMIT_MSGQUEUE),
            ("nice", libc::RLIMIT_NICE),
            ("rtprio", libc::RLIMIT_RTPRIO),
            ("rttime", libc::RLIMIT_RTTIME),
        ] {
            let resource = Resource::from_name(name).unwrap();
            assert_eq!(resource.number(), usize::try_from(number).unwrap());
            assert_eq!(resource.to_string(), name);
        }
        assert_eq!(Resource::from_name("NOFILE"), None);
    }
}
