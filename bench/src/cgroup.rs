//! Makes memory cgroups, version 1 or 2, whichever has the memory controller, and reads what they are charged.

use std::fs;
use std::path::{Path, PathBuf};

/// A cgroup of our own, removed when dropped.
pub(crate) struct Cgroup {
    path: PathBuf,
    home: PathBuf,
    version: Version,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

/// Where new cgroups go, and where this process lives.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    version: Version,
    mount: PathBuf,
    home: PathBuf,
}

impl Cgroup {
    /// Makes a new, empty one.
    pub(crate) fn create(name: &str) -> Result<Self, String> {
        let read =
            |path: &str| fs::read_to_string(path).map_err(|error| format!("{path}: {error}"));
        let place = place(&read("/proc/self/mountinfo")?, &read("/proc/self/cgroup")?)
            .ok_or("no memory cgroup")?;
        let base = match place.version {
            Version::One => place.home.clone(),
            Version::Two => {
                delegating(&place).ok_or("no cgroup that hands the memory controller down")?
            }
        };
        let path = base.join(format!("bench-{}-{name}", std::process::id()));
        fs::create_dir(&path)
            .map_err(|error| format!("cannot make a cgroup in {}: {error}", base.display()))?;
        Ok(Self {
            path,
            home: place.home,
            version: place.version,
        })
    }

    /// The options by which the probe starts the init inside.
    pub(crate) fn options(&self) -> Vec<String> {
        vec![
            format!("cgroup={}", self.path.display()),
            format!("home={}", self.home.display()),
        ]
    }

    /// Bytes charged now: pages of the processes, of files, and of the kernel on their behalf.
    ///
    /// The sum of the parts, because the total itself counts what each core has reserved ahead (256 kB at a time).
    pub(crate) fn charge(&self) -> Result<u64, String> {
        let read = |file: &str| {
            let path = self.path.join(file);
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
        };
        let stat = read("memory.stat")?;
        let kernel = match self.version {
            Version::One => read("memory.kmem.usage_in_bytes")?.trim().parse().ok(),
            Version::Two => field(&stat, "kernel"),
        };
        let parts = match self.version {
            Version::One => [field(&stat, "rss"), field(&stat, "cache"), kernel],
            Version::Two => [field(&stat, "anon"), field(&stat, "file"), kernel],
        };
        parts
            .into_iter()
            .sum::<Option<u64>>()
            .ok_or("memory.stat lacks a field".into())
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // The dead leave a cgroup a moment after they are reaped.
        for _ in 0..100 {
            if fs::remove_dir(&self.path).is_ok() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        eprintln!("left behind: {}", self.path.display());
    }
}

/// The nearest cgroup above home that hands the memory controller to its children.
fn delegating(place: &Place) -> Option<PathBuf> {
    let controls = |folder: &&Path| {
        let control = fs::read_to_string(folder.join("cgroup.subtree_control"));
        control.is_ok_and(|text| text.split_whitespace().any(|name| name == "memory"))
    };
    place
        .home
        .ancestors()
        .take_while(|folder| folder.starts_with(&place.mount))
        .find(controls)
        .map(Path::to_owned)
}

/// Finds the memory controller in mountinfo, and this process in it.
fn place(mountinfo: &str, own: &str) -> Option<Place> {
    let mount = |kind: &str, option: &str| {
        mountinfo.lines().find_map(|line| {
            let (mount, filesystem) = line.split_once(" - ")?;
            let mut words = filesystem.split_whitespace();
            let fits = words.next()? == kind
                && words
                    .nth(1)?
                    .split(',')
                    .any(|word| option.is_empty() || word == option);
            let mut words = mount.split_whitespace().skip(3);
            let (root, point) = (words.next()?, words.next()?);
            fits.then(|| (root.to_owned(), PathBuf::from(point)))
        })
    };
    let home = |wanted: &str, root: &str, point: &Path| {
        own.lines().find_map(|line| {
            let mut parts = line.splitn(3, ':').skip(1);
            let (controllers, path) = (parts.next()?, parts.next()?);
            let inside = Path::new(path).strip_prefix(root).unwrap_or(Path::new(""));
            controllers
                .split(',')
                .any(|name| name == wanted)
                .then(|| point.join(inside))
        })
    };
    if let Some((root, point)) = mount("cgroup", "memory") {
        let home = home("memory", &root, &point)?;
        return Some(Place {
            version: Version::One,
            mount: point,
            home,
        });
    }
    let (root, point) = mount("cgroup2", "")?;
    let home = home("", &root, &point)?;
    Some(Place {
        version: Version::Two,
        mount: point,
        home,
    })
}

fn field(stat: &str, name: &str) -> Option<u64> {
    stat.lines().find_map(|line| {
        line.split_once(' ')
            .filter(|(key, _)| *key == name)?
            .1
            .trim()
            .parse()
            .ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_version_1_where_it_has_memory() {
        let mounts = "30 20 0:26 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n\
                      31 20 0:27 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n\
                      32 20 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
        let found = place(mounts, "5:memory:/job\n3:cpu:/\n0::/\n").unwrap();
        assert_eq!(found.version, Version::One);
        assert_eq!(found.home, Path::new("/sys/fs/cgroup/memory/job"));
    }

    #[test]
    fn finds_version_2_and_drops_the_root_of_the_mount() {
        let mounts =
            "32 20 0:28 /docker/a /sys/fs/cgroup rw,nosuid - cgroup2 cgroup rw,nsdelegate\n";
        let found = place(mounts, "0::/docker/a/job\n").unwrap();
        assert_eq!(found.version, Version::Two);
        assert_eq!(found.home, Path::new("/sys/fs/cgroup/job"));
        assert_eq!(place("", "0::/\n"), None);
    }

    #[test]
    fn reads_a_field_by_its_whole_name() {
        assert_eq!(field("rss_huge 1\nrss 4096\n", "rss"), Some(4096));
        assert_eq!(field("kernel_stack 1\n", "kernel"), None);
    }
}
