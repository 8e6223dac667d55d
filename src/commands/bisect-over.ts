// One trace under every kernel release, or under every variant of a description: at which of them its verdict flips.
import type { Outcome } from '../bisect/drive.ts';
import { type Expected, globOf, judge } from '../bisect/judge.ts';
import { seriesEntry } from '../bisect/series.ts';
import { UsageError } from '../errors.ts';
import type { SeriesEntry } from '../findings/bisect-report.ts';
import type { ReplayResult } from '../findings/result.ts';
import { type KernelVersion, parseKernelVersion, RELEASES } from '../kernel/release.ts';
import { findRule } from '../rules/index.ts';
import { domainVariants } from '../vtime/load-domain.ts';
import { replayForBisect } from './bisect-replay.ts';

export interface OverOptions {
  /** Release that the trace is taken to be from. */
  readonly kernel: KernelVersion | undefined;
  readonly snapshot: string | undefined;
}

export async function overVariants(
  path: string,
  over: string,
  expected: Expected,
  options: OverOptions,
): Promise<SeriesEntry[]> {
  const entries: SeriesEntry[] = [];
  const add = (label: string, subject: string | null, outcome: Outcome): void => {
    entries.push(seriesEntry({ label, subject, outcomes: [{ recording: path, ...outcome }] }, undefined));
  };
  if (over === 'kernel') {
    for (const release of RELEASES) add(release, null, await atRelease(path, release, expected, options));
    return entries;
  }
  const name = over.startsWith('domain:') ? over.slice('domain:'.length) : '';
  if (name === '') throw new UsageError(`--over: expected kernel or domain:NAME, found ${JSON.stringify(over)}`);
  const variants = domainVariants(name);
  if (variants.length === 0) throw new UsageError(`--over: the description ${name} has no variants`);
  for (const { variant, comment } of variants) {
    const domain = { name, settings: [`variant=${variant}`] };
    add(variant, comment, ofRule(await replayForBisect(path, { ...options, domain }), expected));
  }
  return entries;
}

/**
 * The same requests, answered by another release. What the core itself checks is asked of that release (`--as`); a rule
 * without a site in the core is replayed under its semantics (`--kernel`).
 */
async function atRelease(path: string, release: string, expected: Expected, options: OverOptions): Promise<Outcome> {
  const version = parseKernelVersion(release);
  if (findRule(expected.rule)?.site === undefined)
    return ofRule(await replayForBisect(path, { ...options, kernel: version }), expected);
  const result = await replayForBisect(path, { ...options, as: version });
  const here = ofRule(result, expected);
  const subject =
    expected.subject === undefined ? undefined : globOf(`*${expected.subject.replace(/^pid:(.*)$/, '[$1]')}*`);
  const differences = (result.what_if?.differences ?? []).filter(
    ({ rule, text }) => rule === expected.rule && (subject === undefined || subject.test(text)),
  );
  const fatal = differences.find(({ change }) => change === 'fatal');
  if (fatal !== undefined) {
    const kind = fatal.text.includes('(possibly)') ? 'skip' : 'hit';
    return { kind, reason: fatal.text };
  }
  const survives = differences.find(({ change }) => change === 'survives');
  return here.kind === 'hit' && survives !== undefined ? { kind: 'miss', reason: survives.text } : here;
}

/** Other rules do not matter: it is the same trace at every point. */
function ofRule(result: ReplayResult, expected: Expected): Outcome {
  const rules = result.rules.filter(({ id }) => id === expected.rule);
  const findings = result.findings.filter(({ rule }) => rule === expected.rule);
  const outcome = judge({ ...result, rules, findings }, expected, []);
  const [rule] = rules;
  return outcome.kind === 'skip' && rule?.verdict === 'not evaluated'
    ? { kind: 'skip', reason: rule.reason ?? 'not evaluated' }
    : outcome;
}
