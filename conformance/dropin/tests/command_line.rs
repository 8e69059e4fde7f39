//! Checks which command lines each name takes, what they do, and which it refuses.

use conformance_dropin::compare::{Exception, Report, present};
use conformance_dropin::divergence::{self, Divergence};
use conformance_dropin::facts;
use conformance_dropin::setting::Setting;
use conformance_dropin::tool::{TINIS, Tool};

/// A command line, written as words; `~` is an empty word and `_` stands for a blank in one.
struct Line {
    words: &'static str,
    env: &'static [(&'static str, &'static str)],
    exceptions: &'static [(&'static str, &'static str, &'static Divergence)],
}

const fn line(words: &'static str) -> Line {
    Line {
        words,
        env: &[],
        exceptions: &[],
    }
}

impl Line {
    const fn env(mut self, env: &'static [(&'static str, &'static str)]) -> Line {
        self.env = env;
        self
    }

    const fn but(
        mut self,
        exceptions: &'static [(&'static str, &'static str, &'static Divergence)],
    ) -> Line {
        self.exceptions = exceptions;
        self
    }
}

fn check(tools: &[Tool], lines: &[Line]) {
    let mut report = Report::default();
    for tool in present(tools) {
        for line in lines {
            let words: Vec<String> = line
                .words
                .split_whitespace()
                .map(|word| word.replace('_', " ").replace('~', ""))
                .collect();
            let args: Vec<&str> = words.iter().map(String::as_str).collect();
            let setting = Setting::pid1().env(line.env);
            let exceptions: Vec<Exception> = line
                .exceptions
                .iter()
                .map(|&(fact, bowout, why)| Exception { fact, bowout, why })
                .collect();
            let case = format!("{:?} {:?}", line.env, args);
            report.compare(tool, &case, &exceptions, |side| {
                facts::of_line(tool, side, &setting, &args)
            });
        }
    }
    report.finish();
}

static POSIX: &[(&str, &str)] = &[("POSIXLY_CORRECT", "1")];

/// tini -v and its like: the same lines, on the other stream.
static ON_STDERR: &[(&str, &str, &Divergence)] = &[
    ("stdout", "empty", &divergence::LOG_ON_STDERR),
    ("stderr", "text", &divergence::LOG_ON_STDERR),
];

static TINI_RUNS: &[Line] = &[
    line("probe"),
    line("probe a b"),
    line("probe ~ a_b"),
    line("-- probe -l"),
    line("-- probe -- -l"),
    line("-g probe"),
    line("-s probe"),
    line("-w probe"),
    line("-sgw probe a"),
    line("-s -g -w -- probe a"),
    line("-s -s -gg probe"),
    line("-v probe").but(ON_STDERR),
    line("-vvv probe").but(ON_STDERR),
    line("-v -v -v -v -v probe").but(ON_STDERR),
    line("-e 42 probe"),
    line("-e42 probe"),
    line("-ge 42 probe"),
    line("-ge42 probe"),
    line("-e 1 -e 42 -e 3 probe"),
    line("-e 41 probe"),
    line("-e 0 -e 255 probe"),
    line("-e ~ probe"),
    line("-e +42 probe"),
    line("-e _42 probe"),
    line("-e 042 probe"),
    line("-e -0 probe"),
    line("-p SIGTERM probe"),
    line("-pSIGTERM probe"),
    line("-sp SIGTERM probe"),
    line("-p SIGHUP -p SIGUSR1 probe"),
    line("probe -").env(POSIX),
    line("probe -l").env(POSIX),
    line("probe -- -l").env(POSIX),
    line("-- probe -l").env(POSIX),
];

static TINI_SAYS: &[Line] = &[
    line("--version"),
    line("-h"),
    line("-sh"),
    line("-s -h probe"),
    line("-h -z"),
    line("-l"),
    line("-gl"),
    line("-l probe"),
    line("-e 42 -l"),
    line("-e 1x -h"),
    line("-h -e 1x"),
];

static TINI_REFUSES: &[Line] = &[
    line(""),
    line("--"),
    line("-s"),
    line("-g --"),
    line("-z"),
    line("-z probe"),
    line("-gz probe"),
    line("-V"),
    line("-L"),
    line("-c probe"),
    line("--help"),
    line("--version probe"),
    line("-s --version"),
    line("--version --version"),
    line("--single-child probe"),
    line("-e"),
    line("-e 42"),
    line("-e 256 probe"),
    line("-e -1 probe"),
    line("-e abc probe"),
    line("-e 42x probe"),
    line("-e 42_ probe"),
    line("-e 0x2a probe"),
    line("-e 4294967338 probe"),
    line("-e 99999999999999999999 probe"),
    line("-e -- probe"),
    line("-p"),
    line("-p SIGTERM"),
    line("-p TERM probe"),
    line("-p 15 probe"),
    line("-p sigterm probe"),
    line("-p SIGFOO probe"),
    line("-p SIGPWR probe"),
    line("-p SIGIO probe"),
    line("-p SIGPOLL probe"),
    line("-p SIGIOT probe"),
    line("-p SIGCLD probe"),
    line("-p SIGSTKFLT probe"),
    line("-p SIGRTMIN probe"),
    line("-p ~ probe"),
];

