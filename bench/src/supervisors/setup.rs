//! Writes the configuration of each manager, and gives the words that start it.
//!
//! Each is set up as its manual shows it, with what it is made for switched on (restarts; a control socket where that is usual), and with
//! its own log turned away, since nobody reads it here.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::scene::Service;

/// What a configuration is made of.
pub(super) struct Setup<'a> {
    /// Empty, and the manager's own.
    pub(super) folder: &'a Path,
    /// The manager.
    pub(super) program: &'a Path,
    pub(super) services: &'a [Service],
}

impl Setup<'_> {
    fn put(&self, name: &str, text: &str) -> io::Result<String> {
        let path = self.folder.join(name);
        fs::write(&path, text)?;
        Ok(path.display().to_string())
    }

    fn inside(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    fn call(&self, words: &[&str]) -> Vec<String> {
        let mut call = vec![self.program.display().to_string()];
        call.extend(words.iter().map(|word| (*word).to_owned()));
        call
    }
}

/// One table for each service; the platform's grace is what `docker stop` gives.
pub(super) fn bowout(setup: &Setup<'_>) -> io::Result<Vec<String>> {
    let mut text = format!(
        "grace = \"10s\"\ncontrol = \"{}\"\n",
        setup.inside("control.sock")
    );
    for service in setup.services {
        text += &format!(
            "\n[service.{}]\ncommand = {:?}\nrestart = \"always\"\n",
            service.name, service.words
        );
        if let Some(needs) = &service.needs {
            text += &format!("depends_on = [\"{needs}\"]\n");
        }
        if service.paced {
            text += "restart_delay = \"1s\"\nrestart_delay_max = \"1s\"\n";
        }
    }
    let file = setup.put("bowout.toml", &text)?;
    Ok(setup.call(&["--config", &file]))
}

/// Order by priorities, since it has no dependencies. A program's output goes nowhere rather than into a log file.
pub(super) fn supervisord(setup: &Setup<'_>) -> io::Result<Vec<String>> {
    // Three pipes for each program, and what it needs itself.
    let descriptors = 1_024 + 4 * setup.services.len();
    let mut text = format!(
        "[supervisord]\nnodaemon=true\nlogfile=/dev/null\nlogfile_maxbytes=0\npidfile={}\nminfds={descriptors}\n\
         [unix_http_server]\nfile={}\n\
         [rpcinterface:supervisor]\nsupervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n",
        setup.inside("pid"),
        setup.inside("sock"),
    );
    for (priority, service) in setup.services.iter().enumerate() {
        // Formatting into a string cannot fail.
        let _ = write!(
            text,
            "[program:{}]\ncommand={}\nstdout_logfile=NONE\nstderr_logfile=NONE\n",
            service.name,
            service.words.join(" ")
        );
        if setup.services.iter().any(|service| service.needs.is_some()) {
            let _ = writeln!(text, "priority={}", priority + 1);
        }
    }
    let file = setup.put("supervisord.conf", &text)?;
    Ok(setup.call(&["-c", &file]))
}

/// A folder for each service, with a run script.
pub(super) fn s6(setup: &Setup<'_>) -> io::Result<Vec<String>> {
    let folder = run_scripts(setup)?;
    // It takes 500 services unless told otherwise.
    let most = setup.services.len().max(500).to_string();
    Ok(setup.call(&["-c", &most, &folder]))
}

/// As with s6.
pub(super) fn runit(setup: &Setup<'_>) -> io::Result<Vec<String>> {
    let folder = run_scripts(setup)?;
    Ok(setup.call(&["-P", &folder]))
}

fn run_scripts(setup: &Setup<'_>) -> io::Result<String> {
    let folder = setup.folder.join("services");
    for service in setup.services {
        let own = folder.join(&service.name);
        fs::create_dir_all(&own)?;
        let script = own.join("run");
        fs::write(
            &script,
            format!("#!/bin/sh\nexec {}\n", service.words.join(" ")),
        )?;
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
    }
    Ok(folder.display().to_string())
}

