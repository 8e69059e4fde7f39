//! Builds the image of an example on a machine without a registry.

use std::fs;
use std::path::{Path, PathBuf};

use crate::engine::Engine;
use crate::image::{Built, Image, build};
use crate::init::Init;
use crate::workplace::Scratch;

/// Where the examples are.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

/// Builds `examples/NAME/Dockerfile` with our `bowout-init`. Two things differ from what a user does: the base
/// image is the one of this machine, and packages are not installed, because that one has them.
///
/// # Errors
/// A base image that has no counterpart here, or what the engine says.
pub fn image(engine: &Engine, name: &str) -> Result<Built, String> {
    let context = Scratch::new();
    let describe = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    let from = folder().join(name);
    for entry in fs::read_dir(&from).map_err(|error| describe(&from, error))? {
        let path = entry.map_err(|error| describe(&from, error))?.path();
        let to = context.path().join(path.file_name().unwrap_or_default());
        fs::copy(&path, &to).map_err(|error| describe(&path, error))?;
    }
    let init = Init::bowout()?;
    let to = context.path().join("bowout-init");
    fs::copy(init.path(), &to).map_err(|error| describe(init.path(), error))?;
    let dockerfile = context.path().join("Dockerfile");
    let text = fs::read_to_string(&dockerfile).map_err(|error| describe(&dockerfile, error))?;
    let text = on_this_machine(&text, |base| counterpart(base)?.tag(engine))?;
    fs::write(&dockerfile, text).map_err(|error| describe(&dockerfile, error))?;
    build(engine, context.path())
}

fn counterpart(base: &str) -> Result<Image, String> {
    match base.split(':').next() {
        Some("busybox") => Ok(Image::Busybox),
        Some("debian" | "python") => Ok(Image::Stack),
        _ => Err(format!("no base image of this machine for {base}")),
    }
}

/// The Dockerfile with these base images and without `RUN apt-get`.
fn on_this_machine(
    dockerfile: &str,
    tag: impl Fn(&str) -> Result<String, String>,
) -> Result<String, String> {
    let mut text = String::new();
    for line in dockerfile.lines() {
        if let Some(base) = line.strip_prefix("FROM ") {
            text += &format!("FROM {}\n", tag(base.trim())?);
        } else if !line.starts_with("RUN apt-get ") {
            text += &format!("{line}\n");
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::on_this_machine;

    #[test]
    fn only_the_base_image_and_the_packages_differ() {
        let text =
            "FROM debian:12-slim\nRUN apt-get update && apt-get install -y x\nRUN true\nCOPY a /\n";
        let tag = |base: &str| Ok(format!("here/{base}"));
        assert_eq!(
            on_this_machine(text, tag).as_deref(),
            Ok("FROM here/debian:12-slim\nRUN true\nCOPY a /\n")
        );
    }

    #[test]
    fn an_unknown_base_image_is_an_error() {
        let tag = |base: &str| super::counterpart(base).map(|_| String::new());
        let error = on_this_machine("FROM gcc:14 AS build\n", tag);
        assert_eq!(
            error,
            Err("no base image of this machine for gcc:14 AS build".to_owned())
        );
    }
}