/// What tini takes from behind the command's name.
static TINI_PERMUTES: &[Line] = &[
    line("probe -- a"),
    line("probe -- -l"),
    line("-s probe -- a -- b"),
    line("probe -l").but(&[
        ("exit", "42", &divergence::COMMANDS_OWN_OPTIONS),
        ("ran", "<probe><-l>", &divergence::COMMANDS_OWN_OPTIONS),
        ("stdout", "empty", &divergence::COMMANDS_OWN_OPTIONS),
    ]),
    line("probe a -h").but(&[
        ("exit", "42", &divergence::COMMANDS_OWN_OPTIONS),
        ("ran", "<probe><a><-h>", &divergence::COMMANDS_OWN_OPTIONS),
        ("stdout", "empty", &divergence::COMMANDS_OWN_OPTIONS),
    ]),
    line("probe -z").but(&[
        ("exit", "42", &divergence::COMMANDS_OWN_OPTIONS),
        ("ran", "<probe><-z>", &divergence::COMMANDS_OWN_OPTIONS),
        ("stderr", "empty", &divergence::COMMANDS_OWN_OPTIONS),
    ]),
    line("probe -e 42").but(&[
        ("exit", "42", &divergence::COMMANDS_OWN_OPTIONS),
        ("ran", "<probe><-e><42>", &divergence::COMMANDS_OWN_OPTIONS),
    ]),
    line("probe -g a").but(&[("ran", "<probe><-g><a>", &divergence::COMMANDS_OWN_OPTIONS)]),
    line("probe a -- b").but(&[("ran", "<probe><a><--><b>", &divergence::COMMANDS_OWN_DASHES)]),
];

static DUMB_INIT_RUNS: &[Line] = &[
    line("probe"),
    line("probe a b"),
    line("probe -c -V"),
    line("probe --version"),
    line("probe -- a"),
    line("-- probe -c"),
    line("-- probe -- a"),
    line("-c probe"),
    line("-cc -c probe"),
    line("--single-child probe"),
    line("--single-child -- probe"),
    line("--single probe"),
    line("--s probe"),
    line("-v probe"),
    line("-cv probe"),
    line("-vc -- probe"),
    line("--verbose probe"),
    line("--verb probe"),
    line("--verbose --single-child probe a"),
    line("-r 15:3 probe"),
    line("-r15:3 probe"),
    line("-cr 15:3 probe"),
    line("-cr15:3 probe"),
    line("--rewrite 15:3 probe"),
    line("--rewrite=15:3 probe"),
    line("--rew=15:3 probe"),
    line("--r 15:3 probe"),
    line("-r 15:0 -r 15:3 probe"),
    line("-r 1:31 -r 31:1 probe"),
    line("-r 9:1 probe"),
    line("-r _15:3 probe"),
    line("-r 15:_3 probe"),
    line("-r +15:+3 probe"),
    line("-r 015:003 probe"),
    line("-r 15:3abc probe"),
    line("-r 15:12.5 probe"),
    line("-r 15:3_ probe"),
    line("probe").env(&[("DUMB_INIT_DEBUG", "1")]),
    line("probe").env(&[("DUMB_INIT_DEBUG", "0")]),
    line("probe").env(&[("DUMB_INIT_DEBUG", "")]),
    line("probe").env(&[("DUMB_INIT_DEBUG", "11")]),
    line("probe").env(&[("DUMB_INIT_DEBUG", "true")]),
    line("-c probe").env(&[("DUMB_INIT_DEBUG", "1"), ("DUMB_INIT_SETSID", "0")]),
    line("probe -c").env(POSIX),
];

static DUMB_INIT_SAYS: &[Line] = &[
    line("-V"),
    line("--version"),
    line("--vers"),
    line("-h"),
    line("--help"),
    line("--h"),
    line("-cV"),
    line("-c --version probe"),
    line("-V --yolo"),
    line("-h -r 1:99"),
    line("--version").env(&[("DUMB_INIT_DEBUG", "1")]),
];