/// A file for each service, and one that needs all of them.
pub(super) fn dinit(setup: &Setup<'_>) -> io::Result<Vec<String>> {
    fs::create_dir(setup.folder.join("services"))?;
    let mut boot = "type = internal\n".to_owned();
    for service in setup.services {
        let mut text = format!(
            "type = process\ncommand = {}\nrestart = yes\n",
            service.words.join(" ")
        );
        if let Some(needs) = &service.needs {
            text += &format!("depends-on = {needs}\n");
        }
        if service.paced {
            text += "restart-delay = 1\nrestart-limit-count = 0\n";
        }
        setup.put(&format!("services/{}", service.name), &text)?;
        boot += &format!("waits-for = {}\n", service.name);
    }
    setup.put("services/boot", &boot)?;
    let (folder, socket) = (setup.inside("services"), setup.inside("sock"));
    Ok(setup.call(&["-o", "-d", &folder, "-p", &socket, "-l", "/dev/null"]))
}

/// A section for each service, order by priorities: the greatest starts first.
pub(super) fn circus(setup: &Setup<'_>) -> io::Result<Vec<String>> {
    let mut text = format!(
        "[circus]\nendpoint = ipc://{}\npubsub_endpoint = ipc://{}\n",
        setup.inside("endpoint"),
        setup.inside("pubsub")
    );
    for (place, service) in setup.services.iter().enumerate() {
        let _ = write!(
            text,
            "[watcher:{}]\ncmd = {}\npriority = {}\n",
            service.name,
            service.words.join(" "),
            setup.services.len() - place
        );
    }
    let file = setup.put("circus.ini", &text)?;
    Ok(setup.call(&["--log-output", "/dev/null", &file]))
}

/// A file for each service.
pub(super) fn horust(setup: &Setup<'_>) -> io::Result<Vec<String>> {
    fs::create_dir(setup.folder.join("services"))?;
    for service in setup.services {
        let mut text = format!("command = \"{}\"\n", service.words.join(" "));
        if let Some(needs) = &service.needs {
            text += &format!("start-after = [\"{needs}.toml\"]\n");
        }
        text += "[restart]\nstrategy = \"always\"\n";
        if service.paced {
            text += "backoff = \"1s\"\nattempts = 1000\n";
        }
        setup.put(&format!("services/{}.toml", service.name), &text)?;
    }
    let folder = setup.inside("services");
    let socket = setup.folder.display().to_string();
    Ok(setup.call(&["--services-path", &folder, "--uds-folder-path", &socket]))
}

/// All of it on the command line; it has no restarts.
pub(super) fn multirun(setup: &Setup<'_>) -> io::Result<Vec<String>> {
    let commands: Vec<String> = setup
        .services
        .iter()
        .map(|service| service.words.join(" "))
        .collect();
    Ok(setup.call(&commands.iter().map(String::as_str).collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_script_becomes_the_program() {
        let folder = std::env::temp_dir().join(format!("bench-setup-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        let services = [Service {
            name: "web".into(),
            words: vec!["/bin/true".into(), "x".into()],
            needs: None,
            paced: false,
        }];
        let program = Path::new("/usr/bin/s6-svscan");
        let setup = Setup {
            folder: &folder,
            program,
            services: &services,
        };
        let call = s6(&setup).unwrap();
        let script = fs::read_to_string(folder.join("services/web/run"));
        let toml = bowout(&setup).map(|_| fs::read_to_string(folder.join("bowout.toml")));
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(
            call[..3],
            ["/usr/bin/s6-svscan".to_owned(), "-c".into(), "500".into()]
        );
        assert_eq!(script.unwrap(), "#!/bin/sh\nexec /bin/true x\n");
        let toml = toml.unwrap().unwrap();
        assert!(
            toml.contains("[service.web]\ncommand = [\"/bin/true\", \"x\"]\n"),
            "{toml}"
        );
    }
}
