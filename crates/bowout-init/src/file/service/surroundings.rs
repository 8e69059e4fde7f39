//! Lists the keys about whom a service runs as, and with what.

use super::Draft;
use super::environment::{ENV_FILE, ENVIRONMENT, FROM_FILE};
use super::limits::LIMITS;
use crate::cli::UserSpec;
use crate::file::key::{Form, Key, Shape, Take};
use crate::file::reader::{Filled, Reader};
use crate::file::tree::Node;

pub(super) const KEYS: &[Key<Draft>] = &[
    Key {
        name: "user",
        default: "bowout's own",
        about: "Whom it runs as. Names are looked up in /etc/passwd and /etc/group; numbers need neither.",
        example: "user = \"www-data:www-data\"",
        take: Take::Other(&USER, |reader, draft, node| {
            draft.settings.user = reader.user(node)
        }),
        ..Key::PLAIN
    },
    Key {
        name: "groups",
        aliases: &["group_add"],
        elsewhere: &["supplementary_groups", "group"],
        default: "none",
        about: "Supplementary groups beside those that /etc/group gives the user.",
        example: "groups = [\"ssl-cert\", 44]",
        take: Take::Other(&GROUPS, |reader, draft, node| {
            draft.settings.groups = reader.groups(node)
        }),
        ..Key::PLAIN
    },
    Key {
        name: "working_dir",
        elsewhere: &[
            "working_directory",
            "directory",
            "dir",
            "cwd",
            "workdir",
            "chdir",
        ],
        default: "bowout's own",
        about: "Its working directory.",
        example: "working_dir = \"/srv/web\"",
        take: Take::Path(|draft, path| draft.settings.working_dir = Some(path)),
        ..Key::PLAIN
    },
    Key {
        name: "environment",
        elsewhere: &["env", "vars", "variables", "env_vars"],
        default: "bowout's own",
        about: "Variables on top of bowout's own environment and of the files below. `false` takes one away; in \
                an array a name without a value passes bowout's own on.",
        example: "environment = { PORT = 8080, DEBUG = false }",
        take: Take::Other(&ENVIRONMENT, |reader, draft, node| {
            reader.environment(draft, node)
        }),
        ..Key::PLAIN
    },
    Key {
        name: "env_file",
        elsewhere: &["environment_file", "dotenv"],
        default: "none",
        about: "Files with `NAME=value` lines, as `docker run --env-file` reads them. What is in `environment` \
                goes before.",
        example: "env_file = [\"app.env\", { path = \"local.env\", required = false }]",
        take: Take::Other(&ENV_FILE, |reader, draft, node| {
            reader.env_file(draft, node)
        }),
        ..Key::PLAIN
    },
    Key {
        name: "environment_from_file",
        elsewhere: &["secrets"],
        default: "none",
        about: "Variables whose values are what is in these files, without the newline at the end: secrets. \
                They are read when the service starts.",
        example: "environment_from_file = { DB_PASSWORD = \"/run/secrets/db_password\" }",
        take: Take::Other(&FROM_FILE, |reader, draft, node| {
            reader.variables_from_files(draft, node)
        }),
        ..Key::PLAIN
    },
    Key {
        name: "umask",
        default: "bowout's own",
        about: "Permissions that new files do not get (umask(2)), in octal.",
        example: "umask = \"027\"",
        take: Take::Other(&UMASK, |reader, draft, node| {
            draft.settings.umask = reader.umask(node)
        }),
        ..Key::PLAIN
    },
    Key {
        name: "limits",
        aliases: &["ulimits"],
        elsewhere: &["rlimits", "rlimit", "ulimit"],
        default: "bowout's own",
        about: "Resource limits (setrlimit(2)), by the names of prlimit(1). One number is both the soft and the \
                hard limit.",
        example: "limits = { nofile = { soft = 1024, hard = 65536 }, core = 0 }",
        take: Take::Other(&LIMITS, |reader, draft, node| reader.limits(draft, node)),
        ..Key::PLAIN
    },
    Key {
        name: "nice",
        elsewhere: &["priority"],
        default: "bowout's own",
        about: "Its priority (nice(2)); less is more.",
        example: "nice = 10",
        take: Take::Whole(-20, 19, |draft, number| {
            draft.settings.nice = i32::try_from(number).ok();
        }),
        ..Key::PLAIN
    },
    Key {
        name: "oom_score_adj",
        elsewhere: &["oom_score_adjust"],
        default: "bowout's own",
        about: "How early the kernel kills it for want of memory (proc(5)); more is earlier.",
        example: "oom_score_adj = 500",
        take: Take::Whole(-1000, 1000, |draft, number| {
            draft.settings.oom_score_adj = i32::try_from(number).ok();
        }),
        ..Key::PLAIN
    },
    Key {
        name: "no_new_privs",
        elsewhere: &["no_new_privileges"],
        default: "false",
        about: "Whether it can gain no privileges by an exec (prctl(2), `PR_SET_NO_NEW_PRIVS`).",
        example: "no_new_privs = true",
        take: Take::Switch(|draft, value| draft.settings.no_new_privs = value),
        ..Key::PLAIN
    },
];

