// Which kernel semantics a trace follows: what the user says, what the header says, what the recording shows.
import type { TraceHeader } from '../trace/header.ts';
import { type KernelVersion, NEWEST_RELEASE, parseKernelVersion, type Release } from './release.ts';

/** Features that appear in a recording, newest first, and the newest release that has them but not the ones above. */
const BY_FEATURE: readonly { readonly feature: string; readonly release: Release }[] = [
  { feature: 'tracepoint:sched_ext_exit', release: '7.3' },
  { feature: 'tracepoint:sched_ext_bypass_lb', release: '7.2' },
  { feature: 'tracepoint:sched_ext_event', release: '6.18' },
];

export interface DetectedKernel {
  readonly version: KernelVersion;
  /** Where the version comes from, for the report. */
  readonly source: 'option' | 'header' | 'features' | 'assumed';
}

/** The version to replay under. */
export function detectKernel(header: TraceHeader, option: KernelVersion | undefined): DetectedKernel {
  if (option !== undefined) return { version: option, source: 'option' };
  const named = header.kernel === undefined ? undefined : parseKernelVersion(header.kernel);
  if (named !== undefined) return { version: named, source: 'header' };
  const feature = BY_FEATURE.find((entry) => header.features.has(entry.feature));
  if (feature !== undefined)
    return { version: { release: feature.release, point: 0, beyond: undefined }, source: 'features' };
  return { version: { release: NEWEST_RELEASE, point: 0, beyond: undefined }, source: 'assumed' };
}
