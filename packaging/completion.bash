# bash completion for derivd, derivctl and derivsim. Commands and options are those that the programs'
# own --help names, so that this file cannot fall behind them.
_derivd_words() { # COMMAND...: its subcommands and options
  "$@" --help 2>/dev/null | sed -nE \
    -e 's/^  (-[A-Za-z],)?(--[a-z-]+).*/\2/p' -e 's/^  ([a-z][a-z-]*)( .*)?$/\1/p'
}

_derivd_subcommand() { # the first word that is neither an option nor an option's value
  local i
  for ((i = 1; i < COMP_CWORD; ++i)); do
    case ${COMP_WORDS[i]} in
      --name | --socket) ((++i)) ;;
      -*) ;;
      ticks) # has commands of its own
        printf 'ticks'
        [[ ${COMP_WORDS[i+1]} =~ ^(fetch|import|export|list)$ ]] && ((i + 1 < COMP_CWORD)) &&
          printf ' %s' "${COMP_WORDS[i+1]}"
        return ;;
      *) printf '%s' "${COMP_WORDS[i]}" && return ;;
    esac
  done
}

_derivd() {
  local program=${COMP_WORDS[0]} current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
  local subcommand words
  COMPREPLY=()
  case $before in
    --config | --vary | --socket | --html | --contract | --credential | --token-file | --journal | \
      --backtest | --payouts | --faults | --control | --ledger | --record | --ca-file)
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      compopt -o filenames 2>/dev/null
      return ;;
    --tls-dir | --dir | --credentials-dir | --unit-dir)
      mapfile -t COMPREPLY < <(compgen -d -- "$current")
      compopt -o filenames 2>/dev/null
      return ;;
    --api) mapfile -t COMPREPLY < <(compgen -W 'auto options v3' -- "$current") && return ;;
    --account) mapfile -t COMPREPLY < <(compgen -W 'demo real' -- "$current") && return ;;
    --format) mapfile -t COMPREPLY < <(compgen -W 'table json csv' -- "$current") && return ;;
    --name)
      words=$(for d in /run/derivd-*; do [[ -d $d ]] && printf '%s\n' "${d#/run/derivd-}"; done)
      mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
      return ;;
    --win-probability | --measured | --payout | --quote | --trades | --sessions | \
      --set | --permutations | --random-runs | --walk-forward | --threads | --shard) return ;;
    --by) mapfile -t COMPREPLY < <(compgen -W 'profit per_trade return' -- "$current") && return ;;
    --timeout | --last | --since | --until | --strategy | --reason | --listen | --token | --app-id | \
      --balance | --feed | --speed | --seed | --settle-delay | --latency-ticks | --from | --to | \
      --days | --endpoint | --decimals) return ;;
    --start) [[ ${program##*/} == derivsim ]] && return ;; # elsewhere it takes no value
    --ticks) # SYMBOL=FILE
      mapfile -t COMPREPLY < <(compgen -f -- "${current#*=}") && return ;;
  esac
  subcommand=$(_derivd_subcommand)
  # shellcheck disable=SC2086 -- no subcommand: no word
  words=$(_derivd_words "$program" $subcommand)
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -F _derivd derivd derivctl derivsim
