//! Makes every base image and program, so that the tests start at once.

use std::process::ExitCode;
use std::time::Instant;

use conformance_docker::engine::Engine;
use conformance_docker::image::Image;
use conformance_docker::program;

fn main() -> ExitCode {
    let Some(engine) = Engine::or_skip() else {
        return ExitCode::SUCCESS;
    };
    for image in Image::ALL {
        let start = Instant::now();
        match image.tag(&engine) {
            Ok(tag) => println!("{tag}: there after {:.1} s", start.elapsed().as_secs_f32()),
            Err(error) => {
                eprintln!("cannot make the image {image:?}: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    match program::folder() {
        Ok(folder) => println!("programs: {}", folder.display()),
        Err(error) => {
            eprintln!("cannot make the programs: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
