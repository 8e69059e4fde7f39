//! Builds the image of an example on a machine without a registry.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use crate::engine::{Engine, LABEL};
use crate::image::{Image, build};
use crate::init::Init;
use crate::workplace::{self, Scratch};

/// Where the examples are.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

/// Builds `examples/NAME/Dockerfile` with our `bowout-init` and returns the image's tag. Two things differ from
/// what a user does: the base image is the one of this machine, and packages are not installed, because that one
/// has them. An image stays until something of it changes: building takes longer than running.
///
/// # Errors
/// A base image that has no counterpart here, or what the engine says.
pub fn image(engine: &Engine, name: &str) -> Result<String, String> {
    let context = Scratch::new();
    let describe = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    let from = folder().join(name);
    let mut files = vec![Init::bowout()?.path().to_path_buf()];
    for entry in fs::read_dir(&from).map_err(|error| describe(&from, error))? {
        files.push(entry.map_err(|error| describe(&from, error))?.path());
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    for path in &files {
        let mut bytes = fs::read(path).map_err(|error| describe(path, error))?;
        let name = path.file_name().unwrap_or_default();
        let to = context.path().join(name);
        // For the mode.
        fs::copy(path, &to).map_err(|error| describe(path, error))?;
        if name == "Dockerfile" {
            let text = String::from_utf8_lossy(&bytes);
            bytes = on_this_machine(&text, |base| counterpart(base)?.tag(engine))?.into_bytes();
            fs::write(&to, &bytes).map_err(|error| describe(&to, error))?;
        }
        (name, bytes).hash(&mut hasher);
    }
    let repository = format!("{LABEL}/example-{name}");
    let tag = format!("{repository}:{:016x}", hasher.finish());
    let _lock = workplace::lock(&format!("example-{name}"));
    if engine.run(&["image", "inspect", &tag]).is_err() {
        let earlier = engine.run(&["image", "ls", "--quiet", &repository])?;
        build(engine, context.path(), &tag)?;
        for id in earlier.lines() {
            let _ = engine.run(&["image", "rm", "--force", id]);
        }
    }
    Ok(tag)
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
