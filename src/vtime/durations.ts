// Durations as descriptions spell them: `20ms`, `6.4ms`, `30s`, a plain number of ns.

const UNITS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9 };

/** ns of a duration; undefined when the text is none. */
export function parseDuration(value: string | number): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
  const match = /^(\d+(?:\.\d+)?)(ns|us|ms|s)?$/.exec(value.trim());
  if (match === null) return undefined;
  const ns = Number(match[1]) * (UNITS[match[2] ?? 'ns'] ?? 1);
  return Number.isSafeInteger(Math.round(ns)) ? Math.round(ns) : undefined;
}

/** A duration for people: three to six digits in the largest fitting unit. */
export function formatDuration(ns: number): string {
  const abs = Math.abs(ns);
  const sign = ns < 0 ? '-' : '';
  if (!Number.isFinite(abs)) return `${sign}∞`;
  if (abs < 1e3) return `${sign}${Math.round(abs)} ns`;
  const [scale, unit] = abs < 1e6 ? [1e3, 'µs'] : abs < 1e9 ? [1e6, 'ms'] : [1e9, 's'];
  const digits = abs / scale >= 100 ? 2 : 3;
  return `${sign}${Number((abs / scale).toFixed(digits))} ${unit}`;
}
