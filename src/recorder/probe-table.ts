// The probe catalogue as the table of the recording script: one line a probe, in the order of the catalogue.
import type { Probe, ProbeArg } from '../probes/probe.ts';

/** Options of the table. */
export interface TableOptions {
  /** Every probe of the table is wanted, whatever its level: it was chosen for the sake of certain rules. */
  readonly chosen: boolean;
}

/**
 * `kind|event|level|symbols|%return|stands in for|only when its symbol is free|filter|arguments`. Kinds are those of
 * tracefs (`f` function, `t` raw tracepoint) and `e` for an event of the kernel's own, named `system/event`.
 */
export function probeTable(probes: readonly Probe[], options: TableOptions): string {
  return probes
    .filter(({ system }) => system !== 'ftrace')
    .map((probe) => tableLine(probe, options))
    .join('\n');
}

function tableLine(probe: Probe, { chosen }: TableOptions): string {
  const { attach, symbols, standsInFor, unlessSymbolTaken, filter, args } = probe;
  const ownEvent = attach === 'event';
  const cells = [
    ownEvent ? 'e' : attach === 'tracepoint' ? 't' : 'f',
    ownEvent ? `${probe.system}/${probe.event}` : probe.event,
    // What stands in for a probe stays below it, so that only one of the two is recorded.
    String(chosen && standsInFor === undefined ? 1 : probe.level),
    symbols.join(','),
    attach === 'return' ? '%return' : '',
    standsInFor ?? '',
    unlessSymbolTaken === true ? 'yes' : '',
    filter ?? '',
    ownEvent ? '' : args.flatMap(fetchArgs).join(' '),
  ];
  for (const cell of cells)
    if (/[|\n]/.test(cell)) throw new Error(`probe ${probe.event}: ${cell} cannot be in a table`);
  return cells.join('|');
}

/** `name=fetch` for each way to fetch the argument, the preferred one first. */
function fetchArgs(arg: ProbeArg): string[] {
  return arg.fetch.map((fetch) => `${arg.name}=${fetch}`);
}
