//! Knows the keys of a Compose service that have no equivalent in one container, and says why.

use super::super::document::Remark;
use super::reader::Reader;
use super::yaml::{Data, Node};

/// Why each key has none, and what to do.
const REASONS: [(&str, &str); 71] = {
    const CONTAINER: &str = "belongs to the container";
    const NETWORK: &str = "all services share the container's network; the others are at 127.0.0.1";
    const IMAGE: &str = "its programs and files have to be in the one image";
    const CGROUP: &str = "limits the container, not a process in it";
    const MOUNTS: &str = "mount it into the container";
    [
        ("annotations", CONTAINER),
        ("attach", "`log` says what becomes of output"),
        ("blkio_config", CGROUP),
        ("build", IMAGE),
        ("cap_add", CONTAINER),
        ("cap_drop", CONTAINER),
        ("cgroup", CONTAINER),
        ("cgroup_parent", CONTAINER),
        (
            "configs",
            "mount it into the container, or COPY it into the image",
        ),
        ("container_name", CONTAINER),
        ("cpu_count", CGROUP),
        ("cpu_percent", CGROUP),
        ("cpu_period", CGROUP),
        ("cpu_quota", CGROUP),
        ("cpu_rt_period", CGROUP),
        ("cpu_rt_runtime", CGROUP),
        ("cpu_shares", CGROUP),
        ("cpus", CGROUP),
        ("cpuset", CGROUP),
        ("credential_spec", CONTAINER),
        ("develop", "is for work at the desk"),
        ("device_cgroup_rules", CONTAINER),
        ("devices", CONTAINER),
        ("dns", CONTAINER),
        ("dns_opt", CONTAINER),
        ("dns_search", CONTAINER),
        ("domainname", CONTAINER),
        ("driver_opts", CONTAINER),
        ("expose", NETWORK),
        ("external_links", NETWORK),
        ("extra_hosts", CONTAINER),
        ("gpus", CONTAINER),
        ("hostname", CONTAINER),
        ("image", IMAGE),
        ("ipc", CONTAINER),
        ("isolation", CONTAINER),
        ("label_file", CONTAINER),
        ("labels", CONTAINER),
        ("links", NETWORK),
        ("mac_address", CONTAINER),
        ("mem_limit", CGROUP),
        ("mem_reservation", CGROUP),
        ("mem_swappiness", CGROUP),
        ("memswap_limit", CGROUP),
        ("models", "bowout runs programs, and no models"),
        ("network_mode", CONTAINER),
        ("networks", NETWORK),
        ("oom_kill_disable", CGROUP),
        ("pid", CONTAINER),
        ("pids_limit", CGROUP),
        ("platform", IMAGE),
        ("ports", "publish it where the container is started"),
        ("privileged", CONTAINER),
        ("provider", "it is run by Compose, outside of any container"),
        ("pull_policy", IMAGE),
        ("read_only", CONTAINER),
        ("runtime", CONTAINER),
        (
            "secrets",
            "mount it into the container; `environment_from_file` puts what is in a file into a variable",
        ),
        ("security_opt", CONTAINER),
        ("shm_size", CONTAINER),
        ("stdin_open", CONTAINER),
        ("storage_opt", CONTAINER),
        ("sysctls", CONTAINER),
        ("tmpfs", MOUNTS),
        ("tty", CONTAINER),
        ("use_api_socket", CONTAINER),
        ("userns_mode", CONTAINER),
        ("uts", CONTAINER),
        ("volumes", MOUNTS),
        ("volumes_from", MOUNTS),
        ("volume_driver", MOUNTS),
    ]
};

/// Says of a key of a service why it has no equivalent.
pub(super) fn lose(reader: &mut Reader<'_>, key: &str, node: &Node) {
    let is_empty = match &node.data {
        Data::Null => true,
        Data::List(list) => list.is_empty(),
        Data::Map(entries) => entries.is_empty(),
        Data::Scalar(_) => false,
    };
    if key.starts_with("x-") || is_empty {
        return;
    }
    let reason = REASONS.iter().find(|(there, _)| *there == key);
    match reason {
        // What is built with may be long, and may be secret.
        Some((_, why)) if key == "build" => {
            let context = node
                .scalar()
                .or_else(|| node.get("context").and_then(Node::scalar));
            let context = super::super::document::excerpt(context.unwrap_or("…"));
            reader.remarks.push(super::super::document::missing(
                format!("build: {context}"),
                *why,
            ));
        }
        Some((_, why)) => reader.lose(key, node, why),
        None => reader.lose(key, node, "Compose doesn't know it either"),
    }
}

/// Says of a key at the top of the file why it has no equivalent.
pub(super) fn lose_top(reader: &mut Reader<'_>, key: &str, node: &Node) {
    const LATER: &str =
        "`docker compose config` puts it all into one file; import what that prints";
    let names: Vec<&str> = match &node.data {
        Data::Map(entries) => entries.iter().map(|(key, _)| key.text.as_str()).collect(),
        Data::Null | Data::Scalar(_) | Data::List(_) => Vec::new(),
    };
    let shown = match names.is_empty() {
        true => node.shown(),
        false => names.join(", "),
    };
    let what = match shown.is_empty() {
        true => key.to_owned(),
        false => format!("{key}: {}", super::super::document::excerpt(&shown)),
    };
    let why = match key {
        "name" | "version" | "services" => return,
        key if key.starts_with("x-") => return,
        "networks" => "all services share the container's network",
        "volumes" => "mount them into the container",
        "secrets" | "configs" => "mount them into the container",
        "models" => "bowout runs programs, and no models",
        "include" => LATER,
        _ => "Compose doesn't know it either",
    };
    reader.remarks.push(Remark::Missing {
        what,
        why: why.to_owned(),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_is_there_twice() {
        for pair in REASONS[..70].windows(2) {
            assert!(pair[0].0 < pair[1].0, "{} {}", pair[0].0, pair[1].0);
        }
    }
}
