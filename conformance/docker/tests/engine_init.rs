//! Runs `docker run --init` on a second engine whose `--init-path` is the init under test.

use conformance_docker::container::Run;
use conformance_docker::engine::Engine;
use conformance_docker::image::Image;
use conformance_docker::init::Init;
use conformance_docker::second_engine::SecondEngine;
use conformance_docker::skip::{not_applicable, skip};
use conformance_docker::workplace::Scratch;

#[test]
fn the_engine_takes_it_as_its_init_and_reads_its_version() {
    if Engine::or_skip().is_none() {
        return;
    }
    let init = Init::under_test().unwrap_or_else(|error| panic!("{error}"));
    if !init.is_static() || !(init.is_bowout() || init.name().starts_with("tini")) {
        return not_applicable("an engine's init is static and speaks tini's command line");
    }
    let folder = Scratch::new();
    let path = folder.path().join("docker-init");
    std::fs::copy(init.path(), &path).expect("copy the init");
    let second = match SecondEngine::start(&path) {
        Ok(second) => second,
        Err(reason) => return skip(&reason),
    };
    let engine = second.engine();
    let ask = |words: &[&str]| {
        engine
            .run(words)
            .unwrap_or_else(|error| panic!("docker {words:?}: {error}"))
    };

    // `docker info` names the binary and reads a version from it; an engine that can't read it says so.
    assert_eq!(
        ask(&["info", "--format", "{{.InitBinary}}"]),
        path.display().to_string()
    );
    let components = ask(&[
        "version",
        "--format",
        "{{range .Server.Components}}{{.Name}}={{.Version}}\n{{end}}",
    ]);
    let version = components
        .lines()
        .find_map(|line| line.strip_prefix("docker-init="));
    let version = version.unwrap_or_else(|| panic!("no docker-init in {components}"));
    assert!(
        version.starts_with(|first: char| first.is_ascii_digit()),
        "the engine can't read the version: {version:?}"
    );

    // PID 1 is the init, the program is told and ends by itself, and what it left behind is waited for.
    let command = ["sh", "/programs/daemon.sh", "/programs/bin/app"];
    let mut container = Run::new(&engine, Image::Busybox)
        .flags(&["--init"])
        .command(&command)
        .start();
    container.ready(2);
    assert!(
        container
            .exec(&["readlink", "/proc/1/exe"])
            .ends_with("docker-init")
    );
    let stop = container.stop(10);
    drop(container);
    let main = stop
        .records
        .iter()
        .filter(|record| record.name == "main" && record.event == "done")
        .count();
    assert_eq!(main, 1, "{:#?}", stop.records);
    assert_eq!(stop.exit_code, 0);
    if init.is_bowout() {
        assert!(stop.graceful(), "{:?}", stop.unfinished());
    }
}
