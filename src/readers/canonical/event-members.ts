// Where the members of an event lie in its text, which has been found valid before.
import { KEY_BY_NAME } from './event-tables.ts';
import type { ValueReader } from './value-reader.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const CLOSE = 0x7d;

/** A key, by its number, and the place of its value. */
export interface EventMember {
  readonly key: number;
  readonly from: number;
  readonly to: number;
}

/** The members of the object at `from..to`, in their order. */
export function eventMembers(values: ValueReader, from: number, to: number): EventMember[] {
  const { bytes } = values;
  const members: EventMember[] = [];
  const next = (start: number, ...stops: readonly number[]): number => {
    let at = start;
    while (at < to && !stops.includes(bytes[at] ?? 0)) at++;
    return at;
  };
  for (let at = next(from, QUOTE, CLOSE); bytes[at] === QUOTE; at = next(at, QUOTE, CLOSE)) {
    const keyEnd = values.stringEnd(at);
    const key = KEY_BY_NAME.get(values.text(at, keyEnd) ?? '') ?? -1;
    let start = next(keyEnd, COLON) + 1;
    while ((bytes[start] ?? 0) <= 0x20) start++;
    at = start;
    if (bytes[at] === QUOTE) at = values.stringEnd(at);
    else while ((bytes[at] ?? 0) > 0x20 && bytes[at] !== COMMA && bytes[at] !== CLOSE) at++;
    members.push({ key, from: start, to: at });
  }
  return members;
}
