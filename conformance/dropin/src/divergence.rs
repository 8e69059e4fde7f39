//! Lists where bowout, by another init's name, does not do as that init does, and why.

/// A difference that is wanted.
#[derive(Debug, PartialEq, Eq)]
pub struct Divergence {
    /// How cases name it.
    pub name: &'static str,
    /// Why it is wanted, and why nobody is expected to rely on the other behaviour.
    pub why: &'static str,
}

macro_rules! divergences {
    ($($name:ident: $why:literal;)*) => {
        $(
            #[doc = $why]
            pub static $name: Divergence = Divergence { name: stringify!($name), why: $why };
        )*
        /// All of them.
        pub static ALL: &[&Divergence] = &[$(&$name),*];
    };
}

divergences! {
    COMMANDS_OWN_OPTIONS: "Options end at the first word that is none. tini and catatonit look for theirs \
        among the command's arguments as well: `tini ls -l` prints a licence. Nobody can want that.";
    COMMANDS_OWN_DASHES: "For the same reason a `--` among the command's arguments is the command's. One right \
        after tini's program is dropped, as tini's usage line documents that form.";
    EXEC_FAILURE_CODE: "A command that can't be started gives 127 (not found) or 126 (any other reason), as \
        every shell and engine has it. dumb-init's 2 and catatonit's and tini's 1 can't be told from the \
        program's own exit code, so nobody can act on them; scripts that test for non-zero see no change.";
    LOG_ON_STDERR: "What the init has to say goes to standard error. tini writes it to standard output from \
        -v on, into whatever reads the command's output.";
    LEFTOVERS_FINISH: "As PID 1, leftovers of the command get SIGTERM and are waited for. The originals exit \
        at once, and the kernel SIGKILLs them in the middle of what they do.";
    MASK_UNTOUCHED: "catatonit leaves SIGTSTP, SIGTTIN and SIGTTOU blocked in the command, which breaks Ctrl-Z \
        and the job control of shells.";
    FOREIGN_CHILD: "A command that the init may not signal (setuid) is a line in the log. tini ends there, and \
        with it the container.";
    DEAD_LOG_PIPE: "A log that nobody reads any more costs the log. tini and catatonit forward the SIGPIPE of \
        their own writing to the command, which dies of it.";
    CHLD_IGNORED: "Started with SIGCHLD ignored, bowout still sees its command end. tini and catatonit wait \
        for ever.";
    STDIN_CLOSED: "Started with standard input closed, the command still runs. tini takes it for a fatal error.";
    STOP_REACHES_STOPPED: "A stop signal to a process that is stopped is followed by SIGCONT. With the originals \
        it sits there until the SIGKILL.";
    CTRL_Z_NEVER_FREEZES: "Ctrl-Z in a container, where nobody could resume the command, does not stop it. Below \
        tini and catatonit it stays stopped for good.";
}
