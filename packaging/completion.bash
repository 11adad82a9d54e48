# bash completion for derivd, derivctl and derivsim. Commands, options and the words that an option takes are
# those that the programs' own --help names, so that this file cannot fall behind them.
#
# Root presses TAB. Whatever comes from elsewhere (names that a daemon tells, a configuration, directories,
# the line as it was typed) is data: it is compared and offered, never expanded, never part of a script or
# of a pattern, never a program. No `compgen -W`, which expands its words; no eval; every expansion quoted.

# What a strategy, an instance and a word of an option look like; all else is not offered.
_derivd_is_name() { [[ $1 =~ ^[A-Za-z0-9_-]{1,40}$ ]]; }

# A program that is named by a path is asked only if it is root's or this user's: one that somebody else put
# there is not run before ENTER.
_derivd_may_ask() { # PROGRAM
  [[ $1 == */* ]] || return 0
  [[ -f $1 && -x $1 ]] && [[ -O $1 || $(stat -L -c %u -- "$1" 2>/dev/null) == 0 ]]
}

_derivd_help() { # COMMAND...: sets help, the lines of its --help
  mapfile -t help < <(timeout 5 "$@" --help 2>/dev/null </dev/null | head -c 1048576)
}

_derivd_commands() { # COMMAND...: sets commands
  local help line after=
  commands=()
  _derivd_help "$@"
  for line in "${help[@]}"; do
    # Commands stand in groups of any title.
    [[ $line =~ ^[A-Z][A-Za-z\ ]*:$ ]] && after=yes
    [[ $line == Options: || $line == Positionals: ]] && after=
    [[ $after && $line =~ ^\ \ ([a-z][a-z-]*)(\ .*)?$ ]] && commands+=("${BASH_REMATCH[1]}")
  done
}

_derivd_options() { # COMMAND...: sets options, and takes: the kind of value of each, empty for a flag
  local help line
  options=() takes=()
  _derivd_help "$@"
  for line in "${help[@]}"; do
    [[ $line =~ ^\ \ (-[A-Za-z],)?(--[a-z-]+)(\ ([A-Z]+[^ ]*))? ]] || continue
    options+=("${BASH_REMATCH[2]}") takes+=("${BASH_REMATCH[4]}")
  done
}

_derivd_kind() { # OPTION: sets kind, if the options that were read have one for it
  local i
  for ((i = 0; i < ${#options[@]}; ++i)); do
    [[ ${options[i]} == "$1" ]] && kind=${takes[i]}
  done
}

_derivd_takes() { # OPTION: sets kind, by what the innermost command and the program say
  local options takes
  kind=
  [[ $1 =~ ^--[a-z-]+$ ]] || return 0
  _derivd_options "${chain[@]}"
  _derivd_kind "$1"
  [[ $kind || ${#chain[@]} == 1 ]] && return 0
  _derivd_options "$program"
  _derivd_kind "$1"
}

# Sets chain: the program and the commands that were named. The first word that is none ends it.
_derivd_chain() {
  local i word command kind commands known
  chain=("$program")
  for ((i = 1; i < COMP_CWORD; ++i)); do
    word=${COMP_WORDS[i]}
    if [[ $word == -* ]]; then
      _derivd_takes "$word"
      [[ $kind ]] && ((++i))
      continue
    fi
    _derivd_commands "${chain[@]}"
    known=
    for command in "${commands[@]}"; do [[ $command == "$word" ]] && known=yes; done
    [[ $known ]] || return 0
    chain+=("$word")
  done
}

_derivd_given() { # OPTION: sets given, its value on the line
  local i
  given=
  for ((i = 1; i < COMP_CWORD - 1; ++i)); do
    [[ ${COMP_WORDS[i]} == "$1" ]] && given=${COMP_WORDS[i + 1]} && return 0
  done
}

# Sets names: of the running daemon's strategies; where none answers, of its configuration's.
_derivd_strategies() {
  local given name line lines=() asks=("$program")
  names=()
  _derivd_given --name
  if _derivd_is_name "$given"; then name=$given asks+=("--name=$given"); fi
  _derivd_given --socket
  [[ $given ]] && asks+=("--socket=$given")
  _derivd_given --config
  if [[ ! $given ]]; then
    mapfile -t -n 20000 lines < <(timeout 2 "${asks[@]}" strategies --json 2>/dev/null </dev/null | head -c 1048576)
    for line in "${lines[@]}"; do
      [[ $line =~ ^\ *\"name\":\ \"([A-Za-z0-9_-]{1,40})\",?$ ]] && names+=("${BASH_REMATCH[1]}")
    done
    [[ ${names[*]} ]] && return 0
    given=/etc/derivd/${name:-derivd}.yaml
  fi
  # A regular file, so that no pipe or device keeps the shell.
  [[ -f $given ]] || return 0
  mapfile -t -n 20000 lines < <(head -c 1048576 -- "$given" 2>/dev/null)
  local after=
  for line in "${lines[@]}"; do
    [[ $line == strategies:* ]] && after=yes
    [[ $after && $line =~ ^\ *-?\ *\{?\ *\"?name\"?:\ *\"?([A-Za-z0-9_-]{1,40})\"?\ *([,}#].*)?$ ]] &&
      names+=("${BASH_REMATCH[1]}")
  done
}

_derivd_reply() { # WORD...: those that begin like the current word
  local word
  for word; do [[ $word == "$current"* ]] && COMPREPLY+=("$word"); done
}

_derivd_paths() { # -f or -d
  local path paths
  mapfile -t paths < <(compgen "$1" -- "$current")
  # A name with a newline in it comes in pieces.
  for path in "${paths[@]}"; do [[ -e $path || -L $path || $path == \~* ]] && COMPREPLY+=("$path"); done
  compopt -o filenames 2>/dev/null
}

_derivd_instances() {
  local directory
  for directory in /run/derivd-*; do
    [[ -d $directory ]] && _derivd_is_name "${directory#/run/derivd-}" && _derivd_reply "${directory#/run/derivd-}"
  done
}

# Of an option that takes one. False: none of ours, or a flag.
_derivd_value() {
  local kind words word names
  _derivd_takes "$before"
  [[ $kind ]] || return 1
  if [[ $kind == *\{*\}* ]]; then
    kind=${kind#*\{}
    IFS=, read -r -a words <<<"${kind%%\}*}"
    for word in "${words[@]}"; do _derivd_is_name "$word" && _derivd_reply "$word"; done
    return 0
  fi
  case $before in
    --config | --vary | --socket | --html | --contract | --credential | --token-file | --journal | \
      --backtest | --payouts | --faults | --control | --ledger | --record | --ca-file) _derivd_paths -f ;;
    --tls-dir | --dir | --credentials-dir | --unit-dir) _derivd_paths -d ;;
    --ticks) # SYMBOL=FILE
      current=${current#*=}
      _derivd_paths -f ;;
    --account) _derivd_reply demo real ;;
    --strategy)
      _derivd_strategies
      _derivd_reply "${names[@]}" ;;
    --name) _derivd_instances ;;
  esac
  return 0
}

_derivd() {
  local program=${COMP_WORDS[0]} current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
  local chain=() commands=() options=() takes=() names=()
  COMPREPLY=()
  _derivd_may_ask "$program" || return 0
  # The shell takes SYMBOL=FILE for three words.
  if [[ $before == = ]] && ((COMP_CWORD > 2)); then
    before=${COMP_WORDS[COMP_CWORD-3]}
  elif [[ $current == = ]] && ((COMP_CWORD > 1)); then
    before=${COMP_WORDS[COMP_CWORD-2]} current=
  fi
  _derivd_chain
  [[ $before == -* ]] && _derivd_value && return
  if [[ $current != -* ]]; then
    case ${chain[*]:1} in
      'ticks import' | merge) _derivd_paths -f ;;
      pause | resume | halt | flatten | explain)
        _derivd_strategies
        _derivd_reply "${names[@]}" ;;
    esac
    [[ $current && ${COMPREPLY[*]} ]] && return
  fi
  _derivd_commands "${chain[@]}"
  _derivd_reply "${commands[@]}"
  _derivd_options "${chain[@]}"
  _derivd_reply "${options[@]}"
}

complete -F _derivd derivd derivctl derivsim
