// Kernel releases: parsing what uname prints, and the releases whose sched_ext semantics are known.

/** Releases with a semantics of their own, oldest first. */
export const RELEASES = [
  '6.12',
  '6.13',
  '6.14',
  '6.15',
  '6.16',
  '6.17',
  '6.18',
  '6.19',
  '7.0',
  '7.1',
  '7.2',
  '7.3',
] as const;

export type Release = (typeof RELEASES)[number];

/** The newest release that is modelled; what an unknown kernel is taken for. */
export const NEWEST_RELEASE: Release = '7.3';

export interface KernelVersion {
  readonly release: Release;
  /** Point release, 0 when the text has none. */
  readonly point: number;
  /** The text is newer or older than every modelled release; `release` is then the nearest. */
  readonly beyond: 'newer' | 'older' | undefined;
}

/** Parses `7.3-cloud-amd64`, `7.2.13+deb14-cloud-amd64`, `6.12`; undefined when there is no version in it. */
export function parseKernelVersion(text: string): KernelVersion | undefined {
  const match = /^v?(\d+)\.(\d+)(?:\.(\d+))?/.exec(text.trim());
  if (match === null) return undefined;
  const [, major = '0', minor = '0', point = '0'] = match;
  const exact = RELEASES.find((release) => release === `${major}.${minor}`);
  if (exact !== undefined) return { release: exact, point: Number(point), beyond: undefined };
  const number = Number(major) * 1000 + Number(minor);
  const older = number < 6012;
  return { release: older ? '6.12' : NEWEST_RELEASE, point: 0, beyond: older ? 'older' : 'newer' };
}

/** `release` is `since` or later. */
export function isAtLeast(release: Release, since: Release): boolean {
  return RELEASES.indexOf(release) >= RELEASES.indexOf(since);
}

/** Releases from `since` to `until`, both included; `until` undefined: to the newest. */
export function releasesBetween(since: Release, until?: Release): readonly Release[] {
  return RELEASES.slice(RELEASES.indexOf(since), until === undefined ? undefined : RELEASES.indexOf(until) + 1);
}
