// Times on the command line: `33.082078025` and `2.5s` are seconds, `33082078025ns`, `5ms`, `10us`; `+` counts from the start.
import { UsageError } from '../errors.ts';

const UNITS: Readonly<Record<string, bigint>> = { ns: 1n, us: 1_000n, ms: 1_000_000n, s: 1_000_000_000n };

export interface TimeOption {
  /** ns of the trace's clock, or since its first event. */
  readonly ns: bigint;
  readonly relative: boolean;
}

export function parseTime(text: string): TimeOption {
  const match = /^(\+?)(\d+)(?:\.(\d+))?(ns|us|ms|s)?$/.exec(text);
  if (match === null)
    throw new UsageError(
      `not a time: ${JSON.stringify(text)}; write seconds (33.082), or a number with ns, us, ms or s`,
    );
  const [, plus, whole = '0', fraction = '', unit = 's'] = match;
  const scale = UNITS[unit] ?? 1n;
  const digits = fraction.padEnd(9, '0').slice(0, 9);
  const ns = BigInt(whole) * scale + (BigInt(digits) * scale) / 1_000_000_000n;
  return { ns, relative: plus === '+' };
}

/** Time since the time base, ns, for comparison with `event.t`. */
export function relativeTo(time: TimeOption, timeBase: bigint): number {
  return Number(time.relative ? time.ns : time.ns - timeBase);
}
