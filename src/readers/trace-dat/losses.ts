// What the recorder's statistics say about records that were lost without a mark in the data.
import type { TraceHeader } from '../../trace/header.ts';
import { addLoss, PageHead } from './page-head.ts';
import type { PageFormat, PageStream } from './page-stream.ts';

export interface CpuStats {
  readonly cpu: number;
  /** Oldest records overwritten, because nobody read them in time. */
  readonly overrun: number;
  /** Records dropped by nested writers: anywhere. */
  readonly commitOverrun: number;
  /** Newest records dropped, because the buffer was full. */
  readonly dropped: number;
  /** Records that were read out; undefined when the text does not say. */
  readonly read: number | undefined;
  /** Time at which the statistics were taken, ns; undefined when the text does not say, or the clock does not count ns. */
  readonly now: number | undefined;
}

/** The `per_cpu/cpuN/stats` text of a CPU, as trace-cmd stores it (`CPU: N` in front). */
export function parseCpuStats(text: string): CpuStats | undefined {
  const cpu = /^CPU:\s*(\d+)/im.exec(text)?.[1];
  if (cpu === undefined) return undefined;
  const number = (name: string): number | undefined => {
    const digits = new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(text)?.[1];
    return digits === undefined ? undefined : Number(digits);
  };
  const now = /^now ts:\s*(\d+)\.(\d{6})$/m.exec(text);
  return {
    cpu: Number(cpu),
    overrun: number('overrun') ?? 0,
    commitOverrun: number('commit overrun') ?? 0,
    dropped: number('dropped events') ?? 0,
    read: number('read events'),
    now: now === null ? undefined : Number(now[1]) * 1e9 + Number(now[2]) * 1e3,
  };
}

/** The statistics by buffer: `Buffer: NAME` comes before those of an instance; the top buffer has no name. */
export function statsByBuffer(texts: readonly string[]): ReadonlyMap<string, readonly CpuStats[]> {
  const groups = new Map<string, CpuStats[]>();
  let name = '';
  for (const text of texts) {
    name = /^Buffer:\s*(\S+)/m.exec(text)?.[1] ?? name;
    const stats = parseCpuStats(text);
    if (stats === undefined) continue;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [stats]);
    else group.push(stats);
  }
  return groups;
}

/** Losses for the header of the trace: CPUs with any. */
export function headerLosses(stats: readonly CpuStats[]): TraceHeader['losses'] {
  return stats
    .map(({ cpu, overrun, commitOverrun, dropped }) => ({ cpu, overrun: overrun + commitOverrun, dropped }))
    .filter(({ overrun, dropped }) => overrun > 0 || dropped > 0);
}

/** Losses of one CPU that its pages do not show. */
export interface UnmarkedLoss {
  /** Lost before its first record. */
  readonly before: number;
  /** Lost behind its last record. */
  readonly behind: number;
  /** Lost anywhere: nothing about this CPU is certain. */
  readonly anywhere: number;
}

/** Lost records that the pages of a CPU account for; 0 none, -1 some. Reads all its data. */
export function markedLosses(pages: PageStream, format: PageFormat): number {
  const head = new PageHead();
  let lost = 0;
  while (pages.advance()) if (head.read(pages, format)) lost = addLoss(lost, head.lost);
  return lost;
}

/** `marked`: number of lost records that the pages of the CPU account for; -1: some. */
export function unmarkedLoss(stats: CpuStats, marked: number): UnmarkedLoss {
  const before = marked < 0 ? 0 : Math.max(0, stats.overrun - marked);
  return { before, behind: stats.dropped, anywhere: stats.commitOverrun };
}
