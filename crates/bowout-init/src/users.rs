//! Looks users and groups up in /etc/passwd and /etc/group, and nowhere else.
//!
//! Not getpwnam(3): a static program can't load the C library's plug-ins for it, and an image may have
//! neither file. Numbers need no file.

use crate::cli::UserSpec;
use bowout_sys::spawn::Credentials;
use std::path::Path;

/// What is read of either file. PID 1 reads them when it starts a service, and 1,000 users fit often.
const LONGEST: usize = 1 << 20;

/// A user as the command will be one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct User {
    /// Numbers.
    pub(crate) credentials: Credentials,
    /// Name and home directory, where the user has an entry.
    pub(crate) entry: Option<(String, String)>,
}

/// Finds the user in the machine's files.
///
/// # Errors
/// What is not there, and what to do instead; the caller knows who asked for it.
#[cold]
pub(crate) fn find(spec: &UserSpec) -> Result<User, String> {
    find_in(spec, &file("/etc/passwd"), &file("/etc/group"))
}

/// The numbers of these groups.
///
/// # Errors
/// Which one is not there, and what to do instead.
#[cold]
pub(crate) fn groups(names: &[String]) -> Result<Vec<u32>, String> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let group = file("/etc/group");
    names.iter().map(|name| find_group(name, &group)).collect()
}

/// One that is not there, or no file at all, knows nobody.
fn file(path: &str) -> String {
    let read = bowout_sys::files::read_small(Path::new(path), LONGEST);
    let text = read.ok().flatten().map(|file| file.text);
    String::from_utf8_lossy(&text.unwrap_or_default()).into_owned()
}

fn find_in(spec: &UserSpec, passwd: &str, group: &str) -> Result<User, String> {
    let number: Option<u32> = spec.user.parse().ok();
    // passwd(5): name, password, uid, gid, comment, home, shell.
    let entry = passwd
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| {
            fields.len() >= 7
                && match number {
                    Some(number) => fields[2].parse() == Ok(number),
                    None => fields[0] == spec.user,
                }
        });
    let uid = match (number, &entry) {
        (Some(number), _) => number,
        (None, Some(fields)) => read(fields[2], "/etc/passwd", &spec.user)?,
        (None, None) => {
            return Err(format!(
                "no user {:?} in /etc/passwd; give a number",
                spec.user
            ));
        }
    };
    let own_gid = match &entry {
        Some(fields) => Some(read(fields[3], "/etc/passwd", &spec.user)?),
        None => None,
    };
    let (gid, groups) = match (&spec.group, &entry) {
        (Some(name), _) => {
            let gid = find_group(name, group)?;
            (gid, vec![gid])
        }
        (None, Some(fields)) => {
            let gid = own_gid.unwrap_or(0);
            let mut groups = member_of(fields[0], group);
            if !groups.contains(&gid) {
                groups.insert(0, gid);
            }
            (gid, groups)
        }
        // As container engines do for a number without an entry.
        (None, None) => (0, vec![0]),
    };
    Ok(User {
        credentials: Credentials { uid, gid, groups },
        entry: entry.map(|fields| (fields[0].to_owned(), fields[5].to_owned())),
    })
}

/// group(5): name, password, gid, members.
fn find_group(name: &str, group: &str) -> Result<u32, String> {
    if let Ok(number) = name.parse() {
        return Ok(number);
    }
    let found = group
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| fields.len() >= 3 && fields[0] == name);
    match found {
        Some(fields) => read(fields[2], "/etc/group", name),
        None => Err(format!("no group {name:?} in /etc/group; give a number")),
    }
}

fn member_of(user: &str, group: &str) -> Vec<u32> {
    group
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .filter(|fields| fields.len() >= 4 && fields[3].split(',').any(|member| member == user))
        .filter_map(|fields| fields[2].parse().ok())
        .collect()
}

fn read(number: &str, file: &str, name: &str) -> Result<u32, String> {
    number
        .parse()
        .map_err(|_| format!("{file}: the entry of {name:?} has no number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str =
        "root:x:0:0:root:/root:/bin/sh\nbroken\nweb:x:33:44::/srv/web:/bin/false\nbad:x:x:1::/:/\n";
    const GROUP: &str = "root:x:0:\ntls:x:50:mail,web\nlogs:x:51:web\nodd\n";

    fn credentials(user: &str, group: Option<&str>) -> Result<Credentials, String> {
        let spec = UserSpec {
            user: user.into(),
            group: group.map(str::to_owned),
        };
        find_in(&spec, PASSWD, GROUP).map(|user| user.credentials)
    }

    #[test]
    fn names_and_numbers_are_found() {
        let web = Credentials {
            uid: 33,
            gid: 44,
            groups: vec![44, 50, 51],
        };
        assert_eq!(credentials("web", None), Ok(web.clone()));
        assert_eq!(credentials("33", None), Ok(web));
        assert_eq!(
            credentials("web", Some("tls")),
            Ok(Credentials {
                uid: 33,
                gid: 50,
                groups: vec![50]
            })
        );
        assert_eq!(
            credentials("7", None),
            Ok(Credentials {
                uid: 7,
                gid: 0,
                groups: vec![0]
            })
        );
        assert_eq!(
            credentials("7", Some("8")),
            Ok(Credentials {
                uid: 7,
                gid: 8,
                groups: vec![8]
            })
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(
            credentials("nobody", None).unwrap_err(),
            "no user \"nobody\" in /etc/passwd; give a number"
        );
        assert_eq!(
            credentials("web", Some("x")).unwrap_err(),
            "no group \"x\" in /etc/group; give a number"
        );
        assert!(
            credentials("bad", None)
                .unwrap_err()
                .contains("has no number")
        );
    }
}
