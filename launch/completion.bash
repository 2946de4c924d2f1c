# Completion of `chorus` for bash: subcommands, their options as `chorus SUBCOMMAND --help` names them, and files.
# Installed where bash-completion looks; elsewhere: source it.
_chorus() {
  local program=$1 word=$2 words
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="--help --version $("$program" --help 2>/dev/null | sed -n '/^Subcommands:/,$s/^  \([a-z][a-z-]*\).*/\1/p')"
  elif [[ $word == -* ]]; then
    words=$("$program" "${COMP_WORDS[1]}" --help 2>/dev/null | grep -oE '^  (-[a-z],)?--[a-z][a-z-]*' | sed 's/.*--/--/')
  else
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
    compopt -o filenames
    return
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -F _chorus chorus
