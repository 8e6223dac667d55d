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
