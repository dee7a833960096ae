// `sisrua completion <shell>`: a script that completes commands and flags, written from the program's own tree.
import { Argument, type Command } from 'commander'
import type { CliContext } from './context.ts'

/** One place on the command line: the words before it and what may come next. */
interface Place {
  /** `prepare osm`; empty at the start. */
  path: string
  words: string[]
}

export const SHELLS = ['bash', 'zsh', 'fish', 'powershell'] as const
type Shell = (typeof SHELLS)[number]

export function registerCompletion(program: Command, { terminal }: CliContext): void {
  program
    .command('completion')
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
    .description('completion script for a shell, on standard output')
    .addHelpText('before', 'Example: sisrua completion bash > /etc/bash_completion.d/sisrua\n')
    .action((shell: Shell) => terminal.result(completionScript(program, shell)))
}

/** The script for one shell. */
export function completionScript(program: Command, shell: Shell): string {
  return WRITERS[shell](placesOf(program, ''))
}

function placesOf(command: Command, path: string): Place[] {
  const commands = command.commands.filter((child) => child.name() !== 'help')
  const flags = command.options
    .filter(({ hidden }) => !hidden)
    .map(({ long, short }) => long ?? short!)
  const words = [...commands.map((child) => child.name()), ...flags, '--help'].filter(
    (word, i, all) => all.indexOf(word) === i,
  )
  const below = commands.flatMap((child) => placesOf(child, `${path} ${child.name()}`.trim()))
  return [{ path, words }, ...below]
}

const quoted = (text: string): string => `'${text}'`

function bash(places: Place[]): string {
  const cases = places.map(
    ({ path, words }) => `    ${quoted(path)}) words=${quoted(words.join(' '))} ;;`,
  )
  return `# sisrua completion for bash
_sisrua() {
  local path='' word words=''
  local i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    case "$word" in -*) continue ;; esac
    case " \${_sisrua_paths} " in *" \${path:+\${path}_}$word "*) path="\${path:+\${path}_}$word" ;; esac
  done
  case "\${path//_/ }" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
  [ \${#COMPREPLY[@]} -gt 0 ] || compopt -o default
}
_sisrua_paths=${quoted(
    places
      .map(({ path }) => path.replaceAll(' ', '_'))
      .filter(Boolean)
      .join(' '),
  )}
complete -F _sisrua sisrua
`
}

function zsh(places: Place[]): string {
  return `#compdef sisrua
# sisrua completion for zsh
autoload -U +X bashcompinit && bashcompinit
${bash(places)}`
}

function fish(places: Place[]): string {
  const lines = places.flatMap(({ path, words }) => {
    const parts = path.split(' ').filter(Boolean)
    const seen = parts.map((part) => `__fish_seen_subcommand_from ${part}`)
    const condition = seen.length > 0 ? seen.join('; and ') : '__fish_use_subcommand'
    return words.map((word) =>
      word.startsWith('--')
        ? `complete -c sisrua -n '${condition}' -l ${word.slice(2)}`
        : `complete -c sisrua -n '${condition}' -a ${word}`,
    )
  })
  return `# sisrua completion for fish\n${lines.join('\n')}\n`
}

function powershell(places: Place[]): string {
  const rows = places.map(
    ({ path, words }) => `    ${quoted(path)} = @(${words.map(quoted).join(', ')})`,
  )
  return `# sisrua completion for PowerShell
Register-ArgumentCompleter -Native -CommandName sisrua, sisrua.exe -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $words = @{
${rows.join('\n')}
  }
  $path = ''
  foreach ($element in $commandAst.CommandElements | Select-Object -Skip 1) {
    $next = "$path $($element.ToString())".Trim()
    if ($element.Extent.EndOffset -lt $cursorPosition -and $words.ContainsKey($next)) { $path = $next }
  }
  $words[$path] | Where-Object { $_ -like "$wordToComplete*" } |
    ForEach-Object { [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_) }
}
`
}

const WRITERS: Record<Shell, (places: Place[]) => string> = { bash, zsh, fish, powershell }