static DUMB_INIT_REFUSES: &[Line] = &[
    line(""),
    line("--"),
    line("-c"),
    line("-v --"),
    line("").env(&[("DUMB_INIT_DEBUG", "1"), ("DUMB_INIT_SETSID", "0")]),
    line("--yolo probe"),
    line("--yolo -V"),
    line("-x probe"),
    line("-cx probe"),
    line("-g probe"),
    line("--v probe"),
    line("--ver probe"),
    line("--help=yes"),
    line("--single-child=1 probe"),
    line("--version=1"),
    line("-r"),
    line("--rewrite"),
    line("-r 15:3"),
    line("-r ~ probe"),
    line("--rewrite= probe"),
    line("-r probe"),
    line("-r herp probe"),
    line("-r herp:derp probe"),
    line("-r 15 probe"),
    line("-r 15: probe"),
    line("-r :3 probe"),
    line("-r 15::12 probe"),
    line("-r 15:derp probe"),
    line("-r 15_:3 probe"),
    line("-r 15:12 -r probe"),
    line("-r 15:12 -r 0 probe"),
    line("-r 15:12 -r 1:32 probe"),
    line("-r 0:1 probe"),
    line("-r 32:1 probe"),
    line("-r 34:1 probe"),
    line("-r -1:2 probe"),
    line("-r 15:-1 probe"),
    line("-r TERM:QUIT probe"),
    line("-r 1:99 -h"),
];

static CATATONIT_RUNS: &[Line] = &[
    line("probe"),
    line("probe a b"),
    line("-g probe"),
    line("-gg -g -- probe"),
    line("-- probe -g"),
    line("-- probe -- a"),
    line("probe").env(&[("CATATONIT_DEBUG", "1")]),
    line("probe").env(&[("CATATONIT_DEBUG", "")]),
    line("probe").env(&[("CATATONIT_LOG", "")]),
    line("probe").env(&[("CATATONIT_LOG", "debug")]),
    line("-V").env(&[("CATATONIT_LOG", "debug")]),
    line("probe -V").env(POSIX),
    line("probe -- a").env(POSIX),
];

static CATATONIT_SAYS: &[Line] = &[
    line("-V"),
    line("--version"),
    line("--v"),
    line("--ver"),
    line("-gV"),
    line("-PV"),
    line("-V probe"),
    line("-h"),
    line("-gh"),
    line("-h -x"),
    line("-L"),
    line("-L probe"),
];

static CATATONIT_REFUSES: &[Line] = &[
    line(""),
    line("--"),
    line("-g"),
    line("-g --"),
    line("-x"),
    line("-gx probe"),
    line("--help"),
    line("--versions"),
    line("--version=1"),
    line("-x -V"),
    line("-s probe"),
    line("-e 1 probe"),
];

static CATATONIT_PERMUTES: &[Line] = &[
    line("probe -V").but(&[
        ("exit", "42", &divergence::COMMANDS_OWN_OPTIONS),
        ("ran", "<probe><-V>", &divergence::COMMANDS_OWN_OPTIONS),
        ("stdout", "empty", &divergence::COMMANDS_OWN_OPTIONS),
    ]),
    line("probe -x").but(&[
        ("exit", "42", &divergence::COMMANDS_OWN_OPTIONS),
        ("ran", "<probe><-x>", &divergence::COMMANDS_OWN_OPTIONS),
        ("stderr", "empty", &divergence::COMMANDS_OWN_OPTIONS),
    ]),
    line("probe -g").but(&[("ran", "<probe><-g>", &divergence::COMMANDS_OWN_OPTIONS)]),
    line("probe -- a").but(&[("ran", "<probe><--><a>", &divergence::COMMANDS_OWN_DASHES)]),
];

#[test]
fn tini_runs_these() {
    check(TINIS, TINI_RUNS);
}

#[test]
fn tini_answers_these() {
    check(TINIS, TINI_SAYS);
}

#[test]
fn tini_refuses_these() {
    check(TINIS, TINI_REFUSES);
}

#[test]
fn tini_leaves_the_command_its_options() {
    check(TINIS, TINI_PERMUTES);
}

#[test]
fn tini_knows_every_name_of_a_parent_death_signal() {
    let names = "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM CHLD CONT STOP TSTP TTIN \
                 TTOU URG XCPU XFSZ VTALRM PROF WINCH SYS";
    let lines: Vec<Line> = names
        .split_whitespace()
        .map(|name| line(format!("-p SIG{name} probe").leak()))
        .collect();
    check(&[Tool::Tini], &lines);
}

#[test]
fn dumb_init_runs_these() {
    check(&[Tool::DumbInit], DUMB_INIT_RUNS);
}

#[test]
fn dumb_init_answers_these() {
    check(&[Tool::DumbInit], DUMB_INIT_SAYS);
}

#[test]
fn dumb_init_refuses_these() {
    check(&[Tool::DumbInit], DUMB_INIT_REFUSES);
}

#[test]
fn catatonit_runs_these() {
    check(&[Tool::Catatonit], CATATONIT_RUNS);
}

#[test]
fn catatonit_answers_these() {
    check(&[Tool::Catatonit], CATATONIT_SAYS);
}

#[test]
fn catatonit_refuses_these() {
    check(&[Tool::Catatonit], CATATONIT_REFUSES);
}

#[test]
fn catatonit_leaves_the_command_its_options() {
    check(&[Tool::Catatonit], CATATONIT_PERMUTES);
}
