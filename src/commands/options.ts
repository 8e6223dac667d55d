// Values of options that several commands share.
import { UsageError } from '../errors.ts';
import { type KernelVersion, parseKernelVersion, RELEASES } from '../kernel/release.ts';

export function kernelOption(text: string, option = '--kernel'): KernelVersion {
  const version = parseKernelVersion(text);
  if (version === undefined || version.beyond === 'older') {
    throw new UsageError(
      `${option}: ${JSON.stringify(text)} is no release that is known; ${RELEASES[0]} to ${RELEASES.at(-1)} are`,
    );
  }
  return version;
}

export function numberOption(option: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new UsageError(`${option}: expected a number, found ${JSON.stringify(text)}`);
  return Number(text);
}

/** A number of at least one. */
export function countOption(option: string, text: string): number {
  const n = numberOption(option, text);
  if (n === 0) throw new UsageError(`${option}: expected at least 1`);
  return n;
}

/** A share or probability above 0 and up to 1, also as percentage. */
export function shareOption(option: string, text: string): number {
  const value = text.endsWith('%') ? Number(text.slice(0, -1)) / 100 : Number(text);
  if (text.trim() === '' || !(value > 0 && value <= 1))
    throw new UsageError(`${option}: expected a share such as 0.25 or 25%, found ${JSON.stringify(text)}`);
  return value;
}
