//! Finds the init under test: a binary of this machine, mounted read-only into every container.

use std::fs;
use std::path::{Path, PathBuf};

use crate::workplace;

/// An init with the options it is always given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Init {
    path: PathBuf,
    options: Vec<String>,
}

impl Init {
    /// The init named by `INIT_UNDER_TEST`, or the static `bowout-init`. The error says what to do.
    pub fn under_test() -> Result<Self, String> {
        match std::env::var("INIT_UNDER_TEST") {
            Ok(line) if !line.trim().is_empty() => Self::parse(&line),
            _ => Self::bowout(),
        }
    }

    /// Reads a command line such as `dumb-init` or `/usr/bin/tini -g`.
    pub fn parse(line: &str) -> Result<Self, String> {
        let mut words = line.split_whitespace().map(str::to_owned);
        let name = words.next().ok_or("the name of an init is empty")?;
        let options = words.collect();
        if name == "bowout-init" {
            return Self::bowout().map(|init| Self { options, ..init });
        }
        let folders = std::env::var("PATH").unwrap_or_default();
        let path = if name.contains('/') {
            Some(PathBuf::from(&name)).filter(|path| path.exists())
        } else {
            folders
                .split(':')
                .map(|folder| Path::new(folder).join(&name))
                .find(|path| path.exists())
        };
        let path = path.ok_or_else(|| format!("no init {name} on this machine"))?;
        let path = fs::canonicalize(&path)
            .map_err(|error| format!("cannot find {}: {error}", path.display()))?;
        Ok(Self { path, options })
    }

    /// Our own: from `BOWOUT_BIN_DIR` if that is set, else the static release build.
    pub fn bowout() -> Result<Self, String> {
        let release = format!("{}-unknown-linux-musl/release", std::env::consts::ARCH);
        let folders = match std::env::var("BOWOUT_BIN_DIR") {
            Ok(folder) => vec![PathBuf::from(folder)],
            Err(_) => vec![
                workplace::target().join(&release),
                workplace::workspace_target().join(&release),
            ],
        };
        folders
            .iter()
            .map(|folder| folder.join("bowout-init"))
            .find_map(|path| fs::canonicalize(path).ok())
            .map(|path| Self { path, options: Vec::new() })
            .ok_or_else(|| {
                format!("no bowout-init in {}: cargo build --release -p bowout-init --target {}-unknown-linux-musl",
                    folders[0].display(), std::env::consts::ARCH)
            })
    }

    /// The binary on this machine.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The options given in front of the `--`.
    pub fn options(&self) -> &[String] {
        &self.options
    }

    /// The binary's file name.
    pub fn name(&self) -> &str {
        self.path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or("init")
    }

    /// What a table calls it: `tini -g`.
    pub fn title(&self) -> String {
        [&[self.name().to_owned()], self.options()]
            .concat()
            .join(" ")
    }

    /// Whether it is ours, by its own name: some tests ask for what only ours promises.
    pub fn is_bowout(&self) -> bool {
        self.name() == "bowout-init"
    }

    /// Whether it runs in an image that has no dynamic loader.
    pub fn is_static(&self) -> bool {
        // A dynamic ELF program names its loader; the path stands in the first page of every one that linkers make.
        let binary = fs::read(&self.path).unwrap_or_default();
        let start = &binary[..binary.len().min(4096)];
        !start
            .windows(6)
            .any(|bytes| bytes == b"/ld-li" || bytes == b"/ld-mu")
    }
}

#[cfg(test)]
mod tests {
    use super::Init;

    #[test]
    fn a_command_line_is_a_binary_and_its_options() {
        let init = Init::parse("sh -e -u").expect("every machine has a shell");
        assert!(init.path().is_absolute());
        assert_eq!(init.options(), ["-e", "-u"]);
        assert!(!init.is_bowout());
    }

    #[test]
    fn an_unknown_name_is_an_error_that_names_it() {
        assert_eq!(
            Init::parse("no-such-init -g"),
            Err("no init no-such-init on this machine".to_owned())
        );
    }
}
