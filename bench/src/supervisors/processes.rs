//! Looks at all processes of a PID namespace from outside, and adds up those that are the manager's own.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// What the processes of a manager have used.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Usage {
    /// How many processes there are.
    pub(super) processes: usize,
    /// Memory in kilobytes, what is shared divided by those who share it.
    pub(super) pss: f64,
    /// Context switches of both kinds, of all threads.
    pub(super) switches: f64,
    /// Processor time of all threads, in nanoseconds.
    pub(super) time: f64,
}

/// Adds up every process in the PID namespace of `init` that does not run `child`.
///
/// A process that ends meanwhile counts as not there.
pub(super) fn usage(init: &str, child: &Path) -> Result<Usage, String> {
    let own = namespace(init).ok_or(format!("the manager (pid {init}) is gone"))?;
    let mut sum = Usage::default();
    let all = fs::read_dir("/proc").map_err(|error| format!("/proc: {error}"))?;
    for entry in all {
        let entry = entry.map_err(|error| format!("/proc: {error}"))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with(|first: char| first.is_ascii_digit())
            || namespace(&name).as_ref() != Some(&own)
        {
            continue;
        }
        // A process without a program is one that has ended.
        let Ok(program) = fs::read_link(format!("/proc/{name}/exe")) else {
            continue;
        };
        if program != child {
            add(&mut sum, &name)?;
        }
    }
    Ok(sum)
}

fn namespace(pid: &str) -> Option<std::path::PathBuf> {
    fs::read_link(format!("/proc/{pid}/ns/pid")).ok()
}

fn add(sum: &mut Usage, pid: &str) -> Result<(), String> {
    let folder = format!("/proc/{pid}");
    let Some(rollup) = read(&format!("{folder}/smaps_rollup"))? else {
        return Ok(());
    };
    let threads = match fs::read_dir(format!("{folder}/task")) {
        Ok(threads) => threads,
        Err(_) => return Ok(()),
    };
    sum.processes += 1;
    sum.pss += number(&rollup, "Pss:").ok_or(format!("{folder}/smaps_rollup lacks Pss"))?;
    for thread in threads.flatten() {
        let folder = thread.path();
        let folder = folder.display();
        let (Some(status), Some(times)) = (
            read(&format!("{folder}/status"))?,
            read(&format!("{folder}/schedstat"))?,
        ) else {
            continue;
        };
        for name in ["voluntary_ctxt_switches:", "nonvoluntary_ctxt_switches:"] {
            sum.switches += number(&status, name).ok_or(format!("{folder}/status lacks {name}"))?;
        }
        let time = times.split_whitespace().next();
        sum.time += time
            .and_then(|time| time.parse::<f64>().ok())
            .ok_or(format!("{folder}/schedstat has no time"))?;
    }
    Ok(())
}

/// The text of a file of /proc; none where its process is gone.
fn read(path: &str) -> Result<Option<String>, String> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        // ESRCH comes from a read that began when the process was still there.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error()) => {
            Ok(None)
        }
        Err(error) => Err(format!("{path}: {error}")),
    }
}

fn number(text: &str, name: &str) -> Option<f64> {
    text.lines().find_map(|line| {
        let mut words = line.strip_prefix(name)?.split_whitespace();
        words.next()?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_in_its_own_namespace_unless_it_is_the_child() {
        let own = std::process::id().to_string();
        let with = usage(&own, Path::new("/nobody")).unwrap();
        assert!(with.processes >= 1 && with.pss > 0.0 && with.time > 0.0);
        assert!(usage("0", Path::new("/nobody")).is_err());
    }

    #[test]
    fn numbers_are_found_by_their_whole_name() {
        let text = "nonvoluntary_ctxt_switches:\t3\nvoluntary_ctxt_switches:\t12\nPss:  688 kB\n";
        assert_eq!(number(text, "voluntary_ctxt_switches:"), Some(12.0));
        assert_eq!(number(text, "Pss:"), Some(688.0));
        assert_eq!(number(text, "Swap:"), None);
    }
}
