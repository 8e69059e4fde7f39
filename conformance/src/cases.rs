//! Lists the cases that any init can take.

pub(crate) mod defects;
pub(crate) mod exec_failures;
pub(crate) mod exits;
pub(crate) mod inheritance;
pub(crate) mod places;
pub(crate) mod signals;
pub(crate) mod stop;
pub(crate) mod stop_script;
pub(crate) mod stop_tree;
pub(crate) mod terminals;

use crate::case::Case;

/// Hands the list of all cases to a macro: one list for the table and for the tests.
#[macro_export]
macro_rules! with_every_case {
    ($then:ident) => {
        $then! {
            defects {
                d01_a_stop_signal_pending_at_the_start_is_not_lost,
                d02_eperm_on_forwarding_is_not_an_end,
                d03_the_command_starts_with_no_signal_blocked,
                d04_a_dead_log_pipe_harms_nobody,
                d04_a_full_log_pipe_blocks_nothing,
                d05_a_death_by_a_realtime_signal_is_128_plus_it,
                d06_a_start_with_sigchld_ignored_is_no_hang,
                d07_a_start_with_closed_stdin_works,
                d07_a_start_with_all_streams_closed_works,
                d09_a_slow_clean_up_is_not_killed_early,
                d10_a_stopped_command_is_continued,
                d12_options_of_the_command_are_its_own,
                d13_the_init_leaves_at_once_when_nothing_is_left,
                d13_children_that_work_on_are_waited_for,
                d14_a_stop_signal_during_the_start_is_not_lost,
                d15_ten_thousand_orphans_are_reaped,
                d15_orphans_are_reaped_during_a_stop,
                d16_strangers_survive_when_the_init_is_not_pid_1,
            }
            exec_failures {
                d11_not_found_is_127,
                d11_not_executable_is_126,
                d11_a_directory_is_126,
                d11_not_a_directory_is_126,
                d11_a_loop_of_links_is_126,
                d11_a_file_being_written_is_126,
                d11_a_missing_interpreter_is_126,
                d11_too_many_arguments_are_126,
            }
            terminals {
                d08_the_command_is_in_the_foreground,
                d08_ctrl_z_does_not_freeze_the_command,
                ctrl_c_reaches_the_command_once,
                job_control_of_a_shell_works,
                with_a_terminal_the_app_below_a_shell_is_told,
            }
            stop {
                the_stop_signal_reaches_the_command,
                workers_of_a_master_that_catches_are_left_to_it,
                workers_of_a_master_that_takes_by_signalfd_are_left_to_it,
                the_charge_is_handed_on_when_the_master_ends,
                a_second_sigterm_changes_nothing,
                a_process_born_during_the_stop_is_told,
                a_stopped_process_below_is_continued,
                the_rest_is_told_when_the_command_ends_by_itself,
                a_sigint_is_passed_on_as_a_sigint,
            }
            stop_script {
                below_a_wrapper_shell_the_app_is_told,
                below_two_wrapper_shells_the_app_is_told,
                after_exec_in_a_script_the_app_is_told,
                two_children_of_a_waiting_script_are_told,
                a_dash_script_that_traps_and_waits_is_in_charge,
                a_bash_script_that_traps_and_waits_is_in_charge,
                a_busybox_script_that_traps_and_waits_is_in_charge,
                a_trap_blocked_in_the_foreground_of_dash_costs_nothing,
                a_trap_blocked_in_the_foreground_of_busybox_costs_nothing,
            }
            stop_tree {
                a_daemon_that_double_forked_is_waited_for,
                a_child_in_its_own_session_is_waited_for,
                a_visitor_from_outside_is_told_and_waited_for,
                a_chain_of_ten_is_waited_for,
                a_hundred_workers_in_own_sessions_all_finish,
                a_thousand_workers_all_finish,
                a_master_that_leaves_first_cuts_no_worker_off,
            }
            signals {
                every_signal_is_forwarded,
                every_realtime_signal_is_forwarded,
                sigchld_is_not_forwarded,
                queued_values_are_kept,
                queued_realtime_signals_keep_their_order,
                the_lowest_realtime_signal_is_forwarded,
                job_control_signals_suspend_and_continue,
            }
            exits {
                exit_codes_are_passed_on,
                deaths_by_signal_are_128_plus_it,
                deaths_by_realtime_signal_are_128_plus_it,
                deaths_with_a_core_are_128_plus_it,
                an_orphans_exit_code_is_not_the_commands,
            }
            inheritance {
                blocked_and_ignored_signals_are_kept,
                sigpipe_is_as_it_was,
                the_environment_is_kept,
                the_arguments_are_kept,
                descriptors_are_kept_and_none_is_added,
                socket_activation_passes_through,
                directory_and_umask_are_kept,
            }
            places {
                without_privilege_it_works,
                as_another_user_it_works,
                when_not_pid_1_it_works,
                when_not_pid_1_it_adopts_orphans,
                when_not_pid_1_it_waits_for_daemons,
                with_every_signal_blocked_it_works,
                without_proc_it_works,
                with_a_read_only_root_it_works,
                without_capabilities_it_works,
                at_the_process_limit_it_works,
            }
        }
    };
}

macro_rules! table {
    ($($group:ident { $($name:ident,)* })*) => {
        /// Every case.
        pub const CASES: &[Case] = &[
            $($(Case {
                group: stringify!($group),
                name: stringify!($name),
                hold: $group::$name,
            },)*)*
        ];
    };
}

with_every_case!(table);
