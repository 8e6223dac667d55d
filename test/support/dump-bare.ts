// What a parsed text says, without where it said it: two texts that differ in decoration only are equal in this.
import type { ParsedText } from '../../src/dump/dump.ts';
import { CpuMask } from '../../src/trace/cpu-mask.ts';

/** Keys that tell where something stood, or how it was printed. */
const PLACES = new Set(['line', 'lastLine', 'shape', 'cpusDigits', 'lineComplete', 'extra', 'closed']);

/** Plain data: 64-bit values as decimal text, masks as cpulists, no places; undefined is left out. */
export function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, item: unknown) => {
      if (PLACES.has(key)) return undefined;
      if (typeof item === 'bigint') return item.toString();
      return item instanceof CpuMask ? item.toString() : item;
    }),
  );
}

/** Dumps, exits and log of a text. */
export function bare(text: ParsedText): unknown {
  const { dumps, exits, log, counterSets, state } = text;
  return plain({ dumps, exits, log, counterSets, state });
}
