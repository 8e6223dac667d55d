// Durations in words, for sentences and timelines: three significant digits in the unit that fits.

const STEPS: readonly { readonly below: number; readonly scale: number; readonly unit: string }[] = [
  { below: 1e3, scale: 1, unit: 'ns' },
  { below: 1e6, scale: 1e3, unit: 'µs' },
  { below: 1e9, scale: 1e6, unit: 'ms' },
  { below: Number.POSITIVE_INFINITY, scale: 1e9, unit: 's' },
];

/** `850 ns`, `12.3 µs`, `3.25 ms`, `41 s`; negative durations keep their sign. */
export function formatDuration(ns: number): string {
  const sign = ns < 0 ? '-' : '';
  const abs = Math.abs(ns);
  // What rounds up to 1000 of a unit is one of the next.
  const step = STEPS.find(({ below, scale }) => Number((abs / scale).toPrecision(3)) * scale < below);
  const { scale, unit } = step ?? { scale: 1e9, unit: 's' };
  return `${sign}${shorten(abs / scale)} ${unit}`;
}

function shorten(value: number): string {
  if (Number.isInteger(value) || value >= 1000) return String(Math.round(value));
  return value.toPrecision(3);
}
