//! Stops containers written in every common way and asserts that each program inside ran its clean-up to the end.

use conformance_docker::budget::{BOUND, BOUND_THOUSAND, assert_graceful};
use conformance_docker::engine::Engine;
use conformance_docker::image::Image;
use conformance_docker::init::Init;
use conformance_docker::program::Program;
use conformance_docker::scenario::{Scenario, Shape};
use std::time::Duration;

fn check(scenario: &Scenario, bound: Duration) {
    let Some(engine) = Engine::or_skip() else {
        return;
    };
    let init = Init::under_test().unwrap_or_else(|error| panic!("{error}"));
    if scenario.image == Image::Busybox && !init.is_static() {
        return conformance_docker::skip::not_applicable(
            "a dynamic init has no loader in the busybox image",
        );
    }
    assert_graceful(&engine, &init, scenario, bound);
}

macro_rules! matrix {
    ($($module:ident: $image:expr, $shell:literal, $program:expr;)*) => {$(
        mod $module {
            use super::*;

            fn shape(shape: Shape) {
                check(&Scenario::new($image, $shell, shape, $program), BOUND);
            }

            #[test]
            fn program_as_main() {
                shape(Shape::Main);
            }

            #[test]
            fn wrapper_without_exec() {
                shape(Shape::Wrapper);
            }

            #[test]
            fn script_with_exec() {
                shape(Shape::Exec);
            }

            #[test]
            fn trap_that_waits() {
                shape(Shape::TrapWaits);
            }

            #[test]
            fn trap_blocked_in_the_foreground() {
                shape(Shape::TrapForeground);
            }

            #[test]
            fn two_children() {
                shape(Shape::TwoChildren);
            }

            #[test]
            fn five_children() {
                shape(Shape::FiveChildren);
            }

            #[test]
            fn daemon_that_double_forked_away() {
                shape(Shape::Daemon);
            }

            #[test]
            fn child_in_its_own_session() {
                shape(Shape::OwnSession);
            }

            #[test]
            fn stopped_program() {
                shape(Shape::Stopped);
            }
        }
    )*};
}

matrix! {
    python_sync: Image::Debian, "/bin/sh", Program::PythonSync;
    python_asyncio: Image::Debian, "/bin/sh", Program::PythonAsyncio;
    node: Image::Debian, "/bin/sh", Program::Node;
    c: Image::Debian, "/bin/sh", Program::C;
    shell: Image::Debian, "/bin/sh", Program::Shell;
    busybox_c: Image::Busybox, "/bin/sh", Program::C;
    busybox_shell: Image::Busybox, "/bin/sh", Program::Shell;
}

/// bash can't be told apart while it waits, so a trap that is blocked costs half of the grace; a trap that waits costs nothing.
mod bash {
    use super::*;

    #[test]
    fn trap_that_waits() {
        for program in Program::ALL {
            check(
                &Scenario::new(Image::Debian, "/bin/bash", Shape::TrapWaits, program),
                BOUND,
            );
        }
    }

    #[test]
    fn trap_blocked_in_the_foreground() {
        std::thread::scope(|scope| {
            for program in Program::ALL {
                scope.spawn(move || {
                    check(
                        &Scenario::new(Image::Debian, "/bin/bash", Shape::TrapForeground, program),
                        BOUND,
                    )
                });
            }
        });
    }
}

mod master {
    use super::*;

    #[test]
    fn that_leaves_one_worker() {
        check(&Scenario::master(false, 1), BOUND);
    }

    #[test]
    fn that_leaves_100_workers() {
        check(&Scenario::master(false, 100), BOUND);
    }

    #[test]
    fn that_leaves_1000_workers() {
        check(&Scenario::master(false, 1000), BOUND_THOUSAND);
    }

    #[test]
    fn that_waits_for_one_worker() {
        check(&Scenario::master(true, 1), BOUND);
    }

    #[test]
    fn that_waits_for_100_workers() {
        check(&Scenario::master(true, 100), BOUND);
    }

    #[test]
    fn that_waits_for_1000_workers() {
        check(&Scenario::master(true, 1000), BOUND_THOUSAND);
    }
}