const USER: Form = Form {
    accepted: "a user, or a user and a group, by name or number: \"www-data\", \"1000:1000\"",
    shape: Shape::Either(&[
        Shape::Pattern("^[^:]+(:[^:]+)?$"),
        Shape::Whole(0, 0xffff_fffe),
    ]),
};

const GROUPS: Form = Form {
    accepted: "an array of groups, by name or number",
    shape: Shape::List(&Shape::Either(&[Shape::Text, Shape::Whole(0, 0xffff_fffe)])),
};

const UMASK: Form = Form {
    accepted: "an octal number as a text, \"000\" to \"777\", such as \"027\"",
    shape: Shape::Pattern("^0*[0-7]{1,3}$"),
};

impl Reader<'_> {
    /// A name, or a number that may be written as one.
    fn identity(&mut self, node: &Node<'_>, accepted: &str) -> Option<String> {
        let text = match self.filled(node) {
            Filled::Text(text) => Some(text.into_owned()),
            // (uid_t) -1 is nobody: setresuid(2) takes it for "as it is".
            Filled::Other => {
                let number = node
                    .data
                    .whole()
                    .filter(|number| (0..0xffff_ffff).contains(number));
                number.map(|number| number.to_string())
            }
            Filled::Broken => return None,
        };
        let text = text.filter(|text| !text.is_empty());
        if text.is_none() {
            self.refuse(node, accepted);
        }
        text
    }

    fn user(&mut self, node: &Node<'_>) -> Option<UserSpec> {
        let text = self.identity(node, USER.accepted)?;
        let (user, group) = match text.split_once(':') {
            Some((user, group)) => (user, Some(group)),
            None => (text.as_str(), None),
        };
        if user.is_empty() || group.is_some_and(|group| group.is_empty() || group.contains(':')) {
            self.refuse(node, USER.accepted);
            return None;
        }
        let (user, group) = (user.to_owned(), group.map(str::to_owned));
        Some(UserSpec { user, group })
    }

    fn groups(&mut self, node: &Node<'_>) -> Option<Vec<String>> {
        let Some(items) = node.data.list() else {
            self.refuse(node, GROUPS.accepted);
            return None;
        };
        let groups = items
            .iter()
            .filter_map(|item| self.identity(item, GROUPS.accepted));
        Some(groups.collect())
    }

    fn umask(&mut self, node: &Node<'_>) -> Option<u32> {
        let text = match self.filled(node) {
            Filled::Text(text) => text,
            // A number would be a decimal one, and 27 is not what anybody means by it.
            Filled::Other => {
                self.refuse(node, UMASK.accepted);
                return None;
            }
            Filled::Broken => return None,
        };
        let is_octal = !text.is_empty() && text.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
        let mask = u32::from_str_radix(&text, 8)
            .ok()
            .filter(|mask| is_octal && *mask <= 0o777);
        if mask.is_none() {
            self.refuse(node, UMASK.accepted);
        }
        mask
    }
}
