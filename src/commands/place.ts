// Places in a trace on the command line: times, `@1234`, and the positions that findings print.
import { UsageError } from '../errors.ts';
import type { PlaceInTrace } from '../state/place-in-trace.ts';
import { parseTime } from './time.ts';

const ORDINAL = /^(?:[@#]|event[ :]?)(\d+)$/;
/** `trace.jsonl:12` or `trace.jsonl:12:1`, as compilers and editors write places: what follows the name. */
const LINE = /^(\d+)(?::\d+)?$/;
const SPELLED = /(?:^|, )(?:line|byte) (\d+)$/;

/**
 * Parses `33.082`, `33082078025ns`, `+2.5s`; `@1234` (the event with that ordinal); `start`, `end`; and what findings
 * print as the place of an event: `line 12`, `CPU 1, byte 1305128`, `byte 1305128`, `trace.jsonl:12`. `path` is the trace.
 */
export function parsePlace(text: string, option: string, path: string): PlaceInTrace {
  const given = text.trim();
  if (given === 'start' || given === 'end') return { kind: given, text: given };
  const ordinal = ORDINAL.exec(given)?.[1];
  if (ordinal !== undefined) return { kind: 'event', seq: Number(ordinal), text: given };
  if (/^\+?[\d.]+[a-z]*$/.test(given)) return { kind: 'time', ...parseTime(given), text: given };
  const line = given.startsWith(`${path}:`) ? LINE.exec(given.slice(path.length + 1))?.[1] : undefined;
  if (line !== undefined) return { kind: 'position', number: Number(line), text: `line ${line}` };
  const number = SPELLED.exec(given)?.[1];
  if (number !== undefined) return { kind: 'position', number: Number(number), text: given };
  throw new UsageError(
    `${option}: ${JSON.stringify(text)} is no place in a trace; write a time (33.082, 33082078025ns, +2.5s), an event (@1234), ` +
      `a place as findings print it ('line 12', 'CPU 1, byte 1305128'), start or end`,
  );
}
