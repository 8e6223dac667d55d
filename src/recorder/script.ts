// The recording script: one self-contained POSIX shell script from the probe catalogue and the template beside this file.
import type { Probe, ProbeLevel } from '../probes/probe.ts';
import { probeTable } from './probe-table.ts';
import template from './record.sh?raw';

export interface ScriptOptions {
  readonly probes: readonly Probe[];
  /** Level that the script records unless told otherwise; undefined: the probes were chosen, all of them are recorded. */
  readonly level: ProbeLevel | 0 | undefined;
  /** Words for the head of the script: what it was made for. */
  readonly about: string;
  /** How the user removes what a killed recording left behind; undefined: by the script itself. */
  readonly cleanUp?: string;
}

/** Text of the script. Its options are those of `usage` in the template. */
export function recordingScript({ probes, level, about, cleanUp }: ScriptOptions): string {
  const settings = [`LEVEL=${level ?? 1}`, ...(cleanUp === undefined ? [] : [`CLEAN_UP=${quote(cleanUp)}`])];
  return template
    .replace('#@ABOUT@', () => `# ${about}`)
    .replace('#@SETTINGS@', () => settings.join('\n'))
    .replace('@PROBES@', () => probeTable(probes, { chosen: level === undefined }));
}

/** A word for the shell. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
