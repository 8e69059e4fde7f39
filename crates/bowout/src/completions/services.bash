
# Names of services come from the supervisor that runs, where one does.
_bowout_services() {
    local words=("${COMP_WORDS[@]:1:COMP_CWORD-1}") current="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}"
    local first="${words[0]}" verb="${words[0]}" place=1 socket=()
    if [[ "$first" == ctl ]]; then
        verb="${words[1]}" place=2
    fi
    if [[ "$verb" == signal ]]; then
        ((place += 1))
    fi
    local index
    for ((index = 1; index < ${#words[@]}; index++)); do
        if [[ "${words[index-1]}" == --socket ]]; then
            socket=(--socket "${words[index]}")
        fi
    done
    case "$first $verb" in
        "healthcheck healthcheck" | "ctl status" | "ctl start" | "ctl stop" | "ctl restart" | "ctl reload" \
            | "ctl signal" | "ctl logs" | "ctl events" | "ctl healthcheck" | "ctl remove")
            case "$before" in
                --socket | --timeout | --lines | -n) ;;
                *)
                    if [[ "$current" != -* && ${#words[@]} -ge $place ]]; then
                        local names
                        names=$("${COMP_WORDS[0]}" ctl status "${socket[@]}" 2>/dev/null | sed '1,/^NAME /d; s/ .*//')
                        mapfile -t COMPREPLY < <(compgen -W "$names" -- "$current")
                        return 0
                    fi
                    ;;
            esac
            ;;
    esac
    _bowout "$@"
}

if [[ "${BASH_VERSINFO[0]}" -eq 4 && "${BASH_VERSINFO[1]}" -ge 4 || "${BASH_VERSINFO[0]}" -gt 4 ]]; then
    complete -F _bowout_services -o nosort -o bashdefault -o default bowout
else
    complete -F _bowout_services -o bashdefault -o default bowout
fi
