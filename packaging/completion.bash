# bash completion for derivd, derivctl and derivsim. Commands, options and the words that an option takes are
# those that the programs' own --help names, so that this file cannot fall behind them.
_derivd_commands() { # COMMAND...: its subcommands
  "$@" --help 2>/dev/null | sed -nE '/^Subcommands:/,$ s/^  ([a-z][a-z-]*)( .*)?$/\1/p'
}

_derivd_options() { # COMMAND...: its options
  "$@" --help 2>/dev/null | sed -nE 's/^  (-[A-Za-z],)?(--[a-z-]+).*/\2/p'
}

_derivd_takes() { # OPTION COMMAND...: the kind of value that the option takes, nothing for a flag
  local option=$1
  shift
  "$@" --help 2>/dev/null | sed -nE "s/^  (-[A-Za-z],)?$option ([A-Z]+[^ ]*).*/\\2/p"
}

# Sets chain: the program and the commands that were named. The first word that is none ends it.
_derivd_chain() {
  local i word
  chain=("$program")
  for ((i = 1; i < COMP_CWORD; ++i)); do
    word=${COMP_WORDS[i]}
    case $word in
      -*) [[ $(_derivd_takes "$word" "${chain[@]}")$(_derivd_takes "$word" "$program") ]] && ((++i)) ;;
      *)
        _derivd_commands "${chain[@]}" | grep -qxF -- "$word" || return 0
        chain+=("$word") ;;
    esac
  done
}

_derivd_given() { # OPTION: its value on the line
  local i
  for ((i = 1; i < COMP_CWORD - 1; ++i)); do
    [[ ${COMP_WORDS[i]} == "$1" ]] && printf '%s' "${COMP_WORDS[i + 1]}" && return
  done
}

# Of the running daemon; where none answers, of its configuration.
_derivd_strategies() {
  local name socket config asks=("$program")
  name=$(_derivd_given --name) socket=$(_derivd_given --socket) config=$(_derivd_given --config)
  [[ $name ]] && asks+=(--name "$name")
  [[ $socket ]] && asks+=(--socket "$socket")
  if [[ ! $config ]]; then
    timeout 2 "${asks[@]}" strategies --json 2>/dev/null |
      sed -nE 's/^ *"name": "(.*)",?$/\1/p' | grep . && return
    config=/etc/derivd/${name:-derivd}.yaml
  fi
  sed -nE '/^strategies:/,$ s/^ *-? *\{? *"?name"?: *"?([^",#}]*[^",#} ]).*$/\1/p' "$config" 2>/dev/null
}

_derivd_reply() { # WORDS: those that begin like the current word
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$current")
}

_derivd_paths() { # -f or -d
  mapfile -t COMPREPLY < <(compgen "$1" -- "$current")
  compopt -o filenames 2>/dev/null
}

# Of an option that takes one. False: none of ours, or a flag.
_derivd_value() {
  local takes
  takes=$(_derivd_takes "$before" "${chain[@]}")
  [[ $takes ]] || takes=$(_derivd_takes "$before" "$program")
  [[ $takes ]] || return 1
  case $takes in
    *{*}*)
      takes=${takes#*\{}
      takes=${takes%%\}*}
      _derivd_reply "${takes//,/ }"
      return 0 ;;
  esac
  case $before in
    --config | --vary | --socket | --html | --contract | --credential | --token-file | --journal | \
      --backtest | --payouts | --faults | --control | --ledger | --record | --ca-file) _derivd_paths -f ;;
    --tls-dir | --dir | --credentials-dir | --unit-dir) _derivd_paths -d ;;
    --ticks) # SYMBOL=FILE
      current=${current#*=}
      _derivd_paths -f ;;
    --account) _derivd_reply 'demo real' ;;
    --strategy) _derivd_reply "$(_derivd_strategies)" ;;
    --name)
      _derivd_reply "$(for d in /run/derivd-*; do [[ -d $d ]] && printf '%s\n' "${d#/run/derivd-}"; done)" ;;
  esac
  return 0
}

_derivd() {
  local program=${COMP_WORDS[0]} current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
  local chain=()
  COMPREPLY=()
  # The shell takes SYMBOL=FILE for three words.
  if [[ $before == = ]]; then
    before=${COMP_WORDS[COMP_CWORD-3]}
  elif [[ $current == = ]]; then
    before=${COMP_WORDS[COMP_CWORD-2]} current=
  fi
  _derivd_chain
  [[ $before == -* ]] && _derivd_value && return
  if [[ $current != -* ]]; then
    case ${chain[*]:1} in
      'ticks import' | merge) _derivd_paths -f ;;
      pause | resume | halt | flatten | explain) _derivd_reply "$(_derivd_strategies)" ;;
    esac
    [[ $current && ${COMPREPLY[*]} ]] && return
  fi
  mapfile -O "${#COMPREPLY[@]}" -t COMPREPLY < <(
    compgen -W "$(_derivd_commands "${chain[@]}") $(_derivd_options "${chain[@]}")" -- "$current")
}

complete -F _derivd derivd derivctl derivsim
